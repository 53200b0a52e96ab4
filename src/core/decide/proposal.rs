//! Decides whether what staging runs can be put forward for production.

use crate::core::config::Environment;
use crate::core::decide::{Asked, Consent, Recorded, Target, first_push, promotion};
use crate::core::record::Goal;
use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::words::EventId;
use crate::core::words::{CommitId, Observed, Relation};

/// A candidate that may be put forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The commit.
    pub commit: CommitId,
    /// Where it is to go, and what runs there. Empty: everything runs it already.
    pub targets: Vec<(String, Option<CommitId>)>,
    /// Whether it is the candidate already.
    pub open: bool,
    /// An announcement on the record that has come to its end.
    pub over: Option<EventId>,
    /// What a person should know before saying yes.
    pub warnings: Vec<String>,
    /// What a person must say yes to before they are asked for all of it.
    pub consents: Vec<Consent>,
    /// The files that it changes and that the team wants to be named.
    pub watched: Vec<String>,
}

/// Plans to put forward what `environment` runs, as it was observed, for every target that lacks it.
///
/// # Errors
/// The first reason why it must not happen.
pub fn proposal(
    environment: &Environment,
    source: &Observed,
    targets: &[Target<'_>],
    recorded: &Recorded<'_>,
) -> Result<Proposal, Refusal> {
    let open = recorded.state.candidate.as_ref();
    if let Some(candidate) = open.filter(|candidate| source.runs() == Some(&candidate.commit)) {
        // What is put forward already may still be owed a post, whatever else is the matter.
        let goal = |goal: &Goal| (goal.environment.clone(), goal.from.clone());
        let targets = candidate.targets.iter().map(goal).collect();
        let commit = candidate.commit.clone();
        return Ok(Proposal {
            commit,
            targets,
            open: true,
            over: None,
            warnings: Vec::new(),
            consents: Vec::new(),
            watched: Vec::new(),
        });
    }
    recorded.nobody_else(None, None)?;
    // What cannot be promoted cannot be put forward; whether it was signed off is what comes after.
    let asked = Asked {
        commit: None,
        somebody_looks: true,
        again: true,
        first: true,
        now: recorded.now,
        recorded: None,
    };
    let mut plan = promotion(environment, source, targets, &asked)?;
    // A proposal pushes nothing, so it makes no app.
    plan.consents
        .retain(|consent| consent.question != first_push::QUESTION);
    let lacks = |target: &&Target<'_>| {
        target
            .changes
            .as_ref()
            .is_none_or(|changes| changes.relation != Relation::Identical)
    };
    let goal = |target: &Target<'_>| {
        (
            target.environment.name.clone(),
            target.observed.runs().cloned(),
        )
    };
    let open = recorded.state.candidate.as_ref();
    if let Some(candidate) = open.filter(|candidate| candidate.commit != plan.commit) {
        return Err(Refusal::new(
            RefusalCode::CandidateOpen,
            format!("{} is the candidate already", candidate.commit.short()),
        )
        .because(format!("it was {}", recorded.proposed(candidate)))
        .because(format!(
            "{} runs {} now",
            source.environment,
            plan.commit.short()
        ))
        .hint("give it up: git smp postpone; or, for a fix of it: git smp stage --fix"));
    }
    Ok(Proposal {
        commit: plan.commit,
        targets: targets.iter().filter(lacks).map(goal).collect(),
        open: open.is_some(),
        over: recorded.open().map(|open| open.id.clone()),
        warnings: plan.warnings,
        consents: plan.consents,
        watched: plan.watched,
    })
}
