//! Messages: their stream, their verbosity and their colours.

use crate::sample::sample;
use crate::support::{Deploy, Fault, Rule, Run, World};

fn trusted() -> Deploy {
    World::deploy_like().ready()
}

fn is_coloured(text: &str) -> bool {
    text.contains("\u{1b}[")
}

/// Returns the arguments of `diff` between two commits of the standard world, and git's own list.
fn range(deploy: &Deploy) -> (Vec<String>, String) {
    let (from, to) = (deploy.nth(2), deploy.nth(5));
    let args = ["diff", "--from", from, "--to", to]
        .map(str::to_owned)
        .to_vec();
    let log = deploy.in_clone(&format!(
        "log --oneline --no-decorate --no-color {from}..{to}"
    ));
    (args, format!("{log}\n"))
}

#[test]
fn the_version_and_the_help_are_told_anywhere() {
    let world = World::new();
    let version = format!("git-smp {}\n", env!("CARGO_PKG_VERSION"));
    world.smp(&["-V"]).ok().prints(&version);
    world.smp(&["--version"]).ok().prints(&version);
    world.smp(&["promote", "-V"]).ok().prints(&version);
    for args in [
        &["-h"][..],
        &["help"],
        &["diff", "-h"],
        &["diff", "--help"],
        &["help", "promote"],
    ] {
        let run = world.smp(args);
        run.ok().prints_among("Usage: git smp");
        assert_eq!(run.stderr, "");
    }
    world
        .smp(&["-h"])
        .prints_among("promote")
        .prints_among("--color")
        .prints_among("The manual is git smp --help");
    world
        .runner()
        .directly()
        .smp(&["--help"])
        .ok()
        .prints_among("Usage: git smp");
}

#[test]
fn a_wrong_command_line_is_exit_2_and_says_what_is_right() {
    let world = World::new();
    world
        .smp(&[])
        .exits(2)
        .says("Usage: git smp")
        .says("promote")
        .prints("");
    world
        .smp(&["deploy", "production"])
        .exits(2)
        .says("git smp has no command 'deploy'")
        .says("hint: to staging: git smp stage\nhint: to production: git smp promote\n")
        .prints("");
    // A word that resembles none of the program's has no suggestion.
    let run = world.smp(&["rollback", "--json"]);
    run.exits(2).never_shows("did you mean");
    // One suggestion, ready to paste.
    for (args, hint) in [
        (&["stauts", "--json"][..], "git smp status --json"),
        (&["promot"], "git smp promote"),
        (
            &["promote", "--tiemout", "5"],
            "git smp promote --timeout 5",
        ),
    ] {
        let run = world.smp(args);
        run.exits(2).says(&format!("hint: did you mean: {hint}\n"));
        assert_eq!(run.stderr.matches("did you mean").count(), 1, "{run}");
        run.never_shows("similar");
    }
    for (args, plain) in [
        (
            &["stage", "--timeout", "x"][..],
            "whole number of seconds, 1 or more",
        ),
        (
            &["stage", "--timeout", "0"],
            "whole number of seconds, 1 or more",
        ),
        (&["history", "-n", "few"], "type a whole number, 0 or more"),
    ] {
        world.smp(args).exits(2).says(plain).never_shows("digit");
    }
    let none = world.smp(&["--verbose"]);
    none.exits(2).says("which command?").never_shows("pre-push");
    // Nobody types the command of a git hook.
    let hook = world.smp(&["pre-pus"]);
    hook.exits(2).says("git smp has no command 'pre-pus'");
    assert!(!hook.to_string().contains("'pre-push'"), "{hook}");
    world.smp(&["status", "--jsn"]).exits(2).says("--json");
    world
        .smp(&["status", "-q", "-v"])
        .exits(2)
        .says("cannot be used with");
    world
        .smp(&["status", "--color", "sometimes"])
        .exits(2)
        .says("auto");
    world.smp(&["promote", "--json"]).exits(2).says("--dry-run");
    world.smp(&["diff", "--json", "--markdown"]).exits(2);
    // CFG-12: typed control characters are shown in escaped form.
    world
        .smp(&["dep\u{1b}]0;x\u{7}loy"])
        .exits(2)
        .never_shows("\u{7}");
}

#[test]
fn where_it_is_not_used_yet_it_says_in_three_lines_what_it_is_and_how_to_begin() {
    let deploy = World::deploy();
    let has_all = deploy.smp(&[]);
    has_all.exits(2).says("Usage: git smp");
    let text = std::fs::read_to_string(deploy.work.join("smp.toml")).unwrap();
    std::fs::remove_file(deploy.work.join("smp.toml")).unwrap();
    let run = deploy.smp(&[]);
    run.exits(2)
        .prints("")
        .says("promotes the commit running on staging");
    run.says(": git smp setup\n")
        .says("All commands: git smp -h\n");
    assert_eq!(run.stderr.lines().count(), 3, "{run}");
    // If a branch has the file, the hint leads there.
    deploy.git(&deploy.work, &["switch", "-q", "-c", "other"]);
    deploy.commit_files(&deploy.work, "With it", &[("smp.toml", &text)]);
    deploy.git(&deploy.work, &["switch", "-q", "--detach", "HEAD~1"]);
    let run = deploy.smp(&[]);
    run.exits(2)
        .says("other has it")
        .says(": git switch other\n");
    assert_eq!(run.stderr.lines().count(), 3, "{run}");
}

#[test]
fn colours_are_for_terminals_unless_somebody_says_otherwise() {
    // ENV-06
    let deploy = trusted();
    let err = |run: Run| {
        assert!(!is_coloured(&run.out()), "data is never coloured: {run}");
        run.exits(2);
        is_coloured(&run.stderr)
    };
    // An error is a message: on stderr, with or without colours.
    let wrong = ["diff", "nowhere"];
    let pipe = || deploy.runner();
    assert!(!err(pipe().smp(&wrong)));
    assert!(err(pipe().smp(&["diff", "nowhere", "--color", "always"])));
    assert!(err(pipe().env("CLICOLOR_FORCE", "1").smp(&wrong)));
    assert!(!err(pipe().env("CLICOLOR_FORCE", "0").smp(&wrong)));
    assert!(!err(pipe()
        .env("CLICOLOR_FORCE", "1")
        .env("NO_COLOR", "1")
        .smp(&wrong)));
    assert!(err(pipe()
        .env("NO_COLOR", "1")
        .smp(&["--color", "always", "diff", "nowhere"])));
    assert!(err(pipe()
        .git_options(&["-c", "color.ui=always"])
        .smp(&wrong)));
    assert!(!err(pipe()
        .git_options(&["-c", "color.ui=always"])
        .smp(&["diff", "nowhere", "--color", "never"])));
    assert!(!err(pipe()
        .git_options(&["-c", "color.ui=always"])
        .env("NO_COLOR", "1")
        .smp(&wrong)));
    assert!(!err(pipe()
        .git_options(&["-c", "color.ui=always", "-c", "color.smp=never"])
        .smp(&wrong)));

    let shown = |run: Run| is_coloured(&run.exits(2).stderr);
    let terminal = || deploy.runner();
    assert!(shown(terminal().terminal(&wrong).ends()));
    assert!(!shown(
        terminal().env("NO_COLOR", "1").terminal(&wrong).ends()
    ));
    assert!(shown(
        terminal().env("NO_COLOR", "").terminal(&wrong).ends()
    ));
    assert!(!shown(
        terminal()
            .terminal(&["diff", "nowhere", "--color=never"])
            .ends()
    ));
    assert!(!shown(
        terminal()
            .git_options(&["-c", "color.ui=false"])
            .terminal(&wrong)
            .ends()
    ));
    assert!(!shown(
        terminal()
            .git_options(&["-c", "color.smp=never"])
            .terminal(&wrong)
            .ends()
    ));
    assert!(shown(
        terminal()
            .git_options(&["-c", "color.ui=false"])
            .terminal(&["diff", "nowhere", "--color", "always"])
            .ends()
    ));
}

#[test]
fn data_is_the_same_whatever_colours_are_asked_for() {
    let deploy = World::deploy();
    let (args, expected) = range(&deploy);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let always = [&args[..], &["--color", "always"]].concat();
    deploy.smp(&always).ok().prints(&expected);
    deploy
        .runner()
        .git_options(&["-c", "color.ui=always"])
        .smp(&args)
        .ok()
        .prints(&expected);
    deploy
        .runner()
        .env("CLICOLOR_FORCE", "1")
        .smp(&args)
        .ok()
        .prints(&expected);
    // Output for people is coloured on request.
    deploy.trust();
    assert!(is_coloured(
        &deploy.smp(&["status", "--color", "always"]).ok().out()
    ));
    assert!(!is_coloured(&deploy.smp(&["status"]).ok().out()));
    assert!(!is_coloured(
        &deploy
            .smp(&["status", "--json", "--color", "always"])
            .ok()
            .out()
    ));
}

#[test]
fn quiet_takes_the_talk_away_and_neither_data_nor_errors() {
    let deploy = trusted();
    let loud = deploy.smp(&["diff"]);
    assert_ne!(loud.ok().stderr, "");
    let quiet = deploy.smp(&["diff", "-q"]);
    quiet.ok().prints(&loud.stdout);
    assert_eq!(quiet.stderr, "");
    assert_eq!(
        deploy.smp(&["-q", "status"]).ok().stdout,
        deploy.smp(&["status"]).stdout
    );
    deploy
        .smp(&["-q", "setup", "--check"])
        .ok()
        .prints_among("ok    staging");
    deploy
        .smp(&["-q", "diff", "nowhere"])
        .exits(2)
        .says("error: ")
        .says("hint: ");
    deploy
        .web
        .set("/staging", crate::support::Page::body("").status(500));
    deploy
        .smp(&["-q", "diff"])
        .exits(1)
        .says("error: staging: its page answers 500")
        .prints("");
}

#[test]
fn quiet_leaves_what_a_question_is_about() {
    let deploy = World::deploy();
    let mut terminal = deploy.runner().terminal(&["-q", "setup"]);
    terminal
        .sees(deploy.urls()[2])
        .sees("Trust this and add 2 remotes? [y/N] ")
        .enters("");
    terminal.ends().exits(3);
}

#[test]
fn verbose_names_the_pages_and_the_branches_that_were_asked() {
    let deploy = trusted();
    let page = deploy.web.url("/staging");
    let plain = deploy.smp(&["diff"]);
    plain.ok().never_shows(&page);
    let more = deploy.smp(&["diff", "-v"]);
    more.ok()
        .prints(&plain.stdout)
        .says(&format!("{page} says {}", deploy.nth(5)));
    let status = deploy.smp(&["status", "--verbose"]);
    status
        .ok()
        .says(&deploy.web.url("/production"))
        .says(&format!("its branch is at {}", deploy.nth(2)));
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    // LOG-09
    let deploy = trusted();
    let (args, _) = range(&deploy);
    let range = args.join(" ");
    deploy.runner().cwd("").program("mkfifo", &["gone"]).ok();
    let fifo = deploy.path("gone");
    for command in [
        range.as_str(),
        "diff",
        "diff --json",
        "status",
        "status --json",
        "setup --check",
    ] {
        // The reader closes its end before the program starts.
        let script = format!(
            "{{ read -r _ <'{0}'; git smp {command}; echo \"code $?\" >&2; }} | {{ exec <&-; echo go >'{0}'; }}",
            fifo.display()
        );
        let run = deploy.runner().program("sh", &["-c", &script]);
        run.ok()
            .says("code 0\n")
            .never_shows("panicked")
            .never_shows("error")
            .never_shows("Broken pipe");
    }
    let head = deploy
        .runner()
        .program("sh", &["-c", "git smp diff 2>/dev/null | head -1"]);
    assert_eq!(head.ok().out().lines().count(), 1);
}

#[test]
fn a_full_disk_is_an_error_that_says_so() {
    // LOG-09
    let deploy = trusted();
    for command in [
        "diff",
        "diff --json",
        "diff --markdown",
        "status",
        "status --json",
        "setup --check",
    ] {
        let run = deploy
            .runner()
            .program("sh", &["-c", &format!("git smp {command} >/dev/full")]);
        run.exits(1)
            .says("error: the output cannot be written")
            .says("No space left")
            .never_shows("panicked");
    }
}

#[test]
fn a_deploy_whose_text_cannot_be_printed_is_done() {
    for (record, out) in [
        ("", ">/dev/full"),
        ("[record]\nsignoff = false\n", ">/dev/full"),
        ("", "| true"),
    ] {
        let deploy = World::deploy_like().toml(record).ready();
        let to = deploy.nth(5);
        let line = format!("git smp promote --yes --commit {to} --summary hi {out}");
        let run = (deploy.runner()).program("bash", &["-o", "pipefail", "-c", &line]);
        run.ok()
            .says("done: production runs ")
            .never_shows("error:");
        let warning = "warning: the text for the product channel was not printed: the output";
        assert_eq!(run.stderr.contains(warning), out != "| true", "{run}");
    }
}

#[test]
fn without_a_stderr_the_work_is_done_all_the_same() {
    let deploy = trusted();
    for closed in ["2>/dev/full", "2>&-"] {
        let run = deploy
            .runner()
            .program("sh", &["-c", &format!("git smp diff {closed}")]);
        run.ok().prints(deploy.smp(&["diff"]).stdout);
    }
}

#[test]
fn a_token_in_the_address_of_a_remote_is_never_shown() {
    // SEC-03, SEC-04
    let deploy = World::deploy_like()
        .over_open_http()
        .main_over_http()
        .build();
    let secret = "t0ken-hunter2";
    let hide = |url: &str| url.replace("http://", &format!("http://u:{secret}@"));
    let [main, staging, production] = deploy.urls().map(str::to_owned);
    deploy.git(
        &deploy.work,
        &["remote", "set-url", "upstream", &hide(&main)],
    );
    let commands = [
        &["setup", "--yes"][..],
        &["setup", "--check"],
        &["status", "-v"],
        &["status", "--json"],
        &["diff", "-v"],
        &["promote", "--dry-run", "-v"],
        &["promote", "--yes", "--commit", deploy.nth(5), "-v"],
    ];
    let all_hide = || {
        for args in sample(4, commands) {
            let traced = deploy
                .runner()
                .directly()
                .env("GIT_TRACE", "1")
                .env("GIT_CURL_VERBOSE", "1");
            let run = traced
                .env("GIT_TRACE_CURL", "1")
                .env("RUST_BACKTRACE", "full")
                .smp(args);
            run.never_shows("hunter2");
        }
    };
    // For the main repository a user name does not make another address: it is asked, and its answers stay hidden.
    deploy
        .http()
        .fault(Rule::any("/main.git", Fault::Status(500)).times(1000));
    all_hide();
    deploy.http().heal();
    deploy.smp(&["setup", "--yes"]).ok().never_shows("hunter2");
    // As an environment's address it is refused, without being shown.
    for name in ["staging", "production"] {
        let url = if name == "staging" {
            &staging
        } else {
            &production
        };
        deploy.git(&deploy.work, &["remote", "set-url", name, &hide(url)]);
        all_hide();
        deploy.git(&deploy.work, &["remote", "set-url", name, url]);
    }
    deploy.git(
        &deploy.work,
        &[
            "config",
            "--add",
            "remote.production.pushurl",
            &hide(&production),
        ],
    );
    all_hide();
    deploy.in_clone("config --unset-all remote.production.pushurl");
    // The user's own `insteadOf` may contain one, too: git's errors repeat it.
    let key = format!("url.{}.insteadOf", hide(&production));
    deploy.git(&deploy.work, &["config", &key, &production]);
    deploy
        .http()
        .fault(Rule::any("/production.git", Fault::Status(403)).times(1000));
    all_hide();
}

#[test]
fn the_wizard_offers_an_address_without_its_token() {
    // SEC-03
    let deploy = World::deploy();
    std::fs::remove_file(deploy.work.join("smp.toml")).unwrap();
    deploy.in_clone("remote set-url upstream https://u:hunter2@git.invalid/app.git");
    let mut terminal = deploy.runner().terminal(&["setup"]);
    terminal
        .sees("Environments are")
        .enters("")
        .sees("Remote of the main")
        .enters("")
        .sees("Address of the main repository")
        .sees("https://git.invalid/app.git")
        .enters("");
    // The offered address is the one that is tried.
    terminal
        .sees("the remote https://git.invalid/app.git does not answer")
        .sees("Keep this address anyway? [y/N] ")
        .enters("y");
    terminal.sees("The branch that is deployed").ctrl_c();
    terminal.ends().exits(3).never_shows("hunter2");
}
