//! The one mapping between an event's types and its trailers, both ways: the rows say how each field stands.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::core::record::What;
use Shape::{Flag, List, Number, Pairs, Text};

#[derive(Clone, Copy)]
enum Shape {
    /// As one trailer, or none.
    Text,
    Number,
    /// As a trailer that is there, or not.
    Flag,
    /// As a trailer for each of its texts.
    List,
    /// As a trailer for each pair of a name and what belongs to it, or `-`.
    Pairs,
}

/// Fields, their trailers and how they stand there, in the order in which they are written.
const ROWS: [(&str, &str, Shape); 32] = [
    ("candidate", "Candidate", Text),
    ("about", "About", Text),
    ("commit", "Commit", Text),
    ("of", "Of", Text),
    ("login", "Login", Text),
    ("issue", "Issue", Number),
    ("comment", "Comment", Number),
    ("address", "Address", Text),
    ("environment", "Environment", Text),
    ("from", "From", Text),
    ("also", "Also", Pairs),
    ("base", "Base", Text),
    ("since", "Since", Number),
    ("commits", "Commits", Number),
    ("signed_off_by", "Signed-Off-By", List),
    ("unsigned", "Unsigned", Flag),
    ("back", "Back", Flag),
    ("announced_by", "Announced-By", Text),
    ("intent", "Intent", Text),
    ("holds", "Holds", List),
    ("date", "Date", Text),
    ("targets", "Target", Pairs),
    ("channels", "Channel", List),
    ("channel", "Channel", Text),
    ("attempt", "Attempt", Text),
    ("over", "Over", Text),
    ("text", "Text", Text),
    ("note", "Note", Text),
    ("words", "Words", Text),
    ("override", "Override", Text),
    ("why", "Why", Text),
    ("how", "How", Text),
];

/// The words for events that say one of their fields, too: the word, the event, the field and what it says.
const WORDS: [(&str, &str, &str, &str); 13] = [
    ("signed-off", "judged", "verdict", "pass"),
    ("blocked", "judged", "verdict", "block"),
    ("staging", "deploying", "kind", "stage"),
    ("staging-fix", "deploying", "kind", "fix"),
    ("promoting", "deploying", "kind", "promote"),
    ("rolling-back", "deploying", "kind", "rollback"),
    ("check-failed", "check-failed", "kind", "promote"),
    ("staged-check-failed", "check-failed", "kind", "stage"),
    ("staged-fix-check-failed", "check-failed", "kind", "fix"),
    ("staged", "deployed", "kind", "stage"),
    ("staged-fix", "deployed", "kind", "fix"),
    ("promoted", "deployed", "kind", "promote"),
    ("rolled-back", "deployed", "kind", "rollback"),
];

/// The word for what happened, and the trailers that say the rest.
pub fn to_trailers(what: &What) -> (String, Vec<(&'static str, String)>) {
    // These types hold nothing that JSON cannot say, so there is always one event with its fields.
    let Ok(Value::Object(event)) = serde_json::to_value(what) else {
        return Default::default();
    };
    let Some((event, Value::Object(mut fields))) = event.into_iter().next() else {
        return Default::default();
    };
    // Whom an event tells stands beside the rest.
    if let Some(Value::Object(tells)) = fields.remove("tells") {
        fields.extend(tells);
    }
    let word = WORDS.iter().find(|(_, of, field, said)| {
        event == *of && fields.get(*field).is_some_and(|is| is == said)
    });
    let word = word.map_or(event.as_str(), |(word, ..)| word);
    let trailers = ROWS.iter().flat_map(|(field, name, _)| {
        let all = match fields.get(*field) {
            Some(Value::Array(all)) => all.as_slice(),
            one => one.map_or(&[][..], std::slice::from_ref),
        };
        all.iter().filter_map(text).map(|text| (*name, text))
    });
    (word.to_owned(), trailers.collect())
}

/// What a trailer says of a value; `None`: it is left out.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is_so) => is_so.then(|| "yes".to_owned()),
        Value::Array(pair) => {
            let words = pair.iter().map(|one| text(one).unwrap_or("-".to_owned()));
            Some(words.collect::<Vec<_>>().join(" "))
        }
        Value::Null | Value::Object(_) => None,
    }
}

/// What happened, by the word for it and the trailers of its message; `None` where something is missing or not as it should
/// be, or of a kind that this version does not know.
pub fn from_trailers(word: &str, trailers: &BTreeMap<String, Vec<String>>) -> Option<What> {
    let mut fields = Map::new();
    for (field, name, shape) in ROWS {
        let all = trailers.get(name).map_or(&[][..], Vec::as_slice);
        fields.extend(value(shape, all).map(|value| (field.to_owned(), value)));
    }
    // Somebody is told of it where it has a date.
    if fields.contains_key("date") {
        fields.insert("tells".to_owned(), Value::Object(fields.clone()));
    }
    let event = match WORDS.iter().find(|(one, ..)| *one == word) {
        Some((_, event, field, said)) => {
            fields.insert((*field).to_owned(), Value::from(*said));
            event
        }
        None if WORDS.iter().any(|(_, event, ..)| *event == word) => return None,
        None => word,
    };
    let fields = [(event.to_owned(), Value::Object(fields))];
    What::deserialize(Value::Object(Map::from_iter(fields))).ok()
}

/// The value that trailers of one name say. What is not of its shape stays so, and is of no use where it is wanted.
fn value(shape: Shape, all: &[String]) -> Option<Value> {
    match (shape, all) {
        (List, all) => Some(Value::from(all)),
        (Pairs, all) => Some(all.iter().map(|text| pair(text)).collect()),
        (Flag, []) => Some(Value::Bool(false)),
        (Flag, [_]) => Some(Value::Bool(true)),
        (Text | Number, []) => None,
        (Number, [one]) => Some(number(one)),
        (Text, [one]) => Some(Value::from(one.as_str())),
        (Text | Number | Flag, several) => Some(Value::from(several)),
    }
}

fn number(text: &str) -> Value {
    match (text.parse::<u64>(), text.parse::<i64>()) {
        (Ok(number), _) => number.into(),
        (_, Ok(negative)) => negative.into(),
        _ => text.into(),
    }
}

fn pair(text: &str) -> Value {
    match text.rsplit_once(' ') {
        Some((name, "-")) => [Value::from(name), Value::Null].into_iter().collect(),
        Some((name, value)) => [name, value].into_iter().collect(),
        None => Value::from(text),
    }
}
