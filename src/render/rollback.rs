//! The plan of a rollback.

use super::{When, listed, now_and_then};
use crate::config::Config;
use crate::model::Commit;
use crate::plan::{Plan, Target};
use crate::post::titled;
use crate::text::Line;

/// The plan of a rollback, from its heading to its last step; what it takes away is listed.
pub fn rollback(
    config: &Config,
    target: &Target<'_>,
    plan: &Plan,
    commit: Option<&Commit>,
    when: &When,
) -> Vec<Line> {
    let runs = target.observed.runs().or(target.observed.reference());
    let heading = titled(&target.environment.name, "rollback", &when.date(when.now));
    let then = commit.map(|commit| {
        format!(
            "{}, from {}",
            commit.subject_text(),
            when.dated(commit.committed)
        )
    });
    let mut lines = now_and_then(config, target, plan, heading, then);
    lines.push(Line::default());
    if let Some(changes) = target
        .changes
        .as_ref()
        .filter(|changes| !changes.disappears.is_empty())
    {
        lines.push(Line::plain("Taken back:"));
        lines.extend(listed(&changes.disappears));
    }
    // Pages that compare show nothing backwards.
    let link = runs
        .filter(|runs| **runs != plan.commit)
        .and_then(|runs| config.compare_url(&plan.commit, runs));
    lines.extend(link.map(Line::plain));
    lines.extend(super::steps(plan));
    lines
}
