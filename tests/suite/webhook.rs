//! The webhooks in `git smp setup`: entered without echo, stored in the clone, and never shown (SEC-01 to 07).

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::sample::sample;
use crate::support::{Deploy, Run, Runner, Terminal, World};

const TECHNICAL: &str = "[channels.technical]\nkind = \"teams\"\n";
const BOTH: &str = "[channels.technical]\nkind = \"teams\"\n[channels.product]\nkind = \"slack\"\n";
const KEY: &str = "smp.technical.webhook";
const VARIABLE: &str = "SMP_TECHNICAL_WEBHOOK";
const QUESTION: &str = "Webhook of the technical channel in Teams (hidden; Enter skips): ";
const MISSING: &str = "this clone has no webhook, so it cannot send posts to Teams";

/// Returns a webhook as long as the longest real ones.
fn flow() -> String {
    let host = "https://0a1b.2c.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows";
    format!(
        "{host}/s3cr3t/triggers/manual/paths/invoke?api-version=1&sp=%2Frun&sv=1.0&sig={}",
        "s3cr3t-_".repeat(44)
    )
}

fn world(channels: &str) -> Deploy {
    World::deploy_like().without_pages().toml(channels).build()
}

/// Returns a world whose `smp.toml` was agreed to.
fn ready(channels: &str) -> Deploy {
    let world = World::deploy_like().without_pages();
    world.toml(channels).ready()
}

/// Returns a runner whose `git` logs every command line, and the log.
fn watched(deploy: &Deploy) -> (Runner<'_>, PathBuf) {
    let git = deploy
        .runner()
        .program("sh", &["-c", "command -v git"])
        .ok()
        .out();
    let log = deploy.path("lines");
    deploy.executable(
        "front/git",
        &format!(
            "echo \"$*\" >>'{}'\nexec {} \"$@\"",
            log.display(),
            git.trim_end()
        ),
    );
    // Started through git, it would find git's own folder first.
    (person(deploy).directly().path_first("front"), log)
}

/// Returns a runner for a person without colours.
fn person(deploy: &Deploy) -> Runner<'_> {
    deploy.runner().env("NO_COLOR", "1")
}

/// Returns a terminal at the question.
#[track_caller]
fn asked(deploy: &Deploy) -> Terminal {
    let mut terminal = person(deploy).terminal(&["setup"]);
    terminal.sees(QUESTION);
    terminal
}

/// Returns the value of a key in the clone's own configuration.
fn kept(deploy: &Deploy, key: &str) -> Option<String> {
    let run = deploy.try_git(&deploy.work, &["config", "--local", "--get-all", key]);
    (run.code == 0).then(|| run.out().trim_end().to_owned())
}

/// Returns the line about a channel and the lines below it.
#[track_caller]
fn about(run: &Run, start: &str) -> String {
    let text = format!("{}{}", run.out(), run.stderr).replace('\r', "");
    let mut lines = text.lines().skip_while(|line| !line.starts_with(start));
    let first = lines
        .next()
        .unwrap_or_else(|| panic!("no line begins with {start:?} in {run}"));
    let below = lines.take_while(|line| line.starts_with("       "));
    std::iter::once(first)
        .chain(below)
        .map(str::trim)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_webhook_is_asked_for_without_echo_and_kept_for_its_owner_alone() {
    let deploy = world(TECHNICAL);
    let (runner, lines) = watched(&deploy);
    let mut terminal = runner.terminal(&["setup"]);
    terminal
        .sees("Trust this and add 2 remotes? [y/N] ")
        .enters("y")
        .sees(QUESTION)
        .enters(&flow());
    let run = terminal.ends();
    run.ok().never_shows("s3cr3t").never_shows("powerplatform");
    assert_eq!(
        about(&run, "  ok    technical"),
        "ok    technical   posts to Teams (webhook: smp.technical.webhook in git's configuration)"
    );
    assert_eq!(kept(&deploy, KEY), Some(flow()));
    let mode = std::fs::metadata(deploy.work.join(".git/config"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let lines = std::fs::read_to_string(lines).unwrap();
    assert!(
        lines.contains("remote add") && !lines.contains("s3cr3t"),
        "{lines}"
    );
    // It is stored now, so the next run asks nothing.
    person(&deploy)
        .terminal(&["setup"])
        .ends()
        .ok()
        .never_shows(QUESTION)
        .never_shows("s3cr3t");
}

#[test]
fn what_was_pasted_before_the_question_is_the_answer() {
    let deploy = world(TECHNICAL);
    let mut terminal = person(&deploy).terminal(&["setup"]);
    terminal.sees("[y/N] ").types(&format!("y\r{}\r", flow()));
    terminal.ends().ok();
    assert_eq!(kept(&deploy, KEY), Some(flow()));
}

#[test]
fn each_channel_is_asked_for_and_each_may_be_left_for_later() {
    let deploy = ready(BOTH);
    for keys in ["\r", "  \r", "\x03", "\x04", "s3cr3t\x03"] {
        let mut terminal = asked(&deploy);
        terminal
            .types(keys)
            .sees("Webhook of the product channel in Slack")
            .types(keys);
        let run = terminal.ends();
        run.ok().says("note  product").never_shows("s3cr3t");
        assert_eq!(
            (kept(&deploy, KEY), kept(&deploy, "smp.product.webhook")),
            (None, None),
            "{keys:?}"
        );
    }
    let mut terminal = asked(&deploy);
    terminal
        .enters("")
        .sees("Webhook of the product channel")
        .enters("https://hooks.slack.com/services/T0/B0/s3cr3s\x7ft");
    let run = terminal.ends();
    run.ok().says("ok    product").never_shows("s3cr3");
    assert_eq!(kept(&deploy, KEY), None);
    assert_eq!(
        kept(&deploy, "smp.product.webhook").unwrap(),
        "https://hooks.slack.com/services/T0/B0/s3cr3t"
    );
    assert_eq!(
        about(&run, "  note  technical"),
        format!(
            "note  technical   {MISSING}\nonly people who propose, block, postpone, roll back, stage a fix or promote with\n--override need one\n\
             set {VARIABLE}, or enter it with: git smp setup"
        )
    );
}

#[test]
fn one_webhook_pasted_for_two_channels_is_told_and_both_in_one_chat_stay_possible() {
    let channels = format!("{TECHNICAL}[channels.product]\nkind = \"teams\"\n");
    let deploy = ready(&channels);
    let mut terminal = asked(&deploy);
    terminal.enters(&flow());
    let product = flow().replace("workflows", "others");
    terminal
        .sees("Only people who promote need one.")
        .sees("Webhook of the product channel in Teams")
        .enters(&flow())
        .sees("this is already the webhook of the technical channel")
        .sees("set SMP_PRODUCT_WEBHOOK")
        .sees("Webhook of the product channel in Teams")
        .enters(&product);
    terminal.ends().ok().never_shows("s3cr3t");
    assert_eq!(kept(&deploy, "smp.product.webhook"), Some(product));
    // Two variables with the same webhook may be intended, so it is only reported.
    for runner in [
        person(&deploy).env("SMP_PRODUCT_WEBHOOK", flow()),
        person(&deploy).env("SMP_TECHNICAL_WEBHOOK", flow()),
    ] {
        let run = runner.smp(&["setup", "--check"]);
        let said = "the technical channel has the same webhook, so both post there";
        let is_same = run.ok().out().contains(said);
        assert_eq!(is_same, run.out().contains("SMP_PRODUCT"), "{run}");
        run.never_shows("s3cr3t");
    }
}

#[test]
fn what_is_no_webhook_is_explained_and_asked_for_again() {
    let deploy = ready(TECHNICAL);
    let mut terminal = asked(&deploy);
    terminal.enters("https://acme.webhook.office.com/webhookb2/s3cr3t");
    terminal
        .sees("retired those in May 2026")
        .sees("Workflows")
        .sees("Anyone")
        .sees(QUESTION);
    terminal
        .enters("http://chat.example/s3cr3t")
        .sees("must begin with https://")
        .sees(QUESTION);
    terminal
        .enters("s3cr3t")
        .sees("is not an address")
        .sees("note  technical");
    terminal.ends().ok().never_shows("s3cr3t");
    assert_eq!(kept(&deploy, KEY), None);

    let mut terminal = asked(&deploy);
    terminal
        .enters("s3cr3t")
        .sees("is not an address")
        .sees(QUESTION)
        .enters(&flow())
        .sees("ok    technical");
    terminal.ends().ok().never_shows("s3cr3t");
    assert_eq!(kept(&deploy, KEY), Some(flow()));
}

#[test]
fn what_is_odd_is_kept_and_said() {
    let deploy = ready(TECHNICAL);
    let mut terminal = asked(&deploy);
    terminal.enters(
        "https://prod-1.logic.azure.com/workflows/s3cr3t/triggers/manual/paths/invoke?sig=s3cr3t",
    );
    let run = terminal.ends();
    run.ok().never_shows("s3cr3t");
    assert!(
        about(&run, "  ok    technical").contains("\nMicrosoft announced the end of webhooks at"),
        "{run}"
    );
}

#[test]
fn an_address_that_can_take_no_post_is_asked_for_again() {
    let deploy = ready(TECHNICAL);
    let mut terminal = asked(&deploy);
    terminal
        .enters("https://hooks.slack.com/services/T0/B0/s3cr3t")
        .sees("an address of Slack")
        .sees(QUESTION);
    terminal
        .enters("https://teams.microsoft.com/l/channel/s3cr3t")
        .sees("a link that people open in Teams")
        .sees(QUESTION);
    terminal
        .enters(&flow().replace('&', "&amp;"))
        .sees("HTML source")
        .sees("note  technical");
    terminal.ends().ok().never_shows("s3cr3t");
    assert_eq!(kept(&deploy, KEY), None);
}

#[test]
fn one_that_can_take_no_post_fails_its_line_with_the_command_that_forgets_it() {
    let deploy = ready(BOTH);
    let without_sig = flow().split("&sig").next().unwrap().to_owned();
    for (key, address, word) in sample(
        1,
        [
            (KEY, without_sig.as_str(), "signature (sig=...) is missing"),
            (
                KEY,
                "https://make.powerautomate.com/environments/s3cr3t/flows",
                "a page of Power Automate",
            ),
            (
                "smp.product.webhook",
                "https://hooks.slack.com/triggers/T0/1/s3cr3t",
                "starts a Slack workflow",
            ),
            (
                "smp.product.webhook",
                "https://acme.slack.com/archives/s3cr3t",
                "a page of Slack",
            ),
        ],
    ) {
        let name = key.split('.').nth(1).unwrap();
        for (place, command) in [
            ("--local", format!("git config --unset-all {key}")),
            ("--global", format!("git config --global --unset-all {key}")),
        ] {
            deploy.git(&deploy.work, &["config", place, key, address]);
            let run = deploy.smp(&["setup", "--check"]);
            run.exits(1)
                .never_shows("s3cr3t")
                .says("error: one check failed\n")
                .says(&format!("{command} && git smp setup\n"));
            let line = about(&run, &format!("  FAIL  {name}"));
            assert!(
                line.contains(word) && line.ends_with(&format!("\nremove it: {command}")),
                "{line}"
            );
            // The command removes it.
            deploy.runner().program("sh", &["-c", &command]).ok();
            deploy
                .smp(&["setup", "--check"])
                .ok()
                .prints_among(&format!("note  {name}"));
        }
    }
    let run = deploy
        .runner()
        .env(VARIABLE, &without_sig)
        .smp(&["setup", "--check"]);
    let line = about(run.exits(1).never_shows("s3cr3t"), "  FAIL  technical");
    assert!(
        line.ends_with(&format!("\nremove it: unset {VARIABLE}")),
        "{line}"
    );
}

#[test]
fn nobody_is_asked_who_wants_no_questions_or_is_not_there() {
    let deploy = ready(BOTH);
    for args in [["setup", "--check"], ["setup", "--yes"]] {
        let run = person(&deploy).terminal(&args).ends();
        run.ok()
            .never_shows("not shown")
            .says("note  technical")
            .says("note  product");
    }
    deploy.smp(&["setup"]).ok().prints_among(MISSING);
    let printed = ready("[channels.technical]\nkind = \"print\"\n");
    person(&printed)
        .terminal(&["setup"])
        .ends()
        .ok()
        .never_shows("Webhook")
        .never_shows("technical ");
}

#[test]
fn the_environment_comes_before_the_configuration() {
    let deploy = ready(TECHNICAL);
    let by = |run: &Run| {
        about(run, "  ok    technical")
            .split_once("(webhook: ")
            .unwrap()
            .1
            .trim_end_matches(')')
            .to_owned()
    };
    let with = |value: &str| person(&deploy).env(VARIABLE, value);
    assert_eq!(by(with(&flow()).terminal(&["setup"]).ends().ok()), VARIABLE);
    deploy.configure(KEY, &flow());
    assert_eq!(
        by(deploy.smp(&["setup", "--check"]).ok()),
        "smp.technical.webhook in git's configuration"
    );
    assert_eq!(by(with(&flow()).smp(&["setup", "--check"]).ok()), VARIABLE);
    assert_eq!(
        by(with("\n").smp(&["setup", "--check"]).ok()),
        "smp.technical.webhook in git's configuration"
    );
    assert_eq!(kept(&deploy, KEY), None);
}

#[test]
fn one_that_cannot_be_used_fails_its_check_and_is_named_by_its_place() {
    // SEC-02
    let deploy = ready(TECHNICAL);
    for bad in sample(
        2,
        [
            "http://chat.example/s3cr3t",
            "https://outlook.office.com/webhook/s3cr3t",
            "s3cr3t",
            "https://x/ s3cr3t",
        ],
    ) {
        let run = deploy
            .runner()
            .env(VARIABLE, bad)
            .smp(&["setup", "--check"]);
        run.exits(1)
            .never_shows("s3cr3t")
            .says("error: one check failed\n")
            .says(&format!("hint: set {VARIABLE} to"));
        about(
            &run,
            &format!("  FAIL  technical   {VARIABLE}: the webhook "),
        );
    }
    // The variable overrides an answer, so there is no question.
    let run = person(&deploy)
        .env(VARIABLE, "s3cr3t")
        .terminal(&["setup"])
        .ends();
    run.exits(1).never_shows("s3cr3t").never_shows(QUESTION);
}

#[test]
fn one_in_the_configuration_that_cannot_be_used_is_replaced() {
    let deploy = ready(TECHNICAL);
    for place in sample(1, ["--local", "--global"]) {
        deploy.git(
            &deploy.work,
            &[
                "config",
                place,
                KEY,
                "https://outlook.office.com/webhook/s3cr3t",
            ],
        );
        let run = deploy.smp(&["setup", "--check"]);
        run.exits(1)
            .says("git smp setup\n")
            .never_shows("s3cr3t")
            .prints_among("Workflows");
        let mut terminal = person(&deploy).terminal(&["setup"]);
        terminal
            .sees("warning: smp.technical.webhook in git's configuration: ")
            .sees("Workflows")
            .sees(QUESTION);
        terminal.enters(&flow());
        terminal.ends().ok().never_shows("s3cr3t");
        assert_eq!(kept(&deploy, KEY), Some(flow()));
        deploy.git(&deploy.work, &["config", "--unset", KEY]);
    }
}

#[test]
fn a_webhook_that_another_place_overrules_is_not_called_kept() {
    let deploy = ready(TECHNICAL);
    let options = ["-c".to_owned(), format!("{KEY}=s3cr3t")];
    let runner = person(&deploy).git_options(&options.each_ref().map(String::as_str));
    let mut terminal = runner.terminal(&["setup"]);
    terminal.sees(QUESTION).enters(&flow());
    terminal
        .ends()
        .exits(1)
        .says("git reads another value")
        .never_shows(&flow());
}

#[test]
fn every_work_tree_uses_what_was_kept_in_one() {
    let deploy = ready(TECHNICAL);
    deploy.in_clone("config extensions.worktreeConfig true");
    let other = deploy.linked_with_toml("other");
    let mut terminal = person(&deploy).cwd(&other).terminal(&["setup"]);
    terminal.sees(QUESTION).enters(&flow());
    terminal.ends().ok().never_shows("s3cr3t");
    deploy
        .smp(&["setup", "--check"])
        .ok()
        .prints_among("ok    technical");
}

#[test]
fn a_webhook_in_the_file_is_refused_and_not_shown() {
    let deploy = world("");
    for line in sample(
        1,
        [
            format!("webhook = \"{}\"", flow()),
            "webhook = \"s3cr3t\"".to_owned(),
            "url = \"s3cr3t\"".to_owned(),
        ],
    ) {
        let text = deploy.toml();
        deploy.add_toml(&format!("{TECHNICAL}{line}\n"));
        for command in [["setup", "--yes"], ["status", "--json"]] {
            let run = deploy.smp(&command);
            run.exits(2)
                .never_shows("s3cr3t")
                .says("secrets do not belong in this file");
            run.says("setup asks for").says("then: git smp setup\n");
        }
        deploy.write_toml(&text);
    }
}

#[test]
fn no_command_shows_a_webhook_however_much_it_is_asked_to_say() {
    let deploy = ready(&format!("[record]\n{TECHNICAL}"));
    let (runner, lines) = watched(&deploy);
    deploy.git(&deploy.work, &["config", KEY, &flow()]);
    let runner = runner
        .env(VARIABLE, flow())
        .env("RUST_BACKTRACE", "full")
        .env("RUST_LOG", "trace");
    for args in [
        &["setup", "--check", "-v"][..],
        &["setup", "--yes", "-v"],
        &["status", "-v"],
        &["status", "--json", "-v"],
        &["diff", "-v"],
        &["diff", "--json"],
        &["promote", "-n", "-v"],
        &["promote", "-n", "--json"],
        &["propose", "-n", "-v"],
        &["history", "--json", "-v"],
    ] {
        runner
            .smp(args)
            .never_shows("s3cr3t")
            .never_shows("powerplatform");
    }
    let lines = std::fs::read_to_string(lines).unwrap();
    assert!(
        lines.contains("ls-remote") && !lines.contains("s3cr3t"),
        "{lines}"
    );
}
