//! `git smp stage` with a pull request's number in place of a hash.

use super::*;
use crate::record::merged;

#[test]
fn a_fix_is_named_by_the_number_of_its_pull_request() {
    let deploy = proposed();
    merged(&deploy, "Begin the new editor (#428)", "editor");
    merged(&deploy, "Fix the login (#429)", "login");
    merged(&deploy, "Revert \"Fix the login (#429)\" (#430)", "other");
    let run = deploy.smp(&["stage", "--fix", "--pick", "#429", "--yes"]);
    run.ok()
        .says("Fix the login (#429)")
        .never_shows("the new editor")
        .never_shows("Revert");
    let (at, branch) = deploy.deployed_by(&deploy.staging);
    let subject = deploy.git(&at, &["log", "-1", "--format=%s", &branch]);
    assert_eq!(subject, "Fix the login (#429)");
    // A second run has nothing to do.
    deploy
        .smp(&["stage", "--fix", "--pick=#429", "--yes"])
        .ok()
        .says("has a copy of");
}

#[test]
fn of_a_merge_commit_the_commits_are_copied_that_it_brought() {
    let deploy = proposed();
    let base = deploy.git(&deploy.team, &["rev-parse", "HEAD"]);
    merged(&deploy, "Begin the new editor (#428)", "editor");
    let main = deploy.git(&deploy.team, &["rev-parse", "HEAD"]);
    deploy.git(&deploy.team, &["checkout", "-q", &base]);
    deploy.commit_files(&deploy.team, "Fix the login", &[("login", "one")]);
    let branch = deploy.commit_files(&deploy.team, "Fix the logout, too", &[("logout", "two")]);
    deploy.git(&deploy.team, &["checkout", "-q", &main]);
    let title = "Merge pull request #431 from rosi/login";
    deploy.git(
        &deploy.team,
        &["merge", "-q", "--no-ff", "-m", title, &branch],
    );
    let merge = deploy.git(&deploy.team, &["rev-parse", "HEAD"]);
    deploy.colleague_pushes(&deploy.main, &merge);
    deploy
        .smp(&["stage", "--fix", "--pick", "#431", "--yes"])
        .ok()
        .never_shows("the new editor");
    let (at, branch) = deploy.deployed_by(&deploy.staging);
    let range = format!("{}..{branch}", deploy.nth(5));
    let subjects = deploy.git(&at, &["log", "--reverse", "--format=%s", &range]);
    assert_eq!(subjects, "Fix the login\nFix the logout, too");
    // As a version it means the main branch up to that merge.
    let whole = deploy.smp(&["stage", "-n", "--fix", "#431"]);
    whole.exits(1).says("is not a fix of the candidate");
}

#[test]
fn none_and_several_are_refused_and_named() {
    let deploy = proposed();
    let before = deploy.snapshot();
    for args in [
        &["stage", "--fix", "--pick", "#99", "--yes"][..],
        &["stage", "--fix", "#99", "--yes"],
        &["stage", "#99"],
    ] {
        let run = deploy.smp(args);
        run.exits(1)
            .says("error: the main branch has no commit of pull request #99\n");
        run.says("because: no subject there ends in (#99) or begins with Merge pull request #99\n")
            .says("hint: ");
    }
    assert_eq!(deploy.snapshot(), before);
    let first = merged(&deploy, "Fix the login (#429)", "login");
    let second = merged(&deploy, "Fix the login, really (#429)", "logout");
    let run = deploy.smp(&["stage", "--fix", "--pick", "#429", "--yes"]);
    run.exits(1)
        .says("error: the main branch has several commits of pull request #429\n");
    run.says(&format!(
        "because: {} Fix the login (#429)\n",
        short(&first)
    ));
    run.says(&format!(
        "because: {} Fix the login, really (#429)\n",
        short(&second)
    ));
}

#[test]
fn staging_is_given_a_pull_request_by_its_number() {
    let deploy = recorded();
    deploy
        .smp(&["stage", "#424", "-n"])
        .ok()
        .says(&format!("then      {}", short(deploy.nth(4))));
}
