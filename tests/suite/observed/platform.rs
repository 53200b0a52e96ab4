//! Promotions and rollbacks made on the platform.

use serde_json::json;

use super::{RECORD, saw, told};
use crate::record::short;
use crate::sample::sample;
use crate::support::{Deploy, HerokuApi, Outcome, Run, Runner, World};

const APP: &str = "shared-maps";
const TOKEN: &str = "t0ken-0123456789";

/// A world whose production is a Heroku app with a git smp deploy of the fifth commit.
struct Platform {
    deploy: Deploy,
    api: HerokuApi,
}

impl Platform {
    #[track_caller]
    fn new() -> Platform {
        let table = format!("[environments.production.running]\nheroku = \"{APP}\"\n");
        let deploy = World::deploy_like().without_pages().toml(RECORD).ready();
        deploy.add_toml(&format!("\n{table}"));
        let api = HerokuApi::start(TOKEN);
        let platform = Platform { deploy, api };
        platform
            .api
            .app(APP)
            .follow(APP, &platform.deploy.production);
        platform
            .deploy
            .agree_as(&platform.runner(), &platform.api.url());
        platform.promotes(5).ok();
        platform
    }

    fn runner(&self) -> Runner<'_> {
        self.deploy
            .runner()
            .env("HEROKU_API_URL", self.api.url())
            .env("HEROKU_API_KEY", TOKEN)
    }

    #[track_caller]
    fn smp(&self, args: &[&str]) -> Run {
        let run = self.runner().smp(args);
        run.never_shows(TOKEN);
        run
    }

    #[track_caller]
    fn promotes(&self, number: usize) -> Run {
        let commit = self.deploy.nth(number);
        self.deploy.colleague_pushes(&self.deploy.staging, commit);
        self.smp(&["promote", "--yes", "--timeout", "20", "--commit", commit])
    }
}

#[test]
fn a_promotion_in_the_pipeline_is_put_on_record_though_no_branch_moved() {
    let platform = Platform::new();
    let deploy = &platform.deploy;
    platform.api.deploys(APP, deploy.nth(6));
    let production = told(&platform.smp(&["status", "--json"]), "production");
    // The disagreement of branch and platform has its own finding.
    assert_eq!(production["finding"], "deployed-outside-git");
    assert_eq!(
        (
            &production["observed"]["from"],
            &production["observed"]["by"]
        ),
        (&json!(deploy.nth(5)), &json!(null))
    );
    platform
        .promotes(6)
        .ok()
        .says("nothing to promote")
        .says("recorded: production runs");
    saw(&deploy.chain(), deploy.nth(5), deploy.nth(6));
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    platform
        .smp(&["status"])
        .ok()
        .prints_among("deployed outside git smp ");
}

#[test]
fn a_rollback_on_the_platform_is_put_on_record_as_one_past_the_tool() {
    let platform = Platform::new();
    let deploy = &platform.deploy;
    platform.api.rollback(APP, 3);
    assert_eq!(platform.api.current(APP).as_deref(), Some(deploy.nth(2)));
    let production = told(&platform.smp(&["status", "--json"]), "production");
    assert_eq!(
        (&production["finding"], &production["observed"]["from"]),
        (&json!("rolled-back"), &json!(deploy.nth(5)))
    );
    let run = platform.smp(&["rollback", "--yes", "--to", deploy.nth(2)]);
    run.ok()
        .says("nothing to roll back")
        .says("recorded: production runs");
    let chain = deploy.chain();
    saw(&chain, deploy.nth(5), deploy.nth(2));
    assert_eq!(
        (
            chain.only("observed").field("Back"),
            chain.only("observed").field("Commits")
        ),
        ("yes", "3")
    );
    // It is one deploy, recorded once.
    platform
        .smp(&["rollback", "--yes", "--to", deploy.nth(2)])
        .ok()
        .never_shows("on record");
    // A commit that was rolled back on the platform ships again only on request.
    let run = platform.promotes(5);
    run.exits(1).says(&format!(
        "rolled back from {} to {}",
        short(deploy.nth(5)),
        short(deploy.nth(2))
    ));
}

#[test]
fn a_release_that_goes_on_or_failed_is_no_deploy_past_the_tool() {
    for outcome in sample(1, [Outcome::SucceedsAfter(1000), Outcome::Fails]) {
        let platform = Platform::new();
        let deploy = &platform.deploy;
        platform.api.new_releases(APP, outcome);
        deploy.colleague_pushes(&deploy.production, deploy.nth(6));
        platform
            .smp(&["status"])
            .ok()
            .never_shows("unrecorded")
            .never_shows("outside git smp");
        platform.promotes(5).never_shows("nobody deployed");
        platform.promotes(6).never_shows("nobody deployed");
        assert_eq!(deploy.chain().count("observed"), 0);
    }
}
