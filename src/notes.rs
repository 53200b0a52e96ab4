//! This clone's own notes in `.git/smp`: what one run keeps for the next. A note is a JSON file with a version, there
//! whole or not at all.

mod agreed;
mod announced;
mod doubt;
mod heard;
mod in_flight;
mod lock;
mod text;

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::core::refusal::{Report, Stop};
use crate::core::text::shell_word;
pub use in_flight::{InFlight, Sent};
pub use text::Text;

/// The version of what is written. Notes without one are of the versions before it, and of the same form.
const VERSION: u32 = 2;

const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The notes of one clone.
#[derive(Clone)]
pub struct Notes {
    folder: PathBuf,
}

#[derive(Deserialize)]
struct Read<T> {
    #[serde(default)]
    version: u32,
    #[serde(flatten)]
    note: T,
}

#[derive(Serialize)]
struct Written<'a, T> {
    version: u32,
    #[serde(flatten)]
    note: &'a T,
}

impl Notes {
    /// Those of the clone with this common directory.
    pub fn of(common_dir: &Path) -> Self {
        Self {
            folder: common_dir.join("smp"),
        }
    }

    /// Where a file of this name lies among them.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// What a note holds. Nothing where it was never written, or is of no use: no run fails because of it.
    fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let text = fs::read(self.path(name)).ok()?;
        let read: Read<T> = serde_json::from_slice(&text).ok()?;
        (read.version <= VERSION).then_some(read.note)
    }

    /// Writes a note so that it is there whole or not at all, also after the power went.
    fn write<T: Serialize>(&self, name: &str, note: &T) -> Result<(), Stop> {
        let version = VERSION;
        let json = serde_json::to_vec(&Written { version, note }).map_err(io::Error::other);
        json.and_then(|json| self.replace(name, &json))
            .map_err(|error| self.cannot_write(name, &error))
    }

    /// The one atomic write. Two programs of the clone may write at once, so each makes a file of its own before it takes
    /// the name.
    fn replace(&self, name: &str, text: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let fresh = self
            .folder
            .join(format!("{name}.{}.new", std::process::id()));
        let written = File::create(&fresh)
            .and_then(|mut file| {
                file.write_all(text)?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&fresh, self.path(name)));
        written.inspect_err(|_| {
            // A disk that is full has no need of half a file.
            let _ = fs::remove_file(&fresh);
        })
    }

    /// Takes a note away.
    fn remove(&self, name: &str) -> Result<(), Stop> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(self.cannot_write(name, &error))
            }
            _ => Ok(()),
        }
    }

    fn cannot_write(&self, name: &str, error: &io::Error) -> Stop {
        let path = self.path(name);
        let report = Report::new("the clone's own notes cannot be written")
            .because(format!("{}: {error}", path.display()));
        Stop::Failed(report.hint("make room for them, then run the same command again"))
    }

    /// Makes the notes fit to be used; called once, before anything is read there. What earlier versions kept and nobody
    /// needs any more is put aside.
    ///
    /// # Errors
    /// The first link, pipe or device among them, with the command that takes it away. Whatever wrote or unpacked this
    /// clone could otherwise make every command read from, write to or empty a file elsewhere.
    pub fn open(&self) -> Result<(), Stop> {
        let Ok(data) = self.folder.symlink_metadata() else {
            return Ok(());
        };
        if !data.is_dir() {
            return Err(not_ours(&self.folder, data.file_type()));
        }
        // Where the folder cannot be read, whatever is read in it says so.
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if let Some(kind) = entry
                .file_type()
                .ok()
                .filter(|kind| !kind.is_file() && !kind.is_dir())
            {
                return Err(not_ours(&entry.path(), kind));
            }
            // A run that was killed while it wrote left this.
            if entry.path().extension().is_some_and(|end| end == "new") && is_old(&entry) {
                let _ = fs::remove_file(entry.path());
            }
        }
        self.put_old_ones_aside();
        Ok(())
    }

    /// Posts that were owed and commits that were held are on the record or nowhere, and nothing is remembered of reviews.
    /// The text of a deploy that was cut off goes on. Where the clone may only be read all stays as it is.
    fn put_old_ones_aside(&self) {
        self.adopt_text();
        let _ = self.remove("reviews.json");
        for name in ["posts", "rollbacks"] {
            let old = self.path(name);
            if old.exists() {
                let _ = fs::rename(&old, self.folder.join(format!("{name}.old")));
            }
        }
    }
}

fn is_old(entry: &fs::DirEntry) -> bool {
    let modified = entry.metadata().and_then(|data| data.modified());
    modified.is_ok_and(|then| then.elapsed().is_ok_and(|age| age > A_DAY))
}

fn not_ours(path: &Path, kind: fs::FileType) -> Stop {
    let what = if kind.is_symlink() {
        "a link, and no note is read or written through one"
    } else {
        "no note of ours"
    };
    let path = path.display().to_string();
    let report =
        Report::new("the clone's own notes cannot be used").because(format!("{path} is {what}"));
    Stop::Failed(report.hint(format!(
        "look where it came from, then take it away: rm {}",
        shell_word(&path)
    )))
}

#[cfg(test)]
mod tests;
