//! The tokens of services, and where they are looked up. They never stand in `smp.toml`, which is committed: they are
//! in the environment, or where the service's own program put them.

mod netrc;

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::file;
use crate::git::{Repo, credential};
use crate::secret::Secret;

/// Where the program of Heroku has its token for git.
const HEROKU_GIT: &str = "git.heroku.com";
/// Where it has its token for the API.
const HEROKU_API: &str = "api.heroku.com";
/// The file of logins in the home folder.
const NETRC: &str = if cfg!(windows) { "_netrc" } else { ".netrc" };

/// A token, and where it was found.
#[derive(Clone, Debug)]
pub struct Token {
    /// What lets one in.
    pub secret: Secret,
    /// Where it was found: `HEROKU_API_KEY`, `git's credential helpers` or `.netrc`.
    pub from: &'static str,
}

/// Looks the token for Heroku up, once in a process, for helpers are slow: in `HEROKU_API_KEY`, then with git's
/// credential helpers, then in `.netrc`. An empty one is none.
pub fn heroku(repo: &Repo) -> Option<Token> {
    static FOUND: OnceLock<Option<Token>> = OnceLock::new();
    FOUND.get_or_init(|| look_up_heroku(repo)).clone()
}

fn look_up_heroku(repo: &Repo) -> Option<Token> {
    let in_environment = || variable(repo, "HEROKU_API_KEY").map(|secret| Token { secret, from: "HEROKU_API_KEY" });
    let with_helpers = || {
        let secret = credential::password(repo.program(), HEROKU_GIT)?;
        Some(Token { secret, from: "git's credential helpers" })
    };
    let in_netrc = || {
        let text = file::read(&home(repo)?.join(NETRC)).ok()?;
        Some(Token { secret: netrc::password(&zeroize::Zeroizing::new(text), HEROKU_API)?, from: NETRC })
    };
    in_environment().or_else(with_helpers).or_else(in_netrc)
}

/// Looks the token for GitHub up: in `GH_TOKEN`, then in `GITHUB_TOKEN`. Those are for `github.com` and `*.ghe.com`; a
/// server of one's own gets only what is in `GH_ENTERPRISE_TOKEN` or `GITHUB_ENTERPRISE_TOKEN`.
pub fn github(repo: &Repo, host: &str) -> Option<Secret> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let at_github = host == "github.com" || host.strip_suffix(".ghe.com").is_some_and(|before| !before.is_empty());
    let variables =
        if at_github { ["GH_TOKEN", "GITHUB_TOKEN"] } else { ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"] };
    variables.iter().find_map(|name| variable(repo, name))
}

/// What a variable holds, if that is something. A value that is no text is kept as far as it is one: the service will
/// not know it.
fn variable(repo: &Repo, name: &str) -> Option<Secret> {
    let value = repo.program().variable(name)?;
    Some(Secret::new(value.to_string_lossy())).filter(|secret| !secret.is_empty())
}

fn home(repo: &Repo) -> Option<PathBuf> {
    let named = |name: &str| repo.program().variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    named("HOME").or_else(|| named("USERPROFILE").filter(|_| cfg!(windows)))
}

#[cfg(test)]
mod tests;
