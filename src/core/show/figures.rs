//! The output of `git smp history --stats` for an environment: the figures, each with a small chart on a terminal.

use crate::core::record::stats::{self, Figures, Lead, Week};
use crate::core::show::chart::{Bar, chart, room};
use crate::core::text::{Line, Tone, counted};
use crate::core::when::When;

/// The number of failures in the chart: the latest ones.
const RESTORES: usize = 5;
/// The upper limits of waiting times in seconds, with their names.
const WITHIN: [(i64, &str); 5] = [
    (3600, "in an hour"),
    (86_400, "in a day"),
    (7 * 86_400, "in a week"),
    (28 * 86_400, "in 4 weeks"),
    (i64::MAX, "later"),
];

/// Returns the figures of one environment; with a width also charts, if they fit.
pub fn figures(figures: &Figures, when: &When, width: Option<usize>) -> Vec<Line> {
    let mut lines = vec![Line::of(Tone::Strong, heading(figures, when))];
    if figures.rework.deploys == 0 {
        return lines;
    }
    let weeks = figures.weeks.iter().map(week).collect();
    let [failed, redone, seen] = [
        figures.change_failure.failed,
        figures.rework.rework,
        figures.observed,
    ]
    .map(part);
    let (forward, all) = (
        Some(figures.change_failure.deploys),
        Some(figures.rework.deploys),
    );
    let soon = restores(figures, when);
    let mut sections = vec![
        ("promotions", frequency(figures), weeks, None),
        ("lead time", lead(&figures.lead), waits(&figures.lead), None),
        ("failed", failure_rate(figures), failed, forward),
        ("restored in", restored(figures), soon, None),
        ("rework", rework_rate(figures), redone, all),
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
    if figures.rework.deploys == 0 {
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
            format!("{promotions}; {all} with deploys outside git smp")
        }
        _ => promotions,
    }
}

fn observed(figures: &Figures) -> String {
    let deploys = counted(figures.rework.deploys, "deploy");
    let share = percent(stats::share(figures.observed, figures.rework.deploys));
    format!(
        "{share} ({} of {deploys} outside git smp)",
        figures.observed
    )
}

/// Formats a share between 0 and 1. A small one is never shown as 0 %.
fn percent(share: Option<f64>) -> String {
    match share {
        None => "unknown".to_owned(),
        Some(share) if share > 0.0 && share < 0.01 => "less than 1 %".to_owned(),
        Some(share) => format!("{:.0} %", share * 100.0),
    }
}

/// Formats a frequency. A small one is never shown as 0.
fn rate(per_week: Option<f64>) -> String {
    match per_week {
        None => "unknown".to_owned(),
        Some(rate) if rate < 0.1 => "less than 0.1 a week".to_owned(),
        Some(rate) => format!("{rate:.1} a week"),
    }
}

fn lead(lead: &Lead) -> String {
    let unknown = match lead.unknown {
        Some(0) => String::new(),
        Some(unknown) => format!("{unknown} not in this clone"),
        None => "others not in this clone".to_owned(),
    };
    let Some((median, ninetieth)) = lead.median.zip(lead.p90) else {
        let colon = if unknown.is_empty() { "" } else { ": " };
        return format!("unknown{colon}{unknown}");
    };
    let comma = if unknown.is_empty() { "" } else { ", " };
    let (median, ninetieth) = (span(median), span(ninetieth));
    let commits = counted(lead.seconds.len(), "commit");
    let seen = match lead.seen {
        0 => String::new(),
        some => format!(" ({some} outside git smp)"),
    };
    format!("median {median}, 90th percentile {ninetieth}; {commits}{seen}{comma}{unknown}")
}

fn failure_rate(figures: &Figures) -> String {
    let all = &figures.change_failure;
    let told = share(all.rate, all.failed, all.deploys, all.unknown);
    let how = [
        (all.rolled_back, "rolled back"),
        (all.fixed_forward, "fixed forward"),
    ];
    let how = how.into_iter().filter(|(count, _)| *count > 0);
    let how: Vec<String> = how.map(|(count, word)| format!("{count} {word}")).collect();
    match how.is_empty() {
        true => told,
        false => format!("{told}: {}", how.join(", ")),
    }
}

fn rework_rate(figures: &Figures) -> String {
    let all = &figures.rework;
    share(all.rate, all.rework, all.deploys, all.unknown)
}

/// Formats a share of deploys. If some are unknown, it may be higher.
fn share(share: Option<f64>, some: usize, all: usize, unknown: usize) -> String {
    let unknown = match unknown {
        0 => String::new(),
        unknown => format!(", {unknown} not in this clone"),
    };
    let told = match share {
        None if some > 0 => format!("at least {}", percent(Some(some as f64 / all as f64))),
        share => percent(share),
    };
    let deploys = counted(all, "deploy");
    match all {
        0 => told,
        _ => format!("{told} ({some} of {deploys}{unknown})"),
    }
}

fn restored(figures: &Figures) -> String {
    let (seen, known) = (figures.restore.seen, known(figures).count());
    let seen = match seen {
        0 => String::new(),
        some => format!("{some} outside git smp"),
    };
    match figures.restore.median {
        None if seen.is_empty() => "unknown".to_owned(),
        None => format!("unknown: {seen}"),
        Some(median) => {
            let comma = if seen.is_empty() { "" } else { ", " };
            format!("{} (median of {known}{comma}{seen})", span(median))
        }
    }
}

/// Returns the times of the repaired failures, and the seconds until the repair, if known.
fn known(figures: &Figures) -> impl DoubleEndedIterator<Item = (i64, i64)> {
    let all = figures.change_failure.all.iter();
    all.filter_map(|one| Some((one.at, one.seconds?)))
}

/// Formats a duration, in the largest unit of which it has at least two.
fn span(seconds: i64) -> String {
    match seconds {
        ..120 => counted(seconds, "second"),
        120..7_200 => counted(seconds / 60, "minute"),
        7_200..172_800 => counted(seconds / 3_600, "hour"),
        _ => counted(seconds / 86_400, "day"),
    }
}

/// Returns the bar of a week: its promotions, with its rollbacks.
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

/// Returns the number of commits that reached production within each time.
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

/// Returns the latest failed deploys with the time until their repair.
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
        let told = |failed: usize, all: usize, unknown: usize| {
            let rate = (all > 0 && unknown == 0).then(|| failed as f64 / all as f64);
            share(rate, failed, all, unknown)
        };
        assert_eq!(told(0, 0, 0), "unknown");
        assert_eq!(told(0, 7, 0), "0 % (0 of 7 deploys)");
        assert_eq!(told(1, 300, 0), "less than 1 % (1 of 300 deploys)");
        assert_eq!(told(7, 7, 0), "100 % (7 of 7 deploys)");
        assert_eq!(
            told(0, 7, 2),
            "unknown (0 of 7 deploys, 2 not in this clone)"
        );
        assert_eq!(
            told(3, 6, 2),
            "at least 50 % (3 of 6 deploys, 2 not in this clone)"
        );
        assert_eq!(told(0, 1, 0), "0 % (0 of 1 deploy)");
    }
}
