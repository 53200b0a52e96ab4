//! When the main repository answered last: the age of an empty file.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::notes::Notes;

const NAME: &str = "record-heard";

impl Notes {
    /// Remembers that the main repository answered, for whoever reads the copy of the record later.
    pub fn heard(&self) {
        // Where it cannot be written, as in a clone that may only be read, no age is told later.
        let _ = fs::create_dir_all(&self.folder);
        let _ = fs::write(self.path(NAME), b"");
    }

    /// How long ago that was.
    pub fn heard_ago(&self) -> Option<Duration> {
        let then = fs::metadata(self.path(NAME)).ok()?.modified().ok()?;
        Some(SystemTime::now().duration_since(then).unwrap_or_default())
    }
}
