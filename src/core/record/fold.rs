//! Which event may follow on which, and what they add up to.

use crate::core::record::{
    Candidate, Deploy, Deploying, Doubted, Event, Goal, Held, Intent, Kind, News, Owed, Sending,
    SignOff, Standing, State, Telling, Unlawful, Verdict, What,
};
use crate::core::words::CommitId;
use crate::core::words::EventId;

impl State {
    /// Why nothing but a fix may be deployed to this environment; `None`: it is not frozen.
    pub fn frozen(&self, environment: &str) -> Option<&Candidate> {
        self.candidate
            .as_ref()
            .filter(|candidate| candidate.environment == environment)
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

    /// Whether this post is still owed in the way that an event about it means.
    pub fn owes(&self, what: &What) -> bool {
        let mut copy = self.clone();
        match what {
            What::Posting {
                about,
                channel,
                over,
            } => copy
                .attempted(Some((about, channel)), over.as_ref())
                .is_ok(),
            What::Unposted { attempt, .. } => copy.attempted(None, Some(attempt)).is_ok(),
            What::Posted {
                about,
                channel,
                attempt,
                ..
            } => copy
                .attempted(Some((about, channel)), attempt.as_ref())
                .is_ok(),
            _ => false,
        }
    }

    fn take(&mut self, event: &Event) -> Result<(), Unlawful> {
        match &event.what {
            What::Begun if self.events == 0 => Ok(()),
            What::Begun => Err(Unlawful::Begun),
            What::Proposed { .. } => self.propose(event),
            What::Judged { .. } => self.judge(event),
            What::Deploying(intent) => self.announce(event, intent),
            What::Deployed { .. } => self.deployed(event),
            What::Observed { .. } => self.observed(event),
            What::Doubted { intent, words } => self.doubt(intent, words),
            // What came to nothing took nothing away, so nothing of it is held.
            What::Ended { intent, .. } => self.close(Some(intent)).map(drop),
            What::Postponed { .. } => self.postpone(event),
            What::Posting {
                about,
                channel,
                over,
            } => {
                let place = self.attempted(Some((about, channel)), over.as_ref())?;
                place.sending = Some(Sending {
                    id: event.id.clone(),
                    by: event.by.clone(),
                    at: event.at,
                });
                Ok(())
            }
            What::Unposted { attempt, .. } => {
                self.attempted(None, Some(attempt))?.sending = None;
                Ok(())
            }
            What::Posted {
                about,
                channel,
                attempt,
                ..
            } => {
                let told = self
                    .attempted(Some((about, channel)), attempt.as_ref())?
                    .clone();
                let place = self
                    .owed
                    .iter()
                    .position(|owed| *owed == told)
                    .ok_or(Unlawful::NotOwed)?;
                self.owed.remove(place);
                Ok(())
            }
        }
    }

    fn propose(&mut self, event: &Event) -> Result<(), Unlawful> {
        let What::Proposed {
            commit,
            environment,
            targets,
            note,
            date,
            channels,
            over,
        } = &event.what
        else {
            return Ok(());
        };
        if self.candidate.is_some() {
            return Err(Unlawful::CandidateOpen);
        }
        self.supersede(over.as_ref())?;
        // Whoever puts it forward says that it runs.
        self.doubts.remove(environment);
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
            date: date.clone(),
            note: note.clone(),
            fixed_at: None,
            verdicts: Vec::new(),
            elsewhere: false,
        });
        let news = News::Proposed { note: note.clone() };
        self.owe(self.candidate.clone().as_ref(), event, channels, &news);
        Ok(())
    }

    fn judge(&mut self, event: &Event) -> Result<(), Unlawful> {
        let What::Judged {
            commit,
            of,
            verdict,
            note,
            channels,
        } = &event.what
        else {
            return Ok(());
        };
        let candidate = self
            .candidate
            .as_mut()
            .filter(|open| open.commit == *commit);
        let candidate = candidate.ok_or(Unlawful::OtherCandidate)?;
        candidate.verdicts.retain(|one| one.by != *of);
        candidate.verdicts.push(SignOff {
            by: of.clone(),
            recorded_by: event.by.clone(),
            verdict: *verdict,
            note: note.clone(),
            at: event.at,
        });
        // Whoever speaks again takes back what was to be told of their word before.
        self.owed.retain(|owed| {
            owed.sending.is_some() || !matches!(&owed.news, News::Blocked { by, .. } if by == of)
        });
        if *verdict == Verdict::Block {
            let news = News::Blocked {
                by: of.clone(),
                reason: note.clone(),
            };
            self.owe(self.candidate.clone().as_ref(), event, channels, &news);
        }
        Ok(())
    }

    fn postpone(&mut self, event: &Event) -> Result<(), Unlawful> {
        let What::Postponed {
            candidate,
            commit,
            intent,
            reason,
            channels,
        } = &event.what
        else {
            return Ok(());
        };
        let meant = self
            .candidate
            .clone()
            .filter(|open| open.id == *candidate && open.commit == *commit);
        let meant = meant.ok_or(Unlawful::OtherCandidate)?;
        self.supersede(intent.as_ref())?;
        self.forget_candidate();
        let news = News::Postponed {
            by: event.by.name.clone(),
            reason: reason.clone(),
        };
        self.owe(Some(&meant), event, channels, &news);
        Ok(())
    }

    /// Every one of these channels is to be told something of a candidate.
    fn owe(
        &mut self,
        candidate: Option<&Candidate>,
        event: &Event,
        channels: &[String],
        news: &News,
    ) {
        let owed = |(candidate, channel): (&Candidate, &String)| Owed {
            about: event.id.clone(),
            channel: channel.clone(),
            date: candidate.date.clone(),
            commit: candidate.commit.clone(),
            environment: candidate.environment.clone(),
            targets: candidate.goals(),
            news: news.clone(),
            sending: None,
        };
        self.owed.extend(
            candidate
                .into_iter()
                .flat_map(|open| channels.iter().map(move |one| (open, one)))
                .map(owed),
        );
    }

    /// The owed post whose open attempt is this one; none meant, none may be open.
    fn attempted(
        &mut self,
        post: Option<(&EventId, &String)>,
        attempt: Option<&EventId>,
    ) -> Result<&mut Owed, Unlawful> {
        let meant = |owed: &&mut Owed| {
            post.is_none_or(|post| (&owed.about, &owed.channel) == post)
                && owed.sending.as_ref().map(|sending| &sending.id) == attempt
        };
        self.owed.iter_mut().find(meant).ok_or(Unlawful::NotOwed)
    }

    fn announce(&mut self, event: &Event, intent: &Intent) -> Result<(), Unlawful> {
        self.supersede(intent.over.as_ref())?;
        match intent.kind {
            // What is frozen may be put back to the candidate.
            Kind::Stage
                if self
                    .frozen(&intent.environment)
                    .is_some_and(|open| open.commit != intent.to) =>
            {
                return Err(Unlawful::Frozen);
            }
            Kind::Fix => {
                let open = self
                    .frozen(&intent.environment)
                    .ok_or(Unlawful::OtherCandidate)?;
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
            tells: intent
                .tells
                .clone()
                .filter(|_| intent.kind == Kind::Rollback),
            elsewhere: false,
        });
        Ok(())
    }

    /// Whether a commit may go to production: the candidate, without a block, with a yes unless none is needed.
    fn may_ship(
        &self,
        environment: &str,
        commit: &CommitId,
        unsigned: bool,
    ) -> Result<(), Unlawful> {
        let Some(candidate) = &self.candidate else {
            return if unsigned {
                Ok(())
            } else {
                Err(Unlawful::NotSignedOff)
            };
        };
        if candidate.commit != *commit
            || candidate.goal(environment).is_none_or(|goal| goal.reached)
        {
            return Err(Unlawful::OtherCandidate);
        }
        match candidate.standing() {
            Standing::SignedOff => Ok(()),
            Standing::Waiting if unsigned => Ok(()),
            Standing::Waiting | Standing::Blocked => Err(Unlawful::NotSignedOff),
        }
    }

    fn deployed(&mut self, event: &Event) -> Result<(), Unlawful> {
        let What::Deployed {
            intent,
            kind,
            environment,
            from,
            to,
            unsigned,
            tells,
            holds,
            ..
        } = &event.what
        else {
            return Ok(());
        };
        if let Some(open) = &self.deploying
            && intent.is_some()
            && (open.kind != *kind || open.environment != *environment || open.to != *to)
        {
            return Err(Unlawful::OtherDeploy);
        }
        // Who began it deployed it, whoever saw its end.
        let by = self
            .deploying
            .as_ref()
            .map_or_else(|| event.by.clone(), |open| open.by.clone());
        self.close(intent.as_ref())?;
        let before = self.candidate.as_ref().map(|open| open.commit.clone());
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
        let who = by.name.clone();
        match (kind, from) {
            (Kind::Rollback, Some(from)) if from != to => {
                let reason = tells.as_ref().and_then(|tells| tells.text.clone());
                self.hold(
                    environment,
                    Held {
                        commit: from.clone(),
                        by: by.clone(),
                        at: event.at,
                        reason,
                    },
                );
            }
            // Somebody said yes to what ships now, and to all that it has in it.
            (Kind::Promote, _) => self.let_go(environment, holds),
            (Kind::Rollback | Kind::Stage | Kind::Fix, _) => {}
        }
        let deploy = Deploy {
            commit: to.clone(),
            from: from.clone(),
            by,
            at: event.at,
            seen_since: None,
        };
        self.unseen.remove(environment);
        self.doubts.remove(environment);
        self.deploys.insert(environment.clone(), deploy);
        if let Some(tells) = tells {
            let text = tells.text.clone();
            let news = match (kind, before) {
                (Kind::Fix, Some(before)) => News::Fixed { before },
                (Kind::Promote, _) => News::Released { summary: text },
                (Kind::Rollback, _) => News::RolledBack {
                    from: from.clone(),
                    by: who,
                    reason: text,
                },
                (Kind::Fix, None) | (Kind::Stage, _) => return Ok(()),
            };
            self.owe_of_deploy(event, tells, (environment, to), &news);
        }
        Ok(())
    }

    /// A host's words against a push that it took: the announcement stays open, and the branch is not believed.
    fn doubt(&mut self, intent: &EventId, words: &str) -> Result<(), Unlawful> {
        let open = self
            .deploying
            .as_ref()
            .filter(|open| open.id == *intent)
            .ok_or(Unlawful::OtherDeploy)?;
        let doubted = Doubted {
            commit: open.to.clone(),
            words: words.to_owned(),
        };
        self.doubts.insert(open.environment.clone(), doubted);
        Ok(())
    }

    fn owe_of_deploy(
        &mut self,
        event: &Event,
        tells: &Telling,
        (place, commit): (&str, &CommitId),
        news: &News,
    ) {
        let owed = |channel: &String| Owed {
            about: event.id.clone(),
            channel: channel.clone(),
            date: tells.date.clone(),
            commit: commit.clone(),
            environment: place.to_owned(),
            targets: tells.targets.clone(),
            news: news.clone(),
            sending: None,
        };
        self.owed.extend(tells.channels.iter().map(owed));
    }

    fn fixed(&mut self, commit: &CommitId, at: i64) {
        if let Some(candidate) = &mut self.candidate {
            candidate.commit = commit.clone();
            candidate.fixed_at = Some(at);
            // Both were about another commit.
            candidate.verdicts.clear();
            candidate
                .targets
                .iter_mut()
                .for_each(|goal| goal.reached = false);
            self.owed.retain(|owed| {
                owed.sending.is_some() || !matches!(owed.news, News::Blocked { .. })
            });
        }
    }

    fn reached(&mut self, environment: &str, commit: &CommitId) {
        let Some(candidate) = self
            .candidate
            .as_mut()
            .filter(|open| open.commit == *commit)
        else {
            return;
        };
        for goal in candidate
            .targets
            .iter_mut()
            .filter(|goal| goal.environment == environment)
        {
            goal.reached = true;
        }
        if candidate.targets.iter().all(|goal| goal.reached) {
            self.forget_candidate();
        }
    }

    /// An environment that was given something else does not run the candidate any more.
    pub(super) fn left(&mut self, environment: &str, commit: &CommitId) {
        let Some(candidate) = self
            .candidate
            .as_mut()
            .filter(|open| open.commit != *commit)
        else {
            return;
        };
        for goal in candidate
            .targets
            .iter_mut()
            .filter(|goal| goal.environment == environment)
        {
            goal.reached = false;
        }
    }

    /// A proposal that is over needs no post any more, nor what was said of it on its way.
    fn forget_candidate(&mut self) {
        if self.candidate.take().is_some() {
            self.owed.retain(|owed| !owed.is_of_candidate());
        }
    }

    /// Closes the open intent, which must be the one that was meant; none meant, none may be open.
    fn close(&mut self, meant: Option<&EventId>) -> Result<Option<Deploying>, Unlawful> {
        if self.deploying.as_ref().map(|open| &open.id) != meant {
            return Err(Unlawful::OtherDeploy);
        }
        Ok(self.deploying.take())
    }

    /// Closes the open intent without its end. A rollback may have landed, so what it takes away stays held.
    fn supersede(&mut self, meant: Option<&EventId>) -> Result<(), Unlawful> {
        let closed = self.close(meant)?;
        if let Some((closed, held)) = closed
            .as_ref()
            .and_then(|closed| Some((closed, closed.holds()?)))
        {
            self.hold(&closed.environment, held);
        }
        self.gave_up(closed);
        Ok(())
    }
}
