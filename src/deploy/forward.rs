//! The look for a deploy from one environment to others: a promotion, or the proposal of one.

use std::collections::HashMap;
use std::mem;

use crate::core::config::{Config, DeployBy, Environment};
use crate::core::decide::{MovedOn, Target};
use crate::core::refusal::Stop;
use crate::core::words::{CommitId, Observed};
use crate::deploy::{Deploy, Options, Wanted, held, not_on_main};
use crate::look::{Main, Seen, not_seen, see};
use crate::session::Session;
use crate::sources::{Also, Look};
use crate::team::watched;

/// Looks at everything, in parallel.
pub fn look<'a>(
    session: &'a Session<'a>,
    config: &'a Config,
    (from, places): (&'a Environment, &[&'a Environment]),
    options: Options<'a>,
) -> Result<Deploy<'a>, Stop> {
    let look = Look::of(session, config).with_first(options.first);
    let concerned = [&[from], places].concat();
    let mut seen = session.ui.during("asking every environment", || {
        see(session, &look, &concerned, (Also::Branches, Main::Branch))
    })?;
    let mut observed = mem::take(&mut seen.environments).into_iter();
    let source = observed.next().ok_or_else(not_seen)?;
    let moved_on = moved_on(session, from, &source, &seen)?;
    let runs = match &moved_on {
        Some(moved_on) => Some(&moved_on.candidate),
        None => source.runs(),
    };
    let mut warnings = Vec::new();
    if let Some(candidate) = runs {
        warnings.extend(not_on_main(&look, candidate, &seen)?);
    }
    let mut targets = Vec::new();
    for (place, observed) in places.iter().zip(observed) {
        // A deploy starts a stopped environment, so what is deployed counts as running, unless it is the candidate.
        let (observed, warning) = match observed.stopped() {
            Some(deployed) if Some(deployed) != runs => {
                let warning = stopped(&place.name, deployed);
                (observed.if_started(), Some(warning))
            }
            _ => (observed, None),
        };
        warnings.extend(warning);
        let held = seen.state().map(|state| state.held(&place.name));
        let held = held::weigh(session, observed.runs(), runs, held.unwrap_or_default())?;
        let target = target(session, place, observed, runs)?;
        targets.push(Target { held, ..target });
    }
    if runs.is_some() {
        couple(&look, from, &mut targets);
    }
    let watched = watched::in_targets(session, config, &targets, runs)?;
    let wanted = Wanted::Promote {
        from,
        source: Box::new(source),
        moved_on,
    };
    Ok(Deploy {
        warnings,
        watched,
        ..Deploy::new(session, (look, seen), wanted, targets, options)
    })
}

fn stopped(name: &str, deployed: &CommitId) -> String {
    let short = deployed.short();
    format!("{name} is stopped, with {short} deployed: this deploy should start it")
}

/// Reads the couplings of the targets that a pipeline deploys.
fn couple(look: &Look<'_>, from: &Environment, targets: &mut [Target<'_>]) {
    let mut by_pipeline: Vec<&mut Target<'_>> = (targets.iter_mut())
        .filter(|target| target.environment.deploy == DeployBy::Pipeline)
        .collect();
    let places: Vec<&Environment> = by_pipeline.iter().map(|one| one.environment).collect();
    for (target, couplings) in by_pipeline.iter_mut().zip(look.couplings(from, &places)) {
        target.couplings = couplings;
    }
}

/// Returns the candidate of an environment that a merge deploys, if its branch has moved on to a descendant. Nothing
/// can freeze that branch, and the candidate is what was tested.
fn moved_on(
    session: &Session<'_>,
    from: &Environment,
    source: &Observed,
    seen: &Seen,
) -> Result<Option<MovedOn>, Stop> {
    let candidate = seen.state().and_then(|state| state.frozen(&from.name));
    let (true, Some(candidate), Some(at)) = (from.by_merge, candidate, source.reference()) else {
        return Ok(None);
    };
    let (repo, commit) = (&session.repo, &candidate.commit);
    if commit == at || !repo.has_commit(commit)? || !repo.is_ancestor(commit, at)? {
        return Ok(None);
    }
    let is_run = match source.runs() {
        Some(runs) => repo.has_commit(runs)? && repo.is_ancestor(commit, runs)?,
        None => false,
    };
    Ok(Some(MovedOn {
        candidate: commit.clone(),
        since: repo.changes(Some(commit), at)?,
        is_run,
    }))
}

/// Returns a target with what differs between the environment and the commit to deploy.
pub fn target<'c>(
    session: &Session<'_>,
    environment: &'c Environment,
    observed: Observed,
    candidate: Option<&CommitId>,
) -> Result<Target<'c>, Stop> {
    let mut target = Target {
        environment,
        observed,
        changes: None,
        fast_forward: None,
        held: Vec::new(),
        twins: HashMap::new(),
        couplings: None,
        never_ran: false,
    };
    let Some(candidate) = candidate else {
        return Ok(target);
    };
    if let Ok(running) = &target.observed.running {
        let changes = session.repo.changes(running.as_ref(), candidate)?;
        target.twins = session.repo.same_changes(&changes)?;
        target.changes = Some(changes);
    }
    if let (DeployBy::Push, Some(at)) = (environment.deploy, target.observed.reference()) {
        target.fast_forward = Some(session.repo.is_ancestor(at, candidate)?);
    }
    Ok(target)
}
