use crate::core::words::ReleaseStatus;
use crate::git::host::HostAnswer;
use crate::sources::platform::dokku::response::*;
use crate::sources::platform::dokku::*;

const SHA: &str = "1111111111111111111111111111111111111111";

fn said(succeeded: bool, out: &str, said: &str) -> HostAnswer {
    HostAnswer {
        succeeded,
        out: out.to_owned(),
        said: said.to_owned(),
    }
}

/// Combines `git:report APP --format json` and `ps:report APP --format json` of 0.38.27.
fn told(git: &str, ps: &str) -> Told {
    object(git, "git").unwrap().and(object(ps, "ps").unwrap())
}

fn build(id: &str, at: &str, status: &str, shown: &str) -> String {
    format!(
        r#"{{"id":"{id}","app":"shop","kind":"build","pid":7,"started_at":"2026-04-30T13:{at}:00Z","status":"{status}",
        "source":"git-hook","display_status":"{shown}","duration":"1m14s","log_path":"/x.log"}}"#
    )
}

fn builds(all: &[String]) -> Told {
    Told::builds(&said(true, &format!("[{}]", all.join(",")), ""))
}

fn states(told: &Told) -> Vec<(ReleaseStatus, bool, Option<String>)> {
    let commit = told.sha().and_then(CommitId::parse);
    let releases = told.releases(commit, |verb, _| Typed::other(verb));
    let one = |one: Release| (one.status, one.current, one.commit.map(|id| id.to_string()));
    releases.into_iter().map(one).collect()
}

#[test]
fn what_was_deployed_and_what_goes_on_are_told_apart() {
    use ReleaseStatus::{Building, Failed, Locked, Succeeded};
    let git =
        format!(r#"{{"sha":"{SHA}","deploy-branch":"main","computed-deploy-branch":"main"}}"#);
    let runs = || {
        told(
            &git,
            r#"{"deployed":"true","running":"true","ps-running":"true"}"#,
        )
    };
    let lives = (Succeeded, true, Some(SHA.to_owned()));
    let ok = build("b1", "50", "succeeded", "succeeded");
    let table = [
        (runs(), vec![lives.clone()]),
        (
            runs().and(builds(std::slice::from_ref(&ok))),
            vec![lives.clone()],
        ),
        (
            runs().and(Told::locked(&said(true, "Deploy lock exists", "")).unwrap()),
            vec![(Locked, false, None), lives.clone()],
        ),
        (
            runs().and(builds(&[
                build("b2", "51", "running", "running"),
                ok.clone(),
            ])),
            vec![(Building, false, None), lives.clone()],
        ),
        (
            runs().and(builds(&[ok.clone(), build("b2", "51", "failed", "failed")])),
            vec![(Failed, false, None), lives.clone()],
        ),
        (
            runs().and(builds(&[
                build("b2", "51", "running", "abandoned"),
                ok.clone(),
            ])),
            vec![(Failed, false, None), lives.clone()],
        ),
        (
            runs().and(builds(&[build("b0", "40", "failed", "failed"), ok])),
            vec![lives],
        ),
        (
            told(&git, r#"{"deployed":"true","running":"false"}"#),
            vec![(Succeeded, false, Some(SHA.to_owned()))],
        ),
        (
            told(&git, r#"{"deployed":"true","running":"mixed"}"#),
            vec![(Succeeded, true, Some(SHA.to_owned()))],
        ),
        (
            told(&git, r#"{"deployed":"false","running":"false"}"#),
            vec![],
        ),
        (told(r#"{"sha":""}"#, r#"{"deployed":"false"}"#), vec![]),
    ];
    for (told, expected) in table {
        assert_eq!(states(&told), expected, "{told:?}");
    }
}

#[test]
fn a_newer_deploy_is_a_newer_release() {
    let told = |at| {
        builds(&[build("b1", at, "failed", "failed")]).releases(None, |verb, _| Typed::other(verb))
    };
    let [old, new] = [told("50"), told("51")].map(|all| all[0].version);
    assert_eq!(new - old, 60);
}

#[test]
fn a_failed_deploy_has_its_own_log() {
    for (id, log) in [
        ("b1-2", "builds:output b1-2"),
        ("b1;reboot", "ps:report"),
        ("-b1", "ps:report"),
    ] {
        let failed = builds(&[build(id, "50", "failed", "failed")]);
        let typed = |verb: &str, last: &str| Typed::other(format!("{verb} {last}").trim_end());
        let all = failed.releases(CommitId::parse(SHA), typed);
        let commands: Vec<_> = all.iter().map(|one| one.output.to_string()).collect();
        assert_eq!(commands, [log, "ps:report"]);
    }
}

#[test]
fn only_a_clear_answer_says_that_nothing_is_locked() {
    for (succeeded, words, locked) in [
        (true, "Deploy lock exists", Some(true)),
        (false, " !     Deploy lock does not exist", Some(false)),
        (
            false,
            " !     `apps:locked` is not a dokku command",
            Some(false),
        ),
        (false, "sudo: no tty present", None),
        (false, "", None),
    ] {
        let told = Told::locked(&said(succeeded, "", words));
        let locks = |told: Told| !told.releases(None, |verb, _| Typed::other(verb)).is_empty();
        assert_eq!(told.map(locks), locked, "{words}");
    }
}

#[test]
fn the_branch_that_deploys_is_the_app_s_own_or_the_server_s_or_master() {
    for (git, branch, own) in [
        (
            r#"{"deploy-branch":"main","computed-deploy-branch":"main","global-deploy-branch":"trunk"}"#,
            "main",
            Some("main"),
        ),
        (
            r#"{"deploy-branch":"","computed-deploy-branch":"trunk","global-deploy-branch":"trunk"}"#,
            "trunk",
            None,
        ),
        // Before 0.38 that was also the default.
        (
            r#"{"git-deploy-branch":"main","git-global-deploy-branch":"main"}"#,
            "main",
            None,
        ),
        (
            r#"{"git-deploy-branch":"main","git-global-deploy-branch":"master"}"#,
            "main",
            Some("main"),
        ),
        (r#"{"git-deploy-branch":"master"}"#, "master", None),
        (r#"{"deploy-branch":""}"#, "master", None),
    ] {
        let told = object(git, "git").unwrap();
        assert_eq!(
            (told.deploy_branch(), told.own_deploy_branch()),
            (branch, own)
        );
    }
}

#[test]
fn what_another_version_answers_is_heard() {
    let before = " !     Invalid flag passed, valid flags: --git-deploy-branch --git-sha";
    assert!(knows_no_format(before));
    assert!(!knows_no_format(" !     App shop does not exist"));
    assert!(is_not_deployed(" !     not deployed"));
    assert_eq!(
        first_words(" !     App shop does not exist\n", ""),
        "App shop does not exist"
    );
    assert_eq!(
        first_words("\n", "\u{1b}[1G=====> shop git information"),
        "\\x1b[1G=====> shop git information"
    );
    let unknown = said(false, "", " !     `builds:list` is not a dokku command");
    assert_eq!(Told::builds(&unknown), Told::default());
    assert_eq!(Told::builds(&said(true, "no JSON", "")), Told::default());
    assert_eq!(object("[]", "git"), None);
}

#[test]
fn the_app_is_read_from_a_server_s_own_addresses() {
    for url in [
        "dokku@host.example:shop",
        "ssh://dokku@host.example:2222/shop",
        "ssh://dokku@host.example/shop.git",
    ] {
        assert_eq!(app_at(url), Some("shop"), "{url}");
    }
    assert_eq!(app_at("git@host.example:shop"), None);
    assert_eq!(app_at("https://dokku@host.example/shop"), None);
}
