use crate::core::record::{Reading, State};
use crate::core::refusal::Refusal;

#[derive(Clone, Debug)]
pub enum RecordView {
    NoneKept,
    Unreadable(Refusal),
    Read(Box<Reading>),
}

impl RecordView {
    pub fn reading(&self) -> Option<&Reading> {
        match self {
            Self::Read(reading) => Some(reading),
            Self::NoneKept | Self::Unreadable(_) => None,
        }
    }

    /// What its events add up to, where it was read.
    pub fn state(&self) -> Option<&State> {
        self.reading().map(|reading| &reading.state)
    }

    /// Where four eyes are wanted, anybody could write down a comment that nobody made. So where the forge bears none out, a
    /// comment is worth what the key is that put it on record, and nothing where events are not signed. `unread`: whether
    /// the forge did not answer.
    pub fn believe_keys_alone(&mut self, unread: bool) {
        let Self::Read(reading) = self else {
            return;
        };
        let open = reading.state.candidate.as_mut();
        if let Some(open) = open.filter(|open| open.four_eyes) {
            open.by_keys_alone();
            open.unread = unread;
        }
    }

    /// The same, and why it is not known; `None` only where none is kept.
    pub fn read(&self) -> Option<Result<&State, &Refusal>> {
        match self {
            Self::Unreadable(refusal) => Some(Err(refusal)),
            Self::NoneKept | Self::Read(_) => self.state().map(Ok),
        }
    }

    /// The same as an error of its own.
    pub fn known(&self) -> Result<Option<&State>, Refusal> {
        self.read().transpose().map_err(Clone::clone)
    }
}

impl From<Result<Reading, Refusal>> for RecordView {
    fn from(reading: Result<Reading, Refusal>) -> Self {
        match reading {
            Ok(reading) => Self::Read(Box::new(reading)),
            Err(refusal) => Self::Unreadable(refusal),
        }
    }
}
