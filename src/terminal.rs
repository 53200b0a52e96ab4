//! The door to the terminal: the only place that prints or asks. Everything foreign is made visible here.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "this is the door to the terminal"
)]
pub mod file;
pub mod prompt;

mod ask;

use std::cell::Cell;
use std::env;
use std::io::{self, BufRead, ErrorKind, IsTerminal, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use console::{Style, Term};

use crate::core::refusal::{Report, Stop};
use crate::core::text::{Line, Tone, visible, wrapped};
use crate::core::typed::{Given, Hint};

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Talk {
    /// Only what was asked for, and errors.
    Quiet,
    /// What a person needs.
    Normal,
    /// How each thing was found out, too.
    Verbose,
}

/// The most bytes of a line of another program's that are looked at as one.
const LONGEST_LINE: u64 = 64 << 10;
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
        let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let by_git = match git.map(str::to_ascii_lowercase).as_deref() {
            Some("always") => Color::Always,
            Some("never" | "false" | "no" | "off" | "0") => Color::Never,
            _ => Color::Auto,
        };
        let choice = match option {
            Some(choice) => choice,
            None if set("NO_COLOR") => Color::Never,
            None if set("CLICOLOR_FORCE")
                && env::var_os("CLICOLOR_FORCE").is_some_and(|v| v != "0") =>
            {
                Color::Always
            }
            None => by_git,
        };
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

    /// Whether stdout is a terminal, where a picture makes sense.
    pub fn shows_pictures(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// How many columns a line on stdout may have.
    pub fn width(&self) -> usize {
        Term::stdout()
            .size_checked()
            .map_or(80, |(_, columns)| usize::from(columns))
            .max(20)
    }

    /// Reads to its end what another program says on standard input, and hands each line on; tells whether it said more
    /// than white space. None of it is kept: it may be long. From a terminal nothing is read, for nobody there knows what
    /// to type.
    pub fn hears(&self, each: &mut dyn FnMut(&str)) -> bool {
        let mut stdin = io::stdin().lock();
        let (mut heard, mut line) = (false, Vec::new());
        while !stdin.is_terminal() {
            line.clear();
            match stdin
                .by_ref()
                .take(LONGEST_LINE)
                .read_until(b'\n', &mut line)
            {
                Ok(0) => break,
                Ok(_) => {
                    heard |= line.iter().any(|byte| !byte.is_ascii_whitespace());
                    each(&String::from_utf8_lossy(&line));
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // What breaks off was something.
                Err(_) => return true,
            }
        }
        heard
    }

    /// Writes data to stdout, as it is: the caller has made it harmless.
    ///
    /// # Errors
    /// [`Stop::PipeClosed`] when nobody reads any more; a failure when it cannot be written, as on a full disk.
    pub fn data(&self, bytes: &[u8]) -> Result<(), Stop> {
        let mut out = io::stdout().lock();
        let written = out.write_all(bytes).and_then(|()| out.flush());
        written.map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Stop::PipeClosed,
            _ => {
                Stop::Failed(Report::new("the output cannot be written").because(error.to_string()))
            }
        })
    }

    /// Writes lines to stdout: the answer of commands whose answer is for people.
    ///
    /// # Errors
    /// As [`Ui::data`].
    pub fn answer(&self, lines: &[Line]) -> Result<(), Stop> {
        let text: String = lines
            .iter()
            .map(|line| paint(line, self.color.get().0) + "\n")
            .collect();
        self.data(text.as_bytes())
    }

    /// Says lines on stderr, unless told to be quiet.
    pub fn say(&self, lines: &[Line]) {
        if self.talk > Talk::Quiet {
            self.tell(lines);
        }
    }

    /// Says lines that a person must see even if quiet was asked for: what a question is about.
    pub fn insist(&self, lines: &[Line]) {
        self.tell(lines);
    }

    /// Whether talk is left out.
    pub fn is_quiet(&self) -> bool {
        self.talk == Talk::Quiet
    }

    /// Says one plain line on stderr, unless told to be quiet.
    pub fn note(&self, text: impl Into<String>) {
        self.say(&[Line::plain(text)]);
    }

    /// Says one line on stderr if asked to say more.
    pub fn detail(&self, text: impl Into<String>) {
        if self.talk == Talk::Verbose {
            self.tell(&[Line::faint(text)]);
        }
    }

    /// Says a line that matters even to those who want quiet.
    pub fn warn(&self, text: impl Into<String>) {
        self.tell(&led(Tone::Bad, "warning: ", &text.into()));
    }

    /// Explains what a question is about, or why an answer will not do; even if quiet was asked for.
    pub fn explain(&self, text: &str) {
        let lines = wrapped(&format!("  {text}"), self.talk_width(), 0, 2);
        self.tell(&lines.into_iter().map(Line::faint).collect::<Vec<_>>());
    }

    /// How many columns a line of talk may have.
    pub fn talk_width(&self) -> usize {
        columns(&Term::stderr())
    }

    /// How many columns a line of the answer may have.
    pub fn answer_width(&self) -> usize {
        columns(&Term::stdout())
    }

    /// Says what stopped a command: the sentence, its causes, and what to type.
    pub fn report(&self, report: &Report) {
        let mut lines = led(Tone::Bad, "error: ", &report.error);
        for cause in &report.because {
            lines.extend(led(Tone::Strong, "because: ", cause));
        }
        let hints = report
            .hint
            .iter()
            .flat_map(|hint| self.given.complete(hint));
        lines.extend(hints.map(|hint| {
            Line::default()
                .and(Tone::Good, "hint: ")
                .and(Tone::Plain, hint)
        }));
        self.tell(&lines);
    }

    /// The lines of a text that names commands: each ends with the only one that it has, as it is typed here.
    pub fn typed(&self, hint: impl Into<Hint>) -> Vec<String> {
        self.given.typed(&hint.into())
    }

    /// Says on stderr what to type, unless told to be quiet.
    pub fn advise(&self, hint: impl Into<Hint>) {
        self.say(
            &self
                .typed(hint)
                .into_iter()
                .map(Line::plain)
                .collect::<Vec<_>>(),
        );
    }

    fn tell(&self, lines: &[Line]) {
        let text: String = lines
            .iter()
            .map(|line| paint(line, self.color.get().1) + "\n")
            .collect();
        // When even stderr is gone there is nobody left to tell.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// Does something while a line on the terminal says so, from the first second on.
    pub fn during<T>(&self, what: &str, work: impl FnOnce() -> T) -> T {
        if self.talk == Talk::Quiet || !is_live() {
            return work();
        }
        let (done, finished) = mpsc::channel::<()>();
        thread::scope(|scope| {
            scope.spawn(move || {
                if finished.recv_timeout(Duration::from_secs(1))
                    == Err(mpsc::RecvTimeoutError::Timeout)
                {
                    prompt::show(&format!("{what} ..."));
                    let _ = finished.recv();
                    prompt::show("");
                }
            });
            let result = work();
            drop(done);
            result
        })
    }

    /// A line on stderr that is written over as time goes by.
    pub fn progress(&self) -> Progress {
        let live = is_live();
        // Where lines cannot be written over, the first ten seconds are not worth one.
        let last = (!live).then(Instant::now);
        Progress {
            live,
            quiet: self.talk == Talk::Quiet,
            last: Cell::new(last),
        }
    }

    /// From here on Ctrl-C does not end the program: it is seen by [`Ui::interrupted`].
    ///
    /// # Errors
    /// When the handler cannot be installed.
    pub fn catch_interrupts(&self) -> Result<(), Stop> {
        let installed =
            signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::clone(&self.interrupted));
        let trouble = |error: io::Error| {
            Stop::Failed(Report::new("Ctrl-C cannot be caught").because(error.to_string()))
        };
        installed.map(drop).map_err(trouble)
    }

    /// Whether Ctrl-C was pressed since the last time this was asked.
    pub fn interrupted(&self) -> bool {
        let pressed = self.interrupted.swap(false, Ordering::SeqCst);
        let new = pressed
            && self
                .last_interrupt
                .get()
                .is_none_or(|last| last.elapsed() >= SAME_INTERRUPT);
        if new {
            self.last_interrupt.set(Some(Instant::now()));
        }
        new
    }
}

/// A text that another program, or a person up to Ctrl-D, says on standard input.
///
/// # Errors
/// What is wrong with it, as [`file::read`].
pub fn said() -> Result<String, String> {
    file::text(io::stdin().lock())
}

/// How many columns a line may have; of what is no terminal, or does not say, as many as it takes.
fn columns(term: &Term) -> usize {
    let columns = term.size_checked().map(|(_, columns)| usize::from(columns));
    columns
        .filter(|columns| *columns >= 20)
        .unwrap_or(usize::MAX)
}

/// A sentence of stderr behind a word that says what it is.
fn led(tone: Tone, word: &str, text: &str) -> Vec<Line> {
    let mut lines = wrapped(text, columns(&Term::stderr()), word.len(), 0).into_iter();
    let first = Line::default().and(tone, word);
    let first = first.and(Tone::Plain, lines.next().unwrap_or_default());
    std::iter::once(first)
        .chain(lines.map(Line::plain))
        .collect()
}

/// Whether the terminal knows no escapes.
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

fn paint(line: &Line, color: bool) -> String {
    line.0
        .iter()
        .map(|(tone, text)| style(*tone, color).apply_to(visible(text)).to_string())
        .collect()
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

/// A line of progress: written over on a terminal, said again every ten seconds elsewhere.
pub struct Progress {
    live: bool,
    quiet: bool,
    last: Cell<Option<Instant>>,
}

impl Progress {
    /// Shows where things stand.
    pub fn show(&self, text: &str) {
        let pause = if self.live {
            Duration::from_millis(500)
        } else {
            Duration::from_secs(10)
        };
        if self.quiet || self.last.get().is_some_and(|last| last.elapsed() < pause) {
            return;
        }
        self.last.set(Some(Instant::now()));
        if self.live {
            prompt::show(text);
        } else {
            let _ = io::stderr()
                .lock()
                .write_all(format!("{}\n", visible(text)).as_bytes());
        }
    }

    /// Takes the line away, so that something else can be said.
    pub fn clear(&self) {
        if self.live && self.last.take().is_some() {
            prompt::show("");
        }
    }
}
