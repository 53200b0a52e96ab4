//! Reviews and checks where the main repository is on GitLab, Forgejo or Gitea: the same rules as on GitHub.

mod forgejo;
mod gitlab;

use serde_json::json;

use crate::sample::sample;
use crate::support::{Deploy, RestApi, Run, World};

const TOKEN: &str = "not-for-anybodys-eyes";
const REVIEWED: &str = "[policy]\nreviewed = true\n";
const BOTH: &str = "[policy]\nreviewed = true\ngreen = true\n";
const UNKNOWN: &str = "error: it is unknown whether every commit that would ship was reviewed\n";

/// A world whose main repository has these pages, with `more` in `smp.toml`.
#[track_caller]
fn on(pages: &str, more: &str) -> Deploy {
    let deploy = World::deploy_like().toml(more).build();
    at(&deploy, &format!("web = \"{pages}\"\n"));
    deploy
}

/// Adds keys to the main repository's table.
#[track_caller]
fn at(deploy: &Deploy, keys: &str) {
    let branch = "branch = \"master\"\n";
    let toml = deploy
        .toml()
        .replacen(branch, &format!("{branch}{keys}"), 1);
    deploy.write_toml(&toml);
    deploy.agree();
}

/// Runs a command with a forge's variables: its name, the path of its API, and the server.
#[track_caller]
fn smp(deploy: &Deploy, (name, version): (&str, &str), api: &RestApi, args: &[&str]) -> Run {
    let run = deploy
        .runner()
        .env(&format!("{name}_TOKEN"), TOKEN)
        .env(
            &format!("{name}_API_URL"),
            format!("{}/api/{version}", api.url()),
        )
        .smp(args);
    run.never_shows(TOKEN);
    run
}

fn seven(deploy: &Deploy, nth: usize) -> &str {
    &deploy.nth(nth)[..7]
}

#[test]
#[should_panic(expected = "the published schema of PullReview does not fit")]
fn a_field_that_forgejo_does_not_publish_fails() {
    let api = RestApi::start("forgejo", TOKEN);
    api.has("v1/x", "PullReview", json!({"id": 1, "approved": true}));
}

#[test]
#[should_panic(expected = "the published schema of Members does not fit")]
fn a_field_that_gitlab_does_not_publish_fails() {
    let api = RestApi::start("gitlab", TOKEN);
    api.has("v4/x", "Members", json!([{"id": 1, "may_push": true}]));
}

#[test]
#[should_panic(expected = "the published schema of BranchWithProtection does not fit")]
fn a_field_that_github_does_not_publish_fails() {
    let api = RestApi::start("github", TOKEN);
    api.has(
        "v3/x",
        "BranchWithProtection",
        json!({"name": "main", "may_push": true}),
    );
}

#[test]
fn a_token_goes_nowhere_that_the_persons_own_environment_does_not_name() {
    for (pages, forge, name, version) in sample(
        2,
        [
            ("https://gitlab.acme.example/o/g/r", "", "GITLAB", "v4"),
            (
                "https://git.acme.example/o/r",
                "forge = \"gitlab\"\n",
                "GITLAB",
                "v4",
            ),
            (
                "https://git.acme.example/o/r",
                "forge = \"forgejo\"\n",
                "FORGEJO",
                "v1",
            ),
            ("https://gitea.acme.example/o/r", "", "GITEA", "v1"),
        ],
    ) {
        let deploy = World::deploy_like().toml(REVIEWED).build();
        at(&deploy, &format!("web = \"{pages}\"\n{forge}"));
        let host = pages.split('/').nth(2).unwrap();
        let (token, address) = (format!("{name}_TOKEN"), format!("{name}_API_URL"));
        let run = deploy.runner().env(&token, TOKEN).smp(&["promote", "-n"]);
        let leave = format!("because: no variable says that the token is for {host}\n");
        let usual = format!("https://{host}/api/{version}");
        let hint = format!("hint: set {address}={usual} if your token may be sent there");
        run.exits(1).says(UNKNOWN).says(&leave).says(&hint);
        let elsewhere = "https://other.example/api/v4";
        let run = deploy.runner().env(&token, TOKEN).env(&address, elsewhere);
        run.smp(&["promote", "-n"]).exits(1).says(&leave);
        let run = deploy.runner().env(&address, usual).smp(&["promote", "-n"]);
        run.exits(1)
            .says(&format!("because: there is no token for {host}\n"));
        run.says(&format!("hint: set {token} to a token that may read o/"));
        // The first obstacle is reported first.
        let run = deploy.smp(&["promote", "-n"]);
        run.says(&format!("because: there is no token for {host}\n"))
            .says(&format!(
                "hint: set {token} to a token that may read the main repository"
            ));
    }
}

#[test]
fn an_address_without_the_apis_version_is_refused() {
    let deploy = on("https://gitlab.com/o/r", REVIEWED);
    let run = deploy
        .runner()
        .env("GITLAB_TOKEN", TOKEN)
        .env("GITLAB_API_URL", "https://gitlab.com");
    let run = run.smp(&["promote", "-n"]);
    run.exits(1)
        .says("because: GITLAB_API_URL does not end in /api/v4\n");
    run.says("hint: set GITLAB_API_URL=https://gitlab.com/api/v4, then: git smp promote\n");
}

#[test]
fn another_software_is_a_mistake_of_the_file() {
    let deploy = World::deploy();
    deploy.write_toml(
        &deploy
            .toml()
            .replacen("branch =", "forge = \"gogs\"\nbranch =", 1),
    );
    let run = deploy.smp(&["status"]);
    run.exits(2)
        .says("repository.forge: must be \"github\", \"gitlab\", \"forgejo\" or \"gitea\"\n");
}
