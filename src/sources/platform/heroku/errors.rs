//! The meaning of Heroku's refusals, and the remedies. Its own words are shown, shortened, and never with the token.

use serde::Deserialize;

use crate::core::decide::Build;
use crate::core::refusal::{Refusal, RefusalCode, Report};
use crate::core::text::and;
use crate::core::typed::{Hint, Typed};
use crate::core::words::SMP_TOML;
use crate::http::{Response, Trouble};
use crate::sources::platform::heroku::Heroku;

/// The maximum number of characters of the platform's own words.
const LONGEST: usize = 200;
/// This many consecutive bytes of a token are no coincidence.
const PIECE: usize = 8;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    id: String,
    message: String,
}

/// The hint for an invalid token.
fn log_in() -> Hint {
    Hint::run("log in", Typed::other("heroku login")).and("or set HEROKU_API_KEY")
}

pub fn nobody() -> Refusal {
    Refusal::new(
        RefusalCode::Unauthorized,
        "nobody is logged in to Heroku here",
    )
    .because("HEROKU_API_KEY, git's credential helpers and .netrc have no token")
    .hint(log_in())
}

/// Refuses an answer that does not fit this API.
pub fn unlike_the_api() -> Refusal {
    Refusal::new(
        RefusalCode::Unreachable,
        "Heroku gives an answer that its API does not document",
    )
    .because("its answer is not the expected JSON")
}

impl Heroku {
    /// Returns the refusal for an answer about the app.
    pub(super) fn refusal(&self, answer: &Response) -> Refusal {
        let report = self.trouble(answer, &format!("look at the app {}", self.app), &self.app);
        match answer.status {
            401 | 403 | 404 => report
                .because(format!("the token is from {}", self.token.from))
                .refused(RefusalCode::Unauthorized),
            _ => report.refused(RefusalCode::Unreachable),
        }
    }

    /// Returns the trouble of a rejected release: there is none, or it may exist anyway.
    pub(super) fn no_release(&self, answer: &Response) -> Trouble {
        let (app, (_, words)) = (&self.app, self.words(answer));
        match answer.status {
            401 | 403 | 404 | 429 => {
                Trouble::NotSent(self.trouble(answer, &format!("release to the app {app}"), app))
            }
            // After a 408 it gave up waiting for the call, by its own view.
            400..=407 | 409..=499 => Trouble::NotSent(
                Report::new(format!("Heroku does not create that release of {app}"))
                    .because(words)
                    .run(
                        "see its releases",
                        Typed::other(format!("heroku releases --app {app}")),
                    ),
            ),
            _ => Trouble::Unclear(
                Report::new("Heroku does not say whether there is a new release")
                    .because(words)
                    .run("look", Typed::smp("status")),
            ),
        }
    }

    /// Does the same for a promotion in the pipeline.
    pub(super) fn no_promotion(&self, answer: &Response, build: &Build) -> Trouble {
        let (app, (_, words)) = (&self.app, self.words(answer));
        let called = &build.release.called;
        match answer.status {
            401 | 403 | 429 => {
                let names = build.targets.iter().map(|to| to.environment.as_str());
                let names = and(&names.collect::<Vec<_>>());
                let what = format!("promote the build {called} of the app {app} to {names}");
                Trouble::NotSent(self.trouble(answer, &what, "each of these apps"))
            }
            400..=407 | 409..=499 => Trouble::NotSent(
                Report::new(format!(
                    "Heroku does not promote the build {called} of {app}"
                ))
                .because(words)
                .run(
                    "see its releases",
                    Typed::other(format!("heroku releases --app {app}")),
                )
                .run("if its slug expired, look", Typed::smp("status")),
            ),
            _ => Trouble::Unclear(
                Report::new("Heroku does not say whether the promotion began")
                    .because(words)
                    .run("look", Typed::smp("status")),
            ),
        }
    }

    /// Reports a refusal of `do_what`, which needs access to `what`.
    fn trouble(&self, answer: &Response, do_what: &str, what: &str) -> Report {
        let (app, (id, words)) = (&self.app, self.words(answer));
        let (error, hint) = match answer.status {
            401 => ("does not know the token".to_owned(), Some(log_in())),
            403 if id == "two_factor" => {
                let make = Typed::other("heroku authorizations:create");
                let hint = Hint::run("make an API key, which needs no second factor", make)
                    .and("then set HEROKU_API_KEY to its token");
                (
                    "requires a second factor in addition to the token".to_owned(),
                    Some(hint),
                )
            }
            403 => {
                let who = Typed::other("heroku auth:whoami");
                let hint = Hint::run("see which account it is", who)
                    .and(format!("then ask for access to {what}"));
                let error = format!("gives this account no right to {do_what}");
                (error, Some(hint))
            }
            404 => {
                let list = Typed::other("heroku apps --all");
                let correct = format!(
                    "then ask for access to {app}, or correct environments.*.running.heroku in {SMP_TOML} and run"
                );
                let hint = Hint::run("see which apps this account has", list)
                    .and(Hint::run(correct, Typed::smp("setup")));
                let error = format!("has no app {app} that this account may see");
                (error, Some(hint))
            }
            429 => {
                let wait = "wait a few minutes, then look";
                let hint = Hint::run(wait, Typed::smp("status"));
                ("takes no more requests for now".to_owned(), Some(hint))
            }
            500.. => ("cannot answer for now".to_owned(), None),
            _ => (
                "gives an answer that its API does not document".to_owned(),
                None,
            ),
        };
        let report = Report::new(format!("Heroku {error}")).because(words);
        hint.into_iter().fold(report, Report::hint)
    }

    /// Returns Heroku's id of the error, and its words, or the status without any.
    fn words(&self, answer: &Response) -> (String, String) {
        let problem: Problem = serde_json::from_slice(&answer.body).unwrap_or_default();
        let words = match self.presentable(&problem.message) {
            None => format!("it answers {}", answer.status),
            Some(text) => format!("it says: {text}"),
        };
        (problem.id, words)
    }

    /// Returns why a promotion failed, in Heroku's own words.
    pub(super) fn shown(&self, message: Option<&str>) -> String {
        let words = message.and_then(|text| self.presentable(text));
        words.unwrap_or_else(|| "it gives no reason".to_owned())
    }

    /// Returns its words, shortened; `None` if they are empty, or contain a part of the token.
    fn presentable(&self, text: &str) -> Option<String> {
        let text = text.trim();
        let is_good = !text.is_empty() && !holds_piece(text, self.token.secret.expose());
        is_good.then(|| text.chars().take(LONGEST).collect())
    }
}

fn holds_piece(text: &str, token: &str) -> bool {
    let size = PIECE.min(token.len()).max(1);
    let mut pieces = token.as_bytes().windows(size);
    pieces.any(|piece| memchr::memmem::find(text.as_bytes(), piece).is_some())
}
