//! Rolled-back commits: they must not ship again without confirmation.

use serde::{Deserialize, Serialize};

use crate::core::record::{Deploying, Person, State};
use crate::core::words::CommitId;

/// A commit that an environment was rolled back from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub commit: CommitId,
    pub by: Person,
    /// The time in seconds since 1970.
    pub at: i64,
    pub reason: Option<String>,
}

impl State {
    /// Returns the commits that an environment was rolled back from since its last promotion, oldest first. A rollback
    /// counts from its announcement: its end is often unknown until the next deploy.
    pub fn held(&self, environment: &str) -> Vec<Held> {
        let mut all = self.held.get(environment).cloned().unwrap_or_default();
        let open = self.deploying.as_ref();
        let open = open.filter(|open| open.environment == environment);
        if let Some(held) = open.and_then(Deploying::holds) {
            put(&mut all, held);
        }
        all
    }

    /// Stores a commit that an environment was rolled back from.
    pub(super) fn hold(&mut self, environment: &str, held: Option<Held>) {
        if let Some(held) = held {
            put(self.held.entry(environment.to_owned()).or_default(), held);
        }
    }

    /// Releases the held commits of an environment, apart from `still`.
    pub(super) fn let_go(&mut self, environment: &str, still: &[CommitId]) {
        if let Some(all) = self.held.get_mut(environment) {
            all.retain(|held| still.contains(&held.commit));
        }
        self.held.retain(|_, all| !all.is_empty());
    }
}

impl Deploying {
    pub(super) fn holds(&self) -> Option<Held> {
        Some(Held {
            commit: self.takes_away()?.clone(),
            by: self.by.clone(),
            at: self.at,
            reason: self.tells.as_ref()?.text.clone(),
        })
    }
}

/// Adds a held commit; a commit is held once, with its latest reason.
fn put(all: &mut Vec<Held>, held: Held) {
    all.retain(|one| one.commit != held.commit);
    all.push(held);
}
