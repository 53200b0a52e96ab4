//! What was rolled back: it must not ship again before somebody has said so.

use serde::{Deserialize, Serialize};

use super::{Person, State};
use crate::model::CommitId;

/// A commit that an environment was rolled back from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The commit.
    pub commit: CommitId,
    /// Who rolled it back.
    pub by: Person,
    /// When, in seconds since 1970.
    pub at: i64,
    /// Why.
    pub reason: Option<String>,
}

impl State {
    /// What an environment was rolled back from since its last promotion, oldest first.
    pub fn held(&self, environment: &str) -> &[Held] {
        self.held.get(environment).map_or(&[], Vec::as_slice)
    }

    /// Takes in that an environment was rolled back from a commit.
    pub(super) fn hold(&mut self, environment: &str, held: Held) {
        let all = self.held.entry(environment.to_owned()).or_default();
        all.retain(|one| one.commit != held.commit);
        all.push(held);
    }
}
