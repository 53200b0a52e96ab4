//! The events of the record. `mapping.rs` has the names of their fields in a message.

use std::iter;

use serde::{Deserialize, Serialize};

use crate::core::record::{Comment, How, Kind, Person, Placed, Telling, Verdict, Voided};
use crate::core::words::{CommitId, EventId};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub id: EventId,
    pub by: Person,
    /// The time in seconds since 1970 by that person's clock; it decides nothing.
    pub at: i64,
    pub program: String,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// The record begins. It shows that the main repository accepts and lists such a ref.
    Begun {},
    Proposed(Proposed),
    Judged(Judged),
    Voided(Voided),
    /// A push is about to begin. Nobody else's begins until its end is recorded.
    Deploying(Intent),
    Deployed(Deployed),
    /// A host accepted a push and said that it does not deploy it, or not yet; only the branch could contradict.
    Doubted {
        intent: EventId,
        words: String,
    },
    /// A check failed after the commit was seen to run.
    #[serde(rename = "check-failed")]
    CheckFailed(CheckFailed),
    Observed(Sighting),
    /// A push failed: the environment is unchanged.
    Ended {
        intent: EventId,
        why: String,
    },
    Postponed(Postponed),
    /// A post is about to be sent. Nobody else sends it without being asked until its end is recorded.
    Posting {
        about: EventId,
        channel: String,
        /// The attempt without a known end that a person decided to repeat.
        over: Option<EventId>,
    },
    /// An attempt failed: the channel certainly rejected the post.
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

/// A candidate was proposed, which freezes its environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposed {
    pub commit: CommitId,
    pub environment: String,
    /// The targets and the commits that they run.
    pub targets: Vec<(String, Option<CommitId>)>,
    pub note: Option<String>,
    /// The date in every post about it, the proposer's own, such as `2022-03-02`.
    #[serde(default)]
    pub date: String,
    pub channels: Vec<String>,
    /// The proposer's login on the forge, if the proposal opens an issue there and the forge tells it.
    pub login: Option<String>,
    /// An open announcement that has ended without a record of it.
    pub over: Option<EventId>,
}

/// A person gave a verdict on the candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    pub commit: CommitId,
    /// The person whose verdict it is; somebody else may have recorded it.
    pub of: String,
    pub verdict: Verdict,
    pub note: Option<String>,
    pub channels: Vec<String>,
    /// The comment with the verdict; `None` if a person typed it.
    #[serde(flatten)]
    pub comment: Option<Comment>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    pub kind: Kind,
    pub environment: String,
    pub from: Option<CommitId>,
    #[serde(rename = "commit")]
    pub to: CommitId,
    /// The other targets of a build that is promoted in one call, with the commits of their branches.
    pub also: Vec<(String, Option<CommitId>)>,
    /// The candidate that a fix builds on.
    pub base: Option<CommitId>,
    /// True if a promotion requires no sign-off.
    pub unsigned: bool,
    /// The open announcement that this one replaces.
    pub over: Option<EventId>,
    /// Which channels are notified at its end, and what in addition to the commits.
    pub tells: Option<Telling>,
    /// For a promotion: the reason to start outside the allowed time.
    #[serde(rename = "override")]
    pub overrides: Option<String>,
}

impl Intent {
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let also = self.also.iter().map(|(name, _)| name.as_str());
        iter::once(self.environment.as_str()).chain(also)
    }
}

/// An environment was seen to run the commit of a deploy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployed {
    /// The announcement that this ends; `None` if the commit was already running.
    pub intent: Option<EventId>,
    pub kind: Kind,
    pub environment: String,
    pub from: Option<CommitId>,
    #[serde(rename = "commit")]
    pub to: CommitId,
    pub commits: u64,
    pub signed_off_by: Vec<String>,
    pub unsigned: bool,
    /// The person who announced it, if somebody else recorded its end.
    pub announced_by: Option<String>,
    pub tells: Option<Telling>,
    /// For a promotion: the rolled-back commits that it does not contain, so that they stay held.
    pub holds: Vec<CommitId>,
    /// For a promotion: the reason to start outside the allowed time.
    #[serde(rename = "override")]
    pub overrides: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckFailed {
    /// The announcement, which stays open; `None` if the commit was already running.
    pub intent: Option<EventId>,
    pub kind: Kind,
    pub environment: String,
    pub from: Option<CommitId>,
    #[serde(rename = "commit")]
    pub to: CommitId,
    pub commits: u64,
    /// The check, and how it failed.
    pub why: String,
    /// The channels that are notified at once of a start outside the allowed time.
    pub tells: Option<Telling>,
    /// The reason for that start.
    #[serde(rename = "override")]
    pub overrides: Option<String>,
}

/// An environment was seen to run a commit that git-smp did not deploy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    pub environment: String,
    /// The commit that the record had there before.
    pub from: CommitId,
    #[serde(rename = "commit")]
    pub to: CommitId,
    /// The last time when the record knew that `from` runs, in seconds since 1970. The deploy happened between that
    /// time and the event.
    pub since: i64,
    /// The number of commits that it brought or, going back, removed; `None` if unknown.
    pub commits: Option<u64>,
    /// True if `to` is an ancestor of `from`.
    pub back: bool,
}

/// The candidate was withdrawn, which lifts the freeze.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Postponed {
    pub candidate: EventId,
    pub commit: CommitId,
    /// The announcement that is given up with it.
    pub intent: Option<EventId>,
    /// Empty if none was given.
    #[serde(rename = "why")]
    pub reason: String,
    pub channels: Vec<String>,
}
