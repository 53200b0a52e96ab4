//! A note in the clone that a push is on its way, so that a run that was cut off is not doubled by the next one; it stays
//! until what was pushed is seen to run, so that the next one does not believe a single answer either.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, SystemTimeError};

use serde::{Deserialize, Serialize};

use crate::announced;
use crate::error::{Report, Stop};
use crate::git::push::Push;
use crate::model::CommitId;

/// A build that takes longer than this is not waited for any more.
const LONGEST_BUILD: Duration = Duration::from_secs(30 * 60);

/// So far ahead a note may lie by the clocks of a file system and a machine.
const CLOCKS_DIFFER: Duration = Duration::from_secs(5 * 60);

/// A push that began in this clone and whose end, or whose commit, was not seen yet.
pub struct InFlight {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Note {
    commit: String,
    expected: Option<String>,
    /// The number of the newest release before it, where a platform was to release and nothing is pushed.
    #[serde(default)]
    newest: Option<u64>,
    /// Whether it came to its end: what is left is to see it run.
    #[serde(default)]
    landed: bool,
    /// A rollback: what it takes away.
    #[serde(default)]
    takes_away: Option<CommitId>,
}

impl InFlight {
    /// Writes the note, before the push.
    ///
    /// # Errors
    /// When it cannot be written; then nothing must be pushed.
    pub fn begin(
        common_dir: &Path,
        environment: &str,
        push: &Push,
        takes_away: Option<&CommitId>,
    ) -> Result<Self, Stop> {
        let (commit, expected) = (
            push.commit.to_string(),
            push.expected.as_ref().map(ToString::to_string),
        );
        Self::note(
            place(common_dir, environment),
            &Note {
                commit,
                expected,
                newest: None,
                landed: false,
                takes_away: takes_away.cloned(),
            },
        )
    }

    /// Writes the note before a platform is told to release a commit.
    ///
    /// # Errors
    /// When it cannot be written; then nothing must be released.
    pub fn begin_release(
        common_dir: &Path,
        environment: &str,
        commit: &CommitId,
        newest: u64,
        takes_away: Option<&CommitId>,
    ) -> Result<Self, Stop> {
        let note = Note {
            commit: commit.to_string(),
            expected: None,
            newest: Some(newest),
            landed: false,
            takes_away: takes_away.cloned(),
        };
        Self::note(place_of_release(common_dir, environment), &note)
    }

    fn note(path: PathBuf, note: &Note) -> Result<Self, Stop> {
        let written = serde_json::to_vec(note)
            .map_err(std::io::Error::other)
            .and_then(|json| announced::keep(&path, &json));
        let trouble = |error: std::io::Error| {
            let report = Report::new("nothing was pushed: the clone's own notes cannot be written");
            let report = report.because(format!("{}: {error}", path.display()));
            Stop::Failed(report.hint("make room for them, then run the same command again"))
        };
        written.map_err(trouble)?;
        Ok(Self { path })
    }

    /// The push was seen to end, and what it brought is still to be seen to run.
    pub fn landed(&self) {
        let Some((note, _)) = Self::read(&self.path) else {
            return;
        };
        // Left as it was, the note is of a push whose end nobody saw: then it is looked at more closely, not less.
        let _ = Self::note(
            self.path.clone(),
            &Note {
                landed: true,
                ..note
            },
        );
    }

    /// Whether this clone gave an environment this commit and did not see it run since.
    pub fn is_unconfirmed(common_dir: &Path, environment: &str, commit: &CommitId) -> bool {
        let notes = [
            place(common_dir, environment),
            place_of_release(common_dir, environment),
        ];
        notes
            .iter()
            .filter_map(|path| Self::read(path))
            .any(|(note, _)| note.commit == commit.as_str())
    }

    /// How long ago this clone gave an environment this commit that was not seen to run since.
    pub fn age(common_dir: &Path, environment: &str, commit: &CommitId) -> Option<Duration> {
        let notes = [
            place(common_dir, environment),
            place_of_release(common_dir, environment),
        ];
        let known = notes.iter().filter_map(|path| Self::read(path));
        known
            .filter(|(note, _)| note.commit == commit.as_str())
            .map(|(_, age)| age)
            .max()
    }

    /// What the branch was at when this clone pushed the commit there that was not seen to run since.
    pub fn pushed_onto(
        common_dir: &Path,
        environment: &str,
        commit: &CommitId,
    ) -> Option<CommitId> {
        let (note, _) = Self::read(&place(common_dir, environment))?;
        (note.commit == commit.as_str())
            .then_some(note.expected?)
            .as_deref()
            .and_then(CommitId::parse)
    }

    /// What a rollback of this clone to this commit took away, as long as it was not seen to run.
    pub fn takes_away(common_dir: &Path, environment: &str, commit: &CommitId) -> Option<CommitId> {
        Self::rollbacks(common_dir, environment)
            .find(|(to, _)| to == commit)
            .map(|(_, from)| from)
    }

    /// Where a rollback of this clone leads to that was not seen to end, as long as the environment runs that, or what it
    /// came from.
    pub fn leads_to(common_dir: &Path, environment: &str, runs: &CommitId) -> Option<CommitId> {
        Self::rollbacks(common_dir, environment)
            .find(|(to, from)| to == runs || from == runs)
            .map(|(to, _)| to)
    }

    fn rollbacks(
        common_dir: &Path,
        environment: &str,
    ) -> impl Iterator<Item = (CommitId, CommitId)> {
        let places = [
            place(common_dir, environment),
            place_of_release(common_dir, environment),
        ];
        places.into_iter().filter_map(|path| {
            let (note, _) = Self::read(&path)?;
            Some((CommitId::parse(&note.commit)?, note.takes_away?))
        })
    }

    /// The commit was seen to run.
    pub fn confirmed(common_dir: &Path, environment: &str, commit: &CommitId) {
        for path in [
            place(common_dir, environment),
            place_of_release(common_dir, environment),
        ] {
            if Self::read(&path).is_some_and(|(note, _)| note.commit == commit.as_str()) {
                // A note that stays costs one more look.
                let _ = fs::remove_file(path);
            }
        }
    }

    /// Takes the note away: the push came to nothing.
    pub fn ended(&self) {
        // A note that stays is outlived by its own age, and by any move of the branch.
        let _ = fs::remove_file(&self.path);
    }

    /// The commit of a push onto `expected` that may still be building, and how long ago it began; `None` if there is
    /// none.
    pub fn look(
        common_dir: &Path,
        environment: &str,
        expected: Option<&CommitId>,
    ) -> Option<(CommitId, Duration)> {
        let (note, age) = Self::read(&place(common_dir, environment))?;
        let same =
            note.newest.is_none() && note.expected.as_deref() == expected.map(CommitId::as_str);
        let open = same && !note.landed && age < LONGEST_BUILD;
        open.then(|| CommitId::parse(&note.commit))
            .flatten()
            .map(|commit| (commit, age))
    }

    /// The same of a release that a platform was told to make when this was its newest.
    pub fn look_release(
        common_dir: &Path,
        environment: &str,
        newest: u64,
    ) -> Option<(CommitId, Duration)> {
        let (note, age) = Self::read(&place_of_release(common_dir, environment))?;
        let open = note.newest == Some(newest) && !note.landed && age < LONGEST_BUILD;
        open.then(|| CommitId::parse(&note.commit))
            .flatten()
            .map(|commit| (commit, age))
    }

    /// Whether a push or a release of this commit may still be on its way, wherever the branch is by now.
    pub fn may_go_on(common_dir: &Path, environment: &str, commit: &CommitId) -> bool {
        let notes = [
            place(common_dir, environment),
            place_of_release(common_dir, environment),
        ];
        let open =
            |(note, age): (Note, Duration)| note.commit == commit.as_str() && age < LONGEST_BUILD;
        notes.iter().any(|path| Self::read(path).is_some_and(open))
    }

    fn read(path: &Path) -> Option<(Note, Duration)> {
        let note: Note = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        let begun = fs::metadata(path).ok()?.modified().ok()?;
        // By a clock that was set back since, nobody knows how old it is; then it must not bar the way until that time comes.
        let age = |ahead: SystemTimeError| {
            if ahead.duration() < CLOCKS_DIFFER {
                Duration::ZERO
            } else {
                LONGEST_BUILD
            }
        };
        Some((
            note,
            SystemTime::now().duration_since(begun).unwrap_or_else(age),
        ))
    }
}

fn place_of_release(common_dir: &Path, environment: &str) -> PathBuf {
    common_dir
        .join("smp")
        .join(format!("releasing-{environment}"))
}

fn place(common_dir: &Path, environment: &str) -> PathBuf {
    common_dir
        .join("smp")
        .join(format!("in-flight-{environment}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_by_a_clock_that_jumped_bars_the_way_no_longer_than_another() {
        let folder = tempfile::tempdir().unwrap();
        let commit = CommitId::parse(&"1".repeat(40)).unwrap();
        let push = Push {
            remote: "p".into(),
            branch: "main".into(),
            commit: commit.clone(),
            expected: None,
        };
        let note = InFlight::begin(folder.path(), "production", &push, None).unwrap();
        let is_open = |ahead: u64| {
            let file = fs::File::options().write(true).open(&note.path).unwrap();
            file.set_modified(SystemTime::now() + Duration::from_secs(ahead))
                .unwrap();
            InFlight::look(folder.path(), "production", None).is_some()
        };
        assert!(
            is_open(0) && is_open(60),
            "the clocks of a machine and its file system differ a little"
        );
        assert!(
            !is_open(3600) && !is_open(10 * 365 * 24 * 3600),
            "nobody waits until that time comes"
        );
        assert!(!InFlight::may_go_on(folder.path(), "production", &commit));
    }
}
