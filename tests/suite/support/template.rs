//! The repositories of the standard world, made once and copied for each test: starting git for all of them anew took
//! longer than most tests.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use super::deploy::{DEPLOYS, SUBJECTS};
use super::sandbox::World;

/// What was at the place of a world's root when the template was made.
const ROOT: &str = "@ROOT@";

/// Puts the repositories of the standard world into this one; answers with the six commits, oldest first.
#[track_caller]
pub fn copy(world: &World, formats: &[String]) -> Vec<String> {
    static MAKING: Mutex<()> = Mutex::new(());
    let place = place(world, formats);
    let making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    if !place.exists() {
        make(&place, formats);
    }
    drop(making);
    let root = world.path("");
    copy_folder(&place.join("world"), &root);
    for clone in ["team", "work"] {
        let config = root.join(clone).join(".git/config");
        let text = fs::read_to_string(&config).unwrap();
        fs::write(
            config,
            text.replace(ROOT, root.to_str().unwrap().trim_end_matches('/')),
        )
        .unwrap();
    }
    fs::read_to_string(place.join("commits"))
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// Where the template is kept: one for each form of storage, each git, and each version of what makes it.
fn place(world: &World, formats: &[String]) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    [
        include_str!("template.rs"),
        include_str!("sandbox.rs"),
        include_str!("deploy.rs"),
    ]
    .hash(&mut hasher);
    (formats, world.git_version()).hash(&mut hasher);
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("deploy-world-{:016x}", hasher.finish()))
}

/// Makes the template beside its place and moves it there whole, for other test programs may be at it, too.
fn make(place: &Path, formats: &[String]) {
    let mut world = World::new();
    world.init_options = formats.to_vec();
    let dates = SUBJECTS.map(|_| world.later());
    let [main, staging, production] = [("main", 6), ("staging", 5), ("production", 2)]
        .map(|(name, tip)| repository(&world, name, &history(&dates[..tip])));
    let commits = world.git(&main, &["rev-list", "--reverse", "master"]);
    let hashes: Vec<&str> = commits.lines().collect();
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
    for name in ["main.git", "staging.git", "production.git", "team", "work"] {
        copy_folder(&root.join(name), &fresh.path().join("world").join(name));
    }
    fs::write(fresh.path().join("commits"), &commits).unwrap();
    // Somebody else's, made meanwhile, is as good.
    if fs::rename(fresh.path(), place).is_err() {
        assert!(place.exists());
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else if target.parent().unwrap().ends_with("hooks") {
            // A file that this process, with its many threads, has open for writing could be "busy" when git starts it;
            // so it is linked, or, on another file system, copied by a child.
            let copied = || {
                Command::new("cp")
                    .arg(entry.path())
                    .arg(&target)
                    .status()
                    .unwrap()
                    .success()
            };
            assert!(fs::hard_link(entry.path(), &target).is_ok() || copied());
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A bare repository with this history on its master, which may be pushed to over HTTP by everybody whom the host
/// lets in.
fn repository(world: &World, name: &str, history: &str) -> PathBuf {
    let bare = world.bare(name);
    world.git(&bare, &["symbolic-ref", "HEAD", "refs/heads/master"]);
    world.git(&bare, &["config", "http.receivepack", "true"]);
    world
        .runner()
        .cwd(&bare)
        .stdin(history)
        .program("git", &["fast-import", "--quiet"])
        .ok();
    bare
}

/// The first commits of the standard history, as `git fast-import` reads them: the same in every repository.
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
