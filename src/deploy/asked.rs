//! The issue that asks for a verdict, if the plan has news for it.

use crate::core::decide::{Plan, Step};
use crate::core::record::{Issue, Kind, State};
use crate::deploy::Deploy;
use crate::team::channel;

impl Deploy<'_> {
    /// Returns the step that comments on the issue, if one asks about what is deployed or taken back.
    pub(super) fn comment(&self, plan: &Plan) -> Option<Step> {
        let state = self.seen.state()?;
        let records = plan
            .steps
            .iter()
            .any(|step| matches!(step, Step::Record { .. }));
        let issue = self.issue(state, plan).filter(|_| records)?;
        channel::asks(self.look.config).then(|| Step::Comment(issue.address.clone()))
    }

    fn issue<'s>(&self, state: &'s State, plan: &Plan) -> Option<&'s Issue> {
        match self.kind() {
            Kind::Stage => None,
            Kind::Fix => state.candidate.as_ref()?.issue(),
            Kind::Promote => state.candidate_of(&plan.commit)?.issue(),
            Kind::Rollback => state.asked_in(self.name(), self.takes_away.as_ref()?),
        }
    }
}
