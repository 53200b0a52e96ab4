//! How `smp.toml` is spoken of: file, line, column and key, in our own words, and never a value.
//!
//! A value may be a secret, and a source line holds one; so nothing here ever takes either.

use std::path::Path;

use crate::core::refusal::Report;

/// The longest error sentence, in characters.
const SENTENCE: usize = 200;
/// The longest key, or dotted path of keys, that a sentence shows.
const KEY: usize = 60;
/// The longest file name that a sentence shows.
const FILE: usize = 40;

/// A text and its name, to say where in it something is wrong.
pub(super) struct Source<'t> {
    name: String,
    text: &'t str,
}

impl<'t> Source<'t> {
    /// A source that is spoken of by the last part of its path.
    pub(super) fn new(path: &Path, text: &'t str) -> Self {
        Self {
            name: file_name(path),
            text,
        }
    }

    /// What is wrong at the byte offset `at`, and the hint that fits every mistake in the file.
    pub(super) fn problem(&self, at: usize, what: &str) -> Report {
        let (line, column) = self.position(at);
        Report::new(cut_end(
            &format!("{}:{line}:{column}: {what}", self.name),
            SENTENCE,
        ))
        .hint(format!(
            "correct line {line} of {}, then: git smp setup",
            self.name
        ))
    }

    /// The same with something to do that is particular to the mistake.
    pub(super) fn problem_with(&self, at: usize, what: &str, advice: &str) -> Report {
        let stop = if advice.ends_with('?') { "" } else { ";" };
        self.problem(at, what).hint(format!(
            "{advice}{stop} edit {}, then: git smp setup",
            self.name
        ))
    }

    /// Line and column from one, the column in characters as editors count it.
    fn position(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(start..).map_or(0, |part| part.chars().count()) + 1;
        (line, column)
    }
}

/// What is wrong with the file as a whole.
pub(super) fn whole_file(path: &Path, what: &str, advice: &str) -> Report {
    Report::new(cut_end(&format!("{}: {what}", file_name(path)), SENTENCE))
        .hint(format!("{advice}, then: git smp setup"))
}

/// The last part of a path, fit to be shown.
pub(super) fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    cut_middle(&visible(&name.to_string_lossy()), FILE)
}

/// A key, or a dotted path of keys, fit to be shown.
pub(super) fn shown_key(key: &str) -> String {
    if crate::core::config::secret::looks_like_one(key) {
        return "(hidden)".to_owned();
    }
    cut_middle(&visible(key), KEY)
}

/// Text in which whatever could act on a terminal, or reorder or hide what is read, is a visible escape.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if unseen(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether a character is a control, a bidi control, or has no look of its own.
pub(super) fn unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{200b}'..='\u{200f}'
        )
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{e0000}'..='\u{e007f}')
}

/// At most `most` characters, the middle left out: of a dotted key both ends tell the most.
fn cut_middle(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let head = most / 2;
    let tail = most - head - 1;
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(count - tail).collect();
    format!("{start}…{end}")
}

/// At most `most` characters, the end left out.
fn cut_end(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let start: String = text.chars().take(most - 1).collect();
    format!("{start}…")
}

/// The one of `known` that `word` was probably meant to be.
pub(super) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    // The distance is quadratic: nobody's slip of the finger is this long.
    if word.len() > KEY {
        return None;
    }
    let word = word.to_ascii_lowercase();
    let known: Vec<&str> = known.into_iter().collect();
    // `prod` is no slip of the finger, and clear all the same.
    let mut longer = (known.iter()).filter(|known| known.to_ascii_lowercase().starts_with(&word));
    if let (Some(one), None) = (longer.next(), longer.next())
        && word.len() >= 3
    {
        return Some(one);
    }
    known
        .into_iter()
        .map(|candidate| (distance(&word, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters are to be added, dropped, replaced or swapped with their neighbour to turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: usize, column: usize| {
                rows.get(row)
                    .and_then(|r| r.get(column))
                    .copied()
                    .unwrap_or(usize::MAX - 1)
            };
            let mut best = (at(i, j) + usize::from(x != y))
                .min(at(i, j + 1) + 1)
                .min(row.last().copied().unwrap_or(0) + 1);
            if i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x) {
                best = best.min(at(i - 1, j - 1) + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_lines_and_characters_from_one() {
        let source = Source::new(Path::new("/a/b/smp.toml"), "ä = 1\r\nöx = 2\n");
        let at = |needle: &str| source.text.find(needle).unwrap();
        assert!(source.problem(0, "x").error.starts_with("smp.toml:1:1: x"));
        assert!(
            source
                .problem(at("x"), "y")
                .error
                .starts_with("smp.toml:2:2: y")
        );
        assert!(
            source
                .problem(9999, "z")
                .error
                .starts_with("smp.toml:3:1: z")
        );
    }

    #[test]
    fn cfg_12_what_could_act_on_a_terminal_is_shown_as_an_escape() {
        assert_eq!(shown_key("a\u{1b}]0;x\u{7}b"), "a\\u{1b}]0;x\\u{7}b");
        assert_eq!(shown_key("a\u{202e}b\u{200b}"), "a\\u{202e}b\\u{200b}");
        assert_eq!(shown_key("ümlaut"), "ümlaut");
        let name = file_name(Path::new("x\u{1b}[31m.toml"));
        assert_eq!(name, "x\\u{1b}[31m.toml");
    }

    #[test]
    fn cfg_13_long_keys_and_sentences_are_cut() {
        assert_eq!(shown_key(&"k".repeat(5000)).chars().count(), KEY);
        let source = Source::new(Path::new("smp.toml"), "");
        assert_eq!(
            source.problem(0, &"w".repeat(5000)).error.chars().count(),
            SENTENCE
        );
    }

    #[test]
    fn slips_of_the_finger_find_the_word_that_was_meant() {
        let known = ["promotes", "remote", "branch", "url"];
        for (slip, meant) in [
            ("promote", "promotes"),
            ("brnach", "branch"),
            ("URL", "url"),
            ("ulr", "url"),
        ] {
            assert_eq!(nearest(slip, known), Some(meant), "{slip}");
        }
        for stranger in ["", "command", "x", &"promotes".repeat(100)] {
            assert_eq!(nearest(stranger, known), None, "{stranger}");
        }
    }
}
