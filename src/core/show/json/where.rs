//! `git smp where --json`.

use serde::Serialize;

use crate::core::show::json::{SCHEMA, text};
use crate::core::show::r#where::Stand;
use crate::core::words::CommitId;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "git smp where --json"))]
pub(super) struct WhereJson<'a> {
    #[cfg_attr(test, schemars(extend("const" = SCHEMA)))]
    schema: u32,
    commit: &'a CommitId,
    /// The number that was given, or that the subject ends in.
    pull_request: Option<u64>,
    /// In the order of `smp.toml`.
    environments: &'a [Stand],
}

/// Writes `git smp where --json`.
pub fn located(commit: &CommitId, pull_request: Option<u64>, all: &[Stand]) -> String {
    text(&WhereJson {
        schema: SCHEMA,
        commit,
        pull_request,
        environments: all,
    })
}
