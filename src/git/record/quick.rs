//! The same work by the library, without a process for each step. It gives up if git might act differently.

use git2::{ErrorCode, ObjectType, Oid, Repository, Signature, Time};

use crate::core::words::CommitId;
use crate::git::Unreadable;
use crate::git::history::{Library, commit_id, oid};
use crate::git::record::{FILE, LARGEST_EVENT, LARGEST_STATE, NewEvent};

const PLAIN: i32 = 0o100_644;

impl Library {
    pub(super) fn at(&self, name: &str) -> Result<Option<CommitId>, Unreadable> {
        let repository = self.lock();
        match repository.refname_to_id(name) {
            Ok(id) => Ok(Some(commit_id(id)?)),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(_) => Err(Unreadable),
        }
    }

    /// Returns `None` if no ref's name begins so. If one does, git has to answer.
    pub(super) fn none_below<T>(&self, start: &str) -> Result<Option<T>, Unreadable> {
        let repository = self.lock();
        let mut names = repository.references_glob(&format!("{start}*"))?;
        names.next().map_or(Ok(None), |_| Err(Unreadable))
    }

    /// Returns whether one event after the other leads back from `tip` to `seen`.
    pub(super) fn follows_on(&self, seen: &CommitId, tip: &CommitId) -> Result<bool, Unreadable> {
        let repository = self.lock();
        let (seen, mut at) = (oid(seen)?, oid(tip)?);
        while at != seen {
            let event = repository.find_commit(at)?;
            if event.parent_count() != 1 {
                return Ok(false);
            }
            at = event.parent_id(0)?;
        }
        Ok(true)
    }

    /// Returns the state after an event. What is no event, or too large for one, is left to git.
    pub(super) fn state_at(&self, id: &CommitId) -> Result<Vec<u8>, Unreadable> {
        let (repository, event) = (self.lock(), oid(id)?);
        measured(&repository, event, ObjectType::Commit, LARGEST_EVENT)?;
        let tree = repository.find_commit(event)?.tree_id();
        measured(&repository, tree, ObjectType::Tree, LARGEST_EVENT)?;
        let tree = repository.find_tree(tree)?;
        let file = tree.get_name(FILE).ok_or(Unreadable)?.id();
        measured(&repository, file, ObjectType::Blob, LARGEST_STATE)?;
        Ok(repository.find_blob(file)?.content().to_vec())
    }

    /// Moves a ref from `old`; `None` makes it. Gives up if it is elsewhere, or locked.
    pub(super) fn moves(
        &self,
        name: &str,
        new: &CommitId,
        old: Option<&CommitId>,
        note: &str,
    ) -> Result<bool, Unreadable> {
        let (repository, id) = (self.lock(), oid(new)?);
        match old {
            Some(old) => repository.reference_matching(name, id, true, oid(old)?, note)?,
            None => repository.reference(name, id, false, note)?,
        };
        Ok(true)
    }

    pub(super) fn write_event(&self, event: &NewEvent<'_>) -> Result<CommitId, Unreadable> {
        let repository = self.lock();
        let mut tree = repository.treebuilder(None)?;
        let state = repository.blob(event.state.as_bytes())?;
        tree.insert(FILE, state, PLAIN)?;
        let tree = repository.find_tree(tree.write()?)?;
        let (name, email) = event.by;
        let by = Signature::new(name, email, &Time::new(event.at.max(0), 0))?;
        let parent = event.parent.map(oid).transpose()?;
        let parent = parent.map(|id| repository.find_commit(id)).transpose()?;
        let parents: Vec<_> = parent.iter().collect();
        let id = repository.commit(None, &by, &by, event.message, &tree, &parents)?;
        // On a full disk the library says that it wrote them.
        let objects = repository.odb()?;
        match objects.exists(state) && objects.exists(id) {
            true => commit_id(id),
            false => Err(Unreadable),
        }
    }
}

/// Gives up on an object of another kind, or a larger one.
fn measured(
    repository: &Repository,
    id: Oid,
    kind: ObjectType,
    largest: u64,
) -> Result<(), Unreadable> {
    let (size, is) = repository.odb()?.read_header(id)?;
    if is == kind && size as u64 <= largest {
        Ok(())
    } else {
        Err(Unreadable)
    }
}
