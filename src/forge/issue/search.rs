//! Finding what a run that was cut off may have put on the forge, by its mark, and that an issue is gone.

use serde::de::IgnoredAny;

use crate::core::record::Placed;
use crate::core::tell::issue::bears;
use crate::forge::issue::response::{IssueEntry, Tracking};
use crate::forge::issue::{PAGES, Tracker};

/// So many pages of the last issues are searched.
const SEARCHED: usize = 2;

/// Whose issues and comments are searched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// Of the person whose token it is.
    Own,
    /// Of anybody, where a person says that it is there.
    Anybodys,
}

impl Tracker {
    /// The issue that bears this mark, among the last ones; `None`: none was seen, which proves nothing.
    pub fn marked_issue(&self, mark: &str, whose: Search) -> Option<Placed> {
        let creator = match whose {
            Search::Own => format!("{}={}&", self.words.creator, self.account()?.login()?),
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
            login: found.person(),
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
            login: found.person(),
        })
    }

    /// Whether the forge says that an issue is gone. It must show the repository, with its issues: else the token may not
    /// see it, or they are turned off for a while.
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
