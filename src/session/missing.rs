//! Reports a missing `smp.toml`: the team may have one that only this clone lacks.

use std::path::Path;

use crate::core::refusal::{Report, Stop};
use crate::core::text::shell_word;
use crate::core::typed::{Hint, Typed};
use crate::git::fetch::{self, FetchTarget};
use crate::git::{Repo, remote};
use crate::session::Session;

pub fn no_file(session: &Session<'_>, path: &Path) -> Stop {
    Stop::Misused(elsewhere(session, path).unwrap_or_else(|| {
        let report = Report::new(format!("there is no {}", path.display()))
            .because("this file names the main repository and the environments");
        report.hint(of_the_team(session).and(Hint::run("to make one", Typed::smp("setup"))))
    }))
}

/// Returns where the team's file may be, if this clone has a remote.
pub fn of_the_team(session: &Session<'_>) -> Hint {
    match lines(session, "remote", "").is_empty() {
        true => Hint::default(),
        false => Hint::run("if your team has one already", Typed::other("git pull")),
    }
}

/// Reports a branch known to this clone that has the file, so that nobody creates another one.
pub fn elsewhere(session: &Session<'_>, path: &Path) -> Option<Report> {
    let known = References::of(session);
    let all = known.upstream.iter().chain(&known.all);
    let looked_at: Vec<_> = all.map(|name| (name.clone(), name.clone())).collect();
    known.report(session, path, &looked_at)
}

/// Reports a remote's own branch, not fetched yet, that has the file. A remote that does not answer has none.
pub fn at_a_remote(session: &Session<'_>, path: &Path) -> Option<Report> {
    let (repo, names) = (&session.repo, lines(session, "remote", ""));
    let mut looked_at = Vec::new();
    for remote in ["upstream", "origin"] {
        if names.iter().any(|name| name == remote) {
            let what = format!("asking {remote} for smp.toml");
            looked_at.extend(session.ui.during(&what, || fetched(repo, remote)));
        }
    }
    References::of(session).report(session, path, &looked_at)
}

fn fetched(repo: &Repo, remote: &str) -> Option<(String, String)> {
    let (branch, id) = remote::head(repo, remote).ok()??;
    if !repo.has_commit(&id).ok()? {
        fetch::fetch(repo, remote, &FetchTarget::Branch(branch.clone())).ok()?;
    }
    Some((format!("refs/remotes/{remote}/{branch}"), id.to_string()))
}

/// Reports that the checked-out commit has the file, and only the work tree lacks it.
fn deleted(report: Report, path: &Path, is_in_index: bool) -> Report {
    let restore = match is_in_index {
        true => "git restore",
        false => "git restore --staged --worktree",
    };
    let report = report.because("the commit checked out here has it, but the work tree does not");
    let is_here = std::env::current_dir().is_ok_and(|here| path.parent() == Some(&here));
    let file = if is_here { "smp.toml" } else { ":/smp.toml" };
    report.run("", Typed::other(restore).arg(file))
}

/// Returns the lines that a git command prints; none if it fails.
fn lines(session: &Session<'_>, command: &str, input: &str) -> Vec<String> {
    let args: Vec<&str> = command.split(' ').collect();
    let told = session.repo.program().ask("", &args, input.as_bytes());
    let told = told.unwrap_or_default();
    let told = String::from_utf8_lossy(&told);
    told.lines().map(str::to_owned).collect()
}

struct References {
    here: Option<String>,
    upstream: Option<String>,
    all: Vec<String>,
}

impl References {
    fn of(session: &Session<'_>) -> Self {
        Self {
            here: lines(session, "symbolic-ref --quiet HEAD", "").pop(),
            upstream: lines(
                session,
                "rev-parse --verify --symbolic-full-name @{upstream}",
                "",
            )
            .pop(),
            all: lines(
                session,
                "for-each-ref --count=500 --format=%(refname) refs/remotes refs/heads",
                "",
            ),
        }
    }

    /// Reports the best branch with the file, unless the user named a configuration. Each has the object to look at.
    fn report(
        &self,
        session: &Session<'_>,
        path: &Path,
        looked_at: &[(String, String)],
    ) -> Option<Report> {
        if session.common.config().is_some() {
            return None;
        }
        let objects = looked_at.iter().map(|(_, object)| object.as_str());
        let objects = ["HEAD", ""].into_iter().chain(objects);
        let objects = objects.map(|object| format!("{object}:smp.toml\n"));
        let command = "cat-file --batch-check=%(objecttype)";
        let kinds = lines(session, command, &objects.collect::<String>());
        let report = Report::new(format!("there is no {}", path.display()));
        if let [head, index, ..] = kinds.as_slice()
            && head == "blob"
        {
            return Some(deleted(report, path, index == "blob"));
        }
        let have = looked_at.iter().zip(kinds.iter().skip(2));
        let have = have.filter_map(|((name, _), kind)| (kind == "blob").then_some(name.as_str()));
        let have: Vec<&str> = have.collect();
        let found = self.best(&have)?;
        let short = found
            .trim_start_matches("refs/heads/")
            .trim_start_matches("refs/remotes/");
        let because = format!("{short} has it, but the commit checked out here does not");
        let report = report.because(because);
        Some(report.run("", Typed::other(self.command(found, &have))))
    }

    /// Chooses what `git pull` brings, or else a remote's main branch, a local branch, or any other.
    fn best<'n>(&self, have: &[&'n str]) -> Option<&'n str> {
        have.iter().copied().min_by_key(|name| match name {
            name if self.upstream.as_deref() == Some(name) => 0,
            name if name.starts_with("refs/heads/") => 2,
            name if name.ends_with("/main") || name.ends_with("/master") => 1,
            _ => 3,
        })
    }

    /// Returns the command that brings the file here, or leads to it. It merges no branch into one of another name.
    fn command(&self, found: &str, have: &[&str]) -> String {
        if self.upstream.as_deref() == Some(found) {
            return "git pull".to_owned();
        }
        let theirs = found.strip_prefix("refs/remotes/");
        let Some((remote, branch)) = theirs.and_then(|name| name.split_once('/')) else {
            let name = found.trim_start_matches("refs/heads/");
            return format!("git switch {}", shell_word(name));
        };
        let own = format!("refs/heads/{branch}");
        let (remote, branch) = (shell_word(remote), shell_word(branch));
        if self.here.as_ref() == Some(&own) {
            format!("git pull {remote} {branch}")
        } else if have.contains(&own.as_str()) {
            format!("git switch {branch}")
        } else if self.all.contains(&own) {
            format!("git switch {branch} && git pull {remote} {branch}")
        } else {
            format!("git fetch {remote} && git switch --track {remote}/{branch}")
        }
    }
}
