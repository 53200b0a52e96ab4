//! That a push is on its way, so that a run that was cut off is not doubled by the next one. The note stays until what was
//! pushed is seen to run, so that the next one does not believe a single answer either.

use std::fs;
use std::time::{Duration, SystemTime, SystemTimeError};

use serde::{Deserialize, Serialize};

use crate::core::refusal::Stop;
use crate::core::words::CommitId;
use crate::notes::Notes;

/// A build that takes longer than this is not waited for any more.
const LONGEST_BUILD: Duration = Duration::from_secs(30 * 60);

/// So far ahead a note may lie by the clocks of a file system and a machine.
const CLOCKS_DIFFER: Duration = Duration::from_secs(5 * 60);

/// What an environment is given, by a push or by a release of its platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The commit.
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

/// The note of a push or release that is going on.
pub struct InFlight {
    notes: Notes,
    name: String,
    sent: Sent,
}

impl InFlight {
    /// It was seen to end, and what it brought is still to be seen to run.
    pub fn landed(self) {
        let sent = Sent {
            landed: true,
            ..self.sent
        };
        // Left as it was, the note is of a push whose end nobody saw: then it is looked at more closely, not less.
        let _ = self.notes.write(&self.name, &sent);
    }

    /// Takes the note away: it came to nothing.
    pub fn ended(&self) {
        // A note that stays is outlived by its own age, and by any move of the branch.
        let _ = self.notes.remove(&self.name);
    }
}

impl Notes {
    /// Writes the note before a push or a release.
    ///
    /// # Errors
    /// When it cannot be written; then nothing must be pushed or released.
    pub fn begin(&self, environment: &str, sent: Sent) -> Result<InFlight, Stop> {
        let [push, release] = names(environment);
        let name = if sent.newest.is_some() { release } else { push };
        self.write(&name, &sent)?;
        Ok(InFlight {
            notes: self.clone(),
            name,
            sent,
        })
    }

    /// Whether this clone gave an environment this commit and did not see it run since.
    pub fn is_unconfirmed(&self, environment: &str, commit: &CommitId) -> bool {
        self.sent(environment, commit).next().is_some()
    }

    /// How long ago this clone gave an environment this commit that was not seen to run since.
    pub fn sent_ago(&self, environment: &str, commit: &CommitId) -> Option<Duration> {
        self.sent(environment, commit).map(|(_, age)| age).max()
    }

    /// Whether a push or a release of this commit may still be on its way, wherever the branch is by now.
    pub fn may_go_on(&self, environment: &str, commit: &CommitId) -> bool {
        self.sent(environment, commit)
            .any(|(_, age)| age < LONGEST_BUILD)
    }

    /// What the branch was at when this clone pushed the commit there that was not seen to run since.
    pub fn pushed_onto(&self, environment: &str, commit: &CommitId) -> Option<CommitId> {
        self.sent(environment, commit)
            .find_map(|(sent, _)| sent.expected)
    }

    /// What a rollback of this clone to this commit took away, as long as it was not seen to run.
    pub fn taken_away(&self, environment: &str, commit: &CommitId) -> Option<CommitId> {
        self.sent(environment, commit)
            .find_map(|(sent, _)| sent.takes_away)
    }

    /// Where a rollback of this clone leads to that was not seen to end, as long as the environment runs that, or what it
    /// came from.
    pub fn leads_to(&self, environment: &str, runs: &CommitId) -> Option<CommitId> {
        self.all_sent(environment)
            .filter(|(sent, _)| sent.takes_away.is_some())
            .find(|(sent, _)| sent.commit == *runs || sent.takes_away.as_ref() == Some(runs))
            .map(|(sent, _)| sent.commit)
    }

    /// The commit of a push onto `expected` that may still be building, and how long ago it began.
    pub fn pushing(
        &self,
        environment: &str,
        expected: Option<&CommitId>,
    ) -> Option<(CommitId, Duration)> {
        self.going(environment, |sent| {
            sent.newest.is_none() && sent.expected.as_ref() == expected
        })
    }

    /// The same of a release that a platform was told to make when this was its newest.
    pub fn releasing(&self, environment: &str, newest: u64) -> Option<(CommitId, Duration)> {
        self.going(environment, |sent| sent.newest == Some(newest))
    }

    /// The commit was seen to run.
    pub fn confirmed(&self, environment: &str, commit: &CommitId) {
        for name in names(environment) {
            if self
                .read::<Sent>(&name)
                .is_some_and(|sent| sent.commit == *commit)
            {
                // A note that stays costs one more look.
                let _ = self.remove(&name);
            }
        }
    }

    fn going(
        &self,
        environment: &str,
        is_this: impl Fn(&Sent) -> bool,
    ) -> Option<(CommitId, Duration)> {
        self.all_sent(environment)
            .find(|(sent, age)| is_this(sent) && !sent.landed && *age < LONGEST_BUILD)
            .map(|(sent, age)| (sent.commit, age))
    }

    fn sent(&self, environment: &str, commit: &CommitId) -> impl Iterator<Item = (Sent, Duration)> {
        self.all_sent(environment)
            .filter(move |(sent, _)| sent.commit == *commit)
    }

    fn all_sent(&self, environment: &str) -> impl Iterator<Item = (Sent, Duration)> {
        names(environment)
            .into_iter()
            .filter_map(|name| Some((self.read(&name)?, self.age(&name)?)))
    }

    /// By a clock that was set back since, nobody knows how old it is; then it must not bar the way until that time comes.
    fn age(&self, name: &str) -> Option<Duration> {
        let begun = fs::metadata(self.path(name)).ok()?.modified().ok()?;
        let age = |ahead: SystemTimeError| {
            if ahead.duration() < CLOCKS_DIFFER {
                Duration::ZERO
            } else {
                LONGEST_BUILD
            }
        };
        Some(SystemTime::now().duration_since(begun).unwrap_or_else(age))
    }
}

/// The notes of a push and of a release.
fn names(environment: &str) -> [String; 2] {
    [
        format!("in-flight-{environment}"),
        format!("releasing-{environment}"),
    ]
}
