//! Notes about pushes that are on their way, so that the next run does not repeat an interrupted push. A note stays
//! until its commit is seen running, so that a later run does not trust a single answer either.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::core::refusal::Stop;
use crate::core::words::CommitId;
use crate::notes::Notes;

/// A build that takes longer than this is no longer waited for.
pub(super) const LONGEST_BUILD: Duration = Duration::from_secs(30 * 60);

/// A note may be this far in the future, because the clocks of a file system and a machine differ.
const CLOCKS_DIFFER: Duration = Duration::from_secs(5 * 60);

/// A commit that was sent to an environment, by a push or by a release of its platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentCommit {
    pub commit: CommitId,
    /// The commit of the branch before a push.
    pub expected: Option<CommitId>,
    /// The number of the newest release before this release; `None` for a push.
    #[serde(default)]
    pub newest: Option<u64>,
    /// True once the push or release has ended. Its commit still has to be seen running.
    #[serde(default)]
    pub landed: bool,
    /// The commit that a rollback takes away; `None` for other deploys.
    #[serde(default)]
    pub takes_away: Option<CommitId>,
    /// True if it was announced on the record, before or with the push. `last` was the last deploy there: its commit and
    /// time.
    #[serde(default)]
    pub announced: bool,
    #[serde(default)]
    pub last: Option<(CommitId, i64)>,
}

fn files(name: &str) -> [String; 2] {
    ["in-flight", "releasing"].map(|what| format!("{what}-{name}"))
}

pub struct InFlight {
    notes: Notes,
    file: String,
    sent: SentCommit,
}

impl InFlight {
    /// Notes that the push has ended. Its commit still has to be seen running.
    pub fn landed(mut self) {
        self.sent.landed = true;
        // If this fails, the note is of a push with an unknown end, which is checked more closely, not less.
        let _ = self.notes.write(&self.file, &self.sent);
    }

    /// Removes the note of a push that had no effect.
    pub fn ended(&self) {
        // If the note stays, its age or a move of the branch makes it void.
        let _ = self.notes.remove(&self.file);
    }
}

impl Notes {
    /// Writes the note before a push or a release. If this fails, the caller must not push.
    pub fn begin(&self, name: &str, sent: SentCommit) -> Result<InFlight, Stop> {
        let [pushed, released] = files(name);
        let file = sent.newest.map_or(pushed, |_| released);
        self.write(&file, &sent)?;
        let notes = self.clone();
        Ok(InFlight { notes, file, sent })
    }

    /// Returns whether this clone sent this commit to an environment and has not seen it run since.
    pub fn is_unconfirmed(&self, name: &str, commit: &CommitId) -> bool {
        self.sent_ago(name, commit).is_some()
    }

    /// Returns the commit that this clone last sent there and did not see running, and the time in seconds since 1970.
    pub fn unconfirmed(&self, name: &str) -> Option<(CommitId, i64)> {
        let (sent, age) = self.sent(name).min_by_key(|(_, age)| *age)?;
        let then = SystemTime::now().checked_sub(age)?;
        let seconds = then.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
        Some((sent.commit, i64::try_from(seconds).ok()?))
    }

    pub fn sent_ago(&self, name: &str, commit: &CommitId) -> Option<Duration> {
        self.given(name, commit).map(|(_, age)| age).max()
    }

    /// Returns whether a push or a release of this commit may still be running, wherever the branch is now.
    pub fn may_go_on(&self, name: &str, commit: &CommitId) -> bool {
        self.given(name, commit).any(|(_, age)| age < LONGEST_BUILD)
    }

    /// Returns the commit of the branch before this clone pushed `commit`, as long as that was not seen to run.
    pub fn pushed_onto(&self, name: &str, commit: &CommitId) -> Option<CommitId> {
        self.given(name, commit).find_map(|(sent, _)| sent.expected)
    }

    /// Returns the commit that this clone's rollback to `commit` takes away, as long as that was not seen to run.
    pub fn taken_away(&self, name: &str, commit: &CommitId) -> Option<CommitId> {
        self.given(name, commit)
            .find_map(|(sent, _)| sent.takes_away)
    }

    /// Returns the target of this clone's unconfirmed rollback, if its target or the commit that it takes away runs.
    pub fn leads_to(&self, name: &str, runs: &CommitId) -> Option<CommitId> {
        self.sent(name).find_map(|(sent, _)| {
            let from = sent.takes_away?;
            (sent.commit == *runs || from == *runs).then_some(sent.commit)
        })
    }

    /// Returns the commit of a push onto `expected` that may still be building, and the age of the push. `last` is the
    /// last deploy there on record: a later one than the push knew ends it.
    pub fn pushing(
        &self,
        name: &str,
        expected: Option<&CommitId>,
        last: Option<&(CommitId, i64)>,
    ) -> Option<(CommitId, Duration)> {
        self.going(name, |sent| {
            let is_over = sent.announced && last.is_some() && last != sent.last.as_ref();
            sent.newest.is_none() && sent.expected.as_ref() == expected && !is_over
        })
    }

    /// Returns the commit and the age of a release that began while `newest` was the platform's newest release.
    pub fn releasing(&self, name: &str, newest: u64) -> Option<(CommitId, Duration)> {
        self.going(name, |sent| sent.newest == Some(newest))
    }

    pub fn confirmed(&self, name: &str, commit: &CommitId) {
        for file in files(name) {
            let sent = self.read::<SentCommit>(&file);
            if sent.is_some_and(|sent| sent.commit == *commit) {
                // If the note stays, it costs one more look.
                let _ = self.remove(&file);
            }
        }
    }

    fn going(
        &self,
        name: &str,
        is_this: impl Fn(&SentCommit) -> bool,
    ) -> Option<(CommitId, Duration)> {
        let mut open = self
            .sent(name)
            .filter(|(sent, age)| !sent.landed && *age < LONGEST_BUILD);
        let (sent, age) = open.find(|(sent, _)| is_this(sent))?;
        Some((sent.commit, age))
    }

    fn given(&self, name: &str, commit: &CommitId) -> impl Iterator<Item = (SentCommit, Duration)> {
        self.sent(name)
            .filter(move |(sent, _)| sent.commit == *commit)
    }

    /// Returns what was sent there, and how long ago. A note from the future, after a clock was set back, is old.
    fn sent(&self, name: &str) -> impl Iterator<Item = (SentCommit, Duration)> {
        files(name).into_iter().filter_map(|file| {
            let begun = self.written_at(&file)?;
            let age = SystemTime::now().duration_since(begun);
            let age = age.unwrap_or_else(|ahead| match ahead.duration() < CLOCKS_DIFFER {
                true => Duration::ZERO,
                false => LONGEST_BUILD,
            });
            Some((self.read(&file)?, age))
        })
    }
}
