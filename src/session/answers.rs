//! Whether the main repository itself answers: git can be configured to ask another program or host instead.

use crate::core::refusal::{Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::SMP_TOML;
use crate::git::{GitConfig, Repo, remote};

/// The keys of a remote that name the program which answers, each with git's own value.
const PROGRAMS: [(&str, &str); 3] = [
    ("uploadpack", "git-upload-pack"),
    ("receivepack", "git-receive-pack"),
    ("vcs", ""),
];
/// The beginnings of the names of headers by which a web server chooses the site or the path that answers.
const ROUTING: [&str; 5] = [
    "host",
    "forwarded",
    "x-forwarded",
    "x-original",
    "x-rewrite",
];
/// Makes git accept any certificate.
const NO_VERIFY: &str = "GIT_SSL_NO_VERIFY";

/// A remote that must be what the configuration file says.
#[derive(Clone, Copy)]
pub struct WantedRemote<'n> {
    pub remote: &'n str,
    pub url: &'n str,
    /// Why it matters who answers.
    pub why: &'n str,
}

/// Refuses with exit 2 if a program other than git's own answers for a remote.
fn by_git(repo: &Repo, named: WantedRemote<'_>) -> Result<(), Stop> {
    let Some(key) = other_program(repo.config()?, named.remote) else {
        return Ok(());
    };
    let why = format!("{key} replaces the program that answers for it");
    Err(refused(named, &why, &key))
}

/// Refuses with exit 2 if this clone's configuration lets another answer for a remote with these addresses.
pub fn itself(repo: &Repo, named: WantedRemote<'_>, addresses: &[String]) -> Result<(), Stop> {
    let config = repo.config()?;
    by_git(repo, named)?;
    if let Some(header) = routing_header(config)
        && addresses.iter().any(|one| one.starts_with("http"))
    {
        let why = format!("http.extraHeader sends the header {header}, so another site can answer");
        return Err(refused(named, &why, "extraheader"));
    }
    let addresses = addresses.iter();
    for address in addresses.filter(|one| one.starts_with("https://")) {
        if repo.program().variable(NO_VERIFY).is_some() {
            let why = format!("{NO_VERIFY} is set, so any host can answer for it");
            let report = report(named, &why);
            return Err(Stop::Misused(report.run(
                "unset it, then run the command again",
                Typed::other(format!("unset {NO_VERIFY}")),
            )));
        }
        if config.under("http.", "sslverify").next().is_some()
            && remote::http_setting(repo, "http.sslVerify", address)? == Some("false".to_owned())
        {
            let why = "http.sslVerify is false for it, so any host can answer";
            return Err(refused(named, why, "sslverify"));
        }
        if config.under("http.", "curloptresolve").next().is_some()
            && remote::http_setting(repo, "http.curloptResolve", address)?
                .is_some_and(|value| !value.is_empty())
        {
            let why = "http.curloptResolve names another machine for a host";
            return Err(refused(named, why, "curloptresolve"));
        }
    }
    Ok(())
}

/// Returns the key that names a program other than git's own.
fn other_program(config: &GitConfig, name: &str) -> Option<String> {
    let all = PROGRAMS.map(|(key, own)| (format!("remote.{name}.{key}"), own));
    let mut all = all.into_iter();
    let found = all.find(|(key, own)| config.get(key).is_some_and(|value| value != *own));
    found.map(|(key, _)| key)
}

/// Returns the name of a header of git's configuration by which a server chooses who answers. A value may have several
/// lines.
fn routing_header(config: &GitConfig) -> Option<&str> {
    let headers = config.under("http.", "extraheader");
    let lines = headers.flat_map(|(_, value)| value.split(['\r', '\n']));
    let mut names = lines.filter_map(|line| Some(line.split([':', ';']).next()?.trim()));
    names.find(|name| {
        let name = name.to_ascii_lowercase();
        ROUTING.iter().any(|start| name.starts_with(start))
    })
}

fn report(named: WantedRemote<'_>, why: &str) -> Report {
    let remote = named.remote;
    Report::new(format!(
        "the remote {remote} may not be the one in {SMP_TOML}"
    ))
    .because(why)
    .because(named.why)
}

fn refused(named: WantedRemote<'_>, why: &str, key: &str) -> Stop {
    let list = Typed::other("git config --show-origin --get-regexp").arg(key);
    Stop::Misused(report(named, why).run("find where it is set, and remove it", list))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_gits_own_programs_answer_for_a_remote() {
        let key = |key: &str, value| other_program(&GitConfig::of(&[(key, value)]), "upstream");
        for set in ["uploadpack", "receivepack", "vcs"] {
            let set = format!("remote.upstream.{set}");
            assert_eq!(key(&set, "git-upload-pack /mine.git #"), Some(set));
        }
        assert_eq!(key("remote.upstream.uploadpack", "git-upload-pack"), None);
        assert_eq!(key("remote.upstream.receivepack", "git-receive-pack"), None);
        assert_eq!(key("remote.upstream.vcs", ""), None);
        assert_eq!(key("remote.production.uploadpack", "mine"), None);
    }

    #[test]
    fn no_header_names_another_site() {
        let header = |value: &'static str| {
            let key = "http.https://h.example/.extraheader";
            let config = GitConfig::of(&[("http.extraheader", "X-Token: host"), (key, value)]);
            routing_header(&config).map(str::to_owned)
        };
        for (value, name) in [
            ("Host: other.example", "Host"),
            ("host;", "host"),
            ("X-Token: a\nHOST : other.example", "HOST"),
            ("X-Forwarded-Host: other.example", "X-Forwarded-Host"),
            ("x-original-url: /mine.git", "x-original-url"),
        ] {
            assert_eq!(header(value).as_deref(), Some(name), "{value:?}");
        }
        for value in ["Authorization: Basic aG9zdA==", "", "Cookie: host=1"] {
            assert_eq!(header(value), None, "{value}");
        }
    }
}
