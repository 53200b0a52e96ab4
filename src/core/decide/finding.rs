//! What is remarkable about an environment: its branch, its page and its platform say different things, or nothing.
//! Each such disagreement has a name, which scripts may rely on, and a next command. Pure.

use crate::core::record::Deploying;
use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::typed::{Hint, Typed};
use crate::core::words::{
    Branch, CommitId, Observed, Relation, Release, ReleaseStatus, Source, short,
};

/// What to do where a cache answers in the site's place, before a command.
pub const FORGET: &str = "purge the page from the cache, or exclude it from caching, then";

/// What to do about a lock against deploys that nobody removes.
pub const UNLOCK: &str = "if no deploy is in progress there, remove the lock";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// What runs, or where its branch is, is not known.
    Unknown(RefusalCode),
    WrongBranch,
    NothingDeployed,
    StalePage,
    /// Nothing but its page tells what it runs, and the page is not at its branch and was answered by a cache.
    CachedPage,
    /// Its platform builds something, or is locked while it does.
    Deploying,
    ReleasePending,
    /// What was pushed was built, but its release failed.
    ReleaseFailed,
    /// It runs something older than what was pushed. Without the platform's word a release that failed, or a deploy
    /// that is still going on, looks the same.
    RolledBack,
    /// It runs something that was not pushed there.
    DeployedOutsideGit,
    /// Its host said that what its branch is at is not deployed, or not yet.
    NotConfirmed,
    /// Its branch is at something else than what runs, and nobody can tell how the two stand.
    RefDiffers,
}

/// What a deploy of something else to the same place risks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Risk {
    Nothing,
    /// Two deploys at once race each other.
    Race,
    /// Only a page that no cache answers tells whether the commit of its branch was rolled back.
    UnclearPage,
    /// What was rolled back may ship again.
    ShipsAgain,
}

/// What else is asked of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It makes unclear what runs, so that nothing goes on record.
    Unclear,
    /// Its page is what disagrees.
    OfItsPage,
    /// The platform may have built what its branch is at, and can release that again.
    Built,
    /// What its branch is at was rolled back.
    RolledBack,
    /// The line of the environment says it already.
    SaidBefore,
}

impl Finding {
    /// What all decisions make of it, in one place: a new finding needs a row here.
    fn row(self) -> (Risk, &'static [Mark]) {
        use Mark::{Built, OfItsPage, RolledBack, SaidBefore, Unclear};
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

    pub fn is(self, mark: Mark) -> bool {
        self.row().1.contains(&mark)
    }

    /// What there is to say of an environment; `None`: all is well.
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
            // Nobody pushes for a rollback, so the branch knows nothing of one that goes on.
            let newest = newest(seen).filter(|newest| newest.commit.as_ref() != Some(runs));
            if seen.by_pipeline {
                return newest.and(by_releases(seen)).or_else(|| taken_back(seen));
            }
            return newest.and_then(|newest| match newest.status {
                // Of a build that failed nothing was released, and the branch may not have moved.
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
            // A merge takes its platform minutes.
            Some(Relation::Ahead) if seen.by_merge => Self::Deploying,
            Some(Relation::Ahead) => Self::RolledBack,
            Some(Relation::Behind | Relation::Diverged) => Self::DeployedOutsideGit,
            // Nothing was put back: its repository was emptied, or the app was deployed another way from the beginning.
            _ if has_no_branch(seen) => Self::DeployedOutsideGit,
            Some(Relation::Identical) | None => Self::RefDiffers,
        }))
    }

    /// The same where a deploy is announced, or this clone began one: what that deploy explains is that it goes on.
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

    /// What it means, to stand after what runs and where the branch is.
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
                _ => "nothing deployed yet".to_owned(),
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
            Self::Deploying => "a deploy is in progress there, or deploys are locked".to_owned(),
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

/// What to do where nothing but a branch could tell what runs.
pub fn witness_hint(seen: &Observed) -> Hint {
    let key = format!("environments.{}.running", seen.environment);
    let say = format!("set a page or the platform's app in {key} of smp.toml, then");
    Hint::run(say, Typed::smp("setup")).and(Hint::run(
        "if you saw it run, confirm that in a terminal",
        seen.confirm.clone(),
    ))
}

/// Whether a cache, which may be behind, is all that tells what an environment runs, and its branch tells otherwise.
pub fn is_cached(seen: &Observed) -> bool {
    Finding::of(seen) == Some(Finding::CachedPage)
}

/// Whether something runs there for certain although its repository is empty, as after it was reset on its platform: no push that
/// could have failed or been taken back stands against what runs.
pub fn is_emptied(seen: &Observed) -> bool {
    has_no_branch(seen) && Finding::of(seen) == Some(Finding::DeployedOutsideGit)
}

fn has_no_branch(seen: &Observed) -> bool {
    matches!(seen.branch, Some(Ok(Branch::Empty)))
}

/// Whether the platform itself says what became of what the branch is at.
pub fn is_certain(seen: &Observed) -> bool {
    by_releases(seen).is_some()
}

/// Whether nothing contradicts what it says to run.
pub fn is_sure(seen: &Observed) -> bool {
    !is_cached(seen) && (seen.agrees() != Some(false) || is_certain(seen))
}

/// Whether what the branch has beyond what runs may be on its way: nobody can tell that from a release that failed.
pub fn may_be_on_its_way(seen: &Observed) -> bool {
    matches!(seen.drift, Some(Relation::Ahead | Relation::Diverged)) && !is_certain(seen)
}

/// Whether its branch has what was announced, and it does not run that yet: forwards, or back from what it ran before.
pub fn is_on_its_way(seen: &Observed, open: &Deploying) -> bool {
    let is_there = open.reaches(&seen.environment) && seen.reference() == Some(&open.to);
    let is_back = seen.agrees() == Some(false) && seen.runs() == open.from(&seen.environment);
    is_there && (may_be_on_its_way(seen) || is_back && !is_certain(seen))
}

/// Whether what the branch has beyond what runs is a push of this clone that was not seen to end.
pub fn is_begun(seen: &Observed) -> bool {
    seen.begun && seen.agrees() == Some(false) && !is_certain(seen)
}

/// Why it is not known what runs, or where the branch is.
pub fn unknown(seen: &Observed) -> Option<&Refusal> {
    let branch = seen.branch.as_ref();
    let branch = branch.and_then(|branch| branch.as_ref().err());
    seen.running.as_ref().err().or(branch)
}

/// That a page is believed alone, where the platform should have been asked, too.
pub fn unasked(seen: &Observed) -> Option<String> {
    let (Some(Err(refusal)), Source::Page) = (&seen.releases, seen.source) else {
        return None;
    };
    let place = format!("{}: ", seen.environment);
    let what = refusal.report.error.trim_start_matches(&place);
    Some(format!("only its page was asked, not its platform: {what}"))
}

/// The releases, newest first; none where the platform was not asked.
pub fn releases(seen: &Observed) -> &[Release] {
    match &seen.releases {
        Some(Ok(releases)) => releases,
        _ => &[],
    }
}

pub fn newest(seen: &Observed) -> Option<&Release> {
    releases(seen).first()
}

/// The newest release, while it has not come to its end.
pub fn pending(seen: &Observed) -> Option<&Release> {
    newest(seen).filter(|newest| going_on(newest.status).is_some())
}

/// What to do about something that goes on; `status` shows whether it does, and does not wait.
pub const WAIT: &str = "wait until it has finished, and look";

/// What to do while a deploy goes on there, or deploys are locked.
pub fn wait(seen: &Observed) -> Hint {
    let wait = Hint::run(WAIT, Typed::smp("status"));
    let is_locked = newest(seen).is_some_and(|newest| newest.status == ReleaseStatus::Locked);
    let server = seen.platform.as_ref().and_then(|one| one.server.clone());
    match server.filter(|_| is_locked) {
        Some(server) => wait.and(Hint::run(UNLOCK, server.unlock)),
        None => wait,
    }
}

fn going_on(status: ReleaseStatus) -> Option<Finding> {
    match status {
        ReleaseStatus::Building | ReleaseStatus::Locked => Some(Finding::Deploying),
        ReleaseStatus::Pending => Some(Finding::ReleasePending),
        _ => None,
    }
}

/// The newest release of what the branch is at, where it failed; or the newest of all, where nobody knows of what it was.
pub fn failed(seen: &Observed) -> Option<&Release> {
    if let Some(newest) = newest(seen).filter(|one| one.commit.is_none() || seen.by_pipeline) {
        return (newest.status == ReleaseStatus::Failed).then_some(newest);
    }
    let (at, mut all) = (seen.reference()?, releases(seen).iter());
    let of_branch = all.find(|release| release.commit.as_ref() == Some(at))?;
    (of_branch.status == ReleaseStatus::Failed).then_some(of_branch)
}

/// The newest release of a commit that the platform may release again: one that has something built.
pub fn release_of<'o>(seen: &'o Observed, commit: &CommitId) -> Option<&'o Release> {
    releases(seen).iter().find(|release| {
        release.commit.as_ref() == Some(commit)
            && release.slug.is_some()
            && release.status != ReleaseStatus::Expired
    })
}

/// What the platform says of a branch that is at something else than what runs.
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
        // What runs instead may as well be newer: then nothing was rolled back, but deployed past git.
        return (seen.drift == Some(Relation::Ahead)).then_some(Finding::RolledBack);
    }
    failed(seen).map(|_| Finding::ReleaseFailed)
}

/// That a platform went back to an older commit than it had released.
fn taken_back(seen: &Observed) -> Option<Finding> {
    (seen.drift == Some(Relation::Ahead)).then_some(Finding::RolledBack)
}

#[cfg(test)]
mod tests;
