//! Two environments with the same page or app: a copied line, not an attack.

use super::*;
use crate::support::Page;

#[test]
fn a_copied_page_or_app_does_not_make_production_run_the_candidate_already() {
    let deploy = World::deploy();
    let base = deploy.toml();
    let (staging, production) = (deploy.web.url("/staging"), deploy.web.url("/production"));
    let respelled = staging.replace("http://127.0.0.1", "http://127.1") + "#x";
    let app = |name: &str| format!("heroku = \"{name}\"");
    for (text, key) in [
        (base.replace(&production, &staging), "page"),
        (base.replace(&production, &format!("{staging}#x")), "page"),
        (
            plant(
                &plant(&base, RUNNING, &app("shop-hunter")).0,
                "environments.production.running",
                &app("shop-hunter"),
            )
            .0,
            "heroku",
        ),
    ] {
        deploy.write_toml(&text);
        let before = deploy.snapshot();
        let is_key = |(_, line): &(usize, &str)| line.starts_with(&format!("{key} = "));
        let line = text.lines().enumerate().filter(is_key).last().unwrap().0 + 1;
        for args in [
            &["setup", "--yes"][..],
            &["status"],
            &["promote", "--yes", "--commit", deploy.nth(5)],
        ] {
            let run = deploy.runner().directly().smp(args);
            let first = is_refused(&run, key);
            assert!(
                first.starts_with(&format!("error: smp.toml:{line}:")),
                "{first}"
            );
            let both = format!(
                "environments.production.running.{key}: gets the same answer as environments.staging.running.{key}"
            );
            assert!(first.ends_with(&both), "{first}");
            run.never_shows("127.0.0.1").never_shows("shop-hunter");
        }
        assert_eq!((deploy.snapshot(), deploy.web.asked().len()), (before, 0));
    }
    // A user who agreed to such a file before this check existed gets the message now.
    deploy.write_toml(&base);
    deploy.trust();
    deploy.write_toml(&base.replace(&production, &respelled));
    deploy
        .smp(&["promote", "--yes", "--commit", deploy.nth(5)])
        .exits(2)
        .never_shows("runs it already");
}

#[test]
fn one_status_page_that_lists_both_environments_is_fine() {
    let deploy = World::deploy();
    let both = format!("staging={} production={}", deploy.nth(5), deploy.nth(2));
    deploy.web.set("/both", Page::body(&both));
    let mut text = deploy.toml();
    for name in ["staging", "production"] {
        let running = format!("environments.{name}.running");
        text = plant(
            &text,
            &running,
            &format!("page = \"{}\"", deploy.web.url("/both")),
        )
        .0;
        text = plant(
            &text,
            &running,
            &format!("pattern = '{name}=([0-9a-f]{{7,64}})'"),
        )
        .0;
    }
    deploy.write_toml(&text);
    deploy.trust();
    let environments = deploy.smp(&["status", "--json"]).ok().json()["environments"].clone();
    assert_eq!(
        [&environments[0]["running"], &environments[1]["running"]],
        [deploy.nth(5), deploy.nth(2)]
    );
}
