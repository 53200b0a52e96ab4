//! Merge requests, approvals and pipelines of GitLab.

use serde_json::{Value, json};

use crate::diff::commit_on;
use crate::forges::{BOTH, REVIEWED, TOKEN, UNKNOWN, on, seven, smp};
use crate::sample::sample;
use crate::support::{Deploy, RestApi, Run};

const PAGES: &str = "https://gitlab.com/a-group/below/a-repo";
/// The people, by the ids of their accounts.
const PEOPLE: [&str; 4] = ["", "ada", "ben", "cleo"];

#[track_caller]
fn ask(deploy: &Deploy, api: &RestApi, args: &[&str]) -> Run {
    smp(deploy, ("GITLAB", "v4"), api, args)
}

fn user(name: &str) -> Value {
    let id = PEOPLE.iter().position(|one| *one == name).unwrap();
    json!({"id": id, "username": name, "name": name, "state": "active"})
}

/// A project with all three as developers.
fn project() -> RestApi {
    let api = RestApi::start("gitlab", TOKEN);
    let project = json!({"id": 7, "path_with_namespace": "a-group/below/a-repo"});
    api.has(
        "v4/projects/a-group%2Fbelow%2Fa-repo",
        "APIEntitiesProject",
        project,
    );
    let member = |id: usize| member(id, 30, "active");
    api.has(
        "v4/projects/7/members/all",
        "Members",
        json!([member(1), member(2), member(3)]),
    );
    api.has("v4/projects/7/pipelines", "Pipelines", json!([]));
    api
}

fn member(id: usize, level: u64, state: &str) -> Value {
    json!({"id": id, "username": PEOPLE[id], "state": state, "access_level": level})
}

fn merge_request(iid: u64) -> Value {
    json!({
        "iid": iid, "project_id": 7, "target_project_id": 7, "state": "merged", "target_branch": "master",
        "author": user("ada"), "merge_commit_sha": null,
    })
}

fn brings(api: &RestApi, commit: &str, all: Value) {
    let path = format!("v4/projects/7/repository/commits/{commit}/merge_requests");
    api.has(&path, "MergeRequests", all);
}

/// Sets the opinions on a merge request, and the authors of its commits.
fn opinions(api: &RestApi, iid: u64, approved: &[&str], reviewer: &str, wrote: Value) {
    let path = format!("v4/projects/7/merge_requests/{iid}");
    let all: Vec<Value> = approved
        .iter()
        .map(|name| json!({"user": user(name)}))
        .collect();
    let approvals = json!({"approved": true, "approved_by": all});
    api.has(
        &format!("{path}/approvals"),
        "APIEntitiesMergeRequestApprovals",
        approvals,
    );
    let reviewers = json!([{"user": user("cleo"), "state": reviewer}]);
    api.has(&format!("{path}/reviewers"), "Reviewers", reviewers);
    let nodes = wrote.as_array().unwrap().iter();
    let nodes: Vec<Value> = nodes.map(|author| json!({"author": author})).collect();
    let commits = json!({"pageInfo": {"hasNextPage": false}, "nodes": nodes});
    let told = json!({"data": {"project": {"mergeRequest": {"commits": commits}}}});
    api.has(&format!("graphql/{iid}"), "GraphQL", told);
}

/// Each of the three commits that would ship has a merge request of Ada's that Ben approved, and its checks passed.
fn all_is_well(deploy: &Deploy) -> RestApi {
    let api = project();
    for (nth, iid) in [(3, 422), (4, 424), (5, 425)] {
        brings(&api, deploy.nth(nth), json!([merge_request(iid)]));
        opinions(
            &api,
            iid,
            &["ben"],
            "approved",
            json!([{"username": "ada"}, null]),
        );
    }
    api.has(
        "v4/projects/7/pipelines",
        "Pipelines",
        json!([pipeline("success", "push")]),
    );
    api
}

fn pipeline(status: &str, source: &str) -> Value {
    json!({"status": status, "ref": "master", "source": source})
}

#[test]
fn where_all_is_well_a_policy_lets_it_pass_and_json_tells_of_it() {
    let deploy = on(PAGES, BOTH);
    let api = all_is_well(&deploy);
    let plan = ask(&deploy, &api, &["promote", "-n", "--json"]).ok().json();
    let review = json!({"pull_request": 425, "author": "ada", "approved_by": ["ben"], "approved": true, "checks": "success"});
    assert_eq!(plan["ships"][0]["review"], review);
    // Only the candidate's pipelines are requested.
    assert_eq!(plan["ships"][1]["review"]["checks"], Value::Null);
    let quiet = ask(&deploy, &api, &["diff"]);
    quiet.ok().never_shows("review").never_shows("checks");
}

#[test]
fn what_nobody_else_approved_is_marked_in_gitlabs_own_words() {
    let deploy = on(PAGES, REVIEWED);
    let api = all_is_well(&deploy);
    brings(&api, deploy.nth(3), json!([]));
    opinions(
        &api,
        424,
        &["ada"],
        "reviewed",
        json!([{"username": "ada"}]),
    );
    api.has(
        "v4/projects/7/pipelines",
        "Pipelines",
        json!([pipeline("failed", "push")]),
    );
    let marks = format!(
        "not reviewed: {} is part of !424, which nobody else approved\n\
         not reviewed: {} has no merge request\n\
         the checks of {} failed\n",
        seven(&deploy, 4),
        seven(&deploy, 3),
        &deploy.nth(5)[..8]
    );
    let run = ask(&deploy, &api, &["diff"]);
    assert!(run.ok().stderr.ends_with(&marks), "{run}");
    let run = ask(&deploy, &api, &["promote", "-n"]);
    run.exits(1)
        .says("error: 2 commits that would ship were not reviewed\n");
    run.says(
        "policy.reviewed in smp.toml requires a merge request that is merged into the main branch",
    );
    run.says("ask for an approval of each merge request that was merged into the main branch on GitLab, then: git smp promote\n");
}

#[test]
fn whose_approval_counts() {
    let deploy = on(PAGES, REVIEWED);
    let ada = json!([{"username": "ada"}]);
    let refused = |change: &dyn Fn(&RestApi), words: &str| {
        let api = all_is_well(&deploy);
        change(&api);
        ask(&deploy, &api, &["promote", "-n"]).exits(1).says(words);
    };
    let nobody = "is part of !424, which nobody else approved\n";
    let members = |api: &RestApi, ben: Value| {
        api.has(
            "v4/projects/7/members/all",
            "Members",
            json!([member(1, 40, "active"), ben]),
        );
    };
    // Reporters, blocked members and people outside the project may not push.
    refused(&|api| members(api, member(2, 20, "active")), nobody);
    refused(&|api| members(api, member(2, 30, "blocked")), nobody);
    refused(&|api| members(api, member(3, 30, "active")), nobody);
    let waiting = |api: &RestApi| {
        let mut ben = member(2, 30, "active");
        ben["membership_state"] = json!("awaiting");
        members(api, ben);
    };
    refused(&waiting, nobody);
    // Authors of a commit in it, and people who requested changes.
    refused(
        &|api| opinions(api, 424, &["ben"], "", json!([{"username": "Ben"}])),
        nobody,
    );
    let wants = "is part of !424, which was merged although changes were requested\n";
    refused(
        &|api| opinions(api, 424, &["ben"], "requested_changes", ada.clone()),
        wants,
    );
    let other = |api: &RestApi, key: &str, value: Value| {
        let mut one = merge_request(424);
        one[key] = value;
        brings(api, deploy.nth(4), json!([one]));
    };
    let open = json!("opened");
    refused(
        &|api| other(api, "state", open.clone()),
        "is part of !424, which is not merged\n",
    );
    refused(
        &|api| other(api, "target_branch", json!("next")),
        "which was not merged into the main branch\n",
    );
    refused(
        &|api| other(api, "target_project_id", json!(8)),
        "has no merge request\n",
    );
}

#[test]
fn what_gitlab_does_not_tell_is_no_approval() {
    let deploy = on(PAGES, REVIEWED);
    let unknown = |change: &dyn Fn(&RestApi), why: &str| {
        let api = all_is_well(&deploy);
        change(&api);
        let run = ask(&deploy, &api, &["promote", "-n"]);
        run.exits(1)
            .says(UNKNOWN)
            .says(&format!("because: {why}\n"));
    };
    let commits = format!(
        "v4/projects/7/repository/commits/{}/merge_requests",
        deploy.nth(4)
    );
    unknown(
        &|api| {
            api.lacks(&commits, "Message", "404 Commit Not Found");
        },
        "GitLab does not report it for every commit",
    );
    unknown(
        &|api| opinions(api, 424, &["ben"], "", json!([])),
        "GitLab does not report it for every commit",
    );
    let more = |api: &RestApi| {
        let commits = json!({"pageInfo": {"hasNextPage": true}, "nodes": [{"author": null}]});
        let told = json!({"data": {"project": {"mergeRequest": {"commits": commits}}}});
        api.has("graphql/424", "GraphQL", told);
    };
    unknown(&more, "GitLab does not report it for every commit");
    let path = "v4/projects/a-group%2Fbelow%2Fa-repo";
    let hidden = "GitLab does not show a-group/below/a-repo to this token";
    unknown(
        &|api| {
            api.lacks(path, "Message", "404 Project Not Found");
        },
        hidden,
    );
    for (status, body, why) in sample(
        3,
        [
            (401, "{}", "GitLab does not accept the token"),
            (403, "{}", "GitLab gives the token no access"),
            (404, "<html>", "GitLab does not know the request"),
            (429, "{}", "GitLab takes no more requests for now"),
            (500, "", "GitLab answers 500"),
            (200, "[", "GitLab's answer is not what its API documents"),
            (
                200,
                "{\"id\":-1}",
                "GitLab's answer is not what its API documents",
            ),
            (301, "", "GitLab answers 301"),
        ],
    ) {
        let api = all_is_well(&deploy);
        api.only_says(status, body);
        let run = ask(&deploy, &api, &["promote", "-n"]);
        run.exits(1)
            .says(UNKNOWN)
            .says(&format!("because: {why}\n"));
        assert_eq!(api.asked().len(), 1, "{status}");
    }
}

#[test]
fn only_pipelines_that_all_succeeded_are_green_and_of_each_kind_the_newest_counts() {
    let deploy = on(PAGES, "[policy]\ngreen = true\n");
    for (pipelines, words) in sample(
        4,
        [
            (json!([]), "has no checks\n"),
            (json!([pipeline("skipped", "push")]), "has no checks\n"),
            (json!([pipeline("manual", "push")]), "have not finished\n"),
            (json!([pipeline("running", "push")]), "have not finished\n"),
            (json!([pipeline("canceled", "push")]), "failed\n"),
            (
                json!([pipeline("new word", "push")]),
                "it is unknown whether the checks of",
            ),
            (
                json!([
                    pipeline("success", "push"),
                    pipeline("success", "web"),
                    pipeline("failed", "api")
                ]),
                "failed\n",
            ),
        ],
    ) {
        let api = all_is_well(&deploy);
        api.has("v4/projects/7/pipelines", "Pipelines", pipelines);
        ask(&deploy, &api, &["promote", "-n"]).exits(1).says(words);
    }
    let api = all_is_well(&deploy);
    let again = json!([pipeline("success", "push"), pipeline("failed", "push")]);
    api.has("v4/projects/7/pipelines", "Pipelines", again);
    ask(&deploy, &api, &["promote", "-n"]).ok();
}

#[test]
fn who_pressed_the_button_wrote_nothing_of_a_merge_that_git_makes_by_itself() {
    let deploy = on(PAGES, REVIEWED);
    let api = all_is_well(&deploy);
    let parents = [deploy.nth(4), deploy.nth(5)];
    // git's own merge gives the files of its first parent if the second brings nothing.
    for (parents, is_automatic) in [([parents[1], parents[0]], true), (parents, false)] {
        let merge = commit_on(&deploy, &deploy.team, &parents, "Ben", "Merge it");
        deploy.colleague_pushes(&deploy.staging, &merge);
        let mut one = merge_request(425);
        one["merge_commit_sha"] = json!(merge);
        brings(&api, &merge, json!([one]));
        let run = ask(&deploy, &api, &["promote", "-n"]);
        match is_automatic {
            true => run.ok(),
            false => run
                .exits(1)
                .says(UNKNOWN)
                .says("because: GitLab does not report it for every commit\n"),
        };
    }
}
