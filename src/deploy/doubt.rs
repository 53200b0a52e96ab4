//! What a host said against a push that it took: read off all of its lines. Pure.

use std::sync::LazyLock;

use crate::deploy::said::{Pattern, Said};
use crate::deploy::words::{Meaning, TABLE};

static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    TABLE
        .iter()
        .map(|(_, words, meaning, _)| Pattern::of(words, *meaning))
        .collect()
});

/// What speaks against a deploy although the push was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    pub meaning: Meaning,
    pub words: String,
}

impl Doubt {
    /// Whether nothing more is to come of the push, so that there is little to wait for.
    pub fn is_the_end(&self) -> bool {
        matches!(self.meaning, Meaning::NotDeployed | Meaning::Failed)
    }
}

#[derive(Debug, Default)]
pub struct Heard {
    /// What all of it gives reason to doubt.
    pub doubt: Option<Doubt>,
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
        self.spoke |= said.is_remote;
        // That hook watches refs and deploys nothing, on either side.
        if line.contains("reference-transaction") {
            return;
        }
        let place = said.first_of(&PATTERNS);
        let Some(&(_, _, meaning, _)) = place.and_then(|place| TABLE.get(place)) else {
            return;
        };
        let before = self.doubt.as_ref().map(|doubt| doubt.meaning);
        let settled: &[Meaning] = match meaning {
            Meaning::Released => &[Meaning::Declared, Meaning::Stumbled, Meaning::Muttered],
            Meaning::Deployed => &[Meaning::Hook, Meaning::Stumbled, Meaning::Muttered],
            _ => &[],
        };
        match (before, meaning) {
            (_, Meaning::Tidying) => self.tidies = true,
            (Some(before), _) if settled.contains(&before) => self.doubt = None,
            (_, Meaning::Released | Meaning::Deployed | Meaning::Aside) => {}
            (_, Meaning::Stumbled) if self.tidies => {}
            (Some(_), Meaning::Stumbled | Meaning::Muttered) => {}
            (Some(Meaning::NotDeployed | Meaning::Failed | Meaning::Hook), _) => {}
            (Some(Meaning::Queued), Meaning::Declared) => {}
            _ => {
                let words = match meaning {
                    Meaning::Hook | Meaning::Stumbled | Meaning::Muttered => said.quoted,
                    _ => said.quoted_words,
                };
                self.doubt = Some(Doubt { meaning, words });
            }
        }
    }

    /// What it said may be lost, or was said to another push.
    pub fn is_not_all(&mut self) {
        self.spoke = true;
    }

    /// Whether the remote said not one word.
    pub fn is_silent(&self) -> bool {
        !self.spoke
    }

    /// Its words that it is busy with something else, if those are what counts.
    pub fn busy(&self) -> Option<&str> {
        let doubt = self.doubt.as_ref()?;
        (doubt.meaning == Meaning::Busy).then_some(&doubt.words)
    }
}

#[cfg(test)]
mod tests;
