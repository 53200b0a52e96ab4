//! A post for Microsoft Teams: an Adaptive Card in the envelope that a workflow's webhook takes.
//!
//! Foreign text stands in the runs of rich text blocks, where no client knows any markup: escaping instead would be right
//! in the one client and leave stray backslashes in the other. Two things act even there. `<at>` calls somebody only if an
//! entity says who, and entities are made of configured mentions alone. And `{{DATE(…)}}`, `{{TIME(…)}}`: see [`literal`].

use serde_json::{Value, json};

use crate::core::tell::block::{Block, Piece, blocks, harmless, said};
use crate::core::tell::fit::{Limits, fitted};
use crate::core::tell::post::{Listed, Post};

const LIMITS: Limits = Limits {
    // Teams takes 28,672 bytes of "message properties", in which the card is a string with its quotes escaped; what else
    // counts is not known, hence the distance.
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
        // For screen readers as such where nothing in it could be taken for markup.
        Block::Heading(text) if harmless(text) => {
            return vec![
                json!({"type": "TextBlock", "text": text, "style": "heading", "size": "Large", "weight": "Bolder", "wrap": true}),
            ];
        }
        Block::Heading(text) => runs(text, &json!({"size": "Large", "weight": "Bolder"})),
        Block::Opening(opening) => {
            // Real mentions work in text blocks only, and those know Markdown.
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

/// `<at>Adele Vance</at>`, with nothing in it that could end it or be markup.
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

/// The list, each hash a link to its commit; the subject is none, for somebody else wrote it.
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

/// A text as runs of one look.
fn runs(text: &str, look: &Value) -> Vec<Value> {
    let runs = literal(text).into_iter().map(|text| {
        let mut run = look.clone();
        run["type"] = "TextRun".into();
        run["text"] = text.into();
        run
    });
    runs.collect()
}

/// A text in pieces such that `{{DATE(…)}}` and `{{TIME(…)}}` stay what they are. Renderers replace them in one run at a
/// time, so the two braces go into two runs; they are read side by side, and nothing is added or lost.
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

/// The bytes of a value as a string inside of JSON, as the least sparing of encoders writes it.
fn size(value: &Value) -> usize {
    let text = value.to_string();
    let bytes = text.chars().map(|c| match c {
        // Some put a space after these two.
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
        // A line of a summary may get a mark of its own.
        '\n' => 12,
        // Two of them may cost a run of their own.
        '{' => 40,
        c => plain(c),
    }
}

/// Some encoders escape even some of what is plain.
fn plain(c: char) -> usize {
    let is_dear = matches!(c, '<' | '>' | '&' | '\'' | '+' | '`' | '\u{7f}');
    if c.is_ascii() && !is_dear {
        return 1;
    }
    7 * c.len_utf16()
}
