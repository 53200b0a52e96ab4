//! The posts of earlier deploys that are sent with a promotion.

use crate::core::decide::{Plan, Step};
use crate::core::record::{Deploying, Kind, State};
use crate::core::refusal::Refusal;
use crate::deploy::Deploy;

impl Deploy<'_> {
    /// Returns the promotions without a recorded end that this one contains.
    pub(super) fn contained<'s>(&self, state: &'s State, plan: &Plan) -> Vec<&'s Deploying> {
        let targets = self.targets.iter().filter(|_| self.kind() == Kind::Promote);
        let contained = targets.filter_map(|one| {
            let name = &one.environment.name;
            let from = match plan.steps.iter().any(|step| step.begins(name)) {
                true => one.observed.reference(),
                false => {
                    let open = state.unended_to(name, &plan.commit);
                    open.filter(|open| open.kind == Kind::Promote)?.from(name)
                }
            };
            Some(state.contained(from, name))
        });
        contained.flatten().collect()
    }

    /// Returns the deploys without a recorded end whose posts are sent with this promotion: those that it records first,
    /// and those that it contains.
    pub fn carried(&self, plan: &Plan) -> Result<Vec<Deploying>, Refusal> {
        let Some(recorded) = self.recorded()?.filter(|_| !plan.steps.is_empty()) else {
            return Ok(Vec::new());
        };
        let mut ends = self.ends_of_others(&recorded, Some(&plan.commit));
        // A run that announces nothing records only its own deploy, and the team is told of no other kind.
        let begins = plan.steps.iter().any(Step::begins_one);
        ends.retain(|(open, _)| begins && matches!(open.kind, Kind::Promote | Kind::Rollback));
        let mut carried: Vec<Deploying> = Vec::new();
        for (open, _) in &ends {
            // The last of its environments makes its post.
            let of_it = ends.iter().filter(|(one, _)| one.id == open.id);
            let is_whole = of_it.count() == open.places().count();
            if is_whole && !carried.iter().any(|one| one.id == open.id) {
                carried.push((*open).clone());
            }
        }
        let contained = self.contained(recorded.state, plan).into_iter();
        let contained = contained.filter(|open| ends.iter().all(|(one, _)| one.id != open.id));
        carried.extend(contained.cloned());
        Ok(carried)
    }
}
