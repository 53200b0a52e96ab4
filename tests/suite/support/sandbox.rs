//! A world in a folder: its own home, git configuration, clock and repositories, isolated from the machine.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};

use tempfile::TempDir;

use super::committed;
use super::deploy::{Deploy, DeployBuilder};
use super::refs;
use super::run::{Run, Runner};
use super::scratch;

/// The refs and the deploys of every bare repository of a world; equal snapshots mean that nothing changed.
pub type Snapshot = BTreeMap<String, BTreeMap<String, String>>;

/// 2022-02-01 12:00, one minute before the first commit of every world.
const BEGINNING: u64 = 1_643_716_740;

/// An isolated world; it is removed when the test ends.
pub struct World {
    root: TempDir,
    /// The root without symbolic links, as programs see it.
    top: PathBuf,
    env: Vec<(OsString, OsString)>,
    clock: AtomicU64,
    bares: Mutex<Vec<PathBuf>>,
    /// Options for every `git init` and `git clone`, from the storage formats of a variant.
    pub(super) init_options: Vec<String>,
    /// The folder where programs start by default.
    pub(super) cwd: PathBuf,
}

impl World {
    /// Makes an empty world: a home with a git configuration, and no repository.
    pub fn new() -> World {
        let root = scratch::folder();
        let top = root.path().canonicalize().unwrap();
        for folder in ["home/.config", "tmp"] {
            std::fs::create_dir_all(top.join(folder)).unwrap();
        }
        let settings = "[user]\n\tname = Ada Example\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n\
                        [core]\n\tfsync = none\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n";
        std::fs::write(top.join("home/.gitconfig"), settings).unwrap();
        World {
            env: environment(&top),
            cwd: top.clone(),
            top,
            root,
            clock: AtomicU64::new(BEGINNING),
            bares: Mutex::default(),
            init_options: Vec::new(),
        }
    }

    /// Makes the standard deploy world; see [`Deploy`].
    pub fn deploy() -> Deploy {
        World::deploy_like().build()
    }

    /// Returns options for a deploy world.
    pub fn deploy_like() -> DeployBuilder {
        DeployBuilder::default()
    }

    /// Returns a path of this world; an absolute one stays.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.top.join(relative)
    }

    /// Returns the environment variables of every program in this world; there are no others.
    pub fn env(&self) -> Vec<(OsString, OsString)> {
        self.env.clone()
    }

    /// Returns the file of the user's git configuration.
    pub fn git_config(&self) -> PathBuf {
        self.path("home/.gitconfig")
    }

    /// Sets a value in the user's git configuration. Only git knows how to change a section that is there.
    #[track_caller]
    pub fn configure(&self, key: &str, value: &str) {
        let (section, name) = key.rsplit_once('.').unwrap();
        let header = match section.split_once('.') {
            Some((section, own)) => format!("[{section} \"{own}\"]"),
            None => format!("[{section}]"),
        };
        let text = std::fs::read_to_string(self.git_config()).unwrap();
        if text.contains(&header) {
            self.git("", &["config", "--global", key, value]);
            return;
        }
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        let text = format!("{text}{header}\n\t{name} = \"{value}\"\n");
        std::fs::write(self.git_config(), text).unwrap();
    }

    /// Returns a runner with all options.
    pub fn runner(&self) -> Runner<'_> {
        Runner::new(self, self.cwd.clone())
    }

    /// Runs `git smp` with these arguments.
    #[track_caller]
    pub fn smp(&self, args: &[&str]) -> Run {
        self.runner().smp(args)
    }

    /// Sets up the clone and trusts its `smp.toml`.
    #[track_caller]
    pub fn trust(&self) -> Run {
        let run = self.smp(&["setup", "--yes"]);
        run.ok();
        run
    }

    /// Runs git in a folder of this world and returns its stdout, trimmed; a failure fails the test.
    #[track_caller]
    pub fn git(&self, folder: impl AsRef<Path>, args: &[&str]) -> String {
        self.try_git(folder, args).ok().out().trim_end().to_owned()
    }

    /// Runs git in a folder of this world; it may fail.
    #[track_caller]
    pub fn try_git(&self, folder: impl AsRef<Path>, args: &[&str]) -> Run {
        self.runner().cwd(folder).program("git", args)
    }

    /// Makes `NAME.git`, a bare repository that snapshots include.
    #[track_caller]
    pub fn bare(&self, name: &str) -> PathBuf {
        let bare = self.path(format!("{name}.git"));
        self.init(&bare, &["--bare"]);
        self.bares.lock().unwrap().push(bare.clone());
        bare
    }

    /// Adds an existing bare repository to the snapshots.
    pub(super) fn watched(&self, relative: &str) -> PathBuf {
        let bare = self.path(relative);
        self.bares.lock().unwrap().push(bare.clone());
        bare
    }

    /// Returns the version of this world's git.
    pub(super) fn git_version(&self) -> String {
        static VERSION: OnceLock<String> = OnceLock::new();
        VERSION.get_or_init(|| self.git("", &["--version"])).clone()
    }

    /// Returns the folder of git's own programs.
    pub(super) fn git_programs(&self) -> PathBuf {
        static FOLDER: OnceLock<String> = OnceLock::new();
        FOLDER.get_or_init(|| self.git("", &["--exec-path"])).into()
    }

    /// Makes a repository with a work tree.
    #[track_caller]
    pub fn repository(&self, name: &str) -> PathBuf {
        let folder = self.path(name);
        self.init(&folder, &[]);
        folder
    }

    fn init(&self, folder: &Path, options: &[&str]) {
        let folder = folder.to_str().unwrap();
        let ours = self.init_options.iter().map(String::as_str);
        let args: Vec<&str> = ["init", "-q", "--template="]
            .into_iter()
            .chain(options.iter().copied())
            .chain(ours)
            .collect();
        self.git("", &[args.as_slice(), &[folder]].concat());
    }

    /// Clones `source`, a path or an address, into `NAME`, with this name of the remote.
    #[track_caller]
    pub fn clone_of(&self, source: impl AsRef<Path>, name: &str, remote: &str) -> PathBuf {
        let source = source.as_ref();
        let is_address = source.to_str().is_some_and(|text| text.contains("://"));
        let source = if is_address {
            source.to_owned()
        } else {
            self.path(source)
        };
        let folder = self.path(name);
        let ours = self
            .init_options
            .iter()
            .map(String::as_str)
            .filter(|option| !option.contains("object-format"));
        let args: Vec<&str> = ["clone", "-q", "--template=", "-o", remote]
            .into_iter()
            .chain(ours)
            .collect();
        self.git(
            "",
            &[
                args.as_slice(),
                &[source.to_str().unwrap(), folder.to_str().unwrap()],
            ]
            .concat(),
        );
        folder
    }

    /// Commits with this subject, one minute after the last commit; returns the full hash.
    #[track_caller]
    pub fn commit(&self, folder: impl AsRef<Path>, subject: &str) -> String {
        let folder = self.path(folder);
        let log = folder.join("LOG");
        let before = std::fs::read_to_string(&log).unwrap_or_default();
        self.commit_files(folder, subject, &[("LOG", &format!("{before}{subject}\n"))])
    }

    /// Commits these files with this message, one minute after the last commit; returns the full hash.
    #[track_caller]
    pub fn commit_files(
        &self,
        folder: impl AsRef<Path>,
        message: &str,
        files: &[(&str, &str)],
    ) -> String {
        let folder = self.path(folder);
        for (name, content) in files {
            let file = folder.join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, content).unwrap();
        }
        let date = self.later();
        let seconds = date.split(' ').next().unwrap().parse().unwrap();
        let done = committed::in_files(&folder, &self.git_config(), message, seconds);
        if let Some(hash) = done {
            return hash;
        }
        self.git(&folder, &["add", "-A"]);
        let at = self
            .runner()
            .cwd(&folder)
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date);
        at.stdin(message)
            .program(
                "git",
                &["commit", "-q", "--allow-empty", "--no-verify", "-F", "-"],
            )
            .ok();
        let head = std::fs::read_to_string(folder.join(".git/HEAD")).unwrap_or_default();
        let branch = head.trim_end().trim_start_matches("ref: ");
        let known = self.refs(&folder).remove(branch);
        known.unwrap_or_else(|| self.git(&folder, &["rev-parse", "HEAD"]))
    }

    /// Returns the next minute of this world's clock as a git date, for merges and tags in tests.
    pub fn later(&self) -> String {
        format!("{} +0000", self.clock.fetch_add(60, Ordering::SeqCst) + 60)
    }

    /// Writes a hook that git can start at once. A child writes it, because a file that this multi-threaded process has
    /// open for writing could be "busy" when git starts it.
    #[track_caller]
    pub fn hook(&self, repository: impl AsRef<Path>, name: &str, script: &str) {
        let repository = self.path(repository);
        let hooks = if repository.extension().is_some_and(|end| end == "git") {
            repository.join("hooks")
        } else {
            let asked = ["rev-parse", "--path-format=absolute", "--git-path", "hooks"];
            PathBuf::from(self.git(&repository, &asked))
        };
        // A hook that passes pushes on to environments keeps doing so.
        let passes_on =
            std::fs::read_link(hooks.join(name)).is_ok_and(|to| to.ends_with("passes-on"));
        let own = if passes_on { "own-" } else { "" };
        self.executable(hooks.join(format!("{own}{name}")), script);
    }

    /// Writes an executable shell script, for hooks and for programs that replace others on PATH.
    #[track_caller]
    pub fn executable(&self, file: impl AsRef<Path>, script: &str) {
        let file = self.path(file);
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let [text, new] = ["text", "new"].map(|end| file.with_file_name(format!("{name}.{end}")));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&text, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&text, Permissions::from_mode(0o755)).unwrap();
        let [from, to] = [&text, &new].map(|path| path.to_str().unwrap());
        self.runner().program("cp", &[from, to]).ok();
        std::fs::rename(&new, &file).unwrap();
        std::fs::remove_file(&text).unwrap();
    }

    /// Returns the refs of a repository with their objects.
    #[track_caller]
    pub fn refs(&self, repository: impl AsRef<Path>) -> BTreeMap<String, String> {
        let repository = self.path(repository);
        let folder = match repository.join(".git") {
            inside if inside.is_dir() => inside,
            _ => repository.clone(),
        };
        // Reading files avoids a git process, because tests do this often.
        if folder.join("refs/heads").is_dir() {
            return refs::in_files(&folder);
        }
        let lines = self.git(
            repository,
            &["for-each-ref", "--format=%(refname) %(objectname)"],
        );
        lines
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(name, id)| (name.into(), id.into()))
            .collect()
    }

    /// Returns the refs of every bare repository with its deploys so far.
    #[track_caller]
    pub fn snapshot(&self) -> Snapshot {
        let bares = self.bares.lock().unwrap().clone();
        let look = |bare: &PathBuf| {
            let mut all = self.refs(bare);
            all.insert(
                "deploys".into(),
                std::fs::read_to_string(bare.join("deploys")).unwrap_or_default(),
            );
            (
                bare.file_name().unwrap().to_string_lossy().into_owned(),
                all,
            )
        };
        bares.iter().map(look).collect()
    }
}

/// Programs that replace those of the machine: a `man` that has the pages at hand, because the real one searches longer
/// than the rest of a setup takes.
pub const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/support/programs");

/// Returns the only variables that depend on the machine: where programs are.
fn environment(top: &Path) -> Vec<(OsString, OsString)> {
    let ours = Path::new(env!("CARGO_BIN_EXE_git-smp"))
        .parent()
        .unwrap()
        .to_owned();
    let others = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(
        [ours, PROGRAMS.into()]
            .into_iter()
            .chain(std::env::split_paths(&others)),
    )
    .unwrap();
    let own = |name: &str, value: PathBuf| (name.into(), value.into_os_string());
    let text = |name: &str, value: &str| (name.into(), value.into());
    vec![
        ("PATH".into(), path),
        own("HOME", top.join("home")),
        own("XDG_CONFIG_HOME", top.join("home/.config")),
        own("XDG_DATA_HOME", top.join("home/.local/share")),
        own("XDG_CACHE_HOME", top.join("home/.cache")),
        own("TMPDIR", top.join("tmp")),
        own("GIT_CONFIG_GLOBAL", top.join("home/.gitconfig")),
        own("GIT_CEILING_DIRECTORIES", top.to_owned()),
        text("GIT_CONFIG_NOSYSTEM", "1"),
        text("GIT_ATTR_NOSYSTEM", "1"),
        text("GIT_TERMINAL_PROMPT", "0"),
        text("LANG", "C.UTF-8"),
        text("TZ", "UTC"),
    ]
}
