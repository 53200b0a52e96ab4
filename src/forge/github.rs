//! What GitHub says of commits: their pull requests, who approved those, and how their checks ended. A page of commits
//! is one call. An answer is believed only as far as it goes: what is missing in it, or was refused, is unknown.

pub mod branches;

mod response;

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

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitHub {
    /// Its host, with a port where it has one of its own, which decides on the token.
    pub server: String,
    host: String,
    owner: String,
    name: String,
    api: String,
}

impl GitHub {
    /// The repository that has its pages at this address, if that can be a GitHub's.
    pub fn of(pages: &str) -> Option<Self> {
        let url = Url::parse(pages).ok()?;
        let host = url.host_str()?.trim_start_matches("www.");
        let host = host.to_ascii_lowercase();
        let segments = url.path_segments()?.filter(|segment| !segment.is_empty());
        let segments: Vec<String> = segments.map(str::to_owned).collect();
        let [owner, name]: [String; 2] = segments.try_into().ok()?;
        let elsewhere = host.contains("gitlab") || host.contains("bitbucket");
        if elsewhere || !is_name(&owner) || !is_name(&name) {
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

    /// Whether the host is GitHub's own and no server of a company's.
    pub fn is_githubs_own(&self) -> bool {
        is_githubs_own(&self.host)
    }

    /// Whether this address can be its API. GitHub's runners set the variable to the GitHub that they belong to, which
    /// may be another than the one that the token is for. What is no address may: it is refused later, with the reason.
    fn may_be_asked_at(&self, address: &str) -> bool {
        let url = Url::parse(address).ok();
        let host = url.as_ref().and_then(|url| Some((url, url.host_str()?)));
        host.is_none_or(|(url, host)| {
            // Elsewhere on a server of one's own there may be pages that anybody can write.
            let path = url.path().trim_end_matches('/');
            is_loopback(host)
                || host == self.host && ["/api/v3", "/api/graphql"].contains(&path)
                || host.strip_prefix("api.") == Some(&self.host)
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
        let address = address.filter(|address| self.may_be_asked_at(address));
        let service = base(VARIABLE, address, &self.api)
            .and_then(|base| Service::new("GitHub", base, token, "application/vnd.github+json"));
        let mut all = Reviews::default();
        for page in commits.chunks(PAGE) {
            let told = (service.as_ref().map_err(Report::clone))
                .and_then(|service| self.page(service, page, main))
                .unwrap_or_else(|report| Reviews::unknown(Coverage::Partly(report)));
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

fn is_name(text: &str) -> bool {
    text.len() <= 100
        && (text.bytes()).all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// The question about these commits. Their names are all digits by their type, so they need no quoting.
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
