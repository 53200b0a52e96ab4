//! The files that the team wants to be named wherever they change: the same in a plan and in the post about it.

use std::collections::BTreeSet;

use crate::core::config::Config;
use crate::core::decide::Target;
use crate::core::refusal::Stop;
use crate::core::words::CommitId;
use crate::session::Session;

/// Those that a commit changes where these run, `None` being nothing yet; each once, however many of them lack it.
pub fn between(
    session: &Session<'_>,
    config: &Config,
    running: &[Option<&CommitId>],
    commit: &CommitId,
) -> Result<Vec<String>, Stop> {
    let running: BTreeSet<Option<&CommitId>> = running.iter().copied().collect();
    let mut names = Vec::new();
    for from in &running {
        names.extend(session.repo.touched(*from, commit, &config.policy.watch)?);
    }
    if running.len() > 1 {
        names.sort();
        names.dedup();
    }
    Ok(names)
}

/// Those that a candidate, where there is one, changes in every target of which it is known what runs there.
pub fn in_targets(
    session: &Session<'_>,
    config: &Config,
    targets: &[Target<'_>],
    candidate: Option<&CommitId>,
) -> Result<Vec<String>, Stop> {
    let Some(candidate) = candidate else {
        return Ok(Vec::new());
    };
    let running = targets
        .iter()
        .filter_map(|target| target.observed.running.as_ref().ok());
    between(
        session,
        config,
        &running.map(Option::as_ref).collect::<Vec<_>>(),
        candidate,
    )
}

/// The same for scripts: where nothing is watched they are told nothing of it.
pub fn for_scripts<'a>(config: &Config, names: &'a [String]) -> Option<&'a [String]> {
    (!config.policy.watch.is_empty()).then_some(names)
}
