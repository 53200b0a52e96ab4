//! Pipeline promotions: the same build that staging runs, without a new build and without a branch move.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::Platform;
use crate::record::events;
use crate::sample::sample;
use crate::support::{Outcome, Run, World};

const RECORD: &str = "[record]\nsignoff = false\n";
const BY_PIPELINE: &str = "[environments.production]\ndeploy = \"pipeline\"\n";

/// Staging and production in one pipeline.
#[track_caller]
fn coupled(more: &str, pages: bool) -> Platform {
    let platform = Platform::like(World::deploy_like().toml(more), pages);
    platform.api.couples("shop-staging", "shop", "staging");
    platform.api.couples("shop", "shop", "production");
    let toml = platform.deploy.toml();
    let toml = toml.replace("[environments.production]\n", BY_PIPELINE);
    platform.deploy.write_toml(&toml);
    platform
        .deploy
        .agree_as(&platform.runner(), &platform.api.url());
    platform
}

/// Adds a second production, `us`, to the pipeline.
#[track_caller]
fn with_us(more: &str) -> Platform {
    let platform = coupled(more, false);
    let us = platform.deploy.bare("us");
    let copy = "rm -rf us.git && cp -a production.git us.git";
    let runner = platform.deploy.runner().cwd("");
    runner.program("sh", &["-c", copy]).ok();
    platform.api.app("shop-us").follow("shop-us", &us);
    platform.api.couples("shop-us", "shop", "production");
    platform.deploy.add_toml(&format!(
        "\n[environments.us]\nurl = \"{}\"\npromotes = \"staging\"\ndeploy = \"pipeline\"\n\
         [environments.us.running]\nheroku = \"shop-us\"\n",
        us.display()
    ));
    platform
        .deploy
        .agree_as(&platform.runner(), &platform.api.url());
    platform
}

/// Returns a colleague's clone that agreed to the same file.
#[track_caller]
fn colleague(platform: &Platform) -> std::path::PathBuf {
    let deploy = &platform.deploy;
    let ben = deploy.clone_of(deploy.urls()[0], "ben", "upstream");
    std::fs::write(ben.join("smp.toml"), deploy.toml()).unwrap();
    deploy.git(&ben, &["config", "user.name", "Ben"]);
    let setup = platform.runner().cwd(&ben).smp(&["setup", "--yes"]);
    setup.ok();
    ben
}

/// Asserts that production runs staging's commit after one promotion, without a push.
#[track_caller]
fn is_promoted_once(platform: &Platform) {
    let deploy = &platform.deploy;
    assert_eq!(platform.api.current("shop").as_deref(), Some(deploy.nth(5)));
    assert_eq!(deploy.master(&deploy.production), deploy.nth(2));
    assert_eq!((platform.api.promotions().len(), platform.posts()), (1, 0));
}

#[test]
fn the_build_that_staging_runs_is_promoted_without_a_push() {
    for (record, pages) in sample(
        2,
        [("", false), ("", true), (RECORD, false), (RECORD, true)],
    ) {
        let platform = coupled(record, pages);
        let plan = platform.plan();
        assert_eq!(
            plan["steps"][0],
            json!({ "step": "promote", "detail": "promote the build v3 of staging, without a new build" })
        );
        assert_eq!(platform.api.promotions(), Vec::<Value>::new());
        platform.api.new_releases("shop", Outcome::SucceedsAfter(3));
        let run = platform.promote(&[]);
        run.ok()
            .says(&format!("done: production runs {}", platform.short(5)));
        is_promoted_once(&platform);
        let asked = &platform.api.promotions()[0];
        assert_eq!(
            asked["source"]["release"]["id"],
            platform.api.id_of("shop-staging", 3)
        );
        if !record.is_empty() {
            assert_eq!(events(&platform.deploy), ["promoting", "promoted"]);
        }
        // Its branch stays behind, which is no finding.
        assert_eq!(
            platform.status("production"),
            (json!(platform.deploy.nth(5)), json!("api"), json!(null))
        );
        platform.smp(&["setup", "--check"]).ok();
        platform.smp(&["promote"]).ok().says("nothing to promote");
        is_promoted_once(&platform);
    }
}

#[test]
fn several_targets_are_promoted_in_one_call() {
    for record in sample(1, ["", RECORD]) {
        let platform = with_us(record);
        platform.api.new_releases("shop", Outcome::SucceedsAfter(2));
        platform
            .promote(&[])
            .ok()
            .says("done: production runs")
            .says("done: us runs");
        is_promoted_once(&platform);
        let targets = &platform.api.promotions()[0]["targets"];
        assert_eq!(targets.as_array().unwrap().len(), 2);
        if !record.is_empty() {
            assert_eq!(
                events(&platform.deploy),
                ["promoting", "promoted", "promoted"]
            );
        }
    }
}

#[test]
fn where_one_of_several_fails_the_next_run_goes_on_with_that() {
    for record in sample(1, ["", RECORD]) {
        let platform = with_us(record);
        platform.api.new_releases("shop", Outcome::FailsAfter(2));
        let run = platform.promote(&[]);
        run.exits(4)
            .says("production did not start to run the build v3")
            .says("its platform says of production: Release command failed.")
            .says("the build was released to us")
            .says("heroku releases:output v4 -a shop\n")
            .says("git smp promote");
        assert_eq!(
            platform.api.current("shop-us").as_deref(),
            Some(platform.deploy.nth(5))
        );
        assert_eq!(platform.finding(), "release-failed");
        platform.api.new_releases("shop", Outcome::Succeeds);
        platform.promote(&[]).ok().says("done: production runs");
        let asked = platform.api.promotions();
        assert_eq!(asked.len(), 2);
        assert_eq!(asked[1]["targets"].as_array().unwrap().len(), 1);
        if !record.is_empty() {
            let all = events(&platform.deploy);
            assert_eq!(
                all.iter().filter(|event| *event == "promoted").count(),
                2,
                "{all:?}"
            );
            assert!(!all.contains(&"observed".to_owned()), "{all:?}");
        }
    }
}

#[test]
fn apps_that_are_not_in_one_pipeline_are_refused_with_the_command_that_couples_them() {
    type Case = (fn(&Platform), &'static str, &'static str);
    let cases: [Case; 4] = [
        (
            |one| {
                one.api.couples("shop", "maps", "production");
            },
            "production and staging are in different pipelines",
            "heroku pipelines:remove -a shop\n",
        ),
        (
            |one| {
                one.api.couples("shop", "shop", "staging");
            },
            "production is in stage staging of the pipeline, and staging is in stage staging",
            "heroku pipelines:update -a shop -s production\n",
        ),
        (
            |one| {
                one.api.couples("shop-staging", "shop", "production");
            },
            "production is in stage production of the pipeline, and staging is in stage production",
            "heroku pipelines:update -a shop-staging -s staging\n",
        ),
        (
            |one| one.api.expires("shop-staging", 3),
            "the build of v3 of staging was deleted",
            "hint: build a newer commit: git smp stage\n",
        ),
    ];
    for (make, words, command) in cases {
        let platform = coupled("", true);
        make(&platform);
        let run = platform.promote(&[]);
        run.exits(1).says(words).says(command);
        if words.contains("in stage") {
            run.never_shows("in the same pipeline");
        }
        assert_eq!(platform.api.promotions().len(), 0);
        let status = platform.lines();
        assert_eq!(
            status.contains("next: git smp stage"),
            words.contains("was deleted")
        );
        // Setup checks the pipeline before any promotion; a deleted build is not part of that.
        let run = platform.smp(&["setup", "--check"]);
        match command.starts_with("heroku") {
            true => run
                .exits(1)
                .prints_among(&format!("; but {words}"))
                .says(command),
            false => run.ok().never_shows("pipeline"),
        };
    }
    let platform = Platform::like(World::deploy_like(), false);
    let toml = platform.deploy.toml();
    let toml = toml.replace("[environments.production]\n", BY_PIPELINE);
    platform.deploy.write_toml(&toml);
    platform
        .smp(&["setup", "--yes"])
        .exits(1)
        .prints_among("; but staging is not in a pipeline")
        .says("hint: make one: heroku pipelines:create -a shop-staging -s staging\n");
    platform
        .refuses("no-pipeline")
        .says("staging is not in a pipeline")
        .says("heroku pipelines:create -a shop-staging -s staging\n");
    platform.api.couples("shop-staging", "shop", "staging");
    platform
        .refuses("no-pipeline")
        .says("production is not in the pipeline of staging")
        .says(" -a shop -s production\n");
}

#[test]
fn a_promotion_that_the_platform_declines_changes_nothing() {
    let platform = coupled(RECORD, false);
    let body = json!({ "id": "invalid_params", "message": "The slug has expired." });
    platform.api.answers_promotions(422, &body.to_string());
    let run = platform.promote(&[]);
    run.exits(1)
        .says("Heroku does not promote the build v3 of shop-staging")
        .says("it says: The slug has expired.")
        .says("hint: see its releases: heroku releases --app shop-staging\n");
    assert_eq!(events(&platform.deploy), ["promoting", "ended"]);
    platform.api.recovers();
    platform.promote(&[]).ok().says("done: on record");
    assert_eq!(platform.api.promotions().len(), 2);
}

#[test]
fn a_promotion_that_fails_before_anything_is_released_leaves_what_ran() {
    for record in sample(1, ["", RECORD]) {
        let platform = coupled(record, false);
        platform.api.fails_promotions("shop", "The app is locked.");
        let run = platform.promote(&[]);
        run.exits(4)
            .says("its platform says of production: The app is locked.")
            .says("the previous release still runs");
        assert_eq!(
            platform.api.current("shop").as_deref(),
            Some(platform.deploy.nth(2))
        );
        if !record.is_empty() {
            // Nobody waits for a promotion that the platform has ended.
            assert_eq!(events(&platform.deploy), ["promoting", "ended"]);
            let why = platform.smp(&["status", "--json"]).ok().json();
            assert_eq!(why["deploying"], json!(null));
        }
    }
}

#[test]
fn nobody_else_begins_before_every_target_of_a_promotion_has_come_to_its_end() {
    let platform = with_us(RECORD);
    let ben = colleague(&platform);
    let slow = Outcome::SucceedsAfter(1000);
    platform.api.new_releases("shop-us", slow);
    let left = platform.promote(&["--timeout", "1"]);
    left.exits(4).says("did not finish in 1 s");
    let five = platform.deploy.nth(5);
    assert_eq!(platform.api.current("shop").as_deref(), Some(five));
    let nobody_begins = |places: &str| {
        let told = platform.lines();
        let line = format!("deploying   {} to {places}, by ", platform.short(5));
        assert!(told.contains(&line), "{told}");
        for args in [
            &["promote", "us", "--yes", "--commit", five][..],
            &["stage", "--yes"],
        ] {
            let run = platform.runner().cwd(&ben).smp(args);
            run.exits(1)
                .says(&format!("to {places} "))
                .says("hint: wait until it has finished, and look: git smp status\n");
        }
    };
    nobody_begins("production and us");
    // The target that has it is recorded, and the rest stays announced.
    let one = ["promote", "production", "--yes", "--commit", five];
    platform.smp(&one).ok().says("done: production runs");
    assert_eq!(events(&platform.deploy), ["promoting", "promoted"]);
    nobody_begins("us");
    platform.api.ends("shop-us", 4, "succeeded");
    // Anybody may record its end.
    let all = ["promote", "--yes", "--commit", five];
    platform.runner().cwd(&ben).smp(&all).ok();
    assert_eq!(
        events(&platform.deploy),
        ["promoting", "promoted", "promoted"]
    );
    is_promoted_once(&platform);
}

#[test]
fn a_target_that_fails_again_leaves_the_one_that_goes_on_announced() {
    let platform = with_us(RECORD);
    let ben = colleague(&platform);
    let api = &platform.api;
    api.new_releases("shop", Outcome::FailsAfter(2));
    api.new_releases("shop-us", Outcome::SucceedsAfter(1000));
    let left = platform.promote(&["--timeout", "2"]);
    left.exits(4)
        .says("promotion of the build v3 to us did not finish in 2 s")
        .says("its platform says of production: Release command failed.");
    let blocks = || {
        let told = platform.lines();
        assert!(told.contains("deploying   "), "{told}");
        let run = platform.runner().cwd(&ben).smp(&["stage", "--yes"]);
        run.exits(1).says("hint: wait until it has finished");
    };
    let body = json!({ "id": "invalid_params", "message": "Not now." });
    api.answers_promotions(422, &body.to_string());
    platform.promote(&[]).exits(1).says("it says: Not now.");
    blocks();
    api.recovers();
    let again = platform.promote(&[]);
    again
        .exits(4)
        .says("production did not start to run the build v3")
        .says("the earlier promotion to us is not finished");
    assert_eq!(events(&platform.deploy), ["promoting"]);
    blocks();
    // What has come to its end is recorded by the next failure.
    api.ends("shop-us", 4, "succeeded");
    platform
        .promote(&[])
        .exits(4)
        .never_shows("is not finished");
    let closed = ["promoting", "promoted", "ended"];
    assert_eq!(events(&platform.deploy), closed);
    api.new_releases("shop", Outcome::Succeeds);
    platform
        .runner()
        .cwd(&ben)
        .smp(&super::scripted(&platform.deploy, &[]))
        .ok();
    let all = [&closed[..], &["promoting", "promoted"]].concat();
    assert_eq!(events(&platform.deploy), all);
}

#[test]
fn a_promotion_that_a_colleague_completes_is_posted_once() {
    for channel in ["", "[channels.product]\nkind = \"print\"\n"] {
        let platform = with_us(&format!("{RECORD}{channel}"));
        let ben = colleague(&platform);
        platform.api.new_releases("shop", Outcome::FailsAfter(2));
        let args = super::scripted(&platform.deploy, &["--summary", "News"]);
        platform.smp(&args).exits(4).prints("");
        platform.api.new_releases("shop", Outcome::Succeeds);
        let run = platform.runner().cwd(&ben).smp(&args);
        run.ok();
        assert_eq!(run.out().matches("New release to").count(), 1, "{run}");
        for _ in 0..2 {
            platform
                .smp(&args)
                .ok()
                .prints("")
                .says("nothing to promote");
        }
    }
}

#[test]
fn the_same_command_has_nothing_to_do_after_a_colleague_saw_the_end() {
    let platform = coupled("[record]\nsignoff = true\n", false);
    let ben = colleague(&platform);
    platform.smp(&["propose", "--yes"]).ok();
    platform.smp(&["signoff"]).ok();
    platform
        .api
        .new_releases("shop", Outcome::SucceedsAfter(1000));
    let args = super::scripted(&platform.deploy, &["--timeout", "1"]);
    platform.smp(&args).exits(4);
    platform.api.ends("shop", 4, "succeeded");
    platform.runner().cwd(&ben).smp(&args).ok();
    let before = events(&platform.deploy);
    for _ in 0..2 {
        platform.smp(&args).ok().says("nothing to promote");
    }
    assert_eq!(events(&platform.deploy), before);
}

#[test]
fn a_promotion_that_is_taken_over_is_closed_for_every_target() {
    let platform = with_us(RECORD);
    let ben = colleague(&platform);
    for app in ["shop", "shop-us"] {
        platform.api.new_releases(app, Outcome::SucceedsAfter(1000));
    }
    platform.promote(&["--timeout", "1"]).exits(4);
    for app in ["shop", "shop-us"] {
        platform.api.ends(app, 4, "failed");
        platform.api.new_releases(app, Outcome::Succeeds);
    }
    let status = platform.smp(&["status", "--json"]).ok().json();
    let open = &status["deploying"];
    assert_eq!(open["environment"], "production");
    assert_eq!(open["also"], json!(["us"]));
    let id = open["id"].as_str().unwrap();
    let five = platform.deploy.nth(5);
    let one = ["promote", "us", "--yes", "--commit", five];
    let run = platform.runner().cwd(&ben).smp(&one);
    run.exits(1).says(&format!("--take-over {id}\n"));
    let all = ["promote", "--yes", "--commit", five, "--take-over", id];
    platform.runner().cwd(&ben).smp(&all).ok();
    assert_eq!(
        events(&platform.deploy),
        ["promoting", "promoting", "promoted", "promoted"]
    );
    assert_eq!(platform.api.promotions().len(), 2);
}

#[test]
fn each_target_is_recorded_with_what_it_ran_before() {
    let before = |platform: &Platform, name: &str| {
        let told = platform.smp(&["history", "--json"]).ok().json();
        let all = told["deploys"].as_array().unwrap().iter();
        let mut all = all.filter(|one| one["environment"] == name);
        all.next().unwrap()["from"].clone()
    };
    for fails in ["shop", "shop-us"] {
        let platform = with_us(RECORD);
        platform.api.new_releases(fails, Outcome::FailsAfter(2));
        platform.promote(&[]).exits(4);
        platform.api.new_releases(fails, Outcome::Succeeds);
        platform.promote(&[]).ok();
        for name in ["production", "us"] {
            let two = json!(platform.deploy.nth(2));
            assert_eq!(before(&platform, name), two, "{name} where {fails} failed");
        }
        // The released part is recorded at once, and the rest is rolled back.
        let expected = ["promoting", "promoted", "ended", "promoting", "promoted"];
        assert_eq!(events(&platform.deploy), expected, "{fails}");
    }
}

#[test]
fn a_promotion_whose_answer_is_lost_is_recognised_and_not_made_twice() {
    for record in sample(1, ["", RECORD]) {
        let platform = coupled(record, false);
        platform.api.new_releases("shop", Outcome::SucceedsAfter(3));
        platform.api.cuts_promotions(true);
        platform.promote(&[]).ok().says("done: production runs");
        is_promoted_once(&platform);
    }
}

#[test]
fn a_promotion_that_was_not_seen_to_end_is_gone_on_with_by_the_next_run() {
    for record in sample(1, ["", RECORD]) {
        let platform = coupled(record, false);
        platform
            .api
            .new_releases("shop", Outcome::SucceedsAfter(1000));
        let run = platform.promote(&["--timeout", "1"]);
        run.exits(4).says("did not finish in 1 s");
        let waiting = platform.promote(&["--timeout", "1"]);
        waiting
            .exits(4)
            .says("a release on production is already in progress: nothing is promoted there")
            .never_shows("its branch is")
            .never_shows("may have failed");
        platform.api.ends("shop", 4, "succeeded");
        platform.promote(&[]).ok();
        is_promoted_once(&platform);
        if !record.is_empty() {
            assert_eq!(events(&platform.deploy), ["promoting", "promoted"]);
        }
    }
}

#[test]
fn a_promotion_that_nobody_heard_of_is_not_asked_for_twice_by_a_script() {
    let platform = coupled(RECORD, false);
    platform.api.cuts_promotions(false);
    let run = platform.promote(&[]);
    run.exits(4)
        .says("it is unknown whether production releases");
    platform.api.recovers();
    platform
        .promote(&["--timeout", "1"])
        .exits(4)
        .says("its result is unknown");
    assert_eq!(platform.api.promotions().len(), 1);
    let mut terminal = platform.at_a_terminal(&["promote"]);
    terminal
        .sees("its result is unknown")
        .sees("Type production to deploy: ")
        .enters("production");
    terminal.ends().ok().says("done: on record");
    assert_eq!(events(&platform.deploy), ["promoting", "promoted"]);
}

#[test]
fn a_promotion_elsewhere_is_no_anomaly_but_observed() {
    let platform = coupled(RECORD, false);
    platform.promote(&[]).ok();
    let deploy = &platform.deploy;
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    platform.api.promotes("shop-staging", "shop");
    assert_eq!(platform.finding(), "unrecorded");
    platform
        .lines()
        .contains("deployed-outside-git")
        .then(|| panic!());
    let run = platform.smp(&["promote", "--yes", "--commit", deploy.nth(6)]);
    run.ok()
        .says("nothing to promote")
        .says("recorded: production runs");
    assert_eq!(events(deploy), ["promoting", "promoted", "observed"]);
    assert_eq!(platform.finding(), json!(null));
}

#[test]
fn what_the_platform_took_back_ships_again_only_after_a_yes() {
    let platform = coupled("", false);
    platform.promote(&[]).ok();
    platform.api.rollback("shop", super::FIRST);
    assert_eq!(platform.finding(), "rolled-back");
    platform
        .refuses("rolled-back")
        .says("git smp promote production --again");
    platform
        .promote(&["--again"])
        .ok()
        .says("done: production runs");
    assert_eq!(platform.api.promotions().len(), 2);
    assert_eq!(platform.finding(), json!(null));
}

#[test]
fn a_rollback_goes_back_to_the_release_before_without_a_build() {
    let platform = coupled(RECORD, false);
    platform.promote(&[]).ok();
    let (two, before) = (platform.deploy.nth(2), platform.deploy.pushes());
    let run: Run = platform.smp(&["rollback", "--yes", "--to", two]);
    run.ok()
        .says("without a build")
        .says("done: production runs");
    assert_eq!(platform.api.current("shop").as_deref(), Some(two));
    assert_eq!(platform.api.posted("shop").len(), 1);
    assert_eq!(platform.deploy.pushes(), before);
    platform.refuses("rolled-back");
}

#[test]
fn another_release_that_goes_on_is_waited_for() {
    let platform = coupled("", false);
    platform
        .api
        .new_releases("shop", Outcome::SucceedsAfter(1000));
    let deploy = &platform.deploy;
    deploy.colleague_pushes(&deploy.production, deploy.nth(3));
    platform.refuses("deploying");
    assert_eq!(platform.api.promotions().len(), 0);
}

#[test]
fn left_at_any_moment_it_is_promoted_once() {
    for millis in sample(2, [0, 100, 200, 400, 700, 1000]) {
        let platform = coupled(RECORD, false);
        platform.api.new_releases("shop", Outcome::SucceedsAfter(4));
        let args = super::scripted(&platform.deploy, &[]);
        let mut started = platform.runner().directly().start(&args);
        std::thread::sleep(Duration::from_millis(millis));
        started.signal_group(Signal::KILL);
        started.finish();
        platform.promote(&[]).ok();
        is_promoted_once(&platform);
        let all = events(&platform.deploy);
        assert_eq!(all.last().map(String::as_str), Some("promoted"), "{all:?}");
    }
}

#[test]
fn a_build_that_came_after_the_proposal_is_not_promoted() {
    let platform = coupled("[record]\nsignoff = true\n", false);
    let api = &platform.api;
    let commit = platform.deploy.nth(5).to_owned();
    platform.smp(&["propose", "--yes"]).ok();
    platform.smp(&["signoff"]).ok();
    // A change of config vars is a release of the same build.
    api.sets_config("shop-staging", "COLOUR");
    api.is_new("shop-staging");
    assert!(platform.plan()["refusal"].is_null());

    api.deploys("shop-staging", &commit);
    api.is_new("shop-staging");
    let run = platform.refuses("candidate-moved");
    run.says(&format!(
        "staging runs another build of {} than the one that was tested",
        platform.short(5)
    ))
    .says("and v5 was released")
    .says("hint: close the candidate: git smp postpone\nhint: then: git smp propose");
    let status = platform.smp(&["status"]);
    status.ok().prints_among("next: git smp postpone\n");
    assert_eq!(api.promotions(), Vec::<Value>::new());

    // The tested build returns, as an even newer release.
    api.rollback("shop-staging", 4);
    api.is_new("shop-staging");
    platform.promote(&[]).ok();
    is_promoted_once(&platform);
}

#[test]
fn a_candidate_whose_build_was_deleted_is_closed_before_another_is_built() {
    let platform = coupled("[record]\nsignoff = true\n", true);
    platform.smp(&["propose", "--yes"]).ok();
    platform.smp(&["signoff"]).ok();
    platform.api.expires("shop-staging", 3);
    platform
        .refuses("slug-expired")
        .says("hint: close the candidate: git smp postpone\n")
        .says("hint: then build a newer commit: git smp stage\n");
    assert!(platform.lines().contains("next: git smp postpone\n"));
}

#[test]
fn a_build_that_came_after_the_plan_is_not_promoted() {
    for record in sample(1, ["", RECORD]) {
        let platform = coupled(record, false);
        let commit = platform.deploy.nth(5).to_owned();
        let mut terminal = platform.at_a_terminal(&["promote", "--summary", ""]);
        terminal.sees("Type production to deploy: ");
        // A change of config vars is a release of the same build.
        platform.api.sets_config("shop-staging", "COLOUR");
        let built = platform.api.deploys("shop-staging", &commit);
        terminal.enters("production");
        let error = format!("staging got another build, v{built}, after the plan was shown");
        terminal.ends().exits(1).says(&error);
        assert_eq!(platform.api.promotions(), Vec::<Value>::new());
        let mut terminal = platform.at_a_terminal(&["promote", "--summary", ""]);
        terminal.sees("Type production to deploy: ");
        platform.api.sets_config("shop-staging", "COLOUR");
        terminal.enters("production");
        terminal.ends().ok();
        is_promoted_once(&platform);
    }
}

#[test]
fn what_an_interrupted_promotion_brought_is_recorded_although_another_target_is_unknown() {
    let platform = with_us(RECORD);
    platform
        .api
        .fails_promotions("shop-us", "The app is locked.");
    platform.api.cuts_promotions(true);
    platform
        .promote(&[])
        .exits(4)
        .says("it is unknown whether us releases");
    assert_eq!(events(&platform.deploy), ["promoting"]);
    platform.api.recovers();
    platform
        .promote(&["--timeout", "1"])
        .exits(4)
        .says("on us was requested")
        .says("its result is unknown");
    assert_eq!(events(&platform.deploy), ["promoting", "promoted"]);
    is_promoted_once(&platform);
}

#[test]
fn a_promotion_that_a_later_release_replaced_is_over() {
    let platform = coupled("[record]\nsignoff = true\n", true);
    platform.smp(&["propose", "--yes"]).ok();
    platform.smp(&["signoff"]).ok();
    let slow = Outcome::SucceedsAfter(20);
    platform.api.new_releases("shop", slow);
    let args = super::scripted(&platform.deploy, &[]);
    let started = platform.runner().directly().start(&args);
    while platform.api.promotions().is_empty() {
        std::thread::sleep(Duration::from_millis(20));
    }
    platform.api.deploys("shop", platform.deploy.nth(3));
    let run = started.finish();
    run.exits(4)
        .says("promoted, but not live: production does not run ")
        .says("because: a later release, v5 of ")
        .never_shows("may still be in progress")
        .says("hint: see the next command: git smp status\n");
    platform
        .smp(&["status"])
        .ok()
        .prints_among("next: git smp postpone\n");
    platform.smp(&["postpone", "--yes"]).ok();
}

#[test]
fn an_account_without_the_right_is_told_which_apps_it_needs() {
    let platform = coupled("", false);
    let body = json!({ "id": "forbidden", "message": "No access to promote to shop." });
    platform.api.answers_promotions(403, &body.to_string());
    platform
        .promote(&[])
        .exits(1)
        .says("no right to promote the build v3 of the app shop-staging to production\n")
        .says("then ask for access to each of these apps\n");
    platform.api.answers_promotions(429, "{}");
    platform
        .promote(&[])
        .exits(1)
        .says("hint: wait a few minutes, then look: git smp status\n");
    platform.api.answers_promotions(422, "{}");
    platform
        .promote(&[])
        .exits(1)
        .says("hint: if its slug expired, look: git smp status\n");
}
