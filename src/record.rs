//! The record that the team shares: its events, what they add up to, and which may follow which. Pure.
//!
//! It coordinates people; it is no access control. What an event says of a person is that person's own claim.

mod trailers;
mod written;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use written::{Unreadable, message, read_event, read_state, write_state};

use crate::error::Refusal;
use crate::model::CommitId;

/// The version of the written form. A record of a newer one is not written to.
pub const FORMAT: u32 = 1;

/// The name of one event, which nothing else ever has: random hex digits. Two people who write the very same thing in
/// the same second would otherwise write the same object, and both would think that they were first.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct EventId(String);

impl TryFrom<String> for EventId {
    type Error = &'static str;

    /// Reads one; another text is no name.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not the name of an event")
    }
}

impl EventId {
    /// Reads one: 16 lower-case hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let good = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        good.then(|| Self(text.to_owned()))
    }

    /// One made of these random bits.
    pub fn of(random: u64) -> Self {
        Self(format!("{random:016x}"))
    }

    /// Its digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A person, as they call themselves to git.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The mail address.
    pub email: String,
}

/// What QA says of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It may go to production.
    Pass,
    /// It may not.
    Block,
}

/// Why something is deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Something new to be tested.
    Stage,
    /// A fix of the candidate, which becomes the candidate.
    Fix,
    /// What was tested, to production.
    Promote,
    /// Back to what ran before.
    Rollback,
}

/// One event: who, when, with which program, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its own name.
    pub id: EventId,
    /// Who recorded it.
    pub by: Person,
    /// When, in seconds since 1970, by that person's clock; nothing is decided by it.
    pub at: i64,
    /// The program and its version.
    pub program: String,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A candidate was put forward, which freezes the environment it runs on.
    Proposed {
        /// The commit.
        commit: CommitId,
        /// Where it runs.
        environment: String,
        /// Where it is to go, and what runs there.
        targets: Vec<(String, Option<CommitId>)>,
        /// What the proposer has to say of it.
        note: Option<String>,
        /// The channels that are owed a post.
        channels: Vec<String>,
        /// An open intent that has come to its end unrecorded.
        over: Option<EventId>,
    },
    /// Somebody gave their verdict on the candidate.
    Judged {
        /// The very commit.
        commit: CommitId,
        /// Whose verdict it is, which somebody else may have recorded.
        of: String,
        /// The verdict.
        verdict: Verdict,
        /// The reason, or anything else.
        note: Option<String>,
    },
    /// A push is about to begin. Until its end is on record nobody else's begins.
    Deploying(Intent),
    /// An environment was seen to run a commit that it was given.
    Deployed {
        /// The intent that this ends; none where the commit was found running already.
        intent: Option<EventId>,
        /// Why.
        kind: Kind,
        /// Where.
        environment: String,
        /// What ran there before.
        from: Option<CommitId>,
        /// What runs there now.
        to: CommitId,
        /// How many commits that brought.
        commits: u64,
        /// Who had signed it off.
        signed_off_by: Vec<String>,
        /// Whether nobody had to.
        unsigned: bool,
        /// Who had announced it, where somebody else recorded its end.
        announced_by: Option<String>,
    },
    /// A push came to nothing: the environment is as it was.
    Ended {
        /// The intent that this ends.
        intent: EventId,
        /// Why.
        why: String,
    },
    /// The candidate was withdrawn, and the freeze lifted.
    Postponed {
        /// The candidate's proposal.
        candidate: EventId,
        /// Its commit.
        commit: CommitId,
        /// The intent that is given up with it.
        intent: Option<EventId>,
        /// Why.
        reason: String,
    },
    /// A channel was told.
    Posted {
        /// The event that it was told of.
        about: EventId,
        /// The channel.
        channel: String,
    },
}

/// The announcement of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Why.
    pub kind: Kind,
    /// Where.
    pub environment: String,
    /// Where the branch is before the push.
    pub from: Option<CommitId>,
    /// What is pushed.
    pub to: CommitId,
    /// The candidate's commit that a fix builds on.
    pub base: Option<CommitId>,
    /// Whether nobody has to sign a promotion off.
    pub unsigned: bool,
    /// Somebody's open intent that this takes the place of.
    pub over: Option<EventId>,
}

/// What all events add up to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The version of the written form.
    pub format: u32,
    /// How many events there were.
    pub events: u64,
    /// What is put forward, if anything. That nothing is has to be said: a file without it is of another form.
    #[serde(deserialize_with = "Option::deserialize")]
    pub candidate: Option<Candidate>,
    /// The push that is on its way, if any; that there is none has to be said as well.
    #[serde(deserialize_with = "Option::deserialize")]
    pub deploying: Option<Deploying>,
    /// What each environment was last seen to be given.
    pub deploys: BTreeMap<String, Deploy>,
    /// Posts that nobody was seen to make yet.
    pub owed: Vec<Owed>,
}

/// What is put forward for production.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its proposal.
    pub id: EventId,
    /// The commit.
    pub commit: CommitId,
    /// Where it runs; no deploys there but fixes.
    pub environment: String,
    /// Where it is to go.
    pub targets: Vec<Goal>,
    /// Who put it forward.
    pub by: Person,
    /// When, in seconds since 1970.
    pub at: i64,
    /// What they had to say.
    pub note: Option<String>,
    /// When the last fix of it was deployed, in seconds since 1970.
    pub fixed_at: Option<i64>,
    /// Each person's last verdict on this very commit.
    pub verdicts: Vec<SignOff>,
}

/// One environment that a candidate is to reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goal {
    /// Its name.
    pub environment: String,
    /// What it ran when the candidate was put forward.
    pub from: Option<CommitId>,
    /// Whether it runs the candidate.
    pub reached: bool,
}

/// One person's verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOff {
    /// Whose it is.
    pub by: String,
    /// Who recorded it.
    pub recorded_by: Person,
    /// The verdict.
    pub verdict: Verdict,
    /// The reason, or anything else.
    pub note: Option<String>,
    /// When, in seconds since 1970.
    pub at: i64,
}

/// A push that is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deploying {
    /// Its announcement.
    pub id: EventId,
    /// Why.
    pub kind: Kind,
    /// Where.
    pub environment: String,
    /// Where the branch was before.
    pub from: Option<CommitId>,
    /// What is pushed.
    pub to: CommitId,
    /// Whether nobody has to sign it off.
    pub unsigned: bool,
    /// Who pushes.
    pub by: Person,
    /// Since when, in seconds since 1970.
    pub at: i64,
}

/// What an environment was given last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deploy {
    /// The commit.
    pub commit: CommitId,
    /// What ran there before.
    pub from: Option<CommitId>,
    /// Who deployed it.
    pub by: Person,
    /// When it was seen to run, in seconds since 1970.
    pub at: i64,
}

/// A post that is still to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    /// The event that it tells of.
    pub about: EventId,
    /// The channel.
    pub channel: String,
}

/// The record as it was read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What its events add up to.
    pub state: State,
    /// Its last event; `None`: nothing was ever recorded.
    pub tip: Option<CommitId>,
    /// Why this is only the copy of this clone, and how old that is; `None`: it is what the main repository has.
    pub copy: Option<Copied>,
}

/// A copy that stands in for what cannot be reached.
#[derive(Clone, Debug)]
pub struct Copied {
    /// For how long the main repository was not heard of; `None`: nobody knows.
    pub age: Option<Duration>,
    /// Why it was not heard of now.
    pub why: Refusal,
}

/// Where a candidate stands between proposal and promotion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has said anything.
    Waiting,
    /// At least one yes, and no block.
    SignedOff,
    /// At least one person's last word is a block.
    Blocked,
}

/// Why an event cannot follow on what happened before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlawful {
    /// There is no candidate, or another one than the event means.
    OtherCandidate,
    /// A candidate is open already.
    CandidateOpen,
    /// The environment is frozen.
    Frozen,
    /// A push is on its way, or another one than the event means.
    OtherDeploy,
    /// The commit may not go to production.
    NotSignedOff,
    /// The post is not owed.
    NotOwed,
}

impl Default for State {
    fn default() -> Self {
        Self { format: FORMAT, events: 0, candidate: None, deploying: None, deploys: BTreeMap::new(), owed: Vec::new() }
    }
}

impl Candidate {
    /// What the verdicts come to.
    pub fn standing(&self) -> Standing {
        if self.verdicts.iter().any(|one| one.verdict == Verdict::Block) {
            Standing::Blocked
        } else if self.verdicts.is_empty() {
            Standing::Waiting
        } else {
            Standing::SignedOff
        }
    }

    /// Those whose last word is this.
    pub fn who_said(&self, verdict: Verdict) -> impl Iterator<Item = &SignOff> {
        self.verdicts.iter().filter(move |one| one.verdict == verdict)
    }

    /// The goal in that environment, if it is one.
    pub fn goal(&self, environment: &str) -> Option<&Goal> {
        self.targets.iter().find(|goal| goal.environment == environment)
    }
}

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

#[cfg(test)]
mod tests;
