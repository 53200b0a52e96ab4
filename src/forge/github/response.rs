//! Reads GitHub's answers, including broken, refused and hostile ones.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::core::decide::review::{Checks, Coverage, Origin, Review, Reviews};
use crate::core::refusal::Report;
use crate::core::words::CommitId;
use crate::forge::errors::Access;
use crate::forge::rest::{self, Request, Reviewed};
use crate::http::Response;

const ACCESS: Access = Access {
    name: "GitHub",
    token: "GH_TOKEN",
    rights: "give the token read access to contents, pull requests, checks and commit statuses",
};

#[derive(Deserialize)]
struct Nodes<T> {
    nodes: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pull {
    number: u64,
    merged: bool,
    base_ref_name: String,
    head_ref_oid: Option<String>,
    merge_commit: Option<Object>,
    base_repository: Option<Repository>,
    author: Option<Actor>,
    latest_opinionated_reviews: Nodes<Opinion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    name_with_owner: String,
}

#[derive(Deserialize)]
struct Opinion {
    state: String,
    author: Option<Actor>,
}

#[derive(Deserialize)]
struct Object {
    oid: String,
}

/// `user` is missing if no account has the address in the commit.
#[derive(Deserialize)]
struct Author {
    user: Option<Actor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signature {
    is_valid: bool,
    was_signed_by_git_hub: bool,
}

#[derive(Deserialize)]
struct Actor {
    login: String,
}

/// Reads the commits of an answer. `repository` is used in messages.
pub fn read(
    answer: &Response,
    page: &[CommitId],
    repository: &str,
    main: &str,
) -> Result<Reviews, Report> {
    match answer.status {
        200 => {}
        404 => return Err(Report::new("GitHub's API is not at this address")),
        _ => return Err(ACCESS.refused(answer)),
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let errors = match &body["errors"] {
        Value::Null if body.is_object() => &[],
        Value::Array(errors) => errors.as_slice(),
        _ => return Err(ACCESS.garbled()),
    };
    let first = errors.first();
    let trouble = first.map(|error| problem(error, answer, repository));
    let Some(found) = body["data"]["repository"].as_object() else {
        return Err(trouble.unwrap_or_else(|| ACCESS.not_shown(repository)));
    };
    let mut reviews = Reviews::unknown(trouble.map_or(Coverage::Whole, Coverage::Partly));
    // An error without a commit makes all of them unknown.
    if !errors.iter().all(|error| error["path"][1].is_string()) {
        return Ok(reviews);
    }
    let ours = found.get("nameWithOwner").and_then(Value::as_str);
    for (index, id) in page.iter().enumerate() {
        let alias = format!("c{index}");
        let Some(Value::Object(commit)) = found.get(&alias) else {
            continue;
        };
        let mut commit = commit.clone();
        for error in errors {
            let spoilt = error["path"][2].as_str();
            let is_its = error["path"][1] == alias.as_str();
            commit.retain(|field, _| !is_its || spoilt.is_some_and(|spoilt| spoilt != field));
        }
        let review = Review {
            origin: origin(id, &commit, ours, main).unwrap_or_default(),
            checks: commit
                .get("statusCheckRollup")
                .map_or(Checks::Unknown, checks),
        };
        if review != Review::default() {
            reviews.known.insert(id.clone(), review);
        }
    }
    Ok(reviews)
}

fn read_as<'a, T: Deserialize<'a>>(value: &'a Value) -> Option<T> {
    T::deserialize(value).ok()
}

/// Describes an error in GitHub's answer. Its message is not read: it may repeat anything.
fn problem(error: &Value, answer: &Response, repository: &str) -> Report {
    match error["type"].as_str() {
        Some("RATE_LIMITED" | "RATE_LIMIT") => ACCESS.limited(answer),
        Some("NOT_FOUND") if !error["path"][1].is_string() => ACCESS.not_shown(repository),
        Some("FORBIDDEN" | "INSUFFICIENT_SCOPES") => {
            Report::new("GitHub does not let the token see all of it").hint(ACCESS.rights)
        }
        _ => Report::new("GitHub answers with an error"),
    }
}

fn origin(
    id: &CommitId,
    commit: &Map<String, Value>,
    ours: Option<&str>,
    main: &str,
) -> Option<Origin> {
    let authors = read_as::<Nodes<Author>>(commit.get("authors")?)?.nodes;
    // A commit has at least one author.
    authors.first()?;
    let made = Made {
        id,
        authors: authors
            .into_iter()
            .filter_map(|author| Some(author.user?.login))
            .collect(),
        merges: merged(commit),
    };
    let pulls = read_as::<Nodes<Pull>>(commit.get("associatedPullRequests")?)?.nodes;
    // A fork shares its commits, but its own people gave the approvals there.
    let ours = ours?;
    let pulls = pulls.into_iter().filter(|pull| {
        (pull.base_repository.as_ref()).is_some_and(|base| base.name_with_owner == ours)
    });
    let pulls: Vec<Request> = pulls.map(|pull| pull.read(&made, main)).collect();
    Some(rest::origin(&pulls))
}

struct Made<'a> {
    id: &'a CommitId,
    /// The logins of the authors.
    authors: Vec<String>,
    /// The merged commit, if this is a merge that GitHub itself signed.
    merges: Option<String>,
}

/// Returns the commit that a merge by GitHub merged: its second parent.
fn merged(commit: &Map<String, Value>) -> Option<String> {
    let signature: Signature = read_as(commit.get("signature")?)?;
    let parents = read_as::<Nodes<Object>>(commit.get("parents")?)?.nodes;
    let is_githubs = signature.is_valid && signature.was_signed_by_git_hub;
    Some(parents.into_iter().nth(1).filter(|_| is_githubs)?.oid)
}

fn checks(rollup: &Value) -> Checks {
    match rollup["state"].as_str() {
        _ if rollup.is_null() => Checks::None,
        Some("SUCCESS") => Checks::Succeeded,
        Some("FAILURE" | "ERROR") => Checks::Failed,
        Some("PENDING" | "EXPECTED") => Checks::Pending,
        _ => Checks::Unknown,
    }
}

impl Pull {
    /// Returns the request, without the authors of its own merge by GitHub: the person who merged wrote nothing, and is
    /// often the approver.
    fn read(self, made: &Made<'_>, main: &str) -> Request {
        let merge = self.merge_commit.as_ref();
        let is_merge_of_it = merge.is_some_and(|merge| merge.oid == made.id.as_str())
            && made.merges.is_some()
            && made.merges == self.head_ref_oid;
        let opinions = self.latest_opinionated_reviews.nodes;
        let changes_requested = (opinions.iter()).any(|one| one.state == "CHANGES_REQUESTED");
        let approvals = opinions.into_iter().filter(|one| one.state == "APPROVED");
        Request {
            number: self.number,
            author: self.author.map(|author| author.login),
            into_main: self.base_ref_name == main,
            merged: self.merged,
            reviewed: Some(Reviewed {
                approved_by: approvals
                    .filter_map(|one| Some(one.author?.login))
                    .collect(),
                changes_requested,
                wrote: match is_merge_of_it {
                    true => Vec::new(),
                    false => made.authors.clone(),
                },
            }),
        }
    }
}
