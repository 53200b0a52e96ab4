//! Calls of an HTTP API that speaks JSON: bounded in time and size, without redirects, and with a token that is never
//! shown. What an answer means is for whoever knows the service: see `heroku` and `github`.

use std::io::Read as _;
use std::time::Duration;

use reqwest::blocking::Client;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Url, retry};

use crate::core::address::check_page;
use crate::core::refusal::Report;
use crate::core::secret::Secret;
use crate::http::{innermost, plain_client};

/// How long a call may take, from the first byte sent to the last byte of the answer.
const LIMIT: Duration = Duration::from_secs(10);
/// How large an answer may be, in bytes.
const SIZE: u64 = 4 << 20;

/// A service and who we are there.
pub struct Service {
    name: &'static str,
    base: Url,
    client: Client,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Trouble {
    /// No connection could be made: nothing left this machine.
    NotSent(Report),
    /// It may have been heard, and nobody knows what came of it.
    Unclear(Report),
}

impl Trouble {
    /// What people are told.
    pub fn report(self) -> Report {
        match self {
            Self::NotSent(report) | Self::Unclear(report) => report,
        }
    }
}

impl Answer {
    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }
}

/// The address at which a service is asked: that of the variable, if it is set, and else the usual one. It must be
/// https, or loopback, for the token goes there.
///
/// # Errors
/// When the variable holds no such address; its value is not repeated.
pub fn base(variable: &str, value: Option<&str>, usual: &str) -> Result<Url, Report> {
    let address = value.filter(|value| !value.is_empty()).unwrap_or(usual);
    let wrong = |why: &str| {
        Report::new(format!("{variable} cannot be used: {why}")).hint(format!("unset {variable}"))
    };
    check_page(address).map_err(wrong)?;
    Url::parse(address).map_err(|_| wrong("it is no address"))
}

impl Service {
    /// One that is asked at `base`, with this token and these headers on every call. `name` is for sentences.
    ///
    /// # Errors
    /// When no client can be made, or the token cannot stand in a header.
    pub fn new(
        name: &'static str,
        base: Url,
        token: &Secret,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Report> {
        let unusable = || {
            Report::new(format!(
                "the token for {name} holds characters that no token has"
            ))
        };
        let mut bearer =
            HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| unusable())?;
        bearer.set_sensitive(true);
        let mut all = HeaderMap::from_iter([(AUTHORIZATION, bearer)]);
        for (header, value) in headers {
            all.insert(
                HeaderName::from_static(header),
                HeaderValue::from_str(value).map_err(|_| unusable())?,
            );
        }
        all.entry(ACCEPT)
            .or_insert(HeaderValue::from_static("application/json"));
        let client = plain_client(&base)
            .default_headers(all)
            .retry(retry::never())
            .build();
        let client = client.map_err(|_| {
            Report::new(format!(
                "{name} cannot be asked: no HTTP client can be made"
            ))
        })?;
        Ok(Self { name, base, client })
    }

    /// Reads a path below the base, with an extra header if one is given: `GET`.
    ///
    /// # Errors
    /// When there is no answer in time, or a broken one.
    pub fn get(&self, path: &str, header: Option<(&'static str, &str)>) -> Result<Answer, Trouble> {
        self.call(path, header, None)
    }

    /// Sends JSON to a path below the base; to the base itself where the path is empty: `POST`, once.
    ///
    /// # Errors
    /// When there is no answer in time, or a broken one.
    pub fn post(&self, path: &str, body: String) -> Result<Answer, Trouble> {
        self.call(path, None, Some(body))
    }

    fn call(
        &self,
        path: &str,
        header: Option<(&'static str, &str)>,
        body: Option<String>,
    ) -> Result<Answer, Trouble> {
        let mut url = self.base.clone();
        if !path.is_empty() {
            url.set_path(&format!(
                "{}/{}",
                self.base.path().trim_end_matches('/'),
                path.trim_start_matches('/')
            ));
        }
        let request = match body {
            Some(body) => self
                .client
                .post(url)
                .header(CONTENT_TYPE, "application/json")
                .body(body),
            None => self.client.get(url),
        };
        let request = header.into_iter().fold(request, |request, (name, value)| {
            request.header(name, value)
        });
        let response = request
            .timeout(LIMIT)
            .send()
            .map_err(|error| self.no_answer(&error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        let read = response.take(SIZE + 1).read_to_end(&mut body);
        if read.is_err() || body.len() as u64 > SIZE {
            let why = if read.is_err() {
                "broke off"
            } else {
                "is larger than 4 MiB"
            };
            return Err(Trouble::Unclear(Report::new(format!(
                "the answer of {} {why}",
                self.name
            ))));
        }
        Ok(Answer {
            status,
            headers,
            body,
        })
    }

    /// Says why there was no answer, without the address.
    fn no_answer(&self, error: &reqwest::Error) -> Trouble {
        let name = self.name;
        if error.is_connect() || error.is_builder() {
            let report = Report::new(format!("{name} cannot be reached"));
            return Trouble::NotSent(innermost(error).into_iter().fold(report, Report::because));
        }
        if error.is_timeout() {
            return Trouble::Unclear(Report::new(format!(
                "{name} did not answer within {} seconds",
                LIMIT.as_secs()
            )));
        }
        let report = Report::new(format!("{name} did not answer as HTTP asks"));
        Trouble::Unclear(innermost(error).into_iter().fold(report, Report::because))
    }
}
