//! Whether commits were reviewed and their checks succeeded. What nobody can tell is never a yes. Pure.

mod shipping;
pub(super) mod warnings;

use std::collections::HashMap;

pub use shipping::{Merges, Shipping};
pub use warnings::{checked, faults, unknown, warnings};

use serde::Serialize;

use crate::core::refusal::Report;
use crate::core::typed::Typed;
use crate::core::words::CommitId;

/// How many commits are named one by one in a plan or a refusal.
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
    /// Whose it is; `None` for an account that is gone.
    pub author: Option<String>,
    /// Whether it goes to the main branch. What was reviewed for another one was not reviewed for what ships.
    pub into_main: bool,
    pub merged: bool,
    /// Who approves of it, but for its author and those of the commit.
    pub approved_by: Vec<String>,
    pub changes_requested: bool,
}

impl PullRequest {
    /// Whether it was merged into the main branch with somebody else's approval, and nobody wants changes.
    pub fn is_approved(&self) -> bool {
        self.fault('#').is_none()
    }

    /// What keeps it from being approved, to stand behind the commit that came with it.
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
        Some(format!("came with {sign}{}, which {what}", self.number))
    }
}

/// How a commit came to be where it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    #[default]
    Unknown,
    Direct,
    PullRequest(PullRequest),
}

impl Origin {
    /// The one of a commit's pull requests that counts: merged into the main branch, or else merged anywhere; and of
    /// several such the approved one.
    pub fn of(pulls: Vec<PullRequest>) -> Self {
        // Of equals the first counts, and `max_by_key` would take the last.
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
    /// It answered all that it was asked.
    #[default]
    Whole,
    /// This kept it from answering all.
    Partly(Report),
}

/// How the main repository's host is spoken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForgeWords {
    pub name: &'static str,
    /// What asks there for a merge, and the sign before its number.
    pub request: &'static str,
    pub sign: char,
    /// Why it may say nothing of a commit.
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
    /// How many more merges would ship which nobody could name, so that nobody could ask about them.
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

/// Why something stays unknown, however often it is asked: too many commits would ship.
pub fn unanswered(why: Report) -> Report {
    why.run(
        "for so many commits, remove policy.reviewed from smp.toml, then",
        Typed::smp("setup"),
    )
}

#[cfg(test)]
mod tests;
