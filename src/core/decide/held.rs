//! Keeps a commit that was rolled back from shipping again without confirmation, unless its revert ships too.

use crate::core::decide::finding::{Aspect, Finding, WAIT};
use crate::core::decide::next::promote;
use crate::core::decide::{Asked, Plan, Target};
use crate::core::record::Held;
use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::text::ago;
use crate::core::typed::Typed;
use crate::core::words::CommitId;

/// A commit that an environment was rolled back from, and its relation to the commit that would ship.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBack {
    pub held: Held,
    pub ships: Ships,
}

/// The relation of a rolled-back commit to the commit that would ship.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ships {
    Without,
    /// It ships, and no known commit reverts it.
    Again,
    /// It ships together with a revert of a commit that the rollback removed.
    TakenBack {
        by: CommitId,
        of: CommitId,
    },
}

/// Requires an explicit yes to ship a rolled-back commit again, alone or inside a newer commit.
pub fn check_held(plan: &mut Plan, target: &Target<'_>, asked: &Asked<'_>) -> Result<(), Refusal> {
    let (name, observed, commit) = (target.name(), &target.observed, plan.commit.clone());
    let again = target.held.iter().find(|one| one.ships == Ships::Again);
    let seen = Finding::of(observed).filter(|found| found.is(Aspect::RolledBack));
    let seen = seen.filter(|_| observed.deployed_last() == Some(&commit));
    let story = if let Some(HeldBack { held, .. }) = again {
        let (short, back) = (held.commit.short(), rolled_back(held, name, asked.now));
        let why = held.reason.iter().map(|why| format!(": {why}"));
        let what = match held.commit == commit {
            true => format!("{short} was"),
            false => format!("{} contains {short}, which was", commit.short()),
        };
        format!("{what} {back}{}", why.collect::<String>())
    } else if let Some(found) = seen {
        format!("{name} was {}", found.meaning(observed))
    } else {
        for one in &target.held {
            plan.warn(would_not(one, name, asked.now));
        }
        return Ok(());
    };
    if asked.again {
        plan.warn(story);
        return Ok(());
    }
    if asked.somebody_looks {
        plan.ask(story, "Ship it anyway?");
        return Ok(());
    }
    let refusal = Refusal::new(RefusalCode::RolledBack, story)
        .because("a rolled-back commit ships again only after an explicit yes");
    let other = again
        .map(|one| &one.held.commit)
        .filter(|held| **held != commit);
    let again = promote(name).plain("--again");
    let script = again.clone().plain("--yes");
    let script = script.option("--commit", commit.short());
    let (anyway, correct) = match other {
        Some(_) => ("if later commits correct it", "or stage its revert"),
        None => ("to ship it anyway", "or ship a correction"),
    };
    let none = other.map(|held| {
        let held = held.short();
        format!("no commit that would ship is known to revert {held}")
    });
    let refusal = none
        .into_iter()
        .fold(refusal, |refusal, none| refusal.because(none));
    Err(refusal
        .run(anyway, again)
        .run("or in a script", script)
        .run(correct, Typed::smp("stage")))
}

/// Returns the refusal where the branch shows another commit than runs: it was rolled back, or it is still being built.
/// The latter is known if it was announced, although a deploy elsewhere replaced its announcement.
pub fn may_ship_again(name: &str, story: String, is_certain: bool, asked: &Asked<'_>) -> Refusal {
    let recorded = asked.recorded.as_ref();
    let landed = recorded.and_then(|one| one.story_of(one.landed(name)?, name));
    if let Some([open, landed]) = landed {
        let anyway = "or, if its build failed, run it in a terminal, without --yes";
        return Refusal::new(RefusalCode::Deploying, open)
            .because(landed)
            .run(WAIT, Typed::smp("status"))
            .run(anyway, promote(name));
    }
    let ships = match is_certain {
        true => "would ship",
        false => "may ship",
    };
    let why =
        format!("this promotion {ships} a rolled-back commit again, so a person must confirm it");
    Refusal::new(RefusalCode::RolledBack, story)
        .because(why)
        .run("run it in a terminal, without --yes", promote(name))
}

fn rolled_back(held: &Held, name: &str, now: i64) -> String {
    let (by, when) = (&held.by.name, ago(now, held.at));
    format!("rolled back from {name} by {by} {when}")
}

/// Warns about a rolled-back commit that ships with its revert, or does not ship.
fn would_not(HeldBack { held, ships }: &HeldBack, name: &str, now: i64) -> String {
    let (short, back) = (held.commit.short(), rolled_back(held, name, now));
    let why = held.reason.iter().map(|why| format!(" ({why})"));
    let look = match ships {
        Ships::TakenBack { by, of } => {
            let (by, of) = (by.short(), of.short());
            format!("{by}, which reverts {of}, ships as well; check that it corrects the problem")
        }
        Ships::Again | Ships::Without => "check that this deploy corrects the problem".to_owned(),
    };
    format!("{short} was {back}{}; {look}", why.collect::<String>())
}
