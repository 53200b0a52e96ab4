//! Progress lines: overwritten on a terminal, repeated every ten seconds elsewhere.

use std::cell::Cell;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::core::text::visible;
use crate::terminal::{Ui, is_live, prompt, write};

pub struct ProgressLine {
    is_live: bool,
    is_quiet: bool,
    last: Cell<Option<Instant>>,
}

impl Ui {
    /// Does the work, while a line on the terminal names it from the first second on.
    pub fn during<T>(&self, what: &str, work: impl FnOnce() -> T) -> T {
        if self.is_quiet() || !is_live() {
            return work();
        }
        let (done, finished) = mpsc::channel::<()>();
        thread::scope(|scope| {
            scope.spawn(move || {
                let second = finished.recv_timeout(Duration::from_secs(1));
                if second == Err(RecvTimeoutError::Timeout) {
                    prompt::show(&format!("{what} ..."));
                    let _ = finished.recv();
                    prompt::show("");
                }
            });
            let result = work();
            drop(done);
            result
        })
    }

    /// Creates a progress line on stderr.
    pub fn progress(&self) -> ProgressLine {
        let is_live = is_live();
        ProgressLine {
            is_live,
            is_quiet: self.is_quiet(),
            // Without overwriting, the first ten seconds are not worth a line.
            last: Cell::new((!is_live).then(Instant::now)),
        }
    }
}

impl ProgressLine {
    pub fn show(&self, text: &str) {
        let pause = Duration::from_millis(if self.is_live { 500 } else { 10_000 });
        if self.is_quiet || self.last.get().is_some_and(|last| last.elapsed() < pause) {
            return;
        }
        self.last.set(Some(Instant::now()));
        if self.is_live {
            prompt::show(text);
        } else {
            write(&format!("{}\n", visible(text)));
        }
    }

    /// Removes the line, so that something else can be written.
    pub fn clear(&self) {
        if self.is_live && self.last.take().is_some() {
            prompt::show("");
        }
    }
}
