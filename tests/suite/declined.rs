//! A host that rejects a push and deploys it anyway: the running commit counts, and nobody is told that nothing was
//! deployed.

use crate::promote::{ready, refusal, scripted};
use crate::record::{bens_clone, promotes, short};
use crate::sample::sample;
use crate::support::{Deploy, DeployBuilder, Page, Run, World};

const RECORD: &str = "[record]\nsignoff = false\n";

/// A hook that deploys before the branch moves.
const DEPLOYS_FIRST: &str =
    "read -r old new ref; echo \"$new\" >>deploys; echo \"$new\" >deployed; ";

/// Hosts that deploy and then reject: a hook that fails late, a checked-out branch, a lock of a dead process.
const HOSTS: [fn(&Deploy); 3] = [
    |deploy| {
        deploy.hook(
            &deploy.production,
            "pre-receive",
            &format!("{DEPLOYS_FIRST} echo 'Cleaning up failed'; exit 1"),
        )
    },
    |deploy| {
        deploy.hook(&deploy.production, "pre-receive", DEPLOYS_FIRST);
        deploy.git(&deploy.production, &["config", "core.bare", "false"]);
        deploy.git(
            &deploy.production,
            &["config", "receive.denyCurrentBranch", "refuse"],
        );
    },
    |deploy| {
        deploy.hook(&deploy.production, "pre-receive", DEPLOYS_FIRST);
        std::fs::write(deploy.production.join("refs/heads/master.lock"), "").unwrap();
    },
];

fn world(record: bool) -> DeployBuilder {
    World::deploy_like().toml(if record { RECORD } else { "" })
}

/// A world whose production rejected a promotion and runs it.
#[track_caller]
fn declined(record: bool) -> Deploy {
    let deploy = ready(world(record));
    HOSTS[0](&deploy);
    deploy
        .smp(&scripted(&deploy, &[]))
        .exits(4)
        .says("but runs it");
    deploy
}

#[track_caller]
fn rolls_back(deploy: &Deploy, more: &[&str]) -> Run {
    deploy.smp(&[&["rollback", "--yes", "--to", deploy.nth(2)], more].concat())
}

#[test]
fn a_promotion_that_was_declined_and_is_live_is_told_so_and_goes_on_record_with_the_next_run() {
    for host in sample(2, HOSTS) {
        let deploy = ready(world(true).confirming(1));
        host(&deploy);
        let run = deploy.smp(&scripted(&deploy, &[]));
        let (five, two) = (short(deploy.nth(5)), short(deploy.nth(2)));
        run.exits(4).says(&format!(
            "error: production declined the push of {five}, but runs it"
        ));
        run.says(&format!("because: its branch is still at {two}"))
            .never_shows("done:");
        run.says("hint: to continue: git smp promote production");
        run.says(&format!(
            "or roll it back: git smp rollback production --to {two}"
        ));
        // The output does not claim that nothing was deployed.
        let chain = deploy.chain();
        assert_eq!(
            (
                chain.count("promoting"),
                chain.count("ended"),
                chain.count("promoted")
            ),
            (1, 0, 0)
        );
        assert_eq!(deploy.master(&deploy.production), deploy.nth(2));
        let run = promotes(&deploy, &[]);
        run.ok().says(&format!(
            "production already runs {five}, although its branch is at {two}"
        ));
        run.says("done: production runs")
            .says("done: on record")
            .never_shows("its result is unknown");
        let chain = deploy.chain();
        assert_eq!(chain.only("promoted").field("Commit"), deploy.nth(5));
        assert!(chain.state["deploying"].is_null());
        assert_eq!(
            deploy.deploys(&deploy.production),
            [2, 5].map(|number| deploy.nth(number)),
            "it is not made twice"
        );
        promotes(&deploy, &[]).ok().says("nothing to promote");
    }
}

#[test]
fn without_a_record_the_next_run_watches_it_and_a_later_commit_ships_at_once() {
    let deploy = declined(false);
    promotes(&deploy, &[]).ok().says("nothing to promote");
    deploy.ran([2, 5]);
    let deploy = declined(false);
    std::fs::remove_file(deploy.production.join("hooks/pre-receive")).unwrap();
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    // The push of the other commit was seen to end.
    promotes(&deploy, &[])
        .ok()
        .says("done: production runs")
        .never_shows("its result is unknown");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(6));
}

#[test]
fn a_host_that_takes_the_push_and_puts_its_branch_back_is_told_as_well() {
    let deploy = ready(world(true));
    let hook =
        "read -r old new ref; echo \"$new\" >deployed; git update-ref refs/heads/master \"$old\"";
    deploy.hook(&deploy.production, "post-receive", hook);
    let run = deploy.smp(&scripted(&deploy, &[]));
    run.exits(4).says(&format!(
        "the branch of production does not have {}, but",
        short(deploy.nth(5))
    ));
    assert_eq!(deploy.chain().count("ended"), 0);
    promotes(&deploy, &[]).ok().says("done: on record");
}

#[test]
fn a_decline_that_deployed_nothing_is_a_decline() {
    for page in [Page::deployed as fn(&std::path::Path) -> Page, |_| {
        Page::body("").status(503)
    }] {
        let deploy = ready(world(true));
        deploy.hook(
            &deploy.production,
            "pre-receive",
            "cat >/dev/null; echo 'Build failed'; exit 1",
        );
        let gate = crate::support::Gate::new(&deploy, "build");
        deploy.hook(
            &deploy.production,
            "pre-receive",
            &format!("cat >/dev/null; {}; exit 1", gate.line()),
        );
        let run = deploy.runner().directly().start(&scripted(&deploy, &[]));
        gate.reached();
        deploy.web.set("/production", page(&deploy.production));
        gate.open();
        let run = run.finish();
        run.exits(1)
            .says("error: production declined")
            .says("the build failed, or a hook there declined it");
        let unknown = run.stderr.contains("whether production runs");
        assert_eq!(
            unknown,
            run.stderr.contains("503"),
            "what is not known is said: {run}"
        );
        let chain = deploy.chain();
        assert_eq!((chain.count("promoting"), chain.count("ended")), (1, 1));
    }
}

#[test]
fn staging_that_declined_a_push_and_runs_it_is_told_so_and_takes_it_once_it_is_mended() {
    let deploy = ready(world(true));
    deploy.hook(
        &deploy.staging,
        "pre-receive",
        &format!("{DEPLOYS_FIRST} exit 1"),
    );
    for _ in 0..2 {
        let run = deploy.smp(&["stage", "--yes"]);
        run.exits(4)
            .says("error: staging declined the push of")
            .says("but runs it")
            .never_shows("git smp rollback");
        assert_eq!(
            (
                deploy.chain().count("ended"),
                deploy.chain().count("staged")
            ),
            (0, 0)
        );
    }
    // Its branch differs from its running commit, so nothing is promoted from it.
    assert_eq!(refusal(&deploy), "staging-stale");
    std::fs::remove_file(deploy.staging.join("hooks/pre-receive")).unwrap();
    deploy
        .smp(&["stage", "--yes"])
        .ok()
        .says("done: staging runs")
        .says("done: on record");
    assert_eq!(deploy.chain().count("staging"), 1);
}

// --- rollbacks after it

#[test]
fn a_rollback_after_it_knows_what_ran_before() {
    for record in sample(1, [true, false]) {
        let deploy = declined(record);
        let run = deploy.smp(&["rollback", "-n"]);
        run.ok()
            .says(&format!("reports {}, without a push", short(deploy.nth(2))));
        run.says("so a push changes nothing. Release")
            .says("this command waits until it runs");
    }
}

#[test]
fn a_rollback_to_where_the_branch_is_already_waits_for_the_platform_and_claims_nothing_before() {
    for record in sample(1, [true, false]) {
        let deploy = declined(record);
        let run = rolls_back(&deploy, &["--timeout", "1"]);
        run.exits(4)
            .says("so a push changes nothing")
            .says("not running")
            .never_shows("done:");
        let asked = deploy.web.asked_for("/production").len();
        let args = [
            "rollback",
            "--yes",
            "--to",
            deploy.nth(2),
            "--timeout",
            "20",
        ];
        let run = deploy.runner().directly().start(&args);
        deploy.web.is_asked_for("/production", asked + 3);
        // Somebody releases it again on the platform.
        std::fs::write(deploy.production.join("deployed"), deploy.nth(2)).unwrap();
        run.finish().ok().says("done: production runs");
        if record {
            let chain = deploy.chain();
            assert_eq!(chain.only("rolled-back").field("Commit"), deploy.nth(2));
            assert_eq!((chain.count("ended"), chain.count("rolling-back")), (0, 1));
            assert!(chain.state["deploying"].is_null());
            assert_eq!(
                chain.state["held"]["production"][0]["commit"],
                deploy.nth(5)
            );
        }
        rolls_back(&deploy, &[]).ok().says("nothing to roll back");
    }
}

#[test]
fn a_colleague_may_record_what_runs_although_it_was_declined() {
    let deploy = declined(true);
    let ben = bens_clone(&deploy);
    deploy
        .runner()
        .cwd(&ben)
        .smp(&scripted(&deploy, &[]))
        .ok()
        .says("done: on record");
    assert_eq!(
        deploy.chain().only("promoted").field("Commit"),
        deploy.nth(5)
    );
}
