//! Every finding, as the platform shows it.

use serde_json::{Value, json};

use super::Platform;
use crate::support::{Outcome, Page};

#[test]
fn a_rollback_is_called_one() {
    for platform in [Platform::alone(), Platform::beside_pages()] {
        platform.rolled_back();
        let [two, five] = [2, 5].map(|nth| platform.short(nth));
        assert_eq!(
            platform.status("production"),
            (
                json!(platform.deploy.nth(2)),
                json!("api"),
                json!("rolled-back")
            )
        );
        let out = platform.lines();
        assert!(
            out.contains(&format!(
                "rolled-back: rolled back from {five} to {two}; next: "
            )),
            "{out}"
        );
        assert!(
            out.contains(&format!("runs {two}, but its branch is at {five}")),
            "{out}"
        );
    }
}

// Then it is unknown whether the branch's commit ran before or failed.
#[test]
fn of_releases_whose_commits_the_platform_does_not_tell_nothing_is_certain() {
    for platform in [Platform::alone(), Platform::beside_pages()] {
        platform.rolled_back();
        let [two, five] = [2, 5].map(|nth| platform.short(nth));
        let certain = format!("rolled back from {five} to {two};");
        assert!(platform.lines().contains(&certain));
        platform.api.answers_about_slug("shop", 4, 500);
        let out = platform.lines();
        let unsure = format!(
            "rolled back from {five} to {two}, or the release of {five} failed or is still in progress"
        );
        assert!(out.contains(&unsure) && !out.contains(&certain), "{out}");
        platform.api.recovers();
        assert!(platform.lines().contains(&certain));
    }
}

#[test]
fn a_release_that_failed_is_none_and_names_its_log() {
    let platform = Platform::alone();
    platform.release_failed();
    assert_eq!(platform.finding(), "release-failed");
    let out = platform.lines();
    let five = platform.short(5);
    let expected = format!(
        "release-failed: {five} was pushed there, but its release failed; next: heroku releases:output v4 -a shop\n{:14}then: git smp \
         promote production\n",
        ""
    );
    assert!(out.contains(&expected), "{out}");
}

#[test]
fn a_release_that_goes_on_is_waited_for() {
    let platform = Platform::alone();
    platform
        .api
        .new_releases("shop", Outcome::SucceedsAfter(1000));
    platform.colleague_promotes();
    assert_eq!(platform.finding(), "release-pending");
    let out = platform.lines();
    assert!(
        out.contains("release-pending: the release v4 has not finished yet; next: wait until it has finished, and look"),
        "{out}"
    );
}

// A build from elsewhere, or from a pipeline promotion, was never on the branch.
#[test]
fn what_was_released_past_git_is_said_and_shipped_over() {
    let platform = Platform::alone();
    platform.api.deploys("shop", platform.deploy.nth(3));
    let running = json!(platform.deploy.nth(3));
    assert_eq!(
        platform.status("production"),
        (running, json!("api"), json!("deployed-outside-git"))
    );
    let three = platform.short(3);
    let out = platform.lines();
    assert!(
        out.contains(&format!(
            "deployed-outside-git: {three} was deployed without a push to its git remote"
        )),
        "{out}"
    );
    let before = platform.deploy.snapshot();
    platform
        .promote(&[])
        .ok()
        .says("was deployed without a push to its git remote");
    platform.is_deployed_once(&before);
}

#[test]
fn a_newer_commit_that_was_released_past_git_is_not_taken_back() {
    let platform = Platform::alone();
    platform.api.deploys("shop", platform.deploy.nth(6));
    assert_eq!(platform.finding(), "deployed-outside-git");
    platform
        .refuses("behind")
        .says("staging is behind production");
}

#[test]
fn of_a_page_that_says_something_else_the_platform_is_believed() {
    let platform = Platform::beside_pages();
    platform
        .deploy
        .web
        .set("/production", Page::commit(platform.deploy.nth(1)));
    let running = json!(platform.deploy.nth(2));
    assert_eq!(
        platform.status("production"),
        (running, json!("api"), json!("stale-page"))
    );
    let [one, two] = [1, 2].map(|nth| platform.short(nth));
    let out = platform.lines();
    let expected = format!(
        "stale-page: its page is stale: it names {one}, but {two} was released; next: heroku restart -a shop"
    );
    assert!(out.contains(&expected), "{out}");
    // Both must agree after a deploy.
    let run = platform.promote(&["--timeout", "1"]);
    run.exits(4)
        .says("stale: it names")
        .says("pushed, but not live")
        .says("its page names ");
    assert_eq!(
        platform.api.current("shop").as_deref(),
        Some(platform.deploy.nth(5))
    );
}

#[test]
fn a_staging_whose_page_says_something_else_is_not_promoted() {
    let platform = Platform::beside_pages();
    platform
        .deploy
        .web
        .set("/staging", Page::commit(platform.deploy.nth(4)));
    assert_eq!(platform.status("staging").2, "stale-page");
    platform
        .refuses("staging-stale")
        .says("it is unknown what staging runs")
        .says("its page is stale");
}

#[test]
fn an_app_without_a_deploy_runs_nothing() {
    let platform = Platform::alone();
    for (bare, app) in [
        (&platform.deploy.production, "shop"),
        (&platform.deploy.staging, "shop-staging"),
    ] {
        platform
            .deploy
            .git(bare, &["update-ref", "-d", "refs/heads/master"]);
        std::fs::remove_file(bare.join("deploys")).unwrap();
        platform.api.app(app).follow(app, bare);
        let name = if app == "shop" {
            "production"
        } else {
            "staging"
        };
        assert_eq!(
            platform.status(name),
            (Value::Null, json!("api"), json!("nothing-deployed"))
        );
        if app == "shop" {
            platform.promote(&[]).ok().says("nothing deployed yet");
            assert_eq!(
                platform.api.current("shop").as_deref(),
                Some(platform.deploy.nth(5))
            );
        }
    }
    platform.refuses("nothing-deployed");
}

// facts 11: staging runs old code, because its last deploy failed.
#[test]
fn a_staging_whose_release_failed_was_not_tested() {
    let platform = Platform::recorded();
    platform.api.new_releases("shop-staging", Outcome::Fails);
    platform
        .deploy
        .colleague_pushes(&platform.deploy.staging, platform.deploy.nth(6));
    assert_eq!(
        platform.status("staging"),
        (
            json!(platform.deploy.nth(5)),
            json!("api"),
            json!("release-failed")
        )
    );
    let six = platform.short(6);
    let run = platform.refuses("staging-stale");
    run.says("staging does not run what was last pushed to it");
    run.says(&format!(
        "{six} was pushed there, but its release failed, so what was tested is not what was pushed"
    ));
    let before = platform.deploy.snapshot();
    platform
        .smp(&["propose", "--yes"])
        .exits(1)
        .says("staging does not run what was last pushed to it");
    assert_eq!(platform.deploy.snapshot(), before);
}

#[test]
fn a_staging_whose_release_goes_on_or_was_rolled_back_was_not_tested() {
    let platform = Platform::alone();
    platform
        .api
        .new_releases("shop-staging", Outcome::SucceedsAfter(1000));
    platform
        .deploy
        .colleague_pushes(&platform.deploy.staging, platform.deploy.nth(6));
    platform
        .refuses("staging-stale")
        .says("the release v4 has not finished yet");
    platform.api.ends("shop-staging", 4, "succeeded");
    platform.api.rollback("shop-staging", 3);
    assert_eq!(platform.status("staging").2, "rolled-back");
    let [five, six] = [5, 6].map(|nth| platform.short(nth));
    platform
        .refuses("staging-stale")
        .says(&format!("rolled back from {six} to {five}"));
}
