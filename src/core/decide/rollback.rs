//! Puts an environment back: by a release of its platform without a build, or by a push.

use crate::core::decide::finding::{
    is_cached, is_on_its_way, may_be_on_its_way, pending, releases,
};
use crate::core::decide::gates::{amount, arrived, branch, confirmed, disagreement, settled};
use crate::core::decide::next::promote;
use crate::core::decide::{Asked, Plan, Target, no_app, not_pushed, released_again};
use crate::core::record::Kind;
use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::typed::Typed;
use crate::core::words::{Branch, CommitId, Observed, Relation, ReleaseStatus, short};

/// Plans the rollback, or returns the first reason to refuse it. If the running commit is unknown, the branch counts
/// instead. `target.changes` are relative to that commit.
pub fn rollback(
    target: &Target<'_>,
    commit: &CommitId,
    asked: &Asked<'_>,
) -> Result<Plan, Refusal> {
    let (name, observed, recorded) = (target.name(), &target.observed, asked.recorded);
    let at = branch(target.environment, observed)?;
    if let Branch::NoApp(words) = &at {
        return Err(no_app(target.environment, words));
    }
    let mut plan = Plan::of(commit);
    // A deploy that may be in progress is reverted on the branch too. A cache may still hold the page from before the
    // bad deploy.
    let runs_already =
        observed.runs() == Some(commit) && !may_be_on_its_way(observed) && !is_cached(observed);
    if runs_already {
        confirmed(observed)?;
        arrived(target, commit, asked, again(name, commit))?;
    } else {
        if let Some(recorded) = &recorded {
            let command = Some(again(name, commit));
            recorded.nobody_else(Some((Kind::Rollback, name, commit)), command)?;
        }
        lies_behind(target, &at, asked, &mut plan)?;
        warn(target, &at, asked, &mut plan);
        warn_of_posts(target, asked, &mut plan);
        take_back(target, &at, asked, &mut plan)?;
    }
    if recorded.is_some_and(|one| !runs_already || one.open_for(name, commit).is_some()) {
        plan.record(target, None);
    }
    Ok(plan)
}

fn again(name: &str, commit: &CommitId) -> Typed {
    let command = Typed::smp("rollback").arg(name);
    command.option("--to", commit.short())
}

/// Refuses to go forward: new commits reach production only by a promotion, after a test.
fn lies_behind(
    target: &Target<'_>,
    branch: &Branch,
    asked: &Asked<'_>,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    let (name, to) = (target.name(), plan.commit.short().to_owned());
    let Some(changes) = &target.changes else {
        target.observed.running.clone()?;
        return Err(nothing_deployed(name));
    };
    let runs = target.observed.runs().or(branch.commit());
    let choose = earlier(asked.recorded.is_some(), runs);
    if matches!(changes.relation, Relation::Behind | Relation::Identical) {
        return match target.never_ran {
            true => Err(unseen(name, &to, choose)),
            false => Ok(()),
        };
    }
    let new = amount(changes.ships.len(), changes.ships_merges);
    let story = format!("{to} has {new} that {name} does not run");
    let is_beside = changes.relation == Relation::Diverged;
    if is_beside && asked.somebody_looks && !target.never_ran {
        let runs = short(runs);
        plan.warn(format!("{story}: it is not an ancestor of {runs}"));
        return Ok(());
    }
    let error = format!("{to} is not an ancestor of the commit that {name} runs");
    let unseen = format!("the record does not show that {to} ever ran on {name}");
    let causes = [
        Some(story),
        (is_beside && target.never_ran).then_some(unseen),
    ];
    let causes = causes.into_iter().flatten();
    Err(causes
        .fold(
            Refusal::new(RefusalCode::NotARollback, error),
            Refusal::because,
        )
        .because("a rollback only removes commits; new ones must be tested and promoted")
        .run("choose an older commit", choose)
        .run("or promote", promote(name)))
}

/// Refuses a commit without a recorded deploy there, if the policy wants a second person for new commits.
fn unseen(name: &str, to: &str, choose: Typed) -> Refusal {
    let error = format!("nothing shows that {to} ever ran on {name}");
    let why = "with signed or four_eyes a rollback returns only to what the record shows to have run there";
    let refusal = Refusal::new(RefusalCode::NotARollback, error).because(why);
    let refusal = refusal.run("choose a commit that ran there", choose);
    refusal.run("or propose it", Typed::smp("propose"))
}

/// Returns the command that lists earlier commits of an environment. Without a record only git knows them.
pub fn earlier(has_record: bool, runs: Option<&CommitId>) -> Typed {
    match (has_record, runs) {
        (true, _) => Typed::smp("history"),
        (false, Some(runs)) => Typed::other(format!("git log --oneline {}", runs.short())),
        (false, None) => Typed::other("git log --oneline"),
    }
}

pub fn nothing_deployed(name: &str) -> Refusal {
    let error = format!("nothing is deployed on {name} yet, so there is nothing to roll back to");
    Refusal::new(RefusalCode::NothingDeployed, error)
        .run("see the current state", Typed::smp("status"))
        .run("to deploy", promote(name))
}

fn warn(target: &Target<'_>, branch: &Branch, asked: &Asked<'_>, plan: &mut Plan) {
    let (observed, name) = (&target.observed, target.name());
    if let Err(refusal) = &observed.running {
        let (at, why) = (short(branch.commit()), &refusal.report.error);
        plan.warn(format!(
            "it is unknown what {name} runs ({why}); its branch is at {at}, so that commit is assumed"
        ));
    }
    let open = asked.recorded.and_then(|one| one.open());
    if !open.is_some_and(|open| is_on_its_way(observed, open)) {
        plan.warnings.extend(disagreement(observed));
    }
    let candidate = asked.recorded.and_then(|one| one.state.candidate.as_ref());
    let candidate = candidate.filter(|candidate| candidate.goal(name).is_some());
    if let Some(candidate) = candidate.filter(|one| observed.runs() == Some(&one.commit)) {
        plan.warn(format!(
            "{} stays the candidate; after this rollback close the proposal, then propose a correction",
            candidate.commit.short()
        ));
    } else if let Some(candidate) = candidate {
        plan.warn(format!(
            "{} was proposed to replace what {name} runs now; propose it again after this rollback",
            candidate.commit.short()
        ));
    }
}

/// Warns of the posts about releases that this rollback takes away: they are not sent after it.
fn warn_of_posts(target: &Target<'_>, asked: &Asked<'_>, plan: &mut Plan) {
    let Some(recorded) = &asked.recorded else {
        return;
    };
    let (name, runs) = (target.name(), target.observed.runs());
    let told = recorded.state.taken_back(name, (runs, &plan.commit));
    let told = told.into_iter().map(|one| (&one.commit, &one.channel));
    // The announced end of what runs goes on record first.
    let open = runs.and_then(|runs| recorded.open_for(name, runs));
    let open = open.filter(|open| open.kind == Kind::Promote);
    let contained = open.map(|open| recorded.state.contained(open.from(name), name));
    let ended = contained.into_iter().flatten().chain(open);
    let ended = ended.filter(|one| one.overrides.is_none());
    let tells = ended.filter_map(|one| Some((&one.to, one.tells.as_ref()?)));
    let announced = tells.flat_map(|(to, one)| one.channels.iter().map(move |name| (to, name)));
    let warnings = told.chain(announced).map(|(commit, channel)| {
        let short = commit.short();
        format!(
            "the post about {short} to the {channel} channel was not sent; this rollback drops it"
        )
    });
    plan.warnings.extend(warnings);
}

/// Adds the steps. An earlier build is released again if possible, because that takes only seconds.
fn take_back(
    target: &Target<'_>,
    branch: &Branch,
    asked: &Asked<'_>,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    let (name, commit) = (target.name(), plan.commit.clone());
    let (short, commit) = (commit.short(), &commit);
    if pending(&target.observed).is_some_and(|one| one.commit.as_ref() == Some(commit)) {
        plan.warn(format!(
            "a release of {short} on {name} is already in progress"
        ));
        plan.wait(target, false);
        return Ok(());
    }
    // A person who takes over a deploy knows of its release, which may be the reason to take over.
    let takes_over = asked.recorded.is_some_and(|one| one.take_over.is_some());
    if !asked.somebody_looks && !takes_over {
        settled(target, again(target.name(), commit))?;
    }
    // The newest release that the platform can go back to.
    let former = releases(&target.observed).iter().find(|one| {
        one.commit.as_ref() == Some(commit)
            && one.status == ReleaseStatus::Succeeded
            && one.eligible
            && !one.current
    });
    match (&target.environment.running.app, former) {
        (Some(_), Some(former)) => {
            let called = &former.called;
            plan.warn(format!(
                "the config vars of {name} return to those of {called} as well"
            ));
            plan.release(target, former, true);
            return Ok(());
        }
        // A platform that lists releases without builds keeps none.
        (Some(_), None) if keeps_no_builds(&target.observed) => {}
        (Some(_), None) => plan.warn(format!(
            "the platform has no known release of {short} to return to: {short} is pushed and built again"
        )),
        (None, _) => {}
    }
    if branch.commit() == Some(commit) {
        if is_cached(&target.observed) {
            not_pushed(plan, target);
        } else {
            already_there(plan, target);
        }
    }
    plan.push(target, branch);
    Ok(())
}

fn keeps_no_builds(seen: &Observed) -> bool {
    let all = releases(seen);
    !all.is_empty() && all.iter().all(|release| release.slug.is_none())
}

/// Warns that a push changes nothing, as after a host rejected a push and deployed it; gives the alternatives.
fn already_there(plan: &mut Plan, target: &Target<'_>) {
    let (name, runs) = (target.name(), target.observed.runs());
    let (short, runs) = (
        plan.commit.short(),
        runs.map_or("what runs now", CommitId::short),
    );
    plan.warn(format!(
        "the branch of {name} is already at {short}, so a push changes nothing. Release {short} again on the platform; \
         this command waits until it runs"
    ));
    released_again(plan, target);
    plan.warn(format!(
        "if that is not possible, revert {runs} on the main branch, then deploy the revert: git smp stage"
    ));
}
