//! Setup asks the main repository's forge how it protects a branch that a deploy moves.

use serde_json::{Value, json};

use super::branches;
use crate::support::{Deploy, RestApi, Run};

const TOKEN: &str = "not-for-anybodys-eyes";
const ALLOW: &str =
    "allow those who deploy to push there, fast-forward only and without a pull request";
const BACK: &str = "a rollback moves the branch back, which GitHub declines: allow those who deploy to force-push there";

/// A world of branches whose main repository has these pages.
fn on(pages: &str) -> Deploy {
    let deploy = branches().build();
    let keys = format!("branch = \"master\"\nweb = \"{pages}\"\n");
    let toml = deploy.toml().replacen("branch = \"master\"\n", &keys, 1);
    deploy.write_toml(&toml);
    deploy
}

/// Runs setup with these variables on one long line each, and asserts that the token is never shown.
#[track_caller]
fn setup(deploy: &Deploy, variables: &[(&str, &str)]) -> Run {
    let runner = deploy.runner().env("COLUMNS", "400");
    let runner = (variables.iter()).fold(runner, |runner, (name, value)| runner.env(name, value));
    let run = runner.smp(&["setup", "--yes"]);
    run.never_shows(TOKEN);
    run
}

struct GitHub {
    deploy: Deploy,
    api: RestApi,
}

impl GitHub {
    /// Starts without protection for both branches.
    fn new() -> Self {
        let api = RestApi::start("github", TOKEN);
        let github = Self {
            deploy: on("https://github.com/an-org/a-repo"),
            api,
        };
        for branch in ["staging", "production"] {
            github.is(branch, false, json!({"enabled": false}));
            github.rules(branch, &[]);
        }
        github
    }

    fn is(&self, branch: &str, protected: bool, protection: Value) {
        let url = format!("https://api.github.com/repos/an-org/a-repo/branches/{branch}");
        let value = json!({
            "name": branch,
            "commit": {"sha": self.deploy.nth(5)},
            "_links": {"html": url, "self": url},
            "protected": protected,
            "protection": protection,
            "protection_url": format!("{url}/protection"),
        });
        let path = format!("v3/repos/an-org/a-repo/branches/{branch}");
        self.api.has(&path, "BranchWithProtection", value);
    }

    /// Sets the rules, each with its ruleset.
    fn rules(&self, branch: &str, rules: &[(&str, u64)]) {
        let rule = |(kind, id): &(&str, u64)| {
            let of = json!({
                "type": kind,
                "ruleset_source_type": "Repository",
                "ruleset_source": "an-org/a-repo",
                "ruleset_id": id,
            });
            of
        };
        let value = rules.iter().map(rule).collect::<Vec<_>>();
        let path = format!("v3/repos/an-org/a-repo/rules/branches/{branch}");
        self.api.has(&path, "RepositoryRules", json!(value));
    }

    fn ruleset(&self, id: u64, bypass: &str) {
        let value = json!({
            "id": id,
            "name": "deploys",
            "source": "an-org/a-repo",
            "enforcement": "active",
            "current_user_can_bypass": bypass,
        });
        let path = format!("v3/repos/an-org/a-repo/rulesets/{id}");
        self.api.has(&path, "RepositoryRuleset", value);
    }

    #[track_caller]
    fn setup(&self) -> Run {
        let api = format!("{}/api/v3", self.api.url());
        setup(
            &self.deploy,
            &[("GH_TOKEN", TOKEN), ("GITHUB_API_URL", &api)],
        )
    }
}

#[test]
fn without_a_token_nobody_is_asked_and_that_is_said() {
    let deploy = on("https://github.com/an-org/a-repo");
    setup(&deploy, &[])
        .ok()
        .prints_among("its host was not asked how it protects staging and production: there is no token for github.com\n")
        .prints_among("  set GH_TOKEN to a token that may read an-org/a-repo\n");
    let deploy = branches().build();
    setup(&deploy, &[("GH_TOKEN", TOKEN)])
        .ok()
        .prints_among("its host was not asked how it protects staging and production: the main repository has no web address on a known forge");
}

#[test]
fn on_github_rules_are_told_with_what_they_mean_for_a_deploy() {
    let github = GitHub::new();
    github
        .setup()
        .ok()
        .prints_among("ok    production  answers; production is at")
        .prints_among(
            "GitHub does not protect the branch production: everyone who can push to the main repository can move it",
        );
    github.is("production", true, json!({"enabled": false}));
    let rules = [
        ("pull_request", 7),
        ("non_fast_forward", 7),
        ("deletion", 7),
        ("required_signatures", 8),
    ];
    github.rules("production", &rules);
    github.ruleset(7, "never");
    github.ruleset(8, "always");
    github
        .setup()
        .ok()
        .prints_among("note  production  answers")
        .prints_among("GitHub protects the branch production and requires a pull request: it accepts no promotion from your token's account")
        .prints_among(&format!("on GitHub, {ALLOW}"))
        .prints_among(BACK);
    // People who may bypass the rules are not bound by them; the API does not always tell.
    github.ruleset(7, "always");
    github
        .setup()
        .ok()
        .prints_among("ok    production  answers")
        .prints_among("GitHub protects the branch production and accepts a promotion from your token's account")
        .never_shows(ALLOW);
    let asked = github.api.asked();
    let of_seven = asked.iter().filter(|path| path.ends_with("/rulesets/7"));
    assert_eq!(of_seven.count(), 2, "once a run: {asked:?}");
    github.api.lacks(
        "v3/repos/an-org/a-repo/rulesets/7",
        "BasicError",
        "Not Found",
    );
    github
        .setup()
        .ok()
        .prints_among(
            "GitHub protects the branch production and requires a pull request; it does not say who may bypass that",
        )
        .prints_among(
            "a rollback moves the branch back; GitHub does not say whether it accepts that",
        );
}

#[test]
fn the_older_protection_of_github_is_read_where_the_token_may() {
    let github = GitHub::new();
    github.is("production", true, json!({"enabled": true}));
    let path = "v3/repos/an-org/a-repo/branches/production/protection";
    github.api.lacks(path, "BasicError", "Not Found");
    github.setup().ok().prints_among(
        "GitHub protects the branch production, but does not show the rules to your token's account: only a push shows whether it is allowed",
    );
    let on = json!({"url": "https://api.github.com/x", "enabled": true});
    let value = json!({
        "required_pull_request_reviews": {
            "dismiss_stale_reviews": true,
            "require_code_owner_reviews": false,
        },
        "enforce_admins": on,
        "allow_force_pushes": {"enabled": false},
    });
    github.api.has(path, "BranchProtection", value);
    github
        .setup()
        .ok()
        .prints_among("note  production  answers")
        .prints_among(
            "and requires a pull request: it accepts no promotion from your token's account",
        )
        .prints_among(BACK);
}

#[test]
fn a_forge_that_does_not_tell_fails_no_check() {
    let github = GitHub::new();
    github
        .api
        .only_says(403, r#"{"message":"Resource not accessible"}"#);
    github.setup().ok().prints_among(
        "it is unknown how its host protects staging: GitHub gives the token no access",
    );
    github.api.only_says(404, r#"{"message":"Not Found"}"#);
    github
        .setup()
        .ok()
        .prints_among("GitHub does not know the request");
}

fn gitlab(protected: bool, can_push: bool, rule: Option<bool>) -> Run {
    let deploy = on("https://gitlab.com/an-org/a-repo");
    let api = RestApi::start("gitlab", TOKEN);
    let project = "v4/projects/an-org%2Fa-repo";
    for branch in ["staging", "production"] {
        let value = json!({
            "name": branch,
            "protected": protected,
            "developers_can_push": false,
            "developers_can_merge": false,
            "can_push": can_push,
        });
        api.has(
            &format!("{project}/repository/branches/{branch}"),
            "APIEntitiesBranch",
            value,
        );
        let path = format!("{project}/protected_branches/{branch}");
        match rule {
            Some(force) => api.has(
                &path,
                "APIEntitiesProtectedBranch",
                json!({"id": 1, "name": branch, "allow_force_push": force}),
            ),
            None => api.lacks(&path, "Message", "404 Not found"),
        };
    }
    let url = format!("{}/api/v4", api.url());
    setup(
        &deploy,
        &[("GITLAB_TOKEN", TOKEN), ("GITLAB_API_URL", &url)],
    )
}

#[test]
fn gitlab_tells_whether_the_account_may_push() {
    gitlab(false, true, None)
        .ok()
        .prints_among("GitLab does not protect the branch");
    gitlab(true, true, Some(true))
        .ok()
        .prints_among("GitLab protects the branch production and accepts a promotion from your token's account")
        .never_shows("a rollback moves the branch back");
    gitlab(true, true, Some(false))
        .ok()
        .prints_among(&BACK.replace("GitHub", "GitLab"));
    gitlab(true, false, None)
        .ok()
        .prints_among("note  staging     answers")
        .prints_among(
            "GitLab protects the branch production and accepts no push from your token's account",
        )
        .prints_among(&format!("on GitLab, {ALLOW}"))
        .prints_among("GitLab does not say whether it accepts that");
}

#[test]
fn forgejo_and_gitea_tell_whether_the_account_may_push() {
    for (host, name, variables) in [
        (
            "codeberg.org",
            "Forgejo",
            ["FORGEJO_TOKEN", "FORGEJO_API_URL"],
        ),
        ("gitea.com", "Gitea", ["GITEA_TOKEN", "GITEA_API_URL"]),
    ] {
        let deploy = on(&format!("https://{host}/an-org/a-repo"));
        let api = RestApi::start("forgejo", TOKEN);
        for (branch, protected, can_push) in [("staging", false, true), ("production", true, false)]
        {
            let value = json!({
                "name": branch,
                "commit": {"id": deploy.nth(5)},
                "protected": protected,
                "required_approvals": 1,
                "user_can_push": can_push,
                "user_can_merge": true,
            });
            api.has(
                &format!("v1/repos/an-org/a-repo/branches/{branch}"),
                "Branch",
                value,
            );
        }
        let url = format!("{}/api/v1", api.url());
        setup(&deploy, &[(variables[0], TOKEN), (variables[1], &url)])
            .ok()
            .prints_among(&format!("{name} does not protect the branch"))
            .prints_among("note  production  answers")
            .prints_among(&format!(
                "{name} protects the branch production and accepts no push from your token's account"
            ))
            .prints_among("a rollback moves the branch back");
    }
}
