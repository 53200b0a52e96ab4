//! The door to git: the library for reading, the program for the network and for configuration.
//!
//! Every question has two answers, a quick one in `history.rs` and one by the program in `plumbing.rs`, which
//! the tests hold against each other. What is asked here is asked of the first that can tell.
#![expect(clippy::disallowed_types, reason = "this is the door to git")]

pub mod editor;
pub mod token;

mod abbrev;
mod address;
pub mod advice;
mod child;
mod config;
mod copies;
pub mod deepen;
pub mod fetch;
mod hashed;
mod history;
pub mod host;
mod known;
pub mod lfs;
mod line;
mod logins;
pub mod moved;
mod network;
mod object;
mod open;
mod pick;
mod plumbing;
pub mod program;
pub mod push;
mod reach;
pub mod record;
pub mod remote;
pub mod response;
#[cfg(test)]
pub mod scratch;
pub mod secret;
pub mod signed;
mod ssh;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

pub use config::GitConfig;
use config::PendingConfig;
use history::Library;
use network::People;
use program::Program;

use crate::core::refusal::Stop;
use crate::core::words::{Changes, CommitId, KnownConfig, SignatureCheck, is_hash};

/// A repository, to be shared by threads.
pub struct Repo {
    program: Program,
    config: PendingConfig,
    /// The part of it that an earlier run kept, where it still holds.
    known: Option<GitConfig>,
    layout: Layout,
    people: Arc<People>,
    /// Who uses this clone, once it was asked for.
    identity: OnceLock<(String, String)>,
    /// What git made of signatures in this run, by the keys that counted and the commit.
    checked: Mutex<HashMap<(Option<String>, CommitId), SignatureCheck>>,
    /// What this run was told last of the main repository; `None`: it has not asked yet.
    main: Mutex<Option<MainSeen>>,
    /// Once it was found in this run that the team agrees to this clone's `smp.toml`.
    pub agreed: OnceLock<()>,
    /// None where the library cannot open what git can, or history is cut off.
    reader: Option<Library>,
}

/// Where the main repository has what it was asked for.
#[derive(Clone, Debug)]
pub struct MainSeen {
    /// Its main branch, where it has that.
    pub at: Option<CommitId>,
    /// The branch that it calls its own, where that is there.
    pub head: Option<CommitId>,
}

/// Where things lie: `git rev-parse --show-toplevel --git-dir ...`. All paths are absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    pub top: Option<PathBuf>,
    /// The folder of this work tree's own git files.
    pub git_dir: PathBuf,
    /// The folder of what all work trees share.
    pub common_dir: PathBuf,
    pub bare: bool,
    pub shallow: bool,
}

/// What a hash turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Commit(CommitId),
    /// Nothing that is here.
    Missing,
    /// So many commits.
    Ambiguous(usize),
    /// Another kind of object, by git's name for it.
    NotACommit(String),
}

/// The library is not sure to answer as git would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unreadable;

/// Whatever fails here, git says so itself when it is asked.
impl<E: std::error::Error> From<E> for Unreadable {
    fn from(_: E) -> Self {
        Self
    }
}

/// Locks it, also where a thread died that held it: each of these is whole at any time.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Repo {
    /// Opens the repository that git would use here: by `GIT_DIR`, or from the current folder upwards.
    pub fn open() -> Result<Self, Stop> {
        Self::open_with(Program::find()?)
    }

    /// Opens the repository of another folder, with this `git` and other variables than this process has.
    #[cfg(test)]
    pub fn open_in(
        git: PathBuf,
        folder: PathBuf,
        variables: Vec<(std::ffi::OsString, Option<std::ffi::OsString>)>,
    ) -> Result<Self, Stop> {
        Self::open_with(Program::elsewhere(git, folder, variables))
    }

    fn open_with(program: Program) -> Result<Self, Stop> {
        let config = PendingConfig::new(&program);
        let (layout, repository) = open::find(&program, &config)?;
        // Where history is cut off, git knows best how far it goes.
        let reader = repository.filter(|_| !layout.shallow).map(Library::new);
        Ok(Self {
            program,
            config,
            known: None,
            layout,
            people: Arc::default(),
            identity: OnceLock::new(),
            checked: Mutex::default(),
            main: Mutex::default(),
            agreed: OnceLock::new(),
            reader,
        })
    }

    /// Where the main repository's branches are, as this run was told last; `None`: it has not asked yet.
    pub fn main(&self) -> Option<MainSeen> {
        let main = lock(&self.main);
        main.clone()
    }

    /// The same repository as it is now. Who was asked what in this run stays known, and is ended with it.
    pub fn reopened(&self) -> Result<Self, Stop> {
        let people = Arc::clone(&self.people);
        let now = Self::open_with(self.program.clone())?;
        Ok(Self { people, ..now })
    }

    /// Takes what an earlier run kept of the configuration; where it does not hold any more, git begins to read.
    pub fn recall(&mut self, known: Option<KnownConfig>) {
        self.known = known.and_then(|known| known::recall(known, &self.program, &self.layout));
        if self.known.is_none() {
            self.config.start();
        }
    }

    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Ends what was kept for this run: connections that a person opened.
    pub fn hang_up(&self) {
        self.people.hang_up();
    }

    /// The configuration that holds here: `git config --list`.
    pub fn config(&self) -> Result<&GitConfig, Stop> {
        self.config.get()
    }

    /// The part of it that says how history is shown, which is known earlier.
    pub fn shown_config(&self) -> Result<&GitConfig, Stop> {
        self.known.as_ref().map_or_else(|| self.config(), Ok)
    }

    /// What lies between two commits: `git log --oneline --no-merges FROM..TO`, and the same the other way round.
    /// Without `from` nothing is deployed yet, and all history ships.
    pub fn changes(&self, from: Option<&CommitId>, to: &CommitId) -> Result<Changes, Stop> {
        self.either(
            |library| library.changes(self, from.ok_or(Unreadable)?, to),
            || plumbing::changes(&self.program, from, to),
        )
    }

    /// Whether `new` has everything that `old` has: `git merge-base --is-ancestor`.
    pub fn is_ancestor(&self, old: &CommitId, new: &CommitId) -> Result<bool, Stop> {
        self.either(
            |library| library.is_ancestor(old, new),
            || plumbing::is_ancestor(&self.program, old, new),
        )
    }

    /// Whether this is here and a commit: `git cat-file -t`.
    pub fn has_commit(&self, id: &CommitId) -> Result<bool, Stop> {
        Ok(matches!(self.resolve_hash(id.as_str())?, Found::Commit(_)))
    }

    /// What a hash of 7 to 64 digits stands for, whatever branches and tags are called:
    /// `git rev-parse --disambiguate`. Of several objects that begin so, the only commit is meant.
    pub fn resolve_hash(&self, hex: &str) -> Result<Found, Stop> {
        if !is_hash(hex, 7) {
            return Ok(Found::Missing);
        }
        self.either(
            |library| library.resolve_hash(hex),
            || plumbing::resolve_hash(&self.program, hex),
        )
    }

    /// The commit that a person named: `git rev-parse --verify`.
    pub fn resolve_revision(&self, rev: &str) -> Result<CommitId, Stop> {
        // git takes all digits of a hash for that hash, whatever refs are called.
        let is_hash = rev.len() == 40 && CommitId::parse(rev).is_some();
        let quick = self.reader.as_ref().map(|library| match is_hash {
            true => library.resolve_hash(rev),
            false => library.resolve_name(rev).map(Found::Commit),
        });
        match quick {
            Some(Ok(Found::Commit(id))) => Ok(id),
            _ => plumbing::resolve_revision(&self.program, rev),
        }
    }

    /// The same. Digits are a hash before they are anything else: our own hints show such, and a tag or branch that is
    /// called like one must not lead astray.
    pub fn resolve(&self, rev: &str) -> Result<CommitId, Stop> {
        match self.resolve_hash(rev)? {
            Found::Commit(id) => Ok(id),
            _ => self.resolve_revision(rev),
        }
    }

    /// Where this clone saw the branch of a remote last.
    pub fn tracked(&self, remote: &str, branch: &str) -> Option<CommitId> {
        let name = format!("refs/remotes/{remote}/{branch}");
        self.resolve_revision(&name).ok()
    }

    /// Whether a remote had a commit in this branch when this clone saw it last; `None`: it does not follow its branches.
    pub fn is_pushed(&self, remote: &str, branch: &str, commit: &CommitId) -> Option<bool> {
        if let Some(at) = self.tracked(remote, branch) {
            return self.is_ancestor(commit, &at).ok();
        }
        let (key, all) = (
            format!("remote.{remote}.fetch"),
            format!("refs/heads/*:refs/remotes/{remote}/*"),
        );
        let fetched = self.config().ok()?.all(&key);
        let follows = fetched.iter().any(|one| one.trim_start_matches('+') == all);
        follows.then_some(false)
    }

    /// The library's answer or, where it has none, git's.
    fn either<T>(
        &self,
        quick: impl FnOnce(&Library) -> Result<T, Unreadable>,
        sure: impl FnOnce() -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        match self.reader.as_ref().map(quick) {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(Unreadable)) | None => sure(),
        }
    }
}
