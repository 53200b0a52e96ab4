//! The issues of the main repository, where a proposal asks for verdicts: opened, commented, closed, and read. Two
//! forges have them in the same form, with different words.

mod place;
mod response;
mod search;
mod words;

pub(super) use response::writers;
pub use search::Search;

use std::collections::{BTreeSet, HashSet};
use std::slice;
use std::sync::OnceLock;

use serde::de::DeserializeOwned;
use serde_json::json;

use crate::core::config::AskedForge;
use crate::core::decide::answer::Remark;
use crate::core::record::Placed;
use crate::core::refusal::Report;
use crate::forge::rest::in_path;
use crate::http::api::{Method, Service};
use crate::http::{Response, Sent, Trouble};
use response::{ForgeUser, IssueEntry, Tracking, is_edited, may_github};
use words::{TrackerWords, answered};

/// The number of elements per page, and of pages to read.
const PAGE: usize = 50;
const PAGES: usize = 200;

/// The consequence if the forge does not name the proposer and `four_eyes` is set.
pub const NOBODY: &str = "no comment will count as a sign-off of what this clone proposes or fixes (four_eyes), because the forge names no \
    person as this clone's account: use a token of your own";

pub struct Tracker {
    words: &'static TrackerWords,
    service: Service,
    /// The repository for people, `owner/name`, and the address of its pages.
    pub repository: String,
    pages: String,
    account: OnceLock<Option<ForgeUser>>,
}

impl Tracker {
    pub fn name(&self) -> &'static str {
        self.words.access.name
    }

    /// Returns the person of the token, if the forge tells: some tokens belong to nobody, and an app is no person.
    pub fn person(&self) -> Option<String> {
        self.account()?.person()
    }

    fn account(&self) -> Option<&ForgeUser> {
        let account = self.account.get_or_init(|| self.read("user").ok()?);
        account.as_ref()
    }

    /// Opens an issue, with one call.
    pub fn open(&self, title: &str, text: &str) -> (Sent, Placed) {
        let body = match self.words.kind {
            AskedForge::GitHub => json!({"title": title, "body": text}),
            AskedForge::GitLab => json!({"title": title, "description": text}),
        };
        let path = format!("{}/issues", self.path());
        self.placed(Method::POST, &path, &body, |entry| self.issue_at(&entry))
    }

    /// Comments on an issue, with one call.
    pub fn comment(&self, number: u64, text: &str) -> (Sent, Placed) {
        let path = format!("{}/issues/{number}/{}", self.path(), self.words.comments);
        self.placed(Method::POST, &path, &json!({"body": text}), |entry| {
            Some(self.comment_at(number, &entry))
        })
    }

    /// Returns the place of an issue by the forge's answer.
    fn issue_at(&self, entry: &IssueEntry) -> Option<Placed> {
        let number = entry.issue_number()?;
        Some(Placed {
            issue: Some(number),
            comment: None,
            address: Some(entry.address().unwrap_or_else(|| self.address(number))),
            login: entry.person(),
        })
    }

    fn comment_at(&self, number: u64, entry: &IssueEntry) -> Placed {
        Placed {
            issue: Some(number),
            comment: entry.id,
            address: entry.id.map(|id| self.address_of(number, id, entry)),
            login: entry.person(),
        }
    }

    /// Closes an issue; a closed one stays closed.
    pub fn close(&self, number: u64) -> Sent {
        let path = format!("{}/issues/{number}", self.path());
        let (method, body) = match self.words.kind {
            AskedForge::GitHub => (Method::PATCH, json!({"state": "closed"})),
            AskedForge::GitLab => (Method::PUT, json!({"state_event": "close"})),
        };
        let sent = self.service.send(method, &path, body.to_string());
        match answered(self.words, sent) {
            Ok(_) => Sent::Accepted,
            // Closing posts nothing, so it may be repeated.
            Err(Sent::Unclear(report)) => Sent::NotSent(report),
            Err(sent) => sent,
        }
    }

    /// Returns the comments on an issue with their authors, oldest first.
    ///
    /// # Errors
    /// If they are unknown. A part of them never counts as the whole.
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
        let writers = self.writers(&entries)?;
        let remarks = entries.into_iter();
        let remarks = remarks.filter_map(|entry| self.remark(number, entry, &writers));
        let mut remarks: Vec<Remark> = remarks.collect();
        remarks.sort_by_key(|remark| remark.id);
        Ok(remarks)
    }

    /// Returns the issue itself: its text and its author.
    pub fn question(&self, number: u64) -> Result<Remark, Report> {
        let path = format!("{}/issues/{number}", self.path());
        let entry = self.read::<IssueEntry>(&path)?;
        let entry = entry.filter(|entry| entry.pull_request.is_none());
        let mut entry = entry.ok_or_else(|| self.gone(number))?;
        let writers = self.writers(slice::from_ref(&entry))?;
        entry.body = entry.body.take().or(entry.description.take());
        let remark = self.remark(number, entry, &writers);
        remark.ok_or_else(|| self.words.access.garbled())
    }

    fn remark(&self, number: u64, entry: IssueEntry, writers: &HashSet<u64>) -> Option<Remark> {
        let id = entry.id?;
        Some(Remark {
            id,
            may: match self.words.kind {
                AskedForge::GitHub => may_github(&entry),
                AskedForge::GitLab => entry.account().is_some_and(|id| writers.contains(&id)),
            },
            is_of_app: entry.is_of_app(),
            is_edited: is_edited(&entry),
            at: entry.created(),
            address: self.address_of(number, id, &entry),
            login: entry.login(),
            text: entry.body.unwrap_or_default(),
        })
    }

    /// Checks whether this token can open issues, as far as reading shows. Returns a note.
    pub fn check(&self) -> Result<String, Report> {
        let repository: Option<Tracking> = self.read(&self.path())?;
        let repository = repository.ok_or_else(|| self.words.access.not_shown(&self.repository))?;
        if repository.has_none() {
            let what = format!("{} has issues turned off", self.repository);
            let report = Report::new(what).because("a proposal opens one");
            return Err(report.hint("turn them on in its settings"));
        }
        let who = self.person().map_or_else(
            || "answers, but does not name a person for this token".to_owned(),
            |login| format!("answers, as {login}"),
        );
        Ok(format!(
            "{who}; proposals open issues in {}",
            self.repository
        ))
    }

    /// Sends a text with one call. It counts as accepted if the answer names the new element.
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
            None => (
                Sent::Unclear(self.words.access.garbled()),
                Placed::default(),
            ),
        }
    }

    /// Returns the authors with write access, unless the entries contain that themselves.
    fn writers(&self, entries: &[IssueEntry]) -> Result<HashSet<u64>, Report> {
        if self.words.kind == AskedForge::GitHub {
            return Ok(HashSet::new());
        }
        let accounts: BTreeSet<u64> = entries.iter().filter_map(IssueEntry::account).collect();
        writers(accounts, |members| {
            let members = self.list(&format!("{}/{members}&", self.path()), PAGES)?;
            members.ok_or_else(|| self.words.access.not_shown(&self.repository))
        })
    }

    fn path(&self) -> String {
        match self.words.kind {
            AskedForge::GitHub => format!("repos/{}", self.repository),
            AskedForge::GitLab => format!("projects/{}", in_path(&self.repository)),
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
                read.map(Some).map_err(|_| self.words.access.garbled())
            }
            404 | 410 => Ok(None),
            _ => Err(words::refused(self.words, &answer)),
        }
    }

    /// Returns a whole list; `None` if the path does not exist.
    fn list<T: DeserializeOwned + Numbered>(
        &self,
        path: &str,
        most: usize,
    ) -> Result<Option<Vec<T>>, Report> {
        match self.pages_of(path, most)? {
            Some((_, false)) => Err(Report::new(format!(
                "{} has more issues or comments than git smp reads",
                self.words.access.name
            ))),
            Some((all, true)) => Ok(Some(all)),
            None => Ok(None),
        }
    }

    /// Returns at most `most` pages of a list, and whether they are all. An entry that appears on two pages, because
    /// the list changed in between, counts once.
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
            let Some(mut part) = self.understood::<Vec<T>>(Ok(answer))? else {
                return Ok(None);
            };
            part.iter_mut().for_each(Numbered::shorten);
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
        let name = self.words.access.name;
        Report::new(format!(
            "{name} does not show issue {number} of {}",
            self.repository
        ))
        .because("it was deleted, or the token is not allowed to see it")
    }
}

/// An element with a unique number in its list.
pub(super) trait Numbered {
    fn number(&self) -> u64;

    /// Drops unneeded text before the next page is read.
    fn shorten(&mut self) {}
}
