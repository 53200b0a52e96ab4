//! What ran where by a record of signed events: an event by hand could hide a deploy past the tool. Pure.

use std::collections::HashSet;

use crate::core::record::{Kind, State, What};
use crate::core::words::CommitId;

#[derive(Clone, Debug, Default)]
pub struct Ran {
    there: HashSet<(String, CommitId)>,
    /// What proposals were to reach, and what they came from.
    targets: HashSet<String>,
    sources: HashSet<String>,
}

impl Ran {
    /// Why nothing can be staged where an event says so; `None`: it can.
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

    /// Where an event says that something was rolled back to a commit that nothing before it shows there.
    pub fn went_back_unseen<'e>(&self, what: &'e What) -> Option<&'e str> {
        let What::Deployed(it) = what else {
            return None;
        };
        let place = (it.environment.clone(), it.to.clone());
        let is_unseen = it.kind == Kind::Rollback && !self.there.contains(&place);
        is_unseen.then_some(it.environment.as_str())
    }

    /// Takes in an event that counts. What it says by itself of what ran before is believed only where nothing is known.
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
