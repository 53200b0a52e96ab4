//! Decides what a deploy does, from what is true now: facts in, steps or a refusal out. Pure.

pub mod answer;
pub mod before;
pub mod finding;
pub mod merged;
pub mod named;
pub mod next;
pub mod protection;
pub mod review;

mod chain;
mod gates;
mod held;
mod pipeline;
mod promotion;
mod proposal;
mod recorded;
mod rollback;
mod staging;
pub mod streak;
pub mod timing;

pub use gates::{branch, confirmed, first_ten, no_app, unmoved, wrong_branch};
pub use held::{Ancestry, HeldBack, Ships, reverts};
pub use pipeline::{Build, Couplings, PromotedTo};
pub use promotion::promotion;
pub use proposal::{Proposal, proposal};
pub use recorded::{BY_HAND, Recorded};
pub use rollback::{earlier, nothing_deployed, rollback};
pub use staging::{Fix, Staging, not_shipped, nothing_to_fix, staging};

use std::collections::HashMap;

use crate::core::config::{Environment, Policy};
use crate::core::decide::finding::Finding;
use crate::core::tell::ChannelKind;
use crate::core::words::{Branch, Changes, CommitId, Observed, Release, Source};

/// One environment that is to be given a commit, with everything that was found out about it.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    pub environment: &'a Environment,
    pub observed: Observed,
    /// What lies between its running commit and the one that it is to be given, when both are known.
    pub changes: Option<Changes>,
    /// Whether its branch could go there by fast-forward, when both are known.
    pub fast_forward: Option<bool>,
    /// What it was rolled back from since its last promotion, oldest first.
    pub held: Vec<HeldBack>,
    /// Commits that would disappear, each with the one that ships and makes the same change.
    pub twins: HashMap<CommitId, CommitId>,
    /// Where its source and it stand in a pipeline of their platform, if builds are promoted there.
    pub couplings: Option<Couplings>,
    /// Whether a pipeline promotion of this clone gave it the commit unrecorded: only the first target was announced.
    pub given: bool,
    /// Whether nothing shows that the commit ever ran there, though a second person is wanted for what is new.
    pub never_ran: bool,
}

impl Target<'_> {
    fn name(&self) -> &String {
        &self.environment.name
    }
}

/// What the person at the terminal, or the script, asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// `--commit`: the only commit that may ship, full or abbreviated.
    pub commit: Option<&'a str>,
    /// Whether somebody sees the plan and answers a question.
    pub somebody_looks: bool,
    /// `--again`: what was rolled back may ship once more.
    pub again: bool,
    /// `--first`: the host may make the app with the push.
    pub first: bool,
    pub now: i64,
    pub recorded: Option<Recorded<'a>>,
    /// The candidate, where a merge deploys the source and its branch has gone on since.
    pub moved_on: Option<&'a MovedOn>,
    /// What the team asks for before a promotion begins; `None`: nothing is pushed.
    pub policy: Option<&'a Policy>,
    /// `--override`: why it may begin although its time has not come.
    pub overrides: Option<&'a str>,
}

/// A candidate that is part of what its environment has by now, and what came there since.
#[derive(Debug)]
pub struct MovedOn {
    pub candidate: CommitId,
    pub since: Changes,
    /// Whether what it runs is the candidate, or contains it.
    pub is_run: bool,
}

/// One effect of a plan on its commit, in order. What is shown is what is done, because it is this value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Push {
        environment: String,
        remote: String,
        branch: String,
        /// Where the branch must still be; `None`: it must not exist yet.
        expected: Option<CommitId>,
    },
    /// Let the platform release once more what it has built of the commit before.
    Release {
        environment: String,
        platform: &'static str,
        former: Release,
        /// Whether that is to come back as it was, with its config vars.
        back: bool,
        /// The number of the newest release before it.
        newest: u64,
    },
    /// Let the platform give environments the very build that another one runs, all in one call.
    Promote(Build),
    Await {
        environment: String,
        /// What shows it, up to the commit: an address for people, or the branch.
        witness: String,
        /// Whether a push or a release of this plan comes before it.
        pushed: bool,
    },
    /// Ask the pages that must answer well before anybody is told.
    Check {
        environment: String,
        pages: Vec<String>,
    },
    /// Put it on the shared record that the environment runs the commit.
    Record {
        environment: String,
        /// Where that lifts the freeze, if anywhere.
        lifts: Option<String>,
    },
    Post {
        channel: String,
        kind: ChannelKind,
        /// Whether this clone has what it takes to send it; if not, the text is printed.
        from_here: bool,
    },
    /// Tell the issue at this address.
    Comment(String),
}

impl Step {
    pub fn environment(&self) -> Option<&str> {
        match self {
            Self::Push { environment, .. }
            | Self::Release { environment, .. }
            | Self::Await { environment, .. }
            | Self::Check { environment, .. }
            | Self::Record { environment, .. } => Some(environment),
            Self::Promote(build) => Some(&build.targets.first()?.environment),
            Self::Post { .. } | Self::Comment(_) => None,
        }
    }

    /// Whether it begins a push or a release.
    pub fn begins_one(&self) -> bool {
        self.environment().is_some_and(|name| self.begins(name))
    }

    /// Whether it begins a push or a release there.
    pub fn begins(&self, name: &str) -> bool {
        match self {
            Self::Push { environment, .. } | Self::Release { environment, .. } => {
                environment == name
            }
            Self::Promote(build) => build.targets.iter().any(|to| to.environment == name),
            Self::Await { .. }
            | Self::Check { .. }
            | Self::Record { .. }
            | Self::Post { .. }
            | Self::Comment(_) => false,
        }
    }

    /// Whether it changes, or waits for, what an environment runs, and does not only tell of it.
    pub fn deploys(&self) -> bool {
        !matches!(
            self,
            Self::Check { .. } | Self::Record { .. } | Self::Post { .. } | Self::Comment(_)
        )
    }
}

/// A deploy that may go ahead. Without steps there is nothing to do, which is a good end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub commit: CommitId,
    pub steps: Vec<Step>,
    /// What a person should know before saying yes.
    pub warnings: Vec<String>,
    /// What a person must say yes to before they are asked for all of it.
    pub consents: Vec<Consent>,
    /// The files among what ships that the team wants to be named.
    pub watched: Vec<String>,
    /// Why it may begin although its time has not come.
    pub overrides: Option<String>,
}

/// Something that a person must say yes to by itself, because it is not to be had from any witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    pub story: String,
    pub question: &'static str,
    /// The environment whose host is not to be doubted any more after a yes.
    pub confirms: Option<String>,
}

impl Plan {
    fn of(commit: &CommitId) -> Self {
        let (steps, warnings, consents, watched) = Default::default();
        Self {
            commit: commit.clone(),
            steps,
            warnings,
            consents,
            watched,
            overrides: None,
        }
    }

    fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }

    fn ask(&mut self, story: String, question: &'static str) {
        self.consents.push(Consent {
            story,
            question,
            confirms: None,
        });
    }

    /// Brings an environment to the commit by a push; where its branch is there already, only waits.
    fn push(&mut self, target: &Target<'_>, branch: &Branch) {
        let (expected, there) = (branch.commit().cloned(), target.environment);
        let pushed = expected.as_ref() != Some(&self.commit);
        if pushed {
            self.steps.push(Step::Push {
                environment: there.name.clone(),
                remote: there.remote.clone(),
                branch: there.branch.clone(),
                expected,
            });
        }
        self.wait(target, pushed);
    }

    /// Brings an environment to the commit by a release of what its platform has built before.
    fn release(&mut self, target: &Target<'_>, former: &Release, back: bool) {
        let platform = target.observed.platform.as_ref();
        let newest = finding::newest(&target.observed);
        self.steps.push(Step::Release {
            environment: target.name().clone(),
            platform: platform.map_or("its platform", |platform| platform.name),
            former: former.clone(),
            back,
            newest: newest.map_or(0, |release| release.version),
        });
        self.wait(target, true);
    }

    /// The branch is there already: what the platform has built is released again, where that can be, or waited for.
    fn release_again(&mut self, target: &Target<'_>) {
        if let Some(former) = built_before(target, &self.commit) {
            return self.release(target, former, false);
        }
        match Finding::of(&target.observed) {
            Some(Finding::ReleasePending | Finding::Deploying) => self.warn(format!(
                "a release on {} is already in progress: nothing is pushed",
                target.name()
            )),
            _ => not_pushed(self, target),
        }
        self.wait(target, false);
    }

    fn wait(&mut self, target: &Target<'_>, pushed: bool) {
        let there = target.environment;
        let witness = match target.observed.source {
            Source::Ref => format!("{} on {} is at", there.branch, there.remote),
            Source::Page | Source::Api => {
                format!("{} reports", there.site.as_ref().unwrap_or(&there.name))
            }
        };
        self.steps.push(Step::Await {
            environment: there.name.clone(),
            witness,
            pushed,
        });
        self.check(target);
    }

    /// Asks the pages of an environment, where it has some, once.
    fn check(&mut self, target: &Target<'_>) {
        let (name, checks) = (target.name(), &target.environment.check);
        let mut steps = self.steps.iter();
        let is_there = steps
            .any(|step| matches!(step, Step::Check { environment, .. } if environment == name));
        if !checks.is_empty() && !is_there {
            self.steps.push(Step::Check {
                environment: name.clone(),
                pages: checks.iter().map(|one| one.page.clone()).collect(),
            });
        }
    }

    fn record(&mut self, target: &Target<'_>, lifts: Option<String>) {
        // An earlier run may not have come so far, or a check failed.
        self.check(target);
        self.steps.push(Step::Record {
            environment: target.name().clone(),
            lifts,
        });
    }
}

/// The release that can bring a commit back which the branch has and the environment does not run.
fn built_before<'t>(target: &'t Target<'_>, commit: &CommitId) -> Option<&'t Release> {
    let found = Finding::of(&target.observed)?;
    let back = matches!(found, Finding::RolledBack | Finding::ReleaseFailed);
    finding::release_of(&target.observed, commit).filter(|_| back)
}

/// Says that a branch is at the commit already, although that does not run.
fn not_pushed(plan: &mut Plan, target: &Target<'_>) {
    let (name, observed) = (target.name(), &target.observed);
    let there = format!("the branch of {name} is already at {}", plan.commit.short());
    match (observed.cached, &observed.running) {
        (Some(cached), _) if finding::is_cached(observed) => plan.warn(format!(
            "{there}, and its page is {cached}: nothing is pushed or released. To see what runs, purge the page from the cache, or exclude it from caching"
        )),
        (_, Err(refusal)) => plan.warn(format!(
            "{there}, but it is unknown whether that commit runs ({}): nothing is pushed",
            refusal.report.error
        )),
        _ => {
            plan.warn(format!(
                "{there}, but {name} does not run it: nothing is pushed. If no deploy is in progress there, the last one failed or was rolled back: release it again on the platform"
            ));
            released_again(plan, target);
        }
    }
}

/// Names the command of its platform that releases again what it has built, on a line of its own.
fn released_again(plan: &mut Plan, target: &Target<'_>) {
    if let Some(platform) = &target.observed.platform {
        let (name, again) = (platform.name, &platform.again);
        plan.warn(format!("to release it again on {name}: {again}"));
    }
}

#[cfg(test)]
mod tests;
