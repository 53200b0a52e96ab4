//! The delivery of posts, the same for all commands: each pending notification is sent or printed once, and its end is
//! recorded. Without a record a post is tried once, and printed if it was not accepted.

mod doubt;
mod sending;
mod tracking;
mod words;

use std::cell::{Cell, RefCell};

use crate::core::config::Config;
use crate::core::record::{How, ISSUE, Issue, Notice, Placed, State, What};
use crate::core::refusal::{Report, Stop};
use crate::core::tell::post::Post;
use crate::core::tell::{issue, markdown};
use crate::core::typed::{Hint, Typed};
use crate::core::words::EventId;
use crate::session::Session;
use crate::team::channel::{Receiver, Route, configured, route};
use crate::team::compose::compose;
use crate::team::posting::{Pending, Posting, is_ready};
use crate::team::recorder::{Recorder, new_id};
use crate::team::send::Delivered;

pub struct Delivery<'a> {
    session: &'a Session<'a>,
    config: &'a Config,
    recorder: Option<Recorder<'a>>,
    done: &'a str,
    again: Typed,
    opened: RefCell<Option<Issue>>,
    /// True after Ctrl-C: unsent posts stay pending.
    left: Cell<bool>,
}

impl<'a> Delivery<'a> {
    /// Builds a delivery. Messages call the work before it `done`; the command `again` resumes it.
    pub fn of(session: &'a Session<'a>, config: &'a Config, done: &'a str, again: Typed) -> Self {
        Self {
            session,
            config,
            recorder: Recorder::of(&session.repo, config, session.ui.is_interactive()),
            done,
            again,
            opened: RefCell::default(),
            left: Cell::default(),
        }
    }

    /// Delivers the pending notifications that `wanted` selects: first the one whose attempt is already recorded,
    /// before anybody takes it for interrupted, then the others, oldest first. A failure stops no other; returns the
    /// first.
    ///
    /// # Errors
    /// [`Stop::Incomplete`]: the earlier work stands, and pending notifications stay pending.
    pub fn deliver(
        &self,
        pending: impl Into<Pending>,
        wanted: impl Fn(&Notice) -> bool,
    ) -> Result<(), Stop> {
        let Pending { notices, begun, .. } = pending.into();
        let routes = notices.iter().filter(|one| wanted(one));
        let routes = routes.map(|one| (one, route(self.session, self.config, &one.channel)));
        let mut routes: Vec<_> = routes.collect();
        let is_begun = |one: &Notice| {
            let attempt = one.attempt.as_ref().map(|open| &open.id);
            attempt.is_some() && attempt == begun.as_ref().map(|(begun, _)| &begun.attempt)
        };
        routes.sort_by_key(|(one, _)| !is_begun(one));
        // Two runs of one clone could not distinguish each other's attempt from an interrupted one.
        let mut ways = routes.iter().map(|(_, route)| route);
        let chats = begun.is_none() && ways.any(|route| !matches!(route, Route::Print));
        let lock = chats.then(|| self.session.notes().lock_posts()).transpose();
        let _lock = lock.map_err(|stop| self.unsent(stop))?;
        let mut first = Ok(());
        for (one, route) in routes {
            let end = match begun.as_ref().filter(|_| is_begun(one)) {
                Some((begun, _)) => self.send_begun(one, begun),
                None => self.deliver_one(one, route),
            };
            first = first.and(end);
            if self.left.get() {
                break;
            }
        }
        first
    }

    /// Delivers pending notifications. This run's own one is printed if its channel is not configured.
    pub fn tell(
        &self,
        one: Option<Notice>,
        pending: impl Into<Pending>,
        wanted: impl Fn(&Notice) -> bool,
    ) -> Result<(), Stop> {
        match one.filter(|one| configured(self.config, &one.channel).is_none()) {
            Some(one) => {
                self.print_once(&one);
                self.deliver(pending, |one| one.channel == ISSUE && wanted(one))
            }
            None => self.deliver(pending, wanted),
        }
    }

    /// Prints a post that is not recorded.
    pub fn print(&self, one: &Notice) -> Result<(), Stop> {
        let post = compose(self.session, self.config, one)?;
        if one.channel == ISSUE {
            let ui = self.session.ui;
            ui.note(format!(
                "for the issue {:?}:",
                issue::title(&post, &one.commit)
            ));
            return ui.data(issue::text(&post, one, self.reference()).as_bytes());
        }
        self.print_for(&one.channel, &post)
    }

    /// Prints a post once about completed work: nobody keeps it, so a failure leaves no step to repeat.
    pub fn print_once(&self, one: &Notice) {
        self.no_step(one, self.print(one));
    }

    fn no_step(&self, one: &Notice, printed: Result<(), Stop>) {
        if let Some(report) = printed.err().as_ref().and_then(Stop::report) {
            let causes = [vec![report.error.clone()], report.because.clone()].concat();
            let (place, causes) = (words::place(one), causes.join("; "));
            (self.session.ui).warn(format!("the text for {place} was not printed: {causes}"));
        }
    }

    fn print_for(&self, channel: &str, post: &Post) -> Result<(), Stop> {
        let ui = self.session.ui;
        ui.note(format!("for the {channel} channel:"));
        ui.data(markdown::payload(post).as_bytes())
    }

    /// Notifies a channel once without a record, because nobody could know of a second attempt. A rejected post is
    /// printed.
    ///
    /// # Errors
    /// [`Stop::Incomplete`]: the earlier work stands, and the channel was not notified.
    pub fn deliver_once(&self, one: &Notice) -> Result<(), Stop> {
        self.tried_once(one).map_err(|stop| {
            let text = format!(
                "{}, but the {} channel was not notified",
                self.done, one.channel
            );
            Stop::Incomplete(Report::new(text).because(stop.to_string()))
        })
    }

    fn tried_once(&self, one: &Notice) -> Result<(), Stop> {
        let (ui, channel) = (self.session.ui, one.channel.as_str());
        let post = compose(self.session, self.config, one)?;
        let delivered = match route(self.session, self.config, channel) {
            Route::Print => None,
            Route::NoWebhook => {
                ui.note(format!(
                    "this clone has no webhook for the {channel} channel"
                ));
                None
            }
            Route::Unusable(why) | Route::NoToken(why) => Some(Delivered::No(why)),
            Route::Send(to) => Some(self.send(one, &to, &post)?.0),
        };
        let untaken = match delivered {
            Some(Delivered::Yes) => return Ok(()),
            Some(Delivered::No(why)) => Some((words::untold(one), why)),
            Some(Delivered::Unclear(why)) => Some((words::unknown(one), why)),
            None => None,
        };
        if let Some((story, why)) = untaken {
            let causes = [vec![why.error], why.because].concat().join("; ");
            ui.warn(format!("{story}: {causes}"));
            why.hint.iter().for_each(|hint| ui.advise(hint.clone()));
        }
        self.no_step(one, self.print_for(channel, &post));
        Ok(())
    }

    fn deliver_one(&self, one: &Notice, route: Route) -> Result<(), Stop> {
        let (ui, channel, notes) = (self.session.ui, &one.channel, self.session.notes());
        let attempt = one.attempt.as_ref();
        // An attempt of this clone that was interrupted before it sent anything counts as a first one.
        let attempt = attempt.filter(|open| !notes.is_unsent(&open.id));
        if let Some(open) = attempt {
            // Nobody is here who could send it again or decide.
            if !ui.is_interactive() && matches!(route, Route::NoWebhook | Route::NoToken(_)) {
                let (by, place) = (&open.by.name, words::place(one));
                ui.note(format!(
                    "{by} began to send the post to {place}; its result is unknown"
                ));
                return Ok(());
            }
            if self.is_left(one, open, &route)? {
                return Ok(());
            }
        }
        let one = &self.with_issue(one);
        if !is_ready(one) {
            ui.note("the issue is not open yet, so its comments stay pending");
            return Ok(());
        }
        let over = one.attempt.as_ref().map(|open| open.id.clone());
        let mut post =
            compose(self.session, self.config, one).map_err(|stop| self.unrecorded(stop, one))?;
        if attempt.is_some() {
            post.heading.push_str(" (repeated)");
        }
        match route {
            Route::Print => {
                self.print_for(channel, &post)
                    .map_err(|stop| self.unrecorded(stop, one))?;
                self.ended(one, over, How::Printed, Placed::default())
            }
            Route::NoWebhook => self.leave(one, &post),
            Route::NoToken(why) => {
                ui.note(format!("{}: {}", words::untold(one), why.error));
                why.hint.iter().for_each(|hint| ui.advise(hint.clone()));
                Ok(())
            }
            Route::Unusable(why) => Err(self.untold(one, &post, why)),
            Route::Send(to) => self.begin(one, over, (post, to)),
        }
    }

    /// Records an attempt, and makes it.
    fn begin(
        &self,
        one: &Notice,
        over: Option<EventId>,
        (post, to): (Post, Receiver),
    ) -> Result<(), Stop> {
        let (attempt, channel) = (new_id(), one.channel.clone());
        let kept = self.session.notes().keep_unsent(&attempt);
        kept.map_err(|stop| self.unrecorded(stop, one))?;
        let about = one.about.clone();
        let posting = What::Posting {
            about,
            channel,
            over,
        };
        let Some(state) = self.record(one, &attempt, &posting)? else {
            let place = words::place(one);
            let ui = self.session.ui;
            ui.note(format!("somebody else is sending the post to {place}"));
            return Ok(());
        };
        let mut begun = one.clone();
        let mut attempts = state.pending.into_iter().filter_map(|one| one.attempt);
        begun.attempt = attempts.find(|one| one.id == attempt);
        self.send_begun(&begun, &Posting { attempt, post, to })
    }

    /// Prints the post, because this clone has no webhook. It stays pending for a clone that has one.
    fn leave(&self, one: &Notice, post: &Post) -> Result<(), Stop> {
        let (ui, channel) = (self.session.ui, &one.channel);
        ui.note(format!(
            "this clone has no webhook for the {channel} channel, so this post is not sent:"
        ));
        ui.data(markdown::payload(post).as_bytes())
            .map_err(|stop| self.unrecorded(stop, one))?;
        // `postpone` would close an open candidate.
        let command = one.command(self.again != Typed::smp("postpone"));
        let say = "it stays pending; send it from a clone that has the webhook";
        let keep = Hint::run("to add the webhook to this clone", Typed::smp("setup"));
        ui.advise(Hint::run(say, command).and(keep));
        Ok(())
    }

    /// Sends a post whose attempt is recorded, and records its end.
    fn send_begun(&self, one: &Notice, begun: &Posting) -> Result<(), Stop> {
        let (channel, attempt) = (&one.channel, begun.attempt.clone());
        let (delivered, placed) = match self.close(one, &begun.to)? {
            Delivered::Yes => {
                let sends = self.session.notes().forget_unsent();
                sends.map_err(|stop| self.unrecorded(stop, one))?;
                self.send(one, &begun.to, &begun.post)?
            }
            not_closed => (not_closed, Placed::default()),
        };
        match delivered {
            Delivered::Yes => self.ended(one, Some(attempt), How::Accepted, placed),
            Delivered::No(_) if self.gives_up(one, &attempt, &begun.to)? => Ok(()),
            Delivered::No(report) => {
                let unposted = What::Unposted {
                    attempt,
                    channel: channel.clone(),
                    why: report.error.clone(),
                };
                self.record(one, &new_id(), &unposted)?;
                Err(self.untold(one, &begun.post, report))
            }
            Delivered::Unclear(report) => Err(self.unclear(one, report)),
        }
    }

    /// Adds the issue that this run opened to a comment.
    fn with_issue(&self, one: &Notice) -> Notice {
        let issue = one.issue.clone().or_else(|| self.opened.borrow().clone());
        let issue = issue.filter(|_| one.channel == ISSUE);
        Notice {
            issue,
            ..one.clone()
        }
    }

    fn ended(
        &self,
        one: &Notice,
        attempt: Option<EventId>,
        how: How,
        placed: Placed,
    ) -> Result<(), Stop> {
        if let (Some(number), Some(address), None) = (placed.issue, &placed.address, &one.issue) {
            let address = address.clone();
            self.opened.replace(Some(Issue { number, address }));
        }
        let posted = What::Posted {
            about: one.about.clone(),
            channel: one.channel.clone(),
            attempt,
            how,
            placed,
        };
        self.record(one, &new_id(), &posted).map(drop)
    }

    fn reference(&self) -> &str {
        self.recorder.as_ref().map_or("", Recorder::reference)
    }

    /// Records an event about a post and returns the state after it; `None` if the post is no longer pending or has
    /// another attempt by now, so it belongs to somebody else.
    fn record(&self, one: &Notice, id: &EventId, what: &What) -> Result<Option<State>, Stop> {
        let Some(recorder) = &self.recorder else {
            return Ok(None);
        };
        let mut still = false;
        let noted = self.session.ui.during("writing the record", || {
            recorder.append(id, &mut |state| {
                still = state.is_pending(what);
                Ok(still.then(|| what.clone()))
            })
        });
        let state = noted.map_err(|stop| self.unrecorded(stop, one))?;
        Ok(still.then_some(state))
    }
}
