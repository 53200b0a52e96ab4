//! What is heard and seen of a deploy while its announcement is open.

use crate::core::record::{CheckFailed, Deploying, Doubted, Kind, State, Unlawful};
use crate::core::words::{CommitId, EventId};

impl Deploying {
    /// Whether it brings this commit there, for this reason.
    pub fn is(&self, kind: Kind, environment: &str, to: &CommitId) -> bool {
        (self.kind, self.environment.as_str(), &self.to) == (kind, environment, to)
    }
}

impl State {
    /// A host's words against a push that it took: the announcement stays open, and the branch is not believed.
    pub(super) fn doubted(&mut self, intent: &EventId, words: &str) -> Result<(), Unlawful> {
        let open = self.deploying.as_ref();
        let open = open.filter(|open| open.id == *intent);
        let open = open.ok_or(Unlawful::OtherDeploy)?;
        let (commit, words) = (open.to.clone(), words.to_owned());
        let doubted = Doubted { commit, words };
        self.doubts.insert(open.environment.clone(), doubted);
        Ok(())
    }

    /// A check failed: the announcement stays open, because nobody may be told that it runs well.
    pub(super) fn check_failed(&mut self, it: &CheckFailed) -> Result<(), Unlawful> {
        let open = self.deploying.as_mut();
        match (open, &it.intent) {
            (Some(open), Some(intent)) if open.id == *intent && open.to == it.to => {
                open.failed = Some(it.why.clone());
                Ok(())
            }
            (None, None) => Ok(()),
            _ => Err(Unlawful::OtherDeploy),
        }
    }
}
