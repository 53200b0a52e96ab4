//! The issues of the main repository, where a proposal asks for verdicts: opened, commented, closed, and their comments
//! read. Two forges have them in the same form, with other words.

mod response;
mod words;

use std::cell::OnceCell;
use std::collections::HashSet;

use reqwest::Url;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::core::config::{AskedForge, Config};
use crate::core::decide::answer::Remark;
use crate::core::record::Placed;
use crate::core::refusal::Report;
use crate::core::secret::Secret;
use crate::core::text::shell_word;
use crate::forge::github::GitHub;
use crate::forge::github::branches::VARIABLE;
use crate::forge::gitlab::GITLAB;
use crate::forge::place::no_pages;
use crate::forge::rest::server;
use crate::git::token::{self, Without};
use crate::http::api::{Method, Service};
use crate::http::{Response, Sent, Trouble};
use crate::session::Session;
use response::{Account, IssueEntry, Membership, Tracking, is_edited, may_developer, may_github};
use words::{TrackerWords, answered, garbled};

/// How many elements of a list are on a page, and how many pages are read.
const PAGE: usize = 50;
const PAGES: usize = 200;
/// How many of the person's last issues, and pages of them, are searched for one that may have been opened.
const SEARCHED: usize = 2;
/// How many accounts one call asks for.
const ACCOUNTS: usize = 50;

/// Whose issues and comments are searched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// Of the person whose token it is.
    Own,
    /// Of anybody, where a person says that it is there.
    Anybodys,
}

/// The issues of a repository.
pub struct Tracker {
    words: &'static TrackerWords,
    service: Service,
    /// The repository for people, `owner/name`, and where its pages are.
    pub repository: String,
    pages: String,
    login: OnceCell<Option<String>>,
}

impl Tracker {
    /// The one that `smp.toml` names.
    ///
    /// # Errors
    /// Why it cannot be asked: what is missing, and what to do.
    pub fn find(session: &Session<'_>, config: &Config) -> Result<Self, Report> {
        let pages = config.web_base().unwrap_or_default();
        match config.record.as_ref().and_then(|record| record.ask) {
            Some(AskedForge::GitLab) => gitlab(session, &pages),
            Some(AskedForge::GitHub) | None => github(session, &pages),
        }
    }

    /// The forge's name.
    pub fn name(&self) -> &'static str {
        self.words.name
    }

    /// Whose token it is, where the forge says it: some tokens are nobody's.
    pub fn login(&self) -> Option<String> {
        let login = self.login.get_or_init(|| {
            let user: Account = self.read("user").ok()??;
            user.login()
        });
        login.clone()
    }

    /// Opens an issue, once.
    pub fn open(&self, title: &str, text: &str) -> (Sent, Placed) {
        let body = match self.words.kind {
            AskedForge::GitHub => json!({"title": title, "body": text}),
            AskedForge::GitLab => json!({"title": title, "description": text}),
        };
        let path = format!("{}/issues", self.path());
        self.placed(Method::POST, &path, &body, |entry| {
            let number = entry.issue_number()?;
            Some(Placed {
                issue: Some(number),
                comment: None,
                address: Some(entry.address().unwrap_or_else(|| self.address(number))),
                login: entry.login(),
            })
        })
    }

    /// Comments on an issue, once.
    pub fn comment(&self, number: u64, text: &str) -> (Sent, Placed) {
        let path = format!("{}/issues/{number}/{}", self.path(), self.words.comments);
        self.placed(Method::POST, &path, &json!({"body": text}), |entry| {
            Some(Placed {
                issue: Some(number),
                comment: entry.id,
                address: entry.id.map(|id| self.address_of(number, id, &entry)),
                login: entry.login(),
            })
        })
    }

    /// Closes an issue; one that is closed stays so.
    pub fn close(&self, number: u64) -> Sent {
        let path = format!("{}/issues/{number}", self.path());
        let (method, body) = match self.words.kind {
            AskedForge::GitHub => (Method::PATCH, json!({"state": "closed"})),
            AskedForge::GitLab => (Method::PUT, json!({"state_event": "close"})),
        };
        let sent = self.service.send(method, &path, body.to_string());
        match answered(self.words, sent) {
            Ok(_) => Sent::Accepted,
            // Nothing is told by it, so it may be done again.
            Err(Sent::Unclear(report)) => Sent::NotSent(report),
            Err(sent) => sent,
        }
    }

    /// What was commented on an issue, oldest first, and by whom.
    ///
    /// # Errors
    /// Why that is not known. A part of it is never taken for the whole.
    pub fn remarks(&self, number: u64) -> Result<Vec<Remark>, Report> {
        let order = match self.words.kind {
            AskedForge::GitHub => "",
            AskedForge::GitLab => "sort=asc&order_by=created_at&",
        };
        let path = format!(
            "{}/issues/{number}/{}?{order}",
            self.path(),
            self.words.comments
        );
        let mut entries = self
            .list::<IssueEntry>(&path, PAGES)?
            .ok_or_else(|| self.gone(number))?;
        entries.retain(|entry| !entry.system && entry.id.is_some());
        let writers = match self.words.kind {
            AskedForge::GitHub => HashSet::new(),
            AskedForge::GitLab => self.writers(&entries)?,
        };
        let remarks = entries.into_iter().filter_map(|entry| {
            let id = entry.id?;
            Some(Remark {
                id,
                may: match self.words.kind {
                    AskedForge::GitHub => may_github(&entry),
                    AskedForge::GitLab => entry.account().is_some_and(|id| writers.contains(&id)),
                },
                is_edited: is_edited(&entry),
                address: self.address_of(number, id, &entry),
                login: entry.login(),
                text: entry.body.unwrap_or_default(),
            })
        });
        let mut remarks: Vec<Remark> = remarks.collect();
        remarks.sort_by_key(|remark| remark.id);
        Ok(remarks)
    }

    /// The issue that bears this mark, among the last ones; `None`: none was seen, which proves nothing.
    pub fn marked_issue(&self, mark: &str, whose: Search) -> Option<Placed> {
        let creator = match whose {
            Search::Own => format!("{}={}&", self.words.creator, self.login()?),
            Search::Anybodys => String::new(),
        };
        let path = format!("{}/issues?{}{creator}", self.path(), self.words.all);
        let found = self.pages_of::<IssueEntry>(&path, SEARCHED).ok()??.0;
        let found = self.marked(found, mark, whose)?;
        let number = found.issue_number()?;
        Some(Placed {
            issue: Some(number),
            comment: None,
            address: Some(found.address().unwrap_or_else(|| self.address(number))),
            login: found.login(),
        })
    }

    /// The comment that bears this mark, in the same way.
    pub fn marked_comment(&self, number: u64, mark: &str, whose: Search) -> Option<Placed> {
        let path = format!("{}/issues/{number}/{}?", self.path(), self.words.comments);
        let found = self.list::<IssueEntry>(&path, PAGES).ok()??;
        let found = self.marked(found, mark, whose)?;
        Some(Placed {
            issue: Some(number),
            comment: found.id,
            address: found.id.map(|id| self.address_of(number, id, &found)),
            login: found.login(),
        })
    }

    /// Whether issues can be opened with this token, as far as a look tells. Gives what is worth knowing.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self) -> Result<String, Report> {
        let repository: Option<Tracking> = self.read(&self.path())?;
        let repository = repository.ok_or_else(|| self.not_shown())?;
        if repository.has_none() {
            let what = format!("{} has issues turned off", self.repository);
            let report = Report::new(what).because("a proposal asks in one");
            return Err(report.hint("turn them on in its settings"));
        }
        let who = self.login().map_or_else(
            || "answers; it does not say whose token that is".to_owned(),
            |login| format!("answers, as {login}"),
        );
        Ok(format!(
            "{who}; proposals ask in issues of {}",
            self.repository
        ))
    }

    fn marked(&self, entries: Vec<IssueEntry>, mark: &str, whose: Search) -> Option<IssueEntry> {
        let login = match whose {
            Search::Own => Some(self.login()?),
            Search::Anybodys => None,
        };
        entries.into_iter().find(|entry| {
            let by = entry.login();
            let is_theirs = login
                .as_ref()
                .is_none_or(|login| by.is_some_and(|by| by.eq_ignore_ascii_case(login)));
            let texts = [&entry.body, &entry.description];
            let mut texts = texts.into_iter().flatten();
            is_theirs && texts.any(|text| text.contains(mark))
        })
    }

    /// Sends something that becomes an element, once. That it was taken is believed where it says which it became.
    fn placed(
        &self,
        method: Method,
        path: &str,
        body: &serde_json::Value,
        read: impl FnOnce(IssueEntry) -> Option<Placed>,
    ) -> (Sent, Placed) {
        let answer = match answered(
            self.words,
            self.service.send(method, path, body.to_string()),
        ) {
            Ok(answer) => answer,
            Err(sent) => return (sent, Placed::default()),
        };
        let entry = serde_json::from_slice::<IssueEntry>(&answer.body).ok();
        match entry.and_then(read) {
            Some(placed) => (Sent::Accepted, placed),
            None => (Sent::Unclear(garbled(self.words)), Placed::default()),
        }
    }

    /// The accounts among the authors that may write.
    fn writers(&self, entries: &[IssueEntry]) -> Result<HashSet<u64>, Report> {
        let ids: HashSet<u64> = entries.iter().filter_map(IssueEntry::account).collect();
        let mut ids: Vec<u64> = ids.into_iter().collect();
        ids.sort_unstable();
        let mut writers = HashSet::new();
        for some in ids.chunks(ACCOUNTS) {
            let asked: String = some.iter().map(|id| format!("user_ids[]={id}&")).collect();
            let path = format!("{}/members/all?{asked}", self.path());
            let members = self.list::<Membership>(&path, PAGES)?;
            let members = members.ok_or_else(|| self.not_shown())?;
            writers.extend(
                members
                    .iter()
                    .filter(|one| may_developer(one))
                    .map(|one| one.id),
            );
        }
        Ok(writers)
    }

    /// The path of the repository below the API.
    fn path(&self) -> String {
        match self.words.kind {
            AskedForge::GitHub => format!("repos/{}", self.repository),
            AskedForge::GitLab => format!("projects/{}", self.repository.replace('/', "%2F")),
        }
    }

    fn address(&self, number: u64) -> String {
        format!("{}{}{number}", self.pages, self.words.issues)
    }

    fn address_of(&self, number: u64, id: u64, entry: &IssueEntry) -> String {
        let usual = format!("{}{}{id}", self.address(number), self.words.anchor);
        entry.address().unwrap_or(usual)
    }

    fn read<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, Report> {
        self.understood(self.service.get(path, None))
    }

    fn understood<T: DeserializeOwned>(
        &self,
        told: Result<Response, Trouble>,
    ) -> Result<Option<T>, Report> {
        let answer = told.map_err(Trouble::report)?;
        match answer.status {
            200 => {
                let read = serde_json::from_slice(&answer.body);
                read.map(Some).map_err(|_| garbled(self.words))
            }
            404 | 410 => Ok(None),
            _ => Err(words::refused(self.words, &answer)),
        }
    }

    /// All of a list; `None` where nothing is there.
    fn list<T: DeserializeOwned + Numbered>(
        &self,
        path: &str,
        most: usize,
    ) -> Result<Option<Vec<T>>, Report> {
        match self.pages_of(path, most)? {
            Some((_, false)) => Err(Report::new(format!(
                "{} has more of them than are read",
                self.words.name
            ))),
            Some((all, true)) => Ok(Some(all)),
            None => Ok(None),
        }
    }

    /// So many pages of a list at most, and whether that is all of it. What comes twice, as where the list moves meanwhile,
    /// counts once.
    fn pages_of<T: DeserializeOwned + Numbered>(
        &self,
        path: &str,
        most: usize,
    ) -> Result<Option<(Vec<T>, bool)>, Report> {
        let (mut all, mut seen) = (Vec::new(), HashSet::new());
        for page in 1..=most {
            let answer = self
                .service
                .get(&format!("{path}per_page={PAGE}&page={page}"), None);
            let answer = answer.map_err(Trouble::report)?;
            let next = answer
                .header("link")
                .is_some_and(|links| links.contains("rel=\"next\""))
                || answer
                    .header("x-next-page")
                    .is_some_and(|next| !next.is_empty());
            let Some(part) = self.understood::<Vec<T>>(Ok(answer))? else {
                return Ok(None);
            };
            let is_full = part.len() >= PAGE;
            let before = seen.len();
            all.extend(part.into_iter().filter(|one| seen.insert(one.number())));
            if !(next || is_full) || seen.len() == before {
                return Ok(Some((all, true)));
            }
        }
        Ok(Some((all, false)))
    }

    fn gone(&self, number: u64) -> Report {
        let name = self.words.name;
        Report::new(format!(
            "{name} does not show issue {number} of {}",
            self.repository
        ))
        .because("it was deleted, or the token may not see it")
    }

    fn not_shown(&self) -> Report {
        let name = self.words.name;
        Report::new(format!(
            "{name} does not show {} to this token",
            self.repository
        ))
        .because("it is not there, or the token may not see it")
        .hint(self.words.rights)
    }
}

/// What has a number that no other of its list has.
pub(super) trait Numbered {
    fn number(&self) -> u64;
}

fn github(session: &Session<'_>, pages: &str) -> Result<Tracker, Report> {
    let github = GitHub::of(pages).ok_or_else(|| no_pages("GitHub"))?;
    let (server, repository) = (github.server.clone(), github.shown());
    let of_variable = token::github(&session.repo, &server);
    let token = match of_variable {
        Ok(token) => token,
        Err(why) => token::of_person(&session.repo, &server, true)
            .ok_or_else(|| no_token(why, &server, &repository, github.is_githubs_own()))?,
    };
    let address = session.repo.program().variable(VARIABLE);
    let address = address.map(|address| address.to_string_lossy().into_owned());
    let api = github.rest_at(address.as_deref())?;
    tracker(&words::GITHUB, (api, &token), repository, pages)
}

fn no_token(why: Without, server: &str, repository: &str, is_own: bool) -> Report {
    let variable = if is_own {
        "GH_TOKEN"
    } else {
        "GH_ENTERPRISE_TOKEN"
    };
    let named = shell_word(server);
    let report = match why {
        Without::Leave => Report::new(format!(
            "your environment does not say that the token is for {server}"
        )),
        Without::Token => Report::new(format!("there is no token for {server}")),
    };
    report.hint(format!(
        "run gh auth login --hostname {named}, or set {variable} to a token that may read and write issues of {repository}{}",
        if is_own { String::new() } else { format!(", and GH_HOST={named}") }
    ))
}

fn gitlab(session: &Session<'_>, pages: &str) -> Result<Tracker, Report> {
    let url = Url::parse(pages).map_err(|_| no_pages(GITLAB.words.name))?;
    let address = session.repo.program().variable(GITLAB.address);
    let address = address.map(|address| address.to_string_lossy().into_owned());
    let (address, host) = (address.as_deref(), server(&url));
    let of_variable = token::named(&session.repo, &[GITLAB.token]);
    let ((api, repository), token) = match of_variable {
        Some(token) => (GITLAB.place(&url, address, false)?, token),
        None => {
            let place = GITLAB.place(&url, address, true)?;
            let token = token::of_person(&session.repo, &host, false).ok_or_else(|| {
                let report = Report::new(format!("there is no token for {host}"));
                report.hint(format!(
                    "set {} to a token with the scope api for {}",
                    GITLAB.token, place.1
                ))
            })?;
            (place, token)
        }
    };
    let mut api = api;
    api.set_path(&format!(
        "{}/{}",
        api.path().trim_end_matches('/'),
        GITLAB.version
    ));
    tracker(&words::GITLAB, (api, &token), repository, pages)
}

fn tracker(
    words: &'static TrackerWords,
    (api, token): (Url, &Secret),
    repository: String,
    pages: &str,
) -> Result<Tracker, Report> {
    Ok(Tracker {
        words,
        service: Service::new(words.name, api, token, words.accept)?.of_texts(),
        repository,
        pages: pages.trim_end_matches('/').to_owned(),
        login: OnceCell::new(),
    })
}
