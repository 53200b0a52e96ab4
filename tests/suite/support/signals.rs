//! Signals that the parent of the tests ignores, as `nohup` and a script's `&` do.

use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// Restores the default effects of signals in started programs. A child inherits an ignored signal but not a handled
/// one, so ignored signals get a handler that does nothing.
pub fn are_heard() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            if is_ignored(signal) {
                signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false))).unwrap();
            }
        }
    });
}

/// Returns whether a child of this process survives the signal.
fn is_ignored(signal: i32) -> bool {
    let mut child = Command::new("/bin/sh");
    child.args(["-c", &format!("kill -{signal} $$")]);
    child.stderr(Stdio::null()).status().unwrap().success()
}
