//! The clone's own notes: a JSON file each, in `.git/smp`, there whole or not at all.

use std::fs::FileType;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::announced;
use crate::error::{Report, Stop};
use crate::git::Repo;
use crate::text::shell_word;

/// One of them.
pub struct Note {
    path: PathBuf,
    /// What it is of, in sentences.
    of: &'static str,
    /// What is so without it.
    without: &'static str,
}

impl Note {
    /// The note of this name. `of` and `without` are for sentences: "posts", "no post is owed".
    pub fn named(repo: &Repo, name: &str, of: &'static str, without: &'static str) -> Self {
        Self {
            path: repo.layout().common_dir.join("smp").join(name),
            of,
            without,
        }
    }

    /// What it holds; nothing where it was never written.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read<T: DeserializeOwned + Default>(&self) -> Result<T, Stop> {
        let text = match std::fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(T::default()),
            Err(error) => return Err(self.trouble("read", &error.to_string())),
        };
        serde_json::from_slice(&text)
            .map_err(|error| self.trouble("read", &format!("line {}", error.line())))
    }

    /// Writes it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, content: &impl Serialize) -> Result<(), Stop> {
        let json = serde_json::to_vec_pretty(content)
            .map_err(|error| self.trouble("written", &error.to_string()))?;
        announced::keep(&self.path, &json)
            .map_err(|error| self.trouble("written", &error.to_string()))
    }

    fn trouble(&self, what: &str, why: &str) -> Stop {
        let path = self.path.display().to_string();
        let report = Report::new(format!(
            "the clone's own note of {} cannot be {what}",
            self.of
        ));
        let report = report.because(format!("{path}: {why}"));
        Stop::Failed(report.hint(format!(
            "look at it; without it {}: rm {}",
            self.without,
            shell_word(&path)
        )))
    }
}

/// Refuses notes that are anything but files of their own. Whatever wrote or unpacked this clone could otherwise make every
/// command read from, write to or empty a file elsewhere. Called once, before anything is read there.
///
/// # Errors
/// The first link, pipe or device among them, with the command that takes it away.
pub fn refuse_links(common_dir: &Path) -> Result<(), Stop> {
    let folder = common_dir.join("smp");
    let Ok(data) = folder.symlink_metadata() else {
        return Ok(());
    };
    if !data.is_dir() {
        return Err(not_ours(&folder, data.file_type()));
    }
    // Where the folder cannot be read, whatever is read in it says so.
    for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
        if let Some(kind) = entry
            .file_type()
            .ok()
            .filter(|kind| !kind.is_file() && !kind.is_dir())
        {
            return Err(not_ours(&entry.path(), kind));
        }
    }
    Ok(())
}

fn not_ours(path: &Path, kind: FileType) -> Stop {
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
