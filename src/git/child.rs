//! A child that goes over the network: run to its end within a time, and heard while it speaks to a person.
#![expect(
    clippy::disallowed_types,
    reason = "this is the door to the network through git"
)]

use std::io::{self, Read, Write as _};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::git::response::{LineKind, kind, lines, means};

/// What is printed, at most, in bytes.
const LARGEST: u64 = 64 << 20;
/// Room for an answer from the beginning, so that a secret in it leaves no copies behind as it grows.
const ROOM: usize = 64 << 10;
/// A child that ends so soon after a word is reported with it; one that goes on waits for somebody who hears it.
const HEARD_AFTER: Duration = Duration::from_millis(250);
/// A helper that said something and goes on for so long waits for a person.
const SPEAKS_AFTER: Duration = Duration::from_secs(1);
/// A process that is left behind may hold a pipe open, and nobody waits longer for it.
const LEFT_BEHIND: Duration = Duration::from_secs(2);

/// Who listens to what a child says on its standard error.
pub enum Ear<'a> {
    /// Nobody, before its end.
    Nobody,
    /// A person, line by line.
    Person(&'a dyn Fn(&str)),
    /// Nobody; so it is ended, with all that it started, once it speaks to a person or wants to read from the terminal.
    EndsTalk,
}

/// Runs a child that must end within a time; past it the child is killed. `None`: it was ended because it turned to a
/// person.
///
/// # Errors
/// Why there is no answer.
pub fn run(
    mut command: Command,
    input: &[u8],
    limit: Duration,
    ear: &Ear<'_>,
) -> Result<Option<Output>, String> {
    if !input.is_empty() {
        command.stdin(Stdio::piped());
    }
    #[cfg(unix)]
    if matches!(ear, Ear::EndsTalk) {
        // Nothing in a group of its own can read from the terminal.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
    }
    let child = command.spawn();
    let mut child = child.map_err(|error| format!("git cannot be started: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // That it is not read shows in the exit code.
        let _ = stdin.write_all(input);
    }
    let out = read_whole(child.stdout.take());
    let mut words = Stderr {
        pieces: read_pieces(child.stderr.take()),
        all: Vec::new(),
        said: 0,
        since: None,
        ear,
    };
    let status = match wait(&mut child, &mut words, limit) {
        Waited::Ended(status) => status.map_err(|error| error.to_string())?,
        Waited::TurnedToAPerson => {
            end(&mut child, ear);
            return Ok(None);
        }
        Waited::Long => {
            end(&mut child, ear);
            return Err(format!("no answer within {} seconds", limit.as_secs()));
        }
    };
    // An answer without its end is none: taken for an empty one it would say that the remote has no branches.
    let stdout = out.recv_timeout(LEFT_BEHIND);
    let stdout = stdout.map_err(|_| "git ended, but its answer did not".to_owned())?;
    Ok(Some(Output {
        status,
        stdout,
        stderr: words.rest(),
    }))
}

/// What waiting for a child came to.
enum Waited {
    Ended(io::Result<ExitStatus>),
    TurnedToAPerson,
    Long,
}

fn wait(child: &mut Child, words: &mut Stderr<'_>, limit: Duration) -> Waited {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        words.listen(pause);
        if let Some(ended) = child.try_wait().transpose() {
            return Waited::Ended(ended);
        }
        words.pass_on();
        if matches!(words.ear, Ear::EndsTalk) && (words.speak() || is_stopped(child)) {
            return Waited::TurnedToAPerson;
        }
        if begun.elapsed() >= limit {
            return Waited::Long;
        }
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// What a child says, and who hears it.
struct Stderr<'a> {
    pieces: Receiver<Vec<u8>>,
    all: Vec<u8>,
    /// How much of it was passed on.
    said: usize,
    /// Since when there is something to pass on.
    since: Option<Instant>,
    ear: &'a Ear<'a>,
}

impl Stderr<'_> {
    /// Waits for so long, or until something is said.
    fn listen(&mut self, pause: Duration) {
        match self.pieces.recv_timeout(pause) {
            Ok(piece) => {
                self.since.get_or_insert_with(Instant::now);
                self.all.extend(piece);
            }
            Err(RecvTimeoutError::Timeout) => {}
            // It says no more, for it is about to end.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(Duration::from_millis(1)),
        }
    }

    fn is_older(&self, than: Duration) -> bool {
        self.since.is_some_and(|since| since.elapsed() > than)
    }

    /// Lets the person hear what was said a moment ago.
    fn pass_on(&mut self) {
        if let Ear::Person(hears) = self.ear
            && self.is_older(HEARD_AFTER)
        {
            let fresh = self.all.get(self.said..).unwrap_or_default();
            lines(&String::from_utf8_lossy(fresh)).for_each(hears);
            (self.said, self.since) = (self.all.len(), None);
        }
    }

    /// Whether a helper of git's said something and waits.
    fn speak(&self) -> bool {
        self.is_older(SPEAKS_AFTER) && speaks(&String::from_utf8_lossy(&self.all))
    }

    /// All that was said, up to the end.
    fn rest(mut self) -> Vec<u8> {
        let until = Instant::now() + LEFT_BEHIND;
        while let left = until.saturating_duration_since(Instant::now())
            && let Ok(piece) = self.pieces.recv_timeout(left)
        {
            self.all.extend(piece);
        }
        self.all
    }
}

/// Reads a pipe to its end in a thread of its own, which nobody has to wait for.
fn read_whole(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::with_capacity(ROOM);
        if let Some(pipe) = pipe {
            // What could be read is enough: the exit code tells whether it is all.
            let _ = pipe.take(LARGEST).read_to_end(&mut bytes);
        }
        // Nobody may be waiting any more: what is not taken is wiped, for it may be a secret.
        if let Err(mpsc::SendError(bytes)) = sender.send(bytes) {
            drop(Zeroizing::new(bytes));
        }
    });
    receiver
}

/// Reads a pipe piece by piece, as they come.
fn read_pieces(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let Some(pipe) = pipe else { return };
        let (mut pipe, mut piece) = (pipe.take(LARGEST), [0; 4096]);
        while let Ok(read @ 1..) = pipe.read(&mut piece) {
            let fresh = piece.get(..read).unwrap_or_default();
            if sender.send(fresh.to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Whether somebody other than git and the remote said something. A child that sends a push is past all questions, and to
/// end it then would leave behind what nobody knows the end of.
fn speaks(text: &str) -> bool {
    !means(text, LineKind::Sending)
        && lines(text).any(|line| {
            kind(line) != Some(LineKind::Progress)
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
