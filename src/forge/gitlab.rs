//! GitLab, version 4 of its API: the merge requests of commits, their approvals, and their pipelines. Only its GraphQL
//! API tells which account wrote a commit.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;
use serde_json::json;

use crate::core::decide::protection::{Protection, Takes};
use crate::core::decide::review::{Checks, ForgeWords, Origin, Reviews};
use crate::core::refusal::Report;
use crate::core::words::CommitId;
use crate::forge::history;
use crate::forge::issue;
use crate::forge::rest::{Request, Rest, Reviewed, Software, each, in_path, origin, together};
use crate::forge::reviews::gathered;
use crate::git::Repo;

pub const GITLAB: Software = Software {
    words: ForgeWords {
        name: "GitLab",
        request: "merge request",
        sign: '!',
        silence: "the commit is not there, the token may not see its merge request, or a merge commit contains changes of its own",
    },
    token: "GITLAB_TOKEN",
    address: "GITLAB_API_URL",
    home: "gitlab.com",
    version: "v4",
    size: "per_page",
    rights: "give the token the scope read_api, and a role that may see merge requests, members and pipelines",
};
/// The authors of the commits of a merge request.
const AUTHORS: &str = "query($path:ID!,$iid:String!){project(fullPath:$path){mergeRequest(iid:$iid){commits(first:100)\
                       {pageInfo{hasNextPage}nodes{author{username}}}}}}";

#[derive(Deserialize)]
struct Project {
    id: u64,
}

#[derive(Clone, Deserialize)]
struct MergeRequest {
    iid: u64,
    target_project_id: u64,
    target_branch: String,
    state: String,
    author: Option<User>,
    merge_commit_sha: Option<String>,
}

impl MergeRequest {
    fn is_merged(&self) -> bool {
        self.state == "merged"
    }
}

#[derive(Clone, Deserialize)]
struct User {
    id: u64,
    username: String,
}

#[derive(Deserialize)]
struct Approvals {
    approved_by: Vec<Approval>,
}

#[derive(Deserialize)]
struct Approval {
    user: User,
}

#[derive(Deserialize)]
struct Reviewer {
    state: String,
}

#[derive(Deserialize)]
struct Pipeline {
    status: String,
    #[serde(rename = "ref")]
    reference: Option<String>,
    source: Option<String>,
}

#[derive(Deserialize)]
struct GitLabBranch {
    protected: bool,
    can_push: bool,
}

#[derive(Deserialize)]
struct ProtectedBranch {
    allow_force_push: bool,
}

/// Facts about a merge request from further calls.
struct Opinions {
    approved_by: Vec<User>,
    changes_requested: bool,
    wrote: Vec<String>,
}

/// Reads how the forge protects a branch from the token's account. For a pattern, force-pushes are unknown.
pub fn protection(rest: &Rest, branch: &str) -> Result<Protection, Report> {
    let (path, name) = (
        format!("projects/{}", in_path(&rest.repository)),
        in_path(branch),
    );
    let seen: Option<GitLabBranch> = rest.find(&format!("{path}/repository/branches/{name}"))?;
    let seen = seen.ok_or_else(|| rest.not_found())?;
    if !seen.protected {
        return Ok(Protection::none());
    }
    let rule: Option<ProtectedBranch> = rest.peek(&format!("{path}/protected_branches/{name}"));
    let forward = if seen.can_push { Takes::Yes } else { Takes::No };
    Ok(Protection {
        is_protected: true,
        forward,
        back: match rule {
            Some(rule) if rule.allow_force_push => forward,
            Some(_) => Takes::No,
            None => Takes::Unknown,
        },
        ..Protection::none()
    })
}

/// Reads the reviews. `main` is the branch whose merge requests count. Only the first commit has its pipelines read.
pub fn look(rest: &Rest, repo: &Repo, main: &str, wanted: &[CommitId]) -> Result<Reviews, Report> {
    let path = in_path(&rest.repository);
    let project: Option<Project> = rest.find(&format!("projects/{path}"))?;
    let project = project.ok_or_else(|| rest.not_found())?.id;
    let checks = match wanted.first() {
        Some(candidate) => checks(rest, project, candidate)?,
        None => Checks::Unknown,
    };
    let brought = each(wanted, |id| {
        let path = format!("projects/{project}/repository/commits/{id}/merge_requests");
        let mut all = rest.list::<MergeRequest>(&path).ok().flatten()?;
        // An approval for another project came from its own people.
        all.retain(|one| one.target_project_id == project);
        Some(all)
    });
    let all = brought.iter().flatten().flatten();
    let counting = all.filter(|one| one.is_merged() && one.target_branch == main);
    let counting: BTreeMap<u64, &MergeRequest> = counting.map(|one| (one.iid, one)).collect();
    let iids: Vec<u64> = counting.into_keys().collect();
    let opinions = each(&iids, |iid| opinions(rest, project, *iid));
    let opinions: HashMap<u64, Opinions> = iids
        .iter()
        .zip(opinions)
        .filter_map(|(iid, opinions)| Some((*iid, opinions?)))
        .collect();
    let writers = writers(rest, project, &opinions);
    let read = |one: &MergeRequest| Request {
        number: one.iid,
        author: one.author.as_ref().map(|author| author.username.clone()),
        into_main: one.target_branch == main,
        merged: one.is_merged(),
        reviewed: writers.as_ref().and_then(|writers| {
            let opinions = opinions.get(&one.iid)?;
            let approved = opinions.approved_by.iter();
            let approved = approved.filter(|user| writers.contains(&user.id));
            Some(Reviewed {
                approved_by: approved.map(|user| user.username.clone()).collect(),
                changes_requested: opinions.changes_requested,
                wrote: opinions.wrote.clone(),
            })
        }),
    };
    let origins = wanted.iter().zip(brought).map(|(id, brought)| {
        let origin = brought.map_or(Origin::Unknown, |brought| came(repo, id, &brought, read));
        (id, origin)
    });
    Ok(gathered(origins, checks))
}

/// Returns the origin of a commit. A merge that git makes itself has no author; any other merge has no review.
fn came(
    repo: &Repo,
    id: &CommitId,
    brought: &[MergeRequest],
    read: impl Fn(&MergeRequest) -> Request,
) -> Origin {
    let mut merges = brought.iter().flat_map(|one| &one.merge_commit_sha);
    let is_merge = merges.any(|sha| sha == id.as_str()) && history::is_merge(repo, id);
    if is_merge && !history::is_automatic(repo, id) {
        return Origin::Unknown;
    }
    origin(&brought.iter().map(read).collect::<Vec<_>>())
}

/// Returns the opinions on a merge request; `None` if they are unknown.
fn opinions(rest: &Rest, project: u64, iid: u64) -> Option<Opinions> {
    let path = format!("projects/{project}/merge_requests/{iid}");
    let approvals: Approvals = rest.find(&format!("{path}/approvals")).ok()??;
    let reviewers: Vec<Reviewer> = rest.find(&format!("{path}/reviewers")).ok()??;
    let mut reviewers = reviewers.into_iter();
    Some(Opinions {
        approved_by: approvals
            .approved_by
            .into_iter()
            .map(|one| one.user)
            .collect(),
        changes_requested: reviewers.any(|one| one.state == "requested_changes"),
        wrote: wrote(rest, iid)?,
    })
}

/// Returns the authors of a merge request's commits. A commit has none if no account has its address.
fn wrote(rest: &Rest, iid: u64) -> Option<Vec<String>> {
    let variables = json!({"path": rest.repository, "iid": iid.to_string()});
    let body = json!({"query": AUTHORS, "variables": variables}).to_string();
    let answer: serde_json::Value = rest.graphql(body).ok()??;
    let commits = &answer["data"]["project"]["mergeRequest"]["commits"];
    let is_all = commits["pageInfo"]["hasNextPage"] == false && answer.get("errors").is_none();
    let nodes = commits["nodes"]
        .as_array()
        .filter(|nodes| is_all && !nodes.is_empty())?;
    let authors = nodes.iter().map(|node| match node.get("author")? {
        serde_json::Value::Null => Some(None),
        author => Some(Some(author["username"].as_str()?.to_owned())),
    });
    let authors: Option<Vec<Option<String>>> = authors.collect();
    Some(authors?.into_iter().flatten().collect())
}

/// Returns the approvers who may push; `None` if unknown.
fn writers(rest: &Rest, project: u64, opinions: &HashMap<u64, Opinions>) -> Option<HashSet<u64>> {
    let approvers = opinions.values().flat_map(|one| &one.approved_by);
    let writers = issue::writers(approvers.map(|user| user.id).collect(), |members| {
        let members = rest.list(&format!("projects/{project}/{members}"));
        members.ok().flatten().ok_or(())
    });
    writers.ok()
}

/// Returns the result of a commit's pipelines: the newest of each branch and kind counts, and is listed first.
fn checks(rest: &Rest, project: u64, candidate: &CommitId) -> Result<Checks, Report> {
    let path = format!("projects/{project}/pipelines?sha={candidate}");
    let Some(mut all) = rest.list::<Pipeline>(&path)? else {
        return Ok(Checks::Unknown);
    };
    let mut seen = HashSet::new();
    all.retain(|one| seen.insert((one.reference.clone(), one.source.clone())));
    let all = all.iter().filter(|one| one.status != "skipped");
    Ok(together(all.map(|one| match one.status.as_str() {
        "success" => Checks::Succeeded,
        "failed" | "canceled" => Checks::Failed,
        "created"
        | "waiting_for_resource"
        | "waiting_for_callback"
        | "preparing"
        | "pending"
        | "running"
        | "scheduled"
        | "canceling"
        | "manual" => Checks::Pending,
        _ => Checks::Unknown,
    })))
}
