//! Applies `[policy]` of `smp.toml`. A new policy is a key in `core/config.rs`, a code in `core/refusal.rs`, and a function
//! here with its line in `refusal`.
//!
//! `timing.rs` decides about time: `status` shows that as well, and a person may override it.

use crate::core::config::Policy;
use crate::core::decide::review::warnings::{quoted, unknowns};
use crate::core::decide::review::{Checks, ForgeWords, NAMED, Origin, Reviews, checked, faults};
use crate::core::decide::timing::{Tested, Timing};
use crate::core::decide::{Asked, Plan, Step};
use crate::core::refusal::{Refusal, RefusalCode, Report};
use crate::core::text::counted;
use crate::core::typed::{Hint, Typed};
use crate::core::words::{Commit, CommitId, SMP_TOML};

/// The number of commits shown as examples of unknown ones.
const EXAMPLES: usize = 3;

/// Returns the policy's first refusal for these commits, whose tip is `candidate`.
pub fn refusal(
    policy: &Policy,
    ships: &[&Commit],
    candidate: &CommitId,
    reviews: &Reviews,
) -> Option<Refusal> {
    let gates = [
        policy.reviewed.then(|| reviewed(ships, reviews)),
        policy.green.then(|| green(candidate, reviews)),
    ];
    gates.into_iter().flatten().flatten().next()
}

/// Refuses a promotion outside the allowed time without an override; with one, the plan names its reason.
pub fn may_begin(plan: &mut Plan, source: &str, asked: &Asked<'_>) -> Result<(), Refusal> {
    // The time rules do not apply to resuming an earlier run.
    let is_begun = !plan.steps.iter().any(Step::begins_one);
    let Some(policy) = asked.policy.filter(|_| !is_begun) else {
        return Ok(());
    };
    let tested = Tested {
        environment: source,
        commit: &plan.commit,
        since: since(source, &plan.commit, asked),
    };
    let timing = Timing::of(policy, asked.now);
    let kept = match asked.recorded {
        Some(_) => "goes on record",
        None => "is posted to the technical channel",
    };
    match (timing.refusal(&tested, kept), overriding(plan, asked)) {
        (None, _) => {
            if asked.overrides.is_some() {
                plan.warn("--override is not needed: the promotion may begin now");
            }
            Ok(())
        }
        (Some(refusal), None) => Err(refusal),
        (Some(_), Some(reason)) => {
            let all = timing.errors(&tested);
            plan.warn(format!(
                "{all}; the reason \"{reason}\" overrides this and {kept}"
            ));
            plan.overrides = Some(reason);
            Ok(())
        }
    }
}

/// Returns the override reason of this run, or of the announcement that it resumes.
fn overriding(plan: &Plan, asked: &Asked<'_>) -> Option<String> {
    let given = asked.overrides.map(str::to_owned);
    given.or_else(|| announced(plan, asked))
}

fn announced(plan: &Plan, asked: &Asked<'_>) -> Option<String> {
    let open = asked.recorded?.open()?;
    let is_this = open.to == plan.commit && asked.recorded?.mine == Some(&open.id);
    open.overrides.clone().filter(|_| is_this)
}

/// Returns the time since which the source runs the commit; if the candidate has moved on, the time of its proposal.
fn since(source: &str, commit: &CommitId, asked: &Asked<'_>) -> Option<i64> {
    let state = asked.recorded?.state;
    match asked.moved_on {
        Some(_) => state.proposed_at(source, commit),
        None => state.runs_since(source, commit),
    }
}

/// Returns the refusal if each commit needs a pull request approved by somebody else.
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
    let verb = if faults.len() == 1 { "was" } else { "were" };
    let count = counted(faults.len(), "commit");
    let named = faults.iter().take(NAMED);
    let report = named.fold(
        Report::new(format!("{count} that would ship {verb} not reviewed")),
        |report, (commit, fault)| report.because(format!("{} {fault}", quoted(commit))),
    );
    let report = match faults.len().saturating_sub(NAMED) {
        0 => report,
        rest => report.because(format!("and {rest} more")),
    };
    let request = reviews.words.request;
    let asks = format!(
        "policy.reviewed in {SMP_TOML} requires a {request} that is merged into the main branch and approved by somebody else"
    );
    report.because(asks).hint(what_to_do(faults, reviews))
}

/// Returns what to do about unreviewed commits. Only a pull request can be approved; a commit ships with its branch
/// even if it was reverted.
fn what_to_do(faults: &[(&Commit, String)], reviews: &Reviews) -> Hint {
    let approvable = faults.iter().filter(|(commit, _)| {
        let origin = reviews.origin(&commit.id);
        matches!(origin, Origin::PullRequest(pull) if pull.into_main)
    });
    let count = approvable.count();
    let ForgeWords { name, request, .. } = reviews.words;
    let (approve, take_out) = match (count, faults.len()) {
        (0, 1) => (None, Some("the commit")),
        (0, _) => (None, Some("each commit")),
        (1, 1) => (Some(format!("the {request}")), None),
        (all, of) if all == of => (Some(format!("each {request}")), None),
        _ => {
            let merged = format!("each {request} that was merged into the main branch");
            (Some(merged), Some("each of the other commits"))
        }
    };
    let approve = approve.map(|which| {
        let say = format!("ask for an approval of {which} on {name}, then");
        Hint::run(say, Typed::smp("promote"))
    });
    let take_out = take_out.map(|which| {
        format!("remove {which} from the branch's history (a revert is not enough), then bring it back with a {request}").into()
    });
    let give_up = Hint::run(
        format!("or remove policy.reviewed from {SMP_TOML}, then"),
        Typed::smp("setup"),
    );
    let ways = approve.into_iter().chain(take_out).chain([give_up]);
    ways.fold(Hint::default(), Hint::and)
}

fn not_known(ships: &[&Commit], reviews: &Reviews) -> Option<Report> {
    let unknown = unknowns(ships, reviews);
    if unknown.is_empty() && reviews.unnamed == 0 {
        return None;
    }
    let mut report = Report::new("it is unknown whether every commit that would ship was reviewed");
    if !unknown.is_empty() && (unknown.len() < ships.len() || ships.len() == 1) {
        let examples: Vec<String> = (unknown.iter().take(EXAMPLES))
            .map(|commit| quoted(commit))
            .collect();
        let mut named = examples.join(", ");
        if let rest @ 1.. = unknown.len().saturating_sub(EXAMPLES) {
            named += &format!(" and {rest} more");
        }
        report = report.because(format!("it is unknown for {named}"));
    }
    let policy = format!(
        "policy.reviewed in {SMP_TOML} requires it, and unknown does not count as reviewed"
    );
    Some(because_unknown(report, reviews, &policy))
}

/// Returns the refusal if the commit's checks must have succeeded.
pub fn green(candidate: &CommitId, reviews: &Reviews) -> Option<Refusal> {
    let (short, checks) = (candidate.short(), reviews.checks(candidate));
    let asks = format!("policy.green in {SMP_TOML} requires checks that succeeded");
    let report = match checks {
        Checks::Succeeded => return None,
        Checks::Unknown => because_unknown(
            Report::new(format!(
                "it is unknown whether the checks of {short} succeeded"
            )),
            reviews,
            &format!("policy.green in {SMP_TOML} requires it, and unknown does not count as green"),
        ),
        Checks::None => Report::new(format!("{short} has no checks"))
            .because(asks)
            .run(
                format!("run the checks for it on {}, then", reviews.words.name),
                Typed::smp("promote"),
            ),
        Checks::Pending => Report::new(checked(candidate, reviews)?)
            .because(asks)
            .run("wait for them, then", Typed::smp("promote")),
        Checks::Failed => Report::new(checked(candidate, reviews)?)
            .because(asks)
            .run(
                "correct the error, then deploy the correction",
                Typed::smp("stage"),
            )
            .run("or run them again, then", Typed::smp("promote")),
    };
    Some(report.refused(RefusalCode::NotGreen))
}

fn because_unknown(report: Report, reviews: &Reviews, policy: &str) -> Report {
    let why = reviews.why();
    let report = why
        .because
        .iter()
        .fold(report.because(why.error), Report::because);
    let promote = Typed::smp("promote");
    report.because(policy).hint(match why.hint {
        Some(hint) => hint.then(promote),
        None => Hint::run("try again", promote),
    })
}
