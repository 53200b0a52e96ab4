//! `git smp history --json`.

use serde::Serialize;

use crate::core::record::history::{DeployKind, PastDeploy};
use crate::core::record::stats::{Figures, Week};
use crate::core::show::json::{SCHEMA, text, time};
use crate::core::words::CommitId;

#[derive(Serialize)]
struct HistoryJson<'a> {
    schema: u32,
    deploys: Vec<DeployJson<'a>>,
    stats: StatsJson<'a>,
}

#[derive(Serialize)]
struct DeployJson<'a> {
    environment: &'a str,
    from: Option<&'a CommitId>,
    to: &'a CommitId,
    /// Only of what was seen alone: it was deployed after this, and before `at`.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Option<String>>,
    at: Option<String>,
    by: &'a str,
    candidate: Option<&'a CommitId>,
    signed_off_by: Vec<&'a str>,
    kind: &'static str,
    commits: Option<u64>,
}

#[derive(Serialize)]
struct StatsJson<'a> {
    environments: Vec<FiguresJson<'a>>,
}

#[derive(Serialize)]
struct FiguresJson<'a> {
    environment: &'a str,
    since: Option<String>,
    promotions: usize,
    rollbacks: usize,
    observed: usize,
    promotions_per_week: Option<f64>,
    deploys_per_week: Option<f64>,
    weeks: &'a [Week],
    lead_time_seconds: LeadJson,
    rolled_back: usize,
    rolled_back_share: Option<f64>,
    time_to_restore_seconds: RestoreJson,
}

#[derive(Serialize)]
struct LeadJson {
    median: Option<i64>,
    p90: Option<i64>,
    commits: usize,
    unknown: u64,
}

#[derive(Serialize)]
struct RestoreJson {
    median: Option<i64>,
}

pub fn history(deploys: &[&PastDeploy], figures: &[Figures]) -> String {
    text(&HistoryJson {
        schema: SCHEMA,
        deploys: deploys.iter().map(|one| deploy(one)).collect(),
        stats: StatsJson {
            environments: figures.iter().map(of).collect(),
        },
    })
}

fn deploy(past: &PastDeploy) -> DeployJson<'_> {
    let (kind, since) = match past.kind {
        DeployKind::Promote => ("promote", None),
        DeployKind::Rollback => ("rollback", None),
        DeployKind::Observed { since, .. } => ("observed", Some(time(since))),
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
        commits: past.commits,
    }
}

fn of(figures: &Figures) -> FiguresJson<'_> {
    FiguresJson {
        environment: &figures.environment,
        since: figures.since.and_then(time),
        promotions: figures.promotions,
        rollbacks: figures.rollbacks,
        observed: figures.observed,
        promotions_per_week: figures.promotions_per_week,
        deploys_per_week: figures.deploys_per_week,
        weeks: &figures.weeks,
        lead_time_seconds: LeadJson {
            median: figures.lead.median(),
            p90: figures.lead.ninetieth(),
            commits: figures.lead.seconds.len(),
            unknown: figures.lead.unknown,
        },
        rolled_back: figures.restores.len(),
        rolled_back_share: figures.rolled_back_share(),
        time_to_restore_seconds: RestoreJson {
            median: figures.time_to_restore(),
        },
    }
}
