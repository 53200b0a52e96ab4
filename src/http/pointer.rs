//! Every value at a JSON pointer. JSON lets a key stand twice in an object and most readers keep the last one; two
//! answers must not be told as one, so all of them are collected.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;

/// All values at the pointer, in the order of the text; none where no path leads there.
///
/// # Errors
/// When the text is not JSON, or is nested deeper than `serde_json` reads on the way to the value.
pub fn values(text: &str, pointer: &str) -> serde_json::Result<Vec<Value>> {
    let tokens: Vec<String> = pointer
        .split('/')
        .skip(1)
        .map(|token| token.replace("~1", "/").replace("~0", "~"))
        .collect();
    let mut found = Vec::new();
    let mut reader = serde_json::Deserializer::from_str(text);
    At {
        path: &tokens,
        found: &mut found,
    }
    .deserialize(&mut reader)?;
    reader.end()?;
    Ok(found)
}

/// The rest of the path from a value on, and what was found so far.
struct At<'p, 'f> {
    path: &'p [String],
    found: &'f mut Vec<Value>,
}

impl<'de> DeserializeSeed<'de> for At<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.path.is_empty() {
            self.found.push(Value::deserialize(deserializer)?);
            return Ok(());
        }
        deserializer.deserialize_any(self)
    }
}

/// A scalar on the way leads nowhere, which is no fault of the text.
macro_rules! leads_nowhere {
    ($($visit:ident: $kind:ty),*) => {
        $(fn $visit<E>(self, _: $kind) -> Result<(), E> { Ok(()) })*
    };
}

impl<'de> Visitor<'de> for At<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let Some((first, rest)) = self.path.split_first() else {
            return Ok(());
        };
        while let Some(key) = map.next_key::<String>()? {
            if key == *first {
                map.next_value_seed(At {
                    path: rest,
                    found: self.found,
                })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<(), S::Error> {
        let Some((first, rest)) = self.path.split_first() else {
            return Ok(());
        };
        // "01" and "+1" are no indices.
        let wanted = first
            .parse::<usize>()
            .ok()
            .filter(|index| index.to_string() == *first);
        for index in 0.. {
            let more = if wanted == Some(index) {
                list.next_element_seed(At {
                    path: rest,
                    found: self.found,
                })?
                .is_some()
            } else {
                list.next_element::<IgnoredAny>()?.is_some()
            };
            if !more {
                break;
            }
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    leads_nowhere!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);
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
