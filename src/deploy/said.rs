//! Reads a line of a remote without its decoration. Pure.

use crate::core::text::{acts, visible};
use crate::sources::words::Meaning;

/// What hosts put before their words, besides arrows such as `----->`.
const TAGS: [&str; 10] = [
    "!",
    "WARNING:",
    "ERROR:",
    "Error -",
    "Error:",
    "error:",
    "E:",
    "[SUCCESS]",
    "[WARNING]",
    "[ERROR]",
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The whole line, to be matched: its words, and the marks before them.
    pub marked: String,
    begin: usize,
    /// The whole line and its words, to be quoted: control characters between two letters are visible.
    pub quoted: String,
    pub quoted_words: String,
    /// True if the line is marked as the remote's. git at a local path or behind ssh does not mark all of its words.
    pub is_remote: bool,
    /// True if the text is at the beginning of its line.
    is_flush: bool,
}

impl Said {
    /// Returns whether git on the host names the cause in this line.
    pub fn is_cause(&self) -> bool {
        self.marked.starts_with("error: ") || self.marked.starts_with("fatal: ")
    }

    /// Reads a line of a push's output, from the remote or from the git that received the push.
    pub fn read(line: &str) -> Option<Self> {
        if let Some(said) = Self::by_remote(line) {
            return Some(said);
        }
        if line.starts_with("remote:") {
            return None;
        }
        Some(Self {
            is_remote: false,
            ..Self::of(line)?
        })
    }

    /// Reads a line of a push's output. Accepts only a remote's own words, including those that refuse access.
    pub fn by_remote(line: &str) -> Option<Self> {
        let own = line
            .strip_prefix("remote:")
            .or_else(|| line.strip_prefix("fatal: remote error:"))?;
        let own = own.strip_prefix(' ').unwrap_or(own);
        // A host that pushes elsewhere passes on what it hears.
        let mut passed_on = own;
        while let Some(inner) = passed_on.strip_prefix("remote:") {
            passed_on = inner.strip_prefix(' ').unwrap_or(inner);
        }
        Self::of(passed_on)
    }

    fn of(line: &str) -> Option<Self> {
        let plain = without_escapes(line);
        // The text before a carriage return was overwritten.
        let mut parts = plain.rsplit(|(_, c)| *c == '\r');
        let last = parts.find(|part| part.iter().any(is_letter))?;
        let first = last.iter().position(is_letter)?;
        let end = last.iter().rposition(is_letter)?;
        let letters = last.get(first..=end)?;
        let marked: String = letters.iter().map(|(_, c)| c).collect();
        let begin = marked.len() - without_marks(&marked).len();
        let marks = marked.get(..begin)?.chars().count();
        Some(Self {
            quoted: quoted(line, letters),
            quoted_words: quoted(line, letters.get(marks..)?),
            marked,
            begin,
            is_remote: true,
            is_flush: first == 0,
        })
    }

    pub fn words(&self) -> &str {
        self.marked.get(self.begin..).unwrap_or_default()
    }

    /// Returns the place of the first pattern that matches the whole line.
    pub fn first_of(&self, patterns: &[Pattern]) -> Option<usize> {
        let (marked, words) = (evened(&self.marked), evened(self.words()));
        patterns.iter().position(|one| match one.anchor {
            Anchor::Words => self.is_remote && fits(&one.text, &words),
            Anchor::Marked => self.is_remote && fits(&one.text, &marked),
            Anchor::Git => fits(&one.text, &marked),
            Anchor::Flush => self.is_remote && self.is_flush && fits(&one.text, &self.marked),
        })
    }
}

/// A pattern for a whole line. `*` stands for anything.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    anchor: Anchor,
}

/// Where the words of a pattern must be.
#[derive(Clone, Copy, Debug)]
enum Anchor {
    Words,
    /// After the pattern's own mark.
    Marked,
    /// At the beginning of what the remote says, or a git on this side.
    Git,
    /// At the very beginning of a remote's line, in the pattern's own spelling.
    Flush,
}

impl Pattern {
    /// Creates the pattern for words with this meaning. Words that begin with a mark match only with that mark.
    pub fn of(words: &str, meaning: Meaning) -> Self {
        let anchor = match meaning {
            Meaning::Hook => Anchor::Git,
            Meaning::Stumbled | Meaning::Muttered | Meaning::Tidying | Meaning::Aside => {
                Anchor::Flush
            }
            _ if without_marks(words) == words => Anchor::Words,
            _ => Anchor::Marked,
        };
        let text = match anchor {
            Anchor::Flush => words.to_owned(),
            Anchor::Words | Anchor::Marked | Anchor::Git => evened(words),
        };
        Self { text, anchor }
    }
}

fn is_letter((_, c): &(usize, char)) -> bool {
    !c.is_whitespace()
}

/// Returns the part of a line from the first to the last of these letters.
fn quoted(line: &str, letters: &[(usize, char)]) -> String {
    let part = letters.first().zip(letters.last());
    let part = part.and_then(|((first, _), (last, c))| line.get(*first..last + c.len_utf8()));
    visible(&part.unwrap_or_default().replace('\t', " "))
}

/// Returns the characters of a line with their places, without CSI and OSC sequences, other escapes, and control
/// characters other than the carriage return and the tab.
fn without_escapes(line: &str) -> Vec<(usize, char)> {
    let mut plain = Vec::with_capacity(line.len());
    let mut rest = line.char_indices();
    while let Some((at, c)) = rest.next() {
        match c {
            '\u{1b}' => escape(&mut rest),
            '\u{9b}' => drop(rest.find(|(_, c)| matches!(c, '@'..='~'))),
            '\t' | '\r' => plain.push((at, c)),
            c if acts(c) => {}
            c => plain.push((at, c)),
        }
    }
    plain
}

/// Skips what follows an ESC.
fn escape(rest: &mut std::str::CharIndices<'_>) {
    match rest.next().map(|(_, c)| c) {
        Some('[') => drop(rest.find(|(_, c)| matches!(c, '@'..='~'))),
        // A string for the terminal. It ends with BEL, or with ESC and a backslash.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            let end = rest.find(|(_, c)| matches!(c, '\u{7}' | '\u{1b}'));
            if end.is_some_and(|(_, c)| c == '\u{1b}') {
                rest.next();
            }
        }
        Some(' '..='/') => drop(rest.find(|(_, c)| matches!(c, '0'..='~'))),
        _ => {}
    }
}

fn without_marks(text: &str) -> &str {
    let mut rest = text.trim_start();
    while let Some(next) = arrow(rest).or_else(|| TAGS.iter().find_map(|tag| tagged(rest, tag))) {
        rest = next.trim_start();
    }
    rest
}

/// Returns what follows `----->` or `=====>` of any length.
fn arrow(text: &str) -> Option<&str> {
    let bare = text.starts_with("--") || text.starts_with("==");
    text.trim_start_matches(['-', '='])
        .strip_prefix('>')
        .filter(|_| bare)
}

fn tagged<'t>(text: &'t str, tag: &str) -> Option<&'t str> {
    let (head, rest) = text.split_at_checked(tag.len())?;
    head.eq_ignore_ascii_case(tag).then_some(rest)
}

/// Returns a text in lower case, with single blanks, at most three dots, and without punctuation at the end.
fn evened(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut even = words.join(" ").to_ascii_lowercase().replace('…', "...");
    while even.contains("....") {
        even = even.replace("....", "...");
    }
    even.trim_end_matches(['.', '!', ' ']).to_owned()
}

fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

/// Keeps the last lines, because they explain a failed build.
pub fn keep_last(said: &mut Vec<String>, line: &str) {
    if said.len() == 40 {
        said.remove(0);
    }
    said.push(line.to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> String {
        Said::by_remote(line)
            .map(|said| said.words().to_owned())
            .unwrap_or_default()
    }

    #[test]
    fn what_dresses_a_line_up_is_taken_away() {
        for line in [
            "remote: Nothing runs.",
            "remote:  !     Nothing runs.        ",
            "remote: \u{1b}[1G\u{1b}[K-----> WARNING: Nothing runs.",
            "remote: \u{1b}[1G \u{1b}[K-----> Nothing runs.",
            "remote: \u{1b}[1;31mError\u{1b}[m - Nothing runs.",
            "remote: \u{1b}]0;a title\u{7}[ERROR] Nothing runs.",
            "remote: \u{1b}]8;;https://example.com\u{1b}\\Nothing runs.\u{1b}]8;;\u{1b}\\",
            "remote: \u{9b}32m=====> Nothing runs.\u{1b}(B",
            "remote: Building 10%\rBuilding 99%\r !\tNothing runs.\r",
            "remote: a\u{8}\u{202e}",
        ] {
            let read = words(line);
            assert!(
                read == "Nothing runs." || line.contains('\u{8}') && read == "a",
                "{read:?} of {line:?}"
            );
        }
    }

    #[test]
    fn a_quote_shows_what_would_act_between_its_first_letter_and_its_last() {
        for (line, quoted, words) in [
            (
                "no deploys \u{1b}[31mred",
                "no deploys \\x1b[31mred",
                "no deploys \\x1b[31mred",
            ),
            (
                "\u{1b}[31m ! \u{1b}[mno\u{8}\u{202e}pe\u{1b}[m ",
                "! \\x1b[mno\\x08\\u202epe",
                "no\\x08\\u202epe",
            ),
            ("10%\r\tno\tgrüße…\r", "no grüße…", "no grüße…"),
            ("-----> ", "----->", ""),
        ] {
            let said = Said::by_remote(&format!("remote: {line}")).unwrap();
            assert_eq!(
                (said.quoted.as_str(), said.quoted_words.as_str()),
                (quoted, words),
                "{line:?}"
            );
        }
    }

    #[test]
    fn only_a_remotes_words_are_its_words() {
        for line in [
            "-----> Nothing runs.",
            " remote: Nothing runs.",
            "To remote: Nothing runs.",
            "remote:",
            "remote: !",
        ] {
            assert_eq!(words(line), "", "{line}");
        }
    }

    #[test]
    fn a_pattern_is_a_whole_line() {
        let is = |line: &str, pattern: &str| {
            Said::by_remote(&format!("remote: {line}"))
                .unwrap()
                .first_of(&[Pattern::of(pattern, Meaning::Failed)])
                .is_some()
        };
        assert!(is(
            "Waiting  for release.......... DONE",
            "Waiting for release... done."
        ));
        assert!(is(
            "Waiting for release… done!",
            "Waiting for release... done."
        ));
        assert!(!is(
            "app[web]: Waiting for release... done.",
            "Waiting for release... done."
        ));
        assert!(!is(
            "Waiting for release lock... done.",
            "Waiting for release... done."
        ));
        assert!(is("code: 12", "code: *") && !is("the code: 12", "code: *"));
        assert!(is("a b c", "a*c") && is("ac", "a*c") && !is("a", "a*a") && is("abcabc", "a*b*c"));
        assert!(
            is("-----> Off", "-----> Off") && !is("Off", "-----> Off") && is("-----> Off", "Off")
        );
    }

    #[test]
    fn a_pattern_never_fits_the_same_letters_twice() {
        assert!(!fits("ab*bc", "abc") && fits("ab*bc", "abbc"));
    }
}
