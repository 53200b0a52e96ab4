//! One GET of a page. It follows redirects within its own host, logs in if asked, and has one time limit for all.

use std::time::{Duration, Instant};

use reqwest::Url;

use crate::core::address::authority;
use crate::core::refusal::{Refusal, RefusalCode};
use crate::http::visit::Visit;
use crate::http::{Logins, Response, SIZE, Trouble, client, exchange, named};

/// The page's name in error texts.
const WHO: &str = "its page";
/// The longest time for a page, from the first request to the last byte read.
const LIMIT: Duration = Duration::from_secs(10);
/// The largest number of redirects that are followed. All stay on the page's own host.
const REDIRECTS: usize = 5;

/// Reads a page. If it asks for a name and a password, `logins` provides them.
///
/// # Errors
/// `unreachable` if there is no complete answer in time. `page-unclear` if the answer cannot be used: a status other
/// than 200, a redirect to another host, more than 1 MiB, or compressed content.
pub fn get(address: &str, logins: &Logins<'_>) -> Result<Response, Refusal> {
    let (page, visit, url) = answer_of(address, logins)?;
    if page.status == 200 {
        return whole(page);
    }
    let status = page.status;
    let refusal = unclear(&format!("{WHO} answers {}", named(status)));
    let refusal = match page.cached() {
        Some(cached) => refusal.because(format!("it is {cached}")),
        None => refusal,
    };
    Err(visit.explain(&url, status, refusal))
}

/// Reads a page like `get`, but leaves its status to the caller.
pub fn ask(address: &str, logins: &Logins<'_>) -> Result<Response, Refusal> {
    whole(answer_of(address, logins)?.0)
}

/// Returns a page's answer after redirects and login, the state of the visit, and the final address.
fn answer_of<'a>(
    address: &str,
    logins: &'a Logins<'a>,
) -> Result<(Response, Visit<'a>, Url), Refusal> {
    let mut deadline = Instant::now() + LIMIT;
    let mut url = Url::parse(address).map_err(|_| unclear("the page's address cannot be read"))?;
    let mut visit = Visit::of(&url, logins);
    let mut redirects = 0;
    while redirects <= REDIRECTS {
        // No cache may answer for the site. A kept connection would always lead to the same instance of it.
        let client = client(WHO, &url).map_err(Trouble::unreachable)?;
        let request = (client.get(url.clone()))
            .header("cache-control", "no-cache")
            .header("pragma", "no-cache")
            .header("connection", "close")
            .header("accept-encoding", "identity");
        let left = deadline.saturating_duration_since(Instant::now());
        let request = visit.prepare(request, &url).timeout(left);
        let answer = exchange(WHO, (LIMIT, SIZE), request).map_err(Trouble::unreachable)?;
        let answered = Instant::now();
        if visit.logs_in(&url, &answer) {
            // The time to find a login does not count against the page.
            deadline += answered.elapsed();
        } else if matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
            visit.keep_cookies(&answer);
            url = next(&url, &answer)?;
            redirects += 1;
        } else {
            return Ok((answer, visit, url));
        }
    }
    Err(unclear(&format!(
        "its page redirects more than {REDIRECTS} times"
    )))
}

fn next(from: &Url, answer: &Response) -> Result<Url, Refusal> {
    let mut locations = answer.all("location");
    locations.dedup();
    if locations.len() > 1 {
        return Err(unclear("its page redirects to two addresses at once"));
    }
    let Some(to) = locations.first().and_then(|to| from.join(to).ok()) else {
        return Err(unclear("its page redirects without an address"));
    };
    let same_host =
        to.host_str() == from.host_str() && to.username().is_empty() && to.password().is_none();
    let to_tls = from.scheme() == "http" && to.scheme() == "https";
    if same_host && (to.origin() == from.origin() || to_tls) {
        return Ok(to);
    }
    let place: String = authority(&to).chars().take(80).collect();
    Err(unclear("its page redirects to another host")
        .because(format!("to {}://{place}", to.scheme()))
        .because("it may be a login page; only redirects within the page's own host are followed"))
}

fn whole(page: Response) -> Result<Response, Refusal> {
    let encodings = page.all("content-encoding");
    if encodings.iter().any(|encoding| encoding != "identity") {
        return Err(unclear(
            "its page is compressed, though plain content was asked for",
        ));
    }
    match &page.cut {
        None => Ok(page),
        Some(cut) if page.is_broken() => Err(Refusal::new(
            RefusalCode::Unreachable,
            format!("{WHO} {cut}"),
        )
        .because("an incomplete page proves nothing")),
        Some(cut) => Err(unclear(&format!("{WHO} {cut}"))),
    }
}

fn unclear(what: &str) -> Refusal {
    Refusal::new(RefusalCode::PageUnclear, what)
}
