//! `--first` on hosts that create no app. `machine::first_push` tests the others over ssh.

use crate::support::{Topology, World};

#[test]
fn first_where_the_app_is_there_is_a_note_and_no_error() {
    let deploy = World::deploy_like().on(Topology::Remotes).ready();
    let run = deploy.smp(&["stage", "--first", "--yes"]);
    run.ok()
        .says("staging already has its app, so --first changes nothing")
        .says("done: staging runs");
    let run = deploy.smp(&["promote", "--first", "--yes", "--commit", deploy.nth(6)]);
    run.ok()
        .says("production already has its app, so --first changes nothing")
        .says("done: production runs");
}

#[test]
fn first_where_the_branch_is_missing_is_not_said_to_find_its_app() {
    let deploy = World::deploy_like().ready();
    deploy.renames(&deploy.production, "main");
    let commit = deploy.nth(5).to_owned();
    let run = deploy.smp(&["promote", "--first", "--yes", "--commit", &commit]);
    run.exits(1).never_shows("already has its app");
}

#[test]
fn a_misspelled_address_stays_an_error_with_both_of_its_meanings() {
    let readings = "its address is misspelled, or you are not allowed to read it";
    let deploy = World::deploy_like()
        .on(Topology::Remotes)
        .over_open_http()
        .build();
    let misspelled = deploy.urls()[1].replace("staging.git", "stagin.git");
    deploy.write_toml(&deploy.toml().replace(deploy.urls()[1], &misspelled));
    let run = deploy.smp(&["setup", "--yes"]);
    run.exits(1)
        .prints_among("FAIL  staging")
        .prints_among(readings)
        .never_shows("first push");
    deploy
        .smp(&["stage", "--first", "--yes"])
        .exits(1)
        .says("does not answer")
        .says(readings);

    let by_path = World::deploy_like().on(Topology::Remotes).build();
    by_path.write_toml(&by_path.toml().replace("/staging.git", "/stagin.git"));
    by_path
        .smp(&["setup", "--yes"])
        .exits(1)
        .prints_among("FAIL  staging")
        .never_shows("first push");
    assert!(!by_path.path("stagin.git").exists());
}
