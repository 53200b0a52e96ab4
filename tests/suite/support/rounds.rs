//! Counts the requests that a program makes one after the other. All requests are held until no new one has come for a
//! while; then all continue at once. A request that waits for another's answer is never held with it, so the number of
//! rounds is the length of the longest chain. A busy machine can increase it, never decrease it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The gate that the servers of a world share; it is open until [`Rounds::count`].
#[derive(Default)]
pub struct Rounds {
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Default)]
struct State {
    holds: bool,
    rounds: usize,
    connections: usize,
    working: usize,
    /// The time without new requests before the held ones continue.
    quiet: Duration,
    last: Option<Instant>,
}

impl Rounds {
    /// Holds requests while `run` runs; returns the number of rounds, and of connections with a request.
    pub fn count(&self, quiet: Duration, run: impl FnOnce()) -> (usize, usize) {
        let mut state = self.lock();
        state.quiet = quiet;
        (state.holds, state.rounds, state.connections) = (true, 0, 0);
        drop(state);
        run();
        let mut state = self.lock();
        state.holds = false;
        self.news.notify_all();
        (state.rounds, state.connections)
    }

    /// Passes a request, the first of its connection or a later one. It is being handled until the result is dropped.
    pub fn pass(&self, is_first: bool) -> Working<'_> {
        let mut state = self.lock();
        state.connections += usize::from(is_first);
        let own = state.rounds;
        state.last = Some(Instant::now());
        while state.holds && state.rounds == own {
            let quiet = state.last.map_or(state.quiet, |last| last.elapsed());
            if state.working == 0 && quiet >= state.quiet {
                state.rounds += 1;
                self.news.notify_all();
                break;
            }
            let rest = state.quiet.saturating_sub(quiet);
            let rest = rest.max(Duration::from_millis(5));
            let waited = self.news.wait_timeout(state, rest);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.working += 1;
        Working(self)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is being handled.
pub struct Working<'a>(&'a Rounds);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.working -= 1;
        state.last = Some(Instant::now());
        self.0.news.notify_all();
    }
}
