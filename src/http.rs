//! The door to HTTP: one careful GET, and one careful POST. Total time, size and redirects are bounded; nothing is
//! decompressed.
#![expect(clippy::disallowed_types, reason = "this is the door to HTTP")]

pub mod api;
pub mod bounded;
mod cache;
mod certificate;
pub mod pointer;
mod post;
mod visit;

use std::io::Read;
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, ClientBuilder, Response};
use reqwest::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap,
    LOCATION, PRAGMA,
};
use reqwest::{Url, redirect};

pub use post::{RENEW, Sent, post};
pub use visit::Logins;
use visit::Visit;

use crate::core::refusal::{Refusal, RefusalCode, Report};
use crate::core::words::Cached;

/// What a server answered.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Each value of the header that was asked for: a proxy may have added a second one.
    pub header: Vec<String>,
    /// The kind of content, as the server names it.
    pub content_type: String,
    /// Where a cache gave it.
    pub cached: Option<Cached>,
    /// The body.
    pub body: Vec<u8>,
}

/// How long a page may take, from the first byte asked to the last byte read.
const LIMIT: Duration = Duration::from_secs(10);
/// How large a page may be, in bytes.
const SIZE: u64 = 1 << 20;
/// How many redirects within a page's own host are followed.
const REDIRECTS: usize = 5;

/// Reads a page, and the header named `header` from its answer. Where it asks for a name and a password, `logins` is asked
/// for them.
///
/// # Errors
/// `unreachable` when there is no answer in time; `page-unclear` when there is one that cannot be used: a status other
/// than 200, a redirect to another host, more than 1 MiB, or compressed content that nobody asked for.
pub fn get(address: &str, header: Option<&str>, logins: &Logins<'_>) -> Result<Answer, Refusal> {
    let mut deadline = Instant::now() + LIMIT;
    let mut url = Url::parse(address).map_err(|_| unclear("the page's address cannot be read"))?;
    let client = client(&url).map_err(|error| unreachable(&error))?;
    let mut visit = Visit::of(&url, logins);
    let mut redirects = 0;
    while redirects <= REDIRECTS {
        let left = deadline.saturating_duration_since(Instant::now());
        let request = visit.prepare(client.get(url.clone()), &url).timeout(left);
        let response = request.send().map_err(|error| unreachable(&error))?;
        let answered = Instant::now();
        if visit.logs_in(&url, &response) {
            // Looking for it is not the page's time.
            deadline += answered.elapsed();
            continue;
        }
        let status = response.status().as_u16();
        if !matches!(status, 301 | 302 | 303 | 307 | 308) {
            return read(response, header).map_err(|refusal| visit.explain(&url, status, refusal));
        }
        visit.keep_cookies(response.headers());
        url = next(&url, &response)?;
        redirects += 1;
    }
    Err(unclear(&format!(
        "its page redirects more than {REDIRECTS} times"
    )))
}

fn client(url: &Url) -> reqwest::Result<Client> {
    plain_client(url)
        .default_headers(asking_for_the_truth())
        .pool_max_idle_per_host(0)
        .build()
}

/// A client for this address that follows no redirect by itself.
fn plain_client(url: &Url) -> ClientBuilder {
    // The crate that speaks TLS is chosen here, once; a second choice of the same is no error worth a word.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .user_agent(concat!("git-smp/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .connect_timeout(Duration::from_secs(5));
    // Without TLS no certificates are needed, and a machine without any must still reach its own loopback.
    if url.scheme() == "http" {
        builder.tls_certs_only([]).no_proxy()
    } else {
        builder
    }
}

/// Caches may not answer in the site's place, nor one instance in the place of all.
fn asking_for_the_truth() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        CACHE_CONTROL,
        reqwest::header::HeaderValue::from_static("no-cache"),
    );
    headers.insert(
        PRAGMA,
        reqwest::header::HeaderValue::from_static("no-cache"),
    );
    // Behind a load balancer a connection may stay with one of several instances.
    headers.insert(
        CONNECTION,
        reqwest::header::HeaderValue::from_static("close"),
    );
    headers.insert(
        ACCEPT_ENCODING,
        reqwest::header::HeaderValue::from_static("identity"),
    );
    headers
}

fn next(from: &Url, response: &Response) -> Result<Url, Refusal> {
    let mut locations = all(response.headers(), LOCATION.as_str());
    locations.dedup();
    if locations.len() > 1 {
        return Err(unclear("its page redirects to two places at once"));
    }
    let to = locations
        .first()
        .and_then(|location| from.join(location).ok());
    let Some(to) = to else {
        return Err(unclear("its page redirects to nowhere"));
    };
    let same_host =
        to.host_str() == from.host_str() && to.username().is_empty() && to.password().is_none();
    let same_door =
        to.scheme() == from.scheme() && to.port_or_known_default() == from.port_or_known_default();
    let to_tls = from.scheme() == "http" && to.scheme() == "https";
    if same_host && (same_door || to_tls) {
        return Ok(to);
    }
    let refusal = unclear("its page redirects to another host");
    let host: String = to
        .host_str()
        .unwrap_or("no host")
        .chars()
        .take(80)
        .collect();
    let port = to.port().map(|port| format!(":{port}")).unwrap_or_default();
    let report = refusal
        .report
        .because(format!("to {}://{host}{port}", to.scheme()));
    Err(Refusal {
        report: report
            .because("a login page, perhaps; only redirects within a page's own host are followed"),
        ..refusal
    })
}

fn read(response: Response, header: Option<&str>) -> Result<Answer, Refusal> {
    let status = response.status();
    let headers = response.headers();
    if status.as_u16() != 200 {
        let mut refusal = unclear(&format!("its page answers {status}"));
        refusal
            .report
            .because
            .extend(cache::cached(headers).map(|cached| format!("it is {cached}")));
        return Err(refusal);
    }
    if all(headers, CONTENT_ENCODING.as_str())
        .iter()
        .any(|encoding| encoding != "identity")
    {
        return Err(unclear(
            "its page is compressed, though plain content was asked for",
        ));
    }
    let mut answer = Answer {
        header: header.map(|name| all(headers, name)).unwrap_or_default(),
        content_type: all(headers, CONTENT_TYPE.as_str())
            .into_iter()
            .next()
            .unwrap_or_default(),
        cached: cache::cached(headers),
        body: vec![],
    };
    let read = response.take(SIZE + 1).read_to_end(&mut answer.body);
    if answer.body.len() as u64 > SIZE {
        return Err(unclear("its page is larger than 1 MiB"));
    }
    read.map_err(|error| {
        let of_http = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<reqwest::Error>());
        let slow = error.kind() == std::io::ErrorKind::TimedOut
            || of_http.is_some_and(reqwest::Error::is_timeout);
        let how = if slow {
            "its page was not complete within 10 seconds"
        } else {
            "its page broke off"
        };
        Refusal::new(RefusalCode::Unreachable, how)
            .because("a part of a page says nothing for certain")
    })?;
    Ok(answer)
}

/// Each value of a header. What is not text stays a value, one that no hash can be.
fn all(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect()
}

fn unclear(what: &str) -> Refusal {
    Refusal::new(RefusalCode::PageUnclear, what)
}

/// Says why there was no answer, without the address: the library's own words would repeat all of it.
fn unreachable(error: &reqwest::Error) -> Refusal {
    let cause = innermost(error);
    if cause
        .as_deref()
        .is_some_and(|cause| cause.contains("No CA certificates"))
    {
        return certificate::none();
    }
    let what = if error.is_timeout() {
        "its page did not answer within 10 seconds"
    } else if error.is_connect() {
        "its page cannot be reached"
    } else {
        "its page did not answer as HTTP asks"
    };
    let report = Report::new(what);
    let report = cause.into_iter().fold(report, Report::because);
    report.refused(RefusalCode::Unreachable)
}

/// The first cause of an error: what it was caused to, and so on up to the library's own words, repeats the address.
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

#[cfg(test)]
mod tests;
