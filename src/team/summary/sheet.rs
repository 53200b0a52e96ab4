//! The sheet for writing the product post: an offered text, and comments that explain.

use crate::core::refusal::Stop;
use crate::core::tell::draft::draft;
use crate::core::text::visible;
use crate::core::words::Landed;
use crate::git::GitConfig;
use crate::team::summary::Offer;

/// The comment signs that git tries, in its order, if it may choose.
const SIGNS: [&str; 10] = ["#", ";", "@", "!", "$", "%", "^", "&", "|", ":"];

/// A sheet for the editor, which can read its text back.
pub struct Sheet {
    offered: String,
    comments: String,
    /// The beginning of each comment.
    sign: String,
    /// True if it begins with a draft, not with a person's own text.
    is_draft: bool,
}

impl Sheet {
    /// Builds the sheet for a deploy; `landed` is only called if there is no earlier text.
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
            (Some(_), _) => match offer.by {
                Some(by) => &format!(
                    "The text above is from the promotion that {} began.",
                    visible(by)
                ),
                None => "The text above is yours, from an earlier run.",
            },
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

    /// Returns whether a draft came back unchanged, which confirms nothing.
    pub fn is_untouched(&self, text: &str) -> bool {
        self.is_draft && !self.offered.is_empty() && settled(text) == settled(&self.text())
    }

    /// Returns the person's text without the comments.
    pub fn read(&self, text: &str) -> String {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let said = text.lines().filter(|line| !line.starts_with(&self.sign));
        settled(&said.collect::<Vec<_>>().join("\n"))
    }
}

/// Removes spaces at line ends, surrounding empty lines, and repeated empty lines.
pub fn settled(text: &str) -> String {
    // Some editors begin every file with a byte order mark.
    let text = text
        .trim_start_matches('\u{feff}')
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    let mut lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
    lines.dedup_by(|line, before| line.is_empty() && before.is_empty());
    lines.join("\n")
}

/// Returns a comment sign that no line of the text begins with.
fn sign(text: &str, config: &GitConfig) -> String {
    let own = config
        .get("core.commentstring")
        .or_else(|| config.get("core.commentchar"))
        .filter(|own| is_plain(own));
    let signs = own.into_iter().chain(SIGNS).map(str::to_owned);
    // No line begins with more of these signs than the text has, so one of them is free.
    let longer = (2..).map(|count| "#".repeat(count));
    let free = |sign: &String| !text.lines().any(|line| line.starts_with(sign));
    signs.chain(longer).find(free).unwrap_or_default()
}

/// Returns whether a sign is a single character that begins neither a sentence nor a list item.
fn is_plain(sign: &str) -> bool {
    matches!(sign.as_bytes(), [byte] if byte.is_ascii_punctuation() && !b"-*".contains(byte))
}

#[cfg(test)]
mod tests;
