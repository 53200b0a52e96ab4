//! The commits that recorded deploys shipped, if this clone has them.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::record::history::{DeployKind, PastDeploy};
use crate::core::record::stats::{self, Shipped};
use crate::core::words::{CommitId, Landed};
use crate::git::Repo;

/// Returns what each of these deploys shipped, in their order.
pub fn shipped(repo: &Repo, deploys: &[PastDeploy]) -> Vec<Shipped> {
    let mut by_environment: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, one) in deploys.iter().enumerate() {
        by_environment
            .entry(&one.environment)
            .or_default()
            .push(place);
    }
    let mut all = vec![Shipped::default(); deploys.len()];
    for places in by_environment.into_values() {
        let there = places.iter().map(|place| &deploys[*place]);
        let told = of_one(repo, &there.collect::<Vec<_>>());
        for (place, shipped) in places.into_iter().zip(told) {
            all[place] = shipped;
        }
    }
    all
}

/// Returns what these deploys of one environment shipped.
fn of_one(repo: &Repo, deploys: &[&PastDeploy]) -> Vec<Shipped> {
    let is_here = |id: &CommitId| repo.has_commit(id) == Ok(true);
    let with_here = deploys.iter().map(|deploy| {
        let is_whole = !repo.layout().shallow && deploy.from.iter().all(is_here);
        (*deploy, is_whole && is_here(&deploy.to))
    });
    let mut with_here: Vec<(&PastDeploy, bool)> = with_here.collect();
    let log = log(repo, &with_here).unwrap_or_else(|| {
        with_here
            .iter_mut()
            .for_each(|(_, is_here)| *is_here = false);
        Vec::new()
    });
    stats::shipped(&with_here, &log)
}

/// Returns all that these deploys shipped; `None` if git cannot read it.
fn log(repo: &Repo, deploys: &[(&PastDeploy, bool)]) -> Option<Vec<Landed>> {
    let here = deploys.iter().filter(|(_, is_here)| *is_here);
    let (mut from, mut ends, mut promoted) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (deploy, before) in here.filter_map(|(deploy, _)| Some((deploy, deploy.from.as_ref()?))) {
        from.insert(before);
        if deploy.is_forward() {
            ends.extend([before, &deploy.to]);
        }
        if deploy.kind == DeployKind::Promote {
            promoted.insert(&deploy.to);
        }
    }
    // A promoted commit contains all that ran there before.
    let from: Vec<&CommitId> = from.difference(&promoted).copied().collect();
    repo.all_landed(&from, &Vec::from_iter(ends)).ok()
}
