//! The message of a copy.

use crate::core::words::CommitId;

/// What git itself writes at the end of messages; the second is the very line that is written here.
const GENERATED: [&str; 2] = ["Signed-off-by: ", "(cherry picked from commit "];

/// The message of a commit and where it comes from, as `git cherry-pick -x` writes it: as one more trailer where the
/// message ends in trailers, and as a paragraph of its own otherwise. Several empty lines become one.
pub fn with_origin(lines: &[String], origin: &CommitId) -> String {
    let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    lines.dedup_by(|one, other| one.is_empty() && other.is_empty());
    let origin = format!("(cherry picked from commit {origin})");
    if !lines.is_empty() && !ends_in_trailers(&lines) {
        lines.push("");
    }
    lines.push(&origin);
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

/// git's `find_trailer_block_start`, with git's defaults for what may be configured: `:` parts a trailer, `#` begins a
/// comment. The last paragraph counts unless it is the first; either every line of it is a trailer, or git wrote one
/// of them and at least a quarter are trailers. Indented lines belong to the line above.
fn ends_in_trailers(lines: &[&str]) -> bool {
    let Some(title) = lines.iter().position(|line| line.is_empty()) else {
        return false;
    };
    let (mut trailers, mut others, mut indented, mut generated) = (0, 0, 0, false);
    for line in lines.iter().skip(title).rev() {
        if line.starts_with('#') {
            others += std::mem::take(&mut indented);
        } else if line.is_empty() {
            if trailers + others + indented > 0 {
                others += indented;
                return trailers > 0 && (others == 0 || generated && trailers * 3 >= others);
            }
        } else if GENERATED.iter().any(|start| line.starts_with(start)) {
            (trailers, indented, generated) = (trailers + 1, 0, true);
        } else if is_trailer(line) {
            (trailers, indented) = (trailers + 1, 0);
        } else if line.starts_with([' ', '\t']) {
            indented += 1;
        } else {
            others += 1 + std::mem::take(&mut indented);
        }
    }
    false
}

/// Whether a line is a word of letters, digits and `-`, and a colon.
fn is_trailer(line: &str) -> bool {
    let Some((word, _)) = line.split_once(':') else {
        return false;
    };
    let word = word.trim_end_matches([' ', '\t']);
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
