//! The plan of a rollback.

use super::{When, listed};
use crate::config::Config;
use crate::model::{Commit, CommitId};
use crate::plan::{Plan, Target};
use crate::post::titled;
use crate::text::{Line, Tone};

/// The plan of a rollback, from its heading to its last step; what it takes away is listed.
pub fn rollback(config: &Config, target: &Target<'_>, plan: &Plan, commit: Option<&Commit>, when: &When) -> Vec<Line> {
    let runs = target.observed.runs().or(target.observed.reference());
    let heading = titled(&target.environment.name, "rollback", &when.date(when.now));
    let mut lines = vec![Line::default().and(Tone::Strong, heading), Line::default()];
    let place = target.environment.site.as_ref().unwrap_or(&target.environment.url);
    lines.push(
        Line::plain("  now   ")
            .and(Tone::Hash, runs.map_or("nothing", CommitId::short))
            .and(Tone::Faint, format!("  {place}")),
    );
    let then = Line::plain("  then  ").and(Tone::Hash, plan.commit.short());
    lines.push(match commit {
        Some(commit) => {
            let from = when.dated(commit.committed);
            then.and(Tone::Plain, format!("  {}, from {from}", commit.subject_text()))
        }
        None => then,
    });
    lines.push(super::main_below(config));
    lines.push(Line::default());
    if let Some(changes) = target.changes.as_ref().filter(|changes| !changes.disappears.is_empty()) {
        lines.push(Line::plain("Taken back:"));
        lines.extend(listed(&changes.disappears));
    }
    // Pages that compare show nothing backwards.
    let link = runs.filter(|runs| **runs != plan.commit).and_then(|runs| config.compare_url(&plan.commit, runs));
    lines.extend(link.map(Line::plain));
    lines.extend(super::steps(plan));
    lines
}
