//! What the library answers about history: quick, and in git's own words to the byte.
//!
//! It gives up with [`Unreadable`] on anything that it is not sure to answer as git would; `plumbing.rs` then
//! answers the whole question.
#![expect(clippy::disallowed_types, reason = "this is the door to git")]

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use git2::{ErrorCode, ObjectType, Odb, Oid, Repository};

use crate::core::words::{Changes, Commit, CommitId, Relation};
use crate::git::abbrev::Abbreviation;
use crate::git::walk::{self, CommitTable, Node};
use crate::git::{Found, Repo, Unreadable, object, plumbing};

/// A repository that the library can read.
pub struct Library {
    repository: Mutex<Repository>,
    /// The folder of objects that all worktrees share.
    objects: PathBuf,
}

impl Library {
    pub fn new(repository: Repository) -> Self {
        // git does not hash again what it reads; damage is what `git fsck` looks for.
        git2::opts::strict_hash_verification(false);
        // Every commit is read once, so that a cache costs and brings nothing.
        git2::opts::enable_caching(false);
        let objects = repository.commondir().join("objects");
        let repository = Mutex::new(repository);
        Self {
            repository,
            objects,
        }
    }

    pub fn changes(
        &self,
        repo: &Repo,
        from: &CommitId,
        to: &CommitId,
    ) -> Result<Changes, Unreadable> {
        let repository = self.lock();
        let odb = repository.odb()?;
        let mut table = CommitTable::new(&odb, &self.objects);
        let (from, to) = (table.node(oid(from)?), table.node(oid(to)?));
        let (relation, ships) = walk::range(&mut table, from, to)?;
        let disappears = match relation {
            Relation::Identical | Relation::Ahead => Vec::new(),
            Relation::Behind | Relation::Diverged => walk::range(&mut table, to, from)?.1,
        };
        // Configuration arrives while we walk, and nearly always says what was taken for granted.
        if table.graph.is_some() && repo.shown_config()?.denies("core.commitgraph") {
            return Err(Unreadable);
        }
        let mut listing = Listing::new(&odb, self, repo)?;
        let (ships, ships_merges) = listing.list(&mut table, &ships)?;
        let (disappears, disappears_merges) = listing.list(&mut table, &disappears)?;
        let mut changes = Changes {
            relation,
            ships,
            ships_merges,
            disappears,
            disappears_merges,
        };
        // What is in another encoding than UTF-8, git spells.
        let foreign = plumbing::by_id(&repo.program, &listing.foreign)?;
        let all = changes.ships.iter_mut().chain(&mut changes.disappears);
        for commit in all.filter(|_| !foreign.is_empty()) {
            if let Some(spelled) = foreign.get(&commit.id) {
                (commit.subject, commit.author) = (spelled.subject.clone(), spelled.author.clone());
            }
        }
        Ok(changes)
    }

    pub fn is_ancestor(&self, old: &CommitId, new: &CommitId) -> Result<bool, Unreadable> {
        let repository = self.lock();
        let odb = repository.odb()?;
        // Whether the commit-graph may be used makes no difference to what is an ancestor.
        let mut table = CommitTable::new(&odb, &self.objects);
        let (old, new) = (table.node(oid(old)?), table.node(oid(new)?));
        let (relation, _) = walk::range(&mut table, old, new)?;
        Ok(matches!(relation, Relation::Identical | Relation::Ahead))
    }

    /// What a hash, or the first digits of one, stands for. An ambiguous one is for git to tell.
    pub fn resolve_hash(&self, hex: &str) -> Result<Found, Unreadable> {
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
            Err(_) => Err(Unreadable),
        }
    }

    /// The repository, for one thread at a time.
    pub(super) fn lock(&self) -> MutexGuard<'_, Repository> {
        let repository = self.repository.lock();
        repository.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Turns what a walk met into what people see.
struct Listing<'a> {
    odb: &'a Odb<'a>,
    abbreviation: Abbreviation,
    /// Whether everything is printed in another encoding than UTF-8.
    prints_foreign: bool,
    /// The commits that git has to spell.
    foreign: Vec<CommitId>,
}

impl<'a> Listing<'a> {
    fn new(odb: &'a Odb<'a>, library: &Library, repo: &Repo) -> Result<Self, Unreadable> {
        let config = repo.shown_config()?;
        let encoding = config.get("i18n.logoutputencoding");
        let encoding = encoding.or_else(|| config.get("i18n.commitencoding"));
        Ok(Self {
            odb,
            abbreviation: Abbreviation::new(config, &library.objects)?,
            prints_foreign: encoding.is_some_and(|encoding| !object::is_utf8(encoding)),
            foreign: Vec::new(),
        })
    }

    /// The commits that are no merges, and how many merges there are.
    fn list(
        &mut self,
        table: &mut CommitTable<'_>,
        nodes: &[Node],
    ) -> Result<(Vec<Commit>, usize), Unreadable> {
        let listed = nodes
            .iter()
            .filter(|&&node| !table.entries[node].is_merge());
        let listed: Vec<Node> = listed.copied().collect();
        let ids: Vec<Oid> = listed.iter().map(|&node| table.entries[node].id).collect();
        let lengths = self.abbreviation.lengths(&ids)?;
        let mut commits = Vec::with_capacity(listed.len());
        // One after the other: the library locks its packs, so that threads would mostly wait for each other.
        for (node, length) in listed.into_iter().zip(lengths) {
            let entry = &mut table.entries[node];
            commits.push(match entry.raw.take() {
                Some(raw) => self.show(entry.id, length, &raw)?,
                None => self.show(entry.id, length, walk::read(self.odb, entry.id)?.data())?,
            });
        }
        let merges = nodes.len() - commits.len();
        Ok((commits, merges))
    }

    fn show(&mut self, oid: Oid, length: usize, raw: &[u8]) -> Result<Commit, Unreadable> {
        let shown = object::shown(raw)?;
        let id = commit_id(oid)?;
        if shown.foreign || self.prints_foreign {
            self.foreign.push(id.clone());
        }
        Ok(Commit {
            short: id.as_str().get(..length).ok_or(Unreadable)?.to_owned(),
            id,
            author: String::from_utf8_lossy(shown.author.name).into_owned(),
            authored: shown.author.when,
            committed: shown.committer.when.0,
            subject: shown.subject,
        })
    }
}

pub(super) fn oid(id: &CommitId) -> Result<Oid, Unreadable> {
    Ok(Oid::from_str(id.as_str())?)
}

pub(super) fn commit_id(oid: Oid) -> Result<CommitId, Unreadable> {
    CommitId::parse(&oid.to_string()).ok_or(Unreadable)
}
