//! What the record knows of an environment, and what was seen there that it did not know.

use crate::core::record::{Deploy, Deploying, Event, State, Unlawful, What};
use crate::core::words::CommitId;

/// What an environment ran when the record last knew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known<'s> {
    /// The commit.
    pub commit: &'s CommitId,
    /// When it was last known to run, in seconds since 1970.
    pub at: i64,
}

impl State {
    /// What an environment ran when the record last knew: its last deploy or, where none is on record, what the
    /// proposal of the open candidate saw there.
    pub fn known(&self, environment: &str) -> Option<Known<'_>> {
        let candidate = self.candidate.as_ref();
        let tested = candidate
            .filter(|open| open.environment == environment)
            .map(|open| &open.commit);
        let goal = candidate
            .and_then(|open| open.goal(environment))
            .and_then(|goal| goal.from.as_ref());
        let proposed = tested.or(goal).zip(candidate.map(|open| open.at));
        let proposed = proposed.map(|(commit, at)| Known { commit, at });
        let Some(deploy) = self.deploys.get(environment) else {
            return proposed;
        };
        // A proposal that saw the same knows it for later.
        let again = proposed.filter(|proposed| *proposed.commit == deploy.commit);
        let at = again.map_or(deploy.at, |again| again.at.max(deploy.at));
        Some(Known {
            commit: &deploy.commit,
            at,
        })
    }

    /// Takes in what was seen: something else than the record knew, where no deploy was on its way.
    pub(super) fn observed(&mut self, event: &Event) -> Result<(), Unlawful> {
        let What::Observed {
            environment,
            from,
            to,
            since,
            ..
        } = &event.what
        else {
            return Ok(());
        };
        if self
            .deploying
            .as_ref()
            .is_some_and(|open| open.environment == *environment)
        {
            return Err(Unlawful::OtherDeploy);
        }
        if from == to
            || self
                .known(environment)
                .is_none_or(|known| known.commit != from)
        {
            return Err(Unlawful::NothingNew);
        }
        self.left(environment, to);
        self.unseen.remove(environment);
        self.doubts.remove(environment);
        let (by, commit, from) = (event.by.clone(), to.clone(), Some(from.clone()));
        let deploy = Deploy {
            commit,
            from,
            by,
            at: event.at,
            seen_since: Some(*since),
        };
        self.deploys.insert(environment.clone(), deploy);
        Ok(())
    }

    /// Takes in that an announcement was given up: what it was for may run all the same, or soon.
    pub(super) fn gave_up(&mut self, open: Option<Deploying>) {
        if let Some(open) = open {
            self.unseen.insert(open.environment, open.to);
        }
    }
}
