//! The first draft of a product post: the titles of the merged pull requests.

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use crate::core::tell::fit::{clipped, more};
use crate::core::text::visible;
use crate::core::words::Landed;

/// The maximum length of a product post in characters: nobody reads more, and chats cut it off.
pub const LONGEST: usize = 4000;
const MOST_LINES: usize = 100;
const LONGEST_TITLE: usize = 200;
/// Enough characters for "- and 2000 more".
const MORE: usize = 24;

/// Writes the draft: one line `- Title` per pull request in the given order, as many as fit a post. It may be empty.
pub fn draft(landed: &[Landed]) -> String {
    let titles = landed.iter().filter_map(Landed::pull_request);
    // The draft is a file that people open in an editor.
    let titles = titles.map(|(title, _)| clipped(&visible(title), LONGEST_TITLE, |_| 1));
    let mut seen = HashSet::new();
    let lines: Vec<String> = titles
        .filter(|title| !title.is_empty() && seen.insert(title.clone()))
        .map(|title| format!("- {title}\n"))
        .collect();
    let mut used = 0;
    let fitting = lines.iter().take(MOST_LINES).take_while(|line| {
        used += line.chars().count();
        used <= LONGEST - MORE
    });
    let mut text: Vec<&str> = fitting.map(String::as_str).collect();
    let rest = more(lines.len(), text.len()).map(|more| format!("- {more}"));
    text.extend(rest.as_deref());
    text.concat().trim_end().to_owned()
}
