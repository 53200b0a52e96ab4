//! `git smp where --json`.

use serde::Serialize;

use crate::core::show::json::{Rfc3339, SCHEMA, text, time};
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
    environments: Vec<PlaceJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct PlaceJson<'a> {
    environment: &'a str,
    /// `null` if that is unknown.
    runs: Option<bool>,
    /// Since when it runs there without a break; `null` without a record, and if that began before the record.
    since: Option<Rfc3339>,
    /// The copy that runs there, after a cherry-pick; `null` if the commit itself runs there, or neither does.
    r#as: Option<&'a CommitId>,
}

/// Writes `git smp where --json`.
pub fn located(commit: &CommitId, pull_request: Option<u64>, all: &[Stand]) -> String {
    let places = all.iter().map(|place| PlaceJson {
        environment: &place.environment,
        runs: place.runs,
        since: place.since.and_then(time),
        r#as: place.copy.as_ref(),
    });
    text(&WhereJson {
        schema: SCHEMA,
        commit,
        pull_request,
        environments: places.collect(),
    })
}
