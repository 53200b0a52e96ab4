//! Reads the shared record and adds to it: fetch, compute the state, decide again, push only onto what was read.

pub mod beside;

mod append;
mod events;
mod signed;
mod words;

pub use append::{Decide, is_by_hook};
pub use signed::{Checking, KeyPlace};

use std::hash::{BuildHasher, RandomState};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::core::config::Config;
use crate::core::record::counted::SignedRecord;
use crate::core::record::{self, Copied, ReadError, Reading, State};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::{CommitId, EventId, SMP_TOML};
use crate::git::fetch::{self, FetchTarget, Tip, fetch};
use crate::git::push::{self, MayPush};
use crate::git::record as objects;
use crate::git::{Repo, moved, remote};
use crate::notes::Notes;
use crate::session::Session;

#[derive(Clone, Copy)]
struct Patience {
    /// For attempts while others write at the same time.
    busy: Duration,
    /// For asking about an event whose push was interrupted.
    unknown: Duration,
    /// For a server to show an event that it accepted.
    unshown: Duration,
    /// For an answer older than this clone's copy, which may come from a lagging server.
    lags: Duration,
}

const PATIENCE: Patience = Patience {
    busy: Duration::from_secs(60),
    unknown: Duration::from_secs(15),
    unshown: Duration::from_secs(5),
    lags: Duration::from_secs(6),
};
/// The number of reads before other programs of this clone are reported as the obstacle.
const LOOKS: usize = 20;
/// The pause before asking again after an old answer.
const LAG_PAUSE: Duration = Duration::from_millis(500);
const PROGRAM: &str = concat!("git-smp ", env!("CARGO_PKG_VERSION"));

#[derive(Clone, Copy)]
pub struct Recorder<'a> {
    repo: &'a Repo,
    remote: &'a str,
    reference: &'a str,
    config: &'a Config,
    /// The keys that count; `None` if the team does not sign.
    keys: Option<KeyPlace<'a>>,
    may_ask: bool,
    patience: Patience,
}

/// The text of the state after an event, or the reason why it has none.
type StateText = Result<Vec<u8>, String>;

/// The reason why one read gave no record.
enum Miss {
    /// The record changed meanwhile: read again.
    Moved,
    /// The record has less than this clone saw, maybe from a lagging server; the refusal applies if that continues.
    Older(Refusal),
    Refused(Refusal),
    Failed(Stop),
}

impl From<Refusal> for Miss {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Stop> for Miss {
    fn from(stop: Stop) -> Self {
        Self::Failed(stop)
    }
}

/// Returns a new unique id for an event.
pub fn new_id() -> EventId {
    // The system's random source seeds this hasher, and time and process differ as well.
    EventId::of(RandomState::new().hash_one((SystemTime::now(), std::process::id())))
}

impl<'a> Recorder<'a> {
    /// Returns the recorder for a command that needs the shared record.
    ///
    /// # Errors
    /// [`Stop::Misused`] if the team keeps none.
    pub fn required(
        session: &'a Session<'_>,
        config: &'a Config,
        command: &str,
    ) -> Result<Self, Stop> {
        Self::of(&session.repo, config, session.ui.is_interactive()).ok_or_else(|| {
            let error = format!(
                "git smp {command} needs the shared record, and {SMP_TOML} has no [record]"
            );
            let report = Report::new(error).because(
                "proposals and verdicts are kept there, on the main repository, for the whole team",
            );
            let setup = Typed::smp("setup");
            Stop::Misused(report.run(format!("add the line [record] to {SMP_TOML}, then"), setup))
        })
    }

    /// Returns the recorder of this configuration; `None` if it has no record.
    pub fn of(repo: &'a Repo, config: &'a Config, may_ask: bool) -> Option<Self> {
        let record = config.record.as_ref()?;
        let keys = record.signed.then_some(KeyPlace {
            branch: &config.repository.branch,
            path: &record.signers,
        });
        Some(Self {
            repo,
            remote: &config.repository.remote,
            reference: &record.reference,
            config,
            keys,
            may_ask,
            patience: PATIENCE,
        })
    }

    pub fn reference(&self) -> &str {
        self.reference
    }

    /// Returns whether the main repository would accept a push to the record at `tip`. Hooks only run in a real push.
    pub fn may_write(&self, tip: Option<&CommitId>) -> MayPush {
        let to = (self.remote, self.reference);
        push::may_push(self.repo, to, tip, self.may_ask)
    }

    /// Reads the record; if the main repository does not answer, this clone's last copy.
    ///
    /// # Errors
    /// The inner error says why there is no record; the outer one that this clone cannot be read.
    pub fn read(&self) -> Result<Result<Reading, Refusal>, Stop> {
        self.or_copy(self.read_now()?)
    }

    /// Returns the record or, if the main repository did not answer, this clone's last copy.
    pub fn or_copy(&self, now: Result<Reading, Refusal>) -> Result<Result<Reading, Refusal>, Stop> {
        let why = match now {
            Err(refusal) if refusal.code == RefusalCode::Unreachable => refusal,
            now => return Ok(now),
        };
        let Some((tip, text)) = self.seen()? else {
            return Ok(Err(why));
        };
        let age = self.notes().heard_ago();
        let copy = Some(Copied { age, why });
        let reading = self.understood(tip, &text);
        Ok(reading.map(|reading| Reading { copy, ..reading }))
    }

    /// Reads only the present record of the main repository.
    pub fn read_now(&self) -> Result<Result<Reading, Refusal>, Stop> {
        // The present main branch says whose events count.
        let names = (self.config.repository.branch.as_str(), Some(self.reference));
        let both = fetch::branch_and_tip(self.repo, self.remote, names, self.may_ask);
        self.read_at(both.map(|(_, tip)| tip).map_err(with_key))
    }

    /// Does the same after the tip of the record was just requested.
    pub fn read_at(&self, mut tip: Result<Tip, Refusal>) -> Result<Result<Reading, Refusal>, Stop> {
        // Another program of this clone may move the copy between two reads; then both are repeated. A lagging server
        // of the main repository may answer.
        let (mut older, mut moved) = (None, 0);
        loop {
            match tip.map_err(Miss::from).and_then(|tip| self.look(tip)) {
                Ok(reading) => return Ok(Ok(reading)),
                Err(Miss::Refused(refusal)) => return Ok(Err(refusal)),
                Err(Miss::Failed(stop)) => return Err(stop),
                Err(Miss::Moved) if moved == LOOKS => return Ok(Err(self.busy())),
                Err(Miss::Moved) => moved += 1,
                Err(Miss::Older(refusal)) => {
                    // A second read follows even if the first one took long.
                    if older.get_or_insert_with(Instant::now).elapsed() >= self.patience.lags {
                        return Ok(Err(refusal));
                    }
                    self.let_it_catch_up();
                }
            }
            tip = self.ask_tip().map(Tip::from);
        }
    }

    fn look(&self, tip: Tip) -> Result<Reading, Miss> {
        self.notes().heard();
        let is_here = tip.is_here;
        match (tip.at, self.seen()?) {
            (None, None) => self.nothing_yet(),
            (None, Some((last, _))) => Err(Miss::Older(self.gone(&last))),
            (Some(tip), Some((last, text))) if tip == last => Ok(self.understood(tip, &text)?),
            (Some(tip), seen) => self.fetched((tip, is_here), seen.map(|(last, _)| last)),
        }
    }

    /// Returns an empty record: this clone saw none on this ref. A record on another ref is refused as not moved,
    /// unless events are signed: a signed record cannot begin with foreign events.
    fn nothing_yet(&self) -> Result<Reading, Miss> {
        if self.keys.is_none()
            && let Some((name, last)) = objects::seen_elsewhere(self.repo)?
        {
            return Err(Miss::Refused(self.elsewhere(&name, &last)));
        }
        Ok(Reading {
            state: State::default(),
            tip: None,
            copy: None,
            signed: self.keys.map(|_| SignedRecord::default()),
        })
    }

    /// Fetches new events, and stores them as this clone's copy if they follow on the old copy.
    fn fetched(
        &self,
        (tip, is_here): (CommitId, bool),
        last: Option<CommitId>,
    ) -> Result<Reading, Miss> {
        // Another program of this clone may be fetching, so a commit may be here before its ancestors. The fetch below
        // brings them.
        if let Some(last) = &last
            && self.repo.has_commit(&tip)?
            && self.repo.is_ancestor(&tip, last).unwrap_or(false)
        {
            return Err(Miss::Older(self.older(last, &tip)));
        }
        if !is_here
            && let Err(refusal) = fetch(self.repo, self.remote, &FetchTarget::Commit(tip.clone()))
        {
            // Some servers only send tips, and this may no longer be one. Others have several copies: one named the
            // commit, another does not have it yet.
            let mut words = refusal.report.because.iter();
            if words.any(|line| line.contains("not our ref")) {
                return Err(Miss::Older(self.not_handed_out(&tip, &refusal)));
            }
            return Err(match self.ask_tip() {
                Ok(now) if now.as_ref() != Some(&tip) => Miss::Moved,
                _ => Miss::Refused(refusal),
            });
        }
        let text = objects::state_at(self.repo, &tip)?;
        let reading = self.understood(tip.clone(), &text)?;
        if let Some(last) = &last
            && !objects::follows_on(self.repo, last, &tip)?
        {
            // If that has changed, another program of this clone acted between the two reads: nothing is wrong.
            let tip_is = self.ask_tip().is_ok_and(|now| now.as_ref() == Some(&tip));
            return Err(
                if tip_is && objects::seen_id(self.repo)?.as_ref() == Some(last) {
                    Miss::Refused(self.rewound(last, &tip))
                } else {
                    Miss::Moved
                },
            );
        }
        // Another program may have been faster, or the clone may be read-only: reading succeeded anyway.
        objects::remember(self.repo, &tip, last.as_ref())?;
        Ok(reading)
    }

    /// Returns the last event that this clone saw, with its state or the reason why it has none.
    fn seen(&self) -> Result<Option<(CommitId, StateText)>, Stop> {
        if self.keys.is_none() {
            let seen = objects::seen(self.repo)?;
            return Ok(seen.map(|(tip, text)| (tip, Ok(text))));
        }
        let tip = objects::seen_id(self.repo)?;
        let seen = tip.map(|tip| Ok((tip.clone(), objects::state_at(self.repo, &tip)?)));
        seen.transpose()
    }

    fn understood(&self, tip: CommitId, text: &StateText) -> Result<Reading, Refusal> {
        let text = text.as_ref().map_err(|why| ReadError::Garbage(why.clone()));
        let state = text.and_then(|text| record::read_state(text));
        let state = state.map_err(|why| self.unreadable(&tip, &why));
        let (state, signed) = match self.keys {
            None => (state?, None),
            Some(keys) => {
                let counted = self.counted(keys, &tip, false);
                let (counted, signed, _) = counted.map_err(|stop| match stop {
                    Stop::Refused(refusal) => refusal,
                    other => Report::from(other).refused(RefusalCode::RecordUnreadable),
                })?;
                // Anybody can write the state of an event that does not count, so it is not needed.
                if signed.ignored.last().is_none_or(|last| last.commit != tip) {
                    state?;
                }
                (counted, Some(signed))
            }
        };
        let config = self.config;
        let names = config.environments.iter().map(|one| one.name.as_str());
        Ok(Reading {
            state: state
                .seen_from(
                    |name| names.clone().any(|one| one == name),
                    |from, to| config.leads(from, to),
                    config.policy.four_eyes,
                )
                .with_pages(|number| config.issue_url(number)),
            tip: Some(tip),
            copy: None,
            signed,
        })
    }

    /// Returns this clone's copy, if it is readable: a starting point, not an answer.
    pub fn known(&self) -> Option<Reading> {
        let (tip, text) = self.seen().ok().flatten()?;
        self.understood(tip, &text).ok()
    }

    /// Does the same for adding events, which requires that the keys were looked up in this run.
    pub(super) fn known_to_write(&self) -> Option<Reading> {
        let is_sure = self.keys.is_none() || self.repo.main().is_some();
        self.known().filter(|_| is_sure)
    }

    /// Returns the tip of the record; asks for a password if necessary and allowed.
    fn ask_tip(&self) -> Result<Option<CommitId>, Refusal> {
        let tip = remote::tip(self.repo, self.remote, self.reference, self.may_ask);
        tip.map_err(with_key)
    }

    /// Waits before asking again after an old answer.
    fn let_it_catch_up(&self) {
        thread::sleep(LAG_PAUSE.min(self.patience.lags / 4));
    }

    fn notes(&self) -> Notes {
        Notes::of(&self.repo.layout().common_dir)
    }
}

fn with_key(refusal: Refusal) -> Refusal {
    moved::with_key(refusal, "repository.url")
}

#[cfg(test)]
mod tests;
