//! The adapter to git: the library for reading, the `git` program for the network and for configuration.
//!
//! Each question about history has two answers: a quick one in `history.rs`, and one by the program in `plumbing.rs`.
//! The tests compare the two. This module asks the quick one first.
#![expect(clippy::disallowed_types, reason = "this is the door to git")]

pub mod editor;
pub mod token;

mod abbrev;
mod address;
pub mod advice;
mod child;
mod config;
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
pub mod secret;
pub mod signed;
mod ssh;
#[cfg(test)]
pub mod tests;
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

/// A repository that threads can share.
pub struct Repo {
    program: Program,
    config: PendingConfig,
    /// The settings for the display of history that an earlier run kept, if they still hold.
    known: Option<GitConfig>,
    layout: Layout,
    people: Arc<People>,
    /// The name and mail address of this clone's user, once they are known.
    identity: OnceLock<(String, String)>,
    /// The results of signature checks in this run, by signers file and commit.
    checked: Mutex<HashMap<(Option<String>, CommitId), SignatureCheck>>,
    /// The latest answer of the main repository in this run; `None` if it was not asked yet.
    main: Mutex<Option<MainSeen>>,
    /// Set once this run has found that the team agrees to this clone's `smp.toml`.
    pub agreed: OnceLock<()>,
    /// `None` if the library cannot open the repository, or its history is cut off.
    reader: Option<Library>,
}

/// The main repository's branches, as this run last saw them.
#[derive(Clone, Debug)]
pub struct MainSeen {
    /// The commit of its main branch, if that exists.
    pub at: Option<CommitId>,
    /// The commit of its HEAD, if that exists.
    pub head: Option<CommitId>,
}

/// The folders of a repository: `git rev-parse --show-toplevel --git-dir ...`. All paths are absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    pub top: Option<PathBuf>,
    /// The folder with the git files of this work tree.
    pub git_dir: PathBuf,
    /// The folder with the files that all work trees share.
    pub common_dir: PathBuf,
    pub bare: bool,
    pub shallow: bool,
}

/// The object that a hash stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Commit(CommitId),
    /// No object in this clone.
    Missing,
    /// Several commits, and how many.
    Ambiguous(usize),
    /// Another kind of object, by git's name for it.
    NotACommit(String),
}

/// The library cannot be sure to answer as git would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unreadable;

/// Any error counts: git is asked next, and reports the failure itself.
impl<E: std::error::Error> From<E> for Unreadable {
    fn from(_: E) -> Self {
        Self
    }
}

/// Locks a mutex, even if a thread died while it held it: the data is whole at any time.
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
        // In a shallow clone, git knows best how far the history goes.
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

    /// Returns the main repository's branches as last seen in this run; `None` if it was not asked yet.
    pub fn main(&self) -> Option<MainSeen> {
        let main = lock(&self.main);
        main.clone()
    }

    /// Opens the same repository again, in its present state. Logins and connections of this run are shared.
    pub fn reopened(&self) -> Result<Self, Stop> {
        let people = Arc::clone(&self.people);
        let now = Self::open_with(self.program.clone())?;
        Ok(Self { people, ..now })
    }

    /// Takes over the settings that an earlier run kept. If they no longer hold, git begins to read the configuration.
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

    /// Ends the connections that were kept for this run.
    pub fn hang_up(&self) {
        self.people.ssh.hang_up();
    }

    /// Returns the configuration: `git config --list`.
    pub fn config(&self) -> Result<&GitConfig, Stop> {
        self.config.get()
    }

    /// Returns the settings for the display of history, which may be known from an earlier run.
    pub fn shown_config(&self) -> Result<&GitConfig, Stop> {
        self.known.as_ref().map_or_else(|| self.config(), Ok)
    }

    /// Compares two commits: `git log --oneline --no-merges FROM..TO`, and `TO..FROM`. Without `from`, nothing is
    /// deployed yet, and the whole history ships.
    pub fn changes(&self, from: Option<&CommitId>, to: &CommitId) -> Result<Changes, Stop> {
        self.either(
            |library| library.changes(self, from.ok_or(Unreadable)?, to),
            || plumbing::changes(&self.program, from, to),
        )
    }

    /// Returns whether `new` contains everything that `old` has: `git merge-base --is-ancestor`.
    pub fn is_ancestor(&self, old: &CommitId, new: &CommitId) -> Result<bool, Stop> {
        self.either(
            |library| library.is_ancestor(old, new),
            || plumbing::is_ancestor(&self.program, old, new),
        )
    }

    /// Returns whether this clone has the object, and it is a commit: `git cat-file -t`.
    pub fn has_commit(&self, id: &CommitId) -> Result<bool, Stop> {
        Ok(matches!(self.resolve_hash(id.as_str())?, Found::Commit(_)))
    }

    /// Returns the object that a hash of 7 to 64 digits stands for: `git rev-parse --disambiguate`. Names of branches
    /// and tags do not count. If several objects begin so, the only commit among them is meant.
    pub fn resolve_hash(&self, hex: &str) -> Result<Found, Stop> {
        if !is_hash(hex, 7) {
            return Ok(Found::Missing);
        }
        self.either(
            |library| library.resolve_hash(hex),
            || plumbing::resolve_hash(&self.program, hex),
        )
    }

    /// Returns the commit that a person named: `git rev-parse --verify`.
    pub fn resolve_revision(&self, rev: &str) -> Result<CommitId, Stop> {
        // git reads a full hash as that hash, whatever the refs are called.
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

    /// Returns the commit that a person named. Digits are a hash before anything else: our own hints show hashes, and a
    /// tag or branch with such a name must not mislead.
    pub fn resolve(&self, rev: &str) -> Result<CommitId, Stop> {
        match self.resolve_hash(rev)? {
            Found::Commit(id) => Ok(id),
            _ => self.resolve_revision(rev),
        }
    }

    /// Returns the commit of a remote's branch when this clone last saw it.
    pub fn tracked(&self, remote: &str, branch: &str) -> Option<CommitId> {
        let name = format!("refs/remotes/{remote}/{branch}");
        self.resolve_revision(&name).ok()
    }

    /// Returns whether a remote's branch had a commit when this clone last saw it; `None` if it is not tracked.
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

    /// Returns the library's answer, or git's if the library has none.
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
