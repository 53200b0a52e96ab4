//! Questions, and the keys of their answers.

use console::{Key, Term};
use zeroize::Zeroizing;

use crate::core::refusal::{RefusalCode, Report, Stop};
use crate::core::secret::Secret;
use crate::core::text::visible;
use crate::core::typed::Typed;
use crate::terminal::prompt::Turn;
use crate::terminal::{Ui, is_dumb, is_live};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    /// A yes: what was typed before the question was there to be read is thrown away.
    Consent,
    /// A text, which may have been typed or pasted before.
    Text,
    /// The same, none of which is shown.
    Secret,
}

impl Ui {
    /// Asks for a line. `None` for end of input, Ctrl-C and a terminal that went away.
    ///
    /// The question is written once and never drawn again: what is longer than a line would be there twice.
    fn line(&self, question: &str, input: Input) -> Option<Zeroizing<String>> {
        let _turn = self.turn(input == Input::Consent)?;
        let term = Term::stderr();
        term.write_str(&visible(question)).ok()?;
        let answer = self.read_line(&term, input != Input::Secret);
        term.write_line("").ok()?;
        answer
    }

    fn turn(&self, drops_pending: bool) -> Option<Turn> {
        let turn = Turn::take();
        turn.take_keys(drops_pending);
        (!self.interrupted()).then_some(turn)
    }

    fn read_line(&self, term: &Term, is_shown: bool) -> Option<Zeroizing<String>> {
        let mut line = Zeroizing::new(String::with_capacity(1024));
        loop {
            match term.read_key_raw().ok()? {
                Key::Enter => return Some(line),
                Key::CtrlC | Key::Char('\u{3}' | '\u{4}') => return None,
                Key::Char(c) if !c.is_control() => {
                    line.push(c);
                    if is_shown {
                        term.write_str(&visible(c.encode_utf8(&mut [0; 4]))).ok()?;
                    }
                }
                Key::Backspace if line.pop().is_some() && is_shown => {
                    // A terminal that knows no escapes knows this.
                    if is_dumb() {
                        term.write_str("\u{8} \u{8}").ok()?
                    } else {
                        term.clear_chars(1).ok()?
                    }
                }
                _ => {}
            }
            if self.interrupted() {
                return None;
            }
        }
    }

    pub fn ask(&self, question: &str) -> Option<String> {
        let answer = self.line(question, Input::Consent)?;
        Some(answer.as_str().to_owned())
    }

    /// Asks a y/N question; everything but `y` and `yes` is no.
    pub fn ask_yes(&self, question: &str) -> bool {
        let answer = self.ask(&format!("{question} [y/N] ")).unwrap_or_default();
        ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str())
    }

    /// Asks for a yes without which nothing is done: refuses where nobody can be asked. `why`: what a no would spare, and
    /// `yes`: the command that says it; `declined`: what did not happen.
    pub fn need_yes(
        &self,
        question: &str,
        why: String,
        yes: Typed,
        declined: &str,
    ) -> Result<(), Stop> {
        if !self.is_interactive() {
            let report =
                Report::new("this needs a confirmation, and there is no terminal").because(why);
            let report = report.run("if the answer is yes", yes);
            return Err(report.refused(RefusalCode::NeedsTerminal).into());
        }
        self.catch_interrupts()?;
        match self.ask_yes(question) {
            true => Ok(()),
            false => Err(Stop::Declined(declined.to_owned())),
        }
    }

    /// Asks for a secret; `None` for Enter alone, too.
    pub fn ask_secret(&self, question: &str) -> Option<Secret> {
        let answer = self.line(question, Input::Secret)?;
        Some(Secret::new(answer.as_str())).filter(|secret| !secret.is_empty())
    }

    pub fn ask_text(&self, question: &str, offered: &str) -> Option<String> {
        let offer = match offered {
            "" => String::new(),
            _ => format!(" [{offered}]"),
        };
        let answer = self.line(&format!("{question}{offer}: "), Input::Text)?;
        let answer = Some(answer.trim()).filter(|answer| !answer.is_empty());
        Some(answer.unwrap_or(offered).to_owned())
    }

    /// Asks for one of a few words, typed or chosen with the arrow keys; the last word for Esc.
    pub fn ask_one(&self, question: &str, words: &[&str], offered: &str) -> Option<String> {
        if !is_live() {
            return self.ask_text(&format!("{question} ({})", words.join(", ")), offered);
        }
        let _turn = self.turn(false)?;
        let term = Term::stderr();
        let first = words.iter().position(|word| *word == offered);
        let select = dialoguer::FuzzySelect::new()
            .with_prompt(format!("{} (type, or arrow keys)", visible(question)))
            .highlight_matches(false)
            .items(words)
            .default(first.unwrap_or_default());
        let chosen = select.interact_on_opt(&term);
        // It stays hidden where the choice was broken off.
        let _ = term.show_cursor();
        let chosen = chosen.ok()?.unwrap_or(words.len().checked_sub(1)?);
        words.get(chosen).map(|word| (*word).to_owned())
    }
}
