//! The question before a deploy, on a real terminal (F-TTY-1): silence means no, and the state may change meanwhile.

use std::time::Duration;

use crate::promote::{deployed_once, person, ready};
use crate::sample::sample;
use crate::support::{Deploy, Page, Terminal, World};

const QUESTION: &str = "Type production to deploy: ";

/// Returns a terminal at the question.
#[track_caller]
fn asked(deploy: &Deploy) -> Terminal {
    let mut terminal = person(deploy).terminal(&["promote"]);
    terminal.sees("This will").sees(QUESTION);
    terminal
}

#[test]
fn the_name_deploys() {
    let deploy = ready(World::deploy_like());
    let before = deploy.snapshot();
    // Started through git, as by people.
    let mut terminal = deploy.runner().env("NO_COLOR", "1").terminal(&["promote"]);
    terminal
        .sees("3 commits ahead")
        .sees("This will")
        .sees(QUESTION)
        .types("productionn\x7f\r");
    terminal.sees("done: production runs");
    terminal.ends().ok();
    assert_eq!(deploy.snapshot(), deployed_once(&deploy, &before));
}

#[test]
fn the_plan_is_shown_before_the_question_even_to_those_who_want_quiet() {
    let deploy = ready(World::deploy_like());
    let mut terminal = person(&deploy).terminal(&["promote", "--quiet"]);
    terminal
        .sees("Fix malformed view variable")
        .sees("This will")
        .sees(QUESTION)
        .enters("");
    terminal.ends().exits(3);
}

#[test]
fn everything_but_the_name_is_a_no() {
    let deploy = ready(World::deploy_like().without_pages());
    let before = deploy.snapshot();
    let answers = [
        "",
        "y",
        "yes",
        "Y",
        "ja",
        "да",
        "staging",
        "Production",
        "PRODUCTION",
        "prod",
        "production!",
        "production production",
        "pro duction",
        "\"production\"",
        "ｐroduction",
    ];
    for answer in answers {
        let mut terminal = asked(&deploy);
        terminal.enters(answer);
        terminal
            .ends()
            .exits(3)
            .says("not deployed; no environment was changed");
        assert_eq!(deploy.snapshot(), before, "after {answer:?}");
    }
}

#[test]
fn ctrl_c_and_the_end_of_input_are_a_no() {
    let deploy = ready(World::deploy_like().without_pages());
    let before = deploy.snapshot();
    for keys in sample(2, ["\x03", "\x04", "production\x03", "production\x04"]) {
        for through_git in [false, true] {
            let runner = deploy.runner();
            let mut terminal = if through_git {
                runner
            } else {
                runner.directly()
            }
            .terminal(&["promote"]);
            terminal.sees(QUESTION);
            // Key by key, like a person: a program that reads single keys must not lose the last one.
            for key in keys.chars() {
                terminal.types(&key.to_string());
                if !key.is_control() {
                    terminal.sees(&key.to_string());
                }
            }
            terminal
                .ends()
                .exits(3)
                .says("not deployed; no environment was changed");
            assert_eq!(deploy.snapshot(), before, "after {keys:?}");
        }
    }
}

#[test]
fn a_terminal_that_goes_away_is_a_no() {
    let deploy = ready(World::deploy_like().without_pages());
    let before = deploy.snapshot();
    let mut terminal = asked(&deploy);
    terminal.types("production").closes();
    assert_ne!(terminal.ends().code, 0);
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn what_was_typed_before_the_question_is_no_answer() {
    let deploy = ready(World::deploy_like());
    let before = deploy.snapshot();
    let looked = deploy.web.asked_for("/production").len();
    deploy.web.set(
        "/production",
        Page::commit(deploy.nth(2)).after(Duration::from_millis(300)),
    );
    let mut terminal = person(&deploy).terminal(&["promote"]);
    deploy.web.is_asked_for("/production", looked + 1);
    terminal.enters("production").sees(QUESTION).ctrl_d();
    terminal.ends().exits(3);
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_yes_to_the_wrong_commit_is_refused_before_the_question() {
    let deploy = ready(World::deploy_like());
    let terminal = person(&deploy).terminal(&["promote", "--commit", deploy.nth(6)]);
    terminal
        .ends()
        .exits(1)
        .never_shows(QUESTION)
        .says("--commit names the only commit that may ship");
}

// F-PUSH-6: between the plan and the push
#[test]
fn what_moves_while_the_question_is_open_stops_the_push() {
    type Move = fn(&Deploy);
    let moves: [(&str, &str, Move); 4] = [
        (
            "staging changed after the plan was shown",
            "its running commit was",
            |deploy| deploy.colleague_pushes(&deploy.staging, deploy.nth(6)),
        ),
        (
            "production changed after the plan was shown",
            "its running commit was",
            |deploy| {
                deploy.colleague_pushes(&deploy.production, deploy.nth(3));
            },
        ),
        // The page does not show this; the lease of the push does.
        (
            "production was moved",
            "the host accepted no part of this push",
            |deploy| {
                deploy.web.set("/production", Page::commit(deploy.nth(2)));
                deploy.colleague_pushes(&deploy.production, deploy.nth(4));
            },
        ),
        ("staging: its page answers 500", "", |deploy| {
            deploy.web.set("/staging", Page::body("").status(500))
        }),
    ];
    for (words, why, happens) in moves {
        let deploy = ready(World::deploy_like());
        let mut terminal = asked(&deploy);
        happens(&deploy);
        let before = deploy.snapshot();
        terminal.enters("production");
        terminal
            .ends()
            .exits(1)
            .says(words)
            .says(why)
            .says("hint: ");
        assert_eq!(deploy.snapshot(), before, "after {words}");
    }
}

#[test]
fn a_branch_rewritten_behind_an_unchanged_page_is_not_pushed_over() {
    let deploy = ready(World::deploy_like());
    let mut terminal = asked(&deploy);
    deploy.git(
        &deploy.production,
        &["update-ref", "refs/heads/master", deploy.nth(1)],
    );
    let before = deploy.snapshot();
    terminal.enters("production");
    terminal
        .ends()
        .exits(1)
        .says("production was moved to")
        .says("the host accepted no part of this push");
    assert_eq!(deploy.snapshot(), before);
}
