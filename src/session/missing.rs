//! No `smp.toml` here: maybe the team has one, and this clone only lacks it.

use std::path::Path;

use crate::core::refusal::{Report, Stop};
use crate::core::text::shell_word;
use crate::core::typed::Typed;
use crate::git::fetch::{self, FetchTarget};
use crate::git::remote;
use crate::session::Session;

/// That there is no file, and how to come to one.
pub fn no_file(session: &Session<'_>, path: &Path) -> Stop {
    Stop::Misused(elsewhere(session, path).unwrap_or_else(|| {
        Report::new(format!("there is no {}", path.display()))
            .because("it names the main repository and the environments")
            .run("if your team has one already", Typed::other("git pull"))
            .run("or make one", Typed::smp("setup"))
    }))
}

/// The same where a branch that this clone knows has the file: then nobody is to make another one.
pub fn elsewhere(session: &Session<'_>, path: &Path) -> Option<Report> {
    let known = References::of(session);
    let all = known.upstream.iter().chain(&known.all);
    let looked_at: Vec<(String, String)> = all.map(|name| (name.clone(), name.clone())).collect();
    known.report(session, path, &looked_at)
}

/// The same where a remote has the file on its own branch, and this clone did not fetch it yet. A remote that does not
/// answer, or asks who is there, has none.
pub fn at_a_remote(session: &Session<'_>, path: &Path) -> Option<Report> {
    let (repo, names) = (&session.repo, lines(session, &["remote"], ""));
    let fetched = |remote: &str| {
        let (branch, id) = remote::head(repo, remote).ok()??;
        if !repo.has_commit(&id).ok()? {
            fetch::fetch(repo, remote, &FetchTarget::Branch(branch.clone())).ok()?;
        }
        Some((format!("refs/remotes/{remote}/{branch}"), id.to_string()))
    };
    let mut looked_at = Vec::new();
    for remote in ["upstream", "origin"] {
        if names.iter().any(|name| name == remote) {
            let what = format!("asking {remote} for smp.toml");
            looked_at.extend(session.ui.during(&what, || fetched(remote)));
        }
    }
    References::of(session).report(session, path, &looked_at)
}

/// The lines that git prints; none where it fails.
fn lines(session: &Session<'_>, args: &[&str], input: &str) -> Vec<String> {
    let told = session.repo.program().ask("", args, input.as_bytes());
    let told = told.unwrap_or_default();
    let told = String::from_utf8_lossy(&told);
    told.lines().map(str::to_owned).collect()
}

/// What is checked out, and what could be.
struct References {
    /// The branch that is checked out, if it is one.
    here: Option<String>,
    /// What `git pull` brings here.
    upstream: Option<String>,
    all: Vec<String>,
}

impl References {
    fn of(session: &Session<'_>) -> Self {
        let here = ["symbolic-ref", "--quiet", "HEAD"];
        let upstream = [
            "rev-parse",
            "--verify",
            "--symbolic-full-name",
            "@{upstream}",
        ];
        let (most, format) = ("--count=500", "--format=%(refname)");
        let all = ["for-each-ref", most, format, "refs/remotes", "refs/heads"];
        Self {
            here: lines(session, &here, "").pop(),
            upstream: lines(session, &upstream, "").pop(),
            all: lines(session, &all, ""),
        }
    }

    /// The first branch of these with the file, where none was named: each with the object to look at.
    fn report(
        &self,
        session: &Session<'_>,
        path: &Path,
        looked_at: &[(String, String)],
    ) -> Option<Report> {
        if session.common.config().is_some() {
            return None;
        }
        let objects = looked_at.iter().map(|(_, object)| object);
        let objects: String = objects
            .map(|object| format!("{object}:smp.toml\n"))
            .collect();
        let args = ["cat-file", "--batch-check=%(objecttype)"];
        let kinds = lines(session, &args, &objects);
        let have = looked_at
            .iter()
            .zip(&kinds)
            .filter(|(_, kind)| *kind == "blob");
        let have: Vec<&str> = have.map(|((name, _), _)| name.as_str()).collect();
        let found = self.best(&have)?;
        let short = found
            .trim_start_matches("refs/heads/")
            .trim_start_matches("refs/remotes/");
        let report = Report::new(format!("there is no {}", path.display())).because(format!(
            "{short} has it, and what is checked out here lacks it"
        ));
        Some(report.run("", Typed::other(self.command(found, &have))))
    }

    /// What `git pull` brings, what the main branches of the remotes have, what was checked out before, the rest.
    fn best<'n>(&self, have: &[&'n str]) -> Option<&'n str> {
        have.iter().copied().min_by_key(|name| match name {
            name if self.upstream.as_deref() == Some(name) => 0,
            name if name.starts_with("refs/heads/") => 2,
            name if name.ends_with("/main") || name.ends_with("/master") => 1,
            _ => 3,
        })
    }

    /// What brings the file here, or leads to it. It merges nothing into what is no branch of that name.
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
