//! Which event may follow which, and the resulting state: one rule per event.

use std::iter;

use crate::core::config::TECHNICAL;
use crate::core::record::{
    Attempt, Candidate, Deployed, Deploying, Event, Fixer, Goal, Held, ISSUE, Inquiry, Intent,
    Judged, Kind, LastDeploy, News, Notice, Person, Postponed, Proposed, Standing, State, Telling,
    Unlawful, Verdict, What,
};
use crate::core::words::{CommitId, EventId};

impl State {
    /// Returns the candidate that freezes this environment; `None` if it is not frozen.
    pub fn frozen(&self, environment: &str) -> Option<&Candidate> {
        let open = self.candidate.as_ref();
        open.filter(|open| open.environment == environment)
    }

    /// Returns the state after one more event.
    ///
    /// # Errors
    /// If the event cannot follow; nothing changes then.
    pub fn after(&self, event: &Event) -> Result<Self, Unlawful> {
        let mut next = self.clone();
        next.take(event)?;
        next.events = next.events.saturating_add(1);
        Ok(next)
    }

    fn take(&mut self, event: &Event) -> Result<(), Unlawful> {
        match &event.what {
            What::Begun {} if self.events == 0 => Ok(()),
            What::Begun {} => Err(Unlawful::Begun),
            What::Proposed(it) => self.proposed(event, it),
            What::Judged(it) => self.judged(event, it),
            What::Voided(it) => self.voided(it),
            What::Deploying(it) => self.announced(event, it),
            What::Deployed(it) => self.deployed(event, it),
            What::CheckFailed(it) => self.check_failed(event, it),
            What::Observed(it) => self.observed(event, it),
            What::Doubted { intent, words } => self.doubted(intent, words),
            // A failed deploy removed nothing, so nothing of it is held.
            What::Ended { intent, .. } => self.close(Some(intent)).map(drop),
            What::Postponed(it) => self.postponed(event, it),
            What::Posting { .. } | What::Unposted { .. } | What::Posted { .. } => {
                self.delivery(event)
            }
        }
    }

    fn proposed(&mut self, event: &Event, it: &Proposed) -> Result<(), Unlawful> {
        if self.candidate.is_some() {
            return Err(Unlawful::CandidateOpen);
        }
        self.supersede(it.over.as_ref())?;
        // The proposer vouches that the commit runs.
        self.doubts.remove(&it.environment);
        let goals = it.targets.iter().cloned().map(|(environment, from)| Goal {
            environment,
            from,
            reached: false,
            astray: false,
        });
        let candidate = Candidate {
            id: event.id.clone(),
            commit: it.commit.clone(),
            environment: it.environment.clone(),
            targets: goals.collect(),
            by: event.by.clone(),
            login: it.login.clone(),
            at: event.at,
            date: it.date.clone(),
            note: it.note.clone(),
            fixed_at: None,
            fixers: Vec::new(),
            verdicts: Vec::new(),
            four_eyes: self.four_eyes,
            inquiry: Inquiry::by(&it.channels),
            elsewhere: false,
            unread: false,
        };
        let note = it.note.clone();
        self.tell(event, &candidate, &it.channels, &News::Proposed { note });
        self.candidate = Some(candidate);
        Ok(())
    }

    fn judged(&mut self, event: &Event, it: &Judged) -> Result<(), Unlawful> {
        let open = self.candidate.as_mut();
        let open = open.filter(|open| open.commit == it.commit);
        let candidate = open.ok_or(Unlawful::OtherCandidate)?;
        candidate.hear(event, it)?;
        let candidate = candidate.clone();
        // A new verdict cancels the pending notification of the same person's earlier block.
        let mut blocks = candidate.who_said(Verdict::Block);
        if it.verdict == Verdict::Block || !blocks.any(|one| one.by == it.of) {
            self.forget_blocks(|by| *by == it.of);
        }
        if it.verdict == Verdict::Block {
            let (by, reason) = (it.of.clone(), it.note.clone());
            let news = News::Blocked { by, reason };
            self.tell(event, &candidate, &it.channels, &news);
        }
        Ok(())
    }

    fn postponed(&mut self, event: &Event, it: &Postponed) -> Result<(), Unlawful> {
        let open = self.candidate.clone();
        let meant = open.filter(|open| open.id == it.candidate && open.commit == it.commit);
        let meant = meant.ok_or(Unlawful::OtherCandidate)?;
        self.give_up(it.intent.as_ref())?;
        self.forget_candidate();
        let (by, reason) = (event.by.name.clone(), it.reason.clone());
        let news = News::Postponed { by, reason };
        self.tell(event, &meant, &it.channels, &news);
        let notice = Notice::of(&meant, event.id.clone(), ISSUE, news);
        self.tell_issue_of(meant.issue().cloned(), notice);
        Ok(())
    }

    fn announced(&mut self, event: &Event, it: &Intent) -> Result<(), Unlawful> {
        self.supersede(it.over.as_ref())?;
        let open = self.frozen(&it.environment);
        let frozen = open.map(|open| &open.commit);
        match it.kind {
            // A frozen environment may be deployed back to the candidate.
            Kind::Stage if frozen.is_some_and(|commit| *commit != it.to) => {
                return Err(Unlawful::Frozen);
            }
            Kind::Fix if frozen.is_none() || frozen != it.base.as_ref() => {
                return Err(Unlawful::OtherCandidate);
            }
            // Otherwise an earlier commit of the candidate would return without its blocks.
            Kind::Fix if open.is_some_and(|open| open.was(&it.to)) => {
                return Err(Unlawful::NothingNew);
            }
            Kind::Promote => {
                (it.names()).try_for_each(|name| self.may_ship(name, &it.to, it.unsigned))?
            }
            Kind::Stage | Kind::Fix | Kind::Rollback => {}
        }
        self.deploying = Some(Deploying {
            id: event.id.clone(),
            kind: it.kind,
            environment: it.environment.clone(),
            from: it.from.clone(),
            also: it.also.clone(),
            to: it.to.clone(),
            unsigned: it.unsigned,
            by: event.by.clone(),
            at: event.at,
            tells: it.tells.clone(),
            overrides: it.overrides.clone(),
            failed: None,
            signed_off_by: Vec::new(),
            given_up: false,
            elsewhere: false,
        });
        Ok(())
    }

    fn deployed(&mut self, event: &Event, it: &Deployed) -> Result<(), Unlawful> {
        // The person who announced the deploy made it.
        let announced = self.end(it)?;
        let open = announced.as_ref();
        let contained = open.map(|open| self.contained_in(open, &it.environment));
        let by = announced.map_or(event.by.clone(), |open| open.by);
        let before = self.candidate.clone();
        let issue = self.issue_of(it);
        let deploy = LastDeploy {
            commit: it.to.clone(),
            from: it.from.clone(),
            by: by.clone(),
            at: event.at,
            seen_since: None,
            issue: issue.clone().filter(|_| it.kind == Kind::Promote),
        };
        match it.kind {
            // An announced deploy was allowed at its announcement, whatever was said since. An unannounced one is
            // accepted as a fact if it is marked as unsigned.
            Kind::Promote if it.intent.is_none() && !it.unsigned => {
                self.may_ship(&it.environment, &it.to, false)?;
            }
            Kind::Fix if it.intent.is_none() => return Err(Unlawful::OtherDeploy),
            Kind::Fix => self.fixed(&it.to, event, &by),
            Kind::Stage | Kind::Promote | Kind::Rollback => {}
        }
        self.runs(&it.environment, deploy);
        match it.kind {
            Kind::Promote => {
                self.reached(&it.environment, &it.to);
                // The sign-off covers the commit that ships now and everything in it.
                self.let_go(&it.environment, &it.holds);
            }
            Kind::Rollback => {
                self.take_back(&it.environment, (it.from.as_ref(), &it.to));
                let from = it.from.clone().filter(|from| *from != it.to);
                let held = from.map(|commit| Held {
                    commit,
                    by: by.clone(),
                    at: event.at,
                    reason: text_of(it),
                });
                self.hold(&it.environment, held);
            }
            Kind::Stage | Kind::Fix => {}
        }
        let place = (it.environment.as_str(), &it.to);
        self.tell_contained(
            &contained.unwrap_or_default(),
            place,
            text_of(it).as_deref(),
        );
        let told = before.as_ref().map(|open| open.commit.clone());
        if let Some(news) = news(it, told, by.name.clone()) {
            self.tell_channels(event, it, &news, &by.name);
            self.tell_issue_of_deploy(event, it, (before.as_ref(), issue), news);
        }
        Ok(())
    }

    fn delivery(&mut self, event: &Event) -> Result<(), Unlawful> {
        let place = self.place(&event.what).ok_or(Unlawful::NotPending)?;
        let mut told = self.pending.remove(place);
        told.attempt = match &event.what {
            What::Posting { .. } => Some(Attempt {
                id: event.id.clone(),
                by: event.by.clone(),
                at: event.at,
                own: self.is_own(&told, &event.by),
            }),
            What::Unposted { .. } => None,
            What::Posted { placed, .. } => {
                self.placed(&event.by, &told, placed);
                return Ok(());
            }
            _ => return Ok(()),
        };
        self.pending.insert(place, told);
        Ok(())
    }

    /// Returns whether a notification is pending with the attempt that an event names.
    pub fn is_pending(&self, what: &What) -> bool {
        self.place(what).is_some()
    }

    /// Returns the position of an event's notification. Its open attempt must be the one that the event names.
    pub(super) fn place(&self, what: &What) -> Option<usize> {
        let (post, meant) = match what {
            What::Posting {
                about,
                channel,
                over: meant,
            }
            | What::Posted {
                about,
                channel,
                attempt: meant,
                ..
            } => (Some((about, channel)), meant.as_ref()),
            What::Unposted { attempt, .. } => (None, Some(attempt)),
            _ => return None,
        };
        self.pending.iter().position(|one| {
            post.is_none_or(|post| (&one.about, &one.channel) == post)
                && one.attempt.as_ref().map(|attempt| &attempt.id) == meant
        })
    }

    fn tell(&mut self, event: &Event, candidate: &Candidate, channels: &[String], news: &News) {
        let channels = channels.iter();
        self.pending.extend(
            channels.map(|channel| Notice::of(candidate, event.id.clone(), channel, news.clone())),
        );
    }

    /// Notifies the channels of a deploy. The technical one is told of an override instead.
    fn tell_channels(&mut self, event: &Event, it: &Deployed, news: &News, by: &str) {
        let overridden = (it.overrides.as_ref()).map(|why| News::overridden(by, why));
        let place = (it.environment.as_str(), &it.to);
        self.tell_of_deploy(&event.id, it.tells.as_ref(), place, |channel| {
            let of_it = overridden.as_ref().filter(|_| channel == TECHNICAL);
            Some(of_it.unwrap_or(news).clone())
        });
    }

    /// Notifies the channels of a deploy, each of its own news.
    pub(super) fn tell_of_deploy(
        &mut self,
        about: &EventId,
        tells: Option<&Telling>,
        place: (&str, &CommitId),
        news: impl Fn(&str) -> Option<News>,
    ) {
        for (tells, channel) in tells
            .iter()
            .flat_map(|one| iter::repeat(one).zip(&one.channels))
        {
            let news = news(channel).into_iter();
            let notices =
                news.map(|news| Notice::of_deploy(about.clone(), channel, tells, place, news));
            self.pending.extend(notices);
        }
    }

    /// Returns whether a commit may ship: the candidate, without a block, and signed off unless `unsigned`.
    fn may_ship(&self, environment: &str, to: &CommitId, unsigned: bool) -> Result<(), Unlawful> {
        let standing = match &self.candidate {
            None => Standing::Waiting,
            Some(open) if open.is_to_reach(environment, to) => open.standing(),
            Some(_) => return Err(Unlawful::OtherCandidate),
        };
        match standing {
            Standing::SignedOff => Ok(()),
            Standing::Waiting if unsigned => Ok(()),
            Standing::Waiting | Standing::Blocked => Err(Unlawful::NotSignedOff),
        }
    }

    fn fixed(&mut self, commit: &CommitId, event: &Event, by: &Person) {
        if let Some(candidate) = &mut self.candidate {
            let base = Some(std::mem::replace(&mut candidate.commit, commit.clone()));
            candidate.fixed_at = Some(event.at);
            candidate.fixers.push(Fixer {
                id: event.id.clone(),
                by: by.clone(),
                login: None,
                base,
            });
            // Sign-offs and reached targets were about another commit.
            candidate.verdicts.clear();
            for goal in &mut candidate.targets {
                goal.reached = false;
            }
            self.forget_blocks(|_| true);
        }
    }

    fn reached(&mut self, environment: &str, commit: &CommitId) {
        let candidate = self.candidate.as_mut();
        let Some(candidate) = candidate.filter(|open| open.commit == *commit) else {
            return;
        };
        for goal in &mut candidate.targets {
            goal.reached |= goal.environment == environment;
        }
        if candidate.targets.iter().all(|goal| goal.reached) {
            self.forget_candidate();
        }
    }

    /// Stores an environment's running commit; the candidate no longer runs there if that is another commit.
    pub(super) fn runs(&mut self, environment: &str, deploy: LastDeploy) {
        let candidate = self.candidate.as_mut();
        if let Some(candidate) = candidate.filter(|open| open.commit != deploy.commit) {
            for goal in &mut candidate.targets {
                goal.reached &= goal.environment != environment;
            }
        }
        self.forget_superseded(environment, &[]);
        self.doubts.remove(environment);
        self.deploys.insert(environment.to_owned(), deploy);
    }

    /// Closes the candidate and drops all pending notifications about it.
    fn forget_candidate(&mut self) {
        if self.candidate.take().is_some() {
            self.pending.retain(|one| !one.is_of_candidate());
        }
    }

    /// Drops pending notifications of these people's blocks, unless one is being sent.
    fn forget_blocks(&mut self, of: impl Fn(&String) -> bool) {
        self.pending.retain(|one| {
            one.attempt.is_some() || !matches!(&one.news, News::Blocked { by, .. } if of(by))
        });
    }
}

fn news(it: &Deployed, before: Option<CommitId>, by: String) -> Option<News> {
    Some(match it.kind {
        Kind::Stage => return None,
        Kind::Fix => News::Fixed { before: before? },
        Kind::Promote => News::Released {
            summary: text_of(it),
            overridden: None,
        },
        Kind::Rollback => News::RolledBack {
            from: it.from.clone(),
            by,
            reason: text_of(it),
        },
    })
}

fn text_of(it: &Deployed) -> Option<String> {
    it.tells.as_ref()?.text.clone()
}
