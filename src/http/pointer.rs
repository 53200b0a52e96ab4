//! Every value at a JSON pointer: a key may occur twice, and the two values must not pass for one.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// Returns all values at the pointer, in the order of the text; none if the path does not exist.
///
/// # Errors
/// If the text is not JSON, or a value is nested deeper than `serde_json` reads.
pub fn values(text: &str, pointer: &str) -> serde_json::Result<Vec<Value>> {
    let mut found: Vec<&RawValue> = vec![serde_json::from_str(text)?];
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        found = found
            .into_iter()
            .flat_map(|value| inside(value, &token))
            .collect();
    }
    (found.iter())
        .map(|raw| serde_json::from_str(raw.get()))
        .collect()
}

/// Returns the values under a key or an index. A scalar has none, which is no error.
fn inside<'a>(value: &'a RawValue, token: &str) -> Vec<&'a RawValue> {
    if let Ok(Members(all)) = serde_json::from_str(value.get()) {
        let named = all.into_iter().filter(|(key, _)| key == token);
        return named.map(|(_, value)| value).collect();
    }
    let list: Vec<&RawValue> = serde_json::from_str(value.get()).unwrap_or_default();
    // "01" and "+1" are not valid indices.
    let index = token.parse::<usize>().ok();
    let index = index.filter(|index| index.to_string() == token);
    index
        .and_then(|index| list.get(index).copied())
        .into_iter()
        .collect()
}

/// The members of an object, repeated keys included.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Members<'de>, A::Error> {
        let mut all = Vec::new();
        while let Some(member) = object.next_entry()? {
            all.push(member);
        }
        Ok(Members(all))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_found_where_serde_json_finds_it() {
        let text = r#"{"a/b": {"m~n": [null, {"x": "yes"}]}, "": "empty", "list": ["zero", "one"], "n": 7, "t": true}"#;
        let whole: Value = serde_json::from_str(text).unwrap();
        for pointer in [
            "",
            "/",
            "/a~1b/m~0n/1/x",
            "/a~1b/m~0n/0",
            "/list/1",
            "/list/01",
            "/list/+1",
            "/list/2",
            "/list/-",
            "/list/x",
            "/n",
            "/n/x",
            "/t/0",
            "/list/0/x",
            "/nowhere",
            "/a~1b",
        ] {
            let expected: Vec<Value> = whole.pointer(pointer).cloned().into_iter().collect();
            assert_eq!(values(text, pointer).unwrap(), expected, "{pointer}");
        }
    }

    #[test]
    fn a_key_that_stands_twice_gives_both_values_at_every_level() {
        for (text, expected) in [
            (
                r#"{"build": {"commit": "a", "commit": "b"}}"#,
                json!(["a", "b"]),
            ),
            (
                r#"{"build": {"commit": "a"}, "build": {"commit": "b"}}"#,
                json!(["a", "b"]),
            ),
            (
                r#"{"build": {"commit": "a", "\u0063ommit": "b"}}"#,
                json!(["a", "b"]),
            ),
            (
                r#"{"build": {"commit": "a"}, "build": 7, "build": null, "build": {}}"#,
                json!(["a"]),
            ),
            (
                r#"{"x": 1, "x": 2, "build": {"commit": "a", "y": [], "y": {}}}"#,
                json!(["a"]),
            ),
            (
                r#"{"build": {"commit": "a", "commit": null}}"#,
                json!(["a", null]),
            ),
        ] {
            assert_eq!(
                Value::from(values(text, "/build/commit").unwrap()),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_json_or_has_no_end_to_its_depth_is_an_error() {
        let deep = |open: &str, times| open.repeat(times);
        for text in [
            "",
            "<html>",
            "{\"a\": \"b\"",
            "{\"a\": \"b\"} x",
            "{\"a\": \"b\",}",
            "{a: 1}",
        ] {
            assert!(values(text, "/a").is_err(), "{text}");
        }
        for (text, pointer) in [
            (deep("[", 100_000), "/0".repeat(90)),
            (deep("{\"a\":", 100_000), "/a".repeat(100)),
            (deep("{\"a\":", 100_000), "/b".to_owned()),
            (
                format!("{}{}", deep("[", 200), deep("]", 200)),
                String::new(),
            ),
        ] {
            assert!(values(&text, &pointer).is_err(), "{pointer}");
        }
    }
}
