//! Behind a load balancer, old and new instances answer in turn during a rollout: a deploy is live when all answers of
//! a period agree, in the run that made it and in every later one.

use rustix::process::Signal;

use crate::posts::{PRODUCT, TECHNICAL, accepted, channels, posts, sent, with_webhooks};
use crate::promote::{begin, person, promote, ready, scripted};
use crate::record::{RECORD, bens_clone};
use crate::sample::sample;
use crate::support::{Deploy, Gate, Page, Run, World};

/// The number of instances.
const INSTANCES: usize = 4;
/// The number of answers per new instance. Three of four are new in a row, more than once, before all are new.
const EVERY: usize = 8;

/// Returns a world whose pages must agree for a second.
fn watched() -> Deploy {
    ready(World::deploy_like().confirming(1))
}

/// Makes two of production's four instances new for good.
fn halfway(deploy: &Deploy, old: usize, new: usize) {
    let (old, new) = (Page::commit(deploy.nth(old)), Page::commit(deploy.nth(new)));
    deploy
        .web
        .set_rollout("/production", INSTANCES, 1, 2, old, new);
}

/// Runs a command up to the build of its push, calls `then`, and lets the build end.
#[track_caller]
fn while_it_builds(deploy: &Deploy, place: &str, args: &[&str], then: impl FnOnce()) -> Run {
    let bare = if place == "staging" {
        &deploy.staging
    } else {
        &deploy.production
    };
    let gate = Gate::new(deploy, "build");
    deploy.hook(bare, "pre-receive", &gate.line());
    let run = with_webhooks(deploy).directly().start(args);
    gate.reached();
    then();
    std::fs::remove_file(bare.join("hooks/pre-receive")).unwrap();
    gate.open();
    run.finish()
}

/// Runs a command whose instances are replaced one by one; it ends after all of them were new for a second.
#[track_caller]
fn rolls_out(deploy: &Deploy, place: &str, [old, new]: [usize; 2], args: &[&str]) -> Run {
    let path = format!("/{place}");
    let mut before = 0;
    let run = while_it_builds(deploy, place, args, || {
        let (old, new) = (Page::commit(deploy.nth(old)), Page::commit(deploy.nth(new)));
        before = deploy.web.asked_for(&path).len();
        deploy
            .web
            .set_rollout(&path, INSTANCES, EVERY, INSTANCES, old, new);
    });
    let asked = deploy.web.asked_for(&path).len() - before;
    assert!(
        asked >= INSTANCES * EVERY + 5,
        "old instances still answered: {asked} answers, and {run}"
    );
    run.ok()
        .says(&format!("done: {place} runs {}", &deploy.nth(new)[..8]));
    run
}

// --- the run that deploys

#[test]
fn a_promotion_whose_instances_are_replaced_one_by_one_is_live_when_all_of_them_are() {
    let deploy = watched();
    rolls_out(&deploy, "production", [2, 5], &scripted(&deploy, &[]));
}

#[test]
fn so_is_a_deploy_to_staging() {
    let deploy = watched();
    rolls_out(
        &deploy,
        "staging",
        [5, 6],
        &["stage", "--yes", "--timeout", "20"],
    );
}

#[test]
fn so_is_a_rollback() {
    let deploy = watched();
    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    rolls_out(
        &deploy,
        "production",
        [5, 2],
        &[
            "rollback",
            "--yes",
            "--to",
            deploy.nth(2),
            "--timeout",
            "20",
        ],
    );
}

#[test]
fn every_look_is_a_connection_of_its_own() {
    let deploy = watched();
    promote(&deploy, &[]).ok();
    let asked = deploy.web.asked_for("/production");
    assert!(asked.len() >= 5, "{}", asked.len());
    assert!(
        asked
            .iter()
            .all(|asked| asked.head.header("Connection") == Some("close"))
    );
}

#[test]
fn the_span_may_be_longer_than_the_timeout() {
    let deploy = ready(World::deploy_like().confirming(3));
    promote(&deploy, &["--timeout", "1"])
        .ok()
        .says("done: production runs");
}

#[test]
fn an_instance_that_is_left_behind_is_told_with_how_often_it_answers() {
    let deploy = watched();
    let args = scripted(&deploy, &["--timeout", "3"]);
    let run = while_it_builds(&deploy, "production", &args, || halfway(&deploy, 2, 5));
    run.exits(4).says(
        "error: pushed, but not live: old and new instances of production still answer alternately",
    );
    run.says("of its last").says(&format!(
        "answers named {}; all must do so for 1 s",
        &deploy.nth(5)[..8]
    ));
    run.says("hint: to continue: git smp promote production")
        .never_shows("done:");
}

#[test]
fn an_answer_that_cannot_be_read_begins_the_span_again() {
    let deploy = watched();
    let args = scripted(&deploy, &["--timeout", "3"]);
    let run = while_it_builds(&deploy, "production", &args, || {
        let pages = [
            Page::commit(deploy.nth(5)),
            Page::commit(deploy.nth(5)),
            Page::body("").status(502),
        ];
        deploy.web.set_alternating("/production", pages.to_vec());
    });
    run.exits(4)
        .says("pushed, but not live: production only sometimes reports")
        .says("only sometimes")
        .never_shows("done:");
}

#[test]
fn ctrl_c_during_the_span_leaves_at_once_and_the_next_run_goes_on() {
    let deploy = ready(
        World::deploy_like()
            .confirming(600)
            .toml("[record]\nsignoff = false\n"),
    );
    let mut terminal = person(&deploy).terminal(&scripted(&deploy, &[]));
    terminal.sees("watching for 5").ctrl_c();
    let run = terminal.ends();
    run.exits(4)
        .says("error: interrupted before it was confirmed that production runs")
        .says("because: it has reported");
    run.says("hint: to continue: git smp promote production")
        .never_shows("done:");
    let chain = deploy.chain();
    assert_eq!(
        (
            chain.count("promoting"),
            chain.count("ended"),
            chain.count("promoted")
        ),
        (1, 0, 0)
    );
    // A shorter period needs a new agreement, like every other condition of a deploy.
    deploy.write_toml(
        &deploy
            .toml()
            .replace("confirm_seconds = 600", "confirm_seconds = 1"),
    );
    promote(&deploy, &[])
        .exits(2)
        .says("environments.production.running.confirm_seconds was 600 and is 1");
    deploy.trust();
    promote(&deploy, &[])
        .ok()
        .says("done: production runs")
        .says("done: on record");
    assert_eq!(deploy.chain().count("promoted"), 1);
}

// --- a later run

/// Returns a world with channels whose production has old and new instances after a promotion. With a record it
/// requires no sign-off.
#[track_caller]
fn promoted_halfway(record: bool) -> Deploy {
    let record = if record {
        format!("{RECORD}signoff = false\n")
    } else {
        String::new()
    };
    let deploy = ready(
        World::deploy_like()
            .confirming(1)
            .toml(&format!("{record}{}", channels("teams"))),
    );
    [TECHNICAL, PRODUCT]
        .iter()
        .for_each(|path| deploy.web.set(path, accepted("teams")));
    let args = scripted(
        &deploy,
        &["--timeout", "2", "--summary", "- Flags on painpoints"],
    );
    let run = while_it_builds(&deploy, "production", &args, || halfway(&deploy, 2, 5));
    run.exits(4)
        .says("still answer alternately")
        .never_shows("done:");
    deploy
}

#[test]
fn a_second_run_over_a_page_that_flips_neither_says_done_nor_records_nor_posts() {
    for record in sample(1, [true, false]) {
        let deploy = promoted_halfway(record);
        // The first answer of this run comes from a new instance.
        deploy.web.set_first(
            "/production",
            1,
            Page::commit(deploy.nth(5)),
            Page::commit(deploy.nth(2)),
        );
        let run = posts(&deploy, &scripted(&deploy, &["--timeout", "1"]));
        run.exits(4)
            .never_shows("done:")
            .never_shows("nothing to promote")
            .says("hint: to continue");
        assert!(sent(&deploy, PRODUCT).is_empty(), "{record}");
        assert_eq!(deploy.chain().count("promoted"), 0);
        // After the end of the rollout the deploy is recorded and announced once.
        deploy.web.set("/production", Page::commit(deploy.nth(5)));
        let run = posts(&deploy, &scripted(&deploy, &[]));
        run.ok().says("done: production runs");
        assert_eq!(sent(&deploy, PRODUCT).len(), 1, "{record}");
        assert_eq!(deploy.chain().count("promoted"), usize::from(record));
        // From then on one request is enough.
        let before = deploy.web.asked_for("/production").len();
        posts(&deploy, &scripted(&deploy, &[]))
            .ok()
            .says("nothing to promote");
        assert_eq!(deploy.web.asked_for("/production").len() - before, 1);
        assert_eq!(sent(&deploy, PRODUCT).len(), 1);
    }
}

#[test]
fn a_run_that_was_killed_while_it_watched_is_gone_on_with_by_watching() {
    for record in sample(1, [true, false]) {
        let record = if record {
            "[record]\nsignoff = false\n"
        } else {
            ""
        };
        let deploy = ready(World::deploy_like().confirming(2).toml(record));
        let mut run = begin(&deploy, &[]);
        let asked = deploy.web.asked_for("/production").len();
        deploy.web.is_asked_for("/production", asked + 5);
        run.signal(Signal::KILL);
        run.finish().exits(128 + 9);
        deploy.web.set_first(
            "/production",
            1,
            Page::commit(deploy.nth(5)),
            Page::commit(deploy.nth(2)),
        );
        promote(&deploy, &["--timeout", "1"])
            .exits(4)
            .never_shows("done:")
            .never_shows("nothing to promote");
        deploy.web.set("/production", Page::commit(deploy.nth(5)));
        promote(&deploy, &[]).ok().says("done: production runs");
        deploy.ran([2, 5]);
    }
}

#[test]
fn a_colleague_who_finds_the_new_commit_once_records_it_only_after_the_span() {
    let deploy = promoted_halfway(true);
    let ben = bens_clone(&deploy);
    let bens = |more: &[&str]| {
        with_webhooks(&deploy)
            .cwd(&ben)
            .smp(&scripted(&deploy, more))
    };
    deploy.web.set_first(
        "/production",
        1,
        Page::commit(deploy.nth(5)),
        Page::commit(deploy.nth(2)),
    );
    bens(&["--timeout", "1"]).exits(4).never_shows("done:");
    assert_eq!(deploy.chain().count("promoted"), 0);
    deploy.web.set("/production", Page::commit(deploy.nth(5)));
    bens(&[])
        .ok()
        .says("done: production runs")
        .says("done: on record");
    assert_eq!(deploy.chain().only("promoted").author, "Ben");
}

#[test]
fn a_second_rollback_over_a_page_that_flips_neither_says_done_nor_tells_anybody() {
    for record in sample(1, [true, false]) {
        let record = if record {
            "[record]\nsignoff = false\n"
        } else {
            ""
        };
        let deploy = ready(
            World::deploy_like()
                .confirming(1)
                .toml(&format!("{record}{}", channels("teams"))),
        );
        deploy.web.set(TECHNICAL, accepted("teams"));
        deploy.colleague_pushes(&deploy.production, deploy.nth(5));
        let args = |timeout| {
            [
                "rollback",
                "--yes",
                "--to",
                deploy.nth(2),
                "--timeout",
                timeout,
            ]
        };
        let run = while_it_builds(&deploy, "production", &args("2"), || halfway(&deploy, 5, 2));
        run.exits(4)
            .says("still answer alternately")
            .never_shows("done:");
        deploy.web.set_first(
            "/production",
            1,
            Page::commit(deploy.nth(2)),
            Page::commit(deploy.nth(5)),
        );
        posts(&deploy, &args("1"))
            .exits(4)
            .never_shows("done:")
            .never_shows("nothing to roll back");
        assert!(sent(&deploy, TECHNICAL).is_empty());
        assert_eq!(deploy.chain().count("rolled-back"), 0);
        deploy.web.set("/production", Page::commit(deploy.nth(2)));
        posts(&deploy, &args("20"))
            .ok()
            .says("done: production runs");
        assert_eq!(sent(&deploy, TECHNICAL).len(), 1);
        posts(&deploy, &args("20"))
            .ok()
            .says("nothing to roll back");
        assert_eq!(
            (
                sent(&deploy, TECHNICAL).len(),
                deploy.deploys(&deploy.production).len()
            ),
            (1, 3)
        );
    }
}

#[test]
fn a_second_deploy_to_staging_over_a_page_that_flips_says_nothing_of_done() {
    for record in sample(1, [true, false]) {
        let record = if record {
            "[record]\nsignoff = false\n"
        } else {
            ""
        };
        let deploy = ready(World::deploy_like().confirming(1).toml(record));
        let args = |timeout| ["stage", "--yes", "--timeout", timeout];
        let (old, new) = (Page::commit(deploy.nth(5)), Page::commit(deploy.nth(6)));
        let run = while_it_builds(&deploy, "staging", &args("2"), || {
            deploy
                .web
                .set_rollout("/staging", INSTANCES, 1, 2, old.clone(), new.clone());
        });
        run.exits(4)
            .says("still answer alternately")
            .never_shows("done:");
        deploy.web.set_first("/staging", 1, new.clone(), old);
        deploy
            .smp(&args("1"))
            .exits(4)
            .never_shows("done:")
            .never_shows("nothing to deploy");
        assert_eq!(deploy.chain().count("staged"), 0);
        deploy.web.set("/staging", new);
        deploy.smp(&args("20")).ok().says("done: staging runs");
        let before = deploy.web.asked_for("/staging").len();
        deploy.smp(&args("20")).ok().says("nothing to deploy");
        assert_eq!(deploy.web.asked_for("/staging").len() - before, 1);
    }
}
