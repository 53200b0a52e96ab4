//! The pipeline answers of the platform's double have the form of Heroku's Platform API.

use serde_json::json;

use super::form::{COUPLING, PROMOTION, TARGET, has_the_form};
use super::heroku::ask;
use crate::support::{HerokuApi, Outcome};

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
    // An invented or a missing field is found.
    let mut other = ended.clone();
    other["url"] = json!("https://example.com");
    assert!(!has_the_form(&other, PROMOTION));
    assert_eq!(
        ask(&api, "GET /apps/four/pipeline-couplings", "A: b", "").0,
        404
    );
}
