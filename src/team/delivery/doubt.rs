//! Attempts to send a post whose end was not seen.

use crate::core::record::{Attempt, How, ISSUE, Notice, Placed};
use crate::core::refusal::{Report, Stop};
use crate::core::tell::markdown;
use crate::core::text::{Line, ago};
use crate::core::words::EventId;
use crate::forge::issue::Search;
use crate::git::record::identity;
use crate::team::channel::{Receiver, Route, route};
use crate::team::compose::compose;
use crate::team::delivery::words::opens;
use crate::team::delivery::{Delivery, tracking, words};
use crate::team::send::Delivered;

/// The number of seconds for which somebody else's attempt counts as in progress.
const FRESH: u64 = 300;

/// Returns whether an attempt at that time may still be in progress. The other clock may be ahead by as much.
fn is_fresh(now: i64, at: i64) -> bool {
    now.abs_diff(at) < FRESH
}

impl Delivery<'_> {
    /// Finds interrupted texts on an issue and records them, without a question.
    pub fn settle(&self, pending: &[Notice]) -> Result<(), Stop> {
        let notes = self.session.notes();
        for one in pending.iter().filter(|one| one.channel == ISSUE) {
            let open = one.attempt.as_ref();
            let Some(open) = open.filter(|open| !notes.is_unsent(&open.id)) else {
                continue;
            };
            let route = route(self.session, self.config, ISSUE);
            if let Some(placed) = self.found(one, &route, Search::Own) {
                self.ended(one, Some(open.id.clone()), How::Found, placed)?;
            }
        }
        Ok(())
    }

    /// Returns where the forge has the text; `None` if it was not found, which proves nothing.
    fn found(&self, one: &Notice, route: &Route, whose: Search) -> Option<Placed> {
        let one = self.with_issue(one);
        self.session.ui.during("looking for the post", || {
            tracking::found(route, &one, whose)
        })
    }

    /// Drops a comment whose issue is gone, because it can never be made. Returns whether it did.
    pub(super) fn gives_up(
        &self,
        one: &Notice,
        attempt: &EventId,
        to: &Receiver,
    ) -> Result<bool, Stop> {
        let (Receiver::Issue(tracker), Some(issue)) = (to, &one.issue) else {
            return Ok(false);
        };
        let how = tracker.gone_how(issue.number);
        let Some(how) = how.filter(|_| !opens(one)) else {
            return Ok(false);
        };
        self.session.ui.warn(format!(
            "no comment was made on {}: {} says that the issue {how}, so the comment is no longer pending",
            issue.address,
            tracker.name()
        ));
        let (attempt, how) = (Some(attempt.clone()), How::Skipped);
        self.ended(one, attempt, how, Placed::default())
            .map(|()| true)
    }

    /// Decides whether to leave an attempt whose end was not seen. Nothing is sent twice without a question.
    pub(super) fn is_left(
        &self,
        one: &Notice,
        open: &Attempt,
        route: &Route,
    ) -> Result<bool, Stop> {
        if let Some(placed) = self.found(one, route, Search::Own) {
            self.session.ui.note(words::placed(one, &placed));
            let (attempt, how) = (Some(open.id.clone()), How::Found);
            return self.ended(one, attempt, how, placed).map(|()| true);
        }
        if let Route::Send(to) = route
            && self.gives_up(one, &open.id, to)?
        {
            return Ok(true);
        }
        let (ui, now) = (self.session.ui, self.session.when().now);
        let (name, email) = identity(&self.session.repo).unwrap_or_default();
        let (by, when) = (&open.by.name, ago(now, open.at));
        let place = words::place(one);
        let story = format!("{by} began to send the post to {place} {when}");
        if !open.by.is_called(&name, &email) && is_fresh(now, open.at) {
            ui.note(format!("{story}, and may still be sending it"));
            return Ok(true);
        }
        // The run may have ended before it closed the issue.
        if let Route::Send(to) = route
            && let Delivered::No(why) = self.close(one, to)?
        {
            return Err(self.unclear(one, why));
        }
        let story = format!("{story}; its result is unknown");
        if !ui.is_interactive() {
            return Err(self.unclear(one, Report::new(story)));
        }
        self.asked(one, open, route, story)
    }

    /// Asks a person, who can look at the channel.
    fn asked(
        &self,
        one: &Notice,
        open: &Attempt,
        route: &Route,
        story: String,
    ) -> Result<bool, Stop> {
        let (ui, place) = (self.session.ui, words::place(one));
        ui.warn(format!("{story}. The post is:"));
        let text = markdown::payload(&compose(self.session, self.config, one)?);
        ui.insist(&text.lines().map(Line::plain).collect::<Vec<_>>());
        ui.catch_interrupts()?;
        let answer = ui.ask(&format!(
            "Look at {place}: is the post there? Type posted (yes), repost (send it again) or skip (never send it): "
        ));
        let mut placed = Placed::default();
        let how = match answer.as_deref().map(str::trim) {
            Some("posted") => {
                // A comment is later read from its issue, so its place must be known.
                match self.found(one, route, Search::Anybodys) {
                    Some(found) => placed = found,
                    None if one.channel == ISSUE => {
                        let report =
                            Report::new("no issue or comment there belongs to this proposal");
                        return Err(self.unclear(one, report));
                    }
                    None => {}
                }
                How::Found
            }
            Some("skip") => How::Skipped,
            Some("repost") => return Ok(false),
            _ => return Err(self.unclear(one, Report::new(story))),
        };
        self.ended(one, Some(open.id.clone()), how, placed)
            .map(|()| true)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_attempt_is_fresh_for_five_minutes_by_either_clock() {
        for (at, is_fresh) in [
            (1_000, true),
            (701, true),
            (700, false),
            (1_299, true),
            (1_300, false),
            (i64::MIN, false),
        ] {
            assert_eq!(super::is_fresh(1_000, at), is_fresh, "{at}");
        }
    }
}
