//! The recorder with real repositories and the real `git`, and with a git that fails on purpose.
#![expect(
    clippy::disallowed_types,
    reason = "tests start the git program themselves"
)]

mod appending;
mod bringing;
mod copies;
mod doubts;
mod lagging;
mod refused;
mod surroundings;
mod together;
mod unwritable;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use tempfile::TempDir;

use crate::core::config::parse;
use crate::core::record::{Deployed, Event, Intent, Judged, Kind, Proposed, Verdict, What};
use crate::git::program::find_on_path;
use crate::git::tests::scratch;
use crate::team::recorder::*;

const RECORD: &str = "refs/smp/record";

/// The time limit for old answers in these tests.
const LAGS: Duration = Duration::from_millis(400);

/// A folder with a main repository and clones of it.
struct World {
    root: TempDir,
    config: Config,
}

impl World {
    fn new() -> Self {
        Self::with("[record]\n", &[])
    }

    /// Builds a world with this `[record]` table, and `git init` options for the main repository.
    fn with(record: &str, init: &[&str]) -> Self {
        let root = scratch::folder();
        let main = root.path().join("main.git");
        let text = format!(
            "[repository]\nremote = 'upstream'\nurl = '{}'\n[environments.staging]\nurl = '/srv/staging.git'\n\
             [environments.production]\nurl = '/srv/production.git'\npromotes = 'staging'\n{record}",
            main.display()
        );
        let world = Self {
            config: parse(Path::new("smp.toml"), &text).unwrap(),
            root,
        };
        let all = [
            "init",
            "-q",
            "--template=",
            "--bare",
            "-b",
            "main",
            "main.git",
        ];
        world.git("", &[&all, init].concat());
        let root = "commit refs/heads/main\ncommitter Ben <ben@example.com> 1646222400 +0000\ndata 5\nRoot\n";
        std::fs::write(world.path("root"), root).unwrap();
        let (done, words) = world.run("main.git", "exec git fast-import --quiet <../root", &[]);
        assert!(done, "{words}");
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Makes a clone of Ada's.
    fn clone(&self, name: &str) -> Checkout<'_> {
        let all = [
            "clone",
            "-q",
            "--template=",
            "-o",
            "upstream",
            "main.git",
            name,
        ];
        self.git("", &all);
        self.named(name)
    }

    /// Returns an existing folder as a clone of Ada's.
    fn named(&self, name: &str) -> Checkout<'_> {
        Checkout {
            world: self,
            name: name.to_owned(),
            variables: Vec::new(),
        }
    }

    /// Returns variables that hide the developer's machine.
    fn variables(&self) -> Vec<(OsString, Option<OsString>)> {
        let inherited = std::env::vars_os().map(|(name, _)| name);
        let dropped =
            inherited.filter(|name| name.to_str().is_some_and(|name| name.starts_with("GIT_")));
        let own = [
            ("GIT_CONFIG_GLOBAL", scratch::CONFIG),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("HOME", "/nonexistent"),
        ];
        let own = own.map(|(name, value)| (name.into(), Some(value.into())));
        dropped.map(|name| (name, None)).chain(own).collect()
    }

    /// Runs git like a person and returns its output; it must succeed.
    fn git(&self, folder: &str, args: &[&str]) -> String {
        let (ended_well, words) = self.program("git", folder, args);
        assert!(ended_well, "git {args:?}: {words}");
        words
    }

    /// Runs a shell line; returns whether it succeeded, and all its output.
    fn run(&self, folder: &str, line: &str, args: &[&str]) -> (bool, String) {
        self.program("/bin/sh", folder, &[&["-c", line, "sh"], args].concat())
    }

    /// Runs a program; returns whether it succeeded, and all its output.
    fn program(&self, program: &str, folder: &str, args: &[&str]) -> (bool, String) {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.path(folder));
        let who = [
            ("GIT_AUTHOR_NAME", "Ben"),
            ("GIT_AUTHOR_EMAIL", "ben@example.com"),
        ];
        let whom = [
            ("GIT_COMMITTER_NAME", "Ben"),
            ("GIT_COMMITTER_EMAIL", "ben@example.com"),
        ];
        for (name, value) in self.variables() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let output = command.envs(who).envs(whom).output().unwrap();
        let words = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&words).trim_end().to_owned(),
        )
    }

    /// Returns the commit of a ref in a repository.
    fn points_to(&self, folder: &str, reference: &str) -> Option<String> {
        let args = ["rev-parse", "--verify", "--quiet", reference];
        let (exists, id) = self.program("git", folder, &args);
        exists.then_some(id)
    }

    /// Returns the commit of a ref in the main repository.
    fn at(&self, reference: &str) -> Option<String> {
        self.points_to("main.git", reference)
    }

    /// Returns every ref of the main repository except its branch.
    fn refs(&self) -> String {
        let format = "--format=%(refname) %(objectname)";
        let all = self.git("main.git", &["for-each-ref", format]);
        let lines = all
            .lines()
            .filter(|line| !line.starts_with("refs/heads/main "));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Writes an object with this content into the main repository.
    fn object(&self, kind: &str, text: &[u8]) -> String {
        std::fs::write(self.path("object"), text).unwrap();
        self.git(
            "main.git",
            &["hash-object", "-w", "--literally", "-t", kind, "../object"],
        )
    }

    /// Writes a commit with this state and message on top of another into the main repository.
    fn commit(&self, state: &str, message: &str, parent: Option<&str>) -> String {
        let blob = self.object("blob", state.as_bytes());
        std::fs::write(
            self.path("tree"),
            format!("100644 blob {blob}\tstate.json\n"),
        )
        .unwrap();
        std::fs::write(self.path("message"), message).unwrap();
        let line = "git commit-tree \"$(git mktree <../tree)\" -F ../message ${1:+-p \"$1\"}";
        let (done, id) = self.run("main.git", line, &[parent.unwrap_or_default()]);
        assert!(done, "{id}");
        id.lines().last().unwrap().to_owned()
    }

    /// Installs a hook in the main repository.
    fn hook(&self, name: &str, text: &str) {
        write_program(&self.path("main.git/hooks").join(name), text);
    }

    /// Replaces `git SUBCOMMAND` of [`Checkout::faulty`] by this script; `look` is the `fetch` that reads the tip. In
    /// the script `real` is the real git, and `once` removes the fault.
    fn fault(&self, subcommand: &str, text: &str) {
        let real = find_on_path("git").unwrap();
        let here = self.path("faults").join(subcommand);
        let head = format!(
            "real() {{ '{}' \"$@\"; }}\nonce() {{ mv '{}' '{}.was'; }}\n",
            real.display(),
            here.display(),
            here.display()
        );
        write_program(&here, &(head + text));
    }

    /// Returns a git that runs the faults.
    fn shim(&self) -> PathBuf {
        let (path, faults) = (self.path("git-shim"), self.path("faults"));
        let real = find_on_path("git").unwrap();
        let text = format!(
            "sub=; skip=\nfor arg; do\n  if [ \"$skip\" ]; then skip=; continue; fi\n  case $arg in -c) skip=1;; -*) ;; \
             *) sub=$arg; break;; esac\ndone\n\
             case \"$sub $*\" in 'fetch '*' --porcelain '*) sub=look;; esac\necho \"$sub\" >>'{root}/calls'\n\
             if [ -x '{faults}'/\"$sub\" ]; then exec '{faults}'/\"$sub\" \"$@\"; fi\nexec '{real}' \"$@\"\n",
            root = self.root.path().display(),
            faults = faults.display(),
            real = real.display(),
        );
        if !path.exists() {
            write_program(&path, &text);
        }
        path
    }

    /// Returns how often the git of [`Checkout::faulty`] ran this subcommand.
    fn calls(&self, subcommand: &str) -> usize {
        let calls = std::fs::read_to_string(self.path("calls")).unwrap_or_default();
        calls.lines().filter(|line| *line == subcommand).count()
    }

    /// Returns the state of every event on the record, oldest first, after checking that they form a chain.
    fn states(&self, reference: &str) -> Vec<State> {
        let log = self.git(
            "main.git",
            &["log", "--reverse", "--format=%H,%P", reference],
        );
        let mut last = "";
        let mut files = vec!["show".to_owned()];
        for line in log.lines() {
            let (id, parents) = line.split_once(',').unwrap();
            assert_eq!(parents, last, "the record is a chain");
            last = id;
            files.push(format!("{id}:state.json"));
        }
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let all = self.git("main.git", &files) + "\n";
        let read = |text: &str| record::read_state(text.as_bytes()).unwrap();
        let states: Vec<State> = all.split_inclusive("\n}\n").map(read).collect();
        assert!(
            states
                .iter()
                .zip(1..)
                .all(|(state, nth)| state.events == nth),
            "each state counts its events"
        );
        states
    }
}

/// A clone, with its variables.
struct Checkout<'w> {
    world: &'w World,
    name: String,
    variables: Vec<(OsString, Option<OsString>)>,
}

impl Checkout<'_> {
    /// Adds a variable.
    fn and(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), Some(value.into())));
        self
    }

    fn repo(&self) -> Repo {
        self.opened(find_on_path("git").unwrap())
    }

    /// Opens it with the git that runs the faults.
    fn faulty(&self) -> Repo {
        self.opened(self.world.shim())
    }

    fn opened(&self, git: PathBuf) -> Repo {
        let variables = self
            .world
            .variables()
            .into_iter()
            .chain(self.variables.clone())
            .collect();
        Repo::open_in(git, self.world.path(&self.name), variables).unwrap()
    }

    fn git(&self, args: &[&str]) -> String {
        self.world.git(&self.name, args)
    }

    /// Returns this clone's copy of the record.
    fn seen(&self) -> Option<String> {
        self.world.points_to(&self.name, "refs/smp/seen")
    }

    fn append(&self, what: What) -> Result<State, Stop> {
        append(self.world, &self.repo(), what)
    }

    fn read(&self) -> Result<Reading, Refusal> {
        recorder(self.world, &self.repo()).read().unwrap()
    }
}

fn recorder<'a>(world: &'a World, repo: &'a Repo) -> Recorder<'a> {
    let recorder = Recorder::of(repo, &world.config, false).unwrap();
    Recorder {
        patience: Patience {
            lags: LAGS,
            ..PATIENCE
        },
        ..recorder
    }
}

/// Adds one event to any record.
fn append(world: &World, repo: &Repo, what: What) -> Result<State, Stop> {
    recorder(world, repo).append(&new_id(), &mut |_| Ok(Some(what.clone())))
}

/// Builds an event that may follow nearly all others: a commit was found running.
fn found(environment: &str, nth: u64) -> What {
    What::Deployed(Deployed {
        overrides: None,
        intent: None,
        kind: Kind::Stage,
        environment: environment.to_owned(),
        from: None,
        to: some_commit(),
        commits: nth,
        signed_off_by: Vec::new(),
        unsigned: false,
        announced_by: None,
        tells: None,
        holds: Vec::new(),
    })
}

/// Builds a proposal for production.
fn proposed(note: &str) -> What {
    What::Proposed(Proposed {
        commit: some_commit(),
        environment: "staging".to_owned(),
        targets: vec![("production".to_owned(), None)],
        note: Some(note.to_owned()),
        date: "2022-03-02".to_owned(),
        channels: vec!["technical".to_owned()],
        login: None,
        over: None,
    })
}

fn judged(of: &str, note: &str) -> What {
    What::Judged(Judged {
        commit: some_commit(),
        of: of.to_owned(),
        verdict: Verdict::Pass,
        note: Some(note.to_owned()),
        channels: Vec::new(),
        comment: None,
    })
}

fn some_commit() -> CommitId {
    CommitId::parse(&"1".repeat(40)).unwrap()
}

/// Returns the refusal in a stop.
fn refusal(stop: Stop) -> Refusal {
    match stop {
        Stop::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

/// Writes a program in a child process. Otherwise a child of another thread could inherit the open file, and the
/// program could not be started.
fn write_program(path: &Path, text: &str) {
    let mine = path.with_extension("text");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&mine, format!("#!/bin/sh\n{text}")).unwrap();
    let mut copy = Command::new("install");
    copy.args(["-m", "755"]).arg(&mine).arg(path);
    assert!(copy.status().unwrap().success());
    std::fs::remove_file(mine).unwrap();
}
