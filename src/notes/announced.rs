//! The announcements that this clone made last.

use std::fs;

use serde::{Deserialize, Serialize};

use crate::core::refusal::Stop;
use crate::core::words::EventId;
use crate::notes::Notes;

const NAME: &str = "announced";

/// How many are remembered: one that is open stays ours when the next run is cut off before its own is made.
const KEPT: usize = 16;

#[derive(Serialize, Deserialize)]
struct Announced {
    ids: Vec<EventId>,
}

impl Notes {
    /// Remembers an announcement before it is made, so that a run that is cut off is known as ours.
    ///
    /// # Errors
    /// When it cannot be written; then nothing must be announced.
    pub fn remember_announced(&self, id: &EventId) -> Result<(), Stop> {
        let mut ids = self.announced();
        ids.insert(0, id.clone());
        ids.truncate(KEPT);
        self.write(NAME, &Announced { ids })
    }

    /// Whether this clone made an announcement, whatever came of it.
    pub fn has_announced(&self, id: &EventId) -> bool {
        self.announced().contains(id)
    }

    fn announced(&self) -> Vec<EventId> {
        // Earlier versions wrote a name a line.
        let lines = || {
            let text = fs::read_to_string(self.path(NAME)).unwrap_or_default();
            text.lines().filter_map(EventId::parse).collect()
        };
        self.read(NAME).map_or_else(lines, |Announced { ids }| ids)
    }
}
