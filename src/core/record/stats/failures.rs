//! Which deploys failed, and what repaired them. Pure.

use crate::core::record::history::{DeployKind, PastDeploy};
use crate::core::record::stats::{Shipped, passed};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    RolledBack,
    /// A later deploy brought a revert of a shipped commit, or says that it fixes one.
    MendedForward,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The time when it was seen to run, in seconds since 1970.
    pub at: i64,
    pub is_promotion: bool,
    pub remedy: Remedy,
    /// The seconds until its repair was seen to run; `None` if one of both deploys was only observed, because its time
    /// is unknown.
    pub seconds: Option<i64>,
}

/// Returns each failed deploy once, with its first repair.
pub fn failures(deploys: &[(&PastDeploy, &Shipped)]) -> Vec<Failure> {
    let places = (0..deploys.len()).filter(|place| deploys[*place].0.is_forward());
    let failed = places.filter_map(|place| {
        let (failed, _) = deploys[place];
        let later = deploys.get(place + 1..)?;
        let (remedy, by) = match later.first()? {
            (next, _) if !next.is_forward() => (Remedy::RolledBack, next),
            _ => {
                let mut later = later.iter();
                let (by, _) = later.find(|(_, shipped)| shipped.mends.contains(&place))?;
                (Remedy::MendedForward, by)
            }
        };
        let is_promotion = failed.kind == DeployKind::Promote;
        Some(Failure {
            at: failed.at,
            is_promotion,
            remedy,
            seconds: (is_ours(failed) && is_ours(by)).then(|| passed(failed.at, by.at)),
        })
    });
    failed.collect()
}

fn is_ours(deploy: &PastDeploy) -> bool {
    !matches!(deploy.kind, DeployKind::Observed { .. })
}

/// Returns the number of deploys that went back or corrected an earlier one.
pub fn rework(deploys: &[(&PastDeploy, &Shipped)]) -> usize {
    let rework = deploys
        .iter()
        .filter(|(deploy, shipped)| !deploy.is_forward() || !shipped.mends.is_empty());
    rework.count()
}
