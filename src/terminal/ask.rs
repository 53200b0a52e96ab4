//! Questions, and the keys of their answers.

use console::{Key, Term};
use zeroize::Zeroizing;

use crate::core::secret::Secret;
use crate::core::text::visible;
use crate::terminal::prompt::Turn;
use crate::terminal::{Ui, is_dumb, is_live};

impl Ui {
    /// Asks for a line on the terminal. `None` for end of input, Ctrl-C and a terminal that went away.
    ///
    /// What was typed before the question was there to be read is thrown away.
    pub fn ask(&self, question: &str) -> Option<String> {
        let _turn = Turn::take();
        let _keys = Keys::take(Pending::Dropped);
        if self.interrupted() {
            return None;
        }
        let term = Term::stderr();
        term.write_str(&visible(question)).ok()?;
        let answer = self.read_line(&term, Echo::On);
        term.write_line("").ok()?;
        answer.map(|mut line| std::mem::take(&mut *line))
    }

    /// Asks for a secret, none of which is shown as it is typed. `None` for Enter alone, end of input, Ctrl-C and a
    /// terminal that went away.
    ///
    /// What was typed or pasted before the question was there is part of the answer.
    pub fn ask_secret(&self, question: &str) -> Option<Secret> {
        let _turn = Turn::take();
        let _keys = Keys::take(Pending::Kept);
        if self.interrupted() {
            return None;
        }
        let term = Term::stderr();
        term.write_str(&visible(question)).ok()?;
        let answer = self.read_line(&term, Echo::Off);
        term.write_line("").ok()?;
        answer
            .map(|line| Secret::new(line.as_str()))
            .filter(|secret| !secret.is_empty())
    }

    fn read_line(&self, term: &Term, echo: Echo) -> Option<Zeroizing<String>> {
        let mut line = Zeroizing::new(String::with_capacity(1024));
        loop {
            match term.read_key_raw().ok()? {
                Key::Enter => return Some(line),
                Key::CtrlC | Key::Char('\u{3}' | '\u{4}') => return None,
                Key::Char(c) if !c.is_control() => {
                    line.push(c);
                    if echo == Echo::On {
                        term.write_str(&visible(c.encode_utf8(&mut [0; 4]))).ok()?;
                    }
                }
                Key::Backspace if line.pop().is_some() && echo == Echo::On => {
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

    /// Asks a y/N question; everything but `y` and `yes` is no.
    pub fn ask_yes(&self, question: &str) -> bool {
        let answer = self.ask(&format!("{question} [y/N] "));
        answer.is_some_and(|answer| {
            matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
        })
    }

    /// Asks for one of a few words: typed, or chosen with the arrow keys where the terminal can be drawn on. `None` when
    /// the person would rather not; the last word for Esc.
    pub fn ask_one(&self, question: &str, words: &[&str], offered: &str) -> Option<String> {
        if !is_live() {
            return self.ask_text(&format!("{question} ({})", words.join(", ")), offered);
        }
        let _turn = Turn::take();
        let _keys = Keys::take(Pending::Kept);
        if self.interrupted() {
            return None;
        }
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
        let last = words.len().checked_sub(1);
        let word = words.get(chosen.ok()?.or(last)?)?;
        Some((*word).to_owned())
    }

    /// Asks for a text, offering one, which Enter alone takes; `None` when the person would rather not.
    ///
    /// The question is written once and never drawn again: what is longer than a line would be there twice.
    pub fn ask_text(&self, question: &str, offered: &str) -> Option<String> {
        let _turn = Turn::take();
        let _keys = Keys::take(Pending::Kept);
        if self.interrupted() {
            return None;
        }
        let offer = if offered.is_empty() {
            String::new()
        } else {
            format!(" [{offered}]")
        };
        let term = Term::stderr();
        term.write_str(&visible(&format!("{question}{offer}: ")))
            .ok()?;
        let answer = self.read_line(&term, Echo::On);
        term.write_line("").ok()?;
        let answer = answer?.trim().to_owned();
        Some(if answer.is_empty() {
            offered.to_owned()
        } else {
            answer
        })
    }
}

/// Whether keys are shown as they are pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Echo {
    /// They are.
    On,
    /// They are not: it is a secret.
    Off,
}

/// What becomes of keys that were pressed before a question was there to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pending {
    /// They are thrown away.
    Dropped,
    /// They are part of the answer.
    Kept,
}

/// The keyboard, key by key, from before a question is shown until it is answered: a Ctrl-C in between is then always
/// a key, and never a signal that comes just before the waiting begins and so ends nothing.
struct Keys {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

impl Keys {
    #[cfg(unix)]
    fn take(pending: Pending) -> Self {
        use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(rustix::stdio::stdin()).ok();
        if let Some(before) = &before {
            let mut single = before.clone();
            single.make_raw();
            single.output_modes = before.output_modes;
            let how = if pending == Pending::Dropped {
                OptionalActions::Flush
            } else {
                OptionalActions::Drain
            };
            // Where it cannot be done the question is asked all the same.
            let _ = tcsetattr(rustix::stdio::stdin(), how, &single);
        }
        Self { before }
    }

    #[cfg(not(unix))]
    fn take(_pending: Pending) -> Self {
        Self {}
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(before) = &self.before {
            // A terminal that went away has no state to go back to.
            let _ = rustix::termios::tcsetattr(
                rustix::stdio::stdin(),
                rustix::termios::OptionalActions::Drain,
                before,
            );
        }
    }
}
