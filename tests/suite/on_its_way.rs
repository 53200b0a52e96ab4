//! Commands during a deploy in progress: none claims that there is nothing to do, and none deploys over it unasked.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::posts::{TECHNICAL, accepted, channels, posts, sent, with_webhooks, words};
use crate::promote::{begin, comes_to, person, promote, ready, refusal};
use crate::record::{bens_clone, promotes, short};
use crate::rollback::RECORD;
use crate::sample::{one_of, sample};
use crate::support::{
    Behaviour, Deploy, DeployBuilder, Gate, PATIENCE, Page, Run, Running, Topology, World,
};

/// Kills a run while the host builds its push; the build continues behind the gate.
#[track_caller]
fn killed_during_the_build(deploy: &Deploy, bare: &str, args: &[&str]) -> Gate {
    let gate = Gate::new(deploy, "build");
    deploy.hook(deploy.path(bare), "pre-receive", &gate.line());
    let mut run = deploy.runner().directly().start(args);
    gate.reached();
    killed(&mut run);
    run.finish().exits(128 + 9);
    gate
}

#[track_caller]
fn killed(run: &mut Running) {
    run.signal(Signal::KILL);
}

/// Kills a promotion while the host builds.
#[track_caller]
fn promotion_that_builds(deploy: &Deploy) -> Gate {
    let args = crate::promote::scripted(deploy, &[])
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    killed_during_the_build(
        deploy,
        "production.git",
        &args.iter().map(String::as_str).collect::<Vec<_>>(),
    )
}

#[test]
fn where_a_run_was_killed_no_earlier_look_is_believed_offline() {
    let deploy = ready(World::deploy_like().without_pages());
    deploy.smp(&["status"]).ok();
    let gate = promotion_that_builds(&deploy);
    let five = deploy.nth(5);
    let offline = || deploy.smp(&["where", "--offline", five]);
    offline().ok().prints_among("  production  unknown: ");
    lands(&deploy, &gate, "production.git", five);
    offline().ok().prints_among("  production  unknown: ");
    deploy.smp(&["status"]).ok();
    offline().ok().prints_among("  production  runs it, seen ");
}

/// Opens the gate and waits for the build's end: first its branch moves, then its page shows the commit.
#[track_caller]
fn lands(deploy: &Deploy, gate: &Gate, bare: &str, hash: &str) {
    gate.open();
    comes_to(deploy, &deploy.path(bare), hash);
    let deadline = Instant::now() + PATIENCE;
    let page = deploy.path(bare).join("deployed");
    while std::fs::read_to_string(&page).unwrap().trim_end() != hash {
        assert!(Instant::now() < deadline, "{hash} is never released");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::fs::remove_file(deploy.path(bare).join("hooks/pre-receive")).unwrap();
}

/// Asserts that the run does not claim to be done.
#[track_caller]
fn claims_nothing(run: &Run) {
    for claim in [
        "nothing to roll back",
        "nothing to deploy",
        "nothing to promote",
        "nothing to propose",
        "done:",
    ] {
        run.never_shows(claim);
    }
}

/// Rolls production back like a script.
#[track_caller]
fn puts_back(deploy: &Deploy, to: usize, more: &[&str]) -> Run {
    let patience: &[&str] = if more.contains(&"--timeout") {
        &[]
    } else {
        &["--timeout", "20"]
    };
    deploy.smp(
        &[
            &["rollback", "--yes", "--to", deploy.nth(to)],
            patience,
            more,
        ]
        .concat(),
    )
}

/// Returns worlds in which every commit may be promoted, with and without a record.
fn worlds() -> [DeployBuilder; 2] {
    [World::deploy_like(), World::deploy_like().toml(RECORD)]
}

/// Returns a colleague's clone.
fn ben(deploy: &Deploy) -> PathBuf {
    bens_clone(deploy)
}

#[test]
fn a_promotion_that_still_builds_is_put_back_once_it_has_landed() {
    for (record, world) in sample(1, [false, true].into_iter().zip(worlds())) {
        let deploy = ready(world);
        let gate = promotion_that_builds(&deploy);
        // The target of the rollback still runs, but not for long.
        let run = puts_back(&deploy, 2, &["--timeout", "1"]);
        run.exits(4).says("its result is unknown");
        claims_nothing(&run);
        let run = deploy.smp(&["rollback", "-n", "--to", deploy.nth(2)]);
        run.exits(1)
            .says("its result is unknown")
            .says("look: git smp status");
        claims_nothing(&run);
        let mut terminal = person(&deploy).terminal(&["rollback", "--to", deploy.nth(2)]);
        terminal.sees("error: ");
        claims_nothing(terminal.ends().exits(1));

        lands(&deploy, &gate, "production.git", deploy.nth(5));
        puts_back(&deploy, 2, &[])
            .ok()
            .says("done: production runs");
        deploy.ran([2, 5, 2]);
        if record {
            promotes(&deploy, &[])
                .exits(1)
                .says("was rolled back from production");
        }
    }
}

#[test]
fn a_script_that_puts_back_waits_for_the_build_and_then_puts_back() {
    for world in sample(1, worlds()) {
        let deploy = ready(world);
        let gate = promotion_that_builds(&deploy);
        let args = [
            "rollback",
            "--yes",
            "--timeout",
            "60",
            "--to",
            deploy.nth(2),
        ];
        let run = deploy.runner().start(&args);
        run.says("has no known result; waiting for it");
        lands(&deploy, &gate, "production.git", deploy.nth(5));
        run.finish().ok().says("done: production runs");
        deploy.ran([2, 5, 2]);
    }
}

#[test]
fn a_promotion_that_landed_and_is_not_live_yet_is_taken_back_on_the_branch() {
    for (record, world) in sample(1, [false, true].into_iter().zip(worlds())) {
        let deploy = ready(world);
        deploy.web.set("/production", Page::commit(deploy.nth(2)));
        promote(&deploy, &["--timeout", "1"])
            .exits(4)
            .says("pushed, but not live");
        assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
        // The page still shows the second commit, while the host has the fifth.
        let run = puts_back(&deploy, 2, &[]);
        run.ok().never_shows("nothing to roll back");
        deploy.ran([2, 5, 2]);
        if record {
            promotes(&deploy, &[]).exits(1).says(&format!(
                "{} was rolled back from production",
                short(deploy.nth(5))
            ));
        }
    }
}

#[test]
fn a_colleague_s_promotion_that_still_builds_is_not_nothing() {
    // On branches the announcement appears together with the branch, so this needs remotes.
    let world = World::deploy_like().on(Topology::Remotes);
    let deploy = ready(world.toml(RECORD));
    let ben = ben(&deploy);
    let gate = promotion_that_builds(&deploy);
    let run = deploy
        .runner()
        .cwd(&ben)
        .smp(&["rollback", "--yes", "--to", deploy.nth(2)]);
    run.exits(1)
        .says("Ada Example began to promote")
        .says("--take-over");
    claims_nothing(&run);
    lands(&deploy, &gate, "production.git", deploy.nth(5));
    deploy
        .runner()
        .cwd(&ben)
        .smp(&["rollback", "--yes", "--to", deploy.nth(2)])
        .ok();
    deploy.ran([2, 5, 2]);
    deploy.chain();
}

#[test]
fn a_rollback_that_still_builds_is_not_nothing_to_promote() {
    for world in sample(1, worlds()) {
        let deploy = ready(world);
        promotes(&deploy, &[]).ok();
        let args = ["rollback", "--yes", "--to", deploy.nth(2)].map(str::to_owned);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let gate = killed_during_the_build(&deploy, "production.git", &args);
        // Production still runs staging's commit.
        assert_eq!(refusal(&deploy), "deploying");
        let commit = deploy.nth(5);
        let run = deploy.smp(&["promote", "--yes", "--timeout", "1", "--commit", commit]);
        run.exits(4).says("its result is unknown");
        claims_nothing(&run);
        lands(&deploy, &gate, "production.git", deploy.nth(2));
        puts_back(&deploy, 2, &[]).ok();
        deploy.ran([2, 5, 2]);
    }
}

#[test]
fn a_deploy_to_staging_that_still_builds_is_neither_nothing_to_stage_nor_something_to_propose() {
    for (record, world) in sample(1, [false, true].into_iter().zip(worlds())) {
        let deploy = ready(world);
        let ben = ben(&deploy);
        let gate = killed_during_the_build(&deploy, "staging.git", &["stage", "--yes"]);
        let ran = deploy.nth(5).to_owned();
        let run = deploy.smp(&["stage", "--yes", &ran]);
        run.exits(1).says("its result is unknown");
        claims_nothing(&run);
        if record {
            let run = deploy.smp(&["propose", "--yes"]);
            match deploy.topology() {
                Topology::Remotes => {
                    run.exits(1).says("Ada Example began to deploy");
                    let run = deploy.runner().cwd(&ben).smp(&["propose", "--yes"]);
                    run.exits(1).says("Ada Example began to deploy");
                    run.says("hint: wait until it has finished, and look: git smp status");
                }
                // Here the announcement comes with the push, and only this clone knows of it.
                Topology::Branches => {
                    run.exits(1).says("its result is unknown");
                    run.says("hint: wait for its result, then look: git smp status");
                }
            }
            assert!(deploy.chain().state["candidate"].is_null());
        }
        lands(&deploy, &gate, "staging.git", deploy.nth(6));
        deploy.smp(&["stage", "--yes"]).ok();
        assert_eq!(
            deploy.deploys(&deploy.staging),
            [5, 6].map(|number| deploy.nth(number))
        );
    }
}

#[test]
fn another_commit_than_the_one_that_builds_is_not_called_the_same() {
    let deploy = ready(World::deploy_like());
    let gate = promotion_that_builds(&deploy);
    assert_eq!(refusal(&deploy), "push-in-flight");
    let waits = format!(
        "note: the push of {} to production must finish first\nnext: git smp status\n",
        short(deploy.nth(5))
    );
    let shown = deploy.smp(&["status"]).ok().out();
    assert!(shown.ends_with(&waits), "{shown}");
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    assert_eq!(refusal(&deploy), "deploying");
    lands(&deploy, &gate, "production.git", deploy.nth(5));
    promotes(&deploy, &[]).ok();
    deploy.ran([2, 5, 6]);
}

#[test]
fn an_announcement_that_was_cut_off_is_made_anew_where_the_branch_moved_since() {
    let deploy = ready(World::deploy_like().without_pages().toml(RECORD));
    let gate = Gate::new(&deploy, "announcement");
    deploy.hook(&deploy.main, "post-receive", &gate.line());
    let mut run = begin(&deploy, &[]);
    gate.reached();
    killed(&mut run);
    gate.open();
    run.finish().exits(128 + 9);
    std::fs::remove_file(deploy.main.join("hooks/post-receive")).unwrap();
    // Nothing was pushed. Then a colleague deploys by hand.
    deploy.colleague_pushes(&deploy.production, deploy.nth(4));
    promotes(&deploy, &[]).ok();
    let chain = deploy.chain();
    let announced: Vec<_> = chain.all("promoting").collect();
    assert_eq!(announced.len(), 2, "{:?}", chain.words());
    assert_eq!(
        announced
            .iter()
            .map(|one| one.field("From"))
            .collect::<Vec<_>>(),
        [2, 4].map(|nth| deploy.nth(nth))
    );
    assert_eq!(announced[1].field("Over"), announced[0].id);
    assert_eq!(chain.only("promoted").field("Intent"), announced[1].id);
}

#[test]
fn an_announcement_that_was_cut_off_before_its_push_is_in_nobody_s_way_here() {
    // With branches the announcement is part of the push.
    let world = World::deploy_like().on(Topology::Remotes);
    let deploy = ready(world.toml(RECORD));
    let gate = Gate::new(&deploy, "announcement");
    deploy.hook(&deploy.main, "post-receive", &gate.line());
    let mut run = begin(&deploy, &[]);
    gate.reached();
    killed(&mut run);
    gate.open();
    run.finish().exits(128 + 9);
    std::fs::remove_file(deploy.main.join("hooks/post-receive")).unwrap();
    // This clone knows that nothing was pushed; a colleague's clone cannot know.
    puts_back(&deploy, 2, &[]).ok().says("nothing to roll back");
    let run = deploy
        .runner()
        .cwd(ben(&deploy))
        .smp(&["rollback", "--yes", "--to", deploy.nth(2)]);
    run.exits(1)
        .says("Ada Example began to promote")
        .never_shows("nothing to roll back");
    promotes(&deploy, &[]).ok();
    deploy.chain().only("promoting");
}

#[test]
fn an_emergency_rollback_does_not_wait_for_a_deploy_to_staging_that_is_over() {
    let deploy = ready(World::deploy_like().toml(RECORD));
    promotes(&deploy, &[]).ok();
    let ben = ben(&deploy);
    // Ben's deploy to staging arrives, and his run dies before it is recorded.
    deploy.web.set("/staging", Page::commit(deploy.nth(5)));
    let mut run = deploy
        .runner()
        .cwd(&ben)
        .directly()
        .start(&["stage", "--yes"]);
    comes_to(&deploy, &deploy.staging, deploy.nth(6));
    let asked = deploy.web.asked_for("/staging").len();
    deploy.web.is_asked_for("/staging", asked + 2);
    killed(&mut run);
    run.finish().exits(128 + 9);
    deploy.web.set("/staging", Page::deployed(&deploy.staging));
    assert_eq!(deploy.chain().state["deploying"]["environment"], "staging");

    puts_back(&deploy, 2, &["--reason", "Maps are empty."])
        .ok()
        .says("done: production runs");
    assert_eq!(
        deploy.chain().only("rolled-back").field("Commit"),
        deploy.nth(2)
    );
}

/// Returns a world whose production runs the fifth commit, with a rollback to the second whose release waits at the
/// gate.
#[track_caller]
fn slow_rollback(builder: DeployBuilder) -> (Deploy, Gate) {
    let deploy = ready(builder.toml(&format!("{RECORD}{}", channels("teams"))));
    deploy.web.set(TECHNICAL, accepted("teams"));
    deploy.web.set(crate::posts::PRODUCT, accepted("teams"));
    promotes(&deploy, &["-q"]).ok();
    let gate = Gate::new(&deploy, "release");
    deploy.platform(&deploy.production, &Behaviour::DeploysLate(&gate));
    let args = [
        "rollback",
        "--yes",
        "--to",
        deploy.nth(2),
        "--timeout",
        "1",
        "--reason",
        "Maps are empty.",
    ];
    posts(&deploy, &args).exits(4).says("pushed, but not live");
    gate.reached();
    (deploy, gate)
}

/// Opens the gate and waits for the release.
#[track_caller]
fn releases(deploy: &Deploy, gate: &Gate, hash: &str) {
    gate.open();
    let deployed = deploy.production.join("deployed");
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    while std::fs::read_to_string(&deployed)
        .unwrap_or_default()
        .trim()
        != hash
    {
        assert!(
            std::time::Instant::now() < deadline,
            "the host never releases {hash}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    deploy.platform(&deploy.production, &Behaviour::Deploys);
}

/// Promotes staging's commit from this clone, with both webhooks.
#[track_caller]
fn promotes_from(deploy: &Deploy, clone: &std::path::Path, more: &[&str]) -> Run {
    let commit = deploy.master(&deploy.staging);
    let args = [
        &["promote", "--yes", "--timeout", "20", "--commit", &commit],
        more,
    ]
    .concat();
    with_webhooks(deploy).cwd(clone).smp(&args)
}

#[test]
fn what_a_slow_rollback_takes_away_ships_again_from_nobody_s_script() {
    let (deploy, gate) = slow_rollback(World::deploy_like());
    let ben = ben(&deploy);
    let before = deploy.snapshot();
    for clone in [&deploy.work, &ben] {
        // The page still shows the bad commit, which staging runs too.
        let run = promotes_from(&deploy, clone, &[]);
        run.exits(1)
            .says("began to roll back to")
            .says("git smp rollback production --to");
        claims_nothing(&run);
        let run = promotes_from(&deploy, clone, &["--again"]);
        run.exits(1).says("began to roll back to");
        assert_eq!(deploy.snapshot(), before);
    }
    releases(&deploy, &gate, deploy.nth(2));
    let before = deploy.snapshot();
    for clone in [&deploy.work, &ben] {
        let run = promotes_from(&deploy, clone, &[]);
        let story = format!(
            "{} was rolled back from production by Ada Example",
            short(deploy.nth(5))
        );
        run.exits(1)
            .says(&story)
            .says("Maps are empty.")
            .says("--again");
        assert_eq!(deploy.snapshot(), before);
    }
    let status = deploy.runner().cwd(&ben).smp(&["status"]).ok().out();
    assert!(
        status.contains(&format!(
            "{}, rolled back from production by Ada Example",
            short(deploy.nth(5))
        )),
        "{status}"
    );
    // A person's confirmation ends it. The rollback is recorded first, and the technical channel is notified.
    promotes_from(&deploy, &ben, &["--again"]).ok();
    let chain = deploy.chain();
    assert_eq!(chain.only("rolled-back").field("From"), deploy.nth(5));
    assert_eq!(
        chain.only("rolled-back").field("Announced-By"),
        "Ada Example"
    );
    let told = sent(&deploy, TECHNICAL);
    assert_eq!(told.len(), 1);
    assert!(words(&told[0]).contains("Maps are empty."));
}

#[test]
fn a_slow_rollback_that_is_gone_on_with_is_told_once() {
    let (deploy, gate) = slow_rollback(World::deploy_like());
    releases(&deploy, &gate, deploy.nth(2));
    let args = [
        "rollback",
        "--yes",
        "--to",
        deploy.nth(2),
        "--timeout",
        "20",
    ];
    posts(&deploy, &args).ok().says("done: on record");
    posts(&deploy, &args).ok().says("nothing to roll back");
    assert_eq!(sent(&deploy, TECHNICAL).len(), 1);
    deploy.chain().only("rolled-back");
}

#[test]
fn staging_and_proposing_write_down_a_rollback_that_nobody_saw_end() {
    for command in sample(1, [&["stage", "--yes"][..], &["propose", "--yes"]]) {
        let (deploy, gate) = slow_rollback(World::deploy_like());
        releases(&deploy, &gate, deploy.nth(2));
        posts(&deploy, command).ok();
        let chain = deploy.chain();
        assert_eq!(chain.only("rolled-back").field("From"), deploy.nth(5));
        assert_eq!(
            chain.state["held"]["production"][0]["commit"],
            deploy.nth(5)
        );
        let told: Vec<String> = sent(&deploy, TECHNICAL).iter().map(words).collect();
        assert_eq!(
            told.iter()
                .filter(|text| text.contains("Maps are empty."))
                .count(),
            1,
            "{told:?}"
        );
    }
}

/// Creates a `git` that waits at the gate before it pushes.
#[track_caller]
fn git_that_waits(deploy: &Deploy, gate: &Gate) -> std::ffi::OsString {
    let ours = deploy.env();
    let path = &ours.iter().find(|(name, _)| name == "PATH").unwrap().1;
    let git = std::env::split_paths(path)
        .map(|folder| folder.join("git"))
        .find(|git| git.is_file())
        .unwrap();
    let script = format!(
        "case \"$*\" in *' push '*production*) {} ;; esac\nexec \"$REAL_GIT\" \"$@\"",
        gate.line()
    );
    deploy.executable("waiting/git", &script);
    git.into_os_string()
}

#[test]
fn of_two_who_push_the_same_commit_in_the_same_moment_one_posts() {
    let deploy = ready(World::deploy_like().toml(&channels("teams")));
    [TECHNICAL, crate::posts::PRODUCT]
        .iter()
        .for_each(|path| deploy.web.set(path, accepted("teams")));
    let ben = ben(&deploy);
    let gate = Gate::new(&deploy, "push");
    let git = git_that_waits(&deploy, &gate);
    let args = crate::promote::scripted(&deploy, &["--summary", "- Flags on painpoints"]);
    let ada = with_webhooks(&deploy)
        .directly()
        .path_first("waiting")
        .env("REAL_GIT", git)
        .start(&args);
    gate.reached();
    with_webhooks(&deploy)
        .cwd(&ben)
        .smp(&args)
        .ok()
        .says("accepted the post to the product channel");
    gate.open();
    let run = ada.finish();
    run.ok()
        .says("somebody else pushed the same commit to production")
        .says("done: production runs");
    run.says("the other run posts to the product channel")
        .prints_among("- Flags on painpoints");
    assert_eq!(sent(&deploy, crate::posts::PRODUCT).len(), 1);
    deploy.ran([2, 5]);
    // A later run does not post it either.
    posts(&deploy, &args).ok().says("nothing to promote");
    assert_eq!(sent(&deploy, crate::posts::PRODUCT).len(), 1);
}

#[test]
fn of_two_who_put_the_same_back_in_the_same_moment_one_posts() {
    let deploy = ready(World::deploy_like().toml(&channels("teams")));
    deploy.web.set(TECHNICAL, accepted("teams"));
    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    let ben = ben(&deploy);
    let gate = Gate::new(&deploy, "push");
    let git = git_that_waits(&deploy, &gate);
    let args = [
        "rollback",
        "--yes",
        "--to",
        deploy.nth(2),
        "--timeout",
        "20",
    ];
    let ada = with_webhooks(&deploy)
        .directly()
        .path_first("waiting")
        .env("REAL_GIT", git)
        .start(&args);
    gate.reached();
    with_webhooks(&deploy).cwd(&ben).smp(&args).ok();
    gate.open();
    ada.finish()
        .ok()
        .says("somebody else pushed the same commit")
        .says("the other run posts to the technical channel");
    posts(&deploy, &args).ok();
    assert_eq!(sent(&deploy, TECHNICAL).len(), 1);
}

/// Returns a world of branches, where a deploy and its event are one push.
fn together() -> Deploy {
    ready(World::deploy_like().on(Topology::Branches).toml(RECORD))
}

#[test]
fn a_push_that_loses_to_an_earlier_one_of_the_same_commit_goes_on_from_there() {
    for is_own in one_of([true, false]) {
        let deploy = together();
        let ben = ben(&deploy);
        let [earlier, later] = ["earlier", "later"].map(|name| Gate::new(&deploy, name));
        let (first, second) = (earlier.line(), later.line());
        let hook = format!("cat >/dev/null; if mkdir began; then {first}; else {second}; fi");
        deploy.hook(&deploy.production, "pre-receive", &hook);
        let mut run = begin(&deploy, &[]);
        earlier.reached();
        killed(&mut run);
        run.finish().exits(128 + 9);
        let runner = match is_own {
            true => person(&deploy),
            false => person(&deploy).cwd(&ben),
        };
        let mut terminal = runner.terminal(&["promote"]);
        terminal.sees(" to deploy: ").enters("production");
        later.reached();
        earlier.open();
        comes_to(&deploy, &deploy.production, deploy.nth(5));
        later.open();
        let told = match is_own {
            true => {
                "an earlier push from this clone, or somebody else's, brought the same commit to"
            }
            false => "somebody else pushed the same commit to production at the same time",
        };
        let run = terminal.ends();
        run.ok()
            .says(told)
            .says("done: production runs")
            .says("done: on record");
        run.never_shows("without any output");
        assert_eq!(deploy.chain().words(), ["promoting", "promoted"]);
        assert_eq!(deploy.deploys(&deploy.production).len(), 2);
    }
}

#[test]
fn an_earlier_push_that_arrives_while_somebody_reads_the_plan_is_told_as_such() {
    let deploy = together();
    let gate = promotion_that_builds(&deploy);
    let mut terminal = person(&deploy).terminal(&["promote"]);
    terminal.sees(" to deploy: ");
    lands(&deploy, &gate, "production.git", deploy.nth(5));
    terminal.enters("production");
    let run = terminal.ends();
    run.exits(4)
        .says("an earlier push from this clone brought ")
        .says(" to production meanwhile; this run pushed")
        .says("hint: to continue: git smp promote production");
    promote(&deploy, &[]).ok().says("done: on record");
    assert_eq!(deploy.chain().words(), ["promoting", "promoted"]);
}
