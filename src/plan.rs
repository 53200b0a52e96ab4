//! Decides what a promotion does, from what is true now: facts in, steps or a refusal out. Pure.

use crate::config::Environment;
use crate::error::{Refusal, RefusalCode, Report};
use crate::model::{Branch, Changes, Commit, CommitId, Observed, Relation, Source};
use crate::text::ago;

/// One target of a promotion, with everything that was found out about it.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    /// As it is configured.
    pub environment: &'a Environment,
    /// As it is.
    pub observed: Observed,
    /// What lies between its running commit and the candidate, when both are known.
    pub changes: Option<Changes>,
    /// Whether its branch could go to the candidate by fast-forward, when both are known.
    pub fast_forward: Option<bool>,
}

/// What the person at the terminal, or the script, asked for.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// `--commit`: the only commit that may ship, full or abbreviated.
    pub commit: Option<&'a str>,
    /// Whether somebody sees the plan and answers a question.
    pub somebody_looks: bool,
    /// The present moment, in seconds since 1970.
    pub now: i64,
}

/// One effect, in the order they happen. What is shown is exactly what is done, because it is this value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Push the commit to an environment's branch.
    Push {
        /// The environment's name.
        environment: String,
        /// Its remote.
        remote: String,
        /// The branch there.
        branch: String,
        /// What ships.
        commit: CommitId,
        /// Where the branch must still be; `None`: it must not exist yet.
        expected: Option<CommitId>,
    },
    /// Wait until the environment reports the commit.
    Await {
        /// The environment's name.
        environment: String,
        /// What it is to report.
        commit: CommitId,
        /// Who reports it: an address for people, or the branch.
        witness: String,
        /// Whether a push of this plan comes before it.
        pushed: bool,
    },
}

/// A promotion that may go ahead. Without steps there is nothing to do, which is a good end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// What ships.
    pub commit: CommitId,
    /// What will be done.
    pub steps: Vec<Step>,
    /// What a person should know before saying yes.
    pub warnings: Vec<String>,
}

/// Plans the promotion of what `environment` runs, as it was observed, to every target.
///
/// # Errors
/// The first reason why it must not happen.
pub fn promotion(
    environment: &Environment,
    source: &Observed,
    targets: &[Target<'_>],
    asked: &Asked<'_>,
) -> Result<Promotion, Refusal> {
    let commit = candidate(environment, source, asked.commit)?;
    let mut plan = Promotion { commit: commit.clone(), steps: Vec::new(), warnings: Vec::new() };
    for target in targets {
        add_target(&mut plan, &source.environment, &commit, target, asked)?;
    }
    Ok(plan)
}

/// The one commit that would ship: what the source runs, if that is certain.
fn candidate(environment: &Environment, source: &Observed, named: Option<&str>) -> Result<CommitId, Refusal> {
    let name = &source.environment;
    let running = source.running.clone()?;
    let Some(commit) = running else {
        let report = Report::new(format!("nothing is deployed on {name} yet"))
            .because("a promotion ships what runs there")
            .hint(format!("deploy a commit to {name} first, then: git smp status"));
        return Err(Refusal { code: RefusalCode::NothingDeployed, report });
    };
    match &source.branch {
        Some(Err(refusal)) => return Err(refusal.clone()),
        Some(Ok(Branch::Missing(others))) => return Err(wrong_branch(environment, others)),
        _ => {}
    }
    if source.agrees() == Some(false) {
        return Err(stale_source(source, &commit));
    }
    match named {
        Some(hash) if !commit.as_str().starts_with(&hash.to_ascii_lowercase()) => {
            let report = Report::new(format!("{name} runs {}, not {hash}", commit.short()))
                .because("--commit names the only commit that may ship")
                .hint("look at what would ship now: git smp diff");
            Err(Refusal { code: RefusalCode::CandidateMoved, report })
        }
        _ => Ok(commit),
    }
}

fn stale_source(source: &Observed, commit: &CommitId) -> Refusal {
    let name = &source.environment;
    let reference = source.reference().map_or("nothing", CommitId::short);
    let report = Report::new(format!("{name} does not run what was last pushed to it"))
        .because(format!("it runs {}, but its branch is at {reference}", commit.short()))
        .because("its last deploy is still going on, failed, or was rolled back; so nobody can say what was tested")
        .hint(format!("wait for {name} or deploy it again, then: git smp status"));
    Refusal { code: RefusalCode::StagingStale, report }
}

fn add_target(
    plan: &mut Promotion,
    source: &str,
    commit: &CommitId,
    target: &Target<'_>,
    asked: &Asked<'_>,
) -> Result<(), Refusal> {
    let environment = target.environment;
    let name = &environment.name;
    let running = target.observed.running.clone()?;
    let branch = target.observed.branch.clone().unwrap_or(Ok(Branch::Empty))?;
    if let Branch::Missing(others) = &branch {
        return Err(wrong_branch(environment, others));
    }
    if running.as_ref() == Some(commit) {
        if target.observed.agrees() == Some(false) {
            let at = branch.commit().map_or("nothing", CommitId::short);
            plan.warnings.push(format!("{name} runs {} already, though its branch is at {at}", commit.short()));
        }
        return Ok(());
    }
    check_history(source, target, asked.now)?;
    let witness = witness(environment, target.observed.source);
    let (environment, commit) = (name.clone(), commit.clone());
    if branch.commit() == Some(&commit) {
        plan.warnings.push(format!(
            "the branch of {name} is at {} already, but {name} does not run it: nothing is pushed. If no deploy is going \
             on there, it failed or was rolled back: release it again on the platform (Heroku: heroku releases:retry)",
            commit.short()
        ));
        plan.steps.push(Step::Await { environment, commit, witness, pushed: false });
        return Ok(());
    }
    check_branch(target, &branch, asked, plan)?;
    plan.steps.push(Step::Push {
        environment: environment.clone(),
        remote: target.environment.remote.clone(),
        branch: target.environment.branch.clone(),
        commit: commit.clone(),
        expected: branch.commit().cloned(),
    });
    plan.steps.push(Step::Await { environment, commit, witness, pushed: true });
    Ok(())
}

/// Refuses to take anything away that the target runs.
fn check_history(source: &str, target: &Target<'_>, now: i64) -> Result<(), Refusal> {
    let Some(changes) = &target.changes else { return Ok(()) };
    let name = &target.environment.name;
    match changes.relation {
        Relation::Identical | Relation::Ahead => Ok(()),
        Relation::Behind => {
            let lost = changes.disappears.len() + changes.disappears_merges;
            let report = Report::new(format!("{source} is behind {name}"))
                .because(format!("a promotion would take {} back by {}", name, commits(lost)))
                .hint(format!("deploy the newer commit to {source}, then: git smp promote {name}"));
            Err(Refusal { code: RefusalCode::Behind, report })
        }
        Relation::Diverged => {
            Err(Refusal { code: RefusalCode::Diverged, report: diverged(source, name, changes, now) })
        }
    }
}

fn diverged(source: &str, name: &str, changes: &Changes, now: i64) -> Report {
    let lost = changes.disappears.len();
    let report = Report::new(match lost {
        0 => format!("{name} has {} that {source} lacks", merges(changes.disappears_merges)),
        _ => format!("{name} has {} that {source} lacks", commits(lost)),
    });
    let report =
        changes.disappears.iter().take(10).fold(report, |report, commit| {
            report.because(format!("{} would disappear from {name}", quoted(commit, now)))
        });
    let report = if lost > 10 { report.because(format!("and {} more", lost - 10)) } else { report };
    report.hint(format!("merge what {name} has, deploy that to {source}, then: git smp promote {name}"))
}

/// A commit in a sentence: hash, subject, author and age.
fn quoted(commit: &Commit, now: i64) -> String {
    let (short, subject, author) = (commit.id.short(), commit.subject_text(), &commit.author);
    format!("{short} \"{subject}\", by {author} {},", ago(now, commit.committed))
}

/// Refuses a branch that would lose commits, or that somebody must look at first.
fn check_branch(target: &Target<'_>, branch: &Branch, asked: &Asked<'_>, plan: &mut Promotion) -> Result<(), Refusal> {
    let name = &target.environment.name;
    let at = branch.commit().map_or("nothing", CommitId::short);
    if target.fast_forward == Some(false) {
        let report = Report::new(format!("the branch of {name} cannot go forward to {}", plan.commit.short()))
            .because(format!("it is at {at}, which has commits that would be lost"))
            .hint(format!("merge {at}, deploy that to staging, then: git smp promote {name}"));
        return Err(Refusal { code: RefusalCode::Diverged, report });
    }
    if target.observed.agrees() != Some(false) {
        return Ok(());
    }
    let runs = target.observed.runs().map_or("nothing", CommitId::short);
    let story = format!("{name} runs {runs}, but its branch is at {at}: its last deploy failed or was rolled back");
    if asked.somebody_looks {
        plan.warnings.push(story);
        return Ok(());
    }
    let report = Report::new(story)
        .because("what was rolled back would ship again with this promotion, so a person must say yes to it")
        .hint(format!("run it in a terminal: git smp promote {name}"));
    Err(Refusal { code: RefusalCode::RolledBack, report })
}

/// The refusal for a branch that is not on a remote which has others: a push would create it, and hosts take such
/// pushes without deploying anything.
pub fn wrong_branch(environment: &Environment, others: &[String]) -> Refusal {
    let (name, branch) = (&environment.name, &environment.branch);
    let some: Vec<&str> = others.iter().take(5).map(String::as_str).collect();
    Refusal {
        code: RefusalCode::WrongBranch,
        report: Report::new(format!("{name} has no branch {branch}"))
            .because(format!("the remote {} has {}", environment.remote, some.join(", ")))
            .hint(format!("set environments.{name}.branch in smp.toml, then: git smp setup")),
    }
}

fn witness(environment: &Environment, source: Source) -> String {
    match source {
        Source::Ref => format!("the branch {} on {}", environment.branch, environment.remote),
        Source::Page | Source::Api => environment.site.clone().unwrap_or_else(|| environment.name.clone()),
    }
}

/// "1 commit", "8 commits".
pub fn commits(count: usize) -> String {
    if count == 1 { "1 commit".to_owned() } else { format!("{count} commits") }
}

fn merges(count: usize) -> String {
    if count == 1 { "1 merge".to_owned() } else { format!("{count} merges") }
}

/// Whether what was shown is still true, environment by environment.
///
/// # Errors
/// What moved, and from where to where.
pub fn unmoved(before: &Observed, now: &Observed, code: RefusalCode) -> Result<(), Refusal> {
    let name = &before.environment;
    if let Err(refusal) = &now.running {
        return Err(refusal.clone());
    }
    if let Some(Err(refusal)) = &now.branch {
        return Err(refusal.clone());
    }
    let moved = |what: &str, then: Option<&CommitId>, now: Option<&CommitId>| {
        let (then, now) = (then.map_or("nothing", CommitId::short), now.map_or("nothing", CommitId::short));
        let report = Report::new(format!("{name} moved since the plan was shown; nothing was pushed"))
            .because(format!("{what} was {then} and is {now}"))
            .hint("look at what would ship now: git smp promote");
        Refusal { code, report }
    };
    if before.runs() != now.runs() {
        return Err(moved("its running commit", before.runs(), now.runs()));
    }
    if before.reference() != now.reference() {
        return Err(moved("its branch", before.reference(), now.reference()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
