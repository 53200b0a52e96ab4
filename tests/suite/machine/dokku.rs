//! A Dokku server that answers for itself, over the same ssh as the pushes.

use crate::promote::promote;
use crate::support::{Deploy, Dokku, Transcript, World};

const RUNNING: &str = "[environments.staging.running]\ndokku = \"staging\"\n\n[environments.production.running]\ndokku = \"production\"\n";

fn server(version: Dokku) -> Deploy {
    let world = World::deploy_like().over_ssh().without_pages();
    let deploy = world.toml(RUNNING).build();
    deploy.answers_as_dokku(version);
    deploy.trust();
    deploy
}

/// Adds a branch `main`.
fn has_main_as_well(deploy: &Deploy, bare: &std::path::Path) {
    deploy.git(
        bare,
        &["update-ref", "refs/heads/main", "refs/heads/master"],
    );
}

fn finding(deploy: &Deploy, index: usize) -> serde_json::Value {
    let status = deploy.smp(&["status", "--json"]).ok().json();
    status["environments"][index]["finding"].clone()
}

#[test]
fn the_server_s_word_is_believed_whatever_its_version() {
    for version in [Dokku::New, Dokku::Old] {
        let deploy = server(version);
        let status = deploy.smp(&["status", "--json"]).ok().json();
        let production = &status["environments"][1];
        assert_eq!(production["source"], "api");
        assert_eq!(production["running"], deploy.nth(2));
        assert_eq!(production["finding"], serde_json::Value::Null);
        promote(&deploy, &[]).ok().says("done: production runs");
        promote(&deploy, &[]).ok().says("nothing to promote");
        let asked = deploy.ssh().asked();
        assert!(
            asked.iter().all(|line| !line.contains("git:set")),
            "{asked:?}"
        );
    }
}

#[test]
fn a_branch_that_the_server_does_not_deploy_is_named_with_what_mends_it() {
    let deploy = server(Dokku::New);
    has_main_as_well(&deploy, &deploy.production);
    deploy.dokku_keeps("production", "branch", "main");
    let before = deploy.snapshot();
    assert_eq!(finding(&deploy, 1), "wrong-branch");
    let run = promote(&deploy, &[]);
    run.exits(1)
        .says("error: production: Dokku deploys its branch main, not master")
        .says(" git:set production deploy-branch master\n")
        .says("set environments.production.branch in smp.toml");
    deploy
        .smp(&["setup", "--check"])
        .exits(1)
        .prints_among("Dokku deploys its branch main, not master");
    assert_eq!(deploy.snapshot(), before);
    deploy.dokku_keeps("staging", "branch", "main");
    has_main_as_well(&deploy, &deploy.staging);
    deploy
        .smp(&["stage", "--yes"])
        .exits(1)
        .says(" git:set staging deploy-branch master\n");
}

#[test]
fn what_is_being_deployed_or_failed_is_told() {
    let deploy = server(Dokku::New);
    deploy.dokku_keeps("production", "locked", "yes");
    assert_eq!(finding(&deploy, 1), "deploying");
    let before = deploy.snapshot();
    let unlock = "if no deploy is in progress there, remove the lock: ssh ";
    promote(&deploy, &[])
        .exits(1)
        .says("git smp status")
        .says(unlock)
        .says(" apps:unlock production\n");
    deploy
        .smp(&["status"])
        .ok()
        .prints_among(" apps:unlock production");
    assert_eq!(deploy.snapshot(), before);
    deploy.dokku_keeps("production", "locked", "broken");
    promote(&deploy, &[])
        .exits(1)
        .says("because: sudo: no tty present\n")
        .says(" apps:locked production\n");
    assert_eq!(deploy.snapshot(), before);
    deploy.dokku_keeps("production", "locked", "");
    let failed = r#"[{"id":"01j8","app":"production","kind":"build","pid":7,"started_at":"2026-04-30T13:50:00Z","status":"failed",
        "source":"git-hook","exit_code":1,"display_status":"failed","duration":"1m14s","log_path":"/x.log"}]"#;
    deploy.dokku_keeps("production", "builds", &failed.replace("failed", "running"));
    promote(&deploy, &[])
        .exits(1)
        .says("a deploy is in progress there\n");
    deploy.dokku_keeps("production", "builds", failed);
    assert_eq!(finding(&deploy, 1), "release-failed");
    deploy
        .smp(&["status"])
        .ok()
        .prints_among(" builds:output production 01j8\n");
    promote(&deploy, &[]).ok().says("done: production runs");
    let rollback = deploy.smp(&["rollback", "-n", "--to", deploy.nth(2)]);
    rollback.ok().never_shows("no known release");
}

#[test]
fn an_app_that_is_stopped_is_started_by_a_deploy_or_by_hand() {
    for version in [Dokku::New, Dokku::Old] {
        let deploy = server(version);
        deploy.dokku_keeps("production", "running", "false");
        assert_eq!(finding(&deploy, 1), "stopped");
        let short = &deploy.nth(2)[..8];
        let stopped = format!("Dokku has {short} deployed there, and does not run it");
        let status = deploy.smp(&["status"]);
        status
            .ok()
            .prints_among(&stopped)
            .prints_among(" ps:start production");
        // A deploy is live only when it runs.
        let run = promote(&deploy, &["--timeout", "1"]);
        run.exits(4)
            .says(&format!(
                "production is stopped, with {short} deployed: this deploy should start it"
            ))
            .says("pushed, but not live: production does not report ")
            .says("it reports no usable commit (production is stopped: Dokku has ");
        assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
        // The pushed commit only has to be started.
        let run = promote(&deploy, &[]);
        run.exits(1)
            .says("error: production is stopped: Dokku has ")
            .says(" ps:start production\n");
        deploy.dokku_keeps("production", "running", "true");
        promote(&deploy, &[]).ok();
        assert_eq!(finding(&deploy, 1), serde_json::Value::Null);
    }
}

#[test]
fn a_server_that_builds_and_does_not_deploy_is_told_to_deploy() {
    let deploy = server(Dokku::New);
    let before = deploy.snapshot();
    deploy.dokku_keeps("production", "skip", "true");
    assert_eq!(finding(&deploy, 1), "unknown-commit");
    promote(&deploy, &[])
        .exits(1)
        .says("Dokku builds what is pushed to production, and does not deploy it")
        .says("let it deploy what it builds: ssh ")
        .says(" ps:set production skip-deploy false\n");
    assert_eq!(deploy.snapshot(), before);
    // If it is set during the push, or the server does not report it, the words of the build decide.
    deploy.dokku_keeps("production", "skip", "false");
    deploy.dokku_keeps("production", "sha", deploy.nth(2));
    for (name, commands) in [
        (
            "dokku-skip-deploy",
            [
                " ps:set production skip-deploy false\n",
                " ps:rebuild production\n",
            ],
        ),
        (
            "dokku-other-branch",
            [
                " git:set production deploy-branch master\n",
                " ps:rebuild production\n",
            ],
        ),
    ] {
        let Transcript { says, text, .. } = Transcript::named(name);
        deploy.host_says(&deploy.production, &text);
        let run = promote(&deploy, &[]);
        run.exits(4).says(&says);
        for command in commands {
            run.says(command);
        }
        deploy.git(
            &deploy.production,
            &["update-ref", "refs/heads/master", deploy.nth(2)],
        );
    }
}

#[test]
fn a_staging_that_is_stopped_is_not_promoted() {
    let deploy = server(Dokku::New);
    deploy.dokku_keeps("staging", "running", "false");
    let before = deploy.snapshot();
    promote(&deploy, &[])
        .exits(1)
        .says("error: staging is stopped: Dokku has ")
        .says(" ps:start staging\n");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_server_without_the_app_says_so() {
    let deploy = server(Dokku::New);
    let text = deploy
        .toml()
        .replace("dokku = \"production\"", "dokku = \"nobody\"");
    deploy.write_toml(&text);
    let run = deploy.smp(&["setup", "--yes"]);
    run.exits(1)
        .prints_among("App nobody does not exist")
        .says(" git:report nobody\n");
    promote(&deploy, &[])
        .exits(1)
        .says("App nobody does not exist")
        .never_shows("--first");
    deploy
        .smp(&["status"])
        .ok()
        .prints_among("App nobody does not exist");
}

#[test]
fn a_rollback_is_a_push() {
    let deploy = server(Dokku::New);
    promote(&deploy, &[]).ok();
    let run = deploy.smp(&["rollback", "production", "--yes", "--to", deploy.nth(2)]);
    run.ok()
        .never_shows("no known release")
        .says("done: production runs");
}

#[test]
fn an_app_that_is_missing_at_its_address_too_comes_with_the_first_push() {
    for version in [Dokku::New, Dokku::Old] {
        let toml = format!("{RUNNING}\n[record]\nsignoff = false\n");
        let world = World::deploy_like().over_ssh().without_pages();
        let deploy = world.toml(&toml).build();
        std::fs::remove_dir_all(&deploy.production).unwrap();
        deploy.ssh().makes_apps(None);
        deploy.answers_as_dokku(version);
        deploy.trust();
        assert_eq!(finding(&deploy, 1), "nothing-deployed");
        deploy.smp(&["diff"]).ok();
        deploy.smp(&["propose", "--yes"]).ok();
        let status = deploy.smp(&["status"]);
        status.ok().prints_among("next: git smp promote --first\n");
        promote(&deploy, &[])
            .exits(1)
            .says("there is no app at the address of production")
            .says("to create it: git smp promote --first ");
        promote(&deploy, &["--first"])
            .ok()
            .says("done: production runs");
        assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    }
}

#[test]
fn a_branch_that_the_server_will_not_deploy_is_named_before_the_first_push() {
    for version in [Dokku::New, Dokku::Old] {
        let deploy = server(version);
        deploy.git(&deploy.staging, &["update-ref", "-d", "refs/heads/master"]);
        deploy.dokku_keeps("staging", "branch", "main");
        let before = deploy.snapshot();
        deploy
            .smp(&["setup", "--check"])
            .exits(1)
            .prints_among("Dokku deploys its branch main, not master");
        deploy
            .smp(&["stage", "--yes"])
            .exits(1)
            .says(" git:set staging deploy-branch master\n");
        deploy
            .smp(&["status"])
            .ok()
            .prints_among(" git:set staging deploy-branch master\n");
        assert_eq!(deploy.snapshot(), before);
    }
}
