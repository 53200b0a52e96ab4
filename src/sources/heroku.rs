//! Heroku's Platform API: which releases an app has, what they were built from, and making one anew without a build.

mod refused;
mod told;

use std::collections::BTreeMap;
use std::thread;

use crate::core::refusal::{Refusal, RefusalCode, Report};
use crate::core::secret::Secret;
use crate::core::words::{CommitId, Release};
use crate::http::api::{Answer, Service, Trouble, base};
use refused::Refused;

/// The variable that holds another address of the API.
const VARIABLE: &str = "HEROKU_API_URL";
/// Where the API is.
const USUAL: &str = "https://api.heroku.com";
/// The version of the API that tells of images, too.
const VERSION: &str = "application/vnd.heroku+json; version=3.sdk";
/// The latest releases, newest first.
const LATEST: &str = "version ..; max=30, order=desc";
/// How many those are at most.
const MOST: usize = 30;
/// The newest build.
const NEWEST: &str = "created_at ..; max=1, order=desc";
/// How many questions are asked side by side.
const AT_ONCE: usize = 8;

/// Heroku's Platform API as one account sees it.
pub struct Heroku {
    service: Service,
    /// Only to keep it out of what is told.
    token: Secret,
}

/// What a new release is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// An earlier release, by the platform's own name of it, with the config vars that it had.
    Back(String),
    /// What was built before, once more, with today's config vars.
    Slug {
        /// What was built, as [`Release::slug`] names it.
        slug: String,
        /// What people read beside the release.
        description: String,
    },
}

/// Why there is no new release, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Released {
    /// Nothing changed there.
    Not(Report),
    /// The call may have been heard, and may still be worked on: no answer came, or one that something stopped waiting.
    Unclear(Report),
}

impl Heroku {
    /// The API at the usual address, or at that of `HEROKU_API_URL` if it has a value.
    ///
    /// # Errors
    /// When that value is no address that a token may be sent to, or the token is none.
    pub fn new(address: Option<&str>, token: &Secret) -> Result<Self, Report> {
        let service = Service::new(
            "Heroku",
            base(VARIABLE, address, USUAL)?,
            token,
            &[("accept", VERSION)],
        )?;
        Ok(Self {
            service,
            token: token.clone(),
        })
    }

    /// The app's latest releases, newest first and at most 30; one of them, or none, is the current one. The current
    /// one and the newest have their commits, and no other: `GET /apps/{app}/releases`, then what was built for them.
    ///
    /// An app without any, or whose current one has nothing built, runs nothing.
    ///
    /// # Errors
    /// `unauthorized` where the account may not look at the app; `unreachable` where Heroku does not answer as its API
    /// does.
    pub fn releases(&self, app: &str) -> Result<Vec<Release>, Refusal> {
        let answer = self.get(app, "releases", Some(LATEST))?;
        let mut releases = answer
            .and_then(|body| told::releases(&body))
            .ok_or_else(refused::unlike_the_api)?;
        settle(&mut releases);
        let mut newest = true;
        self.fill(app, &mut releases, |release| {
            std::mem::take(&mut newest) || release.current
        })?;
        Ok(releases)
    }

    /// The same releases, each that has something built with its commit: `GET /apps/{app}/slugs/{id}`, once for each
    /// that is not known yet, several side by side.
    ///
    /// # Errors
    /// As [`Heroku::releases`].
    pub fn with_commits(
        &self,
        app: &str,
        mut releases: Vec<Release>,
    ) -> Result<Vec<Release>, Refusal> {
        self.fill(app, &mut releases, |_| true)?;
        Ok(releases)
    }

    /// How the newest build stands, for telling a person what is going on: `pending`, `succeeded` or `failed`. `None`
    /// where that cannot be found out.
    pub fn newest_build(&self, app: &str) -> Option<String> {
        told::build(&self.get(app, "builds", Some(NEWEST)).ok()??)
    }

    /// Makes a release anew, without a build: `POST /apps/{app}/releases`, once.
    ///
    /// # Errors
    /// [`Released`] says whether something may have changed there.
    pub fn release(&self, app: &str, what: &Again) -> Result<Release, Released> {
        let path = path(app, "releases").map_err(|refusal| Released::Not(refusal.report))?;
        let answer = self
            .service
            .post(&path, body(what))
            .map_err(|trouble| match trouble {
                Trouble::NotSent(report) => Released::Not(report),
                Trouble::Unclear(report) => Released::Unclear(report),
            })?;
        match answer.status {
            200 | 201 => told::release(&answer.body)
                .ok_or_else(|| Released::Unclear(refused::unlike_the_api().report)),
            // It gave up waiting for the call, or so it believes.
            408 => Err(Released::Unclear(self.refused(&answer).unclear())),
            400..=499 => Err(Released::Not(self.refused(&answer).of_release(app))),
            _ => Err(Released::Unclear(self.refused(&answer).unclear())),
        }
    }

    /// Gives the chosen releases the commits that are not known yet; what was built for several is asked for once.
    fn fill(
        &self,
        app: &str,
        releases: &mut [Release],
        mut chosen: impl FnMut(&Release) -> bool,
    ) -> Result<(), Refusal> {
        let built = releases
            .iter()
            .filter_map(|release| Some((release.slug.clone()?, release.commit.clone()?)));
        let mut known: BTreeMap<String, Option<CommitId>> =
            built.map(|(slug, commit)| (slug, Some(commit))).collect();
        let chosen: Vec<&mut Release> = releases
            .iter_mut()
            .filter(|release| chosen(release))
            .collect();
        let mut wanted: Vec<String> = chosen
            .iter()
            .filter_map(|release| release.slug.clone())
            .collect();
        wanted.retain(|slug| !known.contains_key(slug));
        wanted.sort_unstable();
        wanted.dedup();
        known.extend(self.commits(app, wanted)?);
        for release in chosen {
            let commit = release.slug.as_ref().and_then(|slug| known.get(slug));
            release.commit = commit.cloned().flatten();
        }
        Ok(())
    }

    fn commits(
        &self,
        app: &str,
        slugs: Vec<String>,
    ) -> Result<Vec<(String, Option<CommitId>)>, Refusal> {
        let mut all = Vec::with_capacity(slugs.len());
        for few in slugs.chunks(AT_ONCE) {
            let answers: Result<Vec<_>, Refusal> = thread::scope(|scope| {
                let asked: Vec<_> = few
                    .iter()
                    .map(|slug| scope.spawn(|| self.commit(app, slug)))
                    .collect();
                let join = |asked: thread::ScopedJoinHandle<'_, _>| {
                    asked.join().unwrap_or_else(|_| Err(lost()))
                };
                asked.into_iter().map(join).collect()
            });
            all.extend(few.iter().cloned().zip(answers?));
        }
        Ok(all)
    }

    /// The commit that something was built from; `None` where nobody knows, as when it was deleted since.
    fn commit(&self, app: &str, slug: &str) -> Result<Option<CommitId>, Refusal> {
        let (kind, id) = match slug.strip_prefix(told::IMAGE) {
            Some(image) => ("oci-images", image),
            None => ("slugs", slug),
        };
        if !told::is_id(id) {
            return Ok(None);
        }
        match self.get(app, &format!("{kind}/{id}"), None)? {
            Some(body) => told::commit(&body).ok_or_else(refused::unlike_the_api),
            None => Ok(None),
        }
    }

    /// What is below an app; `None` where something below it is gone, though not the app itself.
    fn get(&self, app: &str, what: &str, range: Option<&str>) -> Result<Option<Vec<u8>>, Refusal> {
        let header = range.map(|range| ("range", range));
        let answer = self
            .service
            .get(&path(app, what)?, header)
            .map_err(|trouble| refused::unreachable(trouble.report()))?;
        match answer.status {
            200 | 206 => Ok(Some(answer.body)),
            404 if range.is_none() => Ok(None),
            _ => Err(self.refused(&answer).refusal(app)),
        }
    }

    fn refused(&self, answer: &Answer) -> Refused {
        Refused::new(answer, &self.token)
    }
}

fn lost() -> Refusal {
    refused::unreachable(
        Report::new("asking Heroku for a commit failed").hint("try again: git smp status"),
    )
}

/// A path below an app, which no name may lead out of.
fn path(app: &str, what: &str) -> Result<String, Refusal> {
    let named = app
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if named && !app.is_empty() {
        return Ok(format!("apps/{app}/{what}"));
    }
    Err(Refusal::new(
        RefusalCode::Unauthorized,
        "no app of Heroku can have the name that smp.toml gives it",
    )
    .hint(refused::CORRECT))
}

fn body(what: &Again) -> String {
    match what {
        Again::Back(id) => serde_json::json!({ "release": id }),
        Again::Slug { slug, description } => match slug.strip_prefix(told::IMAGE) {
            Some(image) => serde_json::json!({ "oci_image": image, "description": description }),
            None => serde_json::json!({ "slug": slug, "description": description }),
        },
    }
    .to_string()
}

/// Newest first, and one current at most: where none says so of itself, it is the newest that succeeded.
fn settle(releases: &mut Vec<Release>) {
    use crate::core::words::ReleaseStatus::Succeeded;
    releases.sort_by_key(|release| std::cmp::Reverse(release.version));
    releases.truncate(MOST);
    let says_so = releases.iter().position(|release| release.current);
    let current = says_so.or_else(|| {
        releases
            .iter()
            .position(|release| release.status == Succeeded)
    });
    for (at, release) in releases.iter_mut().enumerate() {
        release.current = Some(at) == current;
    }
}

#[cfg(test)]
mod tests;
