//! The events of the record. What a field is called in a message is in `mapping.rs`.

use std::iter;

use serde::{Deserialize, Serialize};

use crate::core::record::{Comment, How, Kind, Person, Placed, Telling, Verdict, Voided};
use crate::core::words::{CommitId, EventId};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub id: EventId,
    pub by: Person,
    /// When, in seconds since 1970, by that person's clock; nothing is decided by it.
    pub at: i64,
    /// The program and its version.
    pub program: String,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// The record begins. Nothing else comes of it; it shows that the main repository takes and shows such a ref.
    Begun {},
    Proposed(Proposed),
    Judged(Judged),
    Voided(Voided),
    /// A push is about to begin. Until its end is on record nobody else's begins.
    Deploying(Intent),
    Deployed(Deployed),
    /// A host took a push and said that it does not deploy it, or not yet; nothing but the branch could tell otherwise.
    Doubted {
        intent: EventId,
        words: String,
    },
    /// A check failed after the commit was seen to run.
    #[serde(rename = "check-failed")]
    CheckFailed(CheckFailed),
    Observed(Sighting),
    /// A push came to nothing: the environment is as it was.
    Ended {
        intent: EventId,
        why: String,
    },
    Postponed(Postponed),
    /// A post is about to be sent. Until its end is on record nobody else sends it unasked.
    Posting {
        about: EventId,
        channel: String,
        /// An attempt whose end nobody saw, and that a person said to make again.
        over: Option<EventId>,
    },
    /// An attempt came to nothing: the channel did not take the post, for certain.
    Unposted {
        attempt: EventId,
        channel: String,
        why: String,
    },
    Posted {
        about: EventId,
        channel: String,
        attempt: Option<EventId>,
        how: How,
        #[serde(flatten)]
        placed: Placed,
    },
}

/// A candidate was put forward, which freezes the environment it runs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposed {
    pub commit: CommitId,
    pub environment: String,
    /// Where it is to go, and what runs there.
    pub targets: Vec<(String, Option<CommitId>)>,
    pub note: Option<String>,
    /// The date that every post about it carries: the proposer's own, as `2022-03-02`.
    #[serde(default)]
    pub date: String,
    pub channels: Vec<String>,
    /// Who the proposer is on the forge, where the proposal asks there and the forge says it.
    #[serde(default)]
    pub login: Option<String>,
    /// An open intent that has come to its end unrecorded.
    pub over: Option<EventId>,
}

/// Somebody gave their verdict on the candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    pub commit: CommitId,
    /// Whose verdict it is, which somebody else may have recorded.
    pub of: String,
    pub verdict: Verdict,
    pub note: Option<String>,
    pub channels: Vec<String>,
    /// The comment that it is from; `None`: somebody typed it.
    #[serde(flatten)]
    pub comment: Option<Comment>,
}

/// The announcement of a push.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    pub kind: Kind,
    pub environment: String,
    pub from: Option<CommitId>,
    #[serde(rename = "commit")]
    pub to: CommitId,
    /// The other targets of a build that is promoted to several in one call, and where their branches are.
    pub also: Vec<(String, Option<CommitId>)>,
    /// The candidate's commit that a fix builds on.
    pub base: Option<CommitId>,
    /// Whether nobody has to sign a promotion off.
    pub unsigned: bool,
    /// Somebody's open intent that this takes the place of.
    pub over: Option<EventId>,
    /// A rollback: what it takes away, why, and who is to be told when it has come to its end.
    pub tells: Option<Telling>,
    /// A promotion: why it begins although its time has not come.
    #[serde(rename = "override")]
    pub overrides: Option<String>,
}

impl Intent {
    /// All environments that it is to reach.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let also = self.also.iter().map(|(name, _)| name.as_str());
        iter::once(self.environment.as_str()).chain(also)
    }
}

/// An environment was seen to run a commit that it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployed {
    /// The intent that this ends; none where the commit was found running already.
    pub intent: Option<EventId>,
    pub kind: Kind,
    pub environment: String,
    pub from: Option<CommitId>,
    #[serde(rename = "commit")]
    pub to: CommitId,
    pub commits: u64,
    pub signed_off_by: Vec<String>,
    pub unsigned: bool,
    /// Who had announced it, where somebody else recorded its end.
    pub announced_by: Option<String>,
    pub tells: Option<Telling>,
    /// A promotion: what was rolled back from there and is no part of it, so that it stays held.
    pub holds: Vec<CommitId>,
    /// A promotion: why it began although its time had not come.
    #[serde(rename = "override")]
    pub overrides: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckFailed {
    /// It stays open; none where the commit was found running already.
    pub intent: Option<EventId>,
    pub kind: Kind,
    pub environment: String,
    pub from: Option<CommitId>,
    #[serde(rename = "commit")]
    pub to: CommitId,
    pub commits: u64,
    /// Which check it was, and how it failed.
    pub why: String,
    /// Who is to be told at once that it began although its time had not come.
    pub tells: Option<Telling>,
    /// Why it did.
    #[serde(rename = "override")]
    pub overrides: Option<String>,
}

/// An environment was seen to run a commit that nobody deployed with this program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    pub environment: String,
    /// What the record had there before.
    pub from: CommitId,
    #[serde(rename = "commit")]
    pub to: CommitId,
    /// When the record last knew that `from` runs, in seconds since 1970. The deploy was after that, and before the
    /// event.
    pub since: i64,
    /// How many commits that brought or, where it went back, took away; `None`: that is not known.
    pub commits: Option<u64>,
    /// Whether `to` lies behind `from`.
    pub back: bool,
}

/// The candidate was withdrawn, and the freeze lifted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Postponed {
    pub candidate: EventId,
    pub commit: CommitId,
    /// What is given up with it.
    pub intent: Option<EventId>,
    #[serde(rename = "why")]
    pub reason: String,
    pub channels: Vec<String>,
}
