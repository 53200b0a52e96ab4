//! A post as Markdown, for pasting.

use serde_json::Value;

use crate::core::tell::block::{Block, Piece, blocks, said};
use crate::core::tell::fit::{self, Limits};
use crate::core::tell::post::Post;
use crate::core::text::in_markdown;

/// Only file names are shortened, because a person sees the text before pasting it. A pasted text notifies nobody, so
/// all people are named in plain text.
pub(super) const LIMITS: Limits = Limits {
    whole: usize::MAX,
    list: 0,
    text: usize::MAX,
    heading: usize::MAX,
    lead: usize::MAX,
    names: usize::MAX,
    subject: usize::MAX,
    file: 250,
    files: usize::MAX,
    weigh: |_| 1,
    knows: |_| false,
};

/// Well below the limit of a forge for an issue.
const FORGE: Limits = Limits {
    whole: 50_000,
    text: 10_000,
    subject: 250,
    list: 4_000,
    ..LIMITS
};

pub fn payload(post: &Post) -> String {
    listing(&post.visible(), post.commits.len())
}

/// Writes the post within the limits of a forge.
pub fn fitted(post: &Post) -> String {
    let fitted = fit::fitted(post, &FORGE, message, size);
    fitted.as_str().unwrap_or_default().to_owned()
}

fn message(post: &Post, count: usize) -> Value {
    listing(post, count).into()
}

fn size(text: &Value) -> usize {
    text.as_str().map_or(0, |text| text.chars().count())
}

fn listing(post: &Post, count: usize) -> String {
    let blocks = blocks(post, count, &LIMITS);
    let parts = blocks.iter().map(block).filter(|part| !part.is_empty());
    let parts: Vec<String> = parts.collect();
    parts.join("\n\n") + "\n"
}

fn block(block: &Block<'_>) -> String {
    match block {
        // Plain text: most chats show a pasted text as it is, with the marks of a heading.
        Block::Heading(text) => in_markdown(text),
        // The names are configured, so their `@` stays.
        Block::Opening(opening) => {
            let names = in_markdown(&opening.names).replace("@\u{2060}", "@");
            let text = format!("{names} {}", in_markdown(opening.lead));
            text.trim_start().to_owned()
        }
        // As code between empty lines: otherwise Markdown would join the subjects to a paragraph.
        Block::Commits(commits, more) => {
            let commits = commits.iter();
            let lines = commits.map(|one| format!("    {} {}", one.short, one.subject));
            let more = more.iter().map(|more| format!("    {more}"));
            lines.chain(more).collect::<Vec<_>>().join("\n")
        }
        Block::Sentence(pieces) => pieces.iter().map(piece).collect(),
        Block::Summary(text) | Block::Note(text) => written(text),
    }
}

/// Formats a name as code, unless the end of the code would depend on the chat.
fn piece(piece: &Piece<'_>) -> String {
    match piece {
        Piece::Words(words) => words.clone(),
        Piece::Link(url) => (*url).to_owned(),
        Piece::Name(name) if name.contains(['`', '\\']) => in_markdown(name),
        Piece::Name(name) => format!("`{name}`"),
    }
}

fn written(text: &str) -> String {
    let (mut out, mut points) = (String::new(), false);
    for (is_point, line) in said(text) {
        // Markdown would join the line to the list item before it.
        out += if points && !is_point { "\n\n" } else { "\n" };
        out += if is_point { "- " } else { "" };
        out += &beginning(line);
        points = is_point;
    }
    out.trim_matches('\n').to_owned()
}

/// Escapes a foreign line that Markdown would read as a list, a heading or a rule, or GitLab as a command such as
/// `/close` (<https://docs.gitlab.com/user/project/quick_actions/>).
fn beginning(line: &str) -> String {
    let escaped = in_markdown(line);
    let digits = escaped.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = escaped.split_at(digits);
    let marks: &[char] = match digits {
        0 => &['-', '+', '=', '/'],
        _ => &['.', ')'],
    };
    if rest.starts_with(marks) {
        return format!("{number}\\{rest}");
    }
    escaped
}
