//! Brings what somebody names and this clone lacks: from where it should be, and no more than that.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::core::config::Environment;
use crate::core::refusal::{Refusal, Stop};
use crate::core::words::{Branch, CommitId};
use crate::git::fetch::{FetchTarget, fetch};
use crate::git::{Found, moved};
use crate::sources::{Look, first_push, one_commit};

/// What has been fetched during this look, so that nothing is fetched twice.
pub(super) type Fetched = HashMap<(String, FetchTarget), Result<(), Refusal>>;

impl Look<'_> {
    /// The main repository's branch as it was asked for, with its commit here.
    pub fn main_at(
        &self,
        branch: Result<Branch, Refusal>,
    ) -> Result<Result<Branch, Refusal>, Stop> {
        let branch = branch.map_err(|refusal| moved::with_key(refusal, "repository.url"));
        if let Ok(Branch::At(id)) = &branch
            && !self.repo.has_commit(id)?
        {
            let main = &self.config.repository;
            let wanted = FetchTarget::Branch(main.branch.clone());
            let here = || self.repo.has_commit(id);
            if let Err(refusal) = in_turn(here, || fetch(self.repo, &main.remote, &wanted))? {
                return Ok(Err(refusal));
            }
        }
        Ok(branch.map_err(first_push::with_both_readings))
    }

    /// Resolves a hash to the one commit it names, fetching what is not here: from the main repository first, for there
    /// it should be, then from the environment's own remote, for commits that exist only there.
    pub(super) fn bring_commit(
        &self,
        environment: &Environment,
        hash: &str,
        fetched: &mut Fetched,
    ) -> Result<Result<CommitId, Refusal>, Stop> {
        let mut trouble: Vec<(String, Refusal)> = Vec::new();
        let mut found = self.repo.resolve_hash(hash)?;
        for (remote, wanted) in self.places(environment, hash) {
            if found != Found::Missing {
                break;
            }
            if trouble.iter().any(|(troubled, _)| *troubled == remote) {
                continue;
            }
            let by_name = matches!(wanted, FetchTarget::Commit(_));
            let here = || Ok(self.repo.resolve_hash(hash)? != Found::Missing);
            let brought = in_turn(here, || {
                let once = fetched.entry((remote.clone(), wanted));
                once.or_insert_with_key(|(remote, wanted)| fetch(self.repo, remote, wanted))
                    .clone()
            })?;
            // Not every host lets one ask for a commit by its name.
            trouble.extend(
                brought
                    .err()
                    .filter(|_| !by_name)
                    .map(|refusal| (remote, refusal)),
            );
            found = self.repo.resolve_hash(hash)?;
        }
        let trouble: Vec<Refusal> = trouble.into_iter().map(|(_, refusal)| refusal).collect();
        Ok(one_commit(environment, hash, found, &trouble))
    }

    /// Where a commit may come from, the likeliest place first: the branches that are deployed, the commit by its name,
    /// where that is known, and all else at last.
    fn places(&self, environment: &Environment, hash: &str) -> Vec<(String, FetchTarget)> {
        let main = &self.config.repository;
        let of = |remote: &String, wanted| (remote.clone(), wanted);
        let mut places = vec![
            of(&main.remote, FetchTarget::Branch(main.branch.clone())),
            of(
                &environment.remote,
                FetchTarget::Branch(environment.branch.clone()),
            ),
        ];
        for remote in [&main.remote, &environment.remote] {
            places.extend(CommitId::parse(hash).map(|id| of(remote, FetchTarget::Commit(id))));
            places.push(of(remote, FetchTarget::Branches));
        }
        places
    }
}

/// Fetches when no other fetch is under way, and only what that one did not bring. What is here after a fetch that failed
/// is here: another program of this clone may have brought it.
fn in_turn(
    here: impl Fn() -> Result<bool, Stop>,
    fetch: impl FnOnce() -> Result<(), Refusal>,
) -> Result<Result<(), Refusal>, Stop> {
    static FETCHING: Mutex<()> = Mutex::new(());
    let _turn = FETCHING.lock().unwrap_or_else(PoisonError::into_inner);
    if here()? {
        return Ok(Ok(()));
    }
    match fetch() {
        Err(_) if here()? => Ok(Ok(())),
        fetched => Ok(fetched),
    }
}
