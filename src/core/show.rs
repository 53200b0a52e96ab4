//! Everything that people read: plans, changes, status. Pure: values in, lines out.

pub mod json;

mod chart;
mod diff;
mod figures;
mod history;
mod promotion;
mod proposal;
mod rollback;
mod staging;
mod status;

use std::fmt::Display;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use diff::{diff, end, markdown, marks, oneline};
pub use figures::figures;
pub use history::history;
pub use promotion::promotion;
pub use proposal::proposal;
pub use rollback::rollback;
pub use staging::{Added, staging};
pub use status::{
    Here, Mark, environment, finding, frozen, held, how, past_tool, picture, record, standing,
    unrecorded, untested,
};

use crate::core::address::display_url;
use crate::core::config::Config;
use crate::core::decide::{Consent, Plan, Target};
use crate::core::record::{Candidate, SignOff, Signer};
use crate::core::text::{Line, Tone, ago};
use crate::core::words::{Commit, CommitId};

/// How many commits a plan or a warning lists before it says "and n more".
const LISTED: usize = 60;
/// How many files a plan names before it says the same.
const NAMED: usize = 20;

/// The present moment, and where the reader is.
#[derive(Clone, Debug)]
pub struct When {
    /// Seconds since 1970.
    pub now: i64,
    /// The reader's time zone.
    pub zone: TimeZone,
}

impl When {
    /// The reader's date at a time: `2022-03-02`.
    pub fn date(&self, seconds: i64) -> String {
        let time = Timestamp::from_second(seconds).map(|time| time.to_zoned(self.zone.clone()));
        time.map_or_else(
            |_| "an impossible date".to_owned(),
            |time| time.strftime("%Y-%m-%d").to_string(),
        )
    }

    /// A moment as people say it: "at 10:14" today, "on 2022-03-01 at 10:14" on any other day.
    pub fn moment(&self, seconds: i64) -> String {
        match self.time_of_day(seconds) {
            Some((true, clock)) => format!("at {clock}"),
            Some((false, clock)) => format!("on {} at {clock}", self.date(seconds)),
            None => format!("on {}", self.date(seconds)),
        }
    }

    /// A moment by the reader's clock: "10:14" today, "2022-03-01 10:14" on any other day.
    pub fn clock(&self, seconds: i64) -> String {
        match self.time_of_day(seconds) {
            Some((true, clock)) => clock,
            Some((false, clock)) => format!("{} {clock}", self.date(seconds)),
            None => self.date(seconds),
        }
    }

    /// Between which two moments something happened: "between 10:14 and 10:20" today. Where clocks say that the first
    /// is after the second, only that is known.
    pub fn between(&self, after: i64, before: i64) -> String {
        if self.clock(after) == self.clock(before) {
            return format!("at {}", self.clock(before));
        }
        if after > before {
            return format!("before {}", self.clock(before));
        }
        let until = match self.time_of_day(before) {
            Some((_, clock)) if self.date(after) == self.date(before) => clock,
            _ => self.clock(before),
        };
        format!("between {} and {until}", self.clock(after))
    }

    /// Whether a moment is today, and the time of day.
    fn time_of_day(&self, seconds: i64) -> Option<(bool, String)> {
        let time = Timestamp::from_second(seconds)
            .ok()?
            .to_zoned(self.zone.clone());
        Some((
            self.date(seconds) == self.date(self.now),
            time.strftime("%H:%M").to_string(),
        ))
    }

    fn dated(&self, seconds: i64) -> String {
        format!("{} ({})", self.date(seconds), ago(self.now, seconds))
    }
}

/// Whose verdict it is, and when: "Ada, who proposed it, at 12:03".
fn verdict_by(candidate: &Candidate, verdict: &SignOff, authors: &[&str], when: &When) -> String {
    let signer = Signer::on(candidate, verdict, authors).told();
    let comma = if signer.contains(", who ") && !signer.ends_with(')') {
        ","
    } else {
        ""
    };
    format!("{signer}{comma} {}", when.moment(verdict.at))
}

/// Which repository is the main one: never somebody's fork, and so to be seen in every plan.
fn main_repository(config: &Config, width: usize) -> Line {
    let main = &config.repository;
    Line::plain(format!("  {:width$}  ", main.remote)).and(Tone::Faint, display_url(&main.url))
}

/// The head of a plan for one environment: what runs there now, and what is to run then.
fn now_and_then(
    config: &Config,
    target: &Target<'_>,
    plan: &Plan,
    then: Option<String>,
) -> Vec<Line> {
    let runs = target.observed.runs().or(target.observed.reference());
    let place = target
        .environment
        .site
        .as_ref()
        .unwrap_or(&target.environment.url);
    let width = config.repository.remote.chars().count().max("then".len());
    let line =
        |name: &str, hash: &str| Line::plain(format!("  {name:width$}  ")).and(Tone::Hash, hash);
    let subject = then.map(|then| format!("  {then}")).unwrap_or_default();
    vec![
        line("now", runs.map_or("nothing", CommitId::short)).and(Tone::Faint, format!("  {place}")),
        line("then", plan.commit.short()).and(Tone::Plain, subject),
        main_repository(config, width),
    ]
}

/// Paragraphs with an empty line behind each; one without lines is left out.
fn paragraphs<const N: usize>(all: [Vec<Line>; N]) -> Vec<Line> {
    all.into_iter()
        .filter(|lines| !lines.is_empty())
        .flat_map(|lines| lines.into_iter().chain([Line::default()]))
        .collect()
}

/// What a person should know before saying yes, in one paragraph.
fn warnings(consents: &[Consent], warnings: &[String]) -> Vec<Line> {
    let warning = |text: &String| {
        Line::default()
            .and(Tone::Bad, "warning: ")
            .and(Tone::Plain, text)
    };
    let stories = consents.iter().map(|consent| &consent.story);
    stories.chain(warnings).map(warning).collect()
}

/// What will be done.
fn this_will(steps: &[impl Display]) -> Vec<Line> {
    let numbered = steps.iter().zip(1..);
    let lines = numbered.map(|(step, number)| Line::plain(format!("  {number}. {step}")));
    [Line::plain("This will")]
        .into_iter()
        .chain(lines)
        .collect()
}

/// The watched files that ship, a line each, up to what a person reads; nothing where there are none.
fn watched(names: &[String]) -> Vec<Line> {
    if names.is_empty() {
        return Vec::new();
    }
    let plural = if names.len() == 1 { "" } else { "s" };
    let mut lines = vec![Line::plain(format!(
        "touches {} watched file{plural}:",
        names.len()
    ))];
    lines.extend(
        names
            .iter()
            .take(NAMED)
            .map(|name| Line::plain(format!("  {name}"))),
    );
    let more = names.len().saturating_sub(NAMED);
    lines
        .extend((more > 0).then(|| Line::default().and(Tone::Faint, format!("  and {more} more"))));
    lines
}

/// Commits, a line each, up to what a person reads.
pub fn listed(commits: &[Commit]) -> Vec<Line> {
    let mut lines: Vec<Line> = commits
        .iter()
        .take(LISTED)
        .map(|commit| named(Line::default(), commit))
        .collect();
    lines.extend(rest(commits, "git smp diff"));
    lines
}

fn named(line: Line, commit: &Commit) -> Line {
    line.and(Tone::Hash, &commit.short)
        .and(Tone::Plain, format!(" {}", commit.subject_text()))
}

/// How many commits a list leaves out, and the command that shows them all.
fn rest(commits: &[Commit], all: &str) -> Option<Line> {
    let more = commits.len().checked_sub(LISTED).filter(|more| *more > 0)?;
    Some(Line::default().and(Tone::Faint, format!("and {more} more; all of them: {all}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_watched_files_a_plan_names_some_and_counts_the_rest() {
        let texts = |count: usize| {
            let names: Vec<String> = (1..=count)
                .map(|number| format!("db/{number}.sql"))
                .collect();
            let text = |line: Line| line.0.into_iter().map(|(_, text)| text).collect::<String>();
            watched(&names).into_iter().map(text).collect::<Vec<_>>()
        };
        assert_eq!(texts(0), Vec::<String>::new());
        assert_eq!(texts(1), ["touches 1 watched file:", "  db/1.sql"]);
        assert_eq!(texts(20).last().unwrap(), "  db/20.sql");
        let many = texts(32);
        assert_eq!(
            (many.len(), many[0].as_str(), many[21].as_str()),
            (22, "touches 32 watched files:", "  and 12 more")
        );
    }

    #[test]
    fn a_date_that_no_calendar_has_is_no_panic() {
        let when = When {
            now: 0,
            zone: TimeZone::UTC,
        };
        assert_eq!(when.date(1_646_226_000), "2022-03-02");
        assert_eq!(when.date(i64::MAX), "an impossible date");
        assert_eq!(
            (when.moment(i64::MAX), when.clock(i64::MAX)),
            ("on an impossible date".into(), when.date(i64::MAX))
        );
    }

    #[test]
    fn a_moment_is_told_by_the_readers_own_clock() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let when = When {
            now: 1_646_226_000 + 7_300,
            zone,
        };
        assert_eq!(
            (when.moment(1_646_226_000), when.clock(1_646_226_000)),
            ("at 15:00".into(), "15:00".into())
        );
        let day_before = 1_646_226_000 - 86_400;
        assert_eq!(
            when.between(1_646_226_000 - 60, 1_646_226_000),
            "between 14:59 and 15:00"
        );
        assert_eq!(
            when.between(day_before - 60, day_before),
            "between 2022-03-01 14:59 and 15:00"
        );
        assert_eq!(
            when.between(day_before, 1_646_226_000),
            "between 2022-03-01 15:00 and 15:00"
        );
        assert_eq!(
            when.between(i64::MIN, 1_646_226_000),
            "between an impossible date and 15:00"
        );
        assert_eq!(when.between(i64::MAX, 1_646_226_000), "before 15:00");
        assert_eq!(when.between(1_646_226_000, 1_646_226_000), "at 15:00");
        assert_eq!(when.moment(day_before), "on 2022-03-01 at 15:00");
        assert_eq!(when.clock(day_before), "2022-03-01 15:00");
    }
}
