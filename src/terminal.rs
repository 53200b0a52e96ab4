//! The door to the terminal: the only place that prints or asks. Everything foreign is made visible here.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "this is the door to the terminal"
)]
pub mod file;
pub mod prompt;

mod ask;
pub mod progress;

use std::cell::Cell;
use std::env;
use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use console::{Style, Term};

use crate::core::refusal::{Report, Stop};
use crate::core::text::{Line, Tone, visible, wrapped};
use crate::core::typed::{Given, Hint};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Talk {
    /// Only what was asked for, and errors.
    Quiet,
    Normal,
    /// How each thing was found out, too.
    Verbose,
}

/// Within this time a second Ctrl-C is the first one once more: `git smp` passes on what the terminal sent already.
const SAME_INTERRUPT: Duration = Duration::from_millis(500);

/// The terminal, or what stands in its place.
pub struct Ui {
    talk: Talk,
    given: Given,
    color: Cell<(bool, bool)>,
    interrupted: Arc<AtomicBool>,
    last_interrupt: Cell<Option<Instant>>,
}

impl Ui {
    /// Looks at the terminal once. `given`: what hints must repeat.
    pub fn new(talk: Talk, color: Option<Color>, given: Given) -> Self {
        let ui = Self {
            talk,
            given,
            color: Cell::new((false, false)),
            interrupted: Arc::default(),
            last_interrupt: Cell::default(),
        };
        ui.choose_color(color, None);
        ui
    }

    /// Settles colours: the option, then `NO_COLOR` and `CLICOLOR_FORCE`, then git's `color.ui`, then the terminal.
    pub fn choose_color(&self, option: Option<Color>, git: Option<&str>) {
        let [no, force] =
            ["NO_COLOR", "CLICOLOR_FORCE"].map(|name| env::var(name).unwrap_or_default());
        let choice = option.unwrap_or(match git.map(str::to_ascii_lowercase).as_deref() {
            _ if !no.is_empty() => Color::Never,
            _ if !["", "0"].contains(&force.as_str()) => Color::Always,
            Some("always") => Color::Always,
            Some("never" | "false" | "no" | "off" | "0") => Color::Never,
            _ => Color::Auto,
        });
        self.color.set(match choice {
            Color::Always => (true, true),
            Color::Never => (false, false),
            Color::Auto => (
                !is_dumb() && (io::stdout().is_terminal() || is_paged()),
                is_live(),
            ),
        });
    }

    /// Whether there is a person: a terminal that questions can be put to and answers come from.
    pub fn is_interactive(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// How many columns a picture on stdout may have; `None` where that is no terminal.
    pub fn picture_width(&self) -> Option<usize> {
        let columns = io::stdout().is_terminal().then(|| self.answer_width())?;
        Some(if columns == usize::MAX { 80 } else { columns })
    }

    /// Writes harmless data to stdout as it is; [`Stop::PipeClosed`] when nobody reads any more.
    pub fn data(&self, bytes: &[u8]) -> Result<(), Stop> {
        let mut out = io::stdout().lock();
        let written = out.write_all(bytes).and_then(|()| out.flush());
        written.map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Stop::PipeClosed,
            _ => failed("the output cannot be written", &error),
        })
    }

    /// Writes lines to stdout: the answer of commands whose answer is for people.
    pub fn answer(&self, lines: &[Line]) -> Result<(), Stop> {
        self.data(painted(lines, self.color.get().0).as_bytes())
    }

    /// Says lines on stderr to those who want to hear that much: the one way to say something.
    fn tell(&self, least: Talk, lines: &[Line]) {
        if self.talk >= least {
            write(&painted(lines, self.color.get().1));
        }
    }

    pub fn say(&self, lines: &[Line]) {
        self.tell(Talk::Normal, lines);
    }

    /// Says lines that a person must see even if quiet was asked for: what a question is about.
    pub fn insist(&self, lines: &[Line]) {
        self.tell(Talk::Quiet, lines);
    }

    pub fn is_quiet(&self) -> bool {
        self.talk == Talk::Quiet
    }

    /// Says one plain line, unless told to be quiet.
    pub fn note(&self, text: impl Into<String>) {
        self.say(&[Line::plain(text)]);
    }

    pub fn detail(&self, text: impl Into<String>) {
        self.tell(Talk::Verbose, &[Line::faint(text)]);
    }

    /// Says a line that matters even to those who want quiet.
    pub fn warn(&self, text: impl Into<String>) {
        self.insist(&led(Tone::Bad, "warning: ", &text.into()));
    }

    /// Explains what a question is about, or why an answer will not do; even if quiet was asked for.
    pub fn explain(&self, text: &str) {
        let lines = wrapped(&format!("  {text}"), self.talk_width(), 0, 2);
        self.insist(&lines.into_iter().map(Line::faint).collect::<Vec<_>>());
    }

    /// Says why an answer will not do, even if quiet was asked for.
    pub fn refuse(&self, report: &Report) {
        self.warn(&report.error);
        report.because.iter().for_each(|cause| self.explain(cause));
    }

    pub fn talk_width(&self) -> usize {
        columns(&Term::stderr())
    }

    pub fn answer_width(&self) -> usize {
        columns(&Term::stdout())
    }

    /// Says what stopped a command: the sentence, its causes, and what to type.
    pub fn report(&self, report: &Report) {
        let causes = report.because.iter();
        let hints = report.hint.iter();
        let hints = hints.flat_map(|hint| self.given.complete(hint));
        let lines = led(Tone::Bad, "error: ", &report.error)
            .into_iter()
            .chain(causes.flat_map(|cause| led(Tone::Strong, "because: ", cause)))
            .chain(hints.map(|hint| Line::of(Tone::Good, "hint: ").and(Tone::Plain, hint)));
        self.insist(&lines.collect::<Vec<_>>());
    }

    /// What was typed, for hints that are shown elsewhere.
    pub fn given(&self) -> &Given {
        &self.given
    }

    /// The lines of a text that names commands: each ends with the only one that it has, as it is typed here.
    pub fn typed(&self, hint: impl Into<Hint>) -> Vec<String> {
        self.given.typed(&hint.into())
    }

    /// What comes next: [`Given::next`].
    pub fn next(&self, hint: Hint) -> (String, Vec<String>) {
        self.given.next(hint)
    }

    /// Says on stderr what to type, unless told to be quiet.
    pub fn advise(&self, hint: impl Into<Hint>) {
        let lines = self.typed(hint).into_iter().map(Line::plain);
        self.say(&lines.collect::<Vec<_>>());
    }

    /// From here on Ctrl-C does not end the program: it is seen by [`Ui::interrupted`].
    pub fn catch_interrupts(&self) -> Result<(), Stop> {
        let flag = Arc::clone(&self.interrupted);
        let installed = signal_hook::flag::register(signal_hook::consts::SIGINT, flag);
        installed
            .map(drop)
            .map_err(|error| failed("Ctrl-C cannot be caught", &error))
    }

    /// Whether Ctrl-C was pressed since the last time this was asked.
    pub fn interrupted(&self) -> bool {
        let last = self.last_interrupt.get();
        let is_new = self.interrupted.swap(false, Ordering::SeqCst)
            && last.is_none_or(|last| last.elapsed() >= SAME_INTERRUPT);
        if is_new {
            self.last_interrupt.set(Some(Instant::now()));
        }
        is_new
    }
}

fn failed(what: &str, error: &io::Error) -> Stop {
    Stop::Failed(Report::new(what).because(error.to_string()))
}

/// A text that another program, or a person up to Ctrl-D, says on standard input; or what is wrong with it.
pub fn said() -> Result<String, String> {
    file::text(io::stdin().lock())
}

/// What git tells a hook on standard input. From a terminal nothing is read: nobody there knows what to type.
pub fn told() -> io::Result<String> {
    let (mut stdin, mut bytes) = (io::stdin().lock(), Vec::new());
    if !stdin.is_terminal() {
        stdin.read_to_end(&mut bytes)?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// How many columns a line may have; of what is no terminal, or does not say, as many as it takes.
fn columns(term: &Term) -> usize {
    let columns = term.size_checked().map(|(_, columns)| usize::from(columns));
    columns.filter(|count| *count >= 20).unwrap_or(usize::MAX)
}

/// A sentence of stderr behind a word that says what it is.
fn led(tone: Tone, word: &str, text: &str) -> Vec<Line> {
    let mut word = Some(word);
    let lines = wrapped(text, columns(&Term::stderr()), word.map_or(0, str::len), 0);
    let lines = lines.into_iter().map(|line| match word.take() {
        Some(word) => Line::of(tone, word).and(Tone::Plain, line),
        None => Line::plain(line),
    });
    lines.collect()
}

fn is_dumb() -> bool {
    env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Whether stderr is a terminal on which colours are seen and lines can be written over.
fn is_live() -> bool {
    io::stderr().is_terminal() && !is_dumb()
}

/// Whether git shows what we write to stdout in its pager, as with `git -p smp`.
fn is_paged() -> bool {
    env::var_os("GIT_PAGER_IN_USE").is_some_and(|used| used == "true" || used == "1")
}

fn painted(lines: &[Line], color: bool) -> String {
    let mut text = String::new();
    for Line(pieces) in lines {
        for (tone, piece) in pieces {
            text += &style(*tone, color).apply_to(visible(piece)).to_string();
        }
        text.push('\n');
    }
    text
}

/// When even stderr is gone there is nobody left to tell.
fn write(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

fn style(tone: Tone, color: bool) -> Style {
    let style = Style::new().force_styling(color);
    match tone {
        Tone::Plain => style,
        Tone::Good => style.green(),
        Tone::Bad => style.red().bold(),
        Tone::Strong => style.bold(),
        Tone::Faint => style.dim(),
        Tone::Hash => style.yellow(),
    }
}
