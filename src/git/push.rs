//! Pushing, and nothing else: one commit to one branch, by the `git` program, on the condition that the branch is still
//! where it was seen. What a push says of itself never decides what happened; the branch is read afterwards.

mod event;
mod judge;
mod log;

use std::fs;
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

/// How often what a running push says is read.
const TICK: Duration = Duration::from_millis(40);
/// After so long without a word the push is left alone: builds take long, but they talk.
const SILENCE: Duration = Duration::from_secs(30 * 60);
/// A push that the user's own settings have no say in. Its progress shows whether anything was sent.
const NEUTRAL: &str = "-c push.pushOption= -c http.lowSpeedLimit=0 -c push.negotiate=false \
    -c core.warnAmbiguousRefs=false push --porcelain --progress --no-verify --no-follow-tags --no-signed \
    --no-force-if-includes --recurse-submodules=no";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    pub remote: String,
    pub branch: String,
    pub commit: CommitId,
    /// What the branch must still be; `None`: it must not exist yet.
    pub expected: Option<CommitId>,
    /// Whether what tracks the branch in this clone is left alone, and not moved as by any push of git's.
    pub untracked: bool,
    /// What moves in the same moment: both, or neither of them.
    pub with: Option<RefStep>,
}

/// A ref of the same repository, and the step that it is to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefStep {
    pub reference: String,
    pub commit: CommitId,
    /// What it must still be; `None`: it must not exist yet.
    pub expected: Option<CommitId>,
}

/// What git says of the ref that was pushed with the branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// The server took this very step of this very ref.
    Taken,
    /// It was kept back, and the branch with it.
    Refused,
    /// The server does not move two refs at once, so nothing was sent.
    NotAtomic,
    /// Nothing that could be relied on.
    Unclear,
}

pub enum PushProgress<'a> {
    /// A line of the remote's, or of git's, output; foreign text.
    Line(&'a str),
    /// Nothing in particular; time passed.
    Tick(Duration),
}

/// How the `git push` program itself ended. What really happened is read from the remote, never from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Accepted,
    /// The server had it before anything was sent: somebody else's push brought it, or an earlier one of ours.
    UpToDate,
    /// The server, or its hook, said no to this ref.
    Declined,
    /// The lease did not hold: the ref had moved.
    Stale,
    NothingSent,
    /// The host turned it away with this HTTP answer, before any work.
    Refused(u16),
    /// It ended and nobody can say what the server did.
    Unclear,
    Left,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushOutcome {
    pub ended: Ended,
    /// The reason in the server's or git's own words; foreign text.
    pub reason: Option<String>,
    /// The other ref of the push, where there was one.
    pub beside: Option<Beside>,
}

/// Pushes exactly one commit to exactly one branch, if that is still where it was: `git push` with an explicit lease.
///
/// The caller has made sure that it is a fast-forward. The child has a process group of its own, so that Ctrl-C does
/// not reach it, and writes to a file, so that it survives us.
///
/// # Errors
/// When git cannot be started or its log cannot be written; then nothing was pushed.
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
            // Nobody can be asked there; asked for here, a password serves the second one.
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

/// Says as well whether it was given a login that git's helpers had.
fn push_once(
    errand: &Errand<'_>,
    push: &Push,
    watch: &mut dyn FnMut(PushProgress<'_>) -> Control,
) -> Result<(PushOutcome, bool), Stop> {
    let double = push.untracked.then(|| double_of(errand));
    let name = double.as_ref().map_or(errand.remote, |_| DOUBLE);
    let args = exact_push(errand, name, &push.steps());
    // In a group of its own the child cannot ask on the terminal: ssh must not try, or it would be stopped for ever.
    let (mut command, is_given) = errand.quiet(&args);
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
        // A push that we left still writes to it; one that stays behind is litter, not a failure.
        let _ = fs::remove_file(path);
    }
    outcome
}

/// Watches a push to its end, or until it is to be left alone.
fn follow(
    child: Child,
    mut tail: Tail,
    steps: &[RefStep],
    watch: &mut dyn FnMut(PushProgress<'_>) -> Control,
) -> PushOutcome {
    let (begun, mut heard) = (Instant::now(), Instant::now());
    let mut signs = Signs::default();
    let (sender, end) = mpsc::channel();
    // A push that we left ends without us.
    thread::spawn(move || sender.send(child.wait_with_output()));
    loop {
        let output = match end.recv_timeout(TICK) {
            Ok(Ok(output)) => Some(output),
            Err(RecvTimeoutError::Timeout) => None,
            // It runs, and we cannot see it any more: what it did is read from the remote.
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
    /// All that it moves, the branch first.
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
    /// One of which git said nothing.
    fn of(ended: Ended) -> Self {
        Self {
            ended,
            reason: None,
            beside: None,
        }
    }
}

/// Exactly one commit to each of these refs, if it is still where it was; several together or not at all.
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

/// A remote that is another one's double: git keeps no track of its branches.
const DOUBLE: &str = "smp-untracked";

/// What makes the double: all that is configured of the remote, but which of its branches are tracked here.
/// An address may hold a password, and everybody sees the arguments of a program.
fn double_of(errand: &Errand<'_>) -> Vec<(String, String)> {
    let start = format!("remote.{}.", errand.remote);
    let config = errand.repo.config().unwrap_or(&UNREADABLE);
    let entries =
        (config.under(&start, "")).filter(|(key, _)| !matches!(*key, "fetch" | "push" | "mirror"));
    let renamed = entries.map(|(key, value)| (format!("remote.{DOUBLE}.{key}"), value.to_owned()));
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
