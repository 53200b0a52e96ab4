//! Pull requests, reviews and commit statuses of Forgejo and Gitea.

use serde_json::{Value, json};

use crate::diff::commit_on;
use crate::forges::{BOTH, REVIEWED, TOKEN, UNKNOWN, at, on, seven, smp};
use crate::sample::sample;
use crate::support::{Deploy, RestApi, Run, World};

const PAGES: &str = "https://codeberg.org/an-org/a-repo";
const REPOSITORY: &str = "v1/repos/an-org/a-repo";

#[track_caller]
fn ask(deploy: &Deploy, api: &RestApi, args: &[&str]) -> Run {
    smp(deploy, ("FORGEJO", "v1"), api, args)
}

fn user(name: &str) -> Value {
    json!({"login": name})
}

/// Adds a merged pull request of Ada's to this commit, with these opinions and commits.
fn merged(api: &RestApi, commit: &str, number: u64, reviews: Value, commits: Value) {
    let pull = json!({
        "number": number, "merged": true, "merge_commit_sha": commit, "user": user("ada"),
        "base": {"ref": "master", "repo": {"full_name": "an-org/a-repo"}},
    });
    api.has(
        &format!("{REPOSITORY}/commits/{commit}/pull"),
        "PullRequest",
        pull,
    );
    let path = format!("{REPOSITORY}/pulls/{number}");
    api.has(&format!("{path}/reviews"), "PullReviewList", reviews);
    api.has(&format!("{path}/commits"), "CommitList", commits);
}

fn none(api: &RestApi, commit: &str) {
    let message =
        "pull request does not exist [id: 0, issue_id: 0, head_repo_id: 0, base_repo_id: 1]";
    api.lacks(
        &format!("{REPOSITORY}/commits/{commit}/pull"),
        "APIError",
        message,
    );
}

fn review(state: &str, login: &str) -> Value {
    json!({"state": state, "stale": false, "dismissed": false, "user": user(login)})
}

fn commit(sha: &str, author: &str) -> Value {
    json!({"sha": sha, "author": user(author)})
}

fn status(api: &RestApi, commit: &str, statuses: &[&str]) {
    let all: Vec<Value> = statuses.iter().map(|one| json!({"status": one})).collect();
    let combined = json!({"total_count": all.len(), "statuses": all});
    api.has(
        &format!("{REPOSITORY}/commits/{commit}/status"),
        "CombinedStatus",
        combined,
    );
}

/// Each of the three commits that would ship is a squashed pull request of Ada's that Ben approved, and all checks
/// passed.
fn all_is_well(deploy: &Deploy) -> RestApi {
    let api = RestApi::start("forgejo", TOKEN);
    let writers = json!([user("ada"), user("ben"), user("cleo")]);
    api.has(&format!("{REPOSITORY}/assignees"), "UserList", writers);
    for (nth, number) in [(3, 422), (4, 424), (5, 425)] {
        let commits =
            json!([commit(&"b".repeat(40), "ada"), {"sha": "c".repeat(40), "author": null}]);
        merged(
            &api,
            deploy.nth(nth),
            number,
            json!([review("APPROVED", "ben")]),
            commits,
        );
    }
    status(&api, deploy.nth(5), &["success", "skipped"]);
    api
}

#[test]
fn where_all_is_well_a_policy_lets_it_pass_and_json_tells_of_it() {
    let deploy = on(PAGES, BOTH);
    let api = all_is_well(&deploy);
    let plan = ask(&deploy, &api, &["promote", "-n", "--json"]).ok().json();
    let review = json!({"pull_request": 425, "author": "ada", "approved_by": ["ben"], "approved": true, "checks": "success"});
    assert_eq!(plan["ships"][0]["review"], review);
    // Gitea has the same API under its own name.
    let deploy = World::deploy_like().toml(BOTH).build();
    at(
        &deploy,
        "web = \"https://git.acme.example/an-org/a-repo\"\nforge = \"gitea\"\n",
    );
    let api = all_is_well(&deploy);
    smp(&deploy, ("GITEA", "v1"), &api, &["promote", "-n"]).ok();
    api.only_says(500, "");
    let run = smp(&deploy, ("GITEA", "v1"), &api, &["promote", "-n"]);
    run.exits(1).says("because: Gitea answers 500\n");
}

#[test]
fn what_nobody_else_approved_is_marked() {
    let deploy = on(PAGES, "");
    let api = all_is_well(&deploy);
    none(&api, deploy.nth(5));
    let own = json!([commit(&"b".repeat(40), "ada")]);
    merged(
        &api,
        deploy.nth(4),
        424,
        json!([review("APPROVED", "Ada")]),
        own,
    );
    status(&api, deploy.nth(5), &["success", "failure"]);
    let marks = format!(
        "not reviewed: {} has no pull request\n\
         not reviewed: {} is part of #424, which nobody else approved\n\
         the checks of {} failed\n",
        seven(&deploy, 5),
        seven(&deploy, 4),
        &deploy.nth(5)[..8]
    );
    let run = ask(&deploy, &api, &["diff"]);
    assert!(run.ok().stderr.ends_with(&marks), "{run}");
}

#[test]
fn whose_approval_counts() {
    let deploy = on(PAGES, REVIEWED);
    let with = |change: &dyn Fn(&mut Value), key: &str| {
        let mut one = review("APPROVED", "ben");
        change(&mut one[key]);
        json!([one])
    };
    let nobody = "is part of #424, which nobody else approved\n";
    let wants = "is part of #424, which was merged although changes were requested\n";
    let ben = review("APPROVED", "ben");
    let theirs = json!([commit(&"b".repeat(40), "Ben")]);
    let own = json!([commit(&"b".repeat(40), "ada")]);
    for (reviews, commits, words) in sample(
        4,
        [
            (json!([]), &own, nobody),
            (
                with(&|dismissed| *dismissed = json!(true), "dismissed"),
                &own,
                nobody,
            ),
            // The approved version was changed later.
            (with(&|stale| *stale = json!(true), "stale"), &own, nobody),
            (with(&|by| *by = Value::Null, "user"), &own, nobody),
            (json!([review("APPROVED", "mallory")]), &own, nobody),
            (
                json!([review("COMMENT", "ben"), review("PENDING", "ben")]),
                &own,
                nobody,
            ),
            (json!([ben]), &theirs, nobody),
            // The last opinion counts, on any page.
            (
                json!([
                    ben,
                    review("COMMENT", "ben"),
                    review("REQUEST_CHANGES", "Ben")
                ]),
                &own,
                wants,
            ),
            (json!([ben, review("REQUEST_CHANGES", "cleo")]), &own, wants),
        ],
    ) {
        let api = all_is_well(&deploy);
        merged(&api, deploy.nth(4), 424, reviews, commits.clone());
        ask(&deploy, &api, &["promote", "-n"]).exits(1).says(words);
    }
    let api = all_is_well(&deploy);
    let after_all = json!([
        review("REQUEST_CHANGES", "mallory"),
        review("REQUEST_CHANGES", "ben"),
        ben
    ]);
    merged(&api, deploy.nth(4), 424, after_all, own);
    ask(&deploy, &api, &["promote", "-n"]).ok();
}

#[test]
fn a_pull_request_of_another_repository_or_branch_does_not_count() {
    let deploy = on(PAGES, REVIEWED);
    let pull = |base: Value, commit: &str| json!({"number": 424, "merged": true, "merge_commit_sha": commit, "user": user("ada"), "base": base});
    let (ours, other) = (deploy.nth(4), "d".repeat(40));
    let repo = json!({"full_name": "an-org/a-repo"});
    for (pull, words) in [
        (
            pull(json!({"ref": "next", "repo": repo}), ours),
            "which was not merged into the main branch\n",
        ),
        (
            pull(
                json!({"ref": "master", "repo": {"full_name": "ada/a-repo"}}),
                ours,
            ),
            "has no pull request\n",
        ),
        (
            pull(json!({"ref": "master", "repo": null}), ours),
            "has no pull request\n",
        ),
        (
            pull(json!({"ref": "master", "repo": repo}), &other),
            "has no pull request\n",
        ),
    ] {
        let api = all_is_well(&deploy);
        // A pull request squashed to one commit does not include the commit before it.
        let one = json!([commit(&"b".repeat(40), "ada")]);
        merged(
            &api,
            deploy.nth(5),
            425,
            json!([review("APPROVED", "ben")]),
            one,
        );
        api.has(
            &format!("{REPOSITORY}/commits/{ours}/pull"),
            "PullRequest",
            pull,
        );
        ask(&deploy, &api, &["promote", "-n"]).exits(1).says(words);
    }
}

#[test]
fn a_pull_request_that_was_merged_without_a_merge_brought_all_of_its_commits_if_they_are_still_the_same()
 {
    let deploy = on(PAGES, REVIEWED);
    let approved = || json!([review("APPROVED", "ben")]);
    let api = all_is_well(&deploy);
    none(&api, deploy.nth(4));
    let kept = json!([commit(deploy.nth(4), "ada"), commit(deploy.nth(5), "ada")]);
    merged(&api, deploy.nth(5), 425, approved(), kept);
    ask(&deploy, &api, &["promote", "-n"]).ok();
    // After a rebase it is unknown which commits belong to it.
    let anew = json!([
        commit(&"b".repeat(40), "ada"),
        commit(&"c".repeat(40), "ada")
    ]);
    merged(&api, deploy.nth(5), 425, approved(), anew);
    let run = ask(&deploy, &api, &["promote", "-n"]);
    run.exits(1)
        .says(UNKNOWN)
        .says("because: Forgejo does not report it for every commit\n");
}

#[test]
fn a_merge_brings_the_commits_of_its_pull_request_and_nothing_that_git_does_not_make_by_itself() {
    let deploy = on(PAGES, REVIEWED);
    for (first, second, is_automatic) in [(5, 4, true), (4, 5, false)] {
        let api = all_is_well(&deploy);
        let (first, second) = (deploy.nth(first), deploy.nth(second));
        let side = commit_on(&deploy, &deploy.team, &[second], "Ada", "Aside");
        let merge = commit_on(&deploy, &deploy.team, &[first, &side], "Ben", "Merge it");
        deploy.colleague_pushes(&deploy.staging, &merge);
        let commits = json!([commit(&side, "ada"), commit(deploy.nth(5), "ada")]);
        merged(
            &api,
            &merge,
            430,
            json!([review("APPROVED", "ben")]),
            commits,
        );
        status(&api, &merge, &[]);
        let run = ask(&deploy, &api, &["promote", "-n"]);
        match is_automatic {
            true => run.ok(),
            false => run
                .exits(1)
                .says(UNKNOWN)
                .says("because: Forgejo does not report it for every commit\n"),
        };
        // A commit that the merge brought, outside the pull request.
        merged(
            &api,
            &merge,
            430,
            json!([review("APPROVED", "ben")]),
            json!([commit(&merge, "ada")]),
        );
        ask(&deploy, &api, &["promote", "-n"])
            .exits(1)
            .says(UNKNOWN);
    }
}

#[test]
fn only_statuses_that_all_succeeded_are_green() {
    let deploy = on(PAGES, "[policy]\ngreen = true\n");
    let refused = |statuses: &[&str], words: &str| {
        let api = all_is_well(&deploy);
        status(&api, deploy.nth(5), statuses);
        ask(&deploy, &api, &["promote", "-n"]).exits(1).says(words);
    };
    refused(&[], "has no checks\n");
    refused(&["success", "pending"], "have not finished\n");
    refused(&["pending", "error"], "failed\n");
    refused(&["success", "warning"], "failed\n");
    refused(&["success"; 50], "it is unknown whether the checks of");
    let api = all_is_well(&deploy);
    let some = json!({"total_count": 3, "statuses": [{"status": "success"}]});
    let path = format!("{REPOSITORY}/commits/{}/status", deploy.nth(5));
    api.has(&path, "CombinedStatus", some);
    ask(&deploy, &api, &["promote", "-n"])
        .exits(1)
        .says("it is unknown whether the checks of");
}

#[test]
fn what_forgejo_does_not_tell_is_no_approval() {
    let deploy = on(PAGES, REVIEWED);
    let api = all_is_well(&deploy);
    api.lacks(
        &format!("{REPOSITORY}/assignees"),
        "APIError",
        "The target couldn't be found.",
    );
    let run = ask(&deploy, &api, &["promote", "-n"]);
    run.exits(1)
        .says(UNKNOWN)
        .says("because: Forgejo does not show an-org/a-repo to this token\n");
    // An old server does not know the path, which says nothing about the commit.
    for message in ["Not Found", "404 Not Found"] {
        let api = all_is_well(&deploy);
        let path = format!("{REPOSITORY}/commits/{}/pull", deploy.nth(4));
        api.lacks(&path, "APIError", message);
        let run = ask(&deploy, &api, &["promote", "-n"]);
        run.exits(1)
            .says(UNKNOWN)
            .says("because: Forgejo does not know the request\n");
    }
}
