//! The product post: after production reports the commit, with a person's text, and never with the log.

use rustix::process::Signal;

use super::*;
use crate::promote::person;
use crate::sample::sample;

/// Returns a world whose candidate is proposed and signed off.
#[track_caller]
fn signed_off(kind: &str) -> Deploy {
    let deploy = chatting(kind);
    posts(&deploy, &["propose", "--yes"]).ok();
    posts(&deploy, &["signoff", "--by", "Rosi"]).ok();
    deploy
}

#[test]
fn production_reports_it_and_then_everyone_is_told_once() {
    for kind in sample(1, ["teams", "slack"]) {
        let deploy = signed_off(kind);
        let run = promotes(
            &deploy,
            &["--summary", "- Flags on painpoints\n- A calmer sidebar"],
        );
        run.ok()
            .prints("")
            .says("4. post to the product channel\n")
            .says("accepted the post to the product channel");
        let told = sent(&deploy, PRODUCT);
        assert_eq!(told.len(), 1);
        let text = words(&told[0]);
        for part in [
            "New release to production with the following changes:",
            "Flags on painpoints",
            "A calmer sidebar",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(
            !text.contains("MapItems") && !text.contains("@devs"),
            "never the log: {text}"
        );
        assert_eq!(heading(&told[0]), heading(&sent(&deploy, TECHNICAL)[0]));
        promotes(&deploy, &[]).ok().says("nothing to promote");
        assert_eq!(sent(&deploy, PRODUCT).len(), 1);
        deploy.chain();
    }
}

#[test]
fn a_chat_that_fails_fails_no_deploy_and_fakes_none() {
    let deploy = signed_off("teams");
    deploy.web.set(PRODUCT, Page::body("").status(400));
    let run = promotes(&deploy, &["--summary", "- Flags on painpoints"]);
    run.exits(4)
        .says("error: deployed, but the product channel was not notified\n")
        .says("run the command again to send the post: git smp promote");
    run.prints_among("- Flags on painpoints\n");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    deploy
        .smp(&["status"])
        .ok()
        .never_shows("frozen")
        .prints_among("a post to the product channel; this clone has no webhook for the channel; in a clone that has it: git smp promote production");
    assert!(events(&deploy).contains(&"promoted".to_owned()));
    deploy.web.set(PRODUCT, accepted("teams"));
    promotes(&deploy, &[])
        .ok()
        .says("nothing to promote")
        .says("accepted the post to the product channel");
    promotes(&deploy, &[]).ok();
    assert_eq!(
        (
            sent(&deploy, PRODUCT).len(),
            deploy.deploys(&deploy.production).len()
        ),
        (2, 2)
    );
    assert!(
        words(&sent(&deploy, PRODUCT)[1]).contains("Flags on painpoints"),
        "its text was kept"
    );
    deploy.chain();
}

#[test]
fn what_is_owed_of_an_earlier_deploy_is_told_even_where_the_next_is_refused() {
    let deploy = signed_off("teams");
    deploy.web.set(PRODUCT, Page::body("").status(404));
    promotes(&deploy, &["--summary", "- Flags on painpoints"]).exits(4);
    deploy.smp(&["stage", "--yes"]).ok();
    deploy.web.set(PRODUCT, accepted("teams"));
    promotes(&deploy, &[])
        .exits(4)
        .says("only the pending posts of an earlier deploy were sent");
    promotes(&deploy, &[]).exits(1).says("error: ");
    assert_eq!(sent(&deploy, PRODUCT).len(), 2);
}

#[test]
fn a_post_that_is_left_to_a_colleague_is_not_said_to_be_sent() {
    let deploy = signed_off("teams");
    deploy.web.set(PRODUCT, Page::silence());
    let args = [
        "promote",
        "--yes",
        "--commit",
        deploy.nth(5),
        "--summary",
        "- Flags",
    ];
    let mut running = with_webhooks(&deploy).directly().start(&args);
    deploy.web.is_asked_for(PRODUCT, 1);
    running.signal(Signal::KILL);
    drop(running.finish());
    deploy.smp(&["stage", "--yes"]).ok();
    let ben = with_webhooks(&deploy)
        .env("GIT_AUTHOR_NAME", "Ben")
        .env("GIT_COMMITTER_NAME", "Ben");
    ben.env("GIT_AUTHOR_EMAIL", "ben@example.com")
        .env("GIT_COMMITTER_EMAIL", "ben@example.com")
        .smp(&args)
        .exits(1)
        .says("may still be sending it")
        .never_shows("were sent");
}

#[test]
fn an_empty_text_means_no_post_and_says_so() {
    let deploy = signed_off("teams");
    promotes(&deploy, &["--summary", " \n"])
        .ok()
        .says(" to the product channel: its text is empty");
    assert!(sent(&deploy, PRODUCT).is_empty());
    deploy.chain();
}

#[test]
fn a_script_that_gives_no_text_is_told_that_there_is_no_post() {
    let deploy = signed_off("teams");
    promotes(&deploy, &[])
        .ok()
        .says(" to the product channel: it has no text; give it one with --summary or -F");
    assert!(sent(&deploy, PRODUCT).is_empty());
}

#[test]
fn without_a_product_channel_a_text_is_printed_and_none_is_asked_for() {
    let deploy = crate::record::proposed();
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    let run = crate::record::promotes(&deploy, &["--summary", "- Flags"]);
    run.ok()
        .prints_among("with the following changes:\n\n- Flags\n")
        .says("print the post to the product channel for you to paste");
    let quiet = crate::record::proposed();
    quiet.smp(&["signoff", "--by", "Rosi"]).ok();
    crate::record::promotes(&quiet, &[])
        .ok()
        .prints("")
        .never_shows("no post to");
}

/// Configures an editor that runs this script on the file `$1`.
fn editor(deploy: &Deploy, script: &str) {
    deploy.executable("bin/an editor", script);
    let path = deploy.path("bin/an editor");
    deploy.git(
        &deploy.work,
        &[
            "config",
            "core.editor",
            &format!("'{}' --wait", path.display()),
        ],
    );
}

/// Returns a runner for a person at a terminal with both webhooks.
fn promoting(deploy: &Deploy) -> Runner<'_> {
    let person = person(deploy).env("SMP_TECHNICAL_WEBHOOK", deploy.web.url(TECHNICAL));
    person
        .env("SMP_PRODUCT_WEBHOOK", deploy.web.url(PRODUCT))
        .without_env("GIT_EDITOR")
}

#[test]
fn the_editor_opens_with_a_draft_before_the_question() {
    let deploy = signed_off("teams");
    editor(
        &deploy,
        r#"cp "$2" ../draft; printf -- '- Maps know their flags\n# no such line\n' >"$2""#,
    );
    let mut terminal = promoting(&deploy).terminal(&["promote"]);
    terminal
        .sees("post to the product channel")
        .sees("Type production to deploy: ")
        .types("production\r");
    terminal.ends().ok();
    let draft = std::fs::read_to_string(deploy.path("draft")).unwrap();
    assert!(
        draft.starts_with(
            "- Fix malformed view variable in MapItems\n- Add translations to the floating UI\n"
        ),
        "{draft}"
    );
    assert!(draft.lines().any(|line| line.starts_with('#')), "{draft}");
    let text = words(&sent(&deploy, PRODUCT)[0]);
    assert!(
        text.contains("Maps know their flags") && !text.contains("no such line"),
        "{text}"
    );
}

#[test]
fn what_was_written_is_offered_again_after_a_no() {
    let deploy = signed_off("teams");
    editor(
        &deploy,
        r#"cat "$2" >>../seen; printf 'Maps know their flags\n' >"$2""#,
    );
    let mut terminal = promoting(&deploy).terminal(&["promote"]);
    terminal.sees("Type production to deploy: ").types("\r");
    terminal.ends().exits(3);
    assert!(sent(&deploy, PRODUCT).is_empty());
    let mut terminal = promoting(&deploy).terminal(&["promote"]);
    terminal.sees("Type production to deploy: ").types("\u{3}");
    terminal.ends().exits(3);
    let seen = std::fs::read_to_string(deploy.path("seen")).unwrap();
    assert!(seen.contains("\nMaps know their flags\n"), "{seen}");
}

#[test]
fn an_editor_that_fails_deploys_nothing() {
    let deploy = signed_off("teams");
    editor(&deploy, "exit 1");
    let before = deploy.snapshot();
    let mut terminal = promoting(&deploy).terminal(&["promote"]);
    terminal.sees("error: ").sees("git smp promote --summary");
    terminal.ends().exits(1);
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_run_that_is_cut_off_after_the_push_keeps_the_text_for_the_next() {
    let deploy = signed_off("teams");
    deploy.hook(
        &deploy.main,
        "update",
        "git log --format=%B \"$2..$3\" | grep -q 'Event: promoted' && exit 1; exit 0",
    );
    promotes(&deploy, &["--summary", "- Flags on painpoints"]).exits(4);
    assert!(sent(&deploy, PRODUCT).is_empty());
    deploy.hook(&deploy.main, "update", "exit 0");
    promotes(&deploy, &[])
        .ok()
        .says("accepted the post to the product channel");
    assert!(words(&sent(&deploy, PRODUCT)[0]).contains("Flags on painpoints"));
    assert_eq!(deploy.deploys(&deploy.production).len(), 2);
    deploy.chain();
}

#[test]
fn without_a_record_a_chat_that_stays_busy_is_told_nothing_and_the_text_is_printed() {
    let deploy = ready(
        World::deploy_like()
            .without_pages()
            .toml(&channels("teams")),
    );
    deploy.web.set(
        PRODUCT,
        Page::body("").status(503).header("Retry-After", "0"),
    );
    promotes(&deploy, &["--summary", "- Flags on painpoints"])
        .ok()
        .says("warning: the product channel was not notified: ")
        .says("for the product channel:\n")
        .prints_among("- Flags on painpoints\n");
    assert_eq!(sent(&deploy, PRODUCT).len(), 4);
    deploy.web.set(PRODUCT, accepted("teams"));
    promotes(&deploy, &[]).ok().says("nothing to promote");
    assert_eq!(sent(&deploy, PRODUCT).len(), 4);
    deploy.smp(&["status"]).ok().never_shows("pending");
}

#[test]
fn without_a_record_the_text_of_a_run_that_was_cut_off_is_told_once() {
    let deploy = ready(World::deploy_like().toml(&channels("teams")));
    deploy.web.set(PRODUCT, accepted("teams"));
    deploy.web.set("/production", Page::commit(deploy.nth(2)));
    let text = ["--summary", "- Flags on painpoints", "--timeout", "1"];
    let promotion = crate::promote::scripted(&deploy, &text);
    posts(&deploy, &promotion).exits(4);
    assert!(sent(&deploy, PRODUCT).is_empty());
    deploy
        .web
        .set("/production", Page::deployed(&deploy.production));
    for _ in 0..2 {
        promotes(&deploy, &[]).ok();
        assert_eq!(sent(&deploy, PRODUCT).len(), 1);
    }
    assert!(words(&sent(&deploy, PRODUCT)[0]).contains("Flags on painpoints"));
}

// Without a channel the text is only printed.
#[test]
fn the_text_of_a_run_that_was_cut_off_is_printed_once_where_no_channel_takes_it() {
    for record in sample(1, ["", "\n[record]\nsignoff = false\n"]) {
        let deploy = ready(World::deploy_like().toml(record));
        deploy.web.set("/production", Page::commit(deploy.nth(2)));
        let text = ["--summary", "- Flags on painpoints", "--timeout", "1"];
        let promotion = crate::promote::scripted(&deploy, &text);
        posts(&deploy, &promotion).exits(4).prints("");
        deploy
            .web
            .set("/production", Page::deployed(&deploy.production));
        promotes(&deploy, &[])
            .ok()
            .prints_among("- Flags on painpoints");
        promotes(&deploy, &[]).ok().prints("");
    }
}

#[test]
fn what_was_given_to_a_run_that_was_declined_is_posted_by_the_next_for_the_same_commit() {
    let deploy = signed_off("teams");
    deploy.hook(&deploy.production, "pre-receive", "exit 1");
    promotes(&deploy, &["--summary", "- Flags on painpoints"])
        .exits(1)
        .says("declined");
    deploy.hook(&deploy.production, "pre-receive", "exit 0");
    promotes(&deploy, &[])
        .ok()
        .says("the text for the product channel is from an earlier run for this commit")
        .says("| - Flags on painpoints\n");
    let told = sent(&deploy, PRODUCT);
    assert_eq!(told.len(), 1);
    assert!(words(&told[0]).contains("Flags on painpoints"));
}

#[test]
fn what_a_colleague_deployed_is_not_told_by_whoever_was_turned_away() {
    let deploy = ready(
        World::deploy_like()
            .without_pages()
            .toml(&channels("teams")),
    );
    deploy.web.set(PRODUCT, accepted("teams"));
    deploy.hook(&deploy.production, "pre-receive", "exit 1");
    promotes(&deploy, &["--summary", "- Flags on painpoints"])
        .exits(1)
        .says("declined");
    deploy.hook(&deploy.production, "pre-receive", "exit 0");
    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    promotes(&deploy, &["--summary", "- Flags on painpoints"])
        .ok()
        .says("nothing to promote")
        .says("is not posted");
    assert!(sent(&deploy, PRODUCT).is_empty());
}

#[test]
fn no_hook_that_runs_on_this_machine_is_handed_a_webhook() {
    let deploy = signed_off("teams");
    deploy.hook(
        &deploy.production,
        "pre-receive",
        "env | grep -a SMP_ || echo none is here",
    );
    promotes(&deploy, &["--summary", "- Flags on painpoints"])
        .ok()
        .says("none is here");
}
