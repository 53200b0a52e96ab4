//! A post for Microsoft Teams: an Adaptive Card in the envelope that a workflow's webhook takes.
//!
//! Foreign text stands in the runs of rich text blocks, where no client knows any markup: escaping instead would be right
//! in the one client and leave stray backslashes in the other. Two things act even there. `<at>` calls somebody only if an
//! entity says who, and entities are made of configured mentions alone. And `{{DATE(…)}}`, `{{TIME(…)}}`: see [`literal`].

mod mention;
mod size;

use serde_json::{Value, json};

use self::mention::begin;
use self::size::{FILE, FILES, LIMIT, clip, size, weight};
use crate::core::tell::fit::{more, most};
use crate::core::tell::harmless;
use crate::core::tell::post::{Link, Listed, Post, Said, said};
use crate::core::tell::watched::{Piece, sentence};

/// The message for the webhook: JSON.
pub fn payload(post: &Post) -> String {
    let post = clip(post.visible());
    let count = most(post.commits.len(), |count| {
        size(&message(&post, count)) <= LIMIT
    });
    message(&post, count).to_string()
}

fn message(post: &Post, count: usize) -> Value {
    let (beginning, entities) = begin(post);
    let mut body = vec![heading(&post.heading)];
    body.extend(beginning);
    body.extend(list(&post.commits, count));
    body.extend(watched(post));
    body.extend(
        post.summary
            .as_ref()
            .map(|text| block(runs(&points(text), &json!({})))),
    );
    body.extend(post.link.as_ref().map(see));
    body.extend(post.note.as_ref().map(|text| block(runs(text, &json!({})))));
    let mut teams = json!({"width": "Full"});
    if !entities.is_empty() {
        teams["entities"] = entities.into();
    }
    let button =
        |link: &Link| json!([{"type": "Action.OpenUrl", "title": "Compare", "url": link.url}]);
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard", "version": "1.5", "msteams": teams, "body": body,
    });
    if let Some(link) = &post.link {
        card["actions"] = button(link);
    }
    let kind = "application/vnd.microsoft.card.adaptive";
    json!({"type": "message", "attachments": [{"contentType": kind, "contentUrl": null, "content": card}]})
}

/// The heading, for screen readers as such where nothing in it could be taken for markup.
fn heading(text: &str) -> Value {
    if harmless(text) {
        return json!({"type": "TextBlock", "text": text, "style": "heading", "size": "Large", "weight": "Bolder", "wrap": true});
    }
    block(runs(text, &json!({"size": "Large", "weight": "Bolder"})))
}

/// The list, each hash a link to its commit; the subject is none, for somebody else wrote it.
fn list(commits: &[Listed], count: usize) -> Option<Value> {
    let mono = json!({"fontType": "Monospace"});
    let mut inlines = Vec::new();
    for (index, commit) in commits.iter().take(count).enumerate() {
        let line_end = if index + 1 < commits.len() { "\n" } else { "" };
        let end = format!(" {}{line_end}", commit.subject);
        match &commit.url {
            Some(url) => {
                inlines.extend(runs(
                    &commit.short,
                    &json!({"fontType": "Monospace", "selectAction": open(url)}),
                ));
                inlines.extend(runs(&end, &mono));
            }
            None => inlines.extend(runs(&format!("{}{end}", commit.short), &mono)),
        }
    }
    inlines.extend(
        more(commits.len(), count)
            .map(|more| json!({"type": "TextRun", "text": more, "italic": true})),
    );
    (!inlines.is_empty()).then(|| block(inlines))
}

/// The watched files, their names in the look of the list.
fn watched(post: &Post) -> Option<Value> {
    let piece = |piece: &Piece| match piece {
        Piece::Words(words) => runs(words, &json!({})),
        Piece::Name(name) => runs(name, &json!({"fontType": "Monospace"})),
    };
    let inlines: Vec<Value> = sentence(post, FILE, FILES, weight)
        .iter()
        .flat_map(piece)
        .collect();
    (!inlines.is_empty()).then(|| block(inlines))
}

fn see(link: &Link) -> Value {
    let (before, after) = link.sentence();
    let mut inlines = runs(before, &json!({}));
    inlines.extend(runs(&link.url, &json!({"selectAction": open(&link.url)})));
    inlines.extend(runs(after, &json!({})));
    block(inlines)
}

fn open(url: &str) -> Value {
    json!({"type": "Action.OpenUrl", "url": url})
}

fn points(summary: &str) -> String {
    let line = |said| match said {
        Said::Point(text) => format!("• {text}"),
        Said::Line(text) => text.to_owned(),
    };
    said(summary).map(line).collect::<Vec<_>>().join("\n")
}

fn block(inlines: Vec<Value>) -> Value {
    json!({"type": "RichTextBlock", "inlines": inlines})
}

/// A text as runs of one look.
fn runs(text: &str, look: &Value) -> Vec<Value> {
    let run = |text: &str| {
        let mut run = look.clone();
        run["type"] = "TextRun".into();
        run["text"] = text.into();
        run
    };
    literal(text).into_iter().map(run).collect()
}

/// A text in pieces such that `{{DATE(…)}}` and `{{TIME(…)}}` stay what they are. Renderers replace them in one run at a
/// time, so the two braces go into two runs; they are read side by side, and nothing is added or lost.
fn literal(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest
        .match_indices("{{")
        .map(|(at, _)| at)
        .find(|at| computed(rest, at + 2))
    {
        let (before, after) = rest.split_at(at + 1);
        pieces.push(before);
        rest = after;
    }
    pieces.push(rest);
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

fn computed(text: &str, at: usize) -> bool {
    let word = text.get(at..).and_then(|rest| rest.get(..5));
    word.is_some_and(|word| {
        word.eq_ignore_ascii_case("DATE(") || word.eq_ignore_ascii_case("TIME(")
    })
}
