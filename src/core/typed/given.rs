//! What this run's command line gave, and commands completed with it.

use crate::core::text::{shell_word, without_userinfo};
use crate::core::typed::{Hint, NOTHING, Replaced, Typed, led};

/// The parts of this run's command line that a repeated command needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// `--config`, which every git-smp command then needs.
    pub config: Option<String>,
    pub command: String,
    /// The given environments, if the command takes any.
    pub names: Vec<String>,
    /// The options that decide what is done, with their values; not those that control questions.
    pub options: Vec<(&'static str, Option<String>)>,
    /// Every word of the command line, as typed.
    pub line: Vec<String>,
}

impl Given {
    /// Returns the lines of a hint. Each has at most one command at its end, ready to paste. After a hint with no command
    /// at all, the same command is next.
    pub fn complete(&self, hint: &Hint) -> Vec<String> {
        let mut hint = hint.clone();
        if hint.0.iter().all(|(_, command)| command.is_none()) {
            hint = hint.then(Typed::once_more());
        }
        self.lines_of(&hint, |command| self.with_options(command))
    }

    /// Does the same for commands of other people or for the next command: only with `--config`.
    pub fn typed(&self, hint: &Hint) -> Vec<String> {
        self.lines_of(hint, |command| command)
    }

    /// Returns the next command alone, and the explanations in separate lines. Without a command for the next step, the
    /// command is `status`, which shows whether it was done.
    pub fn next(&self, mut hint: Hint) -> (String, Vec<String>) {
        let first = (!hint.0.is_empty()).then(|| hint.0.remove(0));
        let (say, command) = first.unwrap_or_default();
        if command.is_none() && hint == Hint::default() && say == NOTHING {
            return (say, Vec::new());
        }
        let command = command.unwrap_or_else(|| Typed::smp("status"));
        let say = say
            .strip_suffix("then")
            .unwrap_or(&say)
            .trim_end_matches([',', ' ', ':']);
        let say = Some(say.to_owned()).filter(|say| !say.is_empty());
        let command = self.typed(&Hint::run("", command)).concat();
        // The other lines are printed before the command.
        let (mut notes, mut later) = (Vec::new(), Vec::new());
        for line in self.typed(&hint) {
            match (line.strip_prefix("or "), line.strip_prefix("then: ")) {
                (Some(other), _) => notes.push(format!("you can also {other}")),
                (_, Some(then)) => later.push(format!("after that: {then}")),
                (None, None) => notes.push(line),
            }
        }
        notes.extend(say);
        notes.extend(later);
        (command, notes)
    }

    fn lines_of(&self, hint: &Hint, with: impl Fn(Typed) -> Typed) -> Vec<String> {
        let lines = hint.0.iter().map(|(say, command)| match command.clone() {
            Some(command) if command.instead_of.is_some() => {
                led(say, &self.retyped(command).to_string())
            }
            Some(command) if command.is_ours() => led(say, &self.named(with(command)).to_string()),
            Some(command) => led(say, &command.to_string()),
            None => say.clone(),
        });
        lines.collect()
    }

    /// Replaces a part of the command line.
    fn retyped(&self, mut command: Typed) -> Typed {
        let place = match &command.instead_of {
            Some(Replaced::Word(wrong)) => self.place_of_word(wrong),
            Some(Replaced::Option(option)) => self.place_of_option(option),
            Some(Replaced::Consent) | None => None,
        };
        let mut line = self.line.clone();
        match place {
            // The words that replace it are quoted already.
            Some((from, to)) => {
                let after = quoted(line.get(to..).unwrap_or_default());
                line.truncate(from);
                command.words = [quoted(&line), command.words, after].concat();
            }
            None if line.is_empty() => {}
            None => {
                if command.instead_of == Some(Replaced::Consent) {
                    line.retain(|word| !["--yes", "-y"].contains(&word.as_str()));
                }
                command.words = quoted(&line);
            }
        }
        command
    }

    /// Returns where a wrong word begins and ends, preferably one that is not the value of an option.
    fn place_of_word(&self, wrong: &str) -> Option<(usize, usize)> {
        let words = self.line.iter().enumerate();
        let mut places = words.filter(|(_, word)| *word == wrong).map(|(at, _)| at);
        let first = places.clone().next()?;
        let free = places.find(|at| {
            let before = at.checked_sub(1).and_then(|before| self.line.get(before));
            before.is_none_or(|before| !before.starts_with('-'))
        });
        let at = free.unwrap_or(first);
        Some((at, at + 1))
    }

    /// Returns where an option begins, and where its value ends: in the next word, or in the same one.
    fn place_of_option(&self, option: &str) -> Option<(usize, usize)> {
        let is_short = !option.starts_with("--");
        let at = self.line.iter().position(|word| {
            word.split('=').next() == Some(option) || is_short && word.starts_with(option)
        })?;
        let is_apart = self.line.get(at).is_some_and(|word| word == option);
        Some((at, if is_apart { at + 2 } else { at + 1 }))
    }

    fn with_options(&self, mut command: Typed) -> Typed {
        if command.words.first() != Some(&self.command) {
            return command;
        }
        if command
            .words
            .get(1)
            .is_none_or(|word| word.starts_with('-'))
        {
            let names = self.names.iter().map(|name| shell_word(name));
            command.words.splice(1..1, names);
        }
        // Both options give the same text.
        const TEXT: [&str; 2] = ["--summary", "-F"];
        let stated = command.clone();
        let has_text = TEXT.iter().any(|option| stated.has(option));
        for (option, value) in &self.options {
            command = match value {
                _ if stated.has(option) || has_text && TEXT.contains(option) => command,
                Some(value) => command.option(option, value),
                None => command.plain(option),
            };
        }
        command
    }

    fn named(&self, mut command: Typed) -> Typed {
        if let Some(file) = &self.config
            && !command.has("--config")
        {
            command.start = format!("{} --config {}", command.start, shell_word(file));
        }
        command
    }
}

/// Returns words as a shell needs them. An address may contain a password.
fn quoted(words: &[String]) -> Vec<String> {
    let shown = words.iter().map(|word| shell_word(&without_userinfo(word)));
    shown.collect()
}
