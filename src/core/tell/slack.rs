//! A post for Slack: the blocks that an incoming webhook takes.
//!
//! Foreign text stands in rich text and plain text, which know no markup, and is therefore not escaped there; `*`, `_`
//! and backticks could not be escaped at all in the kind of text that knows them. That one holds mentions, and beside
//! them only what is harmless, under Slack's three rules.

use serde_json::{Value, json};

use crate::core::tell::fit::{clipped, more, most};
use crate::core::tell::post::{Link, Listed, Post, Said, said};
use crate::core::tell::watched::{Piece, sentence};
use crate::core::tell::{Called, harmless, opening};

/// The most characters of all blocks together, as JSON. Slack does not say; others were turned away from 13,200 on.
const LIMIT: usize = 12_000;
/// The most characters of one text, and of a header.
const TEXT: usize = 3_000;
const HEADER: usize = 150;
/// What is kept free for the list, however much people have to say.
const LIST: usize = 1_500;
/// The most of the first sentence, of those whom it calls by plain text, and of one subject.
const SENTENCE: usize = 500;
const NAMES: usize = 300;
const SUBJECT: usize = 250;
/// The most of one file's name, and of all together.
const FILE: usize = 250;
const FILES: usize = 800;

/// The message for the webhook: JSON.
pub fn payload(post: &Post) -> String {
    let post = clip(post.visible());
    let count = most(post.commits.len(), |count| size(&post, count) <= LIMIT);
    // The text is what a notification shows in place of the blocks. The links would each be fetched for a preview.
    let text = format!("{}: {}", escaped(&post.heading), escaped(&post.lead));
    json!({"text": text, "blocks": blocks(&post, count), "unfurl_links": false, "unfurl_media": false}).to_string()
}

/// The post with each of its texts cut to its share. The list is cut by its commits, and last.
fn clip(mut post: Post) -> Post {
    post.heading = clipped(&post.heading, HEADER, weight);
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
    let room = LIMIT.saturating_sub(size(&bare, 0) + list) / texts.max(1);
    let cut = |text: Option<String>| {
        text.map(|text| clipped(&text, room.saturating_sub(200).min(TEXT), weight))
    };
    post.summary = cut(post.summary);
    post.note = cut(post.note);
    post
}

/// The characters of all blocks.
fn size(post: &Post, count: usize) -> usize {
    blocks(post, count).to_string().encode_utf16().count()
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

fn blocks(post: &Post, count: usize) -> Value {
    let mut blocks = vec![
        json!({"type": "header", "text": {"type": "plain_text", "text": post.heading, "emoji": false}}),
    ];
    blocks.extend(begin(post));
    let mut commits = list(&post.commits, count);
    commits.extend(more(post.commits.len(), count).map(|more| section(vec![text(&more)])));
    let watched: Vec<Value> = sentence(post, FILE, FILES, weight)
        .iter()
        .map(piece)
        .collect();
    let watched = if watched.is_empty() {
        watched
    } else {
        vec![section(watched)]
    };
    let summary = post.summary.as_deref().map(points).unwrap_or_default();
    let link = post.link.iter().map(see).collect();
    let note = post
        .note
        .iter()
        .map(|note| section(vec![text(note)]))
        .collect();
    blocks.extend(
        [commits, watched, summary, link, note]
            .into_iter()
            .filter(|part: &Vec<_>| !part.is_empty())
            .map(rich),
    );
    blocks.into()
}

/// Who is called, and the first sentence. Mentions are markup, so what is not harmless gets a block of its own.
fn begin(post: &Post) -> Vec<Value> {
    let opening = opening(post, NAMES, weight, |id| {
        !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric())
    });
    let words = opening.words();
    let mrkdwn = |text: &str| json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}});
    let literal = |words: &str| rich(vec![section(vec![text(words)])]);
    let called = opening
        .called
        .iter()
        .map(mention)
        .collect::<Vec<_>>()
        .join(" ");
    match (called.is_empty(), harmless(&words)) {
        (true, _) => vec![literal(&words)],
        (false, true) => vec![mrkdwn(&format!("{called} {}", escaped(&words)))],
        (false, false) => vec![mrkdwn(&called), literal(&words)],
    }
}

fn mention(called: &Called<'_>) -> String {
    format!("<@{}>", called.id)
}

/// The list in as many blocks as its length asks for, each hash a link to its commit.
fn list(commits: &[Listed], count: usize) -> Vec<Value> {
    let (mut lists, mut elements, mut length) = (Vec::new(), Vec::new(), 0);
    for commit in commits.iter().take(count) {
        let line = format!("{} {}\n", commit.short, commit.subject);
        let takes = line.encode_utf16().count();
        if length + takes > TEXT {
            lists.push(std::mem::take(&mut elements));
            length = 0;
        }
        length += takes;
        match &commit.url {
            Some(url) => {
                elements.push(json!({"type": "link", "url": url, "text": commit.short}));
                elements.push(text(&format!(" {}\n", commit.subject)));
            }
            None => elements.push(text(&line)),
        }
    }
    lists.push(elements);
    lists.retain(|elements| !elements.is_empty());
    lists
        .into_iter()
        .map(|elements| json!({"type": "rich_text_preformatted", "elements": elements}))
        .collect()
}

fn piece(piece: &Piece) -> Value {
    match piece {
        Piece::Words(words) => text(words),
        Piece::Name(name) => json!({"type": "text", "text": name, "style": {"code": true}}),
    }
}

/// The summary, each run of points as a list.
fn points(summary: &str) -> Vec<Value> {
    let mut out = Vec::new();
    let mut points = Vec::new();
    let close = |points: &mut Vec<Value>, out: &mut Vec<Value>| {
        if !points.is_empty() {
            out.push(json!({"type": "rich_text_list", "style": "bullet", "elements": std::mem::take(points)}));
        }
    };
    for line in said(summary) {
        match line {
            Said::Point(point) => points.push(section(vec![text(point)])),
            Said::Line(line) => {
                close(&mut points, &mut out);
                out.extend((!line.is_empty()).then(|| section(vec![text(line)])));
            }
        }
    }
    close(&mut points, &mut out);
    out
}

fn see(link: &Link) -> Value {
    let (before, after) = link.sentence();
    section(vec![
        text(before),
        json!({"type": "link", "url": link.url, "text": link.url}),
        text(after),
    ])
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
