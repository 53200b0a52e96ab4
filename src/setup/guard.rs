//! The guard: a `pre-push` hook of the clone, for those who push without the tool. It is put where git looks for hooks,
//! in front of one that is there already, and taken away again. Nobody's hook is ever written over or deleted.

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

/// The hook, as it is where no configuration was named.
const SCRIPT: &str = include_str!("guard/pre-push.sh");
/// How one of the first lines of a script of ours begins, whatever became of the rest.
const MARK: &str = "# The guard of git-smp.";
/// The line that holds the configuration that was named, if any.
const CONFIG: &str = "config=";
const NAME: &str = "pre-push";
/// What a hook that was there before is called while ours is in its place.
const FORMER: &str = "pre-push.before-smp";
/// The most bytes of a hook that are read to see whose it is.
const LARGEST: u64 = 64 << 10;
const LINE: &str = "hook";

pub struct Guard {
    hook: PathBuf,
    former: PathBuf,
    /// Where git looks for hooks in place of the clone's own folder, and why.
    elsewhere: Option<Elsewhere>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Nobodys,
    Ours,
    /// It bears our mark, and somebody changed it; or it is another version's; or it is no file.
    Changed,
    Others,
}

impl Guard {
    /// The guard's place: in the clone's own folder of hooks, which all its work trees share.
    pub fn of(repo: &Repo) -> Result<Self, Stop> {
        let folder = repo.layout().common_dir.join("hooks");
        Ok(Self {
            hook: folder.join(NAME),
            former: folder.join(FORMER),
            elsewhere: Elsewhere::of(repo, &folder)?,
        })
    }

    /// How it stands; nothing where there is no hook of ours.
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

    /// Why it cannot be installed: others look after the hooks, or there is no room for somebody's hook behind it.
    fn hindered(&self) -> Option<Report> {
        let (hook, former) = (&self.hook, &self.former);
        // A run that was cut off may have left the former hook with both names.
        let is_room = !is_there(former) || read(former) == read(hook);
        match (&self.elsewhere, whose(hook)) {
            (Some(other), _) => (!other.calls).then(|| other.report()),
            (None, Whose::Changed) => Some(changed(hook)),
            (None, Whose::Others) => (!is_room).then(|| in_the_way(former)),
            (None, Whose::Ours | Whose::Nobodys) => None,
        }
    }

    /// Installs it; `named` is the configuration that was named. That it cannot be installed is a failed check.
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

    /// Puts the hook in its place, in front of one that is there; tells whether it was not there before.
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

    /// Writes the script, and moves it to its place in one step. Somebody's hook has its second name before that, so it is
    /// never lost; and a name that is taken is not written over.
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
        // One that stays harms nobody: git does not look for that name.
        let _ = fs::remove_file(&fresh);
        placed
    }

    /// Takes the hook away and puts the former one back. It needs no `smp.toml` and no network: people who gave up
    /// both can still be rid of it.
    pub fn remove(&self) -> Result<Vec<Check>, Report> {
        let not_ours =
            "is not installed; the existing pre-push hook is not from git smp, so it stays";
        let is_linked = self.hook.parent().is_some_and(Path::is_symlink);
        let words = match whose(&self.hook) {
            // What lies in somebody else's folder is theirs, whatever it says.
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

/// Whether anything has this name, and be it a link that leads nowhere.
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

/// The script for those who named a configuration, or who did not.
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

/// The head of a file; empty where there is none, or something that is no file.
fn read(path: &Path) -> String {
    let mut bytes = Vec::new();
    // A pipe would never end.
    if path.is_file()
        && let Ok(file) = File::open(path)
    {
        // What cannot be read is not ours.
        let _ = file.take(LARGEST).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
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

/// The command that moves a file to where it does not matter, and installs the hook.
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
