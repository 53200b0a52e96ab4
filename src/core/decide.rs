//! Decides what a deploy does from the observed state: facts in, steps or a refusal out. Pure.

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
mod policy;
mod promotion;
mod proposal;
mod recorded;
mod rollback;
mod staging;
pub mod streak;
pub mod timing;
pub mod unrecorded;

pub use gates::{branch, confirmed, first_ten, no_app, some_of, unmoved, wrong_branch};
pub use held::{HeldBack, Ships};
pub use pipeline::{Build, Couplings, PromotedTo};
pub use promotion::promotion;
pub use proposal::{Proposal, proposal};
pub use recorded::{BY_HAND, Recorded};
pub use rollback::{earlier, nothing_deployed, rollback};
pub use staging::{Fix, Staging, not_shipped, nothing_to_fix, staging};

use std::collections::HashMap;

use crate::core::config::{Environment, Policy};
use crate::core::decide::finding::{Aspect, Finding, Risk};
use crate::core::record::State;
use crate::core::words::{Branch, Changes, CommitId, Observed, Release, Source};

/// An environment that a deploy brings to a commit, with everything that was observed about it.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    pub environment: &'a Environment,
    pub observed: Observed,
    /// The commits between its running commit and the commit to deploy, if both are known.
    pub changes: Option<Changes>,
    /// True if its branch can be fast-forwarded to the commit; `None` if that is unknown.
    pub fast_forward: Option<bool>,
    /// The commits that it was rolled back from since its last promotion, oldest first.
    pub held: Vec<HeldBack>,
    /// Commits that would disappear, each with the shipping commit that makes the same change.
    pub twins: HashMap<CommitId, CommitId>,
    /// The places of its source and of itself in a pipeline of their platform, if builds are promoted there.
    pub couplings: Option<Couplings>,
    /// True if nothing shows that the commit ever ran there and the policy wants a second person for new commits.
    pub never_ran: bool,
}

impl Target<'_> {
    fn name(&self) -> &String {
        &self.environment.name
    }
}

/// The options of the command that the person or the script gave.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// `--commit`: the only commit that may ship, full or abbreviated.
    pub commit: Option<&'a str>,
    /// True if a person sees the plan and answers a question.
    pub somebody_looks: bool,
    /// `--again`: a commit that was rolled back may ship again.
    pub again: bool,
    /// `--first`: the push may create the app, or the branch in the main repository.
    pub first: bool,
    pub now: i64,
    pub recorded: Option<Recorded<'a>>,
    /// The candidate, if merges deploy the source and its branch has moved on since the proposal.
    pub moved_on: Option<&'a MovedOn>,
    /// The team's rules for the start of a promotion; `None` for a plan that pushes nothing.
    pub policy: Option<&'a Policy>,
    /// `--override`: the reason to promote outside the allowed time.
    pub overrides: Option<&'a str>,
}

impl<'a> Asked<'a> {
    fn state(&self) -> Option<&'a State> {
        self.recorded.map(|recorded| recorded.state)
    }
}

/// A candidate that its environment's branch contains, and the commits that came after it.
#[derive(Debug)]
pub struct MovedOn {
    pub candidate: CommitId,
    pub since: Changes,
    /// True if the running commit is the candidate or contains it.
    pub is_run: bool,
}

/// One effect of a plan on its commit, in order. Each step is shown and executed from this same value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Push {
        environment: String,
        remote: String,
        branch: String,
        /// The commit that the branch must still have; `None` if the branch must not exist yet.
        expected: Option<CommitId>,
    },
    /// The platform releases again its earlier build of the commit.
    Release {
        environment: String,
        platform: &'static str,
        former: Release,
        /// True for the platform's own rollback, which restores the config vars too.
        back: bool,
        /// The number of the newest release before this step.
        newest: u64,
    },
    /// The platform gives other environments the build that one environment runs, in one call.
    Promote(Build),
    Await {
        environment: String,
        /// The source of the running commit: an address for people, or the branch.
        witness: String,
        /// True if a push or a release of this plan comes before this step.
        pushed: bool,
    },
    /// Asks the pages that must pass before anybody is notified.
    Check {
        environment: String,
        pages: Vec<String>,
    },
    /// Records that the environment runs the commit.
    Record {
        environment: String,
        /// The environment whose freeze this event lifts, if any.
        lifts: Option<String>,
    },
    Post {
        channel: String,
        /// " (1f13dc69, by Ada)" for the post of an earlier deploy.
        of: String,
        /// True if its text is printed for pasting.
        is_printed: bool,
        /// True if this clone has the secret to send the post; otherwise the text is printed.
        from_here: bool,
    },
    /// Comments on the issue at this address.
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

    /// Returns whether the step begins a push or a release.
    pub fn begins_one(&self) -> bool {
        self.environment().is_some_and(|name| self.begins(name))
    }

    /// Returns whether the step begins a push or a release in this environment.
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

    /// Returns whether the step changes what an environment runs, or waits for that change.
    pub fn deploys(&self) -> bool {
        !matches!(
            self,
            Self::Check { .. } | Self::Record { .. } | Self::Post { .. } | Self::Comment(_)
        )
    }
}

/// A deploy that may go ahead. Without steps there is nothing to do, which is a success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub commit: CommitId,
    pub steps: Vec<Step>,
    /// Facts that a person should know before they confirm.
    pub warnings: Vec<String>,
    /// Questions that a person must confirm one by one before the question about the whole plan.
    pub consents: Vec<Consent>,
    /// The files that ship and match `policy.watch`.
    pub watched: Vec<String>,
    /// The reason to promote outside the allowed time.
    pub overrides: Option<String>,
}

/// A question that a person must confirm by itself, because no source of the running commit answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    pub story: String,
    pub question: &'static str,
    /// The environment whose deploy counts as confirmed after a yes.
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

    /// Deploys to an environment by a push; only waits if its branch already has the commit.
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

    /// Deploys to an environment by a release of an earlier build of its platform.
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

    /// Releases the platform's build again, or waits: the branch already has the commit.
    fn release_again(&mut self, target: &Target<'_>) {
        if let Some(former) = built_before(target, &self.commit) {
            return self.release(target, former, false);
        }
        match Finding::of(&target.observed).map(Finding::risk) {
            Some(Risk::Race) => self.warn(format!(
                "a release on {} is already in progress: nothing is pushed there",
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

    /// Adds one step that asks the check pages of an environment, if it has any.
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
        // An earlier run may have ended before the checks, or a check failed.
        self.check(target);
        self.steps.push(Step::Record {
            environment: target.name().clone(),
            lifts,
        });
    }
}

/// Returns the release that brings back a commit which the branch has and the environment does not run.
fn built_before<'t>(target: &'t Target<'_>, commit: &CommitId) -> Option<&'t Release> {
    let found = Finding::of(&target.observed)?;
    finding::release_of(&target.observed, commit).filter(|_| found.is(Aspect::Built))
}

/// Warns that the branch already has the commit although the environment does not run it.
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

/// Warns with the platform's command that releases the build again, on its own line.
fn released_again(plan: &mut Plan, target: &Target<'_>) {
    if let Some(platform) = &target.observed.platform {
        let (name, again) = (platform.name, &platform.again);
        plan.warn(format!("to release it again on {name}: {again}"));
    }
}

#[cfg(test)]
mod tests;
