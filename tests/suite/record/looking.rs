//! The record from outside: `status` in every state of a candidate, offline, unreadable, and `setup`.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::hostile::{announced, forge, state};
use super::{RECORD, proposed, recorded, refused, short};
use crate::diff::fetching::cut_off;
use crate::promote::ready;
use crate::sample::sample;
use crate::support::{Deploy, Fault, Rule, World};

#[track_caller]
fn status(deploy: &Deploy) -> Value {
    deploy.smp(&["status", "--json", "--exit-code"]).json()
}

#[test]
fn status_tells_of_the_candidate_its_freeze_and_every_verdict() {
    let deploy = recorded();
    let json = status(&deploy);
    assert_eq!(
        (&json["candidate"], &json["frozen"]),
        (&Value::Null, &json!(false))
    );
    deploy.smp(&["propose", "--yes"]).ok();
    let run = deploy.smp(&["status"]);
    run.ok().prints_among("; frozen by Ada Example since ");
    run.prints_among(&format!(
        "  candidate   {}, proposed by Ada Example at ",
        short(deploy.nth(5))
    ));
    run.prints_among("; not signed off yet\n")
        .prints_among("next: git smp signoff\n");
    deploy
        .smp(&["signoff", "--by", "Rosi", "--note", "stable\nbut slow"])
        .ok();
    deploy
        .smp(&["signoff", "--by", "Ben", "--block", "too slow"])
        .ok();
    let out = deploy.smp(&["status"]).ok().out();
    let line = out
        .lines()
        .find(|line| line.contains("candidate  "))
        .unwrap();
    let parts: Vec<&str> = line.split("; ").collect();
    assert!(
        parts[1].starts_with("signed off by Rosi (recorded by Ada Example, who proposed it) at ")
            && parts[1].ends_with(", \"stable\""),
        "{line}"
    );
    assert!(
        parts[2].starts_with("blocked by Ben (recorded by Ada Example, who proposed it) at ")
            && parts[2].ends_with(", \"too slow\""),
        "{line}"
    );

    let json = status(&deploy);
    let candidate = &json["candidate"];
    assert_eq!(
        (&candidate["commit"], &candidate["proposed_by"]),
        (&json!(deploy.nth(5)), &json!("Ada Example"))
    );
    let time = candidate["proposed_at"].as_str().unwrap();
    assert!(time.len() == 25 && time.ends_with("+00:00"), "{time}");
    let verdicts: Vec<_> = candidate["signoffs"].as_array().unwrap().iter().collect();
    assert_eq!(
        (
            &verdicts[0]["by"],
            &verdicts[0]["verdict"],
            &verdicts[0]["note"]
        ),
        (&json!("Rosi"), &json!("pass"), &json!("stable\nbut slow"))
    );
    assert_eq!(
        (
            &verdicts[1]["by"],
            &verdicts[1]["verdict"],
            &verdicts[1]["note"]
        ),
        (&json!("Ben"), &json!("block"), &json!("too slow"))
    );
    assert_eq!((verdicts.len(), &json["frozen"]), (2, &json!(true)));
    assert_eq!(
        json["record"]["tip"],
        deploy.refs(&deploy.main)["refs/smp/record"]
    );
}

#[test]
fn status_says_when_production_is_older_than_the_team_wants() {
    let deploy = recorded();
    deploy
        .smp(&["status", "--exit-code"])
        .exits(1)
        .prints_among(", longer than cadence_days (7 days)");
    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    deploy
        .smp(&["status", "--exit-code"])
        .ok()
        .never_shows("cadence_days");
    let patient = ready(
        World::deploy_like()
            .without_pages()
            .toml("[record]\ncadence_days = 3650\n"),
    );
    patient
        .smp(&["status", "--exit-code"])
        .ok()
        .never_shows("cadence_days");
}

#[test]
fn offline_the_copy_is_shown_with_its_age_and_nothing_is_changed_by_it() {
    let deploy = proposed();
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    let heard = deploy.work.join(".git/smp/record-heard");
    let then = SystemTime::now() - Duration::from_secs(2 * 3600 + 60);
    std::fs::File::options()
        .write(true)
        .open(heard)
        .unwrap()
        .set_modified(then)
        .unwrap();
    cut_off(&deploy, deploy.urls()[0]);
    let (before, run) = (deploy.snapshot(), deploy.smp(&["status"]));
    let words = "  record      this clone's copy, seen 2 hours ago, because the remote upstream does not answer";
    run.ok()
        .prints_among(words)
        .prints_among("; signed off by Rosi (recorded by Ada Example, who proposed it) at ")
        .prints_among("; frozen by Ada Example since ");
    let json = deploy.smp(&["status", "--json"]).ok().json();
    assert_eq!(
        (&json["record"]["finding"], &json["frozen"]),
        (&json!("unreachable"), &json!(true))
    );
    assert!(
        json["record"]["copy_seconds"]
            .as_u64()
            .is_some_and(|seconds| (7200..7800).contains(&seconds)),
        "{json:#}"
    );
    for command in sample(
        2,
        [
            &["promote", "--yes", "--commit", deploy.nth(5)][..],
            &["propose", "--yes"],
            &["signoff"],
            &["postpone", "--yes", "--reason", "x"],
            &["stage", "--yes"],
            &["stage", "--yes", deploy.nth(6)],
        ],
    ) {
        deploy
            .smp(command)
            .exits(1)
            .prints("")
            .says("error: the remote upstream does not answer")
            .says("hint: ");
    }
    assert_eq!(refused(&deploy, "does not answer"), "unreachable");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn offline_what_is_announced_makes_a_look_unknown_unless_it_came_long_after() {
    let deploy = proposed();
    let [two, five] = [2, 5].map(|nth| short(deploy.nth(nth)));
    let (before, now) = (state(&deploy), jiff::Timestamp::now().as_second());
    let unknown = |when: &str| {
        format!(
            "unknown: Mallory began to promote {five} to production {when}; its result is unknown\n"
        )
    };
    let seen = format!("does not run it; runs {two}, seen just now\n");
    for (began, told) in [
        (now - 7_200, seen),
        (now - 600, unknown("10 minutes ago")),
        // By a clock that is slightly ahead, and by a wrong one.
        (now + 120, unknown("just now")),
        (now + 3_600, unknown("in the future")),
    ] {
        let mut after = before.clone();
        after["deploying"] = announced(&deploy, "production");
        after["deploying"]["at"] = began.into();
        forge(&deploy, &after, "Something happened\n");
        deploy.smp(&["status"]).ok();
        deploy
            .smp(&["where", "--offline", deploy.nth(5)])
            .ok()
            .prints_among(&format!("  production  {told}"));
    }
}

#[test]
fn a_record_that_was_never_seen_is_unknown_offline_and_not_without_a_freeze() {
    let deploy = recorded();
    deploy.git(&deploy.work, &["update-ref", "-d", "refs/smp/seen"]);
    cut_off(&deploy, deploy.urls()[0]);
    deploy
        .smp(&["status"])
        .ok()
        .prints_among("record      unknown: the remote upstream does not answer");
    let json = deploy.smp(&["status", "--json"]).ok().json();
    assert_eq!(
        (&json["frozen"], &json["candidate"], &json["record"]["tip"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
}

#[test]
fn a_record_that_cannot_be_read_is_unknown_and_stops_everything_that_would_change_something() {
    let deploy = proposed();
    deploy.git(
        &deploy.main,
        &["update-ref", "refs/smp/record", deploy.nth(6)],
    );
    let run = deploy.smp(&["status"]);
    run.ok()
        .prints_among("record      unknown: the record cannot be read")
        .never_shows("frozen by")
        .never_shows("not frozen");
    run.prints_among("note: see what was written there\nnext: git fetch upstream refs/smp/record && git show FETCH_HEAD\n");
    let json = deploy.smp(&["status", "--json"]).ok().json();
    assert_eq!(
        (&json["frozen"], &json["record"]["finding"]),
        (&Value::Null, &json!("record-unreadable"))
    );
    let before = deploy.snapshot();
    for command in sample(
        3,
        [
            &["propose", "--yes"][..],
            &["signoff"],
            &["postpone", "--yes", "--reason", "x"],
            &["stage", "--yes"],
            &["stage", "--fix", "--yes"],
        ],
    ) {
        deploy
            .smp(command)
            .exits(1)
            .says("error: the record cannot be read");
    }
    assert_eq!(
        refused(&deploy, "the record cannot be read"),
        "record-unreadable"
    );
    assert_eq!(deploy.snapshot(), before);
    deploy
        .smp(&["setup", "--check"])
        .exits(1)
        .prints_among("FAIL  record      the record cannot be read");
}

#[test]
fn setup_checks_the_record_and_tells_how_much_is_on_it() {
    let deploy = World::deploy_like().without_pages().toml(RECORD).build();
    let run = deploy.trust();
    run.says("  record.ref                        refs/smp/record\n");
    run.prints_among("  ok    record      refs/smp/record on upstream; created just now\n");
    deploy.smp(&["propose", "--yes"]).ok();
    deploy
        .smp(&["setup", "--check"])
        .ok()
        .prints_among("refs/smp/record on upstream; 3 events\n");
}

#[test]
fn a_clone_that_may_only_read_the_main_repository_is_told_so_and_may_look() {
    let deploy = World::deploy_like()
        .main_over_http()
        .without_pages()
        .toml(RECORD)
        .build();
    let no_push = Rule::any(
        "main.git/info/refs?service=git-receive-pack",
        Fault::Status(403),
    );
    deploy.http().fault(no_push.times(1000));
    deploy
        .trust()
        .prints_among("; it is still empty; this clone may read it but not write to it\n")
        .prints_among("403");
    deploy.smp(&["setup", "--check"]).ok();
    deploy.smp(&["status"]).ok();
    let before = deploy.snapshot();
    for command in [&["propose", "--yes"][..], &["stage", "--yes"]] {
        let run = deploy.smp(command);
        run.exits(1)
            .prints("")
            .says("error: the record cannot be written to")
            .says("403")
            .says("hint: ask for permission");
    }
    assert_eq!(deploy.snapshot(), before);
}
