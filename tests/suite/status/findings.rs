//! Unknown parts of `status`.

use crate::diff::fetching::cut_off;
use crate::sample::sample;
use crate::status::{line, next_of};
use crate::support::{Page, Topology, Web, World};

// facts 11: the wrong cause reported; unknown is never up to date.
#[test]
fn a_page_that_nobody_serves_any_more_is_unknown() {
    let mut deploy = World::deploy();
    deploy.trust();
    deploy.web = Web::start();
    let run = deploy.smp(&["status"]);
    let out = run.ok().out();
    for environment in ["production", "staging"] {
        assert!(
            line(&out, environment).starts_with("unknown: its page cannot be reached ("),
            "{out}"
        );
    }
    run.never_shows("the same as");
    let json = deploy.smp(&["status", "--json"]).ok().json();
    for (at, nth) in [(0, 5), (1, 2)] {
        let environment = &json["environments"][at];
        assert_eq!(environment["running"], serde_json::Value::Null);
        assert_eq!(environment["ref"], deploy.nth(nth));
        assert_eq!(environment["agrees"], serde_json::Value::Null);
        assert_eq!(environment["finding"], "unreachable");
    }
    assert_eq!(json["production_behind"], serde_json::Value::Null);
    deploy.smp(&["status", "--exit-code"]).ok();
}

#[test]
fn a_remote_that_does_not_answer_is_unknown() {
    let deploy = World::deploy_like()
        .on(Topology::Remotes)
        .without_pages()
        .ready();
    cut_off(&deploy, deploy.urls()[2]);
    let out = deploy.smp(&["status", "--exit-code"]).ok().out();
    assert!(
        line(&out, "production").starts_with("unknown: the remote production does not answer ("),
        "{out}"
    );
    assert!(line(&out, "staging").starts_with("runs "), "{out}");
    assert!(
        out.ends_with("note: see whether it answers\nnext: git ls-remote production\n"),
        "{out}"
    );
    let json = deploy.smp(&["status", "--json"]).ok().json();
    let production = &json["environments"][1];
    assert_eq!(production["finding"], "unreachable");
    assert_eq!(
        [
            &production["running"],
            &production["ref"],
            &production["agrees"]
        ],
        [&serde_json::Value::Null; 3]
    );
}

#[test]
fn a_ref_that_cannot_be_read_beside_a_page_that_can() {
    let deploy = World::deploy_like().on(Topology::Remotes).ready();
    cut_off(&deploy, deploy.urls()[2]);
    let out = deploy.smp(&["status"]).ok().out();
    assert!(
        line(&out, "production")
            .contains("; its branch cannot be read: the remote production does not answer"),
        "{out}"
    );
    let json = deploy.smp(&["status", "--json"]).ok().json();
    assert_eq!(json["environments"][1]["running"], deploy.nth(2));
    assert_eq!(json["environments"][1]["finding"], "unreachable");
    assert_eq!(json["production_behind"]["commits"], 3);
}

#[test]
fn a_main_repository_that_does_not_answer_hides_nothing_of_the_environments() {
    let deploy = World::deploy_like().on(Topology::Remotes).ready();
    cut_off(&deploy, deploy.urls()[0]);
    let run = deploy.smp(&["status"]);
    assert!(line(&run.ok().out(), "production").contains("; 3 commits behind staging"));
    assert_eq!(next_of(&deploy, &run), "git smp promote");
}

// VER-05, VER-07, VER-09; facts 11: the page lies or cannot be read.
#[test]
fn a_page_without_exactly_one_known_commit_is_unknown_and_says_why() {
    let deploy = World::deploy_like().ready();
    let both = format!(
        "data-commit=\"{}\" data-commit=\"{}\"",
        deploy.nth(1),
        deploy.nth(2)
    );
    for (page, finding, words) in sample(
        2,
        [
            (
                Page::body("<title>Log in</title>"),
                "page-unclear",
                "its page contains no hash",
            ),
            (
                Page::body(both),
                "page-unclear",
                "its page contains 2 different hashes",
            ),
            (
                Page::commit("abcdef0123"),
                "unknown-commit",
                "a commit that cannot be found",
            ),
            (
                Page::commit(deploy.nth(1)).status(500),
                "page-unclear",
                "500",
            ),
        ],
    ) {
        deploy.web.set("/production", page);
        let out = deploy.smp(&["status"]).ok().out();
        let line = line(&out, "production");
        assert!(
            line.starts_with("unknown: ") && line.contains(words),
            "{out}"
        );
        let json = deploy.smp(&["status", "--json"]).ok().json();
        assert_eq!(json["environments"][1]["finding"], finding);
        assert_eq!(json["environments"][1]["running"], serde_json::Value::Null);
        deploy
            .smp(&["diff"])
            .exits(1)
            .prints("")
            .says("production")
            .says(words)
            .never_shows("Log in");
    }
}
