//! Adds events: pushes onto this clone's copy if it is current, otherwise decides again after a fresh read.

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

/// The number of rejections before a server is believed.
pub(super) const DECLINED: usize = 3;
/// The maximum duration of an attempt that the next pause considers.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Returns the next event with its id, from the state and the number of earlier events in the push; `None` to stop.
pub type Decide<'d> = dyn FnMut(&State, usize) -> Result<Option<(EventId, What)>, Stop> + 'd;

impl Recorder<'_> {
    /// Adds one event with the id `id` and returns the state after it. `decide` is called again each time that somebody
    /// else was faster; `None` records nothing.
    ///
    /// # Errors
    /// A refusal of `decide`; an unreadable or unwritable record; [`Stop::Incomplete`] if it is unknown whether the
    /// record has the event.
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

    /// Adds several events in one push, all or none. `decide` is called with the state after the earlier events, and
    /// again from the first if somebody else was faster.
    pub fn append_all(&self, decide: &mut Decide<'_>) -> Result<State, Stop> {
        self.append_onto(self.known_to_write(), decide)
    }

    /// Does the same onto the given reading.
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

    /// Begins the record with an event that says only that, unless it exists. This proves that the host accepts and
    /// shows such refs. Nothing has to be undone.
    pub fn begin(&self, read: Reading) -> Result<State, Stop> {
        let id = new_id();
        self.append_onto(Some(read), &mut |state, _| {
            Ok((state.events == 0).then(|| (id.clone(), What::Begun {})))
        })
    }

    /// Decides and pushes once: first from this clone's copy, because the lease only holds if it is current, otherwise
    /// after a read of the main repository. Returns the state if nothing is left to do.
    fn attempt(
        &self,
        by: &Person,
        known: Option<Reading>,
        pushes: &mut Pushes,
        decide: &mut Decide<'_>,
    ) -> Result<Option<State>, Stop> {
        // A refusal, or "nothing to do", never comes from the copy.
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

    /// Writes the decided events as unreferenced objects on top of the reading. Returns the last one with the state
    /// after it; `None` if there is nothing to record.
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
                // A signed event is never dated before an earlier one.
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

    /// Returns whether the record has one of the attempts, whatever its push reported.
    pub(super) fn holds(&self, tip: Option<&CommitId>, made: &[CommitId]) -> Result<bool, Stop> {
        let Some(tip) = tip else { return Ok(false) };
        for attempt in made {
            if self.repo.is_ancestor(attempt, tip)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Pushes the draft and returns the state after it if the record has it: by the server's report about this very
    /// step, otherwise by a read, never inferred.
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
        // If this cannot be stored, the next reader notices.
        let _ = objects::remember(self.repo, &commit, onto);
        Ok(Some(state))
    }

    /// Returns whether the record has an event after its push.
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
            // Accepted twice, or accepted and then rejected by its own push: not an accident of one answer.
            if pushes.taken && matches!(ended, Ended::Accepted | Ended::UpToDate | Ended::Stale) {
                return Err(Stop::Incomplete(self.hidden("accepted the event")));
            }
            pushes.taken |= matches!(ended, Ended::Accepted | Ended::UpToDate);
            self.give_up_on((ended, &words), onto, pushes)?;
        }
        // If it moved, somebody was faster or built on this event; only git's own rejection makes that certain.
        let kept_back = matches!(ended, Ended::Stale | Ended::Refused(_));
        if !kept_back && (moved || ended != Ended::Declined) {
            pushes.open = Some(OpenPush {
                onto: onto.cloned(),
                words,
            });
        }
        Ok(false)
    }

    /// Returns the tip of the record after a push, asking until an answer or a time limit. After an accepted push the
    /// old tip may come from a lagging server.
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

    /// Refuses if the record has not moved and another push would not help.
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
            // It rejects the push because of a record that it does not show.
            let since = *pushes.unshown.get_or_insert_with(Instant::now);
            if since.elapsed() > self.patience.unshown {
                return Err(self.not_shown().into());
            }
        }
        // Another push may lock the ref for a moment, which looks like any rejection except a hook's.
        pushes.declined += usize::from(ended == Ended::Declined);
        if is_certain(ended) || is_by_hook(words) || pushes.declined >= DECLINED {
            return Err(self.not_writable(ended, words).into());
        }
        Ok(())
    }

    /// Reports an unknown end if an attempt is or may still get on the record.
    fn honest(&self, stop: Stop, pushes: &Pushes) -> Stop {
        match stop {
            stop if pushes.open.is_none() => stop,
            Stop::Refused(Refusal {
                code: RefusalCode::Unreachable,
                report,
            }) => unknown(report),
            Stop::Failed(report) | Stop::Refused(Refusal { report, .. }) => Stop::Incomplete(
                report.because("it is unknown whether the record accepted the event"),
            ),
            stop => stop,
        }
    }
}

fn is_certain(ended: Ended) -> bool {
    matches!(ended, Ended::NothingSent | Ended::Refused(_))
}

/// Returns whether a hook of the server rejected the push; it would do so again.
pub fn is_by_hook(words: &str) -> bool {
    words
        .lines()
        .next()
        .is_some_and(|reason| reason.ends_with("hook declined"))
}

/// The attempts so far to record one event.
#[derive(Default)]
struct Pushes {
    since: Option<Instant>,
    /// The last event's commits, one per push.
    made: Vec<CommitId>,
    /// The tip at the last read, and whether it ever changed.
    tip: Option<CommitId>,
    moved: bool,
    /// The number of rejections while the record did not move.
    declined: usize,
    /// The last push, if its end is unknown.
    open: Option<OpenPush>,
    /// True if the server accepted a push and did not show it.
    taken: bool,
    /// Since when the server rejects pushes because of a record that it does not show.
    unshown: Option<Instant>,
}

struct OpenPush {
    /// The tip before: while the record is there, the push may still arrive.
    onto: Option<CommitId>,
    words: String,
}

impl Pushes {
    /// Notes that the record is at `tip` without any of the attempts: those based on another tip can never arrive.
    fn saw(&mut self, tip: Option<&CommitId>) {
        self.moved |= !self.made.is_empty() && self.tip.as_ref() != tip;
        self.tip = tip.cloned();
        self.open.take_if(|open| open.onto.as_ref() != tip);
    }
}

/// Returns the event as it will be read, so that the state is computed from exactly that.
fn as_read(event: Event) -> Result<Event, Stop> {
    record::read_event(&record::message(&event), event.by, event.at).map_err(|_| {
        Stop::Failed(Report::new(
            "the event would not read back as it was written, so nothing was recorded",
        ))
    })
}

/// Pauses for a random time, longer after each push, so that two writers do not collide again.
pub(super) fn wait_a_little(pushes: usize, took: Duration) {
    let most = took.min(LONGEST_PAUSE) * u32::try_from(pushes.min(6)).unwrap_or(6);
    let random = RandomState::new().hash_one(SystemTime::now()) % 1000;
    thread::sleep(most.mul_f64(random as f64 / 1000.0));
}
