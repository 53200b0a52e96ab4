//! The output of `git smp where`. Pure.

use std::time::Duration;

use crate::core::show::{row, widest};
use crate::core::text::Tone::{Bad, Faint, Good, Hash, Plain};
use crate::core::text::{Line, ago, visible};
use crate::core::when::When;
use crate::core::words::{Commit, CommitId};

/// Whether an environment runs a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    pub environment: String,
    /// `None` if unknown.
    pub runs: Option<bool>,
    pub running: Option<CommitId>,
    pub since: Option<i64>,
    /// The copy that runs there instead of the commit itself.
    pub copy: Option<CommitId>,
    pub why: Option<String>,
    /// The time of the observation, if nothing was asked now.
    pub seen: Option<i64>,
}

impl Stand {
    pub fn unknown(environment: &str) -> Self {
        Self {
            environment: environment.to_owned(),
            runs: None,
            running: None,
            since: None,
            copy: None,
            why: None,
            seen: None,
        }
    }

    /// Returns whether it runs there, if this is the environment of that name.
    pub fn is(&self, environment: &str) -> Option<bool> {
        self.runs.filter(|_| self.environment == environment)
    }
}

/// Explains that no environment was asked, with the age of the record.
pub fn asked(age: Option<Duration>) -> String {
    let copies = "the last look of this clone or its remote-tracking branches";
    match age {
        None => format!("no environment was asked; this answer comes from {copies}"),
        Some(age) => {
            let seconds = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
            let read = ago(seconds, 0);
            format!(
                "no environment was asked; this answer comes from the record (read {read}), {copies}"
            )
        }
    }
}

pub fn heading(commit: &Commit) -> Line {
    let subject = visible(&String::from_utf8_lossy(&commit.subject));
    Line::default()
        .and(Hash, &commit.short)
        .and(Plain, format!(" {subject}"))
}

pub fn places(all: &[Stand], when: &When) -> Vec<Line> {
    let names = all.iter().map(|one| one.environment.as_str());
    let width = widest(names);
    all.iter().map(|one| line(one, width, when)).collect()
}

fn line(place: &Stand, width: usize, when: &When) -> Line {
    let line = stand(place, width, when);
    match place.seen {
        Some(at) => line.and(Faint, format!(", seen {}", ago(when.now, at))),
        None => line,
    }
}

fn stand(place: &Stand, width: usize, when: &When) -> Line {
    let line = row(&place.environment, width);
    match (place.runs, &place.running) {
        (Some(true), _) => {
            let line = line.and(Good, "runs it");
            let line = match place.since {
                Some(since) => line.and(Plain, format!(" since {}", when.dated(since))),
                None => line,
            };
            match &place.copy {
                Some(copy) => line.and(Faint, format!(", as its copy {}", copy.short())),
                None => line,
            }
        }
        (Some(false), Some(running)) => {
            let line = line.and(Plain, "does not run it");
            line.and(Faint, format!("; runs {}", running.short()))
        }
        (Some(false), None) => line
            .and(Plain, "does not run it")
            .and(Faint, "; nothing is deployed there"),
        (None, _) => {
            let why = place.why.as_deref().unwrap_or("no deploy there is known");
            line.and(Bad, "unknown")
                .and(Plain, format!(": {}", visible(why)))
        }
    }
}
