//! What `git smp history --stats` says of an environment: the figures, and under each, on a terminal, a small chart.

use crate::core::record::stats::{Figures, Lead, Week};
use crate::core::show::When;
use crate::core::show::chart::{Bar, chart, room};
use crate::core::text::{Line, Tone};

/// How many rollbacks are drawn: the latest.
const RESTORES: usize = 5;
/// Within which time a commit was in production, in seconds, and how that is called.
const WITHIN: [(i64, &str); 5] = [
    (3600, "in an hour"),
    (86_400, "in a day"),
    (7 * 86_400, "in a week"),
    (28 * 86_400, "in 4 weeks"),
    (i64::MAX, "later"),
];

/// The figures of one environment; with a width, charts as well, if they fit.
pub fn figures(figures: &Figures, when: &When, width: Option<usize>) -> Vec<Line> {
    let mut lines = vec![Line::default().and(Tone::Strong, heading(figures, when))];
    if figures.deploys() == 0 {
        return lines;
    }
    let room = width.and_then(room);
    let mut section = |name: &str, figure: String, bars: Vec<Bar>, whole: Option<i64>| {
        lines.push(Line::plain(format!("  {name:11}  ")).and(Tone::Plain, figure));
        lines.extend(room.iter().flat_map(|room| chart(&bars, *room, whole)));
    };
    section(
        "promotions",
        frequency(figures),
        figures.weeks.iter().map(week).collect(),
        None,
    );
    section("lead time", lead(&figures.lead), waits(&figures.lead), None);
    let (undone, all) = (figures.restores.len(), figures.promotions);
    let whole = i64::try_from(all).ok();
    section(
        "rolled back",
        share(figures),
        vec![Bar::plain(String::new(), undone, String::new())],
        whole,
    );
    section(
        "restored in",
        restored(figures),
        restores(figures, when),
        None,
    );
    if figures.observed > 0 {
        let bar = Bar::plain(String::new(), figures.observed, String::new());
        section(
            "observed",
            observed(figures),
            vec![bar],
            i64::try_from(figures.deploys()).ok(),
        );
    }
    lines
}

/// What all of it is about.
fn heading(figures: &Figures, when: &When) -> String {
    let name = &figures.environment;
    if figures.deploys() == 0 {
        return format!("{name}: no deploy on record");
    }
    let since = figures
        .since
        .map(|since| format!(" since {}", when.date(since)))
        .unwrap_or_default();
    let counts = (
        counted(figures.promotions, "promotion"),
        counted(figures.rollbacks, "rollback"),
    );
    match figures.observed {
        0 => format!("{name}: {} and {}{since}", counts.0, counts.1),
        seen => format!(
            "{name}: {}, {} and {} past git smp{since}",
            counts.0,
            counts.1,
            counted(seen, "deploy")
        ),
    }
}

/// A number of things.
fn counted(count: usize, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}

/// How often, with what went past the tool where there is such.
fn frequency(figures: &Figures) -> String {
    let promotions = rate(figures.promotions_per_week);
    match figures.deploys_per_week {
        Some(all) if figures.observed > 0 => format!(
            "{promotions}; {} with what went past git smp",
            rate(Some(all))
        ),
        _ => promotions,
    }
}

/// How much of it went past the tool.
fn observed(figures: &Figures) -> String {
    let share = figures
        .observed_share()
        .map_or_else(|| "unknown".to_owned(), percent);
    format!(
        "{share} ({} of {} past git smp)",
        figures.observed,
        counted(figures.deploys(), "deploy")
    )
}

/// A share between 0 and 1. What is not nothing is not called so.
fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.01 {
        "less than 1 %".to_owned()
    } else {
        format!("{:.0} %", share * 100.0)
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

/// How fast.
fn lead(lead: &Lead) -> String {
    let known = lead.seconds.len();
    let unknown = if lead.unknown == 0 {
        String::new()
    } else {
        format!(", {} not known here", lead.unknown)
    };
    match (lead.median(), lead.ninetieth()) {
        (Some(median), Some(ninetieth)) => {
            let of = counted(known, "commit");
            format!(
                "median {}, 90th percentile {}; {of}{unknown}",
                span(median),
                span(ninetieth)
            )
        }
        _ if lead.unknown == 0 => "unknown".to_owned(),
        _ => format!("unknown{}", unknown.replace(',', ":")),
    }
}

/// How much of it had to be taken back.
fn share(figures: &Figures) -> String {
    let Some(share) = figures.rolled_back_share() else {
        return "unknown".to_owned();
    };
    format!(
        "{} ({} of {})",
        percent(share),
        figures.restores.len(),
        figures.promotions
    )
}

/// How soon it was taken back.
fn restored(figures: &Figures) -> String {
    let median = figures.time_to_restore();
    median.map_or_else(
        || "unknown".to_owned(),
        |seconds| format!("{} (median of {})", span(seconds), known(figures).count()),
    )
}

/// The promotions that were rolled back, and how soon, where that is known.
fn known(figures: &Figures) -> impl DoubleEndedIterator<Item = (i64, i64)> {
    figures
        .restores
        .iter()
        .filter_map(|(at, seconds)| Some((*at, (*seconds)?)))
}

/// A time that passed, in a unit of which there are at least two.
fn span(seconds: i64) -> String {
    let (count, unit) = match seconds {
        ..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    if count == 1 {
        format!("1 {unit}")
    } else {
        format!("{count} {unit}s")
    }
}

/// The promotions of a week, and what was rolled back in it.
fn week(week: &Week) -> Bar {
    let bar = Bar::plain(
        week.name.clone(),
        week.promotions,
        week.promotions.to_string(),
    );
    let back = (week.rollbacks > 0).then(|| format!(", {}", counted(week.rollbacks, "rollback")));
    let seen = (week.observed > 0).then(|| format!(", {} past it", week.observed));
    if back.is_none() && seen.is_none() {
        return bar;
    }
    let words = [Some(week.promotions.to_string()), back, seen]
        .into_iter()
        .flatten()
        .collect();
    Bar {
        words: (Tone::Bad, words),
        ..bar
    }
}

/// How many commits were in production within which time.
fn waits(lead: &Lead) -> Vec<Bar> {
    let mut before = 0;
    let bars = WITHIN.iter().map(|(within, name)| {
        let upto = lead.seconds.partition_point(|seconds| seconds <= within);
        let count = upto - std::mem::replace(&mut before, upto);
        Bar::plain((*name).to_owned(), count, count.to_string())
    });
    if lead.seconds.is_empty() {
        Vec::new()
    } else {
        bars.collect()
    }
}

/// The latest promotions that were rolled back, and how soon.
fn restores(figures: &Figures, when: &When) -> Vec<Bar> {
    let latest = known(figures).rev().take(RESTORES);
    latest
        .map(|(at, seconds)| Bar {
            name: when.date(at),
            length: seconds,
            words: (Tone::Plain, span(seconds)),
        })
        .collect()
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
