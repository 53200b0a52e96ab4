//! Who is called in Teams: only those whom the configuration gives an id, each with an entity that says who it is.

use serde_json::{Value, json};

use crate::core::tell::post::Post;
use crate::core::tell::teams::size::{SENTENCE, weight};
use crate::core::tell::teams::{block, runs};
use crate::core::tell::{Called, harmless, opening};

/// Who is called, and the first sentence. Real mentions work in text blocks only, and those know Markdown.
pub(super) fn begin(post: &Post) -> (Vec<Value>, Vec<Value>) {
    let opening = opening(post, SENTENCE, weight, |_| true);
    let words = opening.words();
    let text = |text: &str| json!({"type": "TextBlock", "text": text, "wrap": true});
    let tags: Vec<String> = opening.called.iter().map(tag).collect();
    let blocks = match (tags.is_empty(), harmless(&words)) {
        (true, _) => vec![block(runs(&words, &json!({})))],
        (false, true) => vec![text(&format!("{} {}", tags.join(" "), words))],
        (false, false) => vec![text(&tags.join(" ")), block(runs(&words, &json!({})))],
    };
    (blocks, opening.called.iter().map(entity).collect())
}

/// `<at>Adele Vance</at>`, with nothing in it that could end it or be markup.
fn tag(called: &Called<'_>) -> String {
    format!("<at>{}</at>", label(called))
}

fn entity(called: &Called<'_>) -> Value {
    let mentioned = json!({"id": called.id, "name": label(called)});
    json!({"type": "mention", "text": tag(called), "mentioned": mentioned})
}

fn label(called: &Called<'_>) -> String {
    let plain = |c: char| {
        if c.is_alphanumeric() || c == '-' {
            c
        } else {
            ' '
        }
    };
    let name: String = called.name.chars().map(plain).collect();
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() {
        "somebody".to_owned()
    } else {
        name
    }
}
