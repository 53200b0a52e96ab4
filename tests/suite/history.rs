//! `git smp history`: past deploys from the shared record, as a list, as JSON and as figures.

mod failures;
mod figures;
mod formats;
mod record;
mod trouble;

use crate::sample::everything;
use crate::support::{Deploy, World};

pub use record::{Record, promoted, rolled_back, staged};

/// A world whose team keeps a record, after setup.
#[track_caller]
fn with_record() -> Deploy {
    let deploy = World::deploy_like()
        .without_pages()
        .toml("[record]\n")
        .ready();
    deploy.forget_record();
    deploy
}

/// Wednesday, 2 March 2022, 12:00.
const NOON: i64 = 1_646_222_400;

/// A promotion, a rollback and a promotion, one hour apart.
#[track_caller]
fn three(deploy: &Deploy) -> Record {
    let [one, two, five] = [1, 2, 5].map(|nth| deploy.nth(nth));
    let mut record = Record::default();
    record.ada(
        NOON,
        &promoted("production", one, two, 1, &["Rosi Example"]),
    );
    record.ben(NOON + 3600, &rolled_back("production", two, one, 1));
    record.ada(
        NOON + 7200,
        &promoted("production", one, five, 4, &["Rosi Example", "Cem Example"]),
    );
    record.put(deploy);
    record
}

/// Returns the lines of `three`.
fn lines_of_three(deploy: &Deploy) -> [String; 3] {
    let [one, two, five] = [1, 2, 5].map(|nth| &deploy.nth(nth)[..8]);
    [
        format!(
            "2022-03-02 14:00  production  {one}..{five}  4 commits  Ada Example, signed off by Rosi Example, Cem Example"
        ),
        format!("2022-03-02 13:00  production  {two}..{one}  1 commit   Ben Example, rolled back"),
        format!(
            "2022-03-02 12:00  production  {one}..{two}  1 commit   Ada Example, signed off by Rosi Example"
        ),
    ]
}

#[test]
fn the_latest_deploy_comes_first_and_rollbacks_are_called_so() {
    let deploy = with_record();
    three(&deploy);
    let before = deploy.snapshot();
    let run = deploy.smp(&["history"]);
    run.ok().prints(lines_of_three(&deploy).join("\n") + "\n");
    assert_eq!(run.stderr, "");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_count_limits_the_list() {
    let deploy = with_record();
    three(&deploy);
    let [newest, middle, _] = lines_of_three(&deploy);
    deploy
        .smp(&["history", "-n", "2"])
        .ok()
        .prints(format!("{newest}\n{middle}\n"));
    deploy
        .smp(&["history", "-n1"])
        .ok()
        .prints(format!("{newest}\n"));
    deploy.smp(&["history", "-n", "0"]).ok().prints("");
    deploy
        .smp(&["history", "-n", "99"])
        .ok()
        .prints(lines_of_three(&deploy).join("\n") + "\n");
    for wrong in ["-1", "many", "99999999999999999999999"] {
        deploy
            .smp(&["history", "-n", wrong])
            .exits(2)
            .prints("")
            .says("error:");
    }
}

#[test]
fn times_are_those_of_the_reader() {
    let deploy = with_record();
    three(&deploy);
    let run = deploy
        .runner()
        .env("TZ", "<+0530>-5:30")
        .smp(&["history", "-n", "1"]);
    assert!(run.ok().out().starts_with("2022-03-02 19:30  "), "{run}");
}

#[test]
fn events_that_are_no_deploys_to_a_target_are_not_listed() {
    let deploy = with_record();
    let (two, five) = (deploy.nth(2), deploy.nth(5));
    let mut record = Record::default();
    record.ada(NOON, &record::staged("staging", two, five));
    record.ada(
        NOON + 1,
        &record::proposed("staging", five, "production", two),
    );
    record.add(
        "Rosi Example",
        NOON + 2,
        &record::signed_off(five, "Rosi Example"),
    );
    record.ada(NOON + 3, &record::promoting("production", two, five));
    record.put(&deploy);
    deploy
        .smp(&["history"])
        .ok()
        .prints("")
        .says("no promotion is on record yet");
    record.ada(
        NOON + 4,
        &promoted("production", two, five, 3, &["Rosi Example"]),
    );
    record.put(&deploy);
    assert_eq!(deploy.smp(&["history"]).ok().out().lines().count(), 1);
}

#[test]
fn a_first_deploy_has_nothing_that_ran_before() {
    let deploy = with_record();
    let mut record = Record::default();
    record.ada(NOON, &record::first("production", deploy.nth(2), 2));
    record.put(&deploy);
    let expected = format!(
        "2022-03-02 12:00  production  {:>18}  2 commits  Ada Example\n",
        &deploy.nth(2)[..8]
    );
    deploy.smp(&["history"]).ok().prints(expected);
}

#[test]
fn a_narrow_terminal_has_two_lines_and_a_wide_one_has_one() {
    let deploy = with_record();
    three(&deploy);
    let screen = |columns: u16| {
        let script = format!("stty cols {columns}; exec git smp history --color never");
        deploy
            .runner()
            .terminal_program("sh", &["-c", &script])
            .ends()
            .ok()
            .stderr
            .replace('\r', "")
    };
    let lines = lines_of_three(&deploy);
    assert_eq!(screen(120), lines.join("\n") + "\n");
    let narrow = screen(80);
    assert!(narrow.lines().all(|line| line.len() <= 80), "{narrow}");
    for remark in ["signed off by Rosi Example, Cem Example", "rolled back"] {
        assert!(
            narrow.contains(&format!("\n                  {remark}\n")),
            "{narrow}"
        );
    }
}

#[test]
fn colours_are_there_when_asked_for() {
    let deploy = with_record();
    three(&deploy);
    let run = deploy.smp(&["history", "--color", "always"]);
    run.ok()
        .prints_among("Ben Example, \u{1b}[31m\u{1b}[1mrolled back\u{1b}[0m\n");
}

#[test]
fn thousands_of_events_are_listed_by_one_reading() {
    // Ten thousand in the nightly run.
    let turns = if everything() { 2500 } else { 150 };
    let deploy = with_record();
    let mut record = Record::default();
    for turn in 0..turns {
        let (from, to) = (deploy.nth(1 + turn % 5), deploy.nth(2 + turn % 5));
        let at = NOON + 3600 * i64::try_from(turn).unwrap();
        record.ada(at, &record::proposed("staging", to, "production", from));
        record.add(
            "Rosi Example",
            at + 1,
            &record::signed_off(to, "Rosi Example"),
        );
        record.ada(at + 2, &record::promoting("production", from, to));
        record.ada(
            at + 3,
            &promoted("production", from, to, 1, &["Rosi Example"]),
        );
    }
    record.put(&deploy);
    deploy.smp(&["history"]).ok();

    let calls = deploy.path("calls");
    let git = deploy
        .runner()
        .program("sh", &["-c", "command -v git"])
        .ok()
        .out();
    deploy.executable(
        "bin/git",
        &format!(
            "echo \"$*\" >>{}\nexec {} \"$@\"",
            calls.display(),
            git.trim_end()
        ),
    );
    let run = deploy
        .runner()
        .path_first("bin")
        .directly()
        .smp(&["history"]);
    assert_eq!(run.ok().out().lines().count(), turns);
    let asked = std::fs::read_to_string(&calls).unwrap();
    // The library reads them.
    let reads = |line: &&str| {
        [" log ", "rev-list", "cat-file"]
            .iter()
            .any(|word| line.contains(word))
    };
    assert_eq!(asked.lines().filter(reads).count(), 0, "{asked}");
    assert!(asked.lines().count() < 10, "{asked}");
    // The latest deploys come from the latest events, and equal the whole list.
    let whole = run.out();
    for count in [3, 124, 200, 2499] {
        let run = deploy.smp(&["history", "-n", &count.to_string()]);
        let lines: Vec<&str> = whole.lines().take(count).collect();
        assert_eq!(run.ok().out().lines().collect::<Vec<_>>(), lines, "{count}");
    }
}
