//! `git smp status --json`.

use serde::Serialize;

use crate::core::config::{Config, Environment};
use crate::core::decide::answer::VoidRemark;
use crate::core::decide::finding::Finding;
use crate::core::decide::unrecorded::{PastTool, Unrecorded, WORD};
use crate::core::record::{
    Candidate, Deploying, FORMAT, Held, LastDeploy, RecordView, SignOff, Verdict,
};
use crate::core::refusal::RefusalCode;
#[cfg(test)]
use crate::core::show::json::tests;
use crate::core::show::json::{SCHEMA, text};
use crate::core::when::{Rfc3339, time};
use crate::core::words::{Changes, CommitId, Observed, Source};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "git smp status --json"))]
pub(super) struct StatusJson<'a> {
    #[cfg_attr(test, schemars(extend("const" = SCHEMA)))]
    schema: u32,
    /// In the order of `smp.toml`.
    environments: Vec<EnvironmentJson<'a>>,
    /// What is proposed for production; `null` if nothing is, or without a record.
    candidate: Option<CandidateJson<'a>>,
    /// Whether a candidate is open; `null` when the record cannot be read.
    frozen: Option<bool>,
    /// What the first environment that promotes another lacks; `null` if that is unknown.
    production_behind: Option<BehindJson>,
    /// Only present if a deploy was announced and its end is not on record.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "DeployingJson<'_>"))]
    deploying: Option<DeployingJson<'a>>,
    /// Only present if a record is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "RecordJson<'_>"))]
    record: Option<RecordJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CandidateJson<'a> {
    commit: &'a CommitId,
    proposed_at: Option<Rfc3339>,
    proposed_by: &'a str,
    /// Each person's last verdict on this commit.
    signoffs: Vec<SignOffJson<'a>>,
    /// The issue that asks about it. Only present if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    issue: Option<&'a str>,
    /// The comments on that issue that look like a verdict and do not count. Only present if there are some.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    void: &'a [VoidRemark],
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SignOffJson<'a> {
    /// The name that was typed, or the login of the person who commented.
    by: &'a str,
    verdict: Verdict,
    note: Option<&'a str>,
    at: Option<Rfc3339>,
    /// The comment that it comes from. Only present if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    comment: Option<&'a str>,
}

/// A deploy that was announced and whose end is not on record.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct DeployingJson<'a> {
    /// The name of the announcement, for `--take-over`.
    #[cfg_attr(test, schemars(regex(pattern = "^[0-9a-f]{16}$")))]
    id: &'a str,
    environment: &'a str,
    /// The other environments that the same announcement is still to reach. Only present if there are some.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(with = "Vec<&str>"))]
    also: Vec<&'a str>,
    commit: &'a CommitId,
    by: &'a str,
    at: Option<Rfc3339>,
}

#[derive(Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RecordJson<'a> {
    /// Its last event; `null` if there is none or it is unknown.
    tip: Option<&'a CommitId>,
    /// The age of this clone's copy in seconds, if only that could be read.
    copy_seconds: Option<u64>,
    /// The finding about it.
    finding: Option<RefusalCode>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct EnvironmentJson<'a> {
    name: &'a str,
    remote: &'a str,
    branch: &'a str,
    /// The commit of the branch on the remote; `null` if it is unknown or the branch does not exist.
    #[serde(rename = "ref")]
    reference: Option<&'a CommitId>,
    /// The running commit; `null` if it is unknown or nothing was ever deployed.
    running: Option<&'a CommitId>,
    source: Source,
    /// Whether `running` and `ref` are the same; `null` if either is unknown.
    agrees: Option<bool>,
    /// The finding; `null` if all is well.
    #[cfg_attr(test, schemars(schema_with = "tests::findings_of_status"))]
    finding: Option<&'static str>,
    /// Only present if what runs was deployed outside `git smp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "ObservedJson<'_>"))]
    observed: Option<ObservedJson<'a>>,
    /// What it was rolled back from, oldest first. Only present if there is something.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    held: Vec<HeldJson>,
}

/// What runs and was not deployed with `git smp`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ObservedJson<'a> {
    /// What ran before.
    from: Option<&'a CommitId>,
    /// When the environment was last seen to run another commit.
    since: Option<Rfc3339>,
    /// When it was seen; `null` while it is not on record.
    at: Option<Rfc3339>,
    /// Who saw it; `null` while it is not on record.
    by: Option<&'a str>,
}

/// A commit that was rolled back, and does not ship again without a confirmation.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct HeldJson {
    commit: CommitId,
    by: String,
    at: Option<Rfc3339>,
    reason: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct BehindJson {
    /// The number of commits, merges included.
    commits: usize,
    /// When the oldest of them was committed, merges left out.
    since: Option<Rfc3339>,
}

/// Finds the commits that an environment was rolled back from.
type HeldIn<'f> = &'f dyn Fn(&Environment) -> Vec<Held>;
/// Finds the deploy outside git-smp that an environment runs.
type PastToolIn<'f, 'a> = &'f dyn Fn(&Observed) -> Option<PastTool<'a>>;

/// Writes `git smp status --json`. `behind` are the commits that the first target lacks of its source, if known. `held`
/// finds rolled-back commits, `past_tool` deploys outside git-smp.
pub fn status<'a>(
    config: &Config,
    observed: &[Observed],
    (held, past_tool): (HeldIn<'_>, PastToolIn<'_, 'a>),
    behind: Option<&Changes>,
    (view, void): (&'a RecordView, &'a [VoidRemark]),
) -> String {
    let state = view.state();
    let open = state.and_then(|state| state.candidate.as_ref());
    let deploy = state.and_then(|state| state.deploying.as_ref());
    let environments = config.environments.iter().zip(observed);
    let environments = environments
        .map(|(one, seen)| environment((one, seen), deploy, held(one), past_tool(seen)))
        .collect();
    let unreadable = matches!(view, RecordView::Unreadable(_));
    text(&StatusJson {
        schema: SCHEMA,
        environments,
        candidate: open.map(|open| candidate(open, void)),
        frozen: (!unreadable).then_some(open.is_some_and(|open| {
            // A merge deploys there, so nothing can freeze it.
            let place = config.environment(&open.environment);
            !place.is_ok_and(|place| place.by_merge)
        })),
        deploying: deploy.map(deploying),
        record: record(view),
        production_behind: behind.map(|changes| BehindJson {
            commits: changes.ships.len() + changes.ships_merges,
            since: changes.oldest_waiting().and_then(time),
        }),
    })
}

fn environment<'a>(
    (environment, seen): (&'a Environment, &'a Observed),
    deploy: Option<&Deploying>,
    held: Vec<Held>,
    past_tool: Option<PastTool<'a>>,
) -> EnvironmentJson<'a> {
    let lacks = matches!(past_tool, Some(PastTool::Unrecorded(_))).then_some(WORD);
    let held = held.into_iter().map(|held| HeldJson {
        commit: held.commit,
        by: held.by.name,
        at: time(held.at),
        reason: held.reason,
    });
    EnvironmentJson {
        name: &environment.name,
        remote: &environment.remote,
        branch: &environment.branch,
        reference: seen.reference(),
        running: seen.runs(),
        source: seen.source,
        agrees: seen.agrees(),
        finding: (Finding::announced(seen, deploy).map(Finding::word)).or(lacks),
        observed: past_tool.map(observed),
        held: held.collect(),
    }
}

fn observed(past_tool: PastTool<'_>) -> ObservedJson<'_> {
    match past_tool {
        PastTool::Unrecorded(Unrecorded { from, since, .. }) => ObservedJson {
            from: Some(from),
            since: time(*since),
            at: None,
            by: None,
        },
        PastTool::Recorded(LastDeploy {
            from,
            seen_since,
            at,
            by,
            ..
        }) => ObservedJson {
            from: from.as_ref(),
            since: seen_since.and_then(time),
            at: time(*at),
            by: Some(&by.name),
        },
    }
}

fn candidate<'a>(candidate: &'a Candidate, void: &'a [VoidRemark]) -> CandidateJson<'a> {
    let signoffs = candidate.verdicts.iter().map(|one: &SignOff| SignOffJson {
        by: &one.by,
        verdict: one.verdict,
        note: one.note.as_deref(),
        at: time(one.at),
        comment: one.comment.as_ref().map(|comment| comment.address.as_str()),
    });
    CandidateJson {
        commit: &candidate.commit,
        proposed_at: time(candidate.at),
        proposed_by: &candidate.by.name,
        signoffs: signoffs.collect(),
        issue: candidate.issue().map(|issue| issue.address.as_str()),
        void,
    }
}

fn deploying(open: &Deploying) -> DeployingJson<'_> {
    DeployingJson {
        id: open.id.as_str(),
        environment: &open.environment,
        also: open.also.iter().map(|(name, _)| name.as_str()).collect(),
        commit: &open.to,
        by: &open.by.name,
        at: time(open.at),
    }
}

fn record(view: &RecordView) -> Option<RecordJson<'_>> {
    let reading = match view {
        RecordView::NoneKept => return None,
        RecordView::Read(reading) => reading,
        RecordView::Unreadable(refusal) => {
            return Some(RecordJson {
                finding: Some(refusal.code),
                ..RecordJson::default()
            });
        }
    };
    let age = reading.copy.as_ref().and_then(|copy| copy.age);
    let newer = (reading.state.format > FORMAT).then_some(RefusalCode::RecordNewer);
    let code = reading.copy.as_ref().map(|copy| copy.why.code).or(newer);
    Some(RecordJson {
        tip: reading.tip.as_ref(),
        copy_seconds: age.map(|age| age.as_secs()),
        finding: code,
    })
}
