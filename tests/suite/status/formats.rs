//! `status` for scripts, and its picture for people.

use serde_json::json;

use crate::diff::production_has_a_hotfix;
use crate::support::{Deploy, TOPOLOGIES, World};

#[test]
fn json_has_exactly_these_keys() {
    let worlds = TOPOLOGIES.map(|topology| World::deploy_like().on(topology));
    let [remotes, branches] = worlds;
    for (builder, source) in [
        (remotes.clone(), "page"),
        (remotes.without_pages(), "ref"),
        (branches, "page"),
    ] {
        let deploy = builder.ready();
        let environment = |name: &str, nth: usize| {
            let (remote, branch) = deploy.topology().place(name);
            json!({
                "name": name,
                "remote": remote,
                "branch": branch,
                "ref": deploy.nth(nth),
                "running": deploy.nth(nth),
                "source": source,
                "agrees": true,
                "finding": null,
            })
        };
        let expected = json!({
            "schema": 1,
            "environments": [environment("staging", 5), environment("production", 2)],
            "candidate": null,
            "frozen": false,
            "production_behind": {"commits": 3, "since": "2022-02-01T12:02:00+00:00"},
        });
        let run = deploy.smp(&["status", "--json"]);
        assert_eq!(run.ok().json(), expected);
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn the_exit_code_tells_whether_production_waits_for_longer_than_the_cadence() {
    let deploy = World::deploy_like().without_pages().ready();
    let behind = deploy.smp(&["status", "--exit-code"]);
    assert_eq!(behind.exits(1).stderr, "");
    behind.prints_among("3 commits behind staging");
    deploy
        .smp(&["status", "--exit-code", "--json"])
        .exits(1)
        .prints_among("\"production_behind\": {");
    deploy.smp(&["status"]).ok();

    // A day is less than seven.
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let waiting = |days: u64| {
        let date = format!("{} +0000", now - days * 86_400 - 60);
        let tree = format!("{}^{{tree}}", deploy.nth(2));
        let runner = deploy
            .runner()
            .cwd(&deploy.team)
            .env("GIT_COMMITTER_DATE", &date);
        let commit = runner
            .program(
                "git",
                &["commit-tree", &tree, "-p", deploy.nth(2), "-m", "Wait"],
            )
            .ok()
            .out();
        deploy.colleague_pushes(&deploy.staging, commit.trim_end());
    };
    waiting(1);
    deploy
        .smp(&["status", "--exit-code"])
        .ok()
        .prints_among("1 commit behind staging, the oldest from ");
    waiting(6);
    deploy.smp(&["status", "--exit-code"]).ok();
    waiting(7);
    deploy.smp(&["status", "--exit-code"]).exits(1);

    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    deploy.colleague_pushes(&deploy.staging, deploy.nth(5));
    deploy.smp(&["status", "--exit-code"]).ok();
}

#[test]
fn the_cadence_is_the_teams_own() {
    let deploy = World::deploy_like()
        .toml("[record]\ncadence_days = 3650\n")
        .ready();
    deploy
        .smp(&["status", "--exit-code"])
        .ok()
        .prints_among("3 commits behind staging");
}

/// Returns the screen of a terminal with this many columns.
fn screen(deploy: &Deploy, columns: u16) -> String {
    let script = format!("stty cols {columns}; exec git smp status");
    let run = deploy
        .runner()
        .terminal_program("sh", &["-c", &script])
        .ends();
    let screen = run.ok().stderr.clone();
    assert!(screen.contains("next: "), "{screen}");
    screen
}

#[test]
fn a_terminal_is_shown_a_picture_and_a_pipe_is_not() {
    let deploy = World::deploy_like().ready();
    let wide = without_colours(&screen(&deploy, 100));
    let mark = |name: &str, strokes: usize, nth: usize, count: &str| {
        let (line, room) = ("━".repeat(strokes), " ".repeat(42 - strokes));
        format!("  {name:15}  {line}●{room}{}{count}", &deploy.nth(nth)[..8])
    };
    let expected = [
        mark("production", 0, 2, ""),
        mark("staging", 30, 5, "  +3"),
        mark("upstream/master", 40, 6, "  +4"),
    ];
    let drawn: Vec<&str> = wide.lines().take(4).collect();
    assert_eq!(drawn, [&expected[0], &expected[1], &expected[2], ""]);
    assert!(!screen(&deploy, 40).contains('●'), "no room for it");
    deploy
        .smp(&["status"])
        .ok()
        .never_shows("●")
        .never_shows("\u{1b}");
}

fn without_colours(screen: &str) -> String {
    let mut text = String::new();
    let mut chars = screen.chars();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => drop(chars.by_ref().find(char::is_ascii_alphabetic)),
            _ => text.push(c),
        }
    }
    text
}

#[test]
fn histories_that_lie_on_no_line_have_no_picture() {
    let deploy = World::deploy_like().ready();
    production_has_a_hotfix(&deploy, "Ben", "Fix login loop");
    let screen = screen(&deploy, 100);
    assert!(!screen.contains('●'), "{screen}");
    assert!(
        screen.contains("3 commits only on staging, 1 only here"),
        "{screen}"
    );
}
