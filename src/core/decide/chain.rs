//! Takes a candidate through a chain step by step, from the environment where it was tested.

use crate::core::decide::next::{promote, propose_again};
use crate::core::record::Candidate;
use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::typed::Typed;
use crate::core::words::SMP_TOML;

impl Candidate {
    /// Refuses a step that no chain in `smp.toml` leads to, and a step whose source was not promoted yet.
    pub(super) fn in_turn(&self, source: &str, target: &str) -> Result<(), Refusal> {
        let (short, place) = (self.commit.short(), &self.environment);
        if self.goal(target).is_some_and(|goal| goal.astray) {
            let error = format!("{short} was not proposed for this step");
            return Err(Refusal::new(RefusalCode::TargetMoved, error)
                .because(format!("it was proposed from {place}"))
                .because(format!(
                    "in {SMP_TOML} no chain of `promotes` leads from {place} to {target}"
                ))
                .hint(propose_again()));
        }
        if self.goal(source).is_none_or(|goal| goal.reached) {
            return Ok(());
        }
        let error = format!("{short} was not promoted to {source} yet");
        Err(Refusal::new(RefusalCode::CandidateMoved, error)
            .because(format!(
                "{source} runs it, but the record has no promotion there"
            ))
            .because(format!("{target} comes after {source}"))
            .run("record it there first", promote(source))
            .run("or close the candidate", Typed::smp("postpone")))
    }
}
