//! The plan of a proposal.

use super::{When, listed, watched};
use crate::config::Config;
use crate::model::{CommitId, Observed};
use crate::plan::{Proposal, Step, Target, commits};
use crate::text::{Line, Tone};

/// The plan of a proposal, from its heading to its last step.
pub fn proposal(
    config: &Config,
    source: &Observed,
    targets: &[&Target<'_>],
    plan: &Proposal,
    when: &When,
    post: &Step,
) -> Vec<Line> {
    let names: Vec<&str> = plan.targets.iter().map(|(name, _)| name.as_str()).collect();
    let title = format!(
        "Candidate for {}, {}",
        names.join(" and "),
        when.date(when.now)
    );
    let mut lines = vec![Line::default().and(Tone::Strong, title), Line::default()];
    let others = [
        source.environment.as_str(),
        config.repository.remote.as_str(),
    ];
    let width = names
        .iter()
        .chain(&others)
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0);
    for (name, runs) in &plan.targets {
        let ahead = targets
            .iter()
            .find(|target| target.environment.name == *name);
        let ahead = ahead.and_then(|target| target.changes.as_ref());
        let behind = ahead
            .map(|changes| format!("  {} behind", commits(changes.ships.len())))
            .unwrap_or_default();
        let hash = runs.as_ref().map_or("nothing", CommitId::short);
        lines.push(
            Line::plain(format!("  {name:width$}  "))
                .and(Tone::Hash, hash)
                .and(Tone::Plain, behind),
        );
    }
    lines.push(
        Line::plain(format!("  {:width$}  ", source.environment))
            .and(Tone::Hash, plan.commit.short()),
    );
    lines.push(super::main_repository(config, width));
    lines.push(Line::default());
    let widest = targets
        .iter()
        .filter_map(|target| target.changes.as_ref())
        .max_by_key(|changes| changes.ships.len());
    lines.extend(
        widest
            .map(|changes| listed(&changes.ships))
            .unwrap_or_default(),
    );
    let from = plan.targets.iter().find_map(|(_, runs)| runs.as_ref());
    lines.extend(
        from.and_then(|from| config.compare_url(from, &plan.commit))
            .map(Line::plain),
    );
    lines.extend(watched(&plan.watched));
    let warning = |text: &String| {
        [
            Line::default(),
            Line::default()
                .and(Tone::Bad, "warning: ")
                .and(Tone::Plain, text),
        ]
    };
    let told = plan
        .consents
        .iter()
        .map(|consent| &consent.story)
        .chain(&plan.warnings);
    lines.extend(told.flat_map(warning));
    lines.extend([
        Line::default(),
        Line::plain("This will"),
        Line::plain(format!(
            "  1. record {} as the candidate and freeze {}",
            plan.commit.short(),
            source.environment
        )),
        Line::plain(format!("  2. {post}")),
        Line::default(),
    ]);
    lines
}
