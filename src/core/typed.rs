//! Commands to type, as values, and hints made of them: one command per line, with all given options.

mod given;

use std::fmt;

use crate::core::text::shell_word;
pub use given::Given;

/// A command to type. It is rendered once, with the options of this run's command line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Typed {
    /// The beginning of a git-smp command, up to the place of `--config`: `git smp`. Empty for another program.
    start: String,
    /// The words after that, quoted for a shell if necessary.
    words: Vec<String>,
    /// The part of this run's command line that these words replace; the rest stays as typed.
    instead_of: Option<Replaced>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Replaced {
    /// The options that answer the question.
    Consent,
    Word(String),
    /// An option with its value.
    Option(String),
}

impl Typed {
    /// Builds a git-smp command from the words after `git smp`, which need no quotes: `setup --check`.
    pub fn smp(words: &str) -> Self {
        let none = Self {
            start: "git smp".to_owned(),
            words: Vec::new(),
            instead_of: None,
        };
        none.plain(words)
    }

    /// Repeats this run's command with `words`, which need no quotes, instead of a wrong word.
    pub fn instead_of(wrong: &str, words: &str) -> Self {
        Self {
            instead_of: Some(Replaced::Word(wrong.to_owned())),
            ..Self::smp(words)
        }
    }

    /// Repeats this run's command with dots as the text of `option`, for a person to replace.
    pub fn with_dots(option: &str) -> Self {
        Self {
            instead_of: Some(Replaced::Option(option.to_owned())),
            ..Self::smp("").dotted(option)
        }
    }

    /// Repeats this run's command without an option and its value.
    pub fn without(option: &str) -> Self {
        Self {
            instead_of: Some(Replaced::Option(option.to_owned())),
            ..Self::smp("")
        }
    }

    /// Repeats this run's command without the options that answer its question.
    pub fn once_more() -> Self {
        Self {
            instead_of: Some(Replaced::Consent),
            ..Self::smp("")
        }
    }

    /// Builds a command of another program that is already quoted.
    pub fn other(text: impl Into<String>) -> Self {
        Self {
            start: String::new(),
            words: vec![text.into()],
            instead_of: None,
        }
    }

    /// Adds a quoted command in front of a git-smp command: `git pull &&`.
    pub fn behind(mut self, first: fmt::Arguments<'_>) -> Self {
        self.start = format!("{first} {}", self.start);
        self
    }

    pub fn is_ours(&self) -> bool {
        !self.start.is_empty()
    }
    pub fn arg(mut self, value: &str) -> Self {
        self.words.push(shell_word(value));
        self
    }
    /// Returns an option with its value, joined by `=` if the value looks like an option.
    pub fn option(mut self, name: &str, value: &str) -> Self {
        if !name.starts_with("--") || !value.starts_with('-') {
            return self.plain(name).arg(value);
        }
        self.words.push(format!("{name}={}", shell_word(value)));
        self
    }

    /// Adds dots, which a person replaces by what only they know.
    pub fn dots(self) -> Self {
        self.plain("'...'")
    }

    /// Adds an option with dots.
    pub fn dotted(self, option: &str) -> Self {
        self.plain(option).dots()
    }

    /// Adds words that need no quotes, separated by spaces, such as options without a value; none if the text is empty.
    pub fn plain(mut self, words: &str) -> Self {
        self.words
            .extend(words.split_whitespace().map(str::to_owned));
        self
    }

    fn stages(&self) -> bool {
        self.is_ours() && self.words.first().is_some_and(|word| word == "stage")
    }

    fn has(&self, option: &str) -> bool {
        self.words
            .iter()
            .any(|word| word.split('=').next() == Some(option))
    }
}

impl fmt::Display for Typed {
    /// Formats the command without the options of this run.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = Some(&self.start).filter(|_| self.is_ours());
        let words: Vec<&str> = start
            .into_iter()
            .chain(&self.words)
            .map(String::as_str)
            .collect();
        f.write_str(&words.join(" "))
    }
}

/// The purpose of a command with dots for a text: [`Typed::dotted`].
pub const DOTS: &str = "replace the dots with your text";

/// The text for the next command if there is nothing to do.
pub const NOTHING: &str = "nothing";

/// The next steps: one line per step, each with a purpose and a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Hint(Vec<(String, Option<Typed>)>);

impl Hint {
    /// Builds a line with a command; `say` may be empty.
    pub fn run(say: impl Into<String>, command: Typed) -> Self {
        Self::line(say.into(), Some(command))
    }

    /// Builds the lines for a commit that only its hash names: how to find it, and the command with dots for it.
    pub fn by_hash(find: &str, again: Typed) -> Self {
        let find = Self::run("find the hash of the commit", Typed::other(find));
        find.and(Self::run("then replace the dots with it", again))
    }

    fn line(say: String, command: Option<Typed>) -> Self {
        // A git-smp command inside a text would lack the given options.
        #[cfg(test)]
        assert!(!say.contains("git smp ") && !say.contains('\n'), "{say}");
        Self(vec![(say, command)])
    }

    /// Adds a command: to the last line, or on its own line if the last one already has a command.
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

    /// Puts a condition at the beginning of the first line.
    pub fn once(mut self, so: &str) -> Self {
        if let Some((say, _)) = self.0.first_mut() {
            *say = match say.as_str() {
                "" => so.to_owned(),
                say => format!("{so}: {say}"),
            };
        }
        self
    }

    /// Rewrites the hint for a staging that a merge deploys: no command stages there.
    pub fn with_merges(mut self) -> Self {
        for (say, command) in &mut self.0 {
            let stages = command.as_ref().is_some_and(Typed::stages);
            if stages && command.as_ref().is_some_and(|command| command.has("--fix")) {
                *say = "merge the fix; once this candidate is closed".to_owned();
                *command = Some(Typed::smp("propose"));
            } else if stages {
                if !say.ends_with("then") {
                    let or = if say.starts_with("or ") { "or " } else { "" };
                    *say = format!(
                        "{or}merge the wanted commit into the main branch; after the platform has deployed it"
                    );
                }
                *command = Some(Typed::smp("status"));
            }
        }
        self
    }

    /// Rewrites the hint for an open candidate: only a fix of it may be staged, so it must be closed first.
    pub fn with_freeze(mut self) -> Self {
        let stage = Some(Typed::smp("stage"));
        if let Some(at) = self.0.iter().position(|(_, command)| *command == stage) {
            let say = std::mem::take(&mut self.0[at].0);
            let (or, rest) = match say.strip_prefix("or ") {
                Some(rest) => ("or ", rest),
                None => ("", say.as_str()),
            };
            let then = if say.ends_with("then") { "" } else { "then " };
            self.0[at].0 = format!("{then}{rest}").trim_end().to_owned();
            let close = (
                format!("{or}close the candidate"),
                Some(Typed::smp("postpone")),
            );
            self.0.insert(at, close);
        }
        self
    }

    pub fn and(mut self, other: impl Into<Self>) -> Self {
        self.0.extend(other.into().0);
        self
    }

    /// Returns the lines without the options of this run.
    pub fn lines(&self) -> Vec<String> {
        let lines = self.0.iter().map(|(say, command)| match command {
            Some(command) => led(say, &command.to_string()),
            None => say.clone(),
        });
        lines.collect()
    }
}

impl<T: Into<String>> From<T> for Hint {
    fn from(text: T) -> Self {
        Self::line(text.into(), None)
    }
}

impl fmt::Display for Hint {
    /// Formats the hint in one line, without the options of this run.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("; "))
    }
}

fn led(say: &str, command: &str) -> String {
    if say.is_empty() {
        command.to_owned()
    } else {
        format!("{say}: {command}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candidate_is_closed_before_anything_but_a_fix_is_staged() {
        let stage = |say: &str| {
            Hint::run(say, Typed::smp("stage"))
                .with_freeze()
                .to_string()
        };
        assert_eq!(
            stage("or ship a correction"),
            "or close the candidate: git smp postpone; then ship a correction: git smp stage"
        );
        assert_eq!(
            stage("merge it, then"),
            "close the candidate: git smp postpone; merge it, then: git smp stage"
        );
        for allowed in ["stage --fix", "stage 2c41343c", "status"] {
            let hint = Hint::run("", Typed::smp(allowed));
            assert_eq!(hint.clone().with_freeze(), hint, "{allowed}");
        }
    }

    #[test]
    fn what_was_given_is_given_again_to_the_same_command_alone() {
        let given = Given {
            config: Some("my file.toml".into()),
            command: "promote".into(),
            names: vec!["eu".into()],
            options: vec![
                ("--again", None),
                ("--summary", Some("It's new\ngit smp promote".into())),
            ],
            line: Vec::new(),
        };
        let summary = "--summary $'It\\'s new\\ngit smp promote'";
        let named = "git smp --config 'my file.toml'";
        let promote = Typed::smp("promote");
        for (command, expected) in [
            (Typed::smp("status"), format!("{named} status")),
            (
                promote.clone().arg("us"),
                format!("{named} promote us --again {summary}"),
            ),
            (
                promote
                    .clone()
                    .plain("--again")
                    .option("--summary", "y --again"),
                format!("{named} promote eu --again --summary 'y --again'"),
            ),
            (
                promote.clone().option("--summary", "-1 bug"),
                format!("{named} promote eu --summary='-1 bug' --again"),
            ),
            (
                promote.clone().option("-F", "a file"),
                format!("{named} promote eu -F 'a file' --again"),
            ),
            (
                promote.clone().behind(format_args!("mv a b &&")),
                format!("mv a b && {named} promote eu --again {summary}"),
            ),
            (
                Typed::other("echo git smp promote"),
                "echo git smp promote".to_owned(),
            ),
        ] {
            let hint = Hint::run("", command);
            assert_eq!(given.complete(&hint), [expected]);
        }
        let hint = Hint::run("next", promote);
        assert_eq!(given.typed(&hint), [format!("next: {named} promote")]);
        assert_eq!(Given::default().complete(&hint), ["next: git smp promote"]);
        let words = "in a script: add --again";
        assert_eq!(given.typed(&words.into()), [words]);
    }

    #[test]
    fn what_comes_next_is_a_command_alone() {
        let (stage, look) = (
            Typed::smp("stage"),
            Typed::other("git ls-remote production"),
        );
        let posts = Hint::run("posts wait", Typed::smp("posts"));
        let set = Hint::run("correct it, then", Typed::other("git remote set-url"));
        for (hint, command, notes) in [
            (NOTHING.into(), NOTHING, [].as_slice()),
            (Hint::run("", stage.clone()), "git smp stage", &[]),
            (Hint::run("then", stage.clone()), "git smp stage", &[]),
            (
                Hint::run("merge the fix, then", stage),
                "git smp stage",
                &["merge the fix"],
            ),
            (
                Hint::run("see whether it answers", look).and(posts),
                "git ls-remote production",
                &["posts wait: git smp posts", "see whether it answers"],
            ),
            ("ask ada".into(), "git smp status", &["ask ada"]),
            (
                set.and(Hint::run("then", Typed::smp("setup"))),
                "git remote set-url",
                &["correct it", "after that: git smp setup"],
            ),
        ] {
            let (next, more) = Given::default().next(hint);
            assert_eq!(
                (next.as_str(), more),
                (
                    command,
                    notes.iter().map(|note| (*note).to_owned()).collect()
                )
            );
        }
    }

    #[test]
    fn where_a_merge_deploys_no_hint_stages() {
        for (say, command, expected) in [
            (
                "correct it, then",
                "stage",
                "correct it, then: git smp status",
            ),
            (
                "deploy the newer commit",
                "stage",
                "merge the wanted commit into the main branch; after the platform has deployed it: git smp status",
            ),
            (
                "or ship a correction",
                "stage",
                "or merge the wanted commit into the main branch; after the platform has deployed it: git smp status",
            ),
            (
                "deploy a fix",
                "stage --fix",
                "merge the fix; once this candidate is closed: git smp propose",
            ),
            ("wait for it", "status", "wait for it: git smp status"),
        ] {
            let hint = Hint::run(say, Typed::smp(command)).with_merges();
            assert_eq!(hint.to_string(), expected);
        }
    }

    #[test]
    fn a_wrong_word_is_put_right_in_what_was_typed_and_nothing_else_is_lost() {
        let rows: [(&[&str], &str, &str, &str); 7] = [
            (
                &["rollback", "prod", "--to", "S", "--reason", "why not", "-n"],
                "prod",
                "production",
                "rollback production --to S --reason 'why not' -n",
            ),
            (
                &["promote", "-n", "prodction", "--timeout", "5"],
                "prodction",
                "production",
                "promote -n production --timeout 5",
            ),
            (
                &[
                    "--config",
                    "my file",
                    "promote",
                    "eu",
                    "uss",
                    "--commit=S",
                    "--again",
                    "-y",
                ],
                "uss",
                "us",
                "--config 'my file' promote eu us --commit=S --again -y",
            ),
            // The same word may be the value of an option.
            (
                &["promote", "--summary", "prod", "prod"],
                "prod",
                "production",
                "promote --summary prod production",
            ),
            (&["undo", "eu", "-n"], "undo", "rollback", "rollback eu -n"),
            (&["fix", "1f"], "fix", "stage --fix", "stage --fix 1f"),
            (
                &["undo", "https://u:t0ken@example.com/x"],
                "undo",
                "rollback",
                "rollback https://example.com/x",
            ),
        ];
        for (line, wrong, meant, expected) in rows {
            let given = Given {
                command: "promote".into(),
                names: vec!["twice".into()],
                options: vec![("--again", None)],
                line: line.iter().map(|word| (*word).to_owned()).collect(),
                ..Given::default()
            };
            let hint = Hint::run("", Typed::instead_of(wrong, meant));
            assert_eq!(given.complete(&hint), [format!("git smp {expected}")]);
        }
    }

    #[test]
    fn once_more_is_what_was_typed_without_its_yes() {
        let line = "stage --config c 1f13 -y --yes".split(' ');
        let given = Given {
            config: Some("c".into()),
            command: "stage".into(),
            line: line.map(str::to_owned).collect(),
            ..Given::default()
        };
        let hint = Hint::run("", Typed::once_more());
        assert_eq!(given.complete(&hint), ["git smp stage --config c 1f13"]);
    }

    #[test]
    fn the_text_of_an_option_becomes_dots_to_replace_and_nothing_else_changes() {
        for (line, option, dots, without) in [
            (
                "rollback --to 1f13 --reason  -n",
                "--reason",
                "rollback --to 1f13 --reason '...' -n",
                "rollback --to 1f13 -n",
            ),
            (
                "signoff --block=-x --by Ada",
                "--block",
                "signoff --block '...' --by Ada",
                "signoff --by Ada",
            ),
            (
                "promote eu -Fnosuch",
                "-F",
                "promote eu -F '...'",
                "promote eu",
            ),
            (
                "promote -F nosuch -n",
                "-F",
                "promote -F '...' -n",
                "promote -n",
            ),
        ] {
            let given = Given {
                line: line.split(' ').map(str::to_owned).collect(),
                ..Given::default()
            };
            let told = |command| given.complete(&Hint::run("", command)).concat();
            assert_eq!(told(Typed::with_dots(option)), format!("git smp {dots}"));
            assert_eq!(told(Typed::without(option)), format!("git smp {without}"));
        }
    }

    #[test]
    fn every_hint_ends_in_a_command() {
        let given = Given {
            config: Some("c".into()),
            line: "--config c promote --yes eu"
                .split(' ')
                .map(str::to_owned)
                .collect(),
            ..Given::default()
        };
        let told = |hint: Hint| given.complete(&hint);
        assert_eq!(
            told("free some space".into()),
            ["free some space, then: git smp --config c promote eu"]
        );
        let both = Hint::from("set GH_TOKEN").and("or remove policy.green");
        assert_eq!(
            told(both),
            [
                "set GH_TOKEN",
                "or remove policy.green, then: git smp --config c promote eu"
            ]
        );
        let own = Hint::run("look", Typed::smp("status")).and("or wait");
        assert_eq!(told(own), ["look: git smp --config c status", "or wait"]);
    }

    #[test]
    #[should_panic(expected = "look: git smp status")]
    fn no_command_of_ours_hides_in_words() {
        drop(Hint::from("look: git smp status"));
    }

    #[test]
    fn a_command_is_rendered_with_what_was_given() {
        let given = Given {
            config: Some("my file.toml".into()),
            command: "rollback".into(),
            names: vec!["production".into()],
            options: vec![("--reason", Some("too slow".into()))],
            line: Vec::new(),
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
}
