//! A post for Microsoft Teams: an Adaptive Card in the envelope of a workflow's webhook.
//!
//! Foreign text goes into runs of rich text blocks, where no client reads markup: escapes work in one client and show
//! backslashes in the other. Two things act even there. `<at>` notifies only with an entity, and entities only come
//! from configured mentions. `{{DATE(…)}}` and `{{TIME(…)}}`: see [`literal`].

use serde_json::{Value, json};

use crate::core::tell::block::{Block, Piece, blocks, harmless, said};
use crate::core::tell::fit::{Limits, fitted};
use crate::core::tell::post::{Listed, Post};

const LIMITS: Limits = Limits {
    // Teams accepts 28,672 bytes of "message properties", which contain the card as a string with escaped quotes; what
    // else counts is unknown, so this stays well below.
    whole: 25_000,
    list: 4_000,
    text: usize::MAX,
    heading: 800,
    lead: 1_200,
    names: 1_200,
    subject: 480,
    file: 480,
    files: 2_000,
    weigh: weight,
    knows: |_| true,
};

pub fn payload(post: &Post) -> String {
    fitted(post, &LIMITS, message, size).to_string()
}

fn message(post: &Post, count: usize) -> Value {
    let (mut body, mut teams) = (Vec::new(), json!({"width": "Full"}));
    for part in blocks(post, count, &LIMITS) {
        if let Block::Opening(opening) = &part
            && !opening.called.is_empty()
        {
            teams["entities"] = opening.called.iter().map(entity).collect();
        }
        body.extend(block(&part));
    }
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard", "version": "1.5", "msteams": teams, "body": body,
    });
    if let Some(link) = &post.link {
        card["actions"] = json!([{"type": "Action.OpenUrl", "title": "Compare", "url": link.url}]);
    }
    let kind = "application/vnd.microsoft.card.adaptive";
    json!({"type": "message", "attachments": [{"contentType": kind, "contentUrl": null, "content": card}]})
}

fn block(block: &Block<'_>) -> Vec<Value> {
    let inlines = match block {
        // A heading for screen readers, if no part of it could be read as markup.
        Block::Heading(text) if harmless(text) => {
            return vec![
                json!({"type": "TextBlock", "text": text, "style": "heading", "size": "Large", "weight": "Bolder", "wrap": true}),
            ];
        }
        Block::Heading(text) => runs(text, &json!({"size": "Large", "weight": "Bolder"})),
        Block::Opening(opening) => {
            // Real mentions only work in text blocks, which read Markdown.
            let (markup, literal) = opening.parts(tag);
            let markup =
                markup.map(|text| json!({"type": "TextBlock", "text": text, "wrap": true}));
            let literal = literal.map(|words| rich(runs(&words, &json!({}))));
            return markup.into_iter().chain(literal).collect();
        }
        Block::Commits(commits, more) => list(commits, more.as_deref()),
        Block::Sentence(pieces) => pieces.iter().flat_map(piece).collect(),
        Block::Summary(text) => {
            let lines = said(text).map(|(is_point, line)| match is_point {
                true => format!("• {line}"),
                false => line.to_owned(),
            });
            runs(&lines.collect::<Vec<_>>().join("\n"), &json!({}))
        }
        Block::Note(text) => runs(text, &json!({})),
    };
    vec![rich(inlines)]
}

/// Returns `<at>Adele Vance</at>` with a name that can neither end the tag nor be markup.
fn tag((name, _): &(&str, &str)) -> String {
    format!("<at>{}</at>", label(name))
}

fn entity(called: &(&str, &str)) -> Value {
    let mentioned = json!({"id": called.1, "name": label(called.0)});
    json!({"type": "mention", "text": tag(called), "mentioned": mentioned})
}

fn label(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric() && c != '-');
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return "somebody".to_owned();
    }
    words.join(" ")
}

/// Formats the list. Each hash links to its commit; the subject is foreign and is no link.
fn list(commits: &[Listed], more: Option<&str>) -> Vec<Value> {
    let mono = json!({"fontType": "Monospace"});
    let mut inlines = Vec::new();
    for (index, commit) in commits.iter().enumerate() {
        let is_last = index + 1 == commits.len() && more.is_none();
        let line_end = if is_last { "" } else { "\n" };
        let end = format!(" {}{line_end}", commit.subject);
        match &commit.url {
            Some(url) => {
                let look = json!({"fontType": "Monospace", "selectAction": open(url)});
                inlines.extend(runs(&commit.short, &look));
                inlines.extend(runs(&end, &mono));
            }
            None => inlines.extend(runs(&format!("{}{end}", commit.short), &mono)),
        }
    }
    inlines.extend(more.map(|more| json!({"type": "TextRun", "text": more, "italic": true})));
    inlines
}

fn piece(piece: &Piece<'_>) -> Vec<Value> {
    match piece {
        Piece::Words(words) => runs(words, &json!({})),
        Piece::Name(name) => runs(name, &json!({"fontType": "Monospace"})),
        Piece::Link(url) => runs(url, &json!({"selectAction": open(url)})),
    }
}

fn open(url: &str) -> Value {
    json!({"type": "Action.OpenUrl", "url": url})
}

fn rich(inlines: Vec<Value>) -> Value {
    json!({"type": "RichTextBlock", "inlines": inlines})
}

/// Formats a text as runs of one style.
fn runs(text: &str, look: &Value) -> Vec<Value> {
    let runs = literal(text).into_iter().map(|text| {
        let mut run = look.clone();
        run["type"] = "TextRun".into();
        run["text"] = text.into();
        run
    });
    runs.collect()
}

/// Splits a text so that `{{DATE(…)}}` and `{{TIME(…)}}` stay literal. Renderers replace them inside one run, so the
/// two braces go into two runs; the text reads the same.
fn literal(text: &str) -> Vec<&str> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some(at) = (rest.match_indices("{{"))
        .map(|(at, _)| at)
        .find(|at| is_computed(rest, at + 2))
    {
        let (before, after) = rest.split_at(at + 1);
        pieces.push(before);
        rest = after;
    }
    pieces.push(rest);
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

fn is_computed(text: &str, at: usize) -> bool {
    let word = text.get(at..at + 5).unwrap_or_default();
    word.eq_ignore_ascii_case("DATE(") || word.eq_ignore_ascii_case("TIME(")
}

/// Returns the size of a value as a string inside JSON, as the least compact encoder writes it.
fn size(value: &Value) -> usize {
    let text = value.to_string();
    let bytes = text.chars().map(|c| match c {
        // Some encoders add a space after these two.
        '"' | '\\' | ':' | ',' => 2,
        c => plain(c),
    });
    bytes.sum()
}

fn weight(c: char) -> usize {
    match c {
        '"' | '\\' => 4,
        ':' | ',' => 2,
        '\t' => 3,
        // A line of a summary may get a bullet.
        '\n' => 12,
        // Two of them may need another run.
        '{' => 40,
        c => plain(c),
    }
}

/// Returns the size of a character: some encoders escape even plain ones.
fn plain(c: char) -> usize {
    let is_dear = matches!(c, '<' | '>' | '&' | '\'' | '+' | '`' | '\u{7f}');
    if c.is_ascii() && !is_dear {
        return 1;
    }
    7 * c.len_utf16()
}
