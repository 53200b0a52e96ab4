//! What Heroku's refusals are worth, and what helps. Its own words are shown, cut short, and never with the token.

use serde::Deserialize;

use crate::core::refusal::{Refusal, RefusalCode, Report};
use crate::core::typed::{Hint, Typed};
use crate::git::token::Token;
use crate::http::Response;

/// The most characters of the platform's own words that are shown.
const LONGEST: usize = 200;
/// So many bytes of a token in a row are a piece of it, and no accident.
const PIECE: usize = 8;

#[derive(Default, Deserialize)]
struct Problem {
    id: Option<String>,
    message: Option<String>,
}

/// What to do about a token that is worth nothing.
fn log_in() -> Hint {
    Hint::run("log in", Typed::other("heroku login")).and("or set HEROKU_API_KEY")
}

/// Nobody is logged in.
pub fn nobody() -> Refusal {
    Refusal::new(
        RefusalCode::Unauthorized,
        "nobody is logged in to Heroku here",
    )
    .because("neither HEROKU_API_KEY nor git's credential helpers nor .netrc has a token")
    .hint(log_in())
}

/// There is an answer, and it is none of this API.
pub fn unlike_the_api() -> Refusal {
    Refusal::new(
        RefusalCode::Unreachable,
        "Heroku does not answer as its API does",
    )
    .because("its answer is not the JSON that was asked for")
}

/// What an answer means for somebody who asked about an app.
pub fn refusal(answer: &Response, token: &Token, app: &str) -> Refusal {
    let report = report(answer, token, app, "look at");
    match answer.status {
        401 | 403 | 404 => report
            .because(format!("the token is that of {}", token.from))
            .refused(RefusalCode::Unauthorized),
        _ => report.refused(RefusalCode::Unreachable),
    }
}

/// What it means for somebody who wanted a release, when there is none.
pub fn of_release(answer: &Response, token: &Token, app: &str) -> Report {
    match answer.status {
        401 | 403 | 404 | 429 => report(answer, token, app, "release to"),
        _ => Report::new(format!("Heroku makes no such release of {app}"))
            .because(words(answer, token).1)
            .run(
                "see which there are",
                Typed::other(format!("heroku releases --app {app}")),
            ),
    }
}

/// What it means when there may be a release all the same.
pub fn unclear(answer: &Response, token: &Token) -> Report {
    Report::new("Heroku does not say whether there is a new release")
        .because(words(answer, token).1)
        .run("look", Typed::smp("status"))
}

fn report(answer: &Response, token: &Token, app: &str, do_what: &str) -> Report {
    let (id, words) = words(answer, token);
    let report = |error: &str| Report::new(error).because(words);
    match answer.status {
        401 => report("Heroku does not know the token").hint(log_in()),
        403 if id == "two_factor" => report("Heroku wants a second factor besides the token")
            .because("the API key of an authorization needs none")
            .hint(
                Hint::run("make one", Typed::other("heroku authorizations:create"))
                    .and("then set HEROKU_API_KEY to its token"),
            ),
        403 => report(&format!(
            "Heroku gives this account no right to {do_what} the app {app}"
        ))
        .hint(
            Hint::run(
                "see which account it is",
                Typed::other("heroku auth:whoami"),
            )
            .and(format!("then ask for access to {app}")),
        ),
        404 => report(&format!(
            "Heroku has no app {app} that this account may see"
        ))
        .hint("correct environments.*.running.heroku in smp.toml, or ask for access to it"),
        429 => {
            let report = report("Heroku takes no more questions for now");
            let left = answer.header("ratelimit-remaining");
            match left.and_then(|left| left.parse::<u32>().ok()) {
                Some(left) => report.because(format!(
                    "questions left: {left}; each minute brings new ones"
                )),
                None => report,
            }
        }
        500.. => report("Heroku cannot answer for now"),
        300..=399 => report("Heroku's API redirects, and redirects are not followed"),
        _ => report("Heroku does not answer as its API does"),
    }
}

/// The platform's own word for the reason, and its own words, or the status where it has none.
fn words(answer: &Response, token: &Token) -> (String, String) {
    let problem: Problem = serde_json::from_slice(&answer.body).unwrap_or_default();
    let message = problem.message.as_deref().map(str::trim);
    let words = match message {
        Some(text) if !text.is_empty() && !holds_piece(text, token.secret.expose()) => {
            let cut: String = text.chars().take(LONGEST).collect();
            format!("it says: {cut}")
        }
        _ => format!("it answers {}", answer.status),
    };
    (problem.id.unwrap_or_default(), words)
}

/// Whether a text holds a token, or a good piece of it.
fn holds_piece(text: &str, token: &str) -> bool {
    let size = PIECE.min(token.len()).max(1);
    let mut pieces = token.as_bytes().windows(size);
    pieces.any(|piece| memchr::memmem::find(text.as_bytes(), piece).is_some())
}
