//! The guard: a `pre-push` hook of the clone, for those who push without the tool. It is put where git looks for hooks,
//! in front of one that is there already, and taken away again. Nobody's hook is ever written over or deleted.

mod elsewhere;
mod moves;

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use self::elsewhere::Elsewhere;
use self::moves::Room;
use crate::core::refusal::{Report, Stop};
use crate::core::text::{acts, shell_word};
use crate::git::Repo;

/// The hook, as it is where no configuration was named.
const SCRIPT: &str = include_str!("guard/pre-push.sh");
/// How one of the first lines of a script of ours begins, whatever became of the rest.
const MARK: &str = "# The guard of git-smp.";
/// The line that holds the configuration that was named, if any.
const CONFIG: &str = "config=";
/// The hook's name, which is git's.
const NAME: &str = "pre-push";
/// What a hook that was there before is called while ours is in its place.
const FORMER: &str = "pre-push.before-smp";
/// The most bytes of a hook that are read to see whose it is.
const LARGEST: u64 = 64 << 10;

/// The place of the guard in this clone.
#[derive(Clone, Debug)]
pub struct Guard {
    /// The clone's own folder of hooks, which all its work trees share.
    folder: PathBuf,
    /// Where git looks for hooks in place of it, and why.
    elsewhere: Option<Elsewhere>,
}

/// Whether plain pushes are looked at here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The hook is there, and git runs it.
    Installed,
    /// A hook that others look after calls the guard: this file.
    Called(String),
    /// The hook is there, but git does not run it: for this reason.
    Idle(String),
    /// There is no hook of ours.
    Missing,
}

/// What became of a wish to have the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Installed {
    /// It was there already.
    Already,
    /// It is there now.
    Now,
    /// It is there now, and runs before a hook that was there.
    InFront,
}

/// What became of a wish not to have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It was not there.
    Already,
    /// There is a hook, and it is not ours.
    NotOurs,
    /// It is gone.
    Now,
    /// The hook that was there before is back.
    Restored,
}

/// Whose hook a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Nobodys,
    Ours,
    /// It bears our mark, and somebody changed it; or it is another version's; or it is no file.
    Changed,
    Others,
}

impl Guard {
    /// The guard's place in this clone.
    ///
    /// # Errors
    /// When git's configuration cannot be read.
    pub fn of(repo: &Repo) -> Result<Self, Stop> {
        let folder = repo.layout().common_dir.join("hooks");
        let elsewhere = Elsewhere::of(repo, &folder)?;
        Ok(Self { folder, elsewhere })
    }

    /// Whether plain pushes are looked at here.
    pub fn standing(&self) -> Standing {
        let ours = whose(&self.hook()) == Whose::Ours;
        match &self.elsewhere {
            Some(other) if other.calls => Standing::Called(other.file.clone()),
            Some(other) if ours => {
                Standing::Idle(format!("git does not look there: {}", other.why))
            }
            None if ours && !may_run(&self.hook()) => {
                Standing::Idle("its file may not be run".to_owned())
            }
            None if ours => Standing::Installed,
            _ => Standing::Missing,
        }
    }

    /// Puts the hook in its place, in front of one that is there. `config` is the configuration that was named.
    ///
    /// # Errors
    /// Where others look after the hooks, where there is no room for somebody's hook behind it, and when it cannot be
    /// written. Whatever was there is still there.
    pub fn install(&self, config: Option<&Path>) -> Result<Installed, Report> {
        if let Some(other) = &self.elsewhere {
            return if other.calls {
                Ok(Installed::Already)
            } else {
                Err(other.report())
            };
        }
        let script = script(config)?;
        let (hook, former) = (self.hook(), self.former());
        let seen = whose(&hook);
        match seen {
            Whose::Ours
                if may_run(&hook) && read(&hook).is_some_and(|text| text == script.as_bytes()) =>
            {
                return Ok(Installed::Already);
            }
            Whose::Changed => return Err(changed(&hook)),
            Whose::Others if is_there(&former) => return Err(in_the_way(&former)),
            Whose::Ours | Whose::Others | Whose::Nobodys => {}
        }
        let room = Room::new(&self.folder)?;
        let fresh = room.write(&script)?;
        if seen != Whose::Nobodys {
            let taken = room.take(&hook)?;
            match whose(&taken) {
                Whose::Ours if seen == Whose::Ours => moves::discard(&taken),
                now if now != seen => {
                    return Err(moves::give_back(&taken, &hook, moves::busy(&hook)));
                }
                _ => moves::place(&taken, &former).map_err(|error| {
                    moves::give_back(&taken, &hook, moves::failed(&former, &error))
                })?,
            }
        }
        moves::place(&fresh, &hook).map_err(|error| moves::failed(&hook, &error))?;
        Ok(if is_there(&former) {
            Installed::InFront
        } else {
            Installed::Now
        })
    }

    /// Takes the hook away and puts the former one back.
    ///
    /// # Errors
    /// When it was changed by hand, and when it cannot be moved. Nothing is lost then.
    pub fn remove(&self) -> Result<Removed, Report> {
        let (hook, former) = (self.hook(), self.former());
        match whose(&hook) {
            // What lies in somebody else's folder is theirs, whatever it says.
            Whose::Ours | Whose::Changed if fs::read_link(&self.folder).is_ok() => {
                return Ok(Removed::NotOurs);
            }
            Whose::Changed => return Err(changed(&hook)),
            Whose::Others => return Ok(Removed::NotOurs),
            Whose::Nobodys if !is_there(&former) => return Ok(Removed::Already),
            Whose::Nobodys => {}
            Whose::Ours => {
                let room = Room::new(&self.folder)?;
                let taken = room.take(&hook)?;
                if whose(&taken) != Whose::Ours {
                    return Err(moves::give_back(&taken, &hook, moves::busy(&hook)));
                }
                moves::discard(&taken);
            }
        }
        if !is_there(&former) {
            return Ok(Removed::Now);
        }
        moves::place(&former, &hook).map_err(|error| moves::failed(&hook, &error))?;
        Ok(Removed::Restored)
    }

    /// The file of somebody else's that still calls the guard, which nobody but them can change.
    pub fn is_called_by(&self) -> Option<&str> {
        self.elsewhere
            .as_ref()
            .filter(|other| other.calls)
            .map(|other| other.file.as_str())
    }

    fn hook(&self) -> PathBuf {
        self.folder.join(NAME)
    }

    fn former(&self) -> PathBuf {
        self.folder.join(FORMER)
    }
}

/// The script for those who named a configuration, or who did not.
fn script(config: Option<&Path>) -> Result<String, Report> {
    let Some(config) = config else {
        return Ok(SCRIPT.to_owned());
    };
    let absolute = std::path::absolute(config).ok();
    let plain = absolute
        .as_deref()
        .and_then(Path::to_str)
        .filter(|path| !path.chars().any(acts));
    let path = plain.ok_or_else(|| {
        let report =
            Report::new("is not installed: the configuration's name cannot be written into it");
        report
            .because(config.display().to_string())
            .hint("give the file a plain name")
    })?;
    Ok(SCRIPT.replacen(
        &format!("\n{CONFIG}\n"),
        &format!("\n{CONFIG}{}\n", shell_word(path)),
        1,
    ))
}

fn whose(hook: &Path) -> Whose {
    match hook.symlink_metadata().map(|data| data.file_type()) {
        Ok(kind) if kind.is_file() || kind.is_symlink() => {}
        Ok(_) => return Whose::Changed,
        Err(_) => return Whose::Nobodys,
    }
    let text = read(hook)
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_default();
    let general: String = text
        .lines()
        .map(|line| {
            if line.starts_with(CONFIG) {
                CONFIG
            } else {
                line
            }
        })
        .flat_map(|l| [l, "\n"])
        .collect();
    match general == SCRIPT {
        true => Whose::Ours,
        false if text.lines().take(3).any(|line| line.starts_with(MARK)) => Whose::Changed,
        false => Whose::Others,
    }
}

/// The head of a file; none where there is none, or something that is no file.
fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    // A pipe would never end.
    fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    File::open(path)
        .and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
        .ok()?;
    Some(bytes)
}

/// Whether anything has this name, and be it a link that leads nowhere.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[cfg(unix)]
fn may_run(hook: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(hook).is_ok_and(|data| data.permissions().mode() & 0o111 != 0)
}

/// Where files have no such mark, git runs every hook.
#[cfg(not(unix))]
fn may_run(_hook: &Path) -> bool {
    true
}

fn changed(hook: &Path) -> Report {
    let report = Report::new("is left alone: it was changed by hand, or is another version's");
    report
        .because(hook.display().to_string())
        .hint(format!("{} && git smp setup --hook", out_of_the_way(hook)))
}

fn in_the_way(former: &Path) -> Report {
    let report = Report::new(
        "is not installed: there are two hooks already, and there is room for one behind it",
    );
    let report = report.because(format!(
        "beside {NAME} there is {}, which somebody may need",
        former.display()
    ));
    report.hint(format!(
        "look at it, then: {} && git smp setup --hook",
        out_of_the_way(former)
    ))
}

/// The command that moves a file to where it does not matter.
fn out_of_the_way(file: &Path) -> String {
    let file = file.display().to_string();
    format!(
        "mv {} {}",
        shell_word(&file),
        shell_word(&format!("{file}.kept"))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_of_any_configuration_is_ours_and_another_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let hook = folder.path().join(NAME);
        assert_eq!(whose(&hook), Whose::Nobodys);
        let named = script(Some(Path::new("/a folder/it's $(here).toml"))).unwrap();
        assert!(named.contains("\nconfig='/a folder/it'\\''s $(here).toml'\n"));
        let changed = SCRIPT.replace("exit 1", "exit 0");
        let elsewhere = SCRIPT.replace("#!/bin/sh", "#!/usr/bin/env sh");
        for (text, is) in [
            (SCRIPT, Whose::Ours),
            (&named, Whose::Ours),
            (&changed, Whose::Changed),
            (&elsewhere, Whose::Changed),
            ("#!/bin/sh\nexit 0\n", Whose::Others),
            ("", Whose::Others),
        ] {
            fs::write(&hook, text).unwrap();
            assert_eq!(whose(&hook), is, "{text}");
        }
        assert!(script(Some(Path::new("/a\nb"))).is_err());
    }

    #[test]
    fn the_script_says_how_to_get_rid_of_it() {
        for words in [
            "git smp setup --no-hook",
            "git push --no-verify",
            FORMER,
            MARK,
        ] {
            assert!(SCRIPT.contains(words), "{words}");
        }
    }
}
