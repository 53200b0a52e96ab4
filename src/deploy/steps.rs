//! Carries out a plan step by step, stops at the first failure, and says what is done and what is not.

use std::time::{Duration, Instant};

use crate::core::config::Environment;
use crate::core::decide::{Plan, Step, Target};
use crate::core::refusal::{Report, Stop};
use crate::core::words::CommitId;
use crate::deploy::doubt::Heard;
use crate::deploy::pushed::AGAIN;
use crate::deploy::recorder::{Bound, push_to};
use crate::deploy::screen::Progress;
use crate::deploy::wait::{Begun, Wait};
use crate::deploy::{Deploy, observed};
use crate::notes::{CloneLock, LastSeen};
use crate::sources::Now;

impl Deploy<'_> {
    /// Carries out all steps in order. Returns the clone's lock, for later notes about the deploy.
    pub fn carry_out(&self, plan: &Plan) -> Result<CloneLock, Stop> {
        self.session.ui.catch_interrupts()?;
        let lock = self.notes().lock_deploys()?;
        let result = self.steps(plan);
        let mut screen = self.screen.borrow_mut();
        screen.end(self.session.ui, result.is_err());
        result.map(|()| lock)
    }

    /// Records what was deployed past the tool. A dry run only says so.
    pub fn record_observed(&self, dry_run: bool) {
        let state = self.seen.state();
        observed::record(self.session, &self.look, state, self.observed(), dry_run);
    }

    pub(super) fn timeout(&self) -> Duration {
        Duration::from_secs(self.options.timeout)
    }

    fn steps(&self, plan: &Plan) -> Result<(), Stop> {
        self.confirm_earlier(plan)?;
        let (mut done, mut begun) = (Vec::new(), None);
        for (nth, step) in plan.steps.iter().enumerate() {
            let mut later = plan.steps.iter().skip(nth + 1);
            let is_last = !later.any(|step| matches!(step, Step::Record { .. }));
            let result = self.step((step, &plan.commit), is_last, &done, &mut begun);
            if let (Step::Check { environment, .. }, true) = (step, result.is_err()) {
                done.retain(|name| *name != environment);
            }
            result.map_err(|stop| self.after(&done, stop))?;
            if let Step::Await { environment, .. } | Step::Check { environment, .. } = step {
                done.push(environment.as_str());
                done.dedup();
            }
        }
        Ok(())
    }

    fn step(
        &self,
        (step, commit): (&Step, &CommitId),
        is_last: bool,
        done: &[&str],
        begun: &mut Option<Begun>,
    ) -> Result<(), Stop> {
        match step {
            Step::Push { environment, .. } | Step::Release { environment, .. } => {
                *begun = Some(self.begin(step, environment, commit)?);
                Ok(())
            }
            Step::Promote(build) => self.promote_build(step, build),
            Step::Await {
                environment,
                pushed,
                ..
            } => {
                if !pushed {
                    self.announce_return(self.target(environment)?, commit)?;
                } else if begun.is_none() {
                    *begun = Some(Begun::promoted());
                }
                self.await_live(environment, commit, begun.take())
            }
            Step::Check { environment, .. } => {
                if !done.contains(&environment.as_str()) {
                    return self.confirm(environment, commit);
                }
                self.check(environment, commit)
            }
            Step::Record { environment, lifts } => {
                // If it ran before this run, it is confirmed as strictly as a deploy of this run.
                if !done.contains(&environment.as_str()) {
                    self.confirm(environment, commit)?;
                }
                let target = self.target(environment)?;
                let tells = self.tells.as_ref().filter(|(last, _)| last == environment);
                let tells = tells.map(|(_, tells)| tells);
                let recorded = self.deployed(target, commit, (lifts.as_deref(), tells, is_last));
                recorded.map_err(|stop| self.unrecorded(target, commit, stop))
            }
            // The posts come after all steps, and may ask questions: the caller sends them.
            Step::Post { .. } | Step::Comment(_) => Ok(()),
        }
    }

    /// Announces a push or a release and makes it. Takes the announcement back if it had no effect.
    fn begin(&self, step: &Step, name: &str, commit: &CommitId) -> Result<Begun, Stop> {
        let (since, target) = (Instant::now(), self.target(name)?);
        let expected = match step {
            Step::Push { expected, .. } => expected.as_ref(),
            _ => target.observed.reference(),
        };
        let push = push_to(target.environment, commit, expected);
        let pushed = |(heard, said): (Heard, Option<Now>)| Begun {
            word: "pushed",
            since,
            is_silent: heard.is_silent(),
            doubt: heard.doubt,
            said,
        };
        if let Step::Push { .. } = step
            && let Some(arrived) = self.push_with_announcement(target, &push, step)?
        {
            return Ok(pushed(arrived));
        }
        let intent = self.announce(&Bound::of(target, &push))?;
        let begun = self
            .hear_again(intent.as_ref())
            .and_then(|()| self.look_again(target, intent.as_ref()))
            .and_then(|_| match step {
                Step::Release { .. } => self.release(target, commit, step).map(|()| Begun {
                    word: "released",
                    since,
                    doubt: None,
                    is_silent: false,
                    said: None,
                }),
                _ => self.push(target, &push, step).map(pushed),
            });
        begun.map_err(|stop| self.take_back(intent.as_ref(), stop))
    }

    pub(super) fn await_promoted(&self, name: &str, commit: &CommitId) -> Result<(), Stop> {
        self.await_live(name, commit, Some(Begun::promoted()))?;
        self.check(name, commit)
    }

    fn await_live(&self, name: &str, commit: &CommitId, begun: Option<Begun>) -> Result<(), Stop> {
        let (target, mut begun) = (self.target(name)?, begun);
        let said = begun.as_mut().and_then(|begun| begun.said.take());
        Wait {
            deploy: self,
            target,
            commit,
            begun: begun.as_ref(),
        }
        .run(said)?;
        if target.environment.check.is_empty() {
            self.watch(Progress::Live(name, commit));
        }
        Ok(())
    }

    /// Confirms for the whole span that an environment runs what the first look saw, before anything is recorded or
    /// told. If one answer is enough, the first look was that answer.
    fn confirm(&self, name: &str, commit: &CommitId) -> Result<(), Stop> {
        let target = self.target(name)?;
        // A cache may show what ran before an earlier run's deploy. `await_live` recognises that.
        let is_sure =
            target.environment.running.confirm_seconds == 0 && target.observed.cached.is_none();
        if !is_sure {
            self.await_live(name, commit, None)?;
        } else {
            self.saw(target, commit);
            if target.environment.check.is_empty() {
                self.watch(Progress::Live(name, commit));
            }
        }
        self.check(name, commit)
    }

    /// Notes that the commit was seen running. With checks, it is confirmed only when they have passed.
    pub(super) fn saw(&self, target: &Target<'_>, commit: &CommitId) {
        let Environment {
            name, url, check, ..
        } = target.environment;
        let seen = LastSeen {
            environment: name.clone(),
            url: url.clone(),
            commit: commit.clone(),
            at: self.session.when().now,
        };
        self.notes().keep_seen(vec![seen]);
        if check.is_empty() {
            self.notes().confirmed(name, commit);
        }
    }

    /// Confirms environments that the plan leaves alone, if this clone gave them the commit and has not seen it run.
    fn confirm_earlier(&self, plan: &Plan) -> Result<(), Stop> {
        for target in &self.targets {
            let name = target.environment.name.as_str();
            let mut planned = plan.steps.iter().filter_map(Step::environment);
            if planned.all(|one| one != name) && self.notes().is_unconfirmed(name, &plan.commit) {
                self.confirm(name, &plan.commit)?;
            }
        }
        Ok(())
    }

    /// The same failure to record what a deploy came to. If the deploy was announced, a step is unfinished.
    fn unrecorded(&self, target: &Target<'_>, commit: &CommitId, stop: Stop) -> Stop {
        let name = &target.environment.name;
        let mut open = self.seen.open().into_iter();
        let is_open = open.any(|open| open.is(self.kind(), name, commit));
        let is_ours = is_open || target.observed.runs() != Some(commit);
        Stop::Incomplete(match stop {
            Stop::Refused(refusal) if is_ours => refusal.report.run(AGAIN, self.command()),
            Stop::Failed(report) if is_ours => match report.hint {
                None => report.run(AGAIN, self.command()),
                Some(_) => report,
            },
            other => return other,
        })
    }

    /// Adds what was done before the failure: a failure at a later target does not undo the earlier ones.
    fn after(&self, done: &[&str], stop: Stop) -> Stop {
        if done.is_empty() {
            return stop;
        }
        let finished = format!("done before that: {}", done.join(", "));
        match stop {
            Stop::Failed(report) | Stop::Incomplete(report) => {
                Stop::Incomplete(report.because(finished))
            }
            Stop::Refused(refusal) => Stop::Incomplete(refusal.report.because(finished)),
            Stop::Unhealthy(mut it) => {
                it.report = it.report.because(finished);
                Stop::Unhealthy(it)
            }
            Stop::Declined(what) => Stop::Incomplete(
                Report::new(what)
                    .because(finished)
                    .run(AGAIN, self.command()),
            ),
            Stop::Answer | Stop::Misused(_) | Stop::PipeClosed => stop,
        }
    }
}
