//! What was rolled back does not ship again unasked.

use super::{Asked, Consent, Plan, Target};
use crate::error::{Refusal, RefusalCode, Report};
use crate::finding::Finding;
use crate::model::CommitId;
use crate::record::Held;
use crate::text::ago;

/// A commit that an environment was rolled back from, and how what would ship stands to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBack {
    /// The commit, and who rolled it back.
    pub held: Held,
    /// Whether it would ship again.
    pub ships: Ships,
}

/// Whether a commit that was rolled back is part of what would ship.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ships {
    /// It is not.
    Without,
    /// It is, and nothing that is known takes it back.
    Again,
    /// It is, and so is a revert of something that the rollback took away.
    TakenBack {
        /// The revert.
        by: CommitId,
        /// What it takes back.
        of: CommitId,
    },
}

/// What was rolled back ships again, alone or in something newer, only when somebody says so in as many words.
///
/// # Errors
/// `rolled-back`, where nobody looks who could be asked.
pub fn check_held(plan: &mut Plan, target: &Target<'_>, asked: &Asked<'_>) -> Result<(), Refusal> {
    let (name, commit) = (&target.environment.name, plan.commit.clone());
    let observed = &target.observed;
    let seen = || {
        let back = Finding::of(observed) == Some(Finding::RolledBack)
            && observed.reference() == Some(&commit);
        back.then(|| format!("{name} was {}", Finding::RolledBack.meaning(observed)))
    };
    let again = target.held.iter().find(|one| one.ships == Ships::Again);
    let Some(story) = again
        .map(|one| would_ship_again(one, name, &commit, asked.now))
        .or_else(seen)
    else {
        plan.warnings.extend(
            target
                .held
                .iter()
                .map(|one| would_not(one, name, asked.now)),
        );
        return Ok(());
    };
    if asked.again {
        plan.warnings.push(story);
        return Ok(());
    }
    if asked.somebody_looks {
        plan.consents.push(Consent {
            story,
            question: "Ship it all the same?",
            confirms: None,
        });
        return Ok(());
    }
    let report = Report::new(story)
        .because("what was taken away from production ships again only when somebody says so in as many words");
    let report = match again.filter(|one| one.held.commit != commit) {
        Some(one) => report.because(format!("no known revert of {} ships with it", one.held.commit.short())).hint(format!(
            "stage its revert: git smp stage; or, if what came since mends it: git smp promote {name} --again"
        )),
        None => report.hint(format!(
            "if it shall: git smp promote {name} --again\nor in a script: git smp promote {name} --again --yes --commit \
             {}\nor ship what corrects it: git smp stage",
            commit.short()
        )),
    };
    Err(report.refused(RefusalCode::RolledBack))
}

/// That a commit which was rolled back is, or is part of, what would ship.
fn would_ship_again(back: &HeldBack, name: &str, commit: &CommitId, now: i64) -> String {
    let Held {
        commit: held,
        by,
        at,
        reason,
    } = &back.held;
    let why = reason
        .as_ref()
        .map(|why| format!(": {why}"))
        .unwrap_or_default();
    let what = if held == commit {
        format!("{} was", held.short())
    } else {
        format!("{} contains {}, which was", commit.short(), held.short())
    };
    format!(
        "{what} rolled back from {name} by {} {}{why}",
        by.name,
        ago(now, *at)
    )
}

/// What to look at where it ships with its revert, or not at all.
fn would_not(back: &HeldBack, name: &str, now: i64) -> String {
    let Held {
        commit: held,
        by,
        at,
        reason,
    } = &back.held;
    let why = reason
        .as_ref()
        .map(|why| format!(" ({why})"))
        .unwrap_or_default();
    let look = match &back.ships {
        Ships::TakenBack { by, of } => {
            format!(
                "{}, which takes {} back, ships as well; see that this mends it",
                by.short(),
                of.short()
            )
        }
        Ships::Again | Ships::Without => "see that what ships now mends that".to_owned(),
    };
    format!(
        "{} was rolled back from {name} by {} {}{why}; {look}",
        held.short(),
        by.name,
        ago(now, *at)
    )
}
