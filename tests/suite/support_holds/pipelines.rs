//! What the platform's double answers has the form of Heroku's Platform API: the properties of `schema.json` in
//! heroku/platform-api, 4f4f592c of 2026-06-05, whose definitions allow no others (`strictProperties`).

use serde_json::{Value, json};

use super::heroku::ask;
use crate::support::{HerokuApi, Outcome};

/// A property and what it may be: words are those of an enum, `?` before a kind allows null.
type Form = &'static [(&'static str, &'static str)];

const COUPLING: Form = &[
    ("app", "{id}"),
    ("created_at", "time"),
    ("id", "uuid"),
    ("pipeline", "{id}"),
    ("stage", "test review development staging production"),
    ("updated_at", "time"),
];
const PROMOTION: Form = &[
    ("created_at", "time"),
    ("id", "uuid"),
    ("pipeline", "{id}"),
    ("source", "{app,release}"),
    ("status", "pending completed"),
    ("updated_at", "?time"),
];
const TARGET: Form = &[
    ("app", "{id}"),
    ("error_message", "?text"),
    ("id", "uuid"),
    ("pipeline_promotion", "{id}"),
    ("release", "?{id}"),
    ("status", "pending succeeded failed"),
];

/// Whether a value is of this kind.
fn is(value: &Value, kind: &str) -> bool {
    if let Some(kind) = kind.strip_prefix('?') {
        return value.is_null() || is(value, kind);
    }
    let text = value.as_str().unwrap_or_default();
    match kind {
        "text" => value.is_string(),
        "time" => text.len() == 20 && text.ends_with('Z') && text.as_bytes()[10] == b'T',
        "uuid" => text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12]),
        "{id}" => has_the_form(value, &[("id", "uuid")]),
        "{app,release}" => has_the_form(value, &[("app", "{id}"), ("release", "{id}")]),
        words => words.split(' ').any(|word| word == text),
    }
}

/// Whether an object has these properties, each of its kind, and no other.
fn has_the_form(value: &Value, form: &[(&str, &str)]) -> bool {
    let Some(object) = value.as_object() else {
        return false;
    };
    object.len() == form.len()
        && form
            .iter()
            .all(|(name, kind)| object.get(*name).is_some_and(|value| is(value, kind)))
}

#[test]
fn what_is_told_of_pipelines_has_the_form_of_the_published_schema() {
    let api = HerokuApi::start("t0ken");
    for (app, stage) in [
        ("one", "staging"),
        ("two", "production"),
        ("three", "production"),
    ] {
        api.app(app).couples(app, "a-pipeline", stage);
        api.deploys(app, "aaaaaaaaaa");
    }
    api.new_releases("two", Outcome::FailsAfter(1));
    api.fails_promotions("three", "The app is locked.");
    let coupling = |app: &str| {
        ask(
            &api,
            &format!("GET /apps/{app}/pipeline-couplings"),
            "A: b",
            "",
        )
        .2
    };
    let [one, two, three] = ["one", "two", "three"].map(coupling);
    assert!(has_the_form(&one, COUPLING), "{one}");
    let wanted = json!({
        "pipeline": one["pipeline"],
        "source": { "app": one["app"] },
        "targets": [{ "app": two["app"] }, { "app": three["app"] }],
    });
    let (status, _, made) = ask(
        &api,
        "POST /pipeline-promotions",
        "A: b",
        &wanted.to_string(),
    );
    assert_eq!(status, 201, "{made}");
    assert!(has_the_form(&made, PROMOTION), "{made}");
    let path = format!("GET /pipeline-promotions/{}", made["id"].as_str().unwrap());
    for expected in ["pending", "failed"] {
        let (.., targets) = ask(&api, &format!("{path}/promotion-targets"), "A: b", "");
        let targets = targets.as_array().unwrap();
        assert_eq!(targets.len(), 2);
        for target in targets {
            assert!(has_the_form(target, TARGET), "{target}");
        }
        assert_eq!(
            (&targets[0]["status"], &targets[1]["status"]),
            (&json!(expected), &json!("failed"))
        );
    }
    let (.., ended) = ask(&api, &path, "A: b", "");
    assert!(has_the_form(&ended, PROMOTION), "{ended}");
    assert_eq!(ended["status"], "completed");
    // An invented field, or one that is missing, is seen.
    let mut other = ended.clone();
    other["url"] = json!("https://example.com");
    assert!(!has_the_form(&other, PROMOTION));
    assert_eq!(
        ask(&api, "GET /apps/four/pipeline-couplings", "A: b", "").0,
        404
    );
}
