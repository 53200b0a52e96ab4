//! Hooks of another tool: git looks for them in another folder, where we write nothing.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::core::refusal::{Report, Stop};
use crate::core::typed::Typed;
use crate::git::Repo;
use crate::setup::guard::{NAME, is_there, read};

/// A folder of hooks that another tool manages.
pub struct Elsewhere {
    /// The file that needs a line, as people write it.
    pub file: String,
    pub why: String,
    pub calls: bool,
    is_folder: bool,
}

impl Elsewhere {
    /// Returns the folder where git looks for hooks, unless it is `own`, the clone's own.
    pub fn of(repo: &Repo, own: &Path) -> Result<Option<Self>, Stop> {
        let layout = repo.layout();
        let top = layout.top.as_deref().unwrap_or(&layout.git_dir);
        let (folder, why) = match (repo.config()?.get("core.hookspath"), fs::read_link(own)) {
            (Some(path), _) => {
                // With an empty path git runs no hook.
                let path = if path.is_empty() { "/dev/null" } else { path };
                let folder = top.join(at_home(path));
                let real = folder.canonicalize().ok();
                if folder == own || real.is_some() && real == own.canonicalize().ok() {
                    return Ok(None);
                }
                (folder, format!("core.hooksPath is {path}"))
            }
            (None, Ok(target)) => {
                let why = format!("{} is a link to {}", own.display(), target.display());
                (own.to_owned(), why)
            }
            (None, Err(_)) => return Ok(None),
        };
        // husky rewrites its folder `_` at each install; people's own hooks are in its parent.
        let husky = folder.parent().filter(|_| folder.ends_with(".husky/_"));
        let file = husky.unwrap_or(&folder).join(NAME);
        let shown = file.strip_prefix(top).unwrap_or(&file);
        Ok(Some(Self {
            file: shown.display().to_string(),
            why,
            is_folder: folder.is_dir() || !is_there(&folder),
            calls: (read(&file).lines())
                .any(|line| !line.trim_start().starts_with('#') && line.contains("smp pre-push")),
        }))
    }

    /// Explains how to use the guard here.
    pub fn report(&self) -> Report {
        let report = Report::new("is not installed: another tool manages the hooks here")
            .because(self.why.clone());
        let origin = "git config --show-origin core.hooksPath";
        let input = "the line below reads standard input; if another hook in that file needs it, pass it on";
        match self.is_folder {
            false => report
                .because("it is not a folder, so no hook runs in this clone")
                .run("see where it is set", Typed::other(origin)),
            true => report
                .because(input)
                .run(format!("add this line to {}", self.file), line()),
        }
    }
}

/// Returns the line that calls the guard from another tool's hook. It does nothing on machines without git-smp.
fn line() -> Typed {
    Typed::smp(r#"pre-push "$@" || exit 1"#)
        .behind(format_args!("! command -v git-smp >/dev/null ||"))
}

/// Expands a path of git's configuration: `~/` is the home folder.
fn at_home(path: &str) -> PathBuf {
    let home = env::var_os("HOME").filter(|home| !home.is_empty());
    match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(path),
    }
}
