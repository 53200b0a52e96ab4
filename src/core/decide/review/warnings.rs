//! The warnings about reviews and checks.

use crate::core::decide::review::{Checks, Coverage, NAMED, Origin, Reviews};
use crate::core::text::counted;
use crate::core::words::{Commit, CommitId};

/// Returns the commits known to be unreviewed, each with a reason that follows its name.
pub fn faults<'a>(ships: &[&'a Commit], reviews: &Reviews) -> Vec<(&'a Commit, String)> {
    let faults = ships.iter().filter_map(|commit| {
        let fault = match reviews.origin(&commit.id) {
            Origin::Unknown => None,
            Origin::Direct => Some(format!("has no {}", reviews.words.request)),
            Origin::PullRequest(pull) => pull.fault(reviews.words.sign),
        };
        Some((*commit, fault?))
    });
    faults.collect()
}

/// Returns the commits whose origin is unknown.
pub fn unknowns<'a>(ships: &[&'a Commit], reviews: &Reviews) -> Vec<&'a Commit> {
    let mut unknown = ships.to_vec();
    unknown.retain(|commit| *reviews.origin(&commit.id) == Origin::Unknown);
    unknown
}

/// Explains that the reviews of some commits are unknown; `None` if all are known or the host was not asked.
pub fn unknown(ships: &[&Commit], reviews: &Reviews) -> Option<String> {
    if matches!(reviews.coverage, Coverage::Not(_)) {
        return None;
    }
    let count = unknowns(ships, reviews).len() + reviews.unnamed;
    let all = ships.len() + reviews.unnamed;
    let which = match count {
        0 => return None,
        _ if count == all => "the commits were".to_owned(),
        1 => format!("1 of {} was", counted(all, "commit")),
        some => format!("{some} of {} were", counted(all, "commit")),
    };
    let why = reviews.why().error;
    Some(format!("it is unknown whether {which} reviewed: {why}"))
}

/// Explains that the checks of a commit failed or are running.
pub fn checked(candidate: &CommitId, reviews: &Reviews) -> Option<String> {
    let how = match reviews.checks(candidate) {
        Checks::Failed => "failed",
        Checks::Pending => "have not finished",
        Checks::Unknown | Checks::None | Checks::Succeeded => return None,
    };
    Some(format!("the checks of {} {how}", candidate.short()))
}

/// Returns the warnings to show before a yes, one line each.
pub fn warnings(ships: &[&Commit], candidate: &CommitId, reviews: &Reviews) -> Vec<String> {
    let faults = faults(ships, reviews);
    let named = faults.iter().take(NAMED);
    let mut lines: Vec<String> = named
        .map(|(commit, fault)| format!("{} was not reviewed: it {fault}", quoted(commit)))
        .collect();
    let rest = faults.len().saturating_sub(NAMED);
    if rest > 0 {
        let were = if rest == 1 {
            "commit was"
        } else {
            "commits were"
        };
        lines.push(format!(
            "{rest} more {were} not reviewed; list all: git smp diff --json"
        ));
    }
    lines.extend(unknown(ships, reviews));
    lines.extend(checked(candidate, reviews));
    lines
}

pub fn quoted(commit: &Commit) -> String {
    format!("{} \"{}\"", commit.short, commit.subject_text())
}
