//! A push or a release of this clone that was not seen to end: a second one would be a second build.

use std::thread;
use std::time::{Duration, Instant};

use crate::core::decide::finding::newest;
use crate::core::decide::{Plan, Step, Target};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::text::ago;
use crate::core::words::CommitId;
use crate::deploy::Deploy;

struct Earlier<'a> {
    name: &'a str,
    commit: CommitId,
    age: Duration,
    is_push: bool,
}

impl Earlier<'_> {
    /// What began, what may become of it, and what a second one would be.
    fn words(&self) -> (String, &'static str, &'static str) {
        let (name, short) = (self.name, self.commit.short());
        let when = ago(i64::try_from(self.age.as_secs()).unwrap_or(0), 0);
        let (began, may_be, second) = if self.is_push {
            (
                format!("a push of {short} to {name} began {when} from this clone"),
                "the host may still be building it",
                "a second push would start a second build",
            )
        } else {
            (
                format!("a release of {short} on {name} was asked for {when} from this clone"),
                "the platform may still make it",
                "asking again would make a second one",
            )
        };
        let story = format!("{began} and was not seen to end");
        (story, may_be, second)
    }
}

impl Deploy<'_> {
    /// A push that still builds and a release that still comes are in each other's way, too.
    fn earlier(&self) -> impl Iterator<Item = Earlier<'_>> {
        self.targets
            .iter()
            .flat_map(|target| self.earlier_to(target))
    }

    fn earlier_to<'t>(&self, target: &'t Target<'_>) -> impl Iterator<Item = Earlier<'t>> {
        let (name, notes) = (target.environment.name.as_str(), self.notes());
        let pushed = notes.pushing(name, target.observed.reference());
        let newest = newest(&target.observed);
        let released = newest.and_then(|newest| notes.releasing(name, newest.version));
        let found = [(pushed, true), (released, false)].into_iter();
        found.filter_map(move |(found, is_push)| {
            let (commit, age) = found?;
            Some(Earlier {
                name,
                commit,
                age,
                is_push,
            })
        })
    }

    /// Adds what an earlier push means for this one. Where another commit is on its way, this one may run now and not for
    /// long: that is never "nothing to do".
    ///
    /// # Errors
    /// `push-in-flight` or, of another commit, `deploying`, where nobody looks.
    pub(super) fn warn_of_earlier(&self, plan: &mut Plan) -> Result<(), Refusal> {
        for earlier in self.earlier() {
            let is_same = earlier.commit == plan.commit;
            let begins = plan.steps.iter().any(|step| {
                let begins = matches!(step, Step::Push { .. } | Step::Release { .. });
                begins && step.environment() == Some(earlier.name)
            });
            if is_same && !begins {
                continue;
            }
            let (story, may_be, second) = earlier.words();
            if begins && self.somebody_looks() {
                plan.warnings
                    .push(format!("{story}: {may_be}, and {second}"));
                continue;
            }
            let (report, command) = (Report::new(story), self.command());
            let report = if begins {
                report.because(format!("{may_be}, and {second}")).hint(format!(
                    "wait for it: git smp status; or say yes in a terminal, without --yes: {command}"
                ))
            } else {
                let (name, short) = (earlier.name, plan.commit.short());
                report
                    .because(may_be)
                    .because(format!("{name} runs {short} now, and maybe not for long"))
                    .hint(format!("wait for it: git smp status; then: {command}"))
            };
            return Err(report.refused(match is_same {
                true => RefusalCode::PushInFlight,
                false => RefusalCode::Deploying,
            }));
        }
        Ok(())
    }

    /// Whether an earlier push of this clone to one of these environments is all that is in the way.
    fn is_in_flight(&self, planned: &Result<Plan, Refusal>) -> bool {
        planned.as_ref().is_err_and(|refusal| match refusal.code {
            RefusalCode::PushInFlight => true,
            RefusalCode::Deploying => self.earlier().next().is_some(),
            _ => false,
        })
    }

    fn planned(self) -> Result<(Self, Result<Plan, Refusal>), Stop> {
        match self.plan() {
            Ok(plan) => Ok((self, Ok(plan))),
            Err(Stop::Refused(refusal)) => Ok((self, Err(refusal))),
            Err(stop) => Err(stop),
        }
    }
}

/// Looks and plans. Where nobody is asked, it looks until an earlier push, which was cut off from us, came to something.
///
/// # Errors
/// When that takes longer than the timeout, or looking fails.
pub fn looked<'a>(
    look: impl Fn() -> Result<Deploy<'a>, Stop>,
) -> Result<(Deploy<'a>, Result<Plan, Refusal>), Stop> {
    let (mut deploy, mut planned) = look()?.planned()?;
    let options = deploy.options;
    if !options.yes || options.dry_run || !deploy.is_in_flight(&planned) {
        return Ok((deploy, planned));
    }
    let (begun, ui) = (Instant::now(), deploy.session.ui);
    let progress = ui.progress();
    ui.note("a deploy from this clone began before and was not seen to end; waiting for what it comes to");
    loop {
        thread::sleep(Duration::from_secs(1));
        (deploy, planned) = look()?.planned()?;
        let seconds = begun.elapsed().as_secs();
        match planned {
            Err(refusal) if deploy.is_in_flight(&Err(refusal.clone())) => {
                if seconds >= options.deploying.timeout {
                    return Err(Stop::Incomplete(refusal.report));
                }
                progress.show(&format!("waiting for the earlier deploy, {seconds} s"));
            }
            planned => {
                progress.clear();
                return Ok((deploy, planned));
            }
        }
    }
}
