//! Platforms whose API reports the running commit and can release an earlier build. Another one needs three
//! files: its own next to `heroku`, this one with a line in each function, and `core/config/running.rs`.

mod dokku;
mod heroku;

use crate::core::config::{Environment, PlatformApp};
use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::typed::{Hint, Typed};
use crate::core::words::{CommitId, PlatformWords, Release, ReleaseStatus, SMP_TOML};
use crate::git::Repo;
use crate::http::Trouble;
use crate::sources::{Look, named};
use dokku::Dokku;
use heroku::Heroku;

/// Hosts that deploy what is pushed to them.
pub const HOSTS: &str = "Heroku, Dokku, Piku";

pub trait Platform {
    /// Returns the latest releases, newest first. The current and the newest one have their commits.
    fn releases(&self) -> Result<Vec<Release>, Refusal>;

    /// Adds the commit to each release with a build; they may already have it.
    fn with_commits(&self, releases: Vec<Release>) -> Result<Vec<Release>, Refusal> {
        Ok(releases)
    }

    /// Returns the status of the newest build, in the platform's words, if known.
    fn newest_build(&self) -> Option<String>;

    /// Releases the build of an earlier release again; with `back`, also its config vars.
    fn release(&self, former: &Release, back: bool) -> Result<(), Trouble>;
}

pub struct Promotion {
    pub is_over: bool,
    pub targets: Vec<Promoted>,
}

pub struct Promoted {
    /// The app, by the platform's own name.
    pub app: String,
    /// The result, with the platform's own words for a failure; `None` while it is in progress.
    pub came_to: Option<Result<(), String>>,
}

/// Returns the app of an environment on the platform with pipelines.
pub fn pipelines(repo: &Repo, environment: &Environment) -> Option<Result<Heroku, Refusal>> {
    match environment.running.app.as_ref()? {
        PlatformApp::Heroku(app) => Some(Heroku::of(repo, app)),
        PlatformApp::Dokku(_) => None,
    }
}

/// Returns the platform of an environment. `may_ask` allows asking a person for a password.
pub fn of<'a>(
    repo: &'a Repo,
    environment: &'a Environment,
    may_ask: bool,
) -> Option<Result<Box<dyn Platform + 'a>, Refusal>> {
    Some(match environment.running.app.as_ref()? {
        PlatformApp::Heroku(app) => {
            Heroku::of(repo, app).map(|app| Box::new(app) as Box<dyn Platform>)
        }
        PlatformApp::Dokku(app) => Ok(Box::new(Dokku::of(repo, (environment, app), may_ask))),
    })
}

pub fn at(url: &str) -> Option<PlatformApp> {
    let heroku = heroku::app_at(url).map(|app| PlatformApp::Heroku(app.to_owned()));
    heroku.or_else(|| Some(PlatformApp::Dokku(dokku::app_at(url)?.to_owned())))
}

/// Returns the words of an environment's platform, also if only its address shows it.
pub fn words(repo: &Repo, environment: &Environment) -> Option<PlatformWords> {
    let url = &environment.url;
    match environment.running.app.clone().or_else(|| at(url)) {
        Some(PlatformApp::Heroku(app)) => Some(heroku::words(app)),
        Some(PlatformApp::Dokku(app)) => Some(dokku::words(repo, environment, app)),
        None => None,
    }
}

impl Look<'_> {
    /// Returns the latest releases of an environment; `None` if it has no platform to ask.
    pub(super) fn ask_platform(
        &self,
        environment: &Environment,
    ) -> Option<Result<Vec<Release>, Refusal>> {
        let releases =
            of(self.repo, environment, self.may_ask)?.and_then(|platform| platform.releases());
        let name = &environment.name;
        Some(releases.map_err(|refusal| {
            let hint = match refusal.code {
                RefusalCode::Unreachable => Hint::run("try again", Typed::smp("status")),
                _ => Hint::run(
                    format!("correct environments.{name}.running in {SMP_TOML}, then"),
                    Typed::smp("setup"),
                ),
            };
            named(environment, refusal, hint)
        }))
    }

    /// Adds the commit to each release.
    pub(super) fn with_commits(
        &self,
        environment: &Environment,
        releases: Option<Result<Vec<Release>, Refusal>>,
    ) -> Option<Result<Vec<Release>, Refusal>> {
        let (Some(platform), Some(Ok(known))) = (of(self.repo, environment, false), &releases)
        else {
            return releases;
        };
        // Releases without commits could give a wrong picture. A release in progress needs no others.
        match platform.and_then(|platform| platform.with_commits(known.clone())) {
            Err(_) if matches!(known.first(), Some(newest) if newest.status.goes_on()) => releases,
            all => Some(all),
        }
    }
}

/// Returns the commit of the running release; `None` if nothing was ever deployed.
///
/// # Errors
/// `unknown-commit` if the platform does not name it, `stopped` if the platform says that nothing of it runs.
pub fn current(
    repo: &Repo,
    environment: &Environment,
    releases: &[Release],
) -> Result<Option<CommitId>, Refusal> {
    let (name, words) = (&environment.name, words(repo, environment));
    let platform = words.as_ref().map_or("its platform", |words| words.name);
    let release = match releases.iter().find(|release| release.current) {
        Some(release) if release.commit.is_some() => return Ok(release.commit.clone()),
        Some(release) => release,
        None if releases.iter().all(is_nothing) => return Ok(None),
        None => {
            let start = words.and_then(|words| Some(words.server?.start));
            let last = releases.iter().find(|release| release.was_live());
            return Err(match (start, last.and_then(|last| last.commit.as_ref())) {
                (Some(start), Some(deployed)) => stopped(name, platform, deployed, start),
                _ => {
                    let what = format!("{name}: {platform} reports no running release");
                    let see = releases.first().map(|release| release.output.clone());
                    let see = see.unwrap_or_else(|| Typed::smp("status"));
                    Refusal::new(RefusalCode::UnknownCommit, what).run("see what it reports", see)
                }
            });
        }
    };
    // Nothing was built for it: an app begins like this. After a release that ran, it is of an unknown kind.
    let mut built = releases.iter().filter(|release| release.slug.is_some());
    let ran = [ReleaseStatus::Succeeded, ReleaseStatus::Expired];
    if release.slug.is_none() && !built.any(|release| ran.contains(&release.status)) {
        return Ok(None);
    }
    let what = format!(
        "{name}: {platform} does not name the commit of its release {}",
        release.called
    );
    Err(Refusal::new(RefusalCode::UnknownCommit, what)
        .because(match release.status {
            ReleaseStatus::Expired => "its build was deleted",
            _ => "it was not built from a git push, but from a container or a tarball, for example",
        })
        .hint(match environment.running.page {
            Some(_) => Hint::run(
                format!("make the page of {name} show the commit, then"),
                Typed::smp("status"),
            ),
            None => Hint::run(
                format!(
                    "add a page that shows the commit to environments.{name}.running in {SMP_TOML}, then"
                ),
                Typed::smp("setup"),
            ),
        }))
}

/// Refuses because a commit is deployed but no process of it runs.
fn stopped(name: &str, platform: &str, deployed: &CommitId, start: Typed) -> Refusal {
    let short = deployed.short();
    let what =
        format!("{name} is stopped: {platform} has {short} deployed there, and does not run it");
    Refusal::new(RefusalCode::Stopped, what)
        .run("start it", start)
        .run("then", Typed::smp("status"))
}

/// Returns whether a release has no earlier state, such as a first build in progress.
fn is_nothing(release: &Release) -> bool {
    use ReleaseStatus::{Building, Failed, Locked};
    let is_none = release.commit.is_none() && release.slug.is_none();
    is_none && matches!(release.status, Building | Failed | Locked)
}

pub fn stale(released: Option<&CommitId>, page: &CommitId) -> Refusal {
    let released = released.map_or("nothing", CommitId::short);
    Refusal::new(
        RefusalCode::PageUnclear,
        format!(
            "its page names {}, but its platform names {released}",
            page.short()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_app_is_read_from_a_platforms_own_addresses() {
        for url in [
            "https://git.heroku.com/shop.git",
            "git@heroku.com:shop.git",
            "https://git.heroku.com/shop",
        ] {
            assert_eq!(at(url), Some(PlatformApp::Heroku("shop".into())));
        }
        for url in [
            "https://git.heroku.com/",
            "https://git.heroku.com.example/shop.git",
            "https://x/git.heroku.com/a",
        ] {
            assert_eq!(at(url), None, "{url}");
        }
    }
}
