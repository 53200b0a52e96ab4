//! The comments on a proposal's issue: read by commands that need a verdict, and recorded once. If the forge does not
//! answer, the record stands, and nothing is guessed.

use crate::core::config::Config;
use crate::core::decide::answer::{Remark, VoidRemark, answers, bear_out};
use crate::core::record::{
    Candidate, Event, FORMAT, ISSUE, Judged, News, Notice, Person, RecordView, State, Verdict, What,
};
use crate::core::refusal::{Report, Stop};
use crate::core::typed::Typed;
use crate::forge::issue::Tracker;
use crate::git::record::identity;
use crate::session::Session;
use crate::team::channel::{TECHNICAL, asks, to_tell};
use crate::team::delivery::Delivery;
use crate::team::recorder::{Recorder, new_id};

const NAMED: usize = 10;

/// Records the verdicts in comments; with `dry_run` only the view gets them. Warns about void ones and returns them.
pub fn hear(
    session: &Session<'_>,
    config: &Config,
    view: &mut RecordView,
    dry_run: bool,
) -> Vec<VoidRemark> {
    let heard = listen(session, config, view, dry_run);
    let void = heard.unwrap_or_else(|unread| {
        view.believe_keys_alone(unread);
        Vec::new()
    });
    for one in void.iter().take(NAMED) {
        let text = format!("the comment of {} {}: {}", one.by, one.why, one.address);
        session.ui.warn(text);
    }
    if let Some(more) = void.len().checked_sub(NAMED).filter(|more| *more > 0) {
        let text = format!("and {more} more comments that do not count");
        session.ui.warn(text);
    }
    void
}

/// Records new comments just before a push, without repeating the warnings about void ones.
pub fn hear_again(session: &Session<'_>, config: &Config, view: &mut RecordView) {
    if let Err(unread) = listen(session, config, view, false) {
        view.believe_keys_alone(unread);
    }
}

/// Does the same without warnings. `Err`: the forge confirmed nothing; true if it did not answer.
fn listen(
    session: &Session<'_>,
    config: &Config,
    view: &mut RecordView,
    dry_run: bool,
) -> Result<Vec<VoidRemark>, bool> {
    let recorder = Recorder::of(&session.repo, config, session.ui.is_interactive());
    let (recorder, state) = recorder.zip(asked(config, view)).ok_or(false)?;
    let hearing = Hearing {
        session,
        config,
        recorder,
        dry_run,
    };
    if state
        .candidate
        .as_ref()
        .and_then(Candidate::issue)
        .is_none()
    {
        hearing.settle(&state, view);
    }
    let state = asked(config, view).ok_or(false)?;
    let issue = state.candidate.as_ref().and_then(Candidate::issue);
    let issue = issue.ok_or(false)?;
    let four_eyes = state.candidate.as_ref().is_some_and(|open| open.four_eyes);
    let by_keys = four_eyes && view.reading().is_some_and(|one| one.signed.is_some());
    let read = session.ui.during("reading the comments", || {
        let tracker = Tracker::find(session, config)?;
        let question = four_eyes.then(|| tracker.question(issue.number));
        Ok(ShownIssue {
            question: question.transpose()?,
            remarks: tracker.remarks(issue.number)?,
        })
    });
    match read {
        Ok(heard) => Ok(hearing.hear(&state, &heard, view)),
        Err(why) => {
            hearing.is_away(&issue.address, &why, (four_eyes, by_keys));
            Err(true)
        }
    }
}

/// Finds out whether interrupted texts on an issue exist, and records that without a question.
pub fn settle(session: &Session<'_>, config: &Config, state: &State) {
    if !asks(config) || !state.pending.iter().any(is_begun) {
        return;
    }
    let delivery = Delivery::of(session, config, "recorded", Typed::smp("propose"));
    if let Err(stop) = delivery.settle(&state.pending) {
        session.ui.warn(stop.to_string());
    }
}

/// Returns the state if its candidate has an issue. A copy does not count, because it lacks recent events.
fn asked(config: &Config, view: &RecordView) -> Option<State> {
    let reading = view.reading().filter(|_| asks(config))?;
    let state = &reading.state;
    let open = state.candidate.as_ref();
    let is_asked = open.is_some_and(|open| open.inquiry.is_some());
    let can_tell = reading.copy.is_none() && state.format <= FORMAT;
    (is_asked && can_tell).then(|| state.clone())
}

fn is_begun(one: &Notice) -> bool {
    one.channel == ISSUE && one.attempt.is_some()
}

/// The forge's answer: the comments and, with `four_eyes`, the issue itself.
struct ShownIssue {
    question: Option<Remark>,
    remarks: Vec<Remark>,
}

impl ShownIssue {
    /// Clears recorded logins that the forge does not confirm; returns why. `record` is its ref.
    fn bear_out(&self, state: &mut State, record: &str) -> Vec<String> {
        let open = state.candidate.as_mut();
        let open = open.zip(self.question.as_ref());
        let told = open.map(|(open, asked)| bear_out(open, (asked, &self.remarks), record));
        told.unwrap_or_default()
    }
}

/// A command that reads comments, and whether it may record them.
struct Hearing<'a> {
    session: &'a Session<'a>,
    config: &'a Config,
    recorder: Recorder<'a>,
    dry_run: bool,
}

impl Hearing<'_> {
    /// Finds out whether an interrupted run opened the issue.
    fn settle(&self, state: &State, view: &mut RecordView) {
        if !self.dry_run && state.pending.iter().any(is_begun) {
            settle(self.session, self.config, state);
            self.read_again(view);
        }
    }

    fn read_again(&self, view: &mut RecordView) {
        if let (RecordView::Read(reading), Some(now)) = (view, self.recorder.known()) {
            **reading = now;
        }
    }

    /// Records the verdicts. If the forge does not confirm the proposer, no comment counts as a sign-off, not even a
    /// recorded one. Returns the comments that do not count.
    fn hear(&self, state: &State, shown: &ShownIssue, view: &mut RecordView) -> Vec<VoidRemark> {
        let mut state = state.clone();
        let faults = shown.bear_out(&mut state, self.recorder.reference());
        let void = self.take(&state, shown, view);
        if let (RecordView::Read(reading), [first, ..]) = (&mut *view, faults.as_slice()) {
            shown.bear_out(&mut reading.state, self.recorder.reference());
            let text = format!(
                "no comment counts as a sign-off: {first}; close the candidate and propose it again"
            );
            self.session.ui.warn(text);
            view.believe_keys_alone(false);
        }
        void
    }

    fn take(&self, state: &State, shown: &ShownIssue, view: &mut RecordView) -> Vec<VoidRemark> {
        let Some(candidate) = &state.candidate else {
            return Vec::new();
        };
        let told = answers(candidate, &shown.remarks, &self.channels());
        if told.events.is_empty() {
            return told.void;
        }
        if self.dry_run {
            told.events.iter().for_each(|what| self.say(what));
            self.add(told.events, view);
            return told.void;
        }
        let recorded = self
            .session
            .ui
            .during("writing the record", || self.record(shown));
        match recorded {
            Ok(events) => {
                events.iter().for_each(|what| self.say(what));
                self.read_again(view);
            }
            Err(stop) => {
                // The comments may say that a recorded sign-off is void, or block.
                view.believe_keys_alone(false);
                self.add(told.events, view);
                self.session.ui.warn(format!(
                    "the verdicts in the comments could not be recorded: {stop}"
                ));
            }
        }
        told.void
    }

    fn channels(&self) -> Vec<String> {
        to_tell(self.config, TECHNICAL)
    }

    /// Adds one event per comment, decided again if somebody else was faster. Returns the added events.
    fn record(&self, shown: &ShownIssue) -> Result<Vec<What>, Stop> {
        let (channels, mut ids, mut made) = (self.channels(), Vec::new(), Vec::new());
        self.recorder.append_all(&mut |state, nth| {
            made.truncate(nth);
            if ids.len() <= nth {
                ids.push(new_id());
            }
            let mut state = state.clone();
            shown.bear_out(&mut state, self.recorder.reference());
            let open = state.candidate.as_ref();
            let told = open.map(|open| answers(open, &shown.remarks, &channels));
            let next = told.and_then(|told| told.events.into_iter().next());
            made.extend(next.clone());
            Ok(ids.get(nth).cloned().zip(next))
        })?;
        Ok(made)
    }

    /// Adds events to the view alone.
    fn add(&self, events: Vec<What>, view: &mut RecordView) {
        let RecordView::Read(reading) = view else {
            return;
        };
        let (name, email) = identity(&self.session.repo).unwrap_or_default();
        for what in events {
            let event = Event {
                id: new_id(),
                by: Person::named(name.clone(), email.clone()),
                at: self.session.when().now,
                program: String::new(),
                what,
            };
            if let Ok(next) = reading.state.after(&event) {
                reading.state = next;
            }
        }
    }

    fn say(&self, what: &What) {
        let did = if self.dry_run {
            "to be recorded"
        } else {
            "recorded"
        };
        let text = match what {
            What::Judged(Judged {
                of,
                verdict,
                commit,
                note,
                comment: Some(comment),
                ..
            }) => {
                let (said, why) = match (verdict, note) {
                    (Verdict::Pass, _) => ("signed off", ""),
                    (Verdict::Block, Some(_)) => ("blocked", ""),
                    (Verdict::Block, None) => ("blocked", ", without a reason"),
                };
                let (short, address) = (commit.short(), &comment.address);
                format!("{of} {said} {short} in {address}{why}")
            }
            What::Voided(it) => format!(
                "the yes of {} for {} no longer counts: {}",
                it.of,
                it.commit.short(),
                it.why
            ),
            _ => return,
        };
        self.session.ui.note(format!("{did}: {text}"));
    }

    /// With `by_keys` a comment counts only as much as the key that recorded it.
    fn is_away(&self, address: &str, why: &Report, (four_eyes, by_keys): (bool, bool)) {
        let so = match (four_eyes, by_keys) {
            (_, true) => {
                "until they are read, a sign-off in a comment counts only if somebody else's key recorded it"
            }
            (true, false) => "until they are read, no sign-off in a comment counts",
            (false, false) => "the verdicts on record stay as they are",
        };
        let because = why.because.first();
        let because = because
            .map(|cause| format!(" ({cause})"))
            .unwrap_or_default();
        self.session.ui.warn(format!(
            "the comments on {address} were not read: {}{because}; {so}",
            why.error
        ));
    }
}

/// Notifies the technical channel of blocks in comments, as `signoff` does for typed ones.
pub fn tell_blocks(
    session: &Session<'_>,
    config: &Config,
    state: &State,
    again: Typed,
) -> Result<(), Stop> {
    if !asks(config) {
        return Ok(());
    }
    let delivery = Delivery::of(session, config, "recorded", again);
    delivery.deliver(state, |one| matches!(one.news, News::Blocked { .. }))
}
