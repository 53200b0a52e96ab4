//! A note in the clone that a push is on its way, so that a run that was cut off is not doubled by the next one.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::announced;
use crate::error::{Report, Stop};
use crate::git::push::Push;
use crate::model::CommitId;

/// A build that takes longer than this is not waited for any more.
const LONGEST_BUILD: Duration = Duration::from_secs(30 * 60);

/// A push that began in this clone and was not seen to end.
pub struct InFlight {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Note {
    commit: String,
    expected: Option<String>,
}

impl InFlight {
    /// Writes the note, before the push.
    ///
    /// # Errors
    /// When it cannot be written; then nothing must be pushed.
    pub fn begin(common_dir: &Path, environment: &str, push: &Push) -> Result<Self, Stop> {
        let path = place(common_dir, environment);
        let note = Note { commit: push.commit.to_string(), expected: push.expected.as_ref().map(ToString::to_string) };
        let written =
            serde_json::to_vec(&note).map_err(std::io::Error::other).and_then(|json| announced::keep(&path, &json));
        let trouble = |error: std::io::Error| {
            let report = Report::new("nothing was pushed: the clone's own notes cannot be written");
            let report = report.because(format!("{}: {error}", path.display()));
            Stop::Failed(report.hint("make room for them, then run the same command again"))
        };
        written.map_err(trouble)?;
        Ok(Self { path })
    }

    /// Takes the note away: the push was seen to end.
    pub fn ended(self) {
        // A note that stays is outlived by its own age, and by any move of the branch.
        let _ = fs::remove_file(&self.path);
    }

    /// The commit of a push onto `expected` that may still be building, and how long ago it began; `None` if there is
    /// none.
    pub fn look(common_dir: &Path, environment: &str, expected: Option<&CommitId>) -> Option<(CommitId, Duration)> {
        let path = place(common_dir, environment);
        let note: Note = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
        let begun = fs::metadata(&path).ok()?.modified().ok()?;
        let age = SystemTime::now().duration_since(begun).unwrap_or_default();
        let open = note.expected.as_deref() == expected.map(CommitId::as_str) && age < LONGEST_BUILD;
        open.then(|| CommitId::parse(&note.commit)).flatten().map(|commit| (commit, age))
    }
}

fn place(common_dir: &Path, environment: &str) -> PathBuf {
    common_dir.join("smp").join(format!("in-flight-{environment}"))
}
