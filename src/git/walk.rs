//! Walks the history, newest first, for the list `FROM..TO` and for the relation of the two commits.
//!
//! Commits come from the commit-graph if it has them, and from the object database otherwise. The walk marks what
//! `from` reaches and what `to` reaches. Its list equals that of git's own walk (`limit_list`) to the byte, even where
//! clocks ran backwards and git itself stops early. The relation is computed apart from the list, and is exact.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use std::path::Path;

use git2::{ObjectType, Odb, OdbObject, Oid};
use gix_commitgraph::{Graph, Position};

use crate::core::words::Relation;
use crate::git::{Unreadable, object};

/// How many excluded commits git looks past before it assumes that the list is complete.
const SLOP: u32 = 5;

/// The colours of the walk: the first marks what `from` reaches, the second what `to` reaches.
const FROM: usize = 0;
const TO: usize = 1;
const BOTH: u8 = bit(FROM) | bit(TO);

const fn bit(colour: usize) -> u8 {
    1 << colour
}

/// A commit's index in the table of the commits that were met.
pub type Node = usize;

pub struct CommitTable<'o> {
    odb: &'o Odb<'o>,
    pub graph: Option<Graph>,
    pub entries: Vec<Entry>,
    parents: Vec<Node>,
    by_id: HashMap<Oid, Node, BuildHasherDefault<IdHasher>>,
}

pub struct Entry {
    pub id: Oid,
    /// Its bytes, if they were read anyway and the commit may be listed.
    pub raw: Option<Box<[u8]>>,
    /// The place of its parents in `CommitTable::parents`; `None` until the commit is parsed.
    parents: Option<Range<usize>>,
    position: Option<Position>,
    /// The time of the commit, once parsed.
    date: u64,
    mark: Mark,
}

#[derive(Clone, Copy, Default)]
struct Mark {
    colours: u8,
    seen: bool,
    queued: bool,
    /// True if this walk has parsed it. With knowledge from an earlier walk, colours would go further down than git's.
    parsed: bool,
}

impl Entry {
    pub fn is_merge(&self) -> bool {
        self.parents
            .as_ref()
            .is_some_and(|parents| parents.len() > 1)
    }
}

impl<'o> CommitTable<'o> {
    /// Creates a table that reads this database and, if it is there and sound, the commit-graph in `objects`.
    pub fn new(odb: &'o Odb<'o>, objects: &Path) -> Self {
        Self {
            odb,
            graph: graph(objects),
            entries: Vec::new(),
            parents: Vec::new(),
            by_id: HashMap::default(),
        }
    }

    pub fn node(&mut self, id: Oid) -> Node {
        self.node_at(self.position(id), id)
    }

    fn position(&self, id: Oid) -> Option<Position> {
        position(self.graph.as_ref()?, id)
    }

    fn node_at(&mut self, position: Option<Position>, id: Oid) -> Node {
        let next = self.entries.len();
        let node = *self.by_id.entry(id).or_insert(next);
        if node == next {
            self.entries.push(Entry {
                id,
                raw: None,
                parents: None,
                position,
                date: 0,
                mark: Mark::default(),
            });
        }
        node
    }

    /// Reads a commit's date and parents.
    fn parse(&mut self, node: Node) -> Result<(), Unreadable> {
        let entry = &mut self.entries[node];
        entry.mark.parsed = true;
        if entry.parents.is_some() {
            return Ok(());
        }
        let (date, parents, raw) = match (entry.position, &self.graph) {
            (Some(position), Some(graph)) => {
                let commit = graph.commit_at(position);
                let parents = commit.iter_parents().map(|parent| {
                    let parent = parent.map_err(|_| Unreadable)?;
                    let id = Oid::from_bytes(graph.id_at(parent).as_bytes())?;
                    Ok((Some(parent), id))
                });
                let parents = parents.collect::<Result<Vec<_>, Unreadable>>()?;
                (commit.committer_timestamp(), parents, None)
            }
            _ => {
                let object = read(self.odb, entry.id)?;
                let (parents, date) = object::links(object.data())?;
                let parents = parents.into_iter().map(|id| (self.position(id), id));
                let parents: Vec<_> = parents.collect();
                let raw = (parents.len() < 2).then(|| object.data().into());
                (date, parents, raw)
            }
        };
        let start = self.parents.len();
        for (position, id) in parents {
            let parent = self.node_at(position, id);
            self.parents.push(parent);
        }
        let entry = &mut self.entries[node];
        (entry.date, entry.raw) = (date, raw);
        entry.parents = Some(start..self.parents.len());
        Ok(())
    }
}

pub fn graph(objects: &Path) -> Option<Graph> {
    gix_commitgraph::at(objects.join("info"), gix_hash::Kind::Sha1, None).ok()
}

pub fn position(graph: &Graph, id: Oid) -> Option<Position> {
    graph.lookup(<&gix_hash::oid>::try_from(id.as_bytes()).ok()?)
}

pub fn read<'o>(odb: &'o Odb<'_>, id: Oid) -> Result<OdbObject<'o>, Unreadable> {
    let object = odb.read(id)?;
    let is_commit = object.kind() == ObjectType::Commit;
    is_commit.then_some(object).ok_or(Unreadable)
}

/// A hasher for object names, which are hashes already: eight of their bytes are as good as any hash.
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

/// Returns the relation of `to` to `from`, and `from..to` in git's order, with merges.
pub fn range(
    table: &mut CommitTable<'_>,
    from: Node,
    to: Node,
) -> Result<(Relation, Vec<Node>), Unreadable> {
    for entry in &mut table.entries {
        entry.mark = Mark::default();
    }
    let mut walk = Walk {
        table,
        ends: [from, to],
        queue: BinaryHeap::new(),
        met: 0,
        lacking: [0; 2],
        pending: Vec::new(),
        found: Vec::new(),
        date: u64::MAX,
        slop: SLOP,
    };
    walk.run()?;
    Ok(match walk.relation() {
        relation @ (Relation::Ahead | Relation::Diverged) => (relation, walk.found),
        relation @ (Relation::Identical | Relation::Behind) => (relation, Vec::new()),
    })
}

struct Walk<'w, 'o> {
    table: &'w mut CommitTable<'o>,
    ends: [Node; 2],
    /// The commits to visit, newest first, and in the order met if dates are equal.
    queue: BinaryHeap<(u64, Reverse<usize>, Node)>,
    met: usize,
    /// How many commits in the queue lack each colour.
    lacking: [usize; 2],
    pending: Vec<Node>,
    /// The list so far, and the date of its last commit.
    found: Vec<Node>,
    date: u64,
    /// How many more excluded commits to look past. At zero, the list is closed.
    slop: u32,
}

impl Walk<'_, '_> {
    fn run(&mut self) -> Result<(), Unreadable> {
        for node in self.ends {
            self.table.parse(node)?;
        }
        for (colour, node) in self.ends.into_iter().enumerate() {
            self.paint_down(node, colour);
        }
        for node in self.ends {
            self.meet(node);
        }
        while !self.is_done()
            && let Some((_, _, node)) = self.queue.pop()
        {
            let mark = &mut self.table.entries[node].mark;
            mark.queued = false;
            for colour in [FROM, TO] {
                self.lacking[colour] -= usize::from(mark.colours & bit(colour) == 0);
            }
            self.look_at_parents(node)?;
            self.list(node);
            let entry = &mut self.table.entries[node];
            if entry.mark.colours == BOTH {
                entry.raw = None;
            }
        }
        if self.slop > 0 {
            self.close();
        }
        Ok(())
    }

    fn relation(&self) -> Relation {
        match self.ends.map(|node| self.colours(node) == BOTH) {
            [true, true] => Relation::Identical,
            [true, false] => Relation::Ahead,
            [false, true] => Relation::Behind,
            [false, false] => Relation::Diverged,
        }
    }

    fn is_done(&self) -> bool {
        let is_closed = self.slop == 0;
        match self.relation() {
            Relation::Identical | Relation::Behind => true,
            Relation::Ahead => is_closed,
            // As long as a queued commit has one colour only, that colour may still reach the other end.
            Relation::Diverged => is_closed && self.lacking == [0, 0],
        }
    }

    /// Does the same as git's `process_parents`, for both colours.
    fn look_at_parents(&mut self, node: Node) -> Result<(), Unreadable> {
        let colours = self.colours(node);
        for place in self.table.entries[node].parents.clone().unwrap_or_default() {
            let parent = self.table.parents[place];
            self.table.parse(parent)?;
            for colour in [FROM, TO] {
                if colours & bit(colour) != 0 {
                    self.paint_down(parent, colour);
                }
            }
            self.meet(parent);
        }
        Ok(())
    }

    /// Does one turn of git's `limit_list`, for one commit.
    fn list(&mut self, node: Node) {
        if self.slop == 0 {
            return;
        }
        if self.colours(node) & bit(FROM) == 0 {
            self.found.push(node);
            self.date = self.table.entries[node].date;
            return;
        }
        self.slop = match self.queue.peek() {
            None => 0,
            Some((date, ..)) if self.date <= *date => SLOP,
            Some(_) if self.lacking[FROM] > 0 => SLOP,
            Some(_) => self.slop - 1,
        };
        if self.slop == 0 {
            self.close();
        }
    }

    /// Closes the list: removes the commits that `from` reaches after all.
    fn close(&mut self) {
        let Self { found, table, .. } = self;
        found.retain(|&node| table.entries[node].mark.colours & bit(FROM) == 0);
    }

    fn meet(&mut self, node: Node) {
        let Entry { mark, date, .. } = &mut self.table.entries[node];
        if mark.seen {
            return;
        }
        (mark.seen, mark.queued) = (true, true);
        for colour in [FROM, TO] {
            self.lacking[colour] += usize::from(mark.colours & bit(colour) == 0);
        }
        self.queue.push((*date, Reverse(self.met), node));
        self.met += 1;
    }

    /// Does the same as git's `mark_parents_uninteresting`: passes a late colour on to all known ancestors.
    fn paint_down(&mut self, node: Node, colour: usize) {
        self.pending.push(node);
        let mut is_first = true;
        while let Some(node) = self.pending.pop() {
            let Entry { mark, parents, .. } = &mut self.table.entries[node];
            let is_news = mark.colours & bit(colour) == 0;
            mark.colours |= bit(colour);
            if is_news && mark.queued {
                self.lacking[colour] -= 1;
            }
            // A commit that had the colour before has passed it on, except the first, whose parents are known only now.
            if (is_news || is_first) && mark.parsed {
                let parents = parents.clone().unwrap_or_default();
                self.pending.extend(&self.table.parents[parents]);
            }
            is_first = false;
        }
    }

    fn colours(&self, node: Node) -> u8 {
        self.table.entries[node].mark.colours
    }
}
