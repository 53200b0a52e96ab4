//! The library's answers about history: quick, and identical to git's to the byte.
//!
//! The library gives up with [`Unreadable`] on anything that it is not sure to answer as git would. Then
//! `plumbing.rs` answers the whole question.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};
use std::thread;

use git2::{ErrorCode, ObjectType, Odb, Oid, Repository};

use crate::core::words::{Changes, Commit, CommitId, Relation};
use crate::git::abbrev::{Abbreviation, Names};
use crate::git::walk::{self, CommitTable, Node};
use crate::git::{Found, Repo, Unreadable, lock, object, plumbing, reach};

pub struct Library {
    repository: Mutex<Repository>,
    /// The object folder that all work trees share.
    pub(super) objects: PathBuf,
}

impl Library {
    pub fn new(repository: Repository) -> Self {
        // git does not hash objects again on a read. `git fsck` looks for damage.
        git2::opts::strict_hash_verification(false);
        // Each commit is read once, so a cache would only cost time.
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
        let names = Names::new(&self.objects, true)?;
        thread::scope(|scope| {
            // This takes as long as our own walk, so it runs in parallel.
            let first = (names.are_doubtful())
                .then(|| scope.spawn(|| plumbing::first(&repo.program, from, to)));
            self.walked(repo, [from, to], names, || match first {
                Some(asked) => asked.join().map_err(|_| Unreadable)?,
                None => Err(Unreadable),
            })
        })
    }

    /// Does the walk and the listing. `first` returns git's output for the first commit that ships.
    fn walked(
        &self,
        repo: &Repo,
        [old, new]: [&CommitId; 2],
        names: Names,
        first: impl FnOnce() -> Result<Commit, Unreadable> + Send,
    ) -> Result<Changes, Unreadable> {
        let repository = self.lock();
        let odb = repository.odb()?;
        let mut table = CommitTable::new(&odb, &self.objects);
        let (from, to) = (table.node(oid(old)?), table.node(oid(new)?));
        let (relation, ships) = walk::range(&mut table, from, to)?;
        let disappears = match relation {
            Relation::Identical | Relation::Ahead => Vec::new(),
            Relation::Behind | Relation::Diverged => walk::range(&mut table, to, from)?.1,
        };
        // The configuration arrives during the walk. It nearly always confirms what the walk assumed.
        let config = repo.shown_config()?;
        if table.graph.is_some() && config.denies("core.commitgraph") {
            return Err(Unreadable);
        }
        let names = match config.denies("core.multipackindex") {
            true => Names::new(&self.objects, false)?,
            false => names,
        };
        let mut abbreviation = Abbreviation::new(config, names)?;
        let mut listing = Listing::new(&odb, repo)?;
        let (ships, ships_merges) = listing.list(&mut table, &mut abbreviation, &ships, first)?;
        let (disappears, disappears_merges) =
            listing.list(&mut table, &mut abbreviation, &disappears, || {
                plumbing::first(&repo.program, new, old)
            })?;
        let mut changes = Changes {
            relation,
            ships,
            ships_merges,
            disappears,
            disappears_merges,
        };
        // git prints the commits that have another encoding than UTF-8.
        let foreign = plumbing::by_id(&repo.program, &listing.foreign, listing.prints_foreign)?;
        let all = changes.ships.iter_mut().chain(&mut changes.disappears);
        for commit in all.filter(|_| !foreign.is_empty()) {
            if let Some(spelled) = foreign.get(&commit.id) {
                (commit.subject, commit.author) = (spelled.subject.clone(), spelled.author.clone());
                commit.printed.clone_from(&spelled.printed);
            }
        }
        Ok(changes)
    }

    /// Returns single commits in the order of `ids`.
    pub fn commits(&self, repo: &Repo, ids: &[CommitId]) -> Result<Vec<Commit>, Unreadable> {
        let repository = self.lock();
        let odb = repository.odb()?;
        let config = repo.shown_config()?;
        let names = Names::new(&self.objects, !config.denies("core.multipackindex"))?;
        let mut abbreviation = Abbreviation::new(config, names)?;
        let mut listing = Listing::new(&odb, repo)?;
        let ids = ids.iter().map(oid).collect::<Result<Vec<_>, _>>()?;
        let lengths = abbreviation.lengths(&ids, || Err(Unreadable))?;
        let shown = ids.into_iter().zip(lengths).map(|(id, length)| {
            let mut commit = listing.show(id, walk::read(&odb, id)?.data())?;
            commit.short = commit.id.as_str().get(..length).ok_or(Unreadable)?.into();
            Ok(commit)
        });
        let commits = shown.collect::<Result<_, Unreadable>>()?;
        // git alone converts other encodings to UTF-8.
        match listing.foreign.is_empty() {
            true => Ok(commits),
            false => Err(Unreadable),
        }
    }

    pub fn is_ancestor(&self, old: &CommitId, new: &CommitId) -> Result<bool, Unreadable> {
        let repository = self.lock();
        let odb = repository.odb()?;
        let (old, new) = (oid(old)?, oid(new)?);
        // The answer is the same with and without the commit-graph, so the configuration does not matter.
        if let Some(graph) = walk::graph(&self.objects) {
            return reach::has(&odb, &graph, new, old);
        }
        let mut table = CommitTable::new(&odb, &self.objects);
        let (old, new) = (table.node(old), table.node(new));
        let (relation, _) = walk::range(&mut table, old, new)?;
        Ok(matches!(relation, Relation::Identical | Relation::Ahead))
    }

    /// Returns the object that a hash, or its first digits, stand for. An ambiguous hash is left to git.
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

    /// Returns the commit for names like `main`, `v1.2^`, `origin/main~3` or `HEAD~61`. Unclear names are left to git.
    pub fn resolve_name(&self, rev: &str) -> Result<CommitId, Unreadable> {
        let (name, steps) = rev.split_at(rev.find(['~', '^']).unwrap_or(rev.len()));
        let hash = name.rsplit("-g").next().unwrap_or_default();
        let like_a_hash = hash.bytes().all(|b| b.is_ascii_hexdigit());
        if like_a_hash || !name.bytes().all(is_plain) || !steps.bytes().all(is_step) {
            return Err(Unreadable);
        }
        let repository = self.lock();
        let found = match name {
            "HEAD" => name.to_owned(),
            _ => only_ref(&repository, name)?,
        };
        let peeled = repository.revparse_single(&format!("{found}{steps}^{{commit}}"))?;
        commit_id(peeled.id())
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Repository> {
        lock(&self.repository)
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._/-".contains(&byte)
}

fn is_step(byte: u8) -> bool {
    byte.is_ascii_digit() || b"~^".contains(&byte)
}

/// Returns the only ref that git finds under this name, in the places of `git help revisions`.
fn only_ref(repository: &Repository, name: &str) -> Result<String, Unreadable> {
    // To git, a file such as `.git/FETCH_HEAD` is a ref, too.
    let places = [repository.path(), repository.commondir()];
    if places.iter().any(|place| place.join(name).exists()) {
        return Err(Unreadable);
    }
    let places = ["refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];
    let mut names: Vec<String> = places.map(|place| format!("{place}{name}")).into();
    names.push(format!("refs/remotes/{name}/HEAD"));
    let mut only = None;
    for name in names {
        match repository.find_reference(&name) {
            Ok(_) if only.is_some() => return Err(Unreadable),
            Ok(_) => only = Some(name),
            Err(error) if error.code() == ErrorCode::NotFound => {}
            Err(_) => return Err(Unreadable),
        }
    }
    only.ok_or(Unreadable)
}

/// Turns the commits of a walk into what people see.
struct Listing<'a> {
    odb: &'a Odb<'a>,
    /// True if all output has another encoding than UTF-8.
    prints_foreign: bool,
    /// The commits that git has to print.
    foreign: Vec<CommitId>,
}

impl<'a> Listing<'a> {
    fn new(odb: &'a Odb<'a>, repo: &Repo) -> Result<Self, Unreadable> {
        Ok(Self {
            odb,
            prints_foreign: repo.shown_config()?.prints_foreign(),
            foreign: Vec::new(),
        })
    }

    /// Returns the commits that are no merges, and the number of merges.
    fn list(
        &mut self,
        table: &mut CommitTable<'_>,
        abbreviation: &mut Abbreviation,
        nodes: &[Node],
        first: impl FnOnce() -> Result<Commit, Unreadable> + Send,
    ) -> Result<(Vec<Commit>, usize), Unreadable> {
        if nodes.is_empty() {
            return Ok((Vec::new(), 0));
        }
        let listed = nodes
            .iter()
            .filter(|&&node| !table.entries[node].is_merge());
        let listed: Vec<Node> = listed.copied().collect();
        let ids: Vec<Oid> = listed.iter().map(|&node| table.entries[node].id).collect();
        let is_quick = abbreviation.is_quick(ids.len());
        let spell = || abbreviation.lengths(&ids, first);
        // One commit after the other: the library locks its packs, so threads would mostly wait for each other.
        let commits = listed.into_iter().map(|node| {
            let entry = &mut table.entries[node];
            match entry.raw.take() {
                Some(raw) => self.show(entry.id, &raw),
                None => self.show(entry.id, walk::read(self.odb, entry.id)?.data()),
            }
        });
        let (commits, lengths) = match is_quick {
            true => (commits.collect::<Result<Vec<_>, _>>(), spell()),
            false => thread::scope(|scope| {
                let lengths = scope.spawn(spell);
                (commits.collect(), lengths.join().unwrap_or(Err(Unreadable)))
            }),
        };
        let mut commits = commits?;
        for (commit, length) in commits.iter_mut().zip(lengths?) {
            let short = commit.id.as_str().get(..length);
            short.ok_or(Unreadable)?.clone_into(&mut commit.short);
        }
        let merges = nodes.len() - commits.len();
        Ok((commits, merges))
    }

    fn show(&mut self, oid: Oid, raw: &[u8]) -> Result<Commit, Unreadable> {
        let shown = object::shown(raw)?;
        let id = commit_id(oid)?;
        if shown.foreign || self.prints_foreign {
            self.foreign.push(id.clone());
        }
        Ok(Commit {
            short: String::new(),
            id,
            author: String::from_utf8_lossy(shown.author.name).into_owned(),
            authored: shown.author.when,
            committed: shown.committer.when.0,
            subject: shown.subject,
            printed: None,
        })
    }
}

pub(super) fn oid(id: &CommitId) -> Result<Oid, Unreadable> {
    Ok(Oid::from_str(id.as_str())?)
}

pub(super) fn commit_id(oid: Oid) -> Result<CommitId, Unreadable> {
    let digit = |digit: u8| b"0123456789abcdef"[usize::from(digit)];
    let mut hex = [0; 40];
    for (pair, byte) in hex.as_chunks_mut().0.iter_mut().zip(oid.as_bytes()) {
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
    CommitId::parse(str::from_utf8(&hex)?).ok_or(Unreadable)
}
