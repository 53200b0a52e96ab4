//! The sheet that a person writes the product post on: an offer to begin with, and comments that explain.

use crate::core::refusal::Stop;
use crate::core::tell::draft::draft;
use crate::core::text::visible;
use crate::core::words::Landed;
use crate::git::GitConfig;
use crate::team::summary::Offer;

/// The signs that git itself tries, in its order, when it may choose.
const SIGNS: [&str; 10] = ["#", ";", "@", "!", "$", "%", "^", "&", "|", ":"];

/// A sheet before it is given away, which knows how to read it back.
pub struct Sheet {
    offered: String,
    comments: String,
    /// What comments begin with.
    sign: String,
    /// Whether it begins with a draft, and not with somebody's own words.
    is_draft: bool,
}

impl Sheet {
    /// Makes one for a deploy; what landed is asked for only if nobody wrote about it before.
    pub fn new(
        offer: &Offer<'_>,
        landed: impl FnOnce() -> Result<Vec<Landed>, Stop>,
        config: &GitConfig,
    ) -> Result<Self, Stop> {
        let offered = match offer.kept {
            Some(kept) => settled(kept),
            None => draft(&landed()?),
        };
        let origin = match (offer.kept, offered.as_str()) {
            (Some(_), _) => "The text above is yours, from an earlier run.",
            (None, "") => {
                "No pull request ships, so there is no draft. Say what is new in your own words."
            }
            (None, _) => {
                "The list above is a draft, the titles of the pull requests that ship.\n\
                 If you do not change it, it is not posted. To post it unchanged, delete this line."
            }
        };
        let sign = sign(&offered, config);
        let (heading, short) = (visible(offer.heading), offer.commit.short());
        let comments = format!(
            "{heading}: what is new?\n\n\
             This is for the product channel. Everyone in the company reads it:\n\
             say in their words what changes for them, and leave out the rest.\n\n\
             This deploys {short}.\n\
             {origin}\n\n\
             Lines that begin with '{sign}' are left out.\n\
             An empty text means no post in the product channel."
        );
        Ok(Self {
            is_draft: offer.kept.is_none(),
            offered,
            comments,
            sign,
        })
    }

    pub fn text(&self) -> String {
        let comment = |line| format!("{} {line}", self.sign).trim_end().to_owned() + "\n";
        let comments: String = self.comments.lines().map(comment).collect();
        format!("{}\n\n{comments}", self.offered)
    }

    /// Whether a draft came back as it was given away: an editor that is left without a change says yes to nothing.
    pub fn is_untouched(&self, text: &str) -> bool {
        self.is_draft && !self.offered.is_empty() && settled(text) == settled(&self.text())
    }

    /// What somebody wrote on it, without the comments.
    pub fn read(&self, text: &str) -> String {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let said = text.lines().filter(|line| !line.starts_with(&self.sign));
        settled(&said.collect::<Vec<_>>().join("\n"))
    }
}

/// Without spaces at the ends of lines, empty lines around it, or more than one between paragraphs.
pub fn settled(text: &str) -> String {
    // Some editors begin every file with a mark of its encoding.
    let text = text
        .trim_start_matches('\u{feff}')
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    let mut lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
    lines.dedup_by(|line, before| line.is_empty() && before.is_empty());
    lines.join("\n")
}

/// What no line of the text begins with, so that none is taken for a comment.
fn sign(text: &str, config: &GitConfig) -> String {
    let own = config
        .get("core.commentstring")
        .or_else(|| config.get("core.commentchar"))
        .filter(|own| is_plain(own));
    let signs = own.into_iter().chain(SIGNS).map(str::to_owned);
    // A text has an end, so some number of these is in none of its lines.
    let longer = (2..).map(|count| "#".repeat(count));
    let free = |sign: &String| !text.lines().any(|line| line.starts_with(sign));
    signs.chain(longer).find(free).unwrap_or_default()
}

/// A single sign that neither a sentence nor a point of a list begins with.
fn is_plain(sign: &str) -> bool {
    matches!(sign.as_bytes(), [byte] if byte.is_ascii_punctuation() && !b"-*".contains(byte))
}

#[cfg(test)]
mod tests;
