//! The first `smp.toml` of a team: asks for the few things it needs, tries what can be tried, shows the file, and
//! writes it.

mod answers;
mod tries;

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::commands::Session;
use crate::config;
use crate::error::{Report, Stop};
use crate::git::GitConfig;
use crate::text::{Line, Tone};
use answers::{Answers, BACK, Question, app};

/// What to do without a file and without a terminal to ask on.
pub fn how_to_start(path: &Path) -> Stop {
    let report = Report::new(format!("there is no {}", path.display()))
        .because("it names the main repository and the environments, and there is no terminal to ask for them on")
        .hint("copy config.example.toml of git-smp to smp.toml, put your addresses in, then: git smp setup\nor, if your team has one already: git pull");
    Stop::Misused(report)
}

/// Asks, shows, and writes.
///
/// # Errors
/// When the person stops answering (exit 3), or the file cannot be written (1).
pub fn run(session: &Session<'_>, path: &Path) -> Result<(), Stop> {
    let ui = session.ui;
    ui.note(format!(
        "There is no {} yet. A few questions make one; Ctrl-C changes nothing.",
        path.display()
    ));
    ui.note("Enter takes what stands in [ ]. Type < to go back to the question before.");
    ui.catch_interrupts()?;
    let text = questions(session, path)?;
    ui.note("");
    ui.insist(
        &text
            .lines()
            .map(|line| Line::plain(format!("  {line}")))
            .collect::<Vec<_>>(),
    );
    ui.note("");
    if !ui.ask_yes(&format!("Write this to {}?", path.display())) {
        return Err(declined());
    }
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

/// One question after the other, each until its answer will do; the way back keeps all that was answered.
fn questions(session: &Session<'_>, path: &Path) -> Result<String, Stop> {
    let (ui, mut answers, mut at) = (session.ui, Answers::default(), 0_usize);
    while let Some(question) = answers.questions().get(at).copied() {
        let offered = match answers.of(question) {
            Some(before) => before.to_owned(),
            None => offered(session, &answers, question)?,
        };
        let said = |line: &str| Line::default().and(Tone::Faint, format!("  {line}"));
        ui.insist(
            &question
                .explained(&answers)
                .lines()
                .map(said)
                .collect::<Vec<_>>(),
        );
        let answer = match question.words() {
            [] => ui.ask_text(&question.asked(), &offered),
            words => ui.ask_one(&question.asked(), words, &offered),
        };
        let answer = answer.ok_or_else(declined)?;
        if matches!(answer.as_str(), BACK | "back") {
            at = at.saturating_sub(1);
            continue;
        }
        let before = answers.clone();
        let tried = answers
            .take(question, &answer, path)
            .map(|()| tries::is_good(session, &answers, question));
        match tried {
            Ok(true) => at += 1,
            // A pattern that finds nothing may be right, and its page wrong.
            Ok(false) => at -= usize::from(matches!(question, Question::Pattern(_))),
            Err(why) => {
                answers = before;
                let what = if matches!(question, Question::Page(_)) {
                    "that page"
                } else {
                    "that"
                };
                ui.warn(format!("{what} will not do: {why}"));
            }
        }
    }
    Ok(answers.text())
}

/// What the clone, or the answers before, suggest.
fn offered(session: &Session<'_>, answers: &Answers, question: Question) -> Result<String, Stop> {
    let git = session.repo.config()?;
    let answered = |question| answers.of(question).unwrap_or_default();
    Ok(match question {
        Question::Remote if url_of(git, "upstream").is_some() => "upstream".to_owned(),
        Question::Remote => "origin".to_owned(),
        Question::Url => url_of(git, answered(Question::Remote)).unwrap_or_default(),
        Question::Branch => branch_of(session, answered(Question::Remote)),
        Question::Push(place) => url_of(git, place.name()).unwrap_or_default(),
        Question::Heroku(place) => app(answered(Question::Push(place))).unwrap_or_default(),
        Question::Page(_) => String::new(),
        Question::Pattern(_) => answers::PATTERN.to_owned(),
        Question::Record => "n".to_owned(),
        Question::Channel(_) => "none".to_owned(),
    })
}

/// The branch that the remote calls its own, as far as the clone knows: `git symbolic-ref refs/remotes/REMOTE/HEAD`.
fn branch_of(session: &Session<'_>, remote: &str) -> String {
    let head = format!("refs/remotes/{remote}/HEAD");
    let told = session
        .repo
        .program()
        .read("", ["symbolic-ref", "--quiet", &head])
        .unwrap_or_default();
    let told = String::from_utf8_lossy(&told).trim().to_owned();
    told.strip_prefix(&format!("refs/remotes/{remote}/"))
        .unwrap_or("main")
        .to_owned()
}

fn url_of(git: &GitConfig, remote: &str) -> Option<String> {
    git.get(&format!("remote.{remote}.url"))
        .map(config::display_url)
}
