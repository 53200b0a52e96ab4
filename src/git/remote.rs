//! What a remote has, fetching from it, and pushing to it: always the `git` program, for it alone knows the
//! user's credentials, proxies and ssh settings, and it alone runs the server's hooks.
#![expect(clippy::disallowed_types, reason = "this is the door to the network through git")]

use std::env;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Refusal, RefusalCode, Report, Stop};
use crate::git::Repo;
use crate::git::program::cannot_start;
use crate::model::{Branch, CommitId};

/// How long a remote may take to say what it has.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// How long it may take when a person is asked for a password meanwhile.
const PERSON_LIMIT: Duration = Duration::from_secs(300);
/// How long a fetch may take.
const FETCH_LIMIT: Duration = Duration::from_secs(600);
/// How often a running child is looked at.
const TICK: Duration = Duration::from_millis(40);
/// The size at which the log of a push starts again from nothing, in bytes.
const LOG_LIMIT: u64 = 8 << 20;
/// The longest line of a remote's output that is passed on, in bytes.
const LINE_LIMIT: usize = 4096;

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
    let heads = ls_remote(repo, remote, "refs/heads/*", may_ask)?;
    let names: Vec<String> =
        heads.into_iter().filter_map(|(name, _)| name.strip_prefix("refs/heads/").map(str::to_owned)).collect();
    Ok(if names.is_empty() { Branch::Empty } else { Branch::Missing(names) })
}

fn ls_remote(repo: &Repo, remote: &str, pattern: &str, may_ask: bool) -> Result<Vec<(String, CommitId)>, Refusal> {
    let mut command = repo.program().command(["-c", "http.followRedirects=false"]);
    command.args(["-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=30"]);
    command.args(["ls-remote", "--quiet", "--", remote, pattern]);
    if may_ask {
        command.env_remove("GIT_TERMINAL_PROMPT");
    }
    let limit = if may_ask { PERSON_LIMIT } else { ANSWER_LIMIT };
    let output = run_within(command, limit).map_err(|why| no_answer(remote, &why))?;
    if !output.status.success() {
        return Err(no_answer(remote, &String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(parse_advertised).collect())
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
    let mut report = Report::new(format!("the remote {remote} does not answer"));
    for line in words.lines().map(str::trim).filter(|line| !line.is_empty()).take(6) {
        report = report.because(without_userinfo(line.trim_start_matches("fatal: ")));
    }
    let report =
        if report.because.iter().any(|line| line.contains("Authentication failed") || line.contains("Username")) {
            report.hint(format!("log in to the host, then try: git ls-remote {remote}"))
        } else {
            report.hint(format!("see whether it answers: git ls-remote {remote}"))
        };
    Refusal { code: RefusalCode::Unreachable, report }
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

/// Fetches all branches of a remote into `refs/remotes/REMOTE/`: `git fetch REMOTE +refs/heads/*:refs/remotes/REMOTE/*`.
///
/// Touches no tag, no local branch, no configured mapping and no `FETCH_HEAD`.
///
/// # Errors
/// `unreachable`, with git's words.
pub fn fetch(repo: &Repo, remote: &str) -> Result<(), Refusal> {
    fetch_what(repo, remote, &format!("+refs/heads/*:refs/remotes/{remote}/*"))
}

/// Fetches one commit by its name, which hosts may or may not allow: `git fetch REMOTE HASH`.
///
/// # Errors
/// `unreachable`, with git's words.
pub fn fetch_commit(repo: &Repo, remote: &str, id: &CommitId) -> Result<(), Refusal> {
    fetch_what(repo, remote, id.as_str())
}

fn fetch_what(repo: &Repo, remote: &str, what: &str) -> Result<(), Refusal> {
    let mut command = repo.program().command(["-c", "gc.auto=0", "-c", "maintenance.auto=false", "fetch", "--quiet"]);
    command.args(["--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-prune", "--refmap="]).args([
        "--no-write-commit-graph",
        "--",
        remote,
        what,
    ]);
    let output = run_within(command, FETCH_LIMIT).map_err(|why| no_answer(remote, &why))?;
    if output.status.success() {
        return Ok(());
    }
    Err(no_answer(remote, &String::from_utf8_lossy(&output.stderr)))
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

/// What is to be pushed, and on what condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// The remote's name.
    pub remote: String,
    /// The branch there.
    pub branch: String,
    /// The one commit.
    pub commit: CommitId,
    /// What the branch must still be; `None`: it must not exist yet.
    pub expected: Option<CommitId>,
}

/// What happens while a push runs.
pub enum Event<'a> {
    /// A line of the remote's, or of git's, output; foreign text.
    Line(&'a str),
    /// Nothing in particular; time passed.
    Tick(Duration),
}

/// What the one who watches a push wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// Go on.
    GoOn,
    /// Leave it running and come back at once.
    Leave,
}

/// How the `git push` program itself ended. What really happened is read from the remote, never from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The server took it, or said that it has it already.
    Accepted,
    /// The server, or its hook, said no to this ref.
    Declined,
    /// The lease did not hold: the ref had moved.
    Stale,
    /// It ended before anything was sent.
    NothingSent,
    /// It ended and nobody can say what the server did.
    Unclear,
    /// We left while it was running.
    Left,
}

/// Pushes exactly one commit to exactly one branch, if that is still where it was: `git push` with an explicit lease.
///
/// The caller has made sure that it is a fast-forward. The user's push settings have no say; the child has a process
/// group of its own, so that Ctrl-C does not reach it, and writes to a file, so that it survives us.
///
/// # Errors
/// When git cannot be started or its log cannot be written; then nothing was pushed.
pub fn push(repo: &Repo, push: &Push, watch: &mut dyn FnMut(Event<'_>) -> Watch) -> Result<Ended, Stop> {
    let log = Log::create(&repo.layout().common_dir)?;
    let mut command = push_command(repo, push)?;
    command.stderr(log.writer()?);
    let mut child = command.spawn().map_err(|error| cannot_start(Path::new("git push"), &error))?;
    let mut tail = log.tail()?;
    let begun = Instant::now();
    let (mut sent, mut unnameable) = (false, false);
    loop {
        let ended = child.try_wait().map_err(|error| cannot_start(Path::new("git push"), &error))?;
        for line in tail.lines(ended.is_some()) {
            sent |= line.starts_with("remote:") || line.starts_with("Writing objects") || line.starts_with("Total ");
            unnameable |= is_unnameable(&line);
            if !is_progress(&line) {
                watch(Event::Line(&without_userinfo(&line)));
            }
        }
        if let Some(status) = ended {
            let porcelain = porcelain(&mut child);
            let never_began = unnameable && !sent && porcelain.is_empty();
            return Ok(if never_began { Ended::NothingSent } else { judge(&porcelain, status.code(), sent) });
        }
        if watch(Event::Tick(begun.elapsed())) == Watch::Leave {
            log.keep();
            return Ok(Ended::Left);
        }
        thread::sleep(TICK);
    }
}

fn push_command(repo: &Repo, push: &Push) -> Result<Command, Stop> {
    let destination = format!("refs/heads/{}", push.branch);
    let expected = push.expected.as_ref().map_or("", CommitId::as_str);
    let mut command = repo.program().command(["-c", "push.pushOption="]);
    command
        .args(["-c", &format!("remote.{}.mirror=false", push.remote)])
        .args(["-c", "http.followRedirects=false", "-c", "http.lowSpeedLimit=0", "-c", "push.negotiate=false"])
        .args(["-c", "core.warnAmbiguousRefs=false"])
        .args(["push", "--porcelain", "--progress", "--no-verify", "--no-follow-tags", "--no-signed"])
        .args(["--no-force-if-includes", "--recurse-submodules=no"])
        .arg(format!("--force-with-lease={destination}:{expected}"))
        .args(["--", &push.remote, &format!("{}^0:{destination}", push.commit)]);
    // In a group of its own the child cannot ask on the terminal: ssh must not try, or it would be stopped for ever.
    let own_ssh = ["GIT_SSH_COMMAND", "GIT_SSH"].iter().any(|name| env::var_os(name).is_some());
    if !own_ssh && repo.config()?.get("core.sshcommand").is_none() {
        command.env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes");
    }
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    Ok(command)
}

fn porcelain(child: &mut Child) -> String {
    let mut text = Vec::new();
    if let Some(mut out) = child.stdout.take() {
        // A half-read answer only makes the verdict "unclear"; the ref is read afterwards in any case.
        let _ = out.by_ref().take(1 << 20).read_to_end(&mut text);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Reads git's own account of a push. It never decides what happened, only how to speak of an unmoved ref.
fn judge(porcelain: &str, code: Option<i32>, sent: bool) -> Ended {
    let told = porcelain.lines().find_map(|line| line.get(..2).filter(|flag| flag.ends_with('\t')).map(|_| line));
    match told {
        Some(line) if line.starts_with('!') && line.contains("(stale info)") => Ended::Stale,
        Some(line) if line.starts_with('!') && line.contains("[remote rejected]") => Ended::Declined,
        Some(line) if line.starts_with('!') => Ended::Stale,
        Some(_) if code == Some(0) => Ended::Accepted,
        None if !sent && !porcelain.contains("Done") && code == Some(128) => Ended::NothingSent,
        _ => Ended::Unclear,
    }
}

/// Git's own word that a ref cannot be named, as where the remote has a branch called `refs/heads/master` as well;
/// it comes before anything is sent, and a remote's words begin with `remote:`.
fn is_unnameable(line: &str) -> bool {
    line.starts_with("error: dst refspec ") || line.starts_with("error: src refspec ")
}

/// Git's own progress bars, which would only flood a terminal that is shown the remote's words.
fn is_progress(line: &str) -> bool {
    let bars = [
        "Enumerating objects",
        "Counting objects",
        "Compressing objects",
        "Writing objects",
        "Delta compression",
        "Total ",
    ];
    bars.iter().any(|bar| line.starts_with(bar))
}

/// The file that a push writes its words to.
struct Log {
    path: PathBuf,
    keep: std::cell::Cell<bool>,
}

impl Log {
    fn create(common_dir: &Path) -> Result<Self, Stop> {
        let dir = common_dir.join("smp");
        let path = dir.join(format!("push-{}.log", std::process::id()));
        let made = fs::create_dir_all(&dir).and_then(|()| File::create(&path));
        made.map_err(|error| log_trouble(&path, &error))?;
        Ok(Self { path, keep: std::cell::Cell::new(false) })
    }

    fn writer(&self) -> Result<Stdio, Stop> {
        let file = File::options().append(true).open(&self.path);
        file.map(Stdio::from).map_err(|error| log_trouble(&self.path, &error))
    }

    fn tail(&self) -> Result<Tail, Stop> {
        let file = File::options().read(true).write(true).open(&self.path);
        let file = file.map_err(|error| log_trouble(&self.path, &error))?;
        Ok(Tail { file, position: 0, rest: Vec::new() })
    }

    /// A push that we left still writes to it.
    fn keep(&self) {
        self.keep.set(true);
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if !self.keep.get() {
            // A log that stays behind is litter, not a failure.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn log_trouble(path: &Path, error: &io::Error) -> Stop {
    let report = Report::new("nothing was pushed: the push's log cannot be written");
    Stop::Failed(report.because(format!("{}: {error}", path.display())))
}

/// Reads what was added to a growing file, line by line; `\r` ends a line too.
struct Tail {
    file: File,
    position: u64,
    rest: Vec<u8>,
}

impl Tail {
    fn lines(&mut self, to_the_end: bool) -> Vec<String> {
        let mut fresh = Vec::new();
        if self.file.seek(SeekFrom::Start(self.position)).is_ok() {
            // Bounded, so that a remote that never stops talking fills neither our memory nor the disk.
            if let Ok(read) = self.file.by_ref().take(1 << 20).read_to_end(&mut fresh) {
                self.position += read as u64;
            }
            if self.position > LOG_LIMIT && self.file.set_len(0).is_ok() {
                self.position = 0;
            }
        }
        self.rest.extend_from_slice(&fresh);
        let mut lines = Vec::new();
        while let Some(end) = self.rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            lines.push(line);
        }
        if to_the_end || self.rest.len() > LINE_LIMIT {
            lines.push(std::mem::take(&mut self.rest));
        }
        let text =
            |line: &Vec<u8>| String::from_utf8_lossy(line.get(..LINE_LIMIT).unwrap_or(line)).trim_end().to_owned();
        lines.iter().map(text).filter(|line| !line.is_empty()).collect()
    }
}

/// Runs a child that must end within a time; past it the child is killed.
fn run_within(mut command: Command, limit: Duration) -> Result<Output, String> {
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

    #[test]
    fn a_hooks_no_is_told_from_a_moved_ref() {
        let declined = "To x\n!\tB^0:refs/heads/master\t[remote rejected] (pre-receive hook declined)\nDone\n";
        let stale = "To x\n!\tB^0:refs/heads/master\t[rejected] (stale info)\nDone\n";
        assert_eq!(judge(declined, Some(1), true), Ended::Declined);
        assert_eq!(judge(stale, Some(1), false), Ended::Stale);
    }

    #[test]
    fn a_cut_connection_is_unclear_and_a_refused_one_sent_nothing() {
        assert_eq!(judge("Done\n", Some(1), true), Ended::Unclear);
        assert_eq!(judge("", Some(1), true), Ended::Unclear);
        assert_eq!(judge("", Some(128), true), Ended::Unclear);
        assert_eq!(judge("", Some(128), false), Ended::NothingSent);
    }
}
