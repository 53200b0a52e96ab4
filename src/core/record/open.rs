//! What is open on the record, and what is heard and seen of a deploy while its announcement is.

use crate::core::record::{
    Candidate, CheckFailed, Deploying, Doubted, Event, Kind, News, Notice, Overridden, State,
    Unlawful,
};
use crate::core::text::ago;
use crate::core::words::{CommitId, EventId};

impl Deploying {
    /// Whether it brings this commit there, for this reason.
    pub fn is(&self, kind: Kind, environment: &str, to: &CommitId) -> bool {
        (self.kind, self.environment.as_str(), &self.to) == (kind, environment, to)
    }

    /// "Ada Example began to promote 1f13dc69 to production 5 minutes ago".
    pub fn story(&self, now: i64) -> String {
        let (what, place) = match self.kind {
            Kind::Stage => ("deploy", "to"),
            Kind::Fix => ("deploy the fix", "to"),
            Kind::Promote => ("promote", "to"),
            Kind::Rollback => ("roll back to", "on"),
        };
        let (by, commit, environment) = (&self.by.name, self.to.short(), &self.environment);
        let when = ago(now, self.at);
        format!("{by} began to {what} {commit} {place} {environment} {when}")
    }
}

impl State {
    /// The open candidate, if it is this commit.
    pub fn candidate_of(&self, commit: &CommitId) -> Option<&Candidate> {
        self.candidate
            .as_ref()
            .filter(|open| open.commit == *commit)
    }

    /// Where the candidate runs by a promotion: a fix of it comes too late, because what was proposed is there.
    pub fn shipped(&self) -> Option<&str> {
        let candidate = self.candidate.as_ref()?;
        let failed = self.failed_promotion().map(|open| &open.environment);
        let mut reached = candidate.targets.iter().filter(|goal| goal.reached);
        let name = failed.or_else(|| reached.next().map(|goal| &goal.environment));
        name.map(String::as_str)
    }

    /// The promotion of the candidate that is open because a check failed.
    pub fn failed_promotion(&self) -> Option<&Deploying> {
        let open = self.deploying.as_ref();
        open.filter(|open| {
            let is_it = open.kind == Kind::Promote && self.candidate_of(&open.to).is_some();
            is_it && open.failed.is_some()
        })
    }

    /// The open announcement, if it brings this commit there.
    pub fn deploying_to(&self, environment: &str, commit: &CommitId) -> Option<&Deploying> {
        let open = self.deploying.as_ref();
        open.filter(|open| open.environment == environment && open.to == *commit)
    }

    /// The open announcement, if it has this name.
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
    pub(super) fn check_failed(&mut self, event: &Event, it: &CheckFailed) -> Result<(), Unlawful> {
        let by = match (self.deploying.as_mut(), &it.intent) {
            (Some(open), Some(intent)) if open.id == *intent && open.to == it.to => {
                open.failed = Some(it.why.clone());
                &open.by
            }
            (None, None) => &event.by,
            _ => return Err(Unlawful::OtherDeploy),
        };
        if let (Some(tells), Some(reason)) = (&it.tells, &it.overrides) {
            let (by, reason) = (by.name.clone(), reason.clone());
            let news = News::Released {
                summary: None,
                overridden: Some(Overridden { by, reason }),
            };
            let place = (it.environment.as_str(), &it.to);
            self.pending.extend(tells.channels.iter().map(|channel| {
                Notice::of_deploy(event.id.clone(), channel, tells, place, news.clone())
            }));
        }
        Ok(())
    }
}
