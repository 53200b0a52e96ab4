//! Reading what GitHub answers: good, broken, refused or hostile.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::core::decide::review::{Asked, Checks, Origin, PullRequest, Review, Reviews};
use crate::core::refusal::Report;
use crate::core::words::CommitId;
use crate::http::Response;

/// More characters than a login has.
const LONGEST_NAME: usize = 255;
/// What a token is allowed is settled there.
const RIGHTS: &str =
    "give the token read access to contents, pull requests, checks and commit statuses";

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

/// The account is missing where nobody has the address that stands in the commit.
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

/// What an answer says of the commits that were asked for. `repository` is for sentences.
pub fn read(answer: &Response, page: &[CommitId], repository: &str, main: &str) -> Reviews {
    let failed = |report: Report| Reviews::unknown(Asked::Partly(report));
    if answer.status != 200 {
        return failed(refused(answer));
    }
    let unlike = || failed(Report::new("GitHub's answer is not what was asked for"));
    let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else {
        return unlike();
    };
    let none = Vec::new();
    let errors = match &body["errors"] {
        Value::Null if body.is_object() => &none,
        Value::Array(errors) => errors,
        _ => return unlike(),
    };
    let trouble = errors
        .first()
        .map(|error| problem(error, answer, repository));
    let Some(found) = body["data"]["repository"].as_object() else {
        return failed(trouble.unwrap_or_else(|| not_found(repository)));
    };
    let asked = trouble.map_or(Asked::Whole, Asked::Partly);
    let mut reviews = Reviews::unknown(asked);
    // An error that names no commit spoils all of them.
    if errors
        .iter()
        .any(|error| error["path"][1].as_str().is_none())
    {
        return reviews;
    }
    let ours = found.get("nameWithOwner").and_then(Value::as_str);
    for (index, id) in page.iter().enumerate() {
        let alias = format!("c{index}");
        let spoils = |error: &Value, field: &str| {
            let inside = error["path"][2].as_str();
            error["path"][1] == alias.as_str() && inside.is_none_or(|inside| inside == field)
        };
        let field = |name: &str| {
            let spoilt = errors.iter().any(|error| spoils(error, name));
            found.get(&alias)?.get(name).filter(|_| !spoilt)
        };
        let review = review(id, field, ours, main);
        if review != Review::default() {
            reviews.known.insert(id.clone(), review);
        }
    }
    reviews
}

/// A piece of the answer as what it should be.
fn read_as<'a, T: Deserialize<'a>>(value: &'a Value) -> Option<T> {
    T::deserialize(value).ok()
}

/// An error that GitHub names beside its answer. Its message is not read: it may repeat anything.
fn problem(error: &Value, answer: &Response, repository: &str) -> Report {
    match error["type"].as_str() {
        Some("RATE_LIMITED" | "RATE_LIMIT") => limited(answer),
        Some("NOT_FOUND") if error["path"][1].as_str().is_none() => not_found(repository),
        Some("FORBIDDEN" | "INSUFFICIENT_SCOPES") => {
            Report::new("GitHub does not let the token see all of it").hint(RIGHTS)
        }
        _ => Report::new("GitHub answers with an error"),
    }
}

fn review<'a>(
    id: &CommitId,
    field: impl Fn(&str) -> Option<&'a Value>,
    ours: Option<&str>,
    main: &str,
) -> Review {
    let origin = || {
        let made = Made {
            id,
            authors: authors(field("authors")?)?,
            merges: field("parents").zip(field("signature")).and_then(merges),
        };
        let pulls = read_as::<Nodes<Pull>>(field("associatedPullRequests")?)?.nodes;
        // A fork shares its commits, and what was approved there was approved by its own people.
        let (ours, pulls) = (ours?, pulls.into_iter());
        let is_ours = |base: &Repository| base.name_with_owner == ours;
        let pulls = pulls.filter(|pull| pull.base_repository.as_ref().is_some_and(is_ours));
        Some(Origin::of(
            pulls.map(|pull| pull.read(&made, main)).collect(),
        ))
    };
    Review {
        origin: origin().unwrap_or_default(),
        checks: field("statusCheckRollup").map(checks).unwrap_or_default(),
    }
}

/// How a commit was made.
struct Made<'a> {
    id: &'a CommitId,
    authors: Vec<String>,
    /// What was merged, if it is a merge that GitHub itself signed.
    merges: Option<String>,
}

impl Made<'_> {
    /// Whether this login wrote some of what came with the pull request in this commit, so that its approval is none.
    fn is_by(&self, login: &str, pull: &Pull) -> bool {
        let mut authors = self.authors.iter();
        !self.is_merge_of(pull) && authors.any(|author| author.eq_ignore_ascii_case(login))
    }

    /// Whether it is what GitHub made when the pull request was merged: whoever pressed the button wrote nothing of it,
    /// and often is who approved.
    fn is_merge_of(&self, pull: &Pull) -> bool {
        let merge = pull.merge_commit.as_ref();
        let is_this = merge.is_some_and(|merge| merge.oid == self.id.as_str());
        is_this && self.merges.is_some() && self.merges == pull.head_ref_oid
    }
}

/// The logins of a commit's authors, who are one at least.
fn authors(value: &Value) -> Option<Vec<String>> {
    let authors = read_as::<Nodes<Author>>(value)?.nodes;
    let is_one = !authors.is_empty();
    let users = authors.into_iter().filter_map(|author| author.user);
    is_one.then(|| users.map(|user| user.login).collect())
}

/// What a merge that GitHub made merged: the second of its parents.
fn merges((parents, signature): (&Value, &Value)) -> Option<String> {
    let signature: Signature = read_as(signature)?;
    let parents = read_as::<Nodes<Object>>(parents)?.nodes;
    let is_githubs = signature.is_valid && signature.was_signed_by_git_hub;
    let merged = parents.into_iter().nth(1).filter(|_| is_githubs)?;
    Some(merged.oid)
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
    fn read(self, made: &Made<'_>, main: &str) -> PullRequest {
        let opinions = &self.latest_opinionated_reviews.nodes;
        let is_author = |login: &str| {
            let author = self.author.as_ref();
            author.is_some_and(|author| author.login.eq_ignore_ascii_case(login))
        };
        let approved = opinions
            .iter()
            .filter(|opinion| opinion.state == "APPROVED");
        let by = approved.filter_map(|opinion| Some(opinion.author.as_ref()?.login.as_str()));
        let others =
            by.filter(|login| !login.is_empty() && !is_author(login) && !made.is_by(login, &self));
        PullRequest {
            number: self.number,
            into_main: self.base_ref_name == main,
            merged: self.merged,
            approved_by: others.map(cut).take(50).collect(),
            changes_requested: (opinions.iter())
                .any(|opinion| opinion.state == "CHANGES_REQUESTED"),
            author: self.author.as_ref().map(|author| cut(&author.login)),
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_NAME).collect()
}

fn refused(answer: &Response) -> Report {
    let spent = answer.header("x-ratelimit-remaining") == Some("0")
        || answer.header("retry-after").is_some();
    match answer.status {
        401 => Report::new("GitHub does not accept the token")
            .hint("make a new one, and set GH_TOKEN to it"),
        403 if answer.header("x-github-sso").is_some() => Report::new(
            "GitHub wants the token to be authorized for the organization (single sign-on)",
        )
        .hint("authorize it in GitHub's settings of tokens"),
        403 if !spent => Report::new("GitHub does not let the token look").hint(RIGHTS),
        403 | 429 => limited(answer),
        404 => Report::new("GitHub's API is not at this address"),
        status => Report::new(format!("GitHub answers {status}")),
    }
}

fn limited(answer: &Response) -> Report {
    let reset = || {
        let reset: i64 = answer.header("x-ratelimit-reset")?.parse().ok()?;
        let wait = reset.saturating_sub(Timestamp::now().as_second());
        Some(Duration::from_secs(wait.try_into().ok()?))
    };
    let report =
        Report::new("GitHub takes no more calls for now, for too many were made with this token");
    // An hour is the longest that GitHub makes anybody wait.
    match answer
        .retry_after()
        .or_else(reset)
        .map(|wait| wait.as_secs())
    {
        Some(wait @ 1..=3600) => {
            report.because(format!("it will again in {} min", wait.div_ceil(60)))
        }
        _ => report,
    }
}

fn not_found(repository: &str) -> Report {
    Report::new(format!("GitHub does not show {repository} to this token"))
        .because("it is not there, or the token may not see it")
        .hint(RIGHTS)
}
