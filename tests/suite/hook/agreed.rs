//! The guard where the work tree's own file does not serve: it goes by what the clone agreed to.

use std::os::unix::fs::symlink;

use crate::support::Deploy;

use super::{freeze, guarded, push, recorded, thaw};

/// Each way in which `smp.toml` does not serve, with the words that say so.
fn spoilt(deploy: &Deploy) -> Vec<(&'static str, &'static str)> {
    let (file, text) = (deploy.work.join("smp.toml"), deploy.toml());
    std::fs::write(deploy.path("kept.toml"), &text).unwrap();
    let link = |target: &std::path::Path| {
        let _ = std::fs::remove_file(&file);
        symlink(target, &file).unwrap();
    };
    let cases: Vec<(&str, &str, Box<dyn Fn()>)> = vec![
        ("missing", "there is no ", Box::new(|| std::fs::remove_file(&file).unwrap())),
        (
            "a conflict",
            "smp.toml:",
            Box::new(|| std::fs::write(&file, format!("<<<<<<< HEAD\n{text}=======\n>>>>>>> topic\n")).unwrap()),
        ),
        ("an unknown key", "smp.toml:", Box::new(|| std::fs::write(&file, format!("colour = 1\n{text}")).unwrap())),
        ("not text", "smp.toml", Box::new(|| std::fs::write(&file, b"\xff\xfe").unwrap())),
        ("a link", "smp.toml", Box::new(|| link(&deploy.path("kept.toml")))),
        ("a broken link", "smp.toml", Box::new(|| link(&deploy.path("nowhere")))),
    ];
    cases
        .into_iter()
        .map(|(name, words, spoil)| {
            spoil();
            is_guarded(deploy, name, words);
            let _ = std::fs::remove_file(&file);
            std::fs::write(&file, &text).unwrap();
            (name, words)
        })
        .collect()
}

/// Production and staging are guarded, and the words say why it goes by what was agreed to.
#[track_caller]
fn is_guarded(deploy: &Deploy, name: &str, words: &str) {
    let before = deploy.snapshot();
    let run = push(deploy, &["production", "HEAD:master"]);
    run.exits(1)
        .says("error: a plain push to production is stopped")
        .says(words)
        .says("goes by what was agreed to here");
    run.says("hint: where smp.toml can be used: git smp promote\n");
    let run = push(deploy, &["staging", "HEAD:master"]);
    run.exits(1).says("error: staging is frozen").says(words).says("goes by what was agreed to here");
    let run = push(deploy, &["upstream", ":refs/smp/record"]);
    run.exits(1).says("deletes the record of the team").says(words);
    assert_eq!(deploy.snapshot(), before, "{name}");
    push(deploy, &["--quiet", "upstream", "HEAD:refs/heads/topic"]).ok().never_shows("warning:");
    deploy.git(&deploy.main, &["update-ref", "-d", "refs/heads/topic"]);
}

#[test]
fn a_file_that_does_not_serve_opens_no_door_that_was_closed() {
    let deploy = recorded();
    freeze(&deploy);
    deploy.smp(&["status"]).ok();
    assert_eq!(spoilt(&deploy).len(), 6);
    // The way past it stays, and so does a thaw.
    std::fs::remove_file(deploy.work.join("smp.toml")).unwrap();
    push(&deploy, &["--no-verify", "production", "HEAD:past"]).ok();
    thaw(&deploy);
    push(&deploy, &["--quiet", "staging", "HEAD:master"]).ok().never_shows("warning:");
}

#[test]
fn on_an_old_branch_without_the_file_production_is_guarded() {
    let deploy = guarded();
    deploy.git(&deploy.work, &["checkout", "-q", "-b", "with-file"]);
    deploy.git(&deploy.work, &["add", "smp.toml"]);
    deploy.git(&deploy.work, &["commit", "-q", "-m", "Add smp.toml"]);
    deploy.git(&deploy.work, &["checkout", "-q", deploy.nth(3)]);
    assert!(!deploy.work.join("smp.toml").exists());
    push(&deploy, &["production", "HEAD:master"]).exits(1).says("error: a plain push to production is stopped");
    // In a linked work tree that lies there as well.
    let linked = deploy.path("linked");
    deploy.git(&deploy.work, &["worktree", "add", "-q", "--detach", linked.to_str().unwrap(), deploy.nth(1)]);
    let run = deploy.try_git(&linked, &["push", "production", "HEAD:refs/heads/one"]);
    run.exits(1).says("error: a plain push to production is stopped").says("goes by what was agreed to here");
}

#[test]
fn an_older_file_that_names_other_places_takes_none_of_those_that_were_agreed_to() {
    let deploy = recorded();
    freeze(&deploy);
    let elsewhere = deploy.bare("elsewhere");
    let text = deploy.toml().replace(deploy.urls()[2], elsewhere.to_str().unwrap());
    deploy.write_toml(&text.replace("remote = \"production\"", ""));
    let run = push(&deploy, &["production", "HEAD:master"]);
    run.exits(1).says("error: a plain push to production is stopped");
    // The place that this file calls production is guarded, too, for it may be the new one.
    push(&deploy, &[elsewhere.to_str().unwrap(), "HEAD:master"]).exits(1).says("error: a plain push to production");
    deploy.write_toml(&text.replace("promotes = \"staging\"\n", ""));
    let run = push(&deploy, &[deploy.urls()[2], "HEAD:master"]);
    run.exits(1).says("error: a plain push to production is stopped").says("smp.toml changed since it was agreed to");
    push(&deploy, &["staging", "HEAD:master"])
        .exits(1)
        .says("error: staging is frozen")
        .says("goes by what was agreed");
}

#[test]
fn a_configuration_that_was_named_and_is_gone_is_guarded_by_what_was_agreed_to() {
    let deploy = guarded();
    deploy.smp(&["setup", "--no-hook"]).ok();
    let named = deploy.path("team.toml");
    std::fs::rename(deploy.work.join("smp.toml"), &named).unwrap();
    deploy.smp(&["--config", named.to_str().unwrap(), "setup", "--yes", "--hook"]).ok();
    std::fs::remove_file(&named).unwrap();
    push(&deploy, &["production", "HEAD:master"]).exits(1).says("error: a plain push to production is stopped");
}
