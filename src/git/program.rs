//! Starts `git` and other programs by an absolute path. `git` gets a clean environment and no standard input.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use crate::core::refusal::{Report, Stop};
use crate::core::typed::Typed;

/// Variables that describe another operation (a hook's index, a trace with secrets in it) and would mislead our
/// children, and secrets of ours, which no hook and no helper needs. `GIT_DIR`, `GIT_WORK_TREE` and `git -c` stay,
/// because the user chose them.
const DROPPED: &str = "SMP_TECHNICAL_WEBHOOK SMP_PRODUCT_WEBHOOK \
    GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_QUARANTINE_PATH GIT_NAMESPACE GIT_PREFIX \
    GIT_SHALLOW_FILE GIT_REPLACE_REF_BASE GIT_INTERNAL_SUPER_PREFIX GIT_REFLOG_ACTION GIT_LITERAL_PATHSPECS \
    GIT_GLOB_PATHSPECS GIT_NOGLOB_PATHSPECS GIT_ICASE_PATHSPECS GIT_ATTR_SOURCE GIT_CURL_VERBOSE GIT_EXTERNAL_DIFF \
    LANGUAGE";
/// The start of the variables that make git write a trace. There are many of each kind, and new ones come.
const TRACES: &str = "GIT_TRACE";
/// The traces that the configuration can turn on as well. Only a variable that says no prevents this.
const UNTRACED: [&str; 3] = ["GIT_TRACE2", "GIT_TRACE2_EVENT", "GIT_TRACE2_PERF"];
/// The protocols that a remote may use. Remote helpers such as `ext::` would run commands of their own.
const PROTOCOLS: &str = "file:git:http:https:ssh";
/// The settings for every git command. No redirects, because credentials and headers for one host are not meant for
/// another. Before git 2.42, `core.useReplaceRefs` wins over the variable for replacements.
const ALWAYS: &str = "-c core.useReplaceRefs=false -c core.fsmonitor=false -c core.hooksPath=/dev/null -c color.ui=false \
    -c advice.objectNameWarning=false -c advice.graftFileDeprecated=false -c http.followRedirects=false";

#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
    /// The folder of children, if it is not this process's own: tests cannot change that one.
    folder: Option<PathBuf>,
    /// The variables that children see differently from this process; `None` removes one.
    variables: Vec<(OsString, Option<OsString>)>,
}

impl Program {
    /// Finds `git` once, in the absolute folders of `PATH` only: a `.` in it must not run a repository's own `git`.
    pub fn find() -> Result<Self, Stop> {
        let Some(path) = find_on_path("git") else {
            let report = Report::new("git is not on PATH").hint("install git 2.39 or later");
            return Err(Stop::Failed(report));
        };
        Ok(Self {
            path,
            folder: None,
            variables: Vec::new(),
        })
    }

    /// Returns a `git` that runs in another folder and with other variables than this process.
    #[cfg(test)]
    pub fn elsewhere(
        path: PathBuf,
        folder: PathBuf,
        variables: Vec<(OsString, Option<OsString>)>,
    ) -> Self {
        Self {
            path,
            folder: Some(folder),
            variables,
        }
    }

    pub fn folder(&self) -> Result<PathBuf, Stop> {
        let folder = self.folder.clone().map_or_else(env::current_dir, Ok);
        folder.map_err(|error| {
            let report =
                Report::new("the current folder cannot be read").because(error.to_string());
            Stop::Failed(report.run("cd into a clone, then", Typed::once_more()))
        })
    }

    /// Returns a variable as children see it.
    pub fn variable(&self, name: &str) -> Option<OsString> {
        let own = self.variables.iter().find(|(key, _)| key == name);
        own.map_or_else(|| env::var_os(name), |(_, value)| value.clone())
    }

    pub fn setting(&self, name: &str) -> Option<String> {
        let value = self.variable(name)?;
        Some(value.to_string_lossy().into_owned())
    }

    /// Returns a `git` command with a clean environment, no standard input and captured output, which asks nobody.
    pub fn command(&self, args: impl IntoIterator<Item: AsRef<OsStr>>) -> Command {
        let mut command = self.as_configured();
        command.args(ALWAYS.split(' ')).args(args);
        command
    }

    /// Returns another program of this machine, found like `git` and with the same clean environment, if there is one.
    pub fn other(&self, name: &str) -> Option<Command> {
        Some(self.surrounded(Command::new(find_on_path(name)?)))
    }

    /// Adds entries to a command's configuration. They come after all others, and other programs cannot see them.
    pub fn configure<'a>(
        &self,
        command: &mut Command,
        entries: impl Iterator<Item = (&'a str, &'a str)>,
    ) {
        const COUNT: &str = "GIT_CONFIG_COUNT";
        let own = command.get_envs().find(|(key, _)| *key == COUNT);
        let set = match own {
            Some((_, value)) => value.map(OsStr::to_owned),
            None => self.variable(COUNT),
        };
        let set = set.and_then(|count| count.to_str()?.parse().ok());
        let mut count: usize = set.unwrap_or(0);
        for (key, value) in entries {
            command.env(format!("GIT_CONFIG_KEY_{count}"), key);
            command.env(format!("GIT_CONFIG_VALUE_{count}"), value);
            count += 1;
        }
        if count > 0 {
            command.env(COUNT, count.to_string());
        }
    }

    /// Returns a `git` command without our settings: the one to read the configuration.
    fn as_configured(&self) -> Command {
        let mut command = Command::new(&self.path);
        if env::var_os("GIT_ALLOW_PROTOCOL").is_none() {
            command.env("GIT_ALLOW_PROTOCOL", PROTOCOLS);
        }
        command
            .env("LC_ALL", "C")
            // A push sends the history as it is, so replacements and grafts do not count.
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_GRAFT_FILE", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0");
        self.surrounded(command)
    }

    /// Sets the variables, the pipes and the folder of a child.
    fn surrounded(&self, mut command: Command) -> Command {
        for name in DROPPED.split(' ') {
            command.env_remove(name);
        }
        let traces = env::vars_os().map(|(name, _)| name);
        for name in traces.filter(|name| name.to_string_lossy().starts_with(TRACES)) {
            command.env_remove(name);
        }
        command.envs(UNTRACED.map(|name| (name, "0")));
        on_absolute_path(&mut command);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, value) in &self.variables {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn read_config(&self, more: &[&str]) -> Result<Vec<u8>, Stop> {
        let mut command = self.as_configured();
        let output = command.args(["config", "-z", "--list"]).args(more).output();
        self.succeeded("git's configuration cannot be read", output)
    }

    /// Runs `git` and returns its standard output. The error is `what`, with git's own words as causes.
    pub fn read(
        &self,
        what: &str,
        args: impl IntoIterator<Item: AsRef<OsStr>>,
    ) -> Result<Vec<u8>, Stop> {
        self.ask(what, args, b"")
    }

    /// Runs `git` like [`Self::read`] and returns its output as text.
    pub fn text(
        &self,
        what: &str,
        args: impl IntoIterator<Item: AsRef<OsStr>>,
    ) -> Result<String, Stop> {
        let told = self.read(what, args)?;
        Ok(String::from_utf8_lossy(&told).into_owned())
    }

    /// Runs `git` like [`Self::read`], with this standard input.
    pub fn ask(
        &self,
        what: &str,
        args: impl IntoIterator<Item: AsRef<OsStr>>,
        input: &[u8],
    ) -> Result<Vec<u8>, Stop> {
        self.ask_as(what, args, input, &[])
    }

    /// Runs `git` like [`Self::ask`], with variables for this one child.
    pub fn ask_as(
        &self,
        what: &str,
        args: impl IntoIterator<Item: AsRef<OsStr>>,
        input: &[u8],
        variables: &[(&str, &str)],
    ) -> Result<Vec<u8>, Stop> {
        let mut command = self.command(args);
        command.envs(variables.iter().copied());
        if input.is_empty() {
            return self.succeeded(what, command.output());
        }
        let child = command.stdin(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| cannot_start(&self.path, &error))?;
        let stdin = child.stdin.take();
        let output = thread::scope(|scope| {
            // Written while the output is read, or both sides could wait for each other. If git stops reading early,
            // its exit code shows it.
            scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
            child.wait_with_output()
        });
        self.succeeded(what, output)
    }

    /// Runs `git` to its end. An exit code other than 0 is not an error here.
    pub fn run(&self, args: impl IntoIterator<Item: AsRef<OsStr>>) -> Result<Output, Stop> {
        let output = self.command(args).output();
        output.map_err(|error| cannot_start(&self.path, &error))
    }

    fn succeeded(&self, what: &str, output: io::Result<Output>) -> Result<Vec<u8>, Stop> {
        match output {
            Ok(output) if output.status.success() => Ok(output.stdout),
            Ok(output) => Err(Stop::Failed(failed(what, &output.stderr))),
            Err(error) => Err(cannot_start(&self.path, &error)),
        }
    }
}

/// Reports a `git` that failed, with its own words, one line per cause.
pub fn failed(what: &str, stderr: &[u8]) -> Report {
    let words = String::from_utf8_lossy(stderr);
    let lines = words.lines().filter(|line| !line.trim().is_empty());
    lines.take(8).fold(Report::new(what), |report, line| {
        let line = line.trim_start_matches("fatal: ");
        report.because(line.trim_start_matches("error: "))
    })
}

pub fn cannot_start(path: &Path, error: &io::Error) -> Stop {
    let report = Report::new(format!("{} cannot be started", path.display()));
    Stop::Failed(report.because(error.to_string()))
}

/// Returns the first file of that name in the absolute folders of `PATH`.
pub fn find_on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&path)
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join(&file))
        .find(|file| file.is_file())
}

/// Restricts the `PATH` of a program to its absolute folders, where the program itself was found.
pub fn on_absolute_path(command: &mut Command) {
    if let Some(path) = env::var_os("PATH") {
        let folders = env::split_paths(&path).filter(|dir| dir.is_absolute());
        command.env("PATH", env::join_paths(folders).unwrap_or_default());
    }
}

/// Runs a helper program on the terminal, such as `man`. Returns whether it was found and succeeded.
pub fn show(name: &str, args: &[&str]) -> bool {
    let found = find_on_path(name);
    let status = found.and_then(|path| {
        let mut command = Command::new(path);
        on_absolute_path(&mut command);
        command.args(args).status().ok()
    });
    status.is_some_and(|status| status.success())
}

/// Runs a helper program, such as `man`, and returns its output; `None` if it is missing or fails.
pub fn ask(name: &str, args: &[&str]) -> Option<String> {
    let mut command = Command::new(find_on_path(name)?);
    on_absolute_path(&mut command);
    command
        .args(args)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}
