//! Creates the first `smp.toml` of a team: asks for the few values, tries them, shows the file, and writes it.

mod answers;
mod questions;
mod tries;

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::core::refusal::{Report, Stop};
use crate::core::text::Line;
use crate::core::typed::{Hint, Typed};
use crate::core::words::SMP_TOML;
use crate::session::{Session, missing};
use answers::Answers;

/// A file with every key.
const EXAMPLE: &str =
    "https://raw.githubusercontent.com/VisualMeaning/git-smp/main/config.example.toml";

/// Returns what to do without a file if nobody can be asked: with `--check`, or without a terminal.
pub fn how_to_start(session: &Session<'_>, path: &Path) -> Stop {
    let (why, create) = match session.ui.is_interactive() {
        true => ("not with --check", "to answer the questions".to_owned()),
        false => (
            "there is no terminal",
            format!("save {EXAMPLE} as {SMP_TOML}, put in your addresses, then"),
        ),
    };
    let report = Report::new(format!("there is no {}", path.display()))
        .because(format!(
            "setup asks for the main repository and the environments, but {why}"
        ))
        .hint(missing::of_the_team(session).and(Hint::run(create, Typed::smp("setup"))));
    Stop::Misused(report)
}

/// Asks, shows, and writes. Exit 3 if the person stops.
pub fn run(session: &Session<'_>, path: &Path) -> Result<(), Stop> {
    let (ui, name) = (session.ui, as_typed(session, path));
    ui.explain(&format!(
        "There is no {name} yet. A few questions create it; Ctrl-C changes nothing. If your team has one already, press \
         Ctrl-C and type: git pull"
    ));
    ui.explain("Enter takes the value in [ ]. Type < to go back to the previous question.");
    ui.catch_interrupts()?;
    let (mut answers, mut at) = (Answers::default(), 0);
    let text = loop {
        ask(session, &mut answers, &mut at)?;
        let text = answers.text();
        let lines = text.lines().map(|line| Line::plain(format!("  {line}")));
        let lines: Vec<Line> = [Line::plain("")].into_iter().chain(lines).collect();
        ui.insist(&lines);
        let written = ui.ask(&format!("Write this to {name}? (< goes back) [y/N] "));
        match written.as_deref().map(str::trim) {
            Some("y" | "Y" | "yes") => break text,
            Some("<" | "back") => at -= 1,
            _ => return Err(declined()),
        }
    };
    // A file that appeared meanwhile is not overwritten.
    let written = File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        let report = Report::new("the file cannot be written");
        Stop::Failed(report.unwritten(path, &error))
    })
}

fn declined() -> Stop {
    Stop::Declined("nothing was written".to_owned())
}

/// Returns the file relative to the folder where the command was typed.
pub fn as_typed(session: &Session<'_>, path: &Path) -> String {
    let folder = session.repo.program().folder().unwrap_or_default();
    let (top, file) = (path.parent(), path.file_name());
    let short = top.zip(file).and_then(|(top, file)| {
        let below = folder.strip_prefix(top).ok()?.components().count();
        Some(format!("{}{}", "../".repeat(below), file.to_string_lossy()))
    });
    short.unwrap_or_else(|| path.display().to_string())
}

/// Asks one question after the other until each answer is valid; going back keeps all answers.
fn ask(session: &Session<'_>, answers: &mut Answers, at: &mut usize) -> Result<(), Stop> {
    let ui = session.ui;
    while let Some(question) = answers.questions().get(*at).copied() {
        let (row, place) = (question.row, question.place);
        let offered = match answers.of(question) {
            Some(before) => before.to_owned(),
            None => (row.offered)(session, answers, place),
        };
        if !row.explained.is_empty() {
            ui.explain(&question.fill(row.explained, answers));
        }
        let asked = question.fill(row.asked, answers);
        let answer = match question.words().as_slice() {
            [] => ui.ask_text(&asked, &offered),
            words => ui.ask_one(&asked, &[words, &["<"]].concat(), &offered),
        };
        let answer = answer.ok_or_else(declined)?;
        if ["<", "back"].contains(&answer.as_str()) {
            *at = at.saturating_sub(1);
            continue;
        }
        let (before, is_pattern) = (answers.clone(), row.key.ends_with(".pattern"));
        match answers.take(question, &answer) {
            Ok(()) if tries::is_good(session, answers, question) => *at += 1,
            // A pattern without a match may be right and its page wrong.
            Ok(()) => *at -= usize::from(is_pattern),
            Err(why) => {
                *answers = before;
                let is_page = row.key.ends_with(".page");
                let what = if is_page { "that page" } else { "that" };
                ui.warn(format!("{what} cannot be used: {why}"));
                // Two environments on one page: the pattern is right.
                if is_pattern && why.contains(".running.page: ") {
                    answers.forget("environments.{}.running.page", place);
                    *at -= 1;
                }
            }
        }
    }
    Ok(())
}
