use serde::{Deserialize, Serialize};

use crate::core::words::CommitId;

/// That an environment was given a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    pub environment: String,
    pub from: Option<CommitId>,
    pub to: CommitId,
    /// When it was seen to run, in seconds since 1970.
    pub at: i64,
    /// Whether all that ran before still ran after it.
    pub is_forward: bool,
    /// The same for certain: a person may stage what takes something away, and nobody promotes it.
    pub keeps: bool,
}
