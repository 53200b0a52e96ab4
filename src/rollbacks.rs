//! What this clone remembers of its rollbacks: what is to be told of one that is on its way and, where the team keeps no
//! record, what was rolled back, so that it does not ship again unasked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::error::Stop;
use crate::git::Repo;
use crate::model::CommitId;
use crate::note::Note;
use crate::outbox::Notes;
use crate::record::{Held, Owed};

/// This clone's own note.
#[derive(Clone, Copy)]
pub struct Rollbacks<'a> {
    repo: &'a Repo,
    /// Whether the record owes the post and holds the commit.
    recorded: bool,
}

#[derive(Default, Serialize, Deserialize)]
struct Written {
    going: BTreeMap<String, Going>,
    held: BTreeMap<String, Vec<Held>>,
}

/// A rollback on its way.
#[derive(Clone, Serialize, Deserialize)]
struct Going {
    owed: Owed,
    held: Option<Held>,
}

/// What was noted of an environment before a rollback of it began.
pub struct Before(Option<Going>);

impl Before {
    /// Whether an earlier run of this clone began the same rollback.
    pub fn is_of(&self, commit: &CommitId) -> bool {
        self.0
            .as_ref()
            .is_some_and(|going| going.owed.commit == *commit)
    }
}

/// What was rolled back and is no part of what ships now: it stays held.
///
/// # Errors
/// When history cannot be read.
pub fn no_part_of(repo: &Repo, held: Vec<Held>, commit: &CommitId) -> Result<Vec<Held>, Stop> {
    let mut still = Vec::new();
    for held in held {
        // All of what ships is here, so what is not here is no part of it.
        let bad = &held.commit;
        if bad != commit && !(repo.has_commit(bad)? && repo.is_ancestor(bad, commit)?) {
            still.push(held);
        }
    }
    Ok(still)
}

impl<'a> Rollbacks<'a> {
    /// The note of this clone.
    pub fn of(repo: &'a Repo, config: &Config) -> Self {
        Self {
            repo,
            recorded: config.record.is_some(),
        }
    }

    /// An environment is about to be put back: this is to be told of it then, and held back from it. A second run of the
    /// same rollback changes nothing. Gives what was noted before, for [`Rollbacks::forget`].
    ///
    /// # Errors
    /// When it cannot be written; then nothing should begin.
    pub fn goes_back(&self, owed: &Owed, held: Option<Held>) -> Result<Before, Stop> {
        let mut written = self.read()?;
        let before = written.going.get(&owed.environment).cloned();
        if before
            .as_ref()
            .is_none_or(|before| before.owed.commit != owed.commit)
        {
            written.going.insert(
                owed.environment.clone(),
                Going {
                    owed: owed.clone(),
                    held,
                },
            );
            self.write(&written)?;
        }
        Ok(Before(before))
    }

    /// The environment was seen to run the older commit. Gives what is to be told of it, if that was not done yet.
    /// `owes`: there is a channel that is owed it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn came_back(
        &self,
        environment: &str,
        commit: &CommitId,
        owes: bool,
    ) -> Result<Option<Owed>, Stop> {
        let mut written = self.read()?;
        let going = written
            .going
            .get(environment)
            .filter(|going| going.owed.commit == *commit)
            .cloned();
        let Some(going) = going else { return Ok(None) };
        if !self.recorded {
            if owes {
                Notes::of(self.repo).owe(going.owed.clone())?;
            }
            let held = written.held.entry(environment.to_owned()).or_default();
            held.retain(|one| {
                going
                    .held
                    .as_ref()
                    .is_none_or(|new| new.commit != one.commit)
            });
            held.extend(going.held);
        }
        written.going.remove(environment);
        self.write(&written)?;
        Ok(Some(going.owed))
    }

    /// What there is to tell of a rollback to this commit that is on its way.
    ///
    /// # Errors
    /// When the note cannot be read.
    pub fn going(&self, environment: &str, commit: &CommitId) -> Result<Option<Owed>, Stop> {
        let going = self
            .read()?
            .going
            .remove(environment)
            .filter(|going| going.owed.commit == *commit);
        Ok(going.map(|going| going.owed))
    }

    /// Where a rollback that is on its way leads to, as long as the environment runs that, or what it came from.
    ///
    /// # Errors
    /// When the note cannot be read.
    pub fn leads_to(
        &self,
        environment: &str,
        runs: Option<&CommitId>,
    ) -> Result<Option<CommitId>, Stop> {
        let Some(Going { owed, held }) = self.read()?.going.remove(environment) else {
            return Ok(None);
        };
        let from = held.as_ref().map(|held| &held.commit);
        let still = runs.is_some() && (runs == Some(&owed.commit) || runs == from);
        Ok(still.then_some(owed.commit))
    }

    /// It came to nothing: what was noted before is all there is to note, for an earlier one may still be on its way.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn forget(&self, environment: &str, before: Before) -> Result<(), Stop> {
        let mut written = self.read()?;
        match before.0 {
            Some(going) => written.going.insert(environment.to_owned(), going),
            None => written.going.remove(environment),
        };
        self.write(&written)
    }

    /// What an environment was rolled back from since its last promotion, as far as this clone knows. A rollback that is
    /// on its way counts, however it ends.
    ///
    /// # Errors
    /// When the note cannot be read.
    pub fn held(&self, environment: &str) -> Result<Vec<Held>, Stop> {
        let mut written = self.read()?;
        let going = written
            .going
            .remove(environment)
            .and_then(|going| going.held);
        let mut held = written.held.remove(environment).unwrap_or_default();
        held.retain(|one| {
            going
                .as_ref()
                .is_none_or(|going| going.commit != one.commit)
        });
        held.extend(going);
        Ok(held)
    }

    /// Somebody said yes to the commit that these environments run now, and to all that it has in it.
    ///
    /// # Errors
    /// When it cannot be written, or history cannot be read.
    pub fn promoted<'e>(
        &self,
        commit: &CommitId,
        environments: impl Iterator<Item = &'e str>,
    ) -> Result<(), Stop> {
        let mut written = self.read()?;
        let mut changed = false;
        for name in environments {
            let going = written.going.remove(name);
            let held = written.held.remove(name).unwrap_or_default();
            changed |= going.is_some() || !held.is_empty();
            let held = held
                .into_iter()
                .chain(going.and_then(|going| going.held))
                .collect();
            let still = no_part_of(self.repo, held, commit)?;
            if !still.is_empty() {
                written.held.insert(name.to_owned(), still);
            }
        }
        if changed {
            self.write(&written)
        } else {
            Ok(())
        }
    }

    fn read(&self) -> Result<Written, Stop> {
        self.note().read()
    }

    fn write(&self, written: &Written) -> Result<(), Stop> {
        self.note().write(written)
    }

    fn note(&self) -> Note {
        Note::named(self.repo, "rollbacks", "rollbacks", "nothing is held back")
    }
}
