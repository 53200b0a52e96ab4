//! Finds the tokens of services. They are never in `smp.toml`, which is committed: they are in the environment, or
//! where the service's own program stores them.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use zeroize::Zeroizing;

use crate::core::address::authority;
use crate::core::secret::{Login, Secret};
use crate::git::child::{self, Ear};
use crate::git::{Repo, logins};
use crate::terminal::file;

/// The file of logins in the home folder.
const NETRC: &str = if cfg!(windows) { "_netrc" } else { ".netrc" };

/// The variables that hold tokens for GitHub: two for its own hosts, then two for other servers.
const GITHUBS: [&str; 4] = [
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "GH_ENTERPRISE_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
];
const GH: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
pub struct Token {
    pub secret: Secret,
    /// The place where it was found: a variable, `git's credential helpers` or `.netrc`.
    pub from: &'static str,
}

/// Finds the token of a platform: in a variable, then in git's credential helpers for the host `git`, then in `.netrc`
/// for the host `api`. The platform's own program stores it in these two. An empty token counts as none.
pub fn platform(repo: &Repo, named: &'static str, git: &str, api: &str) -> Option<Token> {
    let (secret, from) = variable(repo, named)
        .map(|secret| (secret, named))
        .or_else(|| {
            let about = format!("protocol=https\nhost={git}\n");
            let login = logins::known(repo.program(), &about)?;
            Some((login.password, "git's credential helpers"))
        })
        .or_else(|| Some((in_netrc(repo, api)?.password, NETRC)))?;
    Some(Token { secret, from })
}

/// Finds the login for a page that asks for a name and a password: in git's credential helpers, then in `.netrc`. In
/// both, the person has decided what goes to that host.
pub fn page(repo: &Repo, url: &Url) -> Option<Login> {
    let (scheme, host, place) = (url.scheme(), url.host_str()?, authority(url));
    let path = url.path().trim_start_matches('/');
    let about = format!("protocol={scheme}\nhost={place}\npath={path}\n");
    logins::known(repo.program(), &about).or_else(|| in_netrc(repo, host))
}

fn in_netrc(repo: &Repo, host: &str) -> Option<Login> {
    let text = file::read(&home(repo)?.join(NETRC)).ok()?;
    login(&Zeroizing::new(text), host)
}

/// Returns the first login with a password for a machine. Skips macros, which end at an empty line. Stops at
/// `default`, which is for other machines. A quoted password with a blank or an escape is not understood.
fn login(text: &str, machine: &str) -> Option<Login> {
    let mut in_macro = false;
    let lines = text.lines().filter(|line| {
        in_macro = !line.trim().is_empty() && (in_macro || line.trim_start().starts_with("macdef"));
        !in_macro && !line.trim_start().starts_with('#')
    });
    let mut words = lines.flat_map(str::split_whitespace).map(unquoted);
    let (mut ours, mut name, mut password) = (false, "", "");
    while let Some(key) = words.next() {
        match key {
            "default" | "macdef" => break,
            "machine" if !password.is_empty() => break,
            "machine" => (ours, name) = (words.next()?.eq_ignore_ascii_case(machine), ""),
            "login" if ours => name = words.next().unwrap_or_default(),
            "password" if ours => password = words.next().unwrap_or_default(),
            "login" | "password" | "account" => drop(words.next()),
            _ => {}
        }
    }
    let is_cut = password.starts_with('"');
    (!password.is_empty() && !is_cut).then(|| Login {
        name: name.to_owned(),
        password: Secret::new(password),
    })
}

fn unquoted(word: &str) -> &str {
    let inner = word
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.filter(|inner| !inner.contains('\\')).unwrap_or(word)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    Token,
    /// There is a token, but nothing in the person's own environment says that it may be sent there.
    Leave,
}

/// Finds the token for GitHub: in `GH_TOKEN`, then in `GITHUB_TOKEN`. These are for `github.com` and `*.ghe.com`. Any
/// other server gets only what is in `GH_ENTERPRISE_TOKEN` or `GITHUB_ENTERPRISE_TOKEN`, and only if `GH_HOST` or
/// `GITHUB_SERVER_URL` names it, because `smp.toml` could name anybody's server. `server` is its host, with a port if
/// that is not the default.
pub fn github(repo: &Repo, server: &str) -> Result<Secret, Without> {
    let server = server_in(server).ok_or(Without::Token)?;
    let ghe = server.strip_suffix(".ghe.com");
    let at_github = server == "github.com" || ghe.is_some_and(|before| !before.is_empty());
    let (own, others) = GITHUBS.split_at(2);
    let variables = if at_github { own } else { others };
    let mut tokens = variables.iter().filter_map(|name| variable(repo, name));
    let token = tokens.next().ok_or(Without::Token)?;
    match at_github || is_named(repo, &server) {
        true => Ok(token),
        false => Err(Without::Leave),
    }
}

/// Finds the person's token for a server that no variable names: with `gh` for a GitHub, then with git's credential
/// helpers. Both keep a token for exactly the server that it is sent to.
pub fn of_person(repo: &Repo, server: &str, has_gh: bool) -> Option<Secret> {
    let of_gh = has_gh.then(|| gh(repo, server)).flatten();
    of_gh.or_else(|| {
        let login = logins::known(repo.program(), &format!("protocol=https\nhost={server}\n"))?;
        Some(login.password)
    })
}

/// Returns what `gh auth token` prints. The variables are removed: `gh` would print them for any server.
fn gh(repo: &Repo, server: &str) -> Option<Secret> {
    let mut command = repo.program().other("gh")?;
    for name in GITHUBS {
        command.env_remove(name);
    }
    command.args(["auth", "token", "--hostname", server]);
    let output = child::run(command, b"", GH, &Ear::EndsTalk).ok()??;
    let answer = Zeroizing::new(output.stdout);
    let token = Secret::new(std::str::from_utf8(&answer).ok()?);
    Some(token).filter(|token| output.status.success() && !token.is_empty())
}

/// Returns the token in the first of these variables that is not empty.
pub fn named(repo: &Repo, variables: &[&str]) -> Option<Secret> {
    variables.iter().find_map(|name| variable(repo, name))
}

/// Returns whether the environment names a server as the person's own GitHub.
fn is_named(repo: &Repo, server: &str) -> bool {
    let mut named = ["GH_HOST", "GITHUB_SERVER_URL"].iter();
    named.any(|name| {
        let named = repo.program().setting(name);
        named.and_then(|named| server_in(&named)).as_deref() == Some(server)
    })
}

/// Returns the server in an address, or in a name without a scheme: `git.example.com`, with a port if it is unusual.
fn server_in(text: &str) -> Option<String> {
    let text = text.trim();
    let scheme = if text.contains("://") { "" } else { "https://" };
    let url = Url::parse(&format!("{scheme}{text}")).ok()?;
    let host = url.host_str()?.trim_end_matches('.').to_ascii_lowercase();
    let port = url.port().map(|port| format!(":{port}"));
    Some(host + &port.unwrap_or_default())
}

/// Returns what a variable holds, if it is not empty. Invalid UTF-8 becomes replacement characters.
fn variable(repo: &Repo, name: &str) -> Option<Secret> {
    let value = repo.program().variable(name)?;
    Some(Secret::new(value.to_string_lossy())).filter(|secret| !secret.is_empty())
}

fn home(repo: &Repo) -> Option<PathBuf> {
    let names = ["HOME", "USERPROFILE"].into_iter();
    let mut homes = names.filter_map(|name| repo.program().variable(name));
    homes.find(|home| !home.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests;
