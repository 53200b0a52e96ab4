//! A new team's week: nobody stops, wonders, or types the wrong command.

mod hints;
mod pull_request;
mod signers;
mod status;
mod stumbles;
mod wizard;

use crate::posts::{
    PRODUCT, TECHNICAL, accepted, channels, chatting, posts, sent, with_webhooks, words,
};
use crate::promote::{person, promote, ready};
use crate::record::{events, next, proposed, recorded, recorded_like, short};
use crate::support::{Deploy, Terminal, Topology, World};

/// Starts a command at a terminal of 80 columns.
pub fn at_80_columns(deploy: &Deploy, args: &[&str]) -> Terminal {
    let mut terminal = person(deploy).terminal(args);
    terminal.resizes(80, 24);
    terminal
}

/// Proposes and signs off with both webhooks.
#[track_caller]
fn signed_off(deploy: &Deploy) {
    posts(deploy, &["propose", "--yes"]).ok();
    posts(deploy, &["signoff", "--by", "Rosi"]).ok();
}

// --- without a webhook

#[test]
fn a_clone_without_webhooks_deploys_and_says_what_somebody_else_has_to_send() {
    let deploy = chatting("teams");
    signed_off(&deploy);
    let run = promote(&deploy, &["--summary", "- Flags on painpoints"]);
    run.ok()
        .says("  4. post to the product channel; no webhook here: the text will be printed\n")
        .says("done: production runs");
    run.prints_among("with the following changes:\n\n- Flags on painpoints\n");
    run.says(
        "it stays pending; send it from a clone that has the webhook: git smp promote production\n",
    );
    let status = deploy.smp(&["status"]);
    status
        .ok()
        .prints_among("a post to the product channel; this clone has no webhook for the channel; in a clone that has it: git smp promote production\n");
    // A pending post does not hide the next step.
    assert_eq!(next(&deploy), "git smp stage");
    deploy.smp(&["stage", "--yes"]).ok();
    assert_eq!(next(&deploy), "git smp propose");
    // It does not change a refusal either.
    promote(&deploy, &[])
        .exits(1)
        .prints("")
        .never_shows("pending");
    posts(&deploy, &["propose", "--yes"]).ok();
    for _ in 0..2 {
        posts(&deploy, &["promote", "--yes", "--commit", deploy.nth(6)]);
        assert_eq!(sent(&deploy, PRODUCT).len(), 1);
    }
    assert!(words(&sent(&deploy, PRODUCT)[0]).contains("Flags on painpoints"));
    deploy.chain();
}

#[test]
fn every_command_that_tells_the_team_ends_well_without_a_webhook() {
    let deploy = chatting("slack");
    posts(&deploy, &["propose", "--yes"]).ok();
    let block = deploy.smp(&["signoff", "--by", "Rosi", "--block", "Maps are empty."]);
    block
        .ok()
        .prints_among("Maps are empty.")
        .says("this clone has no webhook for the technical channel, so this post is not sent:\n");
    let fix = deploy.smp(&["stage", "--fix", "--yes"]);
    fix.ok()
        .says("; no webhook here: the text will be printed\n")
        .prints_among("must be tested again");
    let postponed = deploy.smp(&["postpone", "--yes", "--reason", "Not today."]);
    postponed
        .ok()
        .prints_among("Not today.")
        .says("send it from a clone that has the webhook: git smp postpone\n");
    assert_eq!(sent(&deploy, TECHNICAL).len(), 1);
    deploy
        .smp(&["rollback", "-n", "--to", &deploy.nth(2)[..8]])
        .ok();
    with_webhooks(&deploy).smp(&["postpone"]).ok();
    assert!(words(&sent(&deploy, TECHNICAL)[1]).contains("Not today."));
    deploy.chain();
}

#[test]
fn without_a_record_a_post_without_a_webhook_is_printed_and_nothing_is_owed() {
    let deploy = ready(
        World::deploy_like()
            .without_pages()
            .toml(&channels("teams")),
    );
    let run = promote(&deploy, &["--summary", "- Flags on painpoints"]);
    run.ok()
        .says("this clone has no webhook for the product channel\n")
        .prints_among("- Flags on painpoints\n");
    deploy.smp(&["status"]).ok().never_shows("pending");
    promote(&deploy, &[])
        .ok()
        .says("nothing to promote")
        .prints("");
}

#[test]
fn what_is_owed_is_a_remark_and_no_step_of_the_deploy() {
    let deploy = chatting("teams");
    signed_off(&deploy);
    promote(&deploy, &["--summary", "- Flags"]).ok();
    deploy.colleague_pushes(&deploy.main, deploy.nth(5));
    assert_eq!(next(&deploy), "nothing");
    let out = with_webhooks(&deploy).smp(&["status"]).ok().out();
    assert!(out.ends_with("next: nothing\n"), "{out}");
    assert!(
        out.contains("pending     a post to the product channel"),
        "{out}"
    );
}

// --- the editor

/// Starts a person's promotion whose editor runs this script on the file `$1`.
fn editing(deploy: &Deploy, script: &str) -> Terminal {
    deploy.executable("bin/editor", script);
    let path = deploy.path("bin/editor").display().to_string();
    deploy.git(&deploy.work, &["config", "core.editor", &path]);
    let mut terminal = with_webhooks(deploy)
        .directly()
        .env("NO_COLOR", "1")
        .without_env("GIT_EDITOR")
        .terminal(&["promote"]);
    terminal.resizes(80, 24);
    terminal
}

#[test]
fn an_editor_that_is_left_without_a_change_posts_nothing_to_everyone() {
    let deploy = chatting("teams");
    signed_off(&deploy);
    let mut terminal = editing(&deploy, ":");
    terminal
        .sees(" to the product channel: the draft was left as it was")
        .sees("3. record the deploy to production");
    terminal
        .sees("Type production to deploy: ")
        .enters("production");
    terminal
        .ends()
        .ok()
        .never_shows("post to product\r\n")
        .never_shows("will say");
    assert!(sent(&deploy, PRODUCT).is_empty());
    deploy.chain();
}

#[test]
fn a_draft_that_somebody_says_yes_to_is_shown_in_the_plan_and_posted() {
    let deploy = chatting("teams");
    deploy.web.set(PRODUCT, accepted("teams"));
    signed_off(&deploy);
    let mut terminal = editing(&deploy, "sed -i.old '/delete this line/d' \"$1\"");
    terminal
        .sees("4. post to the product channel")
        .sees("The post to the product channel will say");
    terminal
        .sees("  | - Fix malformed view variable in MapItems")
        .sees("  | - Add translations");
    terminal
        .sees("Type production to deploy: ")
        .enters("production");
    terminal.ends().ok();
    assert!(words(&sent(&deploy, PRODUCT)[0]).contains("Fix malformed view variable in MapItems"));
}

// --- `status`

#[test]
fn a_freeze_that_somebody_broke_is_said_and_how_to_put_it_right() {
    let deploy = proposed();
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    let run = deploy.smp(&["status"]);
    let words = format!(
        "staging now runs {} instead: somebody deployed there despite the freeze\n",
        short(deploy.nth(6))
    );
    run.ok()
        .prints_among(&words)
        .prints_among("to close the candidate: git smp postpone\n");
    assert_eq!(
        next(&deploy),
        format!("git smp stage {}", short(deploy.nth(5)))
    );
    deploy.colleague_pushes(&deploy.staging, deploy.nth(5));
    deploy
        .smp(&["status"])
        .ok()
        .never_shows("no longer")
        .never_shows("close the candidate");
}

#[test]
fn production_is_promoted_from_staging_and_not_the_other_way_round() {
    let deploy = World::deploy_like().on(Topology::Remotes).build();
    deploy
        .smp(&["setup", "--yes"])
        .ok()
        .says("remote to add, gets its commits from staging\n")
        .never_shows("promotes staging");
    deploy
        .smp(&["diff", "staging"])
        .exits(2)
        .says("staging does not get its commits from another environment");
    let run = deploy.smp(&["rollback", "staging"]);
    run.exits(2)
        .says("nothing is promoted to staging")
        .says("hint: find the hash of an older commit: git log --oneline\n")
        .says("hint: deploy it; replace the dots with its hash: git smp stage '...'\n")
        .never_shows("promotes");
}

#[test]
fn a_rollback_asks_a_person_for_the_reason_and_takes_none_for_an_answer() {
    let deploy = recorded();
    promote_once(&deploy);
    let mut terminal = at_80_columns(&deploy, &["rollback"]);
    terminal
        .sees("Type production to roll back: ")
        .enters("production");
    terminal
        .sees("Reason for the rollback, for the team (Enter skips): ")
        .enters("--")
        .sees("looks like an option");
    terminal
        .sees("Reason for the rollback, for the team (Enter skips): ")
        .enters("Maps are empty.");
    terminal.ends().ok().says("Maps are empty.");
    deploy
        .smp(&["status"])
        .ok()
        .prints_among("by Ada Example at ")
        .prints_among(": Maps are empty.\n");
    // Ctrl-C at that question is a no.
    promote_again(&deploy);
    let before = deploy.snapshot();
    let mut terminal = at_80_columns(&deploy, &["rollback"]);
    terminal
        .sees("Type production to roll back: ")
        .enters("production")
        .sees("Reason for the rollback, for the team")
        .ctrl_c();
    terminal
        .ends()
        .exits(3)
        .says("not rolled back; no environment was changed");
    assert_eq!(deploy.snapshot(), before);
    let mut terminal = at_80_columns(&deploy, &["rollback", "--reason", "Again."]);
    terminal
        .sees("Type production to roll back: ")
        .enters("production");
    terminal
        .ends()
        .ok()
        .never_shows("Reason for the rollback, for the team");
}

#[track_caller]
fn promote_once(deploy: &Deploy) {
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    promote(deploy, &[]).ok();
}

#[track_caller]
fn promote_again(deploy: &Deploy) {
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    promote(deploy, &["--again"]).ok();
}

#[test]
fn figures_begin_in_the_week_in_which_the_record_does() {
    let deploy = recorded();
    promote_once(&deploy);
    let json = deploy.smp(&["history", "--json"]).ok().json();
    assert_eq!(
        json["stats"]["environments"][0]["weeks"]
            .as_array()
            .map(Vec::len),
        Some(1),
        "{json}"
    );
    assert_eq!(events(&deploy).last().map(String::as_str), Some("promoted"));
}
