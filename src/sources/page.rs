//! Finds the one hash in a page. Pure; it never repeats the page's content.

use std::collections::BTreeSet;

use serde_json::{Number, Value};

use crate::core::config::Find;
use crate::core::refusal::{Refusal, RefusalCode, Report};
use crate::http::Response;
use crate::http::pointer::values;

const NO_HASH: &str = "its page contains something that is not a hash";

/// Returns the one hash (7 to 64 lower-case hex digits) in a page.
///
/// # Errors
/// `page-unclear` for none, several, or a text that is no hash. The caller adds the key to correct.
pub fn hash_in(find: &Find, page: &Response) -> Result<String, Refusal> {
    let text = String::from_utf8_lossy(&page.body);
    // Some servers begin UTF-8 with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let found = match find {
        Find::Pattern(pattern) => (pattern.captures_iter(text.as_bytes()))
            .filter_map(|captures| captures.get(1))
            .map(|hash| String::from_utf8_lossy(hash.as_bytes()).into_owned())
            .take(1000)
            .collect(),
        Find::Json(pointer) => json_values(text, pointer)?,
        // Two values may also be joined by a comma.
        Find::Header(name) => said(page.all(name).join(",").split(',')),
        Find::Body => vec![text.trim().to_owned()],
    };
    let found: BTreeSet<String> = found.iter().map(|text| text.to_ascii_lowercase()).collect();
    let looked = looked_for(find, page);
    if !found.iter().all(|text| is_hash(text)) {
        let a_hash = "a hash is 7 to 64 hex digits".to_owned();
        return Err(unclear(NO_HASH, [looked, a_hash]));
    }
    // The same commit may appear twice, once abbreviated: the longer one counts.
    let hashes: Vec<&str> = (found.iter())
        .filter(|hash| {
            let mut longer = found.iter().filter(|other| other.len() > hash.len());
            !longer.any(|other| other.starts_with(hash.as_str()))
        })
        .map(String::as_str)
        .collect();
    match hashes.as_slice() {
        [only] => Ok((*only).to_owned()),
        [] => Err(unclear("its page contains no hash", [looked])),
        several => {
            let some = several.iter().take(4);
            let some: Vec<&str> = some.map(|hash| hash.get(..12).unwrap_or(hash)).collect();
            let what = format!("its page contains {} different hashes", several.len());
            Err(unclear(
                &what,
                [looked, format!("found {}", some.join(", "))],
            ))
        }
    }
}

/// Returns the non-empty values. An empty value does not hide another.
fn said<'v>(values: impl Iterator<Item = &'v str>) -> Vec<String> {
    let values = values.map(str::trim).filter(|value| !value.is_empty());
    values.map(str::to_owned).collect()
}

/// Returns the texts at a JSON pointer. A repeated key has two values; `null` and an empty text do not count.
fn json_values(text: &str, pointer: &str) -> Result<Vec<String>, Refusal> {
    let values = values(text, pointer).map_err(|error| match error.to_string() {
        // Only the value at the pointer is parsed as a number; the others are skipped.
        why if why.starts_with("number out of range") => no_quotes(pointer),
        // The position and the parser's reason, never the content.
        why => unclear(
            "its page is not JSON",
            [format!("looked at {pointer}"), why],
        ),
    })?;
    let mut texts = Vec::new();
    for value in values {
        texts.push(match value {
            Value::Null => continue,
            Value::String(text) => text,
            Value::Number(number) => digits_of(&number).ok_or_else(|| no_quotes(pointer))?,
            _ => return Err(unclear(NO_HASH, [format!("{pointer} is not a string")])),
        });
    }
    Ok(said(texts.iter().map(String::as_str)))
}

fn no_quotes(pointer: &str) -> Refusal {
    let why = "is a number: the page writes the hash without quotes; put it in quotes";
    unclear(NO_HASH, [format!("{pointer} {why}")])
}

/// Returns the digits of a hash written as a number: 7 to 15, because longer numbers may be rounded.
fn digits_of(number: &Number) -> Option<String> {
    let digits = number.as_u64()?.to_string();
    (7..=15).contains(&digits.len()).then_some(digits)
}

fn is_hash(text: &str) -> bool {
    (7..=64).contains(&text.len())
        && (text.bytes()).all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn looked_for(find: &Find, page: &Response) -> String {
    let what = match find {
        Find::Pattern(pattern) => pattern.as_str(),
        Find::Json(pointer) => pointer,
        Find::Header(name) => return format!("looked for the header {name}"),
        Find::Body => "only a hash",
    };
    let kind: String = (page
        .header("content-type")
        .unwrap_or("unnamed content")
        .chars())
    .take_while(|c| *c != ';')
    .take(40)
    .collect();
    format!("looked for {what} in {} bytes of {kind}", page.body.len())
}

fn unclear(what: &str, causes: impl IntoIterator<Item = String>) -> Refusal {
    let report = causes.into_iter().fold(Report::new(what), Report::because);
    report.refused(RefusalCode::PageUnclear)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::page_pattern;

    fn html(body: &str) -> Response {
        let kind = ("content-type", "text/html; charset=utf-8");
        Response::of(200, &[kind], body.as_bytes())
    }

    fn in_header(values: &[&str]) -> Result<String, Refusal> {
        let headers: Vec<_> = values.iter().map(|value| ("x-commit", *value)).collect();
        hash_in(
            &Find::Header("x-commit".into()),
            &Response::of(200, &headers, b""),
        )
    }

    fn pattern() -> Find {
        Find::Pattern(page_pattern(r#"data-commit="([0-9a-fA-F]*)""#).unwrap())
    }

    #[test]
    fn one_hash_is_read_in_either_case_and_may_be_repeated() {
        let answer = html(r#"<a data-commit="1F13DC69"/><b data-commit="1f13dc69"/>"#);
        assert_eq!(hash_in(&pattern(), &answer).unwrap(), "1f13dc69");
    }

    #[test]
    fn a_short_and_a_full_form_of_one_commit_are_one() {
        let answer = html(r#"<a data-commit="1f13dc6"/><b data-commit="1f13dc69aabb"/>"#);
        assert_eq!(hash_in(&pattern(), &answer).unwrap(), "1f13dc69aabb");
    }

    #[test]
    fn letters_outside_of_ascii_stand_in_a_pattern_and_on_a_page() {
        for (pattern, body) in [
            (r"Größe \d+, Stand ([0-9a-f]+)", "Größe 12, Stand 1f13dc69."),
            (r"(?i)COMMIT:\s+(\w+)\b", "Commit: 1F13DC69 – neu"),
            (r"Commit.{1,5}([0-9a-f]{8})", "Commit – 1f13dc69"),
            (r"é[^0-9]*([0-9a-f]+)", "é – 1f13dc69"),
        ] {
            let find = Find::Pattern(page_pattern(pattern).unwrap());
            assert_eq!(
                hash_in(&find, &html(body)).unwrap(),
                "1f13dc69",
                "{pattern}"
            );
        }
        let digits = Find::Pattern(page_pattern(r"(\d{8})").unwrap());
        let arabic = hash_in(&digits, &html("١٢٣٤٥٦٧٨"));
        assert_eq!(
            arabic.unwrap_err().report.error,
            "its page contains no hash"
        );
    }

    #[test]
    fn none_several_and_no_hash_are_refused_without_the_pages_words() {
        for (body, words) in [
            ("<title>log in</title>", "contains no hash"),
            (
                r#"data-commit="1f13dc69" data-commit="7587cca7""#,
                "2 different hashes",
            ),
            (r#"data-commit="1f13""#, "not a hash"),
        ] {
            let refusal = hash_in(&pattern(), &html(body)).unwrap_err();
            assert_eq!(refusal.code, RefusalCode::PageUnclear);
            assert!(refusal.report.error.contains(words), "{refusal:?}");
            assert!(!format!("{refusal:?}").contains("log in"));
        }
    }

    #[test]
    fn json_header_and_body_are_read() {
        let json = html(r#"{"build":{"commit":"1f13dc69"}}"#);
        assert_eq!(
            hash_in(&Find::Json("/build/commit".into()), &json).unwrap(),
            "1f13dc69"
        );
        assert_eq!(in_header(&[" 1f13dc69 "]).unwrap(), "1f13dc69");
        assert_eq!(
            hash_in(&Find::Body, &html(" 1f13dc69\n")).unwrap(),
            "1f13dc69"
        );
    }

    #[test]
    fn two_answers_in_one_are_neither_the_first_nor_the_last() {
        let json = |body: &str| hash_in(&Find::Json("/build/commit".into()), &html(body));
        for several in [
            json(r#"{"build":{"commit":"1f13dc69","commit":"7587cca7"}}"#),
            json(r#"{"build":{"commit":"1f13dc69"},"build":{"\u0063ommit":"7587cca7"}}"#),
            in_header(&["1f13dc69", "7587cca7"]),
            in_header(&["1f13dc69, 7587cca7"]),
            in_header(&["1f13dc69", "", "1f13dc69,7587cca7"]),
        ] {
            let refusal = several.unwrap_err();
            assert_eq!(refusal.report.error, "its page contains 2 different hashes");
            assert_eq!(refusal.report.because[1], "found 1f13dc69, 7587cca7");
        }
        for no_hash in [
            json(r#"{"build":{"commit":"1f13dc69","commit":7}}"#),
            json(r#"{"build":{"commit":"1f13dc69","commit":["1f13dc69"]}}"#),
            json(r#"{"build":{"commit":"1f13dc69","commit":"unknown"}}"#),
            in_header(&["1f13dc69", "unknown"]),
            in_header(&["1f13dc69; 1f13dc69"]),
            in_header(&["1f13dc69", "\u{fc}"]),
        ] {
            assert_eq!(
                no_hash.unwrap_err().report.error,
                "its page contains something that is not a hash"
            );
        }
    }

    #[test]
    fn equal_answers_are_one_and_an_empty_one_hides_nothing() {
        let json = |body: &str| hash_in(&Find::Json("/build/commit".into()), &html(body)).unwrap();
        for one in [
            json(r#"{"build":{"commit":"1f13dc69","commit":"1F13DC69 "}}"#),
            json(r#"{"build":{"commit":"1f13dc6"},"build":{"commit":"1f13dc69"}}"#),
            json(
                r#"{"build":{"commit":"1f13dc69","commit":"","commit":null},"build":{},"build":7}"#,
            ),
            json(r#"{"commit":"7587cca7","x":1,"x":2,"build":{"commit":"1f13dc69"}}"#),
            json("\u{feff}{\"build\":{\"commit\":\"1f13dc69\"}}"),
            in_header(&["1f13dc69", " 1F13DC69 "]).unwrap(),
            in_header(&["1f13dc69, 1f13dc69"]).unwrap(),
            in_header(&["", "1f13dc69", " , "]).unwrap(),
            in_header(&["1f13dc69", "1f13dc6,1f13dc69"]).unwrap(),
            hash_in(&Find::Body, &html("\u{feff}1f13dc69\n")).unwrap(),
        ] {
            assert_eq!(one, "1f13dc69");
        }
        for nothing in [&[][..], &[""], &[" , "]] {
            let refusal = in_header(nothing).unwrap_err();
            assert_eq!(refusal.report.error, "its page contains no hash");
        }
    }

    #[test]
    fn a_short_hash_of_digits_alone_may_be_a_number_and_anything_else_without_quotes_is_unclear() {
        let json = |value: &str| {
            hash_in(
                &Find::Json("/commit".into()),
                &html(&format!(r#"{{"commit":{value},"n":1}}"#)),
            )
        };
        for (value, hash) in [
            ("1828722", "1828722"),
            ("182872212345678", "182872212345678"),
            (" 18287221 ", "18287221"),
        ] {
            assert_eq!(json(value).unwrap(), hash);
        }
        assert_eq!(
            json(r#"1828722,"commit":"1828722f""#).unwrap(),
            "1828722f",
            "both forms of one hash"
        );
        assert!(
            json(r#"1828722,"commit":"7587cca7""#)
                .unwrap_err()
                .report
                .error
                .contains("2 different hashes")
        );
        // Seven digits that begin with 0 or contain an e are changed by JSON; a double has fifteen digits.
        for value in [
            "182872",
            "7",
            "-1828722",
            "1828722.0",
            "1234e56",
            "1e5",
            "1828722e0",
            "1828722123456789",
            "1234e567890",
            &"1".repeat(40),
        ] {
            let refusal = json(value).unwrap_err();
            assert_eq!(
                refusal.report.error, "its page contains something that is not a hash",
                "{value}"
            );
            let why =
                "/commit is a number: the page writes the hash without quotes; put it in quotes";
            assert_eq!(refusal.report.because, [why], "{value}");
        }
        for value in ["0182872", "1f13dc69", "12e4f567"] {
            let refusal = json(value).unwrap_err();
            assert_eq!(refusal.report.error, "its page is not JSON", "{value}");
            assert!(
                refusal.report.because[1].contains(" at line 1 column "),
                "{refusal:?}"
            );
            assert!(!format!("{refusal:?}").contains(value), "{refusal:?}");
        }
    }

    #[test]
    fn json_that_is_html_or_lacks_the_value_is_refused() {
        for body in [
            "<html>",
            r#"{"build":{}}"#,
            r#"{"build":{"commit":null}}"#,
            r#"{"build":{"commit":7}}"#,
        ] {
            assert!(
                hash_in(&Find::Json("/build/commit".into()), &html(body)).is_err(),
                "{body}"
            );
        }
        assert!(hash_in(&Find::Json("/a".into()), &html(&"[".repeat(100_000))).is_err());
    }
}
