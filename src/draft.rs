//! A first draft of what is new, from the commits that landed: a line for each change, in the words of its title.
//!
//! It spares people the typing, not the thinking: what it drops must be noise to everyone, and what it cannot
//! judge it leaves in.

mod graph;
mod names;
mod reverts;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use crate::model::{CommitId, Landed};
use crate::text::visible;
use graph::Graph;
use names::Name;

/// The most characters of a product post: what is longer nobody reads, and chats cut it off.
pub const LONGEST: usize = 4000;
/// The most lines of a draft.
const MOST_LINES: usize = 100;
/// The most characters of a title.
const LONGEST_TITLE: usize = 200;
/// Enough characters for "- and 2000 more".
const MORE: usize = 24;

/// The draft: `- Title`, a line a change, in the order given. Empty where there is nothing to say.
pub fn draft(landed: &[Landed]) -> String {
    let graph = Graph::of(landed);
    let names: Vec<Name> = landed.iter().map(names::name).collect();
    let mut gone = reverts::undone(landed, &names, &graph);
    cover(&names, &graph, &mut gone);
    let left = names.iter().zip(gone).filter(|(_, gone)| !gone);
    let mut seen = HashSet::new();
    let titles = left
        .filter_map(|(name, _)| name.title.as_deref())
        .map(shown);
    lines(
        &titles
            .filter(|title| seen.insert(title.clone()))
            .collect::<Vec<_>>(),
    )
}

/// The reverts among these commits that were not taken back themselves, each with all that it took back.
pub fn reverts(landed: &[Landed]) -> Vec<(CommitId, HashSet<CommitId>)> {
    let names: Vec<Name> = landed.iter().map(names::name).collect();
    let id = |at: usize| landed[at].id.clone();
    let standing = reverts::standing(landed, &names, &Graph::of(landed));
    standing
        .into_iter()
        .map(|(by, taken)| (id(by), taken.into_iter().map(id).collect()))
        .collect()
}

/// Drops what the title of a pull request stands for, and the title where nothing of that is left.
fn cover(names: &[Name], graph: &Graph, gone: &mut [bool]) {
    let mut covered = vec![false; names.len()];
    for at in (0..names.len()).filter(|&at| names[at].covers) {
        let brought = graph.brought(at);
        let mut changes = brought
            .iter()
            .filter(|&&one| names[one].title.is_some())
            .peekable();
        gone[at] |= changes.peek().is_some() && changes.all(|&one| gone[one]);
        brought.iter().for_each(|&one| covered[one] = true);
    }
    gone.iter_mut()
        .zip(covered)
        .for_each(|(gone, covered)| *gone |= covered);
}

/// A title as it may stand in a file that people open.
fn shown(title: &str) -> String {
    let title = visible(title);
    if title.chars().count() <= LONGEST_TITLE {
        return title;
    }
    title.chars().take(LONGEST_TITLE - 1).chain(['…']).collect()
}

/// The lines, as many as a post may hold: a draft that is left as it is must not be refused.
fn lines(titles: &[String]) -> String {
    let lines: Vec<String> = titles.iter().map(|title| format!("- {title}\n")).collect();
    let mut room = LONGEST - MORE;
    let fits = |line: &&String| {
        let length = line.chars().count();
        let fits = length <= room;
        room = room.saturating_sub(length);
        fits
    };
    let mut text: Vec<String> = lines
        .iter()
        .take(MOST_LINES)
        .take_while(fits)
        .cloned()
        .collect();
    if text.len() < lines.len() {
        text.push(format!("- and {} more\n", lines.len() - text.len()));
    }
    text.concat().trim_end().to_owned()
}
