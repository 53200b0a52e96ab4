//! A line of `git smp setup`: a check and its result.

use crate::core::refusal::{Report, Stop};
use crate::core::show::widest;
use crate::core::text::{Line, Tone, wrapped};
use crate::core::typed::{Hint, Typed};
use crate::session::Session;

#[must_use]
pub struct Check {
    name: String,
    mark: Grade,
    /// The result, its causes, and the command that corrects it.
    report: Report,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    Good,
    /// Useful to know, but no deploy needs it.
    Note,
    Bad,
    /// The check failed after something outside had changed.
    Unfinished,
}

impl Check {
    fn of(name: &str, mark: Grade, mut report: Report) -> Self {
        if let Some(what) = report.error.strip_prefix(&format!("{name}: ")) {
            report.error = what.to_owned();
        }
        let name = name.to_owned();
        Self { name, mark, report }
    }

    pub fn good(name: &str, words: impl Into<String>) -> Self {
        Self::of(name, Grade::Good, Report::new(words))
    }

    /// Builds a note, which is no failure.
    pub fn note(name: &str, words: impl Into<String>) -> Self {
        Self::of(name, Grade::Note, Report::new(words))
    }

    pub fn bad(name: &str, report: Report) -> Self {
        Self::of(name, Grade::Bad, report)
    }

    pub fn stopped(name: &str, stop: Stop) -> Self {
        let mark = match &stop {
            Stop::Incomplete(_) => Grade::Unfinished,
            _ => Grade::Bad,
        };
        Self::of(name, mark, stop.into())
    }
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.report = self.report.because(cause);
        self
    }

    pub fn but(mut self, good: &str) -> Self {
        self.report.error.insert_str(0, good);
        self
    }

    /// Adds that the environment rejects pushes from this clone, in its own words.
    pub fn turned_away(self, words: &[String]) -> Self {
        let say = format!("ask for permission to push to {}, then", self.name);
        let report =
            Report::new("a push from this clone would be declined").causes(words.iter().cloned());
        self.but_wrong(report.run(say, Typed::smp("setup")))
    }

    pub fn but_wrong(mut self, wrong: Report) -> Self {
        if self.mark >= Grade::Bad {
            return self;
        }
        self.mark = Grade::Bad;
        self.report.error += &format!("; but {}", wrong.error);
        self.report.because.splice(0..0, wrong.because);
        self.report.hint = wrong.hint;
        self
    }

    /// Turns a good result into a note.
    pub fn worth_knowing(mut self) -> Self {
        self.mark = self.mark.max(Grade::Note);
        self
    }

    /// Returns the lines for a terminal of `columns`: the result, with names padded to `width`, and a line per cause.
    fn lines(&self, width: usize, columns: usize) -> Vec<Line> {
        let (tone, mark) = match self.mark {
            Grade::Good => (Tone::Good, "ok  "),
            Grade::Note => (Tone::Strong, "note"),
            Grade::Bad | Grade::Unfinished => (Tone::Bad, "FAIL"),
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

/// Returns the hints of failed checks, with the name of each if there are several.
fn hints(bad: &[&Check]) -> Option<Hint> {
    let each = bad.iter().map(|check| {
        let hint = check.report.hint.clone();
        let hint =
            hint.unwrap_or_else(|| Hint::run("correct the problem, then", Typed::smp("setup")));
        match bad.len() {
            1 => hint,
            _ => hint.once(&check.name),
        }
    });
    each.reduce(Hint::and)
}

/// Prints the results in columns, and fails if a check failed.
pub fn show(session: &Session<'_>, checks: &[Check]) -> Result<(), Stop> {
    let width = widest(checks.iter().map(|check| check.name.as_str()));
    let columns = session.ui.answer_width();
    let lines = checks.iter().flat_map(|check| check.lines(width, columns));
    session.ui.answer(&lines.collect::<Vec<_>>())?;
    let bad: Vec<&Check> = checks.iter().filter(|one| one.mark >= Grade::Bad).collect();
    if bad.is_empty() {
        return Ok(());
    }
    let report = Report {
        error: match bad.len() {
            1 => "one check failed".to_owned(),
            count => format!("{count} checks failed"),
        },
        because: Vec::new(),
        hint: hints(&bad),
    };
    Err(match bad.iter().map(|one| one.mark).max() {
        Some(Grade::Unfinished) => Stop::Incomplete(report),
        _ => Stop::Failed(report),
    })
}
