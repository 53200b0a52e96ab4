//! The forge as a channel: an issue for a proposal, and comments on it about its progress.

use std::sync::Arc;

use crate::core::record::{News, Notice, Placed};
use crate::core::refusal::Report;
use crate::core::tell::issue;
use crate::core::tell::post::Post;
use crate::forge::issue::{Search, Tracker};
use crate::team::channel::{Receiver, Route};
use crate::team::send::{self, Delivered, Watch};

/// Opens the issue or comments on it.
pub(super) fn deliver(
    tracker: &Arc<Tracker>,
    (one, record): (&Notice, &str),
    post: &Post,
    watch: &mut Watch<'_>,
) -> (Delivered, Placed) {
    let (text, ours) = (issue::text(post, one, record), Arc::clone(tracker));
    if matches!(one.news, News::Proposed { .. }) {
        let title = issue::title(post, &one.commit);
        return send::send(Arc::new(move || ours.open(&title, &text)), watch);
    }
    let Some(number) = one.issue.as_ref().map(|issue| issue.number) else {
        let report = Report::new("the issue of this proposal is unknown");
        return (Delivered::No(report), Placed::default());
    };
    send::send(Arc::new(move || ours.comment(number, &text)), watch)
}

/// Finds the text on the forge by its mark.
pub(super) fn found(route: &Route, one: &Notice, whose: Search) -> Option<Placed> {
    let Route::Send(Receiver::Issue(tracker)) = route else {
        return None;
    };
    let mark = issue::mark(&one.about);
    match (&one.news, &one.issue) {
        (News::Proposed { .. }, _) => tracker.marked_issue(&mark, whose),
        (_, Some(issue)) => tracker.marked_comment(issue.number, &mark, whose),
        (_, None) => None,
    }
}
