//! Finds a text of an interrupted run on the forge by its mark, and detects a deleted issue.

use serde::de::IgnoredAny;

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

    /// Returns whether an issue is deleted. The repository must show its issues: otherwise the token may lack access.
    pub fn is_gone(&self, number: u64) -> bool {
        let issue = self.read::<IgnoredAny>(&format!("{}/issues/{number}", self.path()));
        matches!(issue, Ok(None))
            && matches!(self.read::<Tracking>(&self.path()), Ok(Some(it)) if !it.has_none())
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
