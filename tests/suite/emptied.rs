//! The app runs, and its deploy repository is empty, as after `heroku repo:reset`.

use crate::promote::{promote, ready};
use crate::support::{Deploy, Page, World};

/// A world whose environment still runs after its repository was emptied.
#[track_caller]
fn emptied(environment: &str) -> Deploy {
    let deploy = ready(World::deploy_like());
    let bare = deploy.path(format!("{environment}.git"));
    deploy.git(&bare, &["update-ref", "-d", "refs/heads/master"]);
    deploy
}

/// Returns the finding about an environment.
#[track_caller]
pub fn finding(deploy: &Deploy, name: &str) -> serde_json::Value {
    let json = deploy.smp(&["status", "--json"]).ok().json();
    let found = json["environments"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == name);
    found.unwrap()["finding"].clone()
}

// cobyism/ghost-on-heroku#67
#[test]
fn an_app_whose_repository_was_emptied_was_not_rolled_back_and_the_next_promotion_fills_it() {
    let deploy = emptied("production");
    assert_eq!(finding(&deploy, "production"), "deployed-outside-git");
    let run = promote(&deploy, &[]);
    run.ok()
        .says("was deployed without a push to its git remote, which is empty")
        .says("done: production runs");
    run.never_shows("rolled back");
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    assert_eq!(finding(&deploy, "production"), serde_json::Value::Null);
}

#[test]
fn what_was_tested_on_a_staging_whose_repository_was_emptied_ships() {
    let deploy = emptied("staging");
    assert_eq!(finding(&deploy, "staging"), "deployed-outside-git");
    let run = promote(&deploy, &[]);
    run.ok()
        .says("warning: staging: ")
        .says("which is empty")
        .says("done: production runs");
    let deploy = emptied("staging");
    deploy
        .smp(&["status"])
        .ok()
        .prints_among("git smp promote")
        .prints_among("which is empty");
}

#[test]
fn setup_says_what_runs_where_the_repository_is_empty() {
    for name in ["staging", "production"] {
        let deploy = emptied(name);
        let out = deploy.smp(&["setup", "--check"]).ok().out();
        let line = out
            .lines()
            .find(|line| line.contains(&format!("  {name} ")))
            .unwrap();
        assert!(
            line.contains("answers; its repository is empty; but it runs "),
            "{line}"
        );
        assert!(out.contains("deployed-outside-git: "), "{out}");
    }
}

#[test]
fn an_emptied_repository_whose_page_comes_from_a_cache_is_still_a_question() {
    let deploy = emptied("production");
    deploy.web.set(
        "/production",
        Page::commit(deploy.nth(2)).header("Age", "600"),
    );
    assert_eq!(finding(&deploy, "production"), "cached-page");
    promote(&deploy, &[]).exits(1).never_shows("done:");
}
