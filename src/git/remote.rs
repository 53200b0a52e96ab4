//! What a remote has, fetching from it, and the remotes of this clone: always the `git` program, for it alone knows the
//! user's credentials, proxies and ssh settings.
#![expect(
    clippy::disallowed_types,
    reason = "this is the door to the network through git"
)]

use std::process::{Command, Output};
use std::time::Duration;

use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::text::shell_word;
use crate::core::words::{Branch, CommitId};
use crate::git::address::Way;
use crate::git::person::{self, Errand};
use crate::git::told::first_words;
use crate::git::{Repo, moved};

/// How long a remote may take to say what it has.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// Reads where `branch` is on `remote`: `git ls-remote REMOTE refs/heads/BRANCH`, the exact name only.
///
/// With `may_ask`, a person may be asked for a password on the terminal.
///
/// # Errors
/// `unreachable`, with git's words, when the remote does not answer.
pub fn branch(repo: &Repo, remote: &str, branch: &str, may_ask: bool) -> Result<Branch, Refusal> {
    let wanted = format!("refs/heads/{branch}");
    let listed = ls_remote(repo, remote, &[&wanted], may_ask)?;
    in_list(repo, remote, wanted, listed, may_ask)
}

/// Reads where `branch` is on `remote`, and what the ref of another name points to, with one question: `git ls-remote
/// REMOTE refs/heads/BRANCH REF`, the exact names only.
///
/// # Errors
/// `unreachable`, with git's words, when the remote does not answer.
pub fn branch_and_tip(
    repo: &Repo,
    remote: &str,
    (branch, reference): (&str, &str),
    may_ask: bool,
) -> Result<(Branch, Option<CommitId>), Refusal> {
    let wanted = format!("refs/heads/{branch}");
    let listed = ls_remote(repo, remote, &[&wanted, reference], may_ask)?;
    let tip = named(&listed, reference);
    Ok((in_list(repo, remote, wanted, listed, may_ask)?, tip))
}

/// The branch as a list has it; whether it is missing or the remote is empty is told by a list of all.
fn in_list(
    repo: &Repo,
    remote: &str,
    wanted: String,
    listed: Vec<(String, CommitId)>,
    may_ask: bool,
) -> Result<Branch, Refusal> {
    if let Some(id) = named(&listed, &wanted) {
        return Ok(Branch::At(id));
    }
    let heads = heads(repo, remote, may_ask)?;
    // It may have come to be between the two lists, or the first came empty from a host that was about to break off.
    if let Some(id) = named(&heads, &wanted) {
        return Ok(Branch::At(id));
    }
    let names: Vec<String> = heads
        .into_iter()
        .filter_map(|(name, _)| name.strip_prefix("refs/heads/").map(str::to_owned))
        .collect();
    Ok(if names.is_empty() {
        Branch::Empty
    } else {
        Branch::Missing(names)
    })
}

/// Reads the branch that `remote`, which may be an address, calls its own, and its commit; `None` where nothing was pushed
/// to it: `git ls-remote --symref REMOTE HEAD`. Asks nobody.
///
/// # Errors
/// `unreachable`, with git's words, when the remote does not answer.
pub fn head(repo: &Repo, remote: &str) -> Result<Option<(String, CommitId)>, Refusal> {
    let text = ask(repo, remote, &["HEAD"], false)?;
    let mut lines = text.lines();
    let branch = lines.find_map(|line| {
        let (name, reference) = line.strip_prefix("ref: refs/heads/")?.split_once('\t')?;
        (reference == "HEAD").then(|| name.to_owned())
    });
    let id = lines
        .filter_map(parse_advertised)
        .find_map(|(name, id)| (name == "HEAD").then_some(id));
    Ok(branch.zip(id))
}

/// Reads all branches of `remote`, each with its commit: `git ls-remote REMOTE refs/heads/*`.
pub(super) fn heads(
    repo: &Repo,
    remote: &str,
    may_ask: bool,
) -> Result<Vec<(String, CommitId)>, Refusal> {
    ls_remote(repo, remote, &["refs/heads/*"], may_ask)
}

/// Reads what the ref of this very name points to, a commit or not: `git ls-remote REMOTE REF`, the exact name only.
///
/// # Errors
/// `unreachable`, with git's words, when the remote does not answer.
pub fn tip(
    repo: &Repo,
    remote: &str,
    reference: &str,
    may_ask: bool,
) -> Result<Option<CommitId>, Refusal> {
    let listed = ls_remote(repo, remote, &[reference], may_ask)?;
    Ok(named(&listed, reference))
}

/// The one of this very name.
fn named(listed: &[(String, CommitId)], wanted: &str) -> Option<CommitId> {
    let found = listed.iter().find(|(name, _)| name == wanted);
    found.map(|(_, id)| id.clone())
}

/// Other refs of the remote that git takes this name for when it pushes, such as a branch that is called so:
/// `git ls-remote REMOTE REF`.
///
/// # Errors
/// `unreachable`, with git's words, when the remote does not answer.
pub fn namesakes(repo: &Repo, remote: &str, reference: &str) -> Result<Vec<String>, Refusal> {
    let places = ["refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];
    let listed = ls_remote(repo, remote, &[reference], false)?
        .into_iter()
        .map(|(name, _)| name);
    Ok(listed
        .filter(|name| {
            name.strip_suffix(reference)
                .is_some_and(|place| places.contains(&place))
        })
        .collect())
}

fn ls_remote(
    repo: &Repo,
    remote: &str,
    patterns: &[&str],
    may_ask: bool,
) -> Result<Vec<(String, CommitId)>, Refusal> {
    let text = ask(repo, remote, patterns, may_ask)?;
    Ok(text.lines().filter_map(parse_advertised).collect())
}

fn ask(repo: &Repo, remote: &str, patterns: &[&str], may_ask: bool) -> Result<String, Refusal> {
    let errand = Errand {
        repo,
        remote,
        way: Way::Fetch,
        may_ask,
        limit: ANSWER_LIMIT,
    };
    let output = answer(&errand, &|| question(repo, remote, patterns))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn question(repo: &Repo, remote: &str, patterns: &[&str]) -> Command {
    let mut command =
        repo.program()
            .command(["-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=30"]);
    command
        .args(["ls-remote", "--quiet"])
        .args((*patterns == ["HEAD"]).then_some("--symref"))
        .args(["--", remote])
        .args(patterns);
    command
}

/// The refusal for a remote whose host redirects those who ask, by git's words of that.
pub(super) fn redirected(repo: &Repo, remote: &str, words: &str) -> Option<Refusal> {
    let status = moved::status(words)?;
    let from = repo
        .program()
        .read("", ["remote", "get-url", "--", remote])
        .map(|from| String::from_utf8_lossy(&from).into_owned())
        .unwrap_or_default();
    let to = new_place(repo, remote, &from);
    let leads = (to.as_deref(), from.as_str());
    Some(moved::refusal(remote, status, leads, &moved::look(remote)))
}

/// Where they are sent, by asking once more.
fn new_place(repo: &Repo, remote: &str, from: &str) -> Option<String> {
    let make = || {
        let mut command = question(repo, remote, &["HEAD"]);
        command.envs(moved::TRACING);
        command
    };
    let errand = Errand {
        repo,
        remote,
        way: Way::Fetch,
        may_ask: false,
        limit: ANSWER_LIMIT,
    };
    let output = person::run(&errand, &make).ok()?;
    moved::location(&String::from_utf8_lossy(&output.stderr), from)
}

fn parse_advertised(line: &str) -> Option<(String, CommitId)> {
    let (id, name) = line.split_once('\t')?;
    Some((name.to_owned(), CommitId::parse(id)?))
}

/// Whether a remote's refusal was about who we are, so that asking for a password may help.
pub fn wants_credentials(refusal: &Refusal) -> bool {
    let signs = [
        "could not read Username",
        "could not read Password",
        "terminal prompts disabled",
    ];
    refusal
        .report
        .because
        .iter()
        .any(|line| signs.iter().any(|sign| line.contains(sign)))
}

/// Whether a remote's refusal was about who we are in any way, so that nothing is known of the place itself.
pub fn asks_who(refusal: &Refusal) -> bool {
    let because = &refusal.report.because;
    because.iter().any(|line| person::asks_who(line))
}

fn no_answer(remote: &str, words: &str) -> Refusal {
    let report = in_gits_words(
        Report::new(format!("the remote {remote} does not answer")),
        words,
    );
    let report = report.hint(format!(
        "see whether it answers: git ls-remote {}",
        shell_word(remote)
    ));
    report.refused(RefusalCode::Unreachable)
}

/// Adds what git and the host said.
pub fn in_gits_words(report: Report, words: &str) -> Report {
    first_words(words).into_iter().fold(report, Report::because)
}

/// Takes `user:password@` out of every address in a line: git mostly does so itself, but not always.
pub fn without_userinfo(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after
            .find(|c: char| c == '/' || c.is_whitespace() || c == '\'')
            .unwrap_or(after.len());
        let authority = after.get(..end).unwrap_or(after);
        let kept = authority.rfind('@').map_or(0, |at| at + 1);
        rest = after.get(kept..).unwrap_or("");
    }
    out.push_str(rest);
    out
}

/// The output of a child that ended well.
fn answer(errand: &Errand<'_>, make: &dyn Fn() -> Command) -> Result<Output, Refusal> {
    let words = match person::run(errand, make) {
        Ok(output) if output.status.success() => return Ok(output),
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(why) => why.words(),
    };
    let moved = redirected(errand.repo, errand.remote, &words);
    Err(moved.unwrap_or_else(|| person::advised(errand, &words, no_answer(errand.remote, &words))))
}

/// Every address that a push to `remote` would go to, the user's `insteadOf` applied: `git remote get-url --push --all`.
///
/// # Errors
/// When there is no such remote.
pub fn push_urls(repo: &Repo, remote: &str) -> Result<Vec<String>, Stop> {
    let what = format!("the remote {remote} has no address to push to");
    let out = repo.program().read(
        &what,
        ["remote", "get-url", "--push", "--all", "--", remote],
    )?;
    Ok(String::from_utf8_lossy(&out)
        .lines()
        .map(str::to_owned)
        .collect())
}

/// The address that a remote is read from and those that a push to it goes to, the user's `insteadOf` applied: `git remote
/// get-url`. `None` where git sees no such remote, or cannot expand it.
///
/// # Errors
/// When git cannot be started.
pub fn expanded(repo: &Repo, remote: &str) -> Result<Option<(String, Vec<String>)>, Stop> {
    let output = repo.program().run(["remote", "get-url", "--", remote])?;
    let text = String::from_utf8_lossy(&output.stdout);
    let read = text.lines().next().filter(|_| output.status.success());
    let Some(read) = read else { return Ok(None) };
    Ok(push_urls(repo, remote)
        .ok()
        .map(|pushed| (read.to_owned(), pushed)))
}

/// Adds a remote as the runbook writes it (`url`, and all branches to `refs/remotes/NAME/*`): `git remote add NAME URL`.
///
/// # Errors
/// When git refuses, with its words.
pub fn add(repo: &Repo, remote: &str, url: &str) -> Result<(), Stop> {
    let what = format!("the remote {remote} cannot be added");
    repo.program()
        .read(&what, ["remote", "add", "--", remote, url])
        .map(drop)
}

/// Writes one value of the clone's own configuration: `git config --local KEY VALUE`.
///
/// # Errors
/// When git refuses, with its words.
pub fn set_config(repo: &Repo, key: &str, value: &str) -> Result<(), Stop> {
    let what = format!("{key} cannot be written to the clone's configuration");
    repo.program()
        .read(&what, ["config", "--local", key, value])
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_userinfo() {
        let line = "unable to access 'https://u:secret@example.com/x.git/': no route to http://t@h";
        assert_eq!(
            without_userinfo(line),
            "unable to access 'https://example.com/x.git/': no route to http://h"
        );
    }

    #[test]
    fn an_at_sign_in_a_path_stays() {
        assert_eq!(
            without_userinfo("see https://example.com/a@b"),
            "see https://example.com/a@b"
        );
    }
}
