//! Plans a deploy to staging: the named commit, unless a candidate is tested there.

use crate::core::decide::finding::WAIT;
use crate::core::decide::gates::{
    arrived, branch, confirmed, disagreement, disappearing, first_push, lost,
};
use crate::core::decide::next::{ONLY, after_failure, promote};
use crate::core::decide::{Asked, Plan, Recorded, Target};
use crate::core::record::{Candidate, Kind, Standing};
use crate::core::refusal::{Refusal, RefusalCode, Report};
use crate::core::text::ago;
use crate::core::typed::{Hint, Typed};
use crate::core::words::{Branch, Changes, CommitId, Relation, short};

#[derive(Clone, Copy, Debug)]
pub struct Staging<'a> {
    /// Staging, with the commits between its running commit and the new one.
    pub target: &'a Target<'a>,
    pub commit: &'a CommitId,
    /// `--fix`: the commit may replace a candidate that is tested there.
    pub fix: Option<&'a Fix>,
    pub command: &'a Typed,
}

#[derive(Debug)]
pub struct Fix {
    /// The candidate that the fix is based on.
    pub base: CommitId,
    /// The commits between the candidate and the fix.
    pub changes: Changes,
}

/// Plans the deploy, or returns the first reason to refuse it.
pub fn staging(wanted: &Staging<'_>, asked: &Asked<'_>) -> Result<Plan, Refusal> {
    let Staging { target, commit, .. } = *wanted;
    let (name, recorded) = (target.name(), asked.recorded);
    let open = recorded.and_then(|recorded| recorded.open());
    if let Some(recorded) = &recorded {
        let thawed = thawed(wanted, recorded);
        // A deploy here can take over one that is open elsewhere, if there is something to deploy.
        let here = open.is_some_and(|open| open.environment == *name);
        let deploys = target.observed.runs() != Some(commit) && thawed.is_ok();
        let command = (here || deploys).then(|| wanted.command.clone());
        recorded.nobody_else(Some((Kind::Stage, name, commit)), command)?;
        no_other_fix_runs(wanted, recorded)?;
        thawed?;
    }
    let mut plan = Plan::of(commit);
    let at = branch(target.environment, &target.observed)?;
    // A deploy may repair a broken page, and staging may be broken at any time.
    let runs_already = target.observed.runs() == Some(commit) && at.commit() == Some(commit);
    if runs_already {
        if let Some(fix) = wanted.fix.filter(|fix| fix.base != *commit)
            && recorded.is_some()
            && open.is_none()
        {
            return Err(deployed_by_hand(name, commit, &fix.base));
        }
        confirmed(&target.observed)?;
        arrived(target, commit, asked, wanted.command.clone())?;
    } else {
        look_back(wanted, &at, asked, &mut plan)?;
        if at.commit() == Some(commit) {
            plan.release_again(target);
        } else {
            first_push(&mut plan, target, &at, asked)?;
            plan.warnings.extend(disagreement(&target.observed));
            plan.push(target, &at);
        }
    }
    if recorded.is_some_and(|one| !runs_already || one.open_for(name, commit).is_some()) {
        plan.record(target, None);
    }
    Ok(plan)
}

/// Refuses while a candidate is tested there, except for a fix of it and for the candidate itself.
fn thawed(wanted: &Staging<'_>, recorded: &Recorded<'_>) -> Result<(), Refusal> {
    let name = wanted.target.name();
    match (recorded.state.frozen(name), wanted.fix) {
        (None, None) => Ok(()),
        (Some(candidate), _) if candidate.commit == *wanted.commit => Ok(()),
        (Some(candidate), None) => Err(frozen(name, candidate, recorded)),
        (None, Some(_)) => Err(nothing_to_fix()),
        (Some(candidate), Some(fix)) => {
            not_shipped(candidate, recorded)?;
            on_top(wanted.commit, candidate, fix)
        }
    }
}

/// Refuses any other commit while a fix runs there that is not on record yet: the fix becomes the candidate.
fn no_other_fix_runs(wanted: &Staging<'_>, recorded: &Recorded<'_>) -> Result<(), Refusal> {
    let (name, ends) = (wanted.target.name(), recorded.unwritten());
    let mut ends = ends.iter().filter(|(open, _)| open.kind == Kind::Fix);
    let Some((open, _)) = ends.find(|(open, _)| open.to != *wanted.commit && open.reaches(name))
    else {
        return Ok(());
    };
    let short = open.to.short();
    Err(
        Refusal::new(RefusalCode::Deploying, open.story(recorded.now))
            .because(format!("{name} runs {short}, which is not on record yet"))
            .run("record it", Typed::smp("stage --fix").arg(short))
            .run("then", wanted.command.clone()),
    )
}

/// Refuses a fix of a candidate that a target already has. The target no longer runs what it ran at the proposal, so
/// the fix could not be promoted; on record it would replace the deploy, whose posts would be lost. `--take-over`
/// allows a fix if the target does not run the candidate yet.
pub fn not_shipped(candidate: &Candidate, recorded: &Recorded<'_>) -> Result<(), Refusal> {
    let late = "a fix comes too late for this candidate";
    let (state, short) = (recorded.state, candidate.commit.short());
    if let Some(open) = state.failed_promotion() {
        let name = &open.environment;
        let error = format!("a check failed after {short} was promoted to {name}");
        let report = Report::new(error).causes(open.failed.clone()).because(late);
        let ways = after_failure(Some(state), open, promote(name));
        return Err(report.hint(ways).refused(RefusalCode::CheckFailed));
    }
    if let Some(name) = state.shipped() {
        let error = format!("{short} was already promoted to {name}");
        return Err(Refusal::new(RefusalCode::TargetMoved, error)
            .because(late)
            .run("close the candidate", Typed::smp("postpone"))
            .run(
                "then deploy the fix like any other commit",
                Typed::smp("stage"),
            ));
    }
    let open = recorded.open().filter(|open| open.kind == Kind::Promote);
    let Some(open) = open.filter(|open| open.to == candidate.commit) else {
        return Ok(());
    };
    let (all, to) = (recorded.announced.iter(), Some(&open.to));
    let mut all = all.filter(|seen| open.reaches(&seen.environment));
    let aside = recorded.take_over.is_some();
    let Some(seen) = all.find(|seen| seen.runs() == to || seen.reference() == to && !aside) else {
        return Ok(());
    };
    let name = &seen.environment;
    let error = open.story(recorded.now);
    let refusal = Refusal::new(RefusalCode::Deploying, error).because(format!(
        "the candidate has reached {name}, but its deploy is not on record yet"
    ));
    // `promote` resumes it only once the target runs it.
    if candidate.standing() == Standing::Blocked && seen.runs() != to {
        let take_over = Typed::smp("stage --fix").option("--take-over", open.id.as_str());
        return Err(refusal.run(WAIT, Typed::smp("status")).run(ONLY, take_over));
    }
    Err(refusal
        .because(late)
        .run(WAIT, Typed::smp("status"))
        .run("or record it", promote(name))
        .run(
            "then deploy the fix like any other commit",
            Typed::smp("stage"),
        ))
}

pub fn nothing_to_fix() -> Refusal {
    let error = "there is no candidate to fix";
    Refusal::new(RefusalCode::NotProposed, error)
        .because("--fix adds a fix to an open candidate")
        .run("deploy it without --fix", Typed::smp("stage"))
}

fn frozen(name: &str, candidate: &Candidate, recorded: &Recorded<'_>) -> Refusal {
    let (by, short) = (&candidate.by.name, candidate.commit.short());
    let (goals, when) = (candidate.destination(), ago(recorded.now, candidate.at));
    let refusal = Refusal::new(RefusalCode::Frozen, format!("{name} is frozen by {by}")).because(
        format!("{by} proposed {short}{goals} {when}, and it is being tested on {name}"),
    );
    let says = candidate
        .note
        .iter()
        .map(|note| format!("{by} says: {note}"));
    let refusal = says.fold(refusal, Refusal::because);
    let refusal = refusal.run(
        "wait until the candidate is promoted, and look",
        Typed::smp("status"),
    );
    let refusal = match recorded.state.shipped() {
        None => refusal.run("or deploy a fix of it", Typed::smp("stage --fix")),
        Some(_) => refusal,
    };
    refusal.run("or close the candidate", Typed::smp("postpone"))
}

/// Refuses a fix that already runs there: git-smp did not deploy it, so it cannot become the candidate.
fn deployed_by_hand(name: &str, commit: &CommitId, candidate: &CommitId) -> Refusal {
    let (short, candidate) = (commit.short(), candidate.short());
    let error = format!("{name} already runs {short}, which is not the candidate");
    Refusal::new(RefusalCode::CandidateMoved, error)
        .because(format!(
            "the candidate is {candidate}; somebody deployed outside git smp"
        ))
        .run("close the candidate", Typed::smp("postpone"))
        .run("then propose what runs there", Typed::smp("propose"))
}

/// Refuses a fix that does not contain the candidate and more.
fn on_top(commit: &CommitId, candidate: &Candidate, fix: &Fix) -> Result<(), Refusal> {
    let (short, base) = (commit.short(), fix.base.short());
    if candidate.commit != fix.base {
        let now = candidate.commit.short();
        let error = format!("the candidate is now {now}, no longer {base}");
        return Err(Refusal::new(RefusalCode::CandidateMoved, error)
            .because("somebody deployed another fix meanwhile")
            .run(
                "see what would be added to it",
                Typed::smp("stage --fix --dry-run"),
            ));
    }
    let error = format!("{short} is not a fix of the candidate");
    let refusal = Refusal::new(RefusalCode::Diverged, error);
    let pick = Typed::smp("stage --fix").option("--pick", short);
    Err(match fix.changes.relation {
        Relation::Ahead => return Ok(()),
        Relation::Identical | Relation::Behind => refusal
            .because(format!("it is in {base} already"))
            .run("merge the fix, then", Typed::smp("stage --fix")),
        Relation::Diverged => refusal
            .because(format!("it lacks {} of {base}", lost(&fix.changes)))
            .run("copy the fix alone onto the candidate", pick),
    })
}

/// Asks before staging loses commits: a person may agree, a script may not.
fn look_back(
    wanted: &Staging<'_>,
    branch: &Branch,
    asked: &Asked<'_>,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    let target = wanted.target;
    let changes = target.changes.as_ref();
    let changes =
        changes.filter(|one| matches!(one.relation, Relation::Behind | Relation::Diverged));
    if target.fast_forward != Some(false) && changes.is_none() {
        return Ok(());
    }
    let (name, commit, at) = (target.name(), plan.commit.short(), short(branch.commit()));
    let story = match changes.map(lost) {
        Some(lost) => {
            format!("{lost} would disappear from {name}, because {commit} does not contain it")
        }
        None => format!(
            "the branch of {name} is at {at}: its commits that are not part of {commit} would disappear"
        ),
    };
    let lines = changes.map(|changes| disappearing(target, changes, asked.now));
    let lines = lines.into_iter().flatten();
    if asked.somebody_looks {
        plan.warn(story);
        plan.warnings.extend(lines);
        return Ok(());
    }
    let again = Typed::smp("stage").plain(wanted.fix.map_or("", |_| "--fix"));
    let refusal = lines.fold(Refusal::new(RefusalCode::Diverged, story), Refusal::because);
    Err(refusal
        .because("only a person can confirm that commits disappear")
        .hint(
            Hint::run("run it in a terminal, without --yes", again.arg(commit))
                .and(format!("or, to keep them, merge {at} into the main branch")),
        ))
}
