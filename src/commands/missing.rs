//! No `smp.toml` here: maybe the team has one, and this clone only lacks it.

use std::path::Path;

use crate::commands::Session;
use crate::error::{Report, Stop};
use crate::text::shell_word;

/// The most branches that are looked at.
const MOST: usize = 500;

/// A branch that has the file.
struct Branch {
    name: String,
    command: String,
}

/// That there is no file, and how to come to one.
pub fn no_file(session: &Session<'_>, path: &Path) -> Stop {
    let report = Report::new(format!("there is no {}", path.display()));
    Stop::Misused(elsewhere(session, path).unwrap_or_else(|| {
        let hint = "make one: git smp setup\nor, if your team has one already: git pull";
        report
            .because("it names the main repository and the environments")
            .hint(hint)
    }))
}

/// The same where a branch of this clone has the file: then nobody is to make another one.
pub fn elsewhere(session: &Session<'_>, path: &Path) -> Option<Report> {
    if session.common.config().is_some() {
        return None;
    }
    let branch = branch_with_file(session)?;
    let report = Report::new(format!("there is no {}", path.display()));
    Some(
        report
            .because(format!(
                "{} has it, and what is checked out here lacks it",
                branch.name
            ))
            .hint(branch.command),
    )
}

fn branch_with_file(session: &Session<'_>) -> Option<Branch> {
    let program = session.repo.program();
    let read = |args: &[&str]| {
        let told = program.read("", args).unwrap_or_default();
        String::from_utf8_lossy(&told)
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let upstream = read(&[
        "rev-parse",
        "--quiet",
        "--verify",
        "--symbolic-full-name",
        "@{upstream}",
    ])
    .pop();
    let count = format!("--count={MOST}");
    let all = read(&[
        "for-each-ref",
        &count,
        "--format=%(refname)",
        "refs/remotes",
        "refs/heads",
    ]);
    let asked: Vec<&String> = upstream.iter().chain(&all).collect();
    let input: String = asked
        .iter()
        .map(|name| format!("{name}:smp.toml\n"))
        .collect();
    let told = program
        .ask(
            "",
            ["cat-file", "--batch-check=%(objecttype)"],
            input.as_bytes(),
        )
        .unwrap_or_default();
    let told = String::from_utf8_lossy(&told);
    let have: Vec<&String> = asked
        .into_iter()
        .zip(told.lines())
        .filter(|(_, kind)| *kind == "blob")
        .map(|(name, _)| name)
        .collect();
    let local = |name: &&&String| name.starts_with("refs/heads/");
    // What `git pull` brings, what the main branches of the remotes have, what was checked out before, the rest.
    let main = |name: &&&String| {
        name.starts_with("refs/remotes/") && (name.ends_with("/main") || name.ends_with("/master"))
    };
    let first = have.iter().find(|name| upstream.as_ref() == Some(name));
    let found = first
        .or_else(|| have.iter().find(main))
        .or_else(|| have.iter().find(local))
        .or(have.first())?;
    Some(named(found, upstream.as_ref() == Some(found)))
}

fn named(reference: &str, is_upstream: bool) -> Branch {
    let name = reference
        .trim_start_matches("refs/heads/")
        .trim_start_matches("refs/remotes/")
        .to_owned();
    let command = match (
        is_upstream,
        name.split_once('/')
            .filter(|_| reference.starts_with("refs/remotes/")),
    ) {
        (true, _) => "git pull".to_owned(),
        (false, Some((remote, branch))) => {
            format!("git pull {} {}", shell_word(remote), shell_word(branch))
        }
        (false, None) => format!("git switch {}", shell_word(&name)),
    };
    Branch { name, command }
}
