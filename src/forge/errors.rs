//! Why a forge gave no usable answer. Its own words are not shown: they may repeat anything.

use jiff::Timestamp;

use crate::core::refusal::Report;
use crate::http::Response;

/// The words of GitHub's answer 403 that mean more than a missing right: the meaning, and the cure.
const FORBIDDEN: [(&str, &str, &str); 2] = [
    (
        "issue is locked",
        "the issue is locked",
        "unlock it on its page",
    ),
    (
        "repository was archived",
        "the repository is archived",
        "unarchive it in its settings",
    ),
];

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
            401 => Report::new(format!("{name} does not accept the token")).hint(format!(
                "make a new token, and set it as {}",
                self.variables()
            )),
            403 if answer.header("x-github-sso").is_some() => Report::new(format!(
                "{name} requires the token to be authorized for the organization (single sign-on)"
            ))
            .hint("authorize it in GitHub's token settings"),
            403 if !is_spent(answer) => {
                let known = FORBIDDEN.iter().find(|(words, ..)| says(answer, words));
                let (what, cure) = known.map_or_else(
                    || ("gives the token no access".to_owned(), self.rights),
                    |(_, meaning, cure)| (format!("says that {meaning}"), *cure),
                );
                Report::new(format!("{name} {what}")).hint(cure)
            }
            403 | 429 => self.limited(answer),
            status => Report::new(format!("{name} answers {status}")),
        }
    }

    /// GitHub's own token is not read for other servers.
    fn variables(&self) -> String {
        let other = match self.token {
            "GH_TOKEN" => " (as GH_ENTERPRISE_TOKEN for a server other than github.com)",
            _ => "",
        };
        format!("{}{other}", self.token)
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

/// Returns whether a rate limit is reached. GitHub names its secondary limit only in the text.
pub fn is_spent(answer: &Response) -> bool {
    answer.header("retry-after").is_some()
        || answer.header("x-ratelimit-remaining") == Some("0")
        || says(answer, "rate limit")
}

/// Returns whether an answer contains these lower-case words.
fn says(answer: &Response, words: &str) -> bool {
    let text = String::from_utf8_lossy(&answer.body).to_lowercase();
    text.contains(words)
}

/// Returns the seconds until the forge accepts calls again.
fn reset(answer: &Response) -> Option<u64> {
    let reset: i64 = answer.header("x-ratelimit-reset")?.parse().ok()?;
    let wait = reset.saturating_sub(Timestamp::now().as_second());
    wait.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cure_is_named_for_what_the_forge_said() {
        let access = Access {
            name: "GitHub",
            token: "GH_TOKEN",
            rights: "give it rights",
        };
        let old = access.refused(&Response::of(401, &[], b""));
        let hint = old.hint.unwrap().to_string();
        assert!(hint.contains("GH_ENTERPRISE_TOKEN"), "{hint}");
        for (words, error, cure) in [
            (
                "Unable to create comment because issue is locked.",
                "GitHub says that the issue is locked",
                Some("unlock it on its page"),
            ),
            (
                "Repository was archived so is read-only.",
                "GitHub says that the repository is archived",
                Some("unarchive it in its settings"),
            ),
            (
                "You have exceeded a secondary rate limit.",
                "GitHub takes no more requests for now",
                None,
            ),
            (
                "Resource not accessible by personal access token",
                "GitHub gives the token no access",
                Some("give it rights"),
            ),
        ] {
            let body = format!("{{\"message\": \"{words}\"}}");
            let report = access.refused(&Response::of(403, &[], body.as_bytes()));
            let hints: Vec<String> = report.hint.iter().map(ToString::to_string).collect();
            assert_eq!(report.error, error);
            assert_eq!(hints.first().map(String::as_str), cure);
        }
    }
}
