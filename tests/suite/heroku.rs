//! The platform as a source: environments on Heroku, with and without a page.

mod again;
mod findings;
mod pipeline;
mod releases;
mod token;
mod unknown;

use serde_json::{Value, json};

use crate::promote::{deployed_once, scripted};
use crate::record::short;
use crate::sample::sample;
use crate::support::{
    Deploy, DeployBuilder, HerokuApi, Page, Run, Runner, Snapshot, Terminal, Web, World,
};

/// The token; long enough to search for.
const TOKEN: &str = "HRKU-2f1c9d-open-sesame";
/// The apps of staging and production.
const APPS: [&str; 2] = ["shop-staging", "shop"];
/// The version of production's only deploy: two releases precede any deploy.
const FIRST: u64 = 3;

/// A world whose environments are apps on Heroku.
struct Platform {
    api: HerokuApi,
    deploy: Deploy,
}

impl Platform {
    /// Only the API tells the running commit.
    #[track_caller]
    fn alone() -> Platform {
        Platform::like(World::deploy_like(), false)
    }

    /// Each environment has a page that must agree.
    #[track_caller]
    fn beside_pages() -> Platform {
        Platform::like(World::deploy_like(), true)
    }

    /// Only the API, with a record without sign-offs.
    #[track_caller]
    fn recorded() -> Platform {
        Platform::like(
            World::deploy_like().toml("[record]\nsignoff = false\n"),
            false,
        )
    }

    #[track_caller]
    fn like(builder: DeployBuilder, pages: bool) -> Platform {
        let deploy = if pages {
            builder.ready()
        } else {
            builder.without_pages().ready()
        };
        let mut toml = deploy.toml();
        for (name, app) in ["staging", "production"].into_iter().zip(APPS) {
            let (table, line) = (
                format!("[environments.{name}.running]\n"),
                format!("heroku = \"{app}\"\n"),
            );
            match toml.find(&table) {
                Some(at) => toml.insert_str(at + table.len(), &line),
                None => toml.push_str(&format!("\n{table}{line}")),
            }
        }
        deploy.write_toml(&toml);
        let api = HerokuApi::start(TOKEN);
        for (bare, app) in [&deploy.staging, &deploy.production].into_iter().zip(APPS) {
            api.app(app).follow(app, bare);
            if pages {
                api.serves(app, &bare.join("deployed"));
            }
        }
        let platform = Platform { api, deploy };
        platform
            .deploy
            .agree_as(&platform.runner(), &platform.api.url());
        platform
    }

    /// Returns a runner with the token.
    fn runner(&self) -> Runner<'_> {
        self.deploy
            .runner()
            .env("HEROKU_API_URL", self.api.url())
            .env("HEROKU_API_KEY", TOKEN)
    }

    /// Returns a runner without a token.
    fn stranger(&self) -> Runner<'_> {
        self.runner().without_env("HEROKU_API_KEY")
    }

    #[track_caller]
    fn smp(&self, args: &[&str]) -> Run {
        self.runner().smp(args)
    }

    /// Promotes like a script.
    #[track_caller]
    fn promote(&self, more: &[&str]) -> Run {
        self.smp(&scripted(&self.deploy, more))
    }

    /// Promotes like a person, with plain text.
    fn at_a_terminal(&self, args: &[&str]) -> Terminal {
        self.runner().directly().env("NO_COLOR", "1").terminal(args)
    }

    /// Returns an environment's running commit, its source and its finding from `status`.
    #[track_caller]
    fn status(&self, environment: &str) -> (Value, Value, Value) {
        told(&self.smp(&["status", "--json"]), environment)
    }

    /// Returns the finding about production.
    #[track_caller]
    fn finding(&self) -> Value {
        self.status("production").2
    }

    /// Returns the lines of `status` without the picture.
    #[track_caller]
    fn lines(&self) -> String {
        self.smp(&["status"]).ok().out()
    }

    /// Returns the plan for scripts.
    #[track_caller]
    fn plan(&self) -> Value {
        self.smp(&["promote", "-n", "--json"]).ok().json()
    }

    /// Asserts that a scripted promotion is refused with this code, and that nothing is pushed or released.
    #[track_caller]
    fn refuses(&self, code: &str) -> Run {
        let (before, posted) = (self.deploy.snapshot(), self.posts());
        let run = self.smp(&["promote", "-n", "--json"]);
        assert_eq!(run.exits(1).json()["refusal"]["code"], code, "{run}");
        let run = self.promote(&[]);
        run.exits(1).prints("");
        assert_eq!(
            (self.deploy.snapshot(), self.posts()),
            (before, posted),
            "{run}"
        );
        run
    }

    /// Returns a short hash of the standard history.
    fn short(&self, nth: usize) -> &str {
        short(self.deploy.nth(nth))
    }

    /// A colleague pushes staging's commit to production; returns the version of its release.
    #[track_caller]
    fn colleague_promotes(&self) -> u64 {
        let (deploy, before) = (&self.deploy, self.api.releases("shop").len());
        deploy.colleague_pushes(&deploy.production, deploy.nth(5));
        assert_eq!(self.api.releases("shop").len(), before + 1);
        before as u64 + 1
    }

    /// Releases staging's commit to production, and rolls it back there.
    #[track_caller]
    fn rolled_back(&self) {
        self.colleague_promotes();
        self.api.rollback("shop", FIRST);
        assert_eq!(
            self.api.current("shop").as_deref(),
            Some(self.deploy.nth(2))
        );
    }

    /// Pushes staging's commit to production, where its release fails.
    #[track_caller]
    fn release_failed(&self) {
        use crate::support::Outcome::{Fails, Succeeds};
        self.api.new_releases("shop", Fails);
        self.colleague_promotes();
        self.api.new_releases("shop", Succeeds);
    }

    fn posts(&self) -> usize {
        self.api.posted("shop").len() + self.api.posted("shop-staging").len()
    }

    /// Asserts that production runs staging's commit after one push, without another release.
    #[track_caller]
    fn is_deployed_once(&self, before: &Snapshot) {
        assert_eq!(self.deploy.snapshot(), deployed_once(&self.deploy, before));
        assert_eq!(
            (self.api.current("shop").as_deref(), self.posts()),
            (Some(self.deploy.nth(5)), 0)
        );
    }
}

/// Returns the entry of an environment in `status --json`.
#[track_caller]
fn told(run: &Run, environment: &str) -> (Value, Value, Value) {
    let json = run.ok().json();
    let found = json["environments"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == environment);
    let one = found.unwrap();
    (
        one["running"].clone(),
        one["source"].clone(),
        one["finding"].clone(),
    )
}

#[test]
fn the_platform_says_what_runs() {
    for platform in sample(1, [Platform::alone(), Platform::beside_pages()]) {
        let deploy = &platform.deploy;
        assert_eq!(
            platform.status("staging"),
            (json!(deploy.nth(5)), json!("api"), json!(null))
        );
        assert_eq!(
            platform.status("production"),
            (json!(deploy.nth(2)), json!("api"), json!(null))
        );
        let run = platform.smp(&["status", "-v"]);
        let out = run.ok().out();
        assert!(
            out.contains(&format!(
                "runs {} (matches its branch); 3 commits behind staging",
                platform.short(2)
            )),
            "{out}"
        );
        assert!(out.ends_with("next: git smp promote\n"), "{out}");
        for (name, app, nth) in [("staging", "shop-staging", 5), ("production", "shop", 2)] {
            let at = deploy.nth(nth);
            run.says(&format!(
                "{name}: Heroku's API (app {app}) says {at}; its branch is at {at}"
            ));
        }
        platform.smp(&["setup", "--check"]).ok();
        assert_eq!(platform.posts(), 0);
    }
}

// `heroku rollback` does not move the branch: the list begins at the running commit.
#[test]
fn the_list_begins_at_what_runs_and_not_at_the_branch() {
    let platform = Platform::alone();
    let deploy = &platform.deploy;
    platform.rolled_back();
    let range = format!("{}..{}", deploy.nth(2), deploy.nth(5));
    let expected = deploy.git(&deploy.work, &["log", "--oneline", "--no-merges", &range]);
    assert_eq!(platform.smp(&["diff"]).ok().out().trim_end(), expected);
    assert_eq!(
        platform.smp(&["status", "--json"]).ok().json()["production_behind"]["commits"],
        3
    );
}

#[test]
fn a_plan_for_scripts_tells_what_runs_and_a_dry_run_releases_nothing() {
    let platform = Platform::alone();
    let (deploy, before) = (&platform.deploy, platform.deploy.snapshot());
    let plan = platform.plan();
    assert_eq!(plan["commit"], deploy.nth(5));
    assert_eq!(plan["targets"][0]["from"], deploy.nth(2));
    assert_eq!(
        (&plan["steps"][0]["step"], &plan["steps"][1]["step"]),
        (&json!("push"), &json!("wait"))
    );
    platform
        .smp(&["promote", "-n", "-v"])
        .ok()
        .says("production: Heroku's API (app shop) says ");
    platform.rolled_back();
    let released = platform.api.releases("shop");
    platform.smp(&["promote", "-n"]).ok();
    platform
        .smp(&[
            "promote",
            "-n",
            "--again",
            "--yes",
            "--commit",
            deploy.nth(5),
        ])
        .ok();
    assert_eq!(
        (platform.api.releases("shop"), platform.posts()),
        (released, 0)
    );
    assert_ne!(deploy.snapshot(), before, "the colleague's push alone");
}

#[test]
fn both_apps_are_asked_at_the_same_time() {
    let platform = Platform::alone();
    let web = Web::start();
    for app in APPS {
        web.set(
            &format!("/apps/{app}/releases"),
            Page::body("[]").together(2),
        );
    }
    let run = platform
        .runner()
        .env("HEROKU_API_URL", web.url(""))
        .smp(&["status", "--json"]);
    assert_eq!(
        told(&run, "production"),
        (json!(null), json!("api"), json!("nothing-deployed"))
    );
    assert_eq!(web.peak(), 2);
}

#[test]
fn a_config_var_that_somebody_sets_changes_nothing() {
    let platform = Platform::alone();
    platform.api.sets_config("shop", "COLOUR");
    assert_eq!(
        platform.status("production"),
        (json!(platform.deploy.nth(2)), json!("api"), json!(null))
    );
    let before = platform.deploy.snapshot();
    platform.promote(&[]).ok();
    platform.is_deployed_once(&before);
}
