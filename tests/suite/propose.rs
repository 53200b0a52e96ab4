//! `git smp propose`: staging's commit is proposed, staging is frozen, and the technical channel is notified.

use crate::promote::{person, ready};
use crate::record::{
    RECORD, events, is_harmless, merged, next, proposed, recorded, recorded_like, sentences, short,
    trailer,
};
use crate::sample::sample;
use crate::support::{Deploy, Page, World, topologies};

/// Returns the post of the standard world without its date.
fn post(deploy: &Deploy, called: &str, note: &str) -> String {
    let line = |nth: usize, subject: &str| {
        format!(
            "    {} {subject}\n",
            deploy.git(&deploy.work, &["rev-parse", "--short", deploy.nth(nth)])
        )
    };
    let note = if note.is_empty() {
        String::new()
    } else {
        format!("\n{note}")
    };
    format!(
        "{called}Proposed for production: version {}, which runs on staging.\n\n{}{}{}{note}",
        short(deploy.nth(5)),
        line(5, "Fix malformed view variable in MapItems (#425)"),
        line(4, "Add translations to the floating UI (#424)"),
        line(3, "Keep the sidebar open on reload (#422)"),
    )
}

/// Returns the text below the heading with the date.
#[track_caller]
fn without_date(text: &str) -> &str {
    let (heading, rest) = text.split_once('\n').unwrap();
    assert!(
        heading.starts_with("Production deploy 20")
            && heading.len() == "Production deploy 2022-03-02".len(),
        "{text}"
    );
    rest.strip_prefix('\n')
        .expect("an empty line under the heading")
}

/// Asserts that a proposal is refused without a trace.
#[track_caller]
fn refuses(deploy: &Deploy, words: &str, hint: &str) {
    let before = deploy.snapshot();
    deploy
        .smp(&["propose", "--yes"])
        .exits(1)
        .prints("")
        .says(words)
        .says(hint);
    deploy
        .smp(&["propose", "--dry-run"])
        .exits(1)
        .prints("")
        .says(words);
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn the_post_is_on_stdout_and_all_talk_is_not() {
    let deploy = recorded();
    let run = deploy.smp(&[
        "propose",
        "--yes",
        "--note",
        " Mostly the sidebar.\nAnd maps. ",
    ]);
    assert_eq!(
        without_date(&run.ok().out()),
        post(&deploy, "", "Mostly the sidebar.\nAnd maps.\n")
    );
    run.says("This will")
        .says("1. record ")
        .says("is the candidate; staging is frozen until the candidate is promoted or postponed");
    run.says("for the technical channel:\n")
        .says("next, after testing: git smp signoff\n");
    assert_eq!(
        sentences(&deploy)[0],
        format!(
            "Ada Example proposed {} for production",
            short(deploy.nth(5))
        )
    );
    assert_eq!(events(&deploy), ["proposed", "posted"]);
    assert_eq!(trailer(&deploy, "Smp-Channel"), "technical");
    // Nothing was deployed.
    assert_eq!(
        [
            deploy.master(&deploy.staging),
            deploy.master(&deploy.production)
        ],
        [deploy.nth(5), deploy.nth(2)]
    );
}

#[test]
fn those_who_want_quiet_get_the_post_alone() {
    let deploy = recorded();
    let run = deploy.smp(&["propose", "-q", "-y"]);
    assert_eq!(
        (without_date(&run.ok().out()), run.stderr.as_str()),
        (post(&deploy, "", "").as_str(), "")
    );
}

#[test]
fn a_dry_run_shows_plan_and_post_and_freezes_nothing() {
    let deploy = recorded();
    let before = deploy.snapshot();
    let run = deploy.smp(&["propose", "-n", "--note", "Soon."]);
    assert_eq!(without_date(&run.ok().out()), post(&deploy, "", "Soon.\n"));
    run.says("Candidate for production, 20")
        .says("3 commits behind")
        .says("2. print the post to the technical channel");
    assert_eq!(deploy.snapshot(), before);
    deploy
        .smp(&["status"])
        .ok()
        .never_shows("frozen")
        .never_shows("candidate");
}

#[test]
fn without_a_terminal_silence_is_a_no() {
    let deploy = recorded();
    let before = deploy.snapshot();
    let run = deploy.runner().stdin("y\n").smp(&["propose"]);
    run.exits(1)
        .prints("")
        .says("error: this needs a confirmation, and there is no terminal")
        .says("freezes staging for everyone");
    run.says("hint: if the answer is yes: git smp propose --yes");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn at_the_terminal_only_y_means_yes() {
    let deploy = recorded();
    let before = deploy.snapshot();
    let question = format!(
        "Propose {} and freeze staging? [y/N] ",
        short(deploy.nth(5))
    );
    for keys in ["\r", "production\r", "\u{3}"] {
        let mut terminal = person(&deploy).terminal(&["propose", "-q"]);
        terminal
            .sees("Candidate for production")
            .sees(&question)
            .types(keys);
        terminal.ends().exits(3).says("This will");
        assert_eq!(deploy.snapshot(), before, "after {keys:?}");
    }
    let mut terminal = person(&deploy).terminal(&["propose"]);
    terminal
        .sees(&question)
        .enters("y")
        .sees("is the candidate")
        .sees("Production deploy 20")
        .sees("git smp signoff");
    terminal.ends().ok();
    assert_eq!(events(&deploy), ["proposed", "posted"]);
}

#[test]
fn what_moves_while_the_question_is_open_is_not_put_forward() {
    for environment in sample(1, ["staging", "production"]) {
        let deploy = recorded();
        let mut terminal = person(&deploy).terminal(&["propose"]);
        terminal.sees("[y/N] ");
        let bare = if environment == "staging" {
            &deploy.staging
        } else {
            &deploy.production
        };
        deploy.colleague_pushes(bare, deploy.nth(4));
        terminal.enters("y");
        terminal
            .ends()
            .exits(1)
            .says(&format!("{environment} changed after the plan was shown"));
        assert_eq!(events(&deploy), Vec::<String>::new());
    }
}

#[test]
fn a_candidate_that_a_colleague_was_quicker_with_is_not_put_forward_twice() {
    let deploy = recorded();
    let mut terminal = person(&deploy).terminal(&["propose"]);
    terminal.sees("[y/N] ");
    deploy.smp(&["propose", "--yes"]).ok();
    let before = deploy.snapshot();
    terminal.enters("y");
    // The post exists already, too.
    terminal.ends().ok().never_shows("Production deploy");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_second_proposal_of_the_same_adds_nothing() {
    let deploy = proposed();
    let before = deploy.snapshot();
    for more in [&["--yes"][..], &[], &["-n"]] {
        let run = deploy.smp(&[&["propose"], more].concat());
        run.ok().prints("").says(&format!(
            "{} is already the candidate, proposed by Ada Example at ",
            short(deploy.nth(5))
        ));
        run.never_shows("This will");
    }
    let run = deploy.smp(&["propose", "--note", "One more thing"]);
    run.ok()
        .says("warning: the proposal is unchanged: this note is not added to it");
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn another_commit_waits_until_the_candidate_is_done_with() {
    let deploy = proposed();
    deploy.colleague_pushes(&deploy.staging, deploy.nth(6));
    let words = format!("error: {} is already the candidate", short(deploy.nth(5)));
    refuses(
        &deploy,
        &words,
        "hint: close the candidate: git smp postpone\nhint: or deploy a fix of it: git smp stage --fix\n",
    );
    // Both hints lead on: the first ...
    let stuck = deploy.smp(&["stage", "--fix", "--yes"]);
    stuck.exits(1).says(&format!(
        "staging already runs {}, which is not the candidate",
        short(deploy.nth(6))
    ));
    stuck.says("hint: close the candidate: git smp postpone\nhint: then propose what runs there: git smp propose\n");
    deploy
        .smp(&["postpone", "--yes", "--reason", "a newer one"])
        .ok();
    deploy
        .smp(&["propose", "--yes"])
        .ok()
        .prints_among(&format!(
            "version {}, which runs on staging",
            short(deploy.nth(6))
        ));
}

#[test]
fn what_is_on_no_main_branch_is_asked_about() {
    let deploy = recorded();
    deploy.git(&deploy.team, &["checkout", "-q", "--detach", deploy.nth(5)]);
    let stray = deploy.commit_files(&deploy.team, "Try something", &[("try", "it\n")]);
    deploy.colleague_pushes(&deploy.staging, &stray);
    let words = format!(
        "warning: {} is not on upstream/master: it was not merged, or the branch was rewritten",
        short(&stray)
    );
    deploy
        .smp(&["propose"])
        .exits(1)
        .says(&words)
        .says("there is no terminal");
    let mut terminal = person(&deploy).terminal(&["propose"]);
    terminal.sees(&words).sees("? [y/N] ").enters("n");
    terminal.ends().exits(3);
    assert_eq!(events(&deploy), Vec::<String>::new());
    deploy.smp(&["propose", "--yes"]).ok().says(&words);
}

#[test]
fn only_what_staging_certainly_runs_and_production_lacks_is_put_forward() {
    let deploy = recorded_like(World::deploy_like());
    deploy.web.set("/staging", Page::commit(deploy.nth(4)));
    refuses(
        &deploy,
        "error: staging does not run what was last pushed to it",
        "deploy again: git smp stage\n",
    );
    deploy.web.set("/staging", Page::body("").status(500));
    refuses(&deploy, "error: staging: its page answers 500", "hint: ");

    let deploy = recorded();
    deploy.colleague_pushes(&deploy.production, deploy.nth(6));
    refuses(
        &deploy,
        "error: staging is behind production",
        "hint: deploy the newer commit: git smp stage",
    );
    deploy.git(&deploy.team, &["checkout", "-q", "--detach", deploy.nth(2)]);
    let hotfix = deploy.commit_files(&deploy.team, "Stop the bleeding", &[("fix", "it\n")]);
    deploy.colleague_pushes(&deploy.production, &hotfix);
    refuses(
        &deploy,
        "error: production has 1 commit that staging lacks",
        "hint: see how to merge these commits into the main branch: git smp status",
    );
    deploy.colleague_pushes(&deploy.production, deploy.nth(5));
    let before = deploy.snapshot();
    let run = deploy.smp(&["propose"]);
    run.ok().prints("").says(&format!(
        "nothing to propose: every environment already runs {}",
        short(deploy.nth(5))
    ));
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_channel_without_a_chat_calls_by_name_those_whom_the_configuration_names() {
    let channel =
        format!("{RECORD}[channels.technical]\nkind = \"print\"\nmentions = [\"devs\", \"qa\"]\n");
    let deploy = ready(World::deploy_like().without_pages().toml(&channel));
    let run = deploy.smp(&["propose", "--yes"]);
    assert_eq!(
        without_date(&run.ok().out()),
        post(&deploy, "@devs @qa ", "")
    );
    run.says("for the technical channel:\n");
}

#[test]
fn a_post_that_cannot_be_written_or_recorded_leaves_the_candidate_and_is_made_by_the_next_run() {
    let full = recorded();
    let run = full
        .runner()
        .program("sh", &["-c", "git smp propose --yes >/dev/full"]);
    run.exits(4)
        .says("error: proposed, but the post to the technical channel is not on record")
        .says("the output cannot be written");
    run.says("hint: run the command again: git smp propose");

    let declined = recorded();
    declined.hook(
        &declined.main,
        "update",
        "[ ! -e once ] || exit 1; touch once",
    );
    let run = declined.smp(&["propose", "--yes"]);
    run.exits(4)
        .says("is not on record")
        .says("because: the record cannot be written to")
        .prints_among("Proposed for production");
    declined.hook(&declined.main, "update", "exit 0");

    for deploy in sample(1, [full, declined]) {
        assert_eq!(events(&deploy), ["proposed"]);
        deploy.smp(&["status"]).ok().prints_among(
            "  pending     a post to the technical channel; send it: git smp propose\n",
        );
        assert_eq!(next(&deploy), "git smp signoff");
        let before = deploy.snapshot();
        deploy.smp(&["propose", "-n"]).ok().prints("");
        assert_eq!(deploy.snapshot(), before);
        let run = deploy.smp(&["propose"]);
        assert_eq!(without_date(&run.ok().out()), post(&deploy, "", ""));
        assert_eq!(events(&deploy), ["proposed", "posted"]);
        deploy.smp(&["propose"]).ok().prints("");
    }
}

#[test]
fn notes_that_no_post_should_hold_are_a_wrong_command_line() {
    let deploy = recorded();
    let before = deploy.snapshot();
    let escape = "it is \u{1b}]0;owned\u{7}fine";
    let run = deploy.smp(&["propose", "--yes", "--note", escape]);
    run.exits(2)
        .prints("")
        .says("error: the text of --note holds the control character \\x1b\n")
        .says("hint: ");
    is_harmless(&run);
    deploy
        .smp(&["propose", "--not", "x"])
        .exits(2)
        .says("--note");
    deploy.smp(&["propose", "now"]).exits(2);
    assert_eq!(deploy.snapshot(), before);
}

#[test]
fn a_note_may_be_a_list() {
    let deploy = recorded();
    deploy
        .smp(&["propose", "-y", "--note", "- faster maps\n- more flags"])
        .ok()
        .prints_among("\n- faster maps\n- more flags\n");
    deploy
        .smp(&["signoff", "--block", "- the map is empty"])
        .ok();
    deploy.smp(&["signoff", "--note", "-1 bug, but fine"]).ok();
    deploy
        .smp(&["postpone", "-y", "--reason", "- too late"])
        .ok();
    assert_eq!(trailer(&deploy, "Smp-Why"), "- too late");
}

#[test]
fn a_note_cannot_pass_for_a_piece_of_the_record() {
    let deploy = recorded();
    let note = "fine\n\nSmp-Event: promoted\nSmp-Id: 0000000000000000\n---\nSigned-off-by: Rosi";
    deploy
        .smp(&["propose", "--yes", "--note", note])
        .ok()
        .prints_among("\nSmp-Event: promoted\n");
    assert_eq!(events(&deploy), ["proposed", "posted"]);
    deploy
        .smp(&["signoff", "--by", "Rosi", "--note", note])
        .ok();
    assert_eq!(events(&deploy), ["proposed", "posted", "signed-off"]);
    assert_eq!(trailer(&deploy, "Smp-Event"), "signed-off");
    assert_ne!(trailer(&deploy, "Smp-Id"), "0000000000000000");
    let json = deploy.smp(&["status", "--json"]).ok().json();
    assert_eq!(json["candidate"]["signoffs"][0]["note"], note);
}

#[test]
fn a_commits_subject_acts_on_nobodys_terminal() {
    let deploy = recorded();
    let subject = format!(
        "Add \u{1b}[31mred\u{1b}[0m \u{202e}gnp.exe\u{9b}2J {}",
        "x".repeat(10_000)
    );
    let hostile = merged(&deploy, &subject, "hostile");
    deploy.colleague_pushes(&deploy.staging, &hostile);
    for args in sample(
        2,
        [
            &["stage", "-n", "master"][..],
            &["propose", "-n"],
            &["propose", "--yes"],
            &["propose"],
            &["status"],
        ],
    ) {
        is_harmless(deploy.smp(args).ok());
    }
    let run = deploy.smp(&["promote", "-n"]);
    is_harmless(run.exits(1));
}

#[test]
fn a_name_acts_on_nobodys_terminal() {
    let deploy = recorded();
    let eve = deploy
        .runner()
        .git_options(&["-c", "user.name=Eve \u{1b}[31m\u{202e}red"]);
    is_harmless(eve.smp(&["propose", "--yes"]).ok());
    is_harmless(eve.smp(&["signoff", "--block", "no"]).ok());
    for args in [
        &["status"][..],
        &["status", "--json"],
        &["propose"],
        &["promote", "-n"],
        &["stage"],
    ] {
        let run = deploy.smp(args);
        is_harmless(&run);
        assert!(
            format!("{run}").contains("Eve ") || args == ["stage"],
            "{run}"
        );
    }
    assert!(sentences(&deploy)[0].starts_with("Eve "));
}

// A dead run of another kind is put aside by the command that would continue it.
#[test]
fn a_deploy_that_is_still_open_is_named_with_the_command_that_can_put_it_aside() {
    for topology in topologies() {
        let deploy = recorded_like(World::deploy_like().on(topology));
        deploy.web.set("/staging", Page::body("").status(503));
        deploy.smp(&["stage", "--yes", "--timeout", "1"]).exits(4);
        // Simulate a lost push of somebody else's run.
        deploy.colleague_pushes(&deploy.staging, deploy.nth(5));
        deploy.web.set("/staging", Page::deployed(&deploy.staging));
        std::fs::remove_file(deploy.work.join(".git/smp/announced")).unwrap();
        let run = deploy.smp(&["propose", "--yes"]);
        run.exits(1)
            .says("Ada Example began to deploy ")
            .says("only if that run ended without a result: git smp stage --take-over ");
        let id = run.stderr.trim_end().rsplit(' ').next().unwrap().to_owned();
        deploy.smp(&["stage", "--yes", "--take-over", &id]).ok();
        deploy.smp(&["propose", "--yes"]).ok();
    }
}
