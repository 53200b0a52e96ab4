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

use crate::core::record::history::{DeployKind, PastDeploy};
use crate::core::when::When;

#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    pub environment: String,
    /// The time of its first promotion, in seconds since 1970.
    pub since: Option<i64>,
    pub promotions: usize,
    pub rollbacks: usize,
    pub observed: usize,
    /// Promotions per week, from the week of the first one up to this week, both counted whole.
    pub promotions_per_week: Option<f64>,
    /// Deploys with new commits per week, promoted or observed, over the same weeks.
    pub deploys_per_week: Option<f64>,
    /// The last weeks, up to this one; none from before the record.
    pub weeks: Vec<Week>,
    pub lead: Lead,
    /// The number of deploys that brought new commits, promoted or observed.
    pub forward: usize,
    /// The number of those whose commits are missing in this clone, so reverts among them are unknown.
    pub unknown: usize,
    /// The failed ones among them, oldest first.
    pub failures: Vec<Failure>,
    /// The number of deploys that only repaired an earlier one: rollbacks and corrections.
    pub rework: usize,
}

/// The time from commit to running for each shipped commit. A commit that was rolled back and shipped again counts
/// again; the commits of an environment's first deploy do not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead {
    /// The seconds of each commit, shortest first.
    pub seconds: Vec<i64>,
    /// The number of those that were deployed outside git-smp: they count until somebody saw them run.
    pub seen: usize,
    /// The number of further commits with unknown times; `None` if even the number is unknown.
    pub unknown: Option<u64>,
}

impl Lead {
    pub fn median(&self) -> Option<i64> {
        median(&self.seconds)
    }

    /// Returns the 90th percentile.
    pub fn ninetieth(&self) -> Option<i64> {
        let rank = self.seconds.len().saturating_mul(9).div_ceil(10);
        self.seconds.get(rank.checked_sub(1)?).copied()
    }
}

impl Figures {
    /// Returns the number of failed deploys that the next deploy rolled back.
    pub fn rolled_back(&self) -> usize {
        self.remedied_by(Remedy::RolledBack)
    }

    /// Returns the number of failed deploys that a later deploy corrected without a rollback.
    pub fn fixed_forward(&self) -> usize {
        self.remedied_by(Remedy::MendedForward)
    }

    fn remedied_by(&self, remedy: Remedy) -> usize {
        let all = self.failures.iter();
        all.filter(|one| one.remedy == remedy).count()
    }

    /// Returns the number of promotions that were rolled back before the next deploy.
    pub fn promotions_rolled_back(&self) -> usize {
        let all = self.failures.iter();
        let all = all.filter(|one| one.is_promotion && one.remedy == Remedy::RolledBack);
        all.count()
    }

    /// Returns their share of all promotions, between 0 and 1.
    pub fn rolled_back_share(&self) -> Option<f64> {
        share(self.promotions_rolled_back(), self.promotions)
    }

    /// Returns the share of failed deploys among those with new commits, between 0 and 1.
    pub fn failure_rate(&self) -> Option<f64> {
        share(self.failures.len(), self.forward).filter(|_| self.unknown == 0)
    }

    /// Returns the share of deploys that only repaired an earlier one, between 0 and 1.
    pub fn rework_rate(&self) -> Option<f64> {
        share(self.rework, self.deploys()).filter(|_| self.unknown == 0)
    }

    /// Returns the number of deploys of every kind.
    pub fn deploys(&self) -> usize {
        self.promotions + self.rollbacks + self.observed
    }

    /// Returns the share of deploys outside git-smp, between 0 and 1.
    pub fn observed_share(&self) -> Option<f64> {
        share(self.observed, self.deploys())
    }

    /// Returns the median of the known seconds from a failed deploy to its repair.
    pub fn time_to_restore(&self) -> Option<i64> {
        let mut all: Vec<i64> = (self.failures.iter())
            .filter_map(|one| one.seconds)
            .collect();
        all.sort_unstable();
        median(&all)
    }
}

fn share(some: usize, all: usize) -> Option<f64> {
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
    Figures {
        environment: environment.to_owned(),
        since: promotions.iter().min().copied(),
        promotions: promotions.len(),
        rollbacks: rollbacks.len(),
        observed: observed.len(),
        promotions_per_week: weeks::rate(&promotions, when),
        deploys_per_week: weeks::rate(&forward, when),
        forward: forward.len(),
        unknown: unknown.count(),
        weeks: weeks::last(&promotions, &rollbacks, &observed, begun, when),
        lead: lead(deploys),
        failures: failures::failures(deploys),
        rework: failures::rework(deploys),
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
    seconds.sort_unstable();
    Lead {
        seconds,
        seen,
        unknown,
    }
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
