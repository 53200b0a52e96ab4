//! What was rolled back: it must not ship again before somebody has said so.

use serde::{Deserialize, Serialize};

use crate::core::record::{Deploying, Person, State};
use crate::core::words::CommitId;

/// A commit that an environment was rolled back from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub commit: CommitId,
    pub by: Person,
    /// When, in seconds since 1970.
    pub at: i64,
    pub reason: Option<String>,
}

impl State {
    /// What an environment was rolled back from since its last promotion, oldest first. A rollback counts from its
    /// announcement: whether it has landed is often not known before somebody deploys again.
    pub fn held(&self, environment: &str) -> Vec<Held> {
        let mut all = self.held.get(environment).cloned().unwrap_or_default();
        let open = self.deploying.as_ref();
        let open = open.filter(|open| open.environment == environment);
        if let Some(held) = open.and_then(Deploying::holds) {
            put(&mut all, held);
        }
        all
    }

    /// Takes in that an environment was rolled back from a commit.
    pub(super) fn hold(&mut self, environment: &str, held: Option<Held>) {
        if let Some(held) = held {
            put(self.held.entry(environment.to_owned()).or_default(), held);
        }
    }

    /// Takes in that something else runs there now, which has all that was held but this.
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

/// A commit is held once, for its last reason.
fn put(all: &mut Vec<Held>, held: Held) {
    all.retain(|one| one.commit != held.commit);
    all.push(held);
}
