//! Asks a check page after a deploy.

use crate::core::config::PageCheck;
use crate::core::refusal::Refusal;
use crate::git::token;
use crate::http::{self, Response};
use crate::sources::Look;

impl Look<'_> {
    /// Asks the page once. The error is a predicate that follows its address.
    pub fn check(&self, check: &PageCheck) -> Result<(), String> {
        match http::ask(&check.page, &|url| token::page(self.repo, url)) {
            Ok(answer) => judge(check, &answer),
            Err(refusal) => Err(unanswered(&refusal)),
        }
    }
}

/// Checks an answer without repeating any of its content.
fn judge(check: &PageCheck, answer: &Response) -> Result<(), String> {
    let status = u32::from(answer.status);
    let is_wanted = match check.status {
        Some(wanted) => status == wanted,
        None => (200..300).contains(&status),
    };
    let said = format!("answers {}", http::named(answer.status));
    if !is_wanted {
        let wanted = check.status.map(|wanted| format!(", not {wanted}"));
        return Err(said + &wanted.unwrap_or_default());
    }
    let text = check.contains.as_deref().map_or(&[][..], str::as_bytes);
    match text.is_empty() || memchr::memmem::find(&answer.body, text).is_some() {
        true => Ok(()),
        false => Err(format!("{said}, without the text of `contains`")),
    }
}

fn unanswered(refusal: &Refusal) -> String {
    let what = &refusal.report.error;
    let what = what.strip_prefix("its page ").unwrap_or(what);
    let why = refusal.report.because.first();
    let why = why.map(|why| format!(" ({why})"));
    format!("{what}{}", why.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(
        status: Option<u32>,
        contains: Option<&str>,
        answer: (u16, &[u8]),
    ) -> Result<(), String> {
        let check = PageCheck {
            page: "https://example.com/health".into(),
            status,
            contains: contains.map(Into::into),
            times: 3,
        };
        judge(&check, &Response::of(answer.0, &[], answer.1))
    }

    #[test]
    fn a_status_and_a_text_are_what_is_asked() {
        for status in [200, 204, 299] {
            assert_eq!(judged(None, None, (status, b"")), Ok(()));
        }
        for status in [199, 301, 404, 500, 503] {
            assert!(judged(None, None, (status, b"ok")).is_err(), "{status}");
        }
        assert_eq!(judged(Some(404), None, (404, b"")), Ok(()));
        let other = judged(Some(204), None, (200, b""));
        assert_eq!(other, Err("answers 200 OK, not 204".into()));
        assert_eq!(judged(None, Some("ok"), (200, b"{\"db\":\"ok\"}")), Ok(()));
        assert_eq!(judged(None, Some("ok"), (200, b"\xff\xfe ok")), Ok(()));
        let without = judged(None, Some("ok"), (200, b"OK: secret words"));
        assert_eq!(
            without,
            Err("answers 200 OK, without the text of `contains`".into())
        );
    }
}
