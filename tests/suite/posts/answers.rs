//! Answers of the chat and their messages. A failing chat neither fails a proposal nor fakes a post.

use super::*;
use crate::sample::sample;

/// Asserts that after a declined post the proposal stands, the text is shown and kept, and the next run sends it.
#[track_caller]
fn not_told(answer: Page, why: &str, attempts: usize) {
    let deploy = chatting("teams");
    deploy.web.set(TECHNICAL, answer);
    let run = posts(&deploy, &["propose", "--yes"]);
    run.exits(4)
        .says("error: proposed, but the technical channel was not notified\n")
        .says(why);
    run.says("the post is kept and still pending")
        .says("run the command again to send the post: git smp propose");
    run.prints_among("Proposed for production: version");
    assert_eq!(sent(&deploy, TECHNICAL).len(), attempts);
    assert_eq!(events(&deploy), ["proposed", "posting", "unposted"]);
    deploy
        .smp(&["status"])
        .ok()
        .prints_among("frozen by")
        .prints_among("a post to the technical channel; this clone has no webhook for the channel; in a clone that has it: git smp propose");
    deploy.web.set(TECHNICAL, accepted("teams"));
    posts(&deploy, &["propose"]).ok().prints("");
    posts(&deploy, &["propose"]).ok().prints("");
    assert_eq!(sent(&deploy, TECHNICAL).len(), attempts + 1, "sent once");
    assert_eq!(events(&deploy)[3..], ["posting", "posted"]);
    deploy.chain();
}

#[test]
fn what_a_chat_declines_is_sent_by_the_next_run() {
    not_told(Page::body("no").status(400), "400", 1);
}

#[test]
fn a_flow_that_is_gone_is_named() {
    not_told(Page::body("gone").status(404), "404", 1);
}

#[test]
fn a_redirect_is_not_followed_for_the_address_is_a_secret() {
    let deploy = chatting("teams");
    deploy.web.set(TECHNICAL, Page::redirect("/elsewhere"));
    deploy.web.set("/elsewhere", accepted("teams"));
    posts(&deploy, &["propose", "--yes"])
        .exits(4)
        .says("the technical channel was not notified")
        .says("redirect");
    assert!(deploy.web.asked_for("/elsewhere").is_empty());
    assert_eq!(events(&deploy), ["proposed", "posting", "unposted"]);
}

#[test]
fn a_chat_that_is_busy_is_asked_again_as_it_says() {
    for (status, wait) in sample(1, [(429, "1"), (503, "0")]) {
        let deploy = chatting("slack");
        let busy = Page::body("rate_limited")
            .status(status)
            .header("Retry-After", wait);
        deploy.web.set_first(TECHNICAL, 2, busy, accepted("slack"));
        posts(&deploy, &["propose", "--yes"])
            .ok()
            .says("Slack accepted the post to the technical channel");
        assert_eq!(sent(&deploy, TECHNICAL).len(), 3);
        assert_eq!(events(&deploy), ["proposed", "posting", "posted"]);
    }
}

#[test]
fn a_gateway_that_is_unavailable_may_have_passed_the_post_on() {
    let deploy = chatting("slack");
    let lost = Page::body("upstream reset before headers").status(503);
    deploy.web.set_first(TECHNICAL, 1, lost, accepted("slack"));
    posts(&deploy, &["propose", "--yes"])
        .exits(4)
        .says("it is unknown whether the technical channel was notified");
    assert_eq!(sent(&deploy, TECHNICAL).len(), 1);
}

#[test]
fn a_chat_that_stays_busy_is_asked_again_three_times_and_no_more() {
    not_told(
        Page::body("").status(429).header("Retry-After", "0"),
        "429",
        4,
    );
}

#[test]
fn a_chat_that_wants_an_hour_is_not_waited_for() {
    not_told(
        Page::body("").status(429).header("Retry-After", "3600"),
        "3600",
        1,
    );
}

#[test]
fn where_nobody_listens_nothing_was_sent() {
    let deploy = chatting("teams");
    let runner = deploy.runner().env(
        "SMP_TECHNICAL_WEBHOOK",
        "http://127.0.0.1:1/workflows/s3cr3tOfDevs",
    );
    let run = runner.smp(&["propose", "--yes"]);
    tells_no_secret(&deploy, &run);
    run.exits(4)
        .says("the technical channel was not notified")
        .says("cannot be reached");
    assert_eq!(events(&deploy), ["proposed", "posting", "unposted"]);
}

#[test]
fn without_a_webhook_the_proposal_stands_and_the_text_is_printed_and_stays_owed() {
    let deploy = chatting("teams");
    let run = deploy.smp(&["propose", "--yes"]);
    run.ok()
        .says("  2. post to the technical channel; no webhook here: the text will be printed\n");
    run.says("this clone has no webhook for the technical channel, so this post is not sent:\n")
        .prints_among("Proposed for production: version ");
    run.says("it stays pending; send it from a clone that has the webhook: git smp propose\n")
        .says("git smp setup\n");
    assert_eq!(events(&deploy), ["proposed"]);
    // A colleague with a webhook sends it.
    posts(&deploy, &["propose"]).ok();
    assert_eq!(
        (events(&deploy), sent(&deploy, TECHNICAL).len()),
        (
            vec!["proposed".into(), "posting".into(), "posted".into()],
            1
        )
    );
}

#[test]
fn the_clones_own_configuration_has_the_webhook_too_and_the_environment_goes_first() {
    let deploy = chatting("teams");
    deploy.web.set("/other", accepted("teams"));
    deploy.git(
        &deploy.work,
        &["config", "smp.technical.webhook", &deploy.web.url("/other")],
    );
    deploy.smp(&["propose", "--yes"]).ok();
    assert_eq!(
        (
            sent(&deploy, "/other").len(),
            sent(&deploy, TECHNICAL).len()
        ),
        (1, 0)
    );
    posts(&deploy, &["postpone", "--yes", "--reason", "too late"]).ok();
    assert_eq!(
        (
            sent(&deploy, "/other").len(),
            sent(&deploy, TECHNICAL).len()
        ),
        (1, 1)
    );
}

#[test]
fn a_webhook_that_cannot_be_one_is_told_by_its_place_and_never_by_its_value() {
    for bad in sample(
        2,
        [
            "http://example.com/s3cr3tOfDevs",
            "s3cr3tOfDevs",
            "https://x.webhook.office.com/webhookb2/s3cr3tOfDevs",
        ],
    ) {
        let deploy = chatting("teams");
        let run = deploy
            .runner()
            .env("SMP_TECHNICAL_WEBHOOK", bad)
            .smp(&["propose", "--yes"]);
        tells_no_secret(&deploy, &run);
        run.exits(4)
            .says("SMP_TECHNICAL_WEBHOOK")
            .says("the technical channel was not notified");
        assert_eq!(events(&deploy), ["proposed"]);
    }
}

/// Proposes with a Slack webhook that gives this answer.
#[track_caller]
fn slack_answers(answer: Page) -> (Deploy, Run) {
    let deploy = chatting("slack");
    deploy.web.set(TECHNICAL, answer);
    let run = posts(&deploy, &["propose", "--yes"]);
    run.never_shows("Slack accepted");
    (deploy, run)
}

#[test]
fn a_200_in_which_slack_says_no_was_not_taken_and_is_sent_by_the_next_run() {
    // great_expectations#5818
    let json = "{\"ok\":false,\"error\":\"invalid_auth\",\"warning\":\"missing_charset\"}";
    for (body, why) in sample(
        1,
        [
            (json, "it answers 200 invalid_auth"),
            ("no_service", "it answers 200 no_service"),
        ],
    ) {
        let (deploy, run) = slack_answers(Page::body(body));
        run.exits(4)
            .says("error: proposed, but the technical channel was not notified\n")
            .says(why);
        run.says("its answer says that it accepted nothing")
            .says("set it as SMP_TECHNICAL_WEBHOOK");
        assert_eq!(events(&deploy), ["proposed", "posting", "unposted"]);
        deploy.web.set(TECHNICAL, Page::body("{\"ok\":true}"));
        posts(&deploy, &["propose"])
            .ok()
            .says("Slack accepted the post to the technical channel");
        assert_eq!(sent(&deploy, TECHNICAL).len(), 2);
        deploy.chain();
    }
}

#[test]
fn a_no_that_repeats_the_address_does_not_show_it() {
    let (_, run) = slack_answers(Page::body("{\"ok\":false,\"error\":\"triggers\"}"));
    run.exits(4).says("it answers 200 OK");
}
