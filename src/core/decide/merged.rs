//! Where a merge deploys the first environment, nothing is staged there: what leads to another commit is a merge. Pure.

use crate::core::config::{Config, Environment};
use crate::core::decide::Asked;
use crate::core::refusal::{Refusal, Report, Stop};
use crate::core::typed::Hint;
use crate::core::words::{CommitId, Observed, Relation};

/// How the second commit stands to the first; `None` where that cannot be known.
pub type Between<'a> =
    dyn Fn(Option<&CommitId>, Option<&CommitId>) -> Result<Option<Relation>, Stop> + 'a;

/// The same refusal, whose hints can be followed there.
pub fn refusal(config: &Config, refusal: Refusal) -> Refusal {
    let Refusal { code, report } = refusal;
    followed(config, report).refused(code)
}

/// The same refusal while a candidate is open, which freezes what it is tested on; nothing freezes what a merge deploys.
pub fn after_freeze(place: &Environment, asked: &Asked<'_>, mut refusal: Refusal) -> Refusal {
    let frozen = asked.recorded.and_then(|one| one.state.frozen(&place.name));
    if frozen.is_some() && !place.by_merge {
        refusal.report.hint = refusal.report.hint.map(Hint::with_freeze);
    }
    refusal
}

/// The same of every other ending.
pub fn stop(config: &Config, stop: Stop) -> Stop {
    stop.retold(|report| followed(config, report))
}

/// Whether an environment runs something else than its candidate, and that cannot ship from there any more. A branch that
/// merges move may go on to what contains it.
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
        // A clone that has the branch has all that it contains.
        None => between(at, at)?.is_some() && between(candidate, candidate)?.is_none(),
    })
}

/// Whether a merge replaced the candidate where it is tested. A yes to it is refused then: it may be to what runs instead.
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
