//! The text of a promotion, which this clone keeps through interrupted runs, and an earlier one that was never posted.

use std::collections::HashSet;

use crate::core::decide::Step;
use crate::core::record::{Deploying, Event, Kind, Telling, What, settled};
use crate::core::refusal::Stop;
use crate::core::tell::post::titled;
use crate::core::text::{Line, and};
use crate::core::words::{CommitId, EventId};
use crate::notes::Text;
use crate::options::Asking;
use crate::team::channel::{self, PRODUCT, TECHNICAL};
use crate::team::product::{LATEST, ProductPost};
use crate::team::recorder::Recorder;
use crate::team::summary::{self, Offer, Summary};

impl ProductPost<'_> {
    pub(super) fn asked_for(&self, asking: Asking) -> Result<Summary, Stop> {
        // A text that was written for this deploy before an interruption is not requested again.
        if let Some(text) = self.notes().begun_text(&self.commit)
            && !self.pushes
        {
            return Ok(Summary::of(text));
        }
        let kept = self.notes().text();
        let kept = kept.filter(|kept| kept.commit == self.commit);
        let kept = kept.map(|kept| (kept.text, None));
        let kept = kept.or_else(|| self.announced().map(|(by, text)| (text, Some(by))));
        let (kept, by) = kept.unzip();
        let (kept, by) = (kept.as_deref(), by.flatten());
        let offer = Offer {
            heading: &titled(&and(&self.names()), "deploy", &self.date),
            commit: &self.commit,
            from: self.targets.iter().find_map(|(_, from)| from.as_ref()),
            kept,
            by,
        };
        match offer.kept {
            Some(kept) if asking.dry_run => Ok(Summary::of(kept.to_owned())),
            None if asking.dry_run => {
                let text = summary::drafted(self.session, &offer)?;
                if !text.is_empty() {
                    self.session.ui.note(format!(
                        "the text for the {PRODUCT} channel is a draft; your editor will open with it"
                    ));
                }
                Ok(Summary::of(text))
            }
            Some(kept) if asking.yes => {
                let from = match by {
                    Some(by) => format!("the promotion that {by} began"),
                    None => "an earlier run for this commit".to_owned(),
                };
                self.session
                    .ui
                    .note(format!("the text for the {PRODUCT} channel is from {from}"));
                Ok(Summary::of(kept.to_owned()))
            }
            None if asking.yes => Ok(Summary::Missing),
            _ => summary::written(self.session, &offer),
        }
    }

    /// Returns the text in the announcement of this promotion, and who began it.
    fn announced(&self) -> Option<(&str, String)> {
        let mut names = self.names().into_iter();
        names.find_map(|name| {
            let open = self.state?.unended_to(name, &self.commit)?;
            let is_it = open.kind == Kind::Promote && !(self.pushes && open.given_up);
            let tells = open.tells.as_ref().filter(|_| is_it)?;
            Some((&*open.by.name, tells.text.clone()?))
        })
    }

    /// Returns a step for each post that is sent with this one. `text` is its own and is not posted twice.
    pub fn carried_posts(&self, text: Option<&str>) -> Vec<Step> {
        let posts = self.carried_with(text).flat_map(|(open, tells)| {
            let channels = tells.channels.iter();
            // Where a check failed, the override was told at once.
            let channels = channels.filter(|name| *name != TECHNICAL || open.failed.is_none());
            channels.map(move |name| (open, name))
        });
        let steps = posts.map(|(open, name)| {
            let of = format!(" ({}, by {})", open.to.short(), open.by.name);
            channel::step_of(self.session, self.config, name, of)
        });
        steps.collect()
    }

    /// Returns the heading and the text of each of these posts.
    pub(super) fn carried_texts<'s>(&'s self, text: Option<&'s str>) -> Vec<(String, &'s str)> {
        let texts = self.carried_with(text).filter_map(|(open, tells)| {
            let (by, short) = (&open.by.name, open.to.short());
            let heading = format!("The post about {short}, by {by}, will say");
            Some((heading, tells.text.as_deref()?))
        });
        texts.collect()
    }

    fn carried_with<'s>(
        &'s self,
        text: Option<&'s str>,
    ) -> impl Iterator<Item = (&'s Deploying, &'s Telling)> {
        let all = self.carried.iter();
        let all = all.filter_map(|open| Some((open, open.tells.as_ref()?)));
        all.filter(move |(_, tells)| {
            let theirs = tells.text.as_deref().map(settled);
            theirs.is_none() || theirs != text.map(settled)
        })
    }

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
        let mut carried = self.carried.iter();
        carried.any(|open| says(kept, (&open.to, &open.tells)))
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
