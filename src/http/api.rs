//! Calls of an HTTP API that speaks JSON, with a token that is never shown. What an answer means is known where the
//! service is known.

use std::time::Duration;

use reqwest::Url;
use reqwest::blocking::{Client, RequestBuilder};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use crate::core::address::check_page;
use crate::core::refusal::Report;
use crate::core::secret::Secret;
use crate::http::{Response, Trouble, client, send};

/// How long a call may take, from the first byte sent to the last byte of the answer.
const LIMIT: Duration = Duration::from_secs(10);

/// A service and who we are there.
pub struct Service {
    name: &'static str,
    base: Url,
    client: Client,
}

/// The address at which a service is asked: that of the variable, if it is set, and else the usual one. It must be
/// https, or loopback, for the token goes there.
///
/// # Errors
/// When the variable holds no such address; its value is not repeated.
pub fn base(variable: &str, value: Option<&str>, usual: &str) -> Result<Url, Report> {
    let address = value.filter(|value| !value.is_empty()).unwrap_or(usual);
    let checked =
        check_page(address).and_then(|()| Url::parse(address).map_err(|_| "it is no address"));
    checked.map_err(|why| {
        Report::new(format!("{variable} cannot be used: {why}")).hint(format!("unset {variable}"))
    })
}

impl Service {
    /// One that is asked at `base`, with this token and these headers on every call. `name` is for sentences.
    pub fn new(
        name: &'static str,
        base: Url,
        token: &Secret,
        headers: &[(&'static str, &'static str)],
    ) -> Result<Self, Report> {
        let bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose()));
        let Ok(mut bearer) = bearer else {
            return Err(Report::new(format!(
                "the token for {name} holds characters that no token has"
            )));
        };
        bearer.set_sensitive(true);
        let mut all = HeaderMap::from_iter([
            (AUTHORIZATION, bearer),
            (ACCEPT, HeaderValue::from_static("application/json")),
        ]);
        for (name, value) in headers {
            all.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        let client = client(name, &base, all).map_err(Trouble::report)?;
        Ok(Self { name, base, client })
    }

    /// Reads a path below the base, with an extra header if one is given: `GET`.
    pub fn get(
        &self,
        path: &str,
        header: Option<(&'static str, &str)>,
    ) -> Result<Response, Trouble> {
        let request = self.client.get(self.at(path));
        self.call(match header {
            Some((name, value)) => request.header(name, value),
            None => request,
        })
    }

    /// Sends JSON to a path below the base; to the base itself where the path is empty: `POST`, once.
    pub fn post(&self, path: &str, body: String) -> Result<Response, Trouble> {
        let request = self.client.post(self.at(path)).body(body);
        self.call(request.header(CONTENT_TYPE, "application/json"))
    }

    fn at(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        if !path.is_empty() {
            let below = self.base.path().trim_end_matches('/');
            url.set_path(&format!("{below}/{path}"));
        }
        url
    }

    fn call(&self, request: RequestBuilder) -> Result<Response, Trouble> {
        let answer = send(self.name, LIMIT, request.timeout(LIMIT))?;
        let answer = Response::read(answer, LIMIT);
        match &answer.cut {
            None => Ok(answer),
            Some(cut) => Err(Trouble::Unclear(Report::new(format!(
                "the answer of {} {cut}",
                self.name
            )))),
        }
    }
}
