//! Looks at the world: asks pages and remotes side by side, and makes sure that what they name is here.

use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::config::{Config, Environment, Find, Page, Running};
use crate::error::{Refusal, RefusalCode, Report, Stop};
use crate::git::{Found, Repo, remote};
use crate::model::{Branch, CommitId, Observed, Source};
use crate::plan::wrong_branch;
use crate::{page, web};

/// Who looks, and how.
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
}

/// The first answers, before any hash is resolved.
struct Raw<'a> {
    environment: &'a Environment,
    hash: Option<Result<String, Refusal>>,
    branch: Option<Result<Branch, Refusal>>,
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
            self.ask_again_with_a_person(one);
        }
        let mut fetched = Fetched::default();
        raw.into_iter().map(|one| self.settle(one, &mut fetched)).collect()
    }

    /// Where the main repository's branch is, with its commit here.
    ///
    /// # Errors
    /// When this clone cannot be read; what the main repository does not tell is the inner error.
    pub fn main_branch(&self) -> Result<Result<Branch, Refusal>, Stop> {
        let main = &self.config.repository;
        let mut branch = remote::branch(self.repo, &main.remote, &main.branch, false);
        if self.may_ask && branch.as_ref().is_err_and(remote::wants_credentials) {
            branch = remote::branch(self.repo, &main.remote, &main.branch, true);
        }
        if let Ok(Branch::At(id)) = &branch
            && !self.repo.has_commit(id)?
            && let Err(refusal) = in_turn(|| self.repo.has_commit(id), || remote::fetch(self.repo, &main.remote))?
        {
            return Ok(Err(refusal));
        }
        Ok(branch)
    }

    /// What one environment runs now, asked again and again while a deploy is waited for. Fetches nothing.
    ///
    /// # Errors
    /// When this clone cannot be read; what the environment does not tell is the inner error.
    pub fn running(&self, environment: &Environment) -> Result<Result<Option<CommitId>, Refusal>, Stop> {
        match ask_page(environment) {
            None => {
                let branch = self.ask_branch(environment, false);
                Ok(by_ref(environment, Some(&branch)))
            }
            Some(Err(refusal)) => Ok(Err(refusal)),
            Some(Ok(hash)) => {
                let found = self.repo.resolve_hash(&hash)?;
                Ok(one_commit(environment, &hash, found, &[]).map(Some))
            }
        }
    }

    /// How many answers in a row make certain what an environment runs: a ref is certain at once, a page is not.
    pub fn confirmations_of(&self, environment: &Environment, of_a_page: u32) -> u32 {
        if matches!(environment.running, Running::Ref) { 1 } else { of_a_page }
    }

    fn ask_all<'e>(&self, wanted: &[&'e Environment], also: Also) -> Vec<Raw<'e>> {
        thread::scope(|scope| {
            let asked: Vec<_> = wanted
                .iter()
                .map(|environment| {
                    let ref_is_needed = also == Also::Branches || matches!(environment.running, Running::Ref);
                    let hash = scope.spawn(|| ask_page(environment));
                    let branch = ref_is_needed.then(|| scope.spawn(|| self.ask_branch(environment, false)));
                    (*environment, hash, branch)
                })
                .collect();
            let lost = |name: &str| Refusal {
                code: RefusalCode::Unreachable,
                report: Report::new(format!("{name}: looking at it failed")).hint("try again: git smp status"),
            };
            asked
                .into_iter()
                .map(|(environment, hash, branch)| Raw {
                    environment,
                    hash: hash.join().unwrap_or_else(|_| Some(Err(lost(&environment.name)))),
                    branch: branch.map(|asked| asked.join().unwrap_or_else(|_| Err(lost(&environment.name)))),
                })
                .collect()
        })
    }

    fn ask_branch(&self, environment: &Environment, may_ask: bool) -> Result<Branch, Refusal> {
        remote::branch(self.repo, &environment.remote, &environment.branch, may_ask)
    }

    /// A page that says nothing may belong to a place where nothing was ever deployed; then its remote has no branch.
    fn ask_whether_empty(&self, raw: &mut Raw<'_>) {
        if raw.branch.is_none() && matches!(raw.hash, Some(Err(_))) {
            let branch = self.ask_branch(raw.environment, false);
            raw.branch = Some(branch).filter(|branch| matches!(branch, Ok(Branch::Empty)));
        }
    }

    /// Side by side, questions for passwords would run into each other; so they come one by one, here.
    fn ask_again_with_a_person(&self, raw: &mut Raw<'_>) {
        if self.may_ask && matches!(&raw.branch, Some(Err(refusal)) if remote::wants_credentials(refusal)) {
            raw.branch = Some(self.ask_branch(raw.environment, true));
        }
    }

    fn settle(&self, raw: Raw<'_>, fetched: &mut Fetched) -> Result<Observed, Stop> {
        let environment = raw.environment;
        let branch = match raw.branch {
            Some(Ok(Branch::At(id))) => Some(self.bring_commit(environment, id.as_str(), fetched)?.map(Branch::At)),
            other => other,
        };
        let nothing_there = matches!(branch, Some(Ok(Branch::Empty)));
        let running = match raw.hash {
            Some(Ok(hash)) => self.bring_commit(environment, &hash, fetched)?.map(Some),
            Some(Err(_)) if nothing_there => Ok(None),
            Some(Err(refusal)) => Err(refusal),
            None => by_ref(environment, branch.as_ref()),
        };
        Ok(Observed {
            environment: environment.name.clone(),
            source: source(environment),
            running,
            branch,
            drift: None,
            page: None,
            releases: None,
        })
    }

    /// Resolves a hash to the one commit it names, fetching what is not here: the main repository first, for there it
    /// should be, then the environment's own remote, for commits that exist only there.
    fn bring_commit(
        &self,
        environment: &Environment,
        hash: &str,
        fetched: &mut Fetched,
    ) -> Result<Result<CommitId, Refusal>, Stop> {
        let main = self.config.repository.remote.as_str();
        let mut trouble = Vec::new();
        let mut found = self.repo.resolve_hash(hash)?;
        for remote in [main, environment.remote.as_str()] {
            if found != Found::Missing {
                break;
            }
            let here = || Ok(self.repo.resolve_hash(hash)? != Found::Missing);
            if let Err(refusal) = in_turn(here, || fetched.once(self.repo, remote))? {
                trouble.push(refusal);
            }
            found = self.repo.resolve_hash(hash)?;
        }
        if let (Found::Missing, Some(id)) = (&found, CommitId::parse(hash)) {
            // Hosts that let one ask for a commit no branch leads to any more are asked, last of all.
            if remote::fetch_commit(self.repo, &environment.remote, &id).is_ok() {
                found = self.repo.resolve_hash(hash)?;
            }
        }
        Ok(one_commit(environment, hash, found, &trouble))
    }
}

/// What has been fetched during this look, so that nothing is fetched twice.
#[derive(Default)]
struct Fetched(Vec<(String, Result<(), Refusal>)>);

impl Fetched {
    fn once(&mut self, repo: &Repo, remote: &str) -> Result<(), Refusal> {
        if let Some((_, result)) = self.0.iter().find(|(name, _)| name == remote) {
            return result.clone();
        }
        let result = remote::fetch(repo, remote);
        self.0.push((remote.to_owned(), result.clone()));
        result
    }
}

/// Fetches when no other fetch is under way, for two at once would trip over each other's refs; and only what that one
/// did not bring.
fn in_turn(
    here: impl Fn() -> Result<bool, Stop>,
    fetch: impl FnOnce() -> Result<(), Refusal>,
) -> Result<Result<(), Refusal>, Stop> {
    static FETCHING: Mutex<()> = Mutex::new(());
    let _turn = FETCHING.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(if here()? { Ok(()) } else { fetch() })
}

fn ask_page(environment: &Environment) -> Option<Result<String, Refusal>> {
    let asked = match &environment.running {
        Running::Ref => return None,
        Running::Page(page) => read_page(page),
        Running::Heroku { .. } => Err(Refusal {
            code: RefusalCode::Unreachable,
            report: Report::new("this version of git-smp does not ask Heroku's API")
                .hint(format!("name a page under environments.{}.running in smp.toml", environment.name)),
        }),
    };
    let name = &environment.name;
    let hint = format!("open its page, or correct environments.{name}.running in smp.toml; then: git smp setup");
    Some(asked.map_err(|Refusal { code, report }| {
        let hint = report.hint.unwrap_or(hint);
        let error = format!("{}: {}", environment.name, report.error);
        Refusal { code, report: Report { error, because: report.because, hint: Some(hint) } }
    }))
}

fn read_page(wanted: &Page) -> Result<String, Refusal> {
    let header = match &wanted.find {
        Find::Header(name) => Some(name.as_str()),
        Find::Pattern(_) | Find::Json(_) | Find::Body => None,
    };
    page::hash_in(&wanted.find, &web::get(&wanted.url, header)?)
}

fn source(environment: &Environment) -> Source {
    match environment.running {
        Running::Ref => Source::Ref,
        Running::Page(_) => Source::Page,
        Running::Heroku { .. } => Source::Api,
    }
}

fn by_ref(environment: &Environment, branch: Option<&Result<Branch, Refusal>>) -> Result<Option<CommitId>, Refusal> {
    match branch {
        Some(Ok(Branch::At(id))) => Ok(Some(id.clone())),
        Some(Ok(Branch::Empty)) | None => Ok(None),
        Some(Ok(Branch::Missing(others))) => Err(wrong_branch(environment, others)),
        Some(Err(refusal)) => Err(refusal.clone()),
    }
}

fn one_commit(environment: &Environment, hash: &str, found: Found, trouble: &[Refusal]) -> Result<CommitId, Refusal> {
    let name = &environment.name;
    let short = hash.get(..12).unwrap_or(hash);
    let report = match found {
        Found::Commit(id) => return Ok(id),
        Found::Ambiguous(count) => Report::new(format!("{name}: the hash {short} is ambiguous"))
            .because(format!("{count} commits here begin with it"))
            .hint(format!("let {name} report more digits of its commit")),
        Found::NotACommit(kind) => Report::new(format!("{name}: {short} is not a commit"))
            .because(format!("it is a {kind} here"))
            .hint(format!("let {name} report the commit that it was built from")),
        Found::Missing => Report::new(format!("{name} runs {short}, a commit that cannot be found"))
            .because("it is neither in the main repository nor on the environment's own remote")
            .hint("ask who deployed it to push it to the main repository"),
    };
    let because = |report: Report, refusal: &Refusal| {
        let words = refusal.report.because.first().map(String::as_str).unwrap_or_default();
        report.because(format!("{}: {words}", refusal.report.error))
    };
    Err(Refusal { code: RefusalCode::UnknownCommit, report: trouble.iter().fold(report, because) })
}
