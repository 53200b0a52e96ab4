//! The man pages, included in the program: `git smp --help` runs `man git-smp`, so they must be installed.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::git::program;
use crate::setup::check::Check;

macro_rules! pages {
    ($($name:literal)*) => { &[$(($name, include_str!(concat!("../../man/", $name)))),*] };
}

/// Every page: its file name and its text.
pub const PAGES: &[(&str, &str)] = pages!(
    "git-smp.1" "git-smp-setup.1" "git-smp-status.1" "git-smp-diff.1" "git-smp-stage.1" "git-smp-propose.1"
    "git-smp-signoff.1" "git-smp-postpone.1" "git-smp-promote.1" "git-smp-rollback.1" "git-smp-history.1"
    "git-smp-where.1"
);

/// Checks the man pages. They are optional, so they never fail the setup.
pub fn check(installs: bool) -> Check {
    let name = "man pages";
    if is_found() {
        return Check::good(name, "are installed; try: git smp --help");
    }
    if !installs {
        return Check::note(name, "are not installed; git smp setup installs them");
    }
    let (mut trouble, mut unseen) = ("there is no folder for them".to_owned(), None);
    for folder in folders() {
        match write(&folder) {
            Ok(()) if is_found() => {
                return Check::good(name, "installed for you; try: git smp --help");
            }
            Ok(()) => unseen = unseen.or(Some(folder)),
            Err(error) => trouble = format!("{}: {error}", folder.display()),
        }
    }
    let unseen = unseen.map(|folder| folder.canonicalize().unwrap_or(folder));
    let words = match unseen.as_ref().map(|folder| folder.display()) {
        Some(folder) if program::find_on_path("man").is_none() => {
            format!(
                "written to {folder}, but there is no program man to read them; try: git smp help"
            )
        }
        Some(folder) => {
            format!("written to {folder}, where man does not look; try: man -M {folder} git-smp")
        }
        None => format!("could not be installed ({trouble}); try: git smp help"),
    };
    Check::note(name, words)
}

/// Returns whether `man` finds the pages of this version. A compressed page is from a package, which keeps it current.
fn is_found() -> bool {
    let Some(found) = program::ask("man", &["-w", "git-smp"]) else {
        return false;
    };
    let path = Path::new(found.trim());
    match path.extension() {
        Some(end) if end == "1" => path.parent().is_some_and(are_ours),
        _ => path.exists(),
    }
}

/// Returns whether pages written by a setup are from another version. A package updates its own pages.
pub fn are_outdated() -> bool {
    let own = beside_the_program().into_iter();
    // A program that was built but not installed has pages next to it by chance.
    let own = own.filter(|folder| folder.ends_with("bin/../share/man"));
    let own = own.chain(user_folder().map(|data| data.join("man")));
    own.map(|folder| folder.join("man1"))
        .any(|section| section.join("git-smp.1").is_file() && !are_ours(&section))
}

fn are_ours(section: &Path) -> bool {
    PAGES
        .iter()
        .all(|(name, text)| fs::read(section.join(name)).is_ok_and(|file| file == text.as_bytes()))
}

/// Returns the folder of the user's data, by the usual rule.
pub fn user_folder() -> Option<PathBuf> {
    folder("XDG_DATA_HOME").or_else(|| Some(folder("HOME")?.join(".local/share")))
}

fn folder(variable: &str) -> Option<PathBuf> {
    let folder = env::var_os(variable).map(PathBuf::from);
    folder.filter(|folder| folder.is_absolute())
}

/// Returns the folders that `man` may search: next to this program, the user's own by `man`, then the usual ones.
fn folders() -> Vec<PathBuf> {
    let (home, data) = (folder("HOME"), folder("XDG_DATA_HOME"));
    let named = program::ask("man", &["-w"]).unwrap_or_default();
    let own = env::split_paths(&named)
        .filter(|path| home.as_ref().is_some_and(|home| path.starts_with(home)));
    let mut folders: Vec<PathBuf> = beside_the_program().into_iter().chain(own).collect();
    folders.extend(data.map(|data| data.join("man")));
    folders.extend(home.map(|home| home.join(".local/share/man")));
    folders
}

fn beside_the_program() -> Option<PathBuf> {
    let found = program::find_on_path("git-smp")?;
    let bin = found.parent()?;
    // `man` uses the folder of the link, not of its target.
    (bin.file_name()? == "bin" || env::current_exe().ok()?.parent() == Some(bin))
        .then(|| bin.join("../share/man"))
}

fn write(folder: &Path) -> io::Result<()> {
    let section = folder.join("man1");
    fs::create_dir_all(&section)?;
    PAGES
        .iter()
        .try_for_each(|(name, text)| fs::write(section.join(name), text))
}

#[cfg(test)]
mod tests;
