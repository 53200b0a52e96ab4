//! The target commit: the named one, or the one that ran before.

use super::*;
use crate::sample::sample;

#[track_caller]
fn default_of(deploy: &Deploy) -> Run {
    deploy.smp(&["rollback", "-n"])
}

#[track_caller]
fn leads_to(deploy: &Deploy, number: usize) {
    default_of(deploy).ok().says(&format!(
        "push {} to {}",
        short(deploy.nth(number)),
        deploy.goes_to("production")
    ));
}

#[test]
fn a_second_rollback_leads_further_back_and_never_forward() {
    let deploy = recorded(World::deploy_like().without_pages());
    leads_to(&deploy, 4);
    says_yes(&deploy, &["rollback"]).ok();
    leads_to(&deploy, 2);
    says_yes(&deploy, &["rollback", "production"]).ok();
    deploy.ran([2, 4, 5, 4, 2]);
    let run = default_of(&deploy);
    run.exits(1).says(&format!(
        "it is unknown what production ran before {}",
        short(deploy.nth(2))
    ));
    run.says("hint: find the hash of the commit: git log --oneline ")
        .says("hint: then replace the dots with it: git smp rollback --to '...'\n");
    // Commits before the record can still be named.
    rolls_back(&deploy, 1, &[]).ok();
    deploy.chain();
}

#[test]
fn the_first_deploy_of_all_has_nothing_to_go_back_to() {
    let world = World::deploy_like().without_pages().toml(RECORD);
    let deploy = ready(world.on(Topology::Remotes));
    let production = &deploy.production;
    deploy.git(production, &["update-ref", "-d", "refs/heads/master"]);
    for file in ["deployed", "deploys"] {
        std::fs::remove_file(production.join(file)).unwrap();
    }
    promotes(&deploy, &["-q"]).ok();
    let run = default_of(&deploy);
    run.exits(1).says(&format!(
        "error: {} is the first deploy to production, so there is nothing to roll back to",
        short(deploy.nth(5))
    ));
    run.says("because: the record has no earlier deploy, and the branch of production did not exist before")
        .says(&format!(
            "hint: revert {} on the main branch, then: git smp stage\n",
            short(deploy.nth(5))
        ));
}

#[test]
fn what_was_put_back_to_a_commit_that_never_ran_there_does_not_go_forward_again() {
    let deploy = recorded(World::deploy_like().without_pages());
    rolls_back(&deploy, 3, &[]).ok();
    let run = default_of(&deploy);
    run.exits(1).says(&format!(
        "it is unknown what production ran before {}",
        short(deploy.nth(3))
    ));
    run.says("hint: find the hash of the commit: git log --oneline ")
        .says("hint: then replace the dots with it: git smp rollback --to '...'\n");
    ships(&deploy, 6);
    leads_to(&deploy, 3);
}

#[test]
fn after_something_new_was_promoted_it_is_what_ran_before_that() {
    let deploy = recorded(World::deploy_like().without_pages());
    says_yes(&deploy, &["rollback"]).ok();
    ships(&deploy, 6);
    leads_to(&deploy, 4);
    says_yes(&deploy, &["rollback"]).ok();
    leads_to(&deploy, 2);
    deploy.chain();
}

#[test]
fn what_was_shipped_again_is_what_ran_before_again() {
    let deploy = recorded(World::deploy_like().without_pages());
    says_yes(&deploy, &["rollback"]).ok();
    ships(&deploy, 5);
    leads_to(&deploy, 4);
    ships(&deploy, 6);
    leads_to(&deploy, 5);
}

#[test]
fn what_somebody_deployed_past_the_record_has_what_ran_before_it() {
    let deploy = recorded(World::deploy_like().without_pages());
    deploy.colleague_pushes(&deploy.production, deploy.nth(6));
    leads_to(&deploy, 5);
    rolls_back(&deploy, 5, &[]).ok();
    let chain = deploy.chain();
    assert_eq!(chain.only("rolled-back").field("From"), deploy.nth(6));
    assert_eq!(
        (
            chain.only("observed").field("From"),
            chain.only("observed").field("Commit")
        ),
        (deploy.nth(5), deploy.nth(6))
    );
}

#[test]
fn where_nobody_can_tell_whether_it_was_deployed_past_the_record_nothing_is_known_before_it() {
    let deploy = recorded(World::deploy_like());
    deploy.web.set("/production", Page::commit(deploy.nth(6)));
    default_of(&deploy)
        .exits(1)
        .says(" is unknown")
        .says("the record does not say what");
    assert_eq!(deploy.chain().count("observed"), 0);
}

#[test]
fn without_a_record_it_must_be_named() {
    let deploy = shipped(World::deploy_like());
    let before = deploy.snapshot();
    let run = default_of(&deploy);
    run.exits(1)
        .says(" is unknown")
        .says("because: smp.toml has no [record]")
        .says("hint: find the hash of the commit: git log --oneline ")
        .says("hint: then replace the dots with it: git smp rollback --to '...'\n");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_hash_may_be_short_and_in_capitals() {
    let deploy = shipped(World::deploy_like().without_pages());
    deploy
        .smp(&["rollback", "--yes", "--to", &deploy.nth(4)[..7]])
        .ok();
    deploy
        .smp(&["rollback", "--yes", "--to", &deploy.nth(2).to_uppercase()])
        .ok();
    deploy.ran([2, 5, 4, 2]);
}

#[test]
fn what_is_newer_or_beside_it_is_no_rollback() {
    let deploy = shipped(World::deploy_like().without_pages());
    let before = deploy.snapshot();
    let run = rolls_back(&deploy, 6, &[]);
    run.exits(1)
        .says("is not an ancestor of the commit that production runs")
        .says("that production does not run");
    run.says("or promote: git smp promote production");
    deploy
        .smp(&["rollback", "-n", "--to", deploy.nth(6)])
        .exits(1)
        .says("is not an ancestor");
    let terminal = person(&deploy).terminal(&["rollback", "--to", deploy.nth(6)]);
    terminal.ends().exits(1).says("is not an ancestor");
    assert_eq!(deploy.snapshot(), before);

    deploy.git(&deploy.work, &["checkout", "-q", "--detach", deploy.nth(4)]);
    let beside = deploy.commit(&deploy.work, "Another way");
    let run = deploy.smp(&["rollback", "--yes", "--to", &beside]);
    run.exits(1)
        .says("is not an ancestor of the commit that production runs")
        .says("has 1 commit that production does not run");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn nothing_is_put_back_where_nothing_runs() {
    let deploy = ready(
        World::deploy_like()
            .on(Topology::Remotes)
            .without_pages()
            .toml(RECORD),
    );
    deploy.git(
        &deploy.production,
        &["update-ref", "-d", "refs/heads/master"],
    );
    let before = deploy.snapshot();
    rolls_back(&deploy, 2, &[])
        .exits(1)
        .says("nothing is deployed on production yet");
    default_of(&deploy)
        .exits(1)
        .says("nothing is deployed on production yet");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_branch_that_is_not_there_is_not_made() {
    for world in [World::deploy_like(), World::deploy_like().without_pages()] {
        let deploy = shipped(world);
        deploy.renames(&deploy.production, "main");
        let before = deploy.snapshot();
        for run in [rolls_back(&deploy, 2, &[]), default_of(&deploy)] {
            run.exits(1).says(deploy.topology().differs().renamed);
        }
        assert_eq!(deploy.snapshot(), before);
    }
}

#[test]
fn what_names_no_commit_is_refused_before_anything_changes() {
    let deploy = shipped(World::deploy_like().without_pages());
    deploy.git(
        &deploy.work,
        &["tag", "-a", "v1", "-m", "a tag", deploy.nth(2)],
    );
    // A tag named like a short hash does not mislead.
    deploy.git(&deploy.work, &["tag", short(deploy.nth(4)), deploy.nth(1)]);
    let before = deploy.snapshot();
    for wrong in sample(
        2,
        [
            "",
            "abc",
            "HEAD",
            "HEAD~1",
            "v1",
            "master",
            "production",
            "0x123456",
            "deade",
            &"a".repeat(65),
        ],
    ) {
        deploy
            .smp(&["rollback", "--yes", "--to", wrong])
            .exits(2)
            .says("error: ")
            .says("git log --oneline")
            // Without a record `history` has nothing to show.
            .never_shows("git smp history");
    }
    let unknown = "deadbeef".repeat(5);
    let run = deploy.smp(&["rollback", "--yes", "--to", &unknown]);
    run.exits(1)
        .says(&format!("there is no commit {unknown} in this clone"))
        .says("hint: ");
    let tree = deploy.git(&deploy.work, &["rev-parse", "HEAD^{tree}"]);
    deploy
        .smp(&["rollback", "--yes", "--to", &tree])
        .exits(1)
        .says("is not a commit, but a tree");
    assert_eq!(deploy.snapshot(), before);
    deploy
        .smp(&["rollback", "--yes", "--to", short(deploy.nth(4))])
        .ok();
    assert_eq!(deploy.master(&deploy.production), deploy.nth(4));
}

#[test]
fn a_hash_of_two_commits_is_none() {
    let deploy = shipped(World::deploy_like().without_pages());
    let tree = deploy
        .runner()
        .cwd(&deploy.work)
        .program("git", &["mktree"])
        .ok()
        .out();
    let [one, other] = [13_277, 34_226].map(|second| {
        let who = format!("A <a@example.com> {second} +0000");
        let text = format!(
            "tree {}\nauthor {who}\ncommitter {who}\n\nA commit\n",
            tree.trim_end()
        );
        let git = deploy.runner().cwd(&deploy.work).stdin(text);
        git.program("git", &["hash-object", "-t", "commit", "-w", "--stdin"])
            .ok()
            .out()
    });
    let twice = &one[..7];
    assert!(one != other && other.starts_with(twice), "{one} {other}");
    let before = deploy.snapshot();
    let run = deploy.smp(&["rollback", "--yes", "--to", twice]);
    run.exits(1)
        .says(&format!("the hash {twice} is ambiguous"))
        .says(&format!(
            "hint: type more of its digits; to see them: git rev-parse --disambiguate={twice}\n"
        ));
    assert_eq!(deploy.snapshot(), before);
}
