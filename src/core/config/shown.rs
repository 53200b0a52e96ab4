//! Makes foreign words safe to show: names of files and keys.

use std::path::Path;

use crate::core::config::secret;

/// The maximum length of a sentence, of a key or dotted path, and of a file name, in characters.
const SENTENCE: usize = 200;
const KEY: usize = 60;
const FILE: usize = 60;

/// Returns the name of the file. A relative path is the one that the user typed, and stays.
pub(super) fn file_name(path: &Path) -> String {
    let name = path.file_name().filter(|_| path.is_absolute());
    let name = name.unwrap_or(path.as_os_str());
    cut(&visible(&name.to_string_lossy()), FILE / 2, FILE / 2)
}

pub(super) fn shown_key(key: &str) -> String {
    if secret::looks_like_one(key) {
        return "(hidden)".to_owned();
    }
    cut(&visible(key), KEY / 2, KEY / 2)
}

/// Escapes all characters that act on a terminal, or that hide or reorder text.
fn visible(text: &str) -> String {
    let chars = text.chars().map(|c| match unseen(c) {
        true => c.escape_unicode().to_string(),
        false => c.to_string(),
    });
    chars.collect()
}

/// Returns whether a character is a control, a bidi control, or invisible.
pub(super) fn unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{200b}'..='\u{200f}'
        )
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{e0000}'..='\u{e007f}')
}

/// Shortens a text to `head` characters, including the `…`, and `tail`: both ends of a dotted key matter most.
fn cut(text: &str, head: usize, tail: usize) -> String {
    let count = text.chars().count();
    if count <= head + tail {
        return text.to_owned();
    }
    let start: String = text.chars().take(head - 1).collect();
    let end: String = text.chars().skip(count - tail).collect();
    format!("{start}…{end}")
}

pub(super) fn cut_end(text: &str) -> String {
    cut(text, SENTENCE, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(cut_end(&"ü".repeat(5000)).chars().count(), SENTENCE);
        assert_eq!(cut_end(&"ü".repeat(SENTENCE)), "ü".repeat(SENTENCE));
    }
}
