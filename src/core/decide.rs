//! Decides what a deploy does, from what is true now: facts in, steps or a refusal out. Pure.

pub mod finding;
pub mod named;
pub mod review;

mod first_push;
mod held;
mod promotion;
mod proposal;
mod recorded;
mod rollback;
mod staging;

pub use first_push::no_app;
pub use held::{HeldBack, Ships, reverts};
pub use promotion::promotion;
pub use proposal::{Proposal, proposal};
pub use recorded::Recorded;
pub use rollback::{Back, rollback};
pub use staging::{Fix, Staging, nothing_to_fix, staging};

use std::collections::HashMap;

use first_push::first_push;

use crate::core::config::Environment;
use crate::core::decide::finding::Finding;
use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::text::ago;
use crate::core::words::ChannelKind;
use crate::core::words::{Branch, Changes, Commit, CommitId, Observed, Release, Source};

/// One environment that is to be given a commit, with everything that was found out about it.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    /// As it is configured.
    pub environment: &'a Environment,
    /// As it is.
    pub observed: Observed,
    /// What lies between its running commit and the one that it is to be given, when both are known.
    pub changes: Option<Changes>,
    /// Whether its branch could go there by fast-forward, when both are known.
    pub fast_forward: Option<bool>,
    /// What it was rolled back from since its last promotion, oldest first.
    pub held: Vec<HeldBack>,
    /// Commits that would disappear, each with the one that ships and makes the same change.
    pub twins: HashMap<CommitId, CommitId>,
}

/// What the person at the terminal, or the script, asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// `--commit`: the only commit that may ship, full or abbreviated.
    pub commit: Option<&'a str>,
    /// Whether somebody sees the plan and answers a question.
    pub somebody_looks: bool,
    /// `--again`: what was rolled back may ship once more.
    pub again: bool,
    /// `--first`: the host may make the app with the push.
    pub first: bool,
    /// The present moment, in seconds since 1970.
    pub now: i64,
    /// The shared record, where the team keeps one.
    pub recorded: Option<Recorded<'a>>,
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
    /// Let the platform release once more what it has built of the commit before.
    Release {
        /// The environment's name.
        environment: String,
        /// The name of its platform.
        platform: &'static str,
        /// What it releases.
        commit: CommitId,
        /// The release that was made of it before.
        former: Release,
        /// Whether that is to come back as it was, with its config vars.
        back: bool,
        /// The number of the newest release before it.
        newest: u64,
    },
    /// Wait until the environment reports the commit.
    Await {
        /// The environment's name.
        environment: String,
        /// What it is to report.
        commit: CommitId,
        /// Who reports it: an address for people, or the branch.
        witness: String,
        /// Whether a push or a release of this plan comes before it.
        pushed: bool,
    },
    /// Put it on the shared record that the environment runs the commit.
    Record {
        /// The environment's name.
        environment: String,
        /// What it runs.
        commit: CommitId,
        /// Where that lifts the freeze, if anywhere.
        lifts: Option<String>,
    },
    /// Tell a channel.
    Post {
        /// The channel.
        channel: String,
        /// What it speaks.
        kind: ChannelKind,
        /// Whether this clone has what it takes to send it; if not, the text is printed.
        from_here: bool,
    },
}

impl Step {
    /// The environment that it concerns, if it is one.
    pub fn environment(&self) -> Option<&str> {
        match self {
            Self::Push { environment, .. }
            | Self::Release { environment, .. }
            | Self::Await { environment, .. }
            | Self::Record { environment, .. } => Some(environment),
            Self::Post { .. } => None,
        }
    }

    /// Whether it changes, or waits for, what an environment runs, and does not only tell of it.
    pub fn deploys(&self) -> bool {
        matches!(
            self,
            Self::Push { .. } | Self::Release { .. } | Self::Await { .. }
        )
    }
}

/// A deploy that may go ahead. Without steps there is nothing to do, which is a good end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What ships.
    pub commit: CommitId,
    /// What will be done.
    pub steps: Vec<Step>,
    /// What a person should know before saying yes.
    pub warnings: Vec<String>,
    /// What a person must say yes to before they are asked for all of it.
    pub consents: Vec<Consent>,
    /// The files among what ships that the team wants to be named.
    pub watched: Vec<String>,
}

/// Something that a person must say yes to by itself, for it is not to be had from any witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// What is the matter.
    pub story: String,
    /// What is asked.
    pub question: &'static str,
    /// The environment whose host is not to be doubted any more after a yes.
    pub confirms: Option<String>,
}

impl Plan {
    /// One that does nothing yet.
    fn of(commit: &CommitId) -> Self {
        let (steps, warnings, consents, watched) = Default::default();
        Self {
            commit: commit.clone(),
            steps,
            warnings,
            consents,
            watched,
        }
    }
}

/// The refusal for a branch that is not on a remote which has others: a push would create it, and hosts take such
/// pushes without deploying anything.
pub fn wrong_branch(environment: &Environment, others: &[String]) -> Refusal {
    let (name, branch) = (&environment.name, &environment.branch);
    let some: Vec<&str> = others.iter().take(5).map(String::as_str).collect();
    Refusal::new(
        RefusalCode::WrongBranch,
        format!("{name} has no branch {branch}"),
    )
    .because(format!(
        "the remote {} has {}",
        environment.remote,
        some.join(", ")
    ))
    .hint(format!(
        "set environments.{name}.branch in smp.toml, then: git smp setup"
    ))
}

/// The push and the wait that bring an environment to a commit, from what its branch is at.
fn push_and_wait(plan: &mut Plan, target: &Target<'_>, branch: &Branch) {
    let (environment, commit) = (target.environment.name.clone(), plan.commit.clone());
    let pushed = branch.commit() != Some(&commit);
    if pushed {
        plan.steps.push(Step::Push {
            environment,
            remote: target.environment.remote.clone(),
            branch: target.environment.branch.clone(),
            commit,
            expected: branch.commit().cloned(),
        });
    }
    wait(plan, target, pushed);
}

/// Refuses to take a branch for what runs where the host said otherwise.
///
/// # Errors
/// `not-confirmed`, with the host's words.
pub fn confirmed(observed: &Observed) -> Result<(), Refusal> {
    let Some(words) = &observed.doubt else {
        return Ok(());
    };
    let name = &observed.environment;
    let at = observed.reference().map_or("nothing", CommitId::short);
    Err(Refusal::new(
        RefusalCode::NotConfirmed,
        format!("whether {name} runs {at} is not confirmed"),
    )
    .because(format!("its host said of that push: {words}"))
    .because("nothing but its branch could tell otherwise, and a branch does not tell what runs")
    .hint(finding::witness_hint(name)))
}

/// The same where a person at the terminal may have seen what no witness tells.
fn confirmed_or_seen(
    observed: &Observed,
    asked: &Asked<'_>,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    match confirmed(observed) {
        Err(_) if asked.somebody_looks => {
            let story = format!(
                "{}: {}",
                observed.environment,
                Finding::NotConfirmed.meaning(observed)
            );
            let confirms = Some(observed.environment.clone());
            plan.consents.push(Consent {
                story,
                question: "Did you see that it runs?",
                confirms,
            });
            Ok(())
        }
        told => told,
    }
}

/// Refuses to call it done while another release is on its way: what runs now will not for long.
fn settled(target: &Target<'_>) -> Result<(), Refusal> {
    let runs = target.observed.runs();
    // One whose commit nobody knows is another one, too.
    let other = |pending: &&Release| pending.commit.as_ref() != runs;
    let Some(pending) = finding::pending(&target.observed).filter(other) else {
        return Ok(());
    };
    let (name, version) = (&target.environment.name, pending.version);
    let commit = pending
        .commit
        .as_ref()
        .map_or("another commit", CommitId::short);
    Err(Refusal::new(
        RefusalCode::Deploying,
        format!(
            "{name} runs {} now, but not for long",
            runs.map_or("nothing", CommitId::short)
        ),
    )
    .because(format!(
        "its release v{version} of {commit} has not come to its end yet"
    ))
    .hint("wait for it: git smp status; then run it again"))
}

/// What is the matter with an environment before the deploy, where it is known what runs.
fn disagreement(target: &Target<'_>) -> Option<String> {
    let (name, observed) = (&target.environment.name, &target.observed);
    let (runs, at) = (
        observed.runs()?.short(),
        observed.reference().map_or("nothing", CommitId::short),
    );
    let found = Finding::of(observed)?;
    let meaning = found.meaning(observed);
    Some(match observed.agrees() {
        Some(false) => format!("{name} runs {runs}, but its branch is at {at}: {meaning}"),
        _ => format!("{name} runs {runs}: {meaning}"),
    })
}

/// The release that can bring a commit back which the branch has and the environment does not run.
fn built_before<'t>(target: &'t Target<'_>, commit: &CommitId) -> Option<&'t Release> {
    let back = matches!(
        Finding::of(&target.observed),
        Some(Finding::RolledBack | Finding::ReleaseFailed)
    );
    finding::release_of(&target.observed, commit).filter(|_| back)
}

/// The branch is there already, so that a push would change nothing: what its platform has built is released again,
/// where that can be, or waited for.
fn release_again(plan: &mut Plan, target: &Target<'_>) {
    if let Some(former) = built_before(target, &plan.commit) {
        return release_and_wait(plan, target, former, false);
    }
    let name = &target.environment.name;
    plan.warnings.push(match Finding::of(&target.observed) {
        Some(Finding::ReleasePending) => {
            format!("a release on {name} is going on already: nothing is pushed")
        }
        _ => not_pushed(target, &plan.commit),
    });
    wait(plan, target, false);
}

/// The release and the wait that bring an environment to a commit that its platform has built before.
fn release_and_wait(plan: &mut Plan, target: &Target<'_>, former: &Release, back: bool) {
    let (environment, commit) = (target.environment.name.clone(), plan.commit.clone());
    let platform = target.observed.platform.as_ref();
    let newest = finding::newest(&target.observed).map_or(0, |release| release.version);
    plan.steps.push(Step::Release {
        environment,
        platform: platform.map_or("its platform", |platform| platform.name),
        commit,
        former: former.clone(),
        back,
        newest,
    });
    wait(plan, target, true);
}

/// How its platform releases again what it has built, to stand behind a sentence.
fn released_again_by(target: &Target<'_>) -> String {
    let platform = target.observed.platform.as_ref();
    platform.map_or_else(String::new, |platform| {
        format!(" ({}: {})", platform.name, platform.again)
    })
}

/// That a branch is at the commit already, although that does not run.
fn not_pushed(target: &Target<'_>, commit: &CommitId) -> String {
    let (name, short) = (&target.environment.name, commit.short());
    if let Some(cached) = target
        .observed
        .cached
        .filter(|_| finding::is_cached(&target.observed))
    {
        return format!(
            "the branch of {name} is at {short} already, and its page is {cached}: nothing is pushed or released. To see \
             what runs, let the cache forget the page, or exclude the page from the cache"
        );
    }
    if let Err(refusal) = &target.observed.running {
        return format!(
            "the branch of {name} is at {short} already, and whether it runs that is not known ({}): nothing is pushed",
            refusal.report.error
        );
    }
    format!(
        "the branch of {name} is at {short} already, but {name} does not run it: nothing is pushed. If no deploy is going on \
         there, it failed or was rolled back: release it again on the platform{}",
        released_again_by(target)
    )
}

fn wait(plan: &mut Plan, target: &Target<'_>, pushed: bool) {
    let (environment, commit) = (target.environment.name.clone(), plan.commit.clone());
    let witness = witness(target.environment, target.observed.source);
    plan.steps.push(Step::Await {
        environment,
        commit,
        witness,
        pushed,
    });
}

/// The lines that name commits one by one: which would disappear from where.
fn disappearing(target: &Target<'_>, changes: &Changes, now: i64) -> Vec<String> {
    let from = &target.environment.name;
    let lost = changes.disappears.len();
    let named = changes.disappears.iter().take(10);
    let more = (lost > 10).then(|| format!("and {} more", lost - 10));
    let told = |commit: &Commit| {
        let twin = target.twins.get(&commit.id).map(CommitId::short);
        let twin = twin.map(|twin| format!("; {twin} has the same change, but is another commit"));
        format!(
            "{} would disappear from {from}{}",
            quoted(commit, now),
            twin.unwrap_or_default()
        )
    };
    named.map(told).chain(more).collect()
}

/// A commit in a sentence: hash, subject, author and age.
fn quoted(commit: &Commit, now: i64) -> String {
    let (short, subject, author) = (commit.id.short(), commit.subject_text(), &commit.author);
    format!(
        "{short} \"{subject}\", by {author} {},",
        ago(now, commit.committed)
    )
}

/// "4 commits", or "2 merges" where it is nothing else.
fn amount(commits_alone: usize, merges_alone: usize) -> String {
    match (commits_alone, merges_alone) {
        (0, 1) => "1 merge".to_owned(),
        (0, merges) => format!("{merges} merges"),
        (alone, _) => commits(alone),
    }
}

fn witness(environment: &Environment, source: Source) -> String {
    match source {
        Source::Ref => format!(
            "the branch {} on {}",
            environment.branch, environment.remote
        ),
        Source::Page | Source::Api => environment
            .site
            .clone()
            .unwrap_or_else(|| environment.name.clone()),
    }
}

/// "1 commit", "8 commits".
pub fn commits(count: usize) -> String {
    if count == 1 {
        "1 commit".to_owned()
    } else {
        format!("{count} commits")
    }
}

/// Whether what was shown is still true, environment by environment; of its branch only where that was asked for again.
///
/// # Errors
/// What moved, and from where to where.
pub fn unmoved(
    before: &Observed,
    now: &Observed,
    code: RefusalCode,
    command: &str,
) -> Result<(), Refusal> {
    let name = &before.environment;
    if let Err(refusal) = &now.running {
        return Err(refusal.clone());
    }
    if let Some(Err(refusal)) = &now.branch {
        return Err(refusal.clone());
    }
    let moved = |what: &str, then: Option<&CommitId>, now: Option<&CommitId>| {
        let (then, now) = (
            then.map_or("nothing", CommitId::short),
            now.map_or("nothing", CommitId::short),
        );
        Refusal::new(
            code,
            format!("{name} moved since the plan was shown; nothing was pushed"),
        )
        .because(format!("{what} was {then} and is {now}"))
        .hint(format!("look at what would ship now: {command}"))
    };
    if before.runs() != now.runs() {
        return Err(moved("its running commit", before.runs(), now.runs()));
    }
    if now.branch.is_some() && before.reference() != now.reference() {
        return Err(moved("its branch", before.reference(), now.reference()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
