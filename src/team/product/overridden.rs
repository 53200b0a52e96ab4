//! The post about a promotion outside the allowed time.

use crate::core::record::{News, Notice};
use crate::core::refusal::Stop;
use crate::core::typed::Typed;
use crate::git::record::identity;
use crate::team::channel::{self, TECHNICAL};
use crate::team::posting::Pending;
use crate::team::product::ProductPost;

impl ProductPost<'_> {
    /// Notifies the technical channel that the policy was overridden, unless the record has that post pending.
    ///
    /// # Errors
    /// [`Stop::Incomplete`]: the deploy stands.
    pub fn tell_overridden(&self, reason: String, again: &Typed) -> Result<(), Stop> {
        let post = self.override_notice(reason);
        let is_configured = channel::configured(self.config, TECHNICAL).is_some();
        match (&self.config.record, is_configured) {
            (None, _) => self.delivery(again).deliver_once(&post),
            (Some(_), false) => {
                self.delivery(again).print_once(&post);
                Ok(())
            }
            (Some(_), true) => Ok(()),
        }
    }

    pub fn preview_override(&self, reason: String) -> Result<(), Stop> {
        let delivery = self.delivery(&Typed::smp("promote"));
        delivery.print(&self.override_notice(reason))
    }

    fn override_notice(&self, reason: String) -> Notice {
        let by = identity(&self.session.repo).map_or("somebody".to_owned(), |(name, _)| name);
        let news = News::overridden(&by, &reason);
        let place = self.names().first().copied().unwrap_or_default();
        let place = (place, &self.commit);
        channel::of_deploy(TECHNICAL, &self.tells(None), place, news)
    }

    /// Does the same after a failed check, when no other post of the promotion is sent.
    pub fn tell_failed(&self, reason: String, pending: Pending, again: &Typed) -> Result<(), Stop> {
        self.tell_overridden(reason, again)?;
        if self.config.record.is_none() {
            return Ok(());
        }
        self.delivery(again).deliver(pending, |one| {
            let news = &one.news;
            matches!(
                news,
                News::Released {
                    overridden: Some(_),
                    ..
                }
            )
        })
    }
}
