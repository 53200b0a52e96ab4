//! Whether the main repository itself answers: git can be configured to ask another program or host instead.

use crate::core::refusal::{Report, Stop};
use crate::core::typed::Typed;
use crate::git::{GitConfig, Repo, remote};

/// The keys of a remote that name the program which answers, each with git's own value.
const PROGRAMS: [(&str, &str); 3] = [
    ("uploadpack", "git-upload-pack"),
    ("receivepack", "git-receive-pack"),
    ("vcs", ""),
];
/// Makes git accept any certificate.
const NO_VERIFY: &str = "GIT_SSL_NO_VERIFY";

/// Why this matters for the main repository.
pub const SIGNERS: &str =
    "the signers file decides whose events count, so it must come from the address in smp.toml";

/// Refuses with exit 2 if a program other than git's own answers for a remote. `matters` is the reason for the check.
pub fn by_git(repo: &Repo, name: &str, matters: &str) -> Result<(), Stop> {
    let Some(key) = other_program(repo.config()?, name) else {
        return Ok(());
    };
    let why = format!("{key} names another program to answer for it");
    Err(refused(name, (&why, matters), &key))
}

/// Refuses with exit 2 if this clone's configuration lets another answer for a remote with these addresses.
pub fn itself(repo: &Repo, name: &str, addresses: &[String]) -> Result<(), Stop> {
    let config = repo.config()?;
    by_git(repo, name, SIGNERS)?;
    let addresses = addresses.iter();
    for address in addresses.filter(|one| one.starts_with("https://")) {
        if repo.program().variable(NO_VERIFY).is_some() {
            let why = format!("{NO_VERIFY} is set, so any host can answer for it");
            let report = report(name, (&why, SIGNERS));
            return Err(Stop::Misused(report.run(
                "unset it, then run the command again",
                Typed::other(format!("unset {NO_VERIFY}")),
            )));
        }
        if config.under("http.", "sslverify").next().is_some()
            && remote::http_setting(repo, "http.sslVerify", address)? == Some("false".to_owned())
        {
            let why = "http.sslVerify is false for it, so any host can answer";
            return Err(refused(name, (why, SIGNERS), "sslverify"));
        }
        if config.under("http.", "curloptresolve").next().is_some()
            && remote::http_setting(repo, "http.curloptResolve", address)?
                .is_some_and(|value| !value.is_empty())
        {
            let why = "http.curloptResolve names another machine for a host";
            return Err(refused(name, (why, SIGNERS), "curloptresolve"));
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

fn report(name: &str, (why, matters): (&str, &str)) -> Report {
    Report::new(format!("the remote {name} may not be the one in smp.toml"))
        .because(why)
        .because(matters)
}

fn refused(name: &str, why: (&str, &str), key: &str) -> Stop {
    let list = Typed::other("git config --show-origin --get-regexp").arg(key);
    Stop::Misused(report(name, why).run("find where it is set, and remove it", list))
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
}
