//! Decides what a deploy to staging does: the commit that was named, unless a candidate is tested there.

use crate::core::decide::{
    Asked, Plan, Recorded, Step, Target, amount, confirmed, disagreement, disappearing, first_push,
    push_and_wait, release_again, settled, wrong_branch,
};
use crate::core::record::{Candidate, Kind};
use crate::core::refusal::{Refusal, RefusalCode, Report};
use crate::core::text::ago;
use crate::core::words::{Branch, Changes, CommitId, Relation};

/// A deploy to staging as it was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Staging<'a> {
    /// Staging, and what lies between what it runs and the commit.
    pub target: &'a Target<'a>,
    /// What is to be deployed.
    pub commit: &'a CommitId,
    /// `--fix`: it may go there although a candidate is tested there.
    pub fix: Option<Fix<'a>>,
    /// The command that asks for it.
    pub command: &'a str,
}

/// What a fix is made of.
#[derive(Clone, Copy, Debug)]
pub struct Fix<'a> {
    /// The candidate that it builds on.
    pub base: &'a CommitId,
    /// What lies between the two.
    pub changes: &'a Changes,
}

/// Plans it.
///
/// # Errors
/// The first reason why it must not happen.
pub fn staging(wanted: &Staging<'_>, asked: &Asked<'_>) -> Result<Plan, Refusal> {
    let (target, commit) = (wanted.target, wanted.commit);
    let name = &target.environment.name;
    if let Some(recorded) = &asked.recorded {
        // What is on its way elsewhere can only be taken over by its own command: there may be nothing to deploy here.
        let here = recorded.open().filter(|open| open.environment == *name);
        let command = here.map(|_| wanted.command);
        recorded.nobody_else(Some((Kind::Stage, name, commit)), command)?;
        thawed(wanted, recorded)?;
    }
    let mut plan = Plan::of(commit);
    let branch = target
        .observed
        .branch
        .clone()
        .unwrap_or(Ok(Branch::Empty))?;
    if let Branch::Missing(others) = &branch {
        return Err(wrong_branch(target.environment, others));
    }
    // A page that is broken is what a deploy may mend, and staging may be broken at any time.
    let runs_already = target.observed.runs() == Some(commit) && branch.commit() == Some(commit);
    if let (true, Some(recorded), Some(fix)) = (runs_already, &asked.recorded, &wanted.fix)
        && fix.base != commit
        && recorded.open().is_none()
    {
        return Err(deployed_by_hand(name, commit, fix));
    }
    if runs_already {
        confirmed(&target.observed)?;
        settled(target)?;
        if let Some(recorded) = &asked.recorded {
            recorded.nothing_on_its_way(&target.observed, commit)?;
        }
    } else {
        look_back(wanted, &branch, asked, &mut plan)?;
        if branch.commit() == Some(commit) {
            release_again(&mut plan, target);
        } else {
            first_push(&mut plan, target, &branch, asked)?;
            plan.warnings.extend(disagreement(target));
            push_and_wait(&mut plan, target, &branch);
        }
    }
    if let Some(recorded) = &asked.recorded
        && (!runs_already
            || recorded
                .open()
                .is_some_and(|open| open.environment == *name && open.to == *commit))
    {
        plan.steps.push(Step::Record {
            environment: name.clone(),
            commit: commit.clone(),
            lifts: None,
        });
    }
    Ok(plan)
}

/// Refuses while a candidate is tested there, but for a fix of it, and for putting it back.
fn thawed(wanted: &Staging<'_>, recorded: &Recorded<'_>) -> Result<(), Refusal> {
    let name = &wanted.target.environment.name;
    match (recorded.state.frozen(name), wanted.fix) {
        (None, None) => Ok(()),
        (Some(candidate), _) if candidate.commit == *wanted.commit => Ok(()),
        (Some(candidate), None) => Err(frozen(name, candidate, recorded.now)),
        (None, Some(_)) => Err(nothing_to_fix()),
        (Some(candidate), Some(fix)) => on_top(wanted.commit, candidate, &fix),
    }
}

/// The refusal of a fix where there is no candidate.
pub fn nothing_to_fix() -> Refusal {
    Refusal::new(
        RefusalCode::NotProposed,
        "there is no candidate that could be fixed",
    )
    .because("--fix is for what is being tested for production")
    .hint("deploy it as anything else: git smp stage")
}

fn frozen(name: &str, candidate: &Candidate, now: i64) -> Refusal {
    let (by, short) = (&candidate.by.name, candidate.commit.short());
    let report = Report::new(format!("{name} is frozen by {by}")).because(format!(
        "{by} proposed {short} for {} {}, and it is tested there",
        goals(candidate),
        ago(now, candidate.at)
    ));
    let report = candidate.note.iter().fold(report, |report, note| {
        report.because(format!("{by} says: {note}"))
    });
    let hint = "wait for the deploy: git smp status; a fix of it may go there: git smp stage --fix; or, to give it up: git \
                smp postpone";
    report.hint(hint).refused(RefusalCode::Frozen)
}

fn goals(candidate: &Candidate) -> String {
    let names: Vec<&str> = candidate
        .targets
        .iter()
        .map(|goal| goal.environment.as_str())
        .collect();
    names.join(" and ")
}

/// The refusal of a fix that is there already, so that no deploy of ours could make it the candidate.
fn deployed_by_hand(name: &str, commit: &CommitId, fix: &Fix<'_>) -> Refusal {
    Refusal::new(
        RefusalCode::CandidateMoved,
        format!(
            "{name} runs {} already, but it is not the candidate",
            commit.short()
        ),
    )
    .because(format!(
        "the candidate is {}; somebody deployed past the record",
        fix.base.short()
    ))
    .hint("put forward what runs there: git smp postpone, then: git smp propose")
}

/// A fix has everything that the candidate has, and more.
fn on_top(commit: &CommitId, candidate: &Candidate, fix: &Fix<'_>) -> Result<(), Refusal> {
    let (short, base) = (commit.short(), fix.base.short());
    if candidate.commit != *fix.base {
        return Err(Refusal::new(
            RefusalCode::CandidateMoved,
            format!(
                "the candidate is {} now, no longer {base}",
                candidate.commit.short()
            ),
        )
        .because("somebody deployed another fix meanwhile")
        .hint("look at what is added to that: git smp stage --fix"));
    }
    if fix.changes.relation == Relation::Ahead {
        return Ok(());
    }
    let lost = amount(fix.changes.disappears.len(), fix.changes.disappears_merges);
    Err(Refusal::new(
        RefusalCode::Diverged,
        format!("{short} is no fix of the candidate"),
    )
    .because(format!("it lacks {lost} of {base}"))
    .hint("copy the fix alone onto the candidate: git smp stage --fix --pick COMMIT"))
}

/// What staging would lose: a person may say yes to that, a script may not.
fn look_back(
    wanted: &Staging<'_>,
    branch: &Branch,
    asked: &Asked<'_>,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    let target = wanted.target;
    let name = &target.environment.name;
    let forward = target.fast_forward != Some(false);
    let changes = target
        .changes
        .as_ref()
        .filter(|changes| matches!(changes.relation, Relation::Behind | Relation::Diverged));
    if forward && changes.is_none() {
        return Ok(());
    }
    let at = branch.commit().map_or("nothing", CommitId::short);
    let lost = changes.map(|changes| amount(changes.disappears.len(), changes.disappears_merges));
    let lost = lost.unwrap_or_else(|| format!("commits of its branch, which is at {at},"));
    let story = format!(
        "{lost} would disappear from {name}, being no part of {}",
        plan.commit.short()
    );
    let lines = changes
        .map(|changes| disappearing(target, changes, asked.now))
        .unwrap_or_default();
    if asked.somebody_looks {
        plan.warnings.push(story);
        plan.warnings.extend(lines);
        return Ok(());
    }
    let report = lines.into_iter().fold(Report::new(story), Report::because);
    let command = if wanted.fix.is_some() {
        "git smp stage --fix"
    } else {
        "git smp stage"
    };
    let hint = format!(
        "run it in a terminal, without --yes: {command} {}",
        plan.commit.short()
    );
    let report = report.because(format!(
        "to keep them, merge {at} into the main branch; a person may say yes to losing them"
    ));
    let report = report.hint(hint);
    Err(report.refused(RefusalCode::Diverged))
}
