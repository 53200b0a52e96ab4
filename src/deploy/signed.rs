//! The events of a record that count for nothing, as a plan and a refusal name them.

use crate::core::record::counted;
use crate::core::refusal::{Refusal, RefusalCode};
use crate::deploy::Deploy;

/// The refusals that events may lie behind which count for nothing.
const ABOUT_EVENTS: [RefusalCode; 4] = [
    RefusalCode::NotProposed,
    RefusalCode::NotSignedOff,
    RefusalCode::SamePerson,
    RefusalCode::CandidateMoved,
];

impl Deploy<'_> {
    /// The events that count for nothing, as a plan names them.
    pub(super) fn ignored(&self) -> Vec<String> {
        let reading = self.seen.record.reading();
        reading.map_or_else(Vec::new, |reading| counted::told(reading.ignored()))
    }

    /// A refusal with the events that might have made it another one.
    pub(super) fn with_ignored(&self, refusal: Refusal) -> Refusal {
        match ABOUT_EVENTS.contains(&refusal.code) {
            true => (self.ignored().into_iter()).fold(refusal, Refusal::because),
            false => refusal,
        }
    }
}
