//! A post for Slack: the blocks that an incoming webhook takes.
//!
//! Foreign text stands in rich text and plain text, which know no markup, and is therefore not escaped there; `*`, `_`
//! and backticks could not be escaped at all in the kind of text that knows them. That one holds mentions, and beside
//! them only what is harmless.

use serde_json::{Value, json};

use crate::core::tell::block::{Block, Piece, blocks, said};
use crate::core::tell::fit::{Limits, fitted};
use crate::core::tell::post::{Listed, Post};

/// The most characters of one text.
const TEXT: usize = 3_000;
const LIMITS: Limits = Limits {
    // Of all blocks together, as JSON. Slack does not say; others were turned away from 13,200 on.
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
    // The text is what a notification shows in place of the blocks. The links would each be fetched for a preview.
    let text = format!("{}: {}", escaped(&post.heading), escaped(&post.lead));
    json!({"text": text, "blocks": blocks, "unfurl_links": false, "unfurl_media": false})
}

/// What a character of a text may take in JSON, escaped.
fn weight(c: char) -> usize {
    match c {
        '"' | '\\' | '\t' => 2,
        // A line of a summary is an element of its own, of some 130 characters.
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

/// The list in as many elements as its length asks for, each hash a link to its commit.
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

/// The summary, each run of points as a list.
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

/// Slack's three rules, where a text is read for markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
