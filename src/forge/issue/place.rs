//! Where the issues are, and the token that may be sent there.

use std::sync::OnceLock;

use reqwest::Url;

use crate::core::config::{AskedForge, Config};
use crate::core::refusal::Report;
use crate::core::secret::Secret;
use crate::core::text::shell_word;
use crate::forge::github::GitHub;
use crate::forge::github::branches::VARIABLE;
use crate::forge::gitlab::GITLAB;
use crate::forge::issue::{Tracker, words};
use crate::forge::place::no_pages;
use crate::forge::rest::server;
use crate::git::token::{self, Without};
use crate::http::api::Service;
use crate::session::Session;
use words::TrackerWords;

impl Tracker {
    /// The one that `smp.toml` names.
    pub fn find(session: &Session<'_>, config: &Config) -> Result<Self, Report> {
        let pages = config.web_base().unwrap_or_default();
        match config.record.as_ref().and_then(|record| record.ask) {
            Some(AskedForge::GitLab) => gitlab(session, &pages),
            Some(AskedForge::GitHub) | None => github(session, &pages),
        }
    }
}

fn github(session: &Session<'_>, pages: &str) -> Result<Tracker, Report> {
    let github = GitHub::of(pages).ok_or_else(|| no_pages("GitHub"))?;
    let (server, repository) = (github.server.clone(), github.shown());
    let of_variable = token::github(&session.repo, &server);
    let token = match of_variable {
        Ok(token) => token,
        Err(why) => token::of_person(&session.repo, &server, true)
            .ok_or_else(|| no_token(why, &server, &repository, github.is_githubs_own()))?,
    };
    let address = session.repo.program().variable(VARIABLE);
    let address = address.map(|address| address.to_string_lossy().into_owned());
    let api = github.rest_at(address.as_deref())?;
    tracker(&words::GITHUB, (api, &token), repository, pages)
}

fn no_token(why: Without, server: &str, repository: &str, is_own: bool) -> Report {
    let variable = if is_own {
        "GH_TOKEN"
    } else {
        "GH_ENTERPRISE_TOKEN"
    };
    let named = shell_word(server);
    let report = match why {
        Without::Leave => Report::new(format!("no variable says that the token is for {server}")),
        Without::Token => Report::new(format!("there is no token for {server}")),
    };
    report.hint(format!(
        "run gh auth login --hostname {named}, or set {variable} to a token that may read and write issues of {repository}{}",
        if is_own { String::new() } else { format!(", and GH_HOST={named}") }
    ))
}

fn gitlab(session: &Session<'_>, pages: &str) -> Result<Tracker, Report> {
    let url = Url::parse(pages).map_err(|_| no_pages(GITLAB.words.name))?;
    let address = session.repo.program().variable(GITLAB.address);
    let address = address.map(|address| address.to_string_lossy().into_owned());
    let (address, host) = (address.as_deref(), server(&url));
    let of_variable = token::named(&session.repo, &[GITLAB.token]);
    let ((api, repository), token) = match of_variable {
        Some(token) => (GITLAB.place(&url, address, false)?, token),
        None => {
            let place = GITLAB.place(&url, address, true)?;
            let token = token::of_person(&session.repo, &host, false).ok_or_else(|| {
                let report = Report::new(format!("there is no token for {host}"));
                report.hint(format!(
                    "set {} to a token with the scope api for {}",
                    GITLAB.token, place.1
                ))
            })?;
            (place, token)
        }
    };
    let mut api = api;
    api.set_path(&format!(
        "{}/{}",
        api.path().trim_end_matches('/'),
        GITLAB.version
    ));
    tracker(&words::GITLAB, (api, &token), repository, pages)
}

fn tracker(
    words: &'static TrackerWords,
    (api, token): (Url, &Secret),
    repository: String,
    pages: &str,
) -> Result<Tracker, Report> {
    Ok(Tracker {
        words,
        service: Service::new(words.name, api, token, words.accept)?.of_texts(),
        repository,
        pages: pages.trim_end_matches('/').to_owned(),
        login: OnceLock::new(),
    })
}
