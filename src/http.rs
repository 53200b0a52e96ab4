//! The adapter to HTTP: one exchange that pages, webhooks and JSON APIs share. It limits time and size, follows no
//! redirect by itself, decompresses nothing, sends nothing twice, and puts no address into an error.
#![expect(clippy::disallowed_types, reason = "this is the door to HTTP")]

pub mod api;
mod cache;
mod certificate;
mod page;
pub mod pointer;
mod post;
mod visit;

use std::io::{self, Read as _};
use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::blocking::{Client, ClientBuilder, RequestBuilder};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{StatusCode, Url, redirect, retry};

pub use page::{ask, get};
pub use post::{Sent, post};
pub use visit::Logins;

use crate::core::refusal::{Refusal, RefusalCode, Report};

/// The largest answer that is read, in bytes.
const SIZE: u64 = 1 << 20;
/// The largest list of comments that is read, in bytes. Each comment may be long.
const LIST: u64 = 16 << 20;

/// An answer of a server, whatever its status.
#[derive(Debug, Default)]
pub struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// Why the body is incomplete, as the end of a sentence: "is larger than 1 MiB".
    cut: Option<String>,
}

#[derive(Debug)]
pub enum Trouble {
    /// The request certainly had no effect: nothing left this machine, or the server refused.
    NotSent(Report),
    /// The request may have arrived. Its effect is unknown.
    Unclear(Report),
}

impl Trouble {
    pub fn report(self) -> Report {
        match self {
            Self::NotSent(report) | Self::Unclear(report) => report,
        }
    }

    /// Returns the refusal for a request that only wanted to read.
    pub fn unreachable(self) -> Refusal {
        self.report().refused(RefusalCode::Unreachable)
    }
}

impl Response {
    /// Returns all values of a header: a proxy may add a second one. Invalid UTF-8 becomes replacement characters.
    pub fn all(&self, name: &str) -> Vec<String> {
        (self.headers.get_all(name).iter())
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect()
    }

    /// Returns whether the answer is incomplete or took too long.
    fn is_broken(&self) -> bool {
        self.cut.is_some() && self.body.len() as u64 <= SIZE
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }

    /// Returns whether the server asks for a later try with `Retry-After`, so that it took nothing. A gateway that lost
    /// its connection to the server answers 503 as well, maybe after the request went through, but without this header.
    pub fn says_later(&self) -> bool {
        self.header(RETRY_AFTER.as_str()).is_some()
    }

    /// Returns the pause that `Retry-After` asks for. A date is compared with the server's own `Date`, if it sends one.
    pub fn retry_after(&self) -> Option<Duration> {
        let text = self.header(RETRY_AFTER.as_str())?;
        if is_number(text) {
            // A number that is too large for u64 means never.
            return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
        }
        let now = self.header("date").and_then(moment);
        let now = now.unwrap_or_else(Timestamp::now).as_second();
        let wait = moment(text)?.as_second().saturating_sub(now);
        Some(Duration::from_secs(wait.try_into().unwrap_or(0)))
    }
}

#[cfg(test)]
impl Response {
    pub fn of(status: u16, headers: &[(&'static str, &str)], body: &[u8]) -> Self {
        let mut response = Self {
            status,
            body: body.to_vec(),
            ..Self::default()
        };
        for (name, value) in headers {
            let value = value.parse().unwrap();
            response.headers.append(*name, value);
        }
        response
    }
}

/// Sends a request to `who` once and reads the answer. `limit` is the request's timeout, for error texts; `size` is
/// the largest body that is read, in bytes.
fn exchange(
    who: &str,
    (limit, size): (Duration, u64),
    request: RequestBuilder,
) -> Result<Response, Trouble> {
    let answer = (request.send()).map_err(|error| no_answer(who, limit, &error))?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let mut body = Vec::new();
    let cut = match answer.take(size + 1).read_to_end(&mut body) {
        Err(error) if is_timeout(&error) => Some(format!(
            "was not complete within {} seconds",
            limit.as_secs()
        )),
        Err(_) => Some("is incomplete".to_owned()),
        Ok(_) if body.len() as u64 > size => Some(format!("is larger than {} MiB", size >> 20)),
        Ok(_) => None,
    };
    Ok(Response {
        status,
        headers,
        body,
        cut,
    })
}

/// Returns the client for this address. The client for TLS reads the system's certificates once per run. The client
/// without TLS works on a machine that has none.
fn client(who: &str, url: &Url) -> Result<&'static Client, Trouble> {
    static PLAIN: OnceLock<reqwest::Result<Client>> = OnceLock::new();
    static TLS: OnceLock<reqwest::Result<Client>> = OnceLock::new();
    let client = match url.scheme() {
        "http" => PLAIN.get_or_init(|| builder().tls_certs_only([]).no_proxy().build()),
        _ => TLS.get_or_init(|| builder().build()),
    };
    let built = client.as_ref();
    built.map_err(|error| no_answer(who, Duration::ZERO, error))
}

/// Returns the settings of all clients: no redirects, no second try, and no reuse of a connection that was idle for
/// more than a second, because the server may have closed it.
fn builder() -> ClientBuilder {
    // The TLS provider. An error means that one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("git-smp/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .connect_timeout(Duration::from_secs(5))
        .pool_idle_timeout(Duration::from_secs(1))
}

/// Returns why there was no answer, without the address. Only a connection that was never made certainly carried
/// nothing.
fn no_answer(who: &str, limit: Duration, error: &reqwest::Error) -> Trouble {
    let cause = innermost(error);
    if (cause.as_ref()).is_some_and(|cause| cause.contains("No CA certificates")) {
        return Trouble::NotSent(certificate::none(who));
    }
    let never_left = error.is_connect() || error.is_builder();
    let what = match never_left {
        true => "cannot be reached".to_owned(),
        false if error.is_timeout() => {
            format!("did not answer within {} seconds", limit.as_secs())
        }
        false => "did not answer with valid HTTP".to_owned(),
    };
    let cause = cause.filter(|_| never_left || !error.is_timeout());
    let report = Report::new(format!("{who} {what}"));
    let report = cause.into_iter().fold(report, Report::because);
    match never_left {
        true => Trouble::NotSent(report),
        false => Trouble::Unclear(report),
    }
}

fn is_timeout(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    error.kind() == io::ErrorKind::TimedOut || inner.is_some_and(reqwest::Error::is_timeout)
}

/// Returns the innermost cause of an error. The outer ones, up to the library's own words, repeat the address.
fn innermost(error: &reqwest::Error) -> Option<String> {
    let mut cause = std::error::Error::source(error)?;
    loop {
        if certificate::is_of_unknown_authority(cause) {
            return Some(certificate::UNKNOWN.to_owned());
        }
        match cause.source() {
            Some(inner) => cause = inner,
            None => return Some(cause.to_string()),
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn moment(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text).ok()
}

/// Returns a status with its name, if it has one.
pub fn named(status: u16) -> String {
    let name = StatusCode::from_u16(status).ok();
    match name.and_then(|status| status.canonical_reason()) {
        Some(name) => format!("{status} {name}"),
        None => status.to_string(),
    }
}

#[cfg(test)]
mod tests;
