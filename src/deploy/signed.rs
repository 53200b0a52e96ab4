//! The events of a record that do not count, as a plan and a refusal name them.

use crate::core::record::counted;
use crate::core::refusal::{Refusal, RefusalCode};
use crate::deploy::Deploy;

/// The refusals that may be due to events that do not count.
const ABOUT_EVENTS: [RefusalCode; 4] = [
    RefusalCode::NotProposed,
    RefusalCode::NotSignedOff,
    RefusalCode::SamePerson,
    RefusalCode::CandidateMoved,
];

impl Deploy<'_> {
    /// The events that do not count, as a plan names them.
    pub fn ignored(&self) -> Vec<String> {
        let reading = self.seen.record.reading();
        reading.map_or_else(Vec::new, counted::told)
    }

    /// A refusal with the events that might have made it another one.
    pub(super) fn with_ignored(&self, refusal: Refusal) -> Refusal {
        match ABOUT_EVENTS.contains(&refusal.code) {
            true => (self.ignored().into_iter()).fold(refusal, Refusal::because),
            false => refusal,
        }
    }
}
