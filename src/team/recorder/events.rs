//! The events of the record, all or the latest.

use crate::core::record::{Event, Person, Reading, read_event};
use crate::core::refusal::Stop;
use crate::core::words::{CommitId, StoredEvent};
use crate::git::record as objects;
use crate::team::recorder::Recorder;

impl Recorder<'_> {
    /// Returns every event, oldest first, and the number of unreadable ones.
    pub fn events(&self, reading: &Reading) -> Result<(Vec<Event>, usize), Stop> {
        self.latest_events(reading, u32::MAX)
    }

    /// Does the same for deploys: every signature is checked now, without this clone's notes.
    pub fn events_anew(&self, reading: &Reading) -> Result<Vec<Event>, Stop> {
        match self.keys.zip(reading.tip.as_ref()) {
            Some((keys, tip)) => Ok(self.counted(keys, tip, true)?.2),
            None => Ok(self.events(reading)?.0),
        }
    }

    /// Does the same for the latest `count` events.
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
        Ok(read(objects::events(self.repo, tip, count)?))
    }

    /// Does the same for the events after `last`, unless it is missing among the latest `count`, or events are signed.
    pub fn events_since(
        &self,
        reading: &Reading,
        last: &CommitId,
        count: u32,
    ) -> Result<Option<(Vec<Event>, usize)>, Stop> {
        let Some(tip) = reading.tip.as_ref().filter(|_| self.keys.is_none()) else {
            return Ok(None);
        };
        let mut written = objects::events(self.repo, tip, count)?;
        let place = written.iter().position(|one| one.commit == *last);
        Ok(place.map(|place| read(written.split_off(place + 1))))
    }
}

/// Returns the readable events, and the number of the others.
fn read(written: Vec<StoredEvent>) -> (Vec<Event>, usize) {
    let all = written.len();
    let events = written.into_iter().filter_map(|one| {
        let (name, email) = one.by;
        read_event(&one.message, Person::named(name, email), one.at).ok()
    });
    let events: Vec<Event> = events.collect();
    let unread = all - events.len();
    (events, unread)
}
