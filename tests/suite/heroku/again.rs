//! A commit that was rolled back on the platform ships again by a release of its build, only after confirmation.

use serde_json::json;

use super::Platform;
use crate::record::{events, sentences};
use crate::sample::sample;
use crate::support::Outcome;

#[test]
fn what_was_rolled_back_is_refused_to_scripts() {
    for platform in [Platform::alone(), Platform::beside_pages()] {
        platform.rolled_back();
        let [two, five] = [2, 5].map(|nth| platform.short(nth));
        let run = platform.refuses("rolled-back");
        run.says(&format!("production was rolled back from {five} to {two}"));
        run.says("hint: to ship it anyway: git smp promote production --again");
    }
}

#[test]
fn with_again_one_release_and_no_push_brings_it_back() {
    for platform in sample(1, [Platform::alone(), Platform::beside_pages()]) {
        platform.rolled_back();
        platform.api.new_releases("shop", Outcome::SucceedsAfter(2));
        let before = platform.deploy.snapshot();
        let run = platform.promote(&["--again"]);
        run.ok()
            .says("again on Heroku, without a build")
            .says("done: production runs");
        assert_eq!(platform.deploy.snapshot(), before);
        let posted = platform.api.posted("shop");
        assert!(
            posted.len() == 1 && posted[0]["slug"].is_string(),
            "{posted:?}"
        );
        assert_eq!(
            platform.api.current("shop").as_deref(),
            Some(platform.deploy.nth(5))
        );
        platform.smp(&["promote"]).ok().says("nothing to promote");
        assert_eq!(platform.posts(), 1);
    }
}

#[test]
fn at_a_terminal_a_question_of_its_own_comes_first() {
    let platform = Platform::alone();
    platform.rolled_back();
    let before = platform.deploy.snapshot();
    let mut terminal = platform.at_a_terminal(&["promote"]);
    terminal
        .sees("without a build")
        .sees("production was rolled back from ")
        .sees("Ship it anyway?")
        .enters("n");
    terminal
        .ends()
        .exits(3)
        .says("not deployed; no environment was changed")
        .never_shows("Type production");
    let mut terminal = platform.at_a_terminal(&["promote"]);
    terminal
        .sees("Ship it anyway?")
        .enters("y")
        .sees("Type production to deploy: ")
        .enters("");
    terminal.ends().exits(3);
    assert_eq!(
        (platform.deploy.snapshot(), platform.posts()),
        (before.clone(), 0)
    );
    let mut terminal = platform.at_a_terminal(&["promote"]);
    terminal
        .sees("Ship it anyway?")
        .enters("y")
        .sees("Type production to deploy: ")
        .enters("production");
    terminal.sees("done: production runs");
    terminal.ends().ok();
    assert_eq!((platform.deploy.snapshot(), platform.posts()), (before, 1));
}

#[test]
fn what_is_newer_than_what_was_rolled_back_ships_by_a_push() {
    let platform = Platform::alone();
    let deploy = &platform.deploy;
    deploy.colleague_pushes(&deploy.production, deploy.nth(3));
    platform.api.rollback("shop", super::FIRST);
    platform
        .refuses("rolled-back")
        .says("or in a script: git smp promote production --again --yes --commit ");
    let before = deploy.snapshot();
    platform
        .promote(&["--again"])
        .ok()
        .says("rolled back from ");
    platform.is_deployed_once(&before);
}

#[test]
fn a_release_that_the_platform_declines_changes_nothing() {
    for (status, body, words) in sample(
        2,
        [
            (
                422,
                json!({ "id": "invalid_params", "message": "It has expired." }),
                "Heroku does not create that release of shop",
            ),
            (
                403,
                json!({ "id": "forbidden", "message": "No." }),
                "Heroku gives this account no right to release to the app",
            ),
        ],
    ) {
        let platform = Platform::recorded();
        platform.rolled_back();
        platform
            .api
            .answers_posts("shop", status, &body.to_string(), false);
        let released = platform.api.releases("shop");
        let run = platform.promote(&["--again"]);
        run.exits(1)
            .says(words)
            .says(&format!("it says: {}", body["message"].as_str().unwrap()))
            .prints("");
        assert_eq!(
            (platform.api.releases("shop"), platform.posts()),
            (released, 1)
        );
        assert_eq!(events(&platform.deploy), ["promoting", "ended"]);
        assert!(
            sentences(&platform.deploy)[1].contains("ended the deploy, which changed nothing: "),
            "{:?}",
            sentences(&platform.deploy)
        );
        platform.api.recovers();
        platform.promote(&["--again"]).ok().says("done: on record");
        assert_eq!(events(&platform.deploy)[2..], ["promoting", "promoted"]);
        assert_eq!(platform.posts(), 2);
    }
}

#[test]
fn a_release_whose_answer_is_lost_is_recognised() {
    for cut in sample(1, [true, false]) {
        let platform = Platform::recorded();
        platform.rolled_back();
        platform.api.new_releases("shop", Outcome::SucceedsAfter(3));
        match cut {
            true => platform.api.cuts_posts("shop"),
            false => platform.api.answers_posts("shop", 503, "", true),
        }
        let before = platform.api.releases("shop").len();
        platform
            .promote(&["--again"])
            .ok()
            .says("done: production runs")
            .says("done: on record");
        assert_eq!(
            (platform.api.releases("shop").len(), platform.posts()),
            (before + 1, 1)
        );
        platform.smp(&["promote"]).ok().says("nothing to promote");
        assert_eq!(
            (platform.api.releases("shop").len(), platform.posts()),
            (before + 1, 1)
        );
        assert_eq!(events(&platform.deploy), ["promoting", "promoted"]);
    }
}

// It takes longer than the timeout: the next run finds it and makes no second one.
#[test]
fn a_release_whose_answer_is_lost_is_not_made_twice_by_the_next_run() {
    let platform = Platform::alone();
    platform.rolled_back();
    platform
        .api
        .new_releases("shop", Outcome::SucceedsAfter(1000));
    platform.api.cuts_posts("shop");
    let before = platform.api.releases("shop").len();
    platform
        .promote(&["--again", "--timeout", "1"])
        .exits(4)
        .says("released, but not live")
        .says("v6 is in progress");
    let waiting = platform.promote(&["--timeout", "1"]);
    waiting
        .exits(4)
        .says("a release on production is already in progress: nothing is pushed");
    waiting
        .says("; its release v6 is in progress")
        .never_shows("the last release failed");
    platform.api.ends("shop", 6, "succeeded");
    platform.promote(&[]).ok().says("nothing to promote");
    assert_eq!(
        (platform.api.releases("shop").len(), platform.posts()),
        (before + 1, 1)
    );
}

#[test]
fn a_release_that_nobody_heard_of_is_not_known_and_can_be_asked_for_again() {
    let platform = Platform::recorded();
    platform.rolled_back();
    platform.api.answers_posts("shop", 500, "", false);
    let run = platform.promote(&["--again"]);
    run.exits(4).says(&format!(
        "it is unknown whether production releases {}",
        platform.short(5)
    ));
    assert_eq!(events(&platform.deploy), ["promoting"]);
    platform.api.recovers();
    // It may still come, so a script waits for it, and only a person may ask for another.
    platform
        .promote(&["--again", "--timeout", "1"])
        .exits(4)
        .says("its result is unknown");
    assert_eq!(platform.posts(), 1);
    let mut terminal = platform.at_a_terminal(&["promote", "--again"]);
    terminal
        .sees("its result is unknown")
        .sees("Type production to deploy: ")
        .enters("production");
    terminal.ends().ok().says("done: on record");
    assert_eq!(platform.posts(), 2);
    assert_eq!(events(&platform.deploy), ["promoting", "promoted"]);
}

#[test]
fn what_was_built_and_deleted_since_cannot_be_released_again() {
    let platform = Platform::alone();
    platform.rolled_back();
    platform.api.expires("shop", 4);
    let run = platform.promote(&["--again", "--timeout", "1"]);
    run.exits(4)
        .says("nothing is pushed")
        .says("to release it again on Heroku: heroku releases:retry -a shop\n");
    assert_eq!(platform.posts(), 0);
}
