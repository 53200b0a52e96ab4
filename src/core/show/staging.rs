//! The plan of a deploy to staging.

use crate::core::config::Config;
use crate::core::decide::{Plan, Target};
use crate::core::show::{listed, named, now_and_then, paragraphs, this_will, warnings};
use crate::core::text::{Line, Tone};
use crate::core::words::{Changes, Commit, CommitId};

/// What is added to the candidate.
pub struct Added<'a> {
    /// The candidate.
    pub base: &'a CommitId,
    /// What lies between it and the fix.
    pub changes: &'a Changes,
    /// What copies were made of, oldest first.
    pub copies: &'a [CommitId],
}

impl Added<'_> {
    /// The commits; a copy names the one that the team knows.
    fn lines(&self) -> Vec<Line> {
        let ships = &self.changes.ships;
        let mut lines = vec![Line::plain("Added to the candidate:")];
        if self.copies.len() == ships.len() {
            let copy = |(commit, original): (&Commit, &CommitId)| {
                let of = format!(", a copy of {}", original.short());
                named(Line::default(), commit).and(Tone::Plain, of)
            };
            lines.extend(ships.iter().zip(self.copies.iter().rev()).map(copy));
        } else {
            lines.extend(listed(ships));
        }
        lines
    }
}

/// The plan of a deploy to staging, from its heading to its last step. With `fix`, exactly what is added to the
/// candidate is listed; else what is new there.
pub fn staging(
    config: &Config,
    target: &Target<'_>,
    plan: &Plan,
    commit: Option<&Commit>,
    fix: Option<&Added<'_>>,
) -> Vec<Line> {
    let name = &target.environment.name;
    let heading = match fix {
        Some(fix) => format!("Fix of the candidate {} on {name}", fix.base.short()),
        None => format!("Deploy to {name}"),
    };
    let mut new = match (fix, &target.changes) {
        (Some(fix), _) => fix.lines(),
        (None, Some(changes)) => listed(&changes.ships),
        (None, None) => Vec::new(),
    };
    let runs = target.observed.runs().or(target.observed.reference());
    let link = fix
        .map(|fix| fix.base)
        .or(runs)
        .and_then(|from| config.compare_url(from, &plan.commit));
    new.extend(link.map(Line::plain));
    let then = fix.map(|_| {
        Line::plain("It is the candidate then, and what was signed off before is no longer.")
    });
    paragraphs([
        vec![Line::default().and(Tone::Strong, heading)],
        now_and_then(config, target, plan, commit.map(Commit::subject_text)),
        new,
        warnings(&plan.consents, &plan.warnings),
        this_will(&plan.steps),
        then.into_iter().collect(),
    ])
}
