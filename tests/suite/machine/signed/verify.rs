//! `git smp history --verify`: an audit from a clone alone.

use super::tricks::yes;
use super::{by, forged, git, promote, proposed, tip, world};
use crate::record::short;
use crate::support::Deploy;

fn shipped() -> Deploy {
    let deploy = proposed();
    by(&deploy, "rosi").smp(&["signoff"]).ok();
    promote(&deploy, &by(&deploy, "ada")).ok();
    deploy
}

#[test]
fn every_event_has_a_line_with_whose_key_signed_it() {
    let deploy = shipped();
    let run = deploy.smp(&["history", "--verify"]);
    let out = run.ok().out();
    let count = out
        .lines()
        .filter(|line| line.starts_with("  ok    "))
        .count();
    assert_eq!(count, out.lines().count(), "{out}");
    assert!(out.contains("rosi@example.com  rosi signed off"), "{out}");
    assert!(out.contains("ada began to promote"), "{out}");
    assert!(out.contains("(signed off by rosi)"), "{out}");
    run.says(&format!(
        "{count} events verified with .smp/signers of master at "
    ));
    let json = deploy.smp(&["history", "--verify", "--json"]).ok().json();
    assert_eq!(json["verified"], true);
    assert_eq!(json["events"].as_array().unwrap().len(), count);
    // Offline, from this clone's copy.
    std::fs::rename(&deploy.main, deploy.path("away.git")).unwrap();
    let run = deploy.smp(&["history", "--verify"]);
    assert_eq!(run.ok().out(), out);
    run.says("this clone's copy of the record is shown");
}

#[test]
fn the_first_event_that_does_not_hold_ends_it() {
    let deploy = proposed();
    let bad = forged(&deploy, ("rosi", "rosi"), &yes(&deploy), false);
    by(&deploy, "rosi").smp(&["signoff"]).ok();
    let run = deploy.smp(&["history", "--verify"]);
    let out = run.exits(1).out();
    let last = out.lines().last().unwrap();
    assert!(
        last.starts_with("  FAIL  ") && last.contains(short(&bad)),
        "{out}"
    );
    assert!(
        last.contains("nobody") && last.ends_with("it is not signed"),
        "{last}"
    );
    run.says(&format!(
        "error: the event {} could not be verified\n",
        short(&bad)
    ));
    run.says("1 event after it was not checked");
    let json = deploy
        .smp(&["history", "--verify", "--json"])
        .exits(1)
        .json();
    assert_eq!(json["verified"], false);
    assert_eq!(json["refusal"]["code"], "not-verified");
    let events = json["events"].as_array().unwrap();
    assert_eq!(events.last().unwrap()["because"], "it is not signed");
}

/// A way to spoil a record, and what `--verify --json` says: the code, and why the last event fails.
type Spoilt = (fn(&Deploy), &'static str, Option<&'static str>);

#[test]
fn a_record_that_no_command_accepts_has_a_document_too() {
    let all: [Spoilt; 4] = [
        (
            |deploy| {
                let [tip, tree] = ["", "^{tree}"].map(|it| format!("refs/smp/record{it}"));
                let of = ["-p", &tip, "-p", &format!("{tip}^"), "-m", "Nothing"];
                let args = [&["commit-tree", "-S", &tree][..], &of].concat();
                let merge = git(deploy, ("ada", "ada"), &[], &args);
                deploy.git(&deploy.main, &["update-ref", "refs/smp/record", &merge]);
            },
            "record-unreadable",
            Some("it has several parents, but an event has at most one"),
        ),
        (
            |deploy| {
                let before = ["update-ref", "refs/smp/record", "refs/smp/record^"];
                drop(deploy.git(&deploy.main, &before));
            },
            "record-rewound",
            None,
        ),
        (
            |deploy| drop(deploy.git(&deploy.main, &["update-ref", "-d", "refs/smp/record"])),
            "record-rewound",
            None,
        ),
        (
            |deploy| {
                deploy.git(&deploy.work, &["update-ref", "-d", "refs/smp/seen"]);
                std::fs::rename(&deploy.main, deploy.path("away.git")).unwrap();
            },
            "unreachable",
            None,
        ),
    ];
    for (spoil, code, why) in all {
        let deploy = proposed();
        spoil(&deploy);
        let json = deploy.smp(&["history", "--verify", "--json"]);
        let json = json.exits(1).json();
        assert_eq!(json["verified"], false, "{json}");
        assert_eq!(json["refusal"]["code"], code, "{json}");
        let events = json["events"].as_array().unwrap();
        assert_eq!(events.is_empty(), code == "unreachable", "{json}");
        let last = events.last().map(|event| event["because"].clone());
        assert_eq!(last.unwrap_or_default().as_str(), why, "{json}");
        let out = deploy.smp(&["history", "--verify"]).exits(1).out();
        let failed = out.lines().filter(|line| line.starts_with("  FAIL  "));
        assert_eq!(failed.count(), usize::from(why.is_some()));
    }
}

#[test]
fn a_deploy_past_the_tool_is_named() {
    let deploy = proposed();
    by(&deploy, "rosi").smp(&["signoff"]).ok();
    promote(&deploy, &by(&deploy, "ada")).ok();
    // A person with push access to production can bypass any hook.
    let push = [
        "push",
        "-q",
        "--no-verify",
        deploy.urls()[2],
        &format!("{}:refs/heads/master", deploy.nth(6)),
    ];
    git(&deploy, ("eve", "eve"), &[], &push);
    by(&deploy, "ada").smp(&["stage", "--yes"]).ok();
    by(&deploy, "ada").smp(&["propose", "--yes"]);
    let run = deploy.smp(&["history", "--verify"]);
    let out = run.ok().out();
    let line = out
        .lines()
        .find(|line| line.starts_with("  note  "))
        .unwrap_or_else(|| panic!("{out}"));
    assert!(
        line.contains(&format!("saw {} on production", short(deploy.nth(6)))),
        "{line}"
    );
    run.says("1 deploy outside git smp");
}

#[test]
fn forged_events_of_real_commits_do_not_hold() {
    let deploy = world();
    let start = tip(&deploy);
    let message = |word: &str, more: &str| {
        format!(
            "{word}\n\nSmp-Event: {word}\nSmp-Id: 00112233445566{:02x}\n{more}",
            word.len()
        )
    };
    let commit = format!("Smp-Commit: {}\n", deploy.nth(5));
    let place = "Smp-Environment: production\n";
    let proposal = "Smp-Environment: staging\nSmp-Date: 2022-03-02\nSmp-Target: production -\n";
    let messages = [
        message("proposed", &format!("{commit}{proposal}")),
        message("signed-off", &format!("{commit}Smp-Of: rosi\n")),
        message("promoting", &format!("{commit}{place}")),
        message("promoted", &format!("{commit}{place}Smp-Commits: 1\n")),
        message("nonsense", ""),
    ];
    for (nth, message) in messages.iter().enumerate() {
        for (who, signed) in [
            (("rosi", "rosi"), false),
            (("rosi", "eve"), true),
            (("eve", "eve"), true),
        ] {
            let bad = forged(&deploy, who, message, signed);
            let run = deploy.smp(&["history", "--verify"]);
            assert!(run.exits(1).out().contains(short(&bad)), "{nth}: {run}");
            let state = deploy.smp(&["status", "--json"]).ok().json();
            assert_eq!(state["candidate"], serde_json::Value::Null, "{nth}");
            deploy.git(&deploy.main, &["update-ref", "refs/smp/record", &start]);
            deploy.git(&deploy.work, &["update-ref", "-d", "refs/smp/seen"]);
        }
    }
    // A promotion written by one key alone, each event with a good signature.
    for (nth, message) in messages[..3].iter().enumerate() {
        let last = forged(&deploy, ("ada", "ada"), message, true);
        let run = deploy.smp(&["history", "--verify"]);
        match nth {
            2 => assert!(run.exits(1).out().contains(short(&last)), "{run}"),
            _ => drop(run.ok()),
        }
    }
    deploy
        .smp(&["history", "--verify"])
        .exits(1)
        .says("only the proposer of");
}

#[test]
fn a_record_that_is_not_signed_cannot_be_verified() {
    let deploy = crate::record::recorded();
    deploy
        .smp(&["history", "--verify"])
        .exits(2)
        .says("error: the team's record is not signed, so there is nothing to verify\n");
}
