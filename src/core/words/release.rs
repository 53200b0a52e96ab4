//! Releases of platforms, and the platforms' own words.

use crate::core::refusal::RefusalCode;
use crate::core::typed::Typed;
use crate::core::words::{CommitId, Observed};

/// A release of an app, as its platform's API reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    pub id: String,
    /// A number that grows with each release.
    pub version: u64,
    /// The name for people, such as `v41`.
    pub called: String,
    pub status: ReleaseStatus,
    /// True if this release runs.
    pub current: bool,
    /// True if the platform can go back to it.
    pub eligible: bool,
    /// The platform's id of the build; several releases may share it.
    pub slug: Option<String>,
    /// The full hash of the built commit, if the platform was asked and names one.
    pub commit: Option<CommitId>,
    /// The time of creation by the platform's clock, in seconds since 1970; `None` if it gives none.
    pub created: Option<i64>,
    /// The platform's own command that shows its output.
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

/// An app's place in a pipeline of its platform, in the platform's own names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coupling {
    pub app: String,
    pub pipeline: String,
    pub stage: String,
}

/// The platform's own words and commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformWords {
    pub name: &'static str,
    pub app: String,
    pub restart: Typed,
    /// The command that releases an earlier build again.
    pub again: Typed,
    /// The beginning of its commands about pipelines; empty if it has none.
    pub pipelines: &'static str,
    /// The commands for its server; `None` if there is no such server.
    pub server: Option<ServerCommands>,
}

/// The commands that a person gives the server of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerCommands {
    /// Starts a stopped app.
    pub start: Typed,
    /// Removes a deploy lock.
    pub unlock: Typed,
    /// Makes the server deploy the branch of the environment.
    pub deploy_branch: Typed,
    /// Makes the server deploy its builds.
    pub deploy_builds: Typed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseStatus {
    /// A build is in progress, for an unknown commit.
    Building,
    /// Deploys are locked; it is unknown whether one is in progress.
    Locked,
    Pending,
    /// The release has finished and is or was live.
    Succeeded,
    Failed,
    /// Its build was deleted.
    Expired,
    /// A status that this program does not know.
    Other,
}

impl ReleaseStatus {
    /// Returns whether it has not finished.
    pub fn goes_on(self) -> bool {
        matches!(self, Self::Building | Self::Locked | Self::Pending)
    }
}

impl Observed {
    /// Returns the deployed commit if no process of it runs.
    pub fn stopped(&self) -> Option<&CommitId> {
        let why = self.running.as_ref().err();
        why.filter(|why| why.code == RefusalCode::Stopped)?;
        let mut releases = self.releases.as_ref()?.as_ref().ok()?.iter();
        releases.find(|one| one.was_live())?.commit.as_ref()
    }

    /// Returns the observation with a deployed but stopped commit as the running one.
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
