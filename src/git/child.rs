//! A child that goes over the network: run to its end within a time, and heard while it speaks to a person.

use std::io::{Read, Write as _};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::git::logins::is_told;
use crate::git::response::{LineKind, kind, lines, means};

/// What is printed, at most, in bytes.
const LARGEST: u64 = 64 << 20;
/// Room for an answer from the beginning, so that a secret in it leaves no copies behind as it grows.
const ROOM: usize = 64 << 10;
/// A child that ends so soon after a word is reported with it; one that goes on waits for somebody who hears it.
const HEARD_AFTER: Duration = Duration::from_millis(250);
/// A helper that said something and goes on for so long waits for a person.
const SPEAKS_AFTER: Duration = Duration::from_secs(1);
/// Between two looks whether that time has come, while nothing else happens.
const TICK: Duration = Duration::from_millis(50);
/// A process that is left behind may hold a pipe open, and nobody waits longer for it.
const LEFT_BEHIND: Duration = Duration::from_secs(2);

/// Who listens to what a child says on its standard error.
pub enum Ear<'a> {
    /// Nobody, before its end.
    Nobody,
    Person(&'a dyn Fn(&str)),
    /// Nobody; so it is ended, with all that it started, once it speaks to a person or wants to read from the terminal.
    EndsTalk,
}

enum FromChild {
    Said(Vec<u8>),
    /// Its whole standard output, which has ended. It may be a secret.
    Answered(Zeroizing<Vec<u8>>),
}

/// Runs a child that is killed past its time. `None`: it was ended because it turned to a person.
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
        // It may go on to speak for ever.
        if left.is_zero() {
            end(&mut child, ear);
            return Err(format!("no answer within {} seconds", limit.as_secs()));
        }
        match ear {
            Ear::Person(hears) => stderr.pass_on(hears),
            // What waits for a person is quiet, and its last line is whole.
            Ear::EndsTalk if is_quiet && (stderr.speaks() || is_stopped(&child)) => {
                end(&mut child, ear);
                return Ok(None);
            }
            Ear::EndsTalk | Ear::Nobody => {}
        }
    };
    // git closes its standard output by its end.
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
    // Nothing in a group of its own can read from the terminal.
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
        // That it is not read shows in the exit code.
        let _ = stdin.write_all(input);
    }
    Ok(child)
}

/// Reads both pipes of a child, each in a thread of its own, which nobody has to wait for.
fn listen(child: &mut Child) -> Receiver<FromChild> {
    let (sender, events) = mpsc::channel();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let answers = sender.clone();
    thread::spawn(move || {
        let mut bytes = Zeroizing::new(Vec::with_capacity(ROOM));
        // What could be read is enough: the exit code tells whether it is all.
        let _ = stdout.map(|pipe| pipe.take(LARGEST).read_to_end(&mut bytes));
        // Nobody may be waiting any more.
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
    /// Since when there is something to pass on.
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

    /// Lets the person hear what was said a moment ago.
    fn pass_on(&mut self, hears: &dyn Fn(&str)) {
        if self.is_older(HEARD_AFTER) {
            let fresh = self.all.get(self.said..).unwrap_or_default();
            lines(&String::from_utf8_lossy(fresh)).for_each(hears);
            (self.said, self.since) = (self.all.len(), None);
        }
    }

    /// Whether a helper of git's said something and waits.
    fn speaks(&self) -> bool {
        self.is_older(SPEAKS_AFTER) && speaks(&String::from_utf8_lossy(&self.all))
    }
}

/// Whether somebody other than git and the remote said something. A child that sends a push is past all questions, and to
/// end it then would leave behind what nobody knows the end of.
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

/// Ends it; where it has a process group of its own, with all that it started.
fn end(child: &mut Child, ear: &Ear<'_>) {
    #[cfg(unix)]
    if matches!(ear, Ear::EndsTalk) {
        use rustix::process::{Pid, Signal, kill_process_group};
        // What has ended already need not be ended.
        let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = ear;
    // It may have ended this moment; either way it is not waited for any longer.
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
