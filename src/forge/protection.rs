//! Reads how the main repository's forge protects a branch, before the first push to it.

use crate::core::decide::protection::Protection;
use crate::core::refusal::Report;
use crate::forge::place::Forge;
use crate::forge::rest::each;
use crate::forge::{forgejo, github, gitlab};

/// Returns the protection of each branch.
///
/// # Errors
/// If the forge cannot be asked at all; the inner error is for one branch.
pub fn look(forge: &Forge, branches: &[&str]) -> Result<Vec<Result<Protection, Report>>, Report> {
    Ok(match forge {
        Forge::GitHub(github, token, at) => {
            let rest = github.rest(at.rest.as_deref(), token)?;
            each(branches, |branch| {
                github::branches::protection(&rest, branch)
            })
        }
        Forge::GitLab(rest) => each(branches, |branch| gitlab::protection(rest, branch)),
        Forge::Forgejo(rest) => each(branches, |branch| forgejo::protection(rest, branch)),
    })
}
