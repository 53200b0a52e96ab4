//! A post for Slack: the blocks of an incoming webhook.
//!
//! Foreign text goes into rich text and plain text, which have no markup and need no escapes. The markup text cannot
//! escape `*`, `_` and backticks, so it only holds mentions and harmless words.

use serde_json::{Value, json};

use crate::core::tell::block::{Block, Piece, blocks, said};
use crate::core::tell::fit::{Limits, fitted};
use crate::core::tell::post::{Listed, Post};

/// The maximum length of one text, in characters.
const TEXT: usize = 3_000;
const LIMITS: Limits = Limits {
    // All blocks together, as JSON. Slack documents no limit; others were rejected from 13,200 on.
    whole: 12_000,
    list: 1_500,
    text: TEXT,
    heading: 150,
    lead: 500,
    names: 300,
    subject: 250,
    file: 250,
    files: 800,
    weigh: weight,
    knows: |id| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric()),
};

pub fn payload(post: &Post) -> String {
    fitted(post, &LIMITS, message, size).to_string()
}

fn size(message: &Value) -> usize {
    message["blocks"].to_string().encode_utf16().count()
}

fn message(post: &Post, count: usize) -> Value {
    let blocks: Vec<Value> = blocks(post, count, &LIMITS)
        .iter()
        .flat_map(block)
        .collect();
    // A notification shows this text instead of the blocks. Slack would fetch each link for a preview.
    let text = format!("{}: {}", escaped(&post.heading), escaped(&post.lead));
    json!({"text": text, "blocks": blocks, "unfurl_links": false, "unfurl_media": false})
}

/// Returns the maximum length of an escaped character in JSON.
fn weight(c: char) -> usize {
    match c {
        '"' | '\\' | '\t' => 2,
        // A line of a summary is an element with about 130 further characters.
        '\n' => 140,
        '&' | '<' | '>' => 5,
        c => c.len_utf16(),
    }
}

fn block(block: &Block<'_>) -> Vec<Value> {
    let elements = match block {
        Block::Heading(text) => {
            let text = json!({"type": "plain_text", "text": text, "emoji": false});
            return vec![json!({"type": "header", "text": text})];
        }
        Block::Opening(opening) => {
            let (markup, literal) = opening.parts(|(_, id)| format!("<@{id}>"));
            let markup = markup.map(|text| {
                let text = json!({"type": "mrkdwn", "text": text, "verbatim": true});
                json!({"type": "section", "text": text})
            });
            let literal = literal.map(|words| rich(vec![section(vec![text(&words)])]));
            return markup.into_iter().chain(literal).collect();
        }
        Block::Commits(commits, more) => {
            let more = more.iter().map(|more| section(vec![text(more)]));
            list(commits).into_iter().chain(more).collect()
        }
        Block::Sentence(pieces) => vec![section(pieces.iter().map(piece).collect())],
        Block::Summary(summary) => points(summary),
        Block::Note(note) => vec![section(vec![text(note)])],
    };
    vec![rich(elements)]
}

/// Splits the list into elements within the limit; each hash links to its commit.
fn list(commits: &[Listed]) -> Vec<Value> {
    let (mut lists, mut elements, mut length) = (Vec::new(), Vec::new(), 0);
    for commit in commits {
        let line = format!("{} {}\n", commit.short, commit.subject);
        let takes = line.encode_utf16().count();
        if length + takes > TEXT {
            lists.push(std::mem::take(&mut elements));
            length = 0;
        }
        length += takes;
        match &commit.url {
            Some(url) => elements.extend([
                json!({"type": "link", "url": url, "text": commit.short}),
                text(&format!(" {}\n", commit.subject)),
            ]),
            None => elements.push(text(&line)),
        }
    }
    lists.push(elements);
    let lists = lists.into_iter().filter(|elements| !elements.is_empty());
    lists
        .map(|elements| json!({"type": "rich_text_preformatted", "elements": elements}))
        .collect()
}

fn piece(piece: &Piece<'_>) -> Value {
    match piece {
        Piece::Words(words) => text(words),
        Piece::Name(name) => json!({"type": "text", "text": name, "style": {"code": true}}),
        Piece::Link(url) => json!({"type": "link", "url": url, "text": url}),
    }
}

/// Formats the summary; consecutive list items form a list.
fn points(summary: &str) -> Vec<Value> {
    let lines: Vec<(bool, &str)> = said(summary).collect();
    let runs = lines.chunk_by(|(before, _), (after, _)| *before && *after);
    let elements = runs.filter_map(|run| match run {
        [(false, "")] => None,
        [(false, line)] => Some(section(vec![text(line)])),
        points => {
            let points = points.iter().map(|(_, point)| section(vec![text(point)]));
            let points: Vec<Value> = points.collect();
            Some(json!({"type": "rich_text_list", "style": "bullet", "elements": points}))
        }
    });
    elements.collect()
}

fn rich(elements: Vec<Value>) -> Value {
    json!({"type": "rich_text", "elements": elements})
}

fn section(elements: Vec<Value>) -> Value {
    json!({"type": "rich_text_section", "elements": elements})
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

/// Applies Slack's three escapes for text with markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
