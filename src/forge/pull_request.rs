//! The commits of a merged pull request that a person names by its number, as `#427`.

use crate::core::refusal::{RefusalCode, Report, Stop};
use crate::core::text::visible;
use crate::core::words::CommitId;
use crate::session::Session;

/// A commit of the main branch that says that it merged a pull request.
struct Merged {
    id: CommitId,
    parents: Vec<CommitId>,
    subject: String,
}

/// The number in `#427`; `None`: it is something else, as a hash.
pub fn number(rev: &str) -> Option<u64> {
    rev.strip_prefix('#')
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?
        .parse()
        .ok()
}

/// The one commit on the main branch that merged it. `command` names a commit in its place.
///
/// # Errors
/// `unknown-commit` when there is none, or when there are several, which are listed.
pub fn merged(
    session: &Session<'_>,
    tip: &CommitId,
    number: u64,
    command: &str,
) -> Result<CommitId, Stop> {
    only(session, tip, number, command).map(|merged| merged.id)
}

/// What it brought, oldest first: the commits that a merge commit merged, or the one that all of it was squashed into.
///
/// # Errors
/// As [`merged`].
pub fn brought(
    session: &Session<'_>,
    tip: &CommitId,
    number: u64,
    command: &str,
) -> Result<Vec<CommitId>, Stop> {
    let merged = only(session, tip, number, command)?;
    let Some(before) = merged.parents.first().filter(|_| merged.parents.len() > 1) else {
        return Ok(vec![merged.id]);
    };
    let ships = session.repo.changes(Some(before), &merged.id)?.ships;
    Ok(ships.into_iter().rev().map(|commit| commit.id).collect())
}

fn only(session: &Session<'_>, tip: &CommitId, number: u64, command: &str) -> Result<Merged, Stop> {
    let mut found = all(session, tip, number)?;
    let report = match (found.pop(), found.is_empty()) {
        (Some(only), true) => return Ok(only),
        (None, _) => Report::new(format!(
            "the main branch has no commit of pull request #{number}"
        ))
        .because(format!(
            "no subject there ends in (#{number}) or begins with Merge pull request #{number}"
        ))
        .hint(format!("name the commit: {command}")),
        (Some(last), false) => {
            let report = Report::new(format!(
                "the main branch has several commits of pull request #{number}"
            ));
            found.push(last);
            let named = |one: &Merged| format!("{} {}", one.id.short(), visible(&one.subject));
            let report = found
                .iter()
                .take(10)
                .fold(report, |report, one| report.because(named(one)));
            report.hint(format!("name one of them: {command}"))
        }
    };
    Err(report.refused(RefusalCode::UnknownCommit).into())
}

fn all(session: &Session<'_>, tip: &CommitId, number: u64) -> Result<Vec<Merged>, Stop> {
    let greps = [
        format!("--grep=#{number})"),
        format!("--grep=request #{number}"),
    ];
    let args = [
        "log",
        "-z",
        "--no-color",
        "--no-show-signature",
        "-F",
        &greps[0],
        &greps[1],
    ];
    let args = args.into_iter().chain(["--format=%H %P%n%s", tip.as_str()]);
    let told = session
        .repo
        .program()
        .read("git cannot read the history", args)?;
    let told = String::from_utf8_lossy(&told);
    let one = |entry: &str| {
        let (ids, subject) = entry.split_once('\n')?;
        let mut ids = ids.split(' ').filter_map(CommitId::parse);
        let merged = Merged {
            id: ids.next()?,
            parents: ids.collect(),
            subject: subject.trim().to_owned(),
        };
        is_of(&merged.subject, number).then_some(merged)
    };
    Ok(told.split('\0').filter_map(one).collect())
}

/// Whether a subject is that of the merge of this pull request, as GitHub, Gitea and Bitbucket write it.
fn is_of(subject: &str, number: u64) -> bool {
    let merge = subject.strip_prefix(&format!("Merge pull request #{number}"));
    merge.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        || [format!("(#{number})"), format!("(pull request #{number})")]
            .iter()
            .any(|end| subject.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_one_behind_a_hash_sign() {
        assert_eq!(number("#427"), Some(427));
        for other in [
            "427",
            "#",
            "#4a",
            "# 4",
            "#-4",
            "##4",
            "#99999999999999999999999",
        ] {
            assert_eq!(number(other), None, "{other}");
        }
    }

    #[test]
    fn the_subject_of_a_merge_names_exactly_its_pull_request() {
        for subject in [
            "Draw maps (#42)",
            "Merge pull request #42 from a/b",
            "Merged in x (pull request #42)",
        ] {
            assert!(is_of(subject, 42), "{subject}");
        }
        for other in [
            "Draw maps (#421)",
            "Merge pull request #421 from a/b",
            "Revert \"Draw maps (#42)\" (#43)",
            "Fix #42",
        ] {
            assert!(!is_of(other, 42), "{other}");
        }
    }
}
