//! What a channel is told, as a text to paste. Pure.

use crate::config::{Channel, Config, Mention};
use crate::model::{Changes, CommitId};

/// The post that puts a candidate forward.
pub struct ProposalPost<'a> {
    /// What is configured.
    pub config: &'a Config,
    /// The candidate.
    pub commit: &'a CommitId,
    /// Where it runs.
    pub environment: &'a str,
    /// Where it is to go, and what runs there.
    pub targets: &'a [(String, Option<CommitId>)],
    /// What that brings.
    pub changes: &'a Changes,
    /// What the proposer has to say.
    pub note: Option<&'a str>,
    /// The proposer's date.
    pub date: &'a str,
}

impl ProposalPost<'_> {
    /// Its text for this channel.
    pub fn text(&self, channel: Option<&Channel>) -> String {
        let names: Vec<&str> = self.targets.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(" and ");
        let mut lines = vec![heading(&names, self.date)];
        let mentions: Vec<String> = channel.into_iter().flat_map(|channel| &channel.mentions).map(mention).collect();
        let called = if mentions.is_empty() { String::new() } else { format!("{} ", mentions.join(" ")) };
        lines.push(format!(
            "{called}looking at deploying current {} version {} to {names}.",
            self.environment,
            self.commit.short()
        ));
        let oneline = |commit: &crate::model::Commit| format!("    {} {}", commit.short, commit.subject_text());
        lines.extend(self.changes.ships.iter().map(oneline));
        let from = self.targets.iter().find_map(|(_, from)| from.as_ref());
        let link = from.and_then(|from| self.config.compare_url(from, self.commit));
        lines.extend(link.map(|link| format!("See {link} for more detail.")));
        lines.extend(self.note.map(str::to_owned));
        lines.join("\n") + "\n"
    }
}

/// "Production deploy 2022-03-02".
pub fn heading(names: &str, date: &str) -> String {
    let mut chars = names.chars();
    let name: String = chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default();
    format!("{name} deploy {date}")
}

fn mention(mention: &Mention) -> String {
    match mention {
        Mention::Plain(name) | Mention::Person { name, .. } | Mention::Tag { name, .. } => format!("@{name}"),
    }
}
