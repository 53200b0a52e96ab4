//! What GitHub says of commits: their pull requests, who approved those, and how their checks ended. A page of commits
//! is one call. An answer is believed only as far as it goes: what is missing in it, or was refused, is unknown.

mod response;

use std::fmt::Write as _;

use reqwest::Url;
use serde_json::json;

use crate::core::address::is_loopback;
use crate::core::decide::review::{Coverage, Reviews};
use crate::core::refusal::Report;
use crate::core::secret::Secret;
use crate::core::words::CommitId;
use crate::http::Trouble;
use crate::http::api::{Service, base};

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
pub struct GitHub {
    /// Its host, with a port where it has one of its own, which decides on the token.
    pub server: String,
    host: String,
    owner: String,
    name: String,
    /// The usual address of its API.
    api: String,
}

impl GitHub {
    /// The repository that has its pages at this address, if that can be a GitHub's.
    pub fn of(pages: &str) -> Option<Self> {
        let url = Url::parse(pages).ok()?;
        let host = url.host_str()?.trim_start_matches("www.");
        let host = host.to_ascii_lowercase();
        let mut segments: Vec<&str> = url.path_segments()?.collect();
        segments.retain(|segment| !segment.is_empty());
        let [owner, name] = segments.as_slice() else {
            return None;
        };
        let elsewhere = host.contains("gitlab") || host.contains("bitbucket");
        if elsewhere || !is_name(owner) || !is_name(name) {
            return None;
        }
        let (server, api) = if is_githubs_own(&host) {
            (host.clone(), format!("https://api.{host}/graphql"))
        } else {
            let port = url
                .port()
                .map(|port| format!(":{port}"))
                .unwrap_or_default();
            let server = format!("{host}{port}");
            let api = format!("{}://{server}/api/graphql", url.scheme());
            (server, api)
        };
        Some(Self {
            server,
            host,
            owner: (*owner).to_owned(),
            name: (*name).to_owned(),
            api,
        })
    }

    /// Whether the host is GitHub's own and no server of a company's.
    pub fn is_githubs_own(&self) -> bool {
        is_githubs_own(&self.host)
    }

    /// Whether this address can be its API. GitHub's runners set the variable to the GitHub that they belong to, which
    /// may be another than the one that the token is for.
    fn may_be_asked_at(&self, address: &str) -> bool {
        let url = Url::parse(address).ok();
        // Whoever is to use what is no address says what is wrong with it.
        url.as_ref().and_then(Url::host_str).is_none_or(|host| {
            let api = host.strip_prefix("api.").unwrap_or(host);
            [host, api].contains(&self.host.as_str()) || is_loopback(host)
        })
    }

    /// Its name for people: `owner/name`.
    pub fn shown(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// Asks for commits, a page at a time. `address`: where the API is, in place of the usual; one of another GitHub is
    /// passed over. `main`: the branch that pull requests count for.
    pub fn reviews(
        &self,
        address: Option<&str>,
        token: &Secret,
        main: &str,
        commits: &[CommitId],
    ) -> Reviews {
        let service = match self.service(address, token) {
            Ok(service) => service,
            Err(report) => return Reviews::unknown(Coverage::Partly(report)),
        };
        let mut all = Reviews::default();
        for page in commits.chunks(PAGE) {
            let body = json!({"query": query(page), "variables": {"owner": self.owner, "name": self.name}});
            let answer = service.post("", body.to_string()).map_err(Trouble::report);
            let told = match answer {
                Ok(answer) => response::read(&answer, page, &self.shown(), main),
                Err(report) => Reviews::unknown(Coverage::Partly(report)),
            };
            // Nor would it answer the next one.
            let is_over = told.known.is_empty() && told.coverage != Coverage::Whole;
            all.known.extend(told.known);
            if all.coverage == Coverage::Whole {
                all.coverage = told.coverage;
            }
            if is_over {
                break;
            }
        }
        all
    }

    fn service(&self, address: Option<&str>, token: &Secret) -> Result<Service, Report> {
        let address = address.filter(|address| self.may_be_asked_at(address));
        let headers = [
            ("accept", "application/vnd.github+json"),
            ("x-github-api-version", "2022-11-28"),
        ];
        Service::new(
            "GitHub",
            base(VARIABLE, address, &self.api)?,
            token,
            &headers,
        )
    }
}

fn is_githubs_own(host: &str) -> bool {
    host == "github.com" || host.ends_with(".ghe.com")
}

fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.len() <= 100 && text.bytes().all(fits)
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
