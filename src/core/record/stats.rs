//! Figures of past deploys, an environment at a time: how often, how fast, how well. Pure.
//!
//! What is not known is `None` and never 0. Times are other people's clocks: any number may come, and what lies before
//! its beginning counts as no time at all.

mod weeks;

use std::collections::BTreeSet;

pub use weeks::Week;

use crate::core::record::history::{DeployKind, PastDeploy};
use crate::core::show::When;

/// What is known of the commits that a deploy shipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shipped {
    /// When each of those that are here was committed, in seconds since 1970.
    pub committed: Vec<i64>,
    /// How many more there were, of which nothing is known here.
    pub unknown: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    pub environment: String,
    /// When its first promotion was, in seconds since 1970.
    pub since: Option<i64>,
    pub promotions: usize,
    pub rollbacks: usize,
    pub observed: usize,
    /// How many promotions there were a week, from the week of the first one up to this week, both counted whole.
    pub promotions_per_week: Option<f64>,
    /// The same of everything that brought something new, whether it was promoted or only seen.
    pub deploys_per_week: Option<f64>,
    /// The last weeks, up to this one; none from before the record.
    pub weeks: Vec<Week>,
    pub lead: Lead,
    /// Each promotion that was rolled back before the next: when it was, and after how many seconds, where that is
    /// known; oldest first.
    pub restores: Vec<(i64, Option<i64>)>,
}

/// How long commits took from being committed to running, for every commit that a promotion shipped. A commit that was
/// rolled back and shipped again counts again; what the very first deploy of an environment brought does not count,
/// for it is all history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lead {
    /// The seconds of each commit, the shortest first.
    pub seconds: Vec<i64>,
    /// Of how many more commits it is not known.
    pub unknown: u64,
}

impl Lead {
    pub fn median(&self) -> Option<i64> {
        median(&self.seconds)
    }

    /// 90 of 100 commits took no longer.
    pub fn ninetieth(&self) -> Option<i64> {
        let rank = self.seconds.len().saturating_mul(9).div_ceil(10);
        self.seconds.get(rank.checked_sub(1)?).copied()
    }
}

impl Figures {
    /// Which share of the promotions was rolled back before the next one, between 0 and 1.
    pub fn rolled_back_share(&self) -> Option<f64> {
        (self.promotions > 0).then(|| self.restores.len() as f64 / self.promotions as f64)
    }

    /// How many deploys it saw, of whatever kind.
    pub fn deploys(&self) -> usize {
        self.promotions + self.rollbacks + self.observed
    }

    /// Which share of all deploys went past the tool, between 0 and 1.
    pub fn observed_share(&self) -> Option<f64> {
        (self.deploys() > 0).then(|| self.observed as f64 / self.deploys() as f64)
    }

    /// How many seconds passed from a promotion to the rollback that undid it, in the middle of all.
    pub fn time_to_restore(&self) -> Option<i64> {
        let known = self.restores.iter().filter_map(|(_, seconds)| *seconds);
        let mut all: Vec<i64> = known.collect();
        all.sort_unstable();
        median(&all)
    }
}

/// The figures of these environments, in this order, and then of all others that ever were deployed, by their names.
///
/// `deploys` are the oldest first, and `shipped` tells of each of them. `begun`: when the record begins, before which
/// nothing is known.
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
        restores: restores(deploys),
    }
}

fn times(deploys: &[(&PastDeploy, &Shipped)], is_this: fn(DeployKind) -> bool) -> Vec<i64> {
    let deploys = deploys.iter().filter(|(deploy, _)| is_this(deploy.kind));
    deploys.map(|(deploy, _)| deploy.at).collect()
}

/// From commit to production, for all that was promoted.
fn lead(deploys: &[(&PastDeploy, &Shipped)]) -> Lead {
    let mut lead = Lead::default();
    for (deploy, shipped) in deploys {
        if deploy.kind == DeployKind::Promote {
            let waited = shipped.committed.iter().map(|at| passed(*at, deploy.at));
            lead.seconds.extend(waited);
            lead.unknown = lead.unknown.saturating_add(shipped.unknown);
        }
    }
    lead.seconds.sort_unstable();
    lead
}

/// Every promotion that the next deploy took back. A second rollback in a row undoes nothing that is not undone. When
/// a deploy was that went past the tool is not known.
fn restores(deploys: &[(&PastDeploy, &Shipped)]) -> Vec<(i64, Option<i64>)> {
    let pairs = deploys.iter().zip(deploys.iter().skip(1));
    let promoted = pairs.filter(|((before, _), _)| before.kind == DeployKind::Promote);
    let undone = promoted.filter_map(|((before, _), (after, _))| match after.kind {
        DeployKind::Rollback => Some((before.at, Some(passed(before.at, after.at)))),
        DeployKind::Observed { back: true, .. } => Some((before.at, None)),
        _ => None,
    });
    undone.collect()
}

/// The seconds from one time to another; none where the clocks say that it ran backwards.
fn passed(from: i64, to: i64) -> i64 {
    to.saturating_sub(from).max(0)
}

/// The middle of a sorted list; between the two middle ones where there are two.
fn median(sorted: &[i64]) -> Option<i64> {
    let lower = sorted.get(sorted.len().checked_sub(1)? / 2)?;
    let upper = sorted.get(sorted.len() / 2)?;
    Some(lower.midpoint(*upper))
}

#[cfg(test)]
mod tests;
