//! What Heroku's refusals are worth, and what helps. Its own words are shown, cut short, and never with the token.

use serde::Deserialize;

use crate::core::refusal::{Refusal, RefusalCode, Report};
use crate::core::secret::Secret;
use crate::http::api::Answer;

/// What to do about an app that is not there.
pub(super) const CORRECT: &str =
    "correct environments.*.running.heroku in smp.toml; then: git smp setup";
/// What to do about a token that is worth nothing.
const LOG_IN: &str = "log in: heroku login; or set HEROKU_API_KEY";
/// The most characters of the platform's own words that are shown.
const LONGEST: usize = 200;
/// So many bytes of a token in a row are a piece of it, and no accident.
const PIECE: usize = 8;

/// An answer that is not the one that was asked for.
pub(super) struct Refused {
    status: u16,
    /// The platform's own word for the reason.
    id: String,
    /// The platform's own words, or the status where it has none.
    words: String,
    /// How many questions it still takes, if it said so.
    remaining: Option<u32>,
}

#[derive(Deserialize)]
struct Words {
    id: Option<String>,
    message: Option<String>,
}

impl Refused {
    /// Reads an answer.
    pub(super) fn new(answer: &Answer, token: &Secret) -> Self {
        let words: Option<Words> = serde_json::from_slice(&answer.body).ok();
        let (id, message) = words.map_or((None, None), |words| (words.id, words.message));
        let message =
            message.filter(|text| !text.trim().is_empty() && !holds_piece(text, token.expose()));
        let answers = format!("it answers {}", answer.status);
        Self {
            status: answer.status,
            id: id.unwrap_or_default(),
            words: message.map_or(answers, |text| {
                format!(
                    "it says: {}",
                    text.trim().chars().take(LONGEST).collect::<String>()
                )
            }),
            remaining: answer
                .header("ratelimit-remaining")
                .and_then(|number| number.parse().ok()),
        }
    }

    /// What it means for somebody who asked about an app.
    pub(super) fn refusal(self, app: &str) -> Refusal {
        let code = match self.status {
            401 | 403 | 404 => RefusalCode::Unauthorized,
            _ => RefusalCode::Unreachable,
        };
        self.report(app, "look at").refused(code)
    }

    /// What it means for somebody who wanted a release, when there is none.
    pub(super) fn of_release(self, app: &str) -> Report {
        match self.status {
            401 | 403 | 404 | 429 => self.report(app, "release to"),
            _ => Report::new(format!("Heroku makes no such release of {app}"))
                .because(self.words)
                .hint(format!("see which there are: heroku releases --app {app}")),
        }
    }

    /// What it means when there may be a release all the same.
    pub(super) fn unclear(self) -> Report {
        Report::new("Heroku does not say whether there is a new release")
            .because(self.words)
            .hint("look: git smp status")
    }

    fn report(self, app: &str, do_what: &str) -> Report {
        match (self.status, self.id.as_str()) {
            (401, _) => Report::new("Heroku does not know the token")
                .because(self.words)
                .hint(LOG_IN),
            (403, "two_factor") => Report::new("Heroku wants a second factor besides the token")
                .because(self.words)
                .because("the API key of an authorization needs none")
                .hint(
                    "make one: heroku authorizations:create; then set HEROKU_API_KEY to its token",
                ),
            (403, _) => Report::new(format!(
                "Heroku gives this account no right to {do_what} the app {app}"
            ))
            .because(self.words)
            .hint(format!(
                "see which account it is: heroku auth:whoami; then ask for access to {app}"
            )),
            (404, _) => Report::new(format!("Heroku has no app {app} that this account may see"))
                .because(self.words)
                .hint("correct environments.*.running.heroku in smp.toml, or ask for access to it"),
            (429, _) => self.limited(),
            (500.., _) => Report::new("Heroku cannot answer for now").because(self.words),
            (300..=399, _) => Report::new("Heroku's API redirects, and redirects are not followed")
                .because(self.words),
            _ => Report::new("Heroku does not answer as its API does").because(self.words),
        }
    }

    fn limited(self) -> Report {
        let report = Report::new("Heroku takes no more questions for now").because(self.words);
        let left = self
            .remaining
            .map(|left| format!("questions left: {left}; each minute brings new ones"));
        left.into_iter().fold(report, Report::because)
    }
}

/// There is no answer that could be used.
pub(super) fn unreachable(report: Report) -> Refusal {
    report.refused(RefusalCode::Unreachable)
}

/// There is an answer, and it is none of this API.
pub(super) fn unlike_the_api() -> Refusal {
    unreachable(
        Report::new("Heroku does not answer as its API does")
            .because("its answer is not the JSON that was asked for"),
    )
}

/// Whether a text holds a token, or a good piece of it.
fn holds_piece(text: &str, token: &str) -> bool {
    let size = PIECE.min(token.len()).max(1);
    token
        .as_bytes()
        .windows(size)
        .any(|piece| memchr::memmem::find(text.as_bytes(), piece).is_some())
}
