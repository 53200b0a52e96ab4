//! The shorter posts: a fix, a block, a postponement.

use super::*;
use crate::record::merged;

#[test]
fn a_block_and_a_postponement_are_told_with_their_reasons() {
    let deploy = chatting("teams");
    posts(&deploy, &["propose", "--yes"]).ok();
    posts(
        &deploy,
        &[
            "signoff",
            "--by",
            "Rosi",
            "--block",
            "The legend covers the map.",
        ],
    )
    .ok()
    .prints("");
    posts(
        &deploy,
        &[
            "signoff",
            "--by",
            "Rosi",
            "--block",
            "The legend covers the map.",
        ],
    )
    .ok()
    .prints("");
    posts(&deploy, &["signoff", "--by", "Ben"]).ok();
    posts(&deploy, &["postpone", "--yes", "--reason", "Not today."])
        .ok()
        .prints("");
    posts(&deploy, &["postpone", "--yes", "--reason", "Not today."])
        .ok()
        .prints("");
    let all: Vec<String> = sent(&deploy, TECHNICAL).iter().map(words).collect();
    assert_eq!(
        all.len(),
        3,
        "a pass is no post, and nothing is told twice: {all:#?}"
    );
    assert!(
        all[1].contains("is blocked by Rosi.") && all[1].contains("The legend covers the map."),
        "{}",
        all[1]
    );
    assert!(
        all[2].contains("was postponed for production by Ada Example; staging is free"),
        "{}",
        all[2]
    );
    assert!(all[2].contains("Not today."));
    deploy.chain();
}

#[test]
fn a_fix_is_told_with_what_it_adds_alone() {
    let deploy = chatting("teams");
    posts(&deploy, &["propose", "--yes"]).ok();
    let fix = merged(
        &deploy,
        "Keep the legend from covering the map (#428)",
        "legend",
    );
    let run = posts(&deploy, &["stage", "--fix", "--yes", "--pick", &fix]);
    run.ok().says("post to the technical channel");
    let all: Vec<String> = sent(&deploy, TECHNICAL).iter().map(words).collect();
    assert_eq!(all.len(), 2);
    assert!(
        all[1].contains("Keep the legend from covering the map (#428)")
            && all[1].contains("must be tested again")
    );
    assert!(
        !all[1].contains("MapItems"),
        "the rest was told before: {}",
        all[1]
    );
    deploy.chain();
}

#[test]
fn a_fix_whose_post_failed_is_told_by_the_same_command() {
    let deploy = chatting("teams");
    posts(&deploy, &["propose", "--yes"]).ok();
    let fix = merged(
        &deploy,
        "Keep the legend from covering the map (#428)",
        "legend",
    );
    deploy.web.set(TECHNICAL, Page::body("").status(400));
    posts(&deploy, &["stage", "--fix", "--yes", "--pick", &fix])
        .exits(4)
        .says("deployed, but the technical channel was not notified");
    deploy.web.set(TECHNICAL, accepted("teams"));
    for _ in 0..2 {
        posts(&deploy, &["stage", "--fix", "--yes", "--pick", &fix]).ok();
        assert_eq!(sent(&deploy, TECHNICAL).len(), 3);
    }
    assert_eq!(
        deploy.deploys(&deploy.staging).len(),
        2,
        "the fix was deployed once"
    );
}

#[test]
fn without_a_channel_each_text_is_printed() {
    let deploy = crate::record::proposed();
    let run = deploy.smp(&[
        "signoff",
        "--by",
        "Rosi",
        "--block",
        "The legend covers the map.",
    ]);
    run.ok()
        .prints_among("is blocked by Rosi.\n\nThe legend covers the map.\n")
        .says("for the technical channel:\n");
    let run = deploy.smp(&["postpone", "--yes", "--reason", "Not today."]);
    run.ok()
        .prints_among("\n\nNot today.\n")
        .says("for the technical channel:\n");
}

#[test]
fn a_channel_that_prints_is_printed_for_once() {
    let deploy = chatting("print");
    deploy
        .smp(&["propose", "--yes"])
        .ok()
        .prints_among("@devs Proposed for production");
    deploy.smp(&["propose", "--yes"]).ok().prints("");
    deploy
        .smp(&["postpone", "--yes", "--reason", "Not today."])
        .ok()
        .prints_among("Not today.");
    deploy
        .smp(&["postpone", "--yes", "--reason", "Not today."])
        .ok()
        .prints("");
    assert_eq!(
        events(&deploy),
        ["proposed", "posted", "postponed", "posted"]
    );
}

#[test]
fn a_block_that_nobody_was_told_of_is_not_told_after_it_was_taken_back() {
    let deploy = chatting("teams");
    posts(&deploy, &["propose", "--yes"]).ok();
    deploy.web.set(TECHNICAL, Page::body("").status(400));
    posts(
        &deploy,
        &["signoff", "--by", "Rosi", "--block", "Maps are empty."],
    )
    .exits(4)
    .says("blocked, but the technical channel");
    deploy.web.set(TECHNICAL, accepted("teams"));
    posts(&deploy, &["signoff", "--by", "Rosi"]).ok();
    posts(&deploy, &["propose", "--yes"]).ok();
    assert_eq!(
        sent(&deploy, TECHNICAL).len(),
        2,
        "the proposal, and the attempt at the block"
    );
    deploy.chain();
}
