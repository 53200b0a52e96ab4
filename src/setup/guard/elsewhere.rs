//! Hooks that others look after: git was told to look for them in another folder, where nothing is ours to write.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::core::refusal::{Report, Stop};
use crate::git::Repo;
use crate::setup::guard::{NAME, is_there, read};

/// The line that calls the guard from a hook that others look after. It lets those go on who do not have the tool.
const LINE: &str = r#"! command -v git-smp >/dev/null || git smp pre-push "$@" || exit 1"#;

/// A folder of hooks that others look after.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    /// The file to add a line to, as people write it.
    pub file: String,
    /// What leads git there.
    pub why: String,
    /// Whether the file calls the guard already.
    pub calls: bool,
    /// Whether hooks can be there at all.
    folder: bool,
}

impl Elsewhere {
    /// Where git looks for hooks, if that is not `own`, the clone's own folder.
    ///
    /// # Errors
    /// When git's configuration cannot be read.
    pub fn of(repo: &Repo, own: &Path) -> Result<Option<Self>, Stop> {
        let layout = repo.layout();
        let top = layout.top.as_deref().unwrap_or(&layout.git_dir);
        Ok(match repo.config()?.get("core.hookspath") {
            Some("") => Some(Self::nowhere("core.hooksPath is empty".to_owned())),
            Some(path) => {
                let named = top.join(at_home(path));
                (!same(&named, own))
                    .then(|| Self::at(&named, top, format!("core.hooksPath is {path}")))
            }
            None => fs::read_link(own).ok().map(|target| {
                Self::at(
                    own,
                    top,
                    format!("{} is a link to {}", own.display(), target.display()),
                )
            }),
        })
    }

    fn nowhere(why: String) -> Self {
        Self {
            file: NAME.to_owned(),
            why,
            calls: false,
            folder: false,
        }
    }

    fn at(folder: &Path, top: &Path, why: String) -> Self {
        // What lies in husky's `_` is written anew by each install; people's own hooks lie one above.
        let husky = folder.ends_with(".husky/_");
        let file = folder
            .parent()
            .filter(|_| husky)
            .unwrap_or(folder)
            .join(NAME);
        let lines = read(&file)
            .map(|text| String::from_utf8_lossy(&text).into_owned())
            .unwrap_or_default();
        let calls = lines
            .lines()
            .any(|line| !line.trim_start().starts_with('#') && line.contains("smp pre-push"));
        let shown = file
            .strip_prefix(top)
            .unwrap_or(&file)
            .display()
            .to_string();
        Self {
            file: shown,
            why,
            calls,
            folder: folder.is_dir() || !is_there(folder),
        }
    }

    /// What is said to those who want the guard here.
    pub fn report(&self) -> Report {
        let report = Report::new("is not installed: others look after the hooks here")
            .because(self.why.clone());
        if !self.folder {
            let report = report.because("that is no folder, so no hook runs here");
            return report.hint("see who says so: git config --show-origin core.hooksPath");
        }
        let report = report.because(
            "the line reads standard input; what else there needs it has to be given it again",
        );
        report.hint(format!("add this line to {}: {LINE}", self.file))
    }
}

/// A path as git's configuration may write it: `~/` is the home folder.
fn at_home(path: &str) -> PathBuf {
    let home = env::var_os("HOME").filter(|home| !home.is_empty());
    match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(path),
    }
}

fn same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| -> io::Result<PathBuf> { path.canonicalize() };
    one == other || matches!((real(one), real(other)), (Ok(one), Ok(other)) if one == other)
}
