//! `git smp diff`: it prints git's own list, its statements are true, and it only fetches what is missing.

mod ends;
pub mod fetching;
mod formats;
mod links;

use std::path::Path;

use crate::support::{Deploy, TOPOLOGIES, Topology, World};

/// Returns git's own list.
#[track_caller]
pub fn log(world: &World, folder: impl AsRef<Path>, range: &str) -> Vec<u8> {
    let args = [
        "log",
        "--oneline",
        "--no-merges",
        "--no-decorate",
        "--no-color",
        range,
    ];
    world.try_git(folder, &args).ok().stdout.clone()
}

/// Returns a range between two commits of the standard history.
pub fn range(deploy: &Deploy, from: usize, to: usize) -> String {
    format!("{}..{}", deploy.nth(from), deploy.nth(to))
}

/// Returns the eight digits that people see.
pub fn short(hash: &str) -> &str {
    &hash[..8]
}

/// Makes a commit with the tree of its first parent, on no branch yet.
#[track_caller]
pub fn commit_on(
    world: &World,
    folder: impl AsRef<Path>,
    parents: &[&str],
    author: &str,
    subject: &str,
) -> String {
    let (date, tree) = (world.later(), format!("{}^{{tree}}", parents[0]));
    let mut args = vec!["commit-tree", &tree];
    parents
        .iter()
        .for_each(|parent| args.extend(["-p", *parent]));
    let runner = world
        .runner()
        .cwd(folder)
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_COMMITTER_DATE", &date);
    let run = runner
        .env("GIT_AUTHOR_NAME", author)
        .stdin(subject)
        .program("git", &args);
    run.ok().out().trim_end().to_owned()
}

/// Deploys a hotfix to production by hand that staging lacks; returns its hash.
#[track_caller]
pub fn production_has_a_hotfix(deploy: &Deploy, author: &str, subject: &str) -> String {
    let hotfix = commit_on(deploy, &deploy.team, &[deploy.nth(2)], author, subject);
    deploy.colleague_pushes(&deploy.production, &hotfix);
    hotfix
}

#[test]
fn the_list_is_git_logs_byte_for_byte() {
    let worlds = TOPOLOGIES.map(|topology| World::deploy_like().on(topology));
    let without_pages = worlds.clone().map(|world| world.without_pages());
    for builder in worlds.into_iter().chain(without_pages) {
        let deploy = builder.ready();
        let expected = log(&deploy, &deploy.team, &range(&deploy, 2, 5));
        assert_eq!(expected.iter().filter(|byte| **byte == b'\n').count(), 3);
        let [staging, production] = [5, 2].map(|nth| short(deploy.nth(nth)).to_owned());
        let run = deploy.smp(&["diff"]);
        run.ok().prints(&expected);
        run.says(&format!(
            "staging ({staging}) is 3 commits ahead of production ({production})\n"
        ));
        deploy.smp(&["diff", "production"]).ok().prints(&expected);
        let quiet = deploy.smp(&["-q", "diff"]);
        assert_eq!(quiet.ok().prints(&expected).stderr, "");
    }
}

#[test]
fn the_users_taste_in_logs_changes_the_list_as_little_as_it_changes_git_log_oneline() {
    let deploy = World::deploy_like().ready();
    for (key, value) in [
        ("color.ui", "always"),
        ("log.decorate", "full"),
        ("format.pretty", "fuller"),
        ("log.abbrevCommit", "false"),
        ("log.date", "relative"),
        ("core.abbrev", "11"),
        ("core.pager", "false"),
    ] {
        deploy.configure(key, value);
    }
    let expected = log(&deploy, &deploy.work, &range(&deploy, 2, 5));
    assert!(expected.starts_with(&deploy.nth(5).as_bytes()[..11]));
    deploy.smp(&["diff"]).ok().prints(&expected);
}

// facts 11: nothing to ship.
#[test]
fn where_both_run_the_same_there_is_nothing_to_list() {
    let deploy = World::deploy_like().ready();
    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    let run = deploy.smp(&["diff", "--exit-code"]);
    let hash = short(deploy.nth(5));
    run.ok().prints("").says(&format!(
        "staging ({hash}) and production ({hash}) are the same commit\n"
    ));
}

#[test]
fn differences_end_with_one_where_the_exit_code_is_asked_for_and_with_zero_elsewhere() {
    let deploy = World::deploy_like().without_pages().ready();
    let expected = log(&deploy, &deploy.team, &range(&deploy, 2, 5));
    deploy
        .smp(&["diff", "--exit-code"])
        .exits(1)
        .prints(&expected)
        .never_shows("error:");
    deploy.smp(&["diff"]).ok();
    deploy.colleague_pushes(&deploy.production, deploy.nth(6));
    deploy.smp(&["diff", "--exit-code"]).exits(1).prints("");
    deploy
        .smp(&["diff", "--exit-code", "--json"])
        .exits(1)
        .prints_among("\"behind\"");
}

// facts 11: staging is behind production.
#[test]
fn what_going_back_would_take_away_is_told() {
    let deploy = World::deploy_like().ready();
    deploy.colleague_pushes(&deploy.production, deploy.nth(6));
    let run = deploy.smp(&["diff"]);
    let [staging, production] = [5, 6].map(|nth| short(deploy.nth(nth)));
    run.ok().prints("").says(&format!(
        "staging ({staging}) is behind production ({production}): nothing would ship\n"
    ));
    let line = format!(
        "  {} Sort layers by name (#427), by Ada Example\n",
        &deploy.nth(6)[..7]
    );
    run.says(&format!(
        "1 commit of production ({production}) is not in staging ({staging}) and would disappear:\n"
    ));
    run.says(&line);
}

// LOG-06; facts 11: production has a hotfix that staging lacks.
#[test]
fn a_hotfix_that_staging_lacks_is_no_part_of_the_list_and_told_with_its_author() {
    let deploy = World::deploy_like().ready();
    let hotfix = production_has_a_hotfix(&deploy, "Ben Hotfix", "Fix login loop");
    let run = deploy.smp(&["diff"]);
    run.ok()
        .prints(log(&deploy, &deploy.team, &range(&deploy, 2, 5)));
    run.says("have diverged: 3 commits would ship\n")
        .says("would disappear");
    run.says(&format!(
        "  {} Fix login loop, by Ben Hotfix\n",
        &hotfix[..7]
    ));
    deploy.smp(&["diff", "--exit-code"]).exits(1);
}

// LOG-07.
#[test]
fn merges_are_left_out_and_counted() {
    let deploy = World::deploy_like().without_pages().ready();
    let side = commit_on(
        &deploy,
        &deploy.team,
        &[deploy.nth(3)],
        "Ada Example",
        "Work on the side",
    );
    let merge = commit_on(
        &deploy,
        &deploy.team,
        &[deploy.nth(5), &side],
        "Ada Example",
        "Merge the side",
    );
    let octopus = commit_on(
        &deploy,
        &deploy.team,
        &[&merge, deploy.nth(6), deploy.nth(4)],
        "Ada Example",
        "Merge it all",
    );
    deploy.colleague_pushes(&deploy.staging, &octopus);
    let run = deploy.smp(&["diff"]);
    run.ok().prints(log(
        &deploy,
        &deploy.team,
        &format!("{}..{octopus}", deploy.nth(2)),
    ));
    run.prints_among("Work on the side")
        .says("is 5 commits ahead of")
        .says(", and 2 merges\n");
    let json = deploy.smp(&["diff", "--json"]).ok().json();
    assert_eq!(json["merges"], 2);
    assert_eq!(json["ships"].as_array().unwrap().len(), 5);

    // A single merge ships too.
    deploy.colleague_pushes(&deploy.production, &merge);
    let more = commit_on(
        &deploy,
        &deploy.team,
        &[&merge, deploy.nth(4)],
        "Ada Example",
        "Merge what is there",
    );
    deploy.colleague_pushes(&deploy.staging, &more);
    deploy
        .smp(&["diff", "--exit-code"])
        .exits(1)
        .prints("")
        .says(", and 1 merge\n");
    deploy
        .smp(&["diff", "--markdown"])
        .ok()
        .prints_among("Merges, not listed: 1")
        .never_shows("Nothing would ship");
}

// LOG-07.
#[test]
fn histories_without_a_common_commit_have_diverged() {
    let deploy = World::deploy_like().without_pages().ready();
    let tree = format!("{}^{{tree}}", deploy.nth(1));
    let root = deploy.git(&deploy.team, &["commit-tree", &tree, "-m", "Begin anew"]);
    deploy.colleague_pushes(&deploy.staging, &root);
    let run = deploy.smp(&["diff"]);
    run.ok()
        .prints(format!("{} Begin anew\n", &root[..7]))
        .says("have diverged")
        .says("2 commits of production");
}

// facts 11: first deploy.
#[test]
fn before_the_first_deploy_all_history_ships() {
    for builder in [World::deploy_like(), World::deploy_like().without_pages()] {
        let deploy = builder.on(Topology::Remotes).build();
        deploy.git(
            &deploy.production,
            &["update-ref", "-d", "refs/heads/master"],
        );
        std::fs::remove_file(deploy.production.join("deployed")).unwrap();
        deploy.trust();
        let run = deploy.smp(&["diff"]);
        run.ok()
            .prints(log(&deploy, &deploy.team, deploy.nth(5)))
            .says("production (nothing deployed yet)");
        run.never_shows("compare");
        let json = deploy.smp(&["diff", "--json"]).ok().json();
        assert_eq!(
            json["from"],
            serde_json::json!({"environment": "production", "commit": null})
        );
        assert_eq!(
            (&json["relation"], &json["compare_url"]),
            (&"ahead".into(), &serde_json::Value::Null)
        );
        assert_eq!(json["ships"].as_array().unwrap().len(), 5);
    }
}

#[test]
fn with_nothing_on_staging_there_is_nothing_to_compare() {
    let deploy = World::deploy_like()
        .on(Topology::Remotes)
        .without_pages()
        .build();
    deploy.git(&deploy.staging, &["update-ref", "-d", "refs/heads/master"]);
    deploy.trust();
    deploy
        .smp(&["diff"])
        .exits(1)
        .prints("")
        .says("nothing is deployed on staging yet")
        .says("hint: ");
}

// facts 11: rolled back on the platform, with the branch still at the bad commit.
#[test]
fn the_list_begins_at_what_runs_and_not_at_the_ref() {
    let deploy = World::deploy_like().ready();
    // A fetch into it moves the branch and deploys nothing.
    deploy.moves_silently(&deploy.production);
    assert_eq!(deploy.master(&deploy.production), deploy.nth(6));
    deploy
        .smp(&["diff"])
        .ok()
        .prints(log(&deploy, &deploy.team, &range(&deploy, 2, 5)));
}
