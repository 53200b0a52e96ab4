//! Finds the repository as git would, and opens it with the library if that is possible.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use git2::{Repository, RepositoryOpenFlags};

use crate::core::refusal::{Report, Stop};
use crate::core::typed::Typed;
use crate::git::Layout;
use crate::git::config::PendingConfig;
use crate::git::program::{Program, failed};

/// The variables with which a caller names the repository.
const PLACES: [&str; 3] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR"];

/// Finds the repository. Without the library's view of it if the library cannot open it.
pub fn find(
    program: &Program,
    config: &PendingConfig,
) -> Result<(Layout, Option<Repository>), Stop> {
    let is_named = PLACES.iter().any(|name| program.variable(name).is_some());
    let found = match is_named {
        true => named(program)?,
        false => discover(program)?,
    };
    let is_bare = found.as_ref().is_some_and(Repository::is_bare);
    // git may be configured to use no bare repository that it merely finds. Then git decides.
    let is_open = !is_bare || is_named || config.get()?.get("safe.barerepository").is_none();
    let layout = match found.as_ref().filter(|_| is_open) {
        // Then git takes the current folder for the work tree.
        Some(repository) if is_named && !is_bare => Layout {
            top: Some(program.folder()?),
            ..layout(repository)
        },
        Some(repository) => layout(repository),
        None => ask(program)?,
    };
    if layout.bare && !is_named {
        refuse_hidden(&layout)?;
    }
    let repository = found.or_else(|| {
        let own = open(&layout.git_dir, RepositoryOpenFlags::NO_SEARCH, "".as_ref())?;
        same(own.commondir(), &layout.common_dir).then_some(own)
    });
    Ok((layout, repository))
}

fn open(folder: &Path, flags: RepositoryOpenFlags, ceilings: &OsStr) -> Option<Repository> {
    Repository::open_ext(folder, flags, env::split_paths(ceilings)).ok()
}

/// Opens the repository of the current folder or of a folder above it.
fn discover(program: &Program) -> Result<Option<Repository>, Stop> {
    let ceilings = program.variable("GIT_CEILING_DIRECTORIES");
    let is_across = program
        .variable("GIT_DISCOVERY_ACROSS_FILESYSTEM")
        .is_some();
    let (folder, flags) = (program.folder()?, RepositoryOpenFlags::empty());
    let found = open(&folder, flags, &ceilings.unwrap_or_default());
    // Only git evaluates this variable.
    Ok(found.filter(|_| !is_across))
}

/// Opens the repository that `GIT_DIR` alone names, with the current folder as its work tree, as hooks are started.
fn named(program: &Program) -> Result<Option<Repository>, Stop> {
    let others = PLACES.iter().skip(1);
    let folder = program.folder()?;
    let place = program.variable("GIT_DIR").filter(|dir| !dir.is_empty());
    let is_alone = others
        .filter_map(|name| program.variable(name))
        .next()
        .is_none();
    let Some(place) = place.filter(|_| is_alone) else {
        return Ok(None);
    };
    let flags = RepositoryOpenFlags::NO_SEARCH | RepositoryOpenFlags::NO_DOTGIT;
    let found = open(&folder.join(place), flags, "".as_ref());
    // A work tree that the repository itself names is left to git.
    let names_one = |own: &Repository| {
        let config = own.config();
        config.is_ok_and(|config| config.get_entry("core.worktree").is_ok())
    };
    Ok(found.filter(|own| own.is_bare() || !names_one(own)))
}

fn layout(repository: &Repository) -> Layout {
    Layout {
        top: repository.workdir().map(tidy),
        git_dir: tidy(repository.path()),
        common_dir: tidy(repository.commondir()),
        bare: repository.is_bare(),
        shallow: repository.is_shallow(),
    }
}

/// Removes the slash that the library leaves at the end.
fn tidy(path: &Path) -> PathBuf {
    path.components().collect()
}

fn same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn ask(program: &Program) -> Result<Layout, Stop> {
    let questions = "--git-dir --git-common-dir --is-bare-repository --is-shallow-repository";
    let command = ["rev-parse", "--path-format=absolute"].into_iter();
    let output = program.run(
        command
            .chain(questions.split(' '))
            .chain(["--show-toplevel"]),
    )?;
    let lines: Vec<_> = output.stdout.split(|byte| *byte == b'\n').collect();
    let (places, top) = match lines.as_slice() {
        [places @ .., top, b""] if places.len() == 4 => (places, Some(to_path(top))),
        // Without a work tree, git fails after it has printed the rest.
        [places @ .., b""] => (places, None),
        places => (places, None),
    };
    let [git_dir, common_dir, bare, shallow] = places else {
        return Err(not_open(&output.stderr));
    };
    Ok(Layout {
        top,
        git_dir: to_path(git_dir),
        common_dir: to_path(common_dir),
        bare: *bare == b"true",
        shallow: *shallow == b"true",
    })
}

fn not_open(stderr: &[u8]) -> Stop {
    Stop::Failed(
        match String::from_utf8_lossy(stderr).contains("not a git repository") {
            true => failed("this is not a git repository", stderr)
                .run("cd into a clone, then", Typed::once_more()),
            false => failed("git cannot open the repository here", stderr),
        },
    )
}

#[cfg(unix)]
fn to_path(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn to_path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).trim_end_matches('\r'))
}

/// Refuses a bare repository in the work tree of another: a pull request may bring one that names programs to run.
fn refuse_hidden(layout: &Layout) -> Result<(), Stop> {
    for above in layout.git_dir.ancestors().skip(1) {
        let dot_git = above.join(".git");
        if dot_git.exists() && !same(&target(&dot_git), &layout.common_dir) {
            let (bare, above) = (layout.git_dir.display(), above.display());
            let because =
                "it may come from somebody's commit, and its configuration could run programs";
            let report = Report::new(format!(
                "the bare repository {bare} lies inside the work tree {above}"
            ));
            let trust = Typed::other("git --git-dir=. smp status");
            let report = report.because(because).run("if you trust it", trust);
            return Err(Stop::Failed(report));
        }
    }
    Ok(())
}

/// Returns where a `.git` leads: it may be a file that contains the path.
fn target(dot_git: &Path) -> PathBuf {
    let text = fs::read_to_string(dot_git).unwrap_or_default();
    match text.strip_prefix("gitdir:") {
        Some(named) => dot_git.with_file_name("").join(named.trim()),
        None => dot_git.to_owned(),
    }
}
