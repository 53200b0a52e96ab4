//! Decides whether staging's running commit can be proposed for production.

use crate::core::config::Environment;
use crate::core::decide::{Asked, Plan, Recorded, Target, promotion};
use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::typed::Typed;
use crate::core::words::EventId;
use crate::core::words::{CommitId, Observed, Relation};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The commits that ship and the warnings; it has no steps.
    pub plan: Plan,
    /// The targets and their running commits. Empty if every target already runs the commit.
    pub targets: Vec<(String, Option<CommitId>)>,
    pub open: bool,
    /// A recorded announcement whose deploy has ended.
    pub over: Option<EventId>,
}

/// Plans to propose the observed commit of `environment` for every target that lacks it, or returns the first reason
/// to refuse that.
pub fn proposal(
    environment: &Environment,
    source: &Observed,
    targets: &[Target<'_>],
    recorded: &Recorded<'_>,
) -> Result<Proposal, Refusal> {
    let candidate = recorded.state.candidate.as_ref();
    if let Some(candidate) = candidate.filter(|one| source.runs() == Some(&one.commit)) {
        // An open proposal may still have a pending notification, regardless of other problems.
        return Ok(Proposal {
            plan: Plan::of(&candidate.commit),
            targets: candidate.goals(),
            open: true,
            over: None,
        });
    }
    recorded.nobody_else(None, None)?;
    // A commit that cannot be promoted cannot be proposed. The sign-off comes later.
    let asked = Asked {
        commit: None,
        somebody_looks: true,
        again: true,
        first: true,
        now: recorded.now,
        recorded: None,
        moved_on: None,
        policy: None,
        overrides: None,
    };
    // The comparison with the targets matters only once the open candidate is closed.
    let compared = if candidate.is_some() { &[] } else { targets };
    let mut plan = promotion(environment, source, compared, &asked)?;
    recorded.checked(environment, &plan.commit)?;
    // A proposal pushes nothing.
    plan.steps.clear();
    if let Some(candidate) = candidate {
        let (name, runs) = (&source.environment, plan.commit.short());
        let error = format!("{} is already the candidate", candidate.commit.short());
        let refusal = Refusal::new(RefusalCode::CandidateOpen, error)
            .because(format!("it was {}", recorded.proposed(candidate)))
            .because(format!("{name} runs {runs} now"))
            .run("close the candidate", Typed::smp("postpone"));
        return Err(match recorded.state.shipped() {
            None => refusal.run("or deploy a fix of it", Typed::smp("stage --fix")),
            Some(_) => refusal,
        });
    }
    let lacking = targets.iter().filter(|target| {
        let changes = target.changes.as_ref();
        changes.is_none_or(|changes| changes.relation != Relation::Identical)
    });
    let goals = lacking.map(|target| (target.name().clone(), target.observed.runs().cloned()));
    Ok(Proposal {
        plan,
        targets: goals.collect(),
        open: false,
        over: recorded.open().map(|open| open.id.clone()),
    })
}
