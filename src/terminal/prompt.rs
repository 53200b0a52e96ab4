//! The terminal, which one asks on at a time. While somebody is asked, no line of progress is written.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "it hands the terminal over, cleared"
)]

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use console::Term;

use crate::core::text::visible;
use crate::terminal::write;

/// Held by the one who asks, and for a moment by a line of progress.
static TERMINAL: Mutex<()> = Mutex::new(());
/// Whether a line of progress stands on the terminal.
static IS_LINE_SHOWN: AtomicBool = AtomicBool::new(false);

/// The turn to ask a person. The next one waits for its end.
pub struct Turn {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
    _terminal: MutexGuard<'static, ()>,
}

impl Turn {
    /// Waits until nobody else asks, and clears the line of progress.
    pub fn take() -> Self {
        let terminal = TERMINAL.lock().unwrap_or_else(PoisonError::into_inner);
        if IS_LINE_SHOWN.swap(false, Ordering::SeqCst) {
            write("\r\u{1b}[K");
        }
        Self {
            #[cfg(unix)]
            before: rustix::termios::tcgetattr(rustix::stdio::stdin()).ok(),
            _terminal: terminal,
        }
    }

    /// Takes the keyboard, key by key, from before a question is shown until the turn ends: a Ctrl-C in between is then
    /// always a key, and never a signal that comes just before the waiting begins and so ends nothing.
    #[cfg(unix)]
    pub fn take_keys(&self, drops_pending: bool) {
        use rustix::termios::{OptionalActions, tcsetattr};
        let Some(before) = &self.before else { return };
        let mut single = before.clone();
        single.make_raw();
        single.output_modes = before.output_modes;
        let how = match drops_pending {
            true => OptionalActions::Flush,
            false => OptionalActions::Drain,
        };
        // Where it cannot be done the question is asked all the same.
        let _ = tcsetattr(rustix::stdio::stdin(), how, &single);
    }

    /// The same where a terminal has no such modes.
    #[cfg(not(unix))]
    pub fn take_keys(&self, _drops_pending: bool) {}

    /// Shows a line that a program says while a person is waited for; foreign text.
    pub fn say(&self, line: &str) {
        write(&format!("{}\n", visible(line)));
    }
}

impl Drop for Turn {
    /// Gives the keyboard back. A program that was ended while it asked for a secret leaves the echo off, too.
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(before) = &self.before {
            use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
            let stdin = rustix::stdio::stdin();
            let is_changed =
                tcgetattr(stdin).is_ok_and(|now| now.local_modes != before.local_modes);
            if is_changed {
                // A terminal that went away has no state to go back to.
                let _ = tcsetattr(stdin, OptionalActions::Drain, before);
            }
        }
    }
}

/// Writes a line of progress over the one before; an empty one takes it away. Left out while somebody is asked.
pub fn show(line: &str) {
    if let Ok(_terminal) = TERMINAL.try_lock() {
        // A longer one would leave a row behind each time that it is written over.
        let line = visible(line);
        let size = Term::stderr().size_checked();
        let columns = size.map_or(80, |(_, columns)| columns);
        let line = console::truncate_str(&line, usize::from(columns).saturating_sub(1), "...");
        write(&format!("\r\u{1b}[K{line}"));
        IS_LINE_SHOWN.store(!line.is_empty(), Ordering::SeqCst);
    }
}

/// Whether programs that we start can ask somebody: this one is in the foreground, and nothing forbids it.
pub fn somebody_is_there() -> bool {
    let denied = ["0", "false", "no", "off"];
    let prompt = std::env::var("GIT_TERMINAL_PROMPT").unwrap_or_default();
    !denied.contains(&prompt.to_ascii_lowercase().as_str())
        && io::stdin().is_terminal()
        && io::stderr().is_terminal()
        && is_in_foreground()
}

#[cfg(unix)]
fn is_in_foreground() -> bool {
    rustix::termios::tcgetpgrp(rustix::stdio::stdin())
        .is_ok_and(|group| group == rustix::process::getpgrp())
}

#[cfg(not(unix))]
fn is_in_foreground() -> bool {
    true
}
