//! What an environment ran before a deploy, as far as anybody knows. Pure.

use crate::core::config::DeployBy;
use crate::core::decide::Target;
use crate::core::record::State;
use crate::core::words::CommitId;

/// Returns what `target` ran before `commit`, from the first source that knows it: what it runs while that is another
/// commit, the proposal, the releases of a pipeline, the announcement, the record of the deploy.
pub fn ran_before<'r>(
    target: &'r Target<'_>,
    commit: &CommitId,
    state: Option<&'r State>,
) -> Option<&'r CommitId> {
    let name = &target.environment.name;
    let goal = state.and_then(|state| state.candidate_of(commit)?.goal(name));
    let open = state.and_then(|state| state.unended_to(name, commit));
    let deploy = state.and_then(|state| state.deploys.get(name));
    let deploy = deploy.filter(|deploy| deploy.commit == *commit);
    let sources = [
        target.observed.runs(),
        goal.and_then(|goal| goal.from.as_ref()),
        released_before(target, commit),
        open.and_then(|open| state?.ran_before(open, name)),
        deploy.and_then(|deploy| deploy.from.as_ref()),
    ];
    sources.into_iter().flatten().find(|from| *from != commit)
}

/// Returns what ran before a build that a pipeline brought, as its platform lists it: the branch may be at anything.
fn released_before<'t>(target: &'t Target<'_>, commit: &CommitId) -> Option<&'t CommitId> {
    if target.environment.deploy != DeployBy::Pipeline {
        return None;
    }
    let mut releases = target.observed.releases.iter().flatten().flatten();
    releases.find(|one| one.current)?;
    let before = releases.filter(|one| one.was_live());
    let mut before = before.filter_map(|one| one.commit.as_ref());
    before.find(|before| *before != commit)
}
