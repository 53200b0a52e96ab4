//! Hosts that create an app with the first push: their answers before it, and how they differ from a wrong address.

use crate::core::refusal::Refusal;
use crate::core::words::Branch;

/// Interprets the answer of an environment's remote at `url`. A host's own words for a missing app are an answer; other
/// failures stay, with both meanings if there are two.
pub fn read(url: &str, asked: Result<Branch, Refusal>) -> Result<Branch, Refusal> {
    asked.or_else(|refusal| match words(url, &refusal) {
        Some(words) => Ok(Branch::NoApp(words.to_owned())),
        None => Err(with_both_readings(refusal)),
    })
}

/// Returns a host's words for a missing app: Dokku has its own, Piku uses git's. They only count over ssh: git itself
/// says the same about a path, and https only gives "not found".
fn words<'r>(url: &str, refusal: &'r Refusal) -> Option<&'r str> {
    // Like git: a slash before the first colon makes it a path.
    let is_path = url
        .split_once(':')
        .is_none_or(|(before, _)| before.contains('/'));
    let over_ssh = url.starts_with("ssh://") || !url.contains("://") && !is_path;
    let mut lines = refusal.report.because.iter().map(|line| bare(line));
    lines.find(|line| {
        let app = line.strip_prefix("App ");
        let app = app.and_then(|rest| rest.strip_suffix(" does not exist"));
        let is_of_dokku = app.is_some_and(|app| !app.contains(' '));
        over_ssh && (is_of_dokku || line.ends_with("does not appear to be a git repository"))
    })
}

/// Removes the marks that hosts put around a line.
fn bare(line: &str) -> &str {
    let line = line.trim().trim_start_matches("remote:").trim_start();
    line.trim_start_matches(['!', '-', '>', ' '])
        .trim_end_matches(['.', '!'])
}

/// Adds both meanings to the words of a host that does not tell which repositories exist.
pub fn with_both_readings(refusal: Refusal) -> Refusal {
    let signs = [
        "not found",
        "Not Found",
        "error: 404",
        "does not appear to be a git repository",
    ];
    let mut lines = refusal.report.because.iter();
    if lines.any(|line| signs.iter().any(|sign| line.contains(sign))) {
        return refusal.because("its address is misspelled, or you are not allowed to read it");
    }
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::refusal::{RefusalCode, Report};

    fn asked(url: &str, lines: &[&str]) -> Result<Branch, Refusal> {
        let report = lines.iter().fold(
            Report::new("the remote staging does not answer"),
            |report, line| report.because(*line),
        );
        read(url, Err(report.refused(RefusalCode::Unreachable)))
    }

    #[test]
    fn a_host_that_has_no_such_app_is_heard() {
        for (url, line, words) in [
            (
                "dokku@host.example:shop",
                " !     App shop does not exist",
                "App shop does not exist",
            ),
            (
                "ssh://dokku@host.example:3022/shop",
                "!     App shop does not exist",
                "App shop does not exist",
            ),
            (
                "piku@host.example:shop",
                "'shop' does not appear to be a git repository",
                "'shop' does not appear to be a git repository",
            ),
        ] {
            let branch = asked(url, &["Could not read from remote repository.", line]);
            assert_eq!(branch, Ok(Branch::NoApp(words.to_owned())), "{url}");
        }
    }

    #[test]
    fn what_is_no_word_of_such_a_host_stays_an_error_with_both_its_meanings() {
        for (url, line) in [
            (
                "https://github.com/team/shop.git",
                "repository 'https://github.com/team/shop.git/' not found",
            ),
            (
                "git@github.com:team/shop.git",
                "ERROR: Repository not found.",
            ),
            (
                "/srv/shop.git",
                "'/srv/shop.git' does not appear to be a git repository",
            ),
            (
                "file:///srv/shop.git",
                "'/srv/shop.git' does not appear to be a git repository",
            ),
            (
                "../a:b/shop.git",
                "'../a:b/shop.git' does not appear to be a git repository",
            ),
        ] {
            let refusal = asked(url, &[line]).unwrap_err();
            assert_eq!(refusal.code, RefusalCode::Unreachable, "{url}");
            assert!(
                refusal.report.because[1].contains("misspelled"),
                "{refusal:?}"
            );
        }
    }

    #[test]
    fn other_troubles_of_ssh_are_no_missing_app() {
        for line in [
            "Permission denied (publickey).",
            "ssh: Could not resolve hostname host.example: Name or service not known",
            "App shop does not exist on this plan, see the log of what does not exist",
            "Error: No such command \"git-upload-pack\".",
        ] {
            let refusal = asked("dokku@host.example:shop", &[line]).unwrap_err();
            assert_eq!(refusal.report.because, [line]);
        }
    }
}
