//! A person whom git, ssh or a credential helper asks for something: one question at a time for the whole program, once
//! for the whole run, and no secret on the screen. Where nobody is there, nobody is asked.

pub mod locale;
mod password;

use crate::promote::person;
use crate::support::{Deploy, Run, Terminal};

/// How often a text was on the screen.
pub fn count(run: &Run, text: &str) -> usize {
    run.stderr.matches(text).count()
}

/// Begins to promote at a terminal.
pub fn promotes(deploy: &Deploy) -> Terminal {
    person(deploy).terminal(&["promote", "--timeout", "20"])
}

/// Answers the plan's question, and sees the deploy to its end.
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
