//! The reverts among commits, by their messages. Pure.

use std::collections::{HashMap, HashSet};

use crate::core::words::{CommitId, Landed, is_hash, numbered};

/// Returns the reverts among these commits that were not reverted themselves, newest first, each with the commits it
/// reverts. Only a hash or a number in the message counts, because several commits may share a subject.
pub fn reverts(landed: &[Landed]) -> Vec<(CommitId, HashSet<CommitId>)> {
    let reverts = Ancestry::of(landed).reverts();
    let mut stands: Vec<Option<bool>> = vec![None; landed.len()];
    // A revert is newer than its target, so the loop ends; commits that name each other stay undecided.
    for _ in 0..=reverts.len() {
        for (at, _) in &reverts {
            let takers = reverts.iter().filter(|(_, taken)| taken.contains(at));
            let mut takers = takers.map(|(by, _)| stands[*by]);
            stands[*at] = takers.try_fold(true, |free, taker| Some(free && !taker?));
        }
    }
    let standing = (reverts.into_iter()).filter(|(at, _)| stands[*at] == Some(true));
    let named = standing.map(|(by, taken)| {
        let taken = taken.into_iter().map(|at| landed[at].id.clone());
        (landed[by].id.clone(), taken.collect())
    });
    named.collect()
}

/// Commits of a branch, newest first, by their position in the list.
pub struct Ancestry<'a> {
    landed: &'a [Landed],
    places: HashMap<&'a CommitId, usize>,
}

impl<'a> Ancestry<'a> {
    pub fn of(landed: &'a [Landed]) -> Self {
        let places = landed.iter().enumerate().map(|(at, one)| (&one.id, at));
        Self {
            landed,
            places: places.collect(),
        }
    }

    pub fn place(&self, id: &CommitId) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// Returns all reverts, including reverted ones, each with the commits it reverts.
    pub fn reverts(&self) -> Vec<(usize, HashSet<usize>)> {
        let all = (0..self.landed.len()).map(|at| (at, self.taken_by(at)));
        all.filter(|(_, taken)| !taken.is_empty()).collect()
    }

    /// Returns whether the message says that the commit is a revert, even of a commit outside the list.
    pub fn is_revert(&self, at: usize) -> bool {
        let named = taken_back(&self.landed[at]);
        named.is_some_and(|(hashes, numbers)| !hashes.is_empty() || !numbers.is_empty())
    }

    /// Returns the commit with this hash prefix and, for a merge, what it brought; empty if the prefix is ambiguous.
    pub fn named(&self, hash: &str) -> HashSet<usize> {
        let only = self.only(hash, None).into_iter();
        only.flat_map(|at| self.with_brought(at)).collect()
    }

    /// Returns the commits that a commit reverts: those it names by hash or, if none of them is here, by number. A
    /// merge includes the commits it brought.
    fn taken_by(&self, at: usize) -> HashSet<usize> {
        let (hashes, numbers) = taken_back(&self.landed[at]).unwrap_or_default();
        let hashes = hashes.into_iter();
        let mut named: Vec<usize> = hashes
            .filter_map(|hash| self.only(hash, Some(at)))
            .collect();
        if named.is_empty() {
            named.extend(numbers.into_iter().filter_map(|number| {
                let mut before = at + 1..self.landed.len();
                before.find(|one| {
                    let brought = self.landed[*one].pull_request();
                    brought.is_some_and(|(_, its)| its == number)
                })
            }));
        }
        let named = named.into_iter();
        named.flat_map(|one| self.with_brought(one)).collect()
    }

    /// Returns the only commit with this hash prefix, apart from `but`.
    fn only(&self, hash: &str, but: Option<usize>) -> Option<usize> {
        if let Some(at) = CommitId::parse(hash).and_then(|id| self.place(&id)) {
            return Some(at).filter(|at| Some(*at) != but);
        }
        let mut all = (0..self.landed.len())
            .filter(|one| Some(*one) != but && self.landed[*one].id.as_str().starts_with(hash));
        all.next().filter(|_| all.next().is_none())
    }

    fn with_brought(&self, at: usize) -> impl Iterator<Item = usize> {
        self.brought(at).into_iter().chain([at])
    }

    /// Returns the commits reachable from the other parents but not from the first; empty unless it is a merge.
    fn brought(&self, at: usize) -> HashSet<usize> {
        let Some((first, others)) = self.landed[at].parents.split_first() else {
            return HashSet::new();
        };
        let before = self.reached(std::slice::from_ref(first));
        let mut brought = self.reached(others);
        brought.retain(|one| *one != at && !before.contains(one));
        brought
    }

    fn reached(&self, from: &'a [CommitId]) -> HashSet<usize> {
        let (mut reached, mut next) = (HashSet::new(), Vec::from_iter(from));
        while let Some(id) = next.pop() {
            if let Some(at) = self.places.get(id).copied()
                && reached.insert(at)
            {
                next.extend(&self.landed[at].parents);
            }
        }
        reached
    }
}

const BY_HASH: &str = "This reverts commit";
const BY_NUMBER: [&str; 2] = ["Reverts ", "This reverts merge request "];

/// Returns the hash prefixes and pull request numbers that a commit says it reverts; `None` if the commit as a whole
/// is not a revert. A revert inside other work does not count.
fn taken_back(commit: &Landed) -> Option<(Vec<&str>, Vec<u64>)> {
    let title = match commit.pull_request() {
        Some((title, _)) => title,
        None => Some(commit.subject.trim()).filter(|subject| !subject.starts_with("Merge "))?,
    };
    let body = commit.body.trim_start();
    let word = title.split(|c: char| !c.is_alphabetic()).next()?;
    let word = word.to_lowercase();
    (["revert", "reverts", "reapply"].contains(&word.as_str()) || body.starts_with(BY_HASH))
        .then_some(())?;
    let mut numbers = numbers(body);
    if numbers.is_empty() {
        // A reapplied change has the number of the original, not of its revert.
        let quoted = title
            .strip_prefix("Revert \"")
            .and_then(|rest| Some(rest.rsplit_once('"')?.0));
        numbers.extend(quoted.and_then(numbered).map(|(_, number)| number));
    }
    Some((hashes(body), numbers))
}

/// Returns the hashes after each "This reverts commit", up to the end of the sentence. The hashes after ", reversing"
/// belong to the other side of a merge and are not reverted.
fn hashes(body: &str) -> Vec<&str> {
    let parts = body.split(BY_HASH).skip(1).filter_map(|part| {
        let sentence = part.split(['.', '(']).next()?.split("\n\n").next()?;
        sentence.split(", reversing").next()
    });
    let words = parts.flat_map(|part| part.split(|c: char| !c.is_ascii_alphanumeric()));
    words.filter(|word| is_hash(word, 7)).collect()
}

/// Returns the numbers of lines such as `Reverts owner/repo#425` and `This reverts merge request !12`.
fn numbers(body: &str) -> Vec<u64> {
    let lines = body.lines().map(str::trim);
    let rests =
        lines.filter_map(|line| BY_NUMBER.iter().find_map(|words| line.strip_prefix(words)));
    let named = rests.filter_map(|rest| rest.trim_end_matches('.').rsplit_once(['#', '!']));
    let named = named.filter(|(name, _)| !name.contains(char::is_whitespace));
    named
        .filter_map(|(_, number)| number.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests;
