//! The forge as a place that is told: an issue for a proposal, and comments on it for what becomes of that.

use crate::core::record::{News, Notice, Placed};
use crate::core::refusal::Report;
use crate::core::tell::issue;
use crate::core::tell::post::Post;
use crate::forge::issue::{Search, Tracker};
use crate::http::Sent;
use crate::team::channel::{Receiver, Route};
use crate::team::send::{self, Delivered, Watch};

/// Opens the issue, or comments on it. It is closed first, because that can be done again and a comment cannot.
pub(super) fn deliver(
    tracker: &Tracker,
    one: &Notice,
    post: &Post,
    watch: &mut Watch<'_>,
) -> (Delivered, Placed) {
    let text = issue::text(post, one);
    if matches!(one.news, News::Proposed { .. }) {
        let title = issue::title(post, &one.commit);
        return once(&mut || tracker.open(&title, &text), watch);
    }
    let Some(issue) = &one.issue else {
        let report = Report::new("it is unknown which issue asks about it");
        return (Delivered::No(report), Placed::default());
    };
    if one.closes {
        match send::send(&mut || tracker.close(issue.number), watch) {
            Delivered::Yes => {}
            other => return (other, Placed::default()),
        }
    }
    once(&mut || tracker.comment(issue.number, &text), watch)
}

/// Sends it until it is known what came of it, and says where it is.
fn once(post: &mut dyn FnMut() -> (Sent, Placed), watch: &mut Watch<'_>) -> (Delivered, Placed) {
    let mut placed = Placed::default();
    let delivered = send::send(
        &mut || {
            let (sent, at) = post();
            placed = at;
            sent
        },
        watch,
    );
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
