//! What the library answers about history: quick, and in git's own words to the byte.
//!
//! It gives up with [`Unreadable`] on anything that it is not sure to answer as git would; `plumbing.rs` then
//! answers the whole question.
#![expect(clippy::disallowed_types, reason = "this is the door to git")]

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use git2::{ErrorCode, ObjectType, Odb, Oid, Repository};

use crate::core::refusal::Stop;
use crate::core::words::{Changes, Commit, CommitId, Relation};
use crate::git::abbrev::Abbreviation;
use crate::git::program::Program;
use crate::git::source::{self, CommitTable, Node};
use crate::git::{Found, Repo, Unreadable, object, plumbing, walk};

/// A repository that the library can read.
pub struct Library {
    repository: Mutex<Repository>,
    /// The folder of objects that all worktrees share.
    objects: PathBuf,
    shallow: bool,
}

/// Why the library has no answer.
pub enum Gap {
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

impl From<git2::Error> for Gap {
    fn from(_: git2::Error) -> Self {
        Self::Unreadable
    }
}

impl Library {
    pub fn new(repository: Repository, shallow: bool) -> Self {
        // git does not hash again what it reads; damage is what `git fsck` looks for.
        git2::opts::strict_hash_verification(false);
        // Every commit is read once, so that a cache costs and brings nothing.
        git2::opts::enable_caching(false);
        let objects = repository.commondir().join("objects");
        let repository = Mutex::new(repository);
        Self {
            repository,
            objects,
            shallow,
        }
    }

    pub fn changes(
        &self,
        repo: &Repo,
        from: Option<&CommitId>,
        to: &CommitId,
    ) -> Result<Changes, Gap> {
        let repository = self.lock();
        let odb = repository.odb()?;
        let mut source = self.source(&odb)?;
        let mut found = find(&mut source, from, to)?;
        // Configuration arrives while we walk, and nearly always says what was taken for granted.
        if source.graph.is_some() && repo.config()?.denies("core.commitgraph") {
            source = CommitTable::new(&odb, None);
            found = find(&mut source, from, to)?;
        }
        let mut listing = Listing::new(&odb, &self.objects, repo)?;
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

    pub fn is_ancestor(&self, old: &CommitId, new: &CommitId) -> Result<bool, Gap> {
        let repository = self.lock();
        let odb = repository.odb()?;
        // Whether the commit-graph may be used makes no difference to what is an ancestor.
        let mut source = self.source(&odb)?;
        let (old, new) = (source.node(oid(old)?), source.node(oid(new)?));
        let relation = walk::relation(&mut source, old, new)?;
        Ok(matches!(relation, Relation::Identical | Relation::Ahead))
    }

    /// What a hash, or the first digits of one, stands for. An ambiguous one is for git to tell.
    pub fn resolve_hash(&self, hex: &str) -> Result<Found, Gap> {
        let repository = self.lock();
        let odb = repository.odb()?;
        if hex.len() > 40 {
            return Ok(Found::Missing);
        }
        let mut full = Oid::from_str(hex)?;
        let kind = match hex.len() {
            40 => odb.read_header(full),
            length => odb.exists_prefix(full, length).and_then(|found| {
                full = found;
                odb.read_header(found)
            }),
        };
        match kind {
            Ok((_, ObjectType::Commit)) => Ok(Found::Commit(commit_id(full)?)),
            Ok((_, other)) => Ok(Found::NotACommit(other.str().to_owned())),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(Found::Missing),
            Err(_) => Err(Gap::Unreadable),
        }
    }

    pub fn commits(&self, repo: &Repo, ids: &[CommitId]) -> Result<Vec<Commit>, Gap> {
        let repository = self.lock();
        let odb = repository.odb()?;
        let mut listing = Listing::new(&odb, &self.objects, repo)?;
        let commits = ids.iter().map(|id| listing.show(oid(id)?, None));
        let mut commits = commits.collect::<Result<Vec<_>, _>>()?;
        listing.respell(commits.iter_mut())?;
        Ok(commits)
    }

    /// The repository, for one thread at a time.
    pub(super) fn lock(&self) -> MutexGuard<'_, Repository> {
        let repository = self.repository.lock();
        repository.unwrap_or_else(PoisonError::into_inner)
    }

    /// Where commits are read from; nowhere if history here is cut off.
    fn source<'o>(&self, odb: &'o Odb<'o>) -> Result<CommitTable<'o>, Unreadable> {
        if self.shallow {
            return Err(Unreadable);
        }
        Ok(CommitTable::new(odb, Some(&self.objects)))
    }
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
    fn new(odb: &'a Odb<'a>, objects: &Path, repo: &'a Repo) -> Result<Self, Gap> {
        let config = repo.config()?;
        let encoding = config.get("i18n.logoutputencoding");
        let encoding = encoding.or_else(|| config.get("i18n.commitencoding"));
        Ok(Self {
            odb,
            program: &repo.program,
            abbreviation: Abbreviation::new(config, objects)?,
            foreign: encoding.is_some_and(|encoding| !object::is_utf8(encoding)),
            to_respell: Vec::new(),
        })
    }

    /// The commits that are no merges, and how many merges there are.
    fn list(
        &mut self,
        source: &mut CommitTable<'_>,
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
        let Some(raw) = raw else {
            let odb = self.odb;
            return self.show(id, Some(source::read(odb, id)?.data()));
        };
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
        let mut spelled = plumbing::by_id(plumbing::spell(self.program, &self.to_respell)?);
        for commit in commits {
            if let Some(git) = spelled.remove(&commit.id) {
                (commit.subject, commit.author) = (git.subject, git.author);
            }
        }
        Ok(())
    }
}

fn find(
    source: &mut CommitTable<'_>,
    from: Option<&CommitId>,
    to: &CommitId,
) -> Result<walk::Range, Unreadable> {
    let to = source.node(oid(to)?);
    let Some(from) = from else {
        return Ok(walk::Range {
            relation: Relation::Ahead,
            ships: walk::everything(source, to)?,
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

pub(super) fn oid(id: &CommitId) -> Result<Oid, Unreadable> {
    Oid::from_str(id.as_str()).map_err(|_| Unreadable)
}

pub(super) fn commit_id(oid: Oid) -> Result<CommitId, Unreadable> {
    CommitId::parse(&oid.to_string()).ok_or(Unreadable)
}
