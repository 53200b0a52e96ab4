use crate::core::record::{Deploying, Reading, State};
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

    pub fn state(&self) -> Option<&State> {
        self.reading().map(|reading| &reading.state)
    }

    /// Trusts comments only as far as the key that recorded them, with `four_eyes`: anybody could record an invented
    /// comment. Without confirmation by the forge an unsigned comment counts for nothing. `unread` is true if the forge
    /// did not answer.
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

    /// Shows a replaced announcement as the open one, unless another is open.
    pub fn shows(&mut self, replaced: Option<Deploying>) {
        if let Self::Read(reading) = self {
            let open = &mut reading.state.deploying;
            *open = open.take().or(replaced);
        }
    }

    /// Returns the state, or why it is unknown; `None` only without a record.
    pub fn read(&self) -> Option<Result<&State, &Refusal>> {
        match self {
            Self::Unreadable(refusal) => Some(Err(refusal)),
            Self::NoneKept | Self::Read(_) => self.state().map(Ok),
        }
    }

    /// Returns the state, with the refusal as an owned error.
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
