//! Environments that are branches of the main repository: one request reads them all.

use std::sync::OnceLock;

use crate::core::config::Environment;
use crate::core::decide::some_of;
use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::words::Branch;
use crate::git::{moved, remote};
use crate::sources::{Look, first_push};

/// The branches that the first user reads with one request.
pub struct BranchesOfMain<'e> {
    names: Vec<&'e str>,
    told: OnceLock<Result<Vec<Branch>, Refusal>>,
}

impl<'e> BranchesOfMain<'e> {
    pub fn of(environments: impl IntoIterator<Item = &'e Environment>) -> Self {
        let branches = environments.into_iter().filter(|one| one.is_branch);
        Self {
            names: branches.map(|one| one.branch.as_str()).collect(),
            told: OnceLock::new(),
        }
    }

    pub fn at(
        &self,
        look: &Look<'_>,
        environment: &Environment,
        may_ask: bool,
    ) -> Result<Branch, Refusal> {
        let (remote, names) = (&environment.remote, &self.names);
        let told = (self.told).get_or_init(|| remote::branches(look.repo, remote, names, may_ask));
        let told = told.as_ref().map_err(|refusal| {
            first_push::with_both_readings(moved::with_key(refusal.clone(), "repository.url"))
        })?;
        let mut each = names.iter().zip(told);
        let found = each.find(|(name, _)| **name == environment.branch);
        let error = || {
            let error = format!("git smp did not ask for the branch of {}", environment.name);
            Refusal::new(RefusalCode::Unreachable, error)
        };
        Ok(match found.ok_or_else(error)?.1 {
            Branch::Missing(others) if look.first => Branch::NoApp(some_of(others)),
            branch => branch.clone(),
        })
    }
}
