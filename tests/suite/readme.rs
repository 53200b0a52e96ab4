//! Every command line of README works: it runs here, in the order of a week, or is listed below with a reason.

use std::collections::BTreeSet;

use crate::record::recorded;
use crate::support::Deploy;

const README: &str = include_str!("../../README.md");

/// Commands that cannot run in this world.
const ELSEWHERE: [(&str, &str); 9] = [
    (
        "cargo run --example playground",
        "a world of its own: `.ci/run` plays it",
    ),
    ("cargo install --locked git-smp", "downloads crates"),
    ("cargo install --locked --path .", "builds for minutes"),
    ("cargo uninstall git-smp", "removes what cargo installed"),
    ("cargo deb", "needs cargo-deb"),
    (
        "cargo build --release && cargo generate-rpm",
        "needs cargo-generate-rpm",
    ),
    (
        "git smp --help",
        "needs man: tests/suite/machine/manual.rs runs it",
    ),
    ("man git-smp", "needs man: the same"),
    ("man git-smp-promote", "needs man: the same"),
];

/// Returns the command lines of README: the lines of its terminals, and the text in backticks.
fn commands() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut fence = None;
    for line in README.lines().map(str::trim_start) {
        if let Some(language) = line.strip_prefix("```") {
            fence = fence.is_none().then_some(language);
        } else if fence == Some("") {
            let typed = line.strip_prefix("$ ");
            found.extend(typed.or(line.starts_with("cargo ").then_some(line)));
        } else if fence.is_none() {
            let spans = line.split('`').skip(1).step_by(2);
            let starts = ["git smp ", "cargo ", "man "];
            found.extend(spans.filter(|span| starts.iter().any(|start| span.starts_with(start))));
        }
    }
    found.into_iter().map(str::to_owned).collect()
}

/// Runs a command line with these options in place of a person's answers.
#[track_caller]
fn types(deploy: &Deploy, line: &str, answers: &[&str]) -> String {
    let words = line.strip_prefix("git smp").unwrap().split_whitespace();
    let args: Vec<&str> = words.chain(answers.iter().copied()).collect();
    deploy.smp(&args).ok();
    line.to_owned()
}

#[test]
fn every_command_line_of_the_readme_runs() {
    let deploy = recorded();
    let before = deploy.master(&deploy.production);
    let tested = deploy.master(&deploy.staging);
    let run = |line: &str, answers: &[&str]| types(&deploy, line, answers);
    let mut known = BTreeSet::from([
        run("git smp setup", &["--yes"]),
        run("git smp status", &[]),
        run("git smp diff", &[]),
        run("git smp where", &[&tested]),
        run("git smp propose", &["--yes"]),
        run("git smp postpone", &["--yes", "--reason", "Not today"]),
        run("git smp propose", &["--yes"]),
        run("git smp signoff", &["--by", "Rosi"]),
        run("git smp promote -n", &[]),
        run("git smp promote", &["--yes", "--commit", &tested]),
        run("git smp rollback", &["--yes", "--to", &before]),
        run("git smp history", &[]),
        run("git smp stage", &["--yes"]),
        run("git smp help promote", &[]),
        run("git smp setup --no-hook", &[]),
    ]);
    assert_eq!(deploy.deploys(&deploy.production).last(), Some(&before));
    known.extend(ELSEWHERE.map(|(line, _)| line.to_owned()));
    let written = commands();
    let unknown: Vec<_> = written.difference(&known).collect();
    assert!(unknown.is_empty(), "nobody runs these: {unknown:?}");
    let gone: Vec<_> = known.difference(&written).collect();
    assert!(gone.is_empty(), "README has no longer: {gone:?}");
}
