//! Pushes one commit to one branch with the `git` program, on the condition that the branch is still where it was seen.
//! The output of a push never decides what happened: the branch is read afterwards.

mod event;
mod judge;
mod log;

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::process::Child;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::core::refusal::Stop;
use crate::core::text::without_userinfo;
use crate::core::words::{CommitId, Control};
use crate::git::Repo;
use crate::git::address::Purpose;
use crate::git::config::UNREADABLE;
use crate::git::network::Errand;
use crate::git::program::cannot_start;
use crate::git::response::wants_one;

pub(in crate::git) use event::dry_run;
pub use event::{EventPush, MayPush, NOBODYS, may_push, push_event};
use judge::Signs;
use log::Tail;

/// The pause between two reads of a running push's output.
const TICK: Duration = Duration::from_millis(40);
/// A push that prints nothing for this long is left alone. Builds take long, but they print.
const SILENCE: Duration = Duration::from_secs(30 * 60);
/// A push that ignores the user's own settings. Its progress shows whether anything was sent.
const NEUTRAL: &str = "-c push.pushOption= -c http.lowSpeedLimit=0 -c push.negotiate=false \
    -c core.warnAmbiguousRefs=false push --porcelain --progress --no-verify --no-follow-tags --no-signed \
    --no-force-if-includes --recurse-submodules=no";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    pub remote: String,
    pub branch: String,
    pub commit: CommitId,
    /// What the branch must still point to; `None` if it must not exist yet.
    pub expected: Option<CommitId>,
    /// True if this clone's remote-tracking branch stays as it is. Any other push of git moves it.
    pub untracked: bool,
    /// A ref that moves at the same moment: both move, or neither.
    pub with: Option<RefStep>,
}

/// A ref of the same repository, and the move that it is to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefStep {
    pub reference: String,
    pub commit: CommitId,
    /// What it must still point to; `None` if it must not exist yet.
    pub expected: Option<CommitId>,
}

/// git's report about the ref that was pushed together with the branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// The server accepted exactly this move of exactly this ref.
    Taken,
    /// The ref was rejected, and the branch with it.
    Refused,
    /// The server cannot move two refs at once, so nothing was sent.
    NotAtomic,
    /// git reported nothing reliable.
    Unclear,
}

pub enum PushProgress<'a> {
    /// A line of output, from the remote or from git; foreign text.
    Line(&'a str),
    /// Time passed, and nothing else happened.
    Tick(Duration),
}

/// How the `git push` program itself ended. What really happened is read from the remote, never from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Accepted,
    /// The server had the commit before anything was sent: another push brought it, or an earlier one of ours.
    UpToDate,
    /// The server or its hook rejected this ref.
    Declined,
    /// The lease did not hold: the ref had moved.
    Stale,
    NothingSent,
    /// The host refused the push with this HTTP status, before any work.
    Refused(u16),
    /// The push ended, and it is unknown what the server did.
    Unclear,
    Left,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushOutcome {
    pub ended: Ended,
    /// The reason, in the words of the server or of git; foreign text.
    pub reason: Option<String>,
    /// The report about the other ref, if there was one.
    pub beside: Option<Beside>,
}

/// Pushes exactly one commit to exactly one branch, if that is still where it was: `git push` with an explicit lease.
///
/// The caller has checked that this is a fast-forward. The child has a process group of its own, so that Ctrl-C does
/// not reach it, and writes to a file, so that it can outlive this program.
///
/// # Errors
/// If git cannot be started or its log cannot be written. Then nothing was pushed.
pub fn push(
    repo: &Repo,
    push: &Push,
    watch: &mut dyn FnMut(PushProgress<'_>) -> Control,
) -> Result<PushOutcome, Stop> {
    let errand = Errand::new(repo, &push.remote, Purpose::Push, true);
    let mut unanswered = Vec::new();
    let mut push_noting = |unanswered: &mut Vec<String>| {
        unanswered.clear();
        push_once(&errand, push, &mut |event| match event {
            // That push can ask nobody. A password that is asked for here serves the second push.
            PushProgress::Line(line) if wants_one(line) => {
                unanswered.push(line.to_owned());
                Control::GoOn
            }
            other => watch(other),
        })
    };
    let (mut outcome, is_given) = push_noting(&mut unanswered)?;
    if is_given && !unanswered.is_empty() && outcome.ended == Ended::NothingSent {
        errand.give_up_login();
        (outcome, _) = push_noting(&mut unanswered)?;
    }
    if !unanswered.is_empty() && outcome.ended == Ended::NothingSent && errand.somebody {
        match may_push(repo, (&push.remote, NOBODYS), None, true) {
            MayPush::No(words) => unanswered = words,
            MayPush::Yes | MayPush::Moved => return Ok(push_once(&errand, push, watch)?.0),
        }
    }
    for line in &unanswered {
        watch(PushProgress::Line(line));
    }
    Ok(outcome)
}

/// Pushes once. Also returns whether a login of git's helpers was passed along.
fn push_once(
    errand: &Errand<'_>,
    push: &Push,
    watch: &mut dyn FnMut(PushProgress<'_>) -> Control,
) -> Result<(PushOutcome, bool), Stop> {
    let name = push.untracked.then(double_name);
    let double = name.as_deref().map(|name| double_of(errand, name));
    let args = exact_push(
        errand,
        name.as_deref().unwrap_or(errand.remote),
        &push.steps(),
    );
    // In a group of its own, the child cannot ask on the terminal. ssh must not try: it would be stopped for ever.
    let (mut command, is_given) = errand.child(&args, false);
    let double = double.iter().flatten();
    let double = double.map(|(key, value)| (key.as_str(), value.as_str()));
    errand.repo.program().configure(&mut command, double);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let (path, writer, tail) = log::create(errand.repo)?;
    command.stderr(writer);
    let child = command.spawn();
    let child = child.map_err(|error| cannot_start(Path::new("git push"), &error));
    let outcome = child.map(|child| (follow(child, tail, &push.steps(), watch), is_given));
    if !outcome
        .as_ref()
        .is_ok_and(|(outcome, _)| outcome.ended == Ended::Left)
    {
        // A push that was left still writes to its log. A log that stays behind is no failure.
        let _ = fs::remove_file(path);
    }
    outcome
}

/// Watches a push until it ends, or until it is to be left alone.
fn follow(
    child: Child,
    mut tail: Tail,
    steps: &[RefStep],
    watch: &mut dyn FnMut(PushProgress<'_>) -> Control,
) -> PushOutcome {
    let (begun, mut heard) = (Instant::now(), Instant::now());
    let mut signs = Signs::default();
    let (sender, end) = mpsc::channel();
    // A push that was left ends without this program.
    thread::spawn(move || sender.send(child.wait_with_output()));
    loop {
        let output = match end.recv_timeout(TICK) {
            Ok(Ok(output)) => Some(output),
            Err(RecvTimeoutError::Timeout) => None,
            // The push may still run, but its end can no longer be seen. Its result is read from the remote.
            _ => return PushOutcome::of(Ended::Unclear),
        };
        loop {
            for line in tail.lines(output.is_some()) {
                heard = Instant::now();
                if signs.line(&line) {
                    watch(PushProgress::Line(&without_userinfo(&line)));
                }
            }
            if output.is_none() || !tail.is_behind {
                break;
            }
        }
        if let Some(output) = output {
            let porcelain = String::from_utf8_lossy(&output.stdout);
            return signs.outcome(&porcelain, output.status.code(), steps);
        }
        if watch(PushProgress::Tick(begun.elapsed())) == Control::Leave || heard.elapsed() > SILENCE
        {
            return PushOutcome::of(Ended::Left);
        }
    }
}

impl Push {
    /// Returns all moves of this push, the branch first.
    fn steps(&self) -> Vec<RefStep> {
        let branch = RefStep {
            reference: format!("refs/heads/{}", self.branch),
            commit: self.commit.clone(),
            expected: self.expected.clone(),
        };
        [branch].into_iter().chain(self.with.clone()).collect()
    }
}

impl PushOutcome {
    /// Returns an outcome about which git printed nothing.
    fn of(ended: Ended) -> Self {
        Self {
            ended,
            reason: None,
            beside: None,
        }
    }
}

/// Returns the arguments to push one commit to each of these refs, if it has not moved. Several refs move together.
fn exact_push(errand: &Errand<'_>, remote: &str, steps: &[RefStep]) -> Vec<String> {
    let atomic = (steps.len() > 1).then(|| "--atomic".to_owned());
    let leases = steps.iter().map(|step| {
        let expected = step.expected.as_ref().map_or("", CommitId::as_str);
        format!("--force-with-lease={}:{expected}", step.reference)
    });
    let refspecs = (steps.iter()).map(|step| format!("{}^0:{}", step.commit, step.reference));
    let options: Vec<String> = atomic.into_iter().chain(leases).collect();
    neutral_push(errand, remote, &options, &refspecs.collect::<Vec<_>>())
}

/// Returns a second name for a remote. git tracks no branch under it. Nobody can know it before, so nobody can configure
/// other addresses for it.
fn double_name() -> String {
    format!("smp-untracked-{:x}", RandomState::new().hash_one(()))
}

/// Returns the settings of the second name: those of the remote, without its tracked branches. They are no arguments,
/// because an address may hold a password, and everybody can see a program's arguments.
fn double_of(errand: &Errand<'_>, double: &str) -> Vec<(String, String)> {
    let start = format!("remote.{}.", errand.remote);
    let config = errand.repo.config().unwrap_or(&UNREADABLE);
    let entries =
        (config.under(&start, "")).filter(|(key, _)| !matches!(*key, "fetch" | "push" | "mirror"));
    let renamed = entries.map(|(key, value)| (format!("remote.{double}.{key}"), value.to_owned()));
    renamed.collect()
}

fn neutral_push(
    errand: &Errand<'_>,
    remote: &str,
    options: &[String],
    refspecs: &[String],
) -> Vec<String> {
    let mirror = format!("remote.{remote}.mirror=false");
    let receiver = errand.receive_pack();
    let receiver = receiver.map(|program| format!("--receive-pack={program}"));
    let words = ["-c", &mirror].into_iter().chain(NEUTRAL.split(' '));
    let words = words.chain(receiver.as_deref());
    let words = words
        .chain(options.iter().map(String::as_str))
        .chain(["--", remote])
        .chain(refspecs.iter().map(String::as_str));
    words.map(str::to_owned).collect()
}
