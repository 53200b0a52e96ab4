//! Calls of an HTTP API that uses JSON, with a token that is never shown.

use std::time::Duration;

pub use reqwest::Method;
use reqwest::Url;
use reqwest::blocking::RequestBuilder;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RANGE};

use crate::core::address::check_page;
use crate::core::refusal::Report;
use crate::core::secret::Secret;
use crate::http::{LIST, Response, SIZE, Trouble, client, exchange};

/// The longest time for a call, from the first byte sent to the last byte read.
const LIMIT: Duration = Duration::from_secs(10);

/// An HTTP API, and our token for it.
pub struct Service {
    name: &'static str,
    base: Url,
    headers: HeaderMap,
    /// The largest answer that is read, in bytes.
    largest: u64,
}

/// Returns the base address of a service: the value of `variable` if it is set, otherwise the usual address. It must
/// be https or loopback, because the token is sent there.
///
/// # Errors
/// If the variable holds no such address. The error does not repeat the value.
pub fn base(variable: &str, value: Option<&str>, usual: &str) -> Result<Url, Report> {
    let address = value.filter(|value| !value.is_empty()).unwrap_or(usual);
    let url = Url::parse(address).map_err(|_| "it is not an address");
    check_page(address).and(url).map_err(|why| {
        Report::new(format!("{variable} cannot be used: {why}")).hint(format!("unset {variable}"))
    })
}

impl Service {
    /// Creates a service at `base` with this token. `accept` is the media type of its JSON; `name` is for error texts.
    pub fn new(
        name: &'static str,
        base: Url,
        token: &Secret,
        accept: &'static str,
    ) -> Result<Self, Report> {
        let bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose()));
        let mut bearer = bearer.map_err(|_| {
            Report::new(format!(
                "the token for {name} contains characters that no token has"
            ))
        })?;
        bearer.set_sensitive(true);
        let headers = HeaderMap::from_iter([
            (AUTHORIZATION, bearer),
            (ACCEPT, HeaderValue::from_static(accept)),
        ]);
        Ok(Self {
            name,
            base,
            headers,
            largest: SIZE,
        })
    }

    /// Raises the size limit for lists of comments, each of which may be long.
    pub fn of_texts(self) -> Self {
        Self {
            largest: LIST,
            ..self
        }
    }

    /// Reads a path below the base with `GET`. `range` asks for a part of a list.
    pub fn get(&self, path: &str, range: Option<&str>) -> Result<Response, Trouble> {
        let url = self.below(path);
        let request = client(self.name, &url)?.get(url);
        self.call(match range {
            Some(range) => request.header(RANGE, range),
            None => request,
        })
    }

    /// Sends JSON once with `POST` to a path below the base, or to the base itself if the path is empty.
    pub fn post(&self, path: &str, body: String) -> Result<Response, Trouble> {
        self.send(Method::POST, path, body)
    }

    pub fn send(&self, method: Method, path: &str, body: String) -> Result<Response, Trouble> {
        let url = self.below(path);
        let request = client(self.name, &url)?.request(method, url).body(body);
        self.call(request.header(CONTENT_TYPE, "application/json"))
    }

    fn below(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        if !path.is_empty() {
            let base = self.base.path().trim_end_matches('/');
            let (path, query) = match path.split_once('?') {
                Some((path, query)) => (path, Some(query)),
                None => (path, None),
            };
            url.set_path(&format!("{base}/{path}"));
            url.set_query(query);
        }
        url
    }

    fn call(&self, request: RequestBuilder) -> Result<Response, Trouble> {
        let request = request.headers(self.headers.clone()).timeout(LIMIT);
        let answer = exchange(self.name, (LIMIT, self.largest), request)?;
        match &answer.cut {
            None => Ok(answer),
            Some(cut) => Err(Trouble::Unclear(Report::new(format!(
                "the answer of {} {cut}",
                self.name
            )))),
        }
    }
}
