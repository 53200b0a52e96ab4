//! Deploys past the tool, made without git smp. Commands that only read show them, and the next write records them.

use crate::core::decide::unrecorded::{Unrecorded, unrecorded};
use crate::core::record::{Sighting, State, What};
use crate::core::refusal::Stop;
use crate::core::words::{CommitId, Observed, Relation};
use crate::session::Session;
use crate::sources::{Also, Look};
use crate::team::recorder::{Recorder, new_id};

/// Returns a plan's warnings about environments that were deployed past the tool. `state` is the record, if any.
pub fn warnings<'o>(
    state: Option<&State>,
    seen: impl IntoIterator<Item = &'o Observed>,
) -> Vec<String> {
    let found = seen.into_iter().filter(|one| !one.by_merge);
    let found = found.filter_map(|one| unrecorded(one, state?));
    found
        .map(|one| {
            format!(
                "{}; git smp records that deploy before this one",
                one.story()
            )
        })
        .collect()
}

/// Returns the deploys past the tool that a second look confirms and the record still lacks. A deploy may have ended
/// between the first look and the read of the record.
pub fn found(
    look: &Look<'_>,
    state: Option<&State>,
    seen: &[Observed],
) -> Result<Vec<Unrecorded>, Stop> {
    let mut all = Vec::new();
    let (Some(recorder), Some(state)) = (Recorder::of(look.repo, look.config, false), state) else {
        return Ok(all);
    };
    for first in seen.iter().filter_map(|one| unrecorded(one, state)) {
        let again = look_again(look, &first)?;
        if let (Some(again), Ok(now)) = (again, recorder.read_now()?)
            && is_still(&first, &again, (state, &now.state))
        {
            all.push(first);
        }
    }
    Ok(all)
}

/// Records what was seen and was not deployed with this program. With `dry_run`, only says so. A failed write stops
/// nothing: the next command tries again.
pub fn record<'o>(
    session: &Session<'_>,
    look: &Look<'_>,
    state: Option<&State>,
    seen: impl Iterator<Item = &'o Observed>,
    dry_run: bool,
) {
    let ui = session.ui;
    // The first look has asked for passwords.
    let look = look.unasked();
    let (Some(recorder), Some(state)) = (Recorder::of(look.repo, look.config, false), state) else {
        return;
    };
    for found in seen.filter_map(|one| unrecorded(one, state)) {
        let story = found.story();
        if dry_run {
            ui.warn(story);
            continue;
        }
        match ui.during("writing the record", || {
            append(&look, &recorder, &found, state)
        }) {
            Ok(true) => ui.note(format!("recorded: {story}")),
            Ok(false) => {}
            Err(stop) => ui.warn(format!("{story}; that could not be recorded: {stop}")),
        }
    }
}

/// Records one of them, unless somebody else did or it is no longer true. Returns whether this run recorded it.
fn append(
    look: &Look<'_>,
    recorder: &Recorder<'_>,
    found: &Unrecorded,
    then: &State,
) -> Result<bool, Stop> {
    let Some(again) = look_again(look, found)? else {
        return Ok(false);
    };
    let (commits, back) = distance(look, &found.from, &found.to)?;
    let mut ours = false;
    recorder.append(&new_id(), &mut |now| {
        ours = is_still(found, &again, (then, now));
        Ok(ours.then(|| {
            What::Observed(Sighting {
                environment: found.environment.clone(),
                from: found.from.clone(),
                to: found.to.clone(),
                since: found.since,
                commits,
                back,
            })
        }))
    })?;
    Ok(ours)
}

/// Returns how many commits it added or took away, if this clone knows, and whether it went back.
fn distance(look: &Look<'_>, from: &CommitId, to: &CommitId) -> Result<(Option<u64>, bool), Stop> {
    if look.repo.layout().shallow || !look.repo.has_commit(from)? {
        return Ok((None, false));
    }
    let changes = look.repo.changes(Some(from), to)?;
    let back = changes.relation == Relation::Behind;
    let count = match back {
        true => changes.disappears.len() + changes.disappears_merges,
        false => changes.ships.len() + changes.ships_merges,
    };
    Ok((u64::try_from(count).ok(), back))
}

/// Looks at the environment once more, after the record was read.
fn look_again(look: &Look<'_>, found: &Unrecorded) -> Result<Option<Observed>, Stop> {
    let environment = look.config.environment(&found.environment)?;
    Ok(look.environments(&[environment], Also::Branches)?.pop())
}

/// Returns whether the second look shows it as well, and the record has nothing new about that environment.
fn is_still(found: &Unrecorded, again: &Observed, (then, now): (&State, &State)) -> bool {
    let name = &found.environment;
    then.deploys.get(name) == now.deploys.get(name)
        && unrecorded(again, now).as_ref() == Some(found)
}
