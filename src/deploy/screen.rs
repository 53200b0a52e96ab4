//! What appears on the terminal while a plan is carried out.

use std::collections::VecDeque;
use std::time::Duration;

use crate::core::decide::Step;
use crate::core::text::{Line, Tone, counted};
use crate::core::words::{CommitId, Control};
use crate::team::posting::Pending;
use crate::terminal::{self, Ui};

/// What happens while a plan is carried out.
pub enum Progress<'a> {
    Pushing(&'a Step, &'a CommitId),
    /// A push begins, which is rejected if the record has moved, or if the host cannot move refs together.
    Trying(&'a Step, &'a CommitId),
    /// A line of the remote or of git; foreign text.
    Said(&'a str),
    /// Another push brought the commit to an environment meanwhile. True if it may be an earlier one of this clone.
    ByOthers(&'a str, bool),
    /// A push has been running for this long.
    StillPushing(&'a str, Duration),
    /// An environment does not report the commit yet: its name, the time of the wait, and what it reports.
    Waiting(&'a str, Duration, &'a str),
    /// An environment reports the commit, and has to go on for this long.
    Confirming(&'a str, &'a CommitId, Duration),
    /// The pages of an environment are asked: for how long, and how many of how many have passed.
    Checking(&'a str, Duration, (usize, usize)),
    /// Something is wrong, but prevents nothing.
    Warned(String),
    Live(&'a str, &'a CommitId),
    Recording,
    /// The deploy is recorded, which lifts the freeze of this environment.
    Recorded(Option<&'a str>),
}

pub struct Screen {
    progress: terminal::progress::ProgressLine,
    asked_to_leave: u32,
    /// The push that was shown last. It may be sent more than once.
    begun: Option<String>,
    /// The push that is shown once it is more than a try.
    tried: Option<String>,
    /// The host's words that `--quiet` hides. They are shown only to explain a failure.
    unsaid: VecDeque<Line>,
    /// The environments to which somebody else brought the commit at the same time.
    pub by_others: Vec<String>,
    /// What is pending on the record after this run's last event.
    pub owed: Option<Pending>,
}

impl Screen {
    pub fn of(ui: &Ui) -> Self {
        Self {
            progress: ui.progress(),
            asked_to_leave: 0,
            begun: None,
            tried: None,
            unsaid: VecDeque::new(),
            by_others: Vec::new(),
            owed: None,
        }
    }

    /// Ends the output. After a failure, shows what the host said and was not shown.
    pub fn end(&mut self, ui: &Ui, is_failed: bool) {
        self.progress.clear();
        if is_failed {
            ui.insist(self.unsaid.make_contiguous());
        }
    }

    fn said(&mut self, ui: &Ui, line: &str) {
        let line = Line::default()
            .and(Tone::Faint, "  | ")
            .and(Tone::Plain, line);
        if ui.is_quiet() {
            self.unsaid.push_back(line);
            self.unsaid.drain(..self.unsaid.len().saturating_sub(40));
        } else {
            ui.say(&[line]);
        }
    }

    fn begins(&mut self, ui: &Ui, step: String) {
        if self.begun.as_ref() != Some(&step) {
            ui.note(format!("{step} ..."));
            self.begun = Some(step);
        }
    }

    /// Shows the push that was tried, once there is a sign of it.
    fn is_more_than_a_try(&mut self, ui: &Ui, progress: &Progress<'_>) {
        if matches!(progress, Progress::Said(_) | Progress::StillPushing(..))
            && let Some(step) = self.tried.take()
        {
            self.begins(ui, step);
        }
    }

    fn still_pushing(&mut self, ui: &Ui, name: &str, elapsed: Duration) -> Control {
        if self.asked_to_leave == 1 {
            self.asked_to_leave += 1;
            self.progress.clear();
            ui.warn(
                "the push cannot be stopped; waiting for it. Press Ctrl-C again to leave it running",
            );
        }
        let text = format!("pushing to {name}, {} s", elapsed.as_secs());
        self.progress.show(&text);
        wish(self.asked_to_leave > 2)
    }

    /// Shows what happens. Returns whether the person asked to leave.
    pub fn hear(&mut self, ui: &Ui, progress: Progress<'_>) -> Control {
        self.asked_to_leave += u32::from(ui.interrupted());
        let is_passing = matches!(
            progress,
            Progress::StillPushing(..)
                | Progress::Waiting(..)
                | Progress::Confirming(..)
                | Progress::Checking(..)
                | Progress::Recording
        );
        if !is_passing {
            self.progress.clear();
        }
        self.is_more_than_a_try(ui, &progress);
        match progress {
            Progress::Said(line) => {
                self.said(ui, line);
                return Control::GoOn;
            }
            Progress::Warned(text) => {
                ui.warn(text);
                return Control::GoOn;
            }
            Progress::StillPushing(name, elapsed) => return self.still_pushing(ui, name, elapsed),
            Progress::Pushing(step, commit) => self.begins(ui, step.told(commit)),
            Progress::Trying(step, commit) => self.tried = Some(step.told(commit)),
            Progress::ByOthers(name, is_again) => {
                ui.note(match is_again {
                    true => format!("an earlier push from this clone, or somebody else's, brought the same commit to {name}"),
                    false => {
                        format!("somebody else pushed the same commit to {name} at the same time")
                    }
                });
                self.by_others.push(name.to_owned());
            }
            Progress::Waiting(name, elapsed, reports) => self.progress.show(&format!(
                "waiting for {name}, {} s: it reports {reports}",
                elapsed.as_secs()
            )),
            Progress::Confirming(name, commit, left) => self.progress.show(&format!(
                "{name} reports {}; watching for {} s more",
                commit.short(),
                left.as_secs_f64().ceil()
            )),
            Progress::Checking(name, elapsed, (passed, all)) => self.progress.show(&format!(
                "checking {name}, {} s: {passed} of {} passed",
                elapsed.as_secs(),
                counted(all, "check")
            )),
            Progress::Recording => self.progress.show("writing the record"),
            Progress::Recorded(Some(name)) => {
                done(ui, format!("on record; the freeze on {name} is lifted"));
            }
            Progress::Recorded(None) => done(ui, "on record".to_owned()),
            Progress::Live(name, commit) => done(ui, format!("{name} runs {}", commit.short())),
        }
        wish(self.asked_to_leave > 0)
    }
}

fn done(ui: &Ui, text: String) {
    let line = Line::default().and(Tone::Good, "done: ");
    ui.say(&[line.and(Tone::Plain, text)]);
}

fn wish(leaves: bool) -> Control {
    match leaves {
        true => Control::Leave,
        false => Control::GoOn,
    }
}
