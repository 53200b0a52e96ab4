//! Reading what GitHub answers: good, broken, refused or hostile.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::core::decide::review::{Checks, PullRequest};
use crate::core::refusal::Report;
use crate::core::words::CommitId;
use crate::forge::github::{Finding, Told};
use crate::http::api::Answer;
use crate::http::bounded::{Few, Members};

/// More characters than a login or a branch has.
const LONGEST_NAME: usize = 255;
/// What a token is allowed is settled there.
const RIGHTS: &str =
    "give the token read access to contents, pull requests, checks and commit statuses";

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    data: Option<Data<'a>>,
    #[serde(borrow)]
    errors: Option<Few<Problem<'a>>>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    repository: Option<Members<'a>>,
}

/// Its message is not read: it may repeat anything.
#[derive(Deserialize)]
struct Problem<'a> {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(borrow)]
    path: Option<Few<&'a RawValue>>,
}

#[derive(Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
struct Nodes<T> {
    nodes: Few<T>,
}

#[derive(Deserialize)]
struct Rollup {
    state: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pull {
    number: u64,
    merged: bool,
    base_ref_name: String,
    head_ref_oid: Option<String>,
    merge_commit: Option<Object>,
    base_repository: Option<Named>,
    author: Option<Actor>,
    latest_opinionated_reviews: Nodes<Opinion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
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
pub fn read(answer: &Answer, page: &[CommitId], repository: &str) -> Told {
    let failed = |report: Report| Told {
        trouble: Some(report),
        ..Told::default()
    };
    if answer.status != 200 {
        return failed(refused(answer));
    }
    let Ok(body) = serde_json::from_slice::<Body<'_>>(&answer.body) else {
        return failed(Report::new("GitHub's answer is not what was asked for"));
    };
    let errors = body.errors.map(|few| few.0).unwrap_or_default();
    let trouble = errors
        .first()
        .map(|problem| problem.report(answer, repository));
    let Some(found) = body.data.and_then(|data| data.repository) else {
        return failed(trouble.unwrap_or_else(|| not_found(repository)));
    };
    let whole_page_is_spoilt = errors.iter().any(|problem| problem.alias().is_none());
    if whole_page_is_spoilt {
        return Told {
            trouble,
            ..Told::default()
        };
    }
    let full_name = found
        .get("nameWithOwner")
        .and_then(read_as::<Option<String>>)
        .flatten();
    let commit = |(index, id): (usize, &CommitId)| {
        let alias = format!("c{index}");
        let spoilt = |field: &str| errors.iter().any(|problem| problem.spoils(&alias, field));
        let finding = finding(id, found.get(&alias)?, full_name.as_deref(), spoilt);
        finding.map(|finding| (id.clone(), finding))
    };
    Told {
        found: page.iter().enumerate().filter_map(commit).collect(),
        trouble,
    }
}

/// A piece of the answer as what it should be.
fn read_as<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

impl Problem<'_> {
    /// The commit that it concerns, if it is one.
    fn alias(&self) -> Option<String> {
        self.step(1)
    }

    /// A step of its path that is a name.
    fn step(&self, at: usize) -> Option<String> {
        self.path.as_ref()?.0.get(at).and_then(|step| read_as(step))
    }

    /// Whether a field of a commit is not to be believed for it.
    fn spoils(&self, alias: &str, field: &str) -> bool {
        self.alias().as_deref() == Some(alias) && self.step(2).is_none_or(|inside| inside == field)
    }

    fn report(&self, answer: &Answer, repository: &str) -> Report {
        match self.kind.as_deref() {
            Some("RATE_LIMITED" | "RATE_LIMIT") => limited(answer),
            Some("NOT_FOUND") if self.alias().is_none() => not_found(repository),
            Some("FORBIDDEN" | "INSUFFICIENT_SCOPES") => {
                Report::new("GitHub does not let the token see all of it").hint(RIGHTS)
            }
            _ => Report::new("GitHub answers with an error"),
        }
    }
}

fn finding(
    id: &CommitId,
    commit: &RawValue,
    repository: Option<&str>,
    spoilt: impl Fn(&str) -> bool,
) -> Option<Finding> {
    let commit: Members<'_> = read_as(commit)?;
    let field = |name: &str| commit.get(name).filter(|_| !spoilt(name));
    let origin = || {
        let made = Made {
            id,
            authors: authors(field("authors")?)?,
            merges: field("parents").zip(field("signature")).and_then(merges),
        };
        pulls(field("associatedPullRequests")?, repository?, &made)
    };
    let finding = Finding {
        pulls: origin(),
        checks: field("statusCheckRollup").map(checks).unwrap_or_default(),
    };
    (finding != Finding::default()).then_some(finding)
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
        !self.is_merge_of(pull)
            && self
                .authors
                .iter()
                .any(|author| author.eq_ignore_ascii_case(login))
    }

    /// Whether it is what GitHub made when the pull request was merged: whoever pressed the button wrote nothing of it,
    /// and often is who approved.
    fn is_merge_of(&self, pull: &Pull) -> bool {
        let is_this = pull
            .merge_commit
            .as_ref()
            .is_some_and(|merge| merge.oid == self.id.as_str());
        is_this && self.merges.is_some() && self.merges == pull.head_ref_oid
    }
}

/// The logins of a commit's authors, who are one at least.
fn authors(raw: &RawValue) -> Option<Vec<String>> {
    let authors = read_as::<Nodes<Author>>(raw)?.nodes.0;
    let logins = || {
        authors
            .iter()
            .filter_map(|author| Some(author.user.as_ref()?.login.clone()))
            .collect()
    };
    (!authors.is_empty()).then(logins)
}

/// What a merge that GitHub made merged: the second of its parents.
fn merges((parents, signature): (&RawValue, &RawValue)) -> Option<String> {
    let signature: Signature = read_as(signature)?;
    let parents = read_as::<Nodes<Object>>(parents)?.nodes.0;
    let is_githubs = signature.is_valid && signature.was_signed_by_git_hub;
    parents
        .into_iter()
        .nth(1)
        .filter(|_| is_githubs)
        .map(|parent| parent.oid)
}

fn checks(raw: &RawValue) -> Checks {
    let Some(rollup) = read_as::<Option<Rollup>>(raw) else {
        return Checks::Unknown;
    };
    let Some(rollup) = rollup else {
        return Checks::None;
    };
    match rollup.state.as_deref() {
        Some("SUCCESS") => Checks::Succeeded,
        Some("FAILURE" | "ERROR") => Checks::Failed,
        Some("PENDING" | "EXPECTED") => Checks::Pending,
        _ => Checks::Unknown,
    }
}

/// The pull requests of this repository. A fork shares its commits, and what was approved there was approved by its own
/// people.
fn pulls(raw: &RawValue, repository: &str, made: &Made<'_>) -> Option<Vec<PullRequest>> {
    let pulls = read_as::<Nodes<Pull>>(raw)?.nodes.0;
    let ours = |pull: &Pull| {
        pull.base_repository
            .as_ref()
            .is_some_and(|base| base.name_with_owner == repository)
    };
    Some(
        pulls
            .into_iter()
            .filter(ours)
            .map(|pull| pull.read(made))
            .collect(),
    )
}

impl Pull {
    fn read(self, made: &Made<'_>) -> PullRequest {
        let opinions = &self.latest_opinionated_reviews.nodes.0;
        let others = opinions
            .iter()
            .filter(|opinion| opinion.state == "APPROVED")
            .filter_map(|opinion| {
                let login = opinion.author.as_ref()?.login.as_str();
                let own = self
                    .author
                    .as_ref()
                    .is_some_and(|author| author.login.eq_ignore_ascii_case(login));
                (!own && !made.is_by(login, &self) && !login.is_empty()).then(|| cut(login))
            });
        PullRequest {
            number: self.number,
            base: cut(&self.base_ref_name),
            into_main: false,
            merged: self.merged,
            approved_by: others.take(50).collect(),
            changes_requested: opinions
                .iter()
                .any(|opinion| opinion.state == "CHANGES_REQUESTED"),
            author: self.author.as_ref().map(|author| cut(&author.login)),
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_NAME).collect()
}

fn refused(answer: &Answer) -> Report {
    let spent = answer.header("x-ratelimit-remaining") == Some("0")
        || answer.header("retry-after").is_some();
    match answer.status {
        401 => Report::new("GitHub does not accept the token")
            .hint("make a new one, and set GH_TOKEN to it"),
        429 => limited(answer),
        403 if answer.header("x-github-sso").is_some() => Report::new(
            "GitHub wants the token to be authorized for the organization (single sign-on)",
        )
        .hint("authorize it in GitHub's settings of tokens"),
        403 if spent => limited(answer),
        403 => Report::new("GitHub does not let the token look").hint(RIGHTS),
        404 => Report::new("GitHub's API is not at this address"),
        status => Report::new(format!("GitHub answers {status}")),
    }
}

fn limited(answer: &Answer) -> Report {
    let number = |name: &str| {
        answer
            .header(name)
            .and_then(|value| value.parse::<i64>().ok())
    };
    let reset =
        number("x-ratelimit-reset").map(|reset| reset.saturating_sub(Timestamp::now().as_second()));
    let report =
        Report::new("GitHub takes no more calls for now, for too many were made with this token");
    // An hour is the longest that GitHub makes anybody wait.
    match number("retry-after")
        .or(reset)
        .filter(|wait| (1..=3600).contains(wait))
    {
        Some(wait) => report.because(format!("it will again in {} min", (wait + 59) / 60)),
        None => report,
    }
}

fn not_found(repository: &str) -> Report {
    Report::new(format!("GitHub does not show {repository} to this token"))
        .because("it is not there, or the token may not see it")
        .hint(RIGHTS)
}
