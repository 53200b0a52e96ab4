//! Looks at the world: asks pages, platforms and remotes side by side, and makes sure that what they name is here.

pub mod page;
pub mod platform;
pub mod words;

mod branches;
mod check;
mod first_push;
mod missing;

use std::thread;

use crate::core::config::{Config, DeployBy, Environment, Page};
use crate::core::decide::next::confirm;
use crate::core::decide::{Couplings, wrong_branch};
use crate::core::refusal::{Refusal, RefusalCode, Stop};
use crate::core::typed::{Hint, Typed};
use crate::core::words::{Branch, Cached, CommitId, Observed, Relation, Release, SMP_TOML, Source};
use crate::git::{Repo, moved, remote, token};
use crate::http;
use crate::notes::Notes;
use branches::BranchesOfMain;
use missing::Fetched;

#[derive(Clone, Copy)]
pub struct Look<'a> {
    pub repo: &'a Repo,
    pub config: &'a Config,
    /// Whether git may ask for a password on the terminal.
    pub may_ask: bool,
    /// Whether remotes may list all their refs, which saves a request each.
    pub in_full: bool,
    /// `--first`: a push may create a missing branch of the main repository.
    pub first: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Also {
    Nothing,
    Branches,
    /// Its branch, and the commits of all releases that its platform remembers.
    Releases,
}

/// What an environment runs at one moment, while a deploy is waited for.
pub struct Now {
    /// What it reports; where a page is to agree with the platform, only what both say.
    pub running: Result<Option<CommitId>, Refusal>,
    /// What its page names, where there is one and it does.
    pub page: Option<CommitId>,
    /// Where its page was answered by a cache, so that what it says may be old.
    pub cached: Option<Cached>,
    /// The newest release, where its platform is asked.
    pub newest: Option<Release>,
}

/// The one hash that a page names, and the cache that told it, if one did.
type NamedCommit = (String, Option<Cached>);

/// The first answers, before any hash is resolved.
struct Raw<'a> {
    environment: &'a Environment,
    page: Option<Result<NamedCommit, Refusal>>,
    branch: Option<Result<Branch, Refusal>>,
    releases: Option<Result<Vec<Release>, Refusal>>,
}

impl Look<'_> {
    /// What each environment runs and, if wanted, where its branch is; all at once, as slow as the slowest of them. What
    /// one does not tell is in its [`Observed`].
    pub fn environments(&self, wanted: &[&Environment], also: Also) -> Result<Vec<Observed>, Stop> {
        let branch = also != Also::Nothing;
        let of_main = wanted.iter().filter(|one| branch || one.running.is_ref());
        let of_main = BranchesOfMain::of(of_main.copied());
        let asked = at_once(wanted, |environment| {
            self.ask(environment, branch, (&of_main, self.may_ask))
        });
        let mut fetched = Fetched::default();
        let settled = asked.into_iter().map(|mut raw| {
            self.ask_whether_empty(&mut raw);
            let environment = raw.environment;
            let mut seen = self.settle(raw, Some(&mut fetched))?;
            // The commits of older releases cost a question each.
            // Of a pipeline nothing else tells what was taken back.
            if also == Also::Releases || seen.agrees() == Some(false) || seen.by_pipeline {
                seen.releases = self.with_commits(environment, seen.releases);
            }
            if seen.by_pipeline {
                seen.drift = self.taken_back(&seen)?;
            }
            Ok(seen)
        });
        settled.collect()
    }

    /// What one environment runs now, asked again and again while a deploy is waited for. Fetches nothing.
    pub fn now(&self, environment: &Environment) -> Result<Now, Stop> {
        let alone = BranchesOfMain::of([environment]);
        let seen = self.settle(self.ask(environment, false, (&alone, false)), None)?;
        let runs = seen.runs().cloned();
        let (page, running) = match seen.page {
            Some(Ok(page)) if runs.as_ref() != Some(&page) => {
                let stale = platform::stale(runs.as_ref(), &page);
                (Some(page), Err(stale))
            }
            Some(Err(refusal)) => (None, Err(refusal)),
            Some(Ok(page)) => (Some(page), seen.running),
            None if seen.source == Source::Page => (runs, seen.running),
            None => (None, seen.running),
        };
        let releases = seen.releases.and_then(Result::ok).unwrap_or_default();
        Ok(Now {
            running,
            page,
            cached: seen.cached,
            newest: releases.into_iter().next(),
        })
    }

    /// Asks all that tell of an environment; its branch where that is wanted, or is all there is.
    fn ask<'e>(
        &self,
        environment: &'e Environment,
        branch: bool,
        (of_main, may_ask): (&BranchesOfMain<'_>, bool),
    ) -> Raw<'e> {
        let branch = branch || environment.running.is_ref();
        thread::scope(|scope| {
            let releases = scope.spawn(|| self.ask_platform(environment));
            let branch =
                branch.then(|| scope.spawn(|| self.ask_branch(environment, of_main, may_ask)));
            let page = self.ask_page(environment);
            let (mut releases, mut branch) = (joined(releases), branch.map(joined));
            // The first push creates an app that is missing at the address, too. Otherwise its name is wrong.
            if let Some(Err(refusal)) = &mut releases
                && refusal.code == RefusalCode::NoApp
            {
                refusal.code = RefusalCode::Unreachable;
                let at =
                    branch.get_or_insert_with(|| self.ask_branch(environment, of_main, may_ask));
                if matches!(at, Ok(Branch::NoApp(_))) {
                    releases = Some(Ok(Vec::new()));
                }
            }
            // A push to a branch that the platform does not deploy is lost, wherever that branch is.
            if let Some(Err(refusal)) = &releases
                && refusal.code == RefusalCode::WrongBranch
            {
                branch = branch.map(|_| Err(refusal.clone()));
            }
            Raw {
                environment,
                page,
                branch,
                releases,
            }
        })
    }

    fn ask_page(&self, environment: &Environment) -> Option<Result<NamedCommit, Refusal>> {
        let asked = self.read_page(environment.running.page.as_ref()?);
        let name = &environment.name;
        let moved =
            format!("if the page moved, correct environments.{name}.running in {SMP_TOML}, then");
        let open = format!("open the page of {name} to see what it answers, then");
        let hint = Hint::run(open, Typed::smp("status")).and(Hint::run(moved, Typed::smp("setup")));
        Some(asked.map_err(|refusal| named(environment, refusal, hint)))
    }

    fn read_page(&self, wanted: &Page) -> Result<NamedCommit, Refusal> {
        let answer = http::get(&wanted.url, &|url| token::page(self.repo, url))
            .map_err(|refusal| self.with_gits_proxy(&wanted.url, refusal))?;
        let cached = answer.cached();
        match (page::hash_in(&wanted.find, &answer), cached) {
            (Err(refusal), Some(cached)) => Err(refusal.because(format!("it is {cached}"))),
            (hash, cached) => Ok((hash?, cached)),
        }
    }

    /// The same refusal; where git has a proxy that pages are not asked through, with that.
    fn with_gits_proxy(&self, url: &str, refusal: Refusal) -> Refusal {
        let has_one = (self.repo.config())
            .is_ok_and(|git| git.any(|key| key.starts_with("http.") && key.ends_with(".proxy")));
        if refusal.code != RefusalCode::Unreachable || !has_one || !url.starts_with("https://") {
            return refusal;
        }
        refusal
            .because("git's http.proxy applies only to git; set HTTPS_PROXY or ALL_PROXY for pages")
    }

    fn ask_branch(
        &self,
        environment: &Environment,
        of_main: &BranchesOfMain<'_>,
        may_ask: bool,
    ) -> Result<Branch, Refusal> {
        if environment.is_branch {
            return of_main.at(self, environment, may_ask);
        }
        let read = match self.in_full {
            true => remote::branch_in_full_list,
            false => remote::branch,
        };
        let branch = read(self.repo, &environment.remote, &environment.branch, may_ask);
        let key = &format!("environments.{}.url", environment.name);
        first_push::read(&environment.url, branch).map_err(|refusal| moved::with_key(refusal, key))
    }

    /// A page that says nothing may belong to a place where nothing was ever deployed; then its remote has no branch.
    fn ask_whether_empty(&self, raw: &mut Raw<'_>) {
        if raw.branch.is_none() && matches!(raw.page, Some(Err(_))) {
            let alone = BranchesOfMain::of([raw.environment]);
            let branch = self.ask_branch(raw.environment, &alone, false);
            raw.branch = matches!(&branch, Ok(branch) if branch.is_new()).then_some(branch);
        }
    }

    /// Makes commits of the answers. `fetched`: what was fetched for others already; without it nothing is.
    fn settle(&self, raw: Raw<'_>, mut fetched: Option<&mut Fetched>) -> Result<Observed, Stop> {
        let environment = raw.environment;
        let branch = match raw.branch {
            Some(Ok(Branch::At(id))) => {
                let brought = self.bring(environment, id, fetched.as_deref_mut())?;
                Some(brought.map(Branch::At))
            }
            other => other,
        };
        let (page, cached) = match raw.page {
            Some(Ok((hash, cached))) => {
                let named = self.bring_commit(environment, &hash, fetched.as_deref_mut())?;
                (Some(named), cached)
            }
            Some(Err(refusal)) => (Some(Err(refusal)), None),
            None => (None, None),
        };
        let released = match &raw.releases {
            Some(Ok(releases)) => Some(match platform::current(self.repo, environment, releases) {
                Ok(Some(id)) => self.bring(environment, id, fetched)?.map(Some),
                other => other,
            }),
            // A person without access to the platform goes by the page, if there is one.
            Some(Err(refusal)) if page.is_none() => Some(Err(refusal.clone())),
            _ => None,
        };
        let (source, running, page) = match (released, page) {
            // A platform that does not name the commit leaves that to the page.
            (Some(Err(_)) | None, Some(Ok(id))) => (Source::Page, Ok(Some(id)), None),
            (Some(released), page) => (Source::Api, released, page),
            (None, Some(Err(why))) if may_be_first(environment, branch.as_ref(), &why) => {
                (Source::Page, by_ref(environment, branch.as_ref()), None)
            }
            (None, Some(Err(refusal))) => (Source::Page, Err(refusal), None),
            (None, None) => (Source::Ref, by_ref(environment, branch.as_ref()), None),
        };
        let runs = running.as_ref().ok().and_then(Option::as_ref);
        let notes = Notes::of(&self.repo.layout().common_dir);
        let doubt = runs
            .filter(|_| source == Source::Ref)
            .and_then(|commit| notes.doubt(&environment.name, commit));
        let drift = self.drift(runs, branch.as_ref())?;
        Ok(Observed {
            environment: environment.name.clone(),
            source,
            begun: began(&notes, environment, branch.as_ref(), (runs, drift)),
            running,
            branch,
            drift,
            page,
            cached,
            releases: raw.releases,
            doubt,
            last: None,
            platform: platform::words(self.repo, environment),
            by_pipeline: environment.deploy == DeployBy::Pipeline,
            by_merge: environment.by_merge,
            confirm: confirm(self.config, environment),
        })
    }

    /// How what was deployed last stands to what runs, where its pipeline, and no branch, tells.
    fn taken_back(&self, seen: &Observed) -> Result<Option<Relation>, Stop> {
        match (seen.runs(), seen.deployed_last()) {
            (Some(runs), Some(last)) if !self.repo.layout().shallow => {
                let is_known = self.repo.has_commit(last)? && self.repo.has_commit(runs)?;
                let is_ahead = is_known && self.repo.is_ancestor(runs, last)?;
                Ok(is_ahead.then_some(Relation::Ahead))
            }
            _ => Ok(None),
        }
    }

    /// Where a source and each of these, which are given its builds, stand in their pipeline; `None`: nobody tells.
    pub fn couplings(
        &self,
        source: &Environment,
        targets: &[&Environment],
    ) -> Vec<Option<Couplings>> {
        if targets.is_empty() {
            return Vec::new();
        }
        let asked = at_once(&[&[source], targets].concat(), |one| {
            platform::pipelines(self.repo, one).map(|app| app?.coupling())
        });
        let mut told = asked.into_iter();
        let from = told.next().flatten();
        told.map(|to| {
            let (source, target) = (from.clone()?, to?);
            Some(Couplings { source, target })
        })
        .collect()
    }

    /// How the branch stands to what runs, where they differ and history is whole.
    fn drift(
        &self,
        runs: Option<&CommitId>,
        branch: Option<&Result<Branch, Refusal>>,
    ) -> Result<Option<Relation>, Stop> {
        let at = branch.and_then(|branch| branch.as_ref().ok()?.commit());
        match (runs, at) {
            (Some(runs), Some(at)) if runs != at && !self.repo.layout().shallow => {
                Ok(Some(self.repo.changes(Some(runs), at)?.relation))
            }
            _ => Ok(None),
        }
    }
}

/// What comes of each of these, asked side by side.
pub fn at_once<T: Sync, R: Send>(all: &[T], ask: impl Fn(&T) -> R + Sync) -> Vec<R> {
    thread::scope(|scope| {
        let ask = &ask;
        let asked: Vec<_> = all
            .iter()
            .map(|one| scope.spawn(move || ask(one)))
            .collect();
        asked.into_iter().map(joined).collect()
    })
}

fn joined<T>(asked: thread::ScopedJoinHandle<'_, T>) -> T {
    asked
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The same refusal with the environment's name, and with this hint where it has none.
fn named(environment: &Environment, mut refusal: Refusal, hint: Hint) -> Refusal {
    refusal.report.error = format!("{}: {}", environment.name, refusal.report.error);
    refusal.report.hint.get_or_insert(hint);
    refusal
}

/// Whether nothing may have been deployed yet. Then a page tells nothing, and the branch tells why. A page that names an
/// unknown commit, or a program that fails behind it, shows that something runs.
fn may_be_first(
    environment: &Environment,
    branch: Option<&Result<Branch, Refusal>>,
    page: &Refusal,
) -> bool {
    let runs = page.code == RefusalCode::UnknownCommit;
    let runs = runs || page.report.error.contains(&http::named(500));
    match branch {
        Some(Ok(branch)) if !runs => {
            branch.is_new() || environment.is_branch && branch.commit().is_none()
        }
        _ => false,
    }
}

fn by_ref(
    environment: &Environment,
    branch: Option<&Result<Branch, Refusal>>,
) -> Result<Option<CommitId>, Refusal> {
    match branch {
        Some(Ok(Branch::At(id))) => Ok(Some(id.clone())),
        Some(Ok(Branch::Empty | Branch::NoApp(_))) | None => Ok(None),
        Some(Ok(Branch::Missing(others))) => Err(wrong_branch(environment, others, None)),
        Some(Err(refusal)) => Err(refusal.clone()),
    }
}

/// Whether this clone pushed what the branch has, and did not see it run since, nor what no earlier branch had.
fn began(
    notes: &Notes,
    environment: &Environment,
    branch: Option<&Result<Branch, Refusal>>,
    (runs, drift): (Option<&CommitId>, Option<Relation>),
) -> bool {
    let name = &environment.name;
    let at = branch.and_then(|branch| branch.as_ref().ok()?.commit());
    at.is_some_and(|at| {
        let before = [notes.pushed_onto(name, at), notes.taken_away(name, at)];
        let is_past = drift == Some(Relation::Behind) && !before.contains(&runs.cloned());
        notes.may_go_on(name, at) && !is_past
    })
}
