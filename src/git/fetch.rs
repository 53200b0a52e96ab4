//! Fetching what is missing, and nothing else: no ref of the clone moves, and none is made. What no branch leads to is
//! kept by git for two weeks, which is longer than any run.

use std::collections::BTreeSet;

use crate::core::refusal::Refusal;
use crate::core::words::CommitId;
use crate::git::address::Purpose;
use crate::git::network::Errand;
use crate::git::remote::heads;
use crate::git::response::{LineKind, means};
use crate::git::{Repo, advice};

/// As many names fit on one command line.
const AT_ONCE: usize = 500;
/// Touches no branch, no tag, nothing that tracks a branch, and no `FETCH_HEAD`.
const FETCH: &str = "-c gc.auto=0 -c maintenance.auto=false fetch --quiet --no-tags --no-write-fetch-head \
    --no-recurse-submodules --no-prune --refmap= --no-write-commit-graph --";

/// What is fetched.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FetchTarget {
    /// The branch of this name, if the remote has one.
    Branch(String),
    /// One commit by its name, which hosts may or may not allow.
    Commit(CommitId),
    /// Every branch whose commit is not here.
    Branches,
}

/// Fetches it: `git fetch REMOTE refs/heads/BRANCH`, `git fetch REMOTE HASH`. What cannot be fetched is `unreachable`, with
/// git's words.
pub fn fetch(repo: &Repo, remote: &str, wanted: &FetchTarget) -> Result<(), Refusal> {
    let names = match wanted {
        FetchTarget::Branch(branch) => vec![format!("refs/heads/{branch}")],
        FetchTarget::Commit(id) => vec![id.to_string()],
        FetchTarget::Branches => {
            let tips = heads(repo, remote, false)?.into_iter().map(|(_, id)| id);
            // A clone that cannot say what it has fails at the next read.
            let missing = tips.filter(|id| !repo.has_commit(id).unwrap_or(false));
            // By their hashes: what a remote calls its branches is not for a command line.
            let missing: BTreeSet<_> = missing.map(|id| id.to_string()).collect();
            missing.into_iter().collect()
        }
    };
    // It may come before the look that asks for a password.
    let errand = Errand::new(repo, remote, Purpose::Fetch, true);
    let mut some = names.chunks(AT_ONCE);
    some.try_for_each(|names| fetch_exactly(&errand, names))
}

fn fetch_exactly(errand: &Errand<'_>, names: &[String]) -> Result<(), Refusal> {
    let args = FETCH.split(' ').chain([errand.remote]).map(str::to_owned);
    let args: Vec<String> = args.chain(names.iter().cloned()).collect();
    let words = match errand.run(&args) {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(why) => why.words(),
    };
    // A remote without the branch has nothing to fetch.
    match means(&words, LineKind::NoRef) {
        true => Ok(()),
        false => Err(advice::unreachable(errand, &words)),
    }
}
