//! What the record knows of an environment, and what was seen there that it did not know.

use crate::core::record::{Event, LastDeploy, Sighting, State, Unlawful};
use crate::core::words::CommitId;

impl State {
    /// What an environment ran when the record last knew, and when that was, in seconds since 1970: its last deploy or,
    /// where none is on record, what the proposal of the open candidate saw there.
    pub fn known(&self, environment: &str) -> Option<(&CommitId, i64)> {
        let proposed = self.candidate.as_ref().and_then(|open| {
            let commit = match open.environment == environment {
                true => Some(&open.commit),
                false => open.goal(environment)?.from.as_ref(),
            };
            Some((commit?, open.at))
        });
        let Some(deploy) = self.deploys.get(environment) else {
            return proposed;
        };
        // A proposal that saw the same knows it for later.
        let again = proposed.filter(|(commit, _)| **commit == deploy.commit);
        let at = again.map_or(deploy.at, |(_, at)| at.max(deploy.at));
        Some((&deploy.commit, at))
    }

    /// Since when an environment runs a commit, in seconds since 1970, as far as the record knows: since its last deploy
    /// there was seen to run, or somebody saw it who put it forward. `None`: that is not known.
    pub fn runs_since(&self, environment: &str, commit: &CommitId) -> Option<i64> {
        let proposed = self.proposed_at(environment, commit);
        match self.deploys.get(environment) {
            Some(deploy) if deploy.commit == *commit => Some(deploy.at),
            // Something else ran there since.
            Some(deploy) => proposed.filter(|at| *at >= deploy.at),
            None => proposed,
        }
    }

    /// When a commit that is the candidate was put forward there, or deployed as a fix.
    pub fn proposed_at(&self, environment: &str, commit: &CommitId) -> Option<i64> {
        let open = self.frozen(environment)?;
        (open.commit == *commit).then(|| open.fixed_at.unwrap_or(open.at))
    }

    /// Takes in what was seen: something else than the record knew, where no deploy was on its way.
    pub(super) fn observed(&mut self, event: &Event, seen: &Sighting) -> Result<(), Unlawful> {
        let open = self.deploying.as_ref();
        if open.is_some_and(|open| open.reaches(&seen.environment)) {
            return Err(Unlawful::OtherDeploy);
        }
        let known = self.known(&seen.environment);
        if seen.from == seen.to || known.is_none_or(|(commit, _)| *commit != seen.from) {
            return Err(Unlawful::NothingNew);
        }
        let deploy = LastDeploy {
            commit: seen.to.clone(),
            from: Some(seen.from.clone()),
            by: event.by.clone(),
            at: event.at,
            seen_since: Some(seen.since),
            issue: None,
        };
        self.runs(&seen.environment, deploy);
        Ok(())
    }
}
