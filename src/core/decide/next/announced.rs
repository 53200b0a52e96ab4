//! Decides what to do about an announced deploy whose end is not recorded.

use crate::core::decide::next::{ONLY, Situation, run, smp};
use crate::core::record::{Deploying, Kind, State};
use crate::core::typed::{Hint, Typed};

const MUST_FINISH: &str = "that deploy must finish first";

impl Situation<'_> {
    /// Returns whether a promotion is not live yet, and its source runs another commit by now: nothing resumes it.
    fn waits(&self, open: &Deploying) -> bool {
        let target = self.config.environment(&open.environment).ok();
        let source = target.and_then(|target| self.config.source_of(target));
        let has_left = source.is_some_and(|source| self.runs(&source.name) != Some(&open.to));
        let runs = self.runs(&open.environment) == Some(&open.to);
        open.kind == Kind::Promote && has_left && !runs
    }

    pub(super) fn of_deploying(&self, open: &Deploying) -> Hint {
        let at = self.seen(&open.environment).and_then(|one| one.reference());
        let landed = at.is_some() && at != open.from.as_ref();
        match open.command() {
            _ if self.seen.is_empty() => smp("status"),
            Some(again) if open.failed.is_some() => after_failure(self.state(), open, again),
            Some(command) if landed && self.waits(open) => smp("status")
                .and(MUST_FINISH)
                .and(Hint::run("or, if its build failed", command)),
            Some(command) if self.is_ours || landed => run(command),
            Some(own) => {
                let successor = self.state().and_then(|state| state.successor_of(open));
                let command = successor.unwrap_or(own);
                let take_over = command.option("--take-over", open.id.as_str());
                let wait = smp("status").and(MUST_FINISH);
                wait.and(Hint::run(ONLY, take_over))
            }
            None => smp("setup").and(format!(
                "a deploy to {} is in progress, and this clone's configuration does not name that environment; first get the team's current configuration",
                open.environment
            )),
        }
    }
}

/// Returns what to do after a failed check of a deploy that arrived: repeating the check alone would not help.
pub fn after_failure(state: Option<&State>, open: &Deploying, again: Typed) -> Hint {
    let once_more = Hint::run("if the site works by now, check again", again.clone());
    let next = match open.kind {
        Kind::Promote => {
            let candidate = state.and_then(|state| state.candidate_of(&open.to));
            let goal = candidate.and_then(|one| one.goal(&open.environment));
            let before = goal.and_then(|goal| goal.from.as_ref());
            let before = before
                .or(open.from.as_ref())
                .filter(|from| **from != open.to);
            let back = Typed::smp("rollback").arg(&open.environment);
            let back = run(match before {
                Some(before) => back.option("--to", before.short()),
                None => back,
            });
            if candidate.is_some() {
                let close = "to ship a correction, first close the candidate";
                let close = Hint::run(close, Typed::smp("postpone"));
                return back.and(once_more).and(close);
            }
            back
        }
        Kind::Stage => Hint::run("correct the problem, then", Typed::smp("stage")),
        Kind::Fix => Hint::run("correct the problem, then", Typed::smp("stage --fix")),
        Kind::Rollback => return run(again),
    };
    next.and(once_more)
}
