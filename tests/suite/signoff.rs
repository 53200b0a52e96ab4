//! `git smp signoff`: a verdict on exactly one commit, which any user may record for any person.

use crate::diff::fetching::cut_off;
use crate::record::{
    events, is_harmless, promotes, proposed, recorded, recorded_like, refused, sentences, short,
    trailer, trailers,
};
use crate::sample::sample;
use crate::support::{Deploy, Page, World};

/// Returns each person's last verdict: name, verdict, note.
#[track_caller]
fn verdicts(deploy: &Deploy) -> Vec<String> {
    let json = deploy.smp(&["status", "--json"]).ok().json();
    let one = |one: &serde_json::Value| {
        let text = |key: &str| one[key].as_str().unwrap_or("-").to_owned();
        format!("{} {} {}", text("by"), text("verdict"), text("note"))
    };
    json["candidate"]["signoffs"]
        .as_array()
        .unwrap()
        .iter()
        .map(one)
        .collect()
}

#[test]
fn a_yes_is_the_users_own_unless_somebody_elses_is_recorded() {
    let deploy = proposed();
    let run = deploy.smp(&["signoff"]);
    run.ok().prints("").says(&format!(
        "Ada Example has signed off {}, the candidate\n",
        short(deploy.nth(5))
    ));
    run.says("next: git smp promote\n");
    deploy
        .smp(&["signoff", "--by", "  Rosi  ", "--note", " stable "])
        .ok()
        .says("Rosi has signed off ");
    assert_eq!(
        verdicts(&deploy),
        ["Ada Example pass -", "Rosi pass stable"]
    );
    let last = format!(
        "Rosi signed off {} (recorded by Ada Example): stable",
        short(deploy.nth(5))
    );
    assert_eq!(sentences(&deploy).last(), Some(&last));
    assert_eq!(
        [trailer(&deploy, "Smp-Of"), trailer(&deploy, "Smp-Commit")],
        ["Rosi", deploy.nth(5)]
    );
    assert_eq!(
        deploy.smp(&["-q", "signoff", "--by", "Ben"]).ok().stderr,
        ""
    );
}

#[test]
fn the_same_verdict_again_is_said_to_stand_and_not_recorded_twice() {
    let deploy = proposed();
    for verdict in [
        &["--by", " Rosi ", "--note", "stable"][..],
        &["--by", "Ben", "--block", "it hangs"],
        &[],
    ] {
        deploy.smp(&[&["signoff"], verdict].concat()).ok();
        let before = deploy.snapshot();
        deploy
            .smp(&[&["signoff"], verdict].concat())
            .ok()
            .says(" has already ");
        assert_eq!(deploy.snapshot(), before);
    }
    // A repetition without a note removes no note.
    let before = deploy.snapshot();
    (deploy.smp(&["signoff", "--by", "Rosi"]).ok()).says("Rosi has already signed off ");
    assert_eq!(deploy.snapshot(), before);
    // A new note is recorded.
    deploy
        .smp(&["signoff", "--by", "Rosi", "--note", "very stable"])
        .ok()
        .never_shows("already");
    assert_eq!(
        verdicts(&deploy),
        [
            "Ben block it hangs",
            "Ada Example pass -",
            "Rosi pass very stable"
        ]
    );
}

#[test]
fn a_later_block_overrides_an_earlier_yes_and_is_overridden_by_a_later_yes_of_the_same_person_alone()
 {
    let deploy = proposed();
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    let run = deploy.smp(&["signoff", "--by", "Rosi", "--block", "the map is empty"]);
    run.ok().says("Rosi has blocked ").says(
        "note: you can also close the candidate: git smp postpone\nnext: git smp stage --fix\n",
    );
    assert_eq!(verdicts(&deploy), ["Rosi block the map is empty"]);
    assert_eq!(refused(&deploy, "the map is empty"), "blocked");
    // Another person's sign-off does not lift it.
    deploy.smp(&["signoff", "--by", "Ben"]).ok().says(
        "note: you can also close the candidate: git smp postpone\nnext: git smp stage --fix\n",
    );
    assert_eq!(refused(&deploy, "the map is empty"), "blocked");
    deploy
        .smp(&["signoff", "--by", "Rosi", "--note", "my mistake"])
        .ok()
        .says("next: git smp promote\n");
    promotes(&deploy, &[]).ok();
    // All of it stays readable.
    let c = short(deploy.nth(5));
    assert_eq!(
        sentences(&deploy)[2..6],
        [
            format!("Rosi signed off {c} (recorded by Ada Example)"),
            format!("Rosi blocked {c} (recorded by Ada Example): the map is empty"),
            format!("Ben signed off {c} (recorded by Ada Example)"),
            format!("Rosi signed off {c} (recorded by Ada Example): my mistake"),
        ]
    );
}

#[test]
fn a_verdict_may_be_bound_to_the_commit_that_was_meant() {
    let deploy = proposed();
    let before = deploy.snapshot();
    let run = deploy.smp(&["signoff", "--commit", deploy.nth(6)]);
    run.exits(1).says(&format!(
        "error: the candidate is {}, not {}",
        short(deploy.nth(5)),
        deploy.nth(6)
    ));
    run.says("because: --commit names the only commit")
        .says("hint: see the current candidate: git smp status");
    deploy
        .smp(&["signoff", "--commit", deploy.nth(6), "--block", "no"])
        .exits(1);
    deploy
        .smp(&["signoff", "--commit", "HEAD"])
        .exits(2)
        .says("error: --commit takes a hash of 4 to 64 hex digits");
    assert_eq!(deploy.snapshot(), before);
    deploy
        .smp(&["signoff", "--commit", &deploy.nth(5)[..7].to_uppercase()])
        .ok();
    deploy
        .smp(&["signoff", "--commit", deploy.nth(5), "--by", "Rosi"])
        .ok();
}

#[test]
fn without_a_candidate_there_is_nothing_to_judge() {
    let deploy = recorded();
    for verdict in [&[][..], &["--block", "no"]] {
        let run = deploy.smp(&[&["signoff"], verdict].concat());
        run.exits(1)
            .prints("")
            .says("error: there is no candidate to sign off");
        run.says("hint: propose it: git smp propose");
    }
    assert_eq!(events(&deploy), Vec::<String>::new());
}

#[test]
fn a_yes_is_to_what_runs_and_a_block_needs_nothing_to_run() {
    let deploy = proposed();
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    let run = deploy.smp(&["signoff"]);
    run.exits(1).says(&format!(
        "error: staging does not run the candidate {}",
        short(deploy.nth(5))
    ));
    run.says(&format!(
        "because: staging runs {}; perhaps that commit was tested",
        short(deploy.nth(6))
    ));
    run.says(&format!(
        "hint: deploy the candidate again: git smp stage {}\nhint: then test it\n",
        short(deploy.nth(5))
    ));
    deploy
        .smp(&["signoff", "--block", "who deployed this?"])
        .ok();
    assert_eq!(events(&deploy), ["proposed", "posted", "blocked"]);
}

#[test]
fn a_page_that_says_nothing_is_warned_of_and_takes_nobodys_word_away() {
    let deploy = recorded_like(World::deploy_like());
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.web.set("/staging", Page::body("").status(500));
    let run = deploy.smp(&["signoff", "-q"]);
    run.ok().says(&format!(
        "warning: it is unknown whether staging runs {}: staging: its page",
        short(deploy.nth(5))
    ));
    assert_eq!(verdicts(&deploy), ["Ada Example pass -"]);
}

#[test]
fn names_and_reasons_that_nobody_could_read_are_a_wrong_command_line() {
    let deploy = proposed();
    let before = deploy.snapshot();
    for (option, text) in sample(
        2,
        [
            ("--by", "Ro\u{1b}[31msi\nSmp-Event: promoted"),
            ("--block", "\u{9b}2J"),
            ("--note", "\u{2066}a"),
        ],
    ) {
        let error = match option {
            "--by" => "error: --by takes a name on one line, with at most 100 characters and no control characters".to_owned(),
            _ => format!("error: the text of {option} "),
        };
        let run = deploy.smp(&["signoff", option, text]);
        run.exits(2).prints("").says(&error).says("hint: ");
        is_harmless(&run);
    }
    deploy
        .smp(&["signoff", "--block", "no", "--note", "x"])
        .exits(2)
        .says("cannot be used with");
    deploy
        .smp(&["signoff", "--bloc", "no"])
        .exits(2)
        .says("--block");
    assert_eq!(deploy.snapshot(), before);
    // Every other name is accepted.
    for name in ["O'Brien ü 小林", "---", "Smp-Event: x"] {
        deploy.smp(&["signoff", &format!("--by={name}")]).ok();
    }
    assert_eq!(verdicts(&deploy).len(), 3);
}

#[test]
fn a_long_reason_is_cut_in_the_sentence_and_kept_in_the_record() {
    let deploy = proposed();
    let reason = format!("first {}\nlast", "very ".repeat(390));
    deploy.smp(&["signoff", "--block", &reason]).ok();
    let sentence = sentences(&deploy).pop().unwrap();
    assert!(
        sentence.chars().count() < 160 && sentence.ends_with("very\u{2026}"),
        "{sentence}"
    );
    let kept = trailers(&deploy)
        .into_iter()
        .find(|(key, _)| key == "Smp-Note")
        .unwrap()
        .1;
    assert!(
        kept.starts_with("first very") && kept.ends_with(" last"),
        "{kept}"
    );
    assert_eq!(verdicts(&deploy), [format!("Ada Example block {reason}")]);
}

#[test]
fn without_the_main_repository_no_verdict_is_given() {
    let deploy = proposed();
    let before = deploy.snapshot();
    cut_off(&deploy, deploy.urls()[0]);
    deploy
        .smp(&["signoff"])
        .exits(1)
        .says("error: the remote upstream does not answer")
        .says("hint: ");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn somebody_without_a_name_is_told_how_to_have_one() {
    let deploy = proposed();
    let nobody = deploy.runner().git_options(&[
        "-c",
        "user.useConfigOnly=true",
        "-c",
        "user.name=",
        "-c",
        "user.email=",
    ]);
    let run = nobody.smp(&["signoff"]);
    run.exits(1)
        .says("error: git does not know your name and email address")
        .says("hint: replace the dots with your name: git config --global user.name '...'\n");
    nobody
        .smp(&["setup", "--yes"])
        .exits(1)
        .prints_among(
            "git does not know your name and email address; every event and every copied commit needs them\n",
        )
        .says("hint: and with your email address: git config --global user.email '...'\n");
    assert_eq!(events(&deploy), ["proposed", "posted"]);
}
