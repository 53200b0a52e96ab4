//! Rollbacks from plan to end: the target commit, the way, the refusals, and their trace.

mod cut;
mod destination;
mod held;
mod platform;
mod reverts;
mod told;

use crate::promote::{person, ready};
use crate::record::{promotes, short};
use crate::sample::sample;
use crate::support::{
    Deploy, DeployBuilder, Gate, Page, Run, Snapshot, Topology, World, topologies,
};

/// A record without sign-offs, so that a test can ship anything.
pub const RECORD: &str = "[record]\nsignoff = false\n";

/// Returns a world without a record whose production has the second and then the fifth commit.
#[track_caller]
fn shipped(builder: DeployBuilder) -> Deploy {
    let deploy = ready(builder);
    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    deploy
}

/// Ships the commit of this number, like a script with `--again`.
#[track_caller]
fn ships(deploy: &Deploy, number: usize) {
    deploy.colleague_pushes(&deploy.staging, deploy.nth(number));
    promotes(deploy, &["--again", "-q"]).ok();
}

/// Returns a world whose record has production deploys of the second, fourth and fifth commits.
#[track_caller]
fn recorded(builder: DeployBuilder) -> Deploy {
    builder.toml(RECORD).after("shipped twice", ships_twice)
}

/// Ships the fourth commit and then the fifth.
#[track_caller]
fn ships_twice(deploy: &Deploy) {
    [4, 5].into_iter().for_each(|number| ships(deploy, number));
}

/// Returns a world with a record and a rollback from the fifth commit to this one; staging runs the fifth.
#[track_caller]
fn put_back(to: usize) -> Deploy {
    let world = World::deploy_like().without_pages().toml(RECORD);
    world.after(&format!("rolled back to {to}"), |deploy| {
        ships_twice(deploy);
        rolls_back(deploy, to, &["--reason", "Maps are empty."]).ok();
    })
}

/// Returns such a world whose rollback happened just now.
#[track_caller]
fn put_back_just_now(to: usize) -> Deploy {
    let deploy = recorded(World::deploy_like().without_pages());
    rolls_back(&deploy, to, &["--reason", "Maps are empty."]).ok();
    deploy
}

/// Rolls production back like a script.
#[track_caller]
fn rolls_back(deploy: &Deploy, to: usize, more: &[&str]) -> Run {
    deploy.smp(&scripted(deploy, to, more))
}

fn scripted<'a>(deploy: &'a Deploy, to: usize, more: &[&'a str]) -> Vec<&'a str> {
    let patience: &[&str] = if more.contains(&"--timeout") {
        &[]
    } else {
        &["--timeout", "20"]
    };
    [
        &["rollback", "--yes", "--to", deploy.nth(to)],
        patience,
        more,
    ]
    .concat()
}

/// Returns the snapshot after one deploy of this commit to production, and no other change but on the record.
fn put_back_once(deploy: &Deploy, before: &Snapshot, to: usize) -> Snapshot {
    let mut after = without_record(before.clone());
    *deploy.branch_in(&mut after, &deploy.production) = deploy.nth(to).into();
    let production = after.get_mut("production.git").unwrap();
    production
        .get_mut("deploys")
        .unwrap()
        .push_str(&format!("{}\n", deploy.nth(to)));
    after
}

fn without_record(mut snapshot: Snapshot) -> Snapshot {
    snapshot
        .get_mut("main.git")
        .unwrap()
        .remove("refs/smp/record");
    snapshot
}

/// Confirms a rollback at a terminal by the environment's name.
#[track_caller]
fn says_yes(deploy: &Deploy, args: &[&str]) -> Run {
    let mut terminal = person(deploy).terminal(args);
    terminal
        .sees("Type production to roll back: ")
        .enters("production")
        .sees("Reason for the rollback, for the team")
        .enters("");
    terminal.ends()
}

// --- by a push

#[test]
fn the_older_commit_is_pushed_and_seen_to_run_and_no_other_ref_is_touched() {
    for (pages, record) in sample(
        2,
        [(true, false), (false, false), (true, true), (false, true)],
    ) {
        let world = if pages {
            World::deploy_like()
        } else {
            World::deploy_like().without_pages()
        };
        let deploy = if record {
            recorded(world)
        } else {
            shipped(world)
        };
        let five = deploy.nth(5);
        let (repository, _) = deploy.deployed_by(&deploy.production);
        deploy.git(&repository, &["tag", "v1", five]);
        deploy.git(&repository, &["branch", "other", five]);
        let before = deploy.snapshot();
        let run = rolls_back(&deploy, 2, &["--reason", "Maps are empty."]);
        run.ok()
            .says("This will")
            .says("Taken back:")
            .says("Fix malformed view variable in MapItems (#425)");
        let (to, from) = (short(deploy.nth(2)), short(five));
        run.says(&format!(
            "1. push {to} to {} (",
            deploy.goes_to("production")
        ));
        run.says(&format!(" must still be at {from})"))
            .says("2. wait until ")
            .says("-----> Building")
            .says(&format!("done: production runs {to}"));
        assert_eq!(
            without_record(deploy.snapshot()),
            put_back_once(&deploy, &before, 2),
            "{pages} {record}"
        );
        assert_eq!(record, !deploy.chain().words().is_empty());
        // A second run does nothing.
        let before = deploy.snapshot();
        rolls_back(&deploy, 2, &[]).ok().says(&format!(
            "production already runs {to}: nothing to roll back"
        ));
        assert_eq!(deploy.snapshot(), before);
    }
}

#[test]
fn over_http_it_is_one_push() {
    let deploy = shipped(World::deploy_like().over_http());
    let before = deploy.snapshot();
    rolls_back(&deploy, 4, &[]).ok().never_shows("open-sesame");
    assert_eq!(deploy.snapshot(), put_back_once(&deploy, &before, 4));
    assert_eq!(deploy.pushed_over_http(&deploy.production), 1);
}

#[test]
fn a_dry_run_shows_the_plan_and_changes_nothing() {
    for deploy in sample(
        1,
        [
            shipped(World::deploy_like()),
            recorded(World::deploy_like()),
        ],
    ) {
        let before = deploy.snapshot();
        let run = deploy.smp(&[
            "rollback",
            "-n",
            "--to",
            deploy.nth(2),
            "--reason",
            "Maps are empty.",
        ]);
        run.ok()
            .says("This will")
            .says("1. push ")
            .says("2. wait until ")
            .says("post to the technical channel");
        deploy
            .smp(&["rollback", "-n", "--yes", "--to", deploy.nth(2)])
            .ok();
        // The running commit needs no plan.
        deploy
            .smp(&["rollback", "-n", "--to", deploy.nth(5)])
            .ok()
            .says("nothing to roll back");
        assert_eq!(deploy.snapshot(), before);
        // It leaves nothing that affects the next promotion.
        deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
        deploy
            .smp(&["promote", "-n"])
            .ok()
            .never_shows("rolled back");
    }
}

// --- the lease

#[test]
fn a_production_that_moved_since_the_plan_is_left_alone() {
    for topology in topologies() {
        let deploy = shipped(World::deploy_like().on(topology).without_pages());
        let mut terminal = person(&deploy).terminal(&["rollback", "--to", deploy.nth(2)]);
        terminal.sees("Type production to roll back: ");
        deploy.colleague_pushes(&deploy.production, deploy.nth(6));
        let before = deploy.snapshot();
        terminal
            .enters("production")
            .sees("Reason for the rollback, for the team")
            .enters("");
        let run = terminal.ends();
        run.exits(1)
            .says("production changed after the plan was shown, so this run stopped")
            .says(short(deploy.nth(6)));
        assert_eq!(deploy.snapshot(), before);
    }
}

#[test]
fn a_colleague_who_comes_between_our_look_and_our_push_is_not_overwritten() {
    for topology in topologies() {
        let deploy = shipped(
            World::deploy_like()
                .on(topology)
                .over_open_http()
                .without_pages(),
        );
        let gate = Gate::new(&deploy, "build");
        let script = format!(
            "while read -r old new ref; do [ $new != {} ] || {}; done",
            deploy.nth(2),
            gate.line()
        );
        deploy.hook(&deploy.production, "pre-receive", &script);
        let run = deploy.runner().directly().start(&scripted(&deploy, 2, &[]));
        gate.reached();
        deploy.colleague_pushes(&deploy.production, deploy.nth(6));
        gate.open();
        run.finish()
            .exits(1)
            .says("production was moved to")
            .says(short(deploy.nth(6)))
            .says("the host accepted no part of this push");
        assert_eq!(deploy.master(&deploy.production), deploy.nth(6));
        deploy.ran([2, 5, 6]);
    }
}

// --- the question

#[test]
fn only_the_name_itself_is_a_yes() {
    for topology in topologies() {
        let deploy = recorded(World::deploy_like().on(topology).without_pages());
        let before = deploy.snapshot();
        for answer in sample(
            2,
            [
                "",
                "y",
                "yes",
                "staging",
                "Production",
                "production production",
            ],
        ) {
            let mut terminal = person(&deploy).terminal(&["rollback"]);
            terminal
                .sees("Type production to roll back: ")
                .enters(answer);
            terminal
                .ends()
                .exits(3)
                .says("not rolled back; no environment was changed");
        }
        for key in ["\x04", "\x03"] {
            let mut terminal = person(&deploy).terminal(&["rollback"]);
            terminal.sees("Type production to roll back: ").types(key);
            terminal.ends().exits(3).says("no environment was changed");
        }
        assert_eq!(deploy.snapshot(), before);
        says_yes(&deploy, &["rollback"])
            .ok()
            .says("done: production runs")
            .says("done: on record");
        assert_eq!(deploy.master(&deploy.production), deploy.nth(4));
    }
}

#[test]
fn without_a_terminal_only_a_yes_to_an_explicit_commit_counts() {
    let deploy = recorded(World::deploy_like().without_pages());
    let before = deploy.snapshot();
    let refused = |run: &Run, words: &str| {
        let hint = format!(
            "hint: if the answer is yes: git smp rollback production --yes --to {}",
            deploy.nth(4)
        );
        run.exits(1).says(words).says("because: ").says(&hint);
        assert_eq!(deploy.snapshot(), before);
    };
    refused(
        &deploy.smp(&["rollback"]),
        "this needs a confirmation, and there is no terminal",
    );
    refused(
        &deploy.smp(&["rollback", "--to", deploy.nth(4)]),
        "this needs a confirmation, and there is no terminal",
    );
    refused(
        &deploy.smp(&["rollback", "--yes"]),
        "without a terminal, --yes also needs --to",
    );
    refused(
        &deploy.runner().stdin("production\n").smp(&["rollback"]),
        "this needs a confirmation, and there is no terminal",
    );
    // The command in the hint works.
    deploy
        .smp(&["rollback", "production", "--yes", "--to", deploy.nth(4)])
        .ok();
    assert_eq!(deploy.master(&deploy.production), deploy.nth(4));
}

// --- trouble

#[test]
fn a_broken_page_hinders_nobody() {
    let deploy = recorded(World::deploy_like());
    deploy.web.set("/production", Page::body("").status(500));
    let gate = Gate::new(&deploy, "build");
    deploy.hook(&deploy.production, "pre-receive", &gate.line());
    let before = deploy.snapshot();
    deploy
        .smp(&["rollback", "-n"])
        .ok()
        .says("warning: it is unknown what production runs")
        .says("so that commit is assumed");
    let run = deploy.runner().directly().start(&scripted(&deploy, 4, &[]));
    gate.reached();
    deploy
        .web
        .set("/production", Page::deployed(&deploy.production));
    gate.open();
    run.finish()
        .ok()
        .says("warning: it is unknown what production runs")
        .says("done: production runs");
    assert_eq!(
        without_record(deploy.snapshot()),
        put_back_once(&deploy, &before, 4)
    );
    let chain = deploy.chain();
    assert_eq!(chain.only("rolled-back").field("From"), deploy.nth(5));
}

// The promotion that broke the page was never recorded as running.
#[test]
fn a_promotion_that_broke_the_page_is_undone_without_naming_a_commit() {
    let deploy = recorded(World::deploy_like());
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    let gate = Gate::new(&deploy, "build");
    deploy.hook(&deploy.production, "pre-receive", &gate.line());
    let run = deploy.runner().directly().start(&[
        "promote",
        "--yes",
        "--commit",
        deploy.nth(6),
        "--timeout",
        "1",
    ]);
    gate.reached();
    deploy.web.set("/production", Page::body("").status(500));
    gate.open();
    run.finish().exits(4).says("pushed, but not live");
    deploy.hook(&deploy.production, "pre-receive", "cat >/dev/null");

    let planned = deploy.smp(&["rollback", "-n"]);
    planned.ok().says(&format!(
        "push {} to {}",
        short(deploy.nth(5)),
        deploy.goes_to("production")
    ));
    let mut terminal = person(&deploy).terminal(&["rollback"]);
    terminal.sees("Type production to roll back: ");
    terminal
        .enters("production")
        .sees("Reason for the rollback, for the team")
        .enters("")
        .sees("-----> Released");
    deploy
        .web
        .set("/production", Page::deployed(&deploy.production));
    terminal.ends().ok();
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    let chain = deploy.chain();
    assert_eq!(chain.only("rolled-back").field("From"), deploy.nth(6));
    assert_eq!(
        chain.state["held"]["production"][0]["commit"],
        deploy.nth(6)
    );
    // The faulty commit does not ship again unasked.
    promotes(&deploy, &[])
        .exits(1)
        .says("was rolled back from production by Ada Example");
}

#[test]
fn a_host_that_takes_no_push_that_goes_back_says_so_and_nothing_changes() {
    for deploy in sample(
        1,
        [
            shipped(World::deploy_like().without_pages()),
            recorded(World::deploy_like().without_pages().ref_by_ref()),
        ],
    ) {
        deploy.git(
            deploy.deployed_by(&deploy.production).0,
            &["config", "receive.denyNonFastForwards", "true"],
        );
        let before = without_record(deploy.snapshot());
        let run = rolls_back(&deploy, 4, &[]);
        run.exits(1)
            .says("denying non-fast-forward")
            .says("error: production declined ")
            .says("because: ");
        run.says("accepts no push of an older commit")
            .never_shows("mend it")
            .never_shows("build failed");
        assert_eq!(without_record(deploy.snapshot()), before);
        let chain = deploy.chain();
        if !chain.words().is_empty() {
            assert_eq!(
                chain.only("ended").field("Intent"),
                chain.only("rolling-back").id
            );
            assert!(chain.state["deploying"].is_null());
        }
        // A failed rollback holds nothing back.
        deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
        promotes(&deploy, &[]).ok().never_shows("was rolled back");
    }
}

#[test]
fn a_hook_that_says_no_is_told_in_its_own_words() {
    for topology in topologies() {
        let deploy = recorded(World::deploy_like().on(topology).without_pages());
        deploy.hook(
            &deploy.production,
            "pre-receive",
            "cat >/dev/null; echo 'no such buildpack'; exit 1",
        );
        let run = rolls_back(&deploy, 4, &["-q"]);
        run.exits(1)
            .says("no such buildpack")
            .says("production declined");
        run.says(&format!(
            "hint: correct the problem, then: git smp rollback production --to {}",
            short(deploy.nth(4))
        ));
        deploy.hook(&deploy.production, "pre-receive", "cat >/dev/null");
        rolls_back(&deploy, 4, &[]).ok();
        deploy.ran([2, 4, 5, 4]);
        deploy.chain();
    }
}

#[test]
fn a_promotion_that_was_never_seen_to_run_is_taken_back_and_held() {
    let deploy = recorded(World::deploy_like());
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    deploy.web.set("/production", Page::commit(deploy.nth(5)));
    let args = ["promote", "--yes", "--commit", deploy.nth(6)];
    let run = deploy.smp(&[&args[..], &["--timeout", "1"]].concat());
    run.exits(4).says("pushed, but not live");
    let (five, six) = (short(deploy.nth(5)), short(deploy.nth(6)));
    rolls_back(&deploy, 5, &[])
        .ok()
        .says(&format!(" {five}, but its branch is at {six}"))
        .says(&format!("done: production runs {five}"));
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    let chain = deploy.chain();
    assert_eq!(chain.only("rolled-back").field("From"), deploy.nth(6));
    let held = &chain.state["held"]["production"][0]["commit"];
    assert_eq!(held, deploy.nth(6));
}

#[test]
fn a_page_that_never_shows_it_leaves_a_step_for_the_next_run() {
    let deploy = recorded(World::deploy_like().on(Topology::Remotes).over_open_http());
    deploy.web.set("/production", Page::commit(deploy.nth(5)));
    let pushes = deploy.http().pushes(&deploy.production);
    let run = rolls_back(&deploy, 4, &["--timeout", "1", "--reason", "It's slow"]);
    run.exits(4).says("pushed, but not live");
    let hint = format!(
        "git smp rollback production --to {} --reason 'It'\\''s slow'",
        short(deploy.nth(4))
    );
    run.says(&format!("hint: to continue: {hint}"));
    assert_eq!(deploy.chain().words().last(), Some(&"rolling-back"));
    rolls_back(&deploy, 4, &["--timeout", "1"])
        .exits(4)
        .says("nothing to push, but not running");
    // Without a named commit the command continues this one, and does not go further back.
    let planned = deploy.smp(&["rollback", "-n"]);
    planned
        .ok()
        .says(&format!("reports {}, without a push", short(deploy.nth(4))));
    deploy
        .web
        .set("/production", Page::deployed(&deploy.production));
    rolls_back(&deploy, 4, &["--reason", "It's slow"])
        .ok()
        .says("done: on record");
    assert_eq!(deploy.http().pushes(&deploy.production), pushes + 1);
    let chain = deploy.chain();
    assert_eq!(chain.only("rolled-back").field("Text"), "It's slow");
    assert_eq!(chain.only("rolled-back").field("From"), deploy.nth(5));
}

#[test]
fn which_environment_is_meant_must_be_clear() {
    let deploy = ready(World::deploy_like().without_pages());
    deploy
        .smp(&["rollback", "staging", "--to", deploy.nth(2)])
        .exits(2)
        .says("error: ");
    deploy
        .smp(&["rollback", "nowhere", "--to", deploy.nth(2)])
        .exits(2)
        .says("error: ");
    deploy
        .smp(&["rollback", "--to", deploy.nth(2), "--reason", " "])
        .exits(2)
        .says("--reason is empty");
    deploy
        .smp(&["rollback", "--to", deploy.nth(2), "--timeout", "0"])
        .exits(2);
}

#[test]
fn what_nobody_agreed_to_is_not_put_back() {
    let deploy = World::deploy();
    deploy.add_remotes();
    let before = deploy.snapshot();
    rolls_back(&deploy, 1, &[])
        .exits(2)
        .says("was not agreed to")
        .says("git smp setup");
    assert_eq!(deploy.snapshot(), before);
}
