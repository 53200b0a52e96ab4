//! Rules for a first environment that merges deploy: only a merge brings another commit there. Pure.

use crate::core::config::{Config, Environment};
use crate::core::record::State;
use crate::core::refusal::{Refusal, Report, Stop};
use crate::core::typed::Hint;
use crate::core::words::{CommitId, Observed, Relation};

/// Computes the relation of the second commit to the first; `None` if it cannot be determined.
pub type Between<'a> =
    dyn Fn(Option<&CommitId>, Option<&CommitId>) -> Result<Option<Relation>, Stop> + 'a;

/// Rewrites the hints of a refusal for environments that merges deploy.
pub fn refusal(config: &Config, refusal: Refusal) -> Refusal {
    let Refusal { code, report } = refusal;
    followed(config, report).refused(code)
}

/// Mentions the freeze in the hints while a candidate is open; an environment that merges deploy is never frozen.
pub fn after_freeze(place: &Environment, state: Option<&State>, mut refusal: Refusal) -> Refusal {
    let frozen = state.and_then(|state| state.frozen(&place.name));
    if frozen.is_some() && !place.by_merge {
        refusal.report.hint = refusal.report.hint.map(Hint::with_freeze);
    }
    refusal
}

/// Rewrites the hints of every other ending in the same way.
pub fn stop(config: &Config, stop: Stop) -> Stop {
    stop.retold(|report| followed(config, report))
}

/// Returns whether an environment runs another commit than its candidate, so the candidate can no longer ship. The
/// branch of an environment that merges deploy may move on to commits that contain the candidate.
pub fn has_left(
    place: &Environment,
    seen: &Observed,
    candidate: &CommitId,
    between: &Between<'_>,
) -> Result<bool, Stop> {
    if seen.runs().is_none_or(|runs| runs == candidate) {
        return Ok(false);
    }
    if !place.by_merge {
        return Ok(true);
    }
    let (candidate, at) = (Some(candidate), seen.reference());
    Ok(match between(candidate, at)? {
        Some(stands) => matches!(stands, Relation::Behind | Relation::Diverged),
        // A clone that has the branch has every commit that the branch contains.
        None => between(at, at)?.is_some() && between(candidate, candidate)?.is_none(),
    })
}

/// Returns whether a merge replaced the candidate. A sign-off is refused then: it may mean the newer commit.
pub fn is_replaced(place: &Environment, seen: &Observed, candidate: &CommitId) -> bool {
    let runs = seen.running.as_ref().map(Option::as_ref);
    place.by_merge && runs.is_ok_and(|runs| runs != Some(candidate))
}

fn followed(config: &Config, mut report: Report) -> Report {
    if config.environments.iter().any(|one| one.by_merge) {
        report.hint = report.hint.map(Hint::with_merges);
    }
    report
}
