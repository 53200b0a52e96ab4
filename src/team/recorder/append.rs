//! Adding events: push onto what this clone saw last if nothing came since, else decide again from a fresh look.

use std::hash::{BuildHasher, RandomState};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::core::record::{self, Event, FORMAT, Person, State, What};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::words::{CommitId, EventId};
use crate::git::push::{self, Ended, EventPush};
use crate::git::record::{self as objects, NewEvent};
use crate::git::remote;
use crate::team::agreed;
use crate::team::recorder::words::{unknown, unlawful};
use crate::team::recorder::{PROGRAM, Reading, Recorder, new_id};

/// So often a server may say no before it is believed.
pub(super) const DECLINED: usize = 3;
/// The longest time that an attempt is taken to need, for the pause after it.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The next event with its name, given the state and how many come before it in the push; `None`: no more.
pub type Decide<'d> = dyn FnMut(&State, usize) -> Result<Option<(EventId, What)>, Stop> + 'd;

impl Recorder<'_> {
    /// Adds one event, whose name is `id`. What it is, `decide` says again each time that somebody else was quicker;
    /// `None`: nothing is to be recorded any more. Gives the state after it.
    ///
    /// # Errors
    /// What `decide` refuses; that the record cannot be read or written; [`Stop::Incomplete`] where nobody can say
    /// whether the event is on it.
    pub fn append(
        &self,
        id: &EventId,
        decide: &mut dyn FnMut(&State) -> Result<Option<What>, Stop>,
    ) -> Result<State, Stop> {
        self.append_all(&mut |state, nth| match nth {
            0 => Ok(decide(state)?.map(|what| (id.clone(), what))),
            _ => Ok(None),
        })
    }

    /// Adds several events with one push, all or none. `decide` is asked for one after the other, each time with
    /// the state after those before, and again from the first where somebody else was quicker.
    pub fn append_all(&self, decide: &mut Decide<'_>) -> Result<State, Stop> {
        self.append_onto(self.known_to_write(), decide)
    }

    /// The same onto what was just read.
    fn append_onto(
        &self,
        mut known: Option<Reading>,
        decide: &mut Decide<'_>,
    ) -> Result<State, Stop> {
        let (name, email) = objects::identity(self.repo)?;
        let by = Person::named(name, email);
        let mut pushes = Pushes::default();
        loop {
            let begun = Instant::now();
            match self.attempt(&by, known.take(), &mut pushes, decide) {
                Ok(Some(state)) => return Ok(state),
                Ok(None) => wait_a_little(pushes.made.len(), begun.elapsed()),
                Err(stop) => return Err(self.honest(stop, &pushes)),
            }
        }
    }

    /// Begins the record, so far as it was just read, with an event that says so and nothing else, if nobody has:
    /// whether the host takes such refs, and shows them, is known from then on. Nothing has to be taken back.
    pub fn begin(&self, read: Reading) -> Result<State, Stop> {
        let id = new_id();
        self.append_onto(Some(read), &mut |state, _| {
            Ok((state.events == 0).then(|| (id.clone(), What::Begun {})))
        })
    }

    /// Decides and pushes once: first from what this clone saw last, because the lease holds only where that is so
    /// still, and from a look at the main repository where it is not. Gives the state when there is nothing more to do.
    fn attempt(
        &self,
        by: &Person,
        known: Option<Reading>,
        pushes: &mut Pushes,
        decide: &mut Decide<'_>,
    ) -> Result<Option<State>, Stop> {
        // A no, and that there is nothing to do, are never said from memory.
        if let Some(known) = known
            && let Ok(Some(drafted)) = self.drafted(by, &known, decide)
        {
            pushes.saw(known.tip.as_ref());
            return self.push(drafted, known.tip.as_ref(), true, pushes);
        }
        let reading = self.read_now()??;
        let tip = reading.tip.as_ref();
        if self.holds(tip, &pushes.made)? {
            return Ok(Some(reading.state));
        }
        pushes.saw(tip);
        if pushes
            .since
            .is_some_and(|since| since.elapsed() > self.patience.busy)
        {
            return Err(match &pushes.open {
                Some(open) => self.unclear(&open.words),
                None if pushes.moved => self.busy().into(),
                None => self.lagging().into(),
            });
        }
        match self.drafted(by, &reading, decide)? {
            None => Ok(Some(reading.state)),
            Some(drafted) => self.push(drafted, tip, false, pushes),
        }
    }

    /// Writes what is decided as objects on top of what was read, which nothing points to yet. Gives the last of them
    /// and the state after it; `None`: nothing is to be recorded.
    pub(super) fn drafted(
        &self,
        by: &Person,
        reading: &Reading,
        decide: &mut Decide<'_>,
    ) -> Result<Option<(CommitId, State)>, Stop> {
        let format = reading.state.format;
        if format > FORMAT {
            return Err(self.newer(u64::from(format)).into());
        }
        let mut last: Option<(CommitId, State)> = None;
        let signed = reading.signed.as_ref();
        let latest = signed.map_or(0, |signed| signed.latest);
        for nth in 0.. {
            let (tip, state) = match &last {
                Some((tip, state)) => (Some(tip), state),
                None => (reading.tip.as_ref(), &reading.state),
            };
            let Some((id, what)) = decide(state, nth)? else {
                break;
            };
            agreed::once(self.repo, self.config)?;
            let event = as_read(Event {
                id,
                by: by.clone(),
                // What is signed is never dated before what came before it.
                at: jiff::Timestamp::now().as_second().max(latest),
                program: PROGRAM.to_owned(),
                what,
            })?;
            let next = state.after(&event).map_err(unlawful)?;
            let message = match (self.keys, tip) {
                (Some(_), None) => record::first_message(&event, self.reference),
                _ => record::message(&event),
            };
            let written = NewEvent {
                parent: tip,
                state: &record::write_state(&next),
                message: &message,
                by: (&by.name, &by.email),
                at: event.at,
                signed: self.keys.is_some(),
            };
            let commit = objects::write(self.repo, &written)?;
            let next = match self.keys {
                None => next,
                Some(keys) => {
                    let by = self.signed_by(keys, by, &commit)?;
                    state.after(&Event { by, ..event }).map_err(unlawful)?
                }
            };
            last = Some((commit, next));
        }
        Ok(last)
    }

    /// Whether one of our attempts is on the record, whatever its push said.
    pub(super) fn holds(&self, tip: Option<&CommitId>, made: &[CommitId]) -> Result<bool, Stop> {
        let Some(tip) = tip else { return Ok(false) };
        for attempt in made {
            if self.repo.is_ancestor(attempt, tip)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Pushes what was drafted, and gives the state after it if it is on the record: by the server's word where that is
    /// of this very step, and read from there otherwise, never inferred.
    fn push(
        &self,
        (commit, state): (CommitId, State),
        onto: Option<&CommitId>,
        from_memory: bool,
        pushes: &mut Pushes,
    ) -> Result<Option<State>, Stop> {
        pushes.made.push(commit.clone());
        pushes.since.get_or_insert_with(Instant::now);
        let to = (self.remote, self.reference);
        let told = push::push_event(self.repo, to, &commit, onto, self.may_ask);
        let is_moved = from_memory && told.ended == Ended::Stale;
        if is_moved || !(told.is_taken || self.landed(&commit, onto, told, pushes)?) {
            return Ok(None);
        }
        self.notes().heard();
        // The next reader finds out if this cannot be kept here.
        let _ = objects::remember(self.repo, &commit, onto);
        Ok(Some(state))
    }

    /// Whether an event is on the record after its push.
    fn landed(
        &self,
        commit: &CommitId,
        onto: Option<&CommitId>,
        EventPush { ended, words, .. }: EventPush,
        pushes: &mut Pushes,
    ) -> Result<bool, Stop> {
        let tip = self.tip_after(ended, onto)?;
        if tip.as_ref() == Some(commit) {
            return Ok(true);
        }
        let moved = tip.as_ref() != onto;
        if moved {
            (pushes.taken, pushes.unshown) = (false, None);
        } else {
            // Taken twice, or once and kept back by its own push: that is no slip of one answer.
            if pushes.taken && matches!(ended, Ended::Accepted | Ended::UpToDate | Ended::Stale) {
                return Err(Stop::Incomplete(self.taken_and_not_shown()));
            }
            pushes.taken |= matches!(ended, Ended::Accepted | Ended::UpToDate);
            self.give_up_on((ended, &words), onto, pushes)?;
        }
        // If it moved, somebody was quicker or built on ours already; only where git itself kept it back is that
        // certain.
        let kept_back = matches!(ended, Ended::Stale | Ended::Refused(_));
        if !kept_back && (moved || ended != Ended::Declined) {
            pushes.open = Some(OpenPush {
                onto: onto.cloned(),
                words,
            });
        }
        Ok(false)
    }

    /// Where the record is after a push that ended so; asked for until there is an answer or patience is at its end.
    /// Where git took it, the place before may be the answer of a copy that lags behind.
    fn tip_after(&self, ended: Ended, onto: Option<&CommitId>) -> Result<Option<CommitId>, Stop> {
        let took = matches!(ended, Ended::Accepted | Ended::UpToDate);
        let begun = Instant::now();
        loop {
            match self.ask_tip() {
                Ok(tip) if took && tip.as_ref() == onto && begun.elapsed() < self.patience.lags => {
                    self.let_it_catch_up();
                }
                Ok(tip) => return Ok(tip),
                Err(refusal) if is_certain(ended) => return Err(refusal.into()),
                Err(refusal) if begun.elapsed() > self.patience.unknown => {
                    return Err(unknown(refusal.report));
                }
                Err(_) => thread::sleep(Duration::from_secs(1)),
            }
        }
    }

    /// The record is where it was before the push: refuses when another one would be no use.
    fn give_up_on(
        &self,
        (ended, words): (Ended, &str),
        onto: Option<&CommitId>,
        pushes: &mut Pushes,
    ) -> Result<(), Stop> {
        if matches!(ended, Ended::NothingSent | Ended::Stale) {
            let namesakes =
                remote::namesakes(self.repo, self.remote, self.reference).unwrap_or_default();
            if !namesakes.is_empty() {
                return Err(self.ambiguous(&namesakes).into());
            }
        }
        if ended == Ended::Stale && onto.is_none() {
            // It keeps us back for a record that it does not show.
            let since = *pushes.unshown.get_or_insert_with(Instant::now);
            if since.elapsed() > self.patience.unshown {
                return Err(self.not_shown().into());
            }
        }
        // Somebody else's push may hold the ref for a moment, which looks like any other no but a hook's.
        pushes.declined += usize::from(ended == Ended::Declined);
        if is_certain(ended) || is_by_hook(words) || pushes.declined >= DECLINED {
            return Err(self.not_writable(ended, words).into());
        }
        Ok(())
    }

    /// Where an attempt may be on the record, or may still get there, no end is clean.
    fn honest(&self, stop: Stop, pushes: &Pushes) -> Stop {
        match stop {
            stop if pushes.open.is_none() => stop,
            Stop::Refused(Refusal {
                code: RefusalCode::Unreachable,
                report,
            }) => unknown(report),
            Stop::Failed(report) | Stop::Refused(Refusal { report, .. }) => Stop::Incomplete(
                report.because("cannot tell whether the record accepted the event"),
            ),
            stop => stop,
        }
    }
}

/// Whether the push is known to have come to nothing.
fn is_certain(ended: Ended) -> bool {
    matches!(ended, Ended::NothingSent | Ended::Refused(_))
}

/// Whether a hook of the server said no, which it would say again.
pub fn is_by_hook(words: &str) -> bool {
    words
        .lines()
        .next()
        .is_some_and(|reason| reason.ends_with("hook declined"))
}

/// What was tried so far to get one event onto the record.
#[derive(Default)]
struct Pushes {
    since: Option<Instant>,
    /// The last event's commits, one a push.
    made: Vec<CommitId>,
    /// Where the record was at the last look, and whether it was ever anywhere else.
    tip: Option<CommitId>,
    moved: bool,
    /// How often the server said no while the record stayed where it is.
    declined: usize,
    /// The last push, if nobody knows its end.
    open: Option<OpenPush>,
    /// Whether the server said that it took one, and did not show it.
    taken: bool,
    /// Since when the server keeps pushes back for a record that it does not show.
    unshown: Option<Instant>,
}

struct OpenPush {
    /// Where the record was before: while it is there, that push may still land.
    onto: Option<CommitId>,
    words: String,
}

impl Pushes {
    /// None of them is on the record, which is here now: those that were to follow on anything else never will be.
    fn saw(&mut self, tip: Option<&CommitId>) {
        self.moved |= !self.made.is_empty() && self.tip.as_ref() != tip;
        self.tip = tip.cloned();
        self.open.take_if(|open| open.onto.as_ref() != tip);
    }
}

/// The event as everybody will read it: what is folded into the state is what stands in history.
fn as_read(event: Event) -> Result<Event, Stop> {
    record::read_event(&record::message(&event), event.by, event.at).map_err(|_| {
        Stop::Failed(Report::new(
            "the event would not read back as it was written, so nothing was recorded",
        ))
    })
}

/// Pauses of random length, longer with each push, so that those who collided do not collide again.
pub(super) fn wait_a_little(pushes: usize, took: Duration) {
    let most = took.min(LONGEST_PAUSE) * u32::try_from(pushes.min(6)).unwrap_or(6);
    let random = RandomState::new().hash_one(SystemTime::now()) % 1000;
    thread::sleep(most.mul_f64(random as f64 / 1000.0));
}
