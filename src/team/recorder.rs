//! Reads the shared record and adds to it: fetch, fold, decide anew, and push only onto what was read.

mod append;
mod words;

use std::hash::{BuildHasher, RandomState};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::core::config::{Config, Environment, Record};
use crate::core::record::{self, Copied, Event, Person, Reading, State, Unreadable};
use crate::core::refusal::{Refusal, RefusalCode, Stop};
use crate::core::words::CommitId;
use crate::core::words::EventId;
use crate::git::fetch::{FetchTarget, fetch};
use crate::git::push::{self, MayPush};
use crate::git::record as objects;
use crate::git::{Repo, moved, remote};
use crate::notes::Notes;

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

/// What people have.
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

/// The one who reads and writes the record.
#[derive(Clone, Copy)]
pub struct Recorder<'a> {
    repo: &'a Repo,
    remote: &'a str,
    record: &'a Record,
    environments: &'a [Environment],
    may_ask: bool,
    patience: Patience,
}

/// What came of one look.
enum Look {
    /// An answer.
    Done(Box<Result<Reading, Refusal>>),
    /// Something moved meanwhile, so that another look is needed.
    Moved,
    /// Less than this clone saw, which may be the answer of a copy that lags behind; what it means if it stays so.
    Older(Refusal),
}

/// A name for an event to come, which nothing else has.
pub fn new_id() -> EventId {
    // The standard library seeds this hasher from the system's random source, and time and process differ as well.
    EventId::of(RandomState::new().hash_one((SystemTime::now(), std::process::id())))
}

impl Look {
    fn done(reading: Result<Reading, Refusal>) -> Self {
        Self::Done(Box::new(reading))
    }
}

impl<'a> Recorder<'a> {
    /// The recorder of this configuration; `None` where the team keeps no record.
    pub fn of(repo: &'a Repo, config: &'a Config, may_ask: bool) -> Option<Self> {
        let record = config.record.as_ref()?;
        let (remote, environments) = (&config.repository.remote, &config.environments);
        Some(Self {
            repo,
            remote,
            record,
            environments,
            may_ask,
            patience: PATIENCE,
        })
    }

    /// The ref that keeps it.
    pub fn reference(&self) -> &str {
        &self.record.reference
    }

    /// The remote that has it.
    pub fn remote(&self) -> &str {
        self.remote
    }

    /// Whether the main repository would let us push to the record, which is at `tip`. A hook there that knows better is
    /// heard only by a real push.
    pub fn may_write(&self, tip: Option<&CommitId>) -> MayPush {
        push::may_push(
            self.repo,
            (self.remote, &self.record.reference),
            tip,
            self.may_ask,
        )
    }

    /// Reads the record; where the main repository does not answer, what this clone saw of it last.
    ///
    /// # Errors
    /// The inner error says why there is no record to be had; the outer one, that this clone cannot be read.
    pub fn read(&self) -> Result<Result<Reading, Refusal>, Stop> {
        self.or_copy(self.read_now()?)
    }

    /// What was read or, where the main repository did not answer, what this clone saw of it last.
    ///
    /// # Errors
    /// As [`Recorder::read`].
    pub fn or_copy(&self, now: Result<Reading, Refusal>) -> Result<Result<Reading, Refusal>, Stop> {
        match now {
            Err(refusal) if refusal.code == RefusalCode::Unreachable => self.read_copy(refusal),
            now => Ok(now),
        }
    }

    /// Reads what the main repository has now, and nothing else.
    ///
    /// # Errors
    /// As [`Recorder::read`].
    pub fn read_now(&self) -> Result<Result<Reading, Refusal>, Stop> {
        self.read_at(self.ask_tip())
    }

    /// The same, where it was just asked where the record is.
    ///
    /// # Errors
    /// As [`Recorder::read`].
    pub fn read_at(
        &self,
        mut tip: Result<Option<CommitId>, Refusal>,
    ) -> Result<Result<Reading, Refusal>, Stop> {
        // Another program of this clone may move what was seen between our two looks; then both are taken again. And a copy
        // of the main repository that lags behind may answer in its place.
        let (mut older, mut moved) = (None, 0);
        loop {
            match self.read_once(tip)? {
                Look::Done(reading) => return Ok(*reading),
                Look::Moved if moved == LOOKS => return Ok(Err(self.busy())),
                Look::Moved => moved += 1,
                Look::Older(refusal) => {
                    // However long the first look took, there is a second one.
                    if older.get_or_insert_with(Instant::now).elapsed() >= self.patience.lags {
                        return Ok(Err(refusal));
                    }
                    thread::sleep(LAG_PAUSE.min(self.patience.lags / 4));
                }
            }
            tip = self.ask_tip();
        }
    }

    /// Looks once, at what the record is at.
    fn read_once(&self, tip: Result<Option<CommitId>, Refusal>) -> Result<Look, Stop> {
        let tip = match tip {
            Ok(tip) => tip,
            Err(refusal) => return Ok(Look::done(Err(refusal))),
        };
        self.notes().heard();
        Ok(match (tip, objects::seen(self.repo)?) {
            (None, None) => Look::done(Ok(Reading {
                state: State::default(),
                tip: None,
                copy: None,
            })),
            (None, Some((last, _))) => Look::Older(self.gone(&last)),
            (Some(tip), Some((last, text))) if tip == last => {
                Look::done(self.understood(tip, &text))
            }
            (Some(tip), seen) => self.fetched(tip, seen.map(|(last, _)| last))?,
        })
    }

    /// Fetches what this clone has not seen, and remembers it if it is a record that follows on what was seen.
    fn fetched(&self, tip: CommitId, last: Option<CommitId>) -> Result<Look, Stop> {
        if let Some(last) = &last
            && self.repo.has_commit(&tip)?
            && self.repo.is_ancestor(&tip, last)?
        {
            return Ok(Look::Older(self.older(last, &tip)));
        }
        if let Err(refusal) = fetch(self.repo, self.remote, &FetchTarget::Commit(tip.clone())) {
            // Some servers hand out tips only, and this may be none any more. Others have copies, of which one named it and
            // another does not know it yet.
            let unknown = refusal
                .report
                .because
                .iter()
                .any(|line| line.contains("not our ref"));
            let moved = self.ask_tip().is_ok_and(|now| now != Some(tip.clone()));
            return Ok(match (unknown, moved) {
                (true, _) => Look::Older(self.not_handed_out(&tip, &refusal)),
                (false, true) => Look::Moved,
                (false, false) => Look::done(Err(refusal)),
            });
        }
        let reading = match objects::state_at(self.repo, &tip)? {
            Ok(text) => self.understood(tip.clone(), &text),
            Err(why) => Err(self.unreadable(&tip, &Unreadable::Garbage(why))),
        };
        let Ok(reading) = reading else {
            return Ok(Look::done(reading));
        };
        if let Some(last) = &last
            && !self.repo.is_ancestor(last, &tip)?
        {
            let is_still_so = self.still(&tip, last)?;
            return Ok(if is_still_so {
                Look::done(Err(self.rewound(last, &tip)))
            } else {
                Look::Moved
            });
        }
        // Another program of this clone may have been quicker, or the clone may only be read: it was read all the same.
        objects::remember(self.repo, &tip, last.as_ref())?;
        Ok(Look::done(Ok(reading)))
    }

    /// Makes sense of a state.
    fn understood(&self, tip: CommitId, text: &[u8]) -> Result<Reading, Refusal> {
        match record::read_state(text) {
            Ok(state) => {
                let is_known = |name: &str| {
                    self.environments
                        .iter()
                        .any(|environment| environment.name == name)
                };
                Ok(Reading {
                    state: state.seen_from(is_known),
                    tip: Some(tip),
                    copy: None,
                })
            }
            Err(why) => Err(self.unreadable(&tip, &why)),
        }
    }

    /// Whether both are still so. If not, another program of this clone was between our two looks, and nothing is amiss.
    fn still(&self, tip: &CommitId, last: &CommitId) -> Result<bool, Stop> {
        let tip_is = self.ask_tip().is_ok_and(|now| now.as_ref() == Some(tip));
        Ok(tip_is && objects::seen_id(self.repo)?.as_ref() == Some(last))
    }

    /// What this clone saw last, where that can be read: a place to begin from, and no answer.
    fn known(&self) -> Option<Reading> {
        let (tip, text) = objects::seen(self.repo).ok().flatten()?;
        self.understood(tip, &text).ok()
    }

    /// What this clone saw last, where the main repository does not answer.
    fn read_copy(&self, why: Refusal) -> Result<Result<Reading, Refusal>, Stop> {
        let Some((tip, text)) = objects::seen(self.repo)? else {
            return Ok(Err(why));
        };
        let age = self.notes().heard_ago();
        let copy = Some(Copied { age, why });
        Ok(self
            .understood(tip, &text)
            .map(|reading| Reading { copy, ..reading }))
    }

    /// Where the record is now; asks for a password if that is needed and allowed.
    fn ask_tip(&self) -> Result<Option<CommitId>, Refusal> {
        let tip = remote::tip(self.repo, self.remote, &self.record.reference, self.may_ask);
        tip.map_err(|refusal| moved::with_key(refusal, "repository.url"))
    }

    fn notes(&self) -> Notes {
        Notes::of(&self.repo.layout().common_dir)
    }

    /// Every event, oldest first, with those that cannot be read left out and counted.
    ///
    /// # Errors
    /// When git cannot read them.
    pub fn events(&self, reading: &Reading) -> Result<(Vec<Event>, usize), Stop> {
        let Some(tip) = &reading.tip else {
            return Ok((Vec::new(), 0));
        };
        let written = objects::events(self.repo, tip)?;
        let all = written.len();
        let read = |one: objects::Written| {
            let (name, email) = one.by;
            record::read_event(&one.message, Person { name, email }, one.at).ok()
        };
        let events: Vec<Event> = written.into_iter().filter_map(read).collect();
        let unread = all - events.len();
        Ok((events, unread))
    }
}

#[cfg(test)]
mod tests;
