//! Foreign words made fit to be shown: names of files, keys, and the known word that was probably meant.

use std::path::Path;

use crate::core::config::secret;

/// The most characters of a sentence, of a key or dotted path of keys, and of a file's name.
const SENTENCE: usize = 200;
const KEY: usize = 60;
const FILE: usize = 40;

/// The last part of a path.
pub(super) fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    cut_middle(&visible(&name.to_string_lossy()), FILE)
}

/// A key, or a dotted path of keys.
pub(super) fn shown_key(key: &str) -> String {
    if secret::looks_like_one(key) {
        return "(hidden)".to_owned();
    }
    cut_middle(&visible(key), KEY)
}

/// Text in which whatever could act on a terminal, or reorder or hide what is read, is a visible escape.
fn visible(text: &str) -> String {
    let escaped = |c: char| match unseen(c) {
        true => c.escape_unicode().to_string(),
        false => c.to_string(),
    };
    text.chars().map(escaped).collect()
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

/// The middle left out: of a dotted key both ends tell the most.
fn cut_middle(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let (head, tail) = (most / 2, most - most / 2 - 1);
    let mut cut: String = text.chars().take(head).collect();
    cut.push('…');
    cut.extend(text.chars().skip(count - tail));
    cut
}

/// A sentence, the end left out where it is too long.
pub(super) fn cut_end(text: &str) -> String {
    match text.char_indices().nth(SENTENCE - 1) {
        Some((at, _)) if text.chars().count() > SENTENCE => format!("{}…", text.split_at(at).0),
        _ => text.to_owned(),
    }
}

/// The one of `known` that `word` was probably meant to be.
pub(super) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    // The distance is quadratic: nobody's slip of the finger is this long.
    if word.len() > KEY {
        return None;
    }
    let word = word.to_ascii_lowercase();
    // `prod` is no slip of the finger, and clear all the same.
    let mut longer = (known.iter()).filter(|known| known.to_ascii_lowercase().starts_with(&word));
    if let (Some(one), None, 3..) = (longer.next(), longer.next(), word.len()) {
        return Some(one);
    }
    let ranked = (known.iter()).map(|one| (distance(&word, &one.to_ascii_lowercase()), *one));
    let near = ranked.filter(|(distance, one)| *distance <= (one.len() / 3).max(1));
    near.min_by_key(|(distance, _)| *distance)
        .map(|(_, one)| one)
}

/// How many letters are to be added, dropped or replaced to turn `a` into `b`; letters in another order are one slip.
fn distance(a: &str, b: &str) -> usize {
    let [mut left, mut right] = [a, b].map(|word| word.chars().collect::<Vec<_>>());
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, x) in left.iter().enumerate() {
        let mut last = i + 1;
        let mut next = vec![last];
        for (y, above) in right.iter().zip(row.windows(2)) {
            let [diagonal, above] = above else { continue };
            last = (diagonal + usize::from(x != y))
                .min(above + 1)
                .min(last + 1);
            next.push(last);
        }
        row = next;
    }
    left.sort_unstable();
    right.sort_unstable();
    let plain = row.last().copied().unwrap_or(0);
    if left == right { plain.min(1) } else { plain }
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

    #[test]
    fn slips_of_the_finger_find_the_word_that_was_meant() {
        let known = ["promotes", "remote", "branch", "url"];
        for (slip, meant) in [
            ("promote", "promotes"),
            ("brnach", "branch"),
            ("URL", "url"),
            ("ulr", "url"),
        ] {
            assert_eq!(nearest(slip, &known), Some(meant), "{slip}");
        }
        for stranger in ["", "command", "x", &"promotes".repeat(100)] {
            assert_eq!(nearest(stranger, &known), None, "{stranger}");
        }
    }
}
