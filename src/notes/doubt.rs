//! That a host took a push and said that it does not deploy it, or not yet.

use serde::{Deserialize, Serialize};

use crate::core::refusal::Stop;
use crate::core::words::CommitId;
use crate::notes::Notes;

#[derive(Serialize, Deserialize)]
struct Doubt {
    commit: CommitId,
    words: String,
}

impl Notes {
    /// Keeps what the host of an environment said of a commit. Where nothing but the branch could tell otherwise, the
    /// branch is not believed as long as it stays there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_doubt(
        &self,
        environment: &str,
        commit: &CommitId,
        words: &str,
    ) -> Result<(), Stop> {
        let (commit, words) = (commit.clone(), words.to_owned());
        self.write(&name(environment), &Doubt { commit, words })
    }

    /// Forgets it: a later push was taken without such words, or a person saw it run.
    pub fn forget_doubt(&self, environment: &str) {
        // A note that stays is about one commit, and tells of nothing else.
        let _ = self.remove(&name(environment));
    }

    /// What the host said of this very commit, if it did.
    pub fn doubt(&self, environment: &str, commit: &CommitId) -> Option<String> {
        let note: Doubt = self.read(&name(environment))?;
        (note.commit == *commit).then_some(note.words)
    }
}

fn name(environment: &str) -> String {
    format!("doubt-{environment}")
}
