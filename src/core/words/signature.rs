use serde::{Deserialize, Serialize};

use crate::core::words::CommitId;

/// What git says of the signature of a commit, held against the keys that count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignatureCheck {
    /// It is good, and this is whose key made it.
    By(String),
    Missing,
    /// It is good, and nobody's: the key, and that it did not count when the commit was written.
    Unknown(String),
    /// It is not of this commit, or its key may not sign commits.
    Wrong,
    /// The commit has other lines than git writes for an event.
    Odd,
    /// The commit is larger than any event, which no program of the team writes.
    Large,
    /// It is dated in the future, as this machine's clock has it.
    Future,
    /// It cannot be told here, as without the public key of openpgp or the program that checks it.
    Unchecked,
}

impl SignatureCheck {
    pub fn principal(&self) -> Option<&str> {
        match self {
            Self::By(principal) => Some(principal),
            _ => None,
        }
    }

    /// Whether the event may count on another machine, or later: it may be a no.
    pub fn is_unsure(&self) -> bool {
        matches!(self, Self::Unchecked | Self::Future)
    }

    /// Why it does not count; nothing where it does.
    pub fn fault(&self) -> Option<String> {
        Some(match self {
            Self::By(_) => return None,
            Self::Missing => "it is not signed".to_owned(),
            Self::Unknown(key) => {
                format!(
                    "the signers file has no line for its key {key} that is valid for the time it was written"
                )
            }
            Self::Wrong => {
                "its signature is for another event, or its key may not sign events".to_owned()
            }
            Self::Odd => "its commit has other lines than git writes for an event".to_owned(),
            Self::Large => "it is larger than any event".to_owned(),
            Self::Future => "it is dated in the future, by this machine's clock".to_owned(),
            Self::Unchecked => "its signature cannot be checked on this machine".to_owned(),
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    pub commit: CommitId,
    pub parents: Vec<CommitId>,
    /// Who wrote it: name and mail address.
    pub by: (String, String),
    /// When, in seconds since 1970.
    pub at: i64,
    /// The same as its committer says, which is the time that a signature is held against.
    pub committed: i64,
    pub message: String,
    /// Whether its commit is larger than any event, so that only its beginning was read.
    pub is_large: bool,
}
