//! The `[record]` table.

use serde::{Deserialize, Serialize};

#[cfg(test)]
use crate::core::config::tests::schema;
use crate::core::config::values;

/// The record that the team shares on the main repository: proposals, sign-offs, deploys. This table turns it on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Record {
    /// The ref on the main repository that keeps it: `refs/smp/` and a word, or `refs/heads/smp-record` on hosts that accept
    /// only branches and tags.
    #[serde(rename = "ref", deserialize_with = "values::record_ref")]
    #[cfg_attr(test, schemars(regex(pattern = schema::RECORD_REF)))]
    pub reference: String,
    /// Whether a promotion needs a sign-off of exactly the commit that it ships.
    pub signoff: bool,
    /// For how many days production may be behind staging before `git smp status` says so.
    #[serde(deserialize_with = "values::number::<1, 3650, _, _>")]
    #[cfg_attr(test, schemars(range(min = 1, max = 3650)))]
    pub cadence_days: u32,
    /// The forge of the main repository, where a proposal opens an issue and a comment on it is a verdict. It needs a token.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "values::some_word"
    )]
    #[cfg_attr(test, schemars(with = "AskedForge"))]
    pub ask: Option<AskedForge>,
    /// Whether every event must carry its author's git signature, by ssh or openpgp. An event without one does not count.
    #[serde(skip_serializing_if = "is_no")]
    pub signed: bool,
    /// The file of the keys that count, in ssh's format of allowed signers. It is read from the main branch, never from the
    /// work tree.
    #[serde(
        deserialize_with = "values::signers",
        skip_serializing_if = "is_usual_place"
    )]
    #[cfg_attr(test, schemars(length(max = 200), regex(pattern = schema::SIGNERS)))]
    pub signers: String,
}

/// Where proposals ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum AskedForge {
    GitHub,
    GitLab,
}

const SIGNERS: &str = ".smp/signers";

/// Leaves `false` out of the agreed values: clones that agreed before the key existed need not agree again.
pub(super) fn is_no(value: &bool) -> bool {
    !*value
}

fn is_usual_place(path: &str) -> bool {
    path == SIGNERS
}

impl Default for Record {
    fn default() -> Self {
        Self {
            reference: "refs/smp/record".to_owned(),
            signoff: true,
            cadence_days: 7,
            ask: None,
            signed: false,
            signers: SIGNERS.to_owned(),
        }
    }
}
