//! What an environment is put back to.

use crate::cli::Rollback;
use crate::commands::rollback::Facts;
use crate::core::record::unrecorded::unrecorded;
use crate::core::record::{Kind, history};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::words::{CommitId, Observed, Release, ReleaseStatus};
use crate::git::Found;
use crate::session::Session;
use crate::sources::Look;
use crate::team::recorder::Recorder;

/// What it is put back to: what was named, what a run that was cut off was about, or what ran before.
///
/// # Errors
/// When nobody can tell, or what was named is no commit.
pub fn destination(
    session: &Session<'_>,
    look: &Look<'_>,
    args: &Rollback,
    facts: &Facts<'_>,
) -> Result<CommitId, Stop> {
    if let Some(Err(refusal)) = &facts.record.reading {
        return Err(refusal.clone().into());
    }
    let name = &facts.environment.name;
    if let Some(hash) = &args.to {
        return named(session, hash);
    }
    let open = facts
        .reading()
        .and_then(|reading| reading.state.deploying.as_ref());
    let is_this = |kind: Kind, environment: &str| kind == Kind::Rollback && environment == name;
    if let Some(open) = open.filter(|open| {
        is_this(open.kind, &open.environment) && facts.record.mine.as_ref() == Some(&open.id)
    }) {
        return Ok(open.to.clone());
    }
    let notes = session.notes();
    if let Some(commit) = facts.runs().and_then(|runs| notes.leads_to(name, runs)) {
        return Ok(commit);
    }
    let Some(runs) = facts.runs() else {
        let report = Report::new(format!(
            "nothing is deployed on {name} yet, so there is nothing to put back"
        ));
        let report = report.hint(format!(
            "see where things stand: git smp status; to deploy: git smp promote {name}"
        ));
        return Err(report.refused(RefusalCode::NothingDeployed).into());
    };
    // What is on its way is what there is to take back: what runs now is what ran before it.
    if open.is_some_and(|open| {
        open.kind == Kind::Promote && open.environment == *name && open.to != *runs
    }) {
        return Ok(runs.clone());
    }
    let before = match (
        Recorder::of(look.repo, look.config, look.may_ask),
        facts.reading(),
    ) {
        (Some(recorder), Some(reading)) => {
            let (events, _) = recorder.events(reading)?;
            let deploys = history::deploys(&events);
            let seen = unrecorded(&facts.observed, &reading.state);
            history::before(
                history::ran(&deploys, name).chain(seen.iter().map(|seen| &seen.to)),
                runs,
            )
            .cloned()
        }
        _ => None,
    };
    // What was pushed and never seen to run is not on record as a deploy; where it took its place is.
    let pushed = open
        .filter(|open| open.kind == Kind::Promote && open.environment == *name && open.to == *runs);
    let before = before.or_else(|| pushed.and_then(|open| open.from.clone()));
    let before = before.or_else(|| notes.pushed_onto(name, runs));
    before
        .or_else(|| released_before(&facts.observed, runs))
        .ok_or_else(|| unknown(name, runs, facts).into())
}

/// What the platform released before what runs.
fn released_before(observed: &Observed, runs: &CommitId) -> Option<CommitId> {
    let releases = observed.releases.as_ref()?.as_ref().ok()?;
    let ran = |release: &&Release| {
        matches!(
            release.status,
            ReleaseStatus::Succeeded | ReleaseStatus::Expired
        )
    };
    history::before(
        releases
            .iter()
            .rev()
            .filter(ran)
            .filter_map(|release| release.commit.as_ref()),
        runs,
    )
    .cloned()
}

/// Nobody remembers what ran before.
fn unknown(name: &str, runs: &CommitId, facts: &Facts<'_>) -> Refusal {
    let report = Report::new(format!(
        "what {name} ran before {} is not known",
        runs.short()
    ));
    let report = match &facts.record.reading {
        Some(_) => report.because(format!(
            "the record does not say what {} took the place of there",
            runs.short()
        )),
        None => report.because("smp.toml has no [record], which would remember it"),
    };
    let report = match &facts.observed.releases {
        Some(Err(refusal)) => report.because(format!(
            "its platform does not tell: {}",
            refusal.report.error
        )),
        Some(Ok(_)) => {
            report.because("its platform remembers no release of another commit before it")
        }
        None => report,
    };
    let report = report.hint(format!(
        "look for it: git log --oneline {}; then name it: git smp rollback {name} --to HASH",
        runs.for_link()
    ));
    report.refused(RefusalCode::UnknownCommit)
}

/// The commit that a person named by its hash.
fn named(session: &Session<'_>, hash: &str) -> Result<CommitId, Stop> {
    let report = match session.repo.resolve_hash(&hash.to_ascii_lowercase())? {
        Found::Commit(id) => return Ok(id),
        Found::Ambiguous(count) => Report::new(format!("the hash {hash} is ambiguous"))
            .because(format!("{count} commits here begin with it"))
            .hint("type more of its digits"),
        Found::NotACommit(kind) => Report::new(format!("{hash} is not a commit, but a {kind}"))
            .hint("name a commit: git smp history"),
        Found::Missing => Report::new(format!("there is no commit {hash} in this clone")).hint(
            "see what ran there: git smp history; if it is only missing here: git fetch --all",
        ),
    };
    Err(report.refused(RefusalCode::UnknownCommit).into())
}
