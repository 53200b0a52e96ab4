//! A push that becomes a release: at once, later, or never.

use std::time::{Duration, Instant};

use serde_json::json;

use super::Platform;
use crate::record::events;
use crate::sample::sample;
use crate::support::Outcome;

#[test]
fn a_release_that_succeeds_is_live() {
    for platform in sample(1, [Platform::alone(), Platform::beside_pages()]) {
        let before = platform.deploy.snapshot();
        platform.promote(&[]).ok().says("done: production runs");
        platform.is_deployed_once(&before);
        platform.smp(&["promote"]).ok().says("nothing to promote");
        platform.is_deployed_once(&before);
    }
}

#[test]
fn a_release_that_takes_its_time_is_waited_for() {
    for platform in sample(1, [Platform::alone(), Platform::beside_pages()]) {
        platform.api.new_releases("shop", Outcome::SucceedsAfter(3));
        let before = platform.deploy.snapshot();
        platform.promote(&[]).ok().says("done: production runs");
        platform.is_deployed_once(&before);
    }
}

// Without the API it is unknown whether the command succeeds.
#[test]
fn a_release_command_that_the_host_declares_is_followed_to_its_end() {
    let declared = "Release command declared: this new release will not be available until the command succeeds.";
    for (outcome, code) in [(Outcome::SucceedsAfter(2), 0), (Outcome::FailsAfter(2), 4)] {
        let platform = Platform::alone();
        platform.deploy.hook(
            &platform.deploy.production,
            "pre-receive",
            &format!("cat >/dev/null; echo '{declared}'"),
        );
        platform.api.new_releases("shop", outcome);
        let run = platform.promote(&["--timeout", "60"]);
        run.exits(code).says(declared).never_shows("not confirmed");
    }
}

// facts 3.6: `git push` exits 0 although the release failed.
#[test]
fn a_release_that_fails_ends_the_wait_at_once() {
    for platform in sample(1, [Platform::alone(), Platform::beside_pages()]) {
        platform.api.new_releases("shop", Outcome::FailsAfter(3));
        let begun = Instant::now();
        let run = platform.promote(&["--timeout", "60", "--summary", "The map is faster"]);
        assert!(begun.elapsed() < Duration::from_secs(30), "{run}");
        let five = platform.short(5);
        let words =
            format!("error: pushed, but not live: the release v4 of {five} on production failed");
        run.exits(4)
            .says(&words)
            .says("the previous release still runs")
            .prints("");
        run.says(
            "hint: see why: heroku releases:output v4 -a shop\nhint: then correct the problem and try again: git smp promote",
        );
        assert_eq!(platform.finding(), "release-failed");
        assert_eq!(platform.posts(), 0);
    }
}

#[test]
fn a_release_that_failed_is_made_again_without_a_build() {
    let platform = Platform::alone();
    platform.api.new_releases("shop", Outcome::Fails);
    platform
        .promote(&["--summary", "The map is faster"])
        .exits(4)
        .prints("");
    let before = platform.deploy.snapshot();
    let plan = platform.plan();
    let detail = format!(
        "release {} (v4) again on Heroku, without a build",
        platform.short(5)
    );
    assert_eq!(
        plan["steps"][0],
        json!({ "step": "release", "detail": detail })
    );
    assert_eq!(plan["steps"][1]["step"], "wait");
    // Somebody removed the cause.
    platform.api.new_releases("shop", Outcome::SucceedsAfter(2));
    let run = platform.promote(&["--summary", "The map is faster"]);
    run.ok()
        .says(&format!("1. {detail}"))
        .says("done: production runs")
        .prints_among("The map is faster");
    assert_eq!(platform.deploy.snapshot(), before, "nothing is pushed");
    let posted = platform.api.posted("shop");
    assert_eq!(
        (posted.len(), &posted[0]["description"]),
        (1, &json!("Release of v4 again"))
    );
    assert!(
        posted[0]["slug"].is_string() && posted[0]["release"].is_null(),
        "{posted:?}"
    );
    assert_eq!(
        platform.api.current("shop").as_deref(),
        Some(platform.deploy.nth(5))
    );
    assert_eq!(platform.finding(), json!(null));
}

#[test]
fn a_release_that_fails_again_is_said_to_have_been_released() {
    let platform = Platform::alone();
    platform.release_failed();
    platform.api.new_releases("shop", Outcome::FailsAfter(2));
    let words = format!(
        "error: released, but not live: the release v5 of {} on production failed",
        platform.short(5)
    );
    platform
        .promote(&["--timeout", "60"])
        .exits(4)
        .says(&words)
        .says("heroku releases:output v5 -a shop");
    assert_eq!(platform.posts(), 1);
}

// The very first deploy: nothing runs yet, but a build exists.
#[test]
fn a_first_release_that_failed_is_made_again_too() {
    let platform = Platform::alone();
    let production = &platform.deploy.production;
    platform
        .deploy
        .git(production, &["update-ref", "-d", "refs/heads/master"]);
    std::fs::remove_file(production.join("deploys")).unwrap();
    platform
        .api
        .app("shop")
        .follow("shop", production)
        .new_releases("shop", Outcome::Fails);
    platform
        .promote(&["--timeout", "60"])
        .exits(4)
        .says("the release v3 of ");
    assert_eq!(platform.finding(), "release-failed");
    platform.api.new_releases("shop", Outcome::Succeeds);
    platform.promote(&[]).ok();
    assert_eq!(
        (platform.posts(), platform.deploy.deploys(production).len()),
        (1, 1)
    );
}

#[test]
fn a_failed_release_is_not_on_record_as_promoted_until_it_runs() {
    let platform = Platform::recorded();
    platform.api.new_releases("shop", Outcome::FailsAfter(2));
    platform
        .promote(&["--timeout", "60"])
        .exits(4)
        .says("pushed, but not live");
    assert_eq!(events(&platform.deploy), ["promoting"]);
    platform.api.new_releases("shop", Outcome::Succeeds);
    platform
        .promote(&[])
        .ok()
        .says("again on Heroku")
        .says("done: on record");
    // The first announcement was for a push from another commit: others consider it ended.
    assert_eq!(
        events(&platform.deploy),
        ["promoting", "promoting", "promoted"]
    );
    let chain = platform.deploy.chain();
    assert_eq!(
        chain.all("promoting").last().unwrap().field("Over"),
        chain.all("promoting").next().unwrap().id
    );
    assert_eq!(platform.posts(), 1);
}

#[test]
fn a_release_of_the_candidate_that_goes_on_is_only_waited_for() {
    for platform in sample(1, [Platform::alone(), Platform::beside_pages()]) {
        platform.api.new_releases("shop", Outcome::SucceedsAfter(4));
        platform.colleague_promotes();
        let before = platform.deploy.snapshot();
        let run = platform.promote(&[]);
        run.ok()
            .says("a release on production is already in progress: nothing is pushed")
            .says("without a push");
        assert_eq!((platform.deploy.snapshot(), platform.posts()), (before, 0));
    }
}

#[test]
fn a_release_of_the_candidate_that_goes_on_and_fails_is_told() {
    let platform = Platform::alone();
    platform.api.new_releases("shop", Outcome::FailsAfter(4));
    platform.colleague_promotes();
    let run = platform.promote(&["--timeout", "60"]);
    run.exits(4).says(&format!(
        "not live: the release v4 of {} on production failed",
        platform.short(5)
    ));
    assert_eq!(platform.posts(), 0);
}

#[test]
fn a_release_of_something_else_that_goes_on_is_not_raced() {
    let platform = Platform::alone();
    platform
        .api
        .new_releases("shop", Outcome::SucceedsAfter(1000));
    platform
        .deploy
        .colleague_pushes(&platform.deploy.production, platform.deploy.nth(3));
    platform
        .refuses("deploying")
        .says("the release v4 has not finished yet")
        .says("race each other");
    platform.api.ends("shop", 4, "succeeded");
    let before = platform.deploy.snapshot();
    platform.api.new_releases("shop", Outcome::Succeeds);
    platform.promote(&[]).ok();
    platform.is_deployed_once(&before);
}

// It only allows shipping a rolled-back commit.
#[test]
fn the_word_for_what_was_rolled_back_is_none_for_a_race() {
    let refuses = |platform: &Platform| {
        let before = (platform.deploy.snapshot(), platform.posts());
        let run = platform.promote(&["--again"]);
        run.exits(1)
            .says("has not finished yet")
            .says("wait until it has finished, and look: git smp status")
            .prints("");
        let run = platform.smp(&["promote", "-n", "--json", "--again"]);
        assert_eq!(run.exits(1).json()["refusal"]["code"], "deploying", "{run}");
        assert_eq!((platform.deploy.snapshot(), platform.posts()), before);
    };
    // The branch has the commit that is being released.
    let platform = Platform::alone();
    platform
        .api
        .new_releases("shop", Outcome::SucceedsAfter(1000));
    platform
        .deploy
        .colleague_pushes(&platform.deploy.production, platform.deploy.nth(3));
    refuses(&platform);
    platform.api.ends("shop", 4, "succeeded");
    platform.api.new_releases("shop", Outcome::Succeeds);
    platform.promote(&["--again"]).ok();
    // The branch has the running commit.
    let platform = Platform::alone();
    platform
        .api
        .pushes("shop", platform.deploy.nth(3), "pending");
    refuses(&platform);
    // The branch has the candidate, which was rolled back.
    let platform = Platform::alone();
    platform.rolled_back();
    platform
        .api
        .pushes("shop", platform.deploy.nth(3), "pending");
    refuses(&platform);
    // The branch has another commit that was rolled back.
    let platform = Platform::alone();
    platform
        .deploy
        .colleague_pushes(&platform.deploy.production, platform.deploy.nth(4));
    platform.api.rollback("shop", super::FIRST);
    platform
        .api
        .pushes("shop", platform.deploy.nth(3), "pending");
    refuses(&platform);
}

// A rollback pushes nothing, so branch and running commit agree while it is in progress.
#[test]
fn a_rollback_that_goes_on_is_not_raced_either() {
    let platform = Platform::alone();
    let deploy = &platform.deploy;
    platform
        .deploy
        .colleague_pushes(&deploy.production, deploy.nth(3));
    assert_eq!(platform.api.current("shop").as_deref(), Some(deploy.nth(3)));
    platform.api.pushes("shop", deploy.nth(2), "pending");
    assert_eq!(platform.finding(), "release-pending");
    platform.refuses("deploying");
}

// The branch has a rolled-back commit while another one is being released: waiting for it would be useless.
#[test]
fn a_release_of_something_else_is_not_waited_for_as_if_it_were_the_candidate() {
    let platform = Platform::alone();
    platform.rolled_back();
    platform
        .api
        .pushes("shop", platform.deploy.nth(2), "pending");
    platform.refuses("deploying");
}
