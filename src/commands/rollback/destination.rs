//! What an environment is put back to.

use crate::core::record::unrecorded::unrecorded;
use crate::core::record::{Kind, history};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::{CommitId, Observed, Release, ReleaseStatus};
use crate::git::Found;
use crate::look::Seen;
use crate::session::Session;
use crate::sources::Look;
use crate::team::recorder::Recorder;

/// What it is put back to: what was named, what a run that was cut off was about, or what ran before.
pub fn destination(
    session: &Session<'_>,
    look: &Look<'_>,
    to: Option<&str>,
    (observed, seen): (&Observed, &Seen),
) -> Result<CommitId, Stop> {
    seen.record.known()?;
    let name = &observed.environment;
    if let Some(hash) = to {
        return named(session, hash);
    }
    let open = seen.open().filter(|open| open.environment == *name);
    let of_kind = |kind: Kind| open.filter(|open| open.kind == kind);
    if let Some(open) = of_kind(Kind::Rollback)
        && seen.mine.as_ref() == Some(&open.id)
    {
        return Ok(open.to.clone());
    }
    let (notes, runs) = (session.notes(), super::runs(observed));
    if let Some(commit) = runs.and_then(|runs| notes.leads_to(name, runs)) {
        return Ok(commit);
    }
    let runs = runs.ok_or_else(|| nothing_deployed(name))?;
    let promoted = of_kind(Kind::Promote);
    // What is on its way is what there is to take back: what runs now is what ran before it.
    if promoted.is_some_and(|open| open.to != *runs) {
        return Ok(runs.clone());
    }
    on_record(look, runs, (observed, seen))?
        // What was pushed and never seen to run is not on record as a deploy; where it took its place is.
        .or_else(|| promoted?.from.clone())
        .or_else(|| notes.pushed_onto(name, runs))
        .or_else(|| released_before(observed, runs))
        .ok_or_else(|| unknown(name, runs, (observed, seen)).into())
}

/// What ran before, as the record tells.
fn on_record(
    look: &Look<'_>,
    runs: &CommitId,
    (observed, seen): (&Observed, &Seen),
) -> Result<Option<CommitId>, Stop> {
    let recorder = Recorder::of(look.repo, look.config, look.may_ask);
    let (Some(recorder), Some(reading)) = (recorder, seen.record.reading()) else {
        return Ok(None);
    };
    let (events, _) = recorder.events(reading)?;
    let (deploys, found) = (
        history::deploys(&events),
        unrecorded(observed, &reading.state),
    );
    let ran = history::ran(&deploys, &observed.environment);
    Ok(history::before(ran.chain(found.iter().map(|found| &found.to)), runs).cloned())
}

fn nothing_deployed(name: &str) -> Refusal {
    let report = Report::new(format!(
        "nothing is deployed on {name} yet, so there is nothing to put back"
    ));
    let report = report
        .run("see where things stand", Typed::smp("status"))
        .run("to deploy", Typed::smp("promote").arg(name));
    report.refused(RefusalCode::NothingDeployed)
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
fn unknown(name: &str, runs: &CommitId, (observed, seen): (&Observed, &Seen)) -> Refusal {
    let report = Report::new(format!(
        "what {name} ran before {} is not known",
        runs.short()
    ));
    let report = match seen.record.reading() {
        Some(_) => report.because(format!(
            "the record does not say what {} took the place of there",
            runs.short()
        )),
        None => report.because("smp.toml has no [record], which would remember it"),
    };
    let report = match &observed.releases {
        Some(Err(refusal)) => report.because(format!(
            "its platform does not tell: {}",
            refusal.report.error
        )),
        Some(Ok(_)) => {
            report.because("its platform remembers no release of another commit before it")
        }
        None => report,
    };
    let log = format!("git log --oneline {}", runs.for_link());
    let back = Typed::smp("rollback").arg(name).plain("--to HASH");
    let report = report
        .run("look for it", Typed::other(log))
        .run("then name it", back);
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
            .run("name a commit", Typed::smp("history")),
        Found::Missing => Report::new(format!("there is no commit {hash} in this clone"))
            .run("see what ran there", Typed::smp("history"))
            .run(
                "if it is only missing here",
                Typed::other("git fetch --all"),
            ),
    };
    Err(report.refused(RefusalCode::UnknownCommit).into())
}
