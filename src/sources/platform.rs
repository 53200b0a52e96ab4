//! The platform's own word: its releases, and the commit of the one that runs.

use crate::core::config::Environment;
use crate::core::refusal::{Refusal, RefusalCode, Report};
use crate::core::words::{CommitId, Release, ReleaseStatus};
use crate::git::{Repo, token};
use crate::sources::heroku::Heroku;
use crate::sources::{Look, named};

/// The app that the platform knows an environment by, where its platform is to be asked.
pub fn app(environment: &Environment) -> Option<&str> {
    environment.running.app()
}

/// Heroku's API, as whoever is logged in here may ask it.
///
/// # Errors
/// `unauthorized` when nobody is; the address of `HEROKU_API_URL` may be wrong, too.
pub fn api(repo: &Repo) -> Result<Heroku, Refusal> {
    let refused = |report: Report| report.refused(RefusalCode::Unauthorized);
    let token = token::heroku(repo).ok_or_else(|| {
        let report = Report::new("nobody is logged in to Heroku here")
            .because("neither HEROKU_API_KEY nor git's credential helpers nor .netrc has a token")
            .hint("log in: heroku login; or set HEROKU_API_KEY");
        refused(report)
    })?;
    let base = repo
        .program()
        .variable("HEROKU_API_URL")
        .map(|base| base.to_string_lossy().into_owned());
    Heroku::new(base.as_deref(), &token.secret).map_err(refused)
}

/// Says whose word did not count, where somebody has several tokens.
fn whose_token(repo: &Repo, refusal: Refusal) -> Refusal {
    match token::heroku(repo) {
        Some(token) if refusal.code == RefusalCode::Unauthorized => {
            let report = refusal
                .report
                .because(format!("the token is that of {}", token.from));
            Refusal { report, ..refusal }
        }
        _ => refusal,
    }
}

impl Look<'_> {
    /// The latest releases of an environment, newest first; `None` where its platform is not to be asked.
    pub(super) fn ask_platform(
        &self,
        environment: &Environment,
    ) -> Option<Result<Vec<Release>, Refusal>> {
        let app = app(environment)?;
        let asked = |heroku: Heroku| {
            heroku
                .releases(app)
                .map_err(|refusal| whose_token(self.repo, refusal))
        };
        let releases = api(self.repo).and_then(asked);
        let hint = format!(
            "correct environments.{}.running in smp.toml, then: git smp setup",
            environment.name
        );
        Some(releases.map_err(|refusal| named(environment, refusal, hint)))
    }

    /// The same releases with the commit of each.
    pub(super) fn with_commits(
        &self,
        environment: &Environment,
        releases: Option<Result<Vec<Release>, Refusal>>,
    ) -> Option<Result<Vec<Release>, Refusal>> {
        let (Some(app), Some(Ok(known))) = (app(environment), &releases) else {
            return releases;
        };
        let all = api(self.repo).and_then(|heroku| heroku.with_commits(app, known.clone()));
        // Releases without their commits would tell a half of the story, which may be the wrong one; but that one of them
        // is going on is the whole of it.
        let is_pending = known
            .first()
            .is_some_and(|newest| newest.status == ReleaseStatus::Pending);
        Some(all.or_else(|refusal| {
            if is_pending {
                Ok(known.clone())
            } else {
                Err(refusal)
            }
        }))
    }
}

/// The commit of the release that runs; `None`: nothing was ever deployed.
///
/// # Errors
/// `unknown-commit` where the platform does not name it.
pub fn current(
    environment: &Environment,
    releases: &[Release],
) -> Result<Option<CommitId>, Refusal> {
    let name = &environment.name;
    let Some(release) = releases.iter().find(|release| release.current) else {
        if releases.is_empty() {
            return Ok(None);
        }
        return Err(Refusal::new(
            RefusalCode::UnknownCommit,
            format!("{name}: Heroku says of none of its releases that it runs"),
        )
        .hint("see them: heroku releases"));
    };
    if release.commit.is_some() {
        return Ok(release.commit.clone());
    }
    // Nothing was built for it: that is how an app begins. Once something ran, it is of a kind that is not known here.
    let ran = |one: &Release| {
        one.slug.is_some()
            && matches!(
                one.status,
                ReleaseStatus::Succeeded | ReleaseStatus::Expired
            )
    };
    if release.slug.is_none() && !releases.iter().any(ran) {
        return Ok(None);
    }
    let what = format!(
        "{name}: Heroku does not name the commit of its release v{}",
        release.version
    );
    Err(Refusal::new(RefusalCode::UnknownCommit, what)
        .because("it was built from something else than a git push, as a container or a tarball")
        .hint(format!(
            "name a page that does in environments.{name}.running of smp.toml, then: git smp setup"
        )))
}

/// The refusal of two witnesses that do not agree.
pub fn stale(released: Option<&CommitId>, page: &CommitId) -> Refusal {
    let released = released.map_or("nothing", CommitId::short);
    Refusal::new(
        RefusalCode::PageUnclear,
        format!("its page names {}, its platform {released}", page.short()),
    )
}
