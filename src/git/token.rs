//! The tokens of services, and where they are looked up. They never stand in `smp.toml`, which is committed: they are
//! in the environment, or where the service's own program put them.

mod netrc;

use std::path::PathBuf;

use reqwest::Url;

use crate::core::secret::{Login, Secret};
use crate::git::{Repo, credential};
use crate::terminal::file;

/// The file of logins in the home folder.
const NETRC: &str = if cfg!(windows) { "_netrc" } else { ".netrc" };

/// A token, and where it was found.
#[derive(Clone, Debug)]
pub struct Token {
    /// What lets one in.
    pub secret: Secret,
    /// Where it was found: a variable, `git's credential helpers` or `.netrc`.
    pub from: &'static str,
}

/// Looks the token of a platform up: in a variable, then with git's credential helpers, where the platform's program has
/// it for the host `git`, then in `.netrc`, where it has it for the host `api`. An empty one is none.
pub fn platform(repo: &Repo, in_variable: &'static str, git: &str, api: &str) -> Option<Token> {
    let in_environment = || {
        variable(repo, in_variable).map(|secret| Token {
            secret,
            from: in_variable,
        })
    };
    let with_helpers = || {
        let secret = credential::password(repo.program(), git)?;
        Some(Token {
            secret,
            from: "git's credential helpers",
        })
    };
    let in_netrc = || {
        let text = file::read(&home(repo)?.join(NETRC)).ok()?;
        Some(Token {
            secret: netrc::password(&zeroize::Zeroizing::new(text), api)?,
            from: NETRC,
        })
    };
    in_environment().or_else(with_helpers).or_else(in_netrc)
}

/// Looks up who may read a page that asks for a name and a password: with git's credential helpers, then in `.netrc`. Both
/// are the person's own word on what goes to that host.
pub fn page(repo: &Repo, url: &Url) -> Option<Login> {
    let host = url.host_str()?;
    let with_port = url
        .port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let path = url.path().trim_start_matches('/');
    credential::login(repo.program(), url.scheme(), &with_port, path).or_else(|| {
        let text = file::read(&home(repo)?.join(NETRC)).ok()?;
        netrc::login(&zeroize::Zeroizing::new(text), host)
    })
}

/// Why no token may be sent to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    /// There is none.
    Token,
    /// There is one, and nothing in the person's own environment says that it may be sent there.
    Leave,
}

/// Looks the token for GitHub up: in `GH_TOKEN`, then in `GITHUB_TOKEN`. Those are for `github.com` and `*.ghe.com`; a
/// server of one's own gets only what is in `GH_ENTERPRISE_TOKEN` or `GITHUB_ENTERPRISE_TOKEN`, and only where `GH_HOST`
/// or `GITHUB_SERVER_URL` names it, for `smp.toml` could name anybody's. `server`: its host, with a port where it has
/// one of its own.
///
/// # Errors
/// Why there is none to be sent there.
pub fn github(repo: &Repo, server: &str) -> Result<Secret, Without> {
    let server = server_in(server).ok_or(Without::Token)?;
    let at_github = server == "github.com"
        || server
            .strip_suffix(".ghe.com")
            .is_some_and(|before| !before.is_empty());
    let variables = if at_github {
        ["GH_TOKEN", "GITHUB_TOKEN"]
    } else {
        ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"]
    };
    let token = variables
        .iter()
        .find_map(|name| variable(repo, name))
        .ok_or(Without::Token)?;
    if at_github || is_named(repo, &server) {
        Ok(token)
    } else {
        Err(Without::Leave)
    }
}

/// Whether the environment names a server as the GitHub that the person works with.
fn is_named(repo: &Repo, server: &str) -> bool {
    let named = |name: &&str| server_in(&repo.program().variable(name)?.to_string_lossy());
    ["GH_HOST", "GITHUB_SERVER_URL"]
        .iter()
        .filter_map(named)
        .any(|named| named == server)
}

/// The server in an address, or in a name without a scheme: `git.example.com`, or with a port that is not the usual one.
fn server_in(text: &str) -> Option<String> {
    let text = text.trim();
    let url = if text.contains("://") {
        Url::parse(text)
    } else {
        Url::parse(&format!("https://{text}"))
    }
    .ok()?;
    let host = url.host_str()?.trim_end_matches('.').to_ascii_lowercase();
    Some(
        url.port()
            .map_or_else(|| host.clone(), |port| format!("{host}:{port}")),
    )
}

/// What a variable holds, if that is something. A value that is no text is kept as far as it is one: the service will
/// not know it.
fn variable(repo: &Repo, name: &str) -> Option<Secret> {
    let value = repo.program().variable(name)?;
    Some(Secret::new(value.to_string_lossy())).filter(|secret| !secret.is_empty())
}

fn home(repo: &Repo) -> Option<PathBuf> {
    let named = |name: &str| {
        repo.program()
            .variable(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    named("HOME").or_else(|| named("USERPROFILE").filter(|_| cfg!(windows)))
}

#[cfg(test)]
mod tests;
