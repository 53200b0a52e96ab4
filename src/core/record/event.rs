//! The events of the record, a variant a kind. What a field is called on the record is in `mapping.rs`.

use serde::{Deserialize, Serialize};

use crate::core::record::{How, Kind, Person, Telling, Verdict};
use crate::core::words::CommitId;
use crate::core::words::EventId;

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// The record begins. Nothing else comes of it; it shows that the main repository takes and shows such a ref.
    Begun,
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
        /// The date that every post about it carries: the proposer's own, as `2022-03-02`.
        #[serde(default)]
        date: String,
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
        /// The channels that are owed a post.
        channels: Vec<String>,
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
        #[serde(rename = "commit")]
        to: CommitId,
        /// How many commits that brought.
        commits: u64,
        /// Who had signed it off.
        signed_off_by: Vec<String>,
        /// Whether nobody had to.
        unsigned: bool,
        /// Who had announced it, where somebody else recorded its end.
        announced_by: Option<String>,
        /// Who is to be told of it, if anybody.
        tells: Option<Telling>,
        /// A promotion: what was rolled back from there and is no part of it, so that it stays held.
        holds: Vec<CommitId>,
    },
    /// A host took a push and said that it does not deploy it, or not yet; nothing but the branch could tell otherwise.
    Doubted {
        /// The intent, which stays open.
        intent: EventId,
        /// The host's words.
        words: String,
    },
    /// An environment was seen to run a commit that nobody deployed with this program.
    Observed {
        /// Where.
        environment: String,
        /// What the record had there before.
        from: CommitId,
        /// What runs there.
        #[serde(rename = "commit")]
        to: CommitId,
        /// When the record last knew that `from` runs, in seconds since 1970. The deploy was after that, and before
        /// the event.
        since: i64,
        /// How many commits that brought or, where it went back, took away; `None`: that is not known.
        commits: Option<u64>,
        /// Whether `to` lies behind `from`.
        back: bool,
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
        #[serde(rename = "why")]
        reason: String,
        /// The channels that are owed a post.
        channels: Vec<String>,
    },
    /// A post is about to be sent. Until its end is on record nobody else sends it unasked.
    Posting {
        /// The event that it tells of.
        about: EventId,
        /// The channel.
        channel: String,
        /// An attempt whose end nobody saw, and that a person said to make again.
        over: Option<EventId>,
    },
    /// An attempt came to nothing: the channel did not take the post, for certain.
    Unposted {
        /// The attempt that this ends.
        attempt: EventId,
        /// The channel.
        channel: String,
        /// Why.
        why: String,
    },
    /// A post is owed no more.
    Posted {
        /// The event that it tells of.
        about: EventId,
        /// The channel.
        channel: String,
        /// The attempt that this ends, if there was one.
        attempt: Option<EventId>,
        /// What became of it.
        how: How,
    },
}

/// The announcement of a push.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Why.
    pub kind: Kind,
    /// Where.
    pub environment: String,
    /// Where the branch is before the push.
    pub from: Option<CommitId>,
    /// What is pushed.
    #[serde(rename = "commit")]
    pub to: CommitId,
    /// The candidate's commit that a fix builds on.
    pub base: Option<CommitId>,
    /// Whether nobody has to sign a promotion off.
    pub unsigned: bool,
    /// Somebody's open intent that this takes the place of.
    pub over: Option<EventId>,
    /// A rollback: what it takes away, why, and who is to be told when it has come to its end.
    pub tells: Option<Telling>,
}
