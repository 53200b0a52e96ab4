//! Dokku as a source: its commands over the ssh address that accepts pushes.
//!
//! Dokku moves the deploy branch after a successful build, so its commit is the last deployed one.

mod response;

use crate::core::config::Environment;
use crate::core::refusal::{Refusal, RefusalCode, Report};
use crate::core::typed::Typed;
use crate::core::words::{Branch, CommitId, PlatformWords, Release, SMP_TOML, ServerCommands};
use crate::git::host::{self, HostAnswer};
use crate::git::{Repo, remote};
use crate::http::Trouble;
use crate::sources::at_once;
use crate::sources::platform::Platform;
use response::Told;

pub struct Dokku<'a> {
    repo: &'a Repo,
    environment: &'a Environment,
    app: &'a str,
    may_ask: bool,
}

/// Returns the app that a Dokku address pushes to, recognized by the account name.
pub fn app_at(url: &str) -> Option<&str> {
    let path = url.trim_start_matches("ssh://").strip_prefix("dokku@")?;
    let app = path.rsplit([':', '/']).next()?.trim_end_matches(".git");
    (!app.is_empty()).then_some(app)
}

pub fn words(repo: &Repo, environment: &Environment, app: String) -> PlatformWords {
    PlatformWords {
        name: "Dokku",
        restart: typed(repo, environment, &format!("ps:restart {app}")),
        again: typed(repo, environment, &format!("ps:rebuild {app}")),
        pipelines: "",
        server: Some(commands(repo, environment, &app)),
        app,
    }
}

fn commands(repo: &Repo, environment: &Environment, app: &str) -> ServerCommands {
    ServerCommands {
        start: typed(repo, environment, &format!("ps:start {app}")),
        unlock: typed(repo, environment, &format!("apps:unlock {app}")),
        deploy_branch: typed(
            repo,
            environment,
            &format!("git:set {app} deploy-branch {}", environment.branch),
        ),
        deploy_builds: typed(
            repo,
            environment,
            &format!("ps:set {app} skip-deploy false"),
        ),
    }
}

fn typed(repo: &Repo, environment: &Environment, words: &str) -> Typed {
    host::typed(repo, &environment.remote, words)
}

impl<'a> Dokku<'a> {
    pub fn of(
        repo: &'a Repo,
        (environment, app): (&'a Environment, &'a str),
        may_ask: bool,
    ) -> Self {
        Self {
            repo,
            environment,
            app,
            may_ask,
        }
    }

    fn ask(&self, words: &str) -> Result<HostAnswer, Refusal> {
        host::ask(self.repo, &self.environment.remote, words, self.may_ask)
    }

    fn typed(&self, words: &str) -> Typed {
        typed(self.repo, self.environment, words)
    }

    /// Returns a report as one object or, for an older Dokku without that, key by key.
    fn report(&self, kind: &str, keys: &[&str]) -> Result<Told, Refusal> {
        let answer = self.ask(&format!("{kind}:report {} --format json", self.app))?;
        if answer.succeeded {
            return response::object(&answer.out, kind).ok_or_else(|| self.unlike(kind));
        }
        if !response::knows_no_format(&answer.said) {
            return Err(self.refused(&answer, &format!("{kind}:report")));
        }
        let told = at_once(keys, |key| {
            self.ask(&format!("{kind}:report {} --{key}", self.app))
        });
        let mut all = Told::default();
        for (key, answer) in keys.iter().zip(told) {
            let answer = answer?;
            let is_empty = response::is_not_deployed(&answer.said);
            if !answer.succeeded && !is_empty {
                return Err(self.refused(&answer, &format!("{kind}:report")));
            }
            all.take(kind, key, answer.out.trim());
        }
        Ok(all)
    }

    /// Returns the deployed commit. Older versions give only its first digits, which the branch completes.
    fn commit(&self, sha: &str, branch: &str) -> Result<CommitId, Refusal> {
        if let Some(id) = CommitId::parse(sha) {
            return Ok(id);
        }
        let whole = remote::branch(self.repo, &self.environment.remote, branch, self.may_ask)?;
        match whole {
            Branch::At(id) if sha.len() >= 4 && id.as_str().starts_with(sha) => Ok(id),
            _ => Err(self.unlike("git")),
        }
    }

    /// Refuses because pushes to this environment's branch deploy nothing.
    fn wrong_branch(&self, deploys: &str) -> Refusal {
        let (name, branch) = (&self.environment.name, &self.environment.branch);
        let set = commands(self.repo, self.environment, self.app).deploy_branch;
        let key = format!("environments.{name}.branch");
        let error = format!("Dokku deploys its branch {deploys}, not {branch}");
        Refusal::new(RefusalCode::WrongBranch, error)
            .because("it accepts a push to another branch, but deploys nothing")
            .run(format!("make Dokku deploy {branch}"), set)
            .run(
                format!("or set {key} in {SMP_TOML}, then"),
                Typed::smp("setup"),
            )
    }

    /// Refuses because its branch moves with each build, so the last deployed commit is unknown.
    fn skips(&self) -> Refusal {
        let allow = commands(self.repo, self.environment, self.app).deploy_builds;
        let error = format!(
            "Dokku builds what is pushed to {}, and does not deploy it",
            self.app
        );
        Refusal::new(RefusalCode::UnknownCommit, error)
            .because("skip-deploy is set, so its branch does not show what runs")
            .run("let it deploy what it builds", allow)
            .run("then", self.typed(&format!("ps:rebuild {}", self.app)))
    }

    fn refused(&self, answer: &HostAnswer, asked: &str) -> Refusal {
        let words = response::first_words(&answer.said, &answer.out);
        let code = match words == format!("App {} does not exist", self.app) {
            true => RefusalCode::NoApp,
            false => RefusalCode::Unreachable,
        };
        let error = format!("Dokku does not report on {}", self.app);
        let look = self.typed(&format!("{asked} {}", self.app));
        Refusal::new(code, error)
            .because(words)
            .run("see its answer", look)
    }

    fn unlike(&self, kind: &str) -> Refusal {
        let asked = format!("{kind}:report {}", self.app);
        let look = self.typed(&asked);
        Refusal::new(
            RefusalCode::Unreachable,
            format!("git smp does not understand Dokku's answer to {asked}"),
        )
        .run("see its answer", look)
    }
}

impl Platform for Dokku<'_> {
    /// Asks `git:report`, `ps:report`, `apps:locked` and `builds:list` in parallel.
    fn releases(&self) -> Result<Vec<Release>, Refusal> {
        let asked = ["git", "ps", "lock", "builds"];
        let mut told = at_once(&asked, |what| match *what {
            "git" => self.report(
                "git",
                &["git-sha", "git-deploy-branch", "git-global-deploy-branch"],
            ),
            "ps" => self.report("ps", &["deployed", "running"]),
            "lock" => {
                let answer = self.ask(&format!("apps:locked {}", self.app))?;
                Told::locked(&answer).ok_or_else(|| self.refused(&answer, "apps:locked"))
            }
            _ => Ok(Told::builds(
                &self.ask(&format!("builds:list {} --format json", self.app))?,
            )),
        })
        .into_iter();
        let mut all = Told::default();
        for answer in &mut told {
            all = all.and(answer?);
        }
        if all.skips_deploys() {
            return Err(self.skips());
        }
        let commit = match all.sha() {
            Some(sha) => {
                let deploys = all.deploy_branch();
                if deploys != self.environment.branch {
                    return Err(self.wrong_branch(deploys));
                }
                Some(self.commit(sha, deploys)?)
            }
            // The first push decides the deploy branch, unless the app sets one.
            None => match all.own_deploy_branch() {
                Some(own) if own != self.environment.branch => return Err(self.wrong_branch(own)),
                _ => None,
            },
        };
        Ok(all.releases(commit, |verb, last| {
            self.typed(format!("{verb} {} {last}", self.app).trim_end())
        }))
    }

    fn newest_build(&self) -> Option<String> {
        let answer = self.ask(&format!("builds:list {} --format json", self.app));
        Told::builds(&answer.ok()?).newest_build()
    }

    /// Dokku builds each push again and keeps nothing for a rollback.
    fn release(&self, former: &Release, _: bool) -> Result<(), Trouble> {
        let error = format!("Dokku cannot release {} again", former.called);
        Err(Trouble::NotSent(Report::new(error)))
    }
}

#[cfg(test)]
mod tests;
