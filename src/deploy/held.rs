//! Compares what would ship with what an environment was rolled back from.

use std::collections::HashSet;

use crate::core::decide::{HeldBack, Ships};
use crate::core::record::Held;
use crate::core::refusal::Stop;
use crate::core::reverts::reverts;
use crate::core::words::CommitId;
use crate::session::Session;

/// Compares the candidate with each commit that an environment was rolled back from. `runs` is what it runs now.
pub fn weigh(
    session: &Session<'_>,
    runs: Option<&CommitId>,
    candidate: Option<&CommitId>,
    held: Vec<Held>,
) -> Result<Vec<HeldBack>, Stop> {
    // A rollback led to the start of the next one, and the last rollback led to what runs now.
    let next = held.iter().skip(1).map(|one| Some(one.commit.clone()));
    let ends: Vec<Option<CommitId>> = next.chain([runs.cloned()]).collect();
    let with_end = held.into_iter().zip(ends).map(|(held, back_to)| {
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
    // The candidate's whole history is here, so a commit that is missing here is no part of it.
    if held != candidate && (!repo.has_commit(held)? || !repo.is_ancestor(held, candidate)?) {
        return Ok(Ships::Without);
    }
    let before = back_to.filter(|one| *one != held && repo.has_commit(one) == Ok(true));
    let mut taken = HashSet::from([held.clone()]);
    if before.is_some() {
        taken.extend(repo.landed(before, held)?.into_iter().map(|one| one.id));
    }
    let reverts = reverts(&repo.landed(before, candidate)?).into_iter();
    let mut mends = reverts.filter_map(|(by, of)| {
        // A revert that was itself rolled back does not count.
        let of = of.into_iter().filter(|one| taken.contains(one)).min()?;
        (!taken.contains(&by)).then_some(Ships::TakenBack { by, of })
    });
    Ok(mends.next().unwrap_or(Ships::Again))
}
