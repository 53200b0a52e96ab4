//! The record that the team shares: its events, their allowed order and the resulting state. Pure.
//!
//! It coordinates people and does not control access. What an event says about a person is that person's own claim.

pub mod arrivals;
pub mod audit;
pub mod counted;
pub mod history;
pub mod stats;

mod ask;
mod event;
mod fold;
mod mapping;
mod open;
mod passes;
mod post;
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
pub use open::Held;
pub use post::{Attempt, How, News, Notice, Telling};
pub use signer::Signer;
pub use trailers::settled;
pub use view::RecordView;
pub use written::{
    ReadError, first_message, is_of_ref, message, read_event, read_state, write_state,
};

use crate::core::record::counted::SignedRecord;
use crate::core::refusal::Refusal;
use crate::core::words::{CommitId, EventId};

/// The version of the written form. A record with a newer version is read only.
pub const FORMAT: u32 = 1;

/// A person, by git's name and mail address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub name: String,
    pub email: String,
    /// The owner of the key that signed the event. It is read from the signature each time, so it is not written.
    #[serde(skip)]
    pub principal: Option<String>,
}

impl Person {
    /// Builds a person from git's name and mail address, which prove nothing.
    pub fn named(name: String, email: String) -> Self {
        let principal = None;
        Self {
            name,
            email,
            principal,
        }
    }

    /// Returns whether git has this name and address for the person.
    pub fn is_called(&self, name: &str, email: &str) -> bool {
        self.name == name && self.email == email
    }

    /// Returns whether both are certainly two people: both have a key, and the keys differ.
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

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    pub format: u32,
    pub events: u64,
    /// `null` must be written here and in `deploying`: a file without the field has another format.
    #[serde(deserialize_with = "Option::deserialize")]
    pub candidate: Option<Candidate>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub deploying: Option<Deploying>,
    /// The last recorded deploy to each environment.
    pub deploys: BTreeMap<String, LastDeploy>,
    /// Notifications that are not known to be sent.
    #[serde(rename = "owed")]
    pub pending: Vec<Notice>,
    /// The commits that each environment was rolled back from since its last promotion.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub held: BTreeMap<String, Vec<Held>>,
    /// Announcements that another one replaced before anybody saw their end: their commits may still arrive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub superseded: Vec<Deploying>,
    /// Doubts from hosts' words about the commit of a branch, for environments without another source.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub doubts: BTreeMap<String, Doubted>,
    /// True if a sign-off counts only from somebody other than the proposer; not written.
    #[serde(skip)]
    pub four_eyes: bool,
}

/// The commit proposed for production.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    pub id: EventId,
    pub commit: CommitId,
    /// The environment where it runs; only fixes are deployed there.
    pub environment: String,
    pub targets: Vec<Goal>,
    pub by: Person,
    /// The proposer's login on the forge, if the proposal opens an issue there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    pub at: i64,
    /// The date in every post about it; empty in a record of an older version.
    #[serde(default)]
    pub date: String,
    pub note: Option<String>,
    /// The time of the last deployed fix, in seconds since 1970.
    pub fixed_at: Option<i64>,
    /// The people who deployed its fixes; their sign-offs do not count with `four_eyes`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixers: Vec<Fixer>,
    /// Each person's last verdict on this commit.
    pub verdicts: Vec<SignOff>,
    /// A copy of the state's field.
    #[serde(skip)]
    pub four_eyes: bool,
    /// The issue that asks for comments; `None` if none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inquiry: Option<Inquiry>,
    /// True if the reader's `smp.toml` lacks its environment; not written.
    #[serde(skip)]
    pub elsewhere: bool,
    /// True if the comments on its issue could not be read now; not written.
    #[serde(skip)]
    pub unread: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goal {
    pub environment: String,
    /// The commit that it ran at the proposal.
    pub from: Option<CommitId>,
    pub reached: bool,
    /// True if no chain in the reader's `smp.toml` leads here from the candidate's environment; not written.
    #[serde(skip)]
    pub astray: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOff {
    /// The person whose verdict it is.
    pub by: String,
    pub recorded_by: Person,
    pub verdict: Verdict,
    pub note: Option<String>,
    pub at: i64,
    /// The comment with the verdict; `None` if a person typed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Comment>,
    /// The person's block that this comment withdraws: it stands if the forge does not have the comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<Box<SignOff>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deploying {
    pub id: EventId,
    pub kind: Kind,
    pub environment: String,
    /// The commit of the branch before the deploy.
    pub from: Option<CommitId>,
    /// The other targets of a promoted build that do not run it yet, with the earlier commits of their branches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<(String, Option<CommitId>)>,
    pub to: CommitId,
    /// True if no sign-off is required.
    pub unsigned: bool,
    pub by: Person,
    /// The start in seconds since 1970.
    pub at: i64,
    /// Which channels are notified at its end, and what in addition to the commits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tells: Option<Telling>,
    /// For a promotion: the reason to start outside the allowed time.
    #[serde(rename = "override", default, skip_serializing_if = "Option::is_none")]
    pub overrides: Option<String>,
    /// The check that failed after the commit was seen to run, and how, until all checks pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// Who had signed it off when another event replaced it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signed_off_by: Vec<String>,
    /// True if it was postponed after its announcement.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given_up: bool,
    /// True if the reader's `smp.toml` lacks its environment; not written.
    #[serde(skip)]
    pub elsewhere: bool,
}

/// A commit that a host accepted and, by its own words, did not deploy.
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
    /// The time when it was seen to run, in seconds since 1970.
    pub at: i64,
    /// For a deploy outside git-smp: the earliest time when it may have started. `by` is the person who saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_since: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<Issue>,
}

#[derive(Clone, Debug)]
pub struct Reading {
    pub state: State,
    /// The last event; `None` for an empty record.
    pub tip: Option<CommitId>,
    /// The age of this clone's copy, and why it is used; `None` if the main repository was read.
    pub copy: Option<Copied>,
    /// The result of the signature checks; `None` if the team does not sign.
    pub signed: Option<SignedRecord>,
}

/// A local copy that replaces an unreachable record.
#[derive(Clone, Debug)]
pub struct Copied {
    /// The time since the main repository last answered; `None` if unknown.
    pub age: Option<Duration>,
    /// Why it did not answer now.
    pub why: Refusal,
}

/// The progress of a candidate between proposal and promotion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Waiting,
    /// At least one sign-off, and no block.
    SignedOff,
    /// At least one person's latest verdict is a block.
    Blocked,
}

/// The reason why an event cannot follow the events before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlawful {
    Begun,
    /// Without a candidate, or with another one than the event's.
    OtherCandidate,
    CandidateOpen,
    Frozen,
    /// A push is in progress, or it differs from the event's.
    OtherDeploy,
    NotSignedOff,
    /// The proposer cannot sign off.
    SamePerson,
    OwnFix,
    /// The comment's author differs from the person of the verdict.
    NotTheirs,
    /// The notification is not pending, or its attempt differs from the event's.
    NotPending,
    /// The observation is already recorded, or does not follow from the record.
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
            superseded: Vec::new(),
            doubts: BTreeMap::new(),
            four_eyes: false,
        }
    }
}

impl State {
    /// Marks environments unknown to `is_known`, targets that no chain leads to from the candidate's environment, and
    /// whose sign-off counts.
    #[must_use]
    pub fn seen_from(
        mut self,
        is_known: impl Fn(&str) -> bool,
        leads: impl Fn(&str, &str) -> bool,
        four_eyes: bool,
    ) -> Self {
        self.four_eyes = four_eyes;
        for open in self.deploying.iter_mut().chain(&mut self.superseded) {
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
    /// Returns whether a verdict repeats this one, with the same note or none. `key` is the signing key.
    pub fn is_repeated_by(&self, judged: &Judged, key: Option<&str>) -> bool {
        let no_news = judged.note.is_none() || judged.note == self.note;
        let is_same_key = self.recorded_by.principal.as_deref() == key;
        let is_same_voice = self.by == judged.of && self.comment == judged.comment && is_same_key;
        is_same_voice && self.verdict == judged.verdict && no_news
    }
}

impl Candidate {
    /// Returns the targets and the commits that they ran at the proposal.
    pub fn goals(&self) -> Vec<(String, Option<CommitId>)> {
        let goals = self.targets.iter();
        let goals = goals.map(|goal| (goal.environment.clone(), goal.from.clone()));
        goals.collect()
    }

    /// Returns " for staging and production", the targets as part of a sentence.
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

    /// Returns the people whose latest verdict is this one and counts.
    pub fn who_said(&self, verdict: Verdict) -> impl Iterator<Item = &SignOff> {
        let all = self.verdicts.iter();
        all.filter(move |one| one.verdict == verdict && self.counts(one))
    }

    /// Returns whether this commit is the candidate and the environment a target that it has not reached yet.
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
