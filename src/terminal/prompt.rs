//! The right to ask on the terminal, one question at a time. No progress line is written meanwhile.
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

/// Held while a question is asked, and for a moment by a progress line.
static TERMINAL: Mutex<()> = Mutex::new(());
/// True while a progress line is on the terminal.
static IS_LINE_SHOWN: AtomicBool = AtomicBool::new(false);

/// The right to ask a person. The next question waits until this one ends.
pub struct Turn {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
    _terminal: MutexGuard<'static, ()>,
}

impl Turn {
    /// Waits until no other question is open, and clears the progress line.
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

    /// Reads the keyboard key by key, from before a question is shown until the turn ends. A Ctrl-C is then always a
    /// key. As a signal it could come just before the wait for a key begins, and would have no effect.
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
        // If this fails, the question is asked all the same.
        let _ = tcsetattr(rustix::stdio::stdin(), how, &single);
    }

    /// Does nothing: this terminal has no such modes.
    #[cfg(not(unix))]
    pub fn take_keys(&self, _drops_pending: bool) {}

    /// Writes a line that another program says while a person is asked. The line is foreign text.
    pub fn say(&self, line: &str) {
        write(&format!("{}\n", visible(line)));
    }
}

impl Drop for Turn {
    /// Gives the keyboard back. A program that was killed while it asked for a secret leaves the echo off, too.
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(before) = &self.before {
            use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
            let stdin = rustix::stdio::stdin();
            let is_changed =
                tcgetattr(stdin).is_ok_and(|now| now.local_modes != before.local_modes);
            if is_changed {
                // A terminal that went away has no state to restore.
                let _ = tcsetattr(stdin, OptionalActions::Drain, before);
            }
        }
    }
}

/// Writes a progress line over the last one. An empty line removes it. Does nothing while a question is open.
pub fn show(line: &str) {
    if let Ok(_terminal) = TERMINAL.try_lock() {
        // A line wider than the terminal would leave a row behind at each update.
        let line = visible(line);
        let size = Term::stderr().size_checked();
        let columns = size.map_or(80, |(_, columns)| columns);
        let line = console::truncate_str(&line, usize::from(columns).saturating_sub(1), "...");
        write(&format!("\r\u{1b}[K{line}"));
        IS_LINE_SHOWN.store(!line.is_empty(), Ordering::SeqCst);
    }
}

/// Returns whether programs that we start can ask a person: we are in the foreground, and nothing forbids it.
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
