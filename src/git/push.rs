//! Pushing, and nothing else: one commit to one branch, by the `git` program, on the condition that the branch is still
//! where it was seen. What a push says of itself never decides what happened; the branch is read afterwards.
#![expect(
    clippy::disallowed_types,
    reason = "this is the door through which commits leave"
)]

mod event;
mod judge;
mod shut;

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::core::refusal::{Report, Stop};
use crate::core::words::CommitId;
use crate::git::address::Way;
use crate::git::program::cannot_start;
use crate::git::remote::without_userinfo;
#[cfg(unix)]
use crate::git::secret::is_shared;
use crate::git::{Repo, person};

pub use event::{MayPush, Told, may_push, push_event};
use judge::{Signs, reason};
pub(super) use judge::{is_progress, is_sending};
pub use shut::{Shut, shut, turned_away};

/// How often a running child is looked at.
const TICK: Duration = Duration::from_millis(40);
/// The size at which the log of a push starts again from nothing, in bytes.
const LOG_LIMIT: u64 = 8 << 20;
/// How much of it is read at once, in bytes.
const PIECE: u64 = 1 << 20;
/// The longest line of a remote's output that is passed on, in bytes.
const LINE_LIMIT: usize = 4096;
/// After so long without a word the push is left alone: builds take long, but they talk.
const SILENCE: Duration = Duration::from_secs(30 * 60);
/// Logs of pushes that were left behind are kept this long.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

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
    /// The server took it.
    Accepted,
    /// The server had it before anything was sent: somebody else's push brought it, or an earlier one of ours.
    UpToDate,
    /// The server, or its hook, said no to this ref.
    Declined,
    /// The lease did not hold: the ref had moved.
    Stale,
    /// It ended before anything was sent.
    NothingSent,
    /// The host turned it away with this HTTP answer, before any work.
    Refused(u16),
    /// It ended and nobody can say what the server did.
    Unclear,
    /// We left while it was running.
    Left,
}

/// How it ended, and why it was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub ended: Ended,
    /// The reason in the server's or git's own words; foreign text.
    pub reason: Option<String>,
}

impl From<Ended> for Outcome {
    fn from(ended: Ended) -> Self {
        Self {
            ended,
            reason: None,
        }
    }
}

/// Pushes exactly one commit to exactly one branch, if that is still where it was: `git push` with an explicit lease.
///
/// The caller has made sure that it is a fast-forward. The user's push settings have no say; the child has a process
/// group of its own, so that Ctrl-C does not reach it, and writes to a file, so that it survives us.
///
/// # Errors
/// When git cannot be started or its log cannot be written; then nothing was pushed.
pub fn push(
    repo: &Repo,
    push: &Push,
    watch: &mut dyn FnMut(Event<'_>) -> Watch,
) -> Result<Outcome, Stop> {
    let mut unanswered = Vec::new();
    let mut watch_first = |event: Event<'_>| match event {
        // Nobody can be asked there; asked for here, a password serves the second one.
        Event::Line(line) if person::wants_one(line) => {
            unanswered.push(line.to_owned());
            Watch::GoOn
        }
        other => watch(other),
    };
    let outcome = push_once(repo, push, &mut watch_first)?;
    if !unanswered.is_empty() && outcome.ended == Ended::NothingSent {
        match event::logs_in(repo, &push.remote) {
            Some(MayPush::No(words)) => unanswered = words,
            Some(MayPush::Yes | MayPush::Moved) => return push_once(repo, push, watch),
            None => {}
        }
    }
    for line in &unanswered {
        watch(Event::Line(line));
    }
    Ok(outcome)
}

fn push_once(
    repo: &Repo,
    push: &Push,
    watch: &mut dyn FnMut(Event<'_>) -> Watch,
) -> Result<Outcome, Stop> {
    let log = Log::create(repo)?;
    let mut command = push_command(repo, push);
    command.stderr(log.writer()?);
    let mut tail = log.tail()?;
    let mut child = command
        .spawn()
        .map_err(|error| cannot_start(Path::new("git push"), &error))?;
    let (begun, mut heard) = (Instant::now(), Instant::now());
    let mut signs = Signs::default();
    loop {
        let Ok(ended) = child.try_wait() else {
            // It runs, and we cannot see it any more: what it did is read from the remote.
            log.keep();
            return Ok(Ended::Unclear.into());
        };
        for line in tail.lines(ended.is_some()) {
            heard = Instant::now();
            if signs.line(&line) {
                watch(Event::Line(&without_userinfo(&line)));
            }
        }
        if let Some(status) = ended.filter(|_| !tail.is_behind) {
            let porcelain = porcelain(&mut child);
            return Ok(Outcome {
                ended: signs.judge(&porcelain, status.code()),
                reason: reason(&porcelain),
            });
        }
        if watch(Event::Tick(begun.elapsed())) == Watch::Leave || heard.elapsed() > SILENCE {
            log.keep();
            return Ok(Ended::Left.into());
        }
        if !tail.is_behind {
            thread::sleep(TICK);
        }
    }
}

/// A push that the user's own settings for pushes have no say in, up to its own options and refspec. With progress, for it
/// shows whether anything was sent.
fn neutral_push(repo: &Repo, remote: &str) -> Command {
    let mut command = repo.program().command(["-c", "push.pushOption="]);
    command
        .args(["-c", &format!("remote.{remote}.mirror=false")])
        .args(["-c", "http.lowSpeedLimit=0", "-c", "push.negotiate=false"])
        .args(["-c", "core.warnAmbiguousRefs=false"])
        .args([
            "push",
            "--porcelain",
            "--progress",
            "--no-verify",
            "--no-follow-tags",
            "--no-signed",
        ])
        .args(["--no-force-if-includes", "--recurse-submodules=no"]);
    command.args(
        person::receive_pack(repo, remote).map(|program| format!("--receive-pack={program}")),
    );
    command
}

/// Exactly one commit to exactly one ref, on the condition that it is still where it was.
fn exact_push(
    repo: &Repo,
    remote: &str,
    destination: &str,
    commit: &CommitId,
    expected: Option<&CommitId>,
) -> Command {
    let expected = expected.map_or("", CommitId::as_str);
    let mut command = neutral_push(repo, remote);
    command.arg(format!("--force-with-lease={destination}:{expected}"));
    command.args(["--", remote, &format!("{commit}^0:{destination}")]);
    command
}

fn push_command(repo: &Repo, push: &Push) -> Command {
    let destination = format!("refs/heads/{}", push.branch);
    let mut command = exact_push(
        repo,
        &push.remote,
        &destination,
        &push.commit,
        push.expected.as_ref(),
    );
    // In a group of its own the child cannot ask on the terminal: ssh must not try, or it would be stopped for ever.
    person::prepare_quietly(repo, &push.remote, Way::Push, &mut command);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

fn porcelain(child: &mut Child) -> String {
    let mut text = Vec::new();
    if let Some(mut out) = child.stdout.take() {
        // A half-read answer only makes the verdict "unclear"; the ref is read afterwards in any case.
        let _ = out.by_ref().take(1 << 20).read_to_end(&mut text);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// The file that a push writes its words to.
struct Log {
    path: PathBuf,
    keep: std::cell::Cell<bool>,
}

impl Log {
    fn create(repo: &Repo) -> Result<Self, Stop> {
        let dir = repo.layout().common_dir.join("smp");
        remove_old_logs(&dir);
        let path = dir.join(format!("push-{}.log", std::process::id()));
        let made = fs::create_dir_all(&dir).and_then(|()| private(&path));
        made.map_err(|error| log_trouble(&path, &error))?;
        #[cfg(unix)]
        if !is_shared(repo.config()?) {
            // Another user's folder stays as it is; the file is ours.
            let _ = fs::set_permissions(&dir, std::os::unix::fs::PermissionsExt::from_mode(0o700));
        }
        Ok(Self {
            path,
            keep: std::cell::Cell::new(false),
        })
    }

    fn writer(&self) -> Result<Stdio, Stop> {
        let file = File::options().append(true).open(&self.path);
        file.map(Stdio::from)
            .map_err(|error| log_trouble(&self.path, &error))
    }

    fn tail(&self) -> Result<Tail, Stop> {
        let file = File::options().read(true).write(true).open(&self.path);
        let file = file.map_err(|error| log_trouble(&self.path, &error))?;
        Ok(Tail {
            file,
            position: 0,
            rest: Vec::new(),
            is_behind: false,
        })
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

/// A new and empty file that only its owner reads: a host's words may hold secrets.
fn private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // One that is there already keeps its mode.
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

/// Takes away what pushes that were left behind wrote long ago.
fn remove_old_logs(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let written = entry
            .metadata()
            .and_then(|data| data.modified())
            .unwrap_or_else(|_| SystemTime::now());
        let age = SystemTime::now()
            .duration_since(written)
            .unwrap_or_default();
        if name.starts_with("push-") && name.ends_with(".log") && age > KEPT {
            // Litter that cannot be taken away now is taken away another time.
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn log_trouble(path: &Path, error: &io::Error) -> Stop {
    let report = Report::new("nothing was pushed: the push's log cannot be written");
    let report = report.because(format!("{}: {error}", path.display()));
    Stop::Failed(report.hint("make room for it, then run the same command again"))
}

/// Reads what was added to a growing file, line by line; `\r` ends a line too.
struct Tail {
    file: File,
    position: u64,
    rest: Vec<u8>,
    /// Whether there is more to read at once.
    is_behind: bool,
}

impl Tail {
    /// Lines that came since. `to_the_end`: nobody writes any more, so what is left is a line as well.
    fn lines(&mut self, to_the_end: bool) -> Vec<String> {
        // Bounded, so that a remote that never stops talking fills neither our memory nor the disk.
        let mut fresh = Vec::new();
        let from = self.file.seek(SeekFrom::Start(self.position));
        let read = from
            .and_then(|_| self.file.by_ref().take(PIECE).read_to_end(&mut fresh))
            .unwrap_or(0) as u64;
        self.position += read;
        self.is_behind = read == PIECE;
        // Never what was not read yet: the last line tells how it ended.
        if !self.is_behind && self.position > LOG_LIMIT && self.file.set_len(0).is_ok() {
            self.position = 0;
        }
        self.rest.extend_from_slice(&fresh);
        let whole = self
            .rest
            .iter()
            .rposition(|byte| is_end(*byte))
            .map_or(0, |end| end + 1);
        let left = self.rest.split_off(whole);
        let mut ended = std::mem::replace(&mut self.rest, left);
        if (to_the_end && !self.is_behind) || self.rest.len() > LINE_LIMIT {
            ended.append(&mut self.rest);
        }
        let text = |line: &[u8]| {
            String::from_utf8_lossy(line.get(..LINE_LIMIT).unwrap_or(line))
                .trim_end()
                .to_owned()
        };
        ended
            .split(|byte| is_end(*byte))
            .map(text)
            .filter(|line| !line.is_empty())
            .collect()
    }
}

fn is_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}
