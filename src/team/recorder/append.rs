//! Adding events: push onto what this clone saw last, on the condition that nothing came since, and decide anew from a
//! fresh look where something did.

use std::hash::{BuildHasher, RandomState};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::core::record::{self, Event, FORMAT, Person, State, What};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::words::CommitId;
use crate::core::words::EventId;
use crate::git::push::{self, Ended, EventPush};
use crate::git::record as objects;
use crate::git::remote;
use crate::team::recorder::words::unlawful;
use crate::team::recorder::{LAG_PAUSE, PROGRAM, Reading, Recorder, new_id};

/// So often a server may say no before it is believed.
const DECLINED: usize = 3;
/// The longest time that an attempt is taken to need, for the pause after it.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Says which event comes next, with its name, given the state and how many come before it in the same push; `None`: no
/// more.
pub type Decide<'d> = dyn FnMut(&State, usize) -> Result<Option<(EventId, What)>, Stop> + 'd;

/// Events as objects that nothing points to yet.
struct Draft {
    /// The last of them.
    commit: CommitId,
    /// The state after it.
    state: State,
}

impl Recorder<'_> {
    /// Adds one event, whose name is `id`. What it is, `decide` says anew each time that somebody else was quicker;
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

    /// Adds several events that are known together with one push: all of them or none. `decide` is asked for one after
    /// the other, each time with the state after those before, and again from the first where somebody else was quicker.
    ///
    /// # Errors
    /// As [`Recorder::append`].
    pub fn append_all(&self, decide: &mut Decide<'_>) -> Result<State, Stop> {
        self.append_onto(self.known(), decide)
    }

    /// The same onto what was just read.
    fn append_onto(&self, known: Option<Reading>, decide: &mut Decide<'_>) -> Result<State, Stop> {
        let (name, email) = objects::identity(self.repo)?;
        let by = Person { name, email };
        let mut attempts = Attempts {
            begun: Instant::now(),
            known,
            made: Vec::new(),
            tip: None,
            moved: false,
            declined: 0,
            doubt: None,
            taken: false,
            unshown: None,
        };
        loop {
            let begun = Instant::now();
            match self.attempt(&by, &mut attempts, decide) {
                Ok(Some(state)) => return Ok(state),
                Ok(None) => wait_a_little(attempts.made.len(), begun.elapsed()),
                Err(stop) => return Err(self.honest(stop, &attempts)),
            }
        }
    }

    /// Begins the record, so far as it was just read, with an event that says so and nothing else, if nobody has: whether
    /// the host takes such refs, and shows them, is known from then on. Nothing has to be taken back.
    ///
    /// # Errors
    /// As [`Recorder::append`].
    pub fn begin(&self, read: Reading) -> Result<State, Stop> {
        let id = new_id();
        self.append_onto(Some(read), &mut |state, _| {
            Ok((state.events == 0).then(|| (id.clone(), What::Begun)))
        })
    }

    /// Decides and pushes once: first from what this clone saw last, for the lease holds only where that is so still, and
    /// from a look at the main repository where it is not. Gives the state when there is nothing more to do.
    fn attempt(
        &self,
        by: &Person,
        attempts: &mut Attempts,
        decide: &mut Decide<'_>,
    ) -> Result<Option<State>, Stop> {
        if let Some(known) = attempts.known.take() {
            // A no, and that there is nothing to do, are never said from memory.
            if let Ok(Some(draft)) = self.draft(by, &known, decide) {
                attempts.saw(known.tip.as_ref());
                return self.push(draft, known.tip.as_ref(), true, attempts);
            }
        }
        let reading = self.read_now()??;
        if self.holds(&reading, &attempts.made)? {
            return Ok(Some(reading.state));
        }
        attempts.saw(reading.tip.as_ref());
        if !attempts.made.is_empty() && attempts.begun.elapsed() > self.patience.busy {
            return Err(self.out_of_patience(attempts));
        }
        match self.draft(by, &reading, decide)? {
            None => Ok(Some(reading.state)),
            Some(draft) => self.push(draft, reading.tip.as_ref(), false, attempts),
        }
    }

    fn out_of_patience(&self, attempts: &Attempts) -> Stop {
        match &attempts.doubt {
            Some(doubt) => self.unclear(&doubt.words),
            None if attempts.moved => self.busy().into(),
            None => self.lagging().into(),
        }
    }

    /// Writes what is decided as objects on top of what was read; `None`: nothing is to be recorded.
    fn draft(
        &self,
        by: &Person,
        reading: &Reading,
        decide: &mut Decide<'_>,
    ) -> Result<Option<Draft>, Stop> {
        if reading.state.format > FORMAT {
            return Err(self
                .unreadable_newer(u64::from(reading.state.format))
                .into());
        }
        let mut draft = None;
        let (mut state, mut tip) = (reading.state.clone(), reading.tip.clone());
        for nth in 0.. {
            let Some((id, what)) = decide(&state, nth)? else {
                break;
            };
            let event = as_read(Event {
                id,
                by: by.clone(),
                at: now(),
                program: PROGRAM.to_owned(),
                what,
            })?;
            state = state.after(&event).map_err(unlawful)?;
            let commit = self.write(&event, &state, tip.as_ref())?;
            tip = Some(commit.clone());
            draft = Some(Draft {
                commit,
                state: state.clone(),
            });
        }
        Ok(draft)
    }

    /// Whether one of our attempts is on the record, whatever its push said.
    fn holds(&self, reading: &Reading, made: &[CommitId]) -> Result<bool, Stop> {
        let Some(tip) = &reading.tip else {
            return Ok(false);
        };
        for attempt in made {
            if self.repo.is_ancestor(attempt, tip)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes an event's objects, unless nobody could read them again.
    fn write(
        &self,
        event: &Event,
        next: &State,
        parent: Option<&CommitId>,
    ) -> Result<CommitId, Stop> {
        let (state, message) = (record::write_state(next), record::message(event));
        if state.len() as u64 > objects::LARGEST_STATE {
            let report = Report::new("the record would hold more than anybody could read");
            return Err(Stop::Failed(report.hint(
                "close the candidate, and with it its verdicts: git smp postpone",
            )));
        }
        let by = (event.by.name.as_str(), event.by.email.as_str());
        objects::write(
            self.repo,
            &objects::Draft {
                parent,
                state: &state,
                message: &message,
                by,
                at: event.at,
            },
        )
    }

    /// Pushes what was drafted, and gives the state after it if it is on the record: by the server's word where that is of
    /// this very step, and read from there otherwise, never inferred.
    fn push(
        &self,
        draft: Draft,
        onto: Option<&CommitId>,
        from_memory: bool,
        attempts: &mut Attempts,
    ) -> Result<Option<State>, Stop> {
        let commit = &draft.commit;
        attempts.made.push(commit.clone());
        let to = (self.remote, self.record.reference.as_str());
        let told = push::push_event(self.repo, to, commit, onto, self.may_ask);
        let is_moved = from_memory && told.ended == Ended::Stale;
        if is_moved || !(told.is_taken || self.landed(commit, onto, told, attempts)?) {
            return Ok(None);
        }
        self.notes().heard();
        // Whoever reads next finds out by themselves if this cannot be kept here.
        let _ = objects::remember(self.repo, commit, onto);
        Ok(Some(draft.state))
    }

    /// Whether an event is on the record after its push.
    fn landed(
        &self,
        commit: &CommitId,
        onto: Option<&CommitId>,
        EventPush { ended, words, .. }: EventPush,
        attempts: &mut Attempts,
    ) -> Result<bool, Stop> {
        let tip = self.tip_after(ended, onto)?;
        if tip.as_ref() == Some(commit) {
            return Ok(true);
        }
        let moved = tip.as_ref() != onto;
        if moved {
            (attempts.taken, attempts.unshown) = (false, None);
        } else {
            // Taken twice, or once and kept back by its own push: that is no slip of one answer.
            if attempts.taken && matches!(ended, Ended::Accepted | Ended::UpToDate | Ended::Stale) {
                return Err(Stop::Incomplete(self.taken_and_not_shown()));
            }
            attempts.taken |= matches!(ended, Ended::Accepted | Ended::UpToDate);
            self.give_up_on((ended, &words), onto, attempts)?;
        }
        // If it moved, somebody was quicker or built on ours already; only where git itself kept it back is that certain.
        let kept_back = matches!(ended, Ended::Stale | Ended::Refused(_));
        if !kept_back && (moved || ended != Ended::Declined) {
            attempts.doubt = Some(Doubt {
                onto: onto.cloned(),
                words,
            });
        }
        Ok(false)
    }

    /// Where the record is after a push that ended so; asked for until there is an answer or patience is at its end. Where
    /// git took it, the place before may be the answer of a copy that lags behind.
    fn tip_after(&self, ended: Ended, onto: Option<&CommitId>) -> Result<Option<CommitId>, Stop> {
        let took = matches!(ended, Ended::Accepted | Ended::UpToDate);
        let begun = Instant::now();
        loop {
            match self.ask_tip() {
                Ok(tip) if took && tip.as_ref() == onto && begun.elapsed() < self.patience.lags => {
                    thread::sleep(LAG_PAUSE.min(self.patience.lags / 4));
                }
                Ok(tip) => return Ok(tip),
                Err(refusal) if is_certain(ended) => return Err(refusal.into()),
                Err(refusal) if begun.elapsed() > self.patience.unknown => {
                    return Err(self.unknown(&refusal.report));
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
        attempts: &mut Attempts,
    ) -> Result<(), Stop> {
        if matches!(ended, Ended::NothingSent | Ended::Stale) {
            let namesakes = remote::namesakes(self.repo, self.remote, &self.record.reference)
                .unwrap_or_default();
            if !namesakes.is_empty() {
                return Err(self.ambiguous(&namesakes).into());
            }
        }
        if ended == Ended::Stale && onto.is_none() {
            // It keeps us back for a record that it does not show.
            let since = *attempts.unshown.get_or_insert_with(Instant::now);
            if since.elapsed() > self.patience.unshown {
                return Err(self.not_shown().into());
            }
        }
        // Somebody else's push may hold the ref for a moment, which looks like any other no.
        attempts.declined += usize::from(ended == Ended::Declined);
        if is_certain(ended) || attempts.declined >= DECLINED {
            return Err(self.not_writable(ended, words).into());
        }
        Ok(())
    }

    /// Where an attempt may be on the record, or may still get there, no end is clean.
    fn honest(&self, stop: Stop, attempts: &Attempts) -> Stop {
        match stop {
            stop if attempts.doubt.is_none() => stop,
            Stop::Refused(Refusal {
                code: RefusalCode::Unreachable,
                report,
            }) => self.unknown(&report),
            Stop::Failed(report) | Stop::Refused(Refusal { report, .. }) => {
                Stop::Incomplete(report.because("cannot tell whether the record took the event"))
            }
            stop => stop,
        }
    }
}

/// Whether the push is known to have come to nothing.
fn is_certain(ended: Ended) -> bool {
    matches!(ended, Ended::NothingSent | Ended::Refused(_))
}

/// What was tried so far to get one event onto the record.
struct Attempts {
    begun: Instant,
    /// The record as this clone saw it last, until that was tried.
    known: Option<Reading>,
    /// The last event's commits, one an attempt.
    made: Vec<CommitId>,
    /// Where the record was at the last look, and whether it was ever anywhere else.
    tip: Option<CommitId>,
    moved: bool,
    /// How often the server said no while the record stayed where it is.
    declined: usize,
    /// The last push, if nobody knows its end.
    doubt: Option<Doubt>,
    /// Whether the server said that it took one, and did not show it.
    taken: bool,
    /// Since when the server keeps pushes back for a record that it does not show.
    unshown: Option<Instant>,
}

/// A push that nobody knows the end of.
struct Doubt {
    /// Where the record was before: while it is there, that push may still land.
    onto: Option<CommitId>,
    /// What git said of it.
    words: String,
}

impl Attempts {
    /// None of them is on the record, which is here now: those that were to follow on anything else never will be.
    fn saw(&mut self, tip: Option<&CommitId>) {
        self.moved |= !self.made.is_empty() && self.tip.as_ref() != tip;
        self.tip = tip.cloned();
        self.doubt.take_if(|doubt| doubt.onto.as_ref() != tip);
    }
}

/// The event as everybody will read it: what is folded into the state is what stands in history.
fn as_read(event: Event) -> Result<Event, Stop> {
    record::read_event(&record::message(&event), event.by, event.at).map_err(|_| {
        Stop::Failed(Report::new(
            "the event could not be read again as it would be written, so nothing was recorded",
        ))
    })
}

/// Pauses of random length, longer with each attempt and the longer an attempt takes, so that those who collided do not
/// collide again.
fn wait_a_little(attempts: usize, took: Duration) {
    let most = took.min(LONGEST_PAUSE) * u32::try_from(attempts.min(6)).unwrap_or(6);
    let random = RandomState::new().hash_one(SystemTime::now()) % 1000;
    thread::sleep(most.mul_f64(random as f64 / 1000.0));
}

/// Seconds since 1970.
fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}
