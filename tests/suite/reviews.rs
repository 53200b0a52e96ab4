//! Reviews and checks: GitHub's data about commits in lists, plans and JSON, and the policy's use of them.

use serde_json::{Value, json};

use crate::diff::{commit_on, log, range};
use crate::promote::{deployed_once, scripted};
use crate::sample::sample;
use crate::support::{Deploy, GitHubApi, Run, Runner, World};

const TOKEN: &str = "ghp_not-for-anybodys-eyes";
const REVIEWED: &str = "[policy]\nreviewed = true\n";
const GREEN: &str = "[policy]\ngreen = true\n";

/// Returns a world whose main repository has its pages on GitHub, with these lines at the end of `smp.toml`.
#[track_caller]
fn on_github(more: &str) -> Deploy {
    let deploy = World::deploy_like().toml(more).build();
    on_github_at(&deploy, "https://github.com/an-org/a-repo");
    deploy
}

#[track_caller]
fn on_github_at(deploy: &Deploy, pages: &str) {
    let branch = "branch = \"master\"\n";
    deploy.write_toml(
        &deploy
            .toml()
            .replacen(branch, &format!("{branch}web = \"{pages}\"\n"), 1),
    );
    deploy.agree();
}

/// Starts a GitHub where each of the three commits that would ship is approved and green.
fn all_is_well(deploy: &Deploy) -> GitHubApi {
    let api = GitHubApi::start(TOKEN);
    for (nth, number) in [(3, 422), (4, 424), (5, 425)] {
        api.pull_request(deploy.nth(nth), number, "ada", true, (&["ben"], &[]))
            .checks(deploy.nth(nth), "SUCCESS");
    }
    api
}

/// Starts a GitHub without a pull request, without another person's approval, and with failed checks of the candidate.
fn nothing_is_well(deploy: &Deploy) -> GitHubApi {
    let api = GitHubApi::start(TOKEN);
    api.commit(deploy.nth(3));
    api.pull_request(deploy.nth(4), 424, "ada", true, (&["Ada"], &[]));
    api.pull_request(deploy.nth(5), 4250, "ben", false, (&["ada"], &[]))
        .checks(deploy.nth(5), "FAILURE");
    api
}

fn asking<'a>(deploy: &'a Deploy, api: &GitHubApi) -> Runner<'a> {
    deploy
        .runner()
        .env("GITHUB_GRAPHQL_URL", api.url())
        .env("GH_TOKEN", TOKEN)
}

#[track_caller]
fn smp(deploy: &Deploy, api: &GitHubApi, args: &[&str]) -> Run {
    let run = asking(deploy, api).smp(args);
    run.never_shows(TOKEN);
    run
}

fn seven(deploy: &Deploy, nth: usize) -> &str {
    &deploy.nth(nth)[..7]
}

#[track_caller]
fn is_untouched(deploy: &Deploy, act: impl FnOnce()) {
    let before = deploy.snapshot();
    act();
    assert_eq!(deploy.snapshot(), before);
}

// --- marks

#[test]
fn the_list_stays_gits_own_and_what_nobody_else_approved_is_marked_after_it() {
    let deploy = on_github("");
    let api = nothing_is_well(&deploy);
    let run = smp(&deploy, &api, &["diff"]);
    run.ok()
        .prints(log(&deploy, &deploy.team, &range(&deploy, 2, 5)));
    let marks = format!(
        "not reviewed: {} is part of #4250, which is not merged\n\
         not reviewed: {} is part of #424, which nobody else approved\n\
         not reviewed: {} has no pull request\n\
         the checks of {} failed\n",
        seven(&deploy, 5),
        seven(&deploy, 4),
        seven(&deploy, 3),
        &deploy.nth(5)[..8]
    );
    assert!(run.stderr.ends_with(&marks), "{run}");
    assert_eq!(api.calls(), 1);
    let head = &api.heads()[0];
    assert_eq!(head.header("accept"), Some("application/vnd.github+json"));
    assert_eq!(
        api.bodies()[0]["variables"],
        json!({"owner": "an-org", "name": "a-repo"})
    );

    let plain = deploy.smp(&["diff", "--markdown"]);
    let marked = smp(&deploy, &api, &["diff", "--markdown"]);
    marked.ok().prints(&plain.stdout).says(&marks);
    let quiet = smp(&deploy, &api, &["-q", "diff"]);
    assert_eq!((quiet.ok().stderr.as_str(), api.calls()), ("", 2));
}

#[test]
fn where_all_is_well_nothing_is_said() {
    let deploy = on_github("");
    let api = all_is_well(&deploy);
    let plain = deploy.smp(&["diff"]);
    let run = smp(&deploy, &api, &["diff"]);
    assert_eq!(
        (run.ok().stderr.as_str(), &run.stdout),
        (plain.stderr.as_str(), &plain.stdout)
    );
    smp(&deploy, &api, &["promote", "-n"])
        .ok()
        .never_shows("warning:")
        .never_shows("review");
}

#[test]
fn json_tells_of_each_commit_what_github_knows_and_nothing_without_it() {
    let deploy = on_github("");
    let api = nothing_is_well(&deploy);
    let without = deploy.smp(&["diff", "--json"]).ok().json();
    let with = smp(&deploy, &api, &["diff", "--json"]).ok().json();
    let expected = [
        json!({"pull_request": 4250, "author": "ben", "approved_by": ["ada"], "approved": false, "checks": "failure"}),
        json!({"pull_request": 424, "author": "ada", "approved_by": [], "approved": false, "checks": "none"}),
        json!({"pull_request": null, "author": null, "approved_by": [], "approved": false, "checks": "none"}),
    ];
    for (index, review) in expected.iter().enumerate() {
        assert_eq!(with["ships"][index]["review"], *review);
        assert_eq!(without["ships"][index].get("review"), None);
    }
    assert_eq!(without["ships"][0]["pull_request"], 425);
    // GitHub's number overrides the subject's; without one on GitHub, the subject's counts.
    assert_eq!(
        (
            &with["ships"][0]["pull_request"],
            &with["ships"][2]["pull_request"]
        ),
        (&json!(4250), &json!(422))
    );

    let api = all_is_well(&deploy);
    let plan = smp(&deploy, &api, &["promote", "-n", "--json"]).ok().json();
    let review = json!({"pull_request": 424, "author": "ada", "approved_by": ["ben"], "approved": true, "checks": "success"});
    assert_eq!(plan["ships"][1]["review"], review);
}

#[test]
fn a_promotion_is_warned_and_goes_ahead_where_no_policy_forbids_it() {
    let deploy = on_github("");
    let api = nothing_is_well(&deploy);
    let before = deploy.snapshot();
    let run = asking(&deploy, &api).smp(&scripted(&deploy, &[]));
    run.ok().says(&format!(
        "warning: {} \"Keep the sidebar open on reload (#422)\" was not reviewed: it has no pull request\n",
        seven(&deploy, 3)
    ));
    run.says("was not reviewed: it is part of #424, which nobody else approved\n");
    run.says(&format!(
        "warning: the checks of {} failed\n",
        &deploy.nth(5)[..8]
    ));
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
    assert_eq!(api.calls(), 1);
    // Nothing is left to ship, so GitHub is not asked.
    asking(&deploy, &api).smp(&["diff"]).ok();
    asking(&deploy, &api).smp(&scripted(&deploy, &[])).ok();
    assert_eq!(api.calls(), 1);
}

#[test]
fn long_lists_of_marks_end_in_a_number() {
    let deploy = on_github("");
    let api = GitHubApi::start(TOKEN);
    let mut last = String::new();
    for number in 0..25 {
        let hash = deploy.commit(&deploy.team, &format!("Change {number}"));
        api.commit(&hash);
        last = hash;
    }
    deploy.colleague_pushes(&deploy.staging, &last);
    for nth in 3..=6 {
        api.commit(deploy.nth(nth));
    }
    let run = smp(&deploy, &api, &["diff"]);
    assert_eq!(run.ok().stderr.matches("not reviewed: ").count(), 20);
    run.says("and 9 more; list all: git smp diff --json\n");
    let run = smp(&deploy, &api, &["promote", "-n"]);
    assert_eq!(
        run.ok()
            .stderr
            .matches(" was not reviewed: it has no pull request")
            .count(),
        10
    );
    run.says("19 more commits were not reviewed; list all: git smp diff --json\n");
}

#[test]
fn of_a_merge_that_would_ship_only_the_checks_count_where_no_policy_asks_who_reviewed_it() {
    let deploy = on_github(GREEN);
    let api = all_is_well(&deploy);
    let merge = commit_on(
        &deploy,
        &deploy.team,
        &[deploy.nth(5), deploy.nth(4)],
        "Ada",
        "Merge it",
    );
    deploy.colleague_pushes(&deploy.staging, &merge);
    api.commit(&merge).checks(&merge, "FAILURE");
    let line = format!("the checks of {} failed\n", &merge[..8]);
    smp(&deploy, &api, &["diff"])
        .ok()
        .says(&line)
        .never_shows("not reviewed");
    smp(&deploy, &api, &["promote", "-n"])
        .exits(1)
        .says(&format!("error: {line}"));
    api.checks(&merge, "SUCCESS");
    smp(&deploy, &api, &["promote", "-n"]).ok();
}

#[test]
fn a_merge_that_was_pushed_past_review_is_not_promoted_where_the_policy_says_so() {
    let deploy = on_github(REVIEWED);
    let api = all_is_well(&deploy);
    let merge = commit_on(
        &deploy,
        &deploy.team,
        &[deploy.nth(5), deploy.nth(4)],
        "Ada",
        "Merge it",
    );
    deploy.colleague_pushes(&deploy.staging, &merge);
    let run = smp(&deploy, &api, &["promote", "-n"]);
    run.exits(1)
        .says("error: it is unknown whether every commit that would ship was reviewed\n");
    run.says(&format!(
        "because: it is unknown for {} \"Merge it\"\n",
        &merge[..7]
    ));
    api.commit(&merge);
    smp(&deploy, &api, &["diff"]).ok().says(&format!(
        "not reviewed: {} has no pull request\n",
        &merge[..7]
    ));
    let promote = ["promote", "--yes", "--commit", &merge, "--timeout", "20"];
    is_untouched(&deploy, || {
        let run = asking(&deploy, &api).smp(&promote);
        run.exits(1)
            .says("error: 1 commit that would ship was not reviewed\n");
        run.says(&format!(
            "because: {} \"Merge it\" has no pull request\n",
            &merge[..7]
        ));
    });
    // A merge by the button has no author, even if the approver pressed it.
    api.pull_request(&merge, 426, "ada", true, (&["ben"], &[]))
        .authors(&merge, &["ben"]);
    smp(&deploy, &api, &["promote", "-n"])
        .exits(1)
        .says("is part of #426, which nobody else approved\n");
    api.merged_there(&merge, [deploy.nth(5), deploy.nth(4)]);
    smp(&deploy, &api, &["diff"])
        .ok()
        .never_shows("not reviewed");
    asking(&deploy, &api).smp(&promote).ok();
    assert_eq!(deploy.master(&deploy.production), merge);
}

#[test]
fn a_merge_with_nothing_beside_it_is_decided_too() {
    let deploy = on_github(&format!("[record]\nsignoff = false\n{REVIEWED}"));
    let merge = commit_on(
        &deploy,
        &deploy.team,
        &[deploy.nth(2), deploy.nth(1)],
        "Ada",
        "Merge it",
    );
    deploy.colleague_pushes(&deploy.staging, &merge);
    let api = GitHubApi::start(TOKEN);
    api.commit(&merge);
    smp(&deploy, &api, &["diff"]).ok().says(&format!(
        "not reviewed: {} has no pull request\n",
        &merge[..7]
    ));
    let refused = "1 commit that would ship was not reviewed";
    smp(&deploy, &api, &["propose", "-n"]).ok().says(&format!(
        "git smp promote would refuse this commit now: {refused}\n"
    ));
    smp(&deploy, &api, &["promote", "-n"])
        .exits(1)
        .says(refused);
    api.answers(500, &[], "");
    smp(&deploy, &api, &["diff"])
        .ok()
        .says("it is unknown whether the commits were reviewed: GitHub answers 500\n");
    let unknown = "it is unknown whether every commit that would ship was reviewed\n";
    smp(&deploy, &api, &["promote", "-n"])
        .exits(1)
        .says(unknown)
        .says("GitHub answers 500\n");
    deploy.smp(&["promote", "-n"]).exits(1).says(unknown);
}

// --- the requests and their number

#[test]
fn with_both_ends_named_nobody_is_asked() {
    let deploy = on_github("");
    let api = nothing_is_well(&deploy);
    let both = ["diff", "--from", deploy.nth(2), "--to", deploy.nth(5)];
    smp(&deploy, &api, &both).ok().never_shows("not reviewed");
    smp(&deploy, &api, &[&both[..], &["--json"]].concat()).ok();
    assert_eq!(api.calls(), 0);
    smp(&deploy, &api, &["diff", "--to", deploy.nth(5)])
        .ok()
        .says("not reviewed: ");
    assert_eq!(api.calls(), 1);
}

#[test]
fn of_many_commits_a_page_is_asked_for_at_a_time() {
    let deploy = on_github("");
    let api = GitHubApi::start(TOKEN);
    let mut last = deploy.nth(6).to_owned();
    for number in 0..56 {
        last = deploy.commit_files(&deploy.team, &format!("Change {number}"), &[]);
        api.pull_request(&last, number + 500, "ada", true, (&["ben"], &[]))
            .checks(&last, "SUCCESS");
    }
    for nth in 3..=6 {
        api.pull_request(deploy.nth(nth), 1, "ada", true, (&["ben"], &[]))
            .checks(deploy.nth(nth), "SUCCESS");
    }
    deploy.colleague_pushes(&deploy.staging, &last);
    smp(&deploy, &api, &["diff"]).ok().never_shows("reviewed");
    assert_eq!((api.calls(), api.peak()), (2, 1));
    let sizes: Vec<usize> = api.asked_for().iter().map(Vec::len).collect();
    assert_eq!(
        (sizes.iter().sum::<usize>(), sizes.iter().max()),
        (60, Some(&50))
    );
    // After a failed page the next page is not requested.
    api.answers(500, &[], "");
    smp(&deploy, &api, &["diff"])
        .ok()
        .says("it is unknown whether the commits were reviewed: GitHub answers 500");
    assert_eq!(api.calls(), 3);
}

#[test]
fn the_token_goes_nowhere_but_to_its_own_host() {
    let deploy = World::deploy();
    on_github_at(&deploy, "https://git.example.com/an-org/a-repo");
    let api = nothing_is_well(&deploy);
    smp(&deploy, &api, &["-v", "diff"])
        .ok()
        .says("there is no token for git.example.com");
    let enterprise = || {
        deploy
            .runner()
            .env("GITHUB_GRAPHQL_URL", api.url())
            .env("GH_ENTERPRISE_TOKEN", TOKEN)
    };
    let unnamed = "were not read: no variable says that the token is for git.example.com\n";
    enterprise().smp(&["-v", "diff"]).ok().says(unnamed);
    enterprise()
        .env("GH_HOST", "github.com")
        .smp(&["-v", "diff"])
        .ok()
        .says(unnamed);
    assert_eq!(api.calls(), 0);
    enterprise()
        .env("GITHUB_SERVER_URL", "https://git.example.com")
        .smp(&["diff"])
        .ok()
        .says("not reviewed: ");
    let named = enterprise().env("GH_HOST", "git.example.com");
    named.smp(&["diff"]).ok().says("not reviewed: ");
    assert_eq!(api.calls(), 2);
    named
        .env("GITHUB_GRAPHQL_URL", "http://git.example.com/api/graphql")
        .smp(&["diff"])
        .ok()
        .says("it is unknown whether the commits were reviewed: GITHUB_GRAPHQL_URL cannot be used: must use https");
}

#[test]
fn what_smp_toml_names_is_nobodys_leave_to_send_a_token_there() {
    let deploy = World::deploy_like().toml(REVIEWED).build();
    on_github_at(&deploy, "https://git.example.com/an-org/a-repo");
    let run = deploy
        .runner()
        .env("GH_ENTERPRISE_TOKEN", TOKEN)
        .smp(&["promote", "-n"]);
    run.exits(1)
        .says("because: no variable says that the token is for git.example.com\n");
    let hint = "set GH_HOST=git.example.com if your token may be sent there";
    run.says(&format!("hint: {hint}, then: git smp promote\n"));
}

#[test]
fn other_hosts_are_not_asked() {
    for pages in [
        "https://gitlab.com/an-org/a-repo",
        "https://github.com/an-org/group/a-repo",
    ] {
        let deploy = World::deploy();
        on_github_at(&deploy, pages);
        let api = nothing_is_well(&deploy);
        let plain = deploy.smp(&["diff"]);
        assert_eq!(smp(&deploy, &api, &["diff"]).ok().stderr, plain.stderr);
        assert_eq!(api.calls(), 0);
    }
}

#[test]
fn the_token_is_in_no_file_and_no_output() {
    let deploy = on_github(REVIEWED);
    let api = nothing_is_well(&deploy);
    let echo = format!(
        "{{\"errors\":[{{\"message\":\"{TOKEN}\",\"type\":\"{TOKEN}\"}}],\"message\":\"{TOKEN}\"}}"
    );
    smp(&deploy, &api, &["-v", "diff"]).ok();
    for status in [200, 401, 403, 500] {
        api.answers(status, &[("x-echo", TOKEN)], &echo);
        smp(&deploy, &api, &["-v", "diff"])
            .ok()
            .says("were reviewed: GitHub ");
        smp(&deploy, &api, &["-v", "promote", "-n"]).exits(1);
    }
    let found = deploy
        .runner()
        .program("grep", &["-r", TOKEN, deploy.path("").to_str().unwrap()]);
    found.exits(1).prints("");
}

// --- without an answer

#[test]
fn whoever_has_no_token_is_not_nagged() {
    let deploy = on_github("");
    let api = nothing_is_well(&deploy);
    let run = deploy
        .runner()
        .env("GITHUB_GRAPHQL_URL", api.url())
        .smp(&["diff"]);
    assert_eq!(run.ok().stderr.lines().count(), 2, "{run}");
    deploy
        .smp(&["-v", "diff"])
        .ok()
        .says("reviews and checks were not read: there is no token for github.com\n");
    deploy
        .smp(&["promote", "-n"])
        .ok()
        .never_shows("review")
        .never_shows("token");
    deploy
        .runner()
        .env("GH_TOKEN", "")
        .smp(&["diff"])
        .ok()
        .never_shows("token");
    assert_eq!(api.calls(), 0);
    let asked = on_github(REVIEWED);
    asked
        .smp(&["diff"])
        .ok()
        .says("reviews and checks were not read: there is no token for github.com\n");
}

#[test]
fn a_service_that_fails_is_told_in_one_line_and_stops_nothing() {
    let deploy = on_github("");
    let spent = [("x-ratelimit-remaining", "0"), ("retry-after", "90")];
    let none: &[(&str, &str)] = &[];
    let cases = [
        (401, none, "{}", "GitHub does not accept the token"),
        (403, none, "{}", "GitHub gives the token no access"),
        (
            403,
            &spent[..],
            "{}",
            "GitHub takes no more requests for now",
        ),
        (
            403,
            &[("x-github-sso", "required; url=x")][..],
            "{}",
            "GitHub requires the token to be authorized for the organization",
        ),
        (404, none, "{}", "GitHub's API is not at this address"),
        (429, none, "{}", "GitHub takes no more requests for now"),
        (500, none, "<html>", "GitHub answers 500"),
        (
            302,
            &[("location", "https://example.com/")][..],
            "",
            "GitHub answers 302",
        ),
        (
            200,
            none,
            "<html>",
            "GitHub's answer is not what its API documents",
        ),
        (
            200,
            none,
            r#"{"errors":[{"type":"RATE_LIMITED","message":"x"}]}"#,
            "GitHub takes no more requests for now",
        ),
    ];
    let api = GitHubApi::start(TOKEN);
    for (status, headers, body, words) in sample(4, cases) {
        api.answers(status, headers, body);
        let run = smp(&deploy, &api, &["diff"]);
        let line = format!("it is unknown whether the commits were reviewed: {words}");
        run.ok()
            .prints(log(&deploy, &deploy.team, &range(&deploy, 2, 5)))
            .says(&line);
        assert_eq!(run.stderr.lines().count(), 3, "{run}");
    }
    api.recovers().breaks_off();
    let line =
        "it is unknown whether the commits were reviewed: the answer of GitHub is incomplete\n";
    smp(&deploy, &api, &["diff"]).ok().says(line);
    smp(&deploy, &api, &["promote", "-n"])
        .ok()
        .says(&format!("warning: {line}"));
    let run = smp(&deploy, &api, &["diff", "--json"]);
    assert_eq!(run.ok().json()["ships"][0].get("review"), None);
    run.says("some reviews or checks are unknown: the answer of GitHub is incomplete\n");
    let before = deploy.snapshot();
    asking(&deploy, &api).smp(&scripted(&deploy, &[])).ok();
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
}

#[test]
fn a_repository_that_the_token_may_not_see_is_unknown() {
    let deploy = World::deploy();
    on_github_at(&deploy, "https://github.com/an-org/another");
    let api = nothing_is_well(&deploy);
    smp(&deploy, &api, &["diff"])
        .ok()
        .says("it is unknown whether the commits were reviewed: GitHub does not show an-org/another to this token\n");
}

#[test]
fn of_a_part_of_an_answer_the_rest_is_unknown() {
    let deploy = on_github(REVIEWED);
    let api = all_is_well(&deploy);
    // The candidate comes first in the request.
    api.refuses("FORBIDDEN", &["repository", "c0", "statusCheckRollup"]);
    let json = smp(&deploy, &api, &["diff", "--json"]).ok().json();
    assert_eq!(json["ships"][0]["review"]["checks"], Value::Null);
    assert_eq!(json["ships"][0]["review"]["approved"], true);
    smp(&deploy, &api, &["promote", "-n"]).ok();

    let deploy = on_github(REVIEWED);
    let api = all_is_well(&deploy);
    api.refuses("FORBIDDEN", &["repository", "c0", "associatedPullRequests"]);
    let line = "it is unknown whether 1 of 3 commits was reviewed: GitHub does not let the token see all of it\n";
    smp(&deploy, &api, &["diff"]).ok().says(line);
    let run = smp(&deploy, &api, &["promote", "-n"]);
    run.exits(1)
        .says("error: it is unknown whether every commit that would ship was reviewed\n");
    run.says(&format!(
        "because: it is unknown for {} \"Fix malformed",
        seven(&deploy, 5)
    ));
}

// --- the policy

#[test]
fn what_was_not_reviewed_is_not_promoted_where_the_policy_says_so() {
    let deploy = on_github(REVIEWED);
    let api = nothing_is_well(&deploy);
    is_untouched(&deploy, || {
        let run = asking(&deploy, &api).smp(&scripted(&deploy, &[]));
        run.exits(1)
            .says("error: 3 commits that would ship were not reviewed\n");
        run.says(&format!(
            "because: {} \"Keep the sidebar open on reload (#422)\" has no pull request\n",
            seven(&deploy, 3)
        ));
        run.says("because: policy.reviewed in smp.toml requires")
            .says("hint: ")
            .says("git smp promote");
        let json = smp(&deploy, &api, &["promote", "-n", "--json"]);
        assert_eq!(json.exits(1).json()["refusal"]["code"], "not-reviewed");
        assert_eq!(json.json()["ships"][0]["review"]["approved"], false);
    });
    let api = all_is_well(&deploy);
    let before = deploy.snapshot();
    asking(&deploy, &api).smp(&scripted(&deploy, &[])).ok();
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
}

#[test]
fn each_way_of_not_being_approved_is_told() {
    let (nobody, ben): (&[&str], &[&str]) = (&[], &["ben"]);
    let deploy = on_github(REVIEWED);
    for (author, merged, opinions, words) in [
        (
            "ada",
            true,
            (nobody, nobody),
            "is part of #425, which nobody else approved",
        ),
        (
            "ben",
            true,
            (ben, nobody),
            "is part of #425, which nobody else approved",
        ),
        (
            "ada",
            true,
            (ben, &["cleo"][..]),
            "is part of #425, which was merged although changes were requested",
        ),
        (
            "ada",
            false,
            (ben, nobody),
            "is part of #425, which is not merged",
        ),
    ] {
        let api = GitHubApi::start(TOKEN);
        for nth in [3, 4] {
            api.pull_request(deploy.nth(nth), 1, "ada", true, (&["ben"], &[]));
        }
        api.pull_request(deploy.nth(5), 425, author, merged, opinions);
        let run = smp(&deploy, &api, &["promote", "-n"]);
        run.exits(1)
            .says("error: 1 commit that would ship was not reviewed\n");
        run.says(&format!(
            "because: {} \"Fix malformed view variable in MapItems (#425)\" {words}\n",
            seven(&deploy, 5)
        ));
    }
}

#[test]
fn whoever_wrote_a_commit_cannot_approve_it_in_somebody_elses_pull_request() {
    let deploy = on_github(REVIEWED);
    let api = all_is_well(&deploy);
    api.authors(deploy.nth(4), &["ada"])
        .authors(deploy.nth(5), &["ada", "Ben"]);
    let fault = "is part of #425, which nobody else approved\n";
    smp(&deploy, &api, &["diff"])
        .ok()
        .says(&format!("not reviewed: {} {fault}", seven(&deploy, 5)));
    is_untouched(&deploy, || {
        let run = asking(&deploy, &api).smp(&scripted(&deploy, &[]));
        run.exits(1)
            .says("error: 1 commit that would ship was not reviewed\n")
            .says(fault);
    });
    let json = smp(&deploy, &api, &["diff", "--json"]).ok().json();
    assert_eq!(json["ships"][0]["review"]["approved_by"], json!([]));
    assert_eq!(json["ships"][1]["review"]["approved_by"], json!(["ben"]));
}

#[test]
fn without_the_authors_nobody_can_tell_whose_approval_counts() {
    let deploy = on_github(REVIEWED);
    let api = all_is_well(&deploy);
    api.refuses("FORBIDDEN", &["repository", "c0", "authors"]);
    let run = smp(&deploy, &api, &["promote", "-n"]);
    run.exits(1)
        .says("error: it is unknown whether every commit that would ship was reviewed\n");
    run.says(&format!(
        "because: it is unknown for {} \"Fix malformed",
        seven(&deploy, 5)
    ));
}

#[test]
fn what_was_approved_for_another_branch_is_not_reviewed() {
    let deploy = on_github(REVIEWED);
    let api = all_is_well(&deploy);
    api.goes_into(deploy.nth(5), "feature");
    let fault = "is part of #425, which was not merged into the main branch\n";
    smp(&deploy, &api, &["diff"])
        .ok()
        .says(&format!("not reviewed: {} {fault}", seven(&deploy, 5)));
    is_untouched(&deploy, || {
        let run = asking(&deploy, &api).smp(&scripted(&deploy, &[]));
        run.exits(1)
            .says("error: 1 commit that would ship was not reviewed\n")
            .says(fault);
    });
    let json = smp(&deploy, &api, &["diff", "--json"]).ok().json();
    let review = &json["ships"][0]["review"];
    assert_eq!(
        (&review["pull_request"], &review["approved"]),
        (&json!(425), &json!(false))
    );
}

#[test]
fn what_was_approved_for_the_main_branch_before_is_not_reviewed() {
    let deploy = on_github(REVIEWED);
    let api = all_is_well(&deploy);
    smp(&deploy, &api, &["promote", "-n"]).ok();
    deploy.git(&deploy.main, &["branch", "other", "master"]);
    let toml = deploy
        .toml()
        .replacen("branch = \"master\"\n", "branch = \"other\"\n", 1);
    let own_branch =
        |toml: String, name: &str| toml.replacen(name, &format!("{name}\nbranch = \"master\""), 1);
    deploy.write_toml(
        &["[environments.staging]", "[environments.production]"]
            .into_iter()
            .fold(toml, own_branch),
    );
    deploy.trust();
    let run = smp(&deploy, &api, &["promote", "-n"]);
    run.exits(1)
        .says("error: 3 commits that would ship were not reviewed\n");
}

#[test]
fn unknown_is_not_reviewed() {
    let deploy = on_github(REVIEWED);
    let unknown = "error: it is unknown whether every commit that would ship was reviewed\n";
    is_untouched(&deploy, || {
        let run = deploy.smp(&scripted(&deploy, &[]));
        run.exits(1)
            .says(unknown)
            .says("because: there is no token for github.com\n");
        run.says("because: policy.reviewed in smp.toml requires it, and unknown does not count as reviewed\n");
        run.says(
            "hint: set GH_TOKEN to a token that may read an-org/a-repo, then: git smp promote --timeout 20\n",
        );
        let api = GitHubApi::start(TOKEN);
        api.pull_request(deploy.nth(5), 425, "ada", true, (&["ben"], &[]));
        let run = asking(&deploy, &api).smp(&scripted(&deploy, &[]));
        run.exits(1)
            .says(unknown)
            .says("because: it is unknown for ")
            .says("because: GitHub does not report it for every commit\n");
        api.answers(500, &[], "");
        let run = asking(&deploy, &api).smp(&scripted(&deploy, &[]));
        run.exits(1)
            .says(unknown)
            .says("because: GitHub answers 500\n")
            .says("hint: try again: git smp promote --timeout 20\n");
        let json = smp(&deploy, &api, &["promote", "-n", "--json"])
            .exits(1)
            .json();
        assert_eq!(json["refusal"]["code"], "not-reviewed");
    });
    let elsewhere = World::deploy_like().toml(REVIEWED).ready();
    let run = elsewhere.smp(&["promote", "-n"]);
    run.exits(1)
        .says(unknown)
        .says("because: the main repository has no web address on a known forge\n")
        .says("repository.web");
}

// An interrupted run continues, whatever GitHub says by then.
#[test]
fn what_was_pushed_already_is_seen_to_its_end() {
    let deploy = on_github(&format!("{REVIEWED}green = true\n"));
    // A fetch into production moves the ref and deploys nothing.
    let refspec = format!("{}:refs/heads/master", deploy.nth(5));
    deploy.git(
        &deploy.production,
        &["fetch", "-q", deploy.main.to_str().unwrap(), &refspec],
    );
    deploy.smp(&["promote", "-n"]).ok().says("without a push");
    let api = nothing_is_well(&deploy);
    smp(&deploy, &api, &["promote", "-n"])
        .ok()
        .says("was not reviewed: it has no pull request");
}

#[test]
fn only_checks_that_succeeded_are_green() {
    let deploy = on_github(GREEN);
    let short = deploy.nth(5)[..8].to_owned();
    let failed = format!("error: the checks of {short} failed\n");
    let pending = format!("error: the checks of {short} have not finished\n");
    is_untouched(&deploy, || {
        for (state, words) in sample(
            2,
            [
                ("FAILURE", &failed),
                ("ERROR", &failed),
                ("EXPECTED", &pending),
                ("PENDING", &pending),
            ],
        ) {
            let api = GitHubApi::start(TOKEN);
            api.checks(deploy.nth(5), state);
            let run = asking(&deploy, &api).smp(&scripted(&deploy, &[]));
            run.exits(1)
                .says(words)
                .says("because: policy.green in smp.toml requires")
                .says("hint: ");
            let json = smp(&deploy, &api, &["promote", "-n", "--json"])
                .exits(1)
                .json();
            assert_eq!(json["refusal"]["code"], "not-green");
        }
        let api = GitHubApi::start(TOKEN);
        let unknown = format!("error: it is unknown whether the checks of {short} succeeded\n");
        smp(&deploy, &api, &["promote", "-n"])
            .exits(1)
            .says(&unknown)
            .says("because: GitHub does not report it for every commit\n");
        smp(&deploy, api.commit(deploy.nth(5)), &["promote", "-n"])
            .exits(1)
            .says(&format!("error: {short} has no checks\n"));
        api.answers(429, &[], "");
        smp(&deploy, &api, &["promote", "-n"])
            .exits(1)
            .says(&unknown)
            .says("because: GitHub takes no more requests");
        deploy
            .smp(&["promote", "-n"])
            .exits(1)
            .says(&unknown)
            .says("because: there is no token for github.com\n");
    });
}

#[test]
fn the_checks_that_decide_are_asked_for_anew() {
    let deploy = on_github(GREEN);
    let api = all_is_well(&deploy);
    smp(&deploy, &api, &["promote", "-n"]).ok();
    api.checks(deploy.nth(5), "FAILURE");
    smp(&deploy, &api, &["promote", "-n"])
        .exits(1)
        .says("failed\n");
    api.checks(deploy.nth(5), "SUCCESS");
    smp(&deploy, &api, &["promote", "-n"]).ok();
    api.answers(500, &[], "");
    smp(&deploy, &api, &["promote", "-n"])
        .exits(1)
        .says("it is unknown whether the checks of");
    api.recovers();
    let before = deploy.snapshot();
    asking(&deploy, &api).smp(&scripted(&deploy, &[])).ok();
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
}

#[test]
fn a_proposal_is_warned_that_its_promotion_is_refused_as_things_stand() {
    let deploy = on_github(&format!("[record]\n{REVIEWED}"));
    let api = nothing_is_well(&deploy);
    let run = smp(&deploy, &api, &["propose", "-n"]);
    run.ok().says("was not reviewed: it has no pull request\n");
    run.says("warning: git smp promote would refuse this commit now: 3 commits that would ship were not reviewed\n");
    let refuses = "git smp promote would refuse this commit now: ";
    deploy.smp(&["propose", "-n"]).ok().says(&format!(
        "warning: {refuses}it is unknown whether every commit that would ship was reviewed: there is no token for github.com\n"
    ));
    smp(&deploy, &api, &["propose", "--yes"]).ok();
    smp(&deploy, &api, &["signoff", "--by", "Rosi"]).ok();
    is_untouched(&deploy, || {
        asking(&deploy, &api)
            .smp(&scripted(&deploy, &[]))
            .exits(1)
            .says("were not reviewed");
    });
    let api = all_is_well(&deploy);
    asking(&deploy, &api).smp(&scripted(&deploy, &[])).ok();
}
