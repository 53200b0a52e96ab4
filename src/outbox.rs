//! Which posts are owed: on the team's record, or in a note of this clone where the team keeps none. The note also keeps
//! what a person wrote for a deploy, until that runs.

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::error::Stop;
use crate::git::Repo;
use crate::git::record::identity;
use crate::model::CommitId;
use crate::note::Note;
use crate::record::{Event, EventId, Owed, Person, State, What};
use crate::recorder::Recorder;

/// Where it stands what is owed.
pub enum Outbox<'a> {
    /// On the record that the team shares.
    Shared(Recorder<'a>),
    /// In this clone alone.
    Own(Notes<'a>),
}

impl<'a> Outbox<'a> {
    /// The team's, or this clone's where the team keeps no record.
    pub fn of(repo: &'a Repo, config: &'a Config, may_ask: bool) -> Self {
        match Recorder::of(repo, config, may_ask) {
            Some(recorder) => Self::Shared(recorder),
            None => Self::Own(Notes::of(repo)),
        }
    }

    /// What is owed now, oldest first.
    ///
    /// # Errors
    /// When the record or the note cannot be read.
    pub fn owed(&self) -> Result<Vec<Owed>, Stop> {
        match self {
            Self::Shared(recorder) => Ok(recorder.read_now()??.state.owed),
            Self::Own(notes) => notes.owed(),
        }
    }

    /// Adds an event about a post, and says whether that was so: a post that is not owed any more, or whose attempt is
    /// another by now, is somebody else's.
    ///
    /// # Errors
    /// When the record or the note cannot be written.
    pub fn note(&self, id: &EventId, what: &What) -> Result<bool, Stop> {
        match self {
            Self::Shared(recorder) => {
                let mut still = false;
                recorder.append(id, &mut |state| {
                    still = state.owes(what);
                    Ok(still.then(|| what.clone()))
                })?;
                Ok(still)
            }
            Self::Own(notes) => notes.take(id, what),
        }
    }
}

/// This clone's own note.
#[derive(Clone, Copy)]
pub struct Notes<'a> {
    repo: &'a Repo,
}

#[derive(Default, Serialize, Deserialize)]
struct Written {
    owed: Vec<Owed>,
    kept: Option<Kept>,
}

/// What a person wrote for a deploy.
#[derive(Serialize, Deserialize)]
struct Kept {
    commit: CommitId,
    text: String,
    /// Whether somebody said yes to the deploy.
    begun: bool,
}

impl<'a> Notes<'a> {
    /// The note of this clone.
    pub fn of(repo: &'a Repo) -> Self {
        Self { repo }
    }

    /// What this clone owes, where the team keeps no record.
    ///
    /// # Errors
    /// When the note cannot be read.
    pub fn owed(&self) -> Result<Vec<Owed>, Stop> {
        Ok(self.read()?.owed)
    }

    /// What was written for the deploy of this commit in a run that did not come to its end.
    pub fn kept(&self, commit: &CommitId) -> Option<String> {
        let kept = self.read().ok()?.kept?;
        (kept.commit == *commit).then_some(kept.text)
    }

    /// The same, if somebody had said yes to that deploy.
    pub fn begun(&self, commit: &CommitId) -> Option<String> {
        let kept = self.read().ok()?.kept?;
        (kept.commit == *commit && kept.begun).then_some(kept.text)
    }

    /// What was written for another deploy that somebody said yes to, and whose end was not seen.
    pub fn begun_for_another(&self, commit: &CommitId) -> Option<(CommitId, String)> {
        let kept = self.read().ok()?.kept?;
        (kept.commit != *commit && kept.begun && !kept.text.is_empty())
            .then_some((kept.commit, kept.text))
    }

    /// Keeps what was written for a deploy. `begun`: somebody said yes to it.
    ///
    /// # Errors
    /// When it cannot be written; then nothing should begin.
    pub fn keep(&self, commit: &CommitId, text: &str, begun: bool) -> Result<(), Stop> {
        let mut written = self.read()?;
        written.kept = Some(Kept {
            commit: commit.clone(),
            text: text.to_owned(),
            begun,
        });
        self.write(&written)
    }

    /// A deploy came to its end: what was written for it is owed, or stands elsewhere from now on. In one step, so that a
    /// run that is cut off here owes it once.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn settle(&self, owed: Option<Owed>) -> Result<(), Stop> {
        let mut written = self.read()?;
        if written.kept.is_none() && owed.is_none() {
            return Ok(());
        }
        written.kept = None;
        written.owed.extend(owed);
        self.write(&written)
    }

    /// Owes a post from now on, unless it is owed already.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn owe(&self, owed: Owed) -> Result<(), Stop> {
        let mut written = self.read()?;
        if written.owed.iter().any(|one| one.about == owed.about) {
            return Ok(());
        }
        written.owed.push(owed);
        self.write(&written)
    }

    fn take(&self, id: &EventId, what: &What) -> Result<bool, Stop> {
        let mut written = self.read()?;
        let state = State {
            owed: std::mem::take(&mut written.owed),
            ..State::default()
        };
        // The note is this clone's alone, so whoever has no name for git may post all the same.
        let (name, email) = identity(self.repo).unwrap_or_default();
        let (by, at) = (Person { name, email }, jiff::Timestamp::now().as_second());
        let event = Event {
            id: id.clone(),
            by,
            at,
            program: String::new(),
            what: what.clone(),
        };
        let Ok(next) = state.after(&event) else {
            return Ok(false);
        };
        written.owed = next.owed;
        self.write(&written).map(|()| true)
    }

    fn read(&self) -> Result<Written, Stop> {
        self.note().read()
    }

    fn write(&self, written: &Written) -> Result<(), Stop> {
        self.note().write(written)
    }

    fn note(&self) -> Note {
        Note::named(self.repo, "posts", "posts", "no post is owed")
    }
}
