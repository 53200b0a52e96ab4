//! Refuses impossible values of the command line.

use crate::core::refusal::{Report, Stop};
use crate::core::text::{acts, unfit};
use crate::core::typed::{DOTS, Typed};
use crate::core::words::is_hash;

/// The maximum length of a note in characters, because it is posted.
const LONGEST_NOTE: usize = 2000;
const LONGEST_NAME: usize = 100;

/// Refuses a value that is not a hash of at least `least` digits. `source` is the command that shows the right one.
pub fn check_hash(
    option: &str,
    hash: Option<&str>,
    least: usize,
    source: Typed,
) -> Result<(), Stop> {
    if hash.is_none_or(|hash| is_hash(hash, least)) {
        return Ok(());
    }
    let report = Report::new(format!("{option} takes a hash of {least} to 64 hex digits"));
    Err(Stop::Misused(report.run("copy it from", source)))
}

/// Refuses a text that no post can hold.
pub fn check_text(option: &str, text: Option<&str>) -> Result<(), Stop> {
    let wrong = match text {
        Some(text) if text.trim().is_empty() => Some("is empty".to_owned()),
        Some(text) if is_dots(text) => Some("is only dots".to_owned()),
        Some(text) if looks_like_an_option(text) => Some("looks like an option".to_owned()),
        text => text.and_then(|text| unfit(text, LONGEST_NOTE)),
    };
    let Some(wrong) = wrong else { return Ok(()) };
    let report = Report::new(format!("the text of {option} {wrong}"));
    Err(Stop::Misused(report.run(DOTS, Typed::with_dots(option))))
}

/// Returns whether a text is that of our own hints, pasted as it is.
pub fn is_dots(text: &str) -> bool {
    text.trim().trim_matches('.').is_empty()
}

/// Returns whether a text is probably a mistyped option. A list item also begins with `-`, but contains a space.
pub fn looks_like_an_option(text: &str) -> bool {
    text.starts_with('-') && !text.contains(char::is_whitespace)
}

/// Refuses a name that is not a single line of text.
pub fn check_name(name: Option<&str>) -> Result<(), Stop> {
    if name.is_none_or(|name| {
        !is_dots(name)
            && name.chars().count() <= LONGEST_NAME
            && !name.chars().any(|c| acts(c) || c == '\t')
    }) {
        return Ok(());
    }
    let error =
        "--by takes a name on one line, with at most 100 characters and no control characters";
    let again = Typed::with_dots("--by");
    Err(Stop::Misused(
        Report::new(error).run("replace the dots with the name", again),
    ))
}

#[cfg(test)]
mod tests;
