//! What is open on the record, and what is heard and seen of a deploy while its announcement is.

use crate::core::record::{Candidate, CheckFailed, Deploying, Doubted, Kind, State, Unlawful};
use crate::core::words::{CommitId, EventId};

impl Deploying {
    /// Whether it brings this commit there, for this reason.
    pub fn is(&self, kind: Kind, environment: &str, to: &CommitId) -> bool {
        (self.kind, self.environment.as_str(), &self.to) == (kind, environment, to)
    }
}

impl State {
    /// The open candidate, if it is this commit.
    pub fn candidate_of(&self, commit: &CommitId) -> Option<&Candidate> {
        self.candidate
            .as_ref()
            .filter(|open| open.commit == *commit)
    }

    /// The open announcement, if it brings this commit there.
    pub fn deploying_to(&self, environment: &str, commit: &CommitId) -> Option<&Deploying> {
        let open = self.deploying.as_ref();
        open.filter(|open| open.environment == environment && open.to == *commit)
    }

    pub fn announced_as(&self, intent: &EventId) -> Option<&Deploying> {
        self.deploying.as_ref().filter(|open| open.id == *intent)
    }

    /// A host's words against a push that it took: the announcement stays open, and the branch is not believed.
    pub(super) fn doubted(&mut self, intent: &EventId, words: &str) -> Result<(), Unlawful> {
        let open = self.announced_as(intent).ok_or(Unlawful::OtherDeploy)?;
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
