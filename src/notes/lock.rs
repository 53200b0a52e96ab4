//! The clone's locks: one program deploys at a time. Posts have a lock of their own, because a chat may be slow.

use std::fs::{self, File, TryLockError};

use crate::core::refusal::{Refusal, RefusalCode, Stop};
use crate::core::typed::Typed;
use crate::notes::Notes;

/// A lock, held while a program of this clone deploys or posts. The kernel releases it, however the program ends.
pub struct CloneLock {
    _file: File,
}

impl Notes {
    /// Locks the clone for a deploy. Refuses with `deploying` while another program holds the lock.
    pub fn lock_deploys(&self) -> Result<CloneLock, Stop> {
        let why = "two at once would take over each other's deploys";
        self.lock("turn", "deploying", why)
    }

    pub fn lock_posts(&self) -> Result<CloneLock, Stop> {
        self.lock(
            "posting",
            "sending posts",
            "two at once could send the same post",
        )
    }

    fn lock(&self, file: &str, what: &str, why: &str) -> Result<CloneLock, Stop> {
        let opened = fs::create_dir_all(&self.folder).and_then(|()| File::create(self.path(file)));
        let lock = opened.map_err(|error| self.cannot_write(file, &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(CloneLock { _file: lock }),
            Err(TryLockError::WouldBlock) => {
                let sentence = format!("another git smp is {what} from this clone");
                let refusal = Refusal::new(RefusalCode::Deploying, sentence).because(why);
                Err(refusal
                    .run("wait until it has ended, then look", Typed::smp("status"))
                    .into())
            }
            Err(TryLockError::Error(error)) => Err(self.cannot_write(file, &error)),
        }
    }
}
