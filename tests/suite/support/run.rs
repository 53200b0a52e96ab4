//! Starts programs inside a world, and checks their results.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::capture::{Capture, PATIENCE, find};
use super::sandbox::World;
use super::schemas;
use super::signals;
use super::terminal::Terminal;
use crate::sample::everything;

/// The time after which the test ends a program and fails.
const LIMIT: Duration = Duration::from_secs(60);
/// The same for the nightly run: long records on a busy machine.
const LIMIT_AT_NIGHT: Duration = Duration::from_secs(600);

/// The way to start a program: by default `git smp …` in the world's folder, without a terminal and without input.
#[derive(Clone)]
#[must_use]
pub struct Runner<'world> {
    world: &'world World,
    cwd: PathBuf,
    env: Vec<(OsString, Option<OsString>)>,
    stdin: Vec<u8>,
    git_options: Vec<String>,
    directly: bool,
    limit: Duration,
}

impl<'world> Runner<'world> {
    pub(super) fn new(world: &'world World, cwd: PathBuf) -> Runner<'world> {
        Runner {
            world,
            cwd,
            env: Vec::new(),
            stdin: Vec::new(),
            git_options: Vec::new(),
            directly: false,
            limit: if everything() { LIMIT_AT_NIGHT } else { LIMIT },
        }
    }

    /// Starts in this folder, relative to the world's root.
    pub fn cwd(mut self, folder: impl AsRef<Path>) -> Self {
        self.cwd = self.world.path(folder);
        self
    }

    /// Adds or replaces an environment variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env
            .push((name.into(), Some(value.as_ref().to_owned())));
        self
    }

    /// Returns whether a test set this variable.
    pub(super) fn sets(&self, name: &str) -> bool {
        self.env.iter().any(|(own, _)| own == name)
    }

    /// Removes an environment variable.
    pub fn without_env(mut self, name: &str) -> Self {
        self.env.push((name.into(), None));
        self
    }

    /// Searches programs in this folder first, for example a `git` that replaces git (see [`World::executable`]).
    pub fn path_first(self, folder: impl AsRef<Path>) -> Self {
        let ours = self
            .world
            .env()
            .into_iter()
            .find(|(name, _)| name == "PATH")
            .unwrap()
            .1;
        let folders = std::iter::once(self.world.path(folder)).chain(std::env::split_paths(&ours));
        self.env("PATH", std::env::join_paths(folders).unwrap())
    }

    /// Sets the program's standard input.
    pub fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = bytes.as_ref().to_vec();
        self
    }

    /// Adds options for git itself, as in `git -c color.ui=always smp …`.
    pub fn git_options(mut self, options: &[&str]) -> Self {
        self.git_options
            .extend(options.iter().map(ToString::to_string));
        self
    }

    /// Starts the binary directly instead of through git.
    pub fn directly(mut self) -> Self {
        self.directly = true;
        self
    }

    /// Sets the time after which the program is ended and the test fails.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs `git smp` with these arguments to its end. If nothing depends on git itself, the binary is started as git
    /// starts it, which saves a process per run.
    #[track_caller]
    pub fn smp(&self, args: &[&str]) -> Run {
        let is_like_git = !self.directly
            && self.git_options.is_empty()
            && !self.sets("PATH")
            && !args.contains(&"--help");
        if !is_like_git {
            return self.start(args).finish();
        }
        let as_git_does = self.clone().path_first(self.world.git_programs());
        as_git_does.directly().start(args).finish()
    }

    /// Runs any program to its end.
    #[track_caller]
    pub fn program(&self, program: impl AsRef<OsStr>, args: &[&str]) -> Run {
        self.start_program(program, args).finish()
    }

    /// Starts `git smp` without waiting.
    #[track_caller]
    pub fn start(&self, args: &[&str]) -> Running {
        let (program, line) = self.smp_line(args);
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        let mut running = self.start_program(program, &line);
        running.document = schemas::document(args);
        running
    }

    /// Starts any program without waiting.
    #[track_caller]
    pub fn start_program(&self, program: impl AsRef<OsStr>, args: &[&str]) -> Running {
        let mut command = self.command(&program);
        command.args(args).process_group(0);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Running::begin(
            command,
            self.stdin.clone(),
            self.limit,
            shown(program.as_ref(), args),
        )
    }

    /// Starts `git smp` on a terminal: stdin, stdout and stderr.
    pub fn terminal(&self, args: &[&str]) -> Terminal {
        let (program, args) = self.smp_line(args);
        self.terminal_program(
            program,
            &args.iter().map(String::as_str).collect::<Vec<_>>(),
        )
    }

    /// Starts any program on a terminal: stdin, stdout and stderr.
    pub fn terminal_program(&self, program: impl AsRef<OsStr>, args: &[&str]) -> Terminal {
        Terminal::start(self, program.as_ref(), args, false)
    }

    /// Starts `git smp` with a terminal only as stdin; stdout and stderr are pipes.
    pub fn terminal_input(&self, args: &[&str]) -> Terminal {
        let (program, args) = self.smp_line(args);
        self.terminal_input_program(
            program,
            &args.iter().map(String::as_str).collect::<Vec<_>>(),
        )
    }

    /// Starts any program with a terminal only as stdin; stdout and stderr are pipes.
    pub fn terminal_input_program(&self, program: impl AsRef<OsStr>, args: &[&str]) -> Terminal {
        Terminal::start(self, program.as_ref(), args, true)
    }

    fn smp_line(&self, args: &[&str]) -> (String, Vec<String>) {
        let args = args.iter().map(ToString::to_string);
        if self.directly {
            return (env!("CARGO_BIN_EXE_git-smp").to_owned(), args.collect());
        }
        let through_git = self
            .git_options
            .iter()
            .cloned()
            .chain(["smp".to_owned()])
            .chain(args);
        ("git".to_owned(), through_git.collect())
    }

    /// Returns the command in the world's environment, without its streams.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        signals::are_heard();
        // A program with a path is started without a copy of this process, which would take longer than most programs.
        let program = program.as_ref();
        let mut command = Command::new(self.found(program));
        command
            .arg0(program)
            .current_dir(&self.cwd)
            .env_clear()
            .envs(self.world.env());
        for (name, value) in &self.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// Returns the file of a program on its PATH.
    fn found(&self, program: &OsStr) -> PathBuf {
        let ours = self.world.env().into_iter();
        let given = ours.map(|(name, value)| (name, Some(value)));
        let mut all = given.chain(self.env.iter().cloned()).rev();
        let path = all.find(|(name, _)| name == "PATH").and_then(|own| own.1);
        let is_name = Path::new(program).components().count() == 1;
        std::env::split_paths(&path.unwrap_or_default())
            .filter(|folder| is_name && folder.is_absolute())
            .map(|folder| folder.join(program))
            .find(|file| file.is_file())
            .unwrap_or_else(|| program.into())
    }

    pub(super) fn time_limit(&self) -> Duration {
        self.limit
    }
}

/// A started program that may still run.
pub struct Running {
    child: Child,
    /// Its stdout so far.
    pub stdout: Capture,
    /// Its stderr so far.
    pub stderr: Capture,
    deadline: Instant,
    what: String,
    /// The JSON document that it should print.
    document: Option<usize>,
}

impl Running {
    #[track_caller]
    pub(super) fn begin(
        mut command: Command,
        stdin: Vec<u8>,
        limit: Duration,
        what: String,
    ) -> Running {
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{what} does not start: {error}"));
        if let Some(mut pipe) = child.stdin.take() {
            std::thread::spawn(move || pipe.write_all(&stdin));
        }
        let stdout = child
            .stdout
            .take()
            .map_or_else(|| Capture::of(std::io::empty()), Capture::of);
        let stderr = child
            .stderr
            .take()
            .map_or_else(|| Capture::of(std::io::empty()), Capture::of);
        Running {
            child,
            stdout,
            stderr,
            deadline: Instant::now() + limit,
            what,
            document: None,
        }
    }

    /// Waits for `text` on stderr.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        let found = self.stderr.wait_for(0, text.as_bytes(), PATIENCE);
        assert!(
            found.is_some(),
            "{} never says {text:?}; stderr:\n{}",
            self.what,
            self.stderr.text()
        );
        self
    }

    /// Waits for `text` on stdout.
    #[track_caller]
    pub fn prints(&self, text: &str) -> &Self {
        let found = self.stdout.wait_for(0, text.as_bytes(), PATIENCE);
        assert!(
            found.is_some(),
            "{} never prints {text:?}; stdout:\n{}",
            self.what,
            self.stdout.text()
        );
        self
    }

    /// Returns whether the program has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Sends a signal only to the started process (`git`, unless the binary was started directly).
    pub fn signal(&mut self, signal: Signal) {
        if self.is_running() {
            kill_process(self.pid(), signal).unwrap();
        }
    }

    /// Sends a signal to its whole process group, as a terminal does for Ctrl-C.
    pub fn signal_group(&mut self, signal: Signal) {
        if self.is_running() {
            kill_process_group(self.pid(), signal).unwrap();
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits for the end of the program; after its limit it is killed, and the test fails with its output.
    #[track_caller]
    pub fn finish(mut self) -> Run {
        let Some(status) = self.wait() else {
            self.signal_group(Signal::KILL);
            panic!(
                "{} has not ended in time; stdout:\n{}\nstderr:\n{}",
                self.what,
                self.stdout.text(),
                self.stderr.text()
            );
        };
        let run = Run {
            what: self.what.clone(),
            code: code(status),
            stdout: self.stdout.bytes(),
            stderr: self.stderr.text(),
        };
        if let Some(document) = self.document {
            schemas::hold(&run, document);
        }
        run
    }

    fn wait(&mut self) -> Option<ExitStatus> {
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                // A process left behind may keep the pipes open: only the output until then counts.
                for stream in [&self.stdout, &self.stderr] {
                    stream.wait_end(Duration::from_secs(2));
                }
                return Some(status);
            }
            if Instant::now() > self.deadline {
                return None;
            }
            if self.stdout.wait_end(Duration::from_millis(5))
                && self.stderr.wait_end(Duration::from_millis(5))
            {
                std::thread::sleep(Duration::from_millis(1)); // its pipes are closed: it ends any moment
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.is_running() {
            let _ = kill_process_group(self.pid(), Signal::KILL);
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// The end of a program, with its output.
#[derive(Debug, Clone)]
pub struct Run {
    /// The command line, for messages.
    pub what: String,
    /// The exit code; 128 plus the signal's number if a signal ended it.
    pub code: i32,
    /// The bytes of stdout.
    pub stdout: Vec<u8>,
    /// The text of stderr.
    pub stderr: String,
}

impl Run {
    /// Asserts the exit code 0.
    #[track_caller]
    pub fn ok(&self) -> &Self {
        self.exits(0)
    }

    /// Asserts this exit code.
    #[track_caller]
    pub fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "exit code of {self}");
        self
    }

    /// Asserts that stderr contains this text.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        assert!(
            self.stderr.contains(text),
            "{text:?} is not on stderr of {self}"
        );
        self
    }

    /// Asserts that neither stdout nor stderr contains this text.
    #[track_caller]
    pub fn never_shows(&self, text: &str) -> &Self {
        let shown = self.stderr.contains(text) || find(&self.stdout, text.as_bytes()).is_some();
        assert!(!shown, "{text:?} is shown by {self}");
        self
    }

    /// Asserts that stdout is exactly these bytes.
    #[track_caller]
    pub fn prints(&self, bytes: impl AsRef<[u8]>) -> &Self {
        let bytes = bytes.as_ref();
        assert!(
            self.stdout == bytes,
            "stdout is not {:?} but that of {self}",
            String::from_utf8_lossy(bytes)
        );
        self
    }

    /// Asserts that stdout contains this text.
    #[track_caller]
    pub fn prints_among(&self, text: &str) -> &Self {
        assert!(
            find(&self.stdout, text.as_bytes()).is_some(),
            "{text:?} is not on stdout of {self}"
        );
        self
    }

    /// Returns stdout as text.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Returns stdout as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON ({error}) on stdout of {self}"))
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} (exit code {})\n--- stdout\n{}\n--- stderr\n{}",
            self.what,
            self.code,
            self.out(),
            self.stderr
        )
    }
}

/// Returns an exit code like a shell.
pub(super) fn code(status: ExitStatus) -> i32 {
    status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

pub(super) fn shown(program: &OsStr, args: &[&str]) -> String {
    format!("`{} {}`", program.to_string_lossy(), args.join(" "))
}
