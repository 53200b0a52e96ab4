//! Where a walk's commits come from: the commit-graph where it knows them, the object database elsewhere.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use std::path::Path;

use git2::{ObjectType, Odb, OdbObject, Oid};
use gix_commitgraph::{Graph, Position};

use crate::git::{Unreadable, object};

/// A commit's place in the table of those that a walk has met.
pub type Node = usize;

/// The commits met so far.
pub struct CommitTable<'o> {
    odb: &'o Odb<'o>,
    pub graph: Option<Graph>,
    entries: Vec<Entry>,
    /// The parents of all entries, one after the other.
    parents: Vec<Node>,
    by_id: HashMap<Oid, Node, BuildHasherDefault<IdHasher>>,
}

struct Entry {
    id: Oid,
    position: Option<Position>,
    date: u64,
    /// Where `CommitTable::parents` has them; none before the commit was parsed.
    parents: Option<Range<usize>>,
    /// Its bytes, kept where they had to be read anyway.
    raw: Option<Box<[u8]>>,
}

impl<'o> CommitTable<'o> {
    /// Reads from this database and, if it is there and sound, from the commit-graph in `objects`.
    pub fn new(odb: &'o Odb<'o>, objects: &Path) -> Self {
        let graph = gix_commitgraph::at(objects.join("info"), gix_hash::Kind::Sha1, None).ok();
        Self {
            odb,
            graph,
            entries: Vec::new(),
            parents: Vec::new(),
            by_id: HashMap::default(),
        }
    }

    /// The commit of this name.
    pub fn node(&mut self, id: Oid) -> Node {
        let name = <&gix_hash::oid>::try_from(id.as_bytes()).ok();
        let position = name.and_then(|name| self.graph.as_ref()?.lookup(name));
        self.node_at(position, id)
    }

    fn node_at(&mut self, position: Option<Position>, id: Oid) -> Node {
        let next = self.entries.len();
        let node = *self.by_id.entry(id).or_insert(next);
        if node == next {
            self.entries.push(Entry {
                id,
                position,
                date: 0,
                parents: None,
                raw: None,
            });
        }
        node
    }

    /// Makes a commit's date and parents known.
    pub fn parse(&mut self, node: Node) -> Result<(), Unreadable> {
        let entry = &self.entries[node];
        match entry.position {
            _ if entry.parents.is_some() => Ok(()),
            Some(position) => self.parse_in_graph(node, position),
            None => self.parse_object(node),
        }
    }

    fn parse_in_graph(&mut self, node: Node, position: Position) -> Result<(), Unreadable> {
        // Taken out while entries are added, which it has no part in.
        let graph = self.graph.take().ok_or(Unreadable)?;
        let start = self.parents.len();
        let commit = graph.commit_at(position);
        self.entries[node].date = commit.committer_timestamp();
        for parent in commit.iter_parents() {
            let parent = parent.map_err(|_| Unreadable)?;
            let id = Oid::from_bytes(graph.id_at(parent).as_bytes())?;
            let parent = self.node_at(Some(parent), id);
            self.parents.push(parent);
        }
        self.entries[node].parents = Some(start..self.parents.len());
        self.graph = Some(graph);
        Ok(())
    }

    fn parse_object(&mut self, node: Node) -> Result<(), Unreadable> {
        let object = read(self.odb, self.entries[node].id)?;
        let (parents, date) = object::links(object.data())?;
        let start = self.parents.len();
        for id in parents {
            let parent = self.node(id);
            self.parents.push(parent);
        }
        let entry = &mut self.entries[node];
        entry.date = date;
        entry.parents = Some(start..self.parents.len());
        entry.raw = Some(object.data().into());
        Ok(())
    }

    /// Gives away the bytes of a commit, if they had to be read.
    pub fn take(&mut self, node: Node) -> Option<Box<[u8]>> {
        self.entries[node].raw.take()
    }

    pub fn id(&self, node: Node) -> Oid {
        self.entries[node].id
    }

    /// When it was committed, once parsed.
    pub fn date(&self, node: Node) -> u64 {
        self.entries[node].date
    }

    /// The places of its parents for `parent`, in order; none before it is parsed.
    pub fn parents(&self, node: Node) -> Range<usize> {
        self.entries[node].parents.clone().unwrap_or_default()
    }

    pub fn parent(&self, place: usize) -> Node {
        self.parents[place]
    }

    pub fn is_merge(&self, node: Node) -> bool {
        self.parents(node).len() > 1
    }
}

pub fn read<'o>(odb: &'o Odb<'_>, id: Oid) -> Result<OdbObject<'o>, Unreadable> {
    let object = odb.read(id)?;
    let is_commit = object.kind() == ObjectType::Commit;
    is_commit.then_some(object).ok_or(Unreadable)
}

/// Object names are hashes already: eight bytes of one are as good a hash as any.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(head) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*head);
        }
    }
}
