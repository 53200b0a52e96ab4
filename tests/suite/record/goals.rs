//! A candidate with several targets: it is open, and staging is frozen, until the last target runs it.

use std::path::PathBuf;

use super::{RECORD, events, next, promotes, refused, sentences, short};
use crate::support::{Deploy, World};

/// Returns a world with one more environment, which runs production's commit.
fn with(name: &str, promotes: &str, production: &str) -> (Deploy, PathBuf) {
    let deploy = World::deploy_like().without_pages().toml(RECORD).build();
    let other = deploy.bare(name);
    deploy.colleague_pushes(&other, deploy.nth(2));
    let table = format!(
        "\n[environments.{name}]\nurl = \"{}\"\npromotes = \"{promotes}\"\n",
        other.display()
    );
    let text = deploy.toml().replace(
        "promotes = \"staging\"",
        &format!("promotes = \"{production}\""),
    );
    deploy.write_toml(&(text + &table));
    deploy.trust();
    (deploy, other)
}

#[test]
fn of_two_productions_the_last_lifts_the_freeze() {
    let (deploy, eu) = with("eu", "staging", "staging");
    deploy
        .smp(&["propose", "--yes"])
        .ok()
        .says("Candidate for production and eu")
        .prints_among("Production and eu deploy");
    deploy
        .smp(&["stage"])
        .exits(1)
        .says("for production and eu just now");
    deploy.smp(&["signoff"]).ok();
    let run = promotes(&deploy, &["production"]);
    run.ok()
        .says("record the deploy to production\n")
        .says("done: on record\n")
        .never_shows("lift");
    deploy
        .smp(&["status", "--json"])
        .ok()
        .prints_among("\"frozen\": true");
    assert_eq!(next(&deploy), "git smp promote eu");
    // Finished targets are not deployed again.
    promotes(&deploy, &["production"])
        .ok()
        .says("nothing to promote");
    deploy
        .smp(&["propose", "--yes"])
        .ok()
        .says("is already the candidate")
        .prints("");
    promotes(&deploy, &[])
        .ok()
        .says("done: eu runs")
        .says("the freeze on staging is lifted");
    assert_eq!(
        [deploy.master(&eu), deploy.master(&deploy.production)],
        [deploy.nth(5), deploy.nth(5)]
    );
    deploy
        .smp(&["status", "--json"])
        .ok()
        .prints_among("\"frozen\": false");
    let told = [
        "proposed",
        "posted",
        "signed-off",
        "promoting",
        "promoted",
        "promoting",
        "promoted",
    ];
    assert_eq!(events(&deploy), told);
}

#[test]
fn two_productions_in_one_run_are_taken_in_turn() {
    let (deploy, eu) = with("eu", "staging", "staging");
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.smp(&["signoff"]).ok();
    let plan = deploy.smp(&["promote", "-n", "--json"]).ok().json();
    let steps: Vec<&str> = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|step| step["step"].as_str())
        .collect();
    assert_eq!(steps, ["push", "wait", "record", "push", "wait", "record"]);
    assert_eq!(
        plan["steps"][2]["detail"],
        "record the deploy to production"
    );
    assert_eq!(
        plan["steps"][5]["detail"],
        "record the deploy to eu and lift the freeze on staging"
    );

    // The second declines: the first is done and recorded, and the same command continues.
    deploy.hook(&eu, "pre-receive", "echo 'no room'; exit 1");
    let run = promotes(&deploy, &[]);
    run.exits(4)
        .says("error: eu declined")
        .says("because: done before that: production")
        .says("no room");
    assert_eq!(events(&deploy).last().unwrap(), "ended");
    assert_eq!(next(&deploy), "git smp promote eu");
    deploy.hook(&eu, "pre-receive", "cat >/dev/null");
    promotes(&deploy, &[])
        .ok()
        .says("done: eu runs")
        .never_shows("done: production runs");
    deploy.ran([2, 5]);
    let told = sentences(&deploy);
    assert_eq!(
        told.iter()
            .filter(|text| text.contains("began to promote"))
            .count(),
        3
    );
}

#[test]
fn a_chain_is_walked_from_staging_to_the_last() {
    let (deploy, preprod) = with("preprod", "staging", "preprod");
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.smp(&["signoff"]).ok();
    assert_eq!(next(&deploy), "git smp promote preprod");
    // The steps cannot be mixed up or left out.
    deploy
        .smp(&["promote"])
        .exits(2)
        .says("these environments get their commits from different environments")
        .says(
            "one after the other: git smp promote preprod\nhint: then: git smp promote production",
        );
    let too_early = deploy.smp(&["promote", "production"]);
    too_early
        .ok()
        .says(&format!("production already runs {}", short(deploy.nth(2))));
    promotes(&deploy, &["preprod"])
        .ok()
        .says("done: on record\n")
        .never_shows("lifted");
    deploy
        .smp(&["status", "--json"])
        .ok()
        .prints_among("\"frozen\": true");
    assert_eq!(next(&deploy), "git smp promote production");
    promotes(&deploy, &["production"])
        .ok()
        .says("the freeze on staging is lifted");
    assert_eq!(
        [deploy.master(&preprod), deploy.master(&deploy.production)],
        [deploy.nth(5), deploy.nth(5)]
    );
    deploy
        .smp(&["status", "--json"])
        .ok()
        .prints_among("\"frozen\": false");
}

#[test]
fn what_the_middle_of_a_chain_was_given_by_hand_is_no_candidate() {
    let (deploy, preprod) = with("preprod", "staging", "preprod");
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.smp(&["signoff"]).ok();
    deploy.colleague_pushes(&preprod, deploy.nth(4));
    let run = deploy.smp(&["promote", "-n", "--json", "production"]);
    let told = run
        .exits(1)
        .says("preprod does not run the candidate")
        .json();
    assert_eq!(told["refusal"]["code"], "candidate-moved");
    run.says("hint: deploy it there first: git smp promote preprod\nhint: or close the candidate: git smp postpone");
    let run = deploy.smp(&["promote", "-n", "preprod"]);
    run.exits(1)
        .says("preprod changed since the proposal")
        .says("runs ")
        .says(short(deploy.nth(4)));
}

#[test]
fn what_was_no_goal_of_the_proposal_is_not_promoted_with_it() {
    let (deploy, eu) = with("eu", "staging", "staging");
    deploy.colleague_pushes(&eu, deploy.nth(5));
    deploy
        .smp(&["propose", "--yes"])
        .ok()
        .says("Candidate for production,");
    deploy.smp(&["signoff"]).ok();
    deploy.colleague_pushes(&eu, deploy.nth(3));
    assert_eq!(
        refused(&deploy, "eu was not part of the proposal"),
        "target-moved"
    );
    promotes(&deploy, &["production"])
        .ok()
        .says("the freeze on staging is lifted");
}

#[test]
fn a_chain_is_promoted_on_only_from_where_the_candidate_was_promoted_to() {
    let (deploy, preprod) = with("preprod", "staging", "preprod");
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.smp(&["signoff"]).ok();
    deploy.colleague_pushes(&preprod, deploy.nth(5));
    let run = deploy.smp(&["promote", "-n", "--json", "production"]);
    let told = run.exits(1).json();
    assert_eq!(told["refusal"]["code"], "candidate-moved");
    run.says(&format!("{} was not promoted to preprod yet", short(deploy.nth(5))))
        .says("hint: record it there first: git smp promote preprod\nhint: or close the candidate: git smp postpone");
    promotes(&deploy, &["preprod"]).ok();
    promotes(&deploy, &["production"])
        .ok()
        .says("the freeze on staging is lifted");
}

#[test]
fn what_was_proposed_from_elsewhere_is_not_promoted_at_this_step() {
    let (deploy, test) = with("test", "staging", "staging");
    deploy.colleague_pushes(&test, deploy.nth(5));
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.smp(&["signoff"]).ok();
    let text = deploy.toml();
    let (one, two) = ("promotes = \"staging\"", "promotes = \"test\"");
    let text = text.replace(one, "");
    let at = text.find("[environments.production]\n").unwrap();
    let (before, after) = text.split_at(at);
    let table = "[environments.production]\n";
    deploy.write_toml(&format!("{before}{table}{two}\n{}", &after[table.len()..]));
    deploy.trust();
    let run = deploy.smp(&["promote", "-n", "--json"]);
    let told = run.exits(1).json();
    assert_eq!(told["refusal"]["code"], "target-moved");
    run.says(&format!(
        "{} was not proposed for this step",
        short(deploy.nth(5))
    ))
    .says("in smp.toml no chain of `promotes` leads from staging to production");
}
