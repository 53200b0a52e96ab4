//! The first `smp.toml` of a team: asks for the few things it needs, tries what can be tried, shows the file, and
//! writes it.

mod answers;
mod tries;

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::core::address;
use crate::core::refusal::{Report, Stop};
use crate::core::text::Line;
use crate::git::{GitConfig, remote};
use crate::session::Session;
use answers::{Answers, BACK, NONE, Question};

/// What to do without a file and without a terminal to ask on.
pub fn how_to_start(path: &Path) -> Stop {
    let report = Report::new(format!("there is no {}", path.display()))
        .because("it names the main repository and the environments, and there is no terminal to ask for them on")
        .hint("if your team has one already: git pull\nor copy config.example.toml of git-smp to smp.toml, put your addresses in, then: git smp setup");
    Stop::Misused(report)
}

/// Asks, shows, and writes.
///
/// # Errors
/// When the person stops answering (exit 3), or the file cannot be written (1).
pub fn run(session: &Session<'_>, path: &Path) -> Result<(), Stop> {
    let (ui, name) = (session.ui, as_typed(session, path));
    for line in [
        format!(
            "There is no {name} yet. A few questions make one; Ctrl-C changes nothing. If your team has one already, press \
             Ctrl-C and type: git pull"
        ),
        "Enter takes what stands in [ ]. Type < to go back to the question before.".to_owned(),
    ] {
        ui.explain(&line);
    }
    ui.catch_interrupts()?;
    let (mut answers, mut at) = (Answers::default(), 0);
    let text = loop {
        questions(session, &mut answers, &mut at)?;
        let text = answers.text();
        let shown = text.lines().map(|line| format!("  {line}"));
        let shown = [String::new()].into_iter().chain(shown);
        ui.insist(&shown.map(Line::plain).collect::<Vec<_>>());
        let written = ui.ask(&format!("Write this to {name}? (< goes back) [y/N] "));
        match written.as_deref().map(str::trim) {
            Some("y" | "Y" | "yes") => break text,
            Some(BACK | "back") => at -= 1,
            _ => return Err(declined()),
        }
    };
    // Never over a file that appeared meanwhile.
    let written = File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        Stop::Failed(
            Report::new("the file cannot be written")
                .because(format!("{}: {error}", path.display())),
        )
    })
}

fn declined() -> Stop {
    Stop::Declined("nothing was written".to_owned())
}

/// The file as a command names it that is typed where this one was.
pub fn as_typed(session: &Session<'_>, path: &Path) -> String {
    let folder = session.repo.program().folder().unwrap_or_default();
    let (top, file) = (path.parent(), path.file_name());
    let short = top.zip(file).and_then(|(top, file)| {
        let below = folder.strip_prefix(top).ok()?.components().count();
        Some(format!("{}{}", "../".repeat(below), file.to_string_lossy()))
    });
    short.unwrap_or_else(|| path.display().to_string())
}

/// One question after the other, each until its answer will do; the way back keeps all that was answered.
fn questions(session: &Session<'_>, answers: &mut Answers, at: &mut usize) -> Result<(), Stop> {
    let ui = session.ui;
    while let Some(question) = answers.questions().get(*at).copied() {
        let offered = match answers.of(question) {
            Some(before) => before.to_owned(),
            None => offered(session, answers, question)?,
        };
        let explained = question.explained(answers);
        if !explained.is_empty() {
            ui.explain(&explained);
        }
        let answer = match question.words() {
            [] => ui.ask_text(&question.asked(answers), &offered),
            words => ui.ask_one(&question.asked(answers), words, &offered),
        };
        let answer = answer.ok_or_else(declined)?;
        if matches!(answer.as_str(), BACK | "back") {
            *at = at.saturating_sub(1);
            continue;
        }
        let before = answers.clone();
        match answers.take(question, &answer) {
            Ok(()) if tries::is_good(session, answers, question) => *at += 1,
            // A pattern that finds nothing may be right, and its page wrong.
            Ok(()) => *at -= usize::from(matches!(question, Question::Pattern(_))),
            Err(why) => {
                *answers = before;
                let what = if matches!(question, Question::Page(_)) {
                    "that page"
                } else {
                    "that"
                };
                ui.warn(format!("{what} will not do: {why}"));
                // Two environments on one page: the pattern is right.
                if let Question::Pattern(place) = question
                    && why.contains(".running.page: ")
                {
                    answers.forget(Question::Page(place));
                    *at -= 1;
                }
            }
        }
    }
    Ok(())
}

/// What the clone, or the answers before, suggest.
fn offered(session: &Session<'_>, answers: &Answers, question: Question) -> Result<String, Stop> {
    let git = session.repo.config()?;
    let answered = |question| answers.of(question).unwrap_or_default();
    Ok(match question {
        Question::Remote if url_of(git, "upstream").is_some() => "upstream".to_owned(),
        Question::Remote => "origin".to_owned(),
        Question::Url => url_of(git, answered(Question::Remote)).unwrap_or_default(),
        Question::Branch => branch_of(session, answers),
        Question::Push(place) => url_of(git, place.name()).unwrap_or_default(),
        Question::App(place) => answers
            .hosted(place)
            .map_or_else(String::new, |(_, app)| app.to_owned()),
        Question::Site(place) => {
            answers::site(answered(Question::Page(place))).unwrap_or_else(|| NONE.to_owned())
        }
        Question::Pattern(_) => answers::PATTERN.to_owned(),
        Question::Record => "n".to_owned(),
        Question::Page(_) | Question::Channel(_) => NONE.to_owned(),
    })
}

/// The branch that the main repository calls its own: as far as the clone knows, or as it says itself.
fn branch_of(session: &Session<'_>, answers: &Answers) -> String {
    let repo = &session.repo;
    let remote = answers.of(Question::Remote).unwrap_or_default();
    let start = format!("refs/remotes/{remote}/");
    let told = repo
        .program()
        .read("", ["symbolic-ref", "--quiet", &format!("{start}HEAD")])
        .unwrap_or_default();
    let told = String::from_utf8_lossy(&told);
    told.trim()
        .strip_prefix(&start)
        .map(str::to_owned)
        .or_else(|| {
            let url = answers.of(Question::Url)?;
            let asked = || remote::head(repo, url).ok()?;
            let (branch, _) = session.ui.during("asking that address", asked)?;
            Some(branch)
        })
        .unwrap_or_else(|| "main".to_owned())
}

fn url_of(git: &GitConfig, remote: &str) -> Option<String> {
    git.get(&format!("remote.{remote}.url"))
        .map(address::display_url)
}
