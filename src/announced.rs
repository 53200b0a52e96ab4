//! What this clone remembers of its own deploys: the announcements it made last, and that one of its programs deploys now.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{Refusal, RefusalCode, Report, Stop};
use crate::record::EventId;

/// How many announcements are remembered.
const KEPT: usize = 16;

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
        let why = "two at once would take each other's announcements for their own";
        Self::take_named(common_dir, "turn", "deploys", why)
    }

    /// Takes the clone's one turn to post, which a chat may take its time with.
    ///
    /// # Errors
    /// `deploying` while another program has it.
    pub fn take_for_posts(common_dir: &Path) -> Result<Self, Stop> {
        Self::take_named(
            common_dir,
            "posting",
            "posts",
            "two at once could post the same",
        )
    }

    fn take_named(common_dir: &Path, name: &str, what: &str, why: &str) -> Result<Self, Stop> {
        let path = common_dir.join("smp").join(name);
        let opened = fs::create_dir_all(common_dir.join("smp")).and_then(|()| File::create(&path));
        let file = opened.map_err(|error| cannot_write(&path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Refusal::new(
                RefusalCode::Deploying,
                format!("another git smp {what} from this clone right now"),
            )
            .because(why)
            .hint("wait for it: git smp status")
            .into()),
            Err(TryLockError::Error(error)) => Err(cannot_write(&path, &error)),
        }
    }
}

/// Remembers an announcement before it is made, so that a run that is cut off is known as ours. The last few are kept: one
/// that is open stays ours when the next run is cut off before its own is made.
///
/// # Errors
/// When it cannot be written; then nothing must be announced.
pub fn remember(common_dir: &Path, id: &EventId) -> Result<(), Stop> {
    let path = place(common_dir);
    let mut ids = all(common_dir);
    ids.insert(0, id.clone());
    ids.truncate(KEPT);
    let lines: String = ids.iter().map(|id| format!("{}\n", id.as_str())).collect();
    keep(&path, lines.as_bytes()).map_err(|error| cannot_write(&path, &error))
}

/// Whether this clone made an announcement, whatever came of it.
pub fn is_ours(common_dir: &Path, id: &EventId) -> bool {
    all(common_dir).contains(id)
}

fn all(common_dir: &Path) -> Vec<EventId> {
    let text = fs::read_to_string(place(common_dir)).unwrap_or_default();
    text.lines().filter_map(EventId::parse).collect()
}

/// Writes a note so that it is there whole or not at all, also after the power went.
///
/// # Errors
/// When it cannot be written.
pub fn keep(path: &Path, text: &[u8]) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    let fresh = path.with_extension("new");
    let mut file = File::create(&fresh)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

fn place(common_dir: &Path) -> PathBuf {
    common_dir.join("smp").join("announced")
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Stop {
    let report = Report::new("nothing was deployed: the clone's own notes cannot be written");
    let report = report.because(format!("{}: {error}", path.display()));
    Stop::Failed(report.hint("make room for them, then run the same command again"))
}
