//! What Teams takes, and how a post is made to fit.

use serde_json::Value;

use crate::core::tell::fit::clipped;
use crate::core::tell::post::Post;
use crate::core::tell::teams::message;

/// The most bytes of a message. Teams takes 28,672 of "message properties", in which the card is a string with its
/// quotes escaped; what else counts is not known, hence the distance.
pub(super) const LIMIT: usize = 25_000;
/// What is kept free for the list, however much people have to say.
const LIST: usize = 4_000;
/// The most of one subject, of the heading, of the first sentence and of those whom it calls by plain text.
const SUBJECT: usize = 480;
const HEADING: usize = 800;
pub(super) const SENTENCE: usize = 1_200;
/// The most of one watched file's name, and of all together.
pub(super) const FILE: usize = 480;
pub(super) const FILES: usize = 2_000;

/// The post with each of its texts cut to its share. The list is cut by its commits, and last.
pub(super) fn clip(mut post: Post) -> Post {
    post.heading = clipped(&post.heading, HEADING, weight);
    post.lead = clipped(&post.lead, SENTENCE, weight);
    for commit in &mut post.commits {
        commit.subject = clipped(&commit.subject, SUBJECT, weight);
    }
    let texts = usize::from(post.summary.is_some()) + usize::from(post.note.is_some());
    let bare = Post {
        summary: None,
        note: None,
        ..post.clone()
    };
    let list = if post.commits.is_empty() { 0 } else { LIST };
    // 200: what stands around a text.
    let room = LIMIT.saturating_sub(size(&message(&bare, 0)) + list) / texts.max(1);
    let cut =
        |text: Option<String>| text.map(|text| clipped(&text, room.saturating_sub(200), weight));
    post.summary = cut(post.summary);
    post.note = cut(post.note);
    post
}

/// The bytes of a value as a string inside of JSON, as the least sparing of encoders writes it.
pub(super) fn size(value: &Value) -> usize {
    let byte = |c: char| match c {
        // Some put a space after these two.
        '"' | '\\' | ':' | ',' => 2,
        c if c.is_ascii() && !dear(c) => 1,
        c => 7 * c.len_utf16(),
    };
    value.to_string().chars().map(byte).sum()
}

/// What a character of a text adds to that.
pub(super) fn weight(c: char) -> usize {
    match c {
        '"' | '\\' => 4,
        ':' | ',' => 2,
        '\t' => 3,
        // A line of a summary may get a mark of its own.
        '\n' => 12,
        // Two of them may cost a run of their own.
        '{' => 40,
        c if c.is_ascii() && !dear(c) => 1,
        c => 7 * c.len_utf16(),
    }
}

/// Whether some encoders escape this though it is plain.
fn dear(c: char) -> bool {
    matches!(c, '<' | '>' | '&' | '\'' | '+' | '`' | '\u{7f}')
}
