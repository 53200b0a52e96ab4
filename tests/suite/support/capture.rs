//! The output of a program so far, with deadlines for more.

use std::io::Read;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// The time that a test waits for an expected event before it fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A stream that a thread reads to its end while tests look at it.
#[derive(Clone, Default)]
pub struct Capture(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    ended: bool,
}

impl Capture {
    /// Reads `stream` in a thread until its end; an error is an end too, as with a closed terminal.
    pub fn of(mut stream: impl Read + Send + 'static) -> Capture {
        let capture = Capture::default();
        let writer = capture.clone();
        std::thread::spawn(move || {
            let mut piece = [0; 8192];
            loop {
                match stream.read(&mut piece) {
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Ok(0) | Err(_) => break,
                    Ok(read) => {
                        writer.change(|state| state.bytes.extend_from_slice(&piece[..read]))
                    }
                }
            }
            drop(stream);
            writer.change(|state| state.ended = true);
        });
        capture
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.0.lock().unwrap());
        self.0.1.notify_all();
    }

    /// Returns all bytes so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.0.lock().unwrap().bytes.clone()
    }

    /// Returns all text so far.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    /// Waits for `needle` at or after `from`; returns the position after it, or `None` if the stream ends or the time
    /// is over first.
    pub fn wait_for(&self, from: usize, needle: &[u8], patience: Duration) -> Option<usize> {
        self.wait_until(patience, |bytes, ended| {
            match find(&bytes[from.min(bytes.len())..], needle) {
                Some(at) => Some(Some(from + at + needle.len())),
                None if ended => Some(None),
                None => None,
            }
        })
        .flatten()
    }

    /// Waits for the end of the stream; returns false if the time is over first.
    pub fn wait_end(&self, patience: Duration) -> bool {
        self.wait_until(patience, |_, ended| ended.then_some(()))
            .is_some()
    }

    fn wait_until<T>(
        &self,
        patience: Duration,
        look: impl Fn(&[u8], bool) -> Option<T>,
    ) -> Option<T> {
        let deadline = Instant::now() + patience;
        let mut state = self.0.0.lock().unwrap();
        loop {
            if let Some(found) = look(&state.bytes, state.ended) {
                return Some(found);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            state = self.0.1.wait_timeout(state, left).unwrap().0;
        }
    }
}

/// Returns the position of `needle` in `hay`.
pub fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    if needle.is_empty() {
        return Some(0);
    }
    hay.windows(needle.len())
        .position(|window| window == needle)
}
