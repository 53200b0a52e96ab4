//! The man pages, carried in the program: `git smp --help` runs `man git-smp`, so somebody must install them.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::git::program;

/// Every page: its file name and its text.
pub const PAGES: [(&str, &str); 11] = [
    ("git-smp.1", include_str!("../../man/git-smp.1")),
    ("git-smp-setup.1", include_str!("../../man/git-smp-setup.1")),
    (
        "git-smp-status.1",
        include_str!("../../man/git-smp-status.1"),
    ),
    ("git-smp-diff.1", include_str!("../../man/git-smp-diff.1")),
    ("git-smp-stage.1", include_str!("../../man/git-smp-stage.1")),
    (
        "git-smp-propose.1",
        include_str!("../../man/git-smp-propose.1"),
    ),
    (
        "git-smp-signoff.1",
        include_str!("../../man/git-smp-signoff.1"),
    ),
    (
        "git-smp-postpone.1",
        include_str!("../../man/git-smp-postpone.1"),
    ),
    (
        "git-smp-promote.1",
        include_str!("../../man/git-smp-promote.1"),
    ),
    (
        "git-smp-rollback.1",
        include_str!("../../man/git-smp-rollback.1"),
    ),
    (
        "git-smp-history.1",
        include_str!("../../man/git-smp-history.1"),
    ),
];

/// What became of the pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Installed {
    /// `man` finds these very pages.
    Already,
    /// They were written, and `man` finds them.
    Now(PathBuf),
    /// They were written, but `man` does not look there.
    Unseen(PathBuf),
    /// They could not be written anywhere; why.
    Not(String),
}

/// Whether `man` finds the pages of this version.
pub fn is_found() -> bool {
    program::ask("man", &["-w", "git-smp"]).is_some_and(|path| is_ours(Path::new(path.trim())))
}

/// A compressed page came with a package: it is somebody's care that it fits.
fn is_ours(path: &Path) -> bool {
    let plain = path.extension().is_some_and(|extension| extension == "1");
    let same = |page: &(&str, &str)| {
        let file = path.with_file_name(page.0);
        fs::read(file).is_ok_and(|text| text == page.1.as_bytes())
    };
    if plain {
        PAGES.iter().all(same)
    } else {
        path.exists()
    }
}

/// Installs the pages where `man` finds them for this user.
pub fn install() -> Installed {
    if is_found() {
        return Installed::Already;
    }
    let mut trouble = "there is no folder for them".to_owned();
    let mut unseen = None;
    for folder in folders() {
        match write(&folder) {
            Ok(()) if is_found() => return Installed::Now(folder),
            Ok(()) => unseen = unseen.or(Some(folder)),
            Err(error) => trouble = format!("{}: {error}", folder.display()),
        }
    }
    unseen.map_or(Installed::Not(trouble), Installed::Unseen)
}

/// Where `man` may look: beside the folder of this program when that is on `PATH`, then what `man` itself names of
/// the user's own, then where users' pages belong.
fn folders() -> Vec<PathBuf> {
    let home = env::var_os("HOME")
        .map(PathBuf::from)
        .filter(|home| home.is_absolute());
    let data = env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|data| data.is_absolute());
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
    // The link's own folder counts for `man`, not where the link leads.
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
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;
    use crate::core::refusal::RefusalCode;

    /// A page as plain text: without the escapes and font changes that roff wants.
    fn page(name: &str) -> String {
        let text = PAGES.iter().find(|page| page.0 == name).unwrap().1;
        ["\\fB", "\\fI", "\\fR", "\\fP", "\\f[B]", "\\f[R]", "\\&"]
            .iter()
            .fold(text.to_owned(), |text, font| text.replace(font, ""))
            .replace("\\-", "-")
    }

    #[test]
    fn every_command_has_a_page_that_names_every_flag() {
        let cli = Cli::command();
        for command in cli
            .get_subcommands()
            .filter(|command| !command.is_hide_set())
        {
            let page = page(&format!("git-smp-{}.1", command.get_name()));
            for arg in command.get_arguments() {
                let long = arg.get_long().map(|long| format!("--{long}"));
                let short = arg.get_short().map(|short| format!("-{short}"));
                for flag in long.into_iter().chain(short) {
                    assert!(
                        page.contains(&flag),
                        "git-smp-{}(1) does not name {flag}",
                        command.get_name()
                    );
                }
            }
        }
    }

    #[test]
    fn the_main_page_names_every_command_and_common_flag() {
        let (cli, page) = (Cli::command(), page("git-smp.1"));
        for command in cli
            .get_subcommands()
            .filter(|command| !command.is_hide_set())
        {
            assert!(
                page.contains(&format!("git smp {}", command.get_name())),
                "{}",
                command.get_name()
            );
        }
        let flags = cli
            .get_arguments()
            .filter_map(clap::Arg::get_long)
            .map(|long| format!("--{long}"));
        for flag in flags.chain(["-h", "--help", "-V", "--version"].map(str::to_owned)) {
            assert!(page.contains(&flag), "git-smp(1) does not name {flag}");
        }
    }

    #[test]
    fn every_exit_code_is_told_and_no_other() {
        let page = page("git-smp.1");
        let section = page
            .split(".SH EXIT STATUS")
            .nth(1)
            .unwrap()
            .split("\n.SH")
            .next()
            .unwrap();
        let items = section.lines().filter_map(|line| line.strip_prefix(".B "));
        let told: Vec<&str> = items.filter(|item| item.parse::<u8>().is_ok()).collect();
        assert_eq!(told, ["0", "1", "2", "3", "4"]);
    }

    #[test]
    fn every_refusal_code_is_explained() {
        let (promote, status) = (page("git-smp-promote.1"), page("git-smp-status.1"));
        for code in RefusalCode::ALL {
            assert!(
                promote.contains(code.as_str()),
                "git-smp-promote(1) does not explain {}",
                code.as_str()
            );
        }
        for finding in [
            "rolled-back",
            "release-failed",
            "release-pending",
            "deployed-outside-git",
            "stale-page",
            "cached-page",
            "nothing-deployed",
            "wrong-branch",
            "not-confirmed",
            "ref-differs",
            crate::core::record::unrecorded::WORD,
            "unreachable",
            "unauthorized",
            "page-unclear",
            "unknown-commit",
        ] {
            assert!(
                status.contains(finding),
                "git-smp-status(1) does not explain {finding}"
            );
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
