//! Promotions in a pipeline need an app on both sides.

use crate::core::config::DeployBy;
use crate::core::config::tests::*;

fn read(deploy: &str, staging: &str, production: &str) -> Result<Config, Report> {
    let text = SMALL.replacen(STAGING, &format!("{STAGING}\n{staging}"), 1);
    let there = format!("{PRODUCTION}\n{deploy}\n{production}");
    parse(Path::new("smp.toml"), text.replacen(PRODUCTION, &there, 1))
}

const APPS: [&str; 2] = [
    "running = { heroku = 'a-b-c' }",
    "running = { heroku = 'd-e-f' }",
];

#[test]
fn it_is_a_push_unless_the_file_says_pipeline() {
    let [staging, production] = APPS;
    for (deploy, expected) in [
        ("", DeployBy::Push),
        ("deploy = 'push'", DeployBy::Push),
        ("deploy = 'pipeline'", DeployBy::Pipeline),
    ] {
        let config = read(deploy, staging, production).unwrap();
        assert_eq!(config.environments[1].deploy, expected, "{deploy}");
    }
}

#[test]
fn a_pipeline_needs_a_source_and_an_app_on_both_sides() {
    let [staging, production] = APPS;
    let pipeline = "deploy = 'pipeline'";
    for (report, why) in [
        (
            read("deploy = 'build'", staging, production),
            "environments.production.deploy: must be \"push\" or \"pipeline\"",
        ),
        (
            read(pipeline, staging, ""),
            "[environments.production.running] has no `heroku`",
        ),
        (
            read(pipeline, "running = { dokku = 'shop' }", production),
            "[environments.staging.running] has no `heroku`",
        ),
        (
            read("", &format!("{pipeline}\n{staging}"), production),
            "environments.staging.deploy: a pipeline promotes what another environment runs",
        ),
    ] {
        let report = report.unwrap_err();
        assert!(report.error.contains(why), "{}", report.error);
        assert!(report.error.contains(".deploy: "), "{}", report.error);
    }
}
