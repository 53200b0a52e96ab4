//! The record's knowledge about an environment, and observations that it lacks.

use crate::core::record::{Event, LastDeploy, Sighting, State, Unlawful};
use crate::core::words::CommitId;

impl State {
    /// Returns the commit that an environment last ran by the record, and the time in seconds since 1970: from its last
    /// deploy or, without one, from the proposal of the open candidate.
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
        // A later proposal that saw the same commit confirms it.
        let again = proposed.filter(|(commit, _)| **commit == deploy.commit);
        let at = again.map_or(deploy.at, |(_, at)| at.max(deploy.at));
        Some((&deploy.commit, at))
    }

    /// Returns the last deploy to an environment, its commit and time, unless it was seen outside git-smp since.
    pub fn last_deploy(&self, environment: &str) -> Option<(CommitId, i64)> {
        let last = self.deploys.get(environment);
        let last = last.filter(|last| last.seen_since.is_none());
        last.map(|last| (last.commit.clone(), last.at))
    }

    /// Returns a deploy of another commit there that went on record since `earlier`. The end of a deploy that was
    /// announced in `earlier` does not count: it began before this one.
    pub fn overtaken(
        &self,
        earlier: &State,
        environment: &str,
        commit: &CommitId,
    ) -> Option<&LastDeploy> {
        let is_ours = self.deploying_to(environment, commit).is_some();
        let last = self
            .last_deploy(environment)
            .filter(|(last, _)| last != commit)?;
        let ended = earlier.unended().any(|open| open.to == last.0);
        let is_later = !is_ours && !ended && earlier.last_deploy(environment) != Some(last);
        is_later.then(|| self.deploys.get(environment)).flatten()
    }

    /// Returns since when an environment runs a commit by the record, in seconds since 1970: since its last deploy, or
    /// since a proposer saw it. `None` if unknown.
    pub fn runs_since(&self, environment: &str, commit: &CommitId) -> Option<i64> {
        let proposed = self.proposed_at(environment, commit);
        match self.deploys.get(environment) {
            Some(deploy) if deploy.commit == *commit => Some(deploy.at),
            // Another commit ran there before the proposal.
            Some(deploy) => proposed.filter(|at| *at >= deploy.at),
            None => proposed,
        }
    }

    /// Returns when the candidate was proposed there, or last fixed.
    pub fn proposed_at(&self, environment: &str, commit: &CommitId) -> Option<i64> {
        let open = self.frozen(environment)?;
        (open.commit == *commit).then(|| open.fixed_at.unwrap_or(open.at))
    }

    /// Stores an observation: the running commit differs from the record, without a deploy in progress.
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
