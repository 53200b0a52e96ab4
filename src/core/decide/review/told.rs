//! What people are told of reviews and checks.

use crate::core::decide::commits;
use crate::core::decide::review::{Asked, Checks, NAMED, Origin, Reviews};
use crate::core::words::{Commit, CommitId};

/// The commits that are known not to be reviewed, and why, to stand behind their names.
pub fn faults<'a>(ships: &[&'a Commit], reviews: &Reviews) -> Vec<(&'a Commit, String)> {
    let fault = |commit: &&'a Commit| {
        let fault = match reviews.origin(&commit.id) {
            Origin::Unknown => None,
            Origin::Direct => Some("has no pull request".to_owned()),
            Origin::PullRequest(pull) => pull.fault(),
        };
        Some((*commit, fault?))
    };
    ships.iter().filter_map(fault).collect()
}

/// That it is unknown whether commits were reviewed, if it is, and why. Nothing where nobody was to be asked.
pub fn unknown(ships: &[&Commit], reviews: &Reviews) -> Option<String> {
    if matches!(reviews.asked(), Asked::Not(_)) {
        return None;
    }
    let (count, all) = (
        unknowns(ships, reviews).count() + reviews.unnamed,
        ships.len() + reviews.unnamed,
    );
    let which = match count {
        0 => return None,
        _ if count == all => "the commits were".to_owned(),
        1 => format!("1 of {} was", commits(all)),
        some => format!("{some} of {} were", commits(all)),
    };
    Some(format!(
        "whether {which} reviewed is unknown: {}",
        reviews.why().error
    ))
}

/// The commits of which nobody can tell how they came.
pub(super) fn unknowns<'a>(
    ships: &[&'a Commit],
    reviews: &Reviews,
) -> impl Iterator<Item = &'a Commit> {
    ships
        .iter()
        .copied()
        .filter(|commit| *reviews.origin(&commit.id) == Origin::Unknown)
}

/// That the checks of a commit did not succeed, where they are known to have failed or to be under way.
pub fn checked(candidate: &CommitId, reviews: &Reviews) -> Option<String> {
    let short = candidate.short();
    match reviews.checks(candidate) {
        Checks::Failed => Some(format!("the checks of {short} failed")),
        Checks::Pending => Some(format!("the checks of {short} have not come to their end")),
        Checks::Unknown | Checks::None | Checks::Succeeded => None,
    }
}

/// What a person should know before a yes, a line each.
pub fn warnings(ships: &[&Commit], candidate: &CommitId, reviews: &Reviews) -> Vec<String> {
    let faults = faults(ships, reviews);
    let line = |(commit, fault): &(&Commit, String)| {
        format!("{} was not reviewed: it {fault}", quoted(commit))
    };
    let mut lines: Vec<String> = faults.iter().take(NAMED).map(line).collect();
    let rest = faults.len().saturating_sub(NAMED);
    let (noun, verb) = if rest == 1 {
        ("commit", "was")
    } else {
        ("commits", "were")
    };
    let all =
        || format!("{rest} more {noun} {verb} not reviewed; all of them: git smp diff --json");
    lines.extend((rest > 0).then(all));
    lines.extend(unknown(ships, reviews));
    lines.extend(checked(candidate, reviews));
    lines
}

/// A commit in a sentence: hash and subject.
pub(super) fn quoted(commit: &Commit) -> String {
    format!("{} \"{}\"", commit.short, commit.subject_text())
}
