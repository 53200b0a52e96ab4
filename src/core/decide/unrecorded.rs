//! Finds running commits that git-smp did not deploy, by the record. Pure.
//!
//! Unknown is never a deploy: an unclear source, a release in progress and an answer that contradicts the branch report
//! nothing here.

use crate::core::decide::finding::{self, Aspect, Finding};
use crate::core::record::{FORMAT, LastDeploy, State};
use crate::core::words::{CommitId, Observed, Source};

/// The stable word of the finding.
pub const WORD: &str = "unrecorded";

/// A deploy outside git-smp that is not recorded yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrecorded {
    pub environment: String,
    /// The recorded commit.
    pub from: CommitId,
    pub to: CommitId,
    /// The last time when the record knew that `from` runs, in seconds since 1970.
    pub since: i64,
    /// True if merges deploy there, which is then normal.
    pub by_merge: bool,
}

impl Unrecorded {
    pub fn story(&self) -> String {
        let (name, from, to) = (&self.environment, self.from.short(), self.to.short());
        let how = match self.by_merge {
            true => "by a merge",
            false => "outside git smp",
        };
        format!("{name} runs {to}, which was deployed {how}; the last deploy on record was {from}")
    }
}

/// A deploy outside git-smp that an environment still runs.
#[derive(Clone, Copy, Debug)]
pub enum PastTool<'a> {
    /// The record lacks it.
    Unrecorded(&'a Unrecorded),
    Recorded(&'a LastDeploy),
}

/// Returns the deploy outside git-smp that an environment shows; `None` if there is none, or it is uncertain.
pub fn unrecorded(seen: &Observed, state: &State) -> Option<Unrecorded> {
    let name = &seen.environment;
    let to = seen.runs()?;
    if !is_certain(seen) || state.format > FORMAT {
        return None;
    }
    // An announced deploy is one by git-smp, even if its end was not seen.
    let open = state.deploying.as_ref();
    let mut replaced = state.superseded.iter();
    if open.is_some_and(|open| open.reaches(name))
        || replaced.any(|open| open.to == *to && open.reaches(name))
    {
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

/// Returns whether the running commit is certain: the platform reports it, or it equals the branch. A page that differs
/// from the branch may come from an old process.
fn is_certain(seen: &Observed) -> bool {
    let is_unclear = Finding::of(seen).is_some_and(|found| found.is(Aspect::Unclear));
    let is_unclear = is_unclear || finding::pending(seen).is_some();
    !is_unclear && (seen.source == Source::Api || seen.agrees() == Some(true))
}

#[cfg(test)]
mod tests;
