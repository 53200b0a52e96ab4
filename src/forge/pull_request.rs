//! Finds the commits of a merged pull request by its number, such as `#427`.

use crate::core::record::arrivals::milestones;
use crate::core::refusal::{RefusalCode, Report, Stop};
use crate::core::text::visible;
use crate::core::typed::{Hint, Typed};
use crate::core::words::CommitId;
use crate::session::Session;

/// The tip of the main branch, and its milestones.
type Searched<'a> = (&'a CommitId, &'a [CommitId]);

/// A commit of the main branch whose message names a merged pull request.
struct Merged {
    id: CommitId,
    parents: Vec<CommitId>,
    subject: String,
}

/// Returns the number in `#427`; `None` for anything else, such as a hash.
pub fn number(rev: &str) -> Option<u64> {
    let digits = rev.strip_prefix('#')?;
    // `parse` would accept a sign too.
    (digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// Returns the only commit on the main branch that merged the pull request; otherwise `unknown-commit`.
pub fn merged(session: &Session<'_>, tip: &CommitId, number: u64) -> Result<CommitId, Stop> {
    only(session, (tip, &[]), number).map(|merged| merged.id)
}

/// Does the same, and begins the search at the deploys that this clone kept, so that it reads only the commits nearby.
pub fn merged_long_ago(
    session: &Session<'_>,
    tip: &CommitId,
    number: u64,
) -> Result<CommitId, Stop> {
    let kept = session.notes().arrived();
    let milestones = kept.map_or(Vec::new(), |kept| milestones(&kept.all));
    only(session, (tip, &milestones), number).map(|merged| merged.id)
}

/// Returns its commits, oldest first: those that a merge commit merged, or the squashed one.
pub fn brought(session: &Session<'_>, tip: &CommitId, number: u64) -> Result<Vec<CommitId>, Stop> {
    let merged = only(session, (tip, &[]), number)?;
    let [before, _, ..] = merged.parents.as_slice() else {
        return Ok(vec![merged.id]);
    };
    let ships = session.repo.changes(Some(before), &merged.id)?.ships;
    Ok(ships.into_iter().rev().map(|commit| commit.id).collect())
}

fn only(session: &Session<'_>, main: Searched<'_>, number: u64) -> Result<Merged, Stop> {
    let mut found = all(session, main, number)?;
    let (tip, _) = main;
    let of = format!("of pull request #{number}");
    let report = match found.as_slice() {
        [_] => return Ok(found.remove(0)),
        [] => Report::new(format!("the main branch has no commit {of}"))
            .because(format!(
                "no subject there ends in (#{number}) or begins with Merge pull request #{number}"
            ))
            .hint(Hint::by_hash(
                &format!("git log --oneline {}", tip.short()),
                Typed::instead_of(&format!("#{number}"), "'...'"),
            )),
        [newest, ..] => {
            let report = Report::new(format!("the main branch has several commits {of}"));
            let named = (found.iter().take(10))
                .map(|one| format!("{} {}", one.id.short(), visible(&one.subject)));
            named.fold(report, Report::because).run(
                "name one of them by its hash, for example",
                Typed::instead_of(&format!("#{number}"), newest.id.short()),
            )
        }
    };
    Err(report.refused(RefusalCode::UnknownCommit).into())
}

/// Searches near the number's expected place, then everywhere: a whole history takes a second per 200,000 commits.
fn all(session: &Session<'_>, main: Searched<'_>, number: u64) -> Result<Vec<Merged>, Stop> {
    if let Some((newest, oldest)) = session.repo.around(main, number, named) {
        let range = match oldest {
            Some(oldest) => format!("{oldest}..{newest}"),
            None => newest.to_string(),
        };
        let there = among(session, &range, number)?;
        if !there.is_empty() {
            return Ok(there);
        }
    }
    among(session, main.0.as_str(), number)
}

fn among(session: &Session<'_>, range: &str, number: u64) -> Result<Vec<Merged>, Stop> {
    let squashed = format!("--grep=#{number})");
    let merged = format!("--grep=request #{number}");
    let args = "log -z --no-color --no-show-signature -F --format=%H%x20%P%n%s".split(' ');
    let args = args.chain([squashed.as_str(), &merged, range]);
    let told = (session.repo.program()).text("git cannot read the history", args)?;
    let entries = told.split('\0').filter_map(|entry| {
        let (ids, subject) = entry.split_once('\n')?;
        let subject = subject.trim();
        let mut ids = ids.split(' ').filter_map(CommitId::parse);
        is_of(subject, number).then_some(Merged {
            id: ids.next()?,
            parents: ids.collect(),
            subject: subject.to_owned(),
        })
    });
    Ok(entries.collect())
}

/// Returns the number of a pull request in a subject, or a similar number.
fn named(subject: &str) -> Option<u64> {
    let merged = subject.split_once("request #");
    let (_, number) = merged.or_else(|| subject.rsplit_once("(#"))?;
    let digits = number.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// Returns whether a subject is the merge of this pull request, in the words of GitHub, Gitea or Bitbucket.
fn is_of(subject: &str, number: u64) -> bool {
    let merge = subject.strip_prefix(&format!("Merge pull request #{number}"));
    merge.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        || subject.ends_with(&format!("(#{number})"))
        || subject.ends_with(&format!("(pull request #{number})"))
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
            assert_eq!(named(subject), Some(42), "{subject}");
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
