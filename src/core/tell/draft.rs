//! A first draft of what is new: the titles of the pull requests that landed. It spares people the typing, not the
//! thinking.

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use crate::core::text::visible;
use crate::core::words::Landed;

/// The most characters of a product post: what is longer nobody reads, and chats cut it off.
pub const LONGEST: usize = 4000;
/// The most lines of a draft.
const MOST_LINES: usize = 100;
/// The most characters of a title.
const LONGEST_TITLE: usize = 200;
/// Enough characters for "- and 2000 more".
const MORE: usize = 24;

/// The draft: `- Title`, a line a pull request, in the order given. Empty where there is nothing to say.
pub fn draft(landed: &[Landed]) -> String {
    let mut seen = HashSet::new();
    let titles = landed.iter().filter_map(Landed::pull_request);
    let titles = titles.map(|(title, _)| shown(title));
    let is_new = |title: &String| !title.is_empty() && seen.insert(title.clone());
    lines(&titles.filter(is_new).collect::<Vec<_>>())
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
