//! What an environment ran before a deploy.

use crate::core::config::DeployBy;
use crate::core::decide::Target;
use crate::core::record::{Kind, State};
use crate::core::words::CommitId;
use crate::deploy::Deploy;

impl Deploy<'_> {
    /// Returns what ran before the commit, from the best source that knows.
    pub(super) fn came_from(
        &self,
        state: Option<&State>,
        target: &Target<'_>,
        commit: &CommitId,
    ) -> Option<CommitId> {
        let name = &target.environment.name;
        let goal = state.and_then(|state| state.candidate_of(commit)?.goal(name));
        let open = state.and_then(|state| state.deploying_to(name, commit));
        let seen_before = target.observed.runs().filter(|runs| *runs != commit);
        let from = seen_before
            .or_else(|| goal.and_then(|goal| goal.from.as_ref()))
            .or_else(|| self.ran_before(name))
            .or_else(|| released_before(target, commit))
            .or_else(|| open.and_then(|open| open.from(name)))
            .cloned();
        let from = from.or_else(|| self.notes().pushed_onto(name, commit));
        from.filter(|from| from != commit)
    }

    /// Returns what ran before an interrupted rollback. The branch in its announcement may differ from that.
    fn ran_before(&self, name: &str) -> Option<&CommitId> {
        let tells = self.tells.as_ref().map(|(_, tells)| tells);
        let mut targets = tells
            .filter(|_| self.kind() == Kind::Rollback)?
            .targets
            .iter();
        targets.find(|(target, _)| target == name)?.1.as_ref()
    }
}

/// Returns what ran before a pipeline's build, by the platform's list of releases: the branch may be anywhere.
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
