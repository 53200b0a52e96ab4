//! Whether commits were reviewed and whether their checks succeeded: the words, the verdict, and what a policy makes of
//! it. What nobody can tell is never taken for a yes. Pure.

mod policy;
mod told;

use std::collections::HashMap;

pub use policy::{green, reviewed};
pub use told::{checked, faults, unknown, warnings};

use crate::core::refusal::Report;
use crate::core::words::CommitId;

/// How many commits are named one by one in a plan or a refusal.
const NAMED: usize = 10;

/// How the checks of a commit ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checks {
    /// Nobody can tell.
    #[default]
    Unknown,
    /// It has none.
    None,
    /// Not all have come to their end.
    Pending,
    /// At least one failed.
    Failed,
    /// All succeeded.
    Succeeded,
}

/// A pull request, as it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Whose it is; `None` for an account that is gone.
    pub author: Option<String>,
    /// The branch that it goes to.
    pub base: String,
    /// Whether that is the main branch. What was reviewed for another one was not reviewed for what ships.
    pub into_main: bool,
    /// Whether it was merged.
    pub merged: bool,
    /// Who approves of it, but for its author and those of the commit.
    pub approved_by: Vec<String>,
    /// Whether somebody wants changes.
    pub changes_requested: bool,
}

impl PullRequest {
    /// Whether it was merged into the main branch with somebody else's approval, and nobody wants changes.
    pub fn is_approved(&self) -> bool {
        self.merged && self.into_main && !self.approved_by.is_empty() && !self.changes_requested
    }

    /// What keeps it from being approved, to stand behind the commit that came with it.
    fn fault(&self) -> Option<String> {
        let what = match self {
            _ if self.is_approved() => return None,
            Self { merged: false, .. } => "is not merged",
            Self {
                into_main: false, ..
            } => "was not merged into the main branch",
            Self {
                changes_requested: true,
                ..
            } => "was merged although changes were requested",
            _ => "nobody else approved",
        };
        Some(format!("came with #{}, which {what}", self.number))
    }
}

/// How a commit came to be where it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nobody can tell.
    #[default]
    Unknown,
    /// With no pull request.
    Direct,
    /// With this pull request.
    PullRequest(PullRequest),
}

impl Origin {
    /// The one of a commit's pull requests that counts: merged into the main branch, or else merged anywhere; and of
    /// several such the approved one.
    pub fn of(pulls: Vec<PullRequest>, main: &str) -> Self {
        let told = |pull: PullRequest| PullRequest {
            into_main: pull.base == main,
            ..pull
        };
        let rank = |pull: &PullRequest| (pull.merged, pull.into_main, pull.is_approved());
        // Of equals the first counts, and `max_by_key` would take the last.
        pulls
            .into_iter()
            .map(told)
            .rev()
            .max_by_key(rank)
            .map_or(Self::Direct, Self::PullRequest)
    }
}

/// What is known of a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Review {
    /// How it came.
    pub origin: Origin,
    /// How its checks ended.
    pub checks: Checks,
}

/// Whether the service was asked, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It was not, for this reason.
    Not(Report),
    /// It answered all that it was asked.
    Whole,
    /// This kept it from answering all.
    Partly(Report),
}

/// What is known of some commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviews {
    known: HashMap<CommitId, Review>,
    asked: Asked,
    unnamed: usize,
}

impl Reviews {
    /// What came of asking.
    pub fn new(known: HashMap<CommitId, Review>, asked: Asked) -> Self {
        Self {
            known,
            asked,
            unnamed: 0,
        }
    }

    /// The same, where so many more merges would ship which nobody could name, so that nobody could ask about them.
    #[must_use]
    pub fn but_for(self, unnamed: usize) -> Self {
        Self { unnamed, ..self }
    }

    /// Nothing is known, for this reason.
    pub fn not_asked(why: Report) -> Self {
        Self::new(HashMap::new(), Asked::Not(why))
    }

    /// Whether the service was asked, and what came of it.
    pub fn asked(&self) -> &Asked {
        &self.asked
    }

    /// How a commit came.
    pub fn origin(&self, id: &CommitId) -> &Origin {
        self.known
            .get(id)
            .map_or(&Origin::Unknown, |review| &review.origin)
    }

    /// How the checks of a commit ended.
    pub fn checks(&self, id: &CommitId) -> Checks {
        self.known
            .get(id)
            .map(|review| review.checks)
            .unwrap_or_default()
    }

    /// Why whatever is unknown is unknown.
    fn why(&self) -> Report {
        match &self.asked {
            Asked::Not(why) | Asked::Partly(why) => why.clone(),
            Asked::Whole if self.unnamed > 0 => {
                Report::new("git does not name every merge that would ship")
                    .because("it names no more than 2,000 commits, or the history cannot be read")
            }
            Asked::Whole => Report::new("GitHub does not tell").because(
                "the commit is not there, or the token may not see its pull requests or checks",
            ),
        }
    }
}

#[cfg(test)]
mod tests;
