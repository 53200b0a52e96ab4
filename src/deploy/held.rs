//! How what would ship stands to what an environment was rolled back from.

use std::collections::HashSet;

use crate::core::decide::{HeldBack, Ships, reverts};
use crate::core::record::Held;
use crate::core::refusal::Stop;
use crate::core::words::CommitId;
use crate::session::Session;

/// Weighs every commit that an environment was rolled back from against the one that it is to be given. `runs`: what it
/// runs now.
///
/// # Errors
/// When history cannot be read.
pub fn weigh(
    session: &Session<'_>,
    runs: Option<&CommitId>,
    candidate: Option<&CommitId>,
    held: Vec<Held>,
) -> Result<Vec<HeldBack>, Stop> {
    // A rollback leads to where the next one came from, and the last to what runs.
    let ends: Vec<CommitId> = held
        .iter()
        .skip(1)
        .map(|one| one.commit.clone())
        .chain(runs.cloned())
        .collect();
    let mut ends = ends.into_iter();
    let with_end = held.into_iter().map(|held| {
        let back_to = ends.next();
        let ships = match candidate {
            Some(candidate) => ships(session, &held.commit, back_to.as_ref(), candidate)?,
            None => Ships::Without,
        };
        Ok(HeldBack { held, ships })
    });
    with_end.collect()
}

fn ships(
    session: &Session<'_>,
    held: &CommitId,
    back_to: Option<&CommitId>,
    candidate: &CommitId,
) -> Result<Ships, Stop> {
    let repo = &session.repo;
    // All of the candidate's history is here, so what is not here is no part of it.
    if held != candidate && (!repo.has_commit(held)? || !repo.is_ancestor(held, candidate)?) {
        return Ok(Ships::Without);
    }
    let before = back_to
        .filter(|back_to| *back_to != held && repo.has_commit(back_to).is_ok_and(|here| here));
    let taken = before
        .map(|before| repo.landed(Some(before), held))
        .transpose()?
        .unwrap_or_default();
    let mut taken: HashSet<CommitId> = taken.into_iter().map(|one| one.id).collect();
    taken.insert(held.clone());
    let reverts = reverts(&repo.landed(before, candidate)?);
    let mends = |(by, of): (CommitId, HashSet<CommitId>)| {
        // A revert that was itself rolled back does not count.
        let of = of.into_iter().filter(|one| taken.contains(one)).min()?;
        (!taken.contains(&by)).then_some(Ships::TakenBack { by, of })
    };
    Ok(reverts.into_iter().find_map(mends).unwrap_or(Ships::Again))
}
