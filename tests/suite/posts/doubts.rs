//! A post that may have been delivered is never sent again without a question.

use rustix::process::Signal;

use super::*;
use crate::promote::person;
use crate::sample::sample;
use crate::support::Gate;

/// Makes a proposal whose post may or may not be in the channel.
#[track_caller]
fn in_doubt(answer: Page, why: &str) -> Deploy {
    let deploy = chatting("teams");
    deploy.web.set(TECHNICAL, answer);
    let run = posts(&deploy, &["propose", "--yes"]);
    run.exits(4)
        .says("error: proposed, but it is unknown whether the technical channel was notified\n")
        .says(why);
    run.says("so it is sent again only after your yes")
        .says("hint: look at the technical channel");
    holds_back(&deploy, 1);
    deploy
}

/// Asserts that without a person nothing is sent again, nor printed, because it may have been delivered.
#[track_caller]
fn holds_back(deploy: &Deploy, sent_so_far: usize) {
    assert_eq!(events(deploy), ["proposed", "posting"]);
    deploy.web.set(TECHNICAL, accepted("teams"));
    let run = posts(deploy, &["propose", "--yes"]);
    run.exits(4)
        .prints("")
        .says("it is unknown whether the technical channel was notified")
        .says("its result is unknown");
    assert_eq!(sent(deploy, TECHNICAL).len(), sent_so_far);
    assert_eq!(events(deploy), ["proposed", "posting"]);
    deploy
        .smp(&["status"])
        .ok()
        .prints_among("its result is unknown; this clone has no webhook for the channel; in a clone that has it: git smp propose");
}

/// Answers the question at a terminal.
#[track_caller]
fn answers(deploy: &Deploy, answer: &str) -> Run {
    let person = person(deploy).env("SMP_TECHNICAL_WEBHOOK", deploy.web.url(TECHNICAL));
    let mut terminal = person.terminal(&["propose"]);
    terminal
        .sees("unknown. The post is:")
        .sees("Proposed for production");
    terminal
        .sees("Type posted (yes), repost (send it again) or skip (never send it): ")
        .types(&format!("{answer}\r"));
    let run = terminal.ends();
    tells_no_secret(deploy, &run);
    run
}

#[test]
fn a_run_that_is_killed_before_it_sends_what_is_on_record_is_gone_on_with_unasked() {
    let deploy = chatting("teams");
    let gate = Gate::new(&deploy, "record");
    deploy.hook(&deploy.main, "post-receive", &gate.line());
    let mut run = with_webhooks(&deploy)
        .directly()
        .start(&["propose", "--yes"]);
    gate.reached();
    run.signal(Signal::KILL);
    run.finish();
    gate.open();
    deploy.hook(&deploy.main, "post-receive", "exit 0");
    posts(&deploy, &["propose", "--yes"])
        .ok()
        .says("accepted the post to the technical channel");
    let all = sent(&deploy, TECHNICAL);
    assert_eq!(all.len(), 1);
    assert!(!words(&all[0]).contains("(repeated)"));
    assert_eq!(
        events(&deploy),
        ["proposed", "posting", "posting", "posted"]
    );
    posts(&deploy, &["propose", "--yes"]).ok();
    assert_eq!(sent(&deploy, TECHNICAL).len(), 1);
}

#[test]
fn after_a_500_the_person_who_finds_it_there_says_so() {
    let deploy = in_doubt(Page::body("oops").status(500), "500");
    answers(&deploy, "posted").ok();
    assert_eq!(sent(&deploy, TECHNICAL).len(), 1);
    assert_eq!(events(&deploy), ["proposed", "posting", "posted"]);
    assert_eq!(crate::record::trailer(&deploy, "Smp-How"), "found");
    posts(&deploy, &["propose"]).ok();
    assert_eq!(sent(&deploy, TECHNICAL).len(), 1);
    deploy.chain();
}

#[test]
fn after_a_cut_connection_the_person_who_misses_it_has_it_sent_again_and_marked() {
    let deploy = in_doubt(Page::cut(100, "half").status(202), "");
    let first = sent(&deploy, TECHNICAL);
    answers(&deploy, "repost").ok();
    let all = sent(&deploy, TECHNICAL);
    assert_eq!(all.len(), 2);
    assert!(words(&all[1]).contains(&format!("{} (repeated)", heading(&first[0]))));
    assert_eq!(
        events(&deploy),
        ["proposed", "posting", "posting", "posted"]
    );
    deploy.chain();
}

#[test]
fn whatever_else_is_typed_leaves_it_as_it_is() {
    let deploy = in_doubt(Page::body("oops").status(502), "502");
    for nothing in ["", "y", "yes", "\u{3}"] {
        answers(&deploy, nothing).exits(4);
        assert_eq!(
            (sent(&deploy, TECHNICAL).len(), events(&deploy).len()),
            (1, 2)
        );
    }
    answers(&deploy, "skip").ok();
    assert_eq!(crate::record::trailer(&deploy, "Smp-How"), "skipped");
    assert_eq!(sent(&deploy, TECHNICAL).len(), 1);
}

#[test]
fn a_chat_that_takes_a_post_and_never_answers_may_have_it() {
    in_doubt(Page::silence(), "did not answer");
}

#[test]
fn a_run_that_is_killed_while_it_sends_leaves_the_same_question() {
    let deploy = chatting("teams");
    deploy.web.set(TECHNICAL, Page::silence());
    let mut running = with_webhooks(&deploy)
        .directly()
        .start(&["propose", "--yes"]);
    deploy.web.is_asked_for(TECHNICAL, 1);
    running.signal(Signal::KILL);
    drop(running.finish());
    holds_back(&deploy, 1);
    answers(&deploy, "posted").ok();
    deploy.chain();
}

#[test]
fn what_was_accepted_and_could_not_be_recorded_is_asked_about_and_not_sent_again() {
    let deploy = chatting("teams");
    deploy.hook(
        &deploy.main,
        "update",
        "git log -1 --format=%B \"$3\" | grep -q 'Event: posted' && exit 1; exit 0",
    );
    let run = posts(&deploy, &["propose", "--yes"]);
    run.exits(4)
        .says("the Teams workflow accepted the post to the technical channel")
        .says("the post to the technical channel is not on record");
    deploy.hook(&deploy.main, "update", "exit 0");
    holds_back(&deploy, 1);
    answers(&deploy, "posted").ok();
    assert_eq!(sent(&deploy, TECHNICAL).len(), 1);
}

#[test]
fn what_a_colleague_sends_just_now_is_left_to_the_colleague() {
    let deploy = chatting("teams");
    deploy.web.set(TECHNICAL, Page::silence());
    let mut running = with_webhooks(&deploy)
        .directly()
        .start(&["propose", "--yes"]);
    deploy.web.is_asked_for(TECHNICAL, 1);
    running.signal(Signal::KILL);
    drop(running.finish());
    let ben = with_webhooks(&deploy)
        .env("GIT_AUTHOR_NAME", "Ben")
        .env("GIT_COMMITTER_NAME", "Ben");
    let run = ben
        .env("GIT_AUTHOR_EMAIL", "ben@example.com")
        .env("GIT_COMMITTER_EMAIL", "ben@example.com")
        .smp(&["propose"]);
    run.ok()
        .says("Ada Example began to send the post to the technical channel")
        .says("may still be sending it");
    assert_eq!(sent(&deploy, TECHNICAL).len(), 1);
}

#[test]
fn a_login_page_with_a_200_is_no_post_and_no_no() {
    // RediSearch#9873: the answer does not come from the chat, so the fate of the post is unknown.
    let page = "<!DOCTYPE html>\n<html><head><title>Sign in to your account</title></head></html>";
    for (answer, why) in sample(
        2,
        [
            (Page::body(page), "the answer is a web page"),
            (Page::body(page).status(202), "the answer is a web page"),
            (
                Page::body(page).header("Content-Type", "application/octet-stream"),
                "the answer is a web page",
            ),
            (
                Page::body("{\"error\":{\"code\":\"x\"}}")
                    .header("Content-Type", "application/json"),
                "names an error",
            ),
        ],
    ) {
        let deploy = in_doubt(answer, why);
        answers(&deploy, "repost")
            .ok()
            .says("the Teams workflow accepted the post to the technical channel");
        assert_eq!(sent(&deploy, TECHNICAL).len(), 2);
        deploy.chain();
    }
}

#[test]
fn a_200_in_which_slack_does_not_say_ok_is_never_called_accepted() {
    for (answer, why) in sample(
        1,
        [
            (Page::body(""), "its answer is empty"),
            (Page::body("").status(204), "its answer is empty"),
            (
                Page::body("<html>portal</html>"),
                "the answer is a web page",
            ),
            (Page::body("thanks"), "its answer does not say ok"),
            (
                Page::body("{\"ok\":true,\"ok\":false}"),
                "its answer says both ok and not ok",
            ),
        ],
    ) {
        let deploy = chatting("slack");
        deploy.web.set(TECHNICAL, answer);
        let run = posts(&deploy, &["propose", "--yes"]);
        run.exits(4)
            .says("error: proposed, but it is unknown whether the technical channel was notified\n")
            .says(why);
        run.never_shows("Slack accepted")
            .never_shows("portal")
            .never_shows("thanks");
        assert_eq!(events(&deploy), ["proposed", "posting"]);
    }
}

#[test]
fn a_workflow_with_an_answer_of_its_own_is_believed() {
    for answer in sample(
        1,
        [
            Page::body("posted").header("Content-Type", "text/plain"),
            Page::body("").status(202),
        ],
    ) {
        let deploy = chatting("teams");
        deploy.web.set(TECHNICAL, answer);
        posts(&deploy, &["propose", "--yes"])
            .ok()
            .says("the Teams workflow accepted the post to the technical channel");
    }
}
