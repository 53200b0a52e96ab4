//! A person whom git, ssh or a credential helper asks for something: one question at a time for the whole program, once
//! for the whole run, and no secret on the screen. Where nobody is there, nobody is asked.

mod locale;
mod passphrase;
mod password;

use std::time::{Duration, Instant};

use crate::promote::person;
use crate::support::{Deploy, PATIENCE, Run, Terminal};

/// How often a text was on the screen.
fn count(run: &Run, text: &str) -> usize {
    run.stderr.matches(text).count()
}

/// Begins to promote at a terminal.
fn promotes(deploy: &Deploy) -> Terminal {
    person(deploy).terminal(&["promote", "--timeout", "20"])
}

/// Answers the plan's question, and sees the deploy to its end.
#[track_caller]
fn deploys(mut terminal: Terminal) -> Run {
    terminal
        .sees("Type production to deploy: ")
        .enters("production")
        .sees("done: production runs");
    let run = terminal.ends();
    run.ok();
    run
}

/// Nothing that this program made for a run is left behind, however it ended.
#[track_caller]
fn leaves_nothing_behind(deploy: &Deploy) {
    let left = || -> Vec<_> {
        let entries = std::fs::read_dir(deploy.path("tmp")).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    };
    let deadline = Instant::now() + PATIENCE;
    while !left().is_empty() {
        assert!(Instant::now() < deadline, "{:?}", left());
        std::thread::sleep(Duration::from_millis(20));
    }
}
