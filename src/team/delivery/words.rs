//! Messages about posts that were rejected, unclear or accepted.

use crate::core::record::{ISSUE, News, Notice, Placed};
use crate::core::refusal::{Report, Stop};
use crate::core::tell::markdown;
use crate::core::tell::post::Post;
use crate::core::typed::Hint;
use crate::team::delivery::Delivery;

/// Names the place where people look for the post.
pub(super) fn place(one: &Notice) -> String {
    match (&one.issue, one.channel == ISSUE) {
        (Some(issue), true) => issue.address.clone(),
        (None, true) => "the issues of the main repository".to_owned(),
        (_, false) => format!("the {} channel", one.channel),
    }
}

pub(super) fn untold(one: &Notice) -> String {
    match (opens(one), one.channel == ISSUE) {
        (true, _) => "no issue was opened".to_owned(),
        (false, true) => "the issue was not commented on".to_owned(),
        (false, false) => format!("{} was not notified", place(one)),
    }
}

pub(super) fn unknown(one: &Notice) -> String {
    match (opens(one), one.channel == ISSUE) {
        (true, _) => "it is unknown whether the issue was opened".to_owned(),
        (false, true) => "it is unknown whether the issue was commented on".to_owned(),
        (false, false) => format!("it is unknown whether {} was notified", place(one)),
    }
}

pub(super) fn placed(one: &Notice, placed: &Placed) -> String {
    let address = placed.address.as_deref().unwrap_or_default();
    match (opens(one), one.closes) {
        (true, _) => format!("issue opened: {address}"),
        (false, true) => format!("commented and closed: {address}"),
        (false, false) => format!("commented: {address}"),
    }
}

pub(super) fn opens(one: &Notice) -> bool {
    one.channel == ISSUE && matches!(one.news, News::Proposed { .. })
}

impl Delivery<'_> {
    /// Reports a rejected post. The text is shown for sending by hand.
    pub(super) fn untold(&self, one: &Notice, post: &Post, why: Report) -> Stop {
        let ui = self.session.ui;
        let what = untold(one);
        if one.channel != ISSUE {
            ui.warn(format!("{what}; paste this post if you need to:"));
            // If nobody reads the output, the record still has it.
            let _ = ui.data(markdown::payload(post).as_bytes());
        }
        let hint = self.goes_on(why.hint.as_ref(), "run the command again to send the post");
        let report = self.but(&what, why);
        let report = report.because("the post is kept and still pending");
        Stop::Incomplete(report.hint(hint))
    }

    /// Reports a post that may be in the channel.
    pub(super) fn unclear(&self, one: &Notice, why: Report) -> Stop {
        let what = unknown(one);
        let first = format!("look at {}, then answer in a terminal", place(one));
        let report = self.but(&what, why);
        let report = report
            .because("the post may be there already, so it is sent again only after your yes");
        Stop::Incomplete(report.run(first, self.again.clone()))
    }

    /// Reports that a completed post could not be recorded.
    pub(super) fn unrecorded(&self, stop: Stop, one: &Notice) -> Stop {
        self.not_done(
            stop,
            &format!("the post to {} is not on record", place(one)),
        )
    }

    /// Reports that another run of this clone is sending.
    pub(super) fn unsent(&self, stop: Stop) -> Stop {
        self.not_done(stop, "no channel was notified")
    }

    fn not_done(&self, stop: Stop, what: &str) -> Stop {
        let Some(why) = stop.report().cloned() else {
            return stop;
        };
        let hint = self.goes_on(why.hint.as_ref(), "run the command again");
        Stop::Incomplete(self.but(what, why).hint(hint))
    }

    /// Builds a report of the work done, the failed part and the reason.
    fn but(&self, what: &str, why: Report) -> Report {
        let report = Report::new(format!("{}, but {what}", self.done));
        report.because(why.error).causes(why.because)
    }

    fn goes_on(&self, first: Option<&Hint>, then: &str) -> Hint {
        let again = self.again.clone();
        match first.cloned() {
            Some(first) => first.and(Hint::run(format!("then {then}"), again)),
            None => Hint::run(then, again),
        }
    }
}
