//! The calls that send a post, watched for Ctrl-C.

use std::sync::Arc;

use crate::core::record::{Notice, Placed};
use crate::core::refusal::Stop;
use crate::core::tell::post::Post;
use crate::core::words::Control;
use crate::http;
use crate::team::channel::Receiver;
use crate::team::delivery::{Delivery, tracking, words};
use crate::team::send::{self, Delivered, Watch};

impl Delivery<'_> {
    /// Closes the issue that a comment closes. That comes before the comment, because only closing can be repeated: a
    /// run that ends here has sent nothing.
    pub(super) fn close(&self, one: &Notice, to: &Receiver) -> Result<Delivered, Stop> {
        let (Receiver::Issue(tracker), Some(issue), true) = (to, &one.issue, one.closes) else {
            return Ok(Delivered::Yes);
        };
        let closed = self.watched(one, |watch| {
            let (tracker, number) = (Arc::clone(tracker), issue.number);
            let close = Arc::new(move || (tracker.close(number), Placed::default()));
            send::send(close, watch).0
        })?;
        Ok(match closed {
            Delivered::Unclear(report) => Delivered::No(report),
            known => known,
        })
    }

    pub(super) fn send(
        &self,
        one: &Notice,
        to: &Receiver,
        post: &Post,
    ) -> Result<(Delivered, Placed), Stop> {
        let (ui, channel) = (self.session.ui, &one.channel);
        let end = self.watched(one, |watch| match to {
            Receiver::Chat(chat, webhook) => {
                let manners = (chat.says_ok, chat.on_401);
                let (to, renewal) = (webhook.address.clone(), webhook.renewal());
                let payload = (chat.payload)(post);
                ui.during(&format!("posting to the {channel} channel"), || {
                    send::send(
                        Arc::new(move || {
                            let sent = http::post(manners, &to, &renewal, &payload);
                            (sent, Placed::default())
                        }),
                        watch,
                    )
                })
            }
            Receiver::Issue(tracker) => ui.during(&format!("asking {}", tracker.name()), || {
                tracking::deliver(tracker, (one, self.reference()), post, watch)
            }),
        })?;
        Ok(match (end, to) {
            ((Delivered::Yes, placed), Receiver::Chat(chat, _)) => {
                ui.note(format!(
                    "{} accepted the post to the {channel} channel",
                    chat.receiver
                ));
                (Delivered::Yes, placed)
            }
            ((Delivered::Yes, placed), Receiver::Issue(_)) => {
                ui.note(words::placed(one, &placed));
                (Delivered::Yes, placed)
            }
            (end, _) => end,
        })
    }

    fn watched<T>(&self, one: &Notice, sends: impl FnOnce(&mut Watch<'_>) -> T) -> Result<T, Stop> {
        let (ui, channel) = (self.session.ui, &one.channel);
        ui.catch_interrupts()?;
        let progress = ui.progress();
        let end = sends(&mut |why| {
            if let Some((why, left)) = why {
                let (why, left) = (&why.error, left.as_secs() + 1);
                progress.show(&format!("{channel}: {why}; trying again in {left} s"));
            }
            self.left.set(self.left.get() || ui.interrupted());
            match self.left.get() {
                true => Control::Leave,
                false => Control::GoOn,
            }
        });
        progress.clear();
        Ok(end)
    }
}
