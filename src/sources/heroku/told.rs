//! What Heroku's answers say. Only what is needed is read, so that fields may come and go.

use serde::Deserialize;

use crate::core::words::{CommitId, Release, ReleaseStatus};
use crate::http::bounded::Few;

/// What stands before the name of an image, which is asked for and released otherwise than a slug.
pub(super) const IMAGE: &str = "oci-image:";

#[derive(Deserialize)]
struct Told {
    id: String,
    version: u64,
    status: Option<String>,
    current: Option<bool>,
    eligible_for_rollback: Option<bool>,
    slug: Option<Named>,
    oci_image: Option<Named>,
    artifacts: Option<Few<Artifact>>,
}

#[derive(Deserialize)]
struct Named {
    id: Option<String>,
}

#[derive(Deserialize)]
struct Artifact {
    r#type: Option<String>,
    id: Option<String>,
}

#[derive(Deserialize)]
struct Origin {
    commit: Option<String>,
}

#[derive(Deserialize)]
struct Build {
    status: Option<String>,
}

/// The releases of a list; `None` where it is none.
pub(super) fn releases(body: &[u8]) -> Option<Vec<Release>> {
    let all: Few<Told> = serde_json::from_slice(body).ok()?;
    Some(all.0.into_iter().map(Told::read).collect())
}

/// A single release; `None` where it is none.
pub(super) fn release(body: &[u8]) -> Option<Release> {
    serde_json::from_slice::<Told>(body).ok().map(Told::read)
}

/// The commit that a slug or an image was built from, if it names one in full; outer `None` where it is neither.
pub(super) fn commit(body: &[u8]) -> Option<Option<CommitId>> {
    let images =
        serde_json::from_slice::<Few<Origin>>(body).map(|images| images.0.into_iter().next());
    let from = images
        .or_else(|_| serde_json::from_slice(body).map(Some))
        .ok()?;
    Some(from.and_then(|from| CommitId::parse(from.commit?.trim())))
}

/// How the first build of a list stands, by one of the words that there are.
pub(super) fn build(body: &[u8]) -> Option<String> {
    let builds: Few<Build> = serde_json::from_slice(body).ok()?;
    let status = builds.0.into_iter().next()?.status?;
    matches!(status.as_str(), "pending" | "succeeded" | "failed").then_some(status)
}

/// Whether this can stand in a path without changing where it leads.
pub(super) fn is_id(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':');
    (1..=128).contains(&text.len()) && text.bytes().all(fits)
}

impl Told {
    fn read(self) -> Release {
        Release {
            status: status(self.status.as_deref()),
            current: self.current == Some(true),
            eligible: self.eligible_for_rollback == Some(true),
            slug: built(self.slug, self.oci_image, self.artifacts),
            commit: None,
            id: self.id,
            version: self.version,
        }
    }
}

fn status(word: Option<&str>) -> ReleaseStatus {
    match word {
        Some("pending") => ReleaseStatus::Pending,
        Some("succeeded") => ReleaseStatus::Succeeded,
        Some("failed") => ReleaseStatus::Failed,
        Some("expired") => ReleaseStatus::Expired,
        _ => ReleaseStatus::Other,
    }
}

fn built(
    slug: Option<Named>,
    image: Option<Named>,
    artifacts: Option<Few<Artifact>>,
) -> Option<String> {
    let named = |kind: &str| {
        let mut all = artifacts.iter().flat_map(|few| &few.0);
        all.find(|artifact| artifact.r#type.as_deref() == Some(kind))
            .and_then(|artifact| artifact.id.clone())
    };
    let slug = slug.and_then(|slug| slug.id).or_else(|| named("slug"));
    let image = || {
        image
            .and_then(|image| image.id)
            .or_else(|| named("oci-image"))
    };
    slug.or_else(|| image().map(|id| format!("{IMAGE}{id}")))
}
