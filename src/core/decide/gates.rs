//! Conditions for every deploy. Each check exists once; those of the record are in `recorded`.

use std::slice;

use crate::core::config::Environment;
use crate::core::decide::finding::{self, Finding};
use crate::core::decide::{Asked, Consent, Plan, Target, next};
use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::text::{ago, counted};
use crate::core::typed::Typed;
use crate::core::words::{Branch, Changes, Commit, CommitId, Observed, SMP_TOML, short};

/// Returns the branch of an environment; a branch that was not asked for counts as empty.
pub fn branch(environment: &Environment, observed: &Observed) -> Result<Branch, Refusal> {
    match observed.branch.clone().unwrap_or(Ok(Branch::Empty))? {
        Branch::Missing(others) => Err(wrong_branch(environment, &others, Some(observed))),
        branch => Ok(branch),
    }
}

/// Refuses a branch that the remote lacks while it has others: a push would create it, and hosts accept such a push
/// without a deploy. A branch of the main repository is created only after an explicit option, or by hand at the
/// running commit or at that of the last deploy.
pub fn wrong_branch(
    environment: &Environment,
    others: &[String],
    seen: Option<&Observed>,
) -> Refusal {
    let (name, remote, branch) = (&environment.name, &environment.remote, &environment.branch);
    let place = if environment.is_branch { remote } else { name };
    let error = format!("{place} has no branch {branch}");
    let set = format!("set environments.{name}.branch in {SMP_TOML}, then");
    let refusal = Refusal::new(RefusalCode::WrongBranch, error)
        .because(format!("the remote {remote} has {}", some_of(others)))
        .run(set, Typed::smp("setup"));
    if !environment.is_branch {
        return refusal;
    }
    let (say, at) = match seen.map(|seen| (seen.runs(), &seen.last)) {
        Some((Some(runs), _)) => ("or create the branch at the running commit", runs),
        Some((None, Some(last))) => {
            let say = "or, if it was deleted, create it again at the commit of the last deploy";
            (say, last)
        }
        _ => {
            return refusal.run(
                "or, if nothing was ever deployed there, create it with the first deploy",
                next::deploy(environment).plain("--first"),
            );
        }
    };
    // The pre-push guard stops this push without the option.
    let push = Typed::other("git push --no-verify").arg(remote);
    refusal.run(say, push.arg(&format!("{at}:refs/heads/{branch}")))
}

/// Returns "its branch is at 1f13dc69", or that there is none.
pub fn branch_at(observed: &Observed) -> String {
    match observed.reference() {
        Some(at) => format!("its branch is at {}", at.short()),
        None => "its branch does not exist".to_owned(),
    }
}

/// Refuses to promote from an environment where nothing runs.
pub fn nothing_runs(environment: &Environment, source: &Observed) -> Refusal {
    let name = &environment.name;
    let no_app = match &source.branch {
        Some(Ok(Branch::NoApp(words))) if environment.is_branch => {
            // The option is for the branch of a target.
            return wrong_branch(environment, slice::from_ref(words), Some(source));
        }
        Some(Ok(Branch::NoApp(_))) => "--first",
        _ => "",
    };
    let (lead, deploy) = match &environment.promotes {
        Some(source) => (format!("deploy what {source} runs"), next::promote(name)),
        None => (
            "deploy the tip of the main branch".to_owned(),
            Typed::smp("stage"),
        ),
    };
    let error = match &source.last {
        Some(_) => format!(
            "nothing is deployed on {name} now: {}",
            finding::nothing(source)
        ),
        None => format!("nothing is deployed on {name} yet"),
    };
    Refusal::new(RefusalCode::NothingDeployed, error)
        .because("a promotion ships what runs there")
        .run(lead, deploy.plain(no_app))
}

/// Lists some of the branches that a repository has instead of the expected one.
pub fn some_of(others: &[String]) -> String {
    others[..others.len().min(5)].join(", ")
}

pub fn no_app(environment: &Environment, words: &str) -> Refusal {
    let name = &environment.name;
    let error = format!("there is no app at the address of {name}");
    let refusal = Refusal::new(RefusalCode::NoApp, error)
        .because(format!("it says: {words}"))
        .because(format!(
            "some hosts create the app with the first push; if this host does not, environments.{name}.url is wrong"
        ));
    let deploy = next::deploy(environment).plain("--first");
    refusal.run("to create it", deploy)
}

/// Allows a push to create the app, or the branch, only after an explicit option: a misspelled address or branch would
/// create one too.
pub fn first_push(
    plan: &mut Plan,
    target: &Target<'_>,
    branch: &Branch,
    asked: &Asked<'_>,
) -> Result<(), Refusal> {
    let Branch::NoApp(words) = branch else {
        return Ok(());
    };
    let (name, is_branch) = (target.name(), target.environment.is_branch);
    let (remote, branch) = (&target.environment.remote, &target.environment.branch);
    if !asked.first {
        return Err(no_app(target.environment, words));
    }
    let observed = &target.observed;
    if is_branch && observed.runs().or(observed.last.as_ref()).is_some() {
        let others = slice::from_ref(words);
        return Err(wrong_branch(target.environment, others, Some(observed)));
    }
    if let Some(runs) = observed.runs() {
        let error = format!(
            "{name} runs {}, but there is no app at its address",
            runs.short()
        );
        let correct = format!("correct environments.{name}.url in {SMP_TOML}, then");
        return Err(Refusal::new(RefusalCode::NoApp, error)
            .because(format!("its host says: {words}"))
            .because("the running app has another address")
            .run(correct, Typed::smp("setup")));
    }
    let (story, question) = match is_branch {
        true => (
            format!("{remote} has no branch {branch} (it has {words})"),
            "Create the branch?",
        ),
        false => (
            format!("there is no app at the address of {name} ({words})"),
            "Create the app?",
        ),
    };
    let creates = format!("{story}, so this push creates it");
    match asked.somebody_looks {
        // A proposal creates nothing.
        _ if asked.policy.is_none() && is_branch => {
            plan.warn(format!("{story}, so the promotion creates it"));
        }
        _ if asked.policy.is_none() => {}
        true => plan.ask(creates, question),
        false => plan.warn(creates),
    }
    Ok(())
}

/// Refuses to take the branch for the running commit if the host said otherwise.
pub fn confirmed(observed: &Observed) -> Result<(), Refusal> {
    let Some(words) = &observed.doubt else {
        return Ok(());
    };
    let (name, at) = (&observed.environment, short(observed.reference()));
    let error = format!("it is not confirmed that {name} runs {at}");
    Err(Refusal::new(RefusalCode::NotConfirmed, error)
        .because(format!("its host answered the last push with: {words}"))
        .because("only its branch is known, and a branch does not show what runs")
        .hint(finding::witness_hint(observed)))
}

/// Does the same, but asks a person at the terminal, who may have seen the commit run.
pub fn confirmed_or_seen(
    observed: &Observed,
    asked: &Asked<'_>,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    let told = confirmed(observed);
    if told.is_err() && asked.somebody_looks {
        let (name, found) = (&observed.environment, Finding::NotConfirmed);
        plan.consents.push(Consent {
            story: format!("{name}: {}", found.meaning(observed)),
            question: "Have you seen this commit run there?",
            confirms: Some(name.clone()),
        });
        return Ok(());
    }
    told
}

/// Refuses to report success during another release or announced deploy: the running commit will change soon.
pub fn arrived(
    target: &Target<'_>,
    commit: &CommitId,
    asked: &Asked<'_>,
    command: Typed,
) -> Result<(), Refusal> {
    settled(target, command)?;
    asked.recorded.map_or(Ok(()), |recorded| {
        recorded.nothing_on_its_way(&target.observed, commit)
    })
}

/// Refuses during a release of a commit that does not run yet. `command` is the hint for afterwards.
pub fn settled(target: &Target<'_>, command: Typed) -> Result<(), Refusal> {
    let (name, runs) = (target.name(), target.observed.runs());
    // A release of an unknown commit counts as another one.
    let pending = finding::pending(&target.observed);
    let Some(pending) = pending.filter(|pending| pending.commit.as_ref() != runs) else {
        return Ok(());
    };
    let (called, commit) = (&pending.called, pending.commit.as_ref());
    let commit = commit.map_or("another commit", CommitId::short);
    let error = format!(
        "{name} runs {} now, but another release is in progress",
        short(runs)
    );
    Err(Refusal::new(RefusalCode::Deploying, error)
        .because(format!(
            "its release {called} of {commit} has not finished yet"
        ))
        .hint(finding::wait(&target.observed))
        .run("then", command))
}

/// Checks that the shown state still holds; compares the branch only if asked again. `command` shows the new state.
pub fn unmoved(
    before: &Observed,
    now: &Observed,
    code: RefusalCode,
    command: &Typed,
) -> Result<(), Refusal> {
    now.running.as_ref().map_err(Clone::clone)?;
    if let Some(Err(refusal)) = &now.branch {
        return Err(refusal.clone());
    }
    let (what, then, now) = if before.runs() != now.runs() {
        ("its running commit", before.runs(), now.runs())
    } else if now.branch.is_some() && before.reference() != now.reference() {
        ("its branch", before.reference(), now.reference())
    } else {
        return Ok(());
    };
    let name = &before.environment;
    let error = format!("{name} changed after the plan was shown, so this run stopped");
    Err(Refusal::new(code, error)
        .because(format!("{what} was {} and is {}", short(then), short(now)))
        .run("see the new plan", command.clone()))
}

/// Describes the finding about an environment before the deploy, if its running commit is known.
pub fn disagreement(observed: &Observed) -> Option<String> {
    let (name, running) = (&observed.environment, observed.running.as_ref().ok()?);
    let found = Finding::of(observed).filter(|found| *found != Finding::NothingDeployed)?;
    let runs = short(running.as_ref());
    let (at, meaning) = (branch_at(observed), found.meaning(observed));
    Some(match observed.agrees() {
        Some(false) if found != Finding::StalePage => {
            format!("{name} runs {runs}, but {at}: {meaning}")
        }
        _ => format!("{name} runs {runs}: {meaning}"),
    })
}

/// Returns a line for each commit that would disappear from the target.
pub fn disappearing(target: &Target<'_>, changes: &Changes, now: i64) -> Vec<String> {
    let (name, lost) = (target.name(), &changes.disappears);
    let told = lost.iter().take(10).map(|commit| {
        let (short, subject, author) = (commit.id.short(), commit.subject_text(), &commit.author);
        let when = ago(now, commit.committed);
        let twin = target.twins.get(&commit.id).map_or(String::new(), |twin| {
            format!("; {} is another commit with the same change", twin.short())
        });
        format!("{short} \"{subject}\", by {author} {when}, would disappear from {name}{twin}")
    });
    let more = (lost.len() > 10).then(|| format!("and {} more", lost.len() - 10));
    told.chain(more).collect()
}

/// Returns "4 commits", or "2 merges" if there are only merges.
pub fn amount(commits_alone: usize, merges_alone: usize) -> String {
    match (commits_alone, merges_alone) {
        (0, merges) => counted(merges, "merge"),
        (alone, _) => counted(alone, "commit"),
    }
}

pub fn lost(changes: &Changes) -> String {
    amount(changes.disappears.len(), changes.disappears_merges)
}

/// Returns the first ten commits, one per line, and the number of the rest.
pub fn first_ten(commits: &[Commit]) -> impl Iterator<Item = String> {
    let more = commits.len().saturating_sub(10);
    (commits.iter().take(10))
        .map(|one| format!("{} {}", one.short, one.subject_text()))
        .chain((more > 0).then(|| format!("and {more} more")))
}
