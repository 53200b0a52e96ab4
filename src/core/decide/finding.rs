//! Findings: the branch, the page and the platform of an environment disagree, or do not answer. Each finding has a
//! stable name for scripts and a next command. Pure.

use crate::core::record::Deploying;
use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::typed::{Hint, Typed};
use crate::core::words::{
    Branch, CommitId, Observed, Relation, Release, ReleaseStatus, SMP_TOML, Source, short,
};

/// The first half of a hint, before a command: how to get an answer that is not cached.
pub const FORGET: &str = "purge the page from the cache, or exclude it from caching, then";

/// The hint for a deploy lock that stays.
pub const UNLOCK: &str = "if no deploy is in progress there, remove the lock";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The running commit or the branch is unknown.
    Unknown(RefusalCode),
    WrongBranch,
    NothingDeployed,
    StalePage,
    /// Only the page tells the running commit; it differs from the branch and came from a cache.
    CachedPage,
    /// The platform is building, or holds its deploy lock.
    Deploying,
    ReleasePending,
    /// The pushed commit was built, but its release failed.
    ReleaseFailed,
    /// The environment runs an older commit than the pushed one. Without an answer of the platform, a failed release or
    /// a running deploy looks the same.
    RolledBack,
    /// The environment runs a commit that was not pushed there.
    DeployedOutsideGit,
    /// The host said that the commit of the branch is not deployed, or not yet.
    NotConfirmed,
    /// The branch differs from the running commit, and their relation is unknown.
    RefDiffers,
}

/// The risk of a deploy to an environment with this finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Risk {
    Nothing,
    /// Two deploys would race each other.
    Race,
    /// Only an uncached page tells whether the commit on its branch was rolled back.
    UnclearPage,
    /// A rolled-back commit may ship again.
    ShipsAgain,
}

/// A further property of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    /// The running commit is unclear, so nothing is recorded.
    Unclear,
    /// The environment's page may show the wrong commit.
    OfItsPage,
    /// The platform may have a build of the branch's commit, which it can release again.
    Built,
    /// The branch's commit was rolled back.
    RolledBack,
    /// The environment's line in `status` already reports it.
    SaidBefore,
}

impl Finding {
    /// Returns the finding's risk and properties. A new finding needs a row here.
    fn row(self) -> (Risk, &'static [Aspect]) {
        use Aspect::{Built, OfItsPage, RolledBack, SaidBefore, Unclear};
        use Risk::{Nothing, Race, ShipsAgain, UnclearPage};
        match self {
            Self::Unknown(_) | Self::WrongBranch => (ShipsAgain, &[Unclear, SaidBefore]),
            Self::NothingDeployed => (Nothing, &[SaidBefore]),
            Self::StalePage => (Nothing, &[Unclear, OfItsPage]),
            Self::CachedPage => (UnclearPage, &[OfItsPage]),
            Self::Deploying | Self::ReleasePending => (Race, &[]),
            Self::ReleaseFailed => (Nothing, &[Built]),
            Self::RolledBack => (ShipsAgain, &[Built, RolledBack]),
            Self::DeployedOutsideGit => (Nothing, &[]),
            Self::NotConfirmed => (Nothing, &[Unclear]),
            Self::RefDiffers => (ShipsAgain, &[SaidBefore]),
        }
    }

    pub fn risk(self) -> Risk {
        self.row().0
    }

    pub fn is(self, aspect: Aspect) -> bool {
        self.row().1.contains(&aspect)
    }

    /// Returns the finding about an environment; `None` if all is well.
    pub fn of(seen: &Observed) -> Option<Self> {
        if let Some(refusal) = unknown(seen) {
            return Some(Self::Unknown(refusal.code));
        }
        if matches!(seen.branch, Some(Ok(Branch::Missing(_)))) {
            return Some(Self::WrongBranch);
        }
        if seen.doubt.is_some() {
            return Some(Self::NotConfirmed);
        }
        let Some(runs) = seen.runs() else {
            return Some(by_releases(seen).unwrap_or(Self::NothingDeployed));
        };
        if matches!(&seen.page, Some(Ok(page)) if page != runs) {
            return Some(Self::StalePage);
        }
        if seen.agrees() != Some(false) {
            // A rollback of the platform does not move the branch, so the branch does not show one in progress.
            let newest = newest(seen).filter(|newest| newest.commit.as_ref() != Some(runs));
            if seen.by_pipeline {
                return newest.and(by_releases(seen)).or_else(|| taken_back(seen));
            }
            return newest.and_then(|newest| match newest.status {
                // A failed build released nothing, and may not have moved the branch.
                ReleaseStatus::Failed if newest.commit.is_none() => Some(Self::ReleaseFailed),
                status => going_on(status),
            });
        }
        let released = by_releases(seen);
        if seen.source == Source::Page && seen.cached.is_some() {
            let certain = released.filter(|found| *found != Self::RolledBack);
            return Some(certain.unwrap_or(Self::CachedPage));
        }
        Some(released.unwrap_or(match seen.drift {
            // After a merge the platform needs minutes to deploy.
            Some(Relation::Ahead) if seen.by_merge => Self::Deploying,
            Some(Relation::Ahead) => Self::RolledBack,
            Some(Relation::Behind | Relation::Diverged) => Self::DeployedOutsideGit,
            // No rollback: the repository was emptied, or the app was never deployed by git.
            _ if has_no_branch(seen) => Self::DeployedOutsideGit,
            Some(Relation::Identical) | None => Self::RefDiffers,
        }))
    }

    /// Returns the finding, or `Deploying` if an announced deploy or a push of this clone explains the difference.
    pub fn announced(seen: &Observed, open: Option<&Deploying>) -> Option<Self> {
        let explains = open.is_some_and(|open| is_on_its_way(seen, open)) || is_begun(seen);
        Some(match Self::of(seen)? {
            Self::RolledBack | Self::DeployedOutsideGit | Self::RefDiffers if explains => {
                Self::Deploying
            }
            found => found,
        })
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown(code) => code.as_str(),
            Self::WrongBranch => RefusalCode::WrongBranch.as_str(),
            Self::NothingDeployed => RefusalCode::NothingDeployed.as_str(),
            Self::StalePage => "stale-page",
            Self::CachedPage => "cached-page",
            Self::Deploying => RefusalCode::Deploying.as_str(),
            Self::ReleasePending => "release-pending",
            Self::ReleaseFailed => "release-failed",
            Self::RolledBack => RefusalCode::RolledBack.as_str(),
            Self::DeployedOutsideGit => "deployed-outside-git",
            Self::NotConfirmed => RefusalCode::NotConfirmed.as_str(),
            Self::RefDiffers => "ref-differs",
        }
    }

    /// Returns the meaning, a text that follows the running commit and the branch.
    pub fn meaning(self, seen: &Observed) -> String {
        let (runs, at) = (short(seen.runs()), short(seen.deployed_last()));
        let cached = seen.cached.map(|cached| cached.to_string());
        match self {
            Self::Unknown(_) => "unknown".to_owned(),
            Self::WrongBranch => "its branch does not exist on its remote".to_owned(),
            Self::NothingDeployed => match &seen.branch {
                Some(Ok(Branch::NoApp(words))) => {
                    format!("nothing deployed yet; there is no app at its address: {words}")
                }
                _ => nothing(seen),
            },
            Self::StalePage => {
                let page = short(seen.page.as_ref().and_then(|page| page.as_ref().ok()));
                let kind = cached.unwrap_or_else(|| "stale".to_owned());
                format!("its page is {kind}: it names {page}, but {runs} was released")
            }
            Self::CachedPage => {
                let cached = cached.unwrap_or_default();
                format!("the running commit is unknown: its page is {cached}")
            }
            Self::Deploying if seen.by_merge && !is_certain(seen) => {
                format!(
                    "{at} was merged; the platform is still building it, could not build it, or went back to an older commit"
                )
            }
            Self::Deploying if is_locked(seen) => {
                "a deploy is in progress there, or deploys are locked".to_owned()
            }
            Self::Deploying => "a deploy is in progress there".to_owned(),
            Self::ReleasePending => {
                let called = newest(seen).map(|newest| format!(" {}", newest.called));
                let called = called.unwrap_or_default();
                format!("the release{called} has not finished yet")
            }
            Self::ReleaseFailed => match failed(seen) {
                Some(Release { commit, called, .. }) if commit.is_none() || seen.by_pipeline => {
                    format!("its newest deploy {called} failed, so the previous deploy still runs")
                }
                _ => format!("{at} was pushed there, but its release failed"),
            },
            Self::RolledBack if is_certain(seen) => format!("rolled back from {at} to {runs}"),
            Self::RolledBack => format!(
                "rolled back from {at} to {runs}, or the release of {at} failed or is still in progress"
            ),
            Self::DeployedOutsideGit => {
                let empty = if has_no_branch(seen) {
                    ", which is empty"
                } else {
                    ""
                };
                format!("{runs} was deployed without a push to its git remote{empty}")
            }
            Self::NotConfirmed => {
                let words = seen.doubt.as_deref().unwrap_or("nothing");
                format!("it is not confirmed that {at} runs there, because its host said: {words}")
            }
            Self::RefDiffers => "it is unknown how the two commits relate".to_owned(),
        }
    }
}

/// Returns the hint for an environment whose only source is its branch.
pub fn witness_hint(seen: &Observed) -> Hint {
    let key = format!("environments.{}.running", seen.environment);
    let say = format!("set a page or the platform's app in {key} of {SMP_TOML}, then");
    Hint::run(say, Typed::smp("setup")).and(Hint::run(
        "if you saw it run, confirm that in a terminal",
        seen.confirm.clone(),
    ))
}

/// Returns whether only a cached page, which may be stale, tells the running commit, and the branch differs.
pub fn is_cached(seen: &Observed) -> bool {
    Finding::of(seen) == Some(Finding::CachedPage)
}

/// Returns whether an environment runs a commit although its repository is empty, for example after a reset on the
/// platform: no failed or reverted push contradicts the running commit.
pub fn is_emptied(seen: &Observed) -> bool {
    has_no_branch(seen) && Finding::of(seen) == Some(Finding::DeployedOutsideGit)
}

/// Describes an environment where nothing runs, as far as its branch tells.
pub fn nothing(seen: &Observed) -> String {
    match &seen.last {
        Some(last) => format!("its branch is gone; {} was deployed last", last.short()),
        None => "nothing deployed yet".to_owned(),
    }
}

fn has_no_branch(seen: &Observed) -> bool {
    matches!(seen.branch, Some(Ok(Branch::Empty)))
}

/// Returns whether the platform itself reports what happened to the commit of the branch.
pub fn is_certain(seen: &Observed) -> bool {
    by_releases(seen).is_some()
}

/// Returns whether nothing contradicts the reported running commit.
pub fn is_sure(seen: &Observed) -> bool {
    !is_cached(seen) && (seen.agrees() != Some(false) || is_certain(seen))
}

/// Returns whether the branch's newer commits may still be deploying, which may also be a failed release.
pub fn may_be_on_its_way(seen: &Observed) -> bool {
    matches!(seen.drift, Some(Relation::Ahead | Relation::Diverged)) && !is_certain(seen)
}

/// Returns whether the branch has the announced commit and the environment does not run it yet, forward or back.
pub fn is_on_its_way(seen: &Observed, open: &Deploying) -> bool {
    let is_there = open.reaches(&seen.environment) && seen.reference() == Some(&open.to);
    let is_back = seen.agrees() == Some(false) && seen.runs() == open.from(&seen.environment);
    is_there && (may_be_on_its_way(seen) || is_back && !is_certain(seen))
}

/// Returns whether the newer commits of the branch come from a push of this clone whose end was not seen.
pub fn is_begun(seen: &Observed) -> bool {
    seen.begun && seen.agrees() == Some(false) && !is_certain(seen)
}

/// Returns why the running commit or the branch is unknown.
pub fn unknown(seen: &Observed) -> Option<&Refusal> {
    let branch = seen.branch.as_ref();
    let branch = branch.and_then(|branch| branch.as_ref().err());
    seen.running.as_ref().err().or(branch)
}

/// Explains that only the page was believed, although the platform should have been asked too.
pub fn unasked(seen: &Observed) -> Option<String> {
    let (Some(Err(refusal)), Source::Page) = (&seen.releases, seen.source) else {
        return None;
    };
    let place = format!("{}: ", seen.environment);
    let what = refusal.report.error.trim_start_matches(&place);
    Some(format!("only its page was asked, not its platform: {what}"))
}

/// Returns the releases, newest first; empty if the platform was not asked.
pub fn releases(seen: &Observed) -> &[Release] {
    match &seen.releases {
        Some(Ok(releases)) => releases,
        _ => &[],
    }
}

pub fn newest(seen: &Observed) -> Option<&Release> {
    releases(seen).first()
}

/// Returns the newest release while it is in progress.
pub fn pending(seen: &Observed) -> Option<&Release> {
    newest(seen).filter(|newest| going_on(newest.status).is_some())
}

/// The hint for something in progress; `status` shows it and does not wait.
pub const WAIT: &str = "wait until it has finished, and look";

/// Returns the hint for a deploy in progress or a deploy lock.
pub fn wait(seen: &Observed) -> Hint {
    let wait = Hint::run(WAIT, Typed::smp("status"));
    let server = seen.platform.as_ref().and_then(|one| one.server.clone());
    match server.filter(|_| is_locked(seen)) {
        Some(server) => wait.and(Hint::run(UNLOCK, server.unlock)),
        None => wait,
    }
}

fn is_locked(seen: &Observed) -> bool {
    newest(seen).is_some_and(|newest| newest.status == ReleaseStatus::Locked)
}

fn going_on(status: ReleaseStatus) -> Option<Finding> {
    match status {
        ReleaseStatus::Building | ReleaseStatus::Locked => Some(Finding::Deploying),
        ReleaseStatus::Pending => Some(Finding::ReleasePending),
        _ => None,
    }
}

/// Returns the branch's newest release if it failed; in a pipeline, or without a known commit, the newest of all.
pub fn failed(seen: &Observed) -> Option<&Release> {
    if let Some(newest) = newest(seen).filter(|one| one.commit.is_none() || seen.by_pipeline) {
        return (newest.status == ReleaseStatus::Failed).then_some(newest);
    }
    let (at, mut all) = (seen.reference()?, releases(seen).iter());
    let of_branch = all.find(|release| release.commit.as_ref() == Some(at))?;
    (of_branch.status == ReleaseStatus::Failed).then_some(of_branch)
}

/// Returns the newest release of a commit that still has its build, so the platform can release it again.
pub fn release_of<'o>(seen: &'o Observed, commit: &CommitId) -> Option<&'o Release> {
    releases(seen).iter().find(|release| {
        release.commit.as_ref() == Some(commit)
            && release.slug.is_some()
            && release.status != ReleaseStatus::Expired
    })
}

/// Returns what the platform reports about a branch that differs from the running commit.
fn by_releases(seen: &Observed) -> Option<Finding> {
    if let Some(going_on) = newest(seen).and_then(|newest| going_on(newest.status)) {
        return Some(going_on);
    }
    if seen.by_pipeline {
        return match failed(seen) {
            Some(_) => Some(Finding::ReleaseFailed),
            None => taken_back(seen),
        };
    }
    let at = seen.reference()?;
    use ReleaseStatus::{Expired, Succeeded};
    let mut of_branch = (releases(seen).iter()).filter(|one| one.commit.as_ref() == Some(at));
    if of_branch.any(|one| matches!(one.status, Succeeded | Expired)) {
        // The running commit may also be newer: then nothing was rolled back, but deployed outside git.
        return (seen.drift == Some(Relation::Ahead)).then_some(Finding::RolledBack);
    }
    failed(seen).map(|_| Finding::ReleaseFailed)
}

/// Returns the finding for a platform that runs an older commit than it last released.
fn taken_back(seen: &Observed) -> Option<Finding> {
    (seen.drift == Some(Relation::Ahead)).then_some(Finding::RolledBack)
}

#[cfg(test)]
mod tests;
