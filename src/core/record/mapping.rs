//! The one mapping between event types and trailers, in both directions: each row gives the form of a field.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::core::record::What;
use Shape::{Flag, List, Number, Pairs, Text};

#[derive(Clone, Copy)]
enum Shape {
    /// At most one trailer.
    Text,
    Number,
    /// A trailer that exists or not.
    Flag,
    /// A trailer for each text.
    List,
    /// A trailer for each name and its value, or `-`.
    Pairs,
}

/// Fields, their trailers and their forms, in the order of writing.
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

/// Event words that imply the value of a field: the word, the event, the field and its value.
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

/// Returns the word for an event, and the trailers with its fields.
pub fn to_trailers(what: &What) -> (String, Vec<(&'static str, String)>) {
    // JSON can express these types completely, so there is always one event with its fields.
    let Ok(Value::Object(event)) = serde_json::to_value(what) else {
        return Default::default();
    };
    let Some((event, Value::Object(mut fields))) = event.into_iter().next() else {
        return Default::default();
    };
    // The fields of `tells` are written next to the others.
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

/// Returns the trailer text of a value; `None` to leave it out.
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

/// Returns the event from its word and its message's trailers; `None` if a field is missing or invalid, or if this
/// version does not know the kind.
pub fn from_trailers(word: &str, trailers: &BTreeMap<String, Vec<String>>) -> Option<What> {
    let mut fields = Map::new();
    for (field, name, shape) in ROWS {
        let all = trailers.get(name).map_or(&[][..], Vec::as_slice);
        fields.extend(value(shape, all).map(|value| (field.to_owned(), value)));
    }
    // An event with a date has channels to notify.
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

/// Returns the value of the trailers with one name. A value of another form stays as it is and fails to parse later.
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
