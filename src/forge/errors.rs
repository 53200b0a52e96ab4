//! Why a forge gave no usable answer. Its own words are not shown: they may repeat anything.

use jiff::Timestamp;

use crate::core::refusal::Report;
use crate::http::Response;

/// A forge, the variable with its token, and the rights that the token needs.
pub struct Access {
    pub name: &'static str,
    pub token: &'static str,
    pub rights: &'static str,
}

impl Access {
    pub fn refused(&self, answer: &Response) -> Report {
        let name = self.name;
        match answer.status {
            401 => Report::new(format!("{name} does not accept the token"))
                .hint(format!("make a new token, and set it as {}", self.token)),
            403 if answer.header("x-github-sso").is_some() => Report::new(format!(
                "{name} requires the token to be authorized for the organization (single sign-on)"
            ))
            .hint("authorize it in GitHub's token settings"),
            403 if !is_spent(answer) => {
                Report::new(format!("{name} gives the token no access")).hint(self.rights)
            }
            403 | 429 => self.limited(answer),
            status => Report::new(format!("{name} answers {status}")),
        }
    }

    pub fn limited(&self, answer: &Response) -> Report {
        let report = Report::new(format!("{} takes no more requests for now", self.name));
        let wait = answer.retry_after().map(|wait| wait.as_secs());
        // No forge requires a longer wait than an hour.
        match wait.or_else(|| reset(answer)) {
            Some(wait @ 1..=3600) => report.because(format!("wait {} min", wait.div_ceil(60))),
            _ => report,
        }
    }

    pub fn not_shown(&self, what: &str) -> Report {
        Report::new(format!("{} does not show {what} to this token", self.name))
            .because("it does not exist, or the token is not allowed to see it")
            .hint(self.rights)
    }

    pub fn garbled(&self) -> Report {
        let name = self.name;
        Report::new(format!("{name}'s answer is not what its API documents"))
    }
}

/// Returns whether a rate limit is reached; otherwise the token lacks rights.
pub fn is_spent(answer: &Response) -> bool {
    answer.header("retry-after").is_some() || answer.header("x-ratelimit-remaining") == Some("0")
}

/// Returns the seconds until the forge accepts calls again.
fn reset(answer: &Response) -> Option<u64> {
    let reset: i64 = answer.header("x-ratelimit-reset")?.parse().ok()?;
    let wait = reset.saturating_sub(Timestamp::now().as_second());
    wait.try_into().ok()
}
