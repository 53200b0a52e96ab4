//! The sign-offs of what is deployed.

use crate::core::record::{Deploying, State, Verdict};
use crate::core::words::CommitId;

impl State {
    /// Returns who signed off a commit: the candidate, or one that was announced while it was the candidate.
    pub fn passes(&self, commit: &CommitId, open: Option<&Deploying>) -> Vec<String> {
        match (self.candidate_of(commit), open) {
            (Some(candidate), _) => {
                let passes = candidate.who_said(Verdict::Pass);
                passes.map(|one| one.by.clone()).collect()
            }
            (None, Some(open)) => open.signed_off_by.clone(),
            (None, None) => Vec::new(),
        }
    }
}
