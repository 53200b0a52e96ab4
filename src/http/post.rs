//! One POST to a webhook, and what its answer is worth. The address is a secret: neither it nor an answer, which may
//! repeat it, is ever shown.

mod taken;

use std::io::Read as _;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::blocking::Response;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{StatusCode, Url, retry};

use self::taken::{Taken, taken};
use crate::core::refusal::Report;
use crate::core::secret::Secret;
use crate::core::words::ChannelKind;
use crate::http::{innermost, plain_client};

/// How long a post may take, from the first byte sent to the last byte of the answer.
const LIMIT: Duration = Duration::from_secs(15);
/// How much of an answer is read, in bytes.
const SIZE: u64 = 4096;
/// What to do when a webhook will never take anything again.
pub const RENEW: &str = "make a new webhook, take the old one away, then: git smp setup";

/// What came of one attempt to post.
#[derive(Debug)]
#[expect(
    clippy::enum_variant_names,
    reason = "what was not sent is one way for a sending to end"
)]
pub enum Sent {
    /// The chat says that it took it. For Teams that is "accepted by the workflow", never "posted".
    Accepted,
    /// Not taken; try again, after this time if one was told.
    Later(Option<Duration>, Report),
    /// No connection could be made: nothing left this machine.
    NotSent(Report),
    /// It was answered that it is not taken.
    Declined(Report),
    /// It may have gone out, and nobody knows what came of it.
    Unclear(Report),
}

/// Posts to a webhook of this kind of chat, once.
pub fn post(chat: ChannelKind, webhook: &Secret, payload: &str) -> Sent {
    let Ok(url) = Url::parse(webhook.expose()) else {
        return Sent::NotSent(Report::new("the webhook is no address"));
    };
    let client = plain_client(&url).retry(retry::never()).build();
    let sent = client.and_then(|client| {
        let request = client
            .post(url)
            .header(CONTENT_TYPE, "application/json; charset=utf-8");
        request.timeout(LIMIT).body(payload.to_owned()).send()
    });
    match sent {
        Ok(response) => answered(chat, webhook, response),
        Err(error) => unanswered(&error),
    }
}

/// Only a connection that was never made is sure to have carried nothing.
fn unanswered(error: &reqwest::Error) -> Sent {
    if error.is_connect() || error.is_builder() {
        return Sent::NotSent(because(Report::new("the webhook cannot be reached"), error));
    }
    if error.is_timeout() {
        return Sent::Unclear(Report::new(format!(
            "the webhook did not answer within {} seconds",
            LIMIT.as_secs()
        )));
    }
    Sent::Unclear(because(
        Report::new("the webhook broke off without an answer"),
        error,
    ))
}

fn because(report: Report, error: &reqwest::Error) -> Report {
    match innermost(error) {
        // What is said of a certificate names the host, which is a part of the secret.
        Some(cause) if cause.contains("certificate") => {
            report.because("its certificate is not valid")
        }
        Some(cause) => report.because(cause),
        None => report,
    }
}

fn answered(chat: ChannelKind, webhook: &Secret, response: Response) -> Sent {
    let (status, wait) = (response.status(), told_to_wait(response.headers()));
    let kind = header(response.headers(), &CONTENT_TYPE)
        .unwrap_or_default()
        .to_owned();
    let mut body = Vec::new();
    let whole = response.take(SIZE).read_to_end(&mut body).is_ok();
    let error = std::str::from_utf8(body.trim_ascii())
        .ok()
        .filter(|_| !status.is_success());
    let answers = format!("it answers {}", words(status, error, webhook));
    let report = |error: &str| Report::new(error).because(&answers);
    match status.as_u16() {
        200..=299 if !whole => Sent::Unclear(report("the webhook broke off in its answer")),
        200..=299 => match taken(chat, status.as_u16(), &kind, &body) {
            Taken::Yes => Sent::Accepted,
            Taken::No(word) => {
                let answers = format!("it answers {}", words(status, word.as_deref(), webhook));
                let report = Report::new("the webhook does not take the post").because(answers);
                Sent::Declined(
                    report
                        .because("and says in its answer that it took nothing")
                        .hint(RENEW),
                )
            }
            Taken::Unknown(why) => {
                Sent::Unclear(report("the webhook does not say that it took the post").because(why))
            }
        },
        429 => Sent::Later(wait, report("the webhook takes no more posts for now")),
        503 => Sent::Later(wait, report("the webhook is out of service for now")),
        303 | 408 | 500.. | ..=199 => {
            Sent::Unclear(report("the webhook does not say what became of the post"))
        }
        300..=499 => Sent::Declined(advised(
            report("the webhook does not take the post"),
            status,
        )),
    }
}

/// Says what may be the matter, and what helps.
fn advised(report: Report, status: StatusCode) -> Report {
    match status.as_u16() {
        300..=399 => report
            .because("redirects are not followed, for the address is a secret")
            .hint(RENEW),
        401 => report
            .because("its flow takes posts from certain people only, and nobody can log in here")
            .hint(
                "in the Workflows app, let \"Anyone\" trigger the flow, then take its new address",
            ),
        403 | 404 | 410 => report
            .because("it is gone or was revoked, or its owner left")
            .hint(RENEW),
        413 => report
            .because("the post is too large for it")
            .hint("make its text shorter"),
        _ => report,
    }
}

/// The status; and Slack's word for what is wrong, if it is one and no piece of the address.
fn words(status: StatusCode, error: Option<&str>, webhook: &Secret) -> String {
    let address = webhook.expose().to_ascii_lowercase();
    let word = error.filter(|word| is_word(word) && !address.contains(word));
    match word.or(status.canonical_reason()) {
        Some(word) => format!("{} {word}", status.as_str()),
        None => status.as_str().to_owned(),
    }
}

fn is_word(text: &str) -> bool {
    (2..=40).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// The time after which to try again, in seconds or as a moment; a moment is compared with the server's own clock
/// where that is known.
fn told_to_wait(headers: &HeaderMap) -> Option<Duration> {
    let text = header(headers, &RETRY_AFTER)?;
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than a number can hold are as good as for ever.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let now = header(headers, &DATE)
        .and_then(moment)
        .unwrap_or_else(Timestamp::now);
    let wait = moment(text)?.as_second().saturating_sub(now.as_second());
    Some(Duration::from_secs(wait.try_into().unwrap_or(0)))
}

fn header<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn moment(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text).ok()
}

#[cfg(test)]
mod tests;
