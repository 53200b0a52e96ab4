//! A line of `git smp setup`: what was checked, and what came of it.

use crate::core::refusal::{Report, Stop};
use crate::core::text::{Line, Tone, wrapped};
use crate::core::typed::Typed;
use crate::session::Session;

/// One check's outcome.
pub struct Check {
    /// What was checked.
    pub name: String,
    mark: Mark,
    /// What came of it, why, and what to type if it must be mended.
    pub report: Report,
}

/// What an outcome comes to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// It is as it should be.
    Good,
    /// It is worth knowing, and no deploy needs it.
    Note,
    /// It must be mended.
    Bad,
    /// It is wrong, and something outside changed before that was known.
    Unfinished,
}

impl Check {
    fn of(name: &str, mark: Mark, mut report: Report) -> Self {
        if let Some(what) = report.error.strip_prefix(&format!("{name}: ")) {
            report.error = what.to_owned();
        }
        let name = name.to_owned();
        Self { name, mark, report }
    }

    /// Something is as it should be.
    pub fn good(name: &str, words: impl Into<String>) -> Self {
        Self::of(name, Mark::Good, Report::new(words))
    }

    /// Something is worth knowing, and fails nothing.
    pub fn note(name: &str, words: impl Into<String>) -> Self {
        Self::of(name, Mark::Note, Report::new(words))
    }

    /// Something must be mended.
    pub fn bad(name: &str, report: Report) -> Self {
        Self::of(name, Mark::Bad, report)
    }

    /// What a step that did not work comes to.
    pub fn stopped(name: &str, stop: &Stop) -> Self {
        let mark = match stop {
            Stop::Incomplete(_) => Mark::Unfinished,
            _ => Mark::Bad,
        };
        let report = stop.report().cloned();
        Self::of(
            name,
            mark,
            report.unwrap_or_else(|| Report::new(stop.to_string())),
        )
    }

    /// Adds a line under it.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.report = self.report.because(cause);
        self
    }

    /// Says first what is good about it.
    #[must_use]
    pub fn but(mut self, good: &str) -> Self {
        self.report.error.insert_str(0, good);
        self
    }

    /// Whether it must be mended.
    pub fn fails(&self) -> bool {
        matches!(self.mark, Mark::Bad | Mark::Unfinished)
    }

    /// The outcome as it is shown in so many columns: its line, with names padded to `width`, and a line a cause.
    fn lines(&self, width: usize, columns: usize) -> Vec<Line> {
        let (tone, mark) = match self.mark {
            Mark::Good => (Tone::Good, "ok  "),
            Mark::Note => (Tone::Strong, "note"),
            Mark::Bad | Mark::Unfinished => (Tone::Bad, "FAIL"),
        };
        let hang = width + 10;
        let mut words = wrapped(&self.report.error, columns, hang, hang);
        let first = format!("  {:width$}  {}", self.name, words.remove(0));
        let mut lines = vec![Line::plain("  ").and(tone, mark).and(Tone::Plain, first)];
        lines.extend(words.into_iter().map(Line::plain));
        for cause in &self.report.because {
            let cause = wrapped(&format!("{:hang$}{cause}", ""), columns, 0, hang);
            lines.extend(cause.into_iter().map(Line::faint));
        }
        lines
    }
}

/// Shows outcomes as the answer, in columns, and fails if one of them does.
pub fn show(session: &Session<'_>, checks: &[Check]) -> Result<(), Stop> {
    let names = checks.iter().map(|check| check.name.chars().count());
    let (width, columns) = (names.max().unwrap_or(0), session.ui.answer_width());
    let lines = checks.iter().flat_map(|check| check.lines(width, columns));
    session.ui.answer(&lines.collect::<Vec<_>>())?;
    let bad: Vec<&Check> = checks.iter().filter(|check| check.fails()).collect();
    let Some(first) = bad.first() else {
        return Ok(());
    };
    let report = Report {
        error: match bad.len() {
            1 => "one check failed".to_owned(),
            count => format!("{count} checks failed"),
        },
        because: Vec::new(),
        ..first.report.clone()
    };
    let report = match report.hint {
        Some(_) => report,
        None => report.run("mend it, then", Typed::smp("setup")),
    };
    Err(
        match bad.iter().any(|check| check.mark == Mark::Unfinished) {
            true => Stop::Incomplete(report),
            false => Stop::Failed(report),
        },
    )
}
