//! That a push is on its way, so that a run that was cut off is not doubled by the next one. The note stays until what was
//! pushed is seen to run, so that the next one does not believe a single answer either.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::core::refusal::Stop;
use crate::core::words::CommitId;
use crate::notes::Notes;

/// A build that takes longer than this is not waited for any more.
pub(super) const LONGEST_BUILD: Duration = Duration::from_secs(30 * 60);

/// So far ahead a note may lie by the clocks of a file system and a machine.
const CLOCKS_DIFFER: Duration = Duration::from_secs(5 * 60);

/// What an environment is given, by a push or by a release of its platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentCommit {
    pub commit: CommitId,
    /// Where the branch was before a push.
    pub expected: Option<CommitId>,
    /// The number of the newest release before a release, where nothing is pushed.
    #[serde(default)]
    pub newest: Option<u64>,
    /// Whether it came to its end: what is left is to see it run.
    #[serde(default)]
    pub landed: bool,
    /// A rollback: what it takes away.
    #[serde(default)]
    pub takes_away: Option<CommitId>,
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
    /// It was seen to end, and what it brought is still to be seen to run.
    pub fn landed(mut self) {
        self.sent.landed = true;
        // Left as it was, the note is of a push whose end nobody saw: then it is looked at more closely, not less.
        let _ = self.notes.write(&self.file, &self.sent);
    }

    /// Takes the note away: it came to nothing.
    pub fn ended(&self) {
        // A note that stays is outlived by its own age, and by any move of the branch.
        let _ = self.notes.remove(&self.file);
    }
}

impl Notes {
    /// Writes the note before a push or a release; where it cannot be written, there must be none.
    pub fn begin(&self, name: &str, sent: SentCommit) -> Result<InFlight, Stop> {
        let [pushed, released] = files(name);
        let file = sent.newest.map_or(pushed, |_| released);
        self.write(&file, &sent)?;
        let notes = self.clone();
        Ok(InFlight { notes, file, sent })
    }

    /// Whether this clone gave an environment this commit and did not see it run since.
    pub fn is_unconfirmed(&self, name: &str, commit: &CommitId) -> bool {
        self.sent_ago(name, commit).is_some()
    }

    /// What this clone gave an environment last and did not see run since, and when, in seconds since 1970.
    pub fn unconfirmed(&self, name: &str) -> Option<(CommitId, i64)> {
        let (sent, age) = self.sent(name).min_by_key(|(_, age)| *age)?;
        let then = SystemTime::now().checked_sub(age)?;
        let seconds = then.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
        Some((sent.commit, i64::try_from(seconds).ok()?))
    }

    pub fn sent_ago(&self, name: &str, commit: &CommitId) -> Option<Duration> {
        self.given(name, commit).map(|(_, age)| age).max()
    }

    /// Whether a push or a release of this commit may still be on its way, wherever the branch is by now.
    pub fn may_go_on(&self, name: &str, commit: &CommitId) -> bool {
        self.given(name, commit).any(|(_, age)| age < LONGEST_BUILD)
    }

    /// What the branch was at when this clone pushed the commit there that was not seen to run since.
    pub fn pushed_onto(&self, name: &str, commit: &CommitId) -> Option<CommitId> {
        self.given(name, commit).find_map(|(sent, _)| sent.expected)
    }

    /// What a rollback of this clone to this commit took away, as long as it was not seen to run.
    pub fn taken_away(&self, name: &str, commit: &CommitId) -> Option<CommitId> {
        self.given(name, commit)
            .find_map(|(sent, _)| sent.takes_away)
    }

    /// Where a rollback of this clone leads that was not seen to end, while what it came from or leads to runs.
    pub fn leads_to(&self, name: &str, runs: &CommitId) -> Option<CommitId> {
        self.sent(name).find_map(|(sent, _)| {
            let from = sent.takes_away?;
            (sent.commit == *runs || from == *runs).then_some(sent.commit)
        })
    }

    /// The commit of a push onto `expected` that may still be building, and how long ago it began.
    pub fn pushing(&self, name: &str, expected: Option<&CommitId>) -> Option<(CommitId, Duration)> {
        self.going(name, |sent| {
            sent.newest.is_none() && sent.expected.as_ref() == expected
        })
    }

    /// The same of a release that a platform was told to make when this was its newest.
    pub fn releasing(&self, name: &str, newest: u64) -> Option<(CommitId, Duration)> {
        self.going(name, |sent| sent.newest == Some(newest))
    }

    pub fn confirmed(&self, name: &str, commit: &CommitId) {
        for file in files(name) {
            let sent = self.read::<SentCommit>(&file);
            if sent.is_some_and(|sent| sent.commit == *commit) {
                // A note that stays costs one more look.
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

    /// What was sent there, and how long ago. A clock that was set back must not bar the way until that time comes.
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
