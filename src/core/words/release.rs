//! What platforms tell of releases, and their own words.

use crate::core::typed::Typed;
use crate::core::words::CommitId;

/// One release of an app, as its platform's API tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The platform's own name of it.
    pub id: String,
    /// Its number, which grows.
    pub version: u64,
    pub status: ReleaseStatus,
    /// Whether it is the one that runs.
    pub current: bool,
    /// Whether the platform can go back to it.
    pub eligible: bool,
    /// What was built for it, by the platform's own name; several releases may share it.
    pub slug: Option<String>,
    /// The commit that this was built from, all digits, where the platform was asked and names one.
    pub commit: Option<CommitId>,
    /// The platform's own command that shows how it went.
    pub output: Typed,
}

/// A platform in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformWords {
    /// Its name.
    pub name: &'static str,
    /// The name of the app there.
    pub app: String,
    /// Its command that lists the releases.
    pub releases: &'static str,
    /// Its command that restarts what runs.
    pub restart: Typed,
    /// Its command that releases again what was built.
    pub again: &'static str,
}

/// How a release stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseStatus {
    /// Its release phase runs.
    Pending,
    /// It came to its end and is, or was, live.
    Succeeded,
    /// Its release phase failed, so it never ran.
    Failed,
    /// What was built for it was deleted.
    Expired,
    /// A word that this program does not know.
    Other,
}
