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

/// The version of every object below.
const SCHEMA: u32 = 1;

/// One end of a comparison.
#[derive(Serialize)]
pub struct End {
    /// The environment's name; `null` when a revision was named instead.
    pub environment: Option<String>,
    /// What it runs; `null`: nothing was ever deployed.
    pub commit: Option<CommitId>,
}

#[derive(Serialize)]
struct CommitJson {
    commit: CommitId,
    short: String,
    subject: String,
    author: String,
    date: Option<String>,
    pull_request: Option<u64>,
    /// Only where GitHub was asked and knows the commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<ReviewJson>,
}

/// What GitHub says of a commit.
#[derive(Serialize)]
struct ReviewJson {
    pull_request: Option<u64>,
    author: Option<String>,
    approved_by: Vec<String>,
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
    ships: Vec<CommitJson>,
    disappears: Vec<CommitJson>,
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

#[derive(Serialize)]
struct PromoteJson {
    schema: u32,
    commit: Option<CommitId>,
    targets: Vec<TargetJson>,
    ships: Vec<CommitJson>,
    merges: usize,
    /// Only where the team watches files.
    #[serde(skip_serializing_if = "Option::is_none")]
    watched: Option<Vec<String>>,
    steps: Vec<StepJson>,
    refusal: Option<RefusalJson>,
}

#[derive(Serialize)]
struct TargetJson {
    environment: String,
    from: Option<CommitId>,
    relation: Option<Relation>,
    /// What is the matter with it, as a stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<&'static str>,
}

#[derive(Serialize)]
struct StepJson {
    step: &'static str,
    detail: String,
}

#[derive(Serialize)]
struct RefusalJson {
    code: &'static str,
    message: String,
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
    let steps = plan
        .as_ref()
        .map(|plan| plan.steps.iter().map(step).collect())
        .unwrap_or_default();
    text(&PromoteJson {
        schema: SCHEMA,
        commit: candidate.cloned(),
        targets: targets
            .iter()
            .map(|target| TargetJson {
                environment: target.environment.name.clone(),
                from: target.observed.runs().cloned(),
                relation: target.changes.as_ref().map(|changes| changes.relation),
                finding: Finding::of(&target.observed).map(Finding::word),
            })
            .collect(),
        ships: changes
            .map(|changes| commits(&changes.ships, reviews))
            .unwrap_or_default(),
        merges: changes.map_or(0, |changes| changes.ships_merges),
        watched: watched.map(<[String]>::to_vec),
        steps,
        refusal: plan.as_ref().err().map(refusal),
    })
}

/// `git smp promote -n --json` where it was refused before anything was looked at.
pub fn refused(targets: &[&Environment], why: &Refusal, watched: Option<&[String]>) -> String {
    let unseen = |target: &&Environment| TargetJson {
        environment: target.name.clone(),
        from: None,
        relation: None,
        finding: None,
    };
    text(&PromoteJson {
        schema: SCHEMA,
        commit: None,
        targets: targets.iter().map(unseen).collect(),
        ships: Vec::new(),
        merges: 0,
        watched: watched.map(<[String]>::to_vec),
        steps: Vec::new(),
        refusal: Some(refusal(why)),
    })
}

fn refusal(refusal: &Refusal) -> RefusalJson {
    RefusalJson {
        code: refusal.code.as_str(),
        message: refusal.report.error.clone(),
        hint: refusal.report.hint_text(),
    }
}

fn step(step: &Step) -> StepJson {
    let word = match step {
        Step::Push { .. } => "push",
        Step::Release { .. } => "release",
        Step::Await { .. } => "wait",
        Step::Record { .. } => "record",
        Step::Post { .. } => "post",
    };
    StepJson {
        step: word,
        detail: step.to_string(),
    }
}

fn commits(list: &[Commit], reviews: Option<&Reviews>) -> Vec<CommitJson> {
    let json = |commit: &Commit| {
        let review = reviews.and_then(|reviews| review(&commit.id, reviews));
        CommitJson {
            commit: commit.id.clone(),
            short: commit.short.clone(),
            subject: commit.subject_text(),
            author: commit.author.clone(),
            date: rfc3339(commit.authored.0, commit.authored.1),
            pull_request: review
                .as_ref()
                .and_then(|review| review.pull_request)
                .or_else(|| commit.pull_request()),
            review,
        }
    };
    list.iter().map(json).collect()
}

fn review(id: &CommitId, reviews: &Reviews) -> Option<ReviewJson> {
    let pull = match reviews.origin(id) {
        Origin::Unknown => return None,
        Origin::Direct => None,
        Origin::PullRequest(pull) => Some(pull),
    };
    Some(ReviewJson {
        pull_request: pull.map(|pull| pull.number),
        author: pull.and_then(|pull| pull.author.clone()),
        approved_by: pull
            .map(|pull| pull.approved_by.clone())
            .unwrap_or_default(),
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
