//! Rollbacks by a release on the platform: in seconds, without a build and without a branch move.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use super::*;
use crate::posts::{TECHNICAL, accepted, channels, sent, words};
use crate::promote::comes_to;
use crate::sample::sample;
use crate::support::{HerokuApi, Outcome, PATIENCE, Runner};

const APP: &str = "shared-maps";
const TOKEN: &str = "t0ken-0123456789";

/// A world whose production is a Heroku app.
struct Platform {
    deploy: Deploy,
    api: HerokuApi,
}

impl Platform {
    /// Creates production's releases v3 and v4, of the second and fifth commits; v4 runs.
    #[track_caller]
    fn new(record: &str) -> Platform {
        let table = format!("[environments.production.running]\nheroku = \"{APP}\"\n");
        let world = World::deploy_like().on(Topology::Remotes).without_pages();
        let deploy = world.toml(record).ready();
        deploy.add_toml(&format!("\n{table}"));
        let api = HerokuApi::start(TOKEN);
        deploy.colleague_pushes(&deploy.production, deploy.nth(5));
        api.app(APP).follow(APP, &deploy.production);
        let platform = Platform { deploy, api };
        platform
            .deploy
            .agree_as(&platform.runner(), &platform.api.url());
        platform
    }

    fn runner(&self) -> Runner<'_> {
        self.deploy
            .runner()
            .env("HEROKU_API_URL", self.api.url())
            .env("HEROKU_API_KEY", TOKEN)
    }

    #[track_caller]
    fn smp(&self, args: &[&str]) -> Run {
        let run = self.runner().smp(args);
        run.never_shows(TOKEN);
        run
    }

    #[track_caller]
    fn rolls_back(&self, more: &[&str]) -> Run {
        self.smp(&scripted(&self.deploy, 2, more))
    }

    #[track_caller]
    fn promotes(&self, more: &[&str]) -> Run {
        let commit = self.deploy.master(&self.deploy.staging);
        self.smp(
            &[
                &["promote", "--yes", "--timeout", "20", "--commit", &commit],
                more,
            ]
            .concat(),
        )
    }

    /// Returns the clone of a colleague who may ask the platform, too.
    #[track_caller]
    fn bens_clone(&self) -> PathBuf {
        let clone = self
            .deploy
            .clone_of(self.deploy.urls()[0], "ben", "upstream");
        std::fs::write(clone.join("smp.toml"), self.deploy.toml()).unwrap();
        self.deploy.git(&clone, &["config", "user.name", "Ben"]);
        self.runner().cwd(&clone).smp(&["setup", "--yes"]).ok();
        clone
    }

    #[track_caller]
    fn went_back_once(&self) {
        assert_eq!(
            self.api.posted(APP),
            [json!({ "release": self.api.id_of(APP, 3) })]
        );
        assert_eq!(self.api.current(APP).as_deref(), Some(self.deploy.nth(2)));
        assert_eq!(self.api.releases(APP).len(), 5);
        self.pushed_nothing();
    }

    #[track_caller]
    fn pushed_nothing(&self) {
        assert_eq!(
            self.deploy.master(&self.deploy.production),
            self.deploy.nth(5)
        );
        self.deploy.ran([2, 5]);
    }
}

#[test]
fn what_was_built_is_released_again_and_nothing_is_pushed() {
    for record in sample(1, ["", RECORD]) {
        let platform = Platform::new(record);
        let before = without_record(platform.deploy.snapshot());
        let (two, five) = (short(platform.deploy.nth(2)), short(platform.deploy.nth(5)));
        let run = platform.rolls_back(&["--reason", "Maps are empty."]);
        run.ok().says(&format!(
            "1. release {two} (v3) again on Heroku, without a build"
        ));
        run.says("warning: the config vars of production return to those of v3 as well");
        run.says(&format!("done: production runs {two}"))
            .never_shows("-----> Building");
        platform.went_back_once();
        assert_eq!(without_record(platform.deploy.snapshot()), before);
        platform.rolls_back(&[]).ok().says("nothing to roll back");
        platform.went_back_once();
        let status = platform.smp(&["status"]);
        status
            .ok()
            .prints_among(&format!("rolled back from {five} to {two}"));
        let json = platform.smp(&["status", "--json"]).ok().json();
        let production = json["environments"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["name"] == "production");
        assert_eq!(production.unwrap()["finding"], "rolled-back", "{json:#}");
        let chain = platform.deploy.chain();
        if !record.is_empty() {
            let event = chain.only("rolled-back");
            assert_eq!(
                (event.field("From"), event.field("Commits")),
                (platform.deploy.nth(5), "3")
            );
            assert_eq!(
                chain.state["held"]["production"][0]["commit"],
                platform.deploy.nth(5)
            );
        }
    }
}

#[test]
fn without_a_record_the_releases_tell_what_ran_before() {
    let platform = Platform::new("");
    platform
        .smp(&["rollback", "-n"])
        .ok()
        .says("(v3) again on Heroku, without a build");
    // A release of the same commit with other config vars is not a rollback target.
    platform.api.sets_config(APP, "DEBUG");
    platform
        .smp(&["rollback", "-n"])
        .ok()
        .says("(v3) again on Heroku, without a build");
    platform.api.deploys(APP, platform.deploy.nth(3));
    platform.api.deploys(APP, platform.deploy.nth(4));
    platform
        .smp(&["rollback", "-n", "--to", platform.deploy.nth(3)])
        .ok()
        .says("(v6) again on Heroku");
    assert!(platform.api.posted(APP).is_empty());
}

#[test]
fn a_second_one_leads_further_back() {
    let platform = Platform::new("");
    let deploy = &platform.deploy;
    deploy.colleague_pushes(&deploy.production, deploy.nth(6));
    let person = || platform.runner().directly().env("NO_COLOR", "1");
    for (version, number) in [(4, 5), (3, 2)] {
        let mut terminal = person().terminal(&["rollback"]);
        terminal.sees(&format!(
            "release {} (v{version}) again",
            short(deploy.nth(number))
        ));
        terminal
            .sees("Type production to roll back: ")
            .enters("production")
            .sees("Reason for the rollback, for the team")
            .enters("");
        terminal.ends().ok();
        assert_eq!(
            platform.api.current(APP).as_deref(),
            Some(deploy.nth(number))
        );
    }
    assert_eq!(deploy.master(&deploy.production), deploy.nth(6));
    platform
        .smp(&["rollback", "-n"])
        .exits(1)
        .says(" is unknown")
        .says("no earlier release of another commit");
}

#[test]
fn a_dry_run_and_a_no_ask_for_no_release() {
    let platform = Platform::new(RECORD);
    let before = platform.deploy.snapshot();
    platform.smp(&["rollback", "-n"]).ok().says("This will");
    let mut terminal = platform.runner().directly().terminal(&["rollback"]);
    terminal.sees("Type production to roll back: ").enters("no");
    terminal.ends().exits(3);
    assert!(platform.api.posted(APP).is_empty());
    assert_eq!(
        (platform.api.releases(APP).len(), platform.deploy.snapshot()),
        (4, before)
    );
}

#[test]
fn what_was_built_and_is_gone_is_pushed_and_built_anew() {
    let platform = Platform::new("");
    platform.api.expires(APP, 3);
    let before = platform.deploy.snapshot();
    let run = platform.rolls_back(&[]);
    run.ok()
        .says("warning: the platform has no known release of")
        .says("is pushed and built again");
    run.says("1. push ").says("-----> Building");
    assert!(platform.api.posted(APP).is_empty());
    assert_eq!(
        platform.deploy.snapshot(),
        put_back_once(&platform.deploy, &before, 2)
    );
    assert_eq!(
        platform.api.current(APP).as_deref(),
        Some(platform.deploy.nth(2))
    );
}

#[test]
fn a_platform_that_says_no_changed_nothing() {
    for (status, id, words) in sample(
        2,
        [
            (
                422,
                "invalid_params",
                "Cannot roll back to v3, it is not eligible for rollback.",
            ),
            (403, "forbidden", "You do not have access to the app."),
        ],
    ) {
        let platform = Platform::new(RECORD);
        let body = json!({ "id": id, "message": words }).to_string();
        platform.api.answers_posts(APP, status, &body, false);
        let run = platform.rolls_back(&[]);
        run.exits(1).says("error: ").says(words).says("hint: ");
        let chain = platform.deploy.chain();
        assert_eq!(
            chain.only("ended").field("Intent"),
            chain.only("rolling-back").id
        );
        assert_eq!(
            (
                platform.api.posted(APP).len(),
                platform.api.releases(APP).len()
            ),
            (1, 4)
        );
        platform.pushed_nothing();
        // Nothing blocks the next attempt.
        platform.api.recovers();
        platform.rolls_back(&[]).ok();
        assert_eq!(
            platform.api.current(APP).as_deref(),
            Some(platform.deploy.nth(2))
        );
        platform.deploy.chain().only("rolled-back");
    }
}

#[test]
fn a_release_whose_answer_is_lost_is_found_and_made_once() {
    for record in sample(1, ["", RECORD]) {
        let platform = Platform::new(record);
        platform.api.cuts_posts(APP);
        platform.rolls_back(&[]).ok().says("done: production runs");
        platform.went_back_once();
        platform.rolls_back(&[]).ok().says("nothing to roll back");
        platform.went_back_once();
        platform.deploy.chain();
    }
}

#[test]
fn a_release_that_takes_its_time_is_waited_for() {
    let platform = Platform::new(RECORD);
    platform.api.new_releases(APP, Outcome::SucceedsAfter(3));
    platform.rolls_back(&[]).ok().says("done: on record");
    platform.went_back_once();
}

#[test]
fn a_release_phase_that_fails_ends_the_wait_at_once() {
    let platform = Platform::new(RECORD);
    platform.api.new_releases(APP, Outcome::FailsAfter(2));
    let begun = std::time::Instant::now();
    let run = platform.rolls_back(&["--timeout", "600"]);
    run.exits(4)
        .says("released, but not live: the release v5 of")
        .says("failed");
    run.says(&format!("heroku releases:output v5 -a {APP}"));
    run.says(&format!(
        "git smp rollback production --to {}",
        short(platform.deploy.nth(2))
    ));
    assert!(begun.elapsed() < std::time::Duration::from_secs(30));
    assert_eq!(
        platform.api.current(APP).as_deref(),
        Some(platform.deploy.nth(5))
    );
    platform.pushed_nothing();
    // The same command continues, and the running commit is still the rollback's start.
    platform.api.new_releases(APP, Outcome::Succeeds);
    platform.rolls_back(&[]).ok();
    let chain = platform.deploy.chain();
    assert_eq!(
        chain.only("rolled-back").field("From"),
        platform.deploy.nth(5)
    );
    assert!(chain.state["deploying"].is_null());
}

#[test]
fn a_page_that_shows_another_commit_is_waited_for_too() {
    let platform = Platform::new("");
    let deploy = &platform.deploy;
    let page = format!(
        "page = \"{}\"\npattern = 'data-commit=\"([0-9a-f]{{7,64}})\"'\n",
        deploy.web.url("/production")
    );
    deploy.write_toml(
        &deploy
            .toml()
            .replace("heroku = ", &format!("{page}heroku = ")),
    );
    platform.smp(&["setup", "--yes"]).ok();
    deploy.web.set("/production", Page::commit(deploy.nth(5)));
    platform
        .rolls_back(&["--timeout", "1"])
        .exits(4)
        .says("released, but not live");
    platform.went_back_once();
    platform
        .api
        .serves(APP, &deploy.production.join("deployed"));
    deploy
        .web
        .set("/production", Page::deployed(&deploy.production));
    platform.rolls_back(&[]).ok();
    platform.went_back_once();
}

#[test]
fn whoever_is_not_logged_in_goes_by_a_push_or_is_told() {
    let platform = Platform::new("");
    let before = platform.deploy.snapshot();
    let stranger = platform.runner().without_env("HEROKU_API_KEY");
    let run = stranger.smp(&["rollback", "-n"]);
    run.exits(1).says("nobody is logged in to Heroku here");
    let run = stranger.smp(&["rollback", "-n", "--to", platform.deploy.nth(2)]);
    run.ok().says("push ").says("is pushed and built again");
    assert_eq!(platform.deploy.snapshot(), before);
}

#[test]
fn the_very_commit_ships_again_by_a_release_and_only_with_a_word_for_it() {
    for record in sample(1, ["", RECORD]) {
        let platform = Platform::new(record);
        platform.rolls_back(&["--reason", "Maps are empty."]).ok();
        let run = platform.promotes(&[]);
        run.exits(1).says("rolled back").says("--again");
        platform
            .promotes(&["--again"])
            .ok()
            .says("(v4) again on Heroku, without a build");
        assert_eq!(
            platform.api.current(APP).as_deref(),
            Some(platform.deploy.nth(5))
        );
        assert_eq!(platform.api.posted(APP).len(), 2);
        platform.pushed_nothing();
        platform.deploy.chain();
        // This ends it.
        platform
            .smp(&["promote", "-n"])
            .ok()
            .never_shows("rolled back");
    }
}

#[test]
fn a_newer_commit_ships_from_a_script_only_with_a_word_for_it() {
    let platform = Platform::new(RECORD);
    platform.rolls_back(&["--reason", "Maps are empty."]).ok();
    platform
        .deploy
        .colleague_pushes(&platform.deploy.staging, platform.deploy.nth(6));
    let story = "which was rolled back from production by Ada Example just now: Maps are empty.";
    platform.promotes(&[]).exits(1).says(story);
    platform.pushed_nothing();
    platform
        .promotes(&["--again"])
        .ok()
        .says(&format!("{story}\n"));
    assert_eq!(
        platform.api.current(APP).as_deref(),
        Some(platform.deploy.nth(6))
    );
    platform.deploy.chain();
}

// The platform tells the running commit, not the branch, which has not moved.
#[test]
fn a_second_one_that_is_cut_off_is_put_back_from_what_ran() {
    let platform = Platform::new(RECORD);
    let deploy = &platform.deploy;
    platform.api.deploys(APP, deploy.nth(4));
    platform.api.deploys(APP, deploy.nth(5));
    platform
        .smp(&["rollback", "--yes", "--to", deploy.nth(4)])
        .ok();
    // The second release succeeds, and its end is not recorded.
    deploy.hook(
        &deploy.main,
        "update",
        "git log --format=%B \"$2..$3\" | grep -q 'Event: rolled-back' && exit 1; exit 0",
    );
    platform.rolls_back(&[]).exits(4);
    deploy.hook(&deploy.main, "update", "exit 0");
    platform.rolls_back(&[]).ok().says("done: on record");
    let chain = deploy.chain();
    let last = chain.all("rolled-back").last().unwrap();
    assert_eq!(
        (last.field("From"), last.field("Commits")),
        (deploy.nth(4), "2")
    );
    let held = &chain.state["held"]["production"];
    assert_eq!(
        (&held[0]["commit"], &held[1]["commit"]),
        (&deploy.nth(5).into(), &deploy.nth(4).into())
    );
}

#[test]
fn killed_during_the_wait_the_same_words_lead_no_further_back() {
    let platform = Platform::new(&channels("teams"));
    let deploy = &platform.deploy;
    deploy.web.set(TECHNICAL, accepted("teams"));
    deploy.colleague_pushes(&deploy.production, deploy.nth(6));
    platform.api.new_releases(APP, Outcome::SucceedsAfter(1000));
    let person = || {
        platform
            .runner()
            .directly()
            .env("NO_COLOR", "1")
            .env("SMP_TECHNICAL_WEBHOOK", deploy.web.url(TECHNICAL))
    };
    let rollback = ["rollback", "--reason", "Maps are empty."];
    let mut terminal = person().terminal(&rollback);
    terminal
        .sees("(v4) again on Heroku")
        .sees("Type production to roll back: ")
        .enters("production");
    terminal
        .sees("its release v6 is in progress")
        .signal(Signal::KILL);
    terminal.ends();
    // While it is in progress, the command waits for it and makes no other one.
    person()
        .smp(&["rollback", "-n"])
        .ok()
        .says(&format!("reports {}, without a push", short(deploy.nth(5))));
    platform.api.ends(APP, 6, "succeeded");
    platform.api.new_releases(APP, Outcome::Succeeds);
    person()
        .smp(&rollback)
        .ok()
        .says("nothing to roll back")
        .says("accepted the post to the technical channel");
    assert_eq!(platform.api.posted(APP).len(), 1);
    assert_eq!(platform.api.current(APP).as_deref(), Some(deploy.nth(5)));
    let told = sent(deploy, TECHNICAL);
    assert_eq!(told.len(), 1);
    assert!(words(&told[0]).contains("Maps are empty."));
    // Only a repetition after its end means the release before.
    person()
        .smp(&["rollback", "-n"])
        .ok()
        .says(&format!("release {} (v3) again", short(deploy.nth(2))));
    assert_eq!(
        (
            platform.api.posted(APP).len(),
            sent(deploy, TECHNICAL).len()
        ),
        (1, 1)
    );
}

// Its push has landed, but its release is pending: two releases would race.
#[test]
fn a_colleagues_release_that_is_pending_is_not_raced() {
    let platform = Platform::new(RECORD);
    let deploy = &platform.deploy;
    let ben = platform.bens_clone();
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    assert_eq!(platform.api.current(APP).as_deref(), Some(deploy.nth(5)));
    platform.api.new_releases(APP, Outcome::SucceedsAfter(1000));
    let bens = platform.runner().cwd(&ben).directly();
    let mut promotion = bens.start(&[
        "promote",
        "--yes",
        "--commit",
        deploy.nth(6),
        "--timeout",
        "50",
    ]);
    comes_to(deploy, &deploy.production, deploy.nth(6));
    // The deploy hook runs after the branch moved.
    let deadline = Instant::now() + PATIENCE;
    while platform.api.releases(APP).len() < 5 {
        assert!(Instant::now() < deadline, "no release comes of the push");
        std::thread::sleep(Duration::from_millis(20));
    }
    let before = deploy.snapshot();
    let run = platform.rolls_back(&[]);
    run.exits(1).says(&format!(
        "Ben began to promote {} to production",
        short(deploy.nth(6))
    ));
    let id = deploy.chain().only("promoting").id.clone();
    run.says(&format!(
        "git smp rollback production --to {} --take-over {id}",
        short(deploy.nth(2))
    ));
    assert_eq!(
        (deploy.snapshot(), platform.api.posted(APP).len()),
        (before, 0)
    );
    // A person who is sure that nobody waits for it puts it aside.
    promotion.signal_group(Signal::KILL);
    promotion.finish();
    platform.api.new_releases(APP, Outcome::Succeeds);
    platform
        .rolls_back(&["--take-over", &id])
        .ok()
        .says("done: production runs");
    assert_eq!(platform.api.current(APP).as_deref(), Some(deploy.nth(2)));
    assert_eq!(platform.api.posted(APP).len(), 1);
    assert_eq!(
        deploy.chain().only("rolled-back").field("From"),
        deploy.nth(5)
    );
}

/// Asserts that a requested release without an answer is not requested again, until it appears after all.
#[track_caller]
fn is_asked_for_once(record: &str, after: Duration) {
    let platform = Platform::new(record);
    let deploy = &platform.deploy;
    platform.api.loses_posts(APP, after);
    let run = platform.rolls_back(&["--reason", "Maps are empty."]);
    run.exits(4).says(&format!(
        "it is unknown whether production releases {}",
        short(deploy.nth(2))
    ));
    platform.api.recovers();
    for _ in 0..2 {
        let run = platform.rolls_back(&["--timeout", "1", "--reason", "Maps are empty."]);
        run.exits(4).never_shows("done:").never_shows("a push of");
        run.says(&format!(
            "error: a release of {} on production was requested ",
            short(deploy.nth(2))
        ));
        assert_eq!(
            (
                platform.api.posted(APP).len(),
                platform.api.releases(APP).len()
            ),
            (1, 4)
        );
    }
    // It appears, and is pending for a while.
    let version = platform.api.pushes(APP, deploy.nth(2), "pending");
    platform
        .rolls_back(&["--timeout", "1"])
        .exits(4)
        .says("is already in progress");
    platform.api.ends(APP, version, "succeeded");
    platform.rolls_back(&[]).ok();
    platform.rolls_back(&[]).ok().says("nothing to roll back");
    assert_eq!(
        (
            platform.api.posted(APP).len(),
            platform.api.releases(APP).len()
        ),
        (1, 5)
    );
    platform.pushed_nothing();
    assert_eq!(
        deploy.chain().count("rolled-back"),
        usize::from(!record.is_empty())
    );
    if !record.is_empty() {
        platform
            .promotes(&[])
            .exits(1)
            .says("was rolled back from production")
            .says("Maps are empty.");
    }
}

#[test]
fn a_release_that_was_cut_off_and_is_nowhere_to_be_seen_is_not_asked_for_again() {
    for record in sample(1, ["", RECORD]) {
        is_asked_for_once(record, Duration::ZERO);
    }
}

#[test]
fn a_release_that_takes_longer_than_a_call_may_is_not_asked_for_again() {
    is_asked_for_once("", Duration::from_secs(14));
}

#[test]
fn a_run_that_waits_for_a_release_follows_it_when_it_appears() {
    let platform = Platform::new(RECORD);
    let deploy = &platform.deploy;
    platform.api.loses_posts(APP, Duration::ZERO);
    platform.rolls_back(&[]).exits(4);
    platform.api.recovers();
    let run = platform
        .runner()
        .directly()
        .start(&scripted(deploy, 2, &[]));
    run.says("has no known result; waiting for it");
    let version = platform.api.pushes(APP, deploy.nth(2), "pending");
    run.says("is already in progress");
    platform.api.ends(APP, version, "succeeded");
    run.finish().ok().says("done: on record");
    assert_eq!(
        (
            platform.api.posted(APP).len(),
            platform.api.releases(APP).len()
        ),
        (1, 5)
    );
    assert_eq!(
        deploy.chain().only("rolled-back").field("From"),
        deploy.nth(5)
    );
}

#[test]
fn a_person_may_ask_for_a_release_again_of_which_nothing_is_seen() {
    let platform = Platform::new("");
    platform.api.loses_posts(APP, Duration::ZERO);
    platform.rolls_back(&[]).exits(4);
    platform.api.recovers();
    let mut terminal = platform
        .runner()
        .directly()
        .env("NO_COLOR", "1")
        .terminal(&["rollback"]);
    terminal
        .sees("its result is unknown")
        .sees("Type production to roll back: ")
        .enters("production");
    terminal
        .sees("Reason for the rollback, for the team")
        .enters("");
    terminal.ends().ok();
    assert_eq!(
        (
            platform.api.posted(APP).len(),
            platform.api.releases(APP).len()
        ),
        (2, 5)
    );
    platform.rolls_back(&[]).ok().says("nothing to roll back");
}

#[test]
fn what_runs_but_not_for_long_is_not_said_to_be_put_back() {
    for record in sample(1, ["", RECORD]) {
        let platform = Platform::new(record);
        let deploy = &platform.deploy;
        let version = platform.api.pushes(APP, deploy.nth(6), "pending");
        let before = deploy.snapshot();
        let run = platform.smp(&scripted(deploy, 5, &[]));
        run.exits(1)
            .says("but another release is in progress")
            .says(&format!("v{version}"))
            .never_shows("nothing to roll back");
        let run = platform.promotes(&[]);
        run.exits(1)
            .says("but another release is in progress")
            .says(short(deploy.nth(6)))
            .never_shows("nothing to promote");
        let run = platform.smp(&["promote", "-n", "--json"]);
        assert_eq!(run.exits(1).json()["refusal"]["code"], "deploying");
        assert_eq!(
            (deploy.snapshot(), platform.api.posted(APP).len()),
            (before, 0)
        );
        platform.api.ends(APP, version, "failed");
        platform
            .smp(&scripted(deploy, 5, &[]))
            .ok()
            .says("nothing to roll back");
    }
}

// --- a push that the platform declined, and a platform that fails for a moment

#[test]
fn a_push_that_it_declined_and_released_is_told_so_and_goes_back_by_a_release() {
    for record in sample(1, ["", RECORD]) {
        let platform = Platform::new(record);
        let deploy = &platform.deploy;
        deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
        deploy.hook(
            &deploy.production,
            "pre-receive",
            "read -r old new ref; echo \"$new\" >>deploys; exit 1",
        );
        let run = platform.promotes(&[]);
        run.exits(4).says(&format!(
            "production declined the push of {}, but runs it",
            short(deploy.nth(6))
        ));
        run.says(&format!(
            "git smp rollback production --to {}",
            short(deploy.nth(5))
        ))
        .never_shows("done:");
        assert_eq!(deploy.chain().count("ended"), 0);
        let run = platform.smp(&[
            "rollback",
            "--yes",
            "--to",
            deploy.nth(5),
            "--timeout",
            "20",
        ]);
        run.ok()
            .says("(v4) again on Heroku, without a build")
            .says("done: production runs");
        assert_eq!(platform.api.current(APP).as_deref(), Some(deploy.nth(5)));
        assert_eq!(
            platform.api.posted(APP),
            [json!({ "release": platform.api.id_of(APP, 4) })]
        );
        assert_eq!(
            deploy.chain().count("rolled-back"),
            usize::from(!record.is_empty())
        );
    }
}

#[test]
fn an_answer_of_the_platform_that_fails_during_the_wait_is_asked_for_again() {
    let platform = Platform::new("");
    let deploy = &platform.deploy;
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    let gate = Gate::new(deploy, "build");
    deploy.hook(&deploy.production, "pre-receive", &gate.line());
    let args = [
        "promote",
        "--yes",
        "--timeout",
        "20",
        "--commit",
        deploy.nth(6),
    ];
    let run = platform.runner().directly().start(&args);
    gate.reached();
    platform.api.answers(Some(APP), 503, "");
    let asked = platform.api.asked().len();
    gate.open();
    let deadline = Instant::now() + PATIENCE;
    while platform.api.asked().len() < asked + 2 {
        assert!(Instant::now() < deadline, "it is not asked again");
        std::thread::sleep(Duration::from_millis(10));
    }
    platform.api.recovers();
    run.finish().ok().says("done: production runs");
}
