//! The JSON of `git smp status`.

use serde::Serialize;

use crate::core::config::{Config, Environment};
use crate::core::decide::finding::Finding;
use crate::core::record::unrecorded::{PastTool, Unrecorded, WORD};
use crate::core::record::{Candidate, Deploy, FORMAT, Held, RecordView, SignOff, Verdict};
use crate::core::refusal::RefusalCode;
use crate::core::show::json::{SCHEMA, rfc3339, text};
use crate::core::words::{Changes, CommitId, Observed, Source};

#[derive(Serialize)]
struct StatusJson {
    schema: u32,
    environments: Vec<EnvironmentJson>,
    candidate: Option<CandidateJson>,
    frozen: Option<bool>,
    production_behind: Option<BehindJson>,
    /// Only where the team keeps a record, as the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    deploying: Option<DeployingJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<RecordJson>,
}

#[derive(Serialize)]
struct CandidateJson {
    commit: CommitId,
    proposed_at: Option<String>,
    proposed_by: String,
    signoffs: Vec<SignOffJson>,
}

#[derive(Serialize)]
struct SignOffJson {
    by: String,
    verdict: Verdict,
    note: Option<String>,
    at: Option<String>,
}

/// A deploy that was announced and whose end is not on record.
#[derive(Serialize)]
struct DeployingJson {
    id: String,
    environment: String,
    commit: CommitId,
    by: String,
    at: Option<String>,
}

/// How the shared record was found.
#[derive(Serialize)]
struct RecordJson {
    /// Its last event; `null`: there is none, or it is unknown.
    tip: Option<CommitId>,
    /// How old this clone's copy is, where only that could be read, in seconds.
    copy_seconds: Option<u64>,
    /// What is remarkable about it, as a stable word.
    finding: Option<&'static str>,
}

#[derive(Serialize)]
struct EnvironmentJson {
    name: String,
    remote: String,
    branch: String,
    #[serde(rename = "ref")]
    reference: Option<CommitId>,
    running: Option<CommitId>,
    source: Source,
    agrees: Option<bool>,
    finding: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed: Option<ObservedJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    held: Vec<HeldJson>,
}

/// What runs and nobody deployed with this program.
#[derive(Serialize)]
struct ObservedJson {
    from: Option<CommitId>,
    since: Option<String>,
    /// `null`, as the next: it is not on record yet.
    at: Option<String>,
    by: Option<String>,
}

/// What was rolled back, and does not ship again unasked.
#[derive(Serialize)]
struct HeldJson {
    commit: CommitId,
    by: String,
    at: Option<String>,
    reason: Option<String>,
}

/// How far production is behind.
#[derive(Serialize)]
struct BehindJson {
    commits: usize,
    since: Option<String>,
}

/// `git smp status --json`. `behind`: what the first target lacks of its source, when that is known.
/// `held`: what an environment was rolled back from.
/// `past_tool`: what it runs past the tool.
pub fn status<'a>(
    config: &Config,
    observed: &[Observed],
    held: &dyn Fn(&Environment) -> Vec<Held>,
    past_tool: &dyn Fn(&Observed) -> Option<PastTool<'a>>,
    behind: Option<&Changes>,
    view: &RecordView,
) -> String {
    let state = view.state();
    let environments = config
        .environments
        .iter()
        .zip(observed)
        .map(|(environment, seen)| {
            let past_tool = past_tool(seen);
            let lacks = matches!(past_tool, Some(PastTool::Unrecorded(_))).then_some(WORD);
            EnvironmentJson {
                name: environment.name.clone(),
                remote: environment.remote.clone(),
                branch: environment.branch.clone(),
                reference: seen.reference().cloned(),
                running: seen.runs().cloned(),
                source: seen.source,
                agrees: seen.agrees(),
                finding: Finding::of(seen).map(Finding::word).or(lacks),
                observed: past_tool.map(observed_json),
                held: held(environment).into_iter().map(held_json).collect(),
            }
        });
    text(&StatusJson {
        schema: SCHEMA,
        environments: environments.collect(),
        candidate: state
            .and_then(|state| state.candidate.as_ref())
            .map(candidate),
        frozen: match view {
            RecordView::Unreadable(_) => None,
            _ => Some(state.is_some_and(|state| state.candidate.is_some())),
        },
        deploying: state
            .and_then(|state| state.deploying.as_ref())
            .map(|open| DeployingJson {
                id: open.id.as_str().to_owned(),
                environment: open.environment.clone(),
                commit: open.to.clone(),
                by: open.by.name.clone(),
                at: rfc3339(open.at, 0),
            }),
        record: record(view),
        production_behind: behind.map(|changes| BehindJson {
            commits: changes.ships.len() + changes.ships_merges,
            since: changes
                .oldest_waiting()
                .and_then(|seconds| rfc3339(seconds, 0)),
        }),
    })
}

fn observed_json(past_tool: PastTool<'_>) -> ObservedJson {
    match past_tool {
        PastTool::Unrecorded(Unrecorded { from, since, .. }) => ObservedJson {
            from: Some(from.clone()),
            since: rfc3339(*since, 0),
            at: None,
            by: None,
        },
        PastTool::Recorded(Deploy {
            from,
            seen_since,
            at,
            by,
            ..
        }) => ObservedJson {
            from: from.clone(),
            since: seen_since.and_then(|since| rfc3339(since, 0)),
            at: rfc3339(*at, 0),
            by: Some(by.name.clone()),
        },
    }
}

fn held_json(held: Held) -> HeldJson {
    HeldJson {
        commit: held.commit,
        by: held.by.name,
        at: rfc3339(held.at, 0),
        reason: held.reason,
    }
}

fn candidate(candidate: &Candidate) -> CandidateJson {
    let signoff = |one: &SignOff| SignOffJson {
        by: one.by.clone(),
        verdict: one.verdict,
        note: one.note.clone(),
        at: rfc3339(one.at, 0),
    };
    CandidateJson {
        commit: candidate.commit.clone(),
        proposed_at: rfc3339(candidate.at, 0),
        proposed_by: candidate.by.name.clone(),
        signoffs: candidate.verdicts.iter().map(signoff).collect(),
    }
}

fn record(view: &RecordView) -> Option<RecordJson> {
    Some(match view {
        RecordView::NoneKept => return None,
        RecordView::Read(reading) => RecordJson {
            tip: reading.tip.clone(),
            copy_seconds: reading
                .copy
                .as_ref()
                .and_then(|copy| copy.age)
                .map(|age| age.as_secs()),
            finding: match &reading.copy {
                Some(copy) => Some(copy.why.code.as_str()),
                None => (reading.state.format > FORMAT).then(|| RefusalCode::RecordNewer.as_str()),
            },
        },
        RecordView::Unreadable(refusal) => RecordJson {
            tip: None,
            copy_seconds: None,
            finding: Some(refusal.code.as_str()),
        },
    })
}
