//! The commit that an environment is put back to.

use crate::core::decide::unrecorded::unrecorded;
use crate::core::decide::{branch, earlier, nothing_deployed};
use crate::core::record::audit::{self, Rules};
use crate::core::record::history::DeployKind;
use crate::core::record::{Kind, history};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::typed::{Hint, Typed};
use crate::core::words::{CommitId, Observed, Relation, ReleaseStatus, SMP_TOML};
use crate::git::Found;
use crate::look::Seen;
use crate::session::Session;
use crate::sources::Look;
use crate::team::recorder::Recorder;

/// Returns the commit to go back to: the named one, that of an interrupted run, or the one that ran before.
pub fn destination(
    session: &Session<'_>,
    look: &Look<'_>,
    to: Option<&str>,
    (observed, seen): (&Observed, &Seen),
) -> Result<CommitId, Stop> {
    seen.record.known()?;
    let name = &observed.environment;
    if let Some(hash) = to {
        return named(session, hash, earlier(look.config.record.is_some(), None));
    }
    branch(look.config.environment(name)?, observed)?;
    let open = seen.open().filter(|open| open.reaches(name));
    if let Some(open) = open.filter(|open| open.kind == Kind::Rollback)
        && seen.mine.as_ref() == Some(&open.id)
    {
        return Ok(open.to.clone());
    }
    let notes = session.notes();
    let Some(runs) = super::runs(observed) else {
        // Unknown does not mean that nothing runs.
        observed.running.clone()?;
        return Err(nothing_deployed(name).into());
    };
    if let Some(commit) = notes.leads_to(name, runs) {
        return Ok(commit);
    }
    let promoted = open.filter(|open| open.kind == Kind::Promote);
    // The promotion on its way is what there is to take back, so what runs now is the destination.
    if promoted.is_some_and(|open| open.to != *runs) {
        return Ok(runs.clone());
    }
    on_record(look, runs, (observed, seen))?
        // A push that was never seen running is no recorded deploy. Its announcement says what it replaced.
        .or_else(|| {
            let state = seen.state()?;
            let open = state.unended_to(name, runs);
            let open = open.filter(|open| open.kind == Kind::Promote)?;
            state.ran_before(open, name).cloned()
        })
        .or_else(|| notes.pushed_onto(name, runs))
        .or_else(|| released_before(observed, runs).filter(|to| !is_held(seen, name, to)))
        .map_or_else(|| Err(unknown(look, runs, (observed, seen))?.into()), Ok)
}

fn is_held(seen: &Seen, name: &str, commit: &CommitId) -> bool {
    let held = seen.record.reading().map(|reading| &reading.state.held);
    let mut held = held.and_then(|held| held.get(name)).into_iter().flatten();
    held.any(|held| held.commit == *commit)
}

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
    Ok(history::before(
        ran.chain(found.iter().map(|found| (&found.to, false))),
        runs,
    )
    .cloned())
}

/// Returns what the platform released before the commit that runs.
fn released_before(observed: &Observed, runs: &CommitId) -> Option<CommitId> {
    history::before(released(observed).map(|commit| (commit, false)), runs).cloned()
}

/// Returns what the platform says that it ran, oldest first.
fn released(observed: &Observed) -> impl Iterator<Item = &CommitId> {
    use ReleaseStatus::{Expired, Succeeded};
    let releases = observed
        .releases
        .as_ref()
        .and_then(|told| told.as_ref().ok());
    let releases = releases.into_iter().flatten().rev();
    let ran = releases.filter(|one| matches!(one.status, Succeeded | Expired));
    ran.filter_map(|one| one.commit.as_ref())
}

/// Returns whether nothing proves that a commit ever ran there. Matters only if the team wants signatures or a second
/// person for new commits. Anybody with a key can record that it ran. This is accepted for ancestors of the branch. For
/// any other commit, only a recorded promotion that followed the rules is a proof.
pub fn never_ran(
    look: &Look<'_>,
    (commit, relation): (&CommitId, Relation),
    (observed, seen): (&Observed, &Seen),
) -> Result<bool, Stop> {
    let config = look.config;
    let Some(record) = &config.record else {
        return Ok(false);
    };
    let four_eyes = config.policy.four_eyes;
    let is_there = observed.reference() == Some(commit);
    if !(record.signed || four_eyes) || is_there {
        return Ok(false);
    }
    let recorder = Recorder::of(look.repo, config, look.may_ask);
    let (Some(recorder), Some(reading)) = (recorder, seen.record.reading()) else {
        return Ok(true);
    };
    let rules = Rules {
        signoff: record.signoff,
        four_eyes,
    };
    let place = (observed.environment.as_str(), commit);
    // A page may claim anything, so history must lead there from the branch's own commit.
    if let Some(branch) = observed.reference()
        && relation != Relation::Ahead
        && audit::is_named(&recorder.events(reading)?.0, place)
        && look.repo.leads_to(branch, commit)?
    {
        return Ok(false);
    }
    let events = recorder.events_anew(reading)?;
    Ok(!audit::shipped(&events, place, (rules, record.signed)))
}

/// Returns whether the record has no deploy before this one, whose push created the branch.
fn is_first(
    look: &Look<'_>,
    runs: &CommitId,
    (observed, seen): (&Observed, &Seen),
) -> Result<bool, Stop> {
    let recorder = Recorder::of(look.repo, look.config, look.may_ask);
    let (Some(recorder), Some(reading)) = (recorder, seen.record.reading()) else {
        return Ok(false);
    };
    let deploys = history::deploys(&recorder.events(reading)?.0);
    let first = deploys
        .iter()
        .find(|one| one.environment == observed.environment);
    Ok(first.is_some_and(|one| {
        one.kind == DeployKind::Promote && one.from.is_none() && one.to == *runs
    }))
}

fn unknown(
    look: &Look<'_>,
    runs: &CommitId,
    (observed, seen): (&Observed, &Seen),
) -> Result<Refusal, Stop> {
    let (name, short) = (&observed.environment, runs.short());
    if is_first(look, runs, (observed, seen))? {
        let error =
            format!("{short} is the first deploy to {name}, so there is nothing to roll back to");
        return Ok(Report::new(error)
            .because(format!(
                "the record has no earlier deploy, and the branch of {name} did not exist before"
            ))
            .run(
                format!("revert {short} on the main branch, then"),
                Typed::smp("stage"),
            )
            .refused(RefusalCode::UnknownCommit));
    }
    let record = match seen.record.reading() {
        Some(_) => format!("the record does not say what ran on {name} before {short}"),
        None => format!("{SMP_TOML} has no [record] to remember it"),
    };
    let platform = observed.releases.as_ref().map(|releases| match releases {
        Err(refusal) => format!("its platform does not say: {}", refusal.report.error),
        Ok(_) => "its platform lists no earlier release of another commit".to_owned(),
    });
    let error = format!("it is unknown what {name} ran before {short}");
    let causes = [record].into_iter().chain(platform);
    let log = format!("git log --oneline {}", runs.for_link());
    Ok((causes.fold(Report::new(error), Report::because))
        .hint(Hint::by_hash(&log, Typed::smp("rollback").dotted("--to")))
        .refused(RefusalCode::UnknownCommit))
}

fn named(session: &Session<'_>, hash: &str, earlier: Typed) -> Result<CommitId, Stop> {
    let report = match session.repo.resolve_hash(&hash.to_ascii_lowercase())? {
        Found::Commit(id) => return Ok(id),
        Found::Ambiguous(count) => Report::new(format!("the hash {hash} is ambiguous"))
            .because(format!("{count} commits begin with it"))
            .run(
                "type more of its digits; to see them",
                Typed::other(format!("git rev-parse --disambiguate={hash}")),
            ),
        Found::NotACommit(kind) => Report::new(format!("{hash} is not a commit, but a {kind}"))
            .run("see the past deploys", earlier),
        Found::Missing => Report::new(format!("there is no commit {hash} in this clone"))
            .run("see the past deploys", earlier)
            .run(
                "if only this clone lacks it",
                Typed::other("git fetch --all"),
            ),
    };
    Err(report.refused(RefusalCode::UnknownCommit).into())
}
