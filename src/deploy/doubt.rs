//! What a host said against a push that it took: read off all of its lines. Pure.

use std::sync::LazyLock;

use crate::deploy::said::{Pattern, Said};
use crate::deploy::words::{HostWords, Meaning, TABLE};

static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| TABLE.iter().map(pattern).collect());

fn pattern(row: &HostWords) -> Pattern {
    match row.meaning {
        Meaning::Hook => Pattern::of_git(row.words),
        Meaning::Stumbled | Meaning::Muttered | Meaning::Tidying | Meaning::Aside => {
            Pattern::flush(row.words)
        }
        _ => Pattern::of(row.words),
    }
}

/// What speaks against a deploy although the push was taken; with the host's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It was put aside: another branch deploys, or the deploy was skipped.
    NotDeployed(String),
    /// Its build or its release failed.
    Failed(String),
    /// A hook of its host did not run, or not to its end.
    Hook(String),
    /// Whether it comes to a good end is not said in the push.
    NotConfirmed(String),
}

impl Doubt {
    /// The host's own words.
    pub fn words(&self) -> &str {
        match self {
            Self::NotDeployed(words)
            | Self::Failed(words)
            | Self::Hook(words)
            | Self::NotConfirmed(words) => words,
        }
    }

    /// Whether nothing more is to come of the push, so that there is little to wait for.
    pub fn is_the_end(&self) -> bool {
        matches!(self, Self::NotDeployed(_) | Self::Failed(_))
    }
}

/// What was heard of a host so far.
#[derive(Debug, Default)]
pub struct Heard {
    doubt: Option<(Meaning, String)>,
    /// Whether the remote said anything at all.
    spoke: bool,
    /// Whether the repository's own tidying up has begun to speak.
    tidies: bool,
}

impl Heard {
    /// Takes in one line of a push's output. The first that says how it ended stands; until then the last that leaves
    /// it open does, and a release that was declared is settled by its success. What programs in a hook mutter counts
    /// least: the first of it stands, and a good end settles it.
    pub fn line(&mut self, line: &str) {
        let Some(said) = Said::read(line) else { return };
        self.spoke |= said.is_remote();
        // That hook watches refs and deploys nothing, on either side.
        if line.contains("reference-transaction") {
            return;
        }
        let Some(row) = said.first_of(&PATTERNS).and_then(|place| TABLE.get(place)) else {
            return;
        };
        let before = self.doubt.as_ref().map(|(meaning, _)| *meaning);
        let settled: &[Meaning] = match row.meaning {
            Meaning::Released => &[Meaning::Declared, Meaning::Stumbled, Meaning::Muttered],
            Meaning::Deployed => &[Meaning::Hook, Meaning::Stumbled, Meaning::Muttered],
            _ => &[],
        };
        match (before, row.meaning) {
            (_, Meaning::Tidying) => self.tidies = true,
            (Some(before), _) if settled.contains(&before) => self.doubt = None,
            (_, Meaning::Released | Meaning::Deployed | Meaning::Aside) => {}
            (_, Meaning::Stumbled) if self.tidies => {}
            (Some(_), Meaning::Stumbled | Meaning::Muttered) => {}
            (Some(Meaning::NotDeployed | Meaning::Failed | Meaning::Hook), _) => {}
            (Some(Meaning::Queued), Meaning::Declared) => {}
            (_, meaning @ (Meaning::Hook | Meaning::Stumbled | Meaning::Muttered)) => {
                self.doubt = Some((meaning, said.line().to_owned()));
            }
            (_, meaning) => self.doubt = Some((meaning, said.words().to_owned())),
        }
    }

    /// Whether the remote said not one word.
    pub fn is_silent(&self) -> bool {
        !self.spoke
    }

    /// Its words that it is busy with something else, if those are what counts.
    pub fn busy(&self) -> Option<&str> {
        self.doubt
            .as_ref()
            .filter(|(meaning, _)| *meaning == Meaning::Busy)
            .map(|(_, words)| words.as_str())
    }

    /// What all of it gives reason to doubt.
    pub fn doubt(&self) -> Option<Doubt> {
        let (meaning, words) = self.doubt.clone()?;
        match meaning {
            Meaning::NotDeployed => Some(Doubt::NotDeployed(words)),
            Meaning::Failed => Some(Doubt::Failed(words)),
            Meaning::Hook => Some(Doubt::Hook(words)),
            Meaning::Queued
            | Meaning::Declared
            | Meaning::Busy
            | Meaning::Stumbled
            | Meaning::Muttered => Some(Doubt::NotConfirmed(words)),
            Meaning::Released | Meaning::Deployed | Meaning::Tidying | Meaning::Aside => None,
        }
    }
}

#[cfg(test)]
mod tests;
