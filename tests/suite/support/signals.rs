//! Signals that whoever started the tests has ignored, as `nohup` and a script's `&` do.

use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// Sees to it that programs are started with the signals' own effects. A signal that is ignored stays so in every
/// child; one that is handled does not. So those that are ignored are given a handler, which does nothing.
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

/// Whether a child of this process survives the signal.
fn is_ignored(signal: i32) -> bool {
    let mut child = Command::new("/bin/sh");
    child.args(["-c", &format!("kill -{signal} $$")]);
    child.stderr(Stdio::null()).status().unwrap().success()
}
