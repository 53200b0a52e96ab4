//! The commits that each deploy to an environment shipped, and the deploys that it repairs, by this clone. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::core::record::history::PastDeploy;
use crate::core::reverts::Ancestry;
use crate::core::words::{CommitId, Landed};

/// This clone's knowledge about a deploy in addition to the record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shipped {
    /// The commit times of the shipped commits without merges, in seconds since 1970.
    pub committed: Vec<i64>,
    /// The number of shipped commits that this clone lacks; `None` if even the number is unknown.
    pub unknown: Option<u64>,
    /// The earlier deploys that it repairs, by their positions among the deploys to this environment.
    pub mends: Vec<usize>,
}

impl Shipped {
    pub fn is_known(&self) -> bool {
        self.unknown == Some(0)
    }
}

type Carriers = HashMap<usize, Vec<usize>>;

/// Returns what each of these deploys to one environment shipped, oldest first. The flag is true if this clone has both
/// of its commits.
///
/// `log` has the commits of all deploys apart from those that every deploy already had; a commit precedes its parents.
pub fn shipped(deploys: &[(&PastDeploy, bool)], log: &[Landed]) -> Vec<Shipped> {
    let graph = Graph::of(log);
    let names: HashSet<&str> = deploys
        .iter()
        .flat_map(|(one, _)| one.fixes.iter().map(String::as_str))
        .collect();
    let named = names
        .into_iter()
        .map(|name| (name, graph.ancestry.named(name)));
    let named: HashMap<&str, HashSet<usize>> = named.collect();
    let reverts = reverts(&graph.ancestry);
    // The deploys that shipped a commit, the latest last.
    let mut carriers = Carriers::new();
    let mut all = Vec::new();
    for (place, (deploy, is_here)) in deploys.iter().enumerate() {
        let brought = match (&deploy.from, deploy.is_forward()) {
            (Some(from), true) if *is_here => graph.between(from, &deploy.to),
            _ => Vec::new(),
        };
        let said = deploy.fixes.iter().filter_map(|name| {
            let by_commit = latest(&carriers, &named[name.as_str()]);
            named_deploy(&deploys[..place], name).max(by_commit)
        });
        let taken = brought.iter().filter_map(|at| reverts.get(at));
        let taken = taken.filter_map(|taken| latest(&carriers, taken));
        let mends: BTreeSet<usize> = said.chain(taken).collect();
        for at in &brought {
            carriers.entry(*at).or_default().push(place);
        }
        all.push(Shipped {
            committed: graph.committed(&brought),
            unknown: unknown(deploy, *is_here),
            mends: mends.into_iter().collect(),
        });
    }
    all
}

/// Returns the latest deploy whose own commit has this hash prefix.
fn named_deploy(deploys: &[(&PastDeploy, bool)], name: &str) -> Option<usize> {
    deploys
        .iter()
        .rposition(|(one, _)| one.is_forward() && one.to.as_str().starts_with(name))
}

/// Returns the number of shipped commits that this clone lacks. A first deploy and a return ship none.
fn unknown(deploy: &PastDeploy, is_here: bool) -> Option<u64> {
    match deploy.from.is_none() || !deploy.is_forward() || is_here {
        true => Some(0),
        // It shipped commits that this clone lacks, whatever number the record has.
        false => deploy.commits.filter(|commits| *commits > 0),
    }
}

/// Returns the latest deploy so far that shipped one of these commits.
fn latest(carriers: &Carriers, commits: &HashSet<usize>) -> Option<usize> {
    let all = commits.iter().filter_map(|at| carriers.get(at)?.last());
    all.max().copied()
}

/// Returns each revert with the commits it reverts. A revert of a revert applies the change again and repairs nothing.
fn reverts(ancestry: &Ancestry<'_>) -> HashMap<usize, HashSet<usize>> {
    let mending = ancestry.reverts().into_iter().map(|(by, mut taken)| {
        taken.retain(|at| !ancestry.is_revert(*at));
        (by, taken)
    });
    mending.filter(|(_, taken)| !taken.is_empty()).collect()
}

struct Graph<'l> {
    log: &'l [Landed],
    ancestry: Ancestry<'l>,
}

impl<'l> Graph<'l> {
    fn of(log: &'l [Landed]) -> Self {
        Self {
            log,
            ancestry: Ancestry::of(log),
        }
    }

    /// Returns the positions of the commits that `to` has and `from` lacks. Commits outside the log belong to all.
    fn between(&self, from: &CommitId, to: &CommitId) -> Vec<usize> {
        // The value is true for an ancestor of `from`. The lowest position precedes its parents, so each commit is
        // handled after all its descendants.
        let mut open = BTreeMap::new();
        open.extend(self.ancestry.place(to).map(|at| (at, false)));
        open.extend(self.ancestry.place(from).map(|at| (at, true)));
        let mut new = open.values().filter(|is_old| !**is_old).count();
        let mut found = Vec::new();
        while new > 0
            && let Some((at, is_old)) = open.pop_first()
        {
            if !is_old {
                new -= 1;
                found.push(at);
            }
            let parents = self.log[at].parents.iter();
            let parents = parents.filter_map(|id| self.ancestry.place(id));
            for parent in parents.filter(|parent| *parent > at) {
                let known = open.get(&parent).copied();
                if known.is_none() && !is_old {
                    new += 1;
                } else if known == Some(false) && is_old {
                    new -= 1;
                }
                open.insert(parent, is_old || known == Some(true));
            }
        }
        found
    }

    fn committed(&self, places: &[usize]) -> Vec<i64> {
        let all = places.iter().map(|at| &self.log[*at]);
        let all = all.filter(|one| one.parents.len() < 2);
        all.map(|one| one.committed).collect()
    }
}
