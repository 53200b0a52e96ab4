//! Decides what a promotion does: the commit that the source runs, to every target that lacks it.

use crate::core::config::Environment;
use crate::core::decide::finding::{self, Finding};
use crate::core::decide::held::check_held;
use crate::core::decide::{
    Asked, Plan, Step, Target, amount, built_before, commits, confirmed_or_seen, disappearing,
    first_push, push_and_wait, release_again, settled, wrong_branch,
};
use crate::core::record::Kind;
use crate::core::refusal::{Refusal, RefusalCode, Report};
use crate::core::words::{Branch, Changes, CommitId, Observed, Relation, Release};

/// Plans the promotion of what `environment` runs, as it was observed, to every target.
///
/// # Errors
/// The first reason why it must not happen.
pub fn promotion(
    environment: &Environment,
    source: &Observed,
    targets: &[Target<'_>],
    asked: &Asked<'_>,
) -> Result<Plan, Refusal> {
    let commit = candidate(environment, source, asked)?;
    let mut plan = Plan::of(&commit);
    confirmed_or_seen(source, asked, &mut plan)?;
    let all = targets
        .iter()
        .map(|target| &target.observed)
        .chain([source]);
    plan.warnings.extend(
        all.filter_map(|seen| Some(format!("{}: {}", seen.environment, finding::unasked(seen)?))),
    );
    if finding::is_emptied(source) {
        let meaning = Finding::DeployedOutsideGit.meaning(source);
        plan.warnings
            .push(format!("{}: {meaning}", source.environment));
    }
    for target in targets {
        add_target(&mut plan, source, &commit, target, asked)?;
    }
    Ok(plan)
}

/// The one commit that would ship: what the source runs, if that is certain.
fn candidate(
    environment: &Environment,
    source: &Observed,
    asked: &Asked<'_>,
) -> Result<CommitId, Refusal> {
    let name = &source.environment;
    let running = source.running.clone()?;
    let Some(commit) = running else {
        let first = if matches!(source.branch, Some(Ok(Branch::NoApp(_)))) {
            " --first"
        } else {
            ""
        };
        return Err(Refusal::new(
            RefusalCode::NothingDeployed,
            format!("nothing is deployed on {name} yet"),
        )
        .because("a promotion ships what runs there")
        .hint(format!(
            "deploy the tip of the main branch: git smp stage{first}"
        )));
    };
    match &source.branch {
        Some(Err(refusal)) => return Err(refusal.clone()),
        Some(Ok(Branch::Missing(others))) => return Err(wrong_branch(environment, others)),
        _ => {}
    }
    let agrees = source.agrees() != Some(false) || finding::is_emptied(source);
    if !agrees || Finding::of(source) == Some(Finding::StalePage) {
        let frozen = asked
            .recorded
            .and_then(|recorded| recorded.state.frozen(name));
        return Err(stale_source(
            source,
            &commit,
            frozen.map(|candidate| &candidate.commit),
        ));
    }
    match asked.commit {
        Some(hash) if !commit.as_str().starts_with(&hash.to_ascii_lowercase()) => {
            Err(Refusal::new(
                RefusalCode::CandidateMoved,
                format!("{name} runs {}, not {hash}", commit.short()),
            )
            .because("--commit names the only commit that may ship")
            .hint("look at what runs now: git smp status"))
        }
        _ => Ok(commit),
    }
}

fn stale_source(source: &Observed, commit: &CommitId, tested: Option<&CommitId>) -> Refusal {
    let name = &source.environment;
    let reference = source.reference().map_or("nothing", CommitId::short);
    let unknown = Report::new(format!("nobody can say what {name} runs"));
    let report =
        Report::new(format!("{name} does not run what was last pushed to it")).because(format!(
            "it runs {}, but its branch is at {reference}",
            commit.short()
        ));
    let report = match Finding::of(source) {
        Some(Finding::StalePage) => {
            unknown.because(Finding::StalePage.meaning(source)).because("so nobody can say what was tested")
        }
        Some(Finding::CachedPage) => unknown
            .because(Finding::CachedPage.meaning(source))
            .because(format!("it names {}, but its branch is at {reference}", commit.short())),
        Some(found) if finding::is_certain(source) => {
            report.because(format!("{}; so what was tested is not what was pushed", found.meaning(source)))
        }
        _ => report.because(
            "its last deploy is still going on, failed, or was rolled back; so nobody can say what was tested",
        ),
    };
    let report = report.hint(match tested {
        // To deploy again would not change what a cache says.
        _ if source.cached.is_some() => finding::cache_hint("git smp status"),
        Some(candidate) => format!(
            "wait for it: git smp status; or deploy again: git smp stage {}",
            candidate.short()
        ),
        None => "wait for it: git smp status; or deploy again: git smp stage".to_owned(),
    });
    report.refused(RefusalCode::StagingStale)
}

fn add_target(
    plan: &mut Plan,
    source: &Observed,
    commit: &CommitId,
    target: &Target<'_>,
    asked: &Asked<'_>,
) -> Result<(), Refusal> {
    let environment = target.environment;
    let name = &environment.name;
    let running = target.observed.running.clone()?;
    let branch = target
        .observed
        .branch
        .clone()
        .unwrap_or(Ok(Branch::Empty))?;
    if let Branch::Missing(others) = &branch {
        return Err(wrong_branch(environment, others));
    }
    // A cache may still hold the page of a commit that was put back since.
    if running.as_ref() == Some(commit) && !finding::is_cached(&target.observed) {
        confirmed_or_seen(&target.observed, asked, plan)?;
        settled(target)?;
        if let Some(recorded) = &asked.recorded {
            recorded.nothing_on_its_way(&target.observed, commit)?;
        }
        if target.observed.agrees() == Some(false) {
            let at = branch.commit().map_or("nothing", CommitId::short);
            plan.warnings.push(format!(
                "{name} runs {} already, though its branch is at {at}",
                commit.short()
            ));
        }
        return add_record(plan, source, target, asked);
    }
    check_record(source, commit, target, asked)?;
    check_history(&source.environment, target, asked.now)?;
    if branch.commit() == Some(commit) {
        if built_before(target, commit).is_some() {
            check_held(plan, target, asked)?;
        }
        let other = |pending: &Release| pending.commit.as_ref() != Some(commit);
        if finding::pending(&target.observed).is_some_and(other) {
            // It is not the candidate that could be waited for.
            let meaning = Finding::ReleasePending.meaning(&target.observed);
            return Err(deploying(
                Report::new(format!("{name} has another release going on: {meaning}")),
                name,
            ));
        }
        release_again(plan, target);
    } else {
        check_branch(target, &branch, asked, plan)?;
        check_held(plan, target, asked)?;
        first_push(plan, target, &branch, asked)?;
        push_and_wait(plan, target, &branch);
    }
    add_record(plan, source, target, asked)
}

/// What the record has to say of a target that is to be given the commit.
fn check_record(
    source: &Observed,
    commit: &CommitId,
    target: &Target<'_>,
    asked: &Asked<'_>,
) -> Result<(), Refusal> {
    let Some(recorded) = &asked.recorded else {
        return Ok(());
    };
    let name = &target.environment.name;
    let wanted = Some((Kind::Promote, name.as_str(), commit));
    recorded.nobody_else(wanted, Some(&format!("git smp promote {name}")))?;
    recorded.signed_off(&source.environment, commit, name)?;
    if recorded
        .resumed(name, commit, target.observed.reference())
        .is_some()
    {
        return Ok(());
    }
    recorded.target_unmoved(
        target,
        target
            .changes
            .as_ref()
            .map(|changes| changes.disappears.len()),
    )
}

/// The last step of a target: what it runs goes on record, unless it is there.
fn add_record(
    plan: &mut Plan,
    source: &Observed,
    target: &Target<'_>,
    asked: &Asked<'_>,
) -> Result<(), Refusal> {
    let Some(recorded) = &asked.recorded else {
        return Ok(());
    };
    let name = &target.environment.name;
    let runs_already =
        target.observed.runs() == Some(&plan.commit) && !finding::is_cached(&target.observed);
    if runs_already && !recorded.is_due(name, &plan.commit) {
        return Ok(());
    }
    if runs_already
        && recorded
            .open()
            .is_none_or(|open| open.environment != *name || open.to != plan.commit)
    {
        // Somebody else brought it there; that is recorded only of what was signed off, as if we had.
        recorded.signed_off(&source.environment, &plan.commit, name)?;
    }
    let reached = plan
        .steps
        .iter()
        .filter_map(Step::environment)
        .chain([name.as_str()])
        .collect::<Vec<_>>();
    let lifts = recorded.lifts(&plan.commit, &reached);
    plan.steps.push(Step::Record {
        environment: name.clone(),
        commit: plan.commit.clone(),
        lifts,
    });
    Ok(())
}

/// Refuses to take anything away that the target runs.
fn check_history(source: &str, target: &Target<'_>, now: i64) -> Result<(), Refusal> {
    let Some(changes) = &target.changes else {
        return Ok(());
    };
    let name = &target.environment.name;
    match changes.relation {
        Relation::Identical | Relation::Ahead => Ok(()),
        Relation::Behind => {
            let lost = changes.disappears.len() + changes.disappears_merges;
            Err(
                Refusal::new(RefusalCode::Behind, format!("{source} is behind {name}"))
                    .because(format!(
                        "a promotion would take {} back by {}",
                        name,
                        commits(lost)
                    ))
                    .hint(
                        "deploy the newer commit first: git smp stage\n\
                         or, where the main branch lacks it, see how it comes there: git smp status",
                    ),
            )
        }
        Relation::Diverged => {
            Err(diverged(source, target, changes, now).refused(RefusalCode::Diverged))
        }
    }
}

fn diverged(source: &str, target: &Target<'_>, changes: &Changes, now: i64) -> Report {
    let name = &target.environment.name;
    let lost = amount(changes.disappears.len(), changes.disappears_merges);
    let report = Report::new(format!("{name} has {lost} that {source} lacks"));
    let report = disappearing(target, changes, now)
        .into_iter()
        .fold(report, Report::because);
    report.hint(format!(
        "merge what {name} has into the main branch, then: git smp stage\n\
         see how it comes there: git smp status"
    ))
}

/// Refuses a branch that would lose commits, or that somebody must look at first.
fn check_branch(
    target: &Target<'_>,
    branch: &Branch,
    asked: &Asked<'_>,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    let name = &target.environment.name;
    let at = branch.commit().map_or("nothing", CommitId::short);
    if target.fast_forward == Some(false) {
        return Err(Refusal::new(
            RefusalCode::Diverged,
            format!(
                "the branch of {name} cannot go forward to {}",
                plan.commit.short()
            ),
        )
        .because(format!(
            "it is at {at}, which has commits that would be lost"
        ))
        .hint(format!(
            "merge {at} into the main branch, then: git smp stage"
        )));
    }
    let found = match Finding::of(&target.observed) {
        None | Some(Finding::NothingDeployed) => return Ok(()),
        Some(found) => found,
    };
    let runs = target.observed.runs().map_or("nothing", CommitId::short);
    let meaning = found.meaning(&target.observed);
    let story = match found {
        _ if runs == at || found == Finding::StalePage => format!("{name} runs {runs}: {meaning}"),
        _ => format!("{name} runs {runs}, but its branch is at {at}: {meaning}"),
    };
    let harmless = matches!(
        found,
        Finding::StalePage
            | Finding::DeployedOutsideGit
            | Finding::ReleaseFailed
            | Finding::NotConfirmed
    );
    // Where it is known who rolled that back, and why, what is newer is meant to mend it.
    let at_held = target
        .held
        .iter()
        .any(|one| Some(&one.held.commit) == target.observed.reference());
    let known = found == Finding::RolledBack && at_held;
    let again = asked.again && found != Finding::ReleasePending;
    if harmless || known || again || asked.somebody_looks {
        plan.warnings.push(story);
        return Ok(());
    }
    let report = Report::new(story);
    Err(if found == Finding::ReleasePending {
        deploying(report, name)
    } else if found == Finding::CachedPage {
        let report = report.because(
            "what its branch is at may have been rolled back; only a page that is new tells",
        );
        let hint = finding::cache_hint(&format!("git smp promote {name}"));
        report.hint(hint).refused(RefusalCode::PageUnclear)
    } else {
        let report = report
            .because("what was rolled back would ship again with this promotion, so a person must say yes to it")
            .hint(format!("run it in a terminal, without --yes: git smp promote {name}\nin a script: git smp promote {name} --again"));
        report.refused(RefusalCode::RolledBack)
    })
}

/// The refusal where the platform is at it already.
fn deploying(report: Report, name: &str) -> Refusal {
    let report = report.because("two releases at once would race for what runs");
    let report = report.hint(format!(
        "wait for it: git smp status, then: git smp promote {name}"
    ));
    report.refused(RefusalCode::Deploying)
}
