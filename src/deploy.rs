//! Does a plan step by step, stops at the first that fails, and says what is done and what is not.
//!
//! Exit codes and messages of `git push` decide nothing here: what the remote has is read from it afterwards, and what
//! an environment runs is what it says itself. With a shared record a push is announced there before it begins, and its
//! end is written there after it was seen.

pub mod engine;
pub mod first_push;
pub mod flow;
pub mod held;
pub mod lfs;
pub mod observed;
pub mod take_over;

mod doubt;
mod noted;
mod pushed;
mod recorder;
mod release;
mod rollback_end;
mod said;
mod span;
mod turned_down;
mod unreported;
mod verdict;
mod wait;
mod words;

use doubt::Heard;
use pushed::Ending;
pub use recorder::DeployRecorder;
pub use rollback_end::RollbackEnd;
use said::keep_last;
use verdict::Verdict;
use wait::Begun;

use std::thread;
use std::time::{Duration, Instant};

use crate::core::decide::{Plan, Step, Target, unmoved};
use crate::core::record::State;
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::words::Control;
use crate::core::words::EventId;
use crate::core::words::{CommitId, Observed};
use crate::git::push::{self, Ended, Event, Push, Watch};
use crate::sources::{Also, Look};

/// The pauses after which a look directly before a push is repeated where it failed.
const LOOK_PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_millis(1500)];

/// What happens while a plan is carried out.
pub enum Progress<'a> {
    /// A push begins.
    Pushing(&'a Step),
    /// The remote, or git, said a line; foreign text.
    Said(&'a str),
    /// An environment had the commit before our push began, though it did not when we looked: somebody else's brought it.
    ByOthers(&'a str),
    /// A push runs, for so long already.
    StillPushing(&'a str, Duration),
    /// An environment does not report the commit yet.
    Waiting {
        /// Its name.
        environment: &'a str,
        /// For how long it was waited.
        elapsed: Duration,
        /// What it reports, as far as is known.
        reports: &'a str,
    },
    /// An environment reports the commit, and must go on to do so for this long.
    Confirming(&'a str, &'a CommitId, Duration),
    /// Something is not as it should be, and hinders nothing.
    Warned(&'a str),
    /// An environment reports the commit.
    Live(&'a str, &'a CommitId),
    /// The record is read or written.
    Recording,
    /// It is on record, which lifts the freeze there, and leaves this record.
    Recorded(Option<&'a str>, &'a State),
}

/// The one who watches.
pub type Watcher<'a> = dyn FnMut(Progress<'_>) -> Control + 'a;

/// A plan on its way.
pub struct Execution<'a> {
    /// Who looks again.
    pub look: &'a Look<'a>,
    /// The source as the plan saw it, where what it runs is what is deployed.
    pub source: Option<&'a Observed>,
    /// The targets as the plan saw them.
    pub targets: &'a [Target<'a>],
    /// What a rollback takes away.
    pub takes_away: Option<&'a CommitId>,
    /// How long to wait for an environment to report the commit.
    pub timeout: Duration,
    /// The command to type to go on, without the environment's name where it takes one.
    pub command: Again<'a>,
    /// The shared record, where the team keeps one.
    pub recorder: Option<DeployRecorder<'a>>,
}

/// The command that goes on with a deploy.
#[derive(Clone, Copy, Debug)]
pub struct Again<'a> {
    /// Its beginning.
    pub command: &'a str,
    /// Whether the environment's name belongs to it.
    pub named: bool,
    /// Its options, each after a blank.
    pub flags: &'a str,
}

impl Again<'_> {
    /// The whole command.
    pub fn to(&self, environment: &str) -> String {
        let name = if self.named {
            format!(" {environment}")
        } else {
            String::new()
        };
        format!("{}{name}{}", self.command, self.flags)
    }
}

impl Execution<'_> {
    /// Does every step in order.
    ///
    /// # Errors
    /// At the first step that fails: a refusal or failure while nothing outside changed, [`Stop::Incomplete`] after.
    pub fn run(&self, plan: &Plan, watch: &mut Watcher<'_>) -> Result<(), Stop> {
        let mut done: Vec<&str> = Vec::new();
        self.confirm_earlier(plan, watch)?;
        let mut begun = None;
        for step in &plan.steps {
            let since = Instant::now();
            let result = match step {
                Step::Push { environment, .. } => {
                    self.push(environment, step, watch).map(|heard| {
                        let (doubt, is_silent) = (heard.doubt(), heard.is_silent());
                        begun = Some(Begun {
                            word: "pushed",
                            since,
                            doubt,
                            is_silent,
                        });
                    })
                }
                Step::Release { environment, .. } => {
                    self.release(environment, step, watch).map(|()| {
                        begun = Some(Begun {
                            word: "released",
                            since,
                            doubt: None,
                            is_silent: false,
                        });
                    })
                }
                Step::Await {
                    environment,
                    commit,
                    pushed,
                    ..
                } => {
                    let announced = if *pushed {
                        Ok(())
                    } else {
                        self.announce_return(environment, commit, watch)
                    };
                    announced
                        .and_then(|()| self.await_live(environment, commit, begun.take(), watch))
                }
                // What ran before this run is believed no sooner than what it brought itself.
                Step::Record {
                    environment,
                    commit,
                    lifts,
                } => {
                    let confirmed = match done.contains(&environment.as_str()) {
                        true => Ok(()),
                        false => self.confirm(environment, commit, watch),
                    };
                    confirmed
                        .and_then(|()| self.record(environment, commit, lifts.as_deref(), watch))
                }
                // What it tells of must have happened first, and it may ask: whoever began this makes the posts.
                Step::Post { .. } => Ok(()),
            };
            result.map_err(|stop| after(&done, stop))?;
            if let Step::Await { environment, .. } = step {
                done.push(environment);
            }
        }
        Ok(())
    }

    fn announce_return(
        &self,
        name: &str,
        commit: &CommitId,
        watch: &mut Watcher<'_>,
    ) -> Result<(), Stop> {
        let Some(recorder) = &self.recorder else {
            return Ok(());
        };
        watch(Progress::Recording);
        recorder.announce_return(self.look.repo, self.target(name)?, commit)
    }

    fn await_live(
        &self,
        name: &str,
        commit: &CommitId,
        begun: Option<Begun>,
        watch: &mut Watcher<'_>,
    ) -> Result<(), Stop> {
        self.wait(self.target(name)?, commit, begun.as_ref(), watch)?;
        watch(Progress::Live(name, commit));
        Ok(())
    }

    /// What an environment was seen to run at the first look must be so for its whole span, before anything is recorded
    /// or told of it. Where one answer is enough, that was it.
    ///
    /// # Errors
    /// As [`Execution::run`].
    pub fn confirm(
        &self,
        name: &str,
        commit: &CommitId,
        watch: &mut Watcher<'_>,
    ) -> Result<(), Stop> {
        let target = self.target(name)?;
        // A cache may have kept what it ran before an earlier run's deploy, which the wait knows.
        if target.environment.confirm_seconds == 0 && target.observed.cached.is_none() {
            self.notes().confirmed(name, commit);
            return Ok(());
        }
        self.await_live(name, commit, None, watch)
    }

    /// The same for environments that the plan leaves alone, and that this clone gave the commit without seeing it run.
    fn confirm_earlier(&self, plan: &Plan, watch: &mut Watcher<'_>) -> Result<(), Stop> {
        let planned: Vec<&str> = plan.steps.iter().filter_map(Step::environment).collect();
        let names = self
            .targets
            .iter()
            .map(|target| target.environment.name.as_str());
        for name in names.filter(|name| !planned.contains(name)) {
            if self.notes().is_unconfirmed(name, &plan.commit) {
                self.confirm(name, &plan.commit, watch)?;
            }
        }
        Ok(())
    }

    fn record(
        &self,
        name: &str,
        commit: &CommitId,
        lifts: Option<&str>,
        watch: &mut Watcher<'_>,
    ) -> Result<(), Stop> {
        let Some(recorder) = &self.recorder else {
            return Ok(());
        };
        watch(Progress::Recording);
        let (lifted, state) = recorder.deployed(self.look.repo, self.target(name)?, commit)?;
        watch(Progress::Recorded(lifts.filter(|_| lifted), &state));
        Ok(())
    }

    fn target(&self, name: &str) -> Result<&Target<'_>, Stop> {
        let found = self
            .targets
            .iter()
            .find(|target| target.environment.name == name);
        found.ok_or_else(|| {
            Stop::Failed(Report::new(format!(
                "{name} is in the plan but not among its targets"
            )))
        })
    }

    /// Pushes what was announced before, where a record is kept; an announcement that came to nothing is taken back.
    fn push(&self, name: &str, step: &Step, watch: &mut Watcher<'_>) -> Result<Heard, Stop> {
        let Step::Push {
            remote,
            branch,
            commit,
            expected,
            ..
        } = step
        else {
            return Ok(Heard::default());
        };
        let target = self.target(name)?;
        let push = Push {
            remote: remote.clone(),
            branch: branch.clone(),
            commit: commit.clone(),
            expected: expected.clone(),
        };
        let Some(recorder) = &self.recorder else {
            return self.push_announced(target, &push, None, step, watch);
        };
        watch(Progress::Recording);
        let intent = recorder.announce(self.look.repo, target, &push)?;
        self.push_announced(target, &push, Some(&intent), step, watch)
            .map_err(|stop| recorder.take_back(&intent, stop, &self.command.to(name)))
    }

    fn push_announced(
        &self,
        target: &Target<'_>,
        push: &Push,
        intent: Option<&EventId>,
        step: &Step,
        watch: &mut Watcher<'_>,
    ) -> Result<Heard, Stop> {
        let name = target.environment.name.as_str();
        self.look_again(target, intent)?;
        if watch(Progress::Pushing(step)) == Control::Leave {
            return Err(Stop::Declined("nothing was pushed".to_owned()));
        }
        let marker = self.note_push(name, push)?;
        let (mut said, mut heard) = (Vec::new(), Heard::default());
        let outcome = push::push(self.look.repo, push, &mut |event| match event {
            Event::Line(line) => {
                keep_last(&mut said, line);
                heard.line(line);
                wished(watch(Progress::Said(line)))
            }
            Event::Tick(elapsed) => wished(watch(Progress::StillPushing(name, elapsed))),
        });
        let outcome = outcome.inspect_err(|_| marker.ended())?;
        let ended = outcome.ended;
        let ending = Ending {
            ended,
            reason: outcome.reason.as_deref(),
            said: &said,
            busy: heard.busy(),
        };
        match self.verdict(target, push, ending, watch) {
            Verdict::Arrived => {
                marker.landed();
                // Turned away, and there all the same: another push of it was quicker, as where the host builds first.
                if matches!(ended, Ended::UpToDate | Ended::Stale | Ended::Declined) {
                    watch(Progress::ByOthers(name));
                }
                Ok(heard)
            }
            Verdict::RunsAllTheSame(stop) => {
                marker.landed();
                Err(stop)
            }
            Verdict::Not(stop) => {
                if ended != Ended::Left && !matches!(stop, Stop::Incomplete(_)) {
                    marker.ended();
                }
                Err(stop)
            }
        }
    }

    /// The look directly before the push: if anything moved since the plan was shown, nothing is pushed. A look that fails
    /// is repeated twice, for many a host that limits connections lets the next one in.
    fn look_again(&self, target: &Target<'_>, intent: Option<&EventId>) -> Result<(), Stop> {
        for pause in LOOK_PAUSES {
            match self.look_once_more(target, intent) {
                Err(Stop::Refused(Refusal {
                    code: RefusalCode::Unreachable | RefusalCode::PageUnclear,
                    ..
                })) => {
                    thread::sleep(pause);
                }
                looked => return looked,
            }
        }
        self.look_once_more(target, intent)
    }

    fn look_once_more(&self, target: &Target<'_>, intent: Option<&EventId>) -> Result<(), Stop> {
        let config = self.look.config;
        let mut wanted = vec![target.environment];
        if let Some(source) = self.source {
            wanted.push(config.environment(&source.environment)?);
        }
        // The lease looks at the branch. A page that was broken when the plan was shown tells nothing now; the branch does.
        let is_known = target.observed.running.is_ok();
        let also = if is_known {
            Also::Nothing
        } else {
            Also::Branches
        };
        let (now, recorded) = thread::scope(|scope| {
            let recorded = scope.spawn(|| match (&self.recorder, intent) {
                (Some(recorder), Some(intent)) => recorder.still_allows(intent),
                _ => Ok(()),
            });
            (self.look.environments(&wanted, also), recorded.join())
        });
        let (now, recorded) = (
            now?,
            recorded.unwrap_or_else(|_| Err(Stop::Failed(nothing_seen()))),
        );
        recorded?;
        let command = self.command.to(&target.environment.name);
        let mut now = now.iter();
        let target_now = now.next().ok_or_else(|| Stop::Failed(nothing_seen()))?;
        if let Some(source) = self.source {
            let source_now = now.next().ok_or_else(|| Stop::Failed(nothing_seen()))?;
            unmoved(source, source_now, RefusalCode::CandidateMoved, &command)?;
        }
        let (before, now) = match is_known {
            true => (target.observed.clone(), target_now.clone()),
            false => (target.observed.by_branch(), target_now.by_branch()),
        };
        Ok(unmoved(&before, &now, RefusalCode::TargetMoved, &command)?)
    }
}

fn nothing_seen() -> Report {
    Report::new("looking again failed; nothing was pushed")
}

fn wished(wish: Control) -> Watch {
    match wish {
        Control::GoOn => Watch::GoOn,
        Control::Leave => Watch::Leave,
    }
}

/// What stops a later target does not undo the ones before it.
fn after(done: &[&str], stop: Stop) -> Stop {
    if done.is_empty() {
        return stop;
    }
    let finished = format!("done before it: {}", done.join(", "));
    match stop {
        Stop::Failed(report) | Stop::Incomplete(report) => {
            Stop::Incomplete(report.because(finished))
        }
        Stop::Refused(refusal) => Stop::Incomplete(refusal.report.because(finished)),
        Stop::Declined(what) => Stop::Incomplete(
            Report::new(what)
                .because(finished)
                .hint("run the same command again"),
        ),
        Stop::Answer | Stop::Misused(_) | Stop::PipeClosed => stop,
    }
}
