//! The changed files that match `policy.watch`: the same in a plan and in its post.

use std::collections::BTreeSet;

use crate::core::config::Config;
use crate::core::decide::Target;
use crate::core::refusal::Stop;
use crate::core::words::CommitId;
use crate::session::Session;

/// Returns the files that a commit changes on top of each running commit (`None`: nothing runs), each once.
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

/// Returns the files that a candidate changes in the targets with a known running commit.
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

/// Returns the files for scripts; `None` if nothing is watched.
pub fn for_scripts<'a>(config: &Config, names: &'a [String]) -> Option<&'a [String]> {
    (!config.policy.watch.is_empty()).then_some(names)
}
