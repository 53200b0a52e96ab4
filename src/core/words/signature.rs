use serde::{Deserialize, Serialize};

use crate::core::words::CommitId;

/// The result of git's signature check, compared with the keys that count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignatureCheck {
    /// The signature is good; the owner of its key.
    By(String),
    Missing,
    /// The signature is good, but its key, named here, did not count at the time of the commit.
    Unknown(String),
    /// The signature is for another commit, or its key may not sign commits.
    Wrong,
    /// The commit has other lines than git writes for an event.
    Odd,
    /// The commit is larger than any event, which no program of the team writes.
    Large,
    /// The commit is dated in the future by this machine's clock.
    Future,
    /// It cannot be checked here, for example without the public openpgp key or the checking program; or why the signers
    /// file does not accept its key.
    Unchecked(Option<String>),
}

impl SignatureCheck {
    pub fn principal(&self) -> Option<&str> {
        match self {
            Self::By(principal) => Some(principal),
            _ => None,
        }
    }

    /// Returns whether the event may count on another machine or later: it may be a block.
    pub fn is_unsure(&self) -> bool {
        matches!(self, Self::Unchecked(_) | Self::Future)
    }

    /// Returns why it does not count; `None` if it does.
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
            Self::Unchecked(None) => "its signature cannot be checked on this machine".to_owned(),
            Self::Unchecked(Some(why)) => why.clone(),
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    pub commit: CommitId,
    pub parents: Vec<CommitId>,
    /// The author: name and mail address.
    pub by: (String, String),
    /// The author time in seconds since 1970.
    pub at: i64,
    /// The committer time, which the signature check uses.
    pub committed: i64,
    pub message: String,
    /// True if the commit is larger than any event; then only its beginning was read.
    pub is_large: bool,
}
