//! `git smp history --json`.

use serde::Serialize;

use crate::core::record::history::{DeployKind, PastDeploy};
use crate::core::record::stats::Figures;
use crate::core::show::json::{SCHEMA, text};
use crate::core::when::{Rfc3339, time};
use crate::core::words::CommitId;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "git smp history --json"))]
pub(super) struct HistoryJson<'a> {
    #[cfg_attr(test, schemars(extend("const" = SCHEMA)))]
    schema: u32,
    /// The latest first.
    deploys: Vec<DeployJson<'a>>,
    stats: StatsJson<'a>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct DeployJson<'a> {
    environment: &'a str,
    /// What ran before; `null` for a first deploy.
    from: Option<&'a CommitId>,
    to: &'a CommitId,
    /// Only present for the kind `observed`: it was deployed after this time and before `at`.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Option<Rfc3339>>,
    /// When it was seen to run.
    at: Option<Rfc3339>,
    /// Who deployed it, or who saw it for the kind `observed`.
    by: &'a str,
    /// The candidate that was promoted; `null` for a rollback, and if nobody proposed the commit.
    candidate: Option<&'a CommitId>,
    signed_off_by: Vec<&'a str>,
    kind: KindWord,
    /// The reason given with `--override`; `null` if there was none.
    #[serde(rename = "override")]
    overrides: Option<&'a str>,
    /// The number of commits, as recorded; `null` if it is unknown.
    commits: Option<u64>,
}

/// `observed`: it was outside `git smp`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum KindWord {
    Promote,
    Rollback,
    Observed,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StatsJson<'a> {
    environments: &'a [Figures],
}

pub fn history(deploys: &[&PastDeploy], figures: &[Figures]) -> String {
    text(&HistoryJson {
        schema: SCHEMA,
        deploys: deploys.iter().map(|one| deploy(one)).collect(),
        stats: StatsJson {
            environments: figures,
        },
    })
}

fn deploy(past: &PastDeploy) -> DeployJson<'_> {
    let (kind, since) = match past.kind {
        DeployKind::Promote => (KindWord::Promote, None),
        DeployKind::Rollback => (KindWord::Rollback, None),
        DeployKind::Observed { since, .. } => (KindWord::Observed, Some(time(since))),
    };
    let signers = past.signed_off_by.iter();
    DeployJson {
        environment: &past.environment,
        from: past.from.as_ref(),
        to: &past.to,
        since,
        at: time(past.at),
        by: &past.by,
        candidate: past.candidate.as_ref(),
        signed_off_by: signers.map(|one| one.name.as_str()).collect(),
        kind,
        overrides: past.overrides.as_deref(),
        commits: past.commits,
    }
}
