//! Figures of past deploys, an environment at a time: how often, how fast, how well. Pure.
//!
//! What is not known is `None` and never 0. Times are other people's clocks: any number may come, and what lies before
//! its beginning counts as no time at all.

mod failures;
mod shipped;
mod weeks;

use std::collections::{BTreeSet, HashMap};

pub use failures::{Failure, Remedy};
pub use shipped::{Shipped, shipped};
pub use weeks::Week;

use crate::core::record::history::{DeployKind, PastDeploy};
use crate::core::show::When;

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
    /// How many deploys brought something new, whether they were promoted or only seen.
    pub forward: usize,
    /// How many of them shipped commits that are not here, so that nobody can look for reverts among them.
    pub unknown: usize,
    /// Those of them that failed, oldest first.
    pub failures: Vec<Failure>,
    /// How many deploys only put right what an earlier one broke: what went back, and what corrected it.
    pub rework: usize,
}

/// How long each commit that a deploy shipped took from being committed to being seen to run. One that was rolled back
/// and shipped again counts again; what the very first deploy of an environment brought does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead {
    /// The seconds of each commit, the shortest first.
    pub seconds: Vec<i64>,
    /// How many of them count until somebody saw them run, because they went past the tool.
    pub seen: usize,
    /// Of how many more commits it is not known; `None`: not even their number is.
    pub unknown: Option<u64>,
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
    /// Failed deploys that the next deploy took back.
    pub fn rolled_back(&self) -> usize {
        self.remedied_by(Remedy::RolledBack)
    }

    /// Those that a later deploy put right, and none took back.
    pub fn fixed_forward(&self) -> usize {
        self.remedied_by(Remedy::MendedForward)
    }

    fn remedied_by(&self, remedy: Remedy) -> usize {
        let all = self.failures.iter();
        all.filter(|one| one.remedy == remedy).count()
    }

    /// How many promotions were rolled back before the next deploy.
    pub fn promotions_rolled_back(&self) -> usize {
        let all = self.failures.iter();
        let all = all.filter(|one| one.is_promotion && one.remedy == Remedy::RolledBack);
        all.count()
    }

    /// Their share of all promotions, between 0 and 1.
    pub fn rolled_back_share(&self) -> Option<f64> {
        share(self.promotions_rolled_back(), self.promotions)
    }

    /// Which share of what brought something new failed, between 0 and 1.
    pub fn failure_rate(&self) -> Option<f64> {
        share(self.failures.len(), self.forward).filter(|_| self.unknown == 0)
    }

    /// Which share of all deploys only put right what an earlier one broke, between 0 and 1.
    pub fn rework_rate(&self) -> Option<f64> {
        share(self.rework, self.deploys()).filter(|_| self.unknown == 0)
    }

    /// How many deploys it saw, of whatever kind.
    pub fn deploys(&self) -> usize {
        self.promotions + self.rollbacks + self.observed
    }

    /// Which share of all deploys went past the tool, between 0 and 1.
    pub fn observed_share(&self) -> Option<f64> {
        share(self.observed, self.deploys())
    }

    /// How many seconds passed from a deploy that failed to what put it right, in the middle of all that are known.
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

/// Each commit that arrived somewhere, once. What somebody saw there first did not arrive again when it was recorded as a
/// promotion or a rollback later: it stays one outside `git smp`, and fixes what that says it fixes.
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

/// From commit to production, for all that a deploy brought.
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
