//! What can be tried of an answer is tried at once: whether an address and a page answer, and what a pattern finds.

use crate::core::address::same_place;
use crate::core::config::Find;
use crate::core::refusal::{Refusal, Report};
use crate::core::words::Branch;
use crate::git::{Found, remote, token};
use crate::http;
use crate::http::Response;
use crate::session::Session;
use crate::setup::wizard::answers::{Answers, Place, Question};
use crate::setup::wizard::url_of;
use crate::sources::page::hash_in;

/// Whether an answer stands. One that does not work is shown with what was read, and stands if the person says so: a
/// site may be down today.
pub fn is_good(session: &Session<'_>, answers: &Answers, question: Question) -> bool {
    let ui = session.ui;
    let (tried, what) = match question {
        Question::Url | Question::Push(_) => (address(session, answers, question), "address"),
        Question::Branch => (branch(session, answers), "branch"),
        Question::Page(place) => (page(session, answers, place), "page"),
        Question::Pattern(place) => (pattern(session, answers, place), "page and this pattern"),
        _ => return true,
    };
    let Err(report) = tried else { return true };
    ui.warn(&report.error);
    report.because.iter().for_each(|cause| ui.explain(cause));
    if matches!(
        question,
        Question::Push(_) | Question::Page(_) | Question::Pattern(_)
    ) {
        ui.explain("That is normal as long as nothing was deployed there; then keep it with y.");
    }
    ui.ask_yes(&format!("Keep this {what} all the same?"))
}

/// Whether an address answers those who are not asked who they are, and is the one of the remote of that name.
fn address(session: &Session<'_>, answers: &Answers, question: Question) -> Result<(), Report> {
    let url = answers.of(question).unwrap_or_default();
    let name = match question {
        Question::Push(place) => place.name(),
        _ => answers.of(Question::Remote).unwrap_or_default(),
    };
    let known = session.repo.config().ok().and_then(|git| url_of(git, name));
    if let Some(known) = known.filter(|known| !same_place(known, url)) {
        let error = format!("the remote {name} of this clone has another address");
        return Err(Report::new(error).because(known));
    }
    let asked = session
        .ui
        .during("asking that address", || remote::head(&session.repo, url));
    let words = match asked {
        Ok(Some((branch, id))) => format!("It answers; its branch {branch} is at {}.", id.short()),
        Ok(None) => "It answers; nothing was pushed to it yet.".to_owned(),
        Err(refusal) if remote::asks_who(&refusal) => {
            "It asks who you are, so it was not tried any further.".to_owned()
        }
        Err(refusal) => return Err(refusal.report),
    };
    session.ui.explain(&words);
    Ok(())
}

/// Whether the main repository, if it answers, has that branch.
fn branch(session: &Session<'_>, answers: &Answers) -> Result<(), Report> {
    let [url, branch] =
        [Question::Url, Question::Branch].map(|question| answers.of(question).unwrap_or_default());
    let asked = session.ui.during("asking the main repository", || {
        remote::branch(&session.repo, url, branch, false)
    });
    let Ok(Branch::Missing(others)) = asked else {
        return Ok(());
    };
    let some: Vec<&str> = others.iter().take(5).map(String::as_str).collect();
    Err(
        Report::new(format!("the main repository has no branch {branch}"))
            .because(format!("it has {}", some.join(", "))),
    )
}

fn page(session: &Session<'_>, answers: &Answers, place: Place) -> Result<(), Report> {
    let Some((url, _)) = answers.page(place) else {
        return Ok(());
    };
    let asked = session.ui.during("asking that page", || read(session, url));
    asked.map(drop).map_err(|refusal| refusal.report)
}

/// Reads the page as every command does later, also where it is behind a login.
fn read(session: &Session<'_>, url: &str) -> Result<Response, Refusal> {
    http::get(url, &|url| token::page(&session.repo, url))
}

fn pattern(session: &Session<'_>, answers: &Answers, place: Place) -> Result<(), Report> {
    let Some((url, Some(pattern))) = answers.page(place) else {
        return Ok(());
    };
    // That it is one was seen before.
    let Ok(regex) = regex::Regex::new(pattern) else {
        return Ok(());
    };
    let hash = session
        .ui
        .during("asking that page", || read(session, url))
        .and_then(|answer| hash_in(&Find::Pattern(regex), &answer))
        .map_err(|refusal| refusal.report)?;
    let subject = match session.repo.resolve_hash(&hash) {
        Ok(Found::Commit(id)) => session
            .repo
            .commits(&[id])
            .ok()
            .and_then(|mut found| found.pop()),
        _ => None,
    };
    let subject = subject.map_or_else(
        || ", a commit that this clone does not have".to_owned(),
        |commit| format!("  {}", commit.subject_text()),
    );
    session.ui.explain(&format!(
        "{} says that it runs {}{subject}",
        place.name(),
        hash.get(..8).unwrap_or(&hash)
    ));
    Ok(())
}
