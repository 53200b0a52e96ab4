//! What a team's policy makes of reviews and checks.

use crate::core::decide::commits;
use crate::core::decide::review::told::{quoted, unknowns};
use crate::core::decide::review::{Checks, NAMED, Origin, Reviews, checked, faults};
use crate::core::refusal::{Refusal, RefusalCode, Report};
use crate::core::words::{Commit, CommitId};

/// How many commits stand for all those of which nothing is known.
const EXAMPLES: usize = 3;

/// Why these commits must not ship where each needs a pull request that somebody else approved.
pub fn reviewed(ships: &[&Commit], reviews: &Reviews) -> Option<Refusal> {
    let faults = faults(ships, reviews);
    let report = if faults.is_empty() {
        not_known(ships, reviews)?
    } else {
        not_reviewed(&faults, reviews)
    };
    Some(report.refused(RefusalCode::NotReviewed))
}

fn not_reviewed(faults: &[(&Commit, String)], reviews: &Reviews) -> Report {
    const ASKS: &str = "policy.reviewed in smp.toml asks for a pull request, merged into the main branch, that somebody \
                        else approved";
    let verb = if faults.len() == 1 { "was" } else { "were" };
    let report = Report::new(format!(
        "{} that would ship {verb} not reviewed",
        commits(faults.len())
    ));
    let cause = |(commit, fault): &(&Commit, String)| format!("{} {fault}", quoted(commit));
    let rest = faults.len().saturating_sub(NAMED);
    let rest = (rest > 0).then(|| format!("and {rest} more"));
    let report = faults
        .iter()
        .take(NAMED)
        .map(cause)
        .chain(rest)
        .fold(report, Report::because);
    report.because(ASKS).hint(what_to_do(faults, reviews))
}

/// What can be done about them. Only a pull request can be approved; and whatever is in the branch ships with it, what
/// was reverted too.
fn what_to_do(faults: &[(&Commit, String)], reviews: &Reviews) -> String {
    const GIVE_UP: &str = "or give the policy up in smp.toml, then: git smp setup";
    let can_be_approved = |commit: &Commit| {
        let origin = reviews.origin(&commit.id);
        matches!(origin, Origin::PullRequest(pull) if pull.into_main)
    };
    let approvable = faults
        .iter()
        .filter(|(commit, _)| can_be_approved(commit))
        .count();
    if approvable == faults.len() {
        format!("have it approved on GitHub, then: git smp promote; {GIVE_UP}")
    } else if approvable == 0 {
        format!(
            "take it out of the branch, for a revert leaves it there, and bring it back with a pull request; {GIVE_UP}"
        )
    } else {
        format!(
            "have approved on GitHub what has a pull request, then: git smp promote; take the rest out of the branch, \
             for a revert leaves it there, and bring it back with one; {GIVE_UP}"
        )
    }
}

fn not_known(ships: &[&Commit], reviews: &Reviews) -> Option<Report> {
    let unknown: Vec<&Commit> = unknowns(ships, reviews).collect();
    if unknown.is_empty() && reviews.unnamed == 0 {
        return None;
    }
    let report = Report::new("whether every commit that would ship was reviewed is unknown");
    let is_worth_naming = !unknown.is_empty() && (unknown.len() < ships.len() || ships.len() == 1);
    let report = if is_worth_naming {
        let named: Vec<String> = unknown
            .iter()
            .take(EXAMPLES)
            .map(|commit| quoted(commit))
            .collect();
        let rest = unknown.len() - named.len();
        let rest = if rest > 0 {
            format!(" and {rest} more")
        } else {
            String::new()
        };
        report.because(format!("nobody can tell of {}{rest}", named.join(", ")))
    } else {
        report
    };
    Some(because_unknown(
        report,
        reviews,
        "policy.reviewed in smp.toml asks for it, and unknown is not reviewed",
    ))
}

/// Why this commit must not ship where its checks must have succeeded.
pub fn green(candidate: &CommitId, reviews: &Reviews) -> Option<Refusal> {
    const ASKS: &str = "policy.green in smp.toml asks for checks that succeeded";
    let short = candidate.short();
    let report = match reviews.checks(candidate) {
        Checks::Succeeded => return None,
        Checks::Unknown => {
            let report = Report::new(format!("whether the checks of {short} succeeded is unknown"));
            because_unknown(report, reviews, "policy.green in smp.toml asks for it, and unknown is not green")
        }
        Checks::None => Report::new(format!("{short} has no checks"))
            .because(ASKS)
            .hint("let them run for it on GitHub, then: git smp promote"),
        Checks::Pending => {
            Report::new(checked(candidate, reviews)?).because(ASKS).hint("wait for them, then: git smp promote")
        }
        Checks::Failed => Report::new(checked(candidate, reviews)?)
            .because(ASKS)
            .hint("mend what failed and deploy that: git smp stage; or let them run again, then: git smp promote"),
    };
    Some(report.refused(RefusalCode::NotGreen))
}

fn because_unknown(report: Report, reviews: &Reviews, policy: &str) -> Report {
    let why = reviews.why();
    let report = why
        .because
        .iter()
        .fold(report.because(why.error), Report::because);
    report.because(policy).hint(match why.hint {
        Some(hint) => format!("{hint}, then: git smp promote"),
        None => "try again: git smp promote".to_owned(),
    })
}
