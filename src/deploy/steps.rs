//! Does a plan step by step, stops at the first that fails, and says what is done and what is not.

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
    /// Does every step in order. Gives the clone's lock, for what is still to be noted of the deploy.
    pub fn carry_out(&self, plan: &Plan) -> Result<CloneLock, Stop> {
        self.session.ui.catch_interrupts()?;
        let lock = self.notes().lock_deploys()?;
        let result = self.steps(plan);
        let mut screen = self.screen.borrow_mut();
        screen.end(self.session.ui, result.is_err());
        result.map(|()| lock)
    }

    /// Puts on record what was deployed past the tool; a dry run only says it.
    pub fn record_observed(&self, dry_run: bool) {
        let state = self.seen.state();
        observed::record(self.session, &self.look, state, self.by_others(), dry_run);
    }

    pub(super) fn timeout(&self) -> Duration {
        Duration::from_secs(self.options.timeout)
    }

    fn steps(&self, plan: &Plan) -> Result<(), Stop> {
        self.confirm_earlier(plan)?;
        let (mut done, mut begun) = (Vec::new(), None);
        for step in &plan.steps {
            let result = self.step((step, &plan.commit), &done, &mut begun);
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
                // What ran before this run is believed no sooner than what it brought itself.
                if !done.contains(&environment.as_str()) {
                    self.confirm(environment, commit)?;
                }
                self.deployed(self.target(environment)?, commit, lifts.as_deref())
            }
            // What it tells of must have happened first, and it may ask: whoever began this makes the posts.
            Step::Post { .. } | Step::Comment(_) => Ok(()),
        }
    }

    /// Pushes or releases what was announced before; an announcement that came to nothing is taken back.
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
            .look_again(target, intent.as_ref())
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

    /// What an environment was seen to run at the first look must be so for its whole span, before anything is recorded
    /// or told of it. Where one answer is enough, that was it.
    fn confirm(&self, name: &str, commit: &CommitId) -> Result<(), Stop> {
        let target = self.target(name)?;
        // A cache may have kept what it ran before an earlier run's deploy, which the wait knows.
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

    /// Notes that it was seen to run. With checks it is confirmed when they have passed.
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

    /// The same for environments that the plan leaves alone, and that this clone gave the commit without seeing it run.
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

    /// What stops a later target does not undo the ones before it.
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
