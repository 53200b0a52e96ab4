//! Fetches a named commit that this clone lacks, from where it should be, and no more.

use std::collections::HashMap;

use crate::core::config::Environment;
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::words::{Branch, CommitId};
use crate::git::fetch::{FetchTarget, fetch, turn};
use crate::git::{Found, moved};
use crate::sources::{Look, first_push};

/// Everything fetched during this look, so that nothing is fetched twice.
pub(super) type Fetched = HashMap<(String, FetchTarget), Result<(), Refusal>>;

impl Look<'_> {
    /// Returns the main repository's observed branch after fetching its commit.
    pub fn main_at(
        &self,
        branch: Result<Branch, Refusal>,
    ) -> Result<Result<Branch, Refusal>, Stop> {
        let branch = branch.map_err(|refusal| moved::with_key(refusal, "repository.url"));
        if let Ok(Branch::At(id)) = &branch
            && !self.repo.has_commit(id)?
        {
            let main = &self.config.repository;
            // By its hash git need not request the branch again. Some hosts only send branches.
            let by_name = FetchTarget::Commit(id.clone());
            let by_branch = FetchTarget::Branch(main.branch.clone());
            let brought = in_turn(
                || self.repo.has_commit(id),
                || {
                    fetch(self.repo, &main.remote, &by_name)
                        .or_else(|_| fetch(self.repo, &main.remote, &by_branch))
                },
            )?;
            if let Err(refusal) = brought {
                return Ok(Err(refusal));
            }
        }
        Ok(branch.map_err(first_push::with_both_readings))
    }

    /// Fetches a commit if necessary. `fetched` has the earlier fetches; without it the id is enough.
    pub(super) fn bring(
        &self,
        environment: &Environment,
        id: CommitId,
        fetched: Option<&mut Fetched>,
    ) -> Result<Result<CommitId, Refusal>, Stop> {
        match fetched {
            Some(_) => self.bring_commit(environment, id.as_str(), fetched),
            None => Ok(Ok(id)),
        }
    }

    /// Resolves a hash, and fetches a missing commit: from the main repository, where it should be, then from the
    /// environment's remote. `fetched` has the earlier fetches; without it nothing is fetched.
    pub(super) fn bring_commit(
        &self,
        environment: &Environment,
        hash: &str,
        fetched: Option<&mut Fetched>,
    ) -> Result<Result<CommitId, Refusal>, Stop> {
        let mut trouble: Vec<(String, Refusal)> = Vec::new();
        let mut found = self.repo.resolve_hash(hash)?;
        let Some(fetched) = fetched else {
            return Ok(one_commit(environment, hash, found, trouble));
        };
        for (remote, wanted) in self.places(environment, hash) {
            if found != Found::Missing {
                break;
            }
            if trouble.iter().any(|(troubled, _)| *troubled == remote) {
                continue;
            }
            let brought = in_turn(
                || Ok(self.repo.resolve_hash(hash)? != Found::Missing),
                || {
                    let once = fetched.entry((remote.clone(), wanted.clone()));
                    once.or_insert_with(|| fetch(self.repo, &remote, &wanted))
                        .clone()
                },
            )?;
            // Not every host allows fetching a commit by its hash.
            if let (Err(refusal), FetchTarget::Branch(_) | FetchTarget::Branches) =
                (brought, &wanted)
            {
                trouble.push((remote, refusal));
            }
            found = self.repo.resolve_hash(hash)?;
        }
        Ok(one_commit(environment, hash, found, trouble))
    }

    /// Returns the most likely places first: the deployed branches, the commit by its hash, finally all branches.
    fn places(&self, environment: &Environment, hash: &str) -> Vec<(String, FetchTarget)> {
        let main = &self.config.repository;
        let remotes = [&main.remote, &environment.remote];
        let mut places: Vec<_> = (remotes.into_iter().cloned())
            .zip([&main.branch, &environment.branch].map(|name| FetchTarget::Branch(name.clone())))
            .collect();
        for remote in remotes {
            let commit = CommitId::parse(hash).map(FetchTarget::Commit);
            let rest = commit.into_iter().chain([FetchTarget::Branches]);
            places.extend(rest.map(|wanted| (remote.clone(), wanted)));
        }
        places
    }
}

/// Fetches after any other fetch has ended, and only a commit that it did not bring. After a failed fetch the commit
/// may still be here, from another program of this clone.
fn in_turn(
    here: impl Fn() -> Result<bool, Stop>,
    fetch: impl FnOnce() -> Result<(), Refusal>,
) -> Result<Result<(), Refusal>, Stop> {
    let _turn = turn();
    if here()? {
        return Ok(Ok(()));
    }
    match fetch() {
        Err(_) if here()? => Ok(Ok(())),
        fetched => Ok(fetched),
    }
}

fn one_commit(
    environment: &Environment,
    hash: &str,
    found: Found,
    trouble: Vec<(String, Refusal)>,
) -> Result<CommitId, Refusal> {
    let name = &environment.name;
    let short = hash.get(..12).unwrap_or(hash);
    let report = match found {
        Found::Commit(id) => return Ok(id),
        Found::Ambiguous(count) => Report::new(format!("{name}: the hash {short} is ambiguous"))
            .because(format!("{count} commits begin with it"))
            .hint(format!("make {name} report more digits of its commit")),
        Found::NotACommit(kind) => Report::new(format!("{name}: {short} is not a commit"))
            .because(format!("it is a {kind}"))
            .hint(format!(
                "make {name} report the commit that it was built from"
            )),
        Found::Missing => Report::new(format!(
            "{name} runs {short}, a commit that cannot be found"
        ))
        .because(match environment.is_branch {
            true => "it is not in the main repository",
            false => "it is neither in the main repository nor on the environment's own remote",
        })
        .hint("ask the person who deployed it to push it to the main repository"),
    };
    let report = trouble.into_iter().fold(report, |report, (_, why)| {
        let words = why.report.because.first().map_or("", String::as_str);
        report.because(format!("{}: {words}", why.report.error))
    });
    Err(report.refused(RefusalCode::UnknownCommit))
}
