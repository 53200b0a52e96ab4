//! The plan of a deploy to staging.

use super::{listed, now_and_then};
use crate::config::Config;
use crate::model::{Changes, Commit, CommitId};
use crate::plan::{Plan, Target};
use crate::text::Line;

/// The plan of a deploy to staging, from its heading to its last step. With `fix`, exactly what is added to the
/// candidate is listed; else what is new there.
pub fn staging(
    config: &Config,
    target: &Target<'_>,
    plan: &Plan,
    commit: Option<&Commit>,
    fix: Option<(&CommitId, &Changes)>,
) -> Vec<Line> {
    let name = &target.environment.name;
    let heading = match fix {
        Some((base, _)) => format!("Fix of the candidate {} on {name}", base.short()),
        None => format!("Deploy to {name}"),
    };
    let runs = target.observed.runs().or(target.observed.reference());
    let then = commit.map(Commit::subject_text);
    let mut lines = now_and_then(config, target, plan, heading, then);
    lines.push(Line::default());
    let changes = fix.map(|(_, changes)| changes).or(target.changes.as_ref());
    let from = fix.map(|(base, _)| base).or(runs);
    if let Some(changes) = changes {
        if fix.is_some() {
            lines.push(Line::plain("Added to the candidate:"));
        }
        lines.extend(listed(&changes.ships));
    }
    lines.extend(
        from.and_then(|from| config.compare_url(from, &plan.commit))
            .map(Line::plain),
    );
    lines.extend(super::steps(plan));
    if fix.is_some() {
        lines.push(Line::plain(
            "It is the candidate then, and what was signed off before is no longer.",
        ));
        lines.push(Line::default());
    }
    lines
}
