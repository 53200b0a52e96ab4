//! The plan of a proposal.

use crate::core::config::Config;
use crate::core::decide::{Proposal, Step, Target, commits};
use crate::core::show::{When, listed, main_repository, paragraphs, this_will, warnings, watched};
use crate::core::text::{Line, Tone};
use crate::core::words::{CommitId, Observed};

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
    let mut places = Vec::new();
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
        places.push(
            Line::plain(format!("  {name:width$}  "))
                .and(Tone::Hash, hash)
                .and(Tone::Plain, behind),
        );
    }
    places.push(
        Line::plain(format!("  {:width$}  ", source.environment))
            .and(Tone::Hash, plan.commit.short()),
    );
    places.push(main_repository(config, width));
    let widest = targets
        .iter()
        .filter_map(|target| target.changes.as_ref())
        .max_by_key(|changes| changes.ships.len());
    let mut new = widest.map_or_else(Vec::new, |changes| listed(&changes.ships));
    let from = plan.targets.iter().find_map(|(_, runs)| runs.as_ref());
    let link = from.and_then(|from| config.compare_url(from, &plan.commit));
    new.extend(link.map(Line::plain));
    let record = format!(
        "record {} as the candidate and freeze {}",
        plan.commit.short(),
        source.environment
    );
    paragraphs([
        vec![Line::default().and(Tone::Strong, title)],
        places,
        new,
        watched(&plan.watched),
        warnings(&plan.consents, &plan.warnings),
        this_will(&[record, post.to_string()]),
    ])
}
