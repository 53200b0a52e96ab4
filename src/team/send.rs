//! Sends a post until the result is known: it tries again only while the post certainly was not accepted.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::core::record::Placed;
use crate::core::refusal::Report;
use crate::core::words::Control;
use crate::http::Sent;

/// The maximum time to wait at the server's request.
const LONGEST: Duration = Duration::from_secs(60);
/// The interval at which the watcher is asked whether to leave.
const GLANCE: Duration = Duration::from_millis(100);
/// The pauses before each further attempt.
const PAUSES: Pauses = Pauses {
    busy: [2000, 4000, 8000],
    unreached: [500, 1000, 2000],
};

#[derive(Debug)]
pub enum Delivered {
    /// Accepted. For Teams: by the workflow, which may still fail to post it.
    Yes,
    /// Certainly not accepted.
    No(Report),
    /// Possibly in the channel.
    Unclear(Report),
}

/// The pauses before each further attempt, in milliseconds.
struct Pauses {
    /// If the server is busy and gives no time.
    busy: [u64; 3],
    /// If there is no connection.
    unreached: [u64; 3],
}

/// One attempt: its result, and the place of the text. It may outlive the run that waits for it.
pub type SendOnce = dyn Fn() -> (Sent, Placed) + Send + Sync;

/// Called with the reason and the time until the next attempt, or with `None` during an attempt; may leave.
pub type Watch<'w> = dyn FnMut(Option<(&Report, Duration)>) -> Control + 'w;

/// Sends a post. A post that may have arrived is never sent again.
pub fn send(post: Arc<SendOnce>, watch: &mut Watch<'_>) -> (Delivered, Placed) {
    attempts(&PAUSES, &post, watch)
}

fn attempts(pauses: &Pauses, post: &Arc<SendOnce>, watch: &mut Watch<'_>) -> (Delivered, Placed) {
    let (mut busy, mut unreached) = (pauses.busy.iter(), pauses.unreached.iter());
    loop {
        let (sent, placed) = answered(post, watch);
        let (report, told, next) = match sent {
            Sent::Accepted => return (Delivered::Yes, placed),
            Sent::Declined(report) => return (Delivered::No(report), placed),
            Sent::Unclear(report) => return (Delivered::Unclear(report), placed),
            Sent::Later(told, report) => (report, told, busy.next()),
            Sent::NotSent(report) => (report, None, unreached.next()),
        };
        let Some(next) = next else {
            return (Delivered::No(report), placed);
        };
        let pause = told.unwrap_or(Duration::from_millis(*next));
        if pause > LONGEST {
            let asked = format!("it asked for a pause of {}", long(pause));
            return (Delivered::No(report.because(asked)), placed);
        }
        if !waited(&report, pause, watch) {
            let report = report.because("interrupted before the next try");
            return (Delivered::No(report), placed);
        }
    }
}

/// Makes an attempt and waits for its end, unless the watcher leaves: then the result is unknown.
fn answered(post: &Arc<SendOnce>, watch: &mut Watch<'_>) -> (Sent, Placed) {
    let (ends, end) = mpsc::channel();
    let post = Arc::clone(post);
    // After leaving, nobody receives the result.
    thread::spawn(move || drop(ends.send(post())));
    let why = loop {
        match end.recv_timeout(GLANCE) {
            Ok(end) => return end,
            Err(mpsc::RecvTimeoutError::Disconnected) => break "the attempt ended without a result",
            Err(mpsc::RecvTimeoutError::Timeout) if watch(None) == Control::Leave => {
                break "interrupted before the answer came";
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
    };
    (Sent::Unclear(Report::new(why)), Placed::default())
}

fn long(time: Duration) -> String {
    if time.as_secs() > 86_400 {
        "more than a day".to_owned()
    } else {
        format!("{} s", time.as_secs())
    }
}

/// Waits, unless the watcher leaves.
fn waited(report: &Report, pause: Duration, watch: &mut Watch<'_>) -> bool {
    let begun = Instant::now();
    loop {
        let left = pause.saturating_sub(begun.elapsed());
        if watch(Some((report, left))) == Control::Leave {
            return false;
        }
        if left.is_zero() {
            return true;
        }
        thread::sleep(left.min(GLANCE));
    }
}

#[cfg(test)]
mod tests;
