//! Finding the repository, as git would, and opening it with the library where that can.
#![expect(clippy::disallowed_types, reason = "this is the door to git")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use git2::{Repository, RepositoryOpenFlags};

use crate::core::refusal::{Report, Stop};
use crate::core::typed::Typed;
use crate::git::Layout;
use crate::git::config::PendingConfig;
use crate::git::program::{Program, failed};

/// Variables by which a caller says where the repository is.
const PLACES: [&str; 3] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR"];

/// Finds the repository; without the library's view of it where the library cannot open it.
pub fn find(
    program: &Program,
    config: &PendingConfig,
) -> Result<(Layout, Option<Repository>), Stop> {
    if PLACES.iter().any(|name| program.variable(name).is_some()) {
        // The library resolves relative places otherwise than git.
        let layout = ask(program)?;
        let repository = open_there(&layout);
        return Ok((layout, repository));
    }
    let found = discover(program, &program.folder()?);
    let layout = match &found {
        // git may be told to use no bare repository that it merely comes across: then it is for git to say.
        Some(own) if own.is_bare() && config.get()?.get("safe.barerepository").is_some() => {
            ask(program)?
        }
        Some(repository) => layout(repository),
        None => ask(program)?,
    };
    if layout.bare {
        refuse_hidden(&layout)?;
    }
    Ok((layout, found))
}

fn discover(program: &Program, folder: &Path) -> Option<Repository> {
    let across = program.variable("GIT_DISCOVERY_ACROSS_FILESYSTEM");
    let across = across.and_then(|value| value.into_string().ok());
    let flags = match across.unwrap_or_default().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => RepositoryOpenFlags::CROSS_FS,
        _ => RepositoryOpenFlags::empty(),
    };
    let ceilings = program.variable("GIT_CEILING_DIRECTORIES");
    let ceilings = ceilings.unwrap_or_default();
    Repository::open_ext(folder, flags, env::split_paths(&ceilings)).ok()
}

/// Opens what git found. A linked work tree is opened by its own git folder, as any other.
fn open_there(layout: &Layout) -> Option<Repository> {
    let (flags, none) = (RepositoryOpenFlags::NO_SEARCH, [] as [&Path; 0]);
    let repository = Repository::open_ext(&layout.git_dir, flags, none).ok()?;
    same(repository.commondir(), &layout.common_dir).then_some(repository)
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

/// Without the slash at the end that the library leaves there.
fn tidy(path: &Path) -> PathBuf {
    path.components().collect()
}

fn same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Asks `git rev-parse`, each path by itself: git ends them with a newline, which a path may hold as well.
fn ask(program: &Program) -> Result<Layout, Stop> {
    let questions = [
        "--git-dir",
        "--git-common-dir",
        "--is-bare-repository --is-shallow-repository",
        "--show-toplevel",
    ];
    // All are started before the first is waited for.
    let children = questions.map(|question| {
        let mut command = program.command(["rev-parse", "--path-format=absolute"]);
        command.args(question.split(' ')).spawn()
    });
    let answers = children.map(|child| child.and_then(std::process::Child::wait_with_output));
    let [git_dir, common_dir, kind, top] = answers;
    let (git_dir, common_dir, kind) = (answer(git_dir)?, answer(common_dir)?, answer(kind)?);
    let kind = kind.to_string_lossy().into_owned();
    let yes: Vec<_> = kind.lines().map(|line| line == "true").collect();
    Ok(Layout {
        // That there is no work tree is no error.
        top: answer(top).ok().filter(|top| !top.as_os_str().is_empty()),
        git_dir,
        common_dir,
        bare: yes.first() == Some(&true),
        shallow: yes.get(1) == Some(&true),
    })
}

fn answer(output: std::io::Result<Output>) -> Result<PathBuf, Stop> {
    let output = output.map_err(|error| not_open(error.to_string().as_bytes()))?;
    if !output.status.success() {
        return Err(not_open(&output.stderr));
    }
    let printed = &output.stdout;
    Ok(to_path(printed.strip_suffix(b"\n").unwrap_or(printed)))
}

/// What a repository that git does not open is reported as.
fn not_open(stderr: &[u8]) -> Stop {
    let mut report = failed("there is no repository to work in", stderr);
    if String::from_utf8_lossy(stderr).contains("not a git repository") {
        report = report.hint("cd into a clone");
    }
    Stop::Failed(report)
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

/// Refuses a bare repository that lies in the work tree of another: it may have come with a pull request, and
/// its configuration names programs to run.
fn refuse_hidden(layout: &Layout) -> Result<(), Stop> {
    for above in layout.git_dir.ancestors().skip(1) {
        let dot_git = above.join(".git");
        if dot_git.exists() && !same(&target(&dot_git), &layout.common_dir) {
            let (bare, above) = (layout.git_dir.display(), above.display());
            let because =
                "it may have come with somebody's commit, and its configuration could run programs";
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

/// Where a `.git` leads: a file of that name says so.
fn target(dot_git: &Path) -> PathBuf {
    let text = fs::read_to_string(dot_git).unwrap_or_default();
    match text.strip_prefix("gitdir:") {
        Some(named) => dot_git.with_file_name("").join(named.trim()),
        None => dot_git.to_owned(),
    }
}
