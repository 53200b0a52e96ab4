//! What is read before a deploy: the comments, and what an environment ran.

use crate::core::decide::before::ran_before;
use crate::core::decide::{Recorded, Target};
use crate::core::record::{Kind, RecordView, State};
use crate::core::refusal::Stop;
use crate::core::words::{CommitId, EventId};
use crate::deploy::Deploy;
use crate::look::not_seen;
use crate::team::{channel, hearing};

impl Deploy<'_> {
    /// Reads the comments just before a push: somebody may have blocked the candidate since the last look.
    pub(super) fn hear_again(&self, intent: Option<&EventId>) -> Result<(), Stop> {
        let (session, config) = (self.session, self.look.config);
        let on_record = self.recorder()?.filter(|_| self.kind() == Kind::Promote);
        let Some((recorder, recorded)) = on_record.filter(|_| channel::asks(config)) else {
            return Ok(());
        };
        let mut view = recorder.known().map(Ok).map(RecordView::from);
        let view = view.get_or_insert_with(|| self.seen.record.clone());
        hearing::hear_again(session, config, view);
        let state = view.state().ok_or_else(not_seen)?;
        match intent {
            Some(intent) => self.still_allows(state, recorded, intent)?,
            None => drop(self.decide(Some(Recorded { state, ..recorded }), true, true)?),
        }
        Ok(())
    }

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
