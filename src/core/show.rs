//! Text for people: plans, changes, status. Pure: values in, lines out.

pub mod json;
pub mod r#where;

mod audited;
mod chart;
mod diff;
mod figures;
mod history;
mod plan;
mod status;
mod timing;

pub use audited::audited;
pub use diff::{diff, end, markdown, marks, oneline};
pub use figures::figures;
pub use history::{history, stale, unreadable};
pub use plan::{Added, promotion, proposal, rollback, staging};
pub use status::{
    Dot, Here, environment, finding, frozen, held, how, past_tool, picture, record, standing,
    unrecorded, untested,
};
pub use timing::timing;

use crate::core::record::{Candidate, SignOff, Signer, State};
use crate::core::text::{Line, Tone};
use crate::core::when::When;
use crate::core::words::{Commit, CommitId};

/// The number of commits that a plan or a warning lists before it says "and n more".
const LISTED: usize = 60;
/// The number of files that a plan lists, or of unreviewed commits that a list names, before it says the same.
const NAMED: usize = 20;

impl When {
    /// Returns the date for every post about a commit: that of its proposal or, without a candidate, today's.
    pub fn date_of(&self, state: Option<&State>, commit: &CommitId) -> String {
        let candidate = state.and_then(|state| state.candidate_of(commit));
        match candidate.filter(|open| !open.date.is_empty()) {
            Some(open) => open.date.clone(),
            None => self.date(self.now),
        }
    }
}

/// Returns the person of a verdict and its time: "Ada, who proposed it, at 12:03".
fn verdict_by(candidate: &Candidate, verdict: &SignOff, authors: &[&str], when: &When) -> String {
    let signer = Signer::on(candidate, verdict, authors).told();
    let is_clause = signer.contains(", who ") && !signer.ends_with(')');
    let comma = if is_clause { "," } else { "" };
    format!("{signer}{comma} {}", when.moment(verdict.at))
}

/// Begins a line with a name in a column.
fn row(name: &str, width: usize) -> Line {
    Line::plain(format!("  {name:width$}  "))
}

pub fn widest<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(|name| name.chars().count()).max().unwrap_or(0)
}

/// Lists commits, one per line, up to [`LISTED`].
pub fn listed(commits: &[Commit]) -> Vec<Line> {
    let some = commits.iter().take(LISTED);
    let more = commits.len().saturating_sub(LISTED);
    some.map(|commit| named(Line::default(), commit))
        .chain(rest(more, "git smp diff"))
        .collect()
}

fn named(line: Line, commit: &Commit) -> Line {
    line.and(Tone::Hash, &commit.short)
        .and(Tone::Plain, format!(" {}", commit.subject_text()))
}

/// Returns the number of omitted entries with the command that shows them all.
fn rest(more: usize, all: &str) -> Option<Line> {
    (more > 0).then(|| Line::faint(format!("and {more} more; list all: {all}")))
}
