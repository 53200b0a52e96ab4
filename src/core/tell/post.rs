//! The content of a notification: one value for every format of a post. Pure.
//!
//! All posts about one candidate come from one [`About`], so they have the same date.

use crate::core::config::{Config, Mention};
use crate::core::text::{and, visible};
use crate::core::words::{Changes, Commit, CommitId};

/// A post. Its texts are foreign: every formatter calls [`Post::visible`] first and treats nothing as markup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Post {
    pub heading: String,
    pub mentions: Vec<Mention>,
    /// One sentence that follows the names of the mentioned people.
    pub lead: String,
    pub commits: Vec<Listed>,
    /// The changed files that match `policy.watch`.
    pub watched: Vec<String>,
    /// A text by people for people; lines that begin with `-` or `*` are list items.
    pub summary: Option<String>,
    pub link: Option<Link>,
    pub note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The abbreviation of `git log --oneline`.
    pub short: String,
    pub subject: String,
    pub url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub url: String,
    /// The text after "See" and the address.
    pub after: &'static str,
}

/// The ending for the authors of the changes.
const DETAIL: &str = " for more detail.";
const PRODUCT: &str = " for more detail on these changes.";
const TAKEN_BACK: &str = " for what the rollback takes back.";

/// The common parts of all posts about one deploy.
#[derive(Clone, Copy)]
pub struct About<'a> {
    pub config: &'a Config,
    pub mentions: &'a [Mention],
    pub date: &'a str,
    /// The targets and their running commits.
    pub targets: &'a [(String, Option<CommitId>)],
}

impl About<'_> {
    /// Proposes a candidate with all its commits: the team is asked to look at it.
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

    /// Announces the commits that a fix adds to the candidate, and only those: the rest was tested before.
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

    /// Announces that the candidate is withdrawn, which ends a freeze.
    pub fn postponed(&self, commit: &CommitId, environment: &str, by: &str, reason: &str) -> Post {
        let (short, places) = (commit.short(), self.places());
        let place = self.config.environment(environment);
        let free = match place.is_ok_and(|place| place.by_merge) {
            true => String::new(),
            false => format!("; {environment} is free for deploys again"),
        };
        let lead = format!("Version {short} was postponed for {places} by {by}{free}.");
        let given = Some(reason).filter(|reason| !reason.is_empty());
        self.post(" is postponed", lead, given)
    }

    /// Announces a rollback. The link is reversed, because compare pages show nothing in the backward direction.
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

    /// Announces that a promotion began outside the allowed time.
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

    /// Tells the people who were asked about a candidate that it runs on its target.
    pub fn promoted(&self, commit: &CommitId, environment: &str, by: &str) -> Post {
        let lead = format!(
            "Version {} runs on {environment}, promoted by {by}.",
            commit.short()
        );
        self.post("", lead, None)
    }

    /// Announces a release to everyone: a text by people, never the log.
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

    /// Returns the first known running commit of the targets.
    fn runs(&self) -> Option<&CommitId> {
        self.targets.iter().find_map(|(_, from)| from.as_ref())
    }

    /// Returns "production", or "production and demo".
    fn places(&self) -> String {
        let names: Vec<&str> = self.targets.iter().map(|(name, _)| name.as_str()).collect();
        and(&names)
    }
}

impl Post {
    /// Makes every acting character in all texts visible: what acts on a terminal also acts in a chat.
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

/// Makes a text visible line by line; `None` if it is empty.
fn lines(text: Option<String>) -> Option<String> {
    let text = text?;
    let lines: Vec<String> = text.trim().lines().map(visible).collect();
    Some(lines.join("\n")).filter(|text| !text.is_empty())
}

/// Returns "Production rollback 2022-03-02".
pub fn titled(names: &str, what: &str, date: &str) -> String {
    let mut chars = names.chars();
    let first = chars.next().map(char::to_uppercase);
    let names: String = first.into_iter().flatten().chain(chars).collect();
    format!("{names} {what} {date}")
}

#[cfg(test)]
pub(crate) mod tests;
