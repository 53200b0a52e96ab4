//! The commits that would ship, and how their reviews affect a plan and a proposal.

use std::collections::HashSet;

use crate::core::config::Policy;
use crate::core::decide::policy::refusal;
use crate::core::decide::review::{Coverage, Reviews, warnings};
use crate::core::decide::{Plan, Proposal, Step};
use crate::core::refusal::Refusal;
use crate::core::words::{Changes, Commit};

/// The merges that would ship, if the policy requires their reviews too: a merge can contain changes of its own.
#[derive(Clone, Debug, Default)]
pub struct Merges {
    pub named: Vec<Commit>,
    pub unnamed: usize,
}

/// The commits that environments, by name, lack of the commit to deploy.
pub struct Shipping<'a>(pub Vec<(&'a str, &'a Changes, Merges)>);

impl Shipping<'_> {
    /// Returns all commits without duplicates. Merges come first, because no other list names them.
    pub fn commits(&self) -> Vec<&Commit> {
        self.lacking(|_| true)
    }

    fn lacking(&self, is_named: impl Fn(&str) -> bool) -> Vec<&Commit> {
        let mut seen = HashSet::new();
        let named = self.0.iter().filter(|(name, ..)| is_named(name));
        let merges = named.clone().flat_map(|(_, _, merges)| &merges.named);
        let all = merges.chain(named.flat_map(|(_, changes, _)| &changes.ships));
        all.filter(|commit| seen.insert(&commit.id)).collect()
    }

    /// Returns the number of merges beyond the named ones.
    pub fn unnamed(&self) -> usize {
        self.0.iter().map(|(_, _, merges)| merges.unnamed).sum()
    }

    /// Returns the plan with warnings about reviews and checks.
    ///
    /// # Errors
    /// The policy's refusal. Only a push or a release is refused; waiting for an earlier push is not.
    pub fn judged(
        &self,
        mut plan: Plan,
        policy: &Policy,
        reviews: &Reviews,
    ) -> Result<Plan, Refusal> {
        let pushed = self.lacking(|name| plan.steps.iter().any(|step| step.begins(name)));
        match refusal(policy, &pushed, &plan.commit, reviews) {
            Some(refusal) if plan.steps.iter().any(Step::begins_one) => return Err(refusal),
            _ => {}
        }
        let known = warnings(&self.commits(), &plan.commit, reviews);
        plan.warnings.extend(known);
        Ok(plan)
    }

    /// Adds warnings to a proposal, also if its promotion would be refused now: the team can still test it.
    pub fn warn(&self, proposal: &mut Proposal, policy: &Policy, reviews: &Reviews) {
        let (ships, plan) = (self.commits(), &mut proposal.plan);
        plan.warnings
            .extend(warnings(&ships, &plan.commit, reviews));
        if let Some(refusal) = refusal(policy, &ships, &plan.commit, reviews) {
            let error = refusal.report.error;
            let why = match &reviews.coverage {
                Coverage::Not(why) => format!("{error}: {}", why.error),
                Coverage::Whole | Coverage::Partly(_) => error,
            };
            plan.warn(format!(
                "git smp promote would refuse this commit now: {why}"
            ));
        }
    }
}
