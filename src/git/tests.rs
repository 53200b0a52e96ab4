//! Compares the two answers to every question with each other, and with git's own output.

#[cfg(unix)]
mod credentials;
#[cfg(unix)]
mod events;
mod histories;
mod known;
mod landed;
mod line;
mod picks;
mod places;
pub mod scratch;
#[cfg(unix)]
mod secrets;
mod spellings;
mod touched;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::core::words::{Changes, CommitId};
use crate::git::program::{Program, find_on_path};
use crate::git::{Found, Repo, plumbing};

/// A folder with a repository, without any settings of the developer's machine.
struct World {
    root: TempDir,
}

impl World {
    /// Creates a world without a repository.
    fn empty() -> Self {
        Self {
            root: scratch::folder(),
        }
    }

    /// Creates a world whose root is a repository.
    fn new() -> Self {
        let world = Self::empty();
        world.git(&["init", "-q", "--template=", "-b", "main"]);
        world
    }

    fn path(&self) -> &Path {
        self.root.path()
    }

    /// Returns a `git` that runs in a folder of this world.
    fn program(&self, folder: &str, variables: &[(&str, &str)]) -> Program {
        let inherited = std::env::vars_os().map(|(name, _)| name);
        let dropped =
            inherited.filter(|name| name.to_str().is_some_and(|name| name.starts_with("GIT_")));
        let mut all: Vec<(OsString, Option<OsString>)> = dropped.map(|name| (name, None)).collect();
        let own = [
            ("GIT_CONFIG_GLOBAL", scratch::CONFIG),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("HOME", "/nonexistent"),
        ];
        let who = [
            ("GIT_AUTHOR_NAME", "Ada"),
            ("GIT_AUTHOR_EMAIL", "ada@example.com"),
        ];
        let whom = [
            ("GIT_COMMITTER_NAME", "Ben"),
            ("GIT_COMMITTER_EMAIL", "ben@example.com"),
        ];
        // With a fixed clock, every hash and so every abbreviation is the same in each run.
        let when = [
            ("GIT_AUTHOR_DATE", "1646226000 +0000"),
            ("GIT_COMMITTER_DATE", "1646226000 +0000"),
        ];
        for (name, value) in own
            .iter()
            .chain(&who)
            .chain(&whom)
            .chain(&when)
            .chain(variables)
        {
            all.retain(|(known, _)| known != name);
            all.push(((*name).into(), Some((*value).into())));
        }
        Program::elsewhere(find_on_path("git").unwrap(), self.path().join(folder), all)
    }

    fn command(&self, args: &[&str]) -> Command {
        self.program("", &[]).command(args)
    }

    /// Runs git in the root. It must succeed.
    fn git(&self, args: &[&str]) -> String {
        self.feed(args, b"")
    }

    /// Runs git in the root with this standard input. It must succeed.
    fn feed(&self, args: &[&str], input: &[u8]) -> String {
        String::from_utf8(self.bytes(args, input))
            .unwrap()
            .trim_end()
            .to_owned()
    }

    fn bytes(&self, args: &[&str], input: &[u8]) -> Vec<u8> {
        let folder = scratch::folder();
        fs::write(folder.path().join("in"), input).unwrap();
        let input = fs::File::open(folder.path().join("in")).unwrap();
        let output = self
            .command(args)
            .stdin(Stdio::from(input))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "git {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    }

    fn commit(&self, message: &str) -> CommitId {
        self.git(&[
            "commit",
            "-q",
            "--allow-empty",
            "--allow-empty-message",
            "-m",
            message,
        ]);
        // A file is read without starting git.
        let git = self.path().join(".git");
        let head = fs::read_to_string(git.join("HEAD")).unwrap_or_default();
        let branch = head.trim_end().strip_prefix("ref: ");
        let id = branch.and_then(|branch| fs::read_to_string(git.join(branch)).ok());
        id.and_then(|id| CommitId::parse(id.trim_end()))
            .unwrap_or_else(|| self.id("HEAD"))
    }

    fn id(&self, rev: &str) -> CommitId {
        CommitId::parse(&self.git(&["rev-parse", rev])).unwrap()
    }

    /// Writes a commit object unchanged, whatever its content.
    fn raw(&self, header: &[u8], message: &[u8]) -> CommitId {
        let text = [header, b"\n", message].concat();
        CommitId::parse(&self.feed(
            &[
                "hash-object",
                "-t",
                "commit",
                "-w",
                "--stdin",
                "--literally",
            ],
            &text,
        ))
        .unwrap()
    }

    fn repo(&self) -> Repo {
        self.repo_in("", &[])
    }

    fn repo_in(&self, folder: &str, variables: &[(&str, &str)]) -> Repo {
        Repo::open_with(self.program(folder, variables)).unwrap()
    }

    fn log(&self, range: &str) -> Vec<u8> {
        self.bytes(
            &[
                "log",
                "--oneline",
                "--no-merges",
                "--no-decorate",
                "--no-color",
                range,
                "--",
            ],
            b"",
        )
    }

    /// Returns the answer of `repo`, after a comparison with git's list and with the program's answer.
    fn checked(&self, repo: &Repo, from: Option<&CommitId>, to: &CommitId) -> Changes {
        let changes = repo.changes(from, to).unwrap();
        let plumbing = plumbing::changes(&repo.program, from, to).unwrap();
        assert_eq!(changes, plumbing);
        let range = from.map_or_else(|| to.to_string(), |from| format!("{from}..{to}"));
        assert_eq!(as_text(&printed(&changes)), as_text(&self.log(&range)));
        let listed: Vec<_> = [&changes.ships[..], &changes.disappears].concat();
        let ids: Vec<_> = listed.iter().map(|commit| commit.id.clone()).collect();
        assert_eq!(repo.commits(&ids).unwrap(), listed);
        changes
    }
}

/// Returns the list as it goes to stdout.
fn printed(changes: &Changes) -> Vec<u8> {
    let line = |commit: &crate::core::words::Commit| {
        [commit.short.as_bytes(), b" ", commit.printed(), b"\n"].concat()
    };
    changes.ships.iter().flat_map(line).collect()
}

/// Makes bytes readable in a failed assertion.
fn as_text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string().replace("\\n", "\n")
}

fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap()
}
