//! Names and addresses, and the relations between environments.

use super::*;

#[test]
fn cfg_01_to_09_names_and_addresses_are_checked_wherever_they_stand() {
    refuses(&[
        (
            REPOSITORY,
            "remote = '--mirror=push'",
            "smp.toml:2:10: repository.remote: must begin with a letter",
        ),
        (
            REPOSITORY,
            "branch = '-x'",
            "repository.branch: must not begin with `-`",
        ),
        (
            REPOSITORY,
            "web = 'http://host/x'",
            "repository.web: must use https",
        ),
        (
            STAGING,
            "remote = 'a b'",
            "environments.staging.remote: must be made of",
        ),
        (
            STAGING,
            "branch = 'refs/heads/x'",
            "environments.staging.branch: must be the short name",
        ),
        (
            STAGING,
            "site = 'javascript:x'",
            "environments.staging.site: must begin with https://",
        ),
        (
            STAGING,
            "running.page = 'http://host/'",
            "environments.staging.running.page: must use https",
        ),
        (
            "",
            "[environments.'-x']\nurl = '/x'",
            "environments.-x: the name must begin with a letter",
        ),
        (
            "",
            "[environments.'']\nurl = '/x'",
            "the name must have 1 to 64 characters",
        ),
        (
            "",
            "[environments.x]\nurl = 'ext::sh'",
            "environments.x.url: must be https://",
        ),
        (
            "",
            "[environments.x]\nurl = 'https://u:hunter2@h/x'",
            "environments.x.url: must not contain a user, password or token",
        ),
        (
            "",
            "[environments.x]\nurl = \"https://h/a\\nb\"",
            "environments.x.url: contains control or invisible characters",
        ),
        (
            "",
            "[environments.x]\nurl = ''",
            "environments.x.url: must have 1 to 2048 characters",
        ),
    ]);
    let text = SMALL.replace("https://github.com/o/r.git", "fd::17");
    let report = parse(Path::new("smp.toml"), &text).unwrap_err();
    assert!(
        report
            .error
            .starts_with("smp.toml:2:7: repository.url: must be"),
        "{}",
        report.error
    );
}

#[test]
fn cfg_10_the_record_is_never_kept_on_a_branch_that_is_deployed() {
    refuses(&[
        (
            "",
            "[record]\nref = 'refs/heads/main'",
            "record.ref: must be refs/smp/",
        ),
        (
            "",
            "[record]\nref = 'refs/smp/../x'",
            "record.ref: must be refs/smp/",
        ),
        (
            "",
            "branch = 'smp-record'\n[record]\nref = 'refs/heads/smp-record'",
            "record.ref: is a branch that holds code",
        ),
    ]);
    assert!(
        parse(
            Path::new("x"),
            format!("{SMALL}[record]\nref = 'refs/heads/smp-record'")
        )
        .is_ok()
    );
}

#[test]
fn cfg_16_environments_cannot_be_mistaken_for_each_other_or_for_the_main_repository() {
    refuses(&[
        (
            STAGING,
            "remote = 'production'",
            "environments.production: has the same remote as staging",
        ),
        (
            STAGING,
            "remote = 'Production'",
            "environments.production: has the same remote as staging",
        ),
        (
            STAGING,
            "remote = 'origin'",
            "environments.staging: has the same remote as [repository]",
        ),
        (
            "",
            "[environments.origin]\nurl = '/x'",
            "environments.origin: has the same remote as [repository]",
        ),
        (
            "",
            "[environments.x]\nurl = 'git@github.com:o/r.git'\nbranch = 'x'",
            "environments.x: has the same url as [repository]",
        ),
        (
            "",
            "[environments.x]\nurl = 'https://git.example/staging.git'",
            "environments.x: has the same url and branch as staging",
        ),
        (
            "",
            "[environments.x]\nurl = 'https://git.example/staging'",
            "environments.x: has the same url and branch as staging",
        ),
    ]);
    let other_branch = format!(
        "{SMALL}[environments.x]\nurl = 'https://git.example/staging.git'\nbranch = 'other'\n"
    );
    assert_eq!(parsed(&other_branch).environments.len(), 3);
}

#[test]
fn promotions_lead_from_one_environment_to_another_and_never_in_a_circle() {
    refuses(&[
        (
            STAGING,
            "promotes = 'staging'",
            "smp.toml:5:12: environments.staging.promotes: an environment cannot promote itself",
        ),
        (
            STAGING,
            "promotes = 'production'",
            "environments.staging.promotes: the environments promote each other in a circle",
        ),
        (
            STAGING,
            "promotes = 'stagin'",
            "environments.staging.promotes: there is no such environment",
        ),
        (
            STAGING,
            "promotes = ''",
            "environments.staging.promotes: there is no such environment",
        ),
        (
            "",
            "[environments.x]\nurl = '/x'\npromotes = 'y'\n[environments.y]\nurl = '/y'\npromotes = 'x'",
            "in a circle",
        ),
    ]);
    assert!(
        error_of(STAGING, "promotes = 'prodction'")
            .hint_text()
            .unwrap()
            .starts_with("did you mean `production`?")
    );
    let chain = format!("{SMALL}[environments.demo]\nurl = '/demo'\npromotes = 'production'\n");
    let config = parsed(&chain);
    let names: Vec<&str> = config
        .targets()
        .iter()
        .map(|target| target.name.as_str())
        .collect();
    assert_eq!(names, ["production", "demo"]);
}
