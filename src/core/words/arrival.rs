use serde::{Deserialize, Serialize};

use crate::core::words::CommitId;

/// The arrival of a commit in an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    pub environment: String,
    pub from: Option<CommitId>,
    pub to: CommitId,
    /// The time when it was seen to run, in seconds since 1970.
    pub at: i64,
    /// True if no earlier commit was rolled back.
    pub is_forward: bool,
    /// True if it certainly kept all earlier commits: staging may remove some, a promotion never does.
    pub keeps: bool,
}
