//! The forge as a place that is told: an issue for a proposal, and comments on it for what becomes of that.

use crate::core::record::{News, Notice, Placed};
use crate::core::refusal::Report;
use crate::core::tell::issue;
use crate::core::tell::post::Post;
use crate::forge::issue::{Search, Tracker};
use crate::team::channel::{Receiver, Route};
use crate::team::send::{self, Delivered, Watch};

/// Opens the issue, or comments on it. It is closed first, for that can be done again and a comment cannot.
pub(super) fn deliver(
    tracker: &Tracker,
    one: &Notice,
    post: &Post,
    watch: &mut Watch<'_>,
) -> (Delivered, Placed) {
    let (text, mut placed) = (issue::text(post, one), Placed::default());
    if matches!(one.news, News::Proposed { .. }) {
        let title = issue::title(post, &one.commit);
        let mut open = || {
            let (sent, at) = tracker.open(&title, &text);
            placed = at;
            sent
        };
        let delivered = send::send(&mut open, watch);
        return (delivered, placed);
    }
    let Some(issue) = &one.issue else {
        let report = Report::new("it is not known which issue asks about it");
        return (Delivered::No(report), placed);
    };
    if one.closes {
        match send::send(&mut || tracker.close(issue.number), watch) {
            Delivered::Yes => {}
            other => return (other, placed),
        }
    }
    let mut comment = || {
        let (sent, at) = tracker.comment(issue.number, &text);
        placed = at;
        sent
    };
    let delivered = send::send(&mut comment, watch);
    (delivered, placed)
}

/// Where the forge has it already, by its mark.
pub(super) fn found(route: &Route, one: &Notice, whose: Search) -> Option<Placed> {
    let Route::Send(Receiver::Issue(tracker)) = route else {
        return None;
    };
    let mark = issue::mark(one);
    match (&one.news, &one.issue) {
        (News::Proposed { .. }, _) => tracker.marked_issue(&mark, whose),
        (_, Some(issue)) => tracker.marked_comment(issue.number, &mark, whose),
        (_, None) => None,
    }
}
