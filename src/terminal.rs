//! The adapter to the terminal: the only place that prints or asks. It makes foreign text visible before it is shown.
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
    /// Only the requested output, and errors.
    Quiet,
    Normal,
    /// Also how each observation was made.
    Verbose,
}

/// A second Ctrl-C within this time counts as the first: the terminal sends it to us, and `git` passes it on once more.
const SAME_INTERRUPT: Duration = Duration::from_millis(500);

/// The terminal, or the streams in its place.
pub struct Ui {
    talk: Talk,
    given: Given,
    color: Cell<(bool, bool)>,
    interrupted: Arc<AtomicBool>,
    last_interrupt: Cell<Option<Instant>>,
}

impl Ui {
    /// Looks at the terminal once. `given` has what hints must repeat.
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

    /// Chooses colours: by the option, then `NO_COLOR` and `CLICOLOR_FORCE`, then git's `color.ui`, then the terminal.
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

    /// Returns whether a person can be asked: stdin and stderr are terminals.
    pub fn is_interactive(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Returns the width of a picture on stdout, in columns; `None` if stdout is no terminal.
    pub fn picture_width(&self) -> Option<usize> {
        let columns = io::stdout().is_terminal().then(|| self.answer_width())?;
        Some(if columns == usize::MAX { 80 } else { columns })
    }

    /// Writes harmless data to stdout as it is. Returns [`Stop::PipeClosed`] if nobody reads any more.
    pub fn data(&self, bytes: &[u8]) -> Result<(), Stop> {
        let mut out = io::stdout().lock();
        let written = out.write_all(bytes).and_then(|()| out.flush());
        written.map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Stop::PipeClosed,
            _ => failed("the output cannot be written", &error),
        })
    }

    /// Writes lines for people to stdout.
    pub fn answer(&self, lines: &[Line]) -> Result<(), Stop> {
        self.data(painted(lines, self.color.get().0).as_bytes())
    }

    /// Writes lines to stderr if the user wants at least this much output. All messages go through here.
    fn tell(&self, least: Talk, lines: &[Line]) {
        if self.talk >= least {
            write(&painted(lines, self.color.get().1));
        }
    }

    pub fn say(&self, lines: &[Line]) {
        self.tell(Talk::Normal, lines);
    }

    /// Writes lines that a person must see even with `--quiet`, such as what a question is about.
    pub fn insist(&self, lines: &[Line]) {
        self.tell(Talk::Quiet, lines);
    }

    pub fn is_quiet(&self) -> bool {
        self.talk == Talk::Quiet
    }

    /// Writes one plain line, unless `--quiet` is set.
    pub fn note(&self, text: impl Into<String>) {
        self.say(&[Line::plain(text)]);
    }

    pub fn detail(&self, text: impl Into<String>) {
        self.tell(Talk::Verbose, &[Line::faint(text)]);
    }

    /// Writes a warning, even with `--quiet`.
    pub fn warn(&self, text: impl Into<String>) {
        self.insist(&led(Tone::Bad, "warning: ", &text.into()));
    }

    /// Explains what a question is about, or why an answer is rejected, even with `--quiet`.
    pub fn explain(&self, text: &str) {
        let lines = wrapped(&format!("  {text}"), self.talk_width(), 0, 2);
        self.insist(&lines.into_iter().map(Line::faint).collect::<Vec<_>>());
    }

    /// Says why an answer is rejected, even with `--quiet`.
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

    /// Writes what stopped a command: the error, its causes, and what to type.
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

    /// Returns what was typed, for hints that are shown elsewhere.
    pub fn given(&self) -> &Given {
        &self.given
    }

    /// Returns the lines of a hint whose commands others type or that come next: [`Given::typed`].
    pub fn typed(&self, hint: impl Into<Hint>) -> Vec<String> {
        self.given.typed(&hint.into())
    }

    /// Returns what comes next: [`Given::next`].
    pub fn next(&self, hint: Hint) -> (String, Vec<String>) {
        self.given.next(hint)
    }

    /// Writes to stderr what to type, unless `--quiet` is set.
    pub fn advise(&self, hint: impl Into<Hint>) {
        let lines = self.typed(hint).into_iter().map(Line::plain);
        self.say(&lines.collect::<Vec<_>>());
    }

    /// Keeps Ctrl-C from ending the program, from now on. [`Ui::interrupted`] reports it instead.
    pub fn catch_interrupts(&self) -> Result<(), Stop> {
        let flag = Arc::clone(&self.interrupted);
        let installed = signal_hook::flag::register(signal_hook::consts::SIGINT, flag);
        installed
            .map(drop)
            .map_err(|error| failed("Ctrl-C cannot be caught", &error))
    }

    /// Returns whether Ctrl-C was pressed since the last call.
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

/// Reads a text from standard input, from another program or from a person up to Ctrl-D. The error says what is wrong.
pub fn said() -> Result<String, String> {
    file::text(io::stdin().lock())
}

/// Reads what git tells a hook on standard input. Reads nothing from a terminal: nobody there knows what to type.
pub fn told() -> io::Result<String> {
    let (mut stdin, mut bytes) = (io::stdin().lock(), Vec::new());
    if !stdin.is_terminal() {
        stdin.read_to_end(&mut bytes)?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the columns of a line; `usize::MAX` without a terminal, if its width is unknown, or if it is below 20.
fn columns(term: &Term) -> usize {
    let columns = term.size_checked().map(|(_, columns)| usize::from(columns));
    columns.filter(|count| *count >= 20).unwrap_or(usize::MAX)
}

/// Returns a sentence, wrapped for stderr, after a word that says what it is.
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

/// Returns whether stderr is a terminal that shows colours and lets lines be overwritten.
fn is_live() -> bool {
    io::stderr().is_terminal() && !is_dumb()
}

/// Returns whether git shows our stdout in its pager, as with `git -p smp`.
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

/// Writes to stderr. A failure is ignored: if stderr is gone, nobody is left to tell.
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
