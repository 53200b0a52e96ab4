//! Attempt a post until it is known what came of it: tried again only while it is certain that nobody took it.

use std::thread;
use std::time::{Duration, Instant};

use crate::core::refusal::Report;
use crate::core::words::Control;
use crate::http::Sent;

/// The longest time that is waited because the other side asks for it.
const LONGEST: Duration = Duration::from_secs(60);
/// The time between two looks at what the one who watches wants.
const GLANCE: Duration = Duration::from_millis(100);
/// How long to wait before each further try.
const PAUSES: Pauses = Pauses {
    busy: [2000, 4000, 8000],
    unreached: [500, 1000, 2000],
};

/// What came of a post.
#[derive(Debug)]
pub enum Delivered {
    /// It was taken. For Teams: by the workflow, which may still fail to post it.
    Yes,
    /// Nobody took it, for certain.
    No(Report),
    /// It may be in the channel.
    Unclear(Report),
}

/// Waits before each further try, in milliseconds.
struct Pauses {
    /// When the other side takes nothing for now and does not say for how long.
    busy: [u64; 3],
    /// When there is no connection.
    unreached: [u64; 3],
}

/// Told why nothing was taken yet and how long it is until the next try, some ten times a second; may leave.
pub type Watch<'w> = dyn FnMut(&Report, Duration) -> Control + 'w;

/// Sends a post. What may have arrived is never sent again.
pub fn send(post: &mut dyn FnMut() -> Sent, watch: &mut Watch<'_>) -> Delivered {
    attempts(&PAUSES, post, watch)
}

fn attempts(pauses: &Pauses, post: &mut dyn FnMut() -> Sent, watch: &mut Watch<'_>) -> Delivered {
    let (mut busy, mut unreached) = (pauses.busy.iter(), pauses.unreached.iter());
    loop {
        let (report, told, next) = match post() {
            Sent::Accepted => return Delivered::Yes,
            Sent::Declined(report) => return Delivered::No(report),
            Sent::Unclear(report) => return Delivered::Unclear(report),
            Sent::Later(told, report) => (report, told, busy.next()),
            Sent::NotSent(report) => (report, None, unreached.next()),
        };
        let Some(next) = next else {
            return Delivered::No(report);
        };
        let pause = told.unwrap_or(Duration::from_millis(*next));
        if pause > LONGEST {
            let asked = format!("it asked for a pause of {}", long(pause));
            return Delivered::No(report.because(asked));
        }
        if !waited(&report, pause, watch) {
            return Delivered::No(report.because("interrupted before the next try"));
        }
    }
}

fn long(time: Duration) -> String {
    if time.as_secs() > 86_400 {
        "more than a day".to_owned()
    } else {
        format!("{} s", time.as_secs())
    }
}

/// Waits, unless the one who watches would rather leave.
fn waited(report: &Report, pause: Duration, watch: &mut Watch<'_>) -> bool {
    let begun = Instant::now();
    loop {
        let left = pause.saturating_sub(begun.elapsed());
        if watch(report, left) == Control::Leave {
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
