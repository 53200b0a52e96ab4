//! What runs although nobody deployed it with this program, as far as the record knows. Pure.
//!
//! Unknown is never a deploy: a witness that is unclear, a release that goes on, and an answer that its branch
//! contradicts say nothing here.

use crate::core::decide::finding::{self, Finding};
use crate::core::record::{Deploy, FORMAT, State};
use crate::core::words::{CommitId, Observed, Source};

/// The stable word of the finding.
pub const WORD: &str = "unrecorded";

/// A deploy past the tool that is not on record yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrecorded {
    /// Where.
    pub environment: String,
    /// What the record has there.
    pub from: CommitId,
    /// What runs there.
    pub to: CommitId,
    /// When the record last knew that `from` runs, in seconds since 1970.
    pub since: i64,
}

impl Unrecorded {
    /// What it is, as a sentence.
    pub fn story(&self) -> String {
        let Self {
            environment,
            from,
            to,
            ..
        } = self;
        let (from, to) = (from.short(), to.short());
        format!(
            "{environment} runs {to}, which nobody deployed with git smp: the record has {from}"
        )
    }
}

/// A deploy past the tool that an environment still runs.
#[derive(Clone, Copy, Debug)]
pub enum PastTool<'a> {
    /// The record lacks it.
    Unrecorded(&'a Unrecorded),
    /// Somebody saw it, and it is on record.
    Recorded(&'a Deploy),
}

/// The deploy past the tool that an environment shows; `None`: there is none, or nobody can tell.
pub fn unrecorded(seen: &Observed, state: &State) -> Option<Unrecorded> {
    let name = &seen.environment;
    let to = seen
        .runs()
        .filter(|_| is_certain(seen) && state.format <= FORMAT)?;
    // What was announced is a deploy with this program, whether its end was seen or not.
    let announced = state
        .deploying
        .as_ref()
        .is_some_and(|open| open.environment == *name);
    if announced || state.unseen.get(name) == Some(to) || arrives(state, name, to) {
        return None;
    }
    let (from, since) = state.known(name)?;
    (from != to).then(|| Unrecorded {
        environment: name.clone(),
        from: from.clone(),
        to: to.clone(),
        since,
    })
}

/// Whether this is the candidate, which a promotion writes down as one once it is signed off.
fn arrives(state: &State, environment: &str, commit: &CommitId) -> bool {
    let candidate = state
        .candidate
        .as_ref()
        .filter(|candidate| candidate.commit == *commit);
    candidate
        .and_then(|candidate| candidate.goal(environment))
        .is_some_and(|goal| !goal.reached)
}

/// Whether what runs is beyond doubt: its platform says so, or its branch says the same. Of a page that says something
/// else than the branch nobody knows whether an old process answered.
fn is_certain(seen: &Observed) -> bool {
    let unclear = matches!(
        Finding::of(seen),
        Some(
            Finding::Unknown(_) | Finding::WrongBranch | Finding::NotConfirmed | Finding::StalePage
        )
    );
    let settled = !unclear && finding::pending(seen).is_none();
    settled && (seen.source == Source::Api || seen.agrees() == Some(true))
}

#[cfg(test)]
mod tests;
