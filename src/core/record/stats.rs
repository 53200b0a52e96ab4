//! Figures of past deploys, per environment: frequency, speed and quality. Pure.
//!
//! An unknown figure is `None`, never 0. Times are from other people's clocks, so any number may occur; a negative
//! duration counts as 0.

mod failures;
mod shipped;
mod weeks;

use std::collections::{BTreeSet, HashMap};

pub use failures::{Failure, Remedy};
pub use shipped::{Shipped, shipped};
pub use weeks::Week;

use serde::Serialize;

use crate::core::record::history::{DeployKind, PastDeploy};
#[cfg(test)]
use crate::core::when::Rfc3339;
use crate::core::when::{When, write_time};

#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Figures {
    pub environment: String,
    /// The time of the first promotion.
    #[serde(serialize_with = "write_time")]
    #[cfg_attr(test, schemars(with = "Option<Rfc3339>"))]
    pub since: Option<i64>,
    pub promotions: usize,
    pub rollbacks: usize,
    /// How many deploys were outside `git smp`.
    pub observed: usize,
    // From the week of the first promotion up to this week, both counted whole.
    pub promotions_per_week: Option<f64>,
    /// Like `promotions_per_week`, but deploys outside `git smp` count as well, except those that went back.
    pub deploys_per_week: Option<f64>,
    /// The last 12 weeks up to this one, the oldest first.
    pub weeks: Vec<Week>,
    /// From commit to production.
    #[serde(rename = "lead_time_seconds")]
    pub lead: Lead,
    /// How many promotions were rolled back before the next promotion.
    pub rolled_back: usize,
    /// Their share of all promotions.
    #[cfg_attr(test, schemars(range(min = 0, max = 1)))]
    pub rolled_back_share: Option<f64>,
    pub change_failure: ChangeFailure,
    /// From a failed deploy to the deploy that corrected it.
    #[serde(rename = "time_to_restore_seconds")]
    pub restore: Restore,
    pub rework: Rework,
}

// A commit that was rolled back and shipped again counts again; the commits of an environment's first deploy do not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Lead {
    pub median: Option<i64>,
    pub p90: Option<i64>,
    /// The number of commits in the two figures.
    pub commits: usize,
    /// How many of these were deployed outside `git smp`: their time ends when somebody saw them run.
    pub seen: usize,
    /// How many more commits this clone does not know; `null` if even their number is unknown.
    pub unknown: Option<u64>,
    // The seconds of each commit, shortest first.
    #[serde(skip)]
    pub seconds: Vec<i64>,
}

/// Deploys that failed, among those that brought new commits.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Failure"))]
pub struct ChangeFailure {
    pub failed: usize,
    /// Failed deploys that the next deploy took back.
    pub rolled_back: usize,
    /// Failed deploys that a later deploy fixed: it shipped a revert of them, or says that it fixes them.
    pub fixed_forward: usize,
    /// How many deploys brought new commits, with `git smp` or outside it.
    pub deploys: usize,
    /// How many of them shipped commits that this clone does not have.
    pub unknown: usize,
    /// The share of these deploys that failed; `null` if there are none, or `unknown` is not 0.
    #[cfg_attr(test, schemars(range(min = 0, max = 1)))]
    pub rate: Option<f64>,
    // The failed ones, oldest first.
    #[serde(skip)]
    pub all: Vec<Failure>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Restore {
    pub median: Option<i64>,
    /// How many failures there were.
    pub failures: usize,
    /// How many of these have an unknown time, because a deploy was outside `git smp`.
    pub seen: usize,
}

/// Deploys that only corrected an earlier one: they went back, or they fixed it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Rework {
    pub rework: usize,
    /// How many deploys there were of any kind.
    pub deploys: usize,
    /// How many of them shipped commits that this clone does not have.
    pub unknown: usize,
    /// The share of these deploys that are rework; `null` if there are none, or `unknown` is not 0.
    #[cfg_attr(test, schemars(range(min = 0, max = 1)))]
    pub rate: Option<f64>,
}

impl Lead {
    fn of(mut seconds: Vec<i64>, seen: usize, unknown: Option<u64>) -> Self {
        seconds.sort_unstable();
        let rank = seconds.len().saturating_mul(9).div_ceil(10).checked_sub(1);
        Self {
            median: median(&seconds),
            p90: rank.and_then(|rank| seconds.get(rank).copied()),
            commits: seconds.len(),
            seen,
            unknown,
            seconds,
        }
    }
}

impl Restore {
    fn of(failures: &[Failure]) -> Self {
        let mut known: Vec<i64> = failures.iter().filter_map(|one| one.seconds).collect();
        known.sort_unstable();
        Self {
            median: median(&known),
            failures: failures.len(),
            seen: failures.len() - known.len(),
        }
    }
}

/// Returns a share between 0 and 1.
pub fn share(some: usize, all: usize) -> Option<f64> {
    (all > 0).then(|| some as f64 / all as f64)
}

/// Returns each arrival of a commit once. A commit that was first observed and later recorded as a promotion or
/// rollback did not arrive again: it stays a deploy outside `git smp`, and keeps the fixes that the later record names.
pub fn arrived(deploys: Vec<PastDeploy>) -> Vec<PastDeploy> {
    let (mut all, mut last) = (Vec::<PastDeploy>::new(), HashMap::new());
    for deploy in deploys {
        let before = last.get(&deploy.environment);
        let before = before.and_then(|place: &usize| all.get_mut(*place));
        let seen = before
            .filter(|one| matches!(one.kind, DeployKind::Observed { .. }) && one.to == deploy.to);
        match seen {
            Some(seen) => seen.fixes.extend(deploy.fixes),
            None => {
                last.insert(deploy.environment.clone(), all.len());
                all.push(deploy);
            }
        }
    }
    all
}

/// Returns the figures of these environments in this order, then of all other deployed ones by name.
///
/// `deploys` are oldest first, and `shipped` has an element for each. `begun` is the beginning of the record; nothing
/// is known before it.
pub fn figures(
    first: &[&str],
    deploys: &[PastDeploy],
    shipped: &[Shipped],
    begun: Option<i64>,
    when: &When,
) -> Vec<Figures> {
    let names = deploys.iter().map(|deploy| deploy.environment.as_str());
    let others: BTreeSet<&str> = names.filter(|name| !first.contains(name)).collect();
    let all = first.iter().copied().chain(others).map(|name| {
        let all = deploys.iter().zip(shipped);
        let there: Vec<_> = all.filter(|(one, _)| one.environment == name).collect();
        of(name, &there, begun, when)
    });
    all.collect()
}

fn of(
    environment: &str,
    deploys: &[(&PastDeploy, &Shipped)],
    begun: Option<i64>,
    when: &When,
) -> Figures {
    use DeployKind::{Observed, Promote, Rollback};
    let promotions = times(deploys, |kind| kind == Promote);
    let rollbacks = times(deploys, |kind| kind == Rollback);
    let observed = times(deploys, |kind| matches!(kind, Observed { .. }));
    let forward = times(deploys, |kind| {
        matches!(kind, Promote | Observed { back: false, .. })
    });
    let unknown = deploys.iter().filter(|(_, shipped)| !shipped.is_known());
    let unknown = unknown.count();
    let failures = failures::failures(deploys);
    let rolled_back = failures
        .iter()
        .filter(|one| one.remedy == Remedy::RolledBack);
    let promoted = rolled_back.clone().filter(|one| one.is_promotion).count();
    let (rolled_back, rework) = (rolled_back.count(), failures::rework(deploys));
    Figures {
        environment: environment.to_owned(),
        since: promotions.iter().min().copied(),
        promotions: promotions.len(),
        rollbacks: rollbacks.len(),
        observed: observed.len(),
        promotions_per_week: weeks::rate(&promotions, when),
        deploys_per_week: weeks::rate(&forward, when),
        weeks: weeks::last(&promotions, &rollbacks, &observed, begun, when),
        lead: lead(deploys),
        rolled_back: promoted,
        rolled_back_share: share(promoted, promotions.len()),
        restore: Restore::of(&failures),
        change_failure: ChangeFailure {
            failed: failures.len(),
            rolled_back,
            fixed_forward: failures.len() - rolled_back,
            deploys: forward.len(),
            unknown,
            rate: share(failures.len(), forward.len()).filter(|_| unknown == 0),
            all: failures,
        },
        rework: Rework {
            rework,
            deploys: deploys.len(),
            unknown,
            rate: share(rework, deploys.len()).filter(|_| unknown == 0),
        },
    }
}

fn times(deploys: &[(&PastDeploy, &Shipped)], is_this: fn(DeployKind) -> bool) -> Vec<i64> {
    let deploys = deploys.iter().filter(|(deploy, _)| is_this(deploy.kind));
    deploys.map(|(deploy, _)| deploy.at).collect()
}

/// Returns the time from commit to production for all shipped commits.
fn lead(deploys: &[(&PastDeploy, &Shipped)]) -> Lead {
    let (mut seconds, mut seen, mut unknown) = (Vec::new(), 0, Some(0_u64));
    for (deploy, shipped) in deploys {
        let waited = shipped.committed.iter().map(|at| passed(*at, deploy.at));
        seconds.extend(waited);
        if deploy.kind != DeployKind::Promote {
            seen += shipped.committed.len();
        }
        unknown = unknown
            .zip(shipped.unknown)
            .map(|(some, more)| some.saturating_add(more));
    }
    Lead::of(seconds, seen, unknown)
}

/// Returns the seconds between two times; 0 if the clocks say that time ran backwards.
fn passed(from: i64, to: i64) -> i64 {
    to.saturating_sub(from).max(0)
}

/// Returns the median of a sorted list; the midpoint of the two middle values if there are two.
fn median(sorted: &[i64]) -> Option<i64> {
    let lower = sorted.get(sorted.len().checked_sub(1)? / 2)?;
    let upper = sorted.get(sorted.len() / 2)?;
    Some(lower.midpoint(*upper))
}

#[cfg(test)]
mod tests;
