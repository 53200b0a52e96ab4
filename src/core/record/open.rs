//! The open candidate and deploy of the record, what happens to an announced deploy, and rolled-back commits: they must
//! not ship again without confirmation.

use std::collections::VecDeque;
use std::{iter, mem};

use serde::{Deserialize, Serialize};

use crate::core::config::TECHNICAL;
use crate::core::record::trailers::settled;
use crate::core::record::{
    Candidate, CheckFailed, Deployed, Deploying, Doubted, Event, Kind, News, Person, Standing,
    State, Unlawful,
};
use crate::core::text::{ago, and};
use crate::core::typed::Typed;
use crate::core::words::{CommitId, EventId};

/// A commit that an environment was rolled back from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub commit: CommitId,
    pub by: Person,
    /// The time in seconds since 1970.
    pub at: i64,
    pub reason: Option<String>,
}

impl Deploying {
    pub(super) fn holds(&self) -> Option<Held> {
        Some(Held {
            commit: self.takes_away()?.clone(),
            by: self.by.clone(),
            at: self.at,
            reason: self.tells.as_ref()?.text.clone(),
        })
    }

    /// Returns the environments that are not seen to run it yet, with the earlier commits of their branches.
    pub fn places(&self) -> impl Iterator<Item = (&str, Option<&CommitId>)> {
        let also = self.also.iter();
        let also = also.map(|(name, from)| (name.as_str(), from.as_ref()));
        iter::once((self.environment.as_str(), self.from.as_ref())).chain(also)
    }

    pub fn reaches(&self, environment: &str) -> bool {
        self.places().any(|(name, _)| name == environment)
    }

    /// Returns the commit of an environment's branch before the deploy.
    pub fn from(&self, environment: &str) -> Option<&CommitId> {
        let mut places = self.places();
        places.find(|(name, _)| *name == environment)?.1
    }

    /// Returns "production and us".
    pub fn names(&self) -> String {
        and(&self.places().map(|(name, _)| name).collect::<Vec<_>>())
    }

    /// Returns whether this kind of deploy brings this commit there.
    pub fn is(&self, kind: Kind, environment: &str, to: &CommitId) -> bool {
        self.kind == kind && self.to == *to && self.reaches(environment)
    }

    /// Returns the rest of the deploy without an environment that it reached; `None` if nothing is left.
    pub(super) fn without(mut self, environment: &str) -> Option<Self> {
        self.also.retain(|(name, _)| name != environment);
        if self.environment == environment {
            let (next, rest) = self.also.split_first()?;
            let (next, rest) = (next.clone(), rest.to_vec());
            // The failed check belongs to the environment before.
            (self.environment, self.from, self.also, self.failed) = (next.0, next.1, rest, None);
        }
        Some(self)
    }

    /// Returns "Ada Example began to promote 1f13dc69 to production 5 minutes ago".
    pub fn story(&self, now: i64) -> String {
        let (what, place) = match self.kind {
            Kind::Stage => ("deploy", "to"),
            Kind::Fix => ("deploy the fix", "to"),
            Kind::Promote => ("promote", "to"),
            Kind::Rollback => ("roll back to", "on"),
        };
        let (by, commit, environment) = (&self.by.name, self.to.short(), self.names());
        let when = ago(now, self.at);
        format!("{by} began to {what} {commit} {place} {environment} {when}")
    }

    /// Returns what an environment ran at the announcement of its post. Its branch may differ from that.
    fn ran(&self, environment: &str) -> Option<&CommitId> {
        let mut targets = self.tells.as_ref()?.targets.iter();
        let (_, ran) = targets.find(|(name, _)| name == environment)?;
        ran.as_ref().filter(|ran| **ran != self.to)
    }

    /// Returns the commit that a rollback removes, if known.
    pub fn takes_away(&self) -> Option<&CommitId> {
        let ran = self.ran(&self.environment);
        ran.filter(|_| self.kind == Kind::Rollback)
    }

    /// Returns the command that resumes or replaces it; `None` if this `smp.toml` lacks its environment.
    pub fn command(&self) -> Option<Typed> {
        let (name, short) = (&self.environment, self.to.short());
        let command = match self.kind {
            Kind::Stage => Typed::smp("stage"),
            // The hash is required: a copy made for the candidate is on no branch.
            Kind::Fix => Typed::smp("stage --fix").arg(short),
            Kind::Promote => {
                let names = self.places().map(|(name, _)| name);
                names.fold(Typed::smp("promote"), Typed::arg)
            }
            Kind::Rollback => Typed::smp("rollback").arg(name).option("--to", short),
        };
        (!self.elsewhere).then_some(command)
    }
}

impl State {
    /// Returns the commits that an environment was rolled back from since its last promotion, oldest first. A rollback
    /// counts from its announcement: its end is often unknown until the next deploy.
    pub fn held(&self, environment: &str) -> Vec<Held> {
        let mut all = self.held.get(environment).cloned().unwrap_or_default();
        let open = self.deploying.as_ref();
        let open = open.filter(|open| open.environment == environment);
        if let Some(held) = open.and_then(Deploying::holds) {
            put(&mut all, held);
        }
        all
    }

    /// Stores a commit that an environment was rolled back from.
    pub(super) fn hold(&mut self, environment: &str, held: Option<Held>) {
        if let Some(held) = held {
            put(self.held.entry(environment.to_owned()).or_default(), held);
        }
    }

    /// Releases the held commits of an environment, apart from `still`.
    pub(super) fn let_go(&mut self, environment: &str, still: &[CommitId]) {
        if let Some(all) = self.held.get_mut(environment) {
            all.retain(|held| still.contains(&held.commit));
        }
        self.held.retain(|_, all| !all.is_empty());
    }

    pub fn candidate_of(&self, commit: &CommitId) -> Option<&Candidate> {
        self.candidate
            .as_ref()
            .filter(|open| open.commit == *commit)
    }

    /// Returns the candidate, and when and how it came to this environment for testing.
    pub fn came(&self, environment: &str) -> Option<(&Candidate, (i64, String))> {
        let candidate = self.candidate.as_ref()?;
        let deploy = self.deploys.get(environment);
        let promoted = (candidate.goal(environment)).filter(|goal| goal.reached);
        let came = match (promoted.and(deploy), candidate.fixed_at) {
            (Some(deploy), _) => (deploy.at, format!("promoted to {environment}")),
            (None, Some(at)) => (at, "deployed as a fix".to_owned()),
            (None, None) => (candidate.at, "proposed".to_owned()),
        };
        Some((candidate, came))
    }

    /// Returns an environment where the candidate runs by a promotion: a fix is then too late.
    pub fn shipped(&self) -> Option<&str> {
        let candidate = self.candidate.as_ref()?;
        let failed = self.failed_promotion().map(|open| &open.environment);
        let mut reached = candidate.targets.iter().filter(|goal| goal.reached);
        let name = failed.or_else(|| reached.next().map(|goal| &goal.environment));
        name.map(String::as_str)
    }

    /// Returns the candidate's promotion that is open because a check failed.
    pub fn failed_promotion(&self) -> Option<&Deploying> {
        let open = self.deploying.as_ref();
        open.filter(|open| {
            let is_it = open.kind == Kind::Promote && self.candidate_of(&open.to).is_some();
            is_it && open.failed.is_some()
        })
    }

    /// Returns the open announcement if it brings this commit there.
    pub fn deploying_to(&self, environment: &str, commit: &CommitId) -> Option<&Deploying> {
        let open = self.deploying.as_ref();
        open.filter(|open| open.to == *commit && open.reaches(environment))
    }

    /// Returns the command that can replace the open announcement. A blocked promotion cannot be resumed.
    pub fn successor_of(&self, open: &Deploying) -> Option<Typed> {
        let candidate = self.candidate_of(&open.to);
        let is_blocked = candidate.is_some_and(|one| one.standing() == Standing::Blocked);
        let own = open.command()?;
        Some(match open.kind == Kind::Promote && is_blocked {
            true => Typed::smp("stage --fix"),
            false => own,
        })
    }

    pub fn announced_as(&self, intent: &EventId) -> Option<&Deploying> {
        self.deploying.as_ref().filter(|open| open.id == *intent)
    }

    /// Returns the announcements without a recorded end, oldest first: the replaced ones, and the open one.
    pub fn unended(&self) -> impl DoubleEndedIterator<Item = &Deploying> {
        self.superseded.iter().chain(&self.deploying)
    }

    /// Returns the announcement whose end may be recorded there: the open one or, while none is open there, the one that
    /// a deploy elsewhere replaced. A replaced fix may not: it would replace a later candidate.
    pub fn unended_at(&self, environment: &str) -> Option<&Deploying> {
        let mut all = self.superseded.iter().rev();
        let late = all.find(|open| open.reaches(environment));
        let open = self.deploying.as_ref();
        let open = open.filter(|open| open.reaches(environment));
        open.or(late.filter(|open| open.kind != Kind::Fix))
    }

    /// Returns the same announcement if it brings this commit there.
    pub fn unended_to(&self, environment: &str, commit: &CommitId) -> Option<&Deploying> {
        let open = self.unended_at(environment);
        open.filter(|open| open.to == *commit)
    }

    /// Closes the announcement that a deploy ends, and returns it. Its other targets stay announced.
    pub(super) fn end(&mut self, it: &Deployed) -> Result<Option<Deploying>, Unlawful> {
        let place = &it.environment;
        let announced = self.unended_at(place);
        let announced = announced.filter(|open| it.intent.as_ref() == Some(&open.id));
        let announced = announced.cloned();
        let open = announced.as_ref();
        if it.intent.is_some() && open.is_none_or(|open| !open.is(it.kind, place, &it.to)) {
            return Err(Unlawful::OtherDeploy);
        }
        // The end of a replaced one leaves the open one as it is.
        let is_late = announced.is_some() && self.deploying != announced;
        if !is_late {
            let open = self.close(it.intent.as_ref())?;
            self.deploying = open.and_then(|open| open.without(place));
        }
        Ok(announced)
    }

    /// Drops what replaced announcements, apart from `still`, say about an environment: a later deploy there is known.
    pub(super) fn forget_superseded(&mut self, environment: &str, still: &[Deploying]) {
        let all = mem::take(&mut self.superseded).into_iter();
        let all = all.filter_map(|open| match still.contains(&open) {
            true => Some(open),
            false => open.without(environment),
        });
        self.superseded = all.collect();
    }

    /// Returns the promotions without a recorded end that one from this commit of the branch contains, oldest first: each
    /// found the branch at the commit of the one before, and moved it forward.
    pub fn contained(&self, from: Option<&CommitId>, environment: &str) -> Vec<&Deploying> {
        let (mut at, mut all) = (from, VecDeque::new());
        for one in self.unended().rev() {
            let is_here = one.environment == environment && one.also.is_empty();
            if one.kind == Kind::Promote && is_here && at == Some(&one.to) {
                all.push_front(one);
                at = one.from.as_ref();
            }
        }
        all.into()
    }

    /// Returns what ran there before an announced deploy, as far as it tells.
    pub fn ran_before<'s>(
        &'s self,
        open: &'s Deploying,
        environment: &str,
    ) -> Option<&'s CommitId> {
        let from = open.ran(environment).or(open.from(environment))?;
        Some(match open.kind {
            Kind::Promote => self.counted_from(from, environment),
            Kind::Stage | Kind::Fix | Kind::Rollback => from,
        })
    }

    /// Returns the commit, or what ran before the promotions without a recorded end that brought it. They are in no
    /// history, so their commits count with the next promotion.
    pub fn counted_from<'s>(&'s self, from: &'s CommitId, environment: &str) -> &'s CommitId {
        let contained = self.contained(Some(from), environment);
        let first = contained.first();
        let before = first.and_then(|one| one.ran(environment).or(one.from.as_ref()));
        before.unwrap_or(from)
    }

    /// Returns the replaced promotions that a deploy contains there.
    pub(super) fn contained_in(&self, open: &Deploying, environment: &str) -> Vec<Deploying> {
        let all = match open.kind {
            Kind::Promote => self.contained(open.from(environment), environment),
            Kind::Stage | Kind::Fix | Kind::Rollback => Vec::new(),
        };
        all.into_iter().cloned().collect()
    }

    /// Notifies of replaced promotions, with the commit that contains them: nobody else does. `text` is already told.
    pub(super) fn tell_contained(
        &mut self,
        contained: &[Deploying],
        place: (&str, &CommitId),
        text: Option<&str>,
    ) {
        let text = text.map(settled);
        for one in contained {
            let tells = one.tells.as_ref();
            let tells = tells.filter(|it| it.text.as_deref().map(settled) != text);
            let Some(tells) = tells else { continue };
            let news = News::Released {
                summary: tells.text.clone(),
                overridden: None,
            };
            // Where a check failed, the override was told at once.
            let overridden = one.overrides.as_ref().filter(|_| one.failed.is_none());
            let overridden = overridden.map(|why| News::overridden(&one.by.name, why));
            self.tell_of_deploy(&one.id, Some(tells), place, |channel| match channel {
                TECHNICAL => overridden.clone(),
                _ => Some(news.clone()),
            });
        }
    }

    /// Closes the open announcement, which must be the one that is meant; with `None`, none may be open.
    pub(super) fn close(&mut self, meant: Option<&EventId>) -> Result<Option<Deploying>, Unlawful> {
        if self.deploying.as_ref().map(|open| &open.id) != meant {
            return Err(Unlawful::OtherDeploy);
        }
        Ok(self.deploying.take())
    }

    /// Closes the open announcement without its end: its commit may still arrive. A rollback may have arrived, so the
    /// commit that it removes stays held.
    pub(super) fn supersede(&mut self, meant: Option<&EventId>) -> Result<(), Unlawful> {
        if let Some(mut open) = self.close(meant)? {
            open.signed_off_by = self.passes(&open.to, None);
            self.hold(&open.environment, open.holds());
            for (name, _) in open.places() {
                let contained = self.contained_in(&open, name);
                self.forget_superseded(name, &contained);
            }
            self.superseded.push(open);
        }
        Ok(())
    }

    /// Closes the open announcement in the same way, by a person's decision.
    pub(super) fn give_up(&mut self, meant: Option<&EventId>) -> Result<(), Unlawful> {
        self.supersede(meant)?;
        let last = self.superseded.last_mut().filter(|_| meant.is_some());
        last.into_iter().for_each(|open| open.given_up = true);
        Ok(())
    }

    /// Stores a host's words against an accepted push: the announcement stays open, and the branch is not trusted.
    pub(super) fn doubted(&mut self, intent: &EventId, words: &str) -> Result<(), Unlawful> {
        let open = self.announced_as(intent).ok_or(Unlawful::OtherDeploy)?;
        let (commit, words) = (open.to.clone(), words.to_owned());
        let doubted = Doubted { commit, words };
        self.doubts.insert(open.environment.clone(), doubted);
        Ok(())
    }

    /// Stores a failed check: the announcement stays open, because nobody may be told that the deploy succeeded.
    pub(super) fn check_failed(&mut self, event: &Event, it: &CheckFailed) -> Result<(), Unlawful> {
        let by = match (self.deploying.as_mut(), &it.intent) {
            (Some(open), Some(intent)) if open.id == *intent && open.to == it.to => {
                if open.environment == it.environment {
                    open.failed = Some(it.why.clone());
                }
                &open.by
            }
            (None, None) => &event.by,
            _ => return Err(Unlawful::OtherDeploy),
        };
        if let Some(reason) = &it.overrides {
            let (news, place) = (
                News::overridden(&by.name, reason),
                (it.environment.as_str(), &it.to),
            );
            self.tell_of_deploy(&event.id, it.tells.as_ref(), place, |_| Some(news.clone()));
        }
        Ok(())
    }
}

/// Adds a held commit; a commit is held once, with its latest reason.
fn put(all: &mut Vec<Held>, held: Held) {
    all.retain(|one| one.commit != held.commit);
    all.push(held);
}
