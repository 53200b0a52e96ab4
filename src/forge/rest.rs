//! The common parts of forges with a REST API: host and token, answers page by page, parallel calls, and the reviews of
//! a merge request. After a failed call no other is made.

use std::panic;
use std::sync::OnceLock;
use std::thread;

use reqwest::Url;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::core::address::{is_loopback, is_made_of};
use crate::core::decide::review::{
    Checks, Coverage, ForgeWords, Origin, PullRequest, Reviews, unanswered,
};
use crate::core::refusal::Report;
use crate::core::words::CommitId;
use crate::forge::errors::Access;
use crate::forge::place::no_pages;
use crate::git::token;
use crate::http::api::{Service, base};
use crate::http::{Response, Trouble};
use crate::session::Session;

/// The approximate maximum number of commits to ask about: each needs a call.
const MOST: usize = 500;
const AT_ONCE: usize = 8;
const PAGES: usize = 20;
const LONGEST_NAME: usize = 255;

/// A forge's software: its host and its API.
#[derive(Debug)]
pub struct Software {
    pub words: ForgeWords,
    /// The variable with the token, and the one with the address of the API.
    pub token: &'static str,
    pub address: &'static str,
    /// The host that the token is for by default.
    pub home: &'static str,
    pub version: &'static str,
    /// The parameter for the page size.
    pub size: &'static str,
    pub rights: &'static str,
}

pub struct Rest {
    pub software: &'static Software,
    /// The path of the repository, with a slash between its parts.
    pub repository: String,
    service: Service,
    trouble: OnceLock<Report>,
}

impl Rest {
    /// Opens the API. Without a variable the token is only sent to the forge's home: `smp.toml` could name any host.
    pub fn open(
        session: &Session<'_>,
        software: &'static Software,
        pages: &Url,
    ) -> Result<Self, Report> {
        let address = session.repo.program().setting(software.address);
        let place = software.place(pages, address.as_deref(), false);
        let token = token::named(&session.repo, &[software.token]).ok_or_else(|| {
            let reads = place.as_ref().map(|(_, repository)| repository.to_string());
            let reads = reads.unwrap_or_else(|_| "the main repository".to_owned());
            let report = Report::new(format!("there is no token for {}", server(pages)));
            report.hint(format!(
                "set {} to a token that may read {reads}",
                software.token
            ))
        })?;
        let (api, repository) = place?;
        let service = Service::new(software.words.name, api, &token, "application/json")?;
        Ok(Self::at(software, repository, service))
    }

    pub fn at(software: &'static Software, repository: String, service: Service) -> Self {
        Self {
            software,
            repository,
            service,
            trouble: OnceLock::new(),
        }
    }

    /// Returns the object at a path; `None` if it does not exist.
    pub fn find<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, Report> {
        let path = self.software.versioned(path);
        self.call(|service| service.get(&path, None))
            .and_then(|answer| self.read(&answer))
    }

    /// Returns the object at a path if the token may see it; no access is not an error.
    pub fn peek<T: DeserializeOwned>(&self, path: &str) -> Option<T> {
        let path = self.software.versioned(path);
        let answer = self.service.get(&path, None).ok()?;
        let body = (answer.status == 200).then_some(&answer.body)?;
        serde_json::from_slice(body).ok()
    }

    /// Returns a whole list, page by page; `None` if it does not exist.
    pub fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Option<Vec<T>>, Report> {
        let size = self.software.size;
        let mark = if path.contains('?') { '&' } else { '?' };
        let mut all = Vec::new();
        for page in 1..=PAGES {
            let path = self
                .software
                .versioned(&format!("{path}{mark}{size}=50&page={page}"));
            let answer = self.call(|service| service.get(&path, None))?;
            let Some(part) = self.read::<Vec<T>>(&answer)? else {
                return Ok(None);
            };
            let is_empty = part.is_empty();
            all.extend(part);
            let total = answer.header("x-total-count");
            let total = total.and_then(|total| total.parse::<usize>().ok());
            let is_last = answer.header("x-next-page").is_some_and(str::is_empty);
            if is_empty || is_last || total.is_some_and(|total| total <= all.len()) {
                return Ok(Some(all));
            }
        }
        Ok(None)
    }

    /// Returns the answer to a GraphQL query; `None` if it does not exist.
    pub fn graphql<T: DeserializeOwned>(&self, body: String) -> Result<Option<T>, Report> {
        self.call(|service| service.post("graphql", body))
            .and_then(|answer| self.read(&answer))
    }

    /// Returns the reviews of these commits. Commits beyond the limit are left out.
    pub fn reviews(
        &self,
        wanted: &[CommitId],
        look: impl FnOnce(&[CommitId]) -> Result<Reviews, Report>,
    ) -> Reviews {
        let some = wanted.get(..MOST).unwrap_or(wanted);
        let mut reviews =
            look(some).unwrap_or_else(|report| Reviews::unknown(Coverage::Partly(report)));
        if let (Coverage::Whole, Some(trouble)) = (&reviews.coverage, self.trouble.get()) {
            reviews.coverage = Coverage::Partly(trouble.clone());
        } else if some.len() < wanted.len() && reviews.coverage == Coverage::Whole {
            let name = self.software.words.name;
            let why = format!("git smp asks {name} about at most {MOST} commits");
            reviews.coverage = Coverage::Partly(unanswered(Report::new(why)));
        }
        reviews
    }

    pub fn not_found(&self) -> Report {
        self.software.access().not_shown(&self.repository)
    }

    fn call(
        &self,
        ask: impl FnOnce(&Service) -> Result<Response, Trouble>,
    ) -> Result<Response, Report> {
        if let Some(trouble) = self.trouble.get() {
            return Err(trouble.clone());
        }
        let answer = ask(&self.service).map_err(Trouble::report);
        let answer = answer.and_then(|answer| match answer.status {
            200 | 404 => Ok(answer),
            _ => Err(self.software.access().refused(&answer)),
        });
        answer.inspect_err(|report| drop(self.trouble.set(report.clone())))
    }

    fn read<T: DeserializeOwned>(&self, answer: &Response) -> Result<Option<T>, Report> {
        if answer.status == 404 {
            return self.is_no(answer);
        }
        let read = serde_json::from_slice(&answer.body);
        read.map(Some).map_err(|_| {
            let report = self.software.access().garbled();
            drop(self.trouble.set(report.clone()));
            report
        })
    }

    /// Returns `None` for a 404 about a missing object; a 404 about an unknown path is an error.
    fn is_no<T>(&self, answer: &Response) -> Result<Option<T>, Report> {
        #[derive(Deserialize)]
        struct Complaint {
            message: String,
        }
        let said = serde_json::from_slice::<Complaint>(&answer.body);
        let unknown = ["not found", "404 not found", ""];
        let knows =
            |said: Complaint| !unknown.contains(&said.message.to_ascii_lowercase().as_str());
        if !said.is_ok_and(knows) {
            let name = self.software.words.name;
            let report = Report::new(format!("{name} does not know the request")).because(format!(
                "the address is wrong, {name} is too old, or the token is not allowed to see it"
            ));
            drop(self.trouble.set(report.clone()));
            return Err(report);
        }
        Ok(None)
    }
}

impl Software {
    fn access(&self) -> Access {
        Access {
            name: self.words.name,
            token: self.token,
            rights: self.rights,
        }
    }

    /// Returns a path below the API's version, if it has one.
    fn versioned(&self, path: &str) -> String {
        let parts = [self.version, path]
            .into_iter()
            .filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join("/")
    }

    /// Returns the API's address and the repository's path. `is_its_own` is true if the token is for this very server.
    pub(super) fn place(
        &self,
        pages: &Url,
        address: Option<&str>,
        is_its_own: bool,
    ) -> Result<(Url, String), Report> {
        let (name, end) = (self.words.name, format!("/api/{}", self.version));
        let usual = format!("https://{}{end}", server(pages));
        let address = address.filter(|address| !address.is_empty());
        let api = base(self.address, address, &usual)?;
        let is_for_it = match address {
            Some(_) => server(&api) == server(pages) || api.host_str().is_some_and(is_loopback),
            None => is_its_own || server(pages) == self.home,
        };
        if !is_for_it {
            return Err(Report::new(format!(
                "no variable says that the token is for {}",
                server(pages)
            ))
            .hint(format!(
                "set {}={usual} if your token may be sent there",
                self.address
            )));
        }
        let Some(folder) = api.path().trim_end_matches('/').strip_suffix(&end) else {
            let what = format!("{} does not end in {end}", self.address);
            return Err(Report::new(what).hint(format!("set {}={usual}", self.address)));
        };
        // Other paths of the host may have files that anybody can write.
        let path = pages.path().strip_prefix(folder);
        let Some(path) = path.filter(|path| path.starts_with('/')) else {
            let what = format!("{} names a folder that is not the forge's", self.address);
            return Err(Report::new(what).hint(format!("set {}={usual}", self.address)));
        };
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let is_long = parts.iter().any(|part| part.len() > LONGEST_NAME);
        if parts.len() < 2 || is_long || !is_made_of(&parts.concat(), "-_.") {
            return Err(no_pages(name));
        }
        let mut root = api.clone();
        root.set_path(&format!("{folder}/api"));
        Ok((root, parts.join("/")))
    }
}

/// Encodes a name as one part of a path.
pub fn in_path(name: &str) -> String {
    let bytes = name.bytes();
    bytes.fold(String::new(), |part, byte| {
        match byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            true => part + &char::from(byte).to_string(),
            false => part + &format!("%{byte:02X}"),
        }
    })
}

/// Returns a host, with its port if it has one.
pub fn server(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    let host = host.trim_start_matches("www.").to_ascii_lowercase();
    let port = url.port().map(|port| format!(":{port}"));
    host + &port.unwrap_or_default()
}

/// Asks for each item, several in parallel; returns the answers in the same order.
pub fn each<I: Sync, O: Send>(items: &[I], ask: impl Fn(&I) -> O + Sync) -> Vec<O> {
    let part = items.len().div_ceil(AT_ONCE).max(1);
    let ask = &ask;
    thread::scope(|scope| {
        let parts = items.chunks(part);
        let asking: Vec<_> = parts
            .map(|part| scope.spawn(move || part.iter().map(ask).collect::<Vec<O>>()))
            .collect();
        let told = asking.into_iter();
        told.flat_map(|one| one.join().unwrap_or_else(|why| panic::resume_unwind(why)))
            .collect()
    })
}

#[derive(Clone, Debug)]
pub struct Request {
    pub number: u64,
    pub author: Option<String>,
    pub into_main: bool,
    pub merged: bool,
    /// `None` if unknown.
    pub reviewed: Option<Reviewed>,
}

/// The opinions of people with write access on a request, and the authors of its commits.
#[derive(Clone, Debug, Default)]
pub struct Reviewed {
    pub approved_by: Vec<String>,
    pub changes_requested: bool,
    pub wrote: Vec<String>,
}

impl Request {
    /// Returns whether it brought commits and its approvals are unknown.
    fn is_unknown(&self) -> bool {
        self.merged && self.into_main && self.reviewed.is_none()
    }

    fn read(&self) -> PullRequest {
        let reviewed = self.reviewed.clone().unwrap_or_default();
        let wrote = reviewed.wrote.iter().chain(&self.author);
        let others = reviewed.approved_by.iter().filter(|login| {
            let is_own = wrote.clone().any(|by| by.eq_ignore_ascii_case(login));
            !login.is_empty() && !is_own
        });
        PullRequest {
            number: self.number,
            author: self.author.as_deref().map(cut),
            into_main: self.into_main,
            merged: self.merged,
            approved_by: others.map(|login| cut(login)).collect(),
            changes_requested: reviewed.changes_requested,
        }
    }
}

/// Returns the origin of a commit from its requests. If one is unknown, it may be the one that counts.
pub fn origin(requests: &[Request]) -> Origin {
    match requests.iter().any(Request::is_unknown) {
        true => Origin::Unknown,
        false => Origin::of(requests.iter().map(Request::read).collect()),
    }
}

/// Returns the common result of several checks: the worst counts.
pub fn together(all: impl IntoIterator<Item = Checks>) -> Checks {
    let all: Vec<Checks> = all.into_iter().collect();
    let worst = [
        Checks::Failed,
        Checks::Unknown,
        Checks::Pending,
        Checks::Succeeded,
    ];
    let mut worst = worst.into_iter().filter(|one| all.contains(one));
    worst.next().unwrap_or(Checks::None)
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_NAME).collect()
}

#[cfg(test)]
mod tests;
