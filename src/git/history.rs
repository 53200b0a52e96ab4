//! What the library answers about history: quick, and in git's own words to the byte.
//!
//! It gives up with [`Unreadable`] on anything that it is not sure to answer as git would; `plumbing.rs` then
//! answers the whole question.
#![expect(clippy::disallowed_types, reason = "this is the door to git")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use git2::{ErrorCode, ObjectType, Odb, Oid, Repository};

use crate::core::refusal::Stop;
use crate::core::words::{Changes, Commit, CommitId, Relation};
use crate::git::abbrev::Abbreviation;
use crate::git::config::{GitConfig, PendingConfig};
use crate::git::plumbing::{self, Spelling};
use crate::git::program::Program;
use crate::git::source::{self, Node, Source};
use crate::git::{Found, Unreadable, object, walk};

/// A repository that the library can read.
pub struct Library {
    repository: Mutex<Repository>,
    /// The folder of objects that all worktrees share.
    objects: PathBuf,
    shallow: bool,
}

/// Why the library has no answer.
pub enum Gap {
    /// git has to be asked.
    Unreadable,
    /// The git program was asked for a part and failed.
    Stop(Stop),
}

impl From<Unreadable> for Gap {
    fn from(Unreadable: Unreadable) -> Self {
        Self::Unreadable
    }
}

impl From<Stop> for Gap {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl Library {
    /// Takes over an open repository.
    pub fn new(repository: Repository, shallow: bool) -> Self {
        // git does not hash again what it reads; damage is what `git fsck` looks for.
        git2::opts::strict_hash_verification(false);
        // Every commit is read once, so that a cache costs and brings nothing.
        git2::opts::enable_caching(false);
        let objects = repository.commondir().join("objects");
        Self {
            repository: Mutex::new(repository),
            objects,
            shallow,
        }
    }

    /// What lies between two commits.
    ///
    /// # Errors
    /// When git has to be asked.
    pub fn changes(
        &self,
        ask: &Asking<'_>,
        from: Option<&CommitId>,
        to: &CommitId,
    ) -> Result<Changes, Gap> {
        let repository = self.lock();
        let odb = repository.odb().map_err(|_| Unreadable)?;
        let mut source = self.source(&odb)?;
        let mut found = find(&mut source, from, to)?;
        // Configuration arrives while we walk, and nearly always says what was taken for granted.
        if source.has_graph() && ask.config.get()?.denies("core.commitgraph") {
            source = Source::new(&odb, None);
            found = find(&mut source, from, to)?;
        }
        let mut listing = Listing::new(&odb, &self.objects, ask)?;
        let (ships, ships_merges) = listing.list(&mut source, &found.ships)?;
        let (disappears, disappears_merges) = listing.list(&mut source, &found.disappears)?;
        let mut changes = Changes {
            relation: found.relation,
            ships,
            ships_merges,
            disappears,
            disappears_merges,
        };
        listing.respell(changes.ships.iter_mut().chain(&mut changes.disappears))?;
        Ok(changes)
    }

    /// Whether `new` has everything that `old` has.
    ///
    /// # Errors
    /// When git has to be asked.
    pub fn is_ancestor(&self, old: &CommitId, new: &CommitId) -> Result<bool, Gap> {
        let repository = self.lock();
        let odb = repository.odb().map_err(|_| Unreadable)?;
        // Whether the commit-graph may be used makes no difference to what is an ancestor.
        let mut source = self.source(&odb)?;
        let ends = (source.node(oid(old)?), source.node(oid(new)?));
        let relation = walk::relation(&mut source, ends.0, ends.1)?;
        Ok(matches!(relation, Relation::Identical | Relation::Ahead))
    }

    /// What a hash, or the first digits of one, stands for.
    ///
    /// # Errors
    /// When git has to be asked, as it is for an ambiguous one.
    pub fn resolve_hash(&self, hex: &str) -> Result<Found, Gap> {
        let repository = self.lock();
        let odb = repository.odb().map_err(|_| Unreadable)?;
        let full = match hex.len() {
            41.. => return Ok(Found::Missing),
            40 => Oid::from_str(hex).map_err(|_| Unreadable)?,
            length => {
                let padded = Oid::from_str(hex).map_err(|_| Unreadable)?;
                match odb.exists_prefix(padded, length) {
                    Ok(full) => full,
                    Err(error) if error.code() == ErrorCode::NotFound => return Ok(Found::Missing),
                    Err(_) => return Err(Gap::Unreadable),
                }
            }
        };
        match odb.read_header(full) {
            Ok((_, ObjectType::Commit)) => Ok(Found::Commit(commit_id(full)?)),
            Ok((_, other)) => Ok(Found::NotACommit(other.str().to_owned())),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(Found::Missing),
            Err(_) => Err(Gap::Unreadable),
        }
    }

    /// Single commits, in the order asked for.
    ///
    /// # Errors
    /// When git has to be asked.
    pub fn commits(&self, ask: &Asking<'_>, ids: &[CommitId]) -> Result<Vec<Commit>, Gap> {
        let repository = self.lock();
        let odb = repository.odb().map_err(|_| Unreadable)?;
        let mut listing = Listing::new(&odb, &self.objects, ask)?;
        let mut commits = ids
            .iter()
            .map(|id| listing.show(oid(id)?, None))
            .collect::<Result<Vec<_>, _>>()?;
        listing.respell(commits.iter_mut())?;
        Ok(commits)
    }

    /// The repository, for one thread at a time.
    pub(super) fn lock(&self) -> MutexGuard<'_, Repository> {
        self.repository
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Where commits are read from; nowhere if history here is cut off.
    fn source<'o>(&self, odb: &'o Odb<'o>) -> Result<Source<'o>, Unreadable> {
        if self.shallow {
            Err(Unreadable)
        } else {
            Ok(Source::new(odb, Some(&self.objects)))
        }
    }
}

/// Whom to ask for what the library does not know.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// The git program.
    pub program: &'a Program,
    /// Its configuration.
    pub config: &'a PendingConfig,
}

/// Turns what a walk met into what people see.
struct Listing<'a> {
    odb: &'a Odb<'a>,
    program: &'a Program,
    abbreviation: Abbreviation,
    /// Whether everything is printed in another encoding than UTF-8.
    foreign: bool,
    /// The commits that git has to spell.
    to_respell: Vec<CommitId>,
}

impl<'a> Listing<'a> {
    fn new(odb: &'a Odb<'a>, objects: &Path, ask: &Asking<'a>) -> Result<Self, Gap> {
        let config = ask.config.get()?;
        let abbreviation = Abbreviation::new(config, objects)?;
        Ok(Self {
            odb,
            program: ask.program,
            abbreviation,
            foreign: prints_foreign(config),
            to_respell: Vec::new(),
        })
    }

    /// The commits that are no merges, and how many merges there are.
    fn list(
        &mut self,
        source: &mut Source<'_>,
        nodes: &[Node],
    ) -> Result<(Vec<Commit>, usize), Gap> {
        let mut commits = Vec::with_capacity(nodes.len());
        // One after the other: the library locks its packs, so that threads would mostly wait for each other.
        for &node in nodes {
            if !source.is_merge(node) {
                let raw = source.take(node);
                commits.push(self.show(source.id(node), raw.as_deref())?);
            }
        }
        let merges = nodes.len() - commits.len();
        Ok((commits, merges))
    }

    fn show(&mut self, id: Oid, raw: Option<&[u8]>) -> Result<Commit, Unreadable> {
        let read = if raw.is_none() {
            Some(source::read(self.odb, id)?)
        } else {
            None
        };
        let raw = raw
            .or(read.as_ref().map(git2::OdbObject::data))
            .unwrap_or_default();
        let shown = object::shown(raw);
        let full = id.to_string();
        let short = self.abbreviation.shorten(id, &full)?;
        let id = CommitId::parse(&full).ok_or(Unreadable)?;
        if shown.foreign || self.foreign {
            self.to_respell.push(id.clone());
        }
        Ok(Commit {
            id,
            short,
            author: String::from_utf8_lossy(shown.author.name).into_owned(),
            authored: shown.author.when(),
            committed: shown.committer.time(),
            subject: shown.subject,
        })
    }

    /// Has git spell what is in other encodings than UTF-8.
    fn respell<'c>(&mut self, commits: impl Iterator<Item = &'c mut Commit>) -> Result<(), Stop> {
        if self.to_respell.is_empty() {
            return Ok(());
        }
        let mut spelled: HashMap<CommitId, Spelling> =
            plumbing::spell(self.program, &self.to_respell)?;
        for commit in commits {
            if let Some(Spelling { subject, author }) = spelled.remove(&commit.id) {
                (commit.subject, commit.author) = (subject, author);
            }
        }
        Ok(())
    }
}

fn find(
    source: &mut Source<'_>,
    from: Option<&CommitId>,
    to: &CommitId,
) -> Result<walk::Range, Unreadable> {
    let to = source.node(oid(to)?);
    let Some(from) = from else {
        let ships = walk::everything(source, to)?;
        return Ok(walk::Range {
            relation: Relation::Ahead,
            ships,
            disappears: Vec::new(),
        });
    };
    let from = source.node(oid(from)?);
    let mut range = walk::range(source, from, to)?;
    // Where both are of the same second, git starts with the one named first, which can tell only in lists that
    // clocks running backwards cut short.
    if range.relation == Relation::Diverged && source.date(from) == source.date(to) {
        range.disappears = walk::range(source, to, from)?.ships;
    }
    Ok(range)
}

/// Whether git prints in another encoding than UTF-8.
fn prints_foreign(config: &GitConfig) -> bool {
    let encoding = config
        .get("i18n.logoutputencoding")
        .or_else(|| config.get("i18n.commitencoding"));
    encoding.is_some_and(|encoding| !object::is_utf8(encoding))
}

pub(super) fn oid(id: &CommitId) -> Result<Oid, Unreadable> {
    Oid::from_str(id.as_str()).map_err(|_| Unreadable)
}

pub(super) fn commit_id(oid: Oid) -> Result<CommitId, Unreadable> {
    CommitId::parse(&oid.to_string()).ok_or(Unreadable)
}
