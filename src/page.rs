//! What a page says: from an answer of a server to the one hash in it. Pure; it never repeats the page's content.

use std::collections::BTreeSet;

use crate::config::Find;
use crate::error::{Refusal, RefusalCode, Report};

/// What a server answered.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The header that was asked for, if it was there.
    pub header: Option<String>,
    /// The kind of content, as the server names it.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

/// The one hash (7 to 64 lower-case hex digits) that a page names.
///
/// # Errors
/// `page-unclear` when it names none, several, or something that is no hash. The key to mend is left to the caller.
pub fn hash_in(find: &Find, answer: &Answer) -> Result<String, Refusal> {
    let text = String::from_utf8_lossy(&answer.body);
    let found: BTreeSet<String> = match find {
        Find::Pattern(pattern) => {
            let matches = pattern.captures_iter(&text).filter_map(|captures| captures.get(1));
            matches.map(|found| found.as_str().to_ascii_lowercase()).take(1000).collect()
        }
        Find::Json(pointer) => json_value(&text, pointer)?.into_iter().collect(),
        Find::Header(_) => answer.header.iter().map(|value| value.trim().to_ascii_lowercase()).collect(),
        Find::Body => BTreeSet::from([text.trim().to_ascii_lowercase()]),
    };
    let looked = looked_for(find, answer);
    let hashes: Vec<String> = found.iter().filter(|text| is_hash(text)).cloned().collect();
    if hashes.len() < found.len() {
        return Err(unclear(
            "its page names something that is no hash",
            [looked, "a hash is 7 to 64 hex digits".into()],
        ));
    }
    match without_prefixes(&hashes).as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(unclear("its page holds no hash", [looked])),
        several => {
            let some: Vec<&str> = several.iter().take(4).map(|hash| hash.get(..12).unwrap_or(hash)).collect();
            let what = format!("its page holds {} different hashes", several.len());
            Err(unclear(&what, [looked, format!("found {}", some.join(", "))]))
        }
    }
}

/// The same commit may stand on a page twice, once abbreviated: the longer one says it all.
fn without_prefixes(sorted: &[String]) -> Vec<String> {
    let longer = |hash: &&String| !sorted.iter().any(|other| other != *hash && other.starts_with(hash.as_str()));
    sorted.iter().filter(longer).cloned().collect()
}

fn json_value(text: &str, pointer: &str) -> Result<Option<String>, Refusal> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|_| unclear("its page is not JSON", [format!("looked at {pointer}")]))?;
    match value.pointer(pointer) {
        None | Some(serde_json::Value::Null) => Ok(None),
        Some(serde_json::Value::String(text)) => Ok(Some(text.trim().to_ascii_lowercase())),
        Some(_) => Err(unclear("its page names something that is no hash", [format!("{pointer} is not a string")])),
    }
}

fn is_hash(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn looked_for(find: &Find, answer: &Answer) -> String {
    let what = match find {
        Find::Pattern(pattern) => pattern.as_str().to_owned(),
        Find::Json(pointer) => pointer.clone(),
        Find::Header(name) => return format!("looked for the header {name}"),
        Find::Body => "nothing but a hash".to_owned(),
    };
    let size = answer.body.len();
    let size = if size < 1024 { format!("{size} bytes") } else { format!("{} KiB", size / 1024) };
    let kind: String = answer.content_type.split(';').next().unwrap_or_default().chars().take(40).collect();
    let kind = if kind.is_empty() { "unnamed content".to_owned() } else { kind };
    format!("looked for {what} in {size} of {kind}")
}

fn unclear(what: &str, causes: impl IntoIterator<Item = String>) -> Refusal {
    let report = causes.into_iter().fold(Report::new(what), Report::because);
    Refusal { code: RefusalCode::PageUnclear, report }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(body: &str) -> Answer {
        Answer { header: None, content_type: "text/html; charset=utf-8".into(), body: body.into() }
    }

    fn pattern() -> Find {
        Find::Pattern(regex::Regex::new(r#"data-commit="([0-9a-fA-F]*)""#).unwrap())
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
    fn none_several_and_no_hash_are_refused_without_the_pages_words() {
        for (body, words) in [
            ("<title>log in</title>", "holds no hash"),
            (r#"data-commit="1f13dc69" data-commit="7587cca7""#, "2 different hashes"),
            (r#"data-commit="1f13""#, "no hash"),
        ] {
            let refusal = hash_in(&pattern(), &html(body)).unwrap_err();
            assert_eq!(refusal.code, RefusalCode::PageUnclear);
            assert!(refusal.report.error.contains(words), "{refusal:?}");
            assert!(!format!("{refusal:?}").contains("log in"));
        }
    }

    #[test]
    fn json_header_and_body_are_read() {
        let json = Answer { body: br#"{"build":{"commit":"1f13dc69"}}"#.to_vec(), ..Answer::default() };
        assert_eq!(hash_in(&Find::Json("/build/commit".into()), &json).unwrap(), "1f13dc69");
        let header = Answer { header: Some(" 1f13dc69 ".into()), ..Answer::default() };
        assert_eq!(hash_in(&Find::Header("x-commit".into()), &header).unwrap(), "1f13dc69");
        assert_eq!(hash_in(&Find::Body, &html(" 1f13dc69\n")).unwrap(), "1f13dc69");
    }

    #[test]
    fn json_that_is_html_or_lacks_the_value_is_refused() {
        for body in ["<html>", r#"{"build":{}}"#, r#"{"build":{"commit":null}}"#, r#"{"build":{"commit":7}}"#] {
            assert!(hash_in(&Find::Json("/build/commit".into()), &html(body)).is_err(), "{body}");
        }
        assert!(hash_in(&Find::Json("/a".into()), &html(&"[".repeat(100_000))).is_err());
    }
}
