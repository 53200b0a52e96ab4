//! Parses Heroku's answers. Only needed fields are read, so that others may change.

use jiff::Timestamp;
use serde::Deserialize;

use crate::core::typed::Typed;
use crate::core::words::{CommitId, Release, ReleaseStatus};

/// The prefix of an image, which has other requests than a slug.
pub const IMAGE: &str = "oci-image:";

#[derive(Deserialize)]
struct ReleaseJson {
    id: String,
    version: u64,
    created_at: Option<String>,
    status: Option<String>,
    current: Option<bool>,
    eligible_for_rollback: Option<bool>,
    slug: Option<Artifact>,
    oci_image: Option<Artifact>,
    artifacts: Option<Vec<Artifact>>,
}

#[derive(Deserialize)]
struct Artifact {
    r#type: Option<String>,
    id: Option<String>,
}

#[derive(Deserialize)]
struct Slug {
    commit: Option<String>,
}

#[derive(Deserialize)]
struct HerokuBuild {
    status: Option<String>,
}

/// Parses a list of releases; `None` if it is not one.
pub fn releases(body: &[u8], app: &str) -> Option<Vec<Release>> {
    let all: Vec<ReleaseJson> = serde_json::from_slice(body).ok()?;
    Some(all.into_iter().map(|release| release.read(app)).collect())
}

/// Parses a single release; `None` if it is not one.
pub fn release(body: &[u8], app: &str) -> Option<Release> {
    let release: ReleaseJson = serde_json::from_slice(body).ok()?;
    Some(release.read(app))
}

/// Returns the commit of a slug or an image, if it has a full hash; outer `None` if it is neither.
pub fn commit(body: &[u8]) -> Option<Option<CommitId>> {
    let slug = match serde_json::from_slice::<Vec<Slug>>(body) {
        Ok(images) => images.into_iter().next(),
        Err(_) => Some(serde_json::from_slice(body).ok()?),
    };
    Some(slug.and_then(|slug: Slug| CommitId::parse(slug.commit?.trim())))
}

/// Returns the status of the first build in a list, if it is a known word.
pub fn build(body: &[u8]) -> Option<String> {
    let builds: Vec<HerokuBuild> = serde_json::from_slice(body).ok()?;
    let status = builds.into_iter().next()?.status?;
    matches!(status.as_str(), "pending" | "succeeded" | "failed").then_some(status)
}

/// Returns whether a text is safe as one part of a path.
pub fn is_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && (text.bytes()).all(|byte| byte.is_ascii_alphanumeric() || b"-_:".contains(&byte))
}

impl ReleaseJson {
    fn read(self, app: &str) -> Release {
        Release {
            slug: self.built(),
            status: match self.status.as_deref() {
                Some("pending") => ReleaseStatus::Pending,
                Some("succeeded") => ReleaseStatus::Succeeded,
                Some("failed") => ReleaseStatus::Failed,
                Some("expired") => ReleaseStatus::Expired,
                _ => ReleaseStatus::Other,
            },
            current: self.current == Some(true),
            eligible: self.eligible_for_rollback == Some(true),
            commit: None,
            created: (self.created_at.as_deref())
                .and_then(|at| at.parse::<Timestamp>().ok())
                .map(Timestamp::as_second),
            output: Typed::other(format!("heroku releases:output v{} -a {app}", self.version)),
            id: self.id,
            called: format!("v{}", self.version),
            version: self.version,
        }
    }

    fn built(&self) -> Option<String> {
        let slug = self.artifact(&self.slug, "slug");
        slug.or_else(|| {
            let image = self.artifact(&self.oci_image, "oci-image")?;
            Some(format!("{IMAGE}{image}"))
        })
    }

    /// Returns the id in a separate field, or in the list of artifacts.
    fn artifact(&self, own: &Option<Artifact>, kind: &str) -> Option<String> {
        let mut listed = (self.artifacts.iter().flatten())
            .filter(|artifact| artifact.r#type.as_deref() == Some(kind));
        let own = own.as_ref().and_then(|artifact| artifact.id.clone());
        own.or_else(|| listed.next()?.id.clone())
    }
}
