//! What can be tried of an answer is tried at once: whether a page answers, and what a pattern finds on it.

use super::answers::{Answers, Place, Question};
use crate::commands::Session;
use crate::config::Find;
use crate::error::Refusal;
use crate::git::Found;
use crate::page::{Answer, hash_in};
use crate::text::{Line, Tone};
use crate::{token, web};

/// Whether an answer stands. One that does not work is shown with what was read, and stands if the person says so: a
/// site may be down today.
pub fn is_good(session: &Session<'_>, answers: &Answers, question: Question) -> bool {
    let (tried, what) = match question {
        Question::Page(place) => (page(session, answers, place), "page"),
        Question::Pattern(place) => (pattern(session, answers, place), "page and this pattern"),
        _ => return true,
    };
    let Err(refusal) = tried else { return true };
    session.ui.warn(&refusal.report.error);
    let cause = |text: &String| Line::default().and(Tone::Faint, format!("  {text}"));
    session
        .ui
        .insist(&refusal.report.because.iter().map(cause).collect::<Vec<_>>());
    session
        .ui
        .ask_yes(&format!("Keep this {what} all the same?"))
}

fn page(session: &Session<'_>, answers: &Answers, place: Place) -> Result<(), Refusal> {
    let Some((url, _)) = answers.page(place) else {
        return Ok(());
    };
    session
        .ui
        .during("asking that page", || read(session, url))
        .map(drop)
}

/// Reads the page as every command does later, also where it is behind a login.
fn read(session: &Session<'_>, url: &str) -> Result<Answer, Refusal> {
    web::get(url, None, &|url| token::page(&session.repo, url))
}

fn pattern(session: &Session<'_>, answers: &Answers, place: Place) -> Result<(), Refusal> {
    let Some((url, Some(pattern))) = answers.page(place) else {
        return Ok(());
    };
    // That it is one was seen before.
    let Ok(regex) = regex::Regex::new(pattern) else {
        return Ok(());
    };
    let answer = session
        .ui
        .during("asking that page", || read(session, url))?;
    let hash = hash_in(&Find::Pattern(regex), &answer)?;
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
    let name = place.name();
    session
        .ui
        .insist(&[Line::plain(format!("  {name} says that it runs "))
            .and(Tone::Hash, hash.get(..8).unwrap_or(&hash))
            .and(Tone::Plain, subject)]);
    Ok(())
}
