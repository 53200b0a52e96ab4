//! A child process that uses the network. It has a time limit, and its words can be passed on while it runs.

use std::io::{Read, Write as _};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::git::logins::is_told;
use crate::git::response::{LineKind, kind, lines, means};

/// The most bytes that are read from a pipe.
const LARGEST: u64 = 64 << 20;
/// The initial size of an answer's buffer, so that no copy of a secret stays behind as the buffer grows.
const ROOM: usize = 64 << 10;
/// A child that still runs this long after it printed something may wait for a person, so its words are passed on.
const HEARD_AFTER: Duration = Duration::from_millis(250);
/// A helper that printed something and still runs after this time waits for a person.
const SPEAKS_AFTER: Duration = Duration::from_secs(1);
/// The pause between two checks of these times.
const TICK: Duration = Duration::from_millis(50);
/// How long to wait for a pipe that a left-behind process holds open.
const LEFT_BEHIND: Duration = Duration::from_secs(2);

/// Who listens to a child's standard error.
pub enum Ear<'a> {
    /// Nobody, until the child ends.
    Nobody,
    Person(&'a dyn Fn(&str)),
    /// Nobody. The child and all that it started are killed once it addresses a person or reads from the terminal.
    EndsTalk,
}

enum FromChild {
    Said(Vec<u8>),
    /// The child's whole standard output, which has ended. It may be a secret.
    Answered(Zeroizing<Vec<u8>>),
}

/// Runs a child, and kills it after the time limit. Returns `None` if it was killed because it addressed a person.
pub fn run(
    command: Command,
    input: &[u8],
    limit: Duration,
    ear: &Ear<'_>,
) -> Result<Option<Output>, String> {
    let mut child = start(command, input, ear)?;
    let events = listen(&mut child);
    let mut stderr = Stderr::default();
    let until = Instant::now() + limit;
    let mut stdout = loop {
        let left = until.saturating_duration_since(Instant::now());
        let is_quiet = match events.recv_timeout(left.min(TICK)) {
            Ok(FromChild::Answered(stdout)) => break stdout,
            Ok(FromChild::Said(piece)) => {
                stderr.take(&piece);
                false
            }
            Err(_) => true,
        };
        // The child may print for ever.
        if left.is_zero() {
            end(&mut child, ear);
            return Err(format!("no answer within {} seconds", limit.as_secs()));
        }
        match ear {
            Ear::Person(hears) => stderr.pass_on(hears),
            // A child that waits for a person prints nothing more, and its last line is complete.
            Ear::EndsTalk if is_quiet && (stderr.speaks() || is_stopped(&child)) => {
                end(&mut child, ear);
                return Ok(None);
            }
            Ear::EndsTalk | Ear::Nobody => {}
        }
    };
    // git closes its standard output only when it ends.
    let status = child.wait().map_err(|error| error.to_string())?;
    let until = Instant::now() + LEFT_BEHIND;
    while let left = until.saturating_duration_since(Instant::now())
        && let Ok(FromChild::Said(piece)) = events.recv_timeout(left)
    {
        stderr.take(&piece);
    }
    Ok(Some(Output {
        status,
        stdout: std::mem::take(&mut *stdout),
        stderr: stderr.all,
    }))
}

fn start(mut command: Command, input: &[u8], ear: &Ear<'_>) -> Result<Child, String> {
    if !input.is_empty() {
        command.stdin(Stdio::piped());
    }
    // A process in a group of its own cannot read from the terminal.
    let is_apart = matches!(ear, Ear::EndsTalk);
    #[cfg(unix)]
    if is_apart {
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
    }
    #[cfg(windows)]
    if is_apart {
        // CREATE_NEW_PROCESS_GROUP
        std::os::windows::process::CommandExt::creation_flags(&mut command, 0x200);
    }
    let child = command.spawn();
    let mut child = child.map_err(|error| format!("git cannot be started: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // If the input is not read, the exit code shows it.
        let _ = stdin.write_all(input);
    }
    Ok(child)
}

/// Reads both pipes of a child, each in a thread of its own that nobody waits for.
fn listen(child: &mut Child) -> Receiver<FromChild> {
    let (sender, events) = mpsc::channel();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let answers = sender.clone();
    thread::spawn(move || {
        let mut bytes = Zeroizing::new(Vec::with_capacity(ROOM));
        // Whatever could be read is enough: the exit code tells whether it is all.
        let _ = stdout.map(|pipe| pipe.take(LARGEST).read_to_end(&mut bytes));
        // The receiver may be gone.
        let _ = answers.send(FromChild::Answered(bytes));
    });
    thread::spawn(move || {
        let Some(mut pipe) = stderr.map(|pipe| pipe.take(LARGEST)) else {
            return;
        };
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = pipe.read(&mut piece) {
            let fresh = piece.get(..read).unwrap_or_default();
            if sender.send(FromChild::Said(fresh.to_vec())).is_err() {
                return;
            }
        }
    });
    events
}

#[derive(Default)]
struct Stderr {
    all: Vec<u8>,
    said: usize,
    /// The time of the first words that are not passed on yet.
    since: Option<Instant>,
}

impl Stderr {
    fn take(&mut self, piece: &[u8]) {
        self.since.get_or_insert_with(Instant::now);
        self.all.extend(piece);
    }

    fn is_older(&self, than: Duration) -> bool {
        self.since.is_some_and(|since| since.elapsed() > than)
    }

    /// Passes on to the person what was printed a moment ago.
    fn pass_on(&mut self, hears: &dyn Fn(&str)) {
        if self.is_older(HEARD_AFTER) {
            let fresh = self.all.get(self.said..).unwrap_or_default();
            lines(&String::from_utf8_lossy(fresh)).for_each(hears);
            (self.said, self.since) = (self.all.len(), None);
        }
    }

    /// Returns whether a helper of git printed something and waits.
    fn speaks(&self) -> bool {
        self.is_older(SPEAKS_AFTER) && speaks(&String::from_utf8_lossy(&self.all))
    }
}

/// Returns whether a program other than git and the remote printed something. A child that sends a push has no more
/// questions, and to kill it would leave a push whose end nobody knows.
fn speaks(text: &str) -> bool {
    !means(text, LineKind::Sending)
        && lines(text).any(|line| {
            kind(line) != Some(LineKind::Progress)
                && !is_told(line)
                && !line.starts_with("remote:")
                && !line.starts_with("warning:")
        })
}

#[cfg(unix)]
fn is_stopped(child: &Child) -> bool {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    matches!(waitid(WaitId::Pid(Pid::from_child(child)), options), Ok(Some(status)) if status.stopped())
}

#[cfg(not(unix))]
fn is_stopped(_child: &Child) -> bool {
    false
}

/// Kills the child and, if it has its own process group, all that it started.
fn end(child: &mut Child, ear: &Ear<'_>) {
    #[cfg(unix)]
    if matches!(ear, Ear::EndsTalk) {
        use rustix::process::{Pid, Signal, kill_process_group};
        // A group that has ended needs no signal.
        let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = ear;
    // The child may have ended just now. Either way, nobody waits for it any longer.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_child_that_never_stops_talking_is_ended_in_time() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "while :; do echo remote: x >&2; done"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let begun = Instant::now();
        let ended = run(command, b"", Duration::from_secs(2), &Ear::EndsTalk);
        assert_eq!(ended.unwrap_err(), "no answer within 2 seconds");
        assert!(begun.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn a_push_on_its_way_is_not_taken_for_somebody_who_speaks() {
        for words in [
            "",
            "warning: x\nremote: y\n",
            "Enumerating objects: 3, done.\nCounting objects:  33% (1/3)\r",
            "Total 3 (delta 0)\nerror: RPC failed; HTTP 500\n",
        ] {
            assert!(!speaks(words), "{words}");
        }
        for words in [
            "Enter the code X at Y\n",
            "warning: x\nEnter the code",
            "Enumerating objects: 3\rOpen a browser",
        ] {
            assert!(speaks(words), "{words}");
        }
    }
}
