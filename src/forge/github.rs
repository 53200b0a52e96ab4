//! GitHub: the pull requests of commits, their approvals, and their checks. One call asks for a page of commits. A
//! missing or refused part of an answer is unknown.

pub mod branches;

mod response;

use reqwest::Url;
use serde_json::json;

use crate::core::address::{is_loopback, is_made_of};
use crate::core::decide::review::{Coverage, Reviews};
use crate::core::refusal::Report;
use crate::core::secret::Secret;
use crate::core::words::CommitId;
use crate::http::Trouble;
use crate::http::api::{Service, base};

/// The number of commits in one call.
const PAGE: usize = 50;
/// The variable with the address of the API; GitHub's own runners set it.
pub const VARIABLE: &str = "GITHUB_GRAPHQL_URL";

/// The fields of each commit. GitHub also ignores opinions of people without write access.
const FIELDS: &str = "fragment F on Commit{authors(first:10){nodes{user{login}}} parents(first:2){nodes{oid}} \
                      signature{isValid wasSignedByGitHub} \
                      associatedPullRequests(first:5){nodes{number merged baseRefName headRefOid mergeCommit{oid} \
                      baseRepository{nameWithOwner} author{login} \
                      latestOpinionatedReviews(first:50,writersOnly:true){nodes{state author{login}}}}} \
                      statusCheckRollup{state}}";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitHub {
    /// The host, with its port if it has one; it decides which token is used.
    pub server: String,
    host: String,
    owner: String,
    name: String,
    api: String,
}

impl GitHub {
    /// Returns the repository with pages at this address, if GitHub can serve it.
    pub fn of(pages: &str) -> Option<Self> {
        let url = Url::parse(pages).ok()?;
        let host = url.host_str()?.trim_start_matches("www.");
        let host = host.to_ascii_lowercase();
        let segments = url.path_segments()?.filter(|segment| !segment.is_empty());
        let segments: Vec<String> = segments.map(str::to_owned).collect();
        let [owner, name]: [String; 2] = segments.try_into().ok()?;
        let elsewhere = host.contains("gitlab") || host.contains("bitbucket");
        let are_names = [&owner, &name]
            .iter()
            .all(|one| one.len() <= 100 && is_made_of(one, "-_."));
        if elsewhere || !are_names {
            return None;
        }
        let (server, api) = if is_githubs_own(&host) {
            (host.clone(), format!("https://api.{host}/graphql"))
        } else {
            let port = url.port().map(|port| format!(":{port}"));
            let server = host.clone() + &port.unwrap_or_default();
            let api = format!("{}://{server}/api/graphql", url.scheme());
            (server, api)
        };
        Some(Self {
            server,
            host,
            owner,
            name,
            api,
        })
    }

    /// Returns whether the host is GitHub's own, not a company's server.
    pub fn is_githubs_own(&self) -> bool {
        is_githubs_own(&self.host)
    }

    /// Returns whether this address can be its API. GitHub's runners set the variable to their own GitHub, which may
    /// differ from the token's. An invalid address passes: it is refused later, with the reason.
    fn may_be_asked_at(&self, address: &str) -> bool {
        let url = Url::parse(address).ok();
        let host = url.as_ref().and_then(|url| Some((url, url.host_str()?)));
        host.is_none_or(|(url, host)| {
            // Other paths of a company's server may have pages that anybody can write.
            let path = url.path().trim_end_matches('/');
            is_loopback(host)
                || host == self.host && ["/api/v3", "/api/graphql"].contains(&path)
                || host.strip_prefix("api.") == Some(&self.host)
        })
    }

    /// Returns its name for people: `owner/name`.
    pub fn shown(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// Asks for commits, one page at a time. `address` replaces the default API; that of another GitHub is ignored.
    /// `main` is the branch whose pull requests count.
    pub fn reviews(
        &self,
        address: Option<&str>,
        token: &Secret,
        main: &str,
        commits: &[CommitId],
    ) -> Reviews {
        let address = address.filter(|address| self.may_be_asked_at(address));
        let service = base(VARIABLE, address, &self.api)
            .and_then(|base| Service::new("GitHub", base, token, "application/vnd.github+json"));
        let mut all = Reviews::default();
        for page in commits.chunks(PAGE) {
            let told = (service.as_ref().map_err(Report::clone))
                .and_then(|service| self.page(service, page, main))
                .unwrap_or_else(|report| Reviews::unknown(Coverage::Partly(report)));
            // The next page would fail too.
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

    fn page(&self, service: &Service, page: &[CommitId], main: &str) -> Result<Reviews, Report> {
        let variables = json!({"owner": self.owner, "name": self.name});
        let body = json!({"query": query(page), "variables": variables}).to_string();
        let answer = service.post("", body).map_err(Trouble::report)?;
        response::read(&answer, page, &self.shown(), main)
    }
}

fn is_githubs_own(host: &str) -> bool {
    host == "github.com" || host.ends_with(".ghe.com")
}

/// Builds the query for these commits. Their ids are only hex digits, so they need no quotes.
fn query(page: &[CommitId]) -> String {
    let mut query =
        "query($owner:String!,$name:String!){repository(owner:$owner,name:$name){nameWithOwner"
            .to_owned();
    for (index, id) in page.iter().enumerate() {
        query += &format!(" c{index}:object(oid:\"{id}\"){{...F}}");
    }
    query + "}} " + FIELDS
}

#[cfg(test)]
mod tests;
