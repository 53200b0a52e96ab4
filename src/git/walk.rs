//! The walk over history, newest first, that answers `FROM..TO` and how the two stand to each other.
//!
//! It paints what `from` reaches and what `to` reaches. The list is the one of git's own walk (`limit_list`) to the
//! byte, even where clocks ran backwards and git itself stops early. The relation is kept apart from that: it is exact.

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

/// How `to` stands to `from`, and `from..to` in git's order, with merges.
pub fn range(
    source: &mut CommitTable<'_>,
    from: Node,
    to: Node,
) -> Result<(Relation, Vec<Node>), Unreadable> {
    let mut walk = Walk::new(source, [from, to])?;
    walk.run()?;
    Ok(match walk.relation() {
        relation @ (Relation::Ahead | Relation::Diverged) => (relation, walk.found),
        relation @ (Relation::Identical | Relation::Behind) => (relation, Vec::new()),
    })
}

const fn bit(colour: usize) -> u8 {
    1 << colour
}

/// What a walk knows of a commit.
#[derive(Clone, Copy, Default)]
struct Mark {
    colours: u8,
    seen: bool,
    queued: bool,
}

struct Walk<'w, 's> {
    source: &'w mut CommitTable<'s>,
    ends: [Node; 2],
    marks: Vec<Mark>,
    /// Commits to look at, newest first and in the order met where dates are equal.
    queue: BinaryHeap<(u64, Reverse<usize>, Node)>,
    met: usize,
    /// How many in the queue lack each colour.
    lacking: [usize; 2],
    pending: Vec<Node>,
    /// The list so far, and the date of the commit listed last.
    found: Vec<Node>,
    date: u64,
    slop: u32,
}

impl<'w, 's> Walk<'w, 's> {
    fn new(source: &'w mut CommitTable<'s>, ends: [Node; 2]) -> Result<Self, Unreadable> {
        let mut walk = Self {
            source,
            ends,
            marks: Vec::new(),
            queue: BinaryHeap::new(),
            met: 0,
            lacking: [0; 2],
            pending: Vec::new(),
            found: Vec::new(),
            date: u64::MAX,
            slop: SLOP,
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

    fn run(&mut self) -> Result<(), Unreadable> {
        while !self.is_done() {
            let Some((_, _, node)) = self.queue.pop() else {
                break;
            };
            let mark = self.mark(node);
            mark.queued = false;
            let colours = mark.colours;
            for colour in [FROM, TO] {
                self.lacking[colour] -= usize::from(colours & bit(colour) == 0);
            }
            self.look_at_parents(node)?;
            self.list(node);
            if self.colours(node) == BOTH || self.source.is_merge(node) {
                self.source.take(node);
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
        let is_listed = self.slop == 0;
        match self.relation() {
            Relation::Identical | Relation::Behind => true,
            Relation::Ahead => is_listed,
            // While something has one colour only, that colour may still reach the other end.
            Relation::Diverged => is_listed && self.lacking == [0, 0],
        }
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

    /// The turn of `limit_list` for one commit.
    fn list(&mut self, node: Node) {
        if self.slop == 0 {
            return;
        }
        if self.colours(node) & bit(FROM) == 0 {
            self.found.push(node);
            self.date = self.source.date(node);
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

    /// Closes the list: what was painted since it was listed is taken out.
    fn close(&mut self) {
        let Self { found, marks, .. } = self;
        found.retain(|&node| marks[node].colours & bit(FROM) == 0);
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
        let date = self.source.date(node);
        self.queue.push((date, Reverse(self.met), node));
        self.met += 1;
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
