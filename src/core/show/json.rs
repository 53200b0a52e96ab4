//! The JSON that scripts read (contract, section 5): one object, versioned, unknown things as `null`. Pure.

mod history;
mod status;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde::Serialize;

pub use history::history;
pub use status::status;

use crate::core::config::Environment;
use crate::core::decide::finding::Finding;
use crate::core::decide::review::{Checks, Origin, PullRequest, Reviews};
use crate::core::decide::{Plan, Step, Target};
use crate::core::refusal::Refusal;
use crate::core::text::visible_json;
use crate::core::words::{Changes, Commit, CommitId, Relation};

const SCHEMA: u32 = 1;

#[derive(Serialize)]
pub struct End {
    /// The environment's name; `null` when a revision was named instead.
    pub environment: Option<String>,
    /// What it runs; `null`: nothing was ever deployed.
    pub commit: Option<CommitId>,
}

#[derive(Serialize)]
struct CommitJson<'a> {
    commit: &'a CommitId,
    short: &'a str,
    subject: String,
    author: &'a str,
    date: Option<String>,
    pull_request: Option<u64>,
    /// Only where GitHub was asked and knows the commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<ReviewJson<'a>>,
}

#[derive(Serialize)]
struct ReviewJson<'a> {
    pull_request: Option<u64>,
    author: Option<&'a str>,
    approved_by: &'a [String],
    approved: bool,
    /// `null`: unknown.
    checks: Option<&'static str>,
}

#[derive(Serialize)]
struct DiffJson<'a> {
    schema: u32,
    from: &'a End,
    to: &'a End,
    relation: Relation,
    ships: Vec<CommitJson<'a>>,
    disappears: Vec<CommitJson<'a>>,
    merges: usize,
    compare_url: Option<String>,
}

/// `git smp diff --json`. `reviews`: what is known of those that would ship, if anything.
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
struct PromoteJson<'a> {
    schema: u32,
    commit: Option<&'a CommitId>,
    targets: Vec<TargetJson<'a>>,
    ships: Vec<CommitJson<'a>>,
    merges: usize,
    /// Only where the team watches files.
    #[serde(skip_serializing_if = "Option::is_none")]
    watched: Option<&'a [String]>,
    steps: Vec<StepJson>,
    refusal: Option<RefusalJson<'a>>,
}

#[derive(Default, Serialize)]
struct TargetJson<'a> {
    environment: &'a str,
    from: Option<&'a CommitId>,
    relation: Option<Relation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<&'static str>,
}

#[derive(Serialize)]
struct StepJson {
    step: &'static str,
    detail: String,
}

#[derive(Serialize)]
struct RefusalJson<'a> {
    code: &'static str,
    message: &'a str,
    hint: Option<String>,
}

/// `git smp promote -n --json`. `candidate`: what would ship, where it is known. `reviews`: what is known of the commits, if
/// anything. `watched`: the files in it that the team wants to be named, where it has such.
pub fn promote(
    candidate: Option<&CommitId>,
    targets: &[Target<'_>],
    plan: &Result<Plan, Refusal>,
    reviews: Option<&Reviews>,
    watched: Option<&[String]>,
) -> String {
    // Several targets lack different things; the longest list has them all.
    let all = targets.iter().filter_map(|target| target.changes.as_ref());
    let changes = all.max_by_key(|changes| changes.ships.len() + changes.ships_merges);
    text(&PromoteJson {
        schema: SCHEMA,
        commit: candidate,
        targets: targets.iter().map(target).collect(),
        ships: changes.map_or_else(Vec::new, |changes| commits(&changes.ships, reviews)),
        merges: changes.map_or(0, |changes| changes.ships_merges),
        watched,
        steps: plan.iter().flat_map(|plan| &plan.steps).map(step).collect(),
        refusal: plan.as_ref().err().map(refusal),
    })
}

/// `git smp promote -n --json` where it was refused before anything was looked at.
pub fn refused(targets: &[&Environment], why: &Refusal, watched: Option<&[String]>) -> String {
    let unseen = targets.iter().map(|target| TargetJson {
        environment: &target.name,
        ..TargetJson::default()
    });
    text(&PromoteJson {
        schema: SCHEMA,
        targets: unseen.collect(),
        watched,
        refusal: Some(refusal(why)),
        ..PromoteJson::default()
    })
}

fn target<'a>(target: &'a Target<'_>) -> TargetJson<'a> {
    let changes = target.changes.as_ref();
    TargetJson {
        environment: &target.environment.name,
        from: target.observed.runs(),
        relation: changes.map(|changes| changes.relation),
        finding: Finding::of(&target.observed).map(Finding::word),
    }
}

fn refusal(refusal: &Refusal) -> RefusalJson<'_> {
    RefusalJson {
        code: refusal.code.as_str(),
        message: &refusal.report.error,
        hint: refusal.report.hint_text(),
    }
}

fn step(step: &Step) -> StepJson {
    let word = match step {
        Step::Push { .. } => "push",
        Step::Release { .. } => "release",
        Step::Promote(_) => "promote",
        Step::Await { .. } => "wait",
        Step::Record { .. } => "record",
        Step::Post { .. } => "post",
    };
    StepJson {
        step: word,
        detail: step.to_string(),
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
        checks: match reviews.checks(id) {
            Checks::Unknown => None,
            Checks::None => Some("none"),
            Checks::Pending => Some("pending"),
            Checks::Failed => Some("failure"),
            Checks::Succeeded => Some("success"),
        },
    })
}

/// A time in seconds and an offset in minutes, as RFC 3339; `None` for times that no calendar has.
fn rfc3339(seconds: i64, minutes_east: i32) -> Option<String> {
    let time = Timestamp::from_second(seconds).ok()?;
    let offset = Offset::from_seconds(minutes_east.checked_mul(60)?).ok()?;
    let zoned = time.to_zoned(TimeZone::fixed(offset));
    Some(zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

/// A time of the record, which knows no offset.
fn time(seconds: i64) -> Option<String> {
    rfc3339(seconds, 0)
}

fn text(value: &impl Serialize) -> String {
    // These types hold nothing that JSON cannot say, so the other arm is never taken.
    let json = serde_json::to_string_pretty(value)
        .unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
    visible_json(&json) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_carry_their_own_offset_and_impossible_ones_are_null() {
        assert_eq!(
            rfc3339(1_646_226_180, 330).unwrap(),
            "2022-03-02T18:33:00+05:30"
        );
        assert_eq!(rfc3339(0, 0).unwrap(), "1970-01-01T00:00:00+00:00");
        assert_eq!(rfc3339(i64::MAX, 0), None);
        assert_eq!(rfc3339(0, i32::MAX), None);
    }
}
