//! `git smp status`: the running commits and the next step; it reports unknown parts and still succeeds.

mod findings;
mod formats;

use crate::diff::{production_has_a_hotfix, short};
use crate::sample::one_of;
use crate::support::{Deploy, Run, Topology, World, topologies};

/// Returns the text of an environment's line.
#[track_caller]
fn line<'r>(out: &'r str, environment: &str) -> &'r str {
    let found = out
        .lines()
        .find_map(|line| line.strip_prefix(&format!("  {environment}  ")));
    found
        .unwrap_or_else(|| panic!("no line of {environment} in:\n{out}"))
        .trim_start()
}

/// Returns the next step, and asserts that it is or ends in a working command.
#[track_caller]
fn next_of(deploy: &Deploy, run: &Run) -> String {
    let out = run.out();
    let next = out
        .lines()
        .last()
        .and_then(|line| line.strip_prefix("next: "))
        .expect("the last line says what is next");
    let command = next.split_once(": ").map_or(next, |(_, command)| command);
    let words: Vec<&str> = command.split(' ').collect();
    let deploys = words.len() > 2 && ["promote", "stage"].contains(&words[2]);
    let words = if deploys {
        [&words[..], &["-n"]].concat()
    } else {
        words
    };
    if words[0] == "git" {
        deploy.runner().program("git", &words[1..]).ok();
    }
    next.to_owned()
}

#[test]
fn production_behind_staging() {
    for topology in topologies() {
        let deploy = World::deploy_like().on(topology).ready();
        let run = deploy.smp(&["status"]);
        let out = run.ok().out();
        let [staging, production] = [5, 2].map(|nth| short(deploy.nth(nth)));
        let expected = format!(
            "runs {production} (matches its branch); 3 commits behind staging, the oldest from 2022-02-01 ("
        );
        assert!(line(&out, "production").starts_with(&expected), "{out}");
        assert_eq!(
            line(&out, "staging"),
            format!("runs {staging} (matches its branch)")
        );
        assert_eq!(next_of(&deploy, &run), "git smp promote");
        assert_eq!(run.stderr, "");
        // The targets come first.
        assert!(out.find("production").unwrap() < out.find("staging").unwrap());
    }
}

#[test]
fn production_the_same_as_staging() {
    for topology in topologies() {
        let deploy = World::deploy_like().on(topology).ready();
        deploy.colleague_pushes(&deploy.production, deploy.nth(5));
        let run = deploy.smp(&["status"]);
        let out = run.ok().out();
        assert_eq!(
            line(&out, "production"),
            format!(
                "runs {} (matches its branch); the same as staging",
                short(deploy.nth(5))
            )
        );
        assert_eq!(next_of(&deploy, &run), "git smp stage");
        deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
        deploy.colleague_pushes(&deploy.production, deploy.nth(6));
        assert_eq!(next_of(&deploy, &deploy.smp(&["status"])), "nothing");
    }
}

#[test]
fn production_ahead_of_staging() {
    let deploy = World::deploy_like().ready();
    deploy.colleague_pushes(&deploy.production, deploy.nth(6));
    let run = deploy.smp(&["status"]);
    let out = run.ok().out();
    assert!(
        line(&out, "production").ends_with("; ahead of staging"),
        "{out}"
    );
    // The main branch has it, so the next deploy to staging has it, too.
    assert_eq!(next_of(&deploy, &run), "git smp stage");
}

#[test]
fn production_with_a_hotfix_of_its_own() {
    let deploy = World::deploy_like().ready();
    production_has_a_hotfix(&deploy, "Ben", "Fix login loop");
    let run = deploy.smp(&["status"]);
    let out = run.ok().out();
    assert!(
        line(&out, "production").ends_with("; diverged: 3 commits only on staging, 1 only here"),
        "{out}"
    );
    // The suggested command pushes it there.
    let command = next_of(&deploy, &run);
    let branch = command.rsplit('/').next().unwrap();
    let merge = format!("merge the branch {branch} into master (no squash, no rebase)");
    run.prints_among(&format!(
        "note: production runs commits that master lacks\nnote: push them, then {merge}\nnext: "
    ));
    deploy.runner().program("sh", &["-c", &command]).ok();
    assert_eq!(
        deploy.git(&deploy.main, &["rev-parse", branch]).trim(),
        deploy.master(&deploy.production)
    );
    // The next step after the push is the merge.
    deploy.smp(&["status"]).ok().prints_among(&format!(
        "note: if that branch is gone, push it again: {command}\nnote: {merge}\nnext: git smp stage\n"
    ));
    // A clone that fetches only the main branch cannot know.
    let master = "+refs/heads/master:refs/remotes/upstream/master";
    deploy.git(&deploy.work, &["config", "remote.upstream.fetch", master]);
    let tracked = format!("refs/remotes/upstream/{branch}");
    deploy.git(&deploy.work, &["update-ref", "-d", &tracked]);
    deploy
        .smp(&["status"])
        .ok()
        .prints_among(&format!("note: push them, then {merge}\nnext: {command}\n"));
}

// facts 11: rolled back on the platform, the ref still at the bad commit.
#[test]
fn a_ref_that_is_elsewhere_than_what_runs() {
    for topology in topologies() {
        let deploy = World::deploy_like().on(topology).ready();
        deploy.moves_silently(&deploy.production);
        let out = deploy.smp(&["status"]).ok().out();
        let [runs, at] = [2, 6].map(|nth| short(deploy.nth(nth)));
        let expected = format!("runs {runs}, but its branch is at {at}; 3 commits behind staging");
        assert!(line(&out, "production").starts_with(&expected), "{out}");
        assert!(
            out.contains(&format!(
                "rolled-back: rolled back from {at} to {runs}, or the release of {at} failed"
            )),
            "{out}"
        );
        let json = deploy.smp(&["status", "--json"]).ok().json();
        let production = &json["environments"][1];
        assert_eq!(production["ref"], deploy.nth(6));
        assert_eq!(production["running"], deploy.nth(2));
        assert_eq!(production["agrees"], false);
        assert_eq!(production["finding"], "rolled-back");
    }
}

// facts 11: staging serves old code (its last deploy failed).
#[test]
fn a_staging_that_does_not_run_what_was_pushed_to_it_has_to_be_waited_for() {
    let deploy = World::deploy_like().ready();
    deploy.moves_silently(&deploy.staging);
    let run = deploy.smp(&["status"]);
    assert!(line(&run.ok().out(), "staging").contains(", but its branch is at "));
    run.prints_among("note: wait for the deploy on staging, or repeat it\n");
    assert_eq!(next_of(&deploy, &run), "git smp status");
}

#[test]
fn refs_are_said_to_be_all_there_is_where_there_is_no_page() {
    let deploy = World::deploy_like().without_pages().ready();
    let run = deploy.smp(&["status"]);
    let out = run.ok().out();
    let expected = format!(
        "runs {} (according to its branch; it has no page)",
        short(deploy.nth(5))
    );
    assert_eq!(line(&out, "staging"), expected);
    assert_eq!(next_of(&deploy, &run), "git smp promote");
}

// facts 11: first deploy.
#[test]
fn nothing_deployed_is_a_state_and_no_error() {
    for builder in one_of([World::deploy_like(), World::deploy_like().without_pages()]) {
        let deploy = builder.on(Topology::Remotes).build();
        let empty = |bare: &std::path::Path| {
            deploy.git(bare, &["update-ref", "-d", "refs/heads/master"]);
            std::fs::remove_file(bare.join("deployed")).unwrap();
        };
        empty(&deploy.production);
        deploy.trust();
        let run = deploy.smp(&["status"]);
        assert_eq!(line(&run.ok().out(), "production"), "nothing deployed yet");
        assert_eq!(next_of(&deploy, &run), "git smp promote");
        let json = deploy.smp(&["status", "--json", "--exit-code"]).ok().json();
        assert_eq!(json["environments"][1]["finding"], "nothing-deployed");
        assert_eq!(json["production_behind"], serde_json::Value::Null);

        empty(&deploy.staging);
        let run = deploy.smp(&["status"]);
        assert_eq!(line(&run.ok().out(), "staging"), "nothing deployed yet");
        assert_eq!(next_of(&deploy, &run), "git smp stage");
    }
}

#[test]
fn a_main_branch_that_was_rewritten_is_said_before_the_old_commit_ships() {
    for topology in topologies() {
        let deploy = World::deploy_like().on(topology).ready();
        deploy.git(&deploy.team, &["checkout", "-q", deploy.nth(5)]);
        let amend = ["commit", "-q", "--amend", "-m", "The same, reworded"];
        deploy.git(&deploy.team, &amend);
        deploy.colleague_pushes(&deploy.main, "HEAD");
        let lost = format!("note: {} is not on upstream/master: ", short(deploy.nth(5)));
        deploy
            .smp(&["status"])
            .ok()
            .prints_among(&lost)
            .prints_among(
                "note: master has the same changes in other commits\nnext: git smp stage\n",
            );
        let commit = ["promote", "--yes", "--commit", deploy.nth(5)];
        deploy.smp(&commit).ok();
        deploy.smp(&["status"]).ok().prints_among(
            "note: master has the same changes in other commits, but a promotion can only add commits to what staging runs",
        );
    }
}

#[test]
fn of_several_targets_each_has_its_line_and_the_first_that_needs_something_is_next() {
    let deploy = World::deploy_like().on(Topology::Remotes).build();
    let demo = deploy.bare("demo");
    deploy.colleague_pushes(&demo, deploy.nth(6));
    deploy.add_toml(&format!(
        "\n[environments.demo]\nurl = \"{}\"\npromotes = \"staging\"\n",
        demo.display()
    ));
    deploy.trust();
    let run = deploy.smp(&["status"]);
    let out = run.ok().out();
    assert!(line(&out, "demo").ends_with("; ahead of staging"), "{out}");
    assert!(
        line(&out, "production").contains("; 3 commits behind staging"),
        "{out}"
    );
    assert_eq!(next_of(&deploy, &run), "git smp promote production");
}

#[test]
fn nothing_is_asked_before_somebody_agreed() {
    let deploy = World::deploy_like()
        .over_open_http()
        .main_over_http()
        .build();
    deploy
        .smp(&["status"])
        .exits(2)
        .prints("")
        .says("hint: review it and agree to it: git smp setup");
    deploy.smp(&["status", "--json"]).exits(2).prints("");
    assert_eq!(deploy.http().seen().len() + deploy.web.asked().len(), 0);
}

#[test]
fn a_branch_that_is_not_there_is_named_and_not_promoted_to() {
    for topology in topologies() {
        let deploy = World::deploy_like().on(topology).ready();
        deploy.renames(&deploy.production, "main");
        let run = deploy.smp(&["status"]);
        let out = run.ok().out();
        assert!(
            line(&out, "production").contains("; its branch does not exist on its remote"),
            "{out}"
        );
        assert!(!out.contains("next: git smp promote"), "{out}");
        let json = deploy.smp(&["status", "--json"]).ok().json();
        let production = &json["environments"][1];
        assert_eq!(
            (
                production["finding"].as_str(),
                production["agrees"].as_bool()
            ),
            (Some("wrong-branch"), None)
        );
    }
}
