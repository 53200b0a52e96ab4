//! Finds the forge of the main repository, and the token for it.

use reqwest::Url;

use crate::core::config::{Config, ForgeKind};
use crate::core::decide::protection::Protection;
use crate::core::decide::review::ForgeWords;
use crate::core::refusal::Report;
use crate::core::secret::Secret;
use crate::core::text::shell_word;
use crate::core::typed::Typed;
use crate::core::words::SMP_TOML;
use crate::forge::forgejo::{self, FORGEJO, GITEA};
use crate::forge::github::{self, GitHub};
use crate::forge::gitlab::{self, GITLAB};
use crate::forge::rest::{Rest, Software, each};
use crate::git::token::{self, Without};
use crate::session::Session;

pub enum Forge {
    /// With its token.
    GitHub(GitHub, Secret, At),
    GitLab(Rest),
    /// Forgejo, or Gitea with the same API.
    Forgejo(Rest),
}

/// API addresses that replace the defaults.
pub struct At {
    pub graphql: Option<String>,
    pub rest: Option<String>,
}

impl Forge {
    pub fn words(&self) -> ForgeWords {
        match self {
            Self::GitHub(..) => ForgeWords::default(),
            Self::GitLab(rest) | Self::Forgejo(rest) => rest.software.words,
        }
    }

    /// Returns how each branch is protected.
    ///
    /// # Errors
    /// If the forge cannot be asked at all; the inner error is for one branch.
    pub fn protection(&self, branches: &[&str]) -> Result<Vec<Result<Protection, Report>>, Report> {
        Ok(match self {
            Self::GitHub(github, token, at) => {
                let rest = github.rest(at.rest.as_deref(), token)?;
                each(branches, |branch| {
                    github::branches::protection(&rest, branch)
                })
            }
            Self::GitLab(rest) => each(branches, |branch| gitlab::protection(rest, branch)),
            Self::Forgejo(rest) => each(branches, |branch| forgejo::protection(rest, branch)),
        })
    }
}

/// Finds the forge: by `repository.forge`, otherwise by the host of the main repository's pages.
pub fn find(session: &Session<'_>, config: &Config) -> Result<Forge, Report> {
    let pages = config.web_base();
    let url = pages.as_deref().and_then(|pages| Url::parse(pages).ok());
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let open = |software: &'static Software| match &url {
        Some(url) => Rest::open(session, software, url),
        None => Err(no_pages(software.words.name)),
    };
    let forge = config.repository.forge.or_else(|| ForgeKind::by_name(host));
    // An unknown host name is assumed to be a GitHub.
    match forge.unwrap_or(ForgeKind::GitHub) {
        ForgeKind::GitHub => {
            let name = forge.map_or("a known forge", |_| "GitHub");
            let github = pages.as_deref().and_then(GitHub::of);
            github_of(session, github.ok_or_else(|| no_pages(name))?)
        }
        ForgeKind::GitLab => open(&GITLAB).map(Forge::GitLab),
        ForgeKind::Forgejo => open(&FORGEJO).map(Forge::Forgejo),
        ForgeKind::Gitea => open(&GITEA).map(Forge::Forgejo),
    }
}

/// Reports that the main repository has no web address on such a forge.
pub fn no_pages(name: &str) -> Report {
    Report::new(format!("the main repository has no web address on {name}")).run(
        format!("set repository.web (its web address) or repository.forge (its software) in {SMP_TOML}, then"),
        Typed::smp("setup"),
    )
}

fn github_of(session: &Session<'_>, github: GitHub) -> Result<Forge, Report> {
    let (server, repository) = (github.server.as_str(), github.shown());
    let named = shell_word(server);
    let program = session.repo.program();
    let report = match token::github(&session.repo, server) {
        Ok(token) => {
            let at = At {
                graphql: program.setting(github::VARIABLE),
                rest: program.setting(github::branches::VARIABLE),
            };
            return Ok(Forge::GitHub(github, token, at));
        }
        Err(Without::Leave) => Report::new(format!(
            "no variable says that the token is for {server}"
        ))
        .hint(format!(
            "set GH_HOST={named} if your token may be sent there"
        )),
        Err(Without::Token) => Report::new(format!("there is no token for {server}")).hint(
            match github.is_githubs_own() {
                true => format!("set GH_TOKEN to a token that may read {repository}"),
                false => format!(
                    "set GH_ENTERPRISE_TOKEN to a token that may read {repository}, and GH_HOST={named}"
                ),
            },
        ),
    };
    Err(report)
}
