//! Events that go on the record in the same push as a branch of the main repository: both arrive, or neither does.
//! Nobody can come between what was read and what is pushed, because the record's own lease would not hold.

use std::time::Instant;

use crate::core::record::{Person, Reading, State};
use crate::core::refusal::{Refusal, Stop};
use crate::core::words::CommitId;
use crate::git::push::{Ended, RefStep};
use crate::git::record as objects;
use crate::team::recorder::append::{DECLINED, is_by_hook, wait_a_little};
use crate::team::recorder::{Decide, Recorder};

/// Events as objects that nothing points to yet.
pub struct Draft {
    /// What the record's ref is to do.
    pub step: RefStep,
    /// The state after them.
    state: State,
}

impl Recorder<'_> {
    /// Writes what is decided on top of what was just read; `None`: nothing is to be recorded.
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

    /// The record took it: it is what this clone saw last. Gives the state after it.
    pub fn took(&self, draft: Draft) -> State {
        self.notes().heard();
        // The next reader finds out if this cannot be kept here.
        let _ = objects::remember(self.repo, &draft.step.commit, draft.step.expected.as_ref());
        draft.state
    }

    /// Whether others wrote to the record since it was read for these events.
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
    /// Where the record was before the last of them, and how often it stayed there.
    before: Option<CommitId>,
    unmoved: usize,
    count: usize,
}

impl KeptBack {
    /// Takes one in, and waits before the next. Refuses where another one would be no use.
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
            // Kept back for a record where this clone sees none: it is there, and not shown.
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
