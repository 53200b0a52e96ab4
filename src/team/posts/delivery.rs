//! The delivery of a post. Where no record is kept there is one: nobody could know of a second.

use crate::core::record::Notice;
use crate::core::refusal::{Report, Stop};
use crate::core::tell::post::Post;
use crate::core::tell::{markdown, slack, teams};
use crate::core::words::ChannelKind;
use crate::core::words::Control;
use crate::http;
use crate::team::posts::{Posts, configured, kind, lacks_webhook};
use crate::team::sending::{self, Outcome};
use crate::team::webhook;

impl Posts<'_> {
    /// Tells a channel: what is not taken is printed.
    ///
    /// # Errors
    /// [`Stop::Incomplete`]: what was done stands, and nobody was told.
    pub fn tell_once(&self, owed: &Notice) -> Result<(), Stop> {
        let told = self.try_once(owed);
        told.map_err(|stop| {
            let text = format!("{}, but {} was not told", self.done, owed.channel);
            Stop::Incomplete(Report::new(text).because(stop.to_string()))
        })
    }

    fn try_once(&self, owed: &Notice) -> Result<(), Stop> {
        let (ui, channel) = (self.session.ui, owed.channel.as_str());
        let post = self.composed(owed)?;
        match kind(self.config, channel) {
            ChannelKind::Print => {}
            _ if lacks_webhook(&self.session.repo, self.config, channel) => {
                ui.note(format!("no webhook of {channel} here"));
            }
            kind => {
                let outcome = match self.address(channel) {
                    Ok(address) => self.deliver(kind, channel, &address, &post)?,
                    Err(report) => Outcome::NotTaken(report),
                };
                let (story, why) = match outcome {
                    Outcome::Accepted => return Ok(()),
                    Outcome::NotTaken(why) => (format!("{channel} was not told"), why),
                    Outcome::Unclear(why) => {
                        (format!("whether {channel} was told is not known"), why)
                    }
                };
                let causes = std::iter::once(&why.error).chain(&why.because).cloned();
                ui.warn(format!(
                    "{story}: {}",
                    causes.collect::<Vec<_>>().join("; ")
                ));
                why.hint.iter().for_each(|hint| ui.advise(hint.clone()));
            }
        }
        ui.note(format!("for the {channel} channel:"));
        ui.data(markdown::payload(&post).as_bytes())
    }

    pub(super) fn address(&self, channel: &str) -> Result<webhook::Webhook, Report> {
        let found = configured(self.config, channel)
            .map(|channel| webhook::find(&self.session.repo, channel));
        match found {
            Some(Ok(Some(webhook))) => Ok(webhook),
            Some(Err(stop)) => Err(stop
                .report()
                .cloned()
                .unwrap_or_else(|| Report::new("no webhook can be read"))),
            // That there is one was seen before.
            None | Some(Ok(None)) => Err(Report::new(format!(
                "this clone has no webhook of {channel}"
            ))),
        }
    }

    pub(super) fn deliver(
        &self,
        kind: ChannelKind,
        channel: &str,
        webhook: &webhook::Webhook,
        post: &Post,
    ) -> Result<Outcome, Stop> {
        let ui = self.session.ui;
        let (payload, who) = match kind {
            ChannelKind::Slack => (slack::payload(post), "Slack"),
            ChannelKind::Teams | ChannelKind::Print => (teams::payload(post), "the Teams workflow"),
        };
        ui.catch_interrupts()?;
        let progress = ui.progress();
        let outcome = ui.during(&format!("posting to {channel}"), || {
            sending::send(kind, &webhook.address, &payload, &mut |why, left| {
                progress.show(&format!(
                    "{channel}: {}; again in {} s",
                    why.error,
                    left.as_secs() + 1
                ));
                if ui.interrupted() {
                    Control::Leave
                } else {
                    Control::GoOn
                }
            })
        });
        progress.clear();
        Ok(match outcome {
            Outcome::Accepted => {
                ui.note(format!("{who} accepted the post to {channel}"));
                Outcome::Accepted
            }
            Outcome::NotTaken(report) if report.hint == Some(http::renew()) => {
                Outcome::NotTaken(report.hint(webhook.renewal()))
            }
            outcome => outcome,
        })
    }
}
