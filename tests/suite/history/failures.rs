//! Failed deploys that were fixed forward: by the team's words, or by a revert in git's own words.

use serde_json::{Value, json};

use super::record::{observed, proposed};
use super::{NOON, Record, promoted, with_record};
use crate::support::Deploy;

/// Makes a commit, the merge of a branch, its revert, and another one; all are in the work clone.
fn commits(deploy: &Deploy) -> [String; 4] {
    let team = &deploy.team;
    deploy.git(team, &["checkout", "-q", "--detach", deploy.nth(6)]);
    let sorted = deploy.commit_files(team, "Sort maps (#500)", &[("SORT", "1\n")]);
    deploy.git(team, &["checkout", "-q", "--detach", deploy.nth(6)]);
    deploy.commit_files(team, "Draw lines", &[("LINES", "1\n")]);
    let drawn = deploy.commit_files(team, "Draw circles", &[("CIRCLES", "1\n")]);
    deploy.git(team, &["checkout", "-q", "--detach", &sorted]);
    let merge = "Merge pull request #501 from someone/draw";
    deploy.git(team, &["merge", "-q", "--no-ff", "-m", merge, &drawn]);
    let merged = deploy.git(team, &["rev-parse", "HEAD"]);
    deploy.git(team, &["revert", "--no-edit", "-m", "1", "HEAD"]);
    let reverted = deploy.git(team, &["rev-parse", "HEAD"]);
    let last = deploy.commit_files(team, "Sort maps by name", &[("SORT", "2\n")]);
    let from = team.to_str().unwrap();
    deploy.git(&deploy.work, &["fetch", "-q", from, &last]);
    [sorted, merged, reverted, last]
}

/// Two promotions: a push by hand repairs the second, and a later promotion says that it fixes the first.
fn story(deploy: &Deploy, note: &str) -> Record {
    let [sorted, merged, reverted, last] = commits(deploy);
    let six = deploy.nth(6);
    let (by, hour) = ("Ada Example", 3600);
    let mut record = Record::default();
    record.add(by, NOON, &promoted("production", six, &sorted, 1, &[]));
    let second = promoted("production", &sorted, &merged, 3, &[]);
    record.add(by, NOON + hour, &second);
    let seen = observed("production", &merged, &reverted, NOON + 2 * hour, 1);
    record.add(by, NOON + 3 * hour, &seen);
    let note = format!(
        "{}Smp-Note: {note} {}\n",
        proposed("staging", &last, "production", &reverted),
        &sorted[..8]
    );
    record.add(by, NOON + 9 * hour, &note);
    let fourth = promoted("production", &reverted, &last, 1, &[]);
    record.add(by, NOON + 10 * hour, &fourth);
    record.put(deploy);
    record
}

fn of_production(deploy: &Deploy) -> Value {
    let json = deploy.smp(&["history", "--json"]).ok().json();
    json["stats"]["environments"][0].clone()
}

#[test]
fn what_was_fixed_forward_failed_and_took_until_it_was_mended() {
    let deploy = with_record();
    story(&deploy, "Sorts by name; fixes");
    let figures = of_production(&deploy);
    assert_eq!(
        figures["change_failure"],
        json!({"failed": 2, "rolled_back": 0, "fixed_forward": 2, "deploys": 4, "unknown": 0, "rate": 0.5})
    );
    // The time of the first repair is unknown; it was seen two hours later.
    assert_eq!(
        figures["time_to_restore_seconds"],
        json!({"median": 36_000, "failures": 2, "seen": 1})
    );
    assert_eq!(
        figures["rework"],
        json!({"rework": 2, "deploys": 4, "unknown": 0, "rate": 0.5})
    );
    let lead = &figures["lead_time_seconds"];
    assert_eq!(
        (&lead["commits"], &lead["seen"], &lead["unknown"]),
        (&json!(5), &json!(1), &json!(0))
    );
    assert_eq!(figures["rolled_back_share"], json!(0.0));
    let run = deploy.smp(&["history", "--stats", "-n", "0"]);
    run.ok()
        .prints_among("; 5 commits (1 outside git smp)\n")
        .prints_among("\n  failed       50 % (2 of 4 deploys): 2 fixed forward\n")
        .prints_among("\n  restored in  10 hours (median of 1, 1 outside git smp)\n")
        .prints_among("\n  rework       50 % (2 of 4 deploys)\n");
}

#[test]
fn other_words_fix_nothing() {
    let deploy = with_record();
    story(&deploy, "This prefixes");
    let figures = of_production(&deploy);
    assert_eq!(figures["change_failure"]["failed"], 1);
    assert_eq!(figures["rework"]["rework"], 1);
}
