//! What a remote has, fetching from it, and the remotes of this clone: always the `git` program, for it alone knows the
//! user's credentials, proxies and ssh settings.
#![expect(clippy::disallowed_types, reason = "this is the door to the network through git")]

use std::io::Read;
use std::process::{Child, Command, Output};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Refusal, RefusalCode, Report, Stop};
use crate::git::{Repo, moved};
use crate::model::{Branch, CommitId};

/// How long a remote may take to say what it has.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// How long it may take when a person is asked for a password meanwhile.
const PERSON_LIMIT: Duration = Duration::from_secs(300);

/// Reads where `branch` is on `remote`: `git ls-remote REMOTE refs/heads/BRANCH`, the exact name only.
///
/// With `may_ask`, git may ask for a password on the terminal.
///
/// # Errors
/// `unreachable`, with git's words, when the remote does not answer.
pub fn branch(repo: &Repo, remote: &str, branch: &str, may_ask: bool) -> Result<Branch, Refusal> {
    let wanted = format!("refs/heads/{branch}");
    let listed = ls_remote(repo, remote, &wanted, may_ask)?;
    if let Some((_, id)) = listed.into_iter().find(|(name, _)| *name == wanted) {
        return Ok(Branch::At(id));
    }
    let heads = heads(repo, remote, may_ask)?;
    let names: Vec<String> =
        heads.into_iter().filter_map(|(name, _)| name.strip_prefix("refs/heads/").map(str::to_owned)).collect();
    Ok(if names.is_empty() { Branch::Empty } else { Branch::Missing(names) })
}

/// Reads all branches of `remote`, each with its commit: `git ls-remote REMOTE refs/heads/*`.
pub(super) fn heads(repo: &Repo, remote: &str, may_ask: bool) -> Result<Vec<(String, CommitId)>, Refusal> {
    ls_remote(repo, remote, "refs/heads/*", may_ask)
}

/// Reads what the ref of this very name points to, a commit or not: `git ls-remote REMOTE REF`, the exact name only.
///
/// # Errors
/// `unreachable`, with git's words, when the remote does not answer.
pub fn tip(repo: &Repo, remote: &str, reference: &str, may_ask: bool) -> Result<Option<CommitId>, Refusal> {
    let listed = ls_remote(repo, remote, reference, may_ask)?;
    Ok(listed.into_iter().find(|(name, _)| name == reference).map(|(_, id)| id))
}

/// Other refs of the remote that git takes this name for when it pushes, such as a branch that is called so:
/// `git ls-remote REMOTE REF`.
///
/// # Errors
/// `unreachable`, with git's words, when the remote does not answer.
pub fn namesakes(repo: &Repo, remote: &str, reference: &str) -> Result<Vec<String>, Refusal> {
    let places = ["refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];
    let listed = ls_remote(repo, remote, reference, false)?.into_iter().map(|(name, _)| name);
    Ok(listed.filter(|name| name.strip_suffix(reference).is_some_and(|place| places.contains(&place))).collect())
}

fn ls_remote(repo: &Repo, remote: &str, pattern: &str, may_ask: bool) -> Result<Vec<(String, CommitId)>, Refusal> {
    let mut command = question(repo, remote, pattern);
    if may_ask {
        command.env_remove("GIT_TERMINAL_PROMPT");
    }
    let limit = if may_ask { PERSON_LIMIT } else { ANSWER_LIMIT };
    let output = run_within(command, limit).map_err(|why| no_answer(remote, &why))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(redirected(repo, remote, &words).unwrap_or_else(|| no_answer(remote, &words)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(parse_advertised).collect())
}

fn question(repo: &Repo, remote: &str, pattern: &str) -> Command {
    let mut command = repo.program().command(["-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=30"]);
    command.args(["ls-remote", "--quiet", "--", remote, pattern]);
    command
}

/// The refusal for a remote whose host redirects those who ask, by git's words of that.
pub(super) fn redirected(repo: &Repo, remote: &str, words: &str) -> Option<Refusal> {
    let status = moved::status(words)?;
    Some(moved::refusal(remote, status, new_place(repo, remote).as_deref()))
}

/// Where they are sent, by asking once more.
fn new_place(repo: &Repo, remote: &str) -> Option<String> {
    let from = repo.program().read("", ["remote", "get-url", "--", remote]).ok()?;
    let mut command = question(repo, remote, "HEAD");
    command.envs(moved::TRACING);
    let output = run_within(command, ANSWER_LIMIT).ok()?;
    moved::location(&String::from_utf8_lossy(&output.stderr), &String::from_utf8_lossy(&from))
}

fn parse_advertised(line: &str) -> Option<(String, CommitId)> {
    let (id, name) = line.split_once('\t')?;
    Some((name.to_owned(), CommitId::parse(id)?))
}

/// Whether a remote's refusal was about who we are, so that asking for a password may help.
pub fn wants_credentials(refusal: &Refusal) -> bool {
    let signs = ["could not read Username", "could not read Password", "terminal prompts disabled"];
    refusal.report.because.iter().any(|line| signs.iter().any(|sign| line.contains(sign)))
}

fn no_answer(remote: &str, words: &str) -> Refusal {
    let report = in_gits_words(Report::new(format!("the remote {remote} does not answer")), words);
    let report =
        if report.because.iter().any(|line| line.contains("Authentication failed") || line.contains("Username")) {
            report.hint(format!("log in to the host, then try: git ls-remote {remote}"))
        } else {
            report.hint(format!("see whether it answers: git ls-remote {remote}"))
        };
    Refusal { code: RefusalCode::Unreachable, report }
}

/// Adds what git said, and where there is room what the host said.
pub(super) fn in_gits_words(mut report: Report, words: &str) -> Report {
    // A host may have much to say; git's own word for what is wrong comes first, for many places show but one line.
    let lines = words.lines().map(str::trim).filter(|line| !line.is_empty());
    let (own, others): (Vec<&str>, Vec<&str>) = lines.partition(|line| is_gits_own(line));
    for line in own.into_iter().chain(others).take(6) {
        report = report.because(without_userinfo(line.trim_start_matches("fatal: ")));
    }
    report
}

/// Whether a line is git's, or ssh's, and no word of the host.
fn is_gits_own(line: &str) -> bool {
    let says_nothing = line.starts_with("fatal: Could not read from remote repository");
    !says_nothing && ["fatal: ", "error: ", "Host key verification failed"].iter().any(|sign| line.starts_with(sign))
}

/// Takes `user:password@` out of every address in a line: git mostly does so itself, but not always.
pub fn without_userinfo(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after.find(|c: char| c == '/' || c.is_whitespace() || c == '\'').unwrap_or(after.len());
        let authority = after.get(..end).unwrap_or(after);
        let kept = authority.rfind('@').map_or(0, |at| at + 1);
        rest = after.get(kept..).unwrap_or("");
    }
    out.push_str(rest);
    out
}

/// Every address that a push to `remote` would go to, the user's `insteadOf` applied: `git remote get-url --push --all`.
///
/// # Errors
/// When there is no such remote.
pub fn push_urls(repo: &Repo, remote: &str) -> Result<Vec<String>, Stop> {
    let what = format!("the remote {remote} has no address to push to");
    let out = repo.program().read(&what, ["remote", "get-url", "--push", "--all", "--", remote])?;
    Ok(String::from_utf8_lossy(&out).lines().map(str::to_owned).collect())
}

/// Adds a remote as the runbook writes it (`url`, and all branches to `refs/remotes/NAME/*`): `git remote add NAME URL`.
///
/// # Errors
/// When git refuses, with its words.
pub fn add(repo: &Repo, remote: &str, url: &str) -> Result<(), Stop> {
    let what = format!("the remote {remote} cannot be added");
    repo.program().read(&what, ["remote", "add", "--", remote, url]).map(drop)
}

/// Writes one value of the clone's own configuration: `git config --local KEY VALUE`.
///
/// # Errors
/// When git refuses, with its words.
pub fn set_config(repo: &Repo, key: &str, value: &str) -> Result<(), Stop> {
    let what = format!("{key} cannot be written to the clone's configuration");
    repo.program().read(&what, ["config", "--local", key, value]).map(drop)
}

/// Runs a child that must end within a time; past it the child is killed.
pub(super) fn run_within(mut command: Command, limit: Duration) -> Result<Output, String> {
    let mut child = command.spawn().map_err(|error| format!("git cannot be started: {error}"))?;
    let (out, err) = (read_beside(child.stdout.take()), read_beside(child.stderr.take()));
    let status = wait_within(&mut child, limit)?;
    // A helper that outlives git may hold stderr open, and nobody waits for that. An answer without its end is none:
    // taken for an empty one it would say that the remote has no branches.
    let read = |pipe: mpsc::Receiver<Vec<u8>>| pipe.recv_timeout(Duration::from_secs(2));
    let stdout = read(out).map_err(|_| "git ended, but its answer did not".to_owned())?;
    Ok(Output { status, stdout, stderr: read(err).unwrap_or_default() })
}

/// Reads a pipe to its end in a thread of its own, which nobody has to wait for.
fn read_beside(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What could be read is enough: the exit code tells whether it is all.
            let _ = pipe.take(64 << 20).read_to_end(&mut bytes);
        }
        // Nobody may be waiting any more.
        let _ = sender.send(bytes);
    });
    receiver
}

fn wait_within(child: &mut Child, limit: Duration) -> Result<std::process::ExitStatus, String> {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if begun.elapsed() < limit => thread::sleep(pause),
            Ok(None) => {
                // It may have ended this moment; either way it is not waited for any longer.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("no answer within {} seconds", limit.as_secs()));
            }
            Err(error) => return Err(error.to_string()),
        }
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_userinfo() {
        let line = "unable to access 'https://u:secret@example.com/x.git/': no route to http://t@h";
        assert_eq!(without_userinfo(line), "unable to access 'https://example.com/x.git/': no route to http://h");
    }

    #[test]
    fn an_at_sign_in_a_path_stays() {
        assert_eq!(without_userinfo("see https://example.com/a@b"), "see https://example.com/a@b");
    }
}
