//! One pass over history, newest first, that answers `A..B`, `B..A` and how the two stand to each other.
//!
//! It paints what `A` reaches and what `B` reaches. git's own walk for `A..B` (`limit_list`) meets commits in
//! this same order and differs from the one for `B..A` only in when it ends, so one pass serves both, each
//! with its own end. That keeps the lists byte for byte git's, even where clocks ran backwards and git itself
//! stops early. The relation is kept apart from that: it is exact.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::core::words::Relation;
use crate::git::Unreadable;
use crate::git::source::{CommitTable, Node};

/// How many commits that are already ruled out git looks past before it believes that no more will come.
const SLOP: u32 = 5;

/// What `from` reaches is painted with the first colour, what `to` reaches with the second.
const FROM: usize = 0;
const TO: usize = 1;
const BOTH: u8 = bit(FROM) | bit(TO);

/// What a walk found; the lists are in git's order and hold merges too.
#[derive(Debug)]
pub struct Range {
    /// How `to` stands to `from`.
    pub relation: Relation,
    /// `from..to`.
    pub ships: Vec<Node>,
    /// `to..from`.
    pub disappears: Vec<Node>,
}

pub fn range(source: &mut CommitTable<'_>, from: Node, to: Node) -> Result<Range, Unreadable> {
    let mut walk = Walk::new(source, [from, to])?;
    walk.run(false)?;
    let relation = walk.relation();
    let [mut disappears, mut ships] = walk.lists.map(|list| list.found);
    if relation == Relation::Ahead {
        disappears.clear();
    } else if relation == Relation::Behind {
        ships.clear();
    }
    Ok(Range {
        relation,
        ships,
        disappears,
    })
}

/// Walks only as far as it takes to know how the two stand to each other.
pub fn relation(
    source: &mut CommitTable<'_>,
    from: Node,
    to: Node,
) -> Result<Relation, Unreadable> {
    let mut walk = Walk::new(source, [from, to])?;
    walk.run(true)?;
    Ok(walk.relation())
}

/// All that `to` reaches, in the order of `git log`.
pub fn everything(source: &mut CommitTable<'_>, to: Node) -> Result<Vec<Node>, Unreadable> {
    let mut queue = Queue::default();
    let mut found = Vec::new();
    let mut seen = vec![false; to + 1];
    seen[to] = true;
    source.parse(to)?;
    queue.push(source, to);
    while let Some(node) = queue.pop() {
        found.push(node);
        source.take(node);
        for place in source.parents(node) {
            let parent = source.parent(place);
            source.parse(parent)?;
            if seen.len() <= parent {
                seen.resize(parent + 1, false);
            }
            if !seen[parent] {
                seen[parent] = true;
                queue.push(source, parent);
            }
        }
    }
    Ok(found)
}

const fn bit(colour: usize) -> u8 {
    1 << colour
}

/// Commits to look at, newest first and in the order met where dates are equal.
#[derive(Default)]
struct Queue {
    heap: BinaryHeap<(u64, Reverse<usize>, Node)>,
    met: usize,
}

impl Queue {
    fn push(&mut self, source: &CommitTable<'_>, node: Node) {
        self.heap.push((source.date(node), Reverse(self.met), node));
        self.met += 1;
    }

    fn pop(&mut self) -> Option<Node> {
        self.heap.pop().map(|(_, _, node)| node)
    }
}

/// What a walk knows of a commit.
#[derive(Clone, Copy, Default)]
struct Mark {
    colours: u8,
    seen: bool,
    queued: bool,
}

/// The state of git's walk that lists what one colour does not reach.
struct LimitedList {
    without: usize,
    found: Vec<Node>,
    /// The date of the commit listed last.
    date: u64,
    slop: u32,
    ended: bool,
}

impl LimitedList {
    fn new(without: usize) -> Self {
        Self {
            without,
            found: Vec::new(),
            date: u64::MAX,
            slop: SLOP,
            ended: false,
        }
    }
}

struct Walk<'w, 's> {
    source: &'w mut CommitTable<'s>,
    ends: [Node; 2],
    marks: Vec<Mark>,
    queue: Queue,
    /// How many in the queue lack each colour.
    lacking: [usize; 2],
    /// Indexed by the colour that the list is to have: `lists[TO]` is `from..to`.
    lists: [LimitedList; 2],
    pending: Vec<Node>,
}

impl<'w, 's> Walk<'w, 's> {
    fn new(source: &'w mut CommitTable<'s>, ends: [Node; 2]) -> Result<Self, Unreadable> {
        let mut walk = Self {
            source,
            ends,
            marks: Vec::new(),
            queue: Queue::default(),
            lacking: [0; 2],
            lists: [TO, FROM].map(LimitedList::new),
            pending: Vec::new(),
        };
        for node in ends {
            walk.source.parse(node)?;
        }
        for (colour, node) in ends.into_iter().enumerate() {
            walk.paint_down(node, colour);
        }
        for node in ends {
            walk.meet(node);
        }
        Ok(walk)
    }

    fn run(&mut self, relation_only: bool) -> Result<(), Unreadable> {
        while !self.known(relation_only) {
            let Some(node) = self.queue.pop() else { break };
            self.mark(node).queued = false;
            for colour in [FROM, TO] {
                self.lacking[colour] -= usize::from(self.colours(node) & bit(colour) == 0);
            }
            self.look_at_parents(node)?;
            self.list(FROM, node);
            self.list(TO, node);
            if self.colours(node) == BOTH || self.source.is_merge(node) {
                self.source.take(node);
            }
        }
        self.end(FROM);
        self.end(TO);
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

    fn known(&self, relation_only: bool) -> bool {
        let relation = self.relation();
        // While something has one colour only, that colour may still reach the other end.
        let related = relation != Relation::Diverged || self.lacking == [0, 0];
        let listed = match relation {
            Relation::Identical => true,
            Relation::Ahead => self.lists[TO].ended,
            Relation::Behind => self.lists[FROM].ended,
            Relation::Diverged => self.lists.iter().all(|list| list.ended),
        };
        related && (relation_only || listed)
    }

    /// git's `process_parents`, for both colours.
    fn look_at_parents(&mut self, node: Node) -> Result<(), Unreadable> {
        let colours = self.colours(node);
        for place in self.source.parents(node) {
            let parent = self.source.parent(place);
            self.source.parse(parent)?;
            for colour in [FROM, TO] {
                if colours & bit(colour) != 0 {
                    self.paint_down(parent, colour);
                }
            }
            self.meet(parent);
        }
        Ok(())
    }

    /// The turn of `limit_list` for one commit, in the walk that wants what has this colour only.
    fn list(&mut self, wanted: usize, node: Node) {
        let colours = self.colours(node);
        let list = &mut self.lists[wanted];
        if list.ended {
            return;
        }
        if colours & bit(list.without) == 0 {
            list.found.push(node);
            list.date = self.source.date(node);
            return;
        }
        list.slop = match self.queue.heap.peek() {
            None => 0,
            Some((date, ..)) if list.date <= *date => SLOP,
            Some(_) if self.lacking[list.without] > 0 => SLOP,
            Some(_) => list.slop - 1,
        };
        if list.slop == 0 {
            self.end(wanted);
        }
    }

    /// Closes a list: what was painted since it was listed is taken out.
    fn end(&mut self, wanted: usize) {
        let Self { lists, marks, .. } = self;
        let list = &mut lists[wanted];
        if !list.ended {
            list.ended = true;
            list.found
                .retain(|&node| marks[node].colours & bit(list.without) == 0);
        }
    }

    fn meet(&mut self, node: Node) {
        let mark = self.mark(node);
        if mark.seen {
            return;
        }
        (mark.seen, mark.queued) = (true, true);
        let colours = mark.colours;
        for colour in [FROM, TO] {
            self.lacking[colour] += usize::from(colours & bit(colour) == 0);
        }
        self.queue.push(self.source, node);
    }

    /// Paints one commit; whether that is news.
    fn paint(&mut self, node: Node, colour: usize) -> bool {
        let mark = self.mark(node);
        let news = mark.colours & bit(colour) == 0;
        mark.colours |= bit(colour);
        if news && mark.queued {
            self.lacking[colour] -= 1;
        }
        news
    }

    /// git's `mark_parents_uninteresting`: carries a colour that comes late on to all that is already known.
    fn paint_down(&mut self, node: Node, colour: usize) {
        self.paint(node, colour);
        let mut news = Some(node);
        loop {
            for place in news.map_or(0..0, |node| self.source.parents(node)) {
                self.pending.push(self.source.parent(place));
            }
            let Some(node) = self.pending.pop() else {
                break;
            };
            news = self.paint(node, colour).then_some(node);
        }
    }

    fn colours(&self, node: Node) -> u8 {
        self.marks.get(node).map_or(0, |mark| mark.colours)
    }

    fn mark(&mut self, node: Node) -> &mut Mark {
        if self.marks.len() <= node {
            self.marks.resize(node + 1, Mark::default());
        }
        &mut self.marks[node]
    }
}
