//! The reviews and checks of commits. An unknown answer never counts as a yes. Pure.

mod shipping;
pub(super) mod warnings;

use std::collections::HashMap;

pub use shipping::{Merges, Shipping};
pub use warnings::{checked, faults, unknown, warnings};

use serde::Serialize;

use crate::core::refusal::Report;
use crate::core::typed::Typed;
use crate::core::words::{CommitId, SMP_TOML};

/// The number of commits that a plan or a refusal names.
pub(super) const NAMED: usize = 10;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Checks {
    #[default]
    #[serde(skip)]
    Unknown,
    None,
    Pending,
    #[serde(rename = "failure")]
    Failed,
    #[serde(rename = "success")]
    Succeeded,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequest {
    pub number: u64,
    /// `None` if the account no longer exists.
    pub author: Option<String>,
    /// True if it targets the main branch. An approval for another branch does not count.
    pub into_main: bool,
    pub merged: bool,
    /// The approvers, without its author and the authors of the commit.
    pub approved_by: Vec<String>,
    pub changes_requested: bool,
}

impl PullRequest {
    /// Returns whether it was merged into the main branch with another person's approval and without requested changes.
    pub fn is_approved(&self) -> bool {
        self.fault('#').is_none()
    }

    /// Returns the reason why it does not count as approved, a text that follows the commit.
    fn fault(&self, sign: char) -> Option<String> {
        let what = if !self.merged {
            "is not merged"
        } else if !self.into_main {
            "was not merged into the main branch"
        } else if self.changes_requested {
            "was merged although changes were requested"
        } else if self.approved_by.is_empty() {
            "nobody else approved"
        } else {
            return None;
        };
        Some(format!("is part of {sign}{}, which {what}", self.number))
    }
}

/// How a commit got into the branch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    #[default]
    Unknown,
    Direct,
    PullRequest(PullRequest),
}

impl Origin {
    /// Picks the pull request of a commit that counts: first one merged into the main branch, then one merged anywhere,
    /// then an approved one.
    pub fn of(pulls: Vec<PullRequest>) -> Self {
        // `max_by_key` returns the last of equals; the first one counts here.
        let counts = (pulls.into_iter().rev())
            .max_by_key(|pull| (pull.merged, pull.into_main, pull.is_approved()));
        counts.map_or(Self::Direct, Self::PullRequest)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Review {
    pub origin: Origin,
    pub checks: Checks,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Coverage {
    Not(Report),
    /// The host answered every question.
    #[default]
    Whole,
    /// The host did not answer every question, for this reason.
    Partly(Report),
}

/// The names that the main repository's host uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForgeWords {
    pub name: &'static str,
    /// The name of a merge request there, and the sign before its number.
    pub request: &'static str,
    pub sign: char,
    /// The reason why the host may return nothing for a commit.
    pub silence: &'static str,
}

impl ForgeWords {
    pub const GITHUB: Self = Self {
        name: "GitHub",
        request: "pull request",
        sign: '#',
        silence: "the commit does not exist, or the token may not see its pull requests or checks",
    };
}

impl Default for ForgeWords {
    fn default() -> Self {
        Self::GITHUB
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reviews {
    pub known: HashMap<CommitId, Review>,
    pub coverage: Coverage,
    /// The number of shipping merges beyond the named ones, whose reviews cannot be requested.
    pub unnamed: usize,
    pub words: ForgeWords,
}

impl Reviews {
    pub fn unknown(coverage: Coverage) -> Self {
        Self {
            coverage,
            ..Self::default()
        }
    }

    pub fn origin(&self, id: &CommitId) -> &Origin {
        let known = self.known.get(id);
        known.map_or(&Origin::Unknown, |review| &review.origin)
    }

    pub fn checks(&self, id: &CommitId) -> Checks {
        let known = self.known.get(id);
        known.map_or(Checks::Unknown, |review| review.checks)
    }

    pub(super) fn why(&self) -> Report {
        match &self.coverage {
            Coverage::Not(why) | Coverage::Partly(why) => why.clone(),
            Coverage::Whole if self.unnamed > 0 => unanswered(
                Report::new("not every merge that would ship is known")
                    .because("more than 2,000 commits would ship, or the history cannot be read"),
            ),
            Coverage::Whole => {
                let ForgeWords { name, silence, .. } = self.words;
                Report::new(format!("{name} does not report it for every commit")).because(silence)
            }
        }
    }
}

/// Adds the way out if too many commits ship for the host to answer.
pub fn unanswered(why: Report) -> Report {
    why.run(
        format!("for so many commits, remove policy.reviewed from {SMP_TOML}, then"),
        Typed::smp("setup"),
    )
}

#[cfg(test)]
mod tests;
