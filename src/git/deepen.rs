//! Fetches the history that a shallow clone lacks, because git compares wrongly with a part of the history.

use crate::core::refusal::Refusal;
use crate::git::address::Purpose;
use crate::git::network::Errand;
use crate::git::{Repo, advice};

/// Changes no branch, no tag, no remote-tracking branch, and no `FETCH_HEAD`.
const FETCH: &str = "-c gc.auto=0 -c maintenance.auto=false fetch --unshallow --quiet --no-tags --no-write-fetch-head \
    --no-recurse-submodules --no-prune --refmap= --no-write-commit-graph --";

/// Runs `git fetch --unshallow REMOTE refs/heads/BRANCH`. If the remote itself is shallow, this clone stays shallow.
pub fn deepen(repo: &Repo, remote: &str, branch: &str, may_ask: bool) -> Result<(), Refusal> {
    let errand = Errand::new(repo, remote, Purpose::Fetch, may_ask);
    let branch = format!("refs/heads/{branch}");
    let args = FETCH.split(' ').chain([remote, &branch]).map(str::to_owned);
    let fetched = errand.succeed(&args.collect::<Vec<_>>()).map(drop);
    fetched.map_err(|words| advice::unreachable(&errand, &words))
}
