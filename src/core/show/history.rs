//! The output of `git smp history`: one line per deploy, or two on a narrow terminal.

use crate::core::record::history::{DeployKind, PastDeploy};
use crate::core::record::{Copied, Signer};
use crate::core::show::status::{age, cause};
use crate::core::show::widest;
use crate::core::text::Tone::{Bad, Faint, Hash, Plain};
use crate::core::text::{Line, Tone, counted, visible};
use crate::core::when::When;

/// A longer name exceeds its column: the record may contain any.
const LONGEST_NAME: usize = 24;
/// The width of two short hashes with the dots between them.
const RANGE: usize = 18;

/// Lists deploys in the given order. If a width is given, a remark that does not fit goes to its own line. `merged` is
/// the environment that every merge deploys.
pub fn history(
    deploys: &[&PastDeploy],
    when: &When,
    width: Option<usize>,
    merged: Option<&str>,
) -> Vec<Line> {
    let names: Vec<String> = deploys
        .iter()
        .map(|one| visible(&one.environment))
        .collect();
    let counts: Vec<String> = deploys.iter().map(|one| count(one)).collect();
    let columns = [&names, &counts].map(|column| widest(column.iter().map(String::as_str)));
    let (name_width, count_width) = (columns[0].min(LONGEST_NAME), columns[1]);
    let mut lines = Vec::new();
    for ((past, name), count) in deploys.iter().zip(names).zip(counts) {
        let moment = when.in_column(past.at);
        let seen = match past.kind {
            DeployKind::Observed { .. } => "seen by ",
            DeployKind::Promote | DeployKind::Rollback => "",
        };
        let line = Line::plain(format!("{moment}  {name:name_width$}  "))
            .and(Hash, format!("{:>RANGE$}", range(past)))
            .and(Plain, format!("  {count:>count_width$}  {seen}{}", past.by));
        let Some((tone, remark)) = remark(past, when, merged) else {
            lines.push(line);
            continue;
        };
        let whole = line.clone().and(Plain, ", ").and(tone, &remark);
        let needed = visible(&whole.text()).chars().count();
        if width.is_none_or(|width| needed <= width) {
            lines.push(whole);
        } else {
            let indent = Line::plain(" ".repeat(moment.len() + 2));
            lines.extend([line, indent.and(tone, remark)]);
        }
    }
    lines
}

/// Warns that a copy of the record is shown, with its age and the reason.
pub fn stale(copy: &Copied) -> String {
    let age = age(copy).unwrap_or_else(|| "at an unknown time".to_owned());
    let (error, why) = (&copy.why.report.error, cause(&copy.why));
    format!("{error}{why}; this clone's copy of the record is shown, read {age}")
}

pub fn unreadable(count: usize) -> String {
    let events = counted(count, "event");
    format!(
        "{events} of the record cannot be read (damaged, or from a newer git-smp), so the list is incomplete"
    )
}

fn remark(past: &PastDeploy, when: &When, merged: Option<&str>) -> Option<(Tone, String)> {
    let of_kind = match past.kind {
        DeployKind::Rollback => return Some((Bad, "rolled back".to_owned())),
        DeployKind::Observed { since, back: false } if merged == Some(&past.environment) => {
            let moment = when.between(since, past.at);
            Some((Plain, format!("deployed by a merge {moment}")))
        }
        DeployKind::Observed { since, back } => {
            let did = if back { "rolled back" } else { "deployed" };
            let moment = when.between(since, past.at);
            Some((Bad, format!("{did} outside git smp {moment}")))
        }
        DeployKind::Promote => None,
    };
    let names: Vec<String> = past.signed_off_by.iter().map(Signer::told).collect();
    let yes = (!names.is_empty()).then(|| format!("signed off by {}", names.join(", ")));
    let failed = past.failed.as_ref();
    let failed = failed.map(|why| format!("a check failed: {why}"));
    let overridden = past.overrides.as_ref();
    let overridden = overridden.map(|reason| format!("policy overridden: {reason}"));
    let tone = if failed.is_some() { Bad } else { Faint };
    let (tone, of_kind) = of_kind.map_or((tone, None), |(tone, text)| (tone, Some(text)));
    let all: Vec<String> = [of_kind, yes, overridden, failed]
        .into_iter()
        .flatten()
        .collect();
    (!all.is_empty()).then(|| (tone, all.join("; ")))
}

/// Formats the commits before and after a deploy; a first deploy only has the one after.
fn range(past: &PastDeploy) -> String {
    let to = past.to.short();
    past.from
        .as_ref()
        .map_or_else(|| to.to_owned(), |from| format!("{}..{to}", from.short()))
}

/// Formats the number of commits; a single one takes the same width as several.
fn count(past: &PastDeploy) -> String {
    match past.commits {
        Some(1) => "1 commit ".to_owned(),
        Some(count) => format!("{count} commits"),
        None => "? commits".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::{TimeZone, offset};

    use super::*;
    use crate::core::words::CommitId;

    fn past() -> PastDeploy {
        PastDeploy {
            failed: None,
            overrides: None,
            environment: "production".into(),
            from: CommitId::parse(&"7587cca7".repeat(5)),
            to: CommitId::parse(&"1f13dc69".repeat(5)).unwrap(),
            at: 1_646_222_580,
            by: "Ada".into(),
            kind: DeployKind::Promote,
            commits: Some(8),
            signed_off_by: vec!["Rosi".into(), "Cem".into()],
            candidate: None,
            fixes: Vec::new(),
        }
    }

    fn shown(deploys: &[PastDeploy], width: Option<usize>) -> Vec<String> {
        let when = When {
            now: 0,
            zone: TimeZone::fixed(offset(1)),
        };
        history(&deploys.iter().collect::<Vec<_>>(), &when, width, None)
            .iter()
            .map(Line::text)
            .collect()
    }

    #[test]
    fn every_deploy_is_a_line_in_columns() {
        let back = PastDeploy {
            kind: DeployKind::Rollback,
            signed_off_by: Vec::new(),
            commits: Some(112),
            ..past()
        };
        let first = PastDeploy {
            from: None,
            commits: Some(1),
            environment: "eu".into(),
            at: i64::MAX,
            ..past()
        };
        assert_eq!(
            shown(&[past(), back, first], None),
            [
                "2022-03-02 13:03  production  7587cca7..1f13dc69    8 commits  Ada, signed off by Rosi, Cem",
                "2022-03-02 13:03  production  7587cca7..1f13dc69  112 commits  Ada, rolled back",
                "impossible date   eu                    1f13dc69    1 commit   Ada, signed off by Rosi, Cem",
            ]
        );
    }

    #[test]
    fn what_was_only_seen_is_told_with_who_saw_it_and_between_which_times() {
        let seen = |since, back, commits| {
            let kind = DeployKind::Observed { since, back };
            PastDeploy {
                kind,
                commits,
                signed_off_by: Vec::new(),
                ..past()
            }
        };
        let hour = 1_646_222_580 - 3600;
        assert_eq!(
            shown(
                &[
                    seen(hour, false, Some(8)),
                    seen(hour - 86_400, true, None),
                    seen(i64::MAX, false, Some(1))
                ],
                None
            ),
            [
                "2022-03-02 13:03  production  7587cca7..1f13dc69  8 commits  seen by Ada, deployed outside git smp between \
                 2022-03-02 12:03 and 13:03",
                "2022-03-02 13:03  production  7587cca7..1f13dc69  ? commits  seen by Ada, rolled back outside git smp between \
                 2022-03-01 12:03 and 2022-03-02 13:03",
                "2022-03-02 13:03  production  7587cca7..1f13dc69  1 commit   seen by Ada, deployed outside git smp before \
                 2022-03-02 13:03",
            ]
        );
    }

    #[test]
    fn a_narrow_terminal_has_the_remark_on_a_line_of_its_own() {
        assert_eq!(
            shown(&[past()], Some(80)),
            [
                "2022-03-02 13:03  production  7587cca7..1f13dc69  8 commits  Ada",
                "                  signed off by Rosi, Cem",
            ]
        );
        assert_eq!(shown(&[past()], Some(89)).len(), 1);
        assert_eq!(shown(&[past()], Some(88)).len(), 2);
    }

    #[test]
    fn a_name_that_nobody_would_give_pads_no_other() {
        let long = PastDeploy {
            environment: "\u{1b}".repeat(1000),
            ..past()
        };
        let lines = shown(&[long, past()], None);
        assert_eq!(lines[1].find("7587cca7"), Some(18 + LONGEST_NAME + 2));
    }
}
