//! Looks at the world: asks pages, platforms and remotes side by side, and makes sure that what they name is here.

pub mod page;
pub mod platform;

mod first_push;
mod heroku;
mod missing;

use std::thread;

use crate::core::config::{Config, Environment, Page};
use crate::core::decide::wrong_branch;
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::typed::{Hint, Typed};
use crate::core::words::{Branch, Cached, CommitId, Observed, Relation, Release, Source};
use crate::git::{Found, Repo, moved, remote, token};
use crate::http;
use crate::notes::Notes;
use missing::Fetched;

/// Who looks, and how.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    pub repo: &'a Repo,
    pub config: &'a Config,
    /// Whether git may ask for a password on the terminal.
    pub may_ask: bool,
}

/// What is to be found out beside what runs.
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
type Named = (String, Option<Cached>);

/// The first answers, before any hash is resolved.
struct Raw<'a> {
    environment: &'a Environment,
    page: Option<Result<Named, Refusal>>,
    branch: Option<Result<Branch, Refusal>>,
    releases: Option<Result<Vec<Release>, Refusal>>,
}

impl Raw<'_> {
    fn cached(&self) -> Option<Cached> {
        self.page.as_ref()?.as_ref().ok()?.1
    }

    /// What its platform says runs. Whoever has no access to the platform goes by the page, if there is one.
    fn released(&self) -> Option<Result<Option<CommitId>, Refusal>> {
        match self.releases.as_ref()? {
            Ok(releases) => Some(platform::current(self.environment, releases)),
            Err(_) if self.page.is_some() => None,
            Err(refusal) => Some(Err(refusal.clone())),
        }
    }
}

impl Look<'_> {
    /// What each environment runs and, if wanted, where its branch is; all at once, as slow as the slowest of them. What
    /// one does not tell is in its [`Observed`].
    pub fn environments(&self, wanted: &[&Environment], also: Also) -> Result<Vec<Observed>, Stop> {
        let raw = at_once(wanted, |environment| {
            let ref_is_needed = also != Also::Nothing || environment.running.is_ref();
            self.ask(environment, ref_is_needed)
        });
        let mut fetched = Fetched::default();
        let mut all = Vec::new();
        for mut one in raw {
            self.ask_whether_empty(&mut one);
            let environment = one.environment;
            let mut seen = self.settle(one, &mut fetched)?;
            // The commits of older releases cost a question each.
            if also == Also::Releases || seen.agrees() == Some(false) {
                seen.releases = self.with_commits(environment, seen.releases);
            }
            all.push(seen);
        }
        Ok(all)
    }

    /// What one environment runs now, asked again and again while a deploy is waited for. Fetches nothing.
    pub fn now(&self, environment: &Environment) -> Result<Now, Stop> {
        let raw = self.ask(environment, false);
        let (cached, released) = (raw.cached(), raw.released());
        let page = match raw.page {
            Some(Ok((hash, _))) => {
                let found = self.repo.resolve_hash(&hash)?;
                Some(one_commit(environment, &hash, found, &[]))
            }
            Some(Err(refusal)) => Some(Err(refusal)),
            None => None,
        };
        let named = page.as_ref().and_then(|page| page.as_ref().ok()).cloned();
        let running = match (released, page) {
            (Some(Ok(released)), Some(Ok(page))) if released.as_ref() != Some(&page) => {
                Err(platform::stale(released.as_ref(), &page))
            }
            (_, Some(page)) => page.map(Some),
            (Some(released), None) => released,
            (None, None) => by_ref(environment, Some(&self.ask_branch(environment, false))),
        };
        let releases = raw.releases.and_then(Result::ok).unwrap_or_default();
        Ok(Now {
            running,
            page: named,
            cached,
            newest: releases.into_iter().next(),
        })
    }

    fn ask<'e>(&self, environment: &'e Environment, with_branch: bool) -> Raw<'e> {
        thread::scope(|scope| {
            let releases = scope.spawn(|| self.ask_platform(environment));
            let branch =
                with_branch.then(|| scope.spawn(|| self.ask_branch(environment, self.may_ask)));
            Raw {
                environment,
                page: self.ask_page(environment),
                releases: joined(releases),
                branch: branch.map(joined),
            }
        })
    }

    fn ask_page(&self, environment: &Environment) -> Option<Result<Named, Refusal>> {
        let asked = self.read_page(environment.running.page.as_ref()?);
        let moved = format!(
            "where the page moved, correct environments.{}.running in smp.toml, then",
            environment.name
        );
        let open = "open its page to see whether it answers, then";
        let hint = Hint::run(open, Typed::smp("status")).and(Hint::run(moved, Typed::smp("setup")));
        Some(asked.map_err(|refusal| named(environment, refusal, hint)))
    }

    fn read_page(&self, wanted: &Page) -> Result<Named, Refusal> {
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
        let git = self.repo.config();
        let has_one =
            git.is_ok_and(|git| git.any(|key| key.starts_with("http.") && key.ends_with(".proxy")));
        match refusal.code == RefusalCode::Unreachable && has_one && url.starts_with("https://") {
            true => refusal.because(
                "git's http.proxy is for git alone; pages are asked through what HTTPS_PROXY or ALL_PROXY names",
            ),
            false => refusal,
        }
    }

    fn ask_branch(&self, environment: &Environment, may_ask: bool) -> Result<Branch, Refusal> {
        let key = match environment.remote == self.config.repository.remote {
            true => "repository.url",
            false => &format!("environments.{}.url", environment.name),
        };
        let branch = remote::branch(self.repo, &environment.remote, &environment.branch, may_ask);
        first_push::read(&environment.url, branch).map_err(|refusal| moved::with_key(refusal, key))
    }

    /// A page that says nothing may belong to a place where nothing was ever deployed; then its remote has no branch.
    fn ask_whether_empty(&self, raw: &mut Raw<'_>) {
        if raw.branch.is_none() && matches!(raw.page, Some(Err(_))) {
            let branch = self.ask_branch(raw.environment, false);
            raw.branch = matches!(&branch, Ok(branch) if branch.is_new()).then_some(branch);
        }
    }

    fn settle(&self, raw: Raw<'_>, fetched: &mut Fetched) -> Result<Observed, Stop> {
        let environment = raw.environment;
        let (cached, released) = (raw.cached(), raw.released());
        let branch = match raw.branch {
            Some(Ok(Branch::At(id))) => Some(
                self.bring_commit(environment, id.as_str(), fetched)?
                    .map(Branch::At),
            ),
            other => other,
        };
        let nothing_there = matches!(&branch, Some(Ok(branch)) if branch.is_new());
        let page = match raw.page {
            Some(Ok((hash, _))) => Some(self.bring_commit(environment, &hash, fetched)?),
            Some(Err(refusal)) => Some(Err(refusal)),
            None => None,
        };
        let released = match released {
            Some(Ok(Some(id))) => Some(
                self.bring_commit(environment, id.as_str(), fetched)?
                    .map(Some),
            ),
            other => other,
        };
        let (source, running, page) = match (released, page) {
            // A platform that does not name the commit leaves that to the page.
            (Some(Err(_)), Some(Ok(id))) => (Source::Page, Ok(Some(id)), None),
            (Some(released), page) => (Source::Api, released, page),
            (None, Some(Ok(id))) => (Source::Page, Ok(Some(id)), None),
            (None, Some(Err(_))) if nothing_there => (Source::Page, Ok(None), None),
            (None, Some(Err(refusal))) => (Source::Page, Err(refusal), None),
            (None, None) => (Source::Ref, by_ref(environment, branch.as_ref()), None),
        };
        let runs = running.as_ref().ok().and_then(Option::as_ref);
        let notes = Notes::of(&self.repo.layout().common_dir);
        let doubt = runs
            .filter(|_| source == Source::Ref)
            .and_then(|commit| notes.doubt(&environment.name, commit));
        let drift = self.drift(runs, branch.as_ref())?;
        let environment = environment.name.clone();
        Ok(Observed {
            environment,
            source,
            running,
            branch,
            drift,
            page,
            cached,
            releases: raw.releases,
            doubt,
            platform: platform::words(raw.environment),
        })
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
fn at_once<T: Sync, R: Send>(all: &[T], ask: impl Fn(&T) -> R + Sync) -> Vec<R> {
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
    let report = &mut refusal.report;
    report.error = format!("{}: {}", environment.name, report.error);
    report.hint.get_or_insert(hint);
    refusal
}

fn by_ref(
    environment: &Environment,
    branch: Option<&Result<Branch, Refusal>>,
) -> Result<Option<CommitId>, Refusal> {
    match branch {
        Some(Ok(Branch::At(id))) => Ok(Some(id.clone())),
        Some(Ok(Branch::Empty | Branch::NoApp(_))) | None => Ok(None),
        Some(Ok(Branch::Missing(others))) => Err(wrong_branch(environment, others)),
        Some(Err(refusal)) => Err(refusal.clone()),
    }
}

fn one_commit(
    environment: &Environment,
    hash: &str,
    found: Found,
    trouble: &[Refusal],
) -> Result<CommitId, Refusal> {
    let name = &environment.name;
    let short = hash.get(..12).unwrap_or(hash);
    let report = match found {
        Found::Commit(id) => return Ok(id),
        Found::Ambiguous(count) => Report::new(format!("{name}: the hash {short} is ambiguous"))
            .because(format!("{count} commits here begin with it"))
            .hint(format!("let {name} report more digits of its commit")),
        Found::NotACommit(kind) => Report::new(format!("{name}: {short} is not a commit"))
            .because(format!("it is a {kind} here"))
            .hint(format!(
                "let {name} report the commit that it was built from"
            )),
        Found::Missing => Report::new(format!(
            "{name} runs {short}, a commit that cannot be found"
        ))
        .because("it is neither in the main repository nor on the environment's own remote")
        .hint("ask who deployed it to push it to the main repository"),
    };
    let report = trouble
        .iter()
        .fold(report, |report, Refusal { report: why, .. }| {
            let words = why.because.first().map_or("", String::as_str);
            report.because(format!("{}: {words}", why.error))
        });
    Err(report.refused(RefusalCode::UnknownCommit))
}
