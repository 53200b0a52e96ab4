//! The address of the issues, and the token for it.

use std::sync::OnceLock;

use reqwest::Url;

use crate::core::address::{is_here, is_loopback};
use crate::core::config::{AskedForge, Config};
use crate::core::refusal::Report;
use crate::core::secret::Secret;
use crate::core::text::shell_word;
use crate::core::typed::{Hint, Typed};
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
    pub fn find(session: &Session<'_>, config: &Config) -> Result<Self, Report> {
        let pages = config.web_base().unwrap_or_default();
        let (words, (api, repository), token) = match config.record.as_ref().and_then(|it| it.ask) {
            Some(AskedForge::GitLab) => gitlab(session, &pages)?,
            Some(AskedForge::GitHub) | None => github(session, &pages)?,
        };
        if proves_nothing(config, &api) {
            let what = format!("{} names this machine", words.address);
            let why = "with record.signed or policy.four_eyes, a comment counts only on the forge of the main repository";
            let report = Report::new(what).because(why);
            return Err(report.hint(format!("unset {}", words.address)));
        }
        Ok(Self {
            words,
            service: Service::new(words.access.name, api, &token, words.accept)?.of_texts(),
            repository,
            pages: pages.trim_end_matches('/').to_owned(),
            account: OnceLock::new(),
        })
    }
}

/// The API of a forge, the repository there, and the token for it.
type TrackerPlace = (&'static TrackerWords, (Url, String), Secret);

/// Returns whether comments at this API prove nothing: anybody can run a server on their own machine. A main repository
/// on the same machine is a playground.
fn proves_nothing(config: &Config, api: &Url) -> bool {
    let signed = config.record.as_ref().is_some_and(|record| record.signed);
    let is_alone = api.host_str().is_some_and(is_loopback) && !is_here(&config.repository.url);
    is_alone && (signed || config.policy.four_eyes)
}

fn github(session: &Session<'_>, pages: &str) -> Result<TrackerPlace, Report> {
    let github = GitHub::of(pages).ok_or_else(|| no_pages("GitHub"))?;
    let (server, repository) = (github.server.clone(), github.shown());
    let of_variable = token::github(&session.repo, &server);
    let token = match of_variable {
        Ok(token) => token,
        Err(why) => token::of_person(&session.repo, &server, true)
            .ok_or_else(|| no_token(why, &server, &repository, github.is_githubs_own()))?,
    };
    let address = session.repo.program().setting(VARIABLE);
    let api = github.rest_at(address.as_deref())?;
    Ok((&words::GITHUB, (api, repository), token))
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
    let variables = match is_own {
        true => format!("set {variable}"),
        false => format!("set GH_HOST={named}, and {variable}"),
    };
    let login = Typed::other(format!("gh auth login --hostname {named}"));
    let set = format!("or {variables} to a token that may read and write issues of {repository}");
    report.hint(Hint::run("log in", login).and(set))
}

fn gitlab(session: &Session<'_>, pages: &str) -> Result<TrackerPlace, Report> {
    let url = Url::parse(pages).map_err(|_| no_pages(GITLAB.words.name))?;
    let address = session.repo.program().setting(GITLAB.address);
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
    Ok((&words::GITLAB, (api, repository), token))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::core::config;

    #[test]
    fn a_forge_on_ones_own_machine_proves_nothing_of_a_main_repository_elsewhere() {
        let (here, there) = ("http://127.0.0.1:7/api/v3", "https://api.github.com");
        let (signed, nothing) = ("signed = true\n", "");
        let eyes = "[policy]\nfour_eyes = true\n";
        for (url, api, more, expected) in [
            ("https://github.com/an-org/a-repo.git", here, signed, true),
            ("git@github.com:an-org/a-repo.git", here, signed, true),
            ("git@github.com:an-org/a-repo.git", here, eyes, true),
            ("https://github.com/an-org/a-repo.git", there, signed, false),
            ("https://github.com/an-org/a-repo.git", here, nothing, false),
            ("/srv/main.git", here, signed, false),
            ("http://localhost:8080/main.git", here, eyes, false),
        ] {
            let text = format!(
                "[repository]\nurl = \"{url}\"\n[environments.staging]\nurl = \"/s\"\n\
                 [environments.production]\nurl = \"/p\"\npromotes = \"staging\"\n[record]\nask = \"github\"\n{more}"
            );
            let config = config::parse(Path::new("smp.toml"), &text).unwrap();
            let api = Url::parse(api).unwrap();
            assert_eq!(
                proves_nothing(&config, &api),
                expected,
                "{url} {api} {more}"
            );
        }
    }
}
