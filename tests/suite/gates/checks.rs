//! The pages that must pass after a deploy, before anybody is notified.

use std::time::{Duration, Instant};

use super::*;
use crate::promote::{begin, ready};
use crate::record::{merged, next};
use rustix::process::Signal;

use crate::support::{Page, World};

/// Adds a check of `/health` to these environments, with this number of consecutive answers.
#[track_caller]
fn checks(deploy: &Deploy, names: &[&str], times: u32) {
    for name in names {
        let page = deploy.web.url(&format!("/health-{name}"));
        deploy.add_toml(&format!(
            "[[environments.{name}.check]]\npage = \"{page}\"\ncontains = \"ok\"\ntimes = {times}\n"
        ));
        deploy
            .web
            .set(&format!("/health-{name}"), Page::body("all is ok"));
    }
    deploy.agree();
}

fn broken() -> Page {
    Page::body("no: a secret").status(503)
}

/// A world whose staging commit may be promoted, with a check on production.
#[track_caller]
fn checked(times: u32) -> Deploy {
    let deploy = signed_off();
    deploy.add_toml("[channels.product]\nkind = \"print\"\n");
    checks(&deploy, &["production"], times);
    deploy
}

const TEXT: [&str; 2] = ["--summary", "Maps are faster."];

fn asked(deploy: &Deploy) -> usize {
    deploy.web.asked_for("/health-production").len()
}

#[test]
fn a_deploy_is_told_when_its_page_has_answered_well_three_times_in_a_row() {
    let deploy = checked(3);
    let plan = deploy.smp(&["promote", "-n", "--json"]).ok().json();
    let steps = plan["steps"].as_array().unwrap().iter();
    let words: Vec<_> = steps.map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(words, ["push", "wait", "check", "record", "post"]);
    assert_eq!(asked(&deploy), 0);
    let began = Instant::now();
    promote(&deploy, &TEXT)
        .ok()
        .prints_among("Maps are faster.");
    assert!(began.elapsed() >= Duration::from_secs(2), "a second apart");
    assert_eq!(asked(&deploy), 3);
    assert_eq!(events(&deploy)[3..], ["promoting", "promoted", "posted"]);
}

#[test]
fn a_page_that_is_broken_is_on_record_tells_nobody_and_names_the_rollback() {
    let deploy = checked(1);
    deploy.web.set("/health-production", broken());
    let (new, old) = (short(deploy.nth(5)), short(deploy.nth(2)));
    let run = promote(&deploy, &TEXT);
    let page = deploy.web.url("/health-production");
    run.exits(4)
        .prints("")
        .says(&format!(
            "error: production runs {new}, but its checks did not pass"
        ))
        .says(&format!("because: {page} answers 503 Service Unavailable"))
        .says(&format!(
            "roll back to what ran before: git smp rollback production --to {old}\n"
        ))
        .says("check again: git smp promote production --summary 'Maps are faster.'")
        .never_shows("done: ")
        .never_shows("a secret");
    assert_eq!(events(&deploy)[3..], ["promoting", "check-failed"]);
    let offline = deploy.smp(&["where", "--offline", deploy.nth(5)]);
    (offline.ok()).prints_among("  production  runs it since ");
    assert_eq!(
        trailer(&deploy, "Smp-Why"),
        format!("{page} answers 503 Service Unavailable")
    );
    let status = deploy.smp(&["status"]).ok().out();
    assert!(status.contains("; a check failed: "), "{status}");
    let next = format!(
        "note: if the site works by now, check again: git smp promote production\nnote: to ship a correction, first close the candidate: git smp postpone\nnext: git smp rollback production --to {old}\n"
    );
    assert!(status.ends_with(&next), "{status}");
    assert!(!status.contains("not on record"), "{status}");
    deploy
        .smp(&["history"])
        .ok()
        .prints_among("a check failed: ");

    // The next run pushes nothing, and checks again.
    let plan = deploy.smp(&["promote", "-n", "--json"]).ok().json();
    assert_eq!(plan["steps"][0]["step"], "check");
    promote(&deploy, &TEXT).exits(4).prints("");
    deploy.web.set("/health-production", Page::body("ok"));
    promote(&deploy, &TEXT)
        .ok()
        .says(&format!("done: production runs {new}"))
        .prints_among("Maps are faster.");
    assert_eq!(
        events(&deploy)[3..],
        [
            "promoting",
            "check-failed",
            "check-failed",
            "promoted",
            "posted"
        ]
    );
    assert_eq!(deploy.deploys(&deploy.production).len(), 2, "pushed once");
    let history = deploy.smp(&["history", "--json"]).ok().json();
    assert_eq!(history["deploys"].as_array().unwrap().len(), 1);
    promote(&deploy, &[]).ok().says("nothing to promote");
}

#[test]
fn after_a_failure_a_rollback_or_something_newer_mends_it() {
    let deploy = checked(1);
    deploy.web.set("/health-production", broken());
    promote(&deploy, &TEXT).exits(4);
    // The rollback returns to the earlier commit, so its check is only a warning.
    deploy
        .smp(&["rollback", "--yes", "--to", deploy.nth(2)])
        .ok()
        .says("warning: a check of production failed: ")
        .says("done: production runs ");
    assert_eq!(
        events(&deploy)[3..],
        ["promoting", "check-failed", "rolling-back", "rolled-back"]
    );
    let history = deploy.smp(&["history", "--json"]).ok().json();
    let kinds: Vec<_> = (history["deploys"].as_array().unwrap().iter())
        .map(|one| one["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["rollback", "promote"]);
    assert!(deploy.chain().state["deploying"].is_null());
}

#[test]
fn a_page_that_flaps_for_less_than_its_times_fails_nothing() {
    let deploy = checked(3);
    deploy
        .web
        .set_first("/health-production", 2, broken(), Page::body("ok"));
    promote(&deploy, &[]).ok();
    assert_eq!(asked(&deploy), 5);
}

#[test]
fn a_run_that_is_killed_in_its_checks_is_gone_on_with() {
    let deploy = checked(60);
    let mut run = begin(&deploy, &TEXT);
    deploy.web.is_asked_for("/health-production", 1);
    run.signal(Signal::KILL);
    run.finish();
    assert_eq!(events(&deploy)[3..], ["promoting"]);
    let text = deploy.toml().replace("times = 60", "times = 1");
    deploy.write_toml(&text);
    deploy.trust();
    promote(&deploy, &TEXT)
        .ok()
        .prints_among("Maps are faster.");
    assert_eq!(events(&deploy)[3..], ["promoting", "promoted", "posted"]);
    assert_eq!(deploy.deploys(&deploy.production).len(), 2, "pushed once");
}

#[test]
fn ctrl_c_leaves_the_checks_and_the_next_run_goes_on() {
    let deploy = checked(60);
    let mut terminal = person(&deploy).terminal(&["promote", "--summary", ""]);
    terminal
        .sees("Type production to deploy: ")
        .enters("production");
    deploy.web.is_asked_for("/health-production", 1);
    terminal.ctrl_c();
    terminal
        .ends()
        .exits(4)
        .says("interrupted before the checks of production passed")
        .says("git smp promote production");
}

#[test]
fn without_a_record_this_clone_remembers_that_the_checks_did_not_pass() {
    let deploy = ready(World::deploy_like());
    deploy.add_toml("[channels.product]\nkind = \"print\"\n");
    checks(&deploy, &["production"], 1);
    deploy.web.set("/health-production", broken());
    for _ in 0..2 {
        promote(&deploy, &TEXT).exits(4).prints("").says(&format!(
            "rollback production --to {}",
            short(deploy.nth(2))
        ));
    }
    deploy.web.set("/health-production", Page::body("ok"));
    promote(&deploy, &TEXT)
        .ok()
        .prints_among("Maps are faster.");
    promote(&deploy, &[]).ok().prints("");
    assert_eq!(asked(&deploy), 3);
    assert_eq!(deploy.deploys(&deploy.production).len(), 2, "pushed once");
}

#[test]
fn a_person_is_asked_for_the_rollback() {
    for answer in ["production", ""] {
        let deploy = checked(1);
        deploy.web.set("/health-production", broken());
        let mut terminal = person(&deploy).terminal(&["promote", "--summary", ""]);
        terminal
            .sees("Type production to deploy: ")
            .enters("production")
            .sees("but its checks did not pass")
            .sees("Type production to roll back: ")
            .enters(answer);
        let run = terminal.ends();
        let expected = match answer {
            "" => {
                run.exits(4).says("production was not rolled back");
                deploy.nth(5)
            }
            _ => {
                run.exits(1).says("production was rolled back");
                assert!(trailer(&deploy, "Smp-Text").starts_with("a check failed: http"));
                deploy.nth(2)
            }
        };
        assert_eq!(deploy.master(&deploy.production), expected);
    }
}

#[test]
fn checks_are_asked_side_by_side_and_hostile_pages_end() {
    let deploy = signed_off();
    let other = deploy.web.other_host("/elsewhere");
    deploy.web.set("/elsewhere", Page::body("ok"));
    for (name, page) in [
        ("/endless", Page::endless()),
        ("/silent", Page::silence()),
        ("/away", Page::redirect(&other)),
        ("/fine", Page::body("ok")),
    ] {
        deploy.web.set(name, page);
        let page = deploy.web.url(name);
        deploy.add_toml(&format!(
            "[[environments.production.check]]\npage = \"{page}\"\ntimes = 1\n"
        ));
    }
    deploy.trust();
    let began = Instant::now();
    promote(&deploy, &[])
        .exits(4)
        .says("/endless is larger than 1 MiB")
        .says("/silent did not answer within 10 seconds")
        .says("/away redirects to another host")
        .never_shows("/fine ");
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "one after the other"
    );
}

#[test]
fn what_does_not_pass_on_staging_is_not_put_forward() {
    let deploy = crate::record::recorded();
    checks(&deploy, &["staging"], 1);
    deploy.web.set("/health-staging", broken());
    deploy
        .smp(&["stage", "--yes"])
        .exits(4)
        .says("staging runs ")
        .says("but its checks did not pass")
        .says("check again: git smp stage");
    assert_eq!(events(&deploy), ["staging", "staged-check-failed"]);
    deploy
        .smp(&["propose", "--yes"])
        .exits(1)
        .says("but its checks did not pass");
    assert_eq!(refusal(&deploy), "check-failed");
    deploy.web.set("/health-staging", Page::body("ok"));
    deploy.smp(&["stage", "--yes"]).ok();
    deploy.smp(&["propose", "--yes"]).ok();
    assert_eq!(events(&deploy)[2..4], ["staged", "proposed"]);
}

#[test]
fn a_fix_of_what_failed_on_production_comes_too_late_and_a_correction_follows_the_postponement() {
    let deploy = checked(1);
    deploy.web.set("/health-production", broken());
    promote(&deploy, &TEXT).exits(4);
    merged(&deploy, "Mend the health page", "mended.txt");
    let (failed, old) = (short(deploy.nth(5)), short(deploy.nth(2)));
    let before = deploy.snapshot();
    // Nobody is asked first which commits are the fix.
    let run = deploy.smp(&["stage", "--fix", "--yes"]);
    run.exits(1)
        .says(&format!(
            "error: a check failed after {failed} was promoted to production\n"
        ))
        .says(
            " answers 503 Service Unavailable\nbecause: a fix comes too late for this candidate\n",
        )
        .says(&format!("hint: git smp rollback production --to {old}\n"))
        .says("check again: git smp promote production\n")
        .says("hint: to ship a correction, first close the candidate: git smp postpone\n");
    let run = deploy.smp(&["stage", "--yes"]);
    run.exits(1).says("frozen").never_shows("stage --fix");
    assert_eq!(deploy.snapshot(), before);

    let status = deploy.smp(&["status"]).ok().out();
    assert!(status.contains("; a check failed: "), "{status}");
    deploy
        .smp(&["postpone", "--yes", "--reason", "the health page is broken"])
        .ok()
        .says(&format!(
            "warning: production runs {failed}, and a check failed: "
        ));
    deploy.web.set("/health-production", Page::body("ok"));
    for command in [&["stage", "--yes"][..], &["propose", "--yes"], &["signoff"]] {
        assert_eq!(next(&deploy), format!("git smp {}", command[0]));
        deploy.smp(command).ok();
    }
    assert_eq!(next(&deploy), "git smp promote");
    let commit = deploy.master(&deploy.staging);
    deploy.smp(&["promote", "--yes", "--commit", &commit]).ok();
    deploy
        .smp(&["history"])
        .ok()
        .prints_among("a check failed: ");
}

#[test]
fn after_the_rollback_of_what_failed_a_fix_is_in_time() {
    let deploy = checked(1);
    deploy.web.set("/health-production", broken());
    promote(&deploy, &TEXT).exits(4);
    let fix = merged(&deploy, "Mend the health page", "mended.txt");
    let back = ["rollback", "--yes", "--to", deploy.nth(2)];
    deploy.smp(&back).ok();
    deploy.smp(&["stage", "--fix", "--yes", &fix]).ok();
    deploy.smp(&["signoff", "--by", "Rosi"]).ok();
    deploy.web.set("/health-production", Page::body("ok"));
    deploy
        .smp(&["promote", "--again", "--yes", "--commit", &fix])
        .ok();
    assert_eq!(deploy.master(&deploy.production), fix);
}

#[test]
fn who_went_past_the_hours_is_told_although_a_check_failed_and_only_once() {
    let deploy = signed_off();
    deploy.add_toml("[channels.technical]\nkind = \"print\"\n");
    asks_for(&deploy, &hours_later().0);
    checks(&deploy, &["production"], 1);
    deploy.web.set("/health-production", broken());
    let reason = "the shop is down";
    promote(&deploy, &["--override", reason])
        .exits(4)
        .prints_among("policy overridden")
        .prints_among("by Ada Example, although the policy did not allow it yet.")
        .prints_among(reason);
    let told = ["promoting", "check-failed", "posted"];
    assert_eq!(events(&deploy)[3..], told);
    assert_eq!(
        deploy.chain().only("check-failed").field("Override"),
        reason
    );
    let history = deploy.smp(&["history"]).ok().out();
    let words = ["policy overridden: the shop is down", "a check failed: "];
    assert!(words.iter().all(|it| history.contains(it)), "{history}");
    let since = || {
        let located = deploy.smp(&["where", deploy.nth(5), "--json"]).ok().json();
        located["environments"][1]["since"].clone()
    };
    let (failed, history) = (since(), deploy.smp(&["history", "--json"]).ok().json());
    assert_eq!(failed, history["deploys"][0]["at"]);
    promote(&deploy, &[]).exits(4).prints("");
    deploy.web.set("/health-production", Page::body("ok"));
    promote(&deploy, &[]).ok().prints("");
    let history = deploy.smp(&["history", "--json"]).ok().json();
    assert_eq!(history["deploys"].as_array().unwrap().len(), 1);
    assert_eq!(history["deploys"][0]["override"], reason);
    assert_eq!(since(), failed);
}

#[test]
fn without_a_record_it_is_told_once_as_well() {
    let deploy = ready(World::deploy_like().without_pages());
    asks_for(&deploy, &hours_later().0);
    checks(&deploy, &["production"], 1);
    deploy.web.set("/health-production", broken());
    promote(&deploy, &["--override", "the shop is down"])
        .exits(4)
        .prints_among("policy overridden");
    deploy.web.set("/health-production", Page::body("ok"));
    promote(&deploy, &[]).ok().prints("");
}
