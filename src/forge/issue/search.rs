//! Finds a text of an interrupted run on the forge by its mark, and detects a deleted or transferred issue.

use crate::core::record::Placed;
use crate::core::tell::issue::bears;
use crate::forge::issue::response::{IssueEntry, Tracking};
use crate::forge::issue::{PAGES, Tracker};

const SEARCHED: usize = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// By the person of the token.
    Own,
    /// By anybody, after a person says that it exists.
    Anybodys,
}

impl Tracker {
    /// Returns the issue with this mark among the latest ones; `None` proves nothing.
    pub fn marked_issue(&self, mark: &str, whose: Search) -> Option<Placed> {
        let creator = match whose {
            Search::Own => format!("{}={}&", self.words.creator, self.account()?.login()?),
            Search::Anybodys => String::new(),
        };
        let path = format!("{}/issues?{}{creator}", self.path(), self.words.all);
        let found = self.pages_of::<IssueEntry>(&path, SEARCHED).ok()??.0;
        self.issue_at(&self.marked(found, mark, whose)?)
    }

    /// Returns the comment with this mark in the same way.
    pub fn marked_comment(&self, number: u64, mark: &str, whose: Search) -> Option<Placed> {
        let path = format!("{}/issues/{number}/{}?", self.path(), self.words.comments);
        let found = self.list::<IssueEntry>(&path, PAGES).ok()??;
        Some(self.comment_at(number, &self.marked(found, mark, whose)?))
    }

    /// Returns how an issue is gone, if it is. The repository must show its issues: otherwise the token may lack access.
    pub fn gone_how(&self, number: u64) -> Option<&'static str> {
        let issue = format!("{}/issues/{number}", self.path());
        let how = match self.service.get(&issue, None).ok()?.status {
            404 | 410 => "is gone",
            301 | 308 => "was transferred to another repository",
            _ => return None,
        };
        let shown = self.read::<Tracking>(&self.path());
        matches!(shown, Ok(Some(it)) if !it.has_none()).then_some(how)
    }

    fn marked(&self, entries: Vec<IssueEntry>, mark: &str, whose: Search) -> Option<IssueEntry> {
        let login = match whose {
            Search::Own => Some(self.account()?.login()?),
            Search::Anybodys => None,
        };
        entries.into_iter().find(|entry| {
            let by = entry.login();
            let is_theirs = login
                .as_ref()
                .is_none_or(|login| by.is_some_and(|by| by.eq_ignore_ascii_case(login)));
            let texts = [&entry.body, &entry.description];
            let mut texts = texts.into_iter().flatten();
            is_theirs && texts.any(|text| bears(text, mark))
        })
    }
}
