//! What platforms tell of releases, and their own words.

use crate::core::refusal::RefusalCode;
use crate::core::typed::Typed;
use crate::core::words::{CommitId, Observed};

/// One release of an app, as its platform's API tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    pub id: String,
    /// Grows from release to release.
    pub version: u64,
    /// What people call it, as `v41`.
    pub called: String,
    pub status: ReleaseStatus,
    /// Whether it is the one that runs.
    pub current: bool,
    /// Whether the platform can go back to it.
    pub eligible: bool,
    /// What was built for it, by the platform's own name; several releases may share it.
    pub slug: Option<String>,
    /// The commit that this was built from, all digits, where the platform was asked and names one.
    pub commit: Option<CommitId>,
    /// When it was made by the platform's clock, in seconds since 1970; `None`: it does not say.
    pub created: Option<i64>,
    /// The platform's own command that shows how it went.
    pub output: Typed,
}

impl Release {
    pub fn was_live(&self) -> bool {
        matches!(
            self.status,
            ReleaseStatus::Succeeded | ReleaseStatus::Expired
        )
    }
}

/// Where an app stands in a pipeline of its platform, all by the platform's own names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coupling {
    pub app: String,
    pub pipeline: String,
    pub stage: String,
}

/// A platform in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformWords {
    pub name: &'static str,
    pub app: String,
    pub restart: Typed,
    /// Its command that releases again what was built.
    pub again: Typed,
    /// How its commands about pipelines begin; empty where it has none.
    pub pipelines: &'static str,
    /// What a person has its server do; `None`: there is no such server.
    pub server: Option<ServerCommands>,
}

/// What a person has the server of an app do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerCommands {
    /// To start what is stopped.
    pub start: Typed,
    /// To remove a lock against deploys.
    pub unlock: Typed,
    /// To deploy what is pushed to the branch of the environment.
    pub deploy_branch: Typed,
    /// To deploy what it builds.
    pub deploy_builds: Typed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseStatus {
    /// It is being built, and it is unknown for which commit.
    Building,
    /// Deploys are locked, and it is unknown whether one goes on.
    Locked,
    Pending,
    /// It came to its end and is, or was, live.
    Succeeded,
    Failed,
    /// What was built for it was deleted.
    Expired,
    /// A word that this program does not know.
    Other,
}

impl ReleaseStatus {
    /// It has not come to its end.
    pub fn goes_on(self) -> bool {
        matches!(self, Self::Building | Self::Locked | Self::Pending)
    }
}

impl Observed {
    /// What is deployed there, where no process of it runs.
    pub fn stopped(&self) -> Option<&CommitId> {
        let why = self.running.as_ref().err();
        why.filter(|why| why.code == RefusalCode::Stopped)?;
        let mut releases = self.releases.as_ref()?.as_ref().ok()?.iter();
        releases.find(|one| one.was_live())?.commit.as_ref()
    }

    /// The same; what is deployed and stopped counts as what runs.
    #[must_use]
    pub fn if_started(self) -> Self {
        match self.stopped().cloned() {
            Some(deployed) => Self {
                running: Ok(Some(deployed)),
                ..self
            },
            None => self,
        }
    }
}
