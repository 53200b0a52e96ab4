//! The message of a copy.

use crate::core::words::CommitId;

/// The start of git's own lines at the end of messages, which do not have the form of a trailer.
const COPIED: &str = "(cherry picked from commit ";

/// Returns a commit's message with its origin, as `git cherry-pick -x` writes it: as one more trailer if the message
/// ends in trailers, and as a paragraph of its own otherwise. Several empty lines become one.
pub fn with_origin(lines: &[String], origin: &CommitId) -> String {
    let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    lines.dedup_by(|one, other| one.is_empty() && other.is_empty());
    let mut paragraphs = lines.rsplit(|line| line.is_empty());
    let last = paragraphs.next().unwrap_or_default();
    // A title is no trailer. Unlike here, git accepts some paragraphs with other lines as trailers.
    let is_block = paragraphs.next().is_some()
        && last.first().is_some_and(|line| !goes_on(line))
        && last.iter().all(|line| is_trailer(line) || goes_on(line));
    let origin = format!("{COPIED}{origin})");
    if !lines.is_empty() && !is_block {
        lines.push("");
    }
    lines.push(&origin);
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

fn goes_on(line: &str) -> bool {
    line.starts_with([' ', '\t'])
}

/// Returns whether a line is a word of letters, digits and `-` before a colon, or git's own line.
fn is_trailer(line: &str) -> bool {
    let word = line.split_once(':').map(|(word, _)| word.trim_end());
    let is_word = word.is_some_and(|word| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    is_word || line.starts_with(COPIED)
}
