//! `git smp history --json`.

use serde::Serialize;

use crate::core::record::history::{DeployKind, PastDeploy};
use crate::core::record::stats::{Figures, Week};
use crate::core::show::json::{Rfc3339, SCHEMA, text, time};
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
    environments: Vec<FiguresJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FiguresJson<'a> {
    environment: &'a str,
    /// The time of the first promotion.
    since: Option<Rfc3339>,
    promotions: usize,
    rollbacks: usize,
    /// How many deploys were outside `git smp`.
    observed: usize,
    promotions_per_week: Option<f64>,
    /// Like `promotions_per_week`, but deploys outside `git smp` count as well, except those that went back.
    deploys_per_week: Option<f64>,
    /// The last 12 weeks up to this one, the oldest first.
    weeks: &'a [Week],
    /// From commit to production.
    lead_time_seconds: LeadJson,
    /// How many promotions were rolled back before the next promotion.
    rolled_back: usize,
    /// Their share of all promotions.
    #[cfg_attr(test, schemars(range(min = 0, max = 1)))]
    rolled_back_share: Option<f64>,
    change_failure: FailureJson,
    /// From a failed deploy to the deploy that corrected it.
    time_to_restore_seconds: RestoreJson,
    rework: ReworkJson,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LeadJson {
    median: Option<i64>,
    p90: Option<i64>,
    /// The number of commits in the two figures.
    commits: usize,
    /// How many of these were deployed outside `git smp`: their time ends when somebody saw them run.
    seen: usize,
    /// How many more commits this clone does not know; `null` if even their number is unknown.
    unknown: Option<u64>,
}

/// Deploys that failed, among those that brought new commits.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FailureJson {
    failed: usize,
    /// Failed deploys that the next deploy took back.
    rolled_back: usize,
    /// Failed deploys that a later deploy fixed: it shipped a revert of them, or says that it fixes them.
    fixed_forward: usize,
    /// How many deploys brought new commits, with `git smp` or outside it.
    deploys: usize,
    /// How many of them shipped commits that this clone does not have.
    unknown: usize,
    /// The share of these deploys that failed; `null` if there are none, or `unknown` is not 0.
    #[cfg_attr(test, schemars(range(min = 0, max = 1)))]
    rate: Option<f64>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RestoreJson {
    median: Option<i64>,
    /// How many failures there were.
    failures: usize,
    /// How many of these have an unknown time, because a deploy was outside `git smp`.
    seen: usize,
}

/// Deploys that only corrected an earlier one: they went back, or they fixed it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ReworkJson {
    rework: usize,
    /// How many deploys there were of any kind.
    deploys: usize,
    /// How many of them shipped commits that this clone does not have.
    unknown: usize,
    /// The share of these deploys that are rework; `null` if there are none, or `unknown` is not 0.
    #[cfg_attr(test, schemars(range(min = 0, max = 1)))]
    rate: Option<f64>,
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
            seen: figures.lead.seen,
            unknown: figures.lead.unknown,
        },
        rolled_back: figures.promotions_rolled_back(),
        rolled_back_share: figures.rolled_back_share(),
        change_failure: failures(figures),
        time_to_restore_seconds: RestoreJson {
            median: figures.time_to_restore(),
            failures: figures.failures.len(),
            seen: (figures.failures.iter())
                .filter(|one| one.seconds.is_none())
                .count(),
        },
        rework: ReworkJson {
            rework: figures.rework,
            deploys: figures.deploys(),
            unknown: figures.unknown,
            rate: figures.rework_rate(),
        },
    }
}

fn failures(figures: &Figures) -> FailureJson {
    FailureJson {
        failed: figures.failures.len(),
        rolled_back: figures.rolled_back(),
        fixed_forward: figures.fixed_forward(),
        deploys: figures.forward,
        unknown: figures.unknown,
        rate: figures.failure_rate(),
    }
}
