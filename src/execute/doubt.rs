//! What a host said against a push that it took: read off all of its lines. Pure.

use std::sync::LazyLock;

use super::said::{Pattern, Said};
use super::words::{Meaning, TABLE};

static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| TABLE.iter().map(|row| Pattern::of(row.words)).collect());

/// What speaks against a deploy although the push was taken; with the host's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It was put aside: another branch deploys, or the deploy was skipped.
    NotDeployed(String),
    /// Its build or its release failed.
    Failed(String),
    /// Whether it comes to a good end is not said in the push.
    NotConfirmed(String),
}

impl Doubt {
    /// The host's own words.
    pub fn words(&self) -> &str {
        match self {
            Self::NotDeployed(words) | Self::Failed(words) | Self::NotConfirmed(words) => words,
        }
    }

    /// Whether nothing more is to come of the push, so that there is little to wait for.
    pub fn is_the_end(&self) -> bool {
        matches!(self, Self::NotDeployed(_) | Self::Failed(_))
    }
}

/// What was heard of a host so far.
#[derive(Debug, Default)]
pub struct Heard(Option<(Meaning, String)>);

impl Heard {
    /// Takes in one line of a push's output. The first that says how it ended stands; until then the last that leaves
    /// it open does, and a release that was declared is settled by its success.
    pub fn line(&mut self, line: &str) {
        let Some(said) = Said::by_remote(line) else { return };
        let Some(row) = said.first_of(&PATTERNS).and_then(|place| TABLE.get(place)) else { return };
        let before = self.0.as_ref().map(|(meaning, _)| *meaning);
        match (before, row.meaning) {
            (Some(Meaning::NotDeployed | Meaning::Failed), _) | (Some(Meaning::Queued), Meaning::Declared) => {}
            (Some(Meaning::Declared), Meaning::Released) => self.0 = None,
            (_, Meaning::Released) => {}
            (_, meaning) => self.0 = Some((meaning, said.words().to_owned())),
        }
    }

    /// Its words that it is busy with something else, if those are what counts.
    pub fn busy(&self) -> Option<&str> {
        self.0.as_ref().filter(|(meaning, _)| *meaning == Meaning::Busy).map(|(_, words)| words.as_str())
    }

    /// What all of it gives reason to doubt.
    pub fn doubt(self) -> Option<Doubt> {
        let (meaning, words) = self.0?;
        match meaning {
            Meaning::NotDeployed => Some(Doubt::NotDeployed(words)),
            Meaning::Failed => Some(Doubt::Failed(words)),
            Meaning::Queued | Meaning::Declared | Meaning::Busy => Some(Doubt::NotConfirmed(words)),
            Meaning::Released => None,
        }
    }
}

#[cfg(test)]
#[path = "doubt_tests.rs"]
mod tests;
