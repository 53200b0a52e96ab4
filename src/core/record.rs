//! The record that the team shares: its events, what they add up to, and which may follow which. Pure.
//!
//! It coordinates people; it is no access control. What an event says of a person is that person's own claim.

pub mod arrivals;
pub mod audit;
pub mod counted;
pub mod history;
pub mod stats;
pub mod unrecorded;

mod ask;
mod event;
mod fold;
mod held;
mod mapping;
mod open;
mod post;
mod ran;
mod sentence;
mod sighting;
mod signer;
mod trailers;
mod view;
mod written;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use ask::{Comment, Fixer, ISSUE, Inquiry, Issue, Placed, Voided};
pub use event::{
    CheckFailed, Deployed, Event, Intent, Judged, Postponed, Proposed, Sighting, What,
};
pub use held::Held;
pub use post::{Attempt, How, News, Notice, Overridden, Telling};
pub use signer::Signer;
pub use view::RecordView;
pub use written::{
    ReadError, first_message, is_of_ref, message, read_event, read_state, write_state,
};

use crate::core::record::counted::SignedRecord;
use crate::core::refusal::Refusal;
use crate::core::words::{CommitId, EventId};

/// The version of the written form. A record of a newer one is not written to.
pub const FORMAT: u32 = 1;

/// A person, as they call themselves to git.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub name: String,
    pub email: String,
    /// Whose key signed what this person wrote. Read off the signature each time, so it is not written.
    #[serde(skip)]
    pub principal: Option<String>,
}

impl Person {
    /// As git has a name and a mail address, which prove nothing.
    pub fn named(name: String, email: String) -> Self {
        let principal = None;
        Self {
            name,
            email,
            principal,
        }
    }

    /// Whether git has this name and address of them.
    pub fn is_called(&self, name: &str, email: &str) -> bool {
        self.name == name && self.email == email
    }

    /// Whether both are certainly two people: each is known by more than a name, and they differ.
    pub fn is_certainly_not(&self, other: &Self) -> bool {
        match (&self.principal, &other.principal) {
            (Some(one), Some(other)) => one.to_lowercase() != other.to_lowercase(),
            _ => false,
        }
    }
}

/// QA's verdict on a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Pass,
    Block,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Stage,
    Fix,
    Promote,
    Rollback,
}

/// What all events add up to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    pub format: u32,
    pub events: u64,
    /// That there is none has to be said, here and of the deploy: a file without it is of another form.
    #[serde(deserialize_with = "Option::deserialize")]
    pub candidate: Option<Candidate>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub deploying: Option<Deploying>,
    /// What each environment was last seen to be given.
    pub deploys: BTreeMap<String, LastDeploy>,
    /// Posts that nobody was seen to make yet.
    #[serde(rename = "owed")]
    pub pending: Vec<Notice>,
    /// What each environment was rolled back from since its last promotion.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub held: BTreeMap<String, Vec<Held>>,
    /// What may have been given since the last deploy: its announcement was given up before anybody saw the end.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unseen: BTreeMap<String, CommitId>,
    /// What hosts said against what the branches of environments are at, which tell nothing else.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub doubts: BTreeMap<String, Doubted>,
    /// Whether a yes counts only from somebody else than who proposed; no part of what is written.
    #[serde(skip)]
    pub four_eyes: bool,
}

/// What is put forward for production.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    pub id: EventId,
    pub commit: CommitId,
    /// Where it runs; no deploys there but fixes.
    pub environment: String,
    pub targets: Vec<Goal>,
    pub by: Person,
    /// Who that is on the forge, where the proposal asks there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    pub at: i64,
    /// The date that every post about it carries; empty in a record from before there were any.
    #[serde(default)]
    pub date: String,
    pub note: Option<String>,
    /// When the last fix of it was deployed, in seconds since 1970.
    pub fixed_at: Option<i64>,
    /// Who deployed its fixes, whose own yes is that of no other pair of eyes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixers: Vec<Fixer>,
    /// Each person's last verdict on this commit.
    pub verdicts: Vec<SignOff>,
    /// The same as of the state that it is part of.
    #[serde(skip)]
    pub four_eyes: bool,
    /// What is asked in an issue; `None`: nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inquiry: Option<Inquiry>,
    /// Whether the `smp.toml` of whoever reads does not have its environment; no part of what is written.
    #[serde(skip)]
    pub elsewhere: bool,
    /// Whether the comments on its issue could not be read now; no part of what is written.
    #[serde(skip)]
    pub unread: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goal {
    pub environment: String,
    /// What it ran when the candidate was put forward.
    pub from: Option<CommitId>,
    pub reached: bool,
    /// Whether the `smp.toml` of whoever reads does not lead to it from the candidate's environment; no part of what is
    /// written.
    #[serde(skip)]
    pub astray: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOff {
    /// Whose it is.
    pub by: String,
    pub recorded_by: Person,
    pub verdict: Verdict,
    pub note: Option<String>,
    pub at: i64,
    /// The comment that it is from; `None`: somebody typed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Comment>,
    /// The block of theirs that a comment takes back: it stands if the forge does not have that comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<Box<SignOff>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deploying {
    pub id: EventId,
    pub kind: Kind,
    pub environment: String,
    /// Where the branch was before.
    pub from: Option<CommitId>,
    /// The same of the other targets of a promoted build that nobody saw it run on yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<(String, Option<CommitId>)>,
    pub to: CommitId,
    /// Whether nobody has to sign it off.
    pub unsigned: bool,
    pub by: Person,
    /// Since when, in seconds since 1970.
    pub at: i64,
    /// A rollback: what it takes away, why, and who is to be told when it has come to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tells: Option<Telling>,
    /// A promotion: why it began although its time had not come.
    #[serde(rename = "override", default, skip_serializing_if = "Option::is_none")]
    pub overrides: Option<String>,
    /// Which check failed, and how, after it was seen to run; nobody saw all of them pass since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// Whether the `smp.toml` of whoever reads does not have its environment; no part of what is written.
    #[serde(skip)]
    pub elsewhere: bool,
}

/// A commit that a host took, and did not deploy by its own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubted {
    pub commit: CommitId,
    pub words: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastDeploy {
    pub commit: CommitId,
    pub from: Option<CommitId>,
    pub by: Person,
    /// When it was seen to run, in seconds since 1970.
    pub at: i64,
    /// Where nobody deployed it with this program: since when it may have run there. `by` is who saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_since: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<Issue>,
}

#[derive(Clone, Debug)]
pub struct Reading {
    pub state: State,
    /// Its last event; `None`: nothing was ever recorded.
    pub tip: Option<CommitId>,
    /// Why this is only the copy of this clone, and how old that is; `None`: it is what the main repository has.
    pub copy: Option<Copied>,
    /// What came of the signatures; `None`: the team does not sign.
    pub signed: Option<SignedRecord>,
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
    Waiting,
    /// At least one yes, and no block.
    SignedOff,
    /// At least one person's last word is a block.
    Blocked,
}

/// Why an event cannot follow on what happened before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlawful {
    Begun,
    /// There is no candidate, or another one than the event means.
    OtherCandidate,
    CandidateOpen,
    Frozen,
    /// A push is on its way, or another one than the event means.
    OtherDeploy,
    NotSignedOff,
    /// Who put it forward cannot say yes to it.
    SamePerson,
    OwnFix,
    /// The comment of one is said to be another's verdict.
    NotTheirs,
    /// The post is not owed, or its attempt is not the one that the event means.
    NotPending,
    /// What is said to be seen is on the record already, or does not follow on it.
    NothingNew,
}

impl Default for State {
    fn default() -> Self {
        Self {
            format: FORMAT,
            events: 0,
            candidate: None,
            deploying: None,
            deploys: BTreeMap::new(),
            pending: Vec::new(),
            held: BTreeMap::new(),
            unseen: BTreeMap::new(),
            doubts: BTreeMap::new(),
            four_eyes: false,
        }
    }
}

impl State {
    /// Marks what is under way in environments that `is_known` does not know, goals that are not promoted from the
    /// candidate's environment, and whose yes counts.
    #[must_use]
    pub fn seen_from(
        mut self,
        is_known: impl Fn(&str) -> bool,
        leads: impl Fn(&str, &str) -> bool,
        four_eyes: bool,
    ) -> Self {
        self.four_eyes = four_eyes;
        if let Some(open) = &mut self.deploying {
            let is_known = open.places().all(|(name, _)| is_known(name));
            open.elsewhere = !is_known;
        }
        if let Some(open) = &mut self.candidate {
            open.four_eyes = four_eyes;
            open.elsewhere = !is_known(&open.environment);
            for goal in &mut open.targets {
                goal.astray = !leads(&open.environment, &goal.environment);
            }
        }
        self
    }
}

impl SignOff {
    /// Whether that says nothing new: the same verdict, in the same words or without any. `key`: whose key signs it.
    pub fn is_repeated_by(&self, judged: &Judged, key: Option<&str>) -> bool {
        let no_news = judged.note.is_none() || judged.note == self.note;
        let is_same_key = self.recorded_by.principal.as_deref() == key;
        let is_same_voice = self.by == judged.of && self.comment == judged.comment && is_same_key;
        is_same_voice && self.verdict == judged.verdict && no_news
    }
}

impl Candidate {
    /// Where it is to go, and what ran there when it was put forward.
    pub fn goals(&self) -> Vec<(String, Option<CommitId>)> {
        let goals = self.targets.iter();
        let goals = goals.map(|goal| (goal.environment.clone(), goal.from.clone()));
        goals.collect()
    }

    /// " for staging and production": where it is to go, for a sentence.
    pub fn destination(&self) -> String {
        let goals = self.targets.iter();
        let goals: Vec<&str> = goals.map(|goal| goal.environment.as_str()).collect();
        format!(" for {}", goals.join(" and "))
    }

    pub fn standing(&self) -> Standing {
        if self.who_said(Verdict::Block).next().is_some() {
            Standing::Blocked
        } else if self.who_said(Verdict::Pass).next().is_none() {
            Standing::Waiting
        } else {
            Standing::SignedOff
        }
    }

    /// Those whose last word is this, and counts.
    pub fn who_said(&self, verdict: Verdict) -> impl Iterator<Item = &SignOff> {
        let all = self.verdicts.iter();
        all.filter(move |one| one.verdict == verdict && self.counts(one))
    }

    /// Whether this commit is the candidate, and that environment a goal that it has not reached yet.
    pub fn is_to_reach(&self, environment: &str, commit: &CommitId) -> bool {
        self.commit == *commit && self.goal(environment).is_some_and(|goal| !goal.reached)
    }

    pub fn goal(&self, environment: &str) -> Option<&Goal> {
        let mut goals = self.targets.iter();
        goals.find(|goal| goal.environment == environment)
    }
}

#[cfg(test)]
mod tests;
