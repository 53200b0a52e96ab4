//! What a person wrote for the product post of a deploy, until that deploy is on record or told.

use serde::{Deserialize, Serialize};

use crate::core::refusal::Stop;
use crate::core::words::CommitId;
use crate::notes::Notes;

const NAME: &str = "text";

/// The words, and for which deploy they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// What is deployed.
    pub commit: CommitId,
    /// The words.
    pub text: String,
    /// Whether somebody said yes to the deploy.
    pub begun: bool,
}

/// What earlier versions kept it in, beside posts that were owed.
#[derive(Deserialize)]
struct Old {
    kept: Option<Text>,
}

impl Notes {
    /// What was written for a deploy in a run that did not come to its end.
    pub fn text(&self) -> Option<Text> {
        self.read(NAME)
    }

    /// The words for the deploy of this commit, if somebody had said yes to it.
    pub fn begun_text(&self, commit: &CommitId) -> Option<String> {
        self.text()
            .filter(|text| text.begun && text.commit == *commit)
            .map(|text| text.text)
    }

    /// Keeps what was written.
    ///
    /// # Errors
    /// When it cannot be written; then nothing should begin.
    pub fn keep_text(&self, text: &Text) -> Result<(), Stop> {
        self.write(NAME, text)
    }

    /// The deploy came to its end: what was written for it stands elsewhere from now on, or is sent in this moment.
    ///
    /// # Errors
    /// When it cannot be taken away; then it would be sent a second time.
    pub fn forget_text(&self) -> Result<(), Stop> {
        self.remove(NAME)
    }

    pub(super) fn adopt_text(&self) {
        let old = self.read("posts").and_then(|Old { kept }| kept);
        if let Some(text) = old.filter(|_| self.text().is_none()) {
            let _ = self.keep_text(&text);
        }
    }
}
