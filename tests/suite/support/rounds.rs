//! How many requests a program makes one after the other. All that come are held until no other has come for a while; then
//! all go at once. A request that waits for the answer to another is never held beside it, so there are as many rounds as
//! the longest chain has requests. A machine that is busy can make them more, and never fewer.

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
    /// So long nothing comes before what is held may go.
    quiet: Duration,
    last: Option<Instant>,
}

impl Rounds {
    /// Holds requests while this runs; answers with the number of rounds and of connections that carried a request.
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

    /// A request came, the first of its connection or a later one. It is worked on until what this gives is dropped.
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

/// A request that is worked on.
pub struct Working<'a>(&'a Rounds);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.working -= 1;
        state.last = Some(Instant::now());
        self.0.news.notify_all();
    }
}
