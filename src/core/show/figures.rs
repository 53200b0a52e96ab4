//! What `git smp history --stats` says of an environment: the figures, and under each, on a terminal, a small chart.

use crate::core::record::stats::{Figures, Lead, Week};
use crate::core::show::When;
use crate::core::show::chart::{Bar, chart, room};
use crate::core::text::{Line, Tone, counted};

/// How many rollbacks are drawn: the latest.
const RESTORES: usize = 5;
/// How long a commit waited at most, in seconds, and how that is called.
const WITHIN: [(i64, &str); 5] = [
    (3600, "in an hour"),
    (86_400, "in a day"),
    (7 * 86_400, "in a week"),
    (28 * 86_400, "in 4 weeks"),
    (i64::MAX, "later"),
];

/// The figures of one environment; with a width, charts as well, if they fit.
pub fn figures(figures: &Figures, when: &When, width: Option<usize>) -> Vec<Line> {
    let mut lines = vec![Line::of(Tone::Strong, heading(figures, when))];
    if figures.deploys() == 0 {
        return lines;
    }
    let weeks = figures.weeks.iter().map(week).collect();
    let (undone, seen) = (part(figures.restores.len()), part(figures.observed));
    let (promotions, all) = (Some(figures.promotions), Some(figures.deploys()));
    let soon = restores(figures, when);
    let mut sections = vec![
        ("promotions", frequency(figures), weeks, None),
        ("lead time", lead(&figures.lead), waits(&figures.lead), None),
        ("rolled back", share(figures), undone, promotions),
        ("restored in", restored(figures), soon, None),
    ];
    if figures.observed > 0 {
        sections.push(("observed", observed(figures), seen, all));
    }
    let room = width.and_then(room);
    for (name, figure, bars, whole) in sections {
        lines.push(Line::plain(format!("  {name:11}  {figure}")));
        let whole = whole.and_then(|whole| i64::try_from(whole).ok());
        lines.extend(room.iter().flat_map(|room| chart(&bars, *room, whole)));
    }
    lines
}

fn part(count: usize) -> Vec<Bar> {
    vec![Bar::plain("", count, "")]
}

fn heading(figures: &Figures, when: &When) -> String {
    let name = &figures.environment;
    if figures.deploys() == 0 {
        return format!("{name}: no deploy on record");
    }
    let since = figures
        .since
        .map(|since| format!(" since {}", when.date(since)));
    let since = since.unwrap_or_default();
    let promotions = counted(figures.promotions, "promotion");
    let rollbacks = counted(figures.rollbacks, "rollback");
    match figures.observed {
        0 => format!("{name}: {promotions} and {rollbacks}{since}"),
        seen => {
            let seen = counted(seen, "deploy");
            format!("{name}: {promotions}, {rollbacks} and {seen} outside git smp{since}")
        }
    }
}

fn frequency(figures: &Figures) -> String {
    let promotions = rate(figures.promotions_per_week);
    match figures.deploys_per_week {
        Some(all) if figures.observed > 0 => {
            let all = rate(Some(all));
            format!("{promotions}; {all} with what went outside git smp")
        }
        _ => promotions,
    }
}

fn observed(figures: &Figures) -> String {
    let deploys = counted(figures.deploys(), "deploy");
    let share = percent(figures.observed_share());
    format!(
        "{share} ({} of {deploys} outside git smp)",
        figures.observed
    )
}

/// A share between 0 and 1. What is not nothing is not called so.
fn percent(share: Option<f64>) -> String {
    match share {
        None => "unknown".to_owned(),
        Some(share) if share > 0.0 && share < 0.01 => "less than 1 %".to_owned(),
        Some(share) => format!("{:.0} %", share * 100.0),
    }
}

/// How often. What is not nothing is not called so.
fn rate(per_week: Option<f64>) -> String {
    match per_week {
        None => "unknown".to_owned(),
        Some(rate) if rate < 0.1 => "less than 0.1 a week".to_owned(),
        Some(rate) => format!("{rate:.1} a week"),
    }
}

fn lead(lead: &Lead) -> String {
    let unknown = match lead.unknown {
        0 => String::new(),
        unknown => format!("{unknown} not known here"),
    };
    let Some((median, ninetieth)) = lead.median().zip(lead.ninetieth()) else {
        let colon = if unknown.is_empty() { "" } else { ": " };
        return format!("unknown{colon}{unknown}");
    };
    let comma = if unknown.is_empty() { "" } else { ", " };
    let (median, ninetieth) = (span(median), span(ninetieth));
    let commits = counted(lead.seconds.len(), "commit");
    format!("median {median}, 90th percentile {ninetieth}; {commits}{comma}{unknown}")
}

fn share(figures: &Figures) -> String {
    let undone = figures.restores.len();
    match figures.rolled_back_share() {
        None => "unknown".to_owned(),
        share => format!("{} ({undone} of {})", percent(share), figures.promotions),
    }
}

fn restored(figures: &Figures) -> String {
    match figures.time_to_restore() {
        None => "unknown".to_owned(),
        Some(median) => format!("{} (median of {})", span(median), known(figures).count()),
    }
}

/// The promotions that were rolled back, and how soon, where that is known.
fn known(figures: &Figures) -> impl DoubleEndedIterator<Item = (i64, i64)> {
    let all = figures.restores.iter();
    all.filter_map(|(at, seconds)| Some((*at, (*seconds)?)))
}

/// A time that passed, in a unit of which there are at least two.
fn span(seconds: i64) -> String {
    match seconds {
        ..120 => counted(seconds, "second"),
        120..7_200 => counted(seconds / 60, "minute"),
        7_200..172_800 => counted(seconds / 3_600, "hour"),
        _ => counted(seconds / 86_400, "day"),
    }
}

/// The promotions of a week, and what was rolled back in it.
fn week(week: &Week) -> Bar {
    let mut words = week.promotions.to_string();
    if week.rollbacks > 0 {
        words += &format!(", {}", counted(week.rollbacks, "rollback"));
    }
    if week.observed > 0 {
        words += &format!(", {} past it", week.observed);
    }
    let mut bar = Bar::plain(&week.name, week.promotions, words);
    if week.rollbacks + week.observed > 0 {
        bar.words.0 = Tone::Bad;
    }
    bar
}

/// How many commits were in production within which time.
fn waits(lead: &Lead) -> Vec<Bar> {
    let mut before = 0;
    let bars = WITHIN.iter().map(|(within, name)| {
        let upto = lead.seconds.partition_point(|seconds| seconds <= within);
        let count = upto - std::mem::replace(&mut before, upto);
        Bar::plain(*name, count, count.to_string())
    });
    if lead.seconds.is_empty() {
        return Vec::new();
    }
    bars.collect()
}

/// The latest promotions that were rolled back, and how soon.
fn restores(figures: &Figures, when: &When) -> Vec<Bar> {
    let latest = known(figures).rev().take(RESTORES);
    let bars = latest.map(|(at, length)| Bar {
        name: when.date(at),
        length,
        words: (Tone::Plain, span(length)),
    });
    bars.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_passed_are_told_in_a_unit_of_which_there_are_two() {
        let told = [0, 1, 119, 120, 7_199, 7_200, 172_799, 172_800, i64::MAX].map(span);
        let words = [
            "0 seconds",
            "1 second",
            "119 seconds",
            "2 minutes",
            "119 minutes",
            "2 hours",
            "47 hours",
            "2 days",
        ];
        assert_eq!(told[..8], words);
        assert_eq!(told[8], "106751991167300 days");
    }

    #[test]
    fn little_is_not_called_nothing() {
        assert_eq!(
            [None, Some(0.04), Some(0.1), Some(12.34)].map(rate),
            [
                "unknown",
                "less than 0.1 a week",
                "0.1 a week",
                "12.3 a week"
            ]
        );
        let undone = |restores: usize, promotions: usize| Figures {
            environment: "production".into(),
            since: None,
            promotions,
            rollbacks: restores,
            observed: 0,
            promotions_per_week: None,
            deploys_per_week: None,
            weeks: Vec::new(),
            lead: Lead::default(),
            restores: vec![(0, Some(0)); restores],
        };
        assert_eq!(share(&undone(0, 0)), "unknown");
        assert_eq!(share(&undone(0, 7)), "0 % (0 of 7)");
        assert_eq!(share(&undone(1, 300)), "less than 1 % (1 of 300)");
        assert_eq!(share(&undone(7, 7)), "100 % (7 of 7)");
    }
}
