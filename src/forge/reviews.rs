//! Adds reviews to the commands: the forge is asked about the commits that would ship, if there is a token.

use std::collections::HashSet;
use std::iter;

use crate::core::config::Config;
use crate::core::decide::review::{Checks, Coverage, Merges, Origin, Review, Reviews, Shipping};
use crate::core::decide::{Plan, Proposal, Step, Target};
use crate::core::refusal::Refusal;
use crate::core::words::{Changes, Commit, CommitId};
use crate::forge::history::MainLine;
use crate::forge::place::{self, Forge};
use crate::forge::{forgejo, gitlab};
use crate::session::Session;

/// Returns the merges in `changes`, between `from` and `to`, if the policy needs their reviews.
pub fn merges(
    session: &Session<'_>,
    config: &Config,
    changes: &Changes,
    (from, to): (Option<&CommitId>, &CommitId),
) -> Merges {
    if !config.policy.reviewed || changes.ships_merges == 0 {
        return Merges::default();
    }
    // Unreadable merges count as unnamed.
    let landed = session.repo.landed(from, to).unwrap_or_default();
    let merges = landed.into_iter().filter(|commit| commit.parents.len() > 1);
    let merges: Vec<CommitId> = merges.map(|commit| commit.id).collect();
    let named = session.repo.commits(&merges).unwrap_or_default();
    Merges {
        unnamed: changes.ships_merges.saturating_sub(named.len()),
        named,
    }
}

/// Finds the origin of these commits, and the checks of them and of `candidate`. `unnamed` is the number of further
/// merges. The commits lie between some of `from` and `candidate`.
pub fn look(
    session: &Session<'_>,
    config: &Config,
    (ships, unnamed): (&[&Commit], usize),
    (from, candidate): (&[Option<&CommitId>], &CommitId),
) -> Reviews {
    let forge = match place::find(session, config) {
        Ok(forge) => forge,
        Err(why) => {
            return Reviews {
                unnamed,
                ..Reviews::unknown(Coverage::Not(why))
            };
        }
    };
    // The candidate comes first. No forge supports hashes of 64 digits.
    let mut seen = HashSet::new();
    let wanted: Vec<CommitId> = std::iter::once(candidate)
        .chain(ships.iter().map(|commit| &commit.id))
        .filter(|id| id.as_str().len() == 40 && seen.insert(*id))
        .cloned()
        .collect();
    let (words, main) = (forge.words(), &config.repository.branch);
    let reviews = session
        .ui
        .during(&format!("asking {}", words.name), || match &forge {
            Forge::GitHub(github, token, at) => {
                github.reviews(at.graphql.as_deref(), token, main, &wanted)
            }
            Forge::GitLab(rest) => rest.reviews(&wanted, |wanted| {
                gitlab::look(rest, &session.repo, main, wanted)
            }),
            Forge::Forgejo(rest) => {
                let history = MainLine::read(&session.repo, from, candidate);
                rest.reviews(&wanted, |wanted| {
                    forgejo::look(rest, &session.repo, &history, main, wanted)
                })
            }
        });
    Reviews {
        unnamed,
        words,
        ..reviews
    }
}

/// Explains why the forge was not asked or did not answer, if no list of marks shows it.
pub fn explain(session: &Session<'_>, config: &Config, reviews: &Reviews) {
    let is_asked_for = config.policy.reviewed || config.policy.green;
    match &reviews.coverage {
        Coverage::Whole => {}
        Coverage::Partly(why) => session
            .ui
            .note(format!("some reviews or checks are unknown: {}", why.error)),
        Coverage::Not(why) => {
            let text = format!("reviews and checks were not read: {}", why.error);
            match is_asked_for {
                true => session.ui.note(text),
                false => session.ui.detail(text),
            }
        }
    }
}

/// Checks the commits of a promotion and adds warnings to its plan. `is_shown` is true if people see the plan.
///
/// # Errors
/// The policy's refusal instead of the plan: `not-reviewed` or `not-green`.
pub fn check(
    session: &Session<'_>,
    config: &Config,
    targets: &[Target<'_>],
    planned: Result<Plan, Refusal>,
    is_shown: bool,
) -> (Option<Reviews>, Result<Plan, Refusal>) {
    let plan = match planned {
        Ok(plan) if plan.steps.iter().any(Step::deploys) => plan,
        planned => return (None, planned),
    };
    let deploys = plan.steps.iter().filter(|step| step.deploys());
    let named: Vec<&str> = deploys.filter_map(Step::environment).collect();
    let (shipping, reviews) = look_at(session, config, targets, &named, &plan.commit);
    let judged = shipping.judged(plan, &config.policy, &reviews);
    if judged.is_ok() && (!is_shown || matches!(reviews.coverage, Coverage::Not(_))) {
        explain(session, config, &reviews);
    }
    (Some(reviews), judged)
}

/// Checks the commits of a proposal and adds warnings to it.
pub fn warn(
    session: &Session<'_>,
    config: &Config,
    targets: &[Target<'_>],
    proposal: &mut Proposal,
) {
    let names = proposal.targets.iter();
    let named: Vec<&str> = names.map(|(name, _)| name.as_str()).collect();
    let commit = &proposal.plan.commit;
    let (shipping, reviews) = look_at(session, config, targets, &named, commit);
    shipping.warn(proposal, &config.policy, &reviews);
}

/// Returns the commits up to `to` that these environments lack, with their reviews.
fn look_at<'a>(
    session: &Session<'_>,
    config: &Config,
    targets: &'a [Target<'_>],
    named: &[&str],
    to: &CommitId,
) -> (Shipping<'a>, Reviews) {
    let lacking = targets.iter().filter_map(|target| {
        let name = target.environment.name.as_str();
        let changes = target.changes.as_ref().filter(|_| named.contains(&name))?;
        let range = (target.observed.runs(), to);
        Some((name, changes, merges(session, config, changes, range)))
    });
    let shipping = Shipping(lacking.collect());
    let ships = (&shipping.commits()[..], shipping.unnamed());
    let asked = targets
        .iter()
        .filter(|target| named.contains(&target.environment.name.as_str()));
    let from: Vec<_> = asked.map(|target| target.observed.runs()).collect();
    let reviews = look(session, config, ships, (&from, to));
    (shipping, reviews)
}

/// Returns the origins, with the checks of the first commit, the candidate; unknown ones are left out.
pub(super) fn gathered<'i>(
    origins: impl Iterator<Item = (&'i CommitId, Origin)>,
    checks: Checks,
) -> Reviews {
    let all = origins.zip(iter::once(checks).chain(iter::repeat(Checks::Unknown)));
    let all = all.map(|((id, origin), checks)| (id.clone(), Review { origin, checks }));
    let known = all.filter(|(_, review)| *review != Review::default());
    Reviews {
        known: known.collect(),
        ..Reviews::unknown(Coverage::Whole)
    }
}
