//! One POST to a webhook, and what its answer means. Texts show no address, and of the answer only the chat's error word.

mod taken;

use std::time::Duration;

use reqwest::Url;
use reqwest::header::{CONNECTION, CONTENT_TYPE};

use self::taken::{Taken, taken};
use crate::core::refusal::Report;
use crate::core::secret::Secret;
use crate::core::typed::Hint;
use crate::http::{Response, SIZE, Trouble, client, exchange, named};

/// The webhook's name in error texts.
const WHO: &str = "the webhook";
/// The longest time for a post, from the first byte sent to the last byte read.
const LIMIT: Duration = Duration::from_secs(15);

/// The outcome of one attempt to post.
#[derive(Debug)]
#[expect(
    clippy::enum_variant_names,
    reason = "what was not sent is one way for a sending to end"
)]
pub enum Sent {
    /// The chat says that it took the post. For Teams this means "accepted by the workflow", not "posted".
    Accepted,
    /// The post was not taken. Try again, after this time if the answer names one.
    Later(Option<Duration>, Report),
    /// There was no connection: nothing left this machine.
    NotSent(Report),
    Declined(Report),
    /// The post may have gone out. Its effect is unknown.
    Unclear(Report),
}

/// What differs between the webhooks of chats: whether only an `ok` in the answer means that the post was taken, why one
/// answers 401, and what to do about that.
pub type Manners = (bool, [&'static str; 2]);

/// Posts once. `renewal` is the hint for a webhook that will never take a post again.
pub fn post(manners: Manners, webhook: &Secret, renewal: &Hint, payload: &str) -> Sent {
    let Ok(url) = Url::parse(webhook.expose()) else {
        return Sent::NotSent(Report::new("the webhook is not an address"));
    };
    let sent = client(WHO, &url).and_then(|client| {
        let request = (client.post(url).body(payload.to_owned()))
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .header(CONNECTION, "close");
        exchange(WHO, (LIMIT, SIZE), request.timeout(LIMIT))
    });
    match sent {
        Ok(answer) => answered(manners, (webhook, renewal), &answer),
        Err(Trouble::NotSent(report)) => Sent::NotSent(without_host(report)),
        Err(Trouble::Unclear(report)) => Sent::Unclear(without_host(report)),
    }
}

/// Replaces an error about the certificate, because it names the host, which is a part of the secret.
fn without_host(mut report: Report) -> Report {
    for cause in &mut report.because {
        if cause.contains("certificate") {
            "its certificate is not valid".clone_into(cause);
        }
    }
    report
}

fn answered(
    (says_ok, on_401): Manners,
    (webhook, renewal): (&Secret, &Hint),
    answer: &Response,
) -> Sent {
    let body = String::from_utf8_lossy(answer.body.trim_ascii());
    let success = (200..=299)
        .contains(&answer.status)
        .then(|| taken(says_ok, answer));
    let word = match &success {
        None => Some(&*body),
        Some(Taken::No(word)) => word.as_deref(),
        Some(_) => None,
    };
    let error = match (&success, answer.status) {
        (Some(Taken::Unknown(_)), _) => "the webhook does not say that it accepted the post",
        (None, 429) => "the webhook accepts no more posts for now",
        (None, 503) if answer.says_later() => "the webhook is out of service for now",
        (None, 303 | 408 | 500.. | ..=199) => "it is unknown whether the webhook accepted the post",
        _ => "the webhook does not accept the post",
    };
    let words = words(answer.status, word, webhook);
    let report = Report::new(error).because(format!("it answers {words}"));
    match (success, answer.status) {
        (Some(Taken::Yes), _) => Sent::Accepted,
        (Some(Taken::No(_)), _) => Sent::Declined(
            report
                .because("its answer says that it accepted nothing")
                .hint(renewal.clone()),
        ),
        (Some(Taken::Unknown(why)), _) => Sent::Unclear(report.because(why)),
        (None, 429) => Sent::Later(answer.retry_after(), report),
        (None, 503) if answer.says_later() => Sent::Later(answer.retry_after(), report),
        (None, 303 | 408 | 500.. | ..=199) => Sent::Unclear(report),
        (None, status) => Sent::Declined(advised(report, (status, on_401), renewal)),
    }
}

fn advised(report: Report, (status, on_401): (u16, [&'static str; 2]), renewal: &Hint) -> Report {
    match status {
        300..=399 => report
            .because("redirects are not followed, because the address is a secret")
            .hint(renewal.clone()),
        401 => report.because(on_401[0]).hint(on_401[1]),
        403 | 404 | 410 => report
            .because("the webhook was deleted or revoked, or its owner left the organization")
            .hint(renewal.clone()),
        413 => report
            .because("the post is too large for it")
            .hint("make its text shorter"),
        _ => report,
    }
}

/// Returns the status, and the chat's word for the error if it is a single word and not a part of the address.
fn words(status: u16, word: Option<&str>, webhook: &Secret) -> String {
    let address = webhook.expose().to_ascii_lowercase();
    let word = word.filter(|word| {
        let mut bytes = word.bytes();
        let is_word = bytes.all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        is_word && (2..=40).contains(&word.len()) && !address.contains(word)
    });
    match word {
        Some(word) => format!("{status} {word}"),
        None => named(status),
    }
}

#[cfg(test)]
mod tests;
