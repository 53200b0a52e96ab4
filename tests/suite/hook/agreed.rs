//! The guard without a usable `smp.toml` in the work tree: it follows the configuration that the clone agreed to.

use std::os::unix::fs::symlink;

use crate::sample::sample;
use crate::support::Deploy;

use super::{freeze, guarded, push, recorded, thaw};

/// Replaces `smp.toml` by something that is not a file with this text.
fn spoil(deploy: &Deploy, how: &str, text: &str) {
    let file = deploy.work.join("smp.toml");
    let _ = std::fs::remove_file(&file);
    let link = |target: &str| symlink(deploy.path(target), &file).unwrap();
    match how {
        "missing" => {}
        "a conflict" => deploy.write_toml(&format!("<<<<<<< HEAD\n{text}=======\n>>>>>>> topic\n")),
        "an unknown key" => deploy.write_toml(&format!("colour = 1\n{text}")),
        "not text" => std::fs::write(&file, b"\xff\xfe").unwrap(),
        "a link" => link("kept.toml"),
        "a link to nowhere" => link("nowhere"),
        "a folder" => std::fs::create_dir(&file).unwrap(),
        other => panic!("nobody knows how to do {other}"),
    }
}

/// Asserts that production and staging are guarded, and that the message says why the agreed values apply.
#[track_caller]
fn is_guarded(deploy: &Deploy, name: &str, words: &str) {
    let before = deploy.snapshot();
    let run = push(deploy, &["production", "HEAD:master"]);
    run.exits(1)
        .says("error: a plain git push to production is stopped")
        .says(words)
        .says("so this clone uses the last values that it agreed to");
    run.says("hint: once smp.toml can be used: git smp promote\n");
    let run = push(deploy, &["staging", "HEAD:master"]);
    run.exits(1)
        .says("error: staging is frozen")
        .says(words)
        .says("so this clone uses the last values that it agreed to");
    let run = push(deploy, &["upstream", ":refs/smp/record"]);
    run.exits(1).says("deletes the team's record").says(words);
    assert_eq!(deploy.snapshot(), before, "{name}");
    push(deploy, &["--quiet", "upstream", "HEAD:refs/heads/topic"])
        .ok()
        .never_shows("warning:");
    deploy.git(&deploy.main, &["update-ref", "-d", "refs/heads/topic"]);
}

#[test]
fn a_file_that_does_not_serve_opens_no_door_that_was_closed() {
    let deploy = recorded();
    freeze(&deploy);
    deploy.smp(&["status"]).ok();
    let text = deploy.toml();
    std::fs::write(deploy.path("kept.toml"), &text).unwrap();
    for how in sample(
        3,
        [
            "missing",
            "a conflict",
            "an unknown key",
            "not text",
            "a link",
            "a link to nowhere",
        ],
    ) {
        spoil(&deploy, how, &text);
        let words = if how == "missing" {
            "there is no "
        } else {
            "smp.toml"
        };
        is_guarded(&deploy, how, words);
    }
    // `--no-verify` still works, and a thaw still frees staging.
    spoil(&deploy, "a folder", &text);
    push(&deploy, &["--no-verify", "production", "HEAD:past"]).ok();
    thaw(&deploy);
    push(&deploy, &["--quiet", "staging", "HEAD:master"])
        .ok()
        .never_shows("warning:");
}

#[test]
fn on_an_old_branch_without_the_file_production_is_guarded() {
    let deploy = guarded();
    deploy.git(&deploy.work, &["checkout", "-q", "-b", "with-file"]);
    deploy.git(&deploy.work, &["add", "smp.toml"]);
    deploy.git(&deploy.work, &["commit", "-q", "-m", "Add smp.toml"]);
    deploy.git(&deploy.work, &["checkout", "-q", deploy.nth(3)]);
    assert!(!deploy.work.join("smp.toml").exists());
    push(&deploy, &["production", "HEAD:master"])
        .exits(1)
        .says("error: a plain git push to production is stopped");
    // A linked work tree behaves in the same way.
    let linked = deploy.path("linked");
    deploy.git(
        &deploy.work,
        &[
            "worktree",
            "add",
            "-q",
            "--detach",
            linked.to_str().unwrap(),
            deploy.nth(1),
        ],
    );
    let run = deploy.try_git(&linked, &["push", "production", "HEAD:refs/heads/one"]);
    run.exits(1)
        .says("error: a plain git push to production is stopped")
        .says("so this clone uses the last values that it agreed to");
}

#[test]
fn an_older_file_that_names_other_places_takes_none_of_those_that_were_agreed_to() {
    let deploy = recorded();
    freeze(&deploy);
    let elsewhere = deploy.bare("elsewhere");
    let text = deploy
        .toml()
        .replace(deploy.urls()[2], elsewhere.to_str().unwrap());
    deploy.write_toml(&text.replace("remote = \"production\"", ""));
    let run = push(&deploy, &["production", "HEAD:master"]);
    run.exits(1)
        .says("error: a plain git push to production is stopped");
    // The address that this file calls production is guarded, too, because it may be the new one.
    push(&deploy, &[elsewhere.to_str().unwrap(), "HEAD:master"])
        .exits(1)
        .says("error: a plain git push to production");
    deploy.write_toml(&text.replace("promotes = \"staging\"\n", ""));
    let run = push(&deploy, &[deploy.urls()[2], "HEAD:master"]);
    run.exits(1)
        .says("error: a plain git push to production is stopped")
        .says("smp.toml changed since it was agreed to");
    push(&deploy, &["staging", "HEAD:master"])
        .exits(1)
        .says("error: staging is frozen")
        .says("so this clone uses the last values that it agreed to");
}

#[test]
fn a_configuration_that_was_named_and_is_gone_is_guarded_by_what_was_agreed_to() {
    let deploy = guarded();
    deploy.smp(&["setup", "--no-hook"]).ok();
    let named = deploy.path("team.toml");
    std::fs::rename(deploy.work.join("smp.toml"), &named).unwrap();
    deploy
        .smp(&[
            "--config",
            named.to_str().unwrap(),
            "setup",
            "--yes",
            "--hook",
        ])
        .ok();
    std::fs::remove_file(&named).unwrap();
    push(&deploy, &["production", "HEAD:master"])
        .exits(1)
        .says("error: a plain git push to production is stopped");
}
