//! What GitHub says of commits: their pull requests, who approved those, and how their checks ended. A page of commits
//! is one call. An answer is believed only as far as it goes: what is missing in
//! it, or was refused, is unknown.

mod answer;

use std::collections::HashMap;
use std::fmt::Write as _;

use reqwest::Url;
use serde_json::json;

use crate::core::address::is_loopback;
use crate::core::decide::review::{Checks, PullRequest};
use crate::core::refusal::Report;
use crate::core::secret::Secret;
use crate::core::words::CommitId;
use crate::http::api::{Service, Trouble, base};

/// How many commits one call asks for.
const PAGE: usize = 50;
/// The variable that says where the API is; GitHub's own runners set it.
pub const VARIABLE: &str = "GITHUB_GRAPHQL_URL";

/// What is asked of each commit. Opinions of people who may not write to the repository are worth nothing there either.
const FIELDS: &str = "fragment F on Commit{authors(first:10){nodes{user{login}}} parents(first:2){nodes{oid}} \
                      signature{isValid wasSignedByGitHub} \
                      associatedPullRequests(first:5){nodes{number merged baseRefName headRefOid mergeCommit{oid} \
                      baseRepository{nameWithOwner} author{login} \
                      latestOpinionatedReviews(first:50,writersOnly:true){nodes{state author{login}}}}} \
                      statusCheckRollup{state}}";

/// A repository on a GitHub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    host: String,
    server: String,
    owner: String,
    name: String,
    api: String,
}

impl Place {
    /// The repository that has its pages at this address, if that can be a GitHub's.
    pub fn of(pages: &str) -> Option<Self> {
        let url = Url::parse(pages).ok()?;
        let host = url
            .host_str()?
            .trim_start_matches("www.")
            .to_ascii_lowercase();
        let segments: Vec<&str> = url
            .path_segments()?
            .filter(|segment| !segment.is_empty())
            .collect();
        let [owner, name] = segments.as_slice() else {
            return None;
        };
        let elsewhere = host.contains("gitlab") || host.contains("bitbucket");
        if elsewhere || !is_name(owner) || !is_name(name) {
            return None;
        }
        let port = url
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        let (server, api) = if is_githubs_own(&host) {
            (host.clone(), format!("https://api.{host}/graphql"))
        } else {
            (
                format!("{host}{port}"),
                format!("{}://{host}{port}/api/graphql", url.scheme()),
            )
        };
        Some(Self {
            host,
            server,
            owner: (*owner).to_owned(),
            name: (*name).to_owned(),
            api,
        })
    }

    /// Its host, with a port where it has one of its own, which decides on the token.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Whether the host is GitHub's own and no server of a company's.
    pub fn is_githubs_own(&self) -> bool {
        is_githubs_own(&self.host)
    }

    /// Whether this address can be its API. GitHub's runners set the variable to the GitHub that they belong to, which
    /// may be another than the one that the token is for.
    fn may_be_asked_at(&self, address: &str) -> bool {
        let Some(host) = Url::parse(address)
            .ok()
            .and_then(|url| url.host_str().map(str::to_ascii_lowercase))
        else {
            // Whoever is to use it says what is wrong with it.
            return true;
        };
        host == self.host
            || host.strip_prefix("api.") == Some(self.host.as_str())
            || is_loopback(&host)
    }

    /// Its name for people: `owner/name`.
    pub fn shown(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

fn is_githubs_own(host: &str) -> bool {
    host == "github.com" || host.ends_with(".ghe.com")
}

fn is_name(text: &str) -> bool {
    text.len() <= 100
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// What was found out about one commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// Its pull requests; `None`: unknown.
    pub pulls: Option<Vec<PullRequest>>,
    /// How its checks ended.
    pub checks: Checks,
}

/// What was found out, and what stood in the way of more.
#[derive(Debug, Default)]
pub struct Told {
    /// The commits that GitHub knows.
    pub found: HashMap<CommitId, Finding>,
    /// Why there is not more, if there should be.
    pub trouble: Option<Report>,
}

/// Asks for commits, a page at a time. `address`: where the API is, in place of the usual; one of another GitHub is
/// passed over.
pub fn ask(place: &Place, address: Option<&str>, token: &Secret, commits: &[CommitId]) -> Told {
    let service = match service(place, address, token) {
        Ok(service) => service,
        Err(report) => {
            return Told {
                trouble: Some(report),
                ..Told::default()
            };
        }
    };
    let mut all = Told::default();
    for page in commits.chunks(PAGE) {
        let answer = call(&service, place, page);
        let is_over = answer.found.is_empty() && answer.trouble.is_some();
        all.found.extend(answer.found);
        all.trouble = all.trouble.or(answer.trouble);
        // Nor would it answer the next one.
        if is_over {
            break;
        }
    }
    all
}

fn service(place: &Place, address: Option<&str>, token: &Secret) -> Result<Service, Report> {
    let address = address.filter(|address| place.may_be_asked_at(address));
    let base = base(VARIABLE, address, &place.api)?;
    let headers = [
        ("accept", "application/vnd.github+json"),
        ("x-github-api-version", "2022-11-28"),
    ];
    Service::new("GitHub", base, token, &headers)
}

fn call(service: &Service, place: &Place, page: &[CommitId]) -> Told {
    let body =
        json!({"query": query(page), "variables": {"owner": place.owner, "name": place.name}});
    match service.post("", body.to_string()).map_err(Trouble::report) {
        Ok(answer) => answer::read(&answer, page, &place.shown()),
        Err(report) => Told {
            trouble: Some(report),
            ..Told::default()
        },
    }
}

/// The question about these commits. Their names are all digits by their type, so they need no quoting.
fn query(page: &[CommitId]) -> String {
    let mut query =
        "query($owner:String!,$name:String!){repository(owner:$owner,name:$name){nameWithOwner"
            .to_owned();
    for (index, id) in page.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(query, " c{index}:object(oid:\"{id}\"){{...F}}");
    }
    query + "}} " + FIELDS
}

#[cfg(test)]
mod tests;
