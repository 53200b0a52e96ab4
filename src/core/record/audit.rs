//! Verifies a record of signed events in order: the owner of each key, the link to the event before, and for each
//! promotion an earlier sign-off by an entitled person. Pure.

use crate::core::record::counted::Count;
use crate::core::record::{Candidate, Comment, Event, Kind, Standing, State, Verdict, What};
use crate::core::words::{CommitId, SignatureCheck, StoredEvent};

pub const SEVERAL_PARENTS: &str = "it has several parents, but an event has at most one";

#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub signoff: bool,
    pub four_eyes: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    pub commit: CommitId,
    pub at: i64,
    /// The author by the event's own words.
    pub by: String,
    pub principal: Option<String>,
    /// The event's first line.
    pub what: String,
    /// For a promotion that begins or was found running: the people who signed it off.
    pub signed_off_by: Vec<String>,
    /// The comments without which the promotion was not allowed, recorded by the proposer's or a fixer's own key: only
    /// the forge can prove them.
    pub unproven: Vec<Comment>,
    /// True for a deploy outside git-smp, or a rollback to a commit without a trace there.
    pub observed: bool,
    /// The reason why the event is invalid; `None` if it is valid.
    pub fault: Option<String>,
}

#[derive(Default)]
struct Allowed {
    signed_off_by: Vec<String>,
    unproven: Vec<Comment>,
}

/// Returns every event up to and including the first invalid one.
pub fn audit(events: &[(StoredEvent, SignatureCheck)], rules: Rules) -> Vec<Audited> {
    let (mut count, mut before, mut all) = (Count::default(), None, Vec::new());
    for (stored, signature) in events {
        let state = count.state.clone();
        let taken = count.take(stored, signature);
        let event = taken.as_ref().ok();
        let promotion = event.and_then(|event| promotion(&state, event, rules));
        let (allowed, unentitled) = match promotion {
            Some(Ok(allowed)) => (allowed, None),
            Some(Err(why)) => (Allowed::default(), Some(why)),
            None => (Allowed::default(), None),
        };
        let mut unseen = count.unseen.values();
        let observed = unseen.any(|one| one.commit == stored.commit)
            || event.is_some_and(|event| matches!(event.what, What::Observed(_)));
        let fault = chained(stored, before).or(taken.err()).or(unentitled);
        let is_over = fault.is_some();
        all.push(Audited {
            commit: stored.commit.clone(),
            at: stored.at,
            by: stored.by.0.clone(),
            principal: signature.principal().map(str::to_owned),
            what: stored.message.lines().next().unwrap_or_default().to_owned(),
            signed_off_by: allowed.signed_off_by,
            unproven: allowed.unproven,
            observed,
            fault,
        });
        if is_over {
            break;
        }
        before = Some(&stored.commit);
    }
    all
}

/// Checks that the only parent of an event is the event before it; the first has none.
fn chained(stored: &StoredEvent, before: Option<&CommitId>) -> Option<String> {
    match (stored.parents.as_slice(), before) {
        ([], None) => None,
        ([parent], Some(before)) if parent == before => None,
        ([_, _, ..], _) => Some(SEVERAL_PARENTS.to_owned()),
        _ => Some("it does not follow the event before it".to_owned()),
    }
}

/// Returns who signed off a promotion at its start, or why that was insufficient; `None` if no sign-off is required.
fn promotion(state: &State, event: &Event, rules: Rules) -> Option<Result<Allowed, String>> {
    let (environments, commit): (Vec<&str>, _) = match &event.what {
        What::Deploying(it) if it.kind == Kind::Promote => (it.names().collect(), &it.to),
        // An announced deploy was checked at its announcement.
        What::Deployed(it) if it.kind == Kind::Promote && it.intent.is_none() => {
            (vec![&it.environment], &it.to)
        }
        _ => return None,
    };
    if !rules.signoff {
        return None;
    }
    let short = commit.short();
    let Some(mut open) = state.candidate.clone() else {
        return Some(Err(format!("nobody had proposed {short}")));
    };
    open.four_eyes = rules.four_eyes;
    let mut goals = environments.into_iter();
    if let Some(environment) = goals.find(|name| !open.is_to_reach(name, commit)) {
        let candidate = open.commit.short();
        let why = format!("the candidate for {environment} was {candidate}, not {short}");
        return Some(Err(why));
    }
    Some(match open.standing() {
        Standing::SignedOff => {
            let yeses = open.who_said(Verdict::Pass);
            Ok(Allowed {
                signed_off_by: yeses.map(|one| one.by.clone()).collect(),
                unproven: unproven(&open),
            })
        }
        Standing::Blocked => Err(format!("{short} was blocked")),
        Standing::Waiting if open.verdicts.is_empty() => {
            Err(format!("nobody had signed off {short}"))
        }
        Standing::Waiting => Err(format!("only {} had signed it off", open.own_people())),
    })
}

/// Returns the comments that sign off a candidate if no key of a second person does.
fn unproven(open: &Candidate) -> Vec<Comment> {
    let mut by_keys = open.clone();
    by_keys.by_keys_alone();
    if by_keys.standing() == Standing::SignedOff {
        return Vec::new();
    }
    let yeses = open.who_said(Verdict::Pass);
    yeses.filter_map(|one| one.comment.clone()).collect()
}

/// Returns whether an event says that a commit runs or ran there.
pub fn is_named(events: &[Event], (environment, commit): (&str, &CommitId)) -> bool {
    events.iter().any(|event| {
        let (place, from, to) = match &event.what {
            What::Proposed(it) => {
                let mut targets = it.targets.iter();
                let target = targets.find(|(place, _)| place == environment);
                (
                    environment,
                    target.and_then(|(_, from)| from.as_ref()),
                    None,
                )
            }
            What::Deploying(it) => (it.environment.as_str(), it.from.as_ref(), None),
            What::Deployed(it) => (it.environment.as_str(), it.from.as_ref(), Some(&it.to)),
            What::CheckFailed(it) => (it.environment.as_str(), it.from.as_ref(), Some(&it.to)),
            What::Observed(it) => (it.environment.as_str(), Some(&it.from), Some(&it.to)),
            _ => return false,
        };
        place == environment && [from, to].contains(&Some(commit))
    })
}

/// Returns whether these counting events show a promotion of a commit by the rules. If events are signed, a comment
/// proves no more than the key that recorded it. Without required sign-offs a deploy is enough.
pub fn shipped(
    events: &[Event],
    (environment, commit): (&str, &CommitId),
    (rules, signed): (Rules, bool),
) -> bool {
    let (mut state, mut entitled) = (State::default(), !rules.signoff);
    events.iter().any(|event| {
        if signed && let Some(open) = &mut state.candidate {
            open.by_keys_alone();
        }
        let is_there = match &event.what {
            What::Deploying(it) => it.to == *commit && it.names().any(|name| name == environment),
            What::Deployed(it) => it.environment == environment && it.to == *commit,
            _ => false,
        };
        entitled |= is_there && matches!(promotion(&state, event, rules), Some(Ok(_)));
        if let Ok(next) = state.after(event) {
            state = next;
        }
        is_there && entitled && matches!(event.what, What::Deployed(_))
    })
}

#[cfg(test)]
mod tests;
