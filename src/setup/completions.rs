//! The shells' completions, included in the program: a small file each that runs `git smp complete` at each TAB.

use std::env;
use std::fs;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::git::program;
use crate::setup::check::Check;
use crate::setup::manual::user_folder;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

impl Shell {
    pub fn script(self) -> &'static str {
        match self {
            Self::Bash => include_str!("completions/git-smp.bash"),
            Self::Zsh => include_str!("completions/_git-smp"),
            Self::Fish => include_str!("completions/git-smp.fish"),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
        }
    }

    /// Returns the file in a data folder, by the shell's own rule.
    fn below(self, data: PathBuf) -> PathBuf {
        data.join(match self {
            Self::Bash => "bash-completion/completions/git-smp",
            Self::Zsh => "zsh/site-functions/_git-smp",
            Self::Fish => "fish/vendor_conf.d/git-smp.fish",
        })
    }

    fn own(self) -> Option<PathBuf> {
        let named = env::var_os("BASH_COMPLETION_USER_DIR").map(PathBuf::from);
        match named.filter(|folder| self == Self::Bash && folder.is_absolute()) {
            Some(folder) => Some(folder.join("completions/git-smp")),
            None => Some(self.below(user_folder()?)),
        }
    }

    fn is_packaged(self) -> bool {
        let folders = env::var_os("XDG_DATA_DIRS").filter(|named| !named.is_empty());
        let folders = folders.unwrap_or_else(|| "/usr/local/share:/usr/share".into());
        let mut folders = env::split_paths(&folders);
        let also = match self {
            Self::Bash => None,
            Self::Zsh => Some("zsh/vendor-completions/_git-smp"),
            Self::Fish => Some("fish/vendor_completions.d/git-smp.fish"),
        };
        let is_ours = |path: PathBuf| fs::read(path).is_ok_and(|it| it == self.script().as_bytes());
        folders.any(|data| {
            also.is_some_and(|also| is_ours(data.join(also))) || is_ours(self.below(data))
        })
    }

    fn state(self) -> Script {
        let own = self.own().map(fs::read);
        match own {
            Some(Ok(file)) if file == self.script().as_bytes() => Script::Here,
            Some(Ok(_)) => Script::Other,
            _ if self.is_packaged() => Script::Here,
            _ => Script::Missing,
        }
    }

    /// Writes the user's own file.
    fn install(self) -> Result<(), String> {
        let path = self.own().ok_or("there is no folder for it")?;
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        let written = folder.and_then(|()| fs::write(&path, self.script()));
        written.map_err(|error| format!("{}: {error}", path.display()))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Here,
    Other,
    Missing,
}

/// Returns whether the user's own files are from another version.
pub fn are_outdated() -> bool {
    SHELLS.iter().any(|shell| shell.state() == Script::Other)
}

/// Checks the completions of the shells on this machine. They are optional, so they never fail the setup.
pub fn check(installs: bool) -> Option<Check> {
    let name = "completion";
    let here = SHELLS.into_iter();
    let here = here.filter(|shell| program::find_on_path(shell.name()).is_some());
    let here: Vec<Shell> = here.collect();
    let missing = here.iter().filter(|one| one.state() != Script::Here);
    let missing: Vec<Shell> = missing.copied().collect();
    let named = |shells: &[Shell]| {
        let names: Vec<&str> = shells.iter().map(|shell| shell.name()).collect();
        names.join(", ")
    };
    if here.is_empty() {
        return None;
    }
    if missing.is_empty() {
        let words = format!("is installed for {}; try TAB after: git smp", named(&here));
        return Some(with_path(Check::good(name, words), &here));
    }
    let listed = named(&missing);
    if !installs {
        let words = format!("is not installed for {listed}; git smp setup installs it");
        return Some(Check::note(name, words));
    }
    let failed = missing.iter().filter_map(|one| one.install().err());
    let mut failed: Vec<String> = failed.collect();
    // Without a home all shells say the same.
    failed.dedup();
    Some(match failed.is_empty() {
        true => {
            let words = format!("installed for {listed}; start a new shell to use it");
            with_path(Check::good(name, words), &missing)
        }
        false => {
            let words = format!("could not be installed ({})", failed.join(", "));
            Check::note(name, words)
        }
    })
}

/// Adds a hint for zsh, which only searches configured folders.
fn with_path(check: Check, shells: &[Shell]) -> Check {
    let own = shells.contains(&Shell::Zsh).then(|| Shell::Zsh.own());
    let folder = own.flatten().filter(|path| path.exists());
    let Some(folder) = folder.as_ref().and_then(|path| path.parent()) else {
        return check;
    };
    let looked = program::ask("zsh", &["-c", "print -rl -- $fpath"]).unwrap_or_default();
    match looked
        .lines()
        .any(|line| folder == std::path::Path::new(line))
    {
        true => check,
        false => check.because(format!(
            "for zsh add this line to ~/.zshrc, before compinit: fpath=({} $fpath)",
            folder.display()
        )),
    }
}
