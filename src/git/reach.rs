//! Whether a commit contains another, by the commit-graph: the walk stops at commits that cannot contain it.

use std::collections::HashSet;
use std::mem;

use git2::{Odb, Oid};
use gix_commitgraph::{Graph, Position};

use crate::git::{Unreadable, object, walk};

/// A commit that the graph lacks is newer than all of the graph, and comes from the object database.
pub fn has(odb: &Odb<'_>, graph: &Graph, new: Oid, old: Oid) -> Result<bool, Unreadable> {
    let at = walk::position(graph, old);
    if at.is_none() {
        // A commit that is not here is left to git.
        walk::read(odb, old)?;
    }
    let (mut met, mut beyond, mut open) = (HashSet::new(), vec![new], Vec::new());
    while let Some(id) = beyond.pop() {
        if id == old {
            return Ok(true);
        }
        match walk::position(graph, id) {
            Some(place) => open.push(place),
            None if met.insert(id) => {
                beyond.extend(object::links(walk::read(odb, id)?.data())?.0);
            }
            None => {}
        }
    }
    at.map_or(Ok(false), |old| leads_to(graph, open, old))
}

fn leads_to(graph: &Graph, mut open: Vec<Position>, old: Position) -> Result<bool, Unreadable> {
    let level = graph.commit_at(old).generation();
    let mut seen = vec![false; usize::try_from(graph.num_commits())?];
    while let Some(place) = open.pop() {
        if place == old {
            return Ok(true);
        }
        let commit = graph.commit_at(place);
        // A commit has a higher generation than its ancestors. Zero: the git that wrote the graph did not compute it.
        let is_below = commit.generation() != 0 && commit.generation() <= level;
        let seen = seen.get_mut(usize::try_from(place.0)?).ok_or(Unreadable)?;
        if is_below || mem::replace(seen, true) {
            continue;
        }
        let first = open.len();
        for parent in commit.iter_parents() {
            open.push(parent.map_err(|_| Unreadable)?);
        }
        // The main line is the short way down, so it comes first.
        open[first..].reverse();
    }
    Ok(false)
}
