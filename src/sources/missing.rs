//! Brings what somebody names and this clone lacks: from where it should be, and no more than that.

use std::sync::{Mutex, PoisonError};

use crate::core::config::Environment;
use crate::core::refusal::{Refusal, Stop};
use crate::core::words::{Branch, CommitId};
use crate::git::fetch::{FetchTarget, fetch};
use crate::git::{Found, Repo, moved};
use crate::sources::{Look, first_push, one_commit};

impl Look<'_> {
    /// The main repository's branch as it was asked for, with its commit here.
    ///
    /// # Errors
    /// When this clone cannot be read; what the main repository does not tell is the inner error.
    pub fn main_at(
        &self,
        branch: Result<Branch, Refusal>,
    ) -> Result<Result<Branch, Refusal>, Stop> {
        let branch = branch.map_err(|refusal| moved::with_key(refusal, "repository.url"));
        if let Ok(Branch::At(id)) = &branch
            && !self.repo.has_commit(id)?
            && let Err(refusal) = self.bring_main(id)?
        {
            return Ok(Err(refusal));
        }
        Ok(branch.map_err(first_push::with_both_readings))
    }

    /// Brings the tip of the main repository's branch.
    fn bring_main(&self, id: &CommitId) -> Result<Result<(), Refusal>, Stop> {
        let main = &self.config.repository;
        let here = || self.repo.has_commit(id);
        in_turn(here, || {
            fetch(
                self.repo,
                &main.remote,
                &FetchTarget::Branch(main.branch.clone()),
            )
        })
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
            let here = || Ok(self.repo.resolve_hash(hash)? != Found::Missing);
            match in_turn(here, || fetched.once(self.repo, &remote, &wanted))? {
                // Not every host lets one ask for a commit by its name.
                Err(refusal) if !matches!(wanted, FetchTarget::Commit(_)) => {
                    trouble.push((remote, refusal))
                }
                _ => {}
            }
            found = self.repo.resolve_hash(hash)?;
        }
        let trouble: Vec<Refusal> = trouble.into_iter().map(|(_, refusal)| refusal).collect();
        Ok(one_commit(environment, hash, found, &trouble))
    }

    /// Where a commit may come from, the likeliest place first: the branches that are deployed, the commit by its name,
    /// where that is known, and all else at last.
    fn places(&self, environment: &Environment, hash: &str) -> Vec<(String, FetchTarget)> {
        let main = &self.config.repository;
        let mut places = vec![
            (
                main.remote.clone(),
                FetchTarget::Branch(main.branch.clone()),
            ),
            (
                environment.remote.clone(),
                FetchTarget::Branch(environment.branch.clone()),
            ),
        ];
        for remote in [&main.remote, &environment.remote] {
            places
                .extend(CommitId::parse(hash).map(|id| (remote.clone(), FetchTarget::Commit(id))));
            places.push((remote.clone(), FetchTarget::Branches));
        }
        places
    }
}

/// What has been fetched during this look, so that nothing is fetched twice.
#[derive(Default)]
pub(super) struct Fetched(Vec<(String, FetchTarget, Result<(), Refusal>)>);

impl Fetched {
    fn once(&mut self, repo: &Repo, remote: &str, wanted: &FetchTarget) -> Result<(), Refusal> {
        if let Some((.., result)) = self
            .0
            .iter()
            .find(|(name, what, _)| name == remote && what == wanted)
        {
            return result.clone();
        }
        let result = fetch(repo, remote, wanted);
        self.0
            .push((remote.to_owned(), wanted.clone(), result.clone()));
        result
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
    let fetched = fetch();
    Ok(if fetched.is_err() && here()? {
        Ok(())
    } else {
        fetched
    })
}
