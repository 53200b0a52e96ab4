//! Tests answers at once: whether an address and a page respond, and what a pattern finds.

use crate::core::address::same_place;
use crate::core::config::{Find, page_pattern};
use crate::core::refusal::{Refusal, Report};
use crate::core::words::{Branch, CommitId, SMP_TOML};
use crate::git::{Found, remote, token};
use crate::http;
use crate::session::Session;
use crate::setup::checks::has;
use crate::setup::wizard::answers::{Answers, Question};
use crate::setup::wizard::questions::{BRANCH, url_of};
use crate::sources::page::hash_in;

/// A test of an answer about an environment, or about the main repository.
pub type Trial = fn(&Session<'_>, &mut Answers, &str) -> Result<(), Report>;

/// Returns whether to keep an answer. A person may keep a failing one: a site may be down today.
pub fn is_good(session: &Session<'_>, answers: &mut Answers, question: Question) -> bool {
    let Some((what, trial)) = question.row.trial else {
        return true;
    };
    let Err(report) = trial(session, answers, question.place) else {
        return true;
    };
    session.ui.refuse(&report);
    let keep = format!("Keep this {what} anyway?");
    session.ui.ask_yes(&keep)
}

/// Adds that this is normal for an environment without a deploy.
fn early(report: Report, place: &str) -> Report {
    match place {
        "" => report,
        _ => report.because("that is normal before the first deploy"),
    }
}

/// Checks that an address answers without a login, and equals that of the remote with this name.
pub fn address(session: &Session<'_>, answers: &mut Answers, place: &str) -> Result<(), Report> {
    let (url, name) = match place {
        "" => ("repository.url", answers.get("repository.remote", "")),
        _ => ("environments.{}.url", place),
    };
    let name = name.to_owned();
    let (url, known) = (answers.get(url, place).to_owned(), url_of(session, &name));
    answers.forget(BRANCH, place);
    if !known.is_empty() && !same_place(&known, &url) {
        let error = format!("the remote {name} of this clone has another address");
        let must = format!("{SMP_TOML} and the remote must have the same address");
        return Err(Report::new(error).because(known).because(must));
    }
    session.ui.explain(&match head(session, &url) {
        Ok(Some((branch, id))) => {
            let told = format!("It answers; its branch {branch} is at {}.", id.short());
            let main = answers.get("repository.branch", "").to_owned();
            let lacks_main = !place.is_empty() && branch != main && {
                let asked = remote::branch(&session.repo, &url, &main, false);
                matches!(asked, Ok(Branch::Missing(_)))
            };
            match lacks_main && answers.add_branch(place, &branch) {
                true => format!("{told} It has no branch {main}, so {place} gets {branch}."),
                false => told,
            }
        }
        Ok(None) => "It answers; it has no commits yet.".to_owned(),
        Err(refusal) if remote::asks_who(&refusal) => {
            "It asks for a login, so it was not tried further.".to_owned()
        }
        Err(refusal) => return Err(early(refusal.report, place)),
    });
    Ok(())
}

/// Returns the default branch of a repository, and its commit.
pub fn head(session: &Session<'_>, url: &str) -> Result<Option<(String, CommitId)>, Refusal> {
    (session.ui).during("asking that address", || remote::head(&session.repo, url))
}

/// Checks that the main repository, if it answers, has the branch: the main branch, or that of an environment.
pub fn branch(session: &Session<'_>, answers: &mut Answers, place: &str) -> Result<(), Report> {
    let key = match place {
        "" => "repository.branch",
        _ => "environments.{}.branch",
    };
    let (url, branch) = (answers.get("repository.url", ""), answers.get(key, place));
    let asked = session.ui.during("asking the main repository", || {
        remote::branch(&session.repo, url, branch, false)
    });
    match asked {
        Ok(Branch::Missing(others)) => {
            let report = Report::new(format!("the main repository has no branch {branch}"));
            Err(early(report.because(has(&others)), place))
        }
        _ => Ok(()),
    }
}

pub fn page(session: &Session<'_>, answers: &mut Answers, place: &str) -> Result<(), Report> {
    match answers.has("environments.{}.running.page", place) {
        true => read(session, answers, place).map(drop),
        false => Ok(()),
    }
}

/// Reads the page as every command does later, with a login if necessary.
fn read(session: &Session<'_>, answers: &Answers, place: &str) -> Result<http::Response, Report> {
    let url = answers.get("environments.{}.running.page", place);
    let asked = session.ui.during("asking that page", || {
        http::get(url, &|url| token::page(&session.repo, url))
    });
    asked.map_err(|refusal| early(refusal.report, place))
}

pub fn pattern(session: &Session<'_>, answers: &mut Answers, place: &str) -> Result<(), Report> {
    let key = "environments.{}.running.pattern";
    let is_given = answers.has(key, place);
    // Its syntax was checked before.
    let (true, Ok(regex)) = (is_given, page_pattern(answers.get(key, place))) else {
        return Ok(());
    };
    let answer = read(session, answers, place)?;
    let hash =
        hash_in(&Find::Pattern(regex), &answer).map_err(|refusal| early(refusal.report, place))?;
    let found = match session.repo.resolve_hash(&hash) {
        Ok(Found::Commit(id)) => session.repo.commits(&[id]).unwrap_or_default().pop(),
        _ => None,
    };
    let subject = match found {
        Some(commit) => format!("  {}", commit.subject_text()),
        None => ", a commit that this clone does not have".to_owned(),
    };
    let hash = hash.get(..8).unwrap_or(&hash);
    (session.ui).explain(&format!("{place} says that it runs {hash}{subject}"));
    Ok(())
}
