//! Which event may follow on which, and what they add up to.

use super::{
    Candidate, Deploy, Deploying, Event, EventId, Goal, Intent, Kind, Owed, SignOff, Standing, State, Unlawful, What,
};
use crate::model::CommitId;

impl State {
    /// Why nothing but a fix may be deployed to this environment; `None`: it is not frozen.
    pub fn frozen(&self, environment: &str) -> Option<&Candidate> {
        self.candidate.as_ref().filter(|candidate| candidate.environment == environment)
    }

    /// The state after one more event.
    ///
    /// # Errors
    /// When the event cannot follow; then nothing has changed.
    pub fn after(&self, event: &Event) -> Result<Self, Unlawful> {
        let mut next = self.clone();
        next.take(event)?;
        next.events = next.events.saturating_add(1);
        Ok(next)
    }

    fn take(&mut self, event: &Event) -> Result<(), Unlawful> {
        match &event.what {
            What::Proposed { .. } => self.propose(event),
            What::Judged { .. } => self.judge(event),
            What::Deploying(intent) => self.announce(event, intent),
            What::Deployed { .. } => self.deployed(event),
            What::Ended { intent, .. } => self.close(Some(intent)),
            What::Postponed { candidate, commit, intent, .. } => {
                let meant = self.candidate.as_ref().filter(|open| open.id == *candidate && open.commit == *commit);
                meant.ok_or(Unlawful::OtherCandidate)?;
                self.close(intent.as_ref())?;
                self.forget_candidate();
                Ok(())
            }
            What::Posted { about, channel } => {
                let place = self.owed.iter().position(|owed| owed.about == *about && owed.channel == *channel);
                self.owed.remove(place.ok_or(Unlawful::NotOwed)?);
                Ok(())
            }
        }
    }

    fn propose(&mut self, event: &Event) -> Result<(), Unlawful> {
        let What::Proposed { commit, environment, targets, note, channels, over } = &event.what else { return Ok(()) };
        if self.candidate.is_some() {
            return Err(Unlawful::CandidateOpen);
        }
        self.close(over.as_ref())?;
        let goal = |(environment, from): &(String, Option<CommitId>)| Goal {
            environment: environment.clone(),
            from: from.clone(),
            reached: false,
        };
        self.candidate = Some(Candidate {
            id: event.id.clone(),
            commit: commit.clone(),
            environment: environment.clone(),
            targets: targets.iter().map(goal).collect(),
            by: event.by.clone(),
            at: event.at,
            note: note.clone(),
            fixed_at: None,
            verdicts: Vec::new(),
        });
        let owed = |channel: &String| Owed { about: event.id.clone(), channel: channel.clone() };
        self.owed.extend(channels.iter().map(owed));
        Ok(())
    }

    fn judge(&mut self, event: &Event) -> Result<(), Unlawful> {
        let What::Judged { commit, of, verdict, note } = &event.what else { return Ok(()) };
        let candidate = self.candidate.as_mut().filter(|open| open.commit == *commit);
        let candidate = candidate.ok_or(Unlawful::OtherCandidate)?;
        candidate.verdicts.retain(|one| one.by != *of);
        candidate.verdicts.push(SignOff {
            by: of.clone(),
            recorded_by: event.by.clone(),
            verdict: *verdict,
            note: note.clone(),
            at: event.at,
        });
        Ok(())
    }

    fn announce(&mut self, event: &Event, intent: &Intent) -> Result<(), Unlawful> {
        self.close(intent.over.as_ref())?;
        match intent.kind {
            // What is frozen may be put back to the candidate.
            Kind::Stage if self.frozen(&intent.environment).is_some_and(|open| open.commit != intent.to) => {
                return Err(Unlawful::Frozen);
            }
            Kind::Fix => {
                let open = self.frozen(&intent.environment).ok_or(Unlawful::OtherCandidate)?;
                if Some(&open.commit) != intent.base.as_ref() {
                    return Err(Unlawful::OtherCandidate);
                }
            }
            Kind::Promote => self.may_ship(&intent.environment, &intent.to, intent.unsigned)?,
            Kind::Stage | Kind::Rollback => {}
        }
        self.deploying = Some(Deploying {
            id: event.id.clone(),
            kind: intent.kind,
            environment: intent.environment.clone(),
            from: intent.from.clone(),
            to: intent.to.clone(),
            unsigned: intent.unsigned,
            by: event.by.clone(),
            at: event.at,
        });
        Ok(())
    }

    /// Whether a commit may go to production: the candidate, without a block, with a yes unless none is needed.
    fn may_ship(&self, environment: &str, commit: &CommitId, unsigned: bool) -> Result<(), Unlawful> {
        let Some(candidate) = &self.candidate else {
            return if unsigned { Ok(()) } else { Err(Unlawful::NotSignedOff) };
        };
        if candidate.commit != *commit || candidate.goal(environment).is_none_or(|goal| goal.reached) {
            return Err(Unlawful::OtherCandidate);
        }
        match candidate.standing() {
            Standing::SignedOff => Ok(()),
            Standing::Waiting if unsigned => Ok(()),
            Standing::Waiting | Standing::Blocked => Err(Unlawful::NotSignedOff),
        }
    }

    fn deployed(&mut self, event: &Event) -> Result<(), Unlawful> {
        let What::Deployed { intent, kind, environment, from, to, unsigned, .. } = &event.what else { return Ok(()) };
        if let Some(open) = &self.deploying
            && intent.is_some()
            && (open.kind != *kind || open.environment != *environment || open.to != *to)
        {
            return Err(Unlawful::OtherDeploy);
        }
        // Who began it deployed it, whoever saw its end.
        let by = self.deploying.as_ref().map_or_else(|| event.by.clone(), |open| open.by.clone());
        self.close(intent.as_ref())?;
        match (kind, intent) {
            // What a promotion was announced for was lawful then, whatever was said since: it runs.
            (Kind::Promote, Some(_)) | (Kind::Stage | Kind::Rollback, _) => {}
            // Nor can a fact be refused that nobody announced; it bears the mark that nobody had signed it off.
            (Kind::Promote, None) if *unsigned => {}
            (Kind::Promote, None) => self.may_ship(environment, to, false)?,
            (Kind::Fix, None) => return Err(Unlawful::OtherDeploy),
            (Kind::Fix, Some(_)) => self.fixed(to, event.at),
        }
        self.left(environment, to);
        if *kind == Kind::Promote {
            self.reached(environment, to);
        }
        let deploy = Deploy { commit: to.clone(), from: from.clone(), by, at: event.at };
        self.deploys.insert(environment.clone(), deploy);
        Ok(())
    }

    fn fixed(&mut self, commit: &CommitId, at: i64) {
        if let Some(candidate) = &mut self.candidate {
            candidate.commit = commit.clone();
            candidate.fixed_at = Some(at);
            // Both were about another commit.
            candidate.verdicts.clear();
            candidate.targets.iter_mut().for_each(|goal| goal.reached = false);
        }
    }

    fn reached(&mut self, environment: &str, commit: &CommitId) {
        let Some(candidate) = self.candidate.as_mut().filter(|open| open.commit == *commit) else { return };
        for goal in candidate.targets.iter_mut().filter(|goal| goal.environment == environment) {
            goal.reached = true;
        }
        if candidate.targets.iter().all(|goal| goal.reached) {
            self.forget_candidate();
        }
    }

    /// An environment that was given something else does not run the candidate any more.
    fn left(&mut self, environment: &str, commit: &CommitId) {
        let Some(candidate) = self.candidate.as_mut().filter(|open| open.commit != *commit) else { return };
        for goal in candidate.targets.iter_mut().filter(|goal| goal.environment == environment) {
            goal.reached = false;
        }
    }

    /// A proposal that is over needs no post any more.
    fn forget_candidate(&mut self) {
        if let Some(candidate) = self.candidate.take() {
            self.owed.retain(|owed| owed.about != candidate.id);
        }
    }

    /// Closes the open intent, which must be the one that was meant; none meant, none may be open.
    fn close(&mut self, meant: Option<&EventId>) -> Result<(), Unlawful> {
        if self.deploying.as_ref().map(|open| &open.id) != meant {
            return Err(Unlawful::OtherDeploy);
        }
        self.deploying = None;
        Ok(())
    }
}
