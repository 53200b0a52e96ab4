//! What this clone remembers of reviews: only what will not change any more, so that it is not asked for again.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::CommitId;
use crate::review::{Checks, Origin, PullRequest, Review};

/// The version of the file; another's is of no use.
const VERSION: u32 = 1;
/// How many commits are remembered.
const KEPT: usize = 2000;
/// How large the file may be, in bytes.
const LARGEST: u64 = 4 << 20;

#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    /// Newest first.
    commits: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    /// With the main branch, for what was merged into another one would not count.
    repository: String,
    commit: CommitId,
    pull_request: Option<PullRequest>,
    succeeded: bool,
}

/// What is remembered of a repository's commits. What cannot be read is not remembered.
pub fn read(common_dir: &Path, repository: &str) -> HashMap<CommitId, Review> {
    let ours = all(common_dir)
        .into_iter()
        .filter(|entry| entry.repository == repository);
    ours.map(|entry| (entry.commit.clone(), entry.review()))
        .collect()
}

/// Remembers what is settled of these commits. That it cannot be written is no failure: it is asked for again.
pub fn add(common_dir: &Path, repository: &str, reviews: &HashMap<CommitId, Review>) {
    let new: Vec<Entry> = reviews
        .iter()
        .filter_map(|(id, review)| Entry::of(repository, id, review))
        .collect();
    if new.is_empty() {
        return;
    }
    let known: HashSet<CommitId> = new.iter().map(|entry| entry.commit.clone()).collect();
    let other = |entry: &Entry| entry.repository != repository || !known.contains(&entry.commit);
    let before = all(common_dir);
    let commits = new
        .into_iter()
        .chain(before.into_iter().filter(other))
        .take(KEPT)
        .collect();
    let _ = write(
        &place(common_dir),
        &Written {
            version: VERSION,
            commits,
        },
    );
}

impl Entry {
    fn of(repository: &str, commit: &CommitId, review: &Review) -> Option<Self> {
        let settled = review.settled();
        let pull_request = match settled.origin {
            Origin::PullRequest(pull) => Some(pull),
            Origin::Unknown | Origin::Direct => None,
        };
        let succeeded = settled.checks == Checks::Succeeded;
        let worth = succeeded || pull_request.is_some();
        worth.then(|| Self {
            repository: repository.to_owned(),
            commit: commit.clone(),
            pull_request,
            succeeded,
        })
    }

    fn review(self) -> Review {
        let checks = if self.succeeded {
            Checks::Succeeded
        } else {
            Checks::Unknown
        };
        let review = Review {
            origin: self
                .pull_request
                .map_or(Origin::Unknown, Origin::PullRequest),
            checks,
        };
        review.settled()
    }
}

fn all(common_dir: &Path) -> Vec<Entry> {
    let mut text = Vec::new();
    let read =
        File::open(place(common_dir)).and_then(|file| file.take(LARGEST).read_to_end(&mut text));
    let written = read
        .ok()
        .and_then(|_| serde_json::from_slice::<Written>(&text).ok());
    written
        .filter(|written| written.version == VERSION)
        .map(|written| written.commits)
        .unwrap_or_default()
}

/// Two programs of the clone may write at once, so each makes a file of its own before it takes the name.
fn write(path: &Path, written: &Written) -> std::io::Result<()> {
    let json = serde_json::to_vec(written).map_err(std::io::Error::other)?;
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let done = fs::write(&fresh, json).and_then(|()| fs::rename(&fresh, path));
    if done.is_err() {
        // A disk that is full has no need of half a file.
        let _ = fs::remove_file(&fresh);
    }
    done
}

fn place(common_dir: &Path) -> PathBuf {
    common_dir.join("smp").join("reviews.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> CommitId {
        CommitId::parse(&format!("{number:040x}")).unwrap()
    }

    fn approved() -> Review {
        let pull = PullRequest {
            number: 425,
            author: Some("ada".into()),
            base: "main".into(),
            into_main: true,
            merged: true,
            approved_by: vec!["ben".into()],
            changes_requested: false,
        };
        Review {
            origin: Origin::PullRequest(pull),
            checks: Checks::Succeeded,
        }
    }

    #[test]
    fn only_what_will_not_change_is_remembered_and_of_that_repository_alone() {
        let folder = tempfile::tempdir().unwrap();
        let failed = Review {
            checks: Checks::Failed,
            ..approved()
        };
        let direct = Review {
            origin: Origin::Direct,
            checks: Checks::Pending,
        };
        let reviews = HashMap::from([
            (id(1), approved()),
            (id(2), failed.clone()),
            (id(3), direct),
        ]);
        add(folder.path(), "github.com/o/r", &reviews);
        let read_again = read(folder.path(), "github.com/o/r");
        assert_eq!(
            read_again,
            HashMap::from([(id(1), approved()), (id(2), failed.settled())])
        );
        assert!(read(folder.path(), "github.com/o/other").is_empty());
        assert_eq!(fs::read_dir(folder.path().join("smp")).unwrap().count(), 1);
    }

    #[test]
    fn what_is_broken_or_of_another_version_is_nothing_and_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("smp")).unwrap();
        for text in [
            "",
            "{",
            "{\"version\":2,\"commits\":[]}",
            "{\"version\":1,\"commits\":[{\"commit\":\"x\"}]}",
            "[]",
        ] {
            fs::write(place(folder.path()), text).unwrap();
            assert!(read(folder.path(), "r").is_empty());
            add(folder.path(), "r", &HashMap::from([(id(1), approved())]));
            assert_eq!(read(folder.path(), "r").len(), 1, "{text}");
        }
    }

    #[test]
    fn an_entry_that_somebody_made_worse_by_hand_is_believed_no_more_than_an_answer() {
        let folder = tempfile::tempdir().unwrap();
        add(folder.path(), "r", &HashMap::from([(id(1), approved())]));
        let text = fs::read_to_string(place(folder.path())).unwrap();
        fs::write(
            place(folder.path()),
            text.replace("\"merged\":true", "\"merged\":false"),
        )
        .unwrap();
        assert_eq!(
            read(folder.path(), "r").get(&id(1)).unwrap().origin,
            Origin::Unknown
        );
    }

    #[test]
    fn the_newest_are_kept_and_their_number_is_limited() {
        let folder = tempfile::tempdir().unwrap();
        let many = (0..KEPT).map(|number| (id(number), approved())).collect();
        add(folder.path(), "r", &many);
        add(folder.path(), "r", &HashMap::from([(id(KEPT), approved())]));
        let read = read(folder.path(), "r");
        assert_eq!((read.len(), read.contains_key(&id(KEPT))), (KEPT, true));
    }

    #[test]
    fn a_place_that_cannot_be_written_is_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("smp"), "a file").unwrap();
        add(folder.path(), "r", &HashMap::from([(id(1), approved())]));
        assert!(read(folder.path(), "r").is_empty());
    }
}
