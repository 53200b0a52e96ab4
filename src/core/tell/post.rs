//! What a channel is told: one value that every form of a post is made from. Pure.
//!
//! All posts about one candidate are made from one [`About`]; so they cannot carry different dates.

use crate::core::config::{Config, Mention};
use crate::core::text::{and, visible};
use crate::core::words::{Changes, Commit, CommitId};

/// A post. Its texts are foreign: whatever is made of them calls [`Post::visible`] first and takes nothing for markup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Post {
    pub heading: String,
    pub mentions: Vec<Mention>,
    /// One sentence, which goes on after the names of those who are called.
    pub lead: String,
    pub commits: Vec<Listed>,
    /// The files that they change and that the team wants to be named.
    pub watched: Vec<String>,
    /// What people wrote for people; lines that begin with `-` or `*` are points of a list.
    pub summary: Option<String>,
    pub link: Option<Link>,
    pub note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name as `git log --oneline` abbreviates it.
    pub short: String,
    pub subject: String,
    pub url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub url: String,
    /// What is said after "See" and the address.
    pub after: &'static str,
}

/// To those who made the changes.
const DETAIL: &str = " for more detail.";
const PRODUCT: &str = " for more detail on these changes.";
const TAKEN_BACK: &str = " for what the rollback takes back.";

/// What all posts about one deploy have in common.
#[derive(Clone, Copy)]
pub struct About<'a> {
    pub config: &'a Config,
    pub mentions: &'a [Mention],
    pub date: &'a str,
    /// Where it is to go, and what runs there.
    pub targets: &'a [(String, Option<CommitId>)],
}

impl About<'_> {
    /// Puts a candidate forward, with everything that it brings: the team is to look at it now.
    pub fn proposal(
        &self,
        commit: &CommitId,
        environment: &str,
        changes: &Changes,
        note: Option<&str>,
    ) -> Post {
        let (short, places) = (commit.short(), self.places());
        let lead = format!("Proposed for {places}: version {short}, which runs on {environment}.");
        Post {
            commits: self.listed(&changes.ships),
            link: self.link(self.runs(), commit, DETAIL),
            ..self.post("", lead, note)
        }
    }

    /// Tells what a fix adds to the candidate, and only that: the rest was tested before.
    pub fn fix(
        &self,
        before: &CommitId,
        now: &CommitId,
        environment: &str,
        added: &[Commit],
    ) -> Post {
        let (old, new) = (before.short(), now.short());
        let adds = if added.is_empty() {
            ""
        } else {
            " It adds only:"
        };
        let lead = format!(
            "Version {new} on {environment} replaces {old} and must be tested again.{adds}"
        );
        Post {
            commits: self.listed(added),
            link: self.link(Some(before), now, DETAIL),
            ..self.post(": a fix", lead, None)
        }
    }

    pub fn blocked(&self, commit: &CommitId, by: &str, reason: Option<&str>) -> Post {
        let lead = format!("Version {} is blocked by {by}.", commit.short());
        self.post(" is blocked", lead, reason)
    }

    /// Tells that the candidate is withdrawn and that the freeze, where there was one, is over with it.
    pub fn postponed(&self, commit: &CommitId, environment: &str, by: &str, reason: &str) -> Post {
        let (short, places) = (commit.short(), self.places());
        let place = self.config.environment(environment);
        let free = match place.is_ok_and(|place| place.by_merge) {
            true => String::new(),
            false => format!("; {environment} is free for deploys again"),
        };
        let lead = format!("Version {short} was postponed for {places} by {by}{free}.");
        self.post(" is postponed", lead, Some(reason))
    }

    /// Tells that an environment was put back. The link is turned around: pages that compare show nothing backwards.
    pub fn rolled_back(
        &self,
        from: Option<&CommitId>,
        to: &CommitId,
        by: &str,
        reason: Option<&str>,
    ) -> Post {
        let what = from.map(|from| format!("Version {}", from.short()));
        let what = what.unwrap_or_else(|| "What ran".to_owned());
        let (short, places) = (to.short(), self.places());
        let lead = format!("{what} was rolled back to {short} on {places} by {by}.");
        Post {
            heading: titled(&places, "rollback", self.date),
            link: from.and_then(|from| self.link(Some(to), from, TAKEN_BACK)),
            ..self.post("", lead, reason)
        }
    }

    /// Tells that a promotion began although its time had not come.
    pub fn overridden(&self, commit: &CommitId, by: &str, reason: &str) -> Post {
        let (short, places) = (commit.short(), self.places());
        let lead = format!(
            "Version {short} was promoted to {places} by {by}, although the policy did not allow it yet."
        );
        Post {
            link: self.link(self.runs(), commit, DETAIL),
            ..self.post(": policy overridden", lead, Some(reason))
        }
    }

    /// Tells those who were asked about it that it runs where it was to go.
    pub fn promoted(&self, commit: &CommitId, environment: &str, by: &str) -> Post {
        let lead = format!(
            "Version {} runs on {environment}, promoted by {by}.",
            commit.short()
        );
        self.post("", lead, None)
    }

    /// Tells everyone what is new: what people wrote for people, and never the log.
    pub fn product(&self, commit: &CommitId, summary: Option<&str>) -> Post {
        let end = summary.map_or(".", |_| " with the following changes:");
        let lead = format!("New release to {}{end}", self.places());
        Post {
            summary: summary.map(str::to_owned),
            link: self.link(self.runs(), commit, PRODUCT),
            ..self.post("", lead, None)
        }
    }

    fn post(&self, what: &str, lead: String, note: Option<&str>) -> Post {
        Post {
            heading: titled(&self.places(), "deploy", self.date) + what,
            mentions: self.mentions.to_vec(),
            lead,
            note: note.map(str::to_owned),
            ..Post::default()
        }
    }

    fn listed(&self, commits: &[Commit]) -> Vec<Listed> {
        let listed = commits.iter().map(|commit| Listed {
            short: commit.short.clone(),
            subject: commit.subject_text(),
            url: self.config.commit_url(&commit.id),
        });
        listed.collect()
    }

    fn link(&self, from: Option<&CommitId>, to: &CommitId, after: &'static str) -> Option<Link> {
        let url = self.config.compare_url(from?, to)?;
        Some(Link { url, after })
    }

    /// The oldest that is known to run: of several targets it is the first that says.
    fn runs(&self) -> Option<&CommitId> {
        self.targets.iter().find_map(|(_, from)| from.as_ref())
    }

    /// "production", or "production and demo".
    fn places(&self) -> String {
        let names: Vec<&str> = self.targets.iter().map(|(name, _)| name.as_str()).collect();
        and(&names)
    }
}

impl Post {
    /// The same with every acting character of every text made visible: what acts on a terminal acts in a chat too.
    pub fn visible(&self) -> Self {
        let mut post = self.clone();
        let commits = post.commits.iter_mut().flat_map(|commit| {
            let texts = [&mut commit.short, &mut commit.subject];
            texts.into_iter().chain(&mut commit.url)
        });
        let mentions = post.mentions.iter_mut().flat_map(|mention| match mention {
            Mention::Plain(name) => vec![name],
            Mention::Person { name, id } => vec![name, id],
        });
        [&mut post.heading, &mut post.lead]
            .into_iter()
            .chain(commits)
            .chain(mentions)
            .chain(&mut post.watched)
            .chain(post.link.as_mut().map(|link| &mut link.url))
            .for_each(|text| *text = visible(text));
        post.summary = lines(post.summary);
        post.note = lines(post.note);
        post
    }
}

/// A text whose lines stay lines; nothing where it is empty.
fn lines(text: Option<String>) -> Option<String> {
    let text = text?;
    let lines: Vec<String> = text.trim().lines().map(visible).collect();
    Some(lines.join("\n")).filter(|text| !text.is_empty())
}

/// "Production rollback 2022-03-02".
pub fn titled(names: &str, what: &str, date: &str) -> String {
    let mut chars = names.chars();
    let first = chars.next().map(char::to_uppercase);
    let names: String = first.into_iter().flatten().chain(chars).collect();
    format!("{names} {what} {date}")
}

#[cfg(test)]
pub(crate) mod tests;
