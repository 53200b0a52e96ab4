//! How history is shown by git's configuration, kept for the next run until anything it depends on changes.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::core::words::KnownConfig;
use crate::git::config::GitConfig;
use crate::git::program::Program;
use crate::git::{Layout, Repo};

/// Nothing else is kept: a password or a webhook may be among the rest, and what is agreed to is asked of git each time.
const KEPT: [&str; 7] = [
    "color.smp",
    "color.ui",
    "core.abbrev",
    "core.commitgraph",
    "core.multipackindex",
    "i18n.commitencoding",
    "i18n.logoutputencoding",
];
/// With one of these git reads something else than files, or other files.
const GIVEN: [&str; 3] = ["GIT_CONFIG", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS"];
const NAMING: [&str; 5] = [
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "HOME",
    "XDG_CONFIG_HOME",
];
/// A file that changed so lately may change again without showing it, where clocks are coarse.
const SETTLED: Duration = Duration::from_secs(2);

/// The answer, if nothing changed since.
pub fn recall(known: KnownConfig, program: &Program, layout: &Layout) -> Option<GitConfig> {
    let seen = seen(program, layout, &known.files, SystemTime::now())?;
    (seen == known.seen).then(|| GitConfig::new(known.entries))
}

impl Repo {
    /// What may be kept of the configuration. `None` where it is kept already, or git must be asked each time.
    pub fn to_keep(&self) -> Option<KnownConfig> {
        if self.known.is_some() {
            return None;
        }
        self.keep(SystemTime::now().checked_sub(SETTLED)?)
    }

    /// The same of files that did not change after `settled`.
    pub(super) fn keep(&self, settled: SystemTime) -> Option<KnownConfig> {
        let program = &self.program;
        let all = self.config().ok()?;
        // Whether an included file counts may depend on the branch, and one that is not there may come.
        if all.any(|key| key == "include.path" || key.starts_with("includeif.")) {
            return None;
        }
        // Cheap, and true of most clones that are just made: no need to ask git.
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

/// The files outside of the repository that git reads: where it looks, and where the answer came from.
fn files(program: &Program) -> Option<Vec<PathBuf>> {
    let mut files = Vec::new();
    for name in ["GIT_CONFIG_SYSTEM", "GIT_CONFIG_GLOBAL"] {
        let output = program.run(["var", name]).ok()?;
        // git fails where there is none to read, and before 2.42, where it does not know the question.
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
        // git names those of the repository from where it stands; they are looked at anyway.
        if file.is_absolute() && !files.contains(&file) {
            files.push(file);
        }
    }
    files.iter().all(|file| file.is_absolute()).then_some(files)
}

/// What git's answer depends on. `None` where it depends on more, or on a file that changed after `settled`.
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

/// How a file looks from outside. `None` where it changed after `settled`.
fn look(file: &Path, settled: SystemTime) -> Option<String> {
    let Ok(data) = fs::metadata(file) else {
        return Some(format!("{file:?} -"));
    };
    let (modified, changed) = (data.modified().ok()?, changed(&data));
    let is_settled = modified <= settled && changed.is_none_or(|(when, _)| when <= settled);
    is_settled.then(|| format!("{file:?} {} {modified:?} {changed:?}", data.len()))
}

/// When a file was changed in any way, renamed too, and which file it is.
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
