//! The output of `git smp where`. Pure.

use std::time::Duration;

use serde::Serialize;

use crate::core::show::{row, widest};
use crate::core::text::Tone::{Bad, Faint, Good, Hash, Plain};
use crate::core::text::{Line, ago, visible};
#[cfg(test)]
use crate::core::when::Rfc3339;
use crate::core::when::{When, write_time};
use crate::core::words::{Commit, CommitId};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Place"))]
pub struct Stand {
    pub environment: String,
    /// `null` if that is unknown.
    pub runs: Option<bool>,
    #[serde(skip)]
    pub running: Option<CommitId>,
    /// Since when it runs there without a break; `null` without a record, and if that began before the record.
    #[serde(serialize_with = "write_time")]
    #[cfg_attr(test, schemars(with = "Option<Rfc3339>"))]
    pub since: Option<i64>,
    /// The copy that runs there, after a cherry-pick; `null` if the commit itself runs there, or neither does.
    #[serde(rename = "as")]
    pub copy: Option<CommitId>,
    #[serde(skip)]
    pub why: Option<String>,
    // The time of the observation, if nothing was asked now.
    #[serde(skip)]
    pub seen: Option<i64>,
}

impl Stand {
    pub fn unknown(environment: &str) -> Self {
        Self {
            environment: environment.to_owned(),
            ..Self::default()
        }
    }

    /// Returns whether it runs there, if this is the environment of that name.
    pub fn is(&self, environment: &str) -> Option<bool> {
        self.runs.filter(|_| self.environment == environment)
    }
}

/// Explains that no environment was asked, with the age of the record.
pub fn asked(age: Option<Duration>) -> String {
    let copies = "what this clone last saw, or its remote-tracking branches";
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
            let why = why.trim_start_matches(&format!("{}: ", place.environment));
            line.and(Bad, "unknown")
                .and(Plain, format!(": {}", visible(why)))
        }
    }
}
