//! Reads the shared record and adds to it: fetch, fold, decide again, and push only onto what was read.

pub mod beside;

mod append;
mod signed;
mod words;

pub use append::{Decide, is_by_hook};
pub use signed::{Checking, KeyPlace};

use std::hash::{BuildHasher, RandomState};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::core::config::Config;
use crate::core::record::counted::SignedRecord;
use crate::core::record::{self, Copied, Event, Person, ReadError, Reading, State};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::{CommitId, EventId};
use crate::git::fetch::{self, FetchTarget, Tip, fetch};
use crate::git::push::{self, MayPush};
use crate::git::record as objects;
use crate::git::{Repo, moved, remote};
use crate::notes::Notes;
use crate::session::Session;

/// How long the recorder goes on before it says that it does not get through.
#[derive(Clone, Copy)]
struct Patience {
    /// For how long it is tried again when others write at the same time.
    busy: Duration,
    /// For how long it is asked what became of an event whose push broke off.
    unknown: Duration,
    /// For how long a server may take to show what it took.
    unshown: Duration,
    /// For how long an answer that is older than what this clone saw may be that of a copy that lags behind.
    lags: Duration,
}

const PATIENCE: Patience = Patience {
    busy: Duration::from_secs(60),
    unknown: Duration::from_secs(15),
    unshown: Duration::from_secs(5),
    lags: Duration::from_secs(6),
};
/// How often the record is looked at before other programs of the same clone are said to be in the way.
const LOOKS: usize = 20;
/// The pause before an older answer is asked for again.
const LAG_PAUSE: Duration = Duration::from_millis(500);
/// The name and version that every event bears.
const PROGRAM: &str = concat!("git-smp ", env!("CARGO_PKG_VERSION"));

#[derive(Clone, Copy)]
pub struct Recorder<'a> {
    repo: &'a Repo,
    remote: &'a str,
    reference: &'a str,
    config: &'a Config,
    /// Whose keys count; `None`: the team does not sign.
    keys: Option<KeyPlace<'a>>,
    may_ask: bool,
    patience: Patience,
}

/// Why one look gave no record.
enum Miss {
    /// Something moved meanwhile, so that another look is needed.
    Moved,
    /// Less than this clone saw, which may be the answer of a copy that lags behind; what it means if it stays so.
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

/// A name for an event to come, which nothing else has.
pub fn new_id() -> EventId {
    // The standard library seeds this hasher from the system's random source, and time and process differ as well.
    EventId::of(RandomState::new().hash_one((SystemTime::now(), std::process::id())))
}

impl<'a> Recorder<'a> {
    /// The recorder for a command that only a shared record makes possible.
    ///
    /// # Errors
    /// [`Stop::Misused`] where the team keeps none.
    pub fn required(
        session: &'a Session<'_>,
        config: &'a Config,
        command: &str,
    ) -> Result<Self, Stop> {
        Self::of(&session.repo, config, session.ui.is_interactive()).ok_or_else(|| {
            let error =
                format!("git smp {command} needs the shared record, and smp.toml has no [record]");
            let report = Report::new(error).because(
                "proposals and verdicts are kept there, on the main repository, for the whole team",
            );
            let setup = Typed::smp("setup");
            Stop::Misused(report.run("add the line [record] to smp.toml, then", setup))
        })
    }

    /// The recorder of this configuration; `None` where the team keeps no record.
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

    /// Whether the main repository would let us push to the record at `tip`. Hooks are heard only by a real push.
    pub fn may_write(&self, tip: Option<&CommitId>) -> MayPush {
        let to = (self.remote, self.reference);
        push::may_push(self.repo, to, tip, self.may_ask)
    }

    /// Reads the record; where the main repository does not answer, what this clone saw of it last.
    ///
    /// # Errors
    /// The inner error says why there is no record to be had; the outer one, that this clone cannot be read.
    pub fn read(&self) -> Result<Result<Reading, Refusal>, Stop> {
        self.or_copy(self.read_now()?)
    }

    /// What was read or, where the main repository did not answer, what this clone saw of it last.
    pub fn or_copy(&self, now: Result<Reading, Refusal>) -> Result<Result<Reading, Refusal>, Stop> {
        let why = match now {
            Err(refusal) if refusal.code == RefusalCode::Unreachable => refusal,
            now => return Ok(now),
        };
        let Some((tip, text)) = objects::seen(self.repo)? else {
            return Ok(Err(why));
        };
        let age = self.notes().heard_ago();
        let copy = Some(Copied { age, why });
        let reading = self.understood(tip, &text);
        Ok(reading.map(|reading| Reading { copy, ..reading }))
    }

    /// Reads what the main repository has now, and nothing else.
    pub fn read_now(&self) -> Result<Result<Reading, Refusal>, Stop> {
        // Whose events count stands on the main branch, as it is now.
        let names = (self.config.repository.branch.as_str(), Some(self.reference));
        let both = fetch::branch_and_tip(self.repo, self.remote, names, self.may_ask);
        self.read_at(both.map(|(_, tip)| tip).map_err(with_key))
    }

    /// The same, where it was just asked where the record is.
    pub fn read_at(&self, mut tip: Result<Tip, Refusal>) -> Result<Result<Reading, Refusal>, Stop> {
        // Another program of this clone may move what was seen between our two looks; then both are taken again. And a copy
        // of the main repository that lags behind may answer in its place.
        let (mut older, mut moved) = (None, 0);
        loop {
            match tip.map_err(Miss::from).and_then(|tip| self.look(tip)) {
                Ok(reading) => return Ok(Ok(reading)),
                Err(Miss::Refused(refusal)) => return Ok(Err(refusal)),
                Err(Miss::Failed(stop)) => return Err(stop),
                Err(Miss::Moved) if moved == LOOKS => return Ok(Err(self.busy())),
                Err(Miss::Moved) => moved += 1,
                Err(Miss::Older(refusal)) => {
                    // However long the first look took, there is a second one.
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
        match (tip.at, objects::seen(self.repo)?) {
            (None, None) => self.nothing_yet(),
            (None, Some((last, _))) => Err(Miss::Older(self.gone(&last))),
            (Some(tip), Some((last, text))) if tip == last => Ok(self.understood(tip, &text)?),
            (Some(tip), seen) => self.fetched((tip, is_here), seen.map(|(last, _)| last)),
        }
    }

    /// There is no record, and this clone saw none on this ref. One on another ref is taken along, unless events are to be
    /// signed: a record that begins with others would not be verified.
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

    /// Fetches what this clone has not seen, and remembers it if it follows on what was seen.
    fn fetched(
        &self,
        (tip, is_here): (CommitId, bool),
        last: Option<CommitId>,
    ) -> Result<Reading, Miss> {
        // Another program of this clone may be fetching: of what it writes, a commit may be here before those that lie
        // behind it. The fetch below brings them.
        if let Some(last) = &last
            && self.repo.has_commit(&tip)?
            && self.repo.is_ancestor(&tip, last).unwrap_or(false)
        {
            return Err(Miss::Older(self.older(last, &tip)));
        }
        if !is_here
            && let Err(refusal) = fetch(self.repo, self.remote, &FetchTarget::Commit(tip.clone()))
        {
            // Some servers hand out tips only, and this may be none any more. Others have copies, of which one named it and
            // another does not know it yet.
            let mut words = refusal.report.because.iter();
            if words.any(|line| line.contains("not our ref")) {
                return Err(Miss::Older(self.not_handed_out(&tip, &refusal)));
            }
            return Err(match self.ask_tip() {
                Ok(now) if now.as_ref() != Some(&tip) => Miss::Moved,
                _ => Miss::Refused(refusal),
            });
        }
        let text = objects::state_at(self.repo, &tip)?
            .map_err(|why| self.unreadable(&tip, &ReadError::Garbage(why)))?;
        let reading = self.understood(tip.clone(), &text)?;
        if let Some(last) = &last
            && !objects::follows_on(self.repo, last, &tip)?
        {
            // If it is not so any more, another program of this clone was between our two looks, and nothing is amiss.
            let tip_is = self.ask_tip().is_ok_and(|now| now.as_ref() == Some(&tip));
            return Err(
                if tip_is && objects::seen_id(self.repo)?.as_ref() == Some(last) {
                    Miss::Refused(self.rewound(last, &tip))
                } else {
                    Miss::Moved
                },
            );
        }
        // Another program of this clone may have been quicker, or the clone may only be read: it was read all the same.
        objects::remember(self.repo, &tip, last.as_ref())?;
        Ok(reading)
    }

    /// Makes sense of a state.
    fn understood(&self, tip: CommitId, text: &[u8]) -> Result<Reading, Refusal> {
        let state = record::read_state(text).map_err(|why| self.unreadable(&tip, &why))?;
        let (state, signed) = match self.keys {
            None => (state, None),
            Some(keys) => {
                let counted = self.counted(keys, &tip, false);
                let (state, signed, _) = counted.map_err(|stop| match stop {
                    Stop::Refused(refusal) => refusal,
                    other => Report::from(other).refused(RefusalCode::RecordUnreadable),
                })?;
                (state, Some(signed))
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

    /// What this clone saw last, where that can be read: a place to begin from, and no answer.
    pub fn known(&self) -> Option<Reading> {
        let (tip, text) = objects::seen(self.repo).ok().flatten()?;
        self.understood(tip, &text).ok()
    }

    /// The same to add events to, which is no good where the keys that count were not looked up in this run.
    pub(super) fn known_to_write(&self) -> Option<Reading> {
        let is_sure = self.keys.is_none() || self.repo.main().is_some();
        self.known().filter(|_| is_sure)
    }

    /// Where the record is now; asks for a password if that is needed and allowed.
    fn ask_tip(&self) -> Result<Option<CommitId>, Refusal> {
        let tip = remote::tip(self.repo, self.remote, self.reference, self.may_ask);
        tip.map_err(with_key)
    }

    /// Waits before an older answer is asked for again.
    fn let_it_catch_up(&self) {
        thread::sleep(LAG_PAUSE.min(self.patience.lags / 4));
    }

    fn notes(&self) -> Notes {
        Notes::of(&self.repo.layout().common_dir)
    }

    /// Every event, oldest first, with those that cannot be read left out and counted.
    pub fn events(&self, reading: &Reading) -> Result<(Vec<Event>, usize), Stop> {
        self.latest_events(reading, u32::MAX)
    }

    /// The same for what allows a deploy: every signature is checked now, whatever this clone noted of it.
    pub fn events_anew(&self, reading: &Reading) -> Result<Vec<Event>, Stop> {
        match self.keys.zip(reading.tip.as_ref()) {
            Some((keys, tip)) => Ok(self.counted(keys, tip, true)?.2),
            None => Ok(self.events(reading)?.0),
        }
    }

    /// The same of the latest `count` events.
    pub fn latest_events(
        &self,
        reading: &Reading,
        count: u32,
    ) -> Result<(Vec<Event>, usize), Stop> {
        let Some(tip) = &reading.tip else {
            return Ok((Vec::new(), 0));
        };
        if let Some(keys) = self.keys {
            let (_, _, events) = self.counted(keys, tip, false)?;
            return Ok((events, 0));
        }
        let written = objects::events(self.repo, tip, count)?;
        let all = written.len();
        let events = written.into_iter().filter_map(|one| {
            let (name, email) = one.by;
            record::read_event(&one.message, Person::named(name, email), one.at).ok()
        });
        let events: Vec<Event> = events.collect();
        let unread = all - events.len();
        Ok((events, unread))
    }
}

fn with_key(refusal: Refusal) -> Refusal {
    moved::with_key(refusal, "repository.url")
}

#[cfg(test)]
mod tests;
