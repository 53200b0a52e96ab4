//! Finds in a host's output what speaks against a push that the host took. Pure.

use std::sync::LazyLock;

use crate::deploy::said::{Pattern, Said};
use crate::sources::words::{Meaning, TABLE};

static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    TABLE
        .iter()
        .map(|(_, words, meaning, _)| Pattern::of(words, *meaning))
        .collect()
});

/// What speaks against a deploy although its push was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    pub meaning: Meaning,
    pub words: String,
}

impl Doubt {
    /// Returns whether nothing more will come of the push, so that a long wait is useless.
    pub fn is_the_end(&self) -> bool {
        matches!(self.meaning, Meaning::NotDeployed | Meaning::Failed)
    }
}

#[derive(Debug, Default)]
pub struct Heard {
    /// The doubt that the whole output leaves.
    pub doubt: Option<Doubt>,
    /// True if the remote printed anything at all.
    spoke: bool,
    /// True once git's own maintenance of the repository has begun to print.
    tidies: bool,
}

impl Heard {
    /// Evaluates one line of a push's output. The first line that tells the end of the deploy is kept. Without one, the
    /// last line that leaves the end open is kept, and the success of a declared release removes it. Words of programs
    /// in a hook count least: the first of them is kept, and a good end removes it.
    pub fn line(&mut self, line: &str) {
        let Some(said) = Said::read(line) else { return };
        self.spoke |= said.is_remote;
        // The hook `reference-transaction` watches refs on either side, and deploys nothing.
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

    /// Notes that the output may be incomplete, or belong to another push.
    pub fn is_not_all(&mut self) {
        self.spoke = true;
    }

    /// Returns whether the remote printed nothing.
    pub fn is_silent(&self) -> bool {
        !self.spoke
    }

    /// Returns the host's words that it is busy, if these are what counts.
    pub fn busy(&self) -> Option<&str> {
        let doubt = self.doubt.as_ref()?;
        (doubt.meaning == Meaning::Busy).then_some(&doubt.words)
    }
}

#[cfg(test)]
mod tests;
