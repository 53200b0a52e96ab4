//! The JSON output for scripts: one object, with a version, and `null` for unknown values. Pure.

mod history;
mod status;
mod verified;
mod r#where;

use serde::Serialize;

pub use history::history;
pub use status::status;
pub use verified::verified;
pub use r#where::located;

use crate::core::config::Environment;
use crate::core::decide::finding::Finding;
use crate::core::decide::review::{Checks, Origin, PullRequest, Reviews};
use crate::core::decide::{Plan, Step, Target};
use crate::core::record::Deploying;
use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::text::visible_json;
use crate::core::typed::Given;
use crate::core::when::{Rfc3339, rfc3339};
use crate::core::words::{Changes, Commit, CommitId, Relation};

/// The version of every document. It stays while only keys and words are added.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct End {
    /// The environment's name; `null` when a revision was named instead.
    pub environment: Option<String>,
    /// What it runs; `null` if nothing was ever deployed.
    pub commit: Option<CommitId>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CommitJson<'a> {
    commit: &'a CommitId,
    /// The hash as `git log --oneline` abbreviates it.
    short: &'a str,
    subject: String,
    author: &'a str,
    /// When it was authored, with its own offset from UTC; `null` for a time that no calendar has.
    date: Option<Rfc3339>,
    /// The number of the pull request, from its host or from the end of the subject.
    pull_request: Option<u64>,
    /// Only present if the host was asked and knows the commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "ReviewJson<'_>"))]
    review: Option<ReviewJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ReviewJson<'a> {
    /// The number of the pull request; `null` if there is none.
    pull_request: Option<u64>,
    /// Who wrote the pull request.
    author: Option<&'a str>,
    approved_by: &'a [String],
    approved: bool,
    /// `null` if they are not known.
    checks: Option<Checks>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "git smp diff --json"))]
struct DiffJson<'a> {
    #[cfg_attr(test, schemars(extend("const" = SCHEMA)))]
    schema: u32,
    /// What runs on the target.
    from: &'a End,
    /// What would run on the target.
    to: &'a End,
    /// How `to` relates to `from`.
    relation: Relation,
    /// The commits that would ship, without merges.
    ships: Vec<CommitJson<'a>>,
    /// The commits that would be lost, without merges.
    disappears: Vec<CommitJson<'a>>,
    /// How many merges the two lists leave out.
    merges: usize,
    /// `null` when no link can be made, or the ends are the same.
    compare_url: Option<String>,
}

/// Writes `git smp diff --json`. `reviews` are about the commits that would ship, if requested.
pub fn diff(
    from: &End,
    to: &End,
    changes: &Changes,
    compare_url: Option<String>,
    reviews: Option<&Reviews>,
) -> String {
    text(&DiffJson {
        schema: SCHEMA,
        from,
        to,
        relation: changes.relation,
        ships: commits(&changes.ships, reviews),
        disappears: commits(&changes.disappears, None),
        merges: changes.ships_merges + changes.disappears_merges,
        compare_url,
    })
}

#[derive(Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "git smp promote --dry-run --json"))]
struct PromoteJson<'a> {
    #[cfg_attr(test, schemars(extend("const" = SCHEMA)))]
    schema: u32,
    /// What would ship; `null` if that is unknown.
    commit: Option<&'a CommitId>,
    targets: Vec<TargetJson<'a>>,
    /// The commits that would ship to the target that lacks the most, without merges.
    ships: Vec<CommitJson<'a>>,
    /// How many merges the list leaves out.
    merges: usize,
    /// The watched files that change. Only present if `watch` in `[policy]` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    watched: Option<&'a [String]>,
    /// What would be done. Empty if there is nothing to do, or if the promotion is refused.
    steps: Vec<StepJson>,
    /// Why the promotion is refused.
    refusal: Option<RefusalJson<'a>>,
}

#[derive(Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct TargetJson<'a> {
    environment: &'a str,
    /// What it runs; `null` if that is unknown.
    from: Option<&'a CommitId>,
    /// How the commit relates to what the target runs; `null` if that is unknown.
    relation: Option<Relation>,
    /// The finding. Only present if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "tests::findings"))]
    finding: Option<&'static str>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StepJson {
    step: StepWord,
    /// The step in a sentence.
    detail: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum StepWord {
    Push,
    Release,
    Promote,
    Wait,
    Check,
    Record,
    Post,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RefusalJson<'a> {
    code: RefusalCode,
    /// What is wrong, in a sentence.
    message: &'a str,
    /// What to do next: one line for each way. A command is at the end of its line.
    hint: Option<String>,
}

/// Writes `git smp promote -n --json`. `candidate` would ship, if it is known. `watched` are the files that match
/// `policy.watch`, if it is set. `given` completes the hints.
pub fn promote(
    given: &Given,
    candidate: Option<&CommitId>,
    (targets, open): (&[Target<'_>], Option<&Deploying>),
    plan: &Result<Plan, Refusal>,
    reviews: Option<&Reviews>,
    watched: Option<&[String]>,
) -> String {
    // Targets may lack different commits; the longest list contains the others.
    let all = targets.iter().filter_map(|target| target.changes.as_ref());
    let changes = all.max_by_key(|changes| changes.ships.len() + changes.ships_merges);
    text(&PromoteJson {
        schema: SCHEMA,
        commit: candidate,
        targets: targets.iter().map(|one| target(one, open)).collect(),
        ships: changes.map_or_else(Vec::new, |changes| commits(&changes.ships, reviews)),
        merges: changes.map_or(0, |changes| changes.ships_merges),
        watched,
        steps: plan.iter().flat_map(steps).collect(),
        refusal: plan.as_ref().err().map(|why| refusal(why, given)),
    })
}

/// Writes `git smp promote -n --json` for a refusal before anything was observed.
pub fn refused(
    given: &Given,
    targets: &[&Environment],
    why: &Refusal,
    watched: Option<&[String]>,
) -> String {
    let unseen = targets.iter().map(|target| TargetJson {
        environment: &target.name,
        ..TargetJson::default()
    });
    text(&PromoteJson {
        schema: SCHEMA,
        targets: unseen.collect(),
        watched,
        refusal: Some(refusal(why, given)),
        ..PromoteJson::default()
    })
}

fn target<'a>(target: &'a Target<'_>, open: Option<&Deploying>) -> TargetJson<'a> {
    let changes = target.changes.as_ref();
    TargetJson {
        environment: &target.environment.name,
        from: target.observed.runs(),
        relation: changes.map(|changes| changes.relation),
        finding: Finding::announced(&target.observed, open).map(Finding::word),
    }
}

fn refusal<'a>(refusal: &'a Refusal, given: &Given) -> RefusalJson<'a> {
    let hint = refusal.report.hint.as_ref();
    RefusalJson {
        code: refusal.code,
        message: &refusal.report.error,
        hint: hint.map(|hint| given.complete(hint).join("\n")),
    }
}

fn steps(plan: &Plan) -> impl Iterator<Item = StepJson> {
    plan.steps.iter().map(|step| StepJson {
        step: word(step),
        detail: step.told(&plan.commit),
    })
}

fn word(step: &Step) -> StepWord {
    match step {
        Step::Push { .. } => StepWord::Push,
        Step::Release { .. } => StepWord::Release,
        Step::Promote(_) => StepWord::Promote,
        Step::Await { .. } => StepWord::Wait,
        Step::Check { .. } => StepWord::Check,
        Step::Record { .. } => StepWord::Record,
        Step::Post { .. } | Step::Comment(_) => StepWord::Post,
    }
}

fn commits<'a>(list: &'a [Commit], reviews: Option<&'a Reviews>) -> Vec<CommitJson<'a>> {
    let list = list.iter().map(|commit| {
        let review = reviews.and_then(|reviews| review(&commit.id, reviews));
        let reviewed = review.as_ref().and_then(|review| review.pull_request);
        CommitJson {
            commit: &commit.id,
            short: &commit.short,
            subject: commit.subject_text(),
            author: &commit.author,
            date: rfc3339(commit.authored.0, commit.authored.1),
            pull_request: reviewed.or_else(|| commit.pull_request()),
            review,
        }
    });
    list.collect()
}

fn review<'a>(id: &CommitId, reviews: &'a Reviews) -> Option<ReviewJson<'a>> {
    let pull = match reviews.origin(id) {
        Origin::Unknown => return None,
        Origin::Direct => None,
        Origin::PullRequest(pull) => Some(pull),
    };
    Some(ReviewJson {
        pull_request: pull.map(|pull| pull.number),
        author: pull.and_then(|pull| pull.author.as_deref()),
        approved_by: pull.map_or(&[], |pull| &pull.approved_by),
        approved: pull.is_some_and(PullRequest::is_approved),
        checks: Some(reviews.checks(id)).filter(|checks| *checks != Checks::Unknown),
    })
}

fn text(value: &impl Serialize) -> String {
    // JSON can express these types completely, so the error is never written.
    let json = serde_json::to_string_pretty(value)
        .unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
    visible_json(&json) + "\n"
}

#[cfg(test)]
mod tests;
