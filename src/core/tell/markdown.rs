//! A post as Markdown, for pasting.

use crate::core::tell::opening;
use crate::core::tell::post::{Link, Post, Said, said};
use crate::core::tell::watched::{Piece, sentence};
use crate::core::text::in_markdown;

/// The most characters of a file's name.
const NAME: usize = 250;

/// The text. Nothing but the name of a file is cut: whoever pastes it sees it first.
pub fn payload(post: &Post) -> String {
    let post = post.visible();
    // Plain, for most chats take a pasted text as it is and would show the marks of a heading.
    let mut parts = vec![in_markdown(&post.heading), begin(&post)];
    // Between empty lines: without them Markdown would read the subjects on as a paragraph.
    let line = |commit: &crate::core::tell::post::Listed| {
        format!("    {} {}", commit.short, commit.subject)
    };
    parts.push(post.commits.iter().map(line).collect::<Vec<_>>().join("\n"));
    parts.push(
        sentence(&post, NAME, usize::MAX, |_| 1)
            .iter()
            .map(piece)
            .collect(),
    );
    parts.extend(post.summary.as_deref().map(written));
    parts.extend(post.link.as_ref().map(see));
    parts.extend(post.note.as_deref().map(written));
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n") + "\n"
}

/// Nobody is notified by a text that somebody pastes, so all are called by plain text. Those who are configured are
/// meant, so their `@` is left as it is.
fn begin(post: &Post) -> String {
    let opening = opening(post, usize::MAX, |_| 1, |_| false);
    let names = in_markdown(&opening.names).replace("@\u{2060}", "@");
    format!("{names} {}", in_markdown(&opening.lead))
        .trim_start()
        .to_owned()
}

/// A name as code, but for one in which what ends the code would depend on the chat.
fn piece(piece: &Piece) -> String {
    match piece {
        Piece::Words(words) => words.clone(),
        Piece::Name(name) if name.contains(['`', '\\']) => in_markdown(name),
        Piece::Name(name) => format!("`{name}`"),
    }
}

fn see(link: &Link) -> String {
    let (before, after) = link.sentence();
    format!("{before}{}{after}", link.url)
}

/// What people wrote for people.
fn written(text: &str) -> String {
    let mut out = String::new();
    let mut points = false;
    for line in said(text) {
        let (point, text) = match line {
            Said::Point(text) => (true, format!("- {}", beginning(text))),
            Said::Line(text) => (false, beginning(text)),
        };
        // A line after a point would be read on as part of it.
        out.push_str(if points && !point { "\n\n" } else { "\n" });
        out.push_str(&text);
        points = point;
    }
    out.trim_matches('\n').to_owned()
}

/// A foreign line at whose beginning Markdown would see a list, a heading or a rule.
fn beginning(line: &str) -> String {
    let escaped = in_markdown(line);
    let digits = escaped.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = escaped.split_at(digits);
    if rest.starts_with(['.', ')']) && !number.is_empty()
        || number.is_empty() && rest.starts_with(['-', '+', '='])
    {
        return format!("{number}\\{rest}");
    }
    escaped
}
