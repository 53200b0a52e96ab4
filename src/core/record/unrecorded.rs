//! What runs although nobody deployed it with this program, as far as the record knows. Pure.
//!
//! Unknown is never a deploy: a witness that is unclear, a release that goes on, and an answer that its branch
//! contradicts say nothing here.

use crate::core::decide::finding::{self, Finding, Mark};
use crate::core::record::{FORMAT, LastDeploy, State};
use crate::core::words::{CommitId, Observed, Source};

/// The stable word of the finding.
pub const WORD: &str = "unrecorded";

/// A deploy past the tool that is not on record yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrecorded {
    pub environment: String,
    /// What the record has there.
    pub from: CommitId,
    pub to: CommitId,
    /// When the record last knew that `from` runs, in seconds since 1970.
    pub since: i64,
    /// Whether a merge deploys there, so that nothing is wrong with it.
    pub by_merge: bool,
}

impl Unrecorded {
    pub fn story(&self) -> String {
        let (name, from, to) = (&self.environment, self.from.short(), self.to.short());
        let how = match self.by_merge {
            true => "by a merge",
            false => "outside git smp",
        };
        format!("{name} runs {to}, which was deployed {how}; the record has {from}")
    }
}

/// A deploy past the tool that an environment still runs.
#[derive(Clone, Copy, Debug)]
pub enum PastTool<'a> {
    /// The record lacks it.
    Unrecorded(&'a Unrecorded),
    Recorded(&'a LastDeploy),
}

/// The deploy past the tool that an environment shows; `None`: there is none, or nobody can tell.
pub fn unrecorded(seen: &Observed, state: &State) -> Option<Unrecorded> {
    let name = &seen.environment;
    let to = seen.runs()?;
    if !is_certain(seen) || state.format > FORMAT {
        return None;
    }
    // What was announced is a deploy with this program, whether its end was seen or not.
    let open = state.deploying.as_ref();
    if open.is_some_and(|open| open.reaches(name)) || state.unseen.get(name) == Some(to) {
        return None;
    }
    let (commit, at) = state.known(name)?;
    (commit != to).then(|| Unrecorded {
        environment: name.clone(),
        from: commit.clone(),
        to: to.clone(),
        since: at,
        by_merge: seen.by_merge,
    })
}

/// Whether what runs is beyond doubt: its platform says so, or its branch says the same. Of a page that says something
/// else than the branch nobody knows whether an old process answered.
fn is_certain(seen: &Observed) -> bool {
    let is_unclear = Finding::of(seen).is_some_and(|found| found.is(Mark::Unclear));
    let is_unclear = is_unclear || finding::pending(seen).is_some();
    !is_unclear && (seen.source == Source::Api || seen.agrees() == Some(true))
}

#[cfg(test)]
mod tests;
