//! Adding one event: decide anew each time that somebody else was quicker, and believe only the ref.

use std::hash::{BuildHasher, RandomState};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::words::unlawful;
use super::{PROGRAM, Reading, Recorder};
use crate::error::{Report, Stop};
use crate::git::push::{self, Ended};
use crate::git::record::{self as objects, Draft};
use crate::model::CommitId;
use crate::record::{self, Event, EventId, FORMAT, Person, State, What};

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
        let (name, email) = objects::identity(self.repo)?;
        let by = Person { name, email };
        let mut ours: Vec<CommitId> = Vec::new();
        let begun = Instant::now();
        while ours.is_empty() || begun.elapsed() < self.patience.busy {
            let reading = self.read_now()??;
            if self.holds(&reading, &ours)? {
                return Ok(reading.state);
            }
            if reading.state.format > FORMAT {
                return Err(self.unreadable_newer(u64::from(reading.state.format)).into());
            }
            let Some(what) = decide(&reading.state)? else { return Ok(reading.state) };
            let event = Event { id: id.clone(), by: by.clone(), at: now(), program: PROGRAM.to_owned(), what };
            let next = reading.state.after(&event).map_err(unlawful)?;
            let commit = self.write(&event, &next, reading.tip.as_ref())?;
            ours.push(commit.clone());
            if self.push(&commit, reading.tip.as_ref())? {
                // Whoever reads next finds out by themselves if this cannot be kept here.
                let _ = objects::remember(self.repo, &commit, reading.tip.as_ref())?;
                return Ok(next);
            }
            self.wait_a_little(ours.len());
        }
        Err(self.busy().into())
    }

    /// Whether one of our attempts is on the record, whatever its push said.
    fn holds(&self, reading: &Reading, ours: &[CommitId]) -> Result<bool, Stop> {
        let Some(tip) = &reading.tip else { return Ok(false) };
        for attempt in ours {
            if self.repo.is_ancestor(attempt, tip)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn write(&self, event: &Event, next: &State, parent: Option<&CommitId>) -> Result<CommitId, Stop> {
        let (state, message) = (record::write_state(next), record::message(event));
        if state.len() as u64 > objects::LARGEST_STATE {
            let report = Report::new("the record would hold more than anybody could read");
            return Err(Stop::Failed(report.hint("close the candidate, and with it its verdicts: git smp postpone")));
        }
        let by = (event.by.name.as_str(), event.by.email.as_str());
        objects::write(self.repo, &Draft { parent, state: &state, message: &message, by, at: event.at })
    }

    /// Pushes an event. Whether it is on the record is read from there, never inferred; no: somebody else was quicker.
    fn push(&self, commit: &CommitId, onto: Option<&CommitId>) -> Result<bool, Stop> {
        let to = (self.remote, self.record.reference.as_str());
        let (mut ended, mut words) = push::push_event(self.repo, to, commit, onto, false)?;
        let wanted = ["could not read Username", "could not read Password", "terminal prompts disabled"];
        if self.may_ask && ended == Ended::NothingSent && wanted.iter().any(|sign| words.contains(sign)) {
            (ended, words) = push::push_event(self.repo, to, commit, onto, true)?;
        }
        let begun = Instant::now();
        loop {
            match self.ask_tip() {
                Ok(tip) if tip.as_ref() == Some(commit) => return Ok(true),
                Ok(tip) if tip.as_ref() != onto => return Ok(false),
                Ok(_) if matches!(ended, Ended::Declined | Ended::NothingSent) => {
                    return Err(Stop::Refused(self.not_writable(&words)));
                }
                Ok(_) => return Ok(false),
                Err(refusal) if ended == Ended::NothingSent => return Err(refusal.into()),
                Err(refusal) if begun.elapsed() > self.patience.unknown => return Err(self.unknown(&refusal)),
                Err(_) => thread::sleep(Duration::from_secs(1)),
            }
        }
    }

    /// Pauses of growing and random length, so that those who collided do not collide again.
    fn wait_a_little(&self, attempt: usize) {
        let most = 40 * u64::try_from(attempt.min(12)).unwrap_or(12);
        let random = RandomState::new().hash_one(SystemTime::now());
        thread::sleep(Duration::from_millis(5 + random % most));
    }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}
