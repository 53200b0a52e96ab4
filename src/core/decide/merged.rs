//! Where a merge deploys the first environment, nothing is staged there: what leads to another commit is a merge. Pure.

use crate::core::config::Config;
use crate::core::refusal::{Refusal, Stop};
use crate::core::typed::Hint;

/// The same refusal, whose hints can be followed there.
pub fn refusal(config: &Config, mut refusal: Refusal) -> Refusal {
    refusal.report.hint = hint(config, refusal.report.hint);
    refusal
}

/// The same of every other ending.
pub fn stop(config: &Config, stop: Stop) -> Stop {
    match stop {
        Stop::Refused(refused) => refusal(config, refused).into(),
        Stop::Failed(mut report) => {
            report.hint = hint(config, report.hint);
            Stop::Failed(report)
        }
        Stop::Incomplete(mut report) => {
            report.hint = hint(config, report.hint);
            Stop::Incomplete(report)
        }
        other => other,
    }
}

fn hint(config: &Config, hint: Option<Hint>) -> Option<Hint> {
    let by_merge = config.environments.iter().any(|one| one.by_merge);
    hint.map(|hint| if by_merge { hint.with_merges() } else { hint })
}
