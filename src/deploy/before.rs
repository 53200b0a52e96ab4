//! What an environment ran before a deploy.

use crate::core::decide::Target;
use crate::core::decide::before::ran_before;
use crate::core::record::{Kind, State};
use crate::core::words::CommitId;
use crate::deploy::Deploy;

impl Deploy<'_> {
    /// Returns what ran before the commit, from the best source that knows.
    pub(super) fn came_from(
        &self,
        state: Option<&State>,
        target: &Target<'_>,
        commit: &CommitId,
    ) -> Option<CommitId> {
        let name = &target.environment.name;
        let seen = target.observed.runs().filter(|runs| *runs != commit);
        let seen = seen.map(|runs| match (self.kind(), state) {
            (Kind::Promote, Some(state)) => state.counted_from(runs, name),
            _ => runs,
        });
        let from = seen.or_else(|| self.rolled_back(name));
        let from = from.or_else(|| ran_before(target, commit, state)).cloned();
        let from = from.or_else(|| self.notes().pushed_onto(name, commit));
        from.filter(|from| from != commit)
    }

    /// Returns what ran before an interrupted rollback. The branch in its announcement may differ from that.
    fn rolled_back(&self, name: &str) -> Option<&CommitId> {
        let tells = self.tells.as_ref().map(|(_, tells)| tells);
        let mut targets = tells
            .filter(|_| self.kind() == Kind::Rollback)?
            .targets
            .iter();
        targets.find(|(target, _)| target == name)?.1.as_ref()
    }
}
