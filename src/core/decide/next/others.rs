//! The people who must sign off the candidate, and their way to do it.

use crate::core::config::Environment;
use crate::core::decide::next::smp;
use crate::core::record::Candidate;
use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::typed::{Hint, Typed};
use crate::core::words::SMP_TOML;

/// Returns what comes next for `me` while no counting sign-off exists.
pub(super) fn sign_off(candidate: &Candidate, me: &str) -> Hint {
    let others = candidate.four_eyes && candidate.is_of(me);
    let opens = candidate.inquiry.is_some() && candidate.issue().is_none();
    let missing =
        "the issue that asks for comments was not opened yet: a clone with a token opens it";
    match (others || !candidate.counts_typed(), opens) {
        (true, true) => smp("propose").and(missing),
        (true, false) => smp("status").and(by_others(candidate)),
        (false, true) => smp("signoff").and(Hint::run(missing, Typed::smp("propose"))),
        (false, false) => smp("signoff"),
    }
}

/// Refuses while comments that may contain a second person's sign-off were not read.
pub fn unread(candidate: &Candidate) -> Refusal {
    let short = candidate.commit.short();
    let error =
        format!("the comments about {short} were not read, so no sign-off in a comment counts");
    Refusal::new(RefusalCode::NotVerified, error)
        .because(format!(
            "policy.four_eyes in {SMP_TOML} requires that the forge shows whose they are"
        ))
        .run("see whether they can be read", Typed::smp("status"))
}

/// Returns who else must sign off, and how.
pub fn by_others(candidate: &Candidate) -> Hint {
    let (short, by) = (candidate.commit.short(), &candidate.by.name);
    let somebody = match candidate.fixers.is_empty() {
        true => format!("somebody other than {by}"),
        false => format!("somebody other than {by} and the people who deployed a fix"),
    };
    let issue = candidate.issue();
    let comment = issue.filter(|_| candidate.counts_comments());
    let comment = comment.map(|issue| format!("comment `signoff {short}` on {}", issue.address));
    match (candidate.counts_typed(), comment) {
        (true, comment) => {
            let say = format!("{somebody} must test it and, in their own clone, run");
            let hint = Hint::run(say, Typed::smp("signoff"));
            match comment {
                Some(comment) => hint.and(format!("or {comment}")),
                None => hint,
            }
        }
        (false, Some(comment)) => format!("{somebody} must {comment}").into(),
        (false, None) if issue.is_some() => {
            let again = "then propose it again from a clone with a token of your own";
            Hint::run(
                "no comment counts; close the candidate",
                Typed::smp("postpone"),
            )
            .and(again)
        }
        (false, None) => Hint::run(
            "open the issue that asks for comments",
            Typed::smp("propose"),
        ),
    }
}

/// Returns how the tester signs off, if anybody may.
pub fn if_tested(candidate: &Candidate) -> Hint {
    let typed = Hint::run("if it was tested and works", Typed::smp("signoff"));
    match candidate.issue() {
        Some(issue) => {
            let short = candidate.commit.short();
            typed.and(format!("or comment `signoff {short}` on {}", issue.address))
        }
        None => typed,
    }
}

/// Returns the option for a branch of the main repository that did not exist at the proposal.
pub(super) fn first(candidate: &Candidate, goal: &Environment) -> &'static str {
    let ran = candidate
        .goal(&goal.name)
        .and_then(|goal| goal.from.as_ref());
    match goal.is_branch && ran.is_none() {
        true => "--first",
        false => "",
    }
}
