//! Several productions: parallel ones that promote one staging, and chained ones.

use std::path::{Path, PathBuf};

use crate::promote::person;
use crate::record::{next, promotes, short};
use crate::rollback::RECORD;
use crate::sample::sample;
use crate::support::{Deploy, Gate, Page, Topology, World, topologies};

/// Returns two regions, `eu` and `us`, that run the second commit and promote staging; `eu` has production's
/// repository.
#[track_caller]
fn regions(pages: bool, more: &str) -> (Deploy, PathBuf) {
    regions_on(Topology::default(), pages, more)
}

#[track_caller]
fn regions_on(topology: Topology, pages: bool, more: &str) -> (Deploy, PathBuf) {
    let world = World::deploy_like().on(topology);
    let world = if pages { world } else { world.without_pages() };
    let deploy = world.build();
    let (us, line) = deploy.another("us");
    deploy.web.set("/us", Page::deployed(&us));
    let running = format!(
        "[environments.us.running]\npage = \"{}\"\npattern = 'data-commit=\"([0-9a-f]{{7,64}})\"'\nconfirm_seconds = 0\n",
        deploy.web.url("/us")
    );
    deploy.write_toml(
        &deploy
            .toml()
            .replace("[environments.production", "[environments.eu"),
    );
    let running = if pages { running } else { String::new() };
    deploy.add_toml(&format!(
        "\n[environments.us]\n{line}\npromotes = \"staging\"\n{running}{more}"
    ));
    deploy.trust();
    (deploy, us)
}

#[track_caller]
fn masters(deploy: &Deploy, us: &Path, [eu_runs, us_runs]: [usize; 2]) {
    assert_eq!(deploy.master(&deploy.production), deploy.nth(eu_runs), "eu");
    assert_eq!(deploy.master(us), deploy.nth(us_runs), "us");
}

#[test]
fn one_plan_and_one_question_name_them_in_the_order_given() {
    for (given, shown) in sample(1, [(&["eu", "us"], "eu us"), (&["us", "eu"], "us eu")]) {
        let (deploy, us) = regions(true, "");
        let mut terminal = person(&deploy).terminal(&[&["promote"], &given[..]].concat());
        terminal
            .sees("This will")
            .sees(&format!("wait until {} reports ", given[0]))
            .sees(&format!("wait until {} reports ", given[1]));
        terminal
            .sees(&format!("Type {shown} to deploy: "))
            .enters(shown);
        terminal
            .sees(&format!("done: {} runs", given[0]))
            .sees(&format!("done: {} runs", given[1]));
        let run = terminal.ends();
        run.ok();
        assert_eq!(run.stderr.matches(" to deploy: ").count(), 1, "{run}");
        masters(&deploy, &us, [5, 5]);
    }
}

#[test]
fn ctrl_c_between_two_of_them_names_the_command_that_goes_on() {
    // A branch of the main repository is announced by its own push.
    let (deploy, us) = regions_on(Topology::Remotes, false, RECORD);
    let gate = Gate::new(&deploy, "event");
    let is_us = "git log -1 --format=%s refs/smp/record | grep -q 'began to promote .* to us'";
    let script = format!("if {is_us}; then {}; fi", gate.line());
    deploy.hook(&deploy.main, "post-receive", &script);
    let mut terminal = person(&deploy).terminal(&["promote", "eu", "us"]);
    terminal.sees("Type eu us to deploy: ").enters("eu us");
    gate.reached();
    terminal.ctrl_c();
    terminal
        .ends()
        .exits(4)
        .says("because: done before that: eu")
        .says("hint: to continue: git smp promote eu us");
    masters(&deploy, &us, [5, 2]);
}

#[test]
fn the_first_that_fails_leaves_the_second_alone() {
    let variants = [
        (Topology::Remotes, ""),
        (Topology::Branches, ""),
        (Topology::Remotes, RECORD),
        (Topology::Branches, RECORD),
    ];
    for (topology, more) in sample(2, variants) {
        let (deploy, us) = regions_on(topology, false, more);
        deploy.hook(
            &deploy.production,
            "pre-receive",
            "cat >/dev/null; echo 'no room'; exit 1",
        );
        let run = promotes(&deploy, &["eu", "us"]);
        run.exits(1)
            .says("no room")
            .says("error: eu declined")
            .never_shows("done");
        masters(&deploy, &us, [2, 2]);
        assert_eq!(
            deploy.chain().count("promoting"),
            deploy.chain().count("ended")
        );
        // In the other order, the earlier one is done, and the same command continues.
        let run = promotes(&deploy, &["us", "eu"]);
        run.exits(4)
            .says("error: eu declined")
            .says("because: done before that: us");
        masters(&deploy, &us, [2, 5]);
        deploy.hook(&deploy.production, "pre-receive", "cat >/dev/null");
        let run = promotes(&deploy, &["us", "eu"]);
        run.ok().says("done: eu runs").never_shows("done: us runs");
        run.says("Us and eu deploy ")
            .says("the same as us, 3 commits ahead of eu");
        masters(&deploy, &us, [5, 5]);
        assert_eq!(deploy.deploys(&us).len(), 2);
        promotes(&deploy, &["us", "eu"])
            .ok()
            .says("nothing to promote");
    }
}

#[test]
fn one_that_never_reports_it_ends_the_promotion_before_the_next() {
    let (deploy, us) = regions(true, "");
    deploy.web.set("/production", Page::commit(deploy.nth(2)));
    let commit = deploy.nth(5);
    let run = deploy.smp(&["promote", "--yes", "--commit", commit, "--timeout", "1"]);
    run.exits(4)
        .says("pushed, but not live: eu does not report");
    masters(&deploy, &us, [5, 2]);
    deploy
        .web
        .set("/production", Page::deployed(&deploy.production));
    promotes(&deploy, &[]).ok().says("done: us runs");
    masters(&deploy, &us, [5, 5]);
    assert_eq!(deploy.deploys(&deploy.production).len(), 2);
}

#[test]
fn one_signoff_is_for_both_and_the_last_lifts_the_freeze() {
    for topology in topologies() {
        let (deploy, us) = regions_on(topology, false, "[record]\n");
        deploy
            .smp(&["propose", "--yes"])
            .ok()
            .says("Candidate for eu and us");
        deploy.smp(&["signoff", "--by", "Rosi"]).ok();
        let run = promotes(&deploy, &["us", "eu"]);
        run.ok().says("the freeze on staging is lifted");
        masters(&deploy, &us, [5, 5]);
        let chain = deploy.chain();
        let there: Vec<&str> = chain
            .all("promoted")
            .map(|event| event.field("Environment"))
            .collect();
        assert_eq!(there, ["us", "eu"]);
        for event in chain.all("promoted") {
            assert_eq!(event.field("Signed-Off-By"), "Rosi");
        }
        assert!(chain.state["candidate"].is_null());
        chain.only("signed-off");
    }
}

#[test]
fn a_rollback_of_one_leaves_the_other_as_it_is() {
    for topology in topologies() {
        let (deploy, us) = regions_on(topology, false, RECORD);
        promotes(&deploy, &[]).ok();
        // The hint keeps all options: without the commit it would go back to another one.
        let run = deploy.smp(&["rollback", "--to", deploy.nth(2)]);
        run.exits(2)
            .says("several environments are possible")
            .says("eu, us")
            .says(&format!("git smp rollback eu --to {}\n", deploy.nth(2)));
        let before = deploy.deploys(&deploy.production);
        let mut terminal =
            person(&deploy).terminal(&["rollback", "us", "--reason", "Maps are empty."]);
        terminal
            .sees(&format!("on {} (", topology.place("us").0))
            .sees("Type us to roll back: ")
            .enters("us");
        terminal.ends().ok().says("done: us runs");
        masters(&deploy, &us, [5, 2]);
        assert_eq!(deploy.deploys(&deploy.production), before);
        let chain = deploy.chain();
        assert_eq!(chain.only("rolled-back").field("Environment"), "us");
        assert!(chain.state["held"]["eu"].is_null(), "{}", chain.state);
        // It is held back only there, in a newer commit as well, and only there an explicit yes ends it.
        promotes(&deploy, &["eu"]).ok().says("nothing to promote");
        promotes(&deploy, &[])
            .exits(1)
            .says("was rolled back from us by Ada Example");
        deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
        promotes(&deploy, &["eu"]).ok().never_shows("rolled back");
        promotes(&deploy, &["us"])
            .exits(1)
            .says("which was rolled back from us by Ada Example");
        promotes(&deploy, &["us", "--again"])
            .ok()
            .says("which was rolled back from us by Ada Example");
        masters(&deploy, &us, [6, 6]);
        assert!(deploy.chain().state["held"]["us"].is_null());
    }
}

// Shipping the same commit elsewhere does not allow it where it was rolled back.
#[test]
fn a_promotion_that_gives_one_nothing_leaves_what_is_held_there() {
    let (deploy, us) = regions(false, RECORD);
    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    deploy.colleague_pushes(&us, deploy.nth(1));
    deploy
        .smp(&[
            "rollback",
            "eu",
            "--yes",
            "--to",
            deploy.nth(2),
            "--reason",
            "Maps are empty.",
        ])
        .ok();
    deploy.colleague_pushes(&deploy.staging, deploy.nth(2));
    promotes(&deploy, &["eu", "us"])
        .ok()
        .says("done: us runs")
        .never_shows("done: eu runs");
    masters(&deploy, &us, [2, 2]);
    deploy.colleague_pushes(&deploy.staging, deploy.nth(5));
    promotes(&deploy, &["us"]).ok().never_shows("rolled back");
    promotes(&deploy, &[])
        .exits(1)
        .says("was rolled back from eu by Ada Example")
        .says("Maps are empty.");
    masters(&deploy, &us, [2, 5]);
    promotes(&deploy, &["--again"]).ok();
    masters(&deploy, &us, [5, 5]);
}

#[test]
fn one_that_was_rolled_back_during_the_way_of_a_candidate_keeps_it_open() {
    let (deploy, us) = regions(false, RECORD);
    deploy.smp(&["propose", "--yes"]).ok();
    promotes(&deploy, &["eu"]).ok();
    deploy
        .smp(&["rollback", "eu", "--yes", "--to", deploy.nth(2)])
        .ok()
        .says("stays the candidate; after this rollback close the proposal");
    let chain = deploy.chain();
    assert_eq!(
        chain.state["candidate"]["targets"][0]["reached"], false,
        "{}",
        chain.state
    );
    promotes(&deploy, &["us"]).ok().never_shows("lifted");
    assert!(!deploy.chain().state["candidate"].is_null());
    masters(&deploy, &us, [2, 5]);
    // It runs its commit from the time of the proposal, so `--again` is enough.
    promotes(&deploy, &[])
        .exits(1)
        .says("was rolled back from eu");
    promotes(&deploy, &["--again"])
        .ok()
        .says("the freeze on staging is lifted");
    masters(&deploy, &us, [5, 5]);
}

/// Returns staging, preprod and production; each promotes the one before it.
fn chained(topology: Topology, more: &str) -> (Deploy, PathBuf) {
    let deploy = World::deploy_like().on(topology).without_pages().build();
    let (preprod, line) = deploy.another("preprod");
    deploy.write_toml(
        &deploy
            .toml()
            .replace("promotes = \"staging\"", "promotes = \"preprod\""),
    );
    deploy.add_toml(&format!(
        "\n[environments.preprod]\n{line}\npromotes = \"staging\"\n{more}"
    ));
    deploy.agree();
    (deploy, preprod)
}

#[test]
fn a_chain_is_walked_link_by_link() {
    for topology in topologies() {
        let (deploy, preprod) = chained(topology, "[record]\n");
        deploy.smp(&["propose", "--yes"]).ok();
        deploy.smp(&["signoff", "--by", "Rosi"]).ok();
        assert_eq!(next(&deploy), "git smp promote preprod");
        let run = deploy.smp(&["promote"]);
        run.exits(2).says("git smp promote preprod");
        promotes(&deploy, &["preprod"])
            .ok()
            .says("done: preprod runs")
            .never_shows("lifted");
        assert_eq!(
            (deploy.master(&preprod), deploy.master(&deploy.production)),
            (deploy.nth(5).into(), deploy.nth(2).into())
        );
        assert_eq!(next(&deploy), "git smp promote production");
        promotes(&deploy, &["production"])
            .ok()
            .says("the freeze on staging is lifted");
        assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
        let chain = deploy.chain();
        assert_eq!((chain.count("signed-off"), chain.count("promoted")), (1, 2));
    }
}

#[test]
fn production_gets_nothing_that_preprod_does_not_run() {
    for more in sample(1, ["", RECORD]) {
        let (deploy, _) = chained(Topology::Branches, more);
        let before = deploy.snapshot();
        let run = promotes(&deploy, &["production"]);
        run.exits(1).says(&format!(
            "error: preprod runs {}, not {}",
            short(deploy.nth(2)),
            deploy.nth(5)
        ));
        deploy
            .smp(&["promote", "-n", "production"])
            .ok()
            .says("nothing to promote");
        assert_eq!(deploy.snapshot(), before);
    }
}

#[test]
fn a_chain_goes_back_link_by_link() {
    for topology in topologies() {
        let (deploy, preprod) = chained(topology, RECORD);
        promotes(&deploy, &["preprod"]).ok();
        promotes(&deploy, &["production"]).ok();
        deploy
            .smp(&["rollback"])
            .exits(2)
            .says("several environments are possible");
        deploy
            .smp(&["rollback", "production", "--yes", "--to", deploy.nth(2)])
            .ok();
        assert_eq!(
            (deploy.master(&preprod), deploy.master(&deploy.production)),
            (deploy.nth(5).into(), deploy.nth(2).into())
        );
        promotes(&deploy, &["production"])
            .exits(1)
            .says("was rolled back from production");
        deploy
            .smp(&["rollback", "preprod", "--yes", "--to", deploy.nth(2)])
            .ok();
        assert_eq!(deploy.master(&preprod), deploy.nth(2));
        deploy.chain();
    }
}
