//! Faulty answers of services and hosts: huge ones, and ones that are empty for a moment.

use crate::sample::sample;
use crate::support::{Deploy, GitHubApi, World};

const TOKEN: &str = "ghp_not-for-anybodys-eyes";

#[track_caller]
fn on_github() -> Deploy {
    let deploy = World::deploy();
    let branch = "branch = \"master\"\n";
    let pages = format!("{branch}web = \"https://github.com/an-org/a-repo\"\n");
    deploy.write_toml(&deploy.toml().replacen(branch, &pages, 1));
    deploy.trust();
    deploy
}

/// Repeats `one` until the answer has the largest accepted size.
fn filled(before: &str, one: &str, after: &str) -> String {
    let count = ((1 << 20) - before.len() - after.len()) / (one.len() + 1);
    format!("{before}{}{after}", vec![one; count].join(","))
}

// Regression: 40 MiB of empty objects in ten answers took 5 GB.
#[cfg(target_os = "linux")]
#[test]
fn a_small_machine_survives_what_a_hostile_forge_answers() {
    let deploy = on_github();
    let api = GitHubApi::start(TOKEN);
    let commit = |inside: &str| {
        format!(r#"{{"data":{{"repository":{{"nameWithOwner":"an-org/a-repo","c0":{inside}"#)
    };
    for body in sample(
        3,
        [
            filled(r#"{"errors":["#, "{}", "]}"),
            filled(r#"{"errors":[{"path":["#, r#"{"a":0}"#, "]}]}"),
            filled(
                &commit(r#"{"authors":{"nodes":["#),
                r#"{"user":{"login":""}}"#,
                "]}}}}}",
            ),
            filled(
                &commit(r#"{"associatedPullRequests":{"nodes":["#),
                r#"{"a":0}"#,
                "]}}}}}",
            ),
            filled(&commit("["), r#"{"a":0}"#, "]}}}"),
            filled(&commit("["), "[[]]", "]}}}"),
            "x".repeat(40 << 20),
        ],
    ) {
        api.answers(200, &[], &body);
        let runner = deploy
            .runner()
            .env("GITHUB_GRAPHQL_URL", api.url())
            .env("GH_TOKEN", TOKEN);
        // Each arena of the allocator reserves unused memory, which `ulimit -v` counts.
        let small = runner.env("MALLOC_ARENA_MAX", "1");
        let run = small.program("sh", &["-c", "ulimit -v 250000 && exec git smp diff"]);
        run.ok().never_shows(TOKEN);
        assert_eq!(run.out().lines().count(), 3, "{run}");
    }
}

/// Puts a git first on PATH that returns an empty list for the first such request.
fn first_list_comes_empty(deploy: &Deploy, remote: &str, pattern: &str) {
    let git = deploy
        .runner()
        .program("sh", &["-c", "command -v git"])
        .ok()
        .out();
    let (git, once) = (git.trim_end(), deploy.path("asked-once"));
    let script = format!(
        "case \"$*\" in *\"ls-remote --quiet \"*\" {remote} {pattern}\"*)\n  \
         [ -e '{0}' ] || {{ touch '{0}'; exit 0; }} ;;\n\
         *\" --porcelain \"*\" {remote} \"*\"+{pattern}:\"*)\n  \
         echo \"fatal: couldn't find remote ref {pattern}\" >&2; exit 128 ;;\nesac\nexec {git} \"$@\"",
        once.display()
    );
    deploy.executable("front/git", &script);
}

#[test]
fn a_branch_that_only_the_second_list_has_is_there() {
    let deploy = World::deploy_like().ready();
    for (remote, name) in [("staging", "staging"), ("upstream", "upstream")] {
        first_list_comes_empty(&deploy, remote, "refs/heads/master");
        let run = deploy
            .runner()
            .directly()
            .path_first("front")
            .smp(&["setup", "--check"]);
        run.ok()
            .never_shows("has no branch")
            .prints_among(&format!("{name} "));
        assert!(deploy.path("asked-once").exists(), "{run}");
        std::fs::remove_file(deploy.path("asked-once")).unwrap();
    }
}
