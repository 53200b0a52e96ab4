//! What a channel is told: one value that every form of a post is made from (see `chat`). Pure.
//!
//! All posts about one candidate are made from one [`About`]; so they cannot carry different dates.

use crate::core::config::{Config, Mention};
use crate::core::text::visible;
use crate::core::words::{Changes, Commit, CommitId};

/// A post. Its texts are foreign: whatever is made of them calls [`Post::visible`] first and takes nothing for markup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// What it is about, and the date.
    pub heading: String,
    /// Who is called.
    pub mentions: Vec<Mention>,
    /// One sentence, which goes on after the names of those who are called.
    pub lead: String,
    /// The commits that it is about, in the order of `git log`.
    pub commits: Vec<Listed>,
    /// The files that they change and that the team wants to be named.
    pub watched: Vec<String>,
    /// What people wrote for people; lines that begin with `-` or `*` are points of a list.
    pub summary: Option<String>,
    /// Where to read more.
    pub link: Option<Link>,
    /// What somebody has to say.
    pub note: Option<String>,
}

/// A commit in the list of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name as `git log --oneline` abbreviates it.
    pub short: String,
    /// Its subject.
    pub subject: String,
    /// Its page.
    pub url: Option<String>,
}

/// The page that compares, and what is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its address.
    pub url: String,
    /// For whom it is.
    pub words: Words,
}

/// What a post says of its link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// To those who made the changes.
    Technical,
    /// To everyone.
    Product,
    /// That it shows what is gone.
    TakenBack,
}

impl Link {
    /// The words before and after the address: "See … for more detail."
    pub fn sentence(&self) -> (&'static str, &'static str) {
        match self.words {
            Words::Technical => ("See ", " for more detail."),
            Words::Product => ("See ", " for more detail on these changes."),
            Words::TakenBack => ("See ", " for what that takes back."),
        }
    }
}

/// A line of a summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said<'a> {
    /// A point of a list, without its mark.
    Point(&'a str),
    /// Any other line.
    Line(&'a str),
}

/// What all posts about one deploy have in common.
#[derive(Clone, Copy)]
pub struct About<'a> {
    /// What is configured.
    pub config: &'a Config,
    /// Who is called.
    pub mentions: &'a [Mention],
    /// The date of the deploy.
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
        let lead = format!(
            "looking at deploying current {environment} version {} to {}.",
            commit.short(),
            self.places()
        );
        let commits = self.listed(&changes.ships);
        Post {
            commits,
            link: self.link(self.runs(), commit, Words::Technical),
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
        let (before_digits, now_digits) = (before.short(), now.short());
        let lead = format!(
            "Version {now_digits} on {environment} takes the place of {before_digits} and is to be tested again; it adds only:"
        );
        let link = self.link(Some(before), now, Words::Technical);
        Post {
            commits: self.listed(added),
            link,
            ..self.post(": a fix", lead, None)
        }
    }

    /// Tells who holds the candidate back, and why.
    pub fn blocked(&self, commit: &CommitId, by: &str, reason: Option<&str>) -> Post {
        self.post(
            " is blocked",
            format!("Version {} is blocked by {by}.", commit.short()),
            reason,
        )
    }

    /// Tells that the candidate is withdrawn, and that the freeze is over with it.
    pub fn postponed(&self, commit: &CommitId, environment: &str, by: &str, reason: &str) -> Post {
        let lead = format!(
            "Version {} does not go to {} for now, says {by}; {environment} is free for deploys again.",
            commit.short(),
            self.places()
        );
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
        let what = from.map_or_else(
            || "What ran".to_owned(),
            |from| format!("Version {}", from.short()),
        );
        let lead = format!(
            "{what} was put back to {} on {} by {by}.",
            to.short(),
            self.places()
        );
        let heading = titled(&self.places(), "rollback", self.date);
        Post {
            heading,
            link: from.and_then(|from| self.link(Some(to), from, Words::TakenBack)),
            ..self.post("", lead, reason)
        }
    }

    /// Tells everyone what is new: what people wrote for people, and never the log.
    pub fn product(&self, commit: &CommitId, summary: Option<&str>) -> Post {
        let end = if summary.is_some() {
            " with the following changes:"
        } else {
            "."
        };
        let lead = format!("New release to {}{end}", self.places());
        let link = self.link(self.runs(), commit, Words::Product);
        Post {
            summary: summary.map(str::to_owned),
            link,
            ..self.post("", lead, None)
        }
    }

    fn post(&self, what: &str, lead: String, note: Option<&str>) -> Post {
        Post {
            heading: format!("{}{what}", heading(&self.places(), self.date)),
            mentions: self.mentions.to_vec(),
            lead,
            commits: Vec::new(),
            watched: Vec::new(),
            summary: None,
            link: None,
            note: note.map(str::to_owned),
        }
    }

    fn listed(&self, commits: &[Commit]) -> Vec<Listed> {
        let listed = |commit: &Commit| Listed {
            short: commit.short.clone(),
            subject: commit.subject_text(),
            url: self.config.commit_url(&commit.id),
        };
        commits.iter().map(listed).collect()
    }

    fn link(&self, from: Option<&CommitId>, to: &CommitId, words: Words) -> Option<Link> {
        let url = self.config.compare_url(from?, to)?;
        Some(Link { url, words })
    }

    /// The oldest that is known to run: of several targets it is the first that says.
    fn runs(&self) -> Option<&CommitId> {
        self.targets.iter().find_map(|(_, from)| from.as_ref())
    }

    /// "production", or "production and demo".
    fn places(&self) -> String {
        let names: Vec<&str> = self.targets.iter().map(|(name, _)| name.as_str()).collect();
        match names.split_last() {
            Some((last, before)) if !before.is_empty() => {
                format!("{} and {last}", before.join(", "))
            }
            _ => names.concat(),
        }
    }
}

impl Post {
    /// The same with every acting character of every text made visible: what acts on a terminal acts in a chat too.
    #[must_use]
    pub fn visible(&self) -> Self {
        let lines = |text: &String| {
            text.trim()
                .lines()
                .map(visible)
                .collect::<Vec<_>>()
                .join("\n")
        };
        let listed = |commit: &Listed| Listed {
            short: visible(&commit.short),
            subject: visible(&commit.subject),
            url: commit.url.as_deref().map(visible),
        };
        Self {
            heading: visible(&self.heading),
            mentions: self.mentions.iter().map(visible_mention).collect(),
            lead: visible(&self.lead),
            commits: self.commits.iter().map(listed).collect(),
            watched: self.watched.iter().map(|name| visible(name)).collect(),
            summary: self
                .summary
                .as_ref()
                .map(lines)
                .filter(|text| !text.is_empty()),
            link: self.link.as_ref().map(|link| Link {
                url: visible(&link.url),
                words: link.words,
            }),
            note: self
                .note
                .as_ref()
                .map(lines)
                .filter(|text| !text.is_empty()),
        }
    }
}

fn visible_mention(mention: &Mention) -> Mention {
    match mention {
        Mention::Plain(name) => Mention::Plain(visible(name)),
        Mention::Person { name, id } => Mention::Person {
            name: visible(name),
            id: visible(id),
        },
    }
}

/// "Production deploy 2022-03-02".
pub fn heading(names: &str, date: &str) -> String {
    titled(names, "deploy", date)
}

/// "Production rollback 2022-03-02".
pub fn titled(names: &str, what: &str, date: &str) -> String {
    format!("{} {what} {date}", capital(names))
}

/// A text with its first letter as at the beginning of a sentence.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

/// The lines of a summary, told apart.
pub fn said(summary: &str) -> impl Iterator<Item = Said<'_>> {
    summary.lines().map(|line| {
        let line = line.trim();
        let point = line.strip_prefix("- ").or_else(|| line.strip_prefix("* "));
        point.map_or(Said::Line(line), |point| Said::Point(point.trim()))
    })
}

#[cfg(test)]
pub(crate) mod example;
#[cfg(test)]
mod tests;
