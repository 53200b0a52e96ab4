//! The text of the product post: given on the command line, or written in an editor from a draft.

mod sheet;
#[cfg(test)]
#[cfg(unix)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use crate::core::arguments::{is_dots, looks_like_an_option};
use crate::core::refusal::{Report, Stop};
use crate::core::tell::draft::{LONGEST, draft};
use crate::core::text::{shell_word, unfit, visible};
use crate::core::typed::{DOTS, Hint, Typed};
use crate::core::words::CommitId;
use crate::git::{Repo, editor};
use crate::notes::Notes;
use crate::options::PostText;
use crate::session::Session;
use crate::terminal::{file, said};
use sheet::Sheet;

/// The text of the product post, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Summary {
    /// A text with plain line ends and no surrounding space.
    Text(String),
    /// A person left it empty: no post.
    Empty,
    /// A person left the draft unchanged, which confirms nothing: no post.
    Untouched,
    /// Nobody gave a text, and nobody could be asked.
    Missing,
}

impl Summary {
    /// Wraps a stored text; an empty one means no post.
    pub fn of(text: String) -> Self {
        if text.is_empty() {
            Self::Empty
        } else {
            Self::Text(text)
        }
    }
}

/// The facts for a person who writes the text.
#[derive(Clone, Copy)]
pub struct Offer<'a> {
    /// The heading of the post: "Production deploy 2022-03-02".
    pub heading: &'a str,
    pub commit: &'a CommitId,
    /// The running commit; `None` if nothing was ever deployed.
    pub from: Option<&'a CommitId>,
    /// A text from an earlier run of the same deploy, offered instead of the draft.
    pub kept: Option<&'a str>,
    /// The person who began that run, if it is another one.
    pub by: Option<&'a str>,
}

/// Returns the text from the command line. It is read first, so that a wrong file is reported at once.
///
/// # Errors
/// Exit 2.
pub fn given(given: &PostText) -> Result<Option<Summary>, Stop> {
    let (name, text) = match (&given.summary, &given.file) {
        (Some(text), _) if looks_like_an_option(text) => {
            return Err(misused(given, "the text of --summary looks like an option"));
        }
        (Some(text), _) if is_dots(text) && !text.trim().is_empty() => {
            return Err(misused(given, "the text of --summary is only dots"));
        }
        (Some(text), _) => ("the text of --summary".to_owned(), Ok(text.clone())),
        (None, Some(file)) if file == "-" => ("the text on standard input".to_owned(), said()),
        (None, Some(file)) => {
            let name = shell_word(&visible(&file.to_string_lossy()));
            (name, file::read(Path::new(file)))
        }
        (None, None) => return Ok(None),
    };
    let text = text.map_err(|wrong| misused(given, &format!("{name} {wrong}")))?;
    let text = sheet::settled(&text);
    match unfit(&text, LONGEST) {
        Some(wrong) => Err(misused(given, &format!("{name} {wrong}"))),
        None => Ok(Some(Summary::of(text))),
    }
}

fn misused(given: &PostText, error: &str) -> Stop {
    let report = Report::new(error);
    Stop::Misused(match given.summary {
        Some(_) => report.run(DOTS, Typed::with_dots("--summary")),
        None => report.run("to write the text in your editor", Typed::without("-F")),
    })
}

/// Opens a draft in the person's editor, in a terminal. The editor handles Ctrl-C itself.
///
/// # Errors
/// If history cannot be read, the editor fails, or no post could hold the text. Nothing is deployed then.
pub fn written(session: &Session<'_>, offer: &Offer<'_>) -> Result<Summary, Stop> {
    let ui = session.ui;
    if !ui.is_interactive() {
        return Ok(Summary::Missing);
    }
    ui.catch_interrupts()?;
    ui.note("waiting until you save and close the product post in your editor");
    let summary = edited(&session.repo, offer);
    ui.interrupted();
    summary
}

/// Returns only the draft, for a dry run.
pub fn drafted(session: &Session<'_>, offer: &Offer<'_>) -> Result<String, Stop> {
    Ok(draft(&session.repo.landed(offer.from, offer.commit)?))
}

/// Returns the file to edit. Editors know git's comments by this name.
fn place(repo: &Repo) -> PathBuf {
    Notes::of(&repo.layout().common_dir).path("COMMIT_EDITMSG")
}

fn edited(repo: &Repo, offer: &Offer<'_>) -> Result<Summary, Stop> {
    let config = repo.config()?;
    let sheet = Sheet::new(offer, || repo.landed(offer.from, offer.commit), config)?;
    let path = place(repo);
    editor::write(&path, sheet.text())?;
    let left = editor::edit(repo, &path).map_err(|stop| kept(stop, &sheet, &path))?;
    if sheet.is_untouched(&left) {
        return Ok(Summary::Untouched);
    }
    let text = sheet.read(&left);
    let Some(wrong) = unfit(&text, LONGEST) else {
        return Ok(Summary::of(text));
    };
    // Without comments, so that the file can be given back with `-F`.
    editor::write(&path, format!("{text}\n"))?;
    let error = format!("the text of the product post {wrong}, so this run stopped");
    Err(Stop::Failed(in_file(Report::new(error), &path)))
}

fn in_file(report: Report, path: &Path) -> Report {
    let path = path.display().to_string();
    let report = report.because(format!("the text is kept in {path}"));
    let command = Typed::smp("promote").option("-F", &path);
    report.hint(Hint::run("check it there, then", command))
}

/// Keeps the text that a failed editor left, with the command that uses it. It may be in another encoding, so each byte
/// is read as a letter.
fn kept(stop: Stop, sheet: &Sheet, path: &Path) -> Stop {
    let (left, report) = match (fs::read(path), stop) {
        (Ok(left), Stop::Failed(report)) => (left, report),
        (_, stop) => return stop,
    };
    let is_draft = std::str::from_utf8(&left).is_ok_and(|left| sheet.is_untouched(left));
    let letters: String = left.iter().map(|byte| char::from(*byte)).collect();
    let said = sheet.read(&letters);
    if is_draft || said.is_empty() {
        return Stop::Failed(report);
    }
    let said = said.chars().map(u8::try_from);
    let said: Result<Vec<u8>, _> = said.chain([Ok(b'\n')]).collect();
    match said.map(|said| editor::write(path, said)) {
        Ok(Ok(())) => Stop::Failed(in_file(report, path)),
        _ => Stop::Failed(report),
    }
}
