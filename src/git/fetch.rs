//! Fetching what is missing, and nothing else: no ref of the clone moves, and none is made. What no branch leads to is
//! kept by git for two weeks, which is longer than any run.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::core::refusal::{Refusal, RefusalCode, Report};
use crate::core::words::CommitId;
use crate::git::Repo;
use crate::git::address::Way;
use crate::git::person::{self, Errand};
use crate::git::remote::{heads, in_gits_words, redirected};

/// How long a fetch may take.
const LIMIT: Duration = Duration::from_secs(600);
/// As many names fit on one command line.
const AT_ONCE: usize = 500;

/// What is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The branch of this name, if the remote has one.
    Branch(String),
    /// One commit by its name, which hosts may or may not allow.
    Commit(CommitId),
    /// Every branch whose commit is not here.
    Branches,
}

/// Fetches it: `git fetch REMOTE refs/heads/BRANCH`, `git fetch REMOTE HASH`. Touches no branch, no tag, nothing that
/// tracks a branch, and no `FETCH_HEAD`.
///
/// # Errors
/// `unreachable`, with git's words.
pub fn fetch(repo: &Repo, remote: &str, wanted: &Wanted) -> Result<(), Refusal> {
    let names = match wanted {
        Wanted::Branch(branch) => vec![format!("refs/heads/{branch}")],
        Wanted::Commit(id) => vec![id.to_string()],
        Wanted::Branches => {
            let tips: BTreeSet<CommitId> = heads(repo, remote, false)?
                .into_iter()
                .map(|(_, id)| id)
                .collect();
            // A clone that cannot say what it has is told of by whoever reads it next.
            let is_missing = |id: &CommitId| !repo.has_commit(id).unwrap_or(false);
            // By their hashes: what a remote calls its branches is not for a command line.
            tips.iter()
                .filter(|id| is_missing(id))
                .map(CommitId::to_string)
                .collect()
        }
    };
    names
        .chunks(AT_ONCE)
        .try_for_each(|names| fetch_exactly(repo, remote, names))
}

fn fetch_exactly(repo: &Repo, remote: &str, names: &[String]) -> Result<(), Refusal> {
    let make = || {
        let mut command = repo.program().command([
            "-c",
            "gc.auto=0",
            "-c",
            "maintenance.auto=false",
            "fetch",
            "--quiet",
        ]);
        command
            .args([
                "--no-tags",
                "--no-write-fetch-head",
                "--no-recurse-submodules",
                "--no-prune",
                "--refmap=",
            ])
            .args(["--no-write-commit-graph", "--", remote])
            .args(names);
        command
    };
    // It may come before the look that asks for a password.
    let errand = Errand {
        repo,
        remote,
        way: Way::Fetch,
        may_ask: true,
        limit: LIMIT,
    };
    let output = person::run(&errand, &make).map_err(|why| not_fetched(remote, &why.words()))?;
    let words = String::from_utf8_lossy(&output.stderr);
    // A remote without the branch has nothing to fetch.
    let has_none = words.starts_with("fatal: couldn't find remote ref ");
    if output.status.success() || has_none {
        Ok(())
    } else {
        let moved = redirected(repo, remote, &words);
        Err(moved.unwrap_or_else(|| person::advised(&errand, &words, not_fetched(remote, &words))))
    }
}

/// The remote may well answer, and this clone be the one that cannot take what it sends.
fn not_fetched(remote: &str, words: &str) -> Refusal {
    let report = in_gits_words(
        Report::new(format!(
            "what is missing here could not be fetched from {remote}"
        )),
        words,
    );
    report
        .hint(format!("see what git says: git fetch {remote}"))
        .refused(RefusalCode::Unreachable)
}
