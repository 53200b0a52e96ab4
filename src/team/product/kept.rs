//! The text of a promotion, which this clone keeps through interrupted runs, and an earlier one that was never posted.

use std::collections::HashSet;

use crate::core::decide::{Plan, Step};
use crate::core::record::{Deploying, Event, State, Telling, What, settled};
use crate::core::refusal::Stop;
use crate::core::text::Line;
use crate::core::words::{CommitId, EventId};
use crate::notes::Text;
use crate::team::channel::PRODUCT;
use crate::team::product::{LATEST, ProductPost};
use crate::team::recorder::Recorder;

/// Returns the promotions without a recorded end that the pushes of a plan contain: their posts are sent with its own.
pub(super) fn contained<'s>(plan: &Plan, state: Option<&'s State>) -> Vec<&'s Deploying> {
    let pushed = plan.steps.iter().filter_map(|step| match step {
        Step::Push {
            environment,
            expected,
            ..
        } => Some(state?.contained(expected.as_ref(), environment)),
        _ => None,
    });
    pushed.flatten().collect()
}

impl ProductPost<'_> {
    /// Stores the text before the question and before any effect, so neither a no nor an interruption loses it.
    pub fn keep(&self, text: Option<&str>, begun: bool) -> Result<(), Stop> {
        let Some(text) = text else { return Ok(()) };
        if let Some(kept) = self.notes().text()
            && kept.commit != self.commit
            && kept.begun
            && !self.is_taken_care_of(&kept)
        {
            let (ui, short) = (self.session.ui, kept.commit.short());
            ui.warn(format!(
                "this text for {short} was never posted to the {PRODUCT} channel:"
            ));
            ui.insist(&kept.text.lines().map(Line::plain).collect::<Vec<_>>());
        }
        let (commit, text) = (self.commit.clone(), text.to_owned());
        self.notes().keep_text(&Text {
            commit,
            text,
            begun,
        })
    }

    /// Returns whether the text of an earlier promotion was posted, is pending, or will be posted with this one.
    fn is_taken_care_of(&self, kept: &Text) -> bool {
        let mut contained = self.contained.iter();
        contained.any(|open| says(kept, (&open.to, &open.tells)))
            || self.is_pending(&kept.text)
            || is_posted(&self.latest(), kept)
    }

    /// Returns the latest events of the record.
    pub(super) fn latest(&self) -> Vec<Event> {
        let recorder = Recorder::of(&self.session.repo, self.config, false);
        let events = recorder.and_then(|recorder| {
            let reading = recorder.known()?;
            Some(recorder.latest_events(&reading, LATEST).ok()?.0)
        });
        events.unwrap_or_default()
    }
}

/// Returns whether a promotion has the kept commit and text.
fn says(kept: &Text, (to, tells): (&CommitId, &Option<Telling>)) -> bool {
    let text = tells.as_ref().and_then(|it| it.text.as_deref());
    *to == kept.commit && text.map(settled) == Some(settled(&kept.text))
}

/// Returns whether one of these events ended the post about an announced or recorded promotion with this text.
fn is_posted(events: &[Event], kept: &Text) -> bool {
    let told = events.iter().filter(|event| match &event.what {
        What::Deploying(it) => says(kept, (&it.to, &it.tells)),
        What::Deployed(it) => says(kept, (&it.to, &it.tells)),
        _ => false,
    });
    let told: HashSet<&EventId> = told.map(|event| &event.id).collect();
    events.iter().any(|event| match &event.what {
        What::Posted { about, channel, .. } => channel == PRODUCT && told.contains(about),
        _ => false,
    })
}
