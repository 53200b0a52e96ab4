//! The commits that ran in each environment, from signed events: another event could hide a deploy outside git smp.
//! Pure.

use std::collections::HashSet;

use crate::core::record::{Kind, State, What};
use crate::core::words::CommitId;

#[derive(Clone, Debug, Default)]
pub struct Ran {
    there: HashSet<(String, CommitId)>,
    /// The targets and the sources of proposals.
    targets: HashSet<String>,
    sources: HashSet<String>,
}

impl Ran {
    /// Returns why an event that stages a commit is invalid; `None` if it is valid.
    pub fn fault(&self, what: &What) -> Option<String> {
        let (kind, name) = match what {
            What::Deploying(it) => (it.kind, &it.environment),
            What::Deployed(it) => (it.kind, &it.environment),
            _ => return None,
        };
        let is_target = self.targets.contains(name) && !self.sources.contains(name);
        (kind == Kind::Stage && is_target)
            .then(|| format!("commits are promoted to {name}, and not staged there"))
    }

    /// Returns the environment of a rollback to a commit that no earlier event shows there.
    pub fn went_back_unseen<'e>(&self, what: &'e What) -> Option<&'e str> {
        let What::Deployed(it) = what else {
            return None;
        };
        let place = (it.environment.clone(), it.to.clone());
        let is_unseen = it.kind == Kind::Rollback && !self.there.contains(&place);
        is_unseen.then_some(it.environment.as_str())
    }

    /// Adds a counting event. Its claim about the earlier commit counts only if the record knows none.
    pub fn take(&mut self, what: &What, (before, after): (&State, &State)) {
        match what {
            What::Proposed(it) => {
                self.sources.insert(it.environment.clone());
                for (name, _) in &it.targets {
                    self.targets.insert(name.clone());
                    self.knows(name, after);
                }
                self.knows(&it.environment, after);
            }
            What::Deployed(it) => {
                let name = &it.environment;
                let from = it.from.clone().filter(|_| before.known(name).is_none());
                let from = from.map(|from| (name.clone(), from));
                self.there.extend(from);
                self.knows(name, after);
            }
            What::Observed(it) => self.knows(&it.environment, after),
            _ => {}
        }
    }

    fn knows(&mut self, name: &str, state: &State) {
        let known = state.known(name);
        let known = known.map(|(commit, _)| (name.to_owned(), commit.clone()));
        self.there.extend(known);
    }
}
