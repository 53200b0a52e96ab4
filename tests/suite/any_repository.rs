//! `git smp` works wherever git works, with the same results (F-GIT-3, ENV-01).

mod callers;
mod shapes;

use std::path::{Path, PathBuf};

use crate::diff::{log, range};
use crate::support::{Deploy, Runner, World};

/// A world without pages, after setup in its clone.
fn deploy() -> Deploy {
    World::deploy_like().without_pages().ready()
}

/// Asserts that `diff` is git's list and that `promote` would ship the right commit.
#[track_caller]
fn works(deploy: &Deploy, runner: &Runner<'_>) {
    works_with(deploy, runner, &[]);
}

#[track_caller]
fn works_with(deploy: &Deploy, runner: &Runner<'_>, options: &[&str]) {
    let before = deploy.snapshot();
    let list = log(deploy, &deploy.team, &range(deploy, 2, 5));
    runner.smp(&[options, &["diff"]].concat()).ok().prints(list);
    let plan = runner
        .smp(&[options, &["promote", "-n", "--json"]].concat())
        .ok()
        .json();
    assert_eq!(plan["commit"], deploy.nth(5));
    assert_eq!(plan["targets"][0]["from"], deploy.nth(2));
    assert_eq!(plan["targets"][0]["relation"], "ahead");
    assert_eq!(plan["refusal"], serde_json::Value::Null);
    assert_eq!(plan["ships"].as_array().unwrap().len(), 3);
    assert_eq!(deploy.snapshot(), before);
}

/// Copies the state that `setup` leaves in a clone into another one.
#[track_caller]
fn settle(deploy: &Deploy, folder: &Path) {
    let [main, staging, production] = deploy.urls();
    deploy.git(folder, &["config", "remote.upstream.url", main]);
    deploy.git(folder, &["remote", "add", "staging", staging]);
    deploy.git(folder, &["remote", "add", "production", production]);
    let digest = deploy.git(&deploy.work, &["config", "smp.trusted"]);
    deploy.git(folder, &["config", "smp.trusted", &digest]);
}

/// Clones the main repository with these options, as over the network, and copies the setup there.
#[track_caller]
fn cloned(deploy: &Deploy, name: &str, options: &[&str]) -> PathBuf {
    let folder = deploy.path(name);
    let url = format!("file://{}", deploy.main.display());
    let ours = ["clone", "-q", "--template=", "-o", "upstream"];
    deploy.git(
        "",
        &[&ours[..], options, &[&url, folder.to_str().unwrap()]].concat(),
    );
    settle(deploy, &folder);
    if !options.contains(&"--bare") {
        std::fs::copy(deploy.work.join("smp.toml"), folder.join("smp.toml")).unwrap();
    }
    folder
}
