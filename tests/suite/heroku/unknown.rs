//! Unknown answers of the platform: unknown is never up to date, and only a page is believed.

use serde_json::{Value, json};

use super::{APPS, Platform, TOKEN, told};
use crate::sample::sample;
use crate::support::{Page, Run, Web};

/// Asserts that both environments are unknown with this code, nothing ships, and nothing reports success.
#[track_caller]
fn is_unknown(platform: &Platform, code: &str) -> Run {
    for name in ["staging", "production"] {
        assert_eq!(
            platform.status(name),
            (Value::Null, json!("api"), json!(code))
        );
    }
    platform
        .smp(&["status"])
        .ok()
        .never_shows("the same as")
        .never_shows(TOKEN)
        .prints_among("unknown: ");
    platform
        .smp(&["setup", "--check"])
        .exits(1)
        .never_shows(TOKEN);
    platform.smp(&["diff"]).exits(1).prints("");
    let run = platform.refuses(code);
    run.never_shows("nothing to promote").never_shows(TOKEN);
    run
}

#[test]
fn a_refusal_of_the_platform_is_its_own() {
    let platform = Platform::alone();
    let two_factor =
        json!({ "id": "two_factor", "message": "A second authentication factor is required." });
    for (status, body, words) in sample(
        2,
        [
            (
                401,
                json!({ "id": "unauthorized", "message": "Invalid credentials." }),
                "Heroku does not know the token",
            ),
            (
                403,
                two_factor,
                "Heroku requires a second factor in addition to the token",
            ),
            (
                403,
                json!({ "id": "forbidden" }),
                "Heroku gives this account no right to look at the app shop-staging",
            ),
            (
                404,
                json!({ "id": "not_found" }),
                "Heroku has no app shop-staging that this account may see",
            ),
            // Its words are shown, except those with the token.
            (
                401,
                json!({ "id": "unauthorized", "message": format!("no such key: {TOKEN}") }),
                "it answers 401",
            ),
        ],
    ) {
        platform.api.recovers();
        platform.api.answers(None, status, &body.to_string());
        is_unknown(&platform, "unauthorized")
            .says(words)
            .says("because: the token is from HEROKU_API_KEY");
    }
    platform.api.recovers();
    assert_eq!(platform.finding(), Value::Null);
}

#[test]
fn a_platform_that_cannot_answer_is_unreachable() {
    let platform = Platform::alone();
    for (status, body, words, hint) in sample(
        1,
        [
            (
                429,
                json!({ "id": "rate_limit", "message": "Slow down." }).to_string(),
                "Heroku takes no more requests",
                "wait a few minutes, then look",
            ),
            (
                500,
                String::new(),
                "Heroku cannot answer for now",
                "try again",
            ),
            (
                200,
                "<title>Maintenance</title>".to_owned(),
                "Heroku gives an answer that its API does not document",
                "try again",
            ),
        ],
    ) {
        platform.api.recovers();
        platform.api.answers(None, status, &body);
        is_unknown(&platform, "unreachable")
            .says(words)
            .says(&format!("hint: {hint}: git smp status\n"));
    }
}

#[test]
fn an_answer_that_is_cut_or_leads_elsewhere_is_unreachable() {
    let platform = Platform::alone();
    let (web, other) = (Web::start(), Web::start());
    for page in sample(
        1,
        [
            Page::cut(1000, "[{\"id\":"),
            Page::redirect(&other.other_host("/apps")),
        ],
    ) {
        for app in APPS {
            web.set(&format!("/apps/{app}/releases"), page.clone());
        }
        let runner = platform.runner().env("HEROKU_API_URL", web.url(""));
        let run = runner.smp(&["status", "--json"]);
        assert_eq!(
            told(&run, "production"),
            (Value::Null, json!("api"), json!("unreachable"))
        );
        let before = platform.deploy.snapshot();
        runner
            .smp(&crate::promote::scripted(&platform.deploy, &[]))
            .exits(1)
            .never_shows(TOKEN);
        assert_eq!(platform.deploy.snapshot(), before);
    }
    assert_eq!(other.asked().len(), 0);
}

#[test]
fn one_app_that_is_unknown_is_enough() {
    for (app, other) in [("shop", "staging"), ("shop-staging", "production")] {
        let platform = Platform::alone();
        platform.api.answers(Some(app), 503, "");
        assert_eq!(platform.status(other).2, Value::Null);
        platform.refuses("unreachable");
    }
}

#[test]
fn a_release_without_a_commit_is_unknown() {
    let platform = Platform::alone();
    platform.api.null_commit("shop");
    let hint =
        "hint: add a page that shows the commit to environments.production.running in smp.toml";
    platform
        .refuses("unknown-commit")
        .says("Heroku does not name the commit of its release v3")
        .says(hint);
    assert_eq!(
        platform.status("production"),
        (Value::Null, json!("api"), json!("unknown-commit"))
    );
    // A commit that is found nowhere is no better.
    let platform = Platform::alone();
    platform.api.deploys("shop", &"abcdef01".repeat(5));
    assert_eq!(platform.finding(), "unknown-commit");
    platform
        .refuses("unknown-commit")
        .says("a commit that cannot be found");
    // A page that is there already is to be corrected.
    let platform = Platform::beside_pages();
    platform.api.null_commit("shop");
    platform.deploy.web.set("/production", Page::body("soon"));
    platform
        .refuses("unknown-commit")
        .says("make the page of production show the commit, then: git smp status\n");
}

// A new app has no build; after a release that ran, one without a build is of an unknown kind.
#[test]
fn a_release_of_nothing_that_was_built_is_unknown_once_something_ran() {
    let platform = Platform::alone();
    let version = platform.api.runs_the_unknown("shop");
    assert_eq!(
        platform.status("production"),
        (Value::Null, json!("api"), json!("unknown-commit"))
    );
    let words = format!("Heroku does not name the commit of its release v{version}");
    platform
        .refuses("unknown-commit")
        .says(&words)
        .never_shows("nothing is deployed");
    // An expired earlier release does not change that.
    platform.api.expires("shop", super::FIRST);
    platform.refuses("unknown-commit").says(&words);

    let platform = Platform::beside_pages();
    platform.api.runs_the_unknown("shop");
    assert_eq!(
        platform.status("production"),
        (json!(platform.deploy.nth(2)), json!("page"), Value::Null)
    );
    let before = platform.deploy.snapshot();
    platform.promote(&[]).ok().says("done: production runs");
    platform.is_deployed_once(&before);
}

#[test]
fn an_app_that_has_only_its_first_releases_runs_nothing() {
    let platform = Platform::alone();
    platform.deploy.git(
        &platform.deploy.production,
        &["update-ref", "-d", "refs/heads/master"],
    );
    std::fs::remove_file(platform.deploy.production.join("deploys")).unwrap();
    platform
        .api
        .app("shop")
        .follow("shop", &platform.deploy.production);
    assert_eq!(platform.api.releases("shop").len(), 2);
    assert_eq!(
        platform.status("production"),
        (Value::Null, json!("api"), json!("nothing-deployed"))
    );
    // Config vars set first do not change that.
    platform.api.sets_config("shop", "COLOUR");
    assert_eq!(platform.finding(), "nothing-deployed");
    platform.promote(&[]).ok().says("done: production runs");
}

#[test]
fn nobody_who_is_not_logged_in_is_told_anything() {
    let platform = Platform::alone();
    let asked = platform.api.asked().len();
    let stranger = platform.stranger();
    let run = stranger.smp(&["status", "--json"]);
    assert_eq!(
        told(&run, "production"),
        (Value::Null, json!("api"), json!("unauthorized"))
    );
    let out = stranger.smp(&["status"]).ok().out();
    assert!(
        out.contains("unknown: nobody is logged in to Heroku here"),
        "{out}"
    );
    let before = platform.deploy.snapshot();
    let run = stranger.smp(&crate::promote::scripted(&platform.deploy, &[]));
    run.exits(1)
        .says("hint: log in: heroku login\nhint: or set HEROKU_API_KEY");
    assert_eq!(
        (platform.deploy.snapshot(), platform.api.asked().len()),
        (before, asked)
    );
}

#[test]
fn a_page_is_believed_alone_where_the_platform_says_nothing() {
    let platform = Platform::beside_pages();
    let page = || (json!(platform.deploy.nth(2)), json!("page"), Value::Null);
    let run = platform.stranger().smp(&["status", "--json"]);
    assert_eq!(told(&run, "production"), page());
    let out = platform.stranger().smp(&["status"]).ok().out();
    let unasked = "only its page was asked, not its platform: nobody is logged in to Heroku here";
    assert_eq!(out.matches(unasked).count(), 2, "{out}");
    platform.api.answers(None, 500, "");
    assert_eq!(platform.status("production"), page());
    let out = platform.lines();
    assert!(
        out.contains("only its page was asked, not its platform: Heroku cannot answer for now"),
        "{out}"
    );
    let says = format!(
        "production: {} says {}",
        platform.deploy.web.url("/production"),
        platform.deploy.nth(2)
    );
    platform.smp(&["status", "-v"]).ok().says(&says);
    let (before, run) = (platform.deploy.snapshot(), platform.promote(&[]));
    run.ok().says("done: production runs");
    for name in ["staging", "production"] {
        run.says(&format!(
            "{name}: only its page was asked, not its platform: Heroku cannot answer for now"
        ));
    }
    platform.api.recovers();
    platform.is_deployed_once(&before);
}

#[test]
fn a_page_names_the_commit_that_the_platform_does_not() {
    let platform = Platform::beside_pages();
    platform.api.null_commit("shop");
    assert_eq!(
        platform.status("production"),
        (json!(platform.deploy.nth(2)), json!("page"), Value::Null)
    );
    platform.promote(&[]).ok().says("done: production runs");
}
