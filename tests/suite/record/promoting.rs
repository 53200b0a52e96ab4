//! Promotions with a record: only proposed and signed-off commits, one at a time, and each recorded.

use serde_json::json;

use super::{
    bens_clone, events, merged, next, promotes, proposed, proposed_just_now, recorded,
    recorded_like, refused, sentences, short, signed_off,
};
use crate::promote::{person, ready};
use crate::support::{Gate, Page, World};

#[test]
fn the_plan_for_scripts_ends_in_the_record() {
    let deploy = signed_off();
    let before = deploy.snapshot();
    let (new, old) = (short(deploy.nth(5)), short(deploy.nth(2)));
    let plan = deploy.smp(&["promote", "-n", "--json"]).ok().json();
    let steps = json!([
        { "step": "push", "detail": format!("push {new} to master on production (master must still be at {old})") },
        { "step": "wait", "detail": format!("wait until master on production is at {new}") },
        { "step": "record", "detail": "record the deploy to production and lift the freeze on staging" },
    ]);
    assert_eq!((&plan["steps"], &plan["refusal"]), (&steps, &json!(null)));
    deploy
        .smp(&["promote", "-n"])
        .ok()
        .prints("")
        .says("signed off by Rosi (recorded by Ada Example, who proposed it) at ")
        .says("3. record the deploy to production");
    assert_eq!(deploy.snapshot(), before);
}

/// Blocks the folder of objects for writing, as on a full disk.
const FULL: &str = "git repack -adq && rm -rf objects/?? && for a in 0 1 2 3 4 5 6 7 8 9 a b c d e f; do \
    for b in 0 1 2 3 4 5 6 7 8 9 a b c d e f; do : >objects/$a$b; done; done";

#[test]
fn a_result_that_cannot_be_put_on_record_leaves_a_step_for_the_next_run_and_for_the_one_after() {
    let deploy = signed_off();
    let (clone, new) = (deploy.work.join(".git"), deploy.nth(5));
    let script = format!(
        "unset $(git rev-parse --local-env-vars); cd {} && {FULL}",
        clone.display()
    );
    deploy.hook(&deploy.production, "post-receive", &script);
    for _ in 0..2 {
        promotes(&deploy, &[])
            .exits(4)
            .says("done: production runs")
            .says("error: the event cannot be written here, so nothing was recorded")
            .says("Not a directory")
            .says(&format!(
                "hint: correct the problem, then: git smp promote --timeout 20 --commit {new}\n"
            ));
    }
    for entry in std::fs::read_dir(clone.join("objects")).unwrap() {
        let _ = std::fs::remove_file(entry.unwrap().path());
    }
    // Now the host declines the record.
    deploy.hook(&deploy.main, "pre-receive", "exit 1");
    promotes(&deploy, &[])
        .exits(4)
        .says("error: the record cannot be written to")
        .says("hint: to continue: git smp promote --timeout 20\n");
    deploy.hook(&deploy.main, "pre-receive", "exit 0");
    promotes(&deploy, &[]).ok().says("on record");
    assert_eq!(events(&deploy).last().unwrap(), "promoted");
    assert_eq!(deploy.chain().count("promoting"), 1);
}

#[test]
fn the_intent_is_on_record_before_the_push_and_the_result_after_it() {
    let deploy = signed_off();
    let gate = Gate::new(&deploy, "build");
    deploy.hook(
        &deploy.production,
        "pre-receive",
        &format!("cat >/dev/null; {}", gate.line()),
    );
    let run = deploy
        .runner()
        .directly()
        .start(&["promote", "--yes", "--commit", deploy.nth(5)]);
    gate.reached();
    assert_eq!(events(&deploy).last().unwrap(), "promoting");
    let status = deploy.smp(&["status"]).ok().out();
    let expected = format!(
        "  deploying   {} to production, by Ada Example since ",
        short(deploy.nth(5))
    );
    assert!(status.contains(&expected), "{status}");

    // A colleague is told who is deploying, and can neither push nor take over by accident.
    let ben = bens_clone(&deploy);
    let ben = deploy.runner().cwd(ben);
    let (before, story) = (deploy.snapshot(), "Ada Example began to promote");
    let told = ben
        .smp(&["promote", "-n", "--json"])
        .exits(1)
        .says(story)
        .json();
    assert_eq!(told["refusal"]["code"], "deploying");
    let hint = told["refusal"]["hint"].as_str().unwrap();
    let last = "\nonly if that run ended without a result: git smp promote production --take-over ";
    assert!(hint.contains(last), "{hint}");
    ben.smp(&["stage", "--fix", "--yes"]).exits(1).says(story);
    ben.smp(&["propose", "--yes"])
        .ok()
        .says("is already the candidate, proposed by Ada Example");
    ben.smp(&["postpone", "--yes", "--reason", "x"])
        .exits(1)
        .says(story);
    let json = ben.smp(&["status", "--json"]).ok().json();
    assert_eq!(
        (&json["deploying"]["environment"], &json["deploying"]["by"]),
        (&json!("production"), &json!("Ada Example"))
    );
    let shown = ben.smp(&["status"]);
    shown
        .ok()
        .prints_among("note: that deploy must finish first\n")
        .prints_among("note: only if that run ended without a result: git smp promote production --take-over ")
        .prints_among("\nnext: git smp status\n");
    assert_eq!(deploy.snapshot(), before);

    gate.open();
    run.finish()
        .ok()
        .says("done: on record; the freeze on staging is lifted");
    assert_eq!(
        events(&deploy)[2..],
        ["signed-off", "promoting", "promoted"]
    );
    ben.smp(&["promote"]).ok().says("nothing to promote");
}

#[test]
fn a_second_run_has_nothing_to_do_and_nothing_to_record() {
    let deploy = signed_off();
    promotes(&deploy, &["-q"]).ok().prints("");
    let before = deploy.snapshot();
    let second = deploy.smp(&["promote"]);
    second.ok().prints("").says(&format!(
        "production already runs {}: nothing to promote",
        short(deploy.nth(5))
    ));
    assert_eq!(deploy.smp(&["promote", "--quiet"]).ok().stderr, "");
    let plan = deploy.smp(&["promote", "-n", "--json"]).ok().json();
    assert_eq!(
        (&plan["steps"], &plan["refusal"]),
        (&json!([]), &json!(null))
    );
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn what_nobody_put_forward_or_signed_off_is_not_promoted() {
    let deploy = recorded();
    assert_eq!(
        refused(&deploy, "hint: propose it: git smp propose"),
        "not-proposed"
    );
    deploy.smp(&["propose", "--yes"]).ok();
    assert_eq!(
        refused(&deploy, "hint: if it was tested and works: git smp signoff"),
        "not-signed-off"
    );
    let before = deploy.snapshot();
    promotes(&deploy, &[])
        .exits(1)
        .says("nobody has signed")
        .prints("");
    person(&deploy)
        .terminal(&["promote"])
        .ends()
        .exits(1)
        .says("nobody has signed")
        .never_shows("Type production");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_team_that_signs_nothing_off_promotes_at_once_and_is_stopped_by_a_block() {
    let deploy = ready(
        World::deploy_like()
            .without_pages()
            .toml("[record]\nsignoff = false\n"),
    );
    deploy.smp(&["promote", "-n"]).ok();
    deploy.smp(&["propose", "--yes"]).ok();
    assert_eq!(next(&deploy), "git smp promote");
    deploy.smp(&["signoff", "--block", "not today"]).ok();
    assert_eq!(
        refused(&deploy, "Ada Example blocked it just now: not today"),
        "blocked"
    );
    promotes(&deploy, &[])
        .exits(1)
        .says("is blocked")
        .says("hint: deploy a fix: git smp stage --fix");
    deploy.smp(&["signoff"]).ok();
    deploy.smp(&["stage", "--fix", "--yes"]).ok();
    promotes(&deploy, &[])
        .ok()
        .says("the freeze on staging is lifted");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(6));
    assert_eq!(super::trailer(&deploy, "Smp-Unsigned"), "yes");
    // Without a candidate, too.
    merged(&deploy, "Fix a typo", "typo");
    deploy.smp(&["stage", "--yes"]).ok();
    promotes(&deploy, &[]).ok().says("done: on record\n");
}

#[test]
fn a_block_stops_what_others_signed_off() {
    let deploy = signed_off();
    deploy
        .smp(&["signoff", "--by", "Ben", "--block", "the map is empty"])
        .ok()
        .says("next: git smp stage --fix\n");
    assert_eq!(
        refused(
            &deploy,
            "because: Ben blocked it just now: the map is empty"
        ),
        "blocked"
    );
    assert_eq!(next(&deploy), "git smp stage --fix");
}

#[test]
fn a_staging_that_moved_on_is_not_what_was_signed_off() {
    let deploy = signed_off();
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    let put_back = format!("git smp stage {}", short(deploy.nth(5)));
    assert_eq!(
        refused(
            &deploy,
            &format!("hint: deploy the candidate again: {put_back}\nhint: or close the candidate")
        ),
        "candidate-moved"
    );
    assert_eq!(next(&deploy), put_back);
    promotes(&deploy, &[])
        .exits(1)
        .says("staging does not run the candidate");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(2));
}

#[test]
fn a_staging_that_is_back_at_what_production_runs_has_not_shipped_the_candidate() {
    let deploy = signed_off();
    deploy.colleague_pushes(&deploy.staging, deploy.nth(2));
    let put_back = format!("git smp stage {}", short(deploy.nth(5)));
    let hint = format!("hint: deploy the candidate again: {put_back}");
    assert_eq!(refused(&deploy, &hint), "candidate-moved");
    assert_eq!(next(&deploy), put_back);
    deploy
        .smp(&["promote"])
        .exits(1)
        .never_shows("nothing to promote");
}

#[test]
fn a_candidate_whose_staging_is_not_what_was_pushed_is_led_back_to_the_candidate() {
    let deploy = recorded_like(World::deploy_like());
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.smp(&["signoff"]).ok();
    deploy.web.set("/staging", Page::commit(deploy.nth(4)));
    let hint = format!("or deploy again: git smp stage {}", short(deploy.nth(5)));
    assert_eq!(refused(&deploy, &hint), "staging-stale");
}

#[test]
fn a_production_that_was_put_back_since_the_proposal_takes_another_one() {
    let deploy = proposed_just_now();
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    let back = [
        "rollback",
        "--yes",
        "--to",
        deploy.nth(1),
        "--timeout",
        "20",
    ];
    deploy.smp(&back).ok();
    let why = format!(
        "production now runs {}, not what it ran at the proposal: close the candidate, then propose again",
        short(deploy.nth(1))
    );
    let said = format!("note: {why}\nnext: git smp postpone\n");
    deploy.smp(&["signoff"]).ok().says(&said);
    assert_eq!(super::next(&deploy), "git smp postpone");
    let again = deploy.smp(&["propose", "--yes"]);
    again.ok().says("is already the candidate");
    again.says(&format!("warning: {why}\n"));
    again.says("next: git smp postpone\n");
    assert_eq!(refused(&deploy, "runs"), "target-moved");
}

#[test]
fn a_production_that_moved_since_the_proposal_is_looked_at_anew() {
    let deploy = proposed_just_now();
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    deploy.colleague_pushes(&deploy.production, deploy.nth(3));
    let [then, now] = [2, 3].map(|nth| short(deploy.nth(nth)).to_owned());
    let words = format!(
        "because: it ran {then} when Ada Example proposed {} just now, and runs {now} now",
        short(deploy.nth(5))
    );
    assert_eq!(refused(&deploy, &words), "target-moved");
    promotes(&deploy, &[])
        .exits(1)
        .says("hint: close the candidate: git smp postpone\nhint: then: git smp propose\n");
    deploy
        .smp(&["postpone", "--yes", "--reason", "production moved"])
        .ok();
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.smp(&["signoff"]).ok();
    promotes(&deploy, &[]).ok();
}

#[test]
fn a_verdict_that_comes_while_the_question_is_open_counts() {
    let deploy = signed_off();
    let mut terminal = person(&deploy).terminal(&["promote"]);
    terminal.sees("Type production to deploy: ");
    deploy
        .smp(&["signoff", "--by", "Ben", "--block", "stop"])
        .ok();
    let before = deploy.snapshot();
    terminal.enters("production");
    terminal
        .ends()
        .exits(1)
        .says("is blocked")
        .says("Ben blocked it just now: stop");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_no_at_the_question_leaves_nothing_on_record() {
    let deploy = signed_off();
    let before = deploy.snapshot();
    let mut terminal = person(&deploy).terminal(&["promote"]);
    terminal
        .sees("signed off by Rosi (recorded by Ada Example, who proposed it) at ")
        .sees("Type production to deploy: ")
        .enters("");
    terminal.ends().exits(3);
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_build_that_fails_takes_the_announcement_back_and_can_be_tried_again() {
    let deploy = signed_off();
    deploy.hook(
        &deploy.production,
        "pre-receive",
        "cat >/dev/null; echo 'no such buildpack'; exit 1",
    );
    let run = promotes(&deploy, &[]);
    run.exits(1)
        .says("error: production declined")
        .says("no such buildpack");
    run.says("hint: correct the problem, then: git smp promote production --timeout 20\nhint: if the code is to blame: git smp stage --fix");
    let last = sentences(&deploy).pop().unwrap();
    assert!(
        last.starts_with(
            "Ada Example ended the deploy, which changed nothing: production declined "
        ),
        "{last}"
    );
    assert_eq!(events(&deploy)[3..], ["promoting", "ended"]);
    // The candidate and its verdict remain, and nothing blocks anybody.
    assert_eq!(next(&deploy), "git smp promote");
    deploy.hook(&deploy.production, "pre-receive", "cat >/dev/null");
    promotes(&deploy, &[]).ok();
    assert_eq!(events(&deploy)[5..], ["promoting", "promoted"]);
}

#[test]
fn a_page_that_never_changes_leaves_the_deploy_open_and_the_next_run_closes_it() {
    let deploy = recorded_like(World::deploy_like());
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.smp(&["signoff"]).ok();
    deploy.web.set("/production", Page::commit(deploy.nth(2)));
    let once = [
        "promote",
        "--yes",
        "--commit",
        deploy.nth(5),
        "--timeout",
        "1",
    ];
    deploy
        .smp(&once)
        .exits(4)
        .says("pushed, but not live")
        .says("hint: to continue: git smp promote production");
    assert_eq!(events(&deploy).last().unwrap(), "promoting");
    deploy
        .smp(&["status", "--json"])
        .ok()
        .prints_among("\"frozen\": true");
    assert_eq!(next(&deploy), "git smp promote production");
    deploy
        .web
        .set("/production", Page::deployed(&deploy.production));
    promotes(&deploy, &[])
        .ok()
        .says("the freeze on staging is lifted");
    assert_eq!(events(&deploy)[3..], ["promoting", "promoted"]);
    deploy.ran([2, 5]);
}

// Nothing is deployed, so no confirmation is needed.
#[test]
fn what_somebody_deployed_by_hand_is_written_down_by_promote() {
    let deploy = proposed();
    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    assert_eq!(refused(&deploy, "nobody has signed"), "not-signed-off");
    deploy.smp(&["signoff"]).ok();
    assert_eq!(next(&deploy), "git smp promote production");
    deploy
        .smp(&["propose", "--yes"])
        .ok()
        .says("is already the candidate");
    let run = deploy.smp(&["promote"]);
    run.ok()
        .prints("")
        .says("1. record the deploy to production and lift the freeze on staging")
        .says("done: on record");
    deploy.ran([2, 5]);
    assert_eq!(events(&deploy)[2..], ["signed-off", "observed", "promoted"]);
    assert_eq!(next(&deploy), "git smp stage");
}
