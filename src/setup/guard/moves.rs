//! Moving hooks about so that none is ever lost: a name that is taken is never written over, whoever took it and when.

use std::fs::{self, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;

use crate::core::refusal::Report;

/// A fresh folder beside the hooks, where files lie that are on their way. It goes when it is empty, and not before.
pub struct Room(PathBuf);

impl Room {
    /// Makes one in this folder of hooks, which is made as well if it is missing.
    ///
    /// # Errors
    /// When it cannot be written there.
    pub fn new(hooks: &Path) -> Result<Self, Report> {
        let folder = hooks.join(format!(
            ".smp-{:016x}",
            RandomState::new().hash_one(process::id())
        ));
        let made = fs::create_dir_all(hooks).and_then(|()| fs::create_dir(&folder));
        made.map(|()| Self(folder))
            .map_err(|error| failed(hooks, &error))
    }

    /// Writes the script, so that git may run it. It is moved once, to see that files can be moved here at all.
    ///
    /// # Errors
    /// When it cannot be written or moved; nothing else was touched then.
    pub fn write(&self, script: &str) -> Result<PathBuf, Report> {
        let (path, new) = (self.0.join("fresh"), self.0.join("new"));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o777);
        let written = options
            .open(&new)
            .and_then(|mut file| file.write_all(script.as_bytes()));
        written
            .and_then(|()| place(&new, &path))
            .map_err(|error| failed(&path, &error))?;
        Ok(path)
    }

    /// Takes a hook out of the folder, whatever it is by now.
    ///
    /// # Errors
    /// When it cannot be moved.
    pub fn take(&self, hook: &Path) -> Result<PathBuf, Report> {
        let taken = self.0.join("taken");
        fs::rename(hook, &taken)
            .map(|()| taken)
            .map_err(|error| failed(hook, &error))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // What is not empty holds somebody's hook, and stays.
        for ours in ["new", "fresh"] {
            let _ = fs::remove_file(self.0.join(ours));
        }
        let _ = fs::remove_dir(&self.0);
    }
}

/// Moves a file to a name that nothing has: by a second name for it, as only that fails where something is.
///
/// # Errors
/// When something has that name, or the file system knows no second names. Then the file is where it was.
pub fn place(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to)?;
    // A name too many is no loss.
    let _ = fs::remove_file(from);
    Ok(())
}

/// Gives a hook its name back because of `why`, to which is added where it lies if somebody has that name by now.
pub fn give_back(taken: &Path, hook: &Path, why: Report) -> Report {
    // A file of somebody else's may have no second name, and yet be moved.
    let back = place(taken, hook).is_ok()
        || hook.symlink_metadata().is_err() && fs::rename(taken, hook).is_ok();
    if back {
        why
    } else {
        why.because(format!("what was there lies in {}", taken.display()))
    }
}

/// Deletes a hook that is ours.
pub fn discard(taken: &Path) {
    // One that stays, in a folder where git does not look, harms nobody.
    let _ = fs::remove_file(taken);
}

/// What is said where somebody else writes hooks in the same moment.
pub fn busy(path: &Path) -> Report {
    let report = Report::new("is being changed by somebody else at this moment")
        .because(path.display().to_string());
    report.hint("see what is there now, then try again")
}

/// What is said of a file that cannot be written or moved.
pub fn failed(path: &Path, error: &io::Error) -> Report {
    match error.kind() {
        io::ErrorKind::AlreadyExists => busy(path),
        _ => Report::new("cannot be changed").because(format!("{}: {error}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these files, each of which holds its own name.
    fn folder(files: &[&str]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        files
            .iter()
            .for_each(|name| fs::write(folder.path().join(name), name).unwrap());
        let path = folder.path().to_owned();
        (folder, path)
    }

    fn text(path: &Path) -> Option<String> {
        fs::read_to_string(path).ok()
    }

    #[test]
    fn a_name_that_is_taken_is_not_written_over() {
        let (_folder, at) = folder(&["one", "other"]);
        let error = place(&at.join("one"), &at.join("other")).unwrap_err();
        assert_eq!(failed(&at, &error), busy(&at));
        assert_eq!(
            (text(&at.join("one")), text(&at.join("other"))),
            (Some("one".into()), Some("other".into()))
        );
    }

    #[test]
    fn what_cannot_be_given_back_stays_and_is_named() {
        let (_folder, at) = folder(&["pre-push"]);
        let (hook, why) = (at.join("pre-push"), || Report::new("is left alone"));
        let room = Room::new(&at).unwrap();
        let taken = room.take(&hook).unwrap();
        assert_eq!(give_back(&taken, &hook, why()), why());
        assert_eq!(text(&hook), Some("pre-push".into()));

        // Somebody is quicker, between our taking and our giving back.
        let taken = room.take(&hook).unwrap();
        fs::write(&hook, "quicker").unwrap();
        let report = give_back(&taken, &hook, why());
        assert!(report.because[0].contains(&taken.display().to_string()));
        drop(room);
        assert_eq!(
            (text(&hook), text(&taken)),
            (Some("quicker".into()), Some("pre-push".into()))
        );
    }

    #[test]
    fn a_room_leaves_nothing_of_its_own() {
        let (_folder, at) = folder(&[]);
        let hooks = at.join("hooks");
        let room = Room::new(&hooks).unwrap();
        room.write("#!/bin/sh").unwrap();
        drop(room);
        assert_eq!(fs::read_dir(&hooks).unwrap().count(), 0);
    }
}
