//! This clone's own notes in `.git/smp`: versioned JSON files, written whole or not at all. A new note is a struct.

mod in_flight;
mod kinds;
mod lock;

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::core::refusal::{Report, Stop};
use crate::core::typed::Typed;
pub use in_flight::{InFlight, SentCommit};
pub use kinds::{Arrived, Checked, LastSeen, Text};
pub use lock::CloneLock;

/// The version of new notes. Notes without a version come from earlier programs and have the same form.
const VERSION: u32 = 2;

const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Clone)]
pub struct Notes {
    folder: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Versioned<T> {
    #[serde(default)]
    version: u32,
    #[serde(flatten)]
    note: T,
}

impl Notes {
    /// Returns the notes of the clone with this common directory.
    pub fn of(common_dir: &Path) -> Self {
        Self {
            folder: common_dir.join("smp"),
        }
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// Reads a note. Returns `None` if it is missing or cannot be used, because no run may fail for that.
    fn read<T: DeserializeOwned>(&self, file: &str) -> Option<T> {
        let text = fs::read(self.path(file)).ok()?;
        let read: Versioned<T> = serde_json::from_slice(&text).ok()?;
        (read.version <= VERSION).then_some(read.note)
    }

    /// Writes a note whole or not at all, even if the power fails.
    fn write<T: Serialize>(&self, file: &str, note: &T) -> Result<(), Stop> {
        let version = VERSION;
        // Two programs of the clone may write at once, so each writes a file of its own and then renames it.
        // No note's name begins with a dot, whatever the environment is called.
        let fresh = self.path(&format!(".{file}.{}.new", std::process::id()));
        let note = serde_json::to_vec(&Versioned { version, note }).map_err(io::Error::from);
        let written = note.and_then(|note| self.replace(file, &fresh, &note));
        written.map_err(|error| {
            // Half a file is of no use on a full disk.
            let _ = fs::remove_file(&fresh);
            self.cannot_write(file, &error)
        })
    }

    fn replace(&self, file: &str, fresh: &Path, note: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let mut open = File::create(fresh)?;
        open.write_all(note)?;
        open.sync_all()?;
        fs::rename(fresh, self.path(file))
    }

    fn remove(&self, file: &str) -> Result<(), Stop> {
        let removed = fs::remove_file(self.path(file));
        let failed = removed
            .err()
            .filter(|error| error.kind() != io::ErrorKind::NotFound);
        failed.map_or(Ok(()), |error| Err(self.cannot_write(file, &error)))
    }

    fn written_at(&self, file: &str) -> Option<SystemTime> {
        fs::metadata(self.path(file)).ok()?.modified().ok()
    }

    fn cannot_write(&self, file: &str, error: &io::Error) -> Stop {
        let report = Report::new("git smp cannot write its own files in this clone");
        Stop::Failed(report.unwritten(&self.path(file), error))
    }

    /// Makes the notes fit for use. Called once, before any note is read.
    ///
    /// # Errors
    /// If a note is a link, a pipe or a device, with the command that removes it. Such a note in a clone from elsewhere
    /// would make commands read from, write to or empty a file outside of this folder.
    pub fn open(&self) -> Result<(), Stop> {
        let Ok(data) = self.folder.symlink_metadata() else {
            return Ok(());
        };
        if !data.is_dir() {
            return Err(not_ours(&self.folder, data.file_type()));
        }
        // A folder that cannot be listed is skipped: notes that cannot be read count as missing.
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let odd = entry.file_type().ok();
            if let Some(kind) = odd.filter(|kind| !kind.is_file() && !kind.is_dir()) {
                return Err(not_ours(&path, kind));
            }
            // A run that was killed while it wrote left this.
            let name = entry.file_name();
            let name = name.as_encoded_bytes();
            let starts = [&b"."[..], b"signers-", b"check-"];
            let is_litter = starts.iter().any(|start| name.starts_with(start));
            if is_litter && path.extension().is_some_and(|end| end == "new") && is_old(&entry) {
                let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(path));
            }
        }
        self.put_old_ones_aside();
        Ok(())
    }

    /// Keeps the text of an interrupted deploy from an earlier version, and puts all other old files aside.
    fn put_old_ones_aside(&self) {
        self.adopt_text();
        let _ = self.remove("reviews.json");
        for file in ["posts", "rollbacks"] {
            let _ = fs::rename(self.path(file), self.path(&format!("{file}.old")));
        }
    }
}

fn is_old(entry: &fs::DirEntry) -> bool {
    let modified = entry.metadata().and_then(|data| data.modified());
    modified.is_ok_and(|then| then.elapsed().is_ok_and(|age| age > A_DAY))
}

fn not_ours(path: &Path, kind: fs::FileType) -> Stop {
    let what = match kind.is_symlink() {
        true => "a link, and git smp does not follow links there",
        false => "not a file of git smp",
    };
    let path = path.display().to_string();
    let command = Typed::other("rm").arg(&path);
    let report = Report::new("git smp cannot use its own files in this clone");
    let report = report.because(format!("{path} is {what}"));
    Stop::Failed(report.run("find out where it came from, then remove it", command))
}

#[cfg(test)]
mod tests;
