//! A note in the clone that a host took a push and said that it does not deploy it, or not yet. Where nothing but the
//! branch could tell otherwise, the branch is not believed as long as it stays there.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::announced;
use crate::error::{Report, Stop};
use crate::model::CommitId;

#[derive(Serialize, Deserialize)]
struct Note {
    commit: CommitId,
    words: String,
}

/// Keeps what the host said of a commit.
///
/// # Errors
/// When it cannot be written.
pub fn keep(
    common_dir: &Path,
    environment: &str,
    commit: &CommitId,
    words: &str,
) -> Result<(), Stop> {
    let note = Note {
        commit: commit.clone(),
        words: words.to_owned(),
    };
    let path = place(common_dir, environment);
    let kept = serde_json::to_vec(&note).map_err(std::io::Error::other);
    kept.and_then(|json| announced::keep(&path, &json))
        .map_err(|error| {
            let report = Report::new("the clone's own notes cannot be written");
            Stop::Failed(
                report
                    .because(format!("{}: {error}", path.display()))
                    .hint("make room for them"),
            )
        })
}

/// Forgets it: a later push was taken without such words, or a person saw it run.
pub fn forget(common_dir: &Path, environment: &str) {
    // A note that stays is about one commit, and tells of nothing else.
    let _ = fs::remove_file(place(common_dir, environment));
}

/// What the host said of this very commit, if it did.
pub fn look(common_dir: &Path, environment: &str, commit: &CommitId) -> Option<String> {
    let note: Note =
        serde_json::from_slice(&fs::read(place(common_dir, environment)).ok()?).ok()?;
    (note.commit == *commit).then_some(note.words)
}

fn place(common_dir: &Path, environment: &str) -> PathBuf {
    common_dir.join("smp").join(format!("doubt-{environment}"))
}
