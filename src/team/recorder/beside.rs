//! Events that are recorded in the same push as a branch of the main repository: both arrive or neither. The lease of
//! the record guarantees that nothing changed since the read.

use std::time::Instant;

use crate::core::record::{Person, Reading, State};
use crate::core::refusal::{Refusal, Stop};
use crate::core::words::CommitId;
use crate::git::push::{Ended, RefStep};
use crate::git::record as objects;
use crate::team::recorder::append::{DECLINED, is_by_hook, wait_a_little};
use crate::team::recorder::{Decide, Recorder};

/// Events as unreferenced objects.
pub struct Draft {
    pub step: RefStep,
    state: State,
}

impl Recorder<'_> {
    /// Writes the decided events on top of the reading; `None` if there is nothing to record.
    pub fn draft(&self, reading: &Reading, decide: &mut Decide<'_>) -> Result<Option<Draft>, Stop> {
        let (name, email) = objects::identity(self.repo)?;
        let drafted = self.drafted(&Person::named(name, email), reading, decide)?;
        Ok(drafted.map(|(commit, state)| Draft {
            step: RefStep {
                reference: self.reference.to_owned(),
                commit,
                expected: reading.tip.clone(),
            },
            state,
        }))
    }

    /// Stores accepted events as this clone's copy. Returns the state after them.
    pub fn took(&self, draft: Draft) -> State {
        self.notes().heard();
        // If this cannot be stored, the next reader notices.
        let _ = objects::remember(self.repo, &draft.step.commit, draft.step.expected.as_ref());
        draft.state
    }

    /// Returns whether others wrote to the record since it was read for these events.
    pub fn moved_since(&self, draft: &Draft) -> bool {
        self.ask_tip().is_ok_and(|tip| tip != draft.step.expected)
    }

    pub fn has(&self, draft: &Draft) -> Result<bool, Stop> {
        let reading = self.read_now()??;
        self.holds(
            reading.tip.as_ref(),
            std::slice::from_ref(&draft.step.commit),
        )
    }
}

#[derive(Default)]
pub struct KeptBack {
    since: Option<Instant>,
    /// The tip before the last rejected push, and the number of rejections there.
    before: Option<CommitId>,
    unmoved: usize,
    count: usize,
}

impl KeptBack {
    /// Counts a rejected push, and waits before the next. Refuses if another one would not help.
    pub fn again(
        &mut self,
        recorder: &Recorder<'_>,
        draft: &Draft,
        (ended, words): (Ended, &str),
    ) -> Result<(), Refusal> {
        let since = *self.since.get_or_insert_with(Instant::now);
        let before = draft.step.expected.clone();
        self.unmoved = match self.count > 0 && self.before == before {
            true => self.unmoved + 1,
            false => 1,
        };
        self.before = before;
        self.count += 1;
        if self.unmoved >= DECLINED || is_by_hook(words) {
            // Rejected because of a record that this clone does not see: it exists and is hidden.
            if ended == Ended::Stale && self.before.is_none() {
                return Err(recorder.not_shown());
            }
            return Err(recorder.not_writable(ended, words));
        }
        if since.elapsed() > recorder.patience.busy {
            return Err(recorder.busy());
        }
        wait_a_little(self.count, since.elapsed());
        Ok(())
    }
}
