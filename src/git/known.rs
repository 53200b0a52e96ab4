//! git's settings for the display of history, kept for the next run until anything that they depend on changes.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::core::words::KnownConfig;
use crate::git::config::GitConfig;
use crate::git::program::Program;
use crate::git::{Layout, Repo};

/// The only keys that are kept: the rest may hold a password or a webhook, and what is agreed to is read each time.
const KEPT: [&str; 7] = [
    "color.smp",
    "color.ui",
    "core.abbrev",
    "core.commitgraph",
    "core.multipackindex",
    "i18n.commitencoding",
    "i18n.logoutputencoding",
];
/// With one of these variables, git reads its configuration from other files, or not only from files.
const GIVEN: [&str; 3] = ["GIT_CONFIG", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS"];
const NAMING: [&str; 5] = [
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "HOME",
    "XDG_CONFIG_HOME",
];
/// A file that changed this recently may change again without a new time, because clocks can be coarse.
const SETTLED: Duration = Duration::from_secs(2);

/// Returns the kept settings, if nothing has changed since.
pub fn recall(known: KnownConfig, program: &Program, layout: &Layout) -> Option<GitConfig> {
    let seen = seen(program, layout, &known.files, SystemTime::now())?;
    let entries = known.entries;
    (seen == known.seen).then_some(GitConfig { entries })
}

impl Repo {
    /// Returns the settings to keep; `None` if they are kept already, or if git must be asked each time.
    pub fn to_keep(&self) -> Option<KnownConfig> {
        if self.known.is_some() {
            return None;
        }
        self.keep(SystemTime::now().checked_sub(SETTLED)?)
    }

    /// Returns the settings to keep, if no file changed after `settled`.
    pub(super) fn keep(&self, settled: SystemTime) -> Option<KnownConfig> {
        let program = &self.program;
        let all = self.config().ok()?;
        // An included file may depend on the branch, and a missing one may appear.
        if all.any(|key| key == "include.path" || key.starts_with("includeif.")) {
            return None;
        }
        // A cheap check that ends here for most new clones, before git is asked.
        seen(program, &self.layout, &[], settled)?;
        let files = files(program)?;
        let before = seen(program, &self.layout, &files, settled)?;
        let now = GitConfig::parse(&program.read_config(&[]).ok()?);
        let kept = KEPT.iter().flat_map(|key| {
            let values = now.all(key).into_iter();
            values.map(|value| ((*key).to_owned(), value.to_owned()))
        });
        let entries = kept.collect();
        let after = seen(program, &self.layout, &files, settled)?;
        (before == after).then_some(KnownConfig {
            files,
            seen: after,
            entries,
        })
    }
}

/// Returns the files outside of the repository that git reads: where it looks, and where it found values.
fn files(program: &Program) -> Option<Vec<PathBuf>> {
    let mut files = Vec::new();
    for name in ["GIT_CONFIG_SYSTEM", "GIT_CONFIG_GLOBAL"] {
        let output = program.run(["var", name]).ok()?;
        // git fails if there is no such file. Before 2.42, it does not know the question and fails, too.
        let is_off =
            name == "GIT_CONFIG_SYSTEM" && program.variable("GIT_CONFIG_NOSYSTEM").is_some();
        if !output.status.success() && !is_off {
            return None;
        }
        let text = String::from_utf8(output.stdout).ok()?;
        files.extend(text.lines().map(PathBuf::from));
    }
    let origins = program
        .read_config(&["--show-origin", "--name-only"])
        .ok()?;
    let origins = String::from_utf8(origins).ok()?;
    for origin in origins
        .split('\0')
        .step_by(2)
        .filter(|origin| !origin.is_empty())
    {
        let file = PathBuf::from(origin.strip_prefix("file:")?);
        // git names the repository's own files by relative paths. `seen` includes them anyway.
        if file.is_absolute() && !files.contains(&file) {
            files.push(file);
        }
    }
    files.iter().all(|file| file.is_absolute()).then_some(files)
}

/// Returns what git's answer depends on; `None` if it depends on more, or on a file that changed after `settled`.
fn seen(
    program: &Program,
    layout: &Layout,
    files: &[PathBuf],
    settled: SystemTime,
) -> Option<Vec<String>> {
    if GIVEN.iter().any(|name| program.variable(name).is_some()) {
        return None;
    }
    let own = [
        program.path().to_owned(),
        layout.common_dir.join("config"),
        layout.git_dir.join("config.worktree"),
    ];
    let variables = NAMING
        .iter()
        .map(|name| Some(format!("{name}={:?}", program.variable(name))));
    let files = own.iter().chain(files).map(|file| look(file, settled));
    variables.chain(files).collect()
}

/// Returns what identifies the state of a file; `None` if it changed after `settled`.
fn look(file: &Path, settled: SystemTime) -> Option<String> {
    let Ok(data) = fs::metadata(file) else {
        return Some(format!("{file:?} -"));
    };
    let (modified, changed) = (data.modified().ok()?, changed(&data));
    let is_settled = modified <= settled && changed.is_none_or(|(when, _)| when <= settled);
    is_settled.then(|| format!("{file:?} {} {modified:?} {changed:?}", data.len()))
}

/// Returns the time of a file's last change of any kind, even a new name, and which file it is.
#[cfg(unix)]
fn changed(data: &Metadata) -> Option<(SystemTime, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    let (seconds, rest) = (
        data.ctime().try_into().ok()?,
        data.ctime_nsec().try_into().ok()?,
    );
    let when = SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, rest))?;
    Some((when, data.ino()))
}

#[cfg(not(unix))]
fn changed(_data: &Metadata) -> Option<(SystemTime, u64)> {
    None
}
