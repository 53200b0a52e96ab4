//! `history --stats`.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::record::first;
use super::{NOON, Record, promoted, rolled_back, three, with_record};
use crate::support::Deploy;

/// Returns the commit time of a commit of the standard history.
fn committed(nth: i64) -> i64 {
    1_643_716_740 + 60 * nth
}

fn now() -> i64 {
    i64::try_from(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs(),
    )
    .unwrap()
}

/// Returns the figures of production as JSON.
#[track_caller]
fn of_production(deploy: &Deploy) -> Value {
    let json = deploy.smp(&["history", "--json", "--stats"]).ok().json();
    assert_eq!(
        json["stats"]["environments"][0]["environment"],
        "production"
    );
    json["stats"]["environments"][0].clone()
}

/// A first deploy, one that was rolled back after 25 minutes, one of four commits, and one of three unknown commits.
fn example(deploy: &Deploy) {
    let [one, three, five] = [1, 3, 5].map(|nth| deploy.nth(nth));
    let nowhere = "ab".repeat(20);
    let shipped = committed(3) + 3600;
    let mut record = Record::default();
    record.ada(committed(1) + 5, &first("production", one, 1));
    record.ada(
        shipped,
        &promoted("production", one, three, 2, &["Rosi Example"]),
    );
    record.ben(shipped + 1500, &rolled_back("production", three, one, 2));
    record.ada(
        committed(5) + 86_400,
        &promoted("production", one, five, 4, &["Rosi Example"]),
    );
    record.ada(
        committed(5) + 90_000,
        &promoted("production", five, &nowhere, 3, &["Rosi Example"]),
    );
    record.put(deploy);
}

// Lead times: 3600 and 3660 seconds, then 86400, 86460, 86520 and 86580.
#[test]
fn figures_are_what_a_hand_would_compute() {
    let deploy = with_record();
    example(&deploy);
    let figures = of_production(&deploy);
    assert_eq!(figures["since"], "2022-02-01T12:00:05+00:00");
    assert_eq!(
        (&figures["promotions"], &figures["rollbacks"]),
        (&json!(4), &json!(1))
    );
    assert_eq!(
        figures["lead_time_seconds"],
        json!({"median": 86_430, "p90": 86_580, "commits": 6, "seen": 0, "unknown": 3})
    );
    assert_eq!(
        (&figures["rolled_back"], &figures["rolled_back_share"]),
        (&json!(1), &json!(0.25))
    );
    assert_eq!(
        figures["time_to_restore_seconds"],
        json!({"median": 1500, "failures": 1, "seen": 0})
    );
    // It is unknown whether the last deploy repaired anything, because its commits are missing.
    assert_eq!(
        figures["change_failure"],
        json!({"failed": 1, "rolled_back": 1, "fixed_forward": 0, "deploys": 4, "unknown": 1, "rate": null})
    );
    assert_eq!(
        figures["rework"],
        json!({"rework": 1, "deploys": 5, "unknown": 1, "rate": null})
    );
    let rate = figures["promotions_per_week"].as_f64().unwrap();
    assert!(rate > 0.0 && rate < 4.0, "{rate}");
    let weeks = figures["weeks"].as_array().unwrap();
    assert_eq!(weeks.len(), 12);
    assert!(
        weeks
            .iter()
            .all(|week| week["promotions"] == 0 && week["rollbacks"] == 0),
        "they are long ago"
    );
}

#[test]
fn people_are_told_the_same_in_words() {
    let deploy = with_record();
    example(&deploy);
    let out = deploy.smp(&["history", "--stats", "-n", "1"]).ok().out();
    let lines: Vec<&str> = out.lines().skip(1).collect();
    let expected = [
        "",
        "production: 4 promotions and 1 rollback since 2022-02-01",
        "  promotions   less than 0.1 a week",
        "  lead time    median 24 hours, 90th percentile 24 hours; 6 commits, 3 not in this clone",
        "  failed       at least 25 % (1 of 4 deploys, 1 not in this clone): 1 rolled back",
        "  restored in  25 minutes (median of 1)",
        "  rework       at least 20 % (1 of 5 deploys, 1 not in this clone)",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn weeks_are_counted_from_the_first_promotion_to_this_one() {
    let deploy = with_record();
    let [one, two] = [1, 2].map(|nth| deploy.nth(nth));
    let fortnight = now() - 14 * 86_400;
    let mut record = Record::default();
    record.ada(fortnight, &promoted("production", one, two, 1, &[]));
    record.ada(fortnight, &rolled_back("production", two, one, 1));
    record.ada(now(), &promoted("production", one, two, 1, &[]));
    record.put(&deploy);
    let figures = of_production(&deploy);
    assert_eq!(figures["promotions_per_week"], json!(2.0 / 3.0));
    assert_eq!(
        figures["weeks"].as_array().unwrap().len(),
        3,
        "what was before the record is not told as nothing"
    );
    let counts = |nth: usize| {
        (
            figures["weeks"][nth]["promotions"].clone(),
            figures["weeks"][nth]["rollbacks"].clone(),
        )
    };
    assert_eq!(
        [0, 1, 2].map(counts),
        [
            (json!(1), json!(1)),
            (json!(0), json!(0)),
            (json!(1), json!(0))
        ]
    );
    deploy
        .smp(&["history", "--stats"])
        .ok()
        .prints_among("\n  promotions   0.7 a week\n");
}

#[test]
fn environments_have_figures_of_their_own_the_targets_first() {
    let deploy = with_record();
    let [one, two] = [1, 2].map(|nth| deploy.nth(nth));
    let mut record = Record::default();
    record.ada(NOON, &promoted("demo", one, two, 1, &[]));
    record.ada(NOON, &promoted("production", one, two, 1, &[]));
    record.put(&deploy);
    let out = deploy.smp(&["history", "--stats"]).ok().out();
    let headings: Vec<&str> = out
        .lines()
        .filter(|line| line.contains(": 1 promotion"))
        .collect();
    let heading = |name: &str| format!("{name}: 1 promotion and 0 rollbacks since 2022-03-02");
    assert_eq!(headings, [heading("production"), heading("demo")]);
}

#[test]
fn a_shallow_clone_lists_all_and_knows_no_lead_time() {
    let deploy = with_record();
    three(&deploy);
    std::fs::write(
        deploy.work.join(".git/shallow"),
        format!("{}\n", deploy.nth(1)),
    )
    .unwrap();
    assert_eq!(deploy.smp(&["history"]).ok().out().lines().count(), 3);
    let run = deploy.smp(&["history", "--stats"]);
    run.ok().says("warning: this clone is shallow, so lead times are unknown; fetch the rest: git fetch --unshallow");
    run.prints_among("\n  lead time    unknown: 5 not in this clone\n  failed       at least 50 % (1 of 2 deploys, 2 not in this clone): 1 rolled back\n");
    assert_eq!(of_production(&deploy)["lead_time_seconds"]["unknown"], 5);
}

/// Returns the screen of a terminal with this many columns.
fn screen(deploy: &Deploy, columns: u16) -> String {
    let script = format!("stty cols {columns}; exec git smp history --stats -n 0 --color never");
    let run = deploy
        .runner()
        .terminal_program("sh", &["-c", &script])
        .ends();
    let text = run.ok().stderr.replace('\r', "");
    // Progress is wiped from the line.
    let shown = |line: &str| {
        line.rsplit("\u{1b}[K")
            .next()
            .unwrap_or_default()
            .to_owned()
            + "\n"
    };
    text.lines().map(shown).collect()
}

#[test]
fn a_terminal_is_shown_charts_and_a_pipe_is_not() {
    let deploy = with_record();
    let [one, two, five] = [1, 2, 5].map(|nth| deploy.nth(nth));
    let today = now();
    let mut record = Record::default();
    record.add(
        "Ada Example",
        committed(2) + 60,
        &promoted("production", one, two, 1, &[]),
    );
    record.add(
        "Ben Example",
        committed(2) + 660,
        &rolled_back("production", two, one, 1),
    );
    record.add(
        "Ada Example",
        today - 7 * 86_400,
        &promoted("production", one, two, 1, &[]),
    );
    record.add(
        "Ada Example",
        today,
        &promoted("production", two, five, 3, &[]),
    );
    record.add(
        "Ben Example",
        today,
        &rolled_back("production", five, two, 3),
    );
    record.put(&deploy);
    let wide = screen(&deploy, 80);
    assert!(
        wide.lines().all(|line| line.chars().count() <= 80),
        "{wide}"
    );
    let bar = "█".repeat(40);
    for line in [
        format!("-W\\d\\d   {bar} 1"),
        format!("-W\\d\\d   {bar} 1, 1 rollback"),
        format!("    in an hour {} 1", "█".repeat(10)),
        format!("    later      {bar} 4"),
        format!("               {}▋{}", "█".repeat(26), "░".repeat(13)),
        format!("    2022-02-01 {bar} 10 minutes"),
    ] {
        let found = wide.lines().any(|shown| matches(shown, &line));
        assert!(found, "no line {line:?} in:\n{wide}");
    }
    let narrow = screen(&deploy, 38);
    assert!(
        !narrow.contains('█') && narrow.contains("2 rolled back"),
        "no room: {narrow}"
    );
    deploy
        .smp(&["history", "--stats"])
        .ok()
        .never_shows("█")
        .never_shows("░");
}

/// Returns whether a line ends in this text, in which `\d` is any digit.
fn matches(line: &str, ending: &str) -> bool {
    let ending: Vec<char> = ending.replace("\\d", "\0").chars().collect();
    let line: Vec<char> = line.chars().collect();
    let Some(start) = line.len().checked_sub(ending.len()) else {
        return false;
    };
    line[start..]
        .iter()
        .zip(&ending)
        .all(|(c, wanted)| c == wanted || (*wanted == '\0' && c.is_ascii_digit()))
}

#[test]
fn clocks_that_nobody_should_have_stop_nothing() {
    let deploy = with_record();
    let [one, two] = [1, 2].map(|nth| deploy.nth(nth));
    let mut record = Record::default();
    for at in [0, 1, 4_102_444_800, 9_999_999_999_999] {
        record.ada(at, &promoted("production", one, two, 1, &[]));
        record.ada(1, &rolled_back("production", two, one, 1));
    }
    record.put(&deploy);
    let figures = of_production(&deploy);
    assert_eq!(
        (&figures["promotions"], &figures["rolled_back_share"]),
        (&json!(4), &json!(1.0))
    );
    deploy.smp(&["history", "--stats"]).ok();
    screen(&deploy, 80);
}
