//! The repositories of the standard world, made once and copied for each test, because starting git for each takes
//! longer than most tests; and the same after setup and agreement.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use sha2::{Digest, Sha256};

use super::deploy::{DEPLOYS, Deploy, DeployBuilder, PASSES_ON, SUBJECTS};
use super::run::Runner;
use super::sandbox::World;

/// The placeholder for a world's root in a template.
pub const ROOT: &str = "@ROOT@";

/// The placeholders for the addresses of servers that belong to one world.
pub const SERVERS: [&str; 4] = ["@SERVER@", "@SERVER2@", "@SERVER3@", "@SERVER4@"];

/// The placeholder for the digest of the agreed values.
const DIGEST: &str = "@DIGEST@";

const FOLDERS: [&str; 5] = ["main.git", "staging.git", "production.git", "team", "work"];

/// A template for each kind of world: the first test makes it, and others wait for it.
type Templates = Mutex<BTreeMap<String, Arc<OnceLock<Arc<Template>>>>>;

/// Folders and their files. The files are few and small, because each costs time in every world.
pub struct Template {
    folders: Vec<PathBuf>,
    files: Vec<(PathBuf, Vec<u8>)>,
    /// Hooks, as links to files on disk: a file that this multi-threaded process has open for writing could be "busy"
    /// when git starts it.
    hooks: Vec<(PathBuf, PathBuf)>,
    /// The commits, oldest first.
    commits: Vec<String>,
}

/// The differences between two worlds of one kind: a placeholder in the template, and this world's value.
pub type Own = Vec<(&'static str, String)>;

/// Returns the repositories of the standard world in these storage formats.
#[track_caller]
pub fn fresh(formats: &[String]) -> Arc<Template> {
    of_kind(format!("{formats:?}"), || {
        let place = place(formats);
        if !place.exists() {
            make(&place, formats);
        }
        let commits = fs::read_to_string(place.join("commits")).unwrap();
        let mut template = Template::empty(commits.lines().map(str::to_owned).collect());
        let top = place.join("world");
        for folder in FOLDERS {
            template.read(&top, &top.join(folder), &Vec::new());
        }
        template
    })
}

/// Returns the repositories of such a world after `git smp setup --yes`.
#[track_caller]
pub fn agreed(builder: &DeployBuilder) -> Arc<Template> {
    let servers = builder.servers();
    of_kind(named(format!("{builder:?}"), &servers), || {
        let deploy = builder.clone().build();
        deploy.trust();
        Template::of(&deploy, &builder.formats, servers)
    })
}

/// Returns the repositories of such a world after this story. It must make no hooks, and "just now" in it means the
/// first run.
#[track_caller]
pub fn after(builder: &DeployBuilder, name: &str, story: impl FnOnce(&Deploy)) -> Arc<Template> {
    of_kind(format!("{builder:?} {name}"), || {
        let deploy = builder.clone().ready();
        story(&deploy);
        Template::of(&deploy, &builder.formats, Own::new())
    })
}

/// Agrees to the present `smp.toml` like `git smp setup --yes`. It runs once for all worlds with equal clones and
/// files; then its files in the clone are copied. A setup that writes elsewhere too runs for each. `others` are
/// addresses of this world only.
#[track_caller]
pub fn agree(deploy: &Deploy, runner: &Runner<'_>, others: Own) {
    let mut own = deploy.own();
    own.extend(others);
    let before = Template::of_clone(deploy, &own);
    let outside = || {
        let mut objects = Template::empty(Vec::new());
        objects.read(
            &deploy.path(""),
            &deploy.work.join(".git/objects"),
            &Own::new(),
        );
        (deploy.snapshot(), objects.files)
    };
    let record = deploy.refs(&deploy.main).remove("refs/smp/record");
    let mut is_done = false;
    let template = of_kind(format!("{:?} {record:?}", before.files), || {
        let there = outside();
        runner.smp(&["setup", "--yes"]).ok();
        is_done = true;
        if there != outside() {
            return Template::empty(Vec::new());
        }
        let mut after = Template::of_clone(deploy, &own);
        // The digest has the same name before and after.
        let digest = Path::new("work/.git/config");
        after
            .files
            .retain(|file| file.0 == digest || !before.files.contains(file));
        after
    });
    match template.files.is_empty() {
        true if is_done => {}
        true => drop(runner.smp(&["setup", "--yes"]).ok()),
        false => drop(template.copy(deploy, own)),
    }
}

fn of_kind(kind: String, make: impl FnOnce() -> Template) -> Arc<Template> {
    static ALL: Templates = Mutex::new(BTreeMap::new());
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    let template = all.entry(kind).or_default().clone();
    drop(all);
    template.get_or_init(|| Arc::new(make())).clone()
}

impl Template {
    /// Builds a template of a world after its setup.
    fn of(deploy: &Deploy, formats: &[String], servers: Own) -> Template {
        let mut own = [deploy.own(), servers].concat();
        own.push((DIGEST, deploy.git(&deploy.work, &["config", "smp.trusted"])));
        let mut template = Template::empty(deploy.commits.clone());
        for folder in FOLDERS {
            template.read(&deploy.path(""), &deploy.path(folder), &own);
        }
        // This world's hook files disappear with it; the other template has the same ones.
        template.hooks.clone_from(&fresh(formats).hooks);
        template
    }

    /// Builds a template of a clone without its objects, with placeholders for own values. Binary files are left out.
    fn of_clone(deploy: &Deploy, own: &Own) -> Template {
        let mut own = own.clone();
        let config = deploy.work.join(".git/config");
        let config = fs::read_to_string(config).unwrap();
        let digest = config
            .lines()
            .find_map(|line| line.trim().strip_prefix("trusted = "));
        own.extend(digest.map(|digest| (DIGEST, digest.to_owned())));
        let mut template = Template::empty(deploy.commits.clone());
        template.read(&deploy.path(""), &deploy.work, &own);
        template.folders.retain(|folder| folder.ends_with("smp"));
        template.files.retain(|(file, content)| {
            !file.starts_with("work/.git/objects") && std::str::from_utf8(content).is_ok()
        });
        template.hooks.clear();
        template
    }

    fn empty(commits: Vec<String>) -> Template {
        Template {
            folders: Vec::new(),
            files: Vec::new(),
            hooks: Vec::new(),
            commits,
        }
    }

    /// Adds a folder below `top` with its content, with placeholders for a world's own values.
    fn read(&mut self, top: &Path, folder: &Path, own: &Own) {
        let relative = |path: &Path| path.strip_prefix(top).unwrap().to_owned();
        self.folders.push(relative(folder));
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                self.read(top, &path, own);
            } else if folder.ends_with("hooks") {
                self.hooks.push((relative(&path), path));
            } else {
                let content = match String::from_utf8(fs::read(&path).unwrap()) {
                    Ok(text) => named(text, own).into_bytes(),
                    Err(bytes) => bytes.into_bytes(),
                };
                self.files.push((relative(&path), content));
            }
        }
    }

    /// Copies the template into this world; returns the six commits, oldest first.
    #[track_caller]
    pub fn copy(&self, world: &World, mut own: Own) -> Vec<String> {
        let root = world.path("");
        own.extend(self.digest(&own));
        for folder in &self.folders {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        for (file, content) in &self.files {
            let content = match std::str::from_utf8(content) {
                Ok(text) => with(text, &own).into_bytes(),
                Err(_) => content.clone(),
            };
            fs::write(root.join(file), content).unwrap();
        }
        for (hook, file) in &self.hooks {
            symlink(file, root.join(hook)).unwrap();
        }
        self.commits.clone()
    }

    /// Returns the digest of the agreed values in `work` with a world's own addresses, as `setup` computes it.
    fn digest(&self, own: &Own) -> Option<(&'static str, String)> {
        let kept = Path::new("work/.git/smp/trusted");
        let (_, kept) = self.files.iter().find(|(file, _)| file == kept)?;
        let kept = with(std::str::from_utf8(kept).unwrap(), own);
        let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
        let mut digest = Sha256::new();
        digest.update("git-smp trust 1\n");
        for pair in kept["values"].as_array().unwrap() {
            let [key, value] = [0, 1].map(|at| pair[at].as_str().unwrap());
            digest.update(format!("{} {key} {} {value}\n", key.len(), value.len()));
        }
        let digits = digest
            .finalize()
            .into_iter()
            .map(|byte| format!("{byte:02x}"));
        Some((DIGEST, format!("sha256:{}", digits.collect::<String>())))
    }
}

/// Puts the placeholders into a file of a world.
fn named(text: String, own: &Own) -> String {
    own.iter()
        .fold(text, |text, (name, value)| text.replace(value, name))
}

/// Replaces the placeholders in a file of a template.
fn with(text: &str, own: &Own) -> String {
    own.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(name, value)
    })
}

/// Returns the folder of the template: one for each storage format, git version, and version of this code.
fn place(formats: &[String]) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    [
        include_str!("template.rs"),
        include_str!("sandbox.rs"),
        include_str!("deploy.rs"),
    ]
    .hash(&mut hasher);
    (formats, World::new().git_version()).hash(&mut hasher);
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("deploy-world-{:016x}", hasher.finish()))
}

/// Makes the template in another folder and moves it to its place at once, because other test programs may use it.
fn make(place: &Path, formats: &[String]) {
    let mut world = World::new();
    world.init_options = formats.to_vec();
    let dates = SUBJECTS.map(|_| world.later());
    let [main, staging, production] = [("main", 6), ("staging", 5), ("production", 2)]
        .map(|(name, tip)| repository(&world, name, &history(&dates[..tip])));
    let commits = world.git(&main, &["rev-list", "--reverse", "master"]);
    let hashes: Vec<&str> = commits.lines().collect();
    world.hook(&staging, "passes-on", PASSES_ON);
    for (environment, hash) in [(&staging, hashes[4]), (&production, hashes[1])] {
        world.hook(environment, "post-receive", DEPLOYS);
        for file in ["deployed", "deploys"] {
            fs::write(environment.join(file), format!("{hash}\n")).unwrap();
        }
    }
    let root = world.path("");
    let fresh = tempfile::Builder::new()
        .prefix("new-")
        .tempdir_in(place.parent().unwrap())
        .unwrap();
    for name in ["team", "work"] {
        let config = world.clone_of(&main, name, "upstream").join(".git/config");
        let text = fs::read_to_string(&config).unwrap();
        fs::write(
            config,
            text.replace(root.to_str().unwrap().trim_end_matches('/'), ROOT),
        )
        .unwrap();
    }
    fs::create_dir(fresh.path().join("world")).unwrap();
    let mut copy = Command::new("cp");
    copy.arg("-R").args(FOLDERS.map(|name| root.join(name)));
    assert!(
        copy.arg(fresh.path().join("world"))
            .status()
            .unwrap()
            .success()
    );
    fs::write(fresh.path().join("commits"), &commits).unwrap();
    // A template that another program made meanwhile is equal.
    if fs::rename(fresh.path(), place).is_err() {
        assert!(place.exists());
    }
}

/// Makes a bare repository with this history on its master that accepts pushes over HTTP.
fn repository(world: &World, name: &str, history: &str) -> PathBuf {
    let bare = world.bare(name);
    world.git(&bare, &["symbolic-ref", "HEAD", "refs/heads/master"]);
    world.git(&bare, &["config", "http.receivepack", "true"]);
    world
        .runner()
        .cwd(&bare)
        .stdin(history)
        .program(
            "git",
            &["-c", "fastimport.unpackLimit=1", "fast-import", "--quiet"],
        )
        .ok();
    bare
}

/// Returns the first commits of the standard history for `git fast-import`: the same in every repository.
fn history(dates: &[String]) -> String {
    let commit = |(date, subject): (&String, &&str)| {
        let text = format!("{subject}\n");
        format!(
            "commit refs/heads/master\nauthor Ada Example <ada@example.com> {date}\n\
             committer Ada Example <ada@example.com> {date}\ndata {0}\n{text}M 644 inline LOG\ndata {0}\n{text}\n",
            text.len(),
        )
    };
    dates.iter().zip(&SUBJECTS).map(commit).collect()
}
