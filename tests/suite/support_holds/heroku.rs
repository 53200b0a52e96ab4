//! The platform's API lists releases, makes them, and fails on demand.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::form::{BUILD, ERROR, RELEASE, SLUG, has_the_form};
use crate::support::{HerokuApi, Outcome, World};

const LATEST: &str = "Range: version ..; max=2, order=desc";

/// Sends a request with the right token and these headers; returns the status, the head and the JSON of the answer.
#[track_caller]
pub(super) fn ask(api: &HerokuApi, what: &str, header: &str, body: &str) -> (u16, String, Value) {
    let url = api.url();
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    write!(
        stream,
        "{what} HTTP/1.1\r\nAuthorization: Bearer t0ken\r\nAccept: application/vnd.heroku+json; version=3.sdk\r\n\
         {header}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut all = String::new();
    let _ = stream.read_to_string(&mut all);
    let (head, body) = all.split_once("\r\n\r\n").unwrap_or_default();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or_default();
    (
        status,
        head.to_owned(),
        serde_json::from_str(body).unwrap_or_default(),
    )
}

fn latest(api: &HerokuApi) -> Value {
    ask(
        api,
        "GET /apps/an-app/releases",
        "Range: version ..; max=30, order=desc",
        "",
    )
    .2
}

/// Returns the statuses of the latest releases, newest first, and the version of the current one.
fn statuses(api: &HerokuApi) -> (Vec<String>, Option<u64>) {
    let list = latest(api);
    let all = list.as_array().unwrap();
    let current = all
        .iter()
        .find(|release| release["current"] == true)
        .and_then(|release| release["version"].as_u64());
    (
        all.iter()
            .map(|release| release["status"].as_str().unwrap().to_owned())
            .collect(),
        current,
    )
}

fn api() -> HerokuApi {
    let api = HerokuApi::start("t0ken");
    api.app("an-app");
    api
}

#[test]
fn an_app_tells_its_releases_in_parts_and_what_they_were_built_from() {
    let api = api();
    assert_eq!(statuses(&api), (vec!["succeeded".into(); 2], Some(2)));
    assert_eq!(api.current("an-app"), None);
    assert_eq!(
        (api.deploys("an-app", "aaaa"), api.deploys("an-app", "bbbb")),
        (3, 4)
    );
    let (status, head, list) = ask(&api, "GET /apps/an-app/releases", LATEST, "");
    assert_eq!(
        (
            status,
            list[0]["version"].as_u64(),
            list.as_array().unwrap().len()
        ),
        (206, Some(4), 2)
    );
    assert!(
        head.contains("\r\nNext-Range: version ]3..; max=2, order=desc\r\n"),
        "{head}"
    );
    let (status, head, rest) = ask(
        &api,
        "GET /apps/an-app/releases",
        "Range: version ]3..; max=2, order=desc",
        "",
    );
    assert_eq!(
        (status, rest[0]["version"].as_u64(), rest[1]["slug"].clone()),
        (200, Some(2), Value::Null),
        "{head}"
    );
    let slug = format!(
        "GET /apps/an-app/slugs/{}",
        list[0]["slug"]["id"].as_str().unwrap()
    );
    assert_eq!(ask(&api, &slug, LATEST, "").2["commit"], "bbbb");
    api.null_commit("an-app");
    assert_eq!(ask(&api, &slug, LATEST, "").2["commit"], Value::Null);
    api.expires("an-app", 4);
    assert_eq!(ask(&api, &slug, LATEST, "").0, 404);
    assert_eq!(api.asked_for("GET", "/apps/an-app/releases").len(), 3);
}

#[test]
fn nobody_else_is_let_in_and_faults_last_until_they_end() {
    let api = api();
    assert_eq!(
        ask(&api, "GET /apps/another/releases", LATEST, "").2["id"],
        "not_found"
    );
    let other = HerokuApi::start("another");
    other.app("an-app");
    let (status, _, body) = ask(&other, "GET /apps/an-app/releases", LATEST, "");
    assert_eq!((status, body["id"].as_str()), (401, Some("unauthorized")));
    api.answers(Some("an-app"), 429, "{}");
    let (status, head, _) = ask(&api, "GET /apps/an-app/releases", LATEST, "");
    assert!(
        status == 429 && head.contains("\r\nRateLimit-Remaining: 0\r\n"),
        "{head}"
    );
    api.recovers();
    assert_eq!(ask(&api, "GET /apps/an-app/releases", LATEST, "").0, 200);
}

#[test]
fn what_a_repository_deploys_becomes_a_release_that_ends_as_it_is_told() {
    let deploy = World::deploy();
    let api = api();
    api.follow("an-app", &deploy.production)
        .serves("an-app", &deploy.production.join("deployed"));
    let shown = || {
        std::fs::read_to_string(deploy.production.join("deployed"))
            .unwrap()
            .trim()
            .to_owned()
    };
    assert_eq!(
        (statuses(&api).1, api.current("an-app").as_deref()),
        (Some(3), Some(deploy.nth(2)))
    );

    api.new_releases("an-app", Outcome::SucceedsAfter(2));
    deploy.colleague_pushes(&deploy.production, deploy.nth(3));
    for expected in [
        ("pending", Some(3)),
        ("pending", Some(3)),
        ("succeeded", Some(4)),
    ] {
        let (statuses, current) = statuses(&api);
        assert_eq!((statuses[0].as_str(), current), expected);
    }
    assert_eq!(shown(), deploy.nth(3));

    api.new_releases("an-app", Outcome::FailsAfter(1));
    deploy.colleague_pushes(&deploy.production, deploy.nth(4));
    assert_eq!(statuses(&api).0[0], "pending");
    assert_eq!(
        (statuses(&api).0[0].as_str(), shown().as_str()),
        ("failed", deploy.nth(3))
    );
    assert_eq!(api.current("an-app").as_deref(), Some(deploy.nth(3)));
}

#[test]
fn releases_are_made_anew_and_the_site_shows_them() {
    let world = World::new();
    let api = api();
    let site = world.path("site");
    api.serves("an-app", &site);
    let shown = || std::fs::read_to_string(&site).unwrap();
    let (old, new) = (api.deploys("an-app", "aaaa"), api.deploys("an-app", "bbbb"));
    let post = |body: Value| {
        ask(
            &api,
            "POST /apps/an-app/releases",
            LATEST,
            &body.to_string(),
        )
    };
    let (status, _, made) = post(json!({ "release": api.id_of("an-app", old) }));
    assert_eq!(
        (status, made["description"].as_str(), shown().as_str()),
        (201, Some("Rollback to v3"), "aaaa\n")
    );
    let slug = latest(&api)[1]["slug"]["id"].clone();
    let (_, _, made) = post(json!({ "slug": slug, "description": "Again" }));
    assert_eq!(
        (
            made["version"].as_u64(),
            made["current"].as_bool(),
            shown().as_str()
        ),
        (Some(6), Some(true), "bbbb\n")
    );
    api.rollback("an-app", old);
    assert_eq!(shown(), "aaaa\n");
    let failed = api.pushes("an-app", "cccc", "failed");
    for wrong in [
        json!({}),
        json!({ "slug": "x" }),
        json!({ "release": api.id_of("an-app", failed) }),
    ] {
        assert_eq!(post(wrong).0, 422);
    }
    api.cuts_posts("an-app");
    assert_eq!(post(json!({ "release": api.id_of("an-app", new) })).0, 0);
    assert_eq!(
        (api.current("an-app").as_deref(), api.posted("an-app").len()),
        (Some("bbbb"), 6)
    );
}

#[test]
fn releases_slugs_builds_and_errors_have_the_form_of_the_published_schema() {
    let api = api();
    for (commit, status) in [
        ("aaaa", "pending"),
        ("bbbb", "failed"),
        ("cccc", "succeeded"),
    ] {
        api.pushes("an-app", commit, status);
        api.builds("an-app", status);
    }
    let get = |path: &str| ask(&api, &format!("GET /apps/an-app/{path}"), "A: b", "").2;
    let all = |path: &str| get(path).as_array().unwrap().clone();
    let mut slugs = 0;
    for release in all("releases") {
        assert!(has_the_form(&release, RELEASE), "{release}");
        if let Some(id) = release["slug"]["id"].as_str() {
            let slug = get(&format!("slugs/{id}"));
            assert!(has_the_form(&slug, SLUG), "{slug}");
            slugs += 1;
        }
    }
    assert_eq!(slugs, 3);
    let builds = all("builds");
    assert!(builds.len() >= 3, "{builds:?}");
    for build in builds {
        assert!(has_the_form(&build, BUILD), "{build}");
    }
    let made = json!({ "release": api.id_of("an-app", 5) }).to_string();
    let (status, _, made) = ask(&api, "POST /apps/an-app/releases", LATEST, &made);
    assert_eq!(status, 201, "{made}");
    assert!(has_the_form(&made, RELEASE), "{made}");
    let refused = get("slugs/x");
    assert!(has_the_form(&refused, ERROR), "{refused}");
    // An invented or a missing field is found.
    let mut other = made.clone();
    other["commit"] = json!("aaaa");
    assert!(!has_the_form(&other, RELEASE));
    other
        .as_object_mut()
        .unwrap()
        .retain(|key, _| !["commit", "status"].contains(&key.as_str()));
    assert!(!has_the_form(&other, RELEASE));
}
