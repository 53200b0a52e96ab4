//! Plans a promotion: the source's running commit, to every target that lacks it.

use crate::core::config::{DeployBy, Environment};
use crate::core::decide::finding::{self, Aspect, FORGET, Finding, Risk, WAIT};
use crate::core::decide::gates::{
    amount, arrived, branch, branch_at, confirmed_or_seen, disagreement, disappearing, first_push,
    first_ten, lost, nothing_runs,
};
use crate::core::decide::held::{check_held, may_ship_again};
use crate::core::decide::next::{promote, propose_again};
use crate::core::decide::{Asked, MovedOn, Plan, Step, Target, built_before, merged, policy};
use crate::core::record::Kind;
use crate::core::refusal::{Refusal, RefusalCode, Report};
use crate::core::text::counted;
use crate::core::typed::Typed;
use crate::core::words::{Branch, CommitId, Observed, Relation, short};

const GOING_ON: &str =
    "its last deploy is in progress, failed, or was rolled back, so it is unknown what was tested";

/// Plans the promotion of the observed commit of `environment` to every target, or returns the first reason to refuse
/// it.
pub fn promotion(
    environment: &Environment,
    source: &Observed,
    targets: &[Target<'_>],
    asked: &Asked<'_>,
) -> Result<Plan, Refusal> {
    planned(environment, source, targets, asked)
        .map_err(|refusal| merged::after_freeze(environment, asked.state(), refusal))
}

fn planned(
    environment: &Environment,
    source: &Observed,
    targets: &[Target<'_>],
    asked: &Asked<'_>,
) -> Result<Plan, Refusal> {
    let mut plan = Plan::of(&candidate(environment, source, asked)?);
    match &asked.moved_on {
        Some(moved_on) => plan.warnings.extend(since(source, moved_on)),
        None => confirmed_or_seen(source, asked, &mut plan)?,
    }
    let seen = targets.iter().map(|target| &target.observed);
    for seen in seen.chain([source]) {
        let unasked = finding::unasked(seen).map(|what| format!("{}: {what}", seen.environment));
        plan.warnings.extend(unasked);
    }
    if finding::is_emptied(source) {
        let meaning = Finding::DeployedOutsideGit.meaning(source);
        plan.warn(format!("{}: {meaning}", source.environment));
    }
    if let Some(recorded) = &asked.recorded {
        recorded.checked(environment, &plan.commit)?;
    }
    for target in targets {
        add_target(&mut plan, source, target, asked)
            .map_err(|refusal| replaced(environment, source, asked, refusal))?;
    }
    policy::may_begin(&mut plan, &source.environment, asked)?;
    for step in &mut plan.steps {
        // An environment that merges deploy was never frozen.
        if let (Step::Record { lifts, .. }, true) = (step, environment.by_merge) {
            *lifts = None;
        }
    }
    Ok(plan)
}

/// Points a refusal for a missing sign-off to a new proposal if a sign-off would be refused too.
fn replaced(
    environment: &Environment,
    source: &Observed,
    asked: &Asked<'_>,
    mut refusal: Refusal,
) -> Refusal {
    use RefusalCode::{NotSignedOff, SamePerson};
    let asks = matches!(refusal.code, NotSignedOff | SamePerson);
    let moved = asked.moved_on.as_ref().filter(|_| asks);
    if moved.is_some_and(|moved| merged::is_replaced(environment, source, &moved.candidate)) {
        refusal = refusal.because(format!(
            "{} runs {} now",
            source.environment,
            short(source.runs())
        ));
        refusal.report.hint = Some(propose_again());
    }
    refusal
}

/// Lists the commits that came to the source after the candidate and do not ship.
fn since(source: &Observed, moved_on: &MovedOn) -> Vec<String> {
    let (name, at) = (&source.environment, short(source.reference()));
    let (commit, since) = (moved_on.candidate.short(), &moved_on.since);
    let count = amount(since.ships.len(), since.ships_merges);
    let came = match source.runs() == source.reference() {
        true => format!("a merge deployed {at} to {name}"),
        false => format!(
            "{at} was merged, and {name} still runs {}",
            short(source.runs())
        ),
    };
    let story = format!("{came}; the candidate {commit} ships without the {count} after it");
    let lines = first_ten(&since.ships).map(|line| format!("came after it: {line}"));
    [story].into_iter().chain(lines).collect()
}

/// Returns the one commit that would ship: the source's running commit if it is certain, or its candidate.
fn candidate(
    environment: &Environment,
    source: &Observed,
    asked: &Asked<'_>,
) -> Result<CommitId, Refusal> {
    let name = &source.environment;
    let running = source.running.clone()?;
    let commit = running.ok_or_else(|| nothing_runs(environment, source))?;
    branch(environment, source)?;
    let is_tested = match &asked.moved_on {
        Some(moved_on) => moved_on.is_run,
        None => source.agrees() != Some(false) || finding::is_emptied(source),
    };
    if !is_tested || Finding::of(source).is_some_and(|found| found.is(Aspect::OfItsPage)) {
        return Err(stale_source(environment, source, asked));
    }
    match &asked.moved_on {
        Some(moved_on) => {
            let lead = format!("later commits were merged for {name}; the candidate is still");
            only(asked, moved_on.candidate.clone(), lead)
        }
        None => only(asked, commit, format!("{name} runs")),
    }
}

/// Returns the commit unless `--commit` names another one.
fn only(asked: &Asked<'_>, commit: CommitId, lead: String) -> Result<CommitId, Refusal> {
    match asked.commit {
        Some(hash) if !commit.as_str().starts_with(&hash.to_ascii_lowercase()) => {
            let begun = asked.recorded.and_then(|one| one.begun(hash));
            let report = Report::new(format!("{lead} {}, not {hash}", commit.short()));
            let report = report.causes(begun.into_iter().flatten());
            let report = report.because("--commit names the only commit that may ship");
            let report = report.run("see what runs now", Typed::smp("status"));
            Err(report.refused(RefusalCode::CandidateMoved))
        }
        _ => Ok(commit),
    }
}

fn stale_source(environment: &Environment, source: &Observed, asked: &Asked<'_>) -> Refusal {
    let name = &source.environment;
    let (runs, at) = (short(source.runs()), short(source.reference()));
    let found = Finding::of(source);
    let meaning = found.map(|found| found.meaning(source)).unwrap_or_default();
    let (unknown, stale) = (
        format!("it is unknown what {name} runs"),
        format!("{name} does not run what was last pushed to it"),
    );
    let runs_other = format!("it runs {runs}, but its branch is at {at}");
    let (error, causes) = match found {
        Some(Finding::StalePage) => (unknown, [meaning, "it is unknown what was tested".into()]),
        Some(Finding::CachedPage) => (
            unknown,
            [
                meaning,
                format!("it names {runs}, but its branch is at {at}"),
            ],
        ),
        Some(_) if finding::is_certain(source) => (
            stale,
            [
                runs_other,
                format!("{meaning}, so what was tested is not what was pushed"),
            ],
        ),
        _ => (stale, [runs_other, GOING_ON.to_owned()]),
    };
    let refusal = (Report::new(error).causes(causes)).refused(RefusalCode::StagingStale);
    // Another deploy would not change a cached page.
    if source.cached.is_some() {
        return refusal.run(FORGET, Typed::smp("status"));
    }
    let frozen = asked.recorded.and_then(|one| one.state.frozen(name));
    let tested = frozen.map_or("", |candidate| candidate.commit.short());
    if environment.by_merge {
        return refusal.run(
            "wait for the deploy, or build the commit again on the platform, then",
            Typed::smp("status"),
        );
    }
    refusal
        .run(WAIT, Typed::smp("status"))
        .run("or deploy again", Typed::smp("stage").plain(tested))
}

fn add_target(
    plan: &mut Plan,
    source: &Observed,
    target: &Target<'_>,
    asked: &Asked<'_>,
) -> Result<(), Refusal> {
    let (name, observed) = (target.name(), &target.observed);
    let (commit, running) = (plan.commit.clone(), observed.running.clone()?);
    let by_pipeline = target.environment.deploy == DeployBy::Pipeline;
    let at = match (by_pipeline, observed.deployed_last()) {
        (false, _) => branch(target.environment, observed)?,
        // In a pipeline the target's branch plays no part.
        (true, Some(last)) => Branch::At(last.clone()),
        (true, None) => Branch::Empty,
    };
    // A cache may still hold the page of a commit that was rolled back since.
    if running.as_ref() == Some(&commit) && !finding::is_cached(observed) {
        confirmed_or_seen(observed, asked, plan)?;
        arrived(target, &commit, asked, promote(name))?;
        if observed.agrees() == Some(false) {
            let (runs, at) = (commit.short(), branch_at(observed));
            plan.warn(format!("{name} already runs {runs}, although {at}"));
        }
        return add_record(plan, source, target, asked);
    }
    check_record(source, &commit, target, asked)?;
    check_history(&source.environment, target, asked.now)?;
    if by_pipeline {
        refuse_another_release(plan, target)?;
        if finding::pending(observed).is_none() {
            check_branch(target, &at, asked, plan)?;
            check_held(plan, target, asked)?;
        }
        plan.promote_build(source, target, asked)?;
    } else if at.commit() == Some(&commit) {
        if built_before(target, &commit).is_some() {
            check_held(plan, target, asked)?;
        }
        refuse_another_release(plan, target)?;
        plan.release_again(target);
    } else {
        first_push(plan, target, &at, asked)?;
        check_branch(target, &at, asked, plan)?;
        check_held(plan, target, asked)?;
        plan.push(target, &at);
    }
    add_record(plan, source, target, asked)
}

/// Refuses during a release of another commit: this promotion could not wait for its own.
fn refuse_another_release(plan: &Plan, target: &Target<'_>) -> Result<(), Refusal> {
    let (name, observed) = (target.name(), &target.observed);
    let pending = finding::pending(observed);
    if pending.is_none_or(|pending| pending.commit.as_ref() == Some(&plan.commit)) {
        return Ok(());
    }
    let meaning = Finding::ReleasePending.meaning(observed);
    let story = format!("{name} has another release in progress: {meaning}");
    Err(deploying(story, &target.observed))
}

fn check_record(
    source: &Observed,
    commit: &CommitId,
    target: &Target<'_>,
    asked: &Asked<'_>,
) -> Result<(), Refusal> {
    let Some(recorded) = &asked.recorded else {
        return Ok(());
    };
    let (name, at) = (target.name(), target.observed.reference());
    let signed_off = recorded.signed_off(&source.environment, commit, name);
    let command = signed_off.is_ok().then(|| promote(name));
    recorded.nobody_else(Some((Kind::Promote, name, commit)), command)?;
    signed_off?;
    match recorded.resumes(name, commit, at) {
        true => Ok(()),
        false => recorded.target_unmoved(target),
    }
}

/// Adds the step that records the target's commit, unless it is already recorded.
fn add_record(
    plan: &mut Plan,
    source: &Observed,
    target: &Target<'_>,
    asked: &Asked<'_>,
) -> Result<(), Refusal> {
    let Some(recorded) = &asked.recorded else {
        return Ok(());
    };
    let (name, observed, commit) = (target.name(), &target.observed, &plan.commit);
    if observed.runs() == Some(commit) && !finding::is_cached(observed) {
        if !recorded.is_due(name, commit) {
            // Nothing is due, unless another commit was proposed for this target and the source no longer runs it.
            return match recorded.waits(&source.environment, name) {
                true => recorded.signed_off(&source.environment, commit, name),
                false => Ok(()),
            };
        }
        if recorded.open_for(name, commit).is_none() {
            // Somebody else deployed it: only a signed-off commit is recorded, as for an own deploy.
            recorded.signed_off(&source.environment, commit, name)?;
        }
    }
    let reached = plan.steps.iter().filter_map(Step::environment);
    let reached: Vec<&str> = reached.chain([name.as_str()]).collect();
    plan.record(target, recorded.lifts(commit, &reached));
    Ok(())
}

/// Refuses to remove commits that the target runs.
fn check_history(source: &str, target: &Target<'_>, now: i64) -> Result<(), Refusal> {
    let Some(changes) = &target.changes else {
        return Ok(());
    };
    let name = target.name();
    match changes.relation {
        Relation::Identical | Relation::Ahead => Ok(()),
        Relation::Behind => {
            let back = counted(
                changes.disappears.len() + changes.disappears_merges,
                "commit",
            );
            let error = format!("{source} is behind {name}");
            let lacks = "if the main branch lacks that commit, see how to merge it";
            Err(Refusal::new(RefusalCode::Behind, error)
                .because(format!("promoting would move {name} back by {back}"))
                .run("deploy the newer commit", Typed::smp("stage"))
                .run(lacks, Typed::smp("status")))
        }
        Relation::Diverged => {
            let error = format!("{name} has {} that {source} lacks", lost(changes));
            let report = Report::new(error).causes(disappearing(target, changes, now));
            let look = "see how to merge these commits into the main branch";
            Err(report
                .refused(RefusalCode::Diverged)
                .run(look, Typed::smp("status"))
                .run("merge them, then", Typed::smp("stage")))
        }
    }
}

/// Refuses a branch that would lose commits, or that needs a person's look first.
fn check_branch(
    target: &Target<'_>,
    branch: &Branch,
    asked: &Asked<'_>,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    let (name, commit, at) = (target.name(), plan.commit.short(), short(branch.commit()));
    if target.fast_forward == Some(false) {
        let error = format!("the branch of {name} cannot be fast-forwarded to {commit}");
        let because = format!("it is at {at}, which has commits that would be lost");
        let merge = format!("merge {at} into the main branch, then");
        return Err(Refusal::new(RefusalCode::Diverged, error)
            .because(because)
            .run(merge, Typed::smp("stage")));
    }
    let found = Finding::of(&target.observed);
    let Some((found, story)) = found.zip(disagreement(&target.observed)) else {
        return Ok(());
    };
    let (risk, rolled_back) = (found.risk(), found.is(Aspect::RolledBack));
    // If the record says who rolled that commit back and why, a newer commit is meant to fix it.
    let mut held = target.held.iter().map(|one| Some(&one.held.commit));
    let known = rolled_back && held.any(|held| held == branch.commit());
    let again = asked.again && risk != Risk::Race;
    if risk == Risk::Nothing || known || again || asked.somebody_looks {
        plan.warn(story);
        return Ok(());
    }
    Err(match risk {
        Risk::Race => deploying(story, &target.observed),
        Risk::UnclearPage => Refusal::new(RefusalCode::PageUnclear, story)
            .because("the commit on its branch may have been rolled back; only an uncached page can tell")
            .run(FORGET, promote(name)),
        Risk::ShipsAgain | Risk::Nothing => {
            let is_certain = rolled_back && finding::is_certain(&target.observed);
            may_ship_again(name, story, is_certain, asked)
                .run("or in a script", promote(name).plain("--again --yes").option("--commit", commit))
        }
    })
}

fn deploying(story: String, target: &Observed) -> Refusal {
    Refusal::new(RefusalCode::Deploying, story)
        .because("two releases at once would race each other")
        .hint(finding::wait(target))
        .run("then", promote(&target.environment))
}
