//! Limits the children per account: one until its connection is there, then as many as a host accepts.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::git::address::Account;
use crate::git::lock;

/// Below OpenSSH's own limits: ten logins at once, and ten sessions on one connection.
const AT_ONCE: usize = 8;
/// How long the others wait for the first connection. With a silent host, all of them then time out at the same time.
const OPENS: Duration = Duration::from_secs(3);
/// The pause between two checks for the connection.
const TICK: Duration = Duration::from_millis(10);

#[derive(Default)]
pub struct Slots {
    all: Mutex<Vec<AccountLoad>>,
    news: Condvar,
}

struct AccountLoad {
    account: Account,
    count: usize,
    any_ended: bool,
}

impl Slots {
    /// Waits for room. `is_open` returns whether the others have nothing to wait for.
    pub fn enter<'a>(&'a self, account: &'a Account, is_open: impl Fn() -> bool) -> Slot<'a> {
        let begun = Instant::now();
        let mut all = lock(&self.all);
        loop {
            let own = running(&mut all, account);
            let is_free = own.any_ended || begun.elapsed() > OPENS || is_open();
            if own.count == 0 || (own.count < AT_ONCE && is_free) {
                own.count += 1;
                let slots = self;
                return Slot { slots, account };
            }
            let waited = self.news.wait_timeout(all, TICK);
            all = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

fn running<'a>(all: &'a mut Vec<AccountLoad>, account: &Account) -> &'a mut AccountLoad {
    let known = all.iter().position(|own| own.account == *account);
    let at = known.unwrap_or(all.len());
    if known.is_none() {
        all.push(AccountLoad {
            account: account.clone(),
            count: 0,
            any_ended: false,
        });
    }
    &mut all[at]
}

/// A child's place, freed when it is dropped.
pub struct Slot<'a> {
    slots: &'a Slots,
    account: &'a Account,
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut all = lock(&self.slots.all);
        let own = running(&mut all, self.account);
        own.count -= 1;
        own.any_ended = true;
        self.slots.news.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn no_more_than_eight_go_to_one_account_at_once() {
        let account = Account {
            destination: "host".to_owned(),
            port: None,
        };
        let (slots, now, most) = (Slots::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    let _slot = slots.enter(&account, || true);
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(30));
                    now.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        assert!((2..=AT_ONCE).contains(&most.into_inner()));
    }
}
