//! What this clone remembers of its own deploys: the announcement it made last, and that one of its programs deploys now.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::{Refusal, RefusalCode, Report, Stop};
use crate::record::EventId;

/// Held while a program of this clone deploys: two of them would take each other's announcement for their own.
pub struct Turn {
    /// The lock is the kernel's, so it goes when the program does, however that ends.
    _file: File,
}

impl Turn {
    /// Takes the clone's one turn.
    ///
    /// # Errors
    /// `deploying` while another program has it.
    pub fn take(common_dir: &Path) -> Result<Self, Stop> {
        let path = common_dir.join("smp").join("turn");
        let opened = fs::create_dir_all(common_dir.join("smp")).and_then(|()| File::create(&path));
        let file = opened.map_err(|error| cannot_write(&path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                let report = Report::new("another git smp deploys from this clone right now")
                    .because("two at once would take each other's announcements for their own")
                    .hint("wait for it: git smp status");
                Err(Refusal { code: RefusalCode::Deploying, report }.into())
            }
            Err(TryLockError::Error(error)) => Err(cannot_write(&path, &error)),
        }
    }
}

/// Remembers an announcement before it is made, so that a run that is cut off is known as ours.
///
/// # Errors
/// When it cannot be written; then nothing must be announced.
pub fn remember(common_dir: &Path, id: &EventId) -> Result<(), Stop> {
    let path = place(common_dir);
    let fresh = path.with_extension("new");
    let written = fs::create_dir_all(common_dir.join("smp"))
        .and_then(|()| fs::write(&fresh, id.as_str()))
        .and_then(|()| fs::rename(&fresh, &path));
    written.map_err(|error| cannot_write(&path, &error))
}

/// The announcement that this clone made last, whatever came of it.
pub fn last(common_dir: &Path) -> Option<EventId> {
    EventId::parse(fs::read_to_string(place(common_dir)).ok()?.trim())
}

fn place(common_dir: &Path) -> PathBuf {
    common_dir.join("smp").join("announced")
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Stop {
    let report = Report::new("nothing was deployed: the clone's own notes cannot be written");
    let report = report.because(format!("{}: {error}", path.display()));
    Stop::Failed(report.hint("make room for them, then run the same command again"))
}
