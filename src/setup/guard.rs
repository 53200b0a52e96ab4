//! The guard: a `pre-push` hook of the clone for people who push without git smp. It is installed where git looks for
//! hooks, before an existing one, and can be removed. No other hook is ever overwritten or deleted.

mod elsewhere;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use self::elsewhere::Elsewhere;
use crate::core::config::Config;
use crate::core::refusal::{Report, Stop};
use crate::core::text::{acts, and, shell_word};
use crate::core::typed::Typed;
use crate::git::Repo;
use crate::setup::check::Check;

/// The hook without a named configuration.
const SCRIPT: &str = include_str!("guard/pre-push.sh");
/// The beginning of an early line that identifies our scripts, also after edits.
const MARK: &str = "# The guard of git-smp.";
/// The line for a named configuration.
const CONFIG: &str = "config=";
const NAME: &str = "pre-push";
/// The name of an earlier hook while ours replaces it.
const FORMER: &str = "pre-push.before-smp";
/// The number of bytes to read of a hook to identify it.
const LARGEST: u64 = 64 << 10;
const LINE: &str = "hook";

pub struct Guard {
    hook: PathBuf,
    former: PathBuf,
    /// The folder that git uses instead of the clone's own, and why.
    elsewhere: Option<Elsewhere>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Nobodys,
    Ours,
    /// The hook has our mark but was edited, is from another version, or is not a file.
    Changed,
    Others,
}

impl Guard {
    /// Returns the guard in the clone's own hooks folder, which all its work trees share.
    pub fn of(repo: &Repo) -> Result<Self, Stop> {
        let folder = repo.layout().common_dir.join("hooks");
        Ok(Self {
            hook: folder.join(NAME),
            former: folder.join(FORMER),
            elsewhere: Elsewhere::of(repo, &folder)?,
        })
    }

    /// Checks the hook; `None` if it is not installed.
    pub fn check(&self, config: &Config) -> Option<Check> {
        let is_ours = whose(&self.hook) == Whose::Ours;
        let stops = stops(config);
        Some(match &self.elsewhere {
            Some(other) if other.calls => {
                Check::good(LINE, format!("is called by {}: {stops}", other.file))
            }
            _ if !is_ours => return None,
            Some(other) => idle(&format!("git does not look there: {}", other.why)),
            None if !may_run(&self.hook) => idle("its file is not executable"),
            None => Check::good(LINE, format!("is installed: {stops}")),
        })
    }

    pub fn check_or_missing(&self, config: &Config) -> Check {
        let words = "is not installed; git smp setup --hook installs it";
        match (self.check(config), self.hindered()) {
            (Some(check), _) => check,
            (None, Some(report)) => Check::bad(LINE, report),
            (None, None) => Check::note(LINE, words),
        }
    }

    /// Returns why it cannot be installed: another tool manages the hooks, or there is no place for an existing hook.
    fn hindered(&self) -> Option<Report> {
        let (hook, former) = (&self.hook, &self.former);
        // An interrupted run may have left the earlier hook under both names.
        let is_room = !is_there(former) || read(former) == read(hook);
        match (&self.elsewhere, whose(hook)) {
            (Some(other), _) => (!other.calls).then(|| other.report()),
            (None, Whose::Changed) => Some(changed(hook)),
            (None, Whose::Others) => (!is_room).then(|| in_the_way(former)),
            (None, Whose::Ours | Whose::Nobodys) => None,
        }
    }

    /// Installs the hook; `named` is the named configuration. A failure is a failed check.
    pub fn install(&self, config: &Config, named: Option<&Path>) -> Check {
        match self.put(named) {
            Ok(true) if is_there(&self.former) => {
                let words = "the existing hook runs after it";
                Check::good(LINE, format!("installed: {}; {words}", stops(config)))
            }
            Ok(true) => Check::good(LINE, format!("installed: {}", stops(config))),
            Ok(false) => self.check_or_missing(config),
            Err(report) => Check::bad(LINE, report),
        }
    }

    /// Installs the hook before an existing one; returns whether it is new.
    fn put(&self, named: Option<&Path>) -> Result<bool, Report> {
        if let Some(report) = self.hindered() {
            return Err(report);
        }
        let (script, hook) = (script(named)?, &self.hook);
        let seen = whose(hook);
        let is_there = matches!(seen, Whose::Ours) && may_run(hook) && read(hook) == script;
        if is_there || self.elsewhere.is_some() {
            return Ok(false);
        }
        self.write(&script, seen)
            .map_err(|error| self.failed(&error))?;
        Ok(true)
    }

    /// Writes the script and moves it into place in one step. An existing hook gets its second name first, so it is
    /// never lost; a taken name is not overwritten.
    fn write(&self, script: &str, seen: Whose) -> io::Result<()> {
        let fresh = self.hook.with_extension("smp-new");
        fs::create_dir_all(self.hook.parent().unwrap_or(&self.hook))?;
        fs::write(&fresh, script)?;
        #[cfg(unix)]
        fs::set_permissions(&fresh, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        let placed = match seen {
            Whose::Nobodys => fs::hard_link(&fresh, &self.hook),
            Whose::Others if !is_there(&self.former) => fs::hard_link(&self.hook, &self.former)
                .and_then(|()| fs::rename(&fresh, &self.hook)),
            _ => fs::rename(&fresh, &self.hook),
        };
        // A leftover does no harm: git does not look for that name.
        let _ = fs::remove_file(&fresh);
        placed
    }

    /// Removes the hook and restores the earlier one. It needs no `smp.toml` and no network, so that everybody can
    /// remove it.
    pub fn remove(&self) -> Result<Vec<Check>, Report> {
        let not_ours =
            "is not installed; the existing pre-push hook is not from git smp, so it stays";
        let is_linked = self.hook.parent().is_some_and(Path::is_symlink);
        let words = match whose(&self.hook) {
            // Files in somebody else's folder stay, whatever they contain.
            Whose::Ours | Whose::Changed if is_linked => not_ours,
            Whose::Others => not_ours,
            Whose::Changed => return Err(changed(&self.hook)),
            Whose::Ours | Whose::Nobodys if is_there(&self.former) => {
                fs::rename(&self.former, &self.hook).map_err(|error| self.failed(&error))?;
                "is removed, and the earlier hook is restored"
            }
            Whose::Ours => {
                fs::remove_file(&self.hook).map_err(|error| self.failed(&error))?;
                "is removed"
            }
            Whose::Nobodys => "is not installed",
        };
        let mut checks = vec![Check::good(LINE, words)];
        if let Some(other) = self.elsewhere.as_ref().filter(|other| other.calls) {
            let words = format!("is still called by {}; remove that line", other.file);
            checks.push(Check::note(LINE, words));
        }
        Ok(checks)
    }

    fn failed(&self, error: &io::Error) -> Report {
        let cause = format!("{}: {error}", self.hook.display());
        Report::new("cannot be changed").because(cause)
    }
}

fn idle(why: &str) -> Check {
    Check::note(LINE, format!("is installed, but does nothing: {why}"))
}

/// Returns whether anything has this name, even a broken link.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn stops(config: &Config) -> String {
    let targets = config.targets();
    let frozen = config.record.as_ref().map(|_| "any frozen environment");
    let names = targets.iter().map(|target| target.name.as_str());
    match names.chain(frozen).collect::<Vec<_>>().as_slice() {
        [] => "it stops no push yet".to_owned(),
        all => format!("it stops a plain git push to {}", and(all)),
    }
}

/// Returns the script, with the named configuration if there is one.
fn script(config: Option<&Path>) -> Result<String, Report> {
    let Some(config) = config else {
        return Ok(SCRIPT.to_owned());
    };
    let absolute = std::path::absolute(config).unwrap_or_default();
    match absolute.to_str() {
        Some(path) if !path.is_empty() && !path.chars().any(acts) => {
            let line = format!("\n{CONFIG}{}\n", shell_word(path));
            Ok(SCRIPT.replacen(&format!("\n{CONFIG}\n"), &line, 1))
        }
        _ => Err(
            Report::new("is not installed: the path of the configuration has characters that a script cannot hold")
                .because(config.display().to_string())
                .hint("rename it, with letters, digits, - and _ only"),
        ),
    }
}

fn whose(hook: &Path) -> Whose {
    match hook.symlink_metadata().map(|data| data.file_type()) {
        Ok(kind) if kind.is_file() || kind.is_symlink() => {}
        Ok(_) => return Whose::Changed,
        Err(_) => return Whose::Nobodys,
    }
    let text = read(hook);
    let general = text.lines().map(|line| match line.starts_with(CONFIG) {
        true => CONFIG,
        false => line,
    });
    if general.flat_map(|line| [line, "\n"]).collect::<String>() == SCRIPT {
        Whose::Ours
    } else if text.lines().take(3).any(|line| line.starts_with(MARK)) {
        Whose::Changed
    } else {
        Whose::Others
    }
}

/// Returns the head of a file; empty if there is none or it is not a regular file.
fn read(path: &Path) -> String {
    let mut bytes = Vec::new();
    // Reading a pipe would never end.
    if path.is_file()
        && let Ok(file) = File::open(path)
    {
        // An unreadable file is not ours.
        let _ = file.take(LARGEST).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(unix)]
fn may_run(hook: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(hook).is_ok_and(|data| data.permissions().mode() & 0o111 != 0)
}

/// Without permission bits git runs every hook.
#[cfg(not(unix))]
fn may_run(_hook: &Path) -> bool {
    true
}

fn changed(hook: &Path) -> Report {
    Report::new("is left unchanged: it was edited by hand, or is from another version")
        .because(hook.display().to_string())
        .run("", out_of_the_way(hook))
}

fn in_the_way(former: &Path) -> Report {
    let what = "is not installed: there is a pre-push hook and a saved earlier one, and the guard can keep only one";
    let there = former.display();
    let cause = format!("next to {NAME} there is {there}, which may still be needed");
    let report = Report::new(what).because(cause);
    report.run("look at it, then", out_of_the_way(former))
}

/// Returns the command that moves a file aside and installs the hook.
fn out_of_the_way(file: &Path) -> Typed {
    let file = file.display().to_string();
    let (file, kept) = (shell_word(&file), shell_word(&format!("{file}.kept")));
    Typed::smp("setup --hook").behind(format_args!("mv {file} {kept} &&"))
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
