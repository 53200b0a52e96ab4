//! Which commits a merge brought.

use std::collections::HashMap;

use crate::model::{CommitId, Landed};

/// How commits that landed are built on each other, by their places in the list.
pub struct Graph {
    /// `None` for a parent that ran before already.
    parents: Vec<Vec<Option<usize>>>,
}

impl Graph {
    /// Takes them from the list.
    pub fn of(landed: &[Landed]) -> Self {
        let places: HashMap<&CommitId, usize> = landed
            .iter()
            .enumerate()
            .map(|(at, one)| (&one.id, at))
            .collect();
        let parents = |one: &Landed| {
            one.parents
                .iter()
                .map(|id| places.get(id).copied())
                .collect()
        };
        Self {
            parents: landed.iter().map(parents).collect(),
        }
    }

    /// What a commit reaches by its other parents and not by its first: nothing, but for merges.
    pub fn brought(&self, at: usize) -> Vec<usize> {
        let Some((first, others)) = self.parents[at]
            .split_first()
            .filter(|(_, others)| !others.is_empty())
        else {
            return Vec::new();
        };
        let before = self.reached(&[*first]);
        let reached = self.reached(others);
        (0..reached.len())
            .filter(|&one| one != at && reached[one] && !before[one])
            .collect()
    }

    fn reached(&self, from: &[Option<usize>]) -> Vec<bool> {
        let mut reached = vec![false; self.parents.len()];
        let mut next: Vec<usize> = from.iter().flatten().copied().collect();
        while let Some(at) = next.pop() {
            if !reached[at] {
                reached[at] = true;
                next.extend(self.parents[at].iter().flatten());
            }
        }
        reached
    }
}
