//! The recipes of docs/ci.md: the shell steps of the GitHub action and of the GitLab component, in a clone of depth 1.

use std::path::{Path, PathBuf};

use crate::shallow::shallow;
use crate::support::{Deploy, Runner};

const ACTION: &str = include_str!("../../action.yml");
const COMPONENT: &str = include_str!("../../templates/git-smp.yml");

/// A world, a CI clone of depth 1, and the agreed digest.
fn job() -> (Deploy, PathBuf, String) {
    let (deploy, folder) = shallow();
    let digest = deploy.git(&deploy.work, &["config", "smp.trusted"]);
    (deploy, folder, digest)
}

fn shell<'d>(deploy: &'d Deploy, folder: &Path, digest: &str) -> Runner<'d> {
    let output = deploy.path("output");
    let runner = deploy.runner().cwd(folder).env("CI", "true");
    runner.env("SMP_TRUST", digest).env("GITHUB_OUTPUT", output)
}

/// Returns the script of the action's only step.
fn script() -> String {
    let script = ACTION.split("run: |\n").nth(1).unwrap();
    let lines = script
        .lines()
        .map(|line| line.strip_prefix("        ").unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns the lines of a list in the component, in this job.
fn listed(job: &str, list: &str) -> String {
    let of_job = COMPONENT.split(&format!("\n{job}:\n")).nth(1).unwrap();
    let lines = of_job.split(&format!("  {list}:\n")).nth(1).unwrap();
    let lines = lines.lines().map_while(|line| line.strip_prefix("    - "));
    lines.collect::<Vec<_>>().join("\n")
}

/// Asserts that the runner takes everything between the first and the last line as plain text.
#[track_caller]
fn assert_no_commands(out: &str) {
    let mut lines = out.lines();
    let first = lines.next().unwrap();
    let token = first.strip_prefix("::stop-commands::").unwrap();
    assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(lines.next_back().unwrap(), format!("::{token}::"));
}

#[test]
fn the_action_checks_promotes_and_looks() {
    let (deploy, folder, digest) = job();
    let script = script();
    let job = || shell(&deploy, &folder, &digest);
    let check = job().env("SMP_RUN", "check");
    let run = check.program("bash", &["-c", &script]);
    run.ok().prints_among(deploy.nth(5));
    assert_no_commands(&run.out());
    let output = std::fs::read_to_string(deploy.path("output")).unwrap();
    assert_eq!(output, format!("commit={}\n", deploy.nth(5)));
    deploy.ran([2]);
    let late = job().env("SMP_RUN", "status");
    let late = late.program("bash", &["-c", &script]);
    assert_no_commands(&late.exits(1).out());
    let other = job()
        .env("SMP_RUN", "promote")
        .env("SMP_COMMIT", deploy.nth(4));
    other.program("bash", &["-c", &script]).exits(1);
    let promote = job()
        .env("SMP_RUN", "promote")
        .env("SMP_COMMIT", deploy.nth(5));
    promote.program("bash", &["-c", &script]).ok();
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
    let well = job().env("SMP_RUN", "status");
    well.program("bash", &["-c", &script]).ok();
}

#[test]
fn the_component_checks_and_promotes_what_was_shown() {
    let (deploy, folder, digest) = job();
    let before = listed(".git-smp", "before_script");
    for (job, code) in [
        ("git-smp-status", 1),
        ("git-smp-check", 0),
        ("git-smp-promote", 0),
        ("git-smp-status", 0),
    ] {
        let script = format!("set -e\n{before}\n{}", listed(job, "script"));
        let run = shell(&deploy, &folder, &digest);
        run.program("sh", &["-c", &script]).exits(code);
    }
    assert_eq!(deploy.master(&deploy.production), deploy.nth(5));
}

#[test]
fn a_job_uses_no_network_on_the_word_of_another_file() {
    let (deploy, folder, _) = job();
    let before = deploy.snapshot();
    let script = script();
    for run in ["check", "promote", "status"] {
        let job = shell(&deploy, &folder, "sha256:00").env("SMP_RUN", run);
        job.program("bash", &["-c", &script])
            .exits(2)
            .says("--trust");
    }
    assert_eq!(deploy.snapshot(), before);
}
