use clap::CommandFactory;

use super::*;
use crate::cli::Cli;
use crate::core::refusal::RefusalCode;

/// Returns a page as plain text, without roff escapes and font changes.
fn page(name: &str) -> String {
    let text = PAGES.iter().find(|page| page.0 == name).unwrap().1;
    ["\\fB", "\\fI", "\\fR", "\\fP", "\\f[B]", "\\f[R]", "\\&"]
        .iter()
        .fold(text.to_owned(), |text, font| text.replace(font, ""))
        .replace("\\-", "-")
}

#[test]
fn every_command_has_a_page_that_names_every_flag() {
    for command in crate::cli::commands() {
        let page = page(&format!("git-smp-{}.1", command.get_name()));
        for arg in command.get_arguments().filter(|arg| !arg.is_global_set()) {
            let long = arg.get_long().map(|long| format!("--{long}"));
            let short = arg.get_short().map(|short| format!("-{short}"));
            for flag in long.into_iter().chain(short) {
                assert!(
                    page.contains(&flag),
                    "git-smp-{}(1) does not name {flag}",
                    command.get_name()
                );
            }
        }
    }
}

#[test]
fn the_main_page_names_every_command_and_common_flag() {
    let (cli, page) = (Cli::command(), page("git-smp.1"));
    for command in cli
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
    {
        assert!(
            page.contains(&format!("git smp {}", command.get_name())),
            "{}",
            command.get_name()
        );
    }
    let flags = cli
        .get_arguments()
        .filter_map(clap::Arg::get_long)
        .map(|long| format!("--{long}"));
    for flag in flags.chain(["-h", "--help", "-V", "--version"].map(str::to_owned)) {
        assert!(page.contains(&flag), "git-smp(1) does not name {flag}");
    }
}

#[test]
fn every_exit_code_is_told_and_no_other() {
    let page = page("git-smp.1");
    let section = page
        .split(".SH EXIT STATUS")
        .nth(1)
        .unwrap()
        .split("\n.SH")
        .next()
        .unwrap();
    let items = section.lines().filter_map(|line| line.strip_prefix(".B "));
    let told: Vec<&str> = items.filter(|item| item.parse::<u8>().is_ok()).collect();
    assert_eq!(told, ["0", "1", "2", "3", "4"]);
}

#[test]
fn every_refusal_code_is_explained() {
    let (promote, status) = (page("git-smp-promote.1"), page("git-smp-status.1"));
    for code in RefusalCode::ALL {
        assert!(
            promote.contains(code.as_str()),
            "git-smp-promote(1) does not explain {}",
            code.as_str()
        );
    }
    for finding in [
        "rolled-back",
        "release-failed",
        "deploying",
        "release-pending",
        "deployed-outside-git",
        "stale-page",
        "cached-page",
        "nothing-deployed",
        "wrong-branch",
        "not-confirmed",
        "ref-differs",
        crate::core::decide::unrecorded::WORD,
        "unreachable",
        "unauthorized",
        "page-unclear",
        "unknown-commit",
        "stopped",
    ] {
        assert!(
            status.contains(finding),
            "git-smp-status(1) does not explain {finding}"
        );
    }
}

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}
