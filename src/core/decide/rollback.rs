//! Decides how an environment is put back to what it ran before: by a release of its platform, which needs no build, or
//! by pushing the older commit.

use crate::core::decide::finding::{is_cached, may_be_on_its_way, newest};
use crate::core::decide::{
    Asked, Plan, Step, Target, amount, confirmed, disagreement, no_app, not_pushed, push_and_wait,
    release_and_wait, released_again_by, settled, wait, wrong_branch,
};
use crate::core::record::Kind;
use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::typed::Typed;
use crate::core::words::{Branch, CommitId, Relation, Release, ReleaseStatus};

/// A rollback as it was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Back<'a> {
    /// The environment, and what lies between what it runs and the commit; what it runs is what its branch has, where
    /// it does not say itself.
    pub target: &'a Target<'a>,
    /// What it is put back to.
    pub commit: &'a CommitId,
}

/// Plans it.
///
/// # Errors
/// The first reason why it must not happen.
pub fn rollback(wanted: &Back<'_>, asked: &Asked<'_>) -> Result<Plan, Refusal> {
    let Back { target, commit } = *wanted;
    let (name, observed) = (&target.environment.name, &target.observed);
    let branch = observed.branch.clone().unwrap_or(Ok(Branch::Empty))?;
    match &branch {
        Branch::Missing(others) => return Err(wrong_branch(target.environment, others)),
        Branch::NoApp(words) => return Err(no_app(target.environment, words)),
        Branch::At(_) | Branch::Empty => {}
    }
    let mut plan = Plan::of(commit);
    let open = asked.recorded.and_then(|recorded| recorded.open());
    let announced = open.is_some_and(|open| open.environment == *name && open.to == *commit);
    // A deploy that may be on its way is taken back on the branch, too; and a cache may still hold the page of what ran
    // before what is to be taken back.
    let runs_already =
        observed.runs() == Some(commit) && !may_be_on_its_way(observed) && !is_cached(observed);
    if runs_already {
        confirmed(observed)?;
        settled(target)?;
        if let Some(recorded) = &asked.recorded {
            recorded.nothing_on_its_way(observed, commit)?;
        }
    } else {
        if let Some(recorded) = &asked.recorded {
            let command = Typed::smp("rollback")
                .arg(name)
                .option("--to", commit.short())
                .to_string();
            recorded.nobody_else(Some((Kind::Rollback, name, commit)), Some(&command))?;
        }
        lies_behind(wanted, &branch, asked, &mut plan)?;
        warn(wanted, &branch, asked, &mut plan);
        take_back(wanted, &branch, asked, &mut plan)?;
    }
    if asked.recorded.is_some() && (!runs_already || announced) {
        plan.steps.push(Step::Record {
            environment: name.clone(),
            commit: commit.clone(),
            lifts: None,
        });
    }
    Ok(plan)
}

/// Refuses to go forward: whatever is new on production was tested before, and is promoted.
fn lies_behind(
    wanted: &Back<'_>,
    branch: &Branch,
    asked: &Asked<'_>,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    let (name, short) = (&wanted.target.environment.name, wanted.commit.short());
    let Some(changes) = &wanted.target.changes else {
        return Err(Refusal::new(
            RefusalCode::NothingDeployed,
            format!("nothing is deployed on {name} yet, so there is nothing to put back"),
        )
        .hint(format!(
            "see where things stand: git smp status; to deploy: git smp promote {name}"
        )));
    };
    let new = amount(changes.ships.len(), changes.ships_merges);
    let runs = wanted
        .target
        .observed
        .runs()
        .or(branch.commit())
        .map_or("nothing", CommitId::short);
    let story = format!("{short} has {new} that {name} does not run");
    match changes.relation {
        Relation::Behind | Relation::Identical => Ok(()),
        Relation::Diverged if asked.somebody_looks => {
            plan.warnings
                .push(format!("{story}: it lies beside {runs}, not behind it"));
            Ok(())
        }
        Relation::Diverged | Relation::Ahead => Err(Refusal::new(
            RefusalCode::NotARollback,
            format!("to deploy {short} would be no rollback of {name}"),
        )
        .because(story)
        .because("a rollback only takes away; what is new is tested and promoted")
        .hint(format!(
            "name an older commit: git smp history; or go forward: git smp promote {name}"
        ))),
    }
}

fn warn(wanted: &Back<'_>, branch: &Branch, asked: &Asked<'_>, plan: &mut Plan) {
    let (target, name) = (wanted.target, &wanted.target.environment.name);
    if let Err(refusal) = &target.observed.running {
        let at = branch.commit().map_or("nothing", CommitId::short);
        let why = &refusal.report.error;
        plan.warnings.push(format!(
            "what {name} runs is unknown ({why}); its branch is at {at}, so that counts here"
        ));
    }
    plan.warnings.extend(disagreement(target));
    let candidate = asked
        .recorded
        .and_then(|recorded| recorded.state.candidate.as_ref());
    if let Some(candidate) = candidate.filter(|candidate| candidate.goal(name).is_some()) {
        let short = candidate.commit.short();
        plan.warnings.push(format!(
            "{short} was proposed for {name} as it is now; it has to be proposed anew after this"
        ));
    }
}

/// The steps: what was built before is released again where that can be, for it takes seconds.
fn take_back(
    wanted: &Back<'_>,
    branch: &Branch,
    asked: &Asked<'_>,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    let Back { target, commit } = *wanted;
    let name = &target.environment.name;
    let is_under_way = |release: &&Release| {
        release.status == ReleaseStatus::Pending && release.commit.as_ref() == Some(commit)
    };
    if newest(&target.observed).as_ref().is_some_and(is_under_way) {
        plan.warnings.push(format!(
            "a release of {} on {name} is going on already",
            commit.short()
        ));
        wait(plan, target, false);
        return Ok(());
    }
    // Whoever puts a deploy aside by its name knows of its release, which may be why it is put aside.
    let takes_over = asked
        .recorded
        .is_some_and(|recorded| recorded.take_over.is_some());
    if !asked.somebody_looks && !takes_over {
        settled(target)?;
    }
    if let Some(former) = former(target, commit) {
        plan.warnings.push(format!(
            "the config vars of {name} go back to those of v{}, too",
            former.version
        ));
        release_and_wait(plan, target, former, true);
        return Ok(());
    }
    if target.environment.running.platform().is_some() {
        plan.warnings.push(format!(
            "the platform has no release of {} to go back to, or does not say: it is pushed and built again",
            commit.short()
        ));
    }
    if branch.commit() == Some(commit) {
        let is_kept = is_cached(&target.observed);
        plan.warnings.push(if is_kept {
            not_pushed(target, commit)
        } else {
            already_there(target, commit)
        });
    }
    push_and_wait(plan, target, branch);
    Ok(())
}

/// That a push would change nothing, and what would: as after a push that the host declined and deployed all the same.
fn already_there(target: &Target<'_>, commit: &CommitId) -> String {
    let (name, short) = (&target.environment.name, commit.short());
    let runs = target
        .observed
        .runs()
        .map_or("what runs now", CommitId::short);
    format!(
        "the branch of {name} is at {short} already, so a push of it changes nothing: release {short} again on the platform{}, \
         and this waits until it runs. Where that cannot be, revert {runs} on the main branch and ship that: git smp stage",
        released_again_by(target)
    )
}

/// The newest release of the commit that the platform says it can go back to.
fn former<'t>(target: &'t Target<'_>, commit: &CommitId) -> Option<&'t Release> {
    let releases = target.observed.releases.as_ref()?.as_ref().ok()?;
    let good = |release: &&Release| {
        release.status == ReleaseStatus::Succeeded && release.eligible && !release.current
    };
    releases
        .iter()
        .filter(good)
        .find(|release| release.commit.as_ref() == Some(commit))
}
