//! Commands to type, as values, and hints made of them: a command a line, with everything that was given.

use std::fmt;

use crate::core::text::shell_word;

/// A command to type. It is rendered once, with what was given on the command line of this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    is_ours: bool,
    /// Its words, quoted for a shell where they need it; without `git smp` where it is ours.
    words: Vec<String>,
}

impl Typed {
    /// One of ours, by the words after `git smp`, none of which needs quotes: `setup --check`.
    pub fn smp(words: &str) -> Self {
        Self {
            is_ours: true,
            words: words.split(' ').map(str::to_owned).collect(),
        }
    }

    /// A command of another program, quoted already.
    pub fn other(text: impl Into<String>) -> Self {
        Self {
            is_ours: false,
            words: vec![text.into()],
        }
    }

    /// Adds a value.
    #[must_use]
    pub fn arg(mut self, value: &str) -> Self {
        self.words.push(shell_word(value));
        self
    }

    /// Adds an option with its value.
    #[must_use]
    pub fn option(mut self, name: &str, value: &str) -> Self {
        self.words.extend([name.to_owned(), shell_word(value)]);
        self
    }

    /// Adds options that have no value, or words that need no quotes, separated by blanks; none where it is empty.
    #[must_use]
    pub fn plain(mut self, words: &str) -> Self {
        self.words
            .extend(words.split_whitespace().map(str::to_owned));
        self
    }
}

impl fmt::Display for Typed {
    /// As it is typed where nothing was given.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ours = if self.is_ours { OURS } else { "" };
        write!(f, "{ours}{}", self.words.join(" "))
    }
}

/// What to do next, a line each: what it is for, and the command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint(Vec<(String, Option<Typed>)>);

impl Hint {
    /// A line that names a command; `say` may be empty.
    pub fn run(say: impl Into<String>, command: Typed) -> Self {
        Self(vec![(say.into(), Some(command))])
    }

    /// The same, and then this command: behind the last line, or on one of its own where that names a command already.
    #[must_use]
    pub fn then(mut self, command: Typed) -> Self {
        match self.0.last_mut() {
            Some((say, none @ None)) => {
                say.push_str(", then");
                *none = Some(command);
            }
            _ => self.0.push(("then".to_owned(), Some(command))),
        }
        self
    }

    /// The same with the lines of another one behind its own.
    #[must_use]
    pub fn and(mut self, other: impl Into<Self>) -> Self {
        self.0.extend(other.into().0);
        self
    }
}

impl<T: Into<String>> From<T> for Hint {
    /// A line of words.
    fn from(text: T) -> Self {
        Self(vec![(text.into(), None)])
    }
}

impl fmt::Display for Hint {
    /// As it is where nothing was given, in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.0.iter().map(|(say, command)| match command {
            Some(command) => led(say, &command.to_string()),
            None => say.clone(),
        });
        f.write_str(&lines.collect::<Vec<_>>().join("; "))
    }
}

fn led(say: &str, command: &str) -> String {
    if say.is_empty() {
        command.to_owned()
    } else {
        format!("{say}: {command}")
    }
}

/// How every command of ours begins.
const OURS: &str = "git smp ";

/// What was given on the command line that the same command needs again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// `--config`, which every command of ours needs then.
    pub config: Option<String>,
    /// The command that runs.
    pub command: &'static str,
    /// The environments that it was given, where it takes some.
    pub names: Vec<String>,
    /// Its options that say what is done, not how it is asked: the option, and its value where it has one.
    pub options: Vec<(&'static str, Option<String>)>,
}

impl Given {
    /// The lines of a hint, each with at most one command, which ends it and can be pasted.
    pub fn complete(&self, hint: &Hint) -> Vec<String> {
        self.lines_of(hint, |line| self.with_options(line))
    }

    /// The same of commands that others type, or that come next: with the configuration alone.
    pub fn typed(&self, hint: &Hint) -> Vec<String> {
        self.lines_of(hint, |line| line)
    }

    fn lines_of(&self, hint: &Hint, with: impl Fn(String) -> String) -> Vec<String> {
        let line = |(say, command): &(String, Option<Typed>)| match command {
            Some(command) if command.is_ours => {
                vec![led(say, &self.named(with(command.to_string())))]
            }
            Some(command) => vec![led(say, &command.to_string())],
            None => lines(say)
                .into_iter()
                .map(|line| self.named(with(line)))
                .collect(),
        };
        hint.0.iter().flat_map(line).collect()
    }

    fn with_options(&self, line: String) -> String {
        let Some(at) = places(&line, OURS).pop() else {
            return line;
        };
        let words = words(line.get(at + OURS.len()..).unwrap_or_default());
        if self.command.is_empty() || words.first() != Some(&self.command) {
            return line;
        }
        let mut line = line.clone();
        if words.get(1).is_none_or(|word| word.starts_with('-')) {
            let names: String = self
                .names
                .iter()
                .map(|name| format!(" {}", shell_word(name)))
                .collect();
            line.insert_str(at + OURS.len() + self.command.len(), &names);
        }
        self.options
            .iter()
            .filter(|(option, _)| !has(&words, option))
            .fold(line, |line, (option, value)| {
                let value = value
                    .as_ref()
                    .map(|value| format!(" {}", shell_word(value)))
                    .unwrap_or_default();
                format!("{line} {option}{value}")
            })
    }

    fn named(&self, line: String) -> String {
        let Some(file) = &self.config else {
            return line;
        };
        let option = format!("--config {} ", shell_word(file));
        places(&line, OURS)
            .into_iter()
            .rev()
            .fold(line, |mut line, at| {
                let at = at + OURS.len();
                if !line
                    .get(at..)
                    .is_some_and(|rest| rest.starts_with("--config"))
                {
                    line.insert_str(at, &option);
                }
                line
            })
    }
}

/// The lines of a hint. A text that goes on after a command goes on in a line of its own.
pub fn lines(hint: &str) -> Vec<String> {
    let bounds = ["\n", "; ", ", then: ", ", then "].map(|bound| (bound, places(hint, bound)));
    let mut cuts: Vec<(usize, &str)> = bounds
        .iter()
        .flat_map(|(bound, found)| found.iter().map(|at| (*at, *bound)))
        .collect();
    cuts.sort_unstable();
    let (mut lines, mut from) = (Vec::new(), 0);
    for (at, bound) in cuts {
        let Some(piece) = hint.get(from..at) else {
            continue;
        };
        if bound == "\n" || has_command(piece) {
            lines.push(piece.to_owned());
            from = at
                + if bound.starts_with(',') {
                    ", ".len()
                } else {
                    bound.len()
                };
        }
    }
    lines.extend(
        hint.get(from..)
            .filter(|rest| !rest.is_empty())
            .map(str::to_owned),
    );
    lines
}

fn has_command(piece: &str) -> bool {
    ["git ", "heroku "]
        .iter()
        .any(|program| !places(piece, program).is_empty())
}

/// Where a text stands outside of quoted words, as a beginning of a word where it begins with a letter.
fn places(text: &str, wanted: &str) -> Vec<usize> {
    let (mut found, mut before, mut quote) = (Vec::new(), ' ', None);
    let mut rest = text.char_indices();
    while let Some((at, c)) = rest.next() {
        match (quote, c) {
            (None, '\'') if " =$".contains(before) => quote = Some(before == '$'),
            (None, _) => {
                let word = !wanted.starts_with(char::is_alphabetic)
                    || !before.is_alphanumeric() && before != '-';
                found.extend(
                    text.get(at..)
                        .filter(|left| word && left.starts_with(wanted))
                        .map(|_| at),
                );
            }
            // `$'...'` has its own way to say a quote.
            (Some(true), '\\') => drop(rest.next()),
            (Some(false), '\'') if text.get(at..).is_some_and(|left| left.starts_with("'\\''")) => {
                let _ = rest.nth(2);
            }
            (Some(_), '\'') => quote = None,
            (Some(_), _) => {}
        }
        before = c;
    }
    found
}

/// The words of a command; a quoted one is in as many pieces as it has words of its own, which no option is.
fn words(command: &str) -> Vec<&str> {
    command.split(' ').filter(|word| !word.is_empty()).collect()
}

fn has(words: &[&str], option: &str) -> bool {
    // Two ways to give the same text.
    let same: &[&str] = if ["--summary", "-F"].contains(&option) {
        &["--summary", "-F"]
    } else {
        &[option]
    };
    words.iter().any(|word| {
        same.iter()
            .any(|option| word.split('=').next() == Some(option))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_ends_its_line() {
        let split = |hint: &str| lines(hint).join("|");
        for (hint, expected) in [
            ("git smp setup", "git smp setup"),
            (
                "wait: git smp status; or say yes: git smp promote",
                "wait: git smp status|or say yes: git smp promote",
            ),
            (
                "set a.branch in smp.toml, then: git smp setup",
                "set a.branch in smp.toml, then: git smp setup",
            ),
            (
                "git smp postpone, then: git smp propose",
                "git smp postpone|then: git smp propose",
            ),
            (
                "log in: heroku login; or set HEROKU_API_KEY",
                "log in: heroku login|or set HEROKU_API_KEY",
            ),
            (
                "the platform's own; it's git smp stage; go on",
                "the platform's own; it's git smp stage|go on",
            ),
            (
                "a: git smp stage --reason 'x; y, then z'; b",
                "a: git smp stage --reason 'x; y, then z'|b",
            ),
            (
                "a: git smp stage --reason 'it'\\''s; y'; b",
                "a: git smp stage --reason 'it'\\''s; y'|b",
            ),
            (
                "a: git smp stage --reason $'it\\'s; y'; b",
                "a: git smp stage --reason $'it\\'s; y'|b",
            ),
            ("git smp stage\nwith a fix", "git smp stage|with a fix"),
            ("ask; and wait", "ask; and wait"),
        ] {
            assert_eq!(split(hint), expected);
        }
    }

    #[test]
    fn what_was_given_is_given_again_to_the_same_command_alone() {
        let given = Given {
            config: Some("my file.toml".into()),
            command: "promote",
            names: vec!["eu".into()],
            options: vec![
                ("--again", None),
                ("--summary", Some("It's new\ngit smp promote".into())),
            ],
        };
        let summary = "--summary $'It\\'s new\\ngit smp promote'";
        let named = "git smp --config 'my file.toml'";
        for (hint, expected) in [
            ("look: git smp status", format!("look: {named} status")),
            (
                "go on: git smp promote us",
                format!("go on: {named} promote us --again {summary}"),
            ),
            (
                "x: git smp promote --again --summary 'y'",
                format!("x: {named} promote eu --again --summary 'y'"),
            ),
            (
                "x: git smp promote",
                format!("x: {named} promote eu --again {summary}"),
            ),
            (
                "in a script: add --again",
                "in a script: add --again".to_owned(),
            ),
            ("say it: --note TEXT", "say it: --note TEXT".to_owned()),
        ] {
            assert_eq!(given.complete(&hint.into()), [expected]);
        }
        assert_eq!(
            given.typed(&"next: git smp promote".into()),
            [format!("next: {named} promote")]
        );
        let nothing = Given::default();
        assert_eq!(
            nothing.complete(&"a: git smp promote".into()),
            ["a: git smp promote"]
        );
    }

    #[test]
    fn a_command_is_rendered_with_what_was_given() {
        let given = Given {
            config: Some("my file.toml".into()),
            command: "rollback",
            names: vec!["production".into()],
            options: vec![("--reason", Some("too slow".into()))],
        };
        let rows = [
            (Typed::smp("status"), "status"),
            (Typed::smp("setup --check"), "setup --check"),
            (
                Typed::smp("rollback").option("--to", "1f13dc69"),
                "rollback production --to 1f13dc69 --reason 'too slow'",
            ),
            (
                Typed::smp("rollback")
                    .arg("eu")
                    .option("--reason", "it's down"),
                "rollback eu --reason 'it'\\''s down'",
            ),
        ];
        for (command, expected) in rows {
            let hint = Hint::run("go on", command).and("or wait");
            let expected = format!("go on: git smp --config 'my file.toml' {expected}");
            assert_eq!(given.complete(&hint), [expected, "or wait".to_owned()]);
        }
        let theirs = Hint::run("", Typed::other("git fetch --unshallow"));
        assert_eq!(given.complete(&theirs), ["git fetch --unshallow"]);
        let both = Hint::run("wait", Typed::smp("status")).and(theirs);
        assert_eq!(
            both.to_string(),
            "wait: git smp status; git fetch --unshallow"
        );
    }

    #[test]
    fn a_quoted_text_that_looks_like_a_command_is_left_alone() {
        let given = Given {
            config: Some("x".into()),
            ..Given::default()
        };
        let hint = "git smp stage --reason 'git smp stage; git smp hung'";
        assert_eq!(
            given.complete(&hint.into()),
            ["git smp --config x stage --reason 'git smp stage; git smp hung'"]
        );
        assert_eq!(
            given.complete(&"cd x && git-smp status".into()),
            ["cd x && git-smp status"]
        );
    }
}
