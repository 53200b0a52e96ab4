//! `git smp postpone`: the candidate is closed, and staging is free again.

use crate::promote::person;
use crate::record::{
    events, is_harmless, next, proposed, proposed_on, recorded, recorded_like, sentences, short,
    trailer,
};
use crate::support::{Page, World, topologies};

#[test]
fn it_closes_the_candidate_with_a_reason_and_lifts_the_freeze() {
    for topology in topologies() {
        let deploy = proposed_on(topology);
        deploy.smp(&["signoff"]).ok();
        let run = deploy.smp(&["postpone", "--yes", "--reason", " login is broken "]);
        let c = short(deploy.nth(5));
        run.ok()
            .prints_among("was postponed for production")
            .says(&format!(
                "the candidate is {c}, proposed by Ada Example at "
            ));
        run.says(&format!("{c} is postponed; staging is no longer frozen\n"));
        assert_eq!(
            sentences(&deploy).last(),
            Some(&format!("Ada Example postponed {c}: login is broken"))
        );
        assert_eq!(trailer(&deploy, "Smp-Why"), "login is broken");
        deploy
            .smp(&["status"])
            .ok()
            .never_shows("frozen")
            .never_shows("candidate")
            .never_shows("signed off");
        assert_eq!(next(&deploy), "git smp propose");
        deploy.smp(&["stage", "--yes"]).ok();
        // An earlier sign-off does not count for a new proposal.
        deploy.smp(&["propose", "--yes"]).ok();
        assert_eq!(next(&deploy), "git smp signoff");
    }
}

#[test]
fn a_second_run_has_nothing_to_postpone() {
    let deploy = recorded();
    for args in [
        &["postpone"][..],
        &["postpone", "--yes"],
        &["postpone", "--yes", "--reason", "x"],
    ] {
        deploy
            .smp(args)
            .ok()
            .prints("")
            .says("there is no candidate: nothing to postpone\n");
    }
    assert_eq!(deploy.smp(&["postpone", "-q"]).ok().stderr, "");
    assert_eq!(events(&deploy), Vec::<String>::new());
}

#[test]
fn a_yes_needs_no_reason() {
    let deploy = proposed();
    let run = deploy.smp(&["postpone", "--yes"]);
    let c = short(deploy.nth(5));
    run.ok()
        .prints_among("staging is free for deploys again.\n")
        .says(&format!("{c} is postponed; staging is no longer frozen\n"));
    assert_eq!(
        sentences(&deploy).last(),
        Some(&format!("Ada Example postponed {c}"))
    );
    assert_eq!(trailer(&deploy, "Smp-Why"), "");
    assert_eq!(next(&deploy), "git smp propose");
}

#[test]
fn without_a_terminal_it_takes_a_yes() {
    let deploy = proposed();
    let before = deploy.snapshot();
    deploy
        .smp(&["postpone", "--yes", "--reason", "..."])
        .exits(2)
        .says("error: the text of --reason is only dots\n")
        .says("hint: replace the dots with your text: git smp postpone --yes --reason '...'\n");
    deploy
        .runner()
        .stdin("because\ny\n")
        .smp(&["postpone"])
        .exits(1)
        .says("error: this needs a confirmation, and there is no terminal")
        .says("hint: if the answer is yes: git smp postpone --yes\n");
    let run = deploy
        .runner()
        .stdin("y\n")
        .smp(&["postpone", "--reason", "it's late"]);
    run.exits(1)
        .says("error: this needs a confirmation, and there is no terminal")
        .says("lifts the freeze for everyone");
    run.says("hint: if the answer is yes: git smp postpone --yes --reason 'it'\\''s late'\n");
    assert_eq!(deploy.snapshot(), before);
    // The command in the hint works.
    let hint = run.stderr.rsplit("yes: ").next().unwrap().trim().to_owned();
    deploy.runner().program("sh", &["-c", &hint]).ok();
    assert_eq!(trailer(&deploy, "Smp-Why"), "it's late");
}

#[test]
fn a_reason_that_nobody_could_read_is_a_wrong_command_line() {
    let deploy = proposed();
    let before = deploy.snapshot();
    let run = deploy.smp(&["postpone", "--yes", "--reason", "a\u{1b}[2Jb"]);
    run.exits(2).says("error: the text of --reason ");
    is_harmless(&run);
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn at_the_terminal_it_asks_for_the_reason_and_then_for_a_yes() {
    let deploy = proposed();
    let before = deploy.snapshot();
    let question = format!(
        "Postpone {} and lift the freeze on staging? [y/N] ",
        short(deploy.nth(5))
    );
    let mut terminal = person(&deploy).terminal(&["postpone"]);
    terminal
        .sees("the candidate is ")
        .sees("Reason for the postponement")
        .enters("");
    terminal
        .ends()
        .exits(3)
        .says("not postponed; nothing was changed");
    for keys in ["n\r", "\u{4}"] {
        let mut terminal = person(&deploy).terminal(&["postpone", "-q", "--reason", "late"]);
        terminal.sees(&question).types(keys);
        terminal.ends().exits(3);
    }
    assert_eq!(deploy.snapshot(), before);
    let mut terminal = person(&deploy).terminal(&["postpone"]);
    terminal
        .sees("Reason for the postponement")
        .enters("login is broken")
        .sees(&question)
        .enters("y")
        .sees("is postponed");
    terminal.ends().ok();
    assert_eq!(trailer(&deploy, "Smp-Why"), "login is broken");
}

#[test]
fn a_candidate_that_was_fixed_while_the_question_was_open_is_looked_at_again() {
    let deploy = proposed();
    let mut terminal = person(&deploy).terminal(&["postpone", "--reason", "late"]);
    terminal.sees("[y/N] ");
    deploy.smp(&["stage", "--fix", "--yes"]).ok();
    let before = deploy.snapshot();
    terminal.enters("y");
    terminal
        .ends()
        .exits(1)
        .says("the record changed meanwhile; nothing was postponed")
        .says("git smp status");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_deploy_whose_end_nobody_saw_is_given_up_by_a_person_alone() {
    let deploy = recorded_like(World::deploy_like());
    deploy.smp(&["propose", "--yes"]).ok();
    deploy.smp(&["signoff"]).ok();
    deploy.web.set("/production", Page::commit(deploy.nth(2)));
    deploy
        .smp(&[
            "promote",
            "--yes",
            "--commit",
            deploy.nth(5),
            "--timeout",
            "1",
        ])
        .exits(4);
    let before = deploy.snapshot();
    let run = deploy.smp(&["postpone", "--yes", "--reason", "x"]);
    run.exits(1)
        .says("error: Ada Example began to promote ")
        .says("postponing would not stop it")
        .says("hint: ");
    assert_eq!(deploy.snapshot(), before);
    let mut terminal =
        person(&deploy).terminal(&["postpone", "-q", "--reason", "the release hangs"]);
    terminal
        .sees("warning: Ada Example began to promote ")
        .sees("[y/N] ")
        .enters("y");
    terminal.ends().ok();
    assert_eq!(events(&deploy)[3..], ["promoting", "postponed"]);
    let json = deploy.smp(&["status", "--json"]).ok().json();
    assert_eq!(
        (&json["frozen"], &json["deploying"]),
        (&serde_json::json!(false), &serde_json::Value::Null)
    );
}
