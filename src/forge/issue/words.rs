//! The forges' own words for issues, and the meaning of their answers.

use crate::core::config::AskedForge;
use crate::core::refusal::Report;
use crate::forge::errors::{Access, is_spent};
use crate::forge::github::branches::VARIABLE;
use crate::forge::gitlab::GITLAB as GITLAB_REST;
use crate::http::{Response, Sent, Trouble};

/// The differences between the forges' issues.
pub struct TrackerWords {
    pub kind: AskedForge,
    pub access: Access,
    pub accept: &'static str,
    /// The path of a list of comments.
    pub comments: &'static str,
    /// The part between the repository's pages and the number of an issue.
    pub issues: &'static str,
    /// The part between the page of an issue and the number of a comment.
    pub anchor: &'static str,
    /// The parameters for all issues, and for those of one person.
    pub all: &'static str,
    pub creator: &'static str,
    /// The variable with the address of its API.
    pub address: &'static str,
}

pub const GITHUB: TrackerWords = TrackerWords {
    kind: AskedForge::GitHub,
    access: Access {
        name: "GitHub",
        token: "GH_TOKEN",
        rights: "give the token read and write access to issues",
    },
    accept: "application/vnd.github+json",
    comments: "comments",
    issues: "/issues/",
    anchor: "#issuecomment-",
    all: "state=all&",
    creator: "creator",
    address: VARIABLE,
};

pub const GITLAB: TrackerWords = TrackerWords {
    kind: AskedForge::GitLab,
    access: Access {
        name: "GitLab",
        token: "GITLAB_TOKEN",
        rights: "give the token the scope api, and a role that may open and close issues",
    },
    accept: "application/json",
    comments: "notes",
    issues: "/-/issues/",
    anchor: "#note_",
    all: "scope=all&",
    creator: "author_username",
    address: GITLAB_REST.address,
};

/// Returns the answer to an accepted call, or the outcome of a rejected one.
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

pub fn refused(words: &TrackerWords, answer: &Response) -> Report {
    match answer.status {
        404 => words.access.not_shown("that"),
        410 => Report::new(format!("{} says that it is gone", words.access.name))
            .because("the issue was deleted, or issues are turned off in its settings"),
        301 | 302 | 307 | 308 => Report::new(format!("{} says that it moved", words.access.name))
            .because("the issue was transferred, or the repository was renamed"),
        _ => words.access.refused(answer),
    }
}
