//! Hints are commands to paste: complete, and last on their line.

use super::*;

/// Returns the commands at the end of a run's hints.
#[track_caller]
pub fn hinted(stderr: &str) -> Vec<String> {
    let hints = stderr
        .lines()
        .filter_map(|line| line.strip_prefix("hint: "));
    hints
        .filter_map(|hint| hint.find("git ").map(|at| hint[at..].to_owned()))
        .collect()
}

/// Renames `smp.toml` and agrees to it.
#[track_caller]
fn elsewhere(deploy: &Deploy) {
    std::fs::rename(
        deploy.work.join("smp.toml"),
        deploy.work.join("our config.toml"),
    )
    .unwrap();
}

#[test]
fn what_was_given_is_given_again_and_can_be_pasted() {
    let deploy = recorded();
    elsewhere(&deploy);
    let config = ["--config", "our config.toml"];
    // A note of two lines, with characters that a shell would interpret.
    let note = "It's \"new\"\n$(touch canary) \\ `x`";
    let run = deploy.smp(&[&config[..], &["propose", "--note", note]].concat());
    let commands = hinted(&run.exits(1).stderr);
    let expected = "git smp --config 'our config.toml' propose --yes --note \
                    $'It\\'s \"new\"\\n$(touch canary) \\\\ `x`'";
    assert_eq!(commands, [expected]);
    let pasted = |command: &str| deploy.runner().program("bash", &["-c", command]);
    pasted(&commands[0]).ok();
    assert!(!deploy.work.join("canary").exists());
    let chain = deploy.chain();
    assert_eq!(chain.state["candidate"]["note"], note);
    let blocked = deploy.smp(
        &[
            &config[..],
            &["promote", "--summary", "- It's new; all of it", "--again"],
        ]
        .concat(),
    );
    assert_eq!(
        hinted(&blocked.exits(1).stderr),
        ["git smp --config 'our config.toml' signoff"]
    );
    deploy
        .smp(&[&config[..], &["signoff", "--by", "Rosi"]].concat())
        .ok();
    let run = deploy.smp(
        &[
            &config[..],
            &["promote", "--summary", "- It's new; all of it", "--again"],
        ]
        .concat(),
    );
    let expected = format!(
        "git smp --config 'our config.toml' promote --again --yes --commit {} --summary='- It'\\''s new; all of it'",
        deploy.nth(5)
    );
    assert_eq!(
        hinted(&run.exits(1).says("there is no terminal").stderr),
        std::slice::from_ref(&expected)
    );
    pasted(&expected)
        .ok()
        .says("done: production runs")
        .prints_among("- It's new; all of it\n");
}

#[test]
fn a_message_about_the_configuration_names_the_file_that_was_read() {
    let deploy = World::deploy_like().ready();
    let (own, named) = (deploy.work.join("smp.toml"), "deploy/smp.prod.toml");
    let sound = deploy.toml();
    let record = "\n[record]\nsignoff = true\n";
    let rows: [(&str, &[&str], &str); 8] = [
        ("", &["propose"], "needs the shared record, and {} has no"),
        ("", &["signoff"], "hint: add the line [record] to {}, then:"),
        ("", &["history", "--verify"], "because: {} has no"),
        ("", &["promote", "nosuch"], "error: {} has no environment"),
        ("\n[typo]\n", &["status"], "error: {}:"),
        (record, &["status"], "error: {} changed since"),
        (record, &["setup", "--check"], "{} changed since"),
        (
            record,
            &["promote", "-n"],
            "because: record.signoff in {} requires",
        ),
    ];
    for (more, args, says) in rows {
        deploy.write_toml(&format!("{sound}{more}"));
        std::fs::create_dir_all(deploy.work.join("deploy")).unwrap();
        std::fs::copy(&own, deploy.work.join(named)).unwrap();
        // An agreement is about the values, wherever they are written.
        if says.starts_with("because: record.signoff") {
            deploy.agree();
        }
        let run = deploy.smp(args);
        run.says(&says.replace("{}", "smp.toml"));
        let run = deploy.smp(&[&["--config", named], args].concat());
        run.says(&says.replace("{}", named)).never_shows("smp.toml");
        let by_variable = deploy.runner().env("GIT_SMP_CONFIG", named);
        let run = by_variable.smp(args);
        run.says(&says.replace("{}", named)).never_shows("smp.toml");
    }
}

#[test]
fn what_comes_next_is_one_command_with_the_configuration_that_was_named() {
    let deploy = recorded();
    elsewhere(&deploy);
    let config = ["--config", "our config.toml"];
    let next = |args: &[&str]| {
        let out = deploy.smp(&[&config[..], args].concat()).ok().out();
        out.lines().last().unwrap().to_owned()
    };
    assert_eq!(
        next(&["status"]),
        "next: git smp --config 'our config.toml' propose"
    );
    let run = deploy.smp(&[&config[..], &["propose", "--yes"]].concat());
    run.ok()
        .says("next, after testing: git smp --config 'our config.toml' signoff\n");
    assert_eq!(
        next(&["status"]),
        "next: git smp --config 'our config.toml' signoff"
    );
    let run = deploy.smp(&[&config[..], &["signoff", "--by", "Rosi"]].concat());
    run.ok()
        .says("next: git smp --config 'our config.toml' promote\n");
    // With the variable the hint needs no option.
    let named = deploy.runner().env("GIT_SMP_CONFIG", "our config.toml");
    assert!(
        named
            .smp(&["status"])
            .ok()
            .out()
            .ends_with("next: git smp promote\n")
    );
}

#[test]
fn how_long_to_wait_and_a_text_from_standard_input_are_given_again() {
    let deploy = recorded();
    let run = deploy.smp(&["stage", "--timeout", "33"]);
    assert_eq!(
        hinted(&run.exits(1).stderr),
        ["git smp stage --yes --timeout 33"]
    );
    posts(&deploy, &["propose", "--yes"]).ok();
    deploy.smp(&["signoff"]).ok();
    let text = deploy.runner().stdin(b"Maps are faster.");
    let run = text.smp(&["promote", "-F", "-", "--timeout", "33"]);
    let commit = deploy.master(&deploy.staging);
    assert_eq!(
        hinted(&run.exits(1).stderr),
        [format!(
            "git smp promote --yes --commit {commit} -F - --timeout 33"
        )]
    );
}

#[test]
fn every_hint_has_its_command_at_the_end_of_its_line() {
    let deploy = proposed();
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    for args in [
        &["promote", "-n"][..],
        &["stage", "--yes"],
        &["propose", "--note", "again"],
        &["rollback", "-n"],
        &["signoff"],
        &["postpone"],
        &["diff", "nowhere"],
        &["stage", "--fix", "--yes", "--pick", "#9999"],
        &["signoff", "--block", ""],
        &["signoff", "--by", "", "--commit", "abcd"],
        &["propose", "--note", "..."],
        &["promote", "--override", "--yes"],
        &["promote", "-F", "nowhere"],
        &["promote", "--summary=...", "-n"],
    ] {
        let run = deploy.smp(args);
        let hints: Vec<&str> = run
            .stderr
            .lines()
            .filter_map(|line| line.strip_prefix("hint: "))
            .collect();
        assert!(!hinted(&run.stderr).is_empty(), "{run}");
        for hint in hints {
            let command = hint.find("git smp ").map_or("", |at| &hint[at..]);
            assert!(command.matches("git ").count() <= 1, "{run}");
            assert!(
                ![';', ','].iter().any(|end| command.contains(*end)),
                "{run}"
            );
        }
    }
}

#[test]
fn a_rollback_that_is_refused_repeats_its_reason_and_a_postponement_its_own() {
    let deploy = recorded();
    promote_once(&deploy);
    let run = deploy.smp(&["rollback", "--reason", "Maps; all of them"]);
    let expected = format!(
        "git smp rollback production --yes --to {} --reason 'Maps; all of them'",
        deploy.nth(2)
    );
    assert_eq!(hinted(&run.exits(1).stderr), [expected]);
    posts(&deploy, &["stage", "--yes"]).ok();
    deploy.smp(&["propose", "--yes"]).ok();
    let run = deploy.smp(&["postpone", "--reason", "not today"]);
    assert_eq!(
        hinted(&run.exits(1).stderr),
        ["git smp postpone --yes --reason 'not today'"]
    );
}

#[test]
fn a_wrong_option_is_led_to_the_options_of_that_very_command() {
    let world = World::new();
    for (args, command) in [
        (&["signoff", "--bloc", "no"][..], "git smp signoff -h"),
        (&["promote", "--json"], "git smp promote -h"),
        (
            &["--config", "stage", "status", "--jsn"],
            "git smp status -h",
        ),
        (&["deploy"], "git smp -h"),
    ] {
        let run = world.smp(args);
        run.exits(2)
            .says(&format!("\nhint: {command}\n"))
            .never_shows("--help");
        let words: Vec<&str> = command.split(' ').collect();
        world
            .runner()
            .program("git", &words[1..])
            .ok()
            .prints_among("Usage: git smp");
    }
}

#[test]
fn the_options_of_every_command_stand_under_a_heading_of_their_own() {
    let world = World::new();
    for command in [
        "setup", "status", "diff", "stage", "propose", "signoff", "postpone", "promote",
        "rollback", "history",
    ] {
        let help = world.smp(&[command, "-h"]).ok().out();
        let (own, common) = help
            .split_once("\nOptions of every command:\n")
            .unwrap_or_else(|| panic!("{help}"));
        for option in ["--config", "--color", "--verbose", "--quiet"] {
            assert!(
                common.contains(option) && !own.contains(option),
                "{option} in {help}"
            );
        }
    }
}

#[test]
fn a_terminal_without_escapes_gets_none_and_can_be_answered() {
    let deploy = World::deploy();
    std::fs::remove_file(deploy.work.join("smp.toml")).unwrap();
    let dumb = || deploy.runner().env("TERM", "dumb").directly();
    let mut terminal = dumb().terminal(&["setup"]);
    terminal
        .sees("Environments are")
        .enters("")
        .sees("Remote of the main")
        .types("upstrean\u{7f}m\r")
        .sees("Address of the main repository")
        .ctrl_c();
    terminal.ends().exits(3).never_shows("\u{1b}");
    let deploy = ready(World::deploy_like());
    let slow = crate::support::Page::body("").after(std::time::Duration::from_millis(1500));
    deploy.web.set("/staging", slow);
    let run = deploy
        .runner()
        .env("TERM", "dumb")
        .directly()
        .terminal(&["status"])
        .ends();
    run.ok().never_shows("\u{1b}");
}

#[test]
fn gits_own_pager_is_given_colours() {
    let deploy = ready(World::deploy_like());
    let paged = |git: &[&str], args: &[&str]| {
        let runner = deploy
            .runner()
            .env("GIT_PAGER", "cat -v")
            .without_env("NO_COLOR");
        let words: Vec<&str> = [git, &["smp"], args].concat();
        let mut terminal = runner.terminal_program("git", &words);
        terminal.resizes(80, 24);
        terminal.ends()
    };
    paged(&["-p"], &["status"]).ok().says("^[[");
    paged(&["-p", "-c", "color.ui=never"], &["status"])
        .ok()
        .never_shows("^[[");
    paged(&["-p"], &["--color", "never", "status"])
        .ok()
        .never_shows("^[[");
    // Data is never coloured.
    let args = ["diff", "-q", "--from", deploy.nth(2), "--to", deploy.nth(5)];
    paged(&["-p"], &args).ok().never_shows("^[[");
}
