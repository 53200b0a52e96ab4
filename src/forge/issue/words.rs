//! The forges' own words for issues, and what their answers mean.

use crate::core::config::AskedForge;
use crate::core::refusal::Report;
use crate::forge::github::branches::VARIABLE;
use crate::forge::gitlab::GITLAB as GITLAB_REST;
use crate::http::{Response, Sent, Trouble};

/// A forge, as far as its issues differ from another's.
pub struct TrackerWords {
    pub kind: AskedForge,
    pub name: &'static str,
    pub accept: &'static str,
    /// What a list of comments is called.
    pub comments: &'static str,
    /// Between the repository's pages and the number of an issue.
    pub issues: &'static str,
    /// Between the page of an issue and the number of a comment.
    pub anchor: &'static str,
    /// How all issues are asked for, and those of one person.
    pub all: &'static str,
    pub creator: &'static str,
    /// The variable that says where its API is.
    pub address: &'static str,
    /// The token, and what it must be allowed to do.
    token: &'static str,
    pub rights: &'static str,
}

pub const GITHUB: TrackerWords = TrackerWords {
    kind: AskedForge::GitHub,
    name: "GitHub",
    accept: "application/vnd.github+json",
    comments: "comments",
    issues: "/issues/",
    anchor: "#issuecomment-",
    all: "state=all&",
    creator: "creator",
    address: VARIABLE,
    token: "GH_TOKEN",
    rights: "give the token read and write access to issues",
};

pub const GITLAB: TrackerWords = TrackerWords {
    kind: AskedForge::GitLab,
    name: "GitLab",
    accept: "application/json",
    comments: "notes",
    issues: "/-/issues/",
    anchor: "#note_",
    all: "scope=all&",
    creator: "author_username",
    address: GITLAB_REST.address,
    token: "GITLAB_TOKEN",
    rights: "give the token the scope api, and a role that may open and close issues",
};

/// What came of something that was sent, where it was not taken.
pub fn answered(words: &TrackerWords, told: Result<Response, Trouble>) -> Result<Response, Sent> {
    let answer = match told {
        Ok(answer) => answer,
        Err(Trouble::NotSent(report)) => return Err(Sent::NotSent(report)),
        Err(Trouble::Unclear(report)) => return Err(Sent::Unclear(report)),
    };
    let report = refused(words, &answer);
    match answer.status {
        200..=299 => Ok(answer),
        429 => Err(Sent::Later(answer.retry_after(), report)),
        503 if answer.says_later() => Err(Sent::Later(answer.retry_after(), report)),
        403 if is_spent(&answer) => Err(Sent::Later(answer.retry_after(), report)),
        408 | 500.. | ..=199 => Err(Sent::Unclear(report)),
        _ => Err(Sent::Declined(report)),
    }
}

/// Whether a limit of calls is reached, rather than that the token may not.
fn is_spent(answer: &Response) -> bool {
    answer.header("retry-after").is_some() || answer.header("x-ratelimit-remaining") == Some("0")
}

/// Why an answer is none. Its own words are not read: they may repeat anything.
pub fn refused(words: &TrackerWords, answer: &Response) -> Report {
    let name = words.name;
    match answer.status {
        401 => Report::new(format!("{name} does not accept the token"))
            .hint(format!("make a new one, and set it as {}", words.token)),
        403 if answer.header("x-github-sso").is_some() => Report::new(format!(
            "{name} requires the token to be authorized for the organization (single sign-on)"
        ))
        .hint("authorize it in GitHub's token settings"),
        403 if !is_spent(answer) => {
            Report::new(format!("{name} does not allow the token to do that")).hint(words.rights)
        }
        403 | 429 => Report::new(format!("{name} takes no more requests for now")),
        404 => Report::new(format!("{name} does not show that to this token"))
            .because("it does not exist, or the token may not see it")
            .hint(words.rights),
        410 => Report::new(format!("{name} says that it is gone"))
            .because("the issue was deleted, or issues are turned off in its settings"),
        status => Report::new(format!("{name} answers {status}")),
    }
}

pub fn garbled(words: &TrackerWords) -> Report {
    Report::new(format!(
        "{}'s answer is not what its API documents",
        words.name
    ))
}
