//! What is noted in the clone before a deploy begins, so that a run that is cut off is not doubled.

use crate::core::refusal::Stop;
use crate::core::words::CommitId;
use crate::deploy::Execution;
use crate::git::push::Push;
use crate::notes::{InFlight, Notes, Sent};

impl Execution<'_> {
    pub(super) fn notes(&self) -> Notes {
        Notes::of(&self.look.repo.layout().common_dir)
    }

    pub(super) fn note_push(&self, name: &str, push: &Push) -> Result<InFlight, Stop> {
        self.note(name, &push.commit, push.expected.as_ref(), None)
    }

    pub(super) fn note_release(
        &self,
        name: &str,
        commit: &CommitId,
        newest: u64,
    ) -> Result<InFlight, Stop> {
        self.note(name, commit, None, Some(newest))
    }

    fn note(
        &self,
        name: &str,
        commit: &CommitId,
        expected: Option<&CommitId>,
        newest: Option<u64>,
    ) -> Result<InFlight, Stop> {
        let sent = Sent {
            commit: commit.clone(),
            expected: expected.cloned(),
            newest,
            landed: false,
            takes_away: self.takes_away.cloned(),
        };
        self.notes().begin(name, sent)
    }
}
