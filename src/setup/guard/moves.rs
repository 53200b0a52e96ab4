//! Moving hooks about so that none is ever lost: a name that is taken is never written over, whoever took it and when.

use std::fs::{self, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;

use crate::core::refusal::Report;
use crate::setup::guard::{Whose, whose};

/// A fresh folder beside the hooks, where files lie that are on their way. It goes when it is empty, and not before.
pub struct Room(PathBuf);

impl Room {
    /// Makes one in this folder of hooks, which is made as well if it is missing.
    pub fn new(hooks: &Path) -> Result<Self, Report> {
        let nonce = RandomState::new().hash_one(process::id());
        let folder = hooks.join(format!(".smp-{nonce:016x}"));
        let made = fs::create_dir_all(hooks).and_then(|()| fs::create_dir(&folder));
        made.map_err(|error| failed(hooks, &error))?;
        Ok(Self(folder))
    }

    /// Writes the script, so that git may run it. It is moved once, to see that files can be moved here at all.
    pub fn write(&self, script: &str) -> Result<PathBuf, Report> {
        let (path, new) = (self.0.join("fresh"), self.0.join("new"));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o777);
        let file = options.open(&new);
        let written = file.and_then(|mut file| file.write_all(script.as_bytes()));
        written.map_err(|error| failed(&path, &error))?;
        place(&new, &path)?;
        Ok(path)
    }

    /// Takes a hook out of the folder. One that is not whose it was any more is given back.
    pub fn take(&self, hook: &Path, was: Whose) -> Result<PathBuf, Report> {
        let taken = self.0.join("taken");
        fs::rename(hook, &taken).map_err(|error| failed(hook, &error))?;
        match whose(&taken) == was {
            true => Ok(taken),
            false => Err(give_back(&taken, hook, busy(hook))),
        }
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

/// Whether anything has this name, and be it a link that leads nowhere.
pub fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Moves a file to a name that nothing has: by a second name for it, as only that fails where something is. Where it fails,
/// the file is where it was.
pub fn place(from: &Path, to: &Path) -> Result<(), Report> {
    fs::hard_link(from, to).map_err(|error| failed(to, &error))?;
    // A name too many is no loss.
    discard(from);
    Ok(())
}

/// Gives a hook its name back because of `why`, to which is added where it lies if somebody has that name by now.
pub fn give_back(taken: &Path, hook: &Path, why: Report) -> Report {
    // A file of somebody else's may have no second name, and yet be moved.
    let is_back = place(taken, hook).is_ok() || !is_there(hook) && fs::rename(taken, hook).is_ok();
    match is_back {
        true => why,
        false => why.because(format!("what was there lies in {}", taken.display())),
    }
}

/// Deletes a hook that is ours.
pub fn discard(taken: &Path) {
    // One that stays, in a folder where git does not look, harms nobody.
    let _ = fs::remove_file(taken);
}

/// What is said where somebody else writes hooks in the same moment.
fn busy(path: &Path) -> Report {
    Report::new("is being changed by somebody else at this moment")
        .because(path.display().to_string())
        .hint("see what is there now, then try again")
}

/// What is said of a file that cannot be written or moved.
fn failed(path: &Path, error: &io::Error) -> Report {
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
        let report = place(&at.join("one"), &at.join("other")).unwrap_err();
        assert_eq!(report, busy(&at.join("other")));
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
        let taken = room.take(&hook, Whose::Others).unwrap();
        assert_eq!(give_back(&taken, &hook, why()), why());
        assert_eq!(text(&hook), Some("pre-push".into()));

        // Somebody is quicker, between our taking and our giving back.
        let taken = room.take(&hook, Whose::Others).unwrap();
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
