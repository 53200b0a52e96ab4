//! What to do about a deploy that is announced and has no end on record.

use crate::core::decide::next::{Situation, run, smp};
use crate::core::record::{Deploying, Kind};
use crate::core::typed::{Hint, Typed};

impl Situation<'_> {
    pub(super) fn of_deploying(&self, open: &Deploying) -> Hint {
        let at = self.seen(&open.environment).and_then(|one| one.reference());
        let landed = at.is_some() && at != open.from.as_ref();
        match open.command() {
            _ if self.seen.is_empty() => smp("status"),
            Some(again) if open.failed.is_some() => self.of_failed(open, again),
            Some(command) if self.is_ours || landed => run(command),
            Some(command) => {
                let take_over = command.option("--take-over", open.id.as_str());
                let wait = smp("status").and("that deploy must finish first");
                wait.and(Hint::run("only if that run ended without a result", take_over))
            }
            None => smp("setup").and(format!(
                "the deploy in progress is to {}, which this smp.toml does not name: first get the team's current smp.toml",
                open.environment
            )),
        }
    }

    /// A check failed after it arrived: to check once more alone would go round.
    fn of_failed(&self, open: &Deploying, again: Typed) -> Hint {
        let next = match open.kind {
            Kind::Promote => {
                let candidate = self.state().and_then(|state| state.candidate_of(&open.to));
                let goal = candidate.and_then(|one| one.goal(&open.environment));
                let before = goal.and_then(|goal| goal.from.as_ref());
                let before = before
                    .or(open.from.as_ref())
                    .filter(|from| **from != open.to);
                let back = Typed::smp("rollback").arg(&open.environment);
                run(match before {
                    Some(before) => back.option("--to", before.short()),
                    None => back,
                })
            }
            Kind::Stage => Hint::run("correct the problem, then", Typed::smp("stage")),
            Kind::Fix => Hint::run("correct the problem, then", Typed::smp("stage --fix")),
            Kind::Rollback => return run(again),
        };
        next.and(Hint::run("if the site works by now, check again", again))
    }
}
