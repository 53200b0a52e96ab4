//! Questions, and the keys that answer them.

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
    /// A yes. Keys that were typed before the question appeared are dropped.
    Consent,
    /// A text, which may have been typed or pasted before the question appeared.
    Text,
    /// A text that is not shown.
    Secret,
}

impl Ui {
    /// Asks for a line. Returns `None` at end of input, after Ctrl-C, and if the terminal went away.
    ///
    /// The question is written once and never redrawn: a redraw would repeat a question that is longer than a line.
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
                    // A terminal without escape sequences understands the backspace.
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

    /// Asks a y/N question. Everything except `y` and `yes` means no.
    pub fn ask_yes(&self, question: &str) -> bool {
        let answer = self.ask(&format!("{question} [y/N] ")).unwrap_or_default();
        ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str())
    }

    /// Asks for the yes without which nothing is done. Refuses without a terminal: `why` is the reason, and `yes` the
    /// command that confirms in advance. `declined` says what did not happen after a no.
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

    /// Asks for a secret. Returns `None` for an empty answer, too.
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

    /// Asks for one of a few words, typed or chosen with the arrow keys. Esc chooses the last word.
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
        // The cursor stays hidden after a cancelled choice.
        let _ = term.show_cursor();
        let chosen = chosen.ok()?.unwrap_or(words.len().checked_sub(1)?);
        words.get(chosen).map(|word| (*word).to_owned())
    }
}
