//! The sources of the token, and what setup reports about it.

use super::*;

/// A `gh` that knows one host, and fails if it gets a token.
const GH: &str = r#"test -z "$GH_TOKEN$GITHUB_TOKEN$GH_ENTERPRISE_TOKEN$GITHUB_ENTERPRISE_TOKEN" || exit 3
test "$*" = "auth token --hostname github.com" || exit 1
echo not-for-anybodys-eyes"#;

#[test]
fn the_token_of_gh_is_as_good_as_a_variable() {
    let (deploy, api) = asking(Speaks::GitHub);
    deploy.executable("bin/gh", GH);
    let (name, value) = api.variable();
    let run = deploy.runner().path_first("bin").env(name, value);
    let run = run
        .env("GH_ENTERPRISE_TOKEN", "another")
        .smp(&["propose", "--yes"]);
    run.never_shows(TOKEN).ok().says("issue opened: ");
    assert_eq!(api.issues().len(), 1);
}

#[test]
fn gits_helpers_are_asked_last() {
    for speaks in one_of(BOTH) {
        let (deploy, api) = asking(speaks);
        let host = match speaks {
            Speaks::GitHub => "github.com",
            Speaks::GitLab => "gitlab.com",
        };
        let helper = format!("!f() {{ echo username=ada; echo password={TOKEN}; }}; f");
        let key = format!("credential.https://{host}.helper");
        deploy.git(&deploy.work, &["config", &key, &helper]);
        let (name, value) = api.variable();
        let run = deploy.runner().env(name, value).smp(&["propose", "--yes"]);
        run.never_shows(TOKEN).ok().says("issue opened: ");
        assert_eq!(api.issues().len(), 1, "{speaks:?}");
    }
}

#[test]
fn setup_says_whether_the_token_works() {
    for speaks in one_of(BOTH) {
        let (deploy, api) = asking(speaks);
        let run = smp(&deploy, &api, &["setup", "--check"]);
        run.ok()
            .prints_among("answers, as ada-e; proposals open issues in an-org/a-repo");
        let none = deploy.smp(&["setup", "--check"]);
        none.ok()
            .prints_among("proposals cannot open an issue from this clone");
        api.only_says(Some((401, "{}")));
        smp(&deploy, &api, &["setup", "--check"])
            .exits(1)
            .prints_among("does not accept the token");
    }
}

#[test]
fn another_word_is_a_mistake_of_the_file() {
    let (deploy, _) = asking(Speaks::GitHub);
    deploy.write_toml(&deploy.toml().replace("\"github\"", "\"jira\""));
    let run = deploy.smp(&["status"]);
    run.exits(2)
        .says("record.ask: must be \"github\" or \"gitlab\"\n");
}
