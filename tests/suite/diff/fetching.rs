//! What `git smp diff` fetches: only what is missing, from where it should be, and nothing else of the clone changes.

use std::collections::BTreeMap;
use std::path::Path;

use crate::diff::{commit_on, log};
use crate::support::{Deploy, World};

/// A world with everything served over HTTP, whose requests are seen.
fn served() -> Deploy {
    let deploy = World::deploy_like().over_open_http().main_over_http().build();
    deploy.trust();
    deploy
}

/// The repositories that were asked since so many requests, in order, each once.
fn asked_since(deploy: &Deploy, before: usize) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for seen in deploy.http().seen().iter().skip(before) {
        let name = seen.path.trim_start_matches('/').split('/').next().unwrap().to_owned();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Everything of the clone that belongs to its user.
fn own_things(deploy: &Deploy) -> BTreeMap<String, Vec<u8>> {
    let mut things: BTreeMap<String, Vec<u8>> = deploy
        .refs(&deploy.work)
        .into_iter()
        .filter(|(name, _)| !name.starts_with("refs/remotes/"))
        .map(|(name, id)| (name, id.into_bytes()))
        .collect();
    for file in ["HEAD", "FETCH_HEAD", "ORIG_HEAD", "index", "config", "packed-refs", "shallow"] {
        things.insert(file.into(), std::fs::read(deploy.work.join(".git").join(file)).unwrap_or_default());
    }
    things
}

#[test]
fn what_is_here_is_not_fetched() {
    let deploy = served();
    let before = deploy.http().seen().len();
    deploy.smp(&["diff"]).ok();
    assert_eq!(asked_since(&deploy, before), [""; 0]);
}

#[test]
fn a_missing_commit_comes_from_the_main_repository_and_only_once() {
    let deploy = served();
    let seventh = deploy.colleague_commits("Add a seventh thing");
    deploy.colleague_pushes(&deploy.staging, &seventh);
    let before = deploy.http().seen().len();
    let run = deploy.smp(&["diff"]);
    run.ok().prints(log(&deploy, &deploy.team, &format!("{}..{seventh}", deploy.nth(2))));
    assert_eq!(asked_since(&deploy, before), ["main.git"]);
    let fetches = deploy.http().seen().iter().skip(before).filter(|seen| seen.method == "GET").count();
    assert_eq!(fetches, 1);
    let after = deploy.http().seen().len();
    deploy.smp(&["diff"]).ok();
    assert_eq!(asked_since(&deploy, after), [""; 0]);
}

#[test]
fn what_several_questions_miss_is_fetched_once() {
    for args in [&["status"][..], &["promote", "-n"]] {
        let deploy = served();
        let seventh = deploy.colleague_commits("Add a seventh thing");
        deploy.colleague_pushes(&deploy.staging, &seventh);
        let before = deploy.http().seen().len();
        let run = deploy.smp(args);
        let of_main = |seen: &&crate::support::Seen| seen.method == "GET" && seen.path.starts_with("/main.git/");
        let asked = deploy.http().seen().iter().skip(before).filter(of_main).count();
        assert_eq!(asked, 2, "where its branch is, and what it has: {run}");
        run.ok().never_shows("unknown");
    }
}

// facts 11: history rewritten, the running commit gone from the main repository.
#[test]
fn a_commit_that_only_the_environment_has_comes_from_there_after_the_main_repository_was_asked() {
    let deploy = served();
    let hotfix = commit_on(&deploy, &deploy.team, &[deploy.nth(2)], "Ben", "Fix it in place");
    deploy.colleague_pushes(&deploy.production, &hotfix);
    let before = deploy.http().seen().len();
    deploy.smp(&["diff"]).ok().says("Fix it in place, by Ben");
    assert_eq!(asked_since(&deploy, before), ["main.git", "production.git"]);
}

#[test]
fn a_commit_that_nobody_has_is_an_error_that_names_it() {
    let deploy = served();
    std::fs::write(deploy.production.join("deployed"), "abcdef0123456789\n").unwrap();
    let run = deploy.smp(&["diff"]);
    run.exits(1).prints("").says("production runs abcdef012345, a commit that cannot be found").says("hint: ");
}

#[test]
fn a_fetch_leaves_everything_of_the_user_alone_whatever_is_configured() {
    let deploy = served();
    let seventh = deploy.colleague_commits("Add a seventh thing");
    deploy.colleague_pushes(&deploy.staging, &seventh);
    for tag in ["v7", "v8"] {
        deploy.git(&deploy.main, &["tag", tag, &seventh]);
    }
    deploy.git(&deploy.main, &["update-ref", "refs/heads/mine", &seventh]);
    let work = &deploy.work;
    deploy.git(work, &["update-ref", "refs/remotes/upstream/gone", deploy.nth(1)]);
    deploy.git(work, &["branch", "mine", deploy.nth(3)]);
    deploy.git(work, &["tag", "v8", deploy.nth(1)]);
    std::fs::write(work.join(".git/FETCH_HEAD"), "what the user fetched\n").unwrap();
    std::fs::write(work.join("LOG"), "what the user works on\n").unwrap();
    deploy.git(work, &["add", "LOG"]);
    for (key, value) in [
        ("fetch.prune", "true"),
        ("fetch.pruneTags", "true"),
        ("fetch.recurseSubmodules", "true"),
        ("submodule.recurse", "true"),
        ("fetch.writeCommitGraph", "true"),
        ("fetch.output", "compact"),
        ("fetch.all", "true"),
        ("remote.upstream.tagOpt", "--tags"),
        ("remote.upstream.fetch", "+refs/*:refs/*"),
        ("remote.upstream.prune", "true"),
        ("remote.upstream.followRemoteHEAD", "always"),
        ("remotes.default", "upstream production"),
    ] {
        deploy.git(work, &["config", "--replace-all", key, value]);
    }
    let before = own_things(&deploy);
    deploy.smp(&["diff"]).ok().prints_among("Add a seventh thing");
    assert_eq!(before, own_things(&deploy));
    let remotes = deploy.refs(work);
    assert_eq!(remotes["refs/remotes/upstream/master"], seventh);
    assert!(remotes.contains_key("refs/remotes/upstream/gone"), "{remotes:?}");
    assert_eq!(std::fs::read_to_string(work.join("LOG")).unwrap(), "what the user works on\n");
    assert!(!Path::new(&work.join(".git/objects/info/commit-graphs")).exists());
}

// F-GIT-4.
#[test]
fn locks_that_somebody_left_behind_do_not_matter() {
    let deploy = served();
    for lock in ["index.lock", "HEAD.lock", "config.lock", "packed-refs.lock", "shallow.lock"] {
        std::fs::write(deploy.work.join(".git").join(lock), "").unwrap();
    }
    let seventh = deploy.colleague_commits("Add a seventh thing");
    deploy.colleague_pushes(&deploy.staging, &seventh);
    deploy.smp(&["diff"]).ok().prints_among("Add a seventh thing");
    deploy.smp(&["status"]).ok();
}

/// A port of this machine where nobody listens.
pub fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// From now on the address `url` leads to a closed port, for git.
pub fn cut_off(deploy: &Deploy, url: &str) {
    let key = format!("url.http://127.0.0.1:{}/.insteadOf", closed_port());
    deploy.git(&deploy.work, &["config", &key, url]);
}

// facts 11: unknown is never up to date.
#[test]
fn a_page_that_nobody_serves_any_more_is_named_and_never_taken_for_up_to_date() {
    let mut deploy = World::deploy();
    deploy.trust();
    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    deploy.web = crate::support::Web::start();
    let run = deploy.smp(&["diff"]);
    run.exits(1)
        .prints("")
        .says("error: production: its page cannot be reached")
        .says("hint: ")
        .never_shows("same commit");
    deploy.smp(&["diff", "--json"]).exits(1).prints("");
    deploy.smp(&["diff", "--from", "HEAD~1"]).exits(1).prints("").says("error: staging: ");
}

// facts 11: the wrong cause reported.
#[test]
fn a_remote_that_does_not_answer_is_named_and_never_taken_for_up_to_date() {
    let deploy = World::deploy_like().without_pages().build();
    deploy.trust();
    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    cut_off(&deploy, deploy.urls()[2]);
    let run = deploy.smp(&["diff"]);
    run.exits(1).prints("").says("error: the remote production does not answer").says("because: ");
    run.says("git ls-remote production").never_shows("same commit");
}
