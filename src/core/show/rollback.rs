//! The plan of a rollback.

use crate::core::config::Config;
use crate::core::decide::{Plan, Target};
use crate::core::show::{When, listed, now_and_then, paragraphs, this_will, warnings};
use crate::core::tell::post::titled;
use crate::core::text::{Line, Tone};
use crate::core::words::Commit;

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
    let mut taken = Vec::new();
    if let Some(changes) = target
        .changes
        .as_ref()
        .filter(|changes| !changes.disappears.is_empty())
    {
        taken.push(Line::plain("Taken back:"));
        taken.extend(listed(&changes.disappears));
    }
    // Pages that compare show nothing backwards.
    let link = runs
        .filter(|runs| **runs != plan.commit)
        .and_then(|runs| config.compare_url(&plan.commit, runs));
    taken.extend(link.map(Line::plain));
    paragraphs([
        vec![Line::default().and(Tone::Strong, heading)],
        now_and_then(config, target, plan, then),
        taken,
        warnings(&plan.consents, &plan.warnings),
        this_will(&plan.steps),
    ])
}
