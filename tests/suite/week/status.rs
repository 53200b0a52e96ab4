//! `status` when the week goes wrong.

use super::*;

/// Returns the output of `status`.
#[track_caller]
fn shown(deploy: &Deploy) -> String {
    deploy.smp(&["status"]).ok().out()
}

#[test]
fn a_candidate_that_somebody_pushed_to_production_untested_is_told_as_that() {
    let deploy = proposed();
    let candidate = deploy.master(&deploy.staging);
    deploy.colleague_pushes(&deploy.production, &candidate);
    let out = shown(&deploy);
    assert!(
        out.contains(
            "runs the candidate already, although nobody has signed it off: it was pushed outside git smp\n"
        ),
        "{out}"
    );
    deploy.smp(&["signoff"]).ok();
    let out = shown(&deploy);
    assert!(!out.contains("already runs the candidate"), "{out}");
}

#[test]
fn a_candidate_that_production_has_left_behind_is_not_tested_for_nothing() {
    let deploy = proposed();
    // A colleague pushes a commit that the candidate lacks.
    let hotfix = deploy.colleague_commits("Fix the login loop");
    deploy.colleague_pushes(&deploy.production, &hotfix);
    let out = shown(&deploy);
    assert!(
        out.contains("which has commits that the candidate lacks\n"),
        "{out}"
    );
    assert!(out.ends_with("next: git smp postpone\n"), "{out}");
}

#[test]
fn a_deploy_on_its_way_is_no_alarm_and_its_way_out_is_named() {
    let deploy = recorded_like(World::deploy_like().confirming(0));
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.smp(&["signoff"]).ok();
    // The branch has the commit, but the site does not show it yet.
    let before = deploy.master(&deploy.production);
    deploy
        .web
        .set("/production", crate::support::Page::commit(&before));
    let candidate = deploy.master(&deploy.staging);
    let run = deploy.smp(&["promote", "--yes", "--commit", &candidate, "--timeout", "1"]);
    run.exits(4);
    let out = shown(&deploy);
    assert!(
        out.contains("  deploying ") && !out.contains("rolled-back"),
        "{out}"
    );
    assert_eq!(next(&deploy), "git smp promote production");
    is_deploying(&deploy);
}

/// Asserts that every command reports a deploy in progress on production.
#[track_caller]
fn is_deploying(deploy: &Deploy) {
    let status = deploy.smp(&["status", "--json"]).ok().json();
    assert_eq!(status["environments"][1]["finding"], "deploying");
    let plan = deploy.smp(&["promote", "-n", "--json"]).json();
    assert_eq!(plan["targets"][0]["finding"], "deploying", "{plan:#}");
    deploy
        .smp(&["setup", "--check"])
        .ok()
        .prints_among("deploying: ")
        .never_shows("rolled-back")
        .never_shows("outside-git");
}

#[test]
fn a_rollback_on_its_way_is_no_deploy_past_git() {
    let deploy = recorded_like(World::deploy_like().confirming(0));
    let (runs, older) = (deploy.master(&deploy.production), deploy.nth(1).to_owned());
    deploy
        .web
        .set("/production", crate::support::Page::commit(&runs));
    let run = deploy.smp(&["rollback", "--yes", "--to", &older, "--timeout", "1"]);
    run.exits(4);
    let out = shown(&deploy);
    assert!(
        out.contains("  deploying ") && !out.contains("outside-git"),
        "{out}"
    );
    assert_eq!(out.matches("next: ").count(), 1, "{out}");
    let on = format!("git smp rollback production --to {}", &older[..8]);
    assert_eq!(next(&deploy), on);
    is_deploying(&deploy);
    // The plan that continues it does not say so either.
    deploy
        .smp(&["rollback", "-n"])
        .ok()
        .never_shows("without a push to its git remote");
}

#[test]
fn without_a_record_the_clone_that_rolls_back_knows_that_it_goes_on() {
    let deploy = World::deploy_like().confirming(0).ready();
    let (runs, older) = (deploy.master(&deploy.production), deploy.nth(1).to_owned());
    let page = crate::support::Page::commit(&runs);
    deploy.web.set("/production", page);
    let run = deploy.smp(&["rollback", "--yes", "--to", &older, "--timeout", "1"]);
    run.exits(4);
    let out = shown(&deploy);
    assert!(
        out.contains("deploying: ") && !out.contains("outside-git"),
        "{out}"
    );
    assert_eq!(next(&deploy), "git smp status");
    is_deploying(&deploy);
    let page = crate::support::Page::commit(&older);
    deploy.web.set("/production", page);
    let status = deploy.smp(&["status", "--json"]).ok().json();
    assert_eq!(
        status["environments"][1]["finding"],
        serde_json::Value::Null
    );
}

#[test]
fn a_page_that_is_down_hides_neither_the_branch_nor_the_way_on() {
    let deploy = recorded_like(World::deploy_like().confirming(0));
    deploy
        .web
        .set("/production", crate::support::Page::body("").status(503));
    let out = shown(&deploy);
    let at = &deploy.master(&deploy.production)[..8];
    assert!(out.contains(&format!("; its branch is at {at}\n")), "{out}");
    assert!(
        out.contains(
            "note: open the page of production to see what it answers\nnext: git smp status\n"
        ),
        "{out}"
    );
    // A commit that may be running is not reported as not running.
    let staging = deploy.master(&deploy.staging);
    deploy
        .web
        .set("/staging", crate::support::Page::cut(100, "it breaks off"));
    let run = deploy.smp(&["stage", "--yes", "--timeout", "1", &staging]);
    run.exits(4)
        .says("but it is unknown whether that commit runs")
        .says("nothing to push, but not confirmed: it is unknown whether staging runs ")
        .never_shows("not running")
        .never_shows("does not run it");
}

#[test]
fn who_signs_off_what_somebody_else_blocks_is_told_that_the_block_stands() {
    let deploy = proposed();
    deploy
        .smp(&["signoff", "--by", "Rosi", "--block", "The basket is empty"])
        .ok();
    deploy
        .smp(&["signoff", "--by", "Ben"])
        .ok()
        .says("Rosi has blocked it, and the block still stands\n");
}

#[test]
fn a_clone_that_must_not_push_to_the_main_repository_may_look() {
    let deploy = recorded();
    let remote = "remote.upstream.pushurl";
    deploy.git(&deploy.work, &["config", remote, "no_push"]);
    for command in ["status", "diff", "history"] {
        deploy.smp(&[command]).ok();
    }
    // A command that writes the record must be able to push there.
    deploy
        .smp(&["propose", "--yes"])
        .exits(2)
        .says("hint: ")
        .says(&format!("git config --unset-all {remote}"));
}
