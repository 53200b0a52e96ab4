//! Questions of git, ssh or a credential helper to a person: one at a time for the whole program, once in a run,
//! without a secret on the screen. Without a person nobody is asked.

pub mod locale;
mod password;

use crate::promote::person;
use crate::support::{Deploy, Run, Terminal};

/// Returns how often a text was on the screen.
pub fn count(run: &Run, text: &str) -> usize {
    run.stderr.matches(text).count()
}

/// Begins a promotion at a terminal.
pub fn promotes(deploy: &Deploy) -> Terminal {
    person(deploy).terminal(&["promote", "--timeout", "20"])
}

/// Answers the plan's question, and waits for the end of the deploy.
#[track_caller]
pub fn deploys(mut terminal: Terminal) -> Run {
    terminal
        .sees("Type production to deploy: ")
        .enters("production")
        .sees("done: production runs");
    let run = terminal.ends();
    run.ok();
    run
}
