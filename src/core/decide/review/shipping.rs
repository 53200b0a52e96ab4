//! What would ship, and what the reviews of it are to a plan and to a proposal.

use std::collections::HashSet;

use crate::core::config::Policy;
use crate::core::decide::policy::refusal;
use crate::core::decide::review::{Coverage, Reviews, warnings};
use crate::core::decide::{Plan, Proposal, Step};
use crate::core::refusal::Refusal;
use crate::core::words::{Changes, Commit};

/// The merges that would ship, where the policy asks who reviewed those, too: files can be changed in one that are in
/// neither of its parents.
#[derive(Clone, Debug, Default)]
pub struct Merges {
    pub named: Vec<Commit>,
    pub unnamed: usize,
}

/// What some environments, by their names, lack of the commit that they are to be given.
pub struct Shipping<'a>(pub Vec<(&'a str, &'a Changes, Merges)>);

impl Shipping<'_> {
    /// All the commits, each once. Merges come first, because no list names them.
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

    /// How many merges there are beyond these.
    pub fn unnamed(&self) -> usize {
        self.0.iter().map(|(_, _, merges)| merges.unnamed).sum()
    }

    /// The plan with what a person should know of it.
    ///
    /// # Errors
    /// What the policy says against it. Only a push or a release is refused; what was pushed before is seen to its end.
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

    /// Adds to a proposal what a person should know: also that its promotion is refused as things stand, which is no
    /// reason not to test it.
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
