//! What `git smp diff` fetches: only missing commits, from where they should be, without other changes in the clone.

use std::collections::BTreeMap;
use std::path::Path;

use crate::diff::{commit_on, log};
use crate::sample::sample;
use crate::support::{Deploy, Topology, World, topologies};

/// A world with everything served over HTTP, which records the requests.
fn served() -> Deploy {
    served_on(Topology::default())
}

fn served_on(topology: Topology) -> Deploy {
    World::deploy_like()
        .on(topology)
        .over_open_http()
        .main_over_http()
        .ready()
}

/// Returns the repositories that were asked after the first `before` requests, in order, each once.
fn asked_since(deploy: &Deploy, before: usize) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for seen in deploy.http().seen().iter().skip(before) {
        let name = seen
            .path
            .trim_start_matches('/')
            .split('/')
            .next()
            .unwrap()
            .to_owned();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Returns all of the clone's data that belongs to its user.
fn own_things(deploy: &Deploy) -> BTreeMap<String, Vec<u8>> {
    let refs = deploy.refs(&deploy.work).into_iter();
    let refs = refs.filter(|(name, _)| name != "refs/smp/main");
    let mut things: BTreeMap<String, Vec<u8>> =
        refs.map(|(name, id)| (name, id.into_bytes())).collect();
    for file in [
        "HEAD",
        "FETCH_HEAD",
        "ORIG_HEAD",
        "index",
        "config",
        "packed-refs",
        "shallow",
    ] {
        things.insert(
            file.into(),
            std::fs::read(deploy.work.join(".git").join(file)).unwrap_or_default(),
        );
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
    for topology in topologies() {
        let deploy = served_on(topology);
        let seventh = deploy.colleague_commits("Add a seventh thing");
        deploy.colleague_pushes(&deploy.staging, &seventh);
        let before = deploy.http().seen().len();
        let run = deploy.smp(&["diff"]);
        run.ok().prints(log(
            &deploy,
            &deploy.team,
            &format!("{}..{seventh}", deploy.nth(2)),
        ));
        assert_eq!(asked_since(&deploy, before), ["main.git"]);
        let fetches = deploy
            .http()
            .seen()
            .iter()
            .skip(before)
            .filter(|seen| seen.method == "GET")
            .count();
        assert_eq!(fetches, 1);
        let after = deploy.http().seen().len();
        deploy.smp(&["diff"]).ok();
        assert_eq!(asked_since(&deploy, after), [""; 0]);
    }
}

#[test]
fn what_several_questions_miss_is_fetched_once() {
    for args in [&["status"][..], &["promote", "-n"]] {
        let deploy = served_on(Topology::Remotes);
        let seventh = deploy.colleague_commits("Add a seventh thing");
        deploy.colleague_pushes(&deploy.staging, &seventh);
        let before = deploy.http().seen().len();
        let run = deploy.smp(args);
        let of_main = |seen: &&crate::support::Seen| {
            seen.method == "GET" && seen.path.starts_with("/main.git/")
        };
        let asked = deploy
            .http()
            .seen()
            .iter()
            .skip(before)
            .filter(of_main)
            .count();
        assert_eq!(asked, 1, "where its branch is brings what it has: {run}");
        run.ok().never_shows("unknown");
    }
}

// facts 11: history was rewritten, and the main repository lacks the running commit.
#[test]
fn a_commit_that_only_the_environment_has_comes_from_there_after_the_main_repository_was_asked() {
    for topology in topologies() {
        let deploy = served_on(topology);
        let hotfix = commit_on(
            &deploy,
            &deploy.team,
            &[deploy.nth(2)],
            "Ben",
            "Fix it in place",
        );
        deploy.colleague_pushes(&deploy.production, &hotfix);
        let before = deploy.http().seen().len();
        deploy.smp(&["diff"]).ok().says("Fix it in place, by Ben");
        assert_eq!(
            asked_since(&deploy, before),
            topology.differs().asked_for_a_hotfix
        );
    }
}

#[test]
fn a_commit_that_nobody_has_is_an_error_that_names_it() {
    let deploy = served();
    std::fs::write(deploy.production.join("deployed"), "abcdef0123456789\n").unwrap();
    let run = deploy.smp(&["diff"]);
    run.exits(1)
        .prints("")
        .says("production runs abcdef012345, a commit that cannot be found")
        .says("hint: ");
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
    deploy.git(
        work,
        &["update-ref", "refs/remotes/upstream/gone", deploy.nth(1)],
    );
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
    deploy
        .smp(&["diff"])
        .ok()
        .prints_among("Add a seventh thing");
    assert_eq!(before, own_things(&deploy));
    assert_eq!(
        std::fs::read_to_string(work.join("LOG")).unwrap(),
        "what the user works on\n"
    );
    assert!(!Path::new(&work.join(".git/objects/info/commit-graphs")).exists());
}

/// A world whose main repository and staging are one commit ahead of the clone.
fn ahead() -> (Deploy, String) {
    let deploy = served();
    let seventh = deploy.colleague_commits("Add a seventh thing");
    deploy.colleague_pushes(&deploy.staging, &seventh);
    (deploy, seventh)
}

/// Asserts that every fetching command succeeds without a warning.
#[track_caller]
fn all_goes_well(deploy: &Deploy, seventh: &str) {
    let before = own_things(deploy);
    deploy
        .smp(&["status"])
        .ok()
        .never_shows("unknown")
        .never_shows("does not answer");
    deploy
        .smp(&["diff"])
        .ok()
        .prints_among("Add a seventh thing");
    assert_eq!(before, own_things(deploy));
    // A push by git updates the tracking ref, if possible.
    let promotion = ["promote", "--yes", "--commit", seventh, "--timeout", "20"];
    deploy
        .smp(&promotion)
        .ok()
        .says("done: production runs")
        .never_shows("lock")
        .never_shows("does not answer");
}

// facts 12.6: genova#308, atlantis#6682, shipit-engine#179.
#[test]
fn a_branch_that_became_a_folder_is_in_nobodys_way() {
    let (deploy, seventh) = ahead();
    deploy.in_clone("update-ref -d refs/remotes/upstream/master");
    for place in sample(
        3,
        [
            "upstream/feature",
            "upstream/master/old",
            "staging/master/old",
            "production/master/old",
        ],
    ) {
        deploy.git(
            &deploy.work,
            &[
                "update-ref",
                &format!("refs/remotes/{place}"),
                deploy.nth(1),
            ],
        );
    }
    deploy.git(
        &deploy.main,
        &["update-ref", "refs/heads/feature/x", deploy.nth(1)],
    );
    all_goes_well(&deploy, &seventh);
}

#[test]
fn a_lock_on_what_tracks_a_branch_is_in_nobodys_way() {
    let (deploy, seventh) = ahead();
    for remote in ["upstream", "staging", "production"] {
        let folder = deploy.work.join(".git/refs/remotes").join(remote);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("master.lock"), "").unwrap();
    }
    all_goes_well(&deploy, &seventh);
}

/// Puts a colleague's commit on each of these branches of the main repository.
fn branches_of_colleagues(deploy: &Deploy, names: [&str; 2]) -> [String; 2] {
    names.map(|name| {
        let commit = commit_on(
            deploy,
            &deploy.team,
            &[deploy.nth(6)],
            "Ben",
            &format!("Try {name}"),
        );
        let refspec = format!("{commit}:refs/heads/{name}");
        deploy.git(
            &deploy.team,
            &["push", "-q", deploy.main.to_str().unwrap(), &refspec],
        );
        commit
    })
}

fn has(deploy: &Deploy, commit: &str) -> bool {
    let kind = deploy.in_clone("cat-file --batch-check --batch-all-objects");
    kind.contains(commit)
}

#[test]
fn a_clone_of_one_branch_stays_one() {
    let (deploy, seventh) = ahead();
    let one = "+refs/heads/master:refs/remotes/upstream/master";
    deploy.in_clone(&format!("config --replace-all remote.upstream.fetch {one}"));
    let others = branches_of_colleagues(&deploy, ["maps", "flags"]);
    all_goes_well(&deploy, &seventh);
    assert!(
        others.iter().all(|commit| !has(&deploy, commit)),
        "what nobody asked for came along"
    );
}

#[test]
fn a_commit_of_another_branch_comes_alone_where_its_whole_name_is_known() {
    let deploy = served();
    let [maps, flags] = branches_of_colleagues(&deploy, ["maps", "flags"]);
    std::fs::write(deploy.staging.join("deployed"), format!("{maps}\n")).unwrap();
    let before = own_things(&deploy);
    deploy.smp(&["diff"]).ok().prints_among("Try maps");
    assert!(has(&deploy, &maps) && !has(&deploy, &flags));
    assert_eq!(before, own_things(&deploy));
}

#[test]
fn a_commit_of_another_branch_is_found_by_its_first_digits_and_by_an_old_protocol() {
    for is_short in [true, false] {
        let deploy = served();
        deploy.configure("protocol.version", "0");
        let [maps, _] = branches_of_colleagues(&deploy, ["maps", "flags"]);
        // It is not the tip of its branch, and an old protocol only sends tips.
        let above = commit_on(&deploy, &deploy.team, &[&maps], "Ben", "Try more maps");
        let refspec = format!("{above}:refs/heads/maps");
        deploy.git(
            &deploy.team,
            &["push", "-q", deploy.main.to_str().unwrap(), &refspec],
        );
        let named = if is_short { &maps[..9] } else { &maps };
        std::fs::write(deploy.staging.join("deployed"), format!("{named}\n")).unwrap();
        let before = own_things(&deploy);
        deploy.smp(&["diff"]).ok().prints_among("Try maps");
        assert_eq!(before, own_things(&deploy));
    }
}

#[test]
fn a_fetch_that_the_clone_itself_is_in_the_way_of_does_not_blame_the_remote() {
    let (deploy, _) = ahead();
    let objects = deploy.work.join(".git/objects");
    let pack = objects.join("pack");
    // There is no space for new objects: a file is in every place.
    let _ = std::fs::remove_dir_all(&pack);
    for digits in 0..=255 {
        let folder = objects.join(format!("{digits:02x}"));
        if !folder.exists() {
            std::fs::write(folder, "").unwrap();
        }
    }
    deploy
        .smp(&["status"])
        .prints_among("could not be fetched from upstream")
        .never_shows("does not answer");
}

// F-GIT-4.
#[test]
fn locks_that_somebody_left_behind_do_not_matter() {
    let deploy = served();
    for lock in [
        "index.lock",
        "HEAD.lock",
        "config.lock",
        "packed-refs.lock",
        "shallow.lock",
    ] {
        std::fs::write(deploy.work.join(".git").join(lock), "").unwrap();
    }
    let seventh = deploy.colleague_commits("Add a seventh thing");
    deploy.colleague_pushes(&deploy.staging, &seventh);
    deploy
        .smp(&["diff"])
        .ok()
        .prints_among("Add a seventh thing");
    deploy.smp(&["status"]).ok();
}

/// A port where nobody listens. A port that was free a moment ago may be another test's by now.
pub const CLOSED_PORT: u16 = 1;

/// Redirects the address `url` to a closed port for git.
pub fn cut_off(deploy: &Deploy, url: &str) {
    let key = format!("url.http://127.0.0.1:{CLOSED_PORT}/.insteadOf");
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
    deploy
        .smp(&["diff", "--from", "HEAD~1"])
        .exits(1)
        .prints("")
        .says("error: staging: ");
}

// facts 11: the wrong cause reported.
#[test]
fn a_remote_that_does_not_answer_is_named_and_never_taken_for_up_to_date() {
    let deploy = World::deploy_like()
        .on(Topology::Remotes)
        .without_pages()
        .ready();
    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    cut_off(&deploy, deploy.urls()[2]);
    let run = deploy.smp(&["diff"]);
    run.exits(1)
        .prints("")
        .says("error: the remote production does not answer")
        .says("because: ");
    run.says("git ls-remote production")
        .never_shows("same commit");
}
