use proptest::prelude::*;
use serde_json::{Value, json};

use crate::core::decide::review::{Checks, Origin, PullRequest, Review};
use crate::forge::github::*;
use crate::http::Response;

fn id(number: usize) -> CommitId {
    CommitId::parse(&format!("{number:040x}")).unwrap()
}

fn read(answer: &Response) -> Reviews {
    response::read(answer, &[id(1)], "o/r", "main")
        .unwrap_or_else(|report| Reviews::unknown(Coverage::Partly(report)))
}

fn told(body: &Value) -> Reviews {
    read(&Response::of(200, &[], body.to_string().as_bytes()))
}

/// A commit by an author without an account, with these pull requests.
fn commit(pulls: &Value) -> Value {
    let authors = json!({"nodes": [{"user": null}]});
    json!({"authors": authors, "associatedPullRequests": {"nodes": pulls}, "statusCheckRollup": null})
}

/// Returns the review of one commit.
fn of(commit: &Value) -> Option<Review> {
    told(&json!({"data": {"repository": {"nameWithOwner": "o/r", "c0": commit}}}))
        .known
        .remove(&id(1))
}

/// Returns the review of one commit with this pull request.
fn with(pull: Value) -> Option<Review> {
    of(&commit(&json!([pull])))
}

fn pull(author: Value, opinions: Value) -> Value {
    json!({
        "number": 425, "merged": true, "baseRefName": "main", "baseRepository": {"nameWithOwner": "o/r"},
        "author": author, "latestOpinionatedReviews": {"nodes": opinions},
    })
}

/// Returns the pull request of a commit.
fn came_with(review: Option<Review>) -> PullRequest {
    match review.unwrap().origin {
        Origin::PullRequest(pull) => pull,
        other => panic!("{other:?}"),
    }
}

fn approved_by(pull: Value) -> Vec<String> {
    came_with(with(pull)).approved_by
}

#[test]
fn repositories_are_known_by_their_pages_and_asked_at_their_own_api() {
    for (pages, api) in [
        (
            "https://github.com/o/r",
            Some("https://api.github.com/graphql"),
        ),
        (
            "https://www.GitHub.com/o/r/",
            Some("https://api.github.com/graphql"),
        ),
        (
            "https://acme.ghe.com/o/r",
            Some("https://api.acme.ghe.com/graphql"),
        ),
        (
            "https://git.acme.example:8443/o/r.x",
            Some("https://git.acme.example:8443/api/graphql"),
        ),
        (
            "https://notghe.com/o/r",
            Some("https://notghe.com/api/graphql"),
        ),
        ("https://gitlab.acme.example/o/r", None),
        ("https://bitbucket.org/o/r", None),
        ("https://github.com/o", None),
        ("https://github.com/o/r/tree", None),
        ("https://github.com/o/r%22", None),
        ("/srv/r", None),
    ] {
        assert_eq!(
            GitHub::of(pages).map(|github| github.api).as_deref(),
            api,
            "{pages}"
        );
    }
    assert!(
        !GitHub::of("https://evilghe.com/o/r")
            .unwrap()
            .is_githubs_own()
    );
}

#[test]
fn an_address_of_another_github_is_passed_over() {
    for (pages, address, is_used) in [
        (
            "https://github.com/o/r",
            "https://api.github.com/graphql",
            true,
        ),
        (
            "https://github.com/o/r",
            "https://API.github.com/other",
            true,
        ),
        (
            "https://github.com/o/r",
            "http://127.0.0.1:80/graphql",
            true,
        ),
        (
            "https://github.com/o/r",
            "http://localhost:80/graphql",
            true,
        ),
        (
            "https://github.com/o/r",
            "https://git.acme.example/api/graphql",
            false,
        ),
        (
            "https://github.com/o/r",
            "https://api.github.com.acme.example/graphql",
            false,
        ),
        (
            "https://github.com/o/r",
            "https://api.github.com@acme.example/graphql",
            false,
        ),
        (
            "https://acme.ghe.com/o/r",
            "https://api.github.com/graphql",
            false,
        ),
        (
            "https://acme.ghe.com/o/r",
            "https://api.acme.ghe.com/graphql",
            true,
        ),
        (
            "https://git.acme.example/o/r",
            "https://git.acme.example/api/graphql",
            true,
        ),
        (
            "https://git.acme.example/o/r",
            "https://api.git.acme.example/graphql",
            true,
        ),
        (
            "https://git.acme.example/o/r",
            "https://api.github.com/graphql",
            false,
        ),
        (
            "https://git.acme.example/o/r",
            "https://acme.example/graphql",
            false,
        ),
        (
            "https://git.acme.example/o/r",
            "https://git.acme.example/pages/ada/api/v3",
            false,
        ),
        ("https://github.com/o/r", "nonsense", true),
    ] {
        assert_eq!(
            GitHub::of(pages).unwrap().may_be_asked_at(address),
            is_used,
            "{address} for {pages}"
        );
    }
}

#[test]
fn a_port_is_part_of_the_server_that_a_token_is_for() {
    for (pages, server) in [
        ("https://git.acme.example:8443/o/r", "git.acme.example:8443"),
        ("https://git.acme.example:443/o/r", "git.acme.example"),
        ("https://github.com:8443/o/r", "github.com"),
    ] {
        assert_eq!(GitHub::of(pages).unwrap().server, server);
    }
}

#[test]
fn a_question_names_its_commits_by_all_their_digits() {
    let query = query(&[id(1), id(2)]);
    assert!(query.contains(&format!(
        " c0:object(oid:\"{}\"){{...F}} c1:object(oid:\"{}\"){{...F}}}}}} ",
        id(1),
        id(2)
    )));
    assert_eq!(query.matches('{').count(), query.matches('}').count());
}

#[test]
fn an_authors_own_approval_and_that_of_an_account_that_is_gone_are_none() {
    let ada = json!({"login": "ada"});
    let approval = |author: &Value| json!({"state": "APPROVED", "author": author});
    assert_eq!(
        approved_by(pull(
            ada.clone(),
            json!([approval(&json!({"login": "ADA"}))])
        )),
        [""; 0]
    );
    assert_eq!(
        approved_by(pull(ada.clone(), json!([approval(&Value::Null)]))),
        [""; 0]
    );
    assert_eq!(
        approved_by(pull(ada.clone(), json!([approval(&json!({"login": ""}))]))),
        [""; 0]
    );
    assert_eq!(
        approved_by(pull(
            ada.clone(),
            json!([{"state": "DISMISSED", "author": {"login": "ben"}}])
        )),
        [""; 0]
    );
    assert_eq!(
        approved_by(pull(ada, json!([approval(&json!({"login": "ben"}))]))),
        ["ben"]
    );
    assert_eq!(
        approved_by(pull(
            Value::Null,
            json!([approval(&json!({"login": "ben"}))])
        )),
        ["ben"]
    );
}

#[test]
fn the_approval_of_a_commits_own_author_is_none() {
    let approval = |login: &str| json!({"state": "APPROVED", "author": {"login": login}});
    let opinions = json!([approval("ben"), approval("cleo")]);
    let approved_by = |authors: Value| {
        let mut commit = commit(&json!([pull(json!({"login": "ada"}), opinions.clone())]));
        commit["authors"] = json!({"nodes": authors});
        match of(&commit).unwrap().origin {
            Origin::PullRequest(pull) => Some(pull.approved_by),
            _ => None,
        }
    };
    let user = |login: &str| json!({"user": {"login": login}});
    assert_eq!(approved_by(json!([user("Ben")])).unwrap(), ["cleo"]);
    assert_eq!(
        approved_by(json!([user("ada"), user("BEN"), user("cleo")])).unwrap(),
        [""; 0]
    );
    assert_eq!(
        approved_by(json!([user("ada"), {"user": null}])).unwrap(),
        ["ben", "cleo"]
    );
    // It is unknown whose approval would count.
    for odd in [
        json!([]),
        json!(null),
        json!([null]),
        json!([user("ada"), "ben"]),
        json!([{"user": {}}]),
    ] {
        assert_eq!(approved_by(odd.clone()), None, "{odd}");
    }
    let mut without = commit(&json!([pull(json!({"login": "ada"}), opinions.clone())]));
    without.as_object_mut().unwrap().remove("authors");
    assert_eq!(of(&without).unwrap().origin, Origin::Unknown);
}

#[test]
fn whoever_pressed_the_button_wrote_nothing_of_the_merge_that_github_made() {
    let mut pull = pull(
        json!({"login": "ada"}),
        json!([{"state": "APPROVED", "author": {"login": "ben"}}]),
    );
    (pull["mergeCommit"], pull["headRefOid"]) =
        (json!({"oid": id(1).as_str()}), json!(id(3).as_str()));
    let mut merge = commit(&json!([pull]));
    merge["authors"] = json!({"nodes": [{"user": {"login": "ben"}}]});
    merge["parents"] = json!({"nodes": [{"oid": id(2).as_str()}, {"oid": id(3).as_str()}]});
    merge["signature"] = json!({"isValid": true, "wasSignedByGitHub": true});
    let is_approved = |merge: &Value| !came_with(of(merge)).approved_by.is_empty();
    assert!(is_approved(&merge));
    // Made by hand, another merge, a reversed merge as after conflicts resolved on GitHub, or no merge.
    for (at, instead) in [
        ("/signature", json!(null)),
        ("/signature/isValid", json!(false)),
        ("/signature/wasSignedByGitHub", json!(false)),
        ("/associatedPullRequests/nodes/0/mergeCommit", json!(null)),
        (
            "/associatedPullRequests/nodes/0/mergeCommit/oid",
            json!(id(4).as_str()),
        ),
        (
            "/associatedPullRequests/nodes/0/headRefOid",
            json!(id(1).as_str()),
        ),
        ("/associatedPullRequests/nodes/0/headRefOid", json!(null)),
        ("/parents/nodes", json!([{"oid": id(3).as_str()}])),
        ("/parents", json!(null)),
    ] {
        let mut other = merge.clone();
        *other.pointer_mut(at).unwrap() = instead;
        assert!(!is_approved(&other), "{at}");
    }
}

#[test]
fn pull_requests_of_forks_are_not_the_repositorys_own() {
    let mut theirs = pull(
        json!({"login": "ada"}),
        json!([{"state": "APPROVED", "author": {"login": "ben"}}]),
    );
    assert_eq!(came_with(with(theirs.clone())).number, 425);
    for base in [json!({"nameWithOwner": "ada/r"}), Value::Null] {
        theirs["baseRepository"] = base;
        assert_eq!(with(theirs.clone()).unwrap().origin, Origin::Direct);
    }
}

#[test]
fn what_is_missing_or_odd_is_unknown() {
    let ada = json!({"login": "ada"});
    for odd in [
        json!(null),
        json!({}),
        pull(ada.clone(), json!(null)),
        pull(ada.clone(), json!([null])),
        pull(json!("ada"), json!([])),
        json!({"number": -1, "merged": true}),
    ] {
        assert_eq!(with(odd.clone()).unwrap().origin, Origin::Unknown, "{odd}");
    }
    for commit in [
        json!(null),
        json!({}),
        json!([]),
        json!("x"),
        json!({"statusCheckRollup": {"state": "NEW"}}),
    ] {
        let told = told(
            &json!({"data": {"repository": {"nameWithOwner": "o/r", "c0": commit, "c7": {}}}}),
        );
        assert!(told.known.is_empty() && told.coverage == Coverage::Whole);
    }
    for odd in [
        json!({"data": {"repository": null}}),
        json!({"data": {"repository": {"c0": {}}}, "errors": {}}),
        json!([]),
    ] {
        let told = told(&odd);
        assert!(
            told.known.is_empty() && told.coverage != Coverage::Whole,
            "{odd}"
        );
    }
}

#[test]
fn an_error_spoils_what_it_names_and_all_where_it_names_nothing() {
    let commit = commit(&json!([]));
    let told = |path: Value| {
        let errors = json!([{"type": "FORBIDDEN", "path": path, "message": "x"}]);
        told(
            &json!({"data": {"repository": {"nameWithOwner": "o/r", "c0": commit}}, "errors": errors}),
        )
    };
    let finding = |path: Value| told(path).known.remove(&id(1));
    let (origin, checks) = (Origin::Direct, Checks::None);
    assert_eq!(
        finding(json!(["repository", "c0", "statusCheckRollup"])),
        Some(Review {
            origin: origin.clone(),
            checks: Checks::Unknown
        })
    );
    let inside = json!([
        "repository",
        "c0",
        "associatedPullRequests",
        "nodes",
        0,
        "author"
    ]);
    assert_eq!(
        finding(inside),
        Some(Review {
            origin: Origin::Unknown,
            checks
        })
    );
    let author = json!(["repository", "c0", "authors", "nodes", 0, "user"]);
    assert_eq!(
        finding(author),
        Some(Review {
            origin: Origin::Unknown,
            checks
        })
    );
    assert_eq!(
        finding(json!(["repository", "c1"])),
        Some(Review { origin, checks })
    );
    for all in [
        json!(["repository", "c0"]),
        json!(["repository"]),
        json!(null),
        json!([]),
        json!(["repository", 0]),
    ] {
        assert_eq!(finding(all.clone()), None, "{all}");
        assert!(told(all).coverage != Coverage::Whole);
    }
}

#[test]
fn how_long_a_limit_lasts_is_told_where_it_can_be_believed() {
    let because =
        |headers: &[(&'static str, &str)]| match read(&Response::of(429, headers, b"")).coverage {
            Coverage::Partly(report) => report.because,
            other => panic!("{other:?}"),
        };
    assert_eq!(because(&[("retry-after", "61")]), ["wait 2 min"]);
    for odd in [
        "-1",
        "0",
        "99999999999999999999",
        "9223372036854775807",
        "soon",
    ] {
        assert_eq!(
            because(&[("retry-after", odd), ("x-ratelimit-reset", odd)]),
            [""; 0],
            "{odd}"
        );
    }
}

proptest! {
    #[test]
    fn no_answer_makes_it_stop(status in 100_u16..600, body: Vec<u8>) {
        prop_assert!(read(&Response::of(status, &[], &body)).known.is_empty());
    }
}
