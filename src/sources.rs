//! Looks at the world: asks pages and remotes side by side, and makes sure that what they name is here.

pub mod heroku;
pub mod page;

mod first_push;
mod missing;
mod platform;

use std::thread;

use crate::core::config::{Config, Environment, Find, Page, Running};
use crate::core::decide::wrong_branch;
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::words::{Branch, Cached, CommitId, Observed, Relation, Release, Source};
use crate::git::{Found, Repo, moved, remote, token};
use crate::http;
use crate::notes::Notes;
use missing::Fetched;

pub use platform::{api, app};

/// Who looks, and how.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// The clone.
    pub repo: &'a Repo,
    /// What is configured.
    pub config: &'a Config,
    /// Whether git may ask for a password on the terminal.
    pub may_ask: bool,
}

/// What is to be found out beside what runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Also {
    /// Nothing.
    Nothing,
    /// Each environment's branch on its remote.
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

/// The one hash that a page names.
struct Told {
    hash: String,
    /// Where a cache told it.
    cached: Option<Cached>,
}

/// The first answers, before any hash is resolved.
struct Raw<'a> {
    environment: &'a Environment,
    hash: Option<Result<Told, Refusal>>,
    branch: Option<Result<Branch, Refusal>>,
    releases: Option<Result<Vec<Release>, Refusal>>,
}

impl Look<'_> {
    /// What each environment runs and, if wanted, where its branch is; all at once, as slow as the slowest of them.
    ///
    /// # Errors
    /// Only when this clone itself cannot be read: what an environment does not tell is in its [`Observed`].
    pub fn environments(&self, wanted: &[&Environment], also: Also) -> Result<Vec<Observed>, Stop> {
        let mut raw = self.ask_all(wanted, also);
        for one in &mut raw {
            self.ask_whether_empty(one);
        }
        let mut fetched = Fetched::default();
        let settled = raw
            .into_iter()
            .map(|one| self.settle(one, &mut fetched))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(self.compared(wanted, settled, also))
    }

    /// What one environment runs now, asked again and again while a deploy is waited for. Fetches nothing.
    ///
    /// # Errors
    /// When this clone cannot be read; what the environment does not tell is in the answer.
    pub fn now(&self, environment: &Environment) -> Result<Now, Stop> {
        let (hash, releases) = thread::scope(|scope| {
            let releases = scope.spawn(|| self.ask_platform(environment));
            (
                self.ask_page(environment),
                releases
                    .join()
                    .unwrap_or_else(|_| Some(Err(lost(&environment.name)))),
            )
        });
        let cached = cached(hash.as_ref());
        let page = match hash {
            None => None,
            Some(Err(refusal)) => Some(Err(refusal)),
            Some(Ok(Told { hash, .. })) => Some(one_commit(
                environment,
                &hash,
                self.repo.resolve_hash(&hash)?,
                &[],
            )),
        };
        let named = page.as_ref().and_then(|page| page.as_ref().ok()).cloned();
        let newest = releases
            .as_ref()
            .and_then(|releases| releases.as_ref().ok()?.first().cloned());
        let released = match releases {
            Some(Ok(releases)) => Some(platform::current(environment, &releases)),
            // Whoever has no access to the platform goes by the page, if there is one.
            Some(Err(_)) if page.is_some() => None,
            Some(Err(refusal)) => Some(Err(refusal)),
            None => None,
        };
        let running = match (released, page) {
            (Some(Ok(released)), Some(Ok(page))) if released.as_ref() != Some(&page) => {
                Err(platform::stale(released.as_ref(), &page))
            }
            (_, Some(page)) => page.map(Some),
            (Some(released), None) => released,
            (None, None) => by_ref(environment, Some(&self.ask_branch(environment, false))),
        };
        Ok(Now {
            running,
            page: named,
            cached,
            newest,
        })
    }

    fn ask_all<'e>(&self, wanted: &[&'e Environment], also: Also) -> Vec<Raw<'e>> {
        thread::scope(|scope| {
            let asked: Vec<_> = wanted
                .iter()
                .map(|environment| {
                    let ref_is_needed =
                        also != Also::Nothing || matches!(environment.running, Running::Ref);
                    let hash = scope.spawn(|| self.ask_page(environment));
                    let releases = scope.spawn(|| self.ask_platform(environment));
                    let branch = ref_is_needed
                        .then(|| scope.spawn(|| self.ask_branch(environment, self.may_ask)));
                    (*environment, hash, releases, branch)
                })
                .collect();
            asked
                .into_iter()
                .map(|(environment, hash, releases, branch)| Raw {
                    environment,
                    releases: releases
                        .join()
                        .unwrap_or_else(|_| Some(Err(lost(&environment.name)))),
                    hash: hash
                        .join()
                        .unwrap_or_else(|_| Some(Err(lost(&environment.name)))),
                    branch: branch.map(|asked| {
                        asked
                            .join()
                            .unwrap_or_else(|_| Err(lost(&environment.name)))
                    }),
                })
                .collect()
        })
    }

    fn ask_page(&self, environment: &Environment) -> Option<Result<Told, Refusal>> {
        let asked = self.read_page(environment.running.page()?);
        let name = &environment.name;
        let hint = format!(
            "open its page to see whether it answers, then: git smp status\n\
             where the page moved, correct environments.{name}.running in smp.toml, then: git smp setup"
        );
        Some(asked.map_err(|refusal| named(environment, refusal, hint)))
    }

    fn read_page(&self, wanted: &Page) -> Result<Told, Refusal> {
        let header = match &wanted.find {
            Find::Header(name) => Some(name.as_str()),
            Find::Pattern(_) | Find::Json(_) | Find::Body => None,
        };
        let answer = http::get(&wanted.url, header, &|url| token::page(self.repo, url))
            .map_err(|refusal| self.with_gits_proxy(&wanted.url, refusal))?;
        let cached = answer.cached;
        let hash = page::hash_in(&wanted.find, &answer).map_err(|mut refusal| {
            refusal
                .report
                .because
                .extend(cached.map(|cached| format!("it is {cached}")));
            refusal
        })?;
        Ok(Told { hash, cached })
    }

    /// The same refusal; where git has a proxy that pages are not asked through, with that.
    fn with_gits_proxy(&self, url: &str, mut refusal: Refusal) -> Refusal {
        let proxies =
            |key: &str| key.starts_with("http.") && key.ends_with(".proxy") || key == "http.proxy";
        let has_one = self.repo.config().is_ok_and(|git| git.any(proxies));
        if refusal.code == RefusalCode::Unreachable && has_one && url.starts_with("https://") {
            let word = "git's http.proxy is for git alone; pages are asked through what HTTPS_PROXY or ALL_PROXY names";
            refusal.report.because.push(word.to_owned());
        }
        refusal
    }

    fn ask_branch(&self, environment: &Environment, may_ask: bool) -> Result<Branch, Refusal> {
        let key = match environment.remote == self.config.repository.remote {
            true => "repository.url".to_owned(),
            false => format!("environments.{}.url", environment.name),
        };
        let branch = remote::branch(self.repo, &environment.remote, &environment.branch, may_ask);
        first_push::read(&environment.url, branch).map_err(|refusal| moved::with_key(refusal, &key))
    }

    /// A page that says nothing may belong to a place where nothing was ever deployed; then its remote has no branch.
    fn ask_whether_empty(&self, raw: &mut Raw<'_>) {
        if raw.branch.is_none() && matches!(raw.hash, Some(Err(_))) {
            let branch = self.ask_branch(raw.environment, false);
            raw.branch = Some(branch).filter(|branch| branch.as_ref().is_ok_and(Branch::is_new));
        }
    }

    fn settle(&self, raw: Raw<'_>, fetched: &mut Fetched) -> Result<Observed, Stop> {
        let environment = raw.environment;
        let branch = match raw.branch {
            Some(Ok(Branch::At(id))) => Some(
                self.bring_commit(environment, id.as_str(), fetched)?
                    .map(Branch::At),
            ),
            other => other,
        };
        let nothing_there = branch
            .as_ref()
            .is_some_and(|branch| branch.as_ref().is_ok_and(Branch::is_new));
        let cached = cached(raw.hash.as_ref());
        let page = match raw.hash {
            Some(Ok(Told { hash, .. })) => Some(self.bring_commit(environment, &hash, fetched)?),
            Some(Err(refusal)) => Some(Err(refusal)),
            None => None,
        };
        let released = match &raw.releases {
            Some(Ok(releases)) => match platform::current(environment, releases) {
                Ok(Some(id)) => Some(
                    self.bring_commit(environment, id.as_str(), fetched)?
                        .map(Some),
                ),
                told => Some(told),
            },
            // Whoever has no access to the platform goes by the page, if there is one.
            Some(Err(_)) if page.is_some() => None,
            Some(Err(refusal)) => Some(Err(refusal.clone())),
            None => None,
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
        })
    }

    /// How the branch stands to what runs, where they differ and history is whole.
    fn drift(
        &self,
        runs: Option<&CommitId>,
        branch: Option<&Result<Branch, Refusal>>,
    ) -> Result<Option<Relation>, Stop> {
        let at = branch
            .and_then(|branch| branch.as_ref().ok())
            .and_then(Branch::commit);
        let (Some(runs), Some(at)) = (runs, at) else {
            return Ok(None);
        };
        if runs == at || self.repo.layout().shallow {
            return Ok(None);
        }
        Ok(Some(self.repo.changes(Some(runs), at)?.relation))
    }

    /// The commits of older releases cost a question each, so they are asked for only where they tell something.
    fn compared(&self, wanted: &[&Environment], seen: Vec<Observed>, also: Also) -> Vec<Observed> {
        let with_commits = |(environment, mut seen): (&&Environment, Observed)| {
            if also == Also::Releases || seen.agrees() == Some(false) {
                seen.releases = self.with_commits(environment, seen.releases);
            }
            seen
        };
        wanted.iter().zip(seen).map(with_commits).collect()
    }
}

/// The refusal of a look that broke down: unknown is never a yes.
fn lost(name: &str) -> Refusal {
    Refusal::new(
        RefusalCode::Unreachable,
        format!("{name}: looking at it failed"),
    )
    .hint("try again: git smp status")
}

fn cached(page: Option<&Result<Told, Refusal>>) -> Option<Cached> {
    page?.as_ref().ok()?.cached
}

/// The same refusal with the environment's name, and with this hint where it has none.
fn named(environment: &Environment, Refusal { code, report }: Refusal, hint: String) -> Refusal {
    let error = format!("{}: {}", environment.name, report.error);
    Report {
        error,
        because: report.because,
        hint: report.hint.or(Some(hint.into())),
    }
    .refused(code)
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
    let because = |report: Report, refusal: &Refusal| {
        let words = refusal
            .report
            .because
            .first()
            .map(String::as_str)
            .unwrap_or_default();
        report.because(format!("{}: {words}", refusal.report.error))
    };
    Err(trouble
        .iter()
        .fold(report, because)
        .refused(RefusalCode::UnknownCommit))
}
