//! The questions, one row each: the text, the key, the default, and the test of an answer.

use reqwest::Url;

use crate::core::address;
use crate::core::config::PlatformApp;
use crate::core::tell::KINDS;
use crate::session::Session;
use crate::setup::wizard::answers::{Answers, NONE};
use crate::setup::wizard::tries::{self, Trial};
use crate::sources::platform;

/// The default pattern for the commit in a page.
pub const PATTERN: &str = "data-commit=\"([0-9a-f]{7,64})\"";

/// The table that exists or not.
pub const RECORD: &str = "record";

/// One row. `{}` stands for the environment, if it is about one.
pub struct Row {
    pub key: &'static str,
    /// The question, short enough for the answer on the same line.
    pub asked: &'static str,
    /// The explanation before it; `{app}` stands for the environment's app on Heroku, `{hosts}` for hosts that a push
    /// deploys to.
    pub explained: &'static str,
    /// The allowed words, in addition to none and the way back; empty for any text.
    pub words: &'static [&'static str],
    /// The placeholder in the file until it is answered; empty if the key is optional.
    pub unasked: &'static str,
    /// Returns whether the earlier answers require the question.
    pub is_wanted: fn(&Answers, &str) -> bool,
    pub offered: fn(&Session<'_>, &Answers, &str) -> String,
    /// The test of an answer, and what it is called.
    pub trial: Option<(&'static str, Trial)>,
}

/// A question with an optional answer.
const OPTIONAL: Row = Row {
    key: "",
    asked: "",
    explained: "",
    words: &[],
    unasked: "",
    is_wanted: |_, _| true,
    offered: |_, _, _| NONE.to_owned(),
    trial: None,
};

/// The way to reach environments; not a key, because the file shows it by other keys.
pub const TOPOLOGY: &str = "topology";
const BRANCHES: &str = "branches";

/// The branch of an environment. An environment with an address is not asked for it.
pub const BRANCH: &str = "environments.{}.branch";

fn are_branches(answers: &Answers) -> bool {
    answers.get(TOPOLOGY, "") == BRANCHES
}

pub const MAIN: &[Row] = &[
    Row {
        key: TOPOLOGY,
        asked: "Environments are",
        explained: "remotes: each environment has its own address, and a push to it deploys ({hosts}, a bare repository with a hook). \
                    branches: a platform or a pipeline deploys branches of this repository (Vercel, Netlify, Render, \
                    Railway).",
        words: &["remotes", BRANCHES],
        offered: |_, _, _| "remotes".to_owned(),
        ..OPTIONAL
    },
    Row {
        key: "repository.remote",
        asked: "Remote of the main repository",
        explained: "The main repository is where reviewed work is merged.",
        unasked: "not-asked-yet",
        offered: |session, _, _| match url_of(session, "upstream").as_str() {
            "" => "origin".to_owned(),
            _ => "upstream".to_owned(),
        },
        ..OPTIONAL
    },
    Row {
        key: "repository.url",
        asked: "Address of the main repository",
        unasked: "https://not-asked-yet.invalid/main.git",
        offered: |session, answers, _| url_of(session, answers.get("repository.remote", "")),
        trial: Some(("address", tries::address)),
        ..OPTIONAL
    },
    Row {
        asked: "The branch that is deployed",
        is_wanted: |answers, _| !are_branches(answers),
        ..MAIN_BRANCH
    },
    Row {
        asked: "The branch that work is merged into",
        is_wanted: |answers, _| are_branches(answers),
        ..MAIN_BRANCH
    },
];

/// The main branch, with different texts for each way.
const MAIN_BRANCH: Row = Row {
    key: "repository.branch",
    unasked: "main",
    offered: |session, answers, _| branch_of(session, answers),
    trial: Some(("branch", tries::branch)),
    ..OPTIONAL
};

pub const ENVIRONMENT: &[Row] = &[
    Row {
        key: "environments.{}.url",
        asked: "Address that a push to {} goes to",
        unasked: "https://not-asked-yet.invalid/{}.git",
        is_wanted: |answers, _| !are_branches(answers),
        offered: |session, _, place| url_of(session, place),
        trial: Some(("address", tries::address)),
        ..OPTIONAL
    },
    Row {
        key: BRANCH,
        asked: "Branch that deploys {}",
        explained: "Only staging may be the main branch itself; then every merge deploys it.",
        unasked: "{}",
        is_wanted: |answers, _| are_branches(answers),
        offered: |_, _, place| place.to_owned(),
        trial: Some(("branch", tries::branch)),
        ..OPTIONAL
    },
    Row {
        key: "environments.{}.running.heroku",
        asked: "App of {} on Heroku",
        explained: "Heroku's API can say what the app runs (heroku = \"{app}\"). Type none to leave it out.",
        is_wanted: |answers, place| !are_branches(answers) && !app_of(answers, place).is_empty(),
        offered: |_, answers, place| app_of(answers, place),
        ..OPTIONAL
    },
    Row {
        key: "environments.{}.running.page",
        asked: "Page of {}",
        explained: "A page of {} that shows the running commit. Type none if there is no such page; then the commit \
                    that was last pushed to {} counts as the running one.",
        trial: Some(("page", tries::page)),
        ..OPTIONAL
    },
    Row {
        key: "environments.{}.running.pattern",
        asked: "Pattern around the hash on this page",
        explained: "A regular expression with one group in ( ), around the commit on that page.",
        is_wanted: |answers, place| answers.has("environments.{}.running.page", place),
        offered: |_, _, _| PATTERN.to_owned(),
        trial: Some(("page and this pattern", tries::pattern)),
        ..OPTIONAL
    },
    Row {
        key: "environments.{}.site",
        asked: "Site of {}",
        explained: "The address that people open; posts link to it. Type none to leave it out.",
        offered: |_, answers, place| site(answers.get("environments.{}.running.page", place)),
        ..OPTIONAL
    },
];

/// The team's shared settings.
pub const TEAM: &[Row] = &[
    Row {
        key: RECORD,
        asked: "Keep a record (y/n)",
        explained: "A record on the main repository shares proposals, sign-offs and the freeze with the whole team.",
        offered: |_, _, _| "n".to_owned(),
        ..OPTIONAL
    },
    Row {
        key: "channels.technical.kind",
        asked: "Chat of the technical channel",
        explained: "Developers read about proposals, verdicts and rollbacks in the technical channel. teams and slack: posts are sent to that chat. print and none: posts are printed for you to paste.",
        words: KINDS,
        ..OPTIONAL
    },
    Row {
        key: "channels.product.kind",
        asked: "Chat of the product channel",
        explained: "Everyone reads what is new in the product channel. none: there is no such post, unless you give its text with --summary.",
        words: KINDS,
        ..OPTIONAL
    },
];

/// Returns the address of a remote of the clone; empty if it has none.
pub fn url_of(session: &Session<'_>, remote: &str) -> String {
    let git = session.repo.config().ok();
    git.and_then(|git| git.get(&format!("remote.{remote}.url")))
        .map(address::display_url)
        .unwrap_or_default()
}

/// Returns the main repository's default branch: as this clone knows it, or as the repository reports it.
fn branch_of(session: &Session<'_>, answers: &Answers) -> String {
    let repo = &session.repo;
    let start = format!("refs/remotes/{}/", answers.get("repository.remote", ""));
    let args = ["symbolic-ref", "--quiet", &format!("{start}HEAD")];
    let told = repo.program().text("", args).unwrap_or_default();
    if let Some(branch) = told.trim().strip_prefix(&start) {
        return branch.to_owned();
    }
    match tries::head(session, answers.get("repository.url", "")) {
        Ok(Some((branch, _))) => branch,
        _ => "main".to_owned(),
    }
}

/// Returns the probable site of an environment: the one of its page.
fn site(page: &str) -> String {
    match Url::parse(page).map(|url| url.origin()) {
        Ok(origin) if origin.is_tuple() => origin.ascii_serialization(),
        _ => NONE.to_owned(),
    }
}

/// Returns the app that an environment's address pushes to on Heroku; empty for another host.
pub fn app_of(answers: &Answers, place: &str) -> String {
    match platform::at(answers.get("environments.{}.url", place)) {
        Some(PlatformApp::Heroku(app)) => app,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_site_is_the_one_that_the_page_is_on() {
        assert_eq!(
            site("https://x.example.com:8443/a?b"),
            "https://x.example.com:8443"
        );
        assert_eq!((site("").as_str(), site("none").as_str()), (NONE, NONE));
    }
}
