//! A bad commit, later commits, and its revert: which of them may ship after the bad one was rolled back.

use super::*;
use crate::record::{bens_clone, next};

/// Commits this on the main branch and returns the hash.
#[track_caller]
fn merges(deploy: &Deploy, message: &str) -> String {
    let hash = deploy.commit_files(&deploy.team, message, &[]);
    deploy.colleague_pushes(&deploy.main, &hash);
    hash
}

/// Reverts a commit on the main branch, like `git revert`.
#[track_caller]
fn reverts(deploy: &Deploy, hash: &str) -> String {
    let subject = deploy.git(&deploy.team, &["log", "-1", "--format=%s", hash]);
    merges(
        deploy,
        &format!("Revert \"{subject}\"\n\nThis reverts commit {hash}.\n"),
    )
}

/// Plans to ship this commit from staging without `--again`.
#[track_caller]
fn may_ship(deploy: &Deploy, commit: &str) -> Run {
    deploy.colleague_pushes(&deploy.staging, commit);
    deploy.smp(&["promote", "-n", "--json", "--yes", "--commit", commit])
}

#[track_caller]
fn is_held(deploy: &Deploy, commit: &str) {
    let run = may_ship(deploy, commit);
    assert_eq!(
        run.exits(1).json()["refusal"]["code"],
        "rolled-back",
        "{run}"
    );
}

#[test]
fn what_lies_between_a_bad_commit_and_its_revert_does_not_ship_the_bad_one_again() {
    let deploy = put_back_just_now(4);
    let revert = reverts(&deploy, deploy.nth(5));
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    let before = deploy.snapshot();
    let [six, five] = [6, 5].map(|nth| short(deploy.nth(nth)));
    let story = format!(
        "{six} contains {five}, which was rolled back from production by Ada Example just now"
    );
    promotes(&deploy, &[])
        .exits(1)
        .says(&format!("error: {story}: Maps are empty."))
        .says("git smp stage");
    is_held(&deploy, deploy.nth(6));
    assert_eq!(next(&deploy), "git smp stage");
    deploy.smp(&["status"]).ok().prints_among(&format!(
        "note: {five} was rolled back; stage a commit that corrects it\n"
    ));
    assert_eq!(deploy.snapshot(), before);

    // With the revert it equals production's commit, and ships.
    deploy.smp(&["stage", "--yes"]).ok();
    assert_eq!(next(&deploy), "git smp promote");
    let run = promotes(&deploy, &[]);
    run.ok().says(&format!(
        "warning: {five} was rolled back from production by Ada Example just now (Maps are empty.); "
    ));
    run.says(&format!(
        "{}, which reverts {five}, ships as well",
        short(&revert)
    ));
    assert_eq!(deploy.master(&deploy.production), revert);
    deploy.colleague_pushes(&deploy.production, deploy.nth(4));
    promotes(&deploy, &[]).ok().never_shows("rolled back");
}

#[test]
fn a_colleague_with_the_same_record_is_held_back_too_and_who_proposes_is_warned() {
    let deploy = put_back(4);
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    let ben = deploy.runner().cwd(bens_clone(&deploy));
    let story = format!(
        "contains {}, which was rolled back from production by Ada Example",
        short(deploy.nth(5))
    );
    ben.smp(&["promote", "--yes", "--commit", deploy.nth(6)])
        .exits(1)
        .says(&story);
    ben.smp(&["propose", "--yes"]).ok().says(&story);
    ben.smp(&["promote", "--yes", "--commit", deploy.nth(6)])
        .exits(1)
        .says(&story);
    ben.smp(&["promote", "--yes", "--again", "--commit", deploy.nth(6)])
        .ok();
    deploy.chain();
}

#[test]
fn a_revert_that_was_reverted_itself_mends_nothing() {
    let deploy = put_back(4);
    let once = reverts(&deploy, deploy.nth(5));
    let twice = reverts(&deploy, &once);
    let thrice = reverts(&deploy, &twice);
    is_held(&deploy, &twice);
    may_ship(&deploy, &once).ok();
    may_ship(&deploy, &thrice).ok();
    // Or reapplied in git's newer words.
    let reapplied = merges(
        &deploy,
        &format!("Reapply \"Fix it\"\n\nThis reverts commit {thrice}.\n"),
    );
    is_held(&deploy, &reapplied);
}

#[test]
fn a_revert_of_one_of_several_that_were_taken_away_is_one_and_is_named() {
    let deploy = put_back(2);
    let revert = reverts(&deploy, deploy.nth(4));
    deploy.colleague_pushes(&deploy.staging, &revert);
    let run = deploy.smp(&["promote", "-n", "--yes", "--commit", &revert]);
    run.ok().says(&format!(
        "{}, which reverts {}, ships as well; check that",
        short(&revert),
        short(deploy.nth(4))
    ));
}

#[test]
fn a_revert_of_what_production_still_runs_or_of_what_came_later_mends_nothing() {
    let deploy = put_back(4);
    let older = reverts(&deploy, deploy.nth(3));
    is_held(&deploy, &older);
    let newer = reverts(&deploy, deploy.nth(6));
    is_held(&deploy, &newer);
}

#[test]
fn a_revert_that_was_rolled_back_with_the_rest_mends_nothing() {
    let deploy = put_back(4);
    let revert = reverts(&deploy, deploy.nth(5));
    deploy.colleague_pushes(&deploy.staging, &revert);
    promotes(&deploy, &[]).ok();
    rolls_back(&deploy, 4, &["--reason", "Still empty."]).ok();
    let later = merges(&deploy, "Colour the layers (#431)");
    is_held(&deploy, &revert);
    is_held(&deploy, &later);
}

#[test]
fn the_revert_of_a_merge_mends_what_the_merge_brought() {
    let deploy = recorded(World::deploy_like().without_pages());
    let git = |args: &[&str]| deploy.git(&deploy.team, args);
    git(&["checkout", "-q", "--detach", deploy.nth(5)]);
    let side = deploy.commit_files(&deploy.team, "Draw legends", &[("legend", "x\n")]);
    git(&["checkout", "-q", "--detach", deploy.nth(6)]);
    git(&[
        "merge",
        "-q",
        "--no-ff",
        "-m",
        "Merge pull request #430 from someone/legends",
        &side,
    ]);
    let merge = git(&["rev-parse", "HEAD"]);
    deploy.colleague_pushes(&deploy.main, &merge);
    deploy.colleague_pushes(&deploy.staging, &merge);
    promotes(&deploy, &[]).ok();
    rolls_back(&deploy, 5, &[]).ok();
    let later = merges(&deploy, "Colour the layers (#431)");
    is_held(&deploy, &later);
    let six = deploy.nth(6);
    let revert = format!(
        "Revert \"Draw legends\"\n\nThis reverts commit {merge}, reversing\nchanges made to {six}.\n"
    );
    let revert = merges(&deploy, &revert);
    may_ship(&deploy, &revert).ok();
}

#[test]
fn a_revert_by_the_number_of_its_pull_request_is_one() {
    let deploy = put_back(4);
    let other = merges(
        &deploy,
        "Revert \"Sort layers by name (#427)\" (#432)\n\nReverts team/maps#427\n",
    );
    is_held(&deploy, &other);
    let title = "Revert \"Fix malformed view variable in MapItems (#425)\" (#433)";
    let revert = merges(&deploy, &format!("{title}\n\nReverts team/maps#425\n"));
    may_ship(&deploy, &revert).ok();
}

#[test]
fn what_only_sounds_like_a_revert_is_none() {
    let deploy = put_back(4);
    let five = deploy.nth(5);
    for message in [
        format!("Sort maps\n\nThis does not revert commit {five}.\n"),
        format!("Mention {five}"),
        "Revert \"Fix malformed view variable in MapItems\"".to_owned(),
        format!("Fix it\n\nSee {five}; This reverts commit nothing.\n"),
        format!("Revert it\n\nThis reverts commit {}.\n", &five[..6]),
    ] {
        let commit = merges(&deploy, &message);
        is_held(&deploy, &commit);
    }
}

#[test]
fn what_has_nothing_of_what_was_rolled_back_ships_with_a_warning() {
    let deploy = put_back(4);
    deploy.git(&deploy.team, &["checkout", "-q", "--detach", deploy.nth(4)]);
    let hotfix = deploy.commit(&deploy.team, "Fix login loop");
    deploy.colleague_pushes(&deploy.staging, &hotfix);
    promotes(&deploy, &["-n"])
        .ok()
        .says("(Maps are empty.); check that this deploy corrects the problem");
}
