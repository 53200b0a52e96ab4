//! Heroku's Platform API: the releases of an app, their builds, and a release without a new build.

mod errors;
mod pipeline;
mod response;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::json;

use crate::core::refusal::{Refusal, RefusalCode, Report};
use crate::core::typed::Typed;
use crate::core::words::{CommitId, PlatformWords, Release, ReleaseStatus};
use crate::git::Repo;
use crate::git::token::{self, Token};
use crate::http::Trouble;
use crate::http::api::{Service, base};
use crate::sources::at_once;
use crate::sources::platform::Platform;

const NAME: &str = "Heroku";
/// The variable with another address of the API.
const VARIABLE: &str = "HEROKU_API_URL";
const USUAL: &str = "https://api.heroku.com";
/// The version of the API that includes images.
const VERSION: &str = "application/vnd.heroku+json; version=3.sdk";
const LATEST: &str = "version ..; max=30, order=desc";
const NEWEST: &str = "created_at ..; max=1, order=desc";
/// The number of parallel requests.
const AT_ONCE: usize = 8;

/// An app as one account sees it.
pub struct Heroku {
    service: Service,
    token: Token,
    app: String,
}

pub fn app_at(url: &str) -> Option<&str> {
    let path = [
        "https://git.heroku.com/",
        "git@heroku.com:",
        "ssh://git@heroku.com/",
    ];
    let path = path.iter().find_map(|start| url.strip_prefix(start))?;
    let app = path.trim_end_matches('/').trim_end_matches(".git");
    (!app.is_empty() && !app.contains('/')).then_some(app)
}

pub fn words(app: String) -> PlatformWords {
    PlatformWords {
        name: NAME,
        restart: Typed::other(format!("heroku restart -a {app}")),
        again: Typed::other(format!("heroku releases:retry -a {app}")),
        pipelines: "heroku pipelines:",
        server: None,
        app,
    }
}

impl Heroku {
    /// Returns the app with this machine's token. The token is looked up once, because credential helpers are slow.
    ///
    /// # Errors
    /// `unauthorized` if there is no token, or `HEROKU_API_URL` is wrong.
    pub fn of(repo: &Repo, app: &str) -> Result<Self, Refusal> {
        static TOKEN: OnceLock<Option<Token>> = OnceLock::new();
        let token = TOKEN.get_or_init(|| {
            token::platform(repo, "HEROKU_API_KEY", "git.heroku.com", "api.heroku.com")
        });
        let token = token.clone().ok_or_else(errors::nobody)?;
        let address = repo.program().setting(VARIABLE);
        Self::at(address.as_deref(), token, app)
            .map_err(|report| report.refused(RefusalCode::Unauthorized))
    }

    fn at(address: Option<&str>, token: Token, app: &str) -> Result<Self, Report> {
        let base = base(VARIABLE, address, USUAL)?;
        Ok(Self {
            service: Service::new(NAME, base, &token.secret, VERSION)?,
            token,
            app: app.to_owned(),
        })
    }

    /// Adds the missing commits to the chosen releases; a build shared by several is requested once.
    fn fill(
        &self,
        mut releases: Vec<Release>,
        chosen: impl Fn(usize, &Release) -> bool,
    ) -> Result<Vec<Release>, Refusal> {
        let known = releases.iter().filter_map(|release| {
            let slug = release.slug.clone()?;
            Some((slug, Some(release.commit.clone()?)))
        });
        let mut known: BTreeMap<String, Option<CommitId>> = known.collect();
        let chosen: Vec<&mut Release> = (releases.iter_mut().enumerate())
            .filter(|(at, one)| one.commit.is_none() && chosen(*at, one))
            .map(|(_, one)| one)
            .collect();
        let slugs = chosen.iter().filter_map(|release| release.slug.clone());
        let wanted: BTreeSet<String> = slugs.filter(|slug| !known.contains_key(slug)).collect();
        let wanted: Vec<String> = wanted.into_iter().collect();
        for few in wanted.chunks(AT_ONCE) {
            let commits = at_once(few, |slug| self.commit(slug));
            for (slug, commit) in few.iter().zip(commits) {
                known.insert(slug.clone(), commit?);
            }
        }
        for release in chosen {
            let commit = release.slug.as_ref().and_then(|slug| known.get(slug));
            release.commit = commit.cloned().flatten();
        }
        Ok(releases)
    }

    /// Returns the commit of a build; `None` if unknown, for example after the build was deleted.
    fn commit(&self, slug: &str) -> Result<Option<CommitId>, Refusal> {
        let (kind, id) = match slug.strip_prefix(response::IMAGE) {
            Some(image) => ("oci-images", image),
            None => ("slugs", slug),
        };
        if !response::is_id(id) {
            return Ok(None);
        }
        match self.get(&format!("{kind}/{id}"), None)? {
            Some(body) => response::commit(&body).ok_or_else(errors::unlike_the_api),
            None => Ok(None),
        }
    }

    /// Returns an object of an app; `None` if it is gone while the app exists.
    fn get(&self, what: &str, range: Option<&str>) -> Result<Option<Vec<u8>>, Refusal> {
        self.get_path(&format!("apps/{}/{what}", self.app), range)
    }

    fn get_path(&self, path: &str, range: Option<&str>) -> Result<Option<Vec<u8>>, Refusal> {
        let answer = self
            .service
            .get(path, range)
            .map_err(Trouble::unreachable)?;
        match answer.status {
            200 | 206 => Ok(Some(answer.body)),
            404 if range.is_none() => Ok(None),
            _ => Err(self.refusal(&answer)),
        }
    }
}

impl Platform for Heroku {
    /// Sends `GET /apps/{app}/releases`, then requests two builds. If the current release has no build, nothing runs.
    fn releases(&self) -> Result<Vec<Release>, Refusal> {
        let body = self.get("releases", Some(LATEST))?;
        let releases = body.and_then(|body| response::releases(&body, &self.app));
        let releases = settled(releases.ok_or_else(errors::unlike_the_api)?);
        self.fill(releases, |at, release| at == 0 || release.current)
    }

    /// Sends `GET /apps/{app}/slugs/{id}` once per unknown build, several in parallel.
    fn with_commits(&self, releases: Vec<Release>) -> Result<Vec<Release>, Refusal> {
        self.fill(releases, |_, _| true)
    }

    fn newest_build(&self) -> Option<String> {
        response::build(&self.get("builds", Some(NEWEST)).ok()??)
    }

    /// Sends `POST /apps/{app}/releases` once. An earlier release restores its config vars; a slug keeps today's.
    fn release(&self, former: &Release, back: bool) -> Result<(), Trouble> {
        let path = format!("apps/{}/releases", self.app);
        let answer = self.service.post(&path, body(former, back))?;
        match answer.status {
            200 | 201 if response::release(&answer.body, &self.app).is_some() => Ok(()),
            200 | 201 => Err(Trouble::Unclear(errors::unlike_the_api().report)),
            _ => Err(self.no_release(&answer)),
        }
    }
}

fn body(former: &Release, back: bool) -> String {
    let description = format!("Release of v{} again", former.version);
    let body = match former.slug.as_ref().filter(|_| !back) {
        None => json!({ "release": former.id }),
        Some(slug) => match slug.strip_prefix(response::IMAGE) {
            Some(image) => json!({ "oci_image": image, "description": description }),
            None => json!({ "slug": slug, "description": description }),
        },
    };
    body.to_string()
}

/// Sorts releases, newest first, with at most one current: if none is marked, the newest that succeeded.
fn settled(mut releases: Vec<Release>) -> Vec<Release> {
    releases.sort_by_key(|release| std::cmp::Reverse(release.version));
    let current = releases.iter().position(|one| one.current);
    let succeeded = (releases.iter()).position(|one| one.status == ReleaseStatus::Succeeded);
    let current = current.or(succeeded);
    for (at, release) in releases.iter_mut().enumerate() {
        release.current = Some(at) == current;
    }
    releases
}

#[cfg(test)]
mod tests;
