//! `status` for scripts.

use serde_json::json;

use crate::support::{TOPOLOGIES, World};

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
