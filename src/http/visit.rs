//! The state of reading one page: the cookies that its redirects set, and the login that it asks for. Both go to the
//! page's own host only and end with the visit. The process remembers the login that it found, because a page is read
//! again and again during a deploy.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use reqwest::Url;
use reqwest::blocking::RequestBuilder;
use reqwest::header::{COOKIE, HeaderValue};

use crate::core::address::{authority, is_loopback};
use crate::core::refusal::Refusal;
use crate::core::secret::Login;
use crate::core::typed::{Hint, Typed};
use crate::http::Response;

pub type Logins<'a> = dyn Fn(&Url) -> Option<Login> + 'a;

/// Returns the logins that were found so far, by page. `None` means that a search found nothing.
fn known() -> MutexGuard<'static, BTreeMap<String, Option<Login>>> {
    static KNOWN: Mutex<BTreeMap<String, Option<Login>>> = Mutex::new(BTreeMap::new());
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

pub struct Visit<'a> {
    page: Url,
    logins: &'a Logins<'a>,
    login: Option<Login>,
    cookies: BTreeMap<String, String>,
    asked: bool,
}

impl<'a> Visit<'a> {
    pub fn of(page: &Url, logins: &'a Logins<'a>) -> Self {
        Self {
            page: page.clone(),
            logins,
            login: known().get(page.as_str()).cloned().flatten(),
            cookies: BTreeMap::new(),
            asked: false,
        }
    }

    /// Adds cookies and login to a request, which goes to the page's own host: no other redirect is followed.
    pub fn prepare(&self, mut request: RequestBuilder, url: &Url) -> RequestBuilder {
        if let Some(login) = self.login.as_ref().filter(|_| self.may_be_told(url)) {
            request = request.basic_auth(&login.name, Some(login.password.expose()));
        }
        let cookies = self.cookies.iter();
        let cookies: Vec<String> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        match HeaderValue::from_str(&cookies.join("; ")) {
            Ok(mut value) if !cookies.is_empty() => {
                value.set_sensitive(true);
                request.header(COOKIE, value)
            }
            _ => request,
        }
    }

    /// Looks up a login once, if the page asks for one. Returns whether there is one to try.
    pub fn logs_in(&mut self, url: &Url, answer: &Response) -> bool {
        let asks = answer.status == 401 && wants_basic(answer) && self.may_be_told(url);
        let again = asks && std::mem::replace(&mut self.asked, true);
        if !asks || again || self.login.is_some() {
            return false;
        }
        let remembered = known().get(self.page.as_str()).cloned();
        // Credential helpers are slow, so the lock is not held meanwhile.
        self.login = remembered.unwrap_or_else(|| (self.logins)(&self.page));
        known().insert(self.page.as_str().to_owned(), self.login.clone());
        self.login.is_some()
    }

    /// Keeps the cookies that a redirect sets. A new value replaces an old one.
    pub fn keep_cookies(&mut self, answer: &Response) {
        for set in answer.all("set-cookie") {
            if let Some((name, value)) = cookie(&set) {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Adds to a refusal why the login failed and how to store one, if the page asked for a login.
    pub fn explain(&self, url: &Url, status: u16, refusal: Refusal) -> Refusal {
        if !self.asked || status != 401 {
            return refusal;
        }
        let (scheme, place) = (url.scheme(), authority(url));
        let why = match self.login {
            Some(_) => format!("it did not accept the login that this machine has for {place}"),
            None => format!(
                "it asks for a name and a password, but git's credential helpers and .netrc have none for {place}"
            ),
        };
        let host = url.host_str().unwrap_or_default();
        let netrc =
            format!(".netrc may have them, in a line that begins with: machine {host} login");
        // `fill` asks for both on the terminal, and `approve` lets the helpers store them.
        let once = format!(
            "printf 'protocol={scheme}\\nhost={place}\\n\\n' | git credential fill | git credential approve"
        );
        let keep = Typed::other("git config --global credential.helper cache");
        let keep = Hint::run("if no credential helper is set up yet", keep);
        let hint = keep.and(Hint::run(
            "type the name and password once",
            Typed::other(once),
        ));
        refusal.because(why).because(netrc).hint(hint)
    }

    /// Returns whether a secret may go to this address: it is the page's own host and port, over https or loopback.
    fn may_be_told(&self, url: &Url) -> bool {
        let is_safe = url.scheme() == "https" || url.host_str().is_some_and(is_loopback);
        is_safe && url.origin() == self.page.origin()
    }
}

/// Returns whether one of the offered ways to log in takes a name and a password.
fn wants_basic(answer: &Response) -> bool {
    let ways = answer.all("www-authenticate").join(",");
    ways.split(',').any(|way| {
        let name = way.split_whitespace().next();
        name.is_some_and(|name| name.eq_ignore_ascii_case("basic"))
    })
}

/// Returns the name and the value of a cookie, if both can be sent back.
fn cookie(header: &str) -> Option<(&str, &str)> {
    let (name, value) = header.split(';').next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let mut bytes = name.bytes().chain(value.bytes());
    let fit = bytes.all(|byte| byte.is_ascii_graphic() && !matches!(byte, b';' | b','));
    (fit && !name.is_empty()).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_sent_back_without_its_attributes() {
        assert_eq!(cookie("seen=1; Path=/; HttpOnly"), Some(("seen", "1")));
        assert_eq!(cookie(" gate = a=b ;Secure"), Some(("gate", "a=b")));
        assert_eq!(cookie("emptied="), Some(("emptied", "")));
        for bad in ["", "=x", "seen", "se en=1", "seen=a\tb", "seen=a,b"] {
            assert_eq!(cookie(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_login_goes_to_the_pages_own_host_and_never_in_clear() {
        let none = |_: &Url| None;
        for (page, url, told) in [
            (
                "https://staging.example/a",
                "https://staging.example/b",
                true,
            ),
            (
                "https://staging.example/a",
                "https://staging.example:8443/a",
                false,
            ),
            ("https://staging.example/a", "https://example/a", false),
            (
                "http://staging.example/a",
                "http://staging.example/a",
                false,
            ),
            ("http://127.0.0.1:8000/a", "http://127.0.0.1:8000/a", true),
            ("http://[::1]:8000/a", "http://[::1]:8000/a", true),
        ] {
            let page = Url::parse(page).unwrap();
            assert_eq!(
                Visit::of(&page, &none).may_be_told(&Url::parse(url).unwrap()),
                told,
                "{page} {url}"
            );
        }
    }
}
