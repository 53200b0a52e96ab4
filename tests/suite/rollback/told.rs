//! Reports of a rollback: on the record, in the history, and to the technical channel.

use super::*;
use crate::posts::{TECHNICAL, accepted, channels, posts, sent, words};
use crate::record::{sentences, trailers};
use crate::sample::{one_of, sample};

#[test]
fn it_is_on_record_with_all_that_belongs_to_it() {
    let deploy = recorded(World::deploy_like().without_pages());
    rolls_back(&deploy, 2, &["--reason", "Maps are empty."])
        .ok()
        .says("3. record ")
        .says("done: on record");
    let chain = deploy.chain();
    assert_eq!(chain.words()[4..], ["rolling-back", "rolled-back"]);
    let (began, event) = (chain.only("rolling-back"), chain.only("rolled-back"));
    for told in [began, event] {
        assert_eq!(
            (told.field("Environment"), told.field("Commit")),
            ("production", deploy.nth(2))
        );
        assert_eq!(told.field("From"), deploy.nth(5));
    }
    assert_eq!(
        (event.field("Intent"), event.field("Commits")),
        (began.id.as_str(), "3")
    );
    assert!(trailers(&deploy).contains(&("Smp-Text".to_owned(), "Maps are empty.".to_owned())));
    let last = sentences(&deploy).pop().unwrap();
    assert!(
        last.starts_with(&format!(
            "Ada Example rolled back to {} on production",
            short(deploy.nth(2))
        )),
        "{last}"
    );
    assert_eq!(
        chain.state["deploys"]["production"]["commit"],
        deploy.nth(2)
    );
    assert!(chain.state["deploying"].is_null());
}

#[test]
fn history_has_it_and_counts_it() {
    let deploy = recorded(World::deploy_like().without_pages());
    rolls_back(&deploy, 4, &[]).ok();
    let line = format!("{}..{}", short(deploy.nth(5)), short(deploy.nth(4)));
    deploy
        .smp(&["history"])
        .ok()
        .prints_among(&line)
        .prints_among("Ada Example, rolled back");
    let all = deploy.smp(&["history", "--json"]).ok().json();
    let kinds: Vec<&str> = all["deploys"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["kind"].as_str())
        .collect();
    assert_eq!(
        kinds.iter().filter(|kind| **kind == "rollback").count(),
        1,
        "{kinds:?}"
    );
    let back = all["deploys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["kind"] == "rollback")
        .unwrap();
    assert_eq!(
        (&back["from"], &back["to"]),
        (&deploy.nth(5).into(), &deploy.nth(4).into())
    );
    assert_eq!(
        (&back["commits"], &back["by"]),
        (&1.into(), &"Ada Example".into())
    );
    assert!(back["candidate"].is_null());
    let figures = &all["stats"]["environments"][0];
    assert_eq!(
        (
            &figures["promotions"],
            &figures["rollbacks"],
            &figures["rolled_back"]
        ),
        (&2.into(), &1.into(), &1.into())
    );
    deploy
        .smp(&["history", "--stats"])
        .ok()
        .prints_among("failed       50 % (1 of 2 deploys): 1 rolled back");
}

/// Returns a world with this kind of channels whose production got the fifth commit by hand.
fn chatting(record: bool, kind: &str) -> Deploy {
    let record = if record { RECORD } else { "" };
    let deploy = shipped(
        World::deploy_like()
            .without_pages()
            .toml(&format!("{record}{}", channels(kind))),
    );
    deploy.web.set(TECHNICAL, accepted(kind));
    deploy
}

#[track_caller]
fn goes_back(deploy: &Deploy) -> Run {
    posts(
        deploy,
        &scripted(deploy, 2, &["--reason", "Maps are empty."]),
    )
}

#[track_caller]
fn is_the_post(text: &str, deploy: &Deploy) {
    let lead = format!(
        "Version {} was rolled back to {} on production by Ada Example.",
        short(deploy.nth(5)),
        short(deploy.nth(2))
    );
    for part in ["Production rollback 20", &lead, "Maps are empty.", "devs"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn the_technical_channel_is_told_once() {
    for (record, kind) in sample(2, [(true, "teams"), (false, "teams"), (true, "slack")]) {
        let deploy = chatting(record, kind);
        let run = goes_back(&deploy);
        run.ok()
            .prints("")
            .says("post to the technical channel\n")
            .says("accepted the post to the technical channel");
        for _ in 0..2 {
            goes_back(&deploy).ok().says("nothing to roll back");
        }
        let told = sent(&deploy, TECHNICAL);
        assert_eq!(told.len(), 1);
        is_the_post(&words(&told[0]), &deploy);
        deploy.chain();
    }
}

#[test]
fn where_it_is_printed_it_is_printed_once() {
    for record in one_of([true, false]) {
        let deploy = chatting(record, "print");
        let run = goes_back(&deploy);
        run.ok().says("for the technical channel:\n");
        is_the_post(&run.out(), &deploy);
        goes_back(&deploy).ok().prints("");
        deploy.chain();
    }
}

#[test]
fn without_a_channel_the_text_is_printed_once() {
    for deploy in sample(
        1,
        [
            shipped(World::deploy_like().without_pages()),
            recorded(World::deploy_like().without_pages()),
        ],
    ) {
        let args = scripted(&deploy, 2, &["--reason", "Maps are empty."]);
        let run = deploy.smp(&args);
        run.ok()
            .says("for the technical channel:\n")
            .prints_among("was rolled back to")
            .prints_among("Maps are empty.");
        deploy.smp(&args).ok().prints("");
        assert_eq!(deploy.chain().count("posted"), 0);
    }
}

#[test]
fn a_chat_that_fails_is_told_by_the_next_run_of_the_same_command() {
    let deploy = chatting(true, "teams");
    deploy.web.set(TECHNICAL, Page::body("").status(400));
    let run = goes_back(&deploy);
    run.exits(4)
        .says("error: rolled back, but the technical channel was not notified")
        .prints_among("was rolled back to");
    run.says(&format!(
        "git smp rollback production --to {} --reason 'Maps are empty.'",
        short(deploy.nth(2))
    ));
    assert_eq!(deploy.master(&deploy.production), deploy.nth(2));
    deploy
        .smp(&["status"])
        .ok()
        .prints_among("a post to the technical channel; this clone has no webhook for the channel; in a clone that has it: git smp promote production");
    deploy.web.set(TECHNICAL, accepted("teams"));
    goes_back(&deploy)
        .ok()
        .says("nothing to roll back")
        .says("accepted the post to the technical channel");
    goes_back(&deploy).ok();
    let told = sent(&deploy, TECHNICAL);
    assert_eq!(told.len(), 2);
    is_the_post(&words(&told[1]), &deploy);
    assert_eq!(deploy.deploys(&deploy.production).len(), 3);
    deploy.chain();
}

#[test]
fn without_a_record_a_chat_that_fails_is_tried_once_and_the_text_is_printed() {
    let deploy = chatting(false, "teams");
    for (status, story) in [
        (400, "warning: the technical channel was not notified: "),
        (
            500,
            "warning: it is unknown whether the technical channel was notified: ",
        ),
    ] {
        deploy.web.set(TECHNICAL, Page::body("").status(status));
        let run = goes_back(&deploy);
        run.ok()
            .says(story)
            .says(&format!("it answers {status}"))
            .says("for the technical channel:\n");
        is_the_post(&run.out(), &deploy);
        goes_back(&deploy)
            .ok()
            .says("nothing to roll back")
            .prints("");
        deploy.smp(&["status"]).ok().never_shows("pending");
        deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    }
    assert_eq!(sent(&deploy, TECHNICAL).len(), 2);
}

#[test]
fn without_a_record_and_a_webhook_the_text_is_printed() {
    let deploy = chatting(false, "teams");
    let args = scripted(&deploy, 2, &["--reason", "Maps are empty."]);
    let run = deploy.smp(&args);
    run.ok()
        .says("this clone has no webhook for the technical channel")
        .says("for the technical channel:\n");
    is_the_post(&run.out(), &deploy);
}

#[test]
fn a_chat_that_fails_is_told_by_the_next_promotion() {
    let deploy = chatting(true, "teams");
    deploy.web.set(TECHNICAL, Page::body("").status(400));
    goes_back(&deploy).exits(4);
    deploy.web.set(TECHNICAL, accepted("teams"));
    // Even if the command is refused.
    let again = ["promote", "--yes", "--commit", deploy.nth(5)];
    posts(&deploy, &again)
        .exits(4)
        .says("only the pending posts of an earlier deploy were sent");
    posts(&deploy, &again).exits(1);
    let told = sent(&deploy, TECHNICAL);
    assert_eq!(told.len(), 2);
    is_the_post(&words(&told[1]), &deploy);
    deploy
        .smp(&["status"])
        .ok()
        .never_shows("a post to the technical channel");
    deploy.chain();
}

#[test]
fn a_promotion_that_ships_tells_what_was_owed_before() {
    let deploy = chatting(true, "teams");
    deploy.web.set(TECHNICAL, Page::body("").status(400));
    goes_back(&deploy).exits(4);
    deploy.web.set(TECHNICAL, accepted("teams"));
    posts(
        &deploy,
        &[
            "promote",
            "--again",
            "--yes",
            "--commit",
            deploy.nth(5),
            "--timeout",
            "20",
        ],
    )
    .ok();
    assert_eq!(sent(&deploy, TECHNICAL).len(), 2);
    deploy.chain();
}

#[test]
fn a_dry_run_shows_the_post_and_sends_none() {
    let deploy = chatting(true, "teams");
    let before = deploy.snapshot();
    let run = posts(
        &deploy,
        &[
            "rollback",
            "-n",
            "--to",
            deploy.nth(2),
            "--reason",
            "Maps are empty.",
        ],
    );
    run.ok().says("post to the technical channel");
    is_the_post(&run.out(), &deploy);
    assert_eq!(
        (deploy.snapshot(), sent(&deploy, TECHNICAL).len()),
        (before, 0)
    );
}
