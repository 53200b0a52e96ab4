//! What git's credential helpers know: `git credential fill`, without a word or a window to anybody, and bounded in time.
#![expect(clippy::disallowed_types, reason = "this is the door to git")]

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::core::secret::{Login, Secret};
use crate::git::program::Program;

/// How long helpers may take.
const LIMIT: Duration = Duration::from_secs(10);
/// How much of an answer is read, in bytes.
const SIZE: u64 = 64 * 1024;
/// How often a helper that has answered is looked at until it ends.
const TICK: Duration = Duration::from_millis(5);

/// The password that git's credential helpers have for an https host: `git credential fill`. `None` where they have
/// none, fail, or take too long; nobody is asked for it.
pub fn password(program: &Program, host: &str) -> Option<Secret> {
    within(program, host, LIMIT)
}

/// The name and the password that they have for a page: of its host and, where `credential.useHttpPath` says so, of its
/// path, for git leaves that out otherwise.
pub fn login(program: &Program, protocol: &str, host: &str, path: &str) -> Option<Login> {
    let about = format!("protocol={protocol}\nhost={host}\npath={path}\n\n");
    let answer = ask(program, &about, LIMIT)?;
    let name = value_in(&answer, b"username=")
        .unwrap_or_default()
        .to_owned();
    Some(Login {
        name,
        password: password_in(&answer)?,
    })
}

/// The same as [`password`], within this time.
pub(super) fn within(program: &Program, host: &str, limit: Duration) -> Option<Secret> {
    password_in(&ask(
        program,
        &format!("protocol=https\nhost={host}\n\n"),
        limit,
    )?)
}

/// What helpers answer to a question of lines `key=value`.
fn ask(program: &Program, about: &str, limit: Duration) -> Option<Zeroizing<Vec<u8>>> {
    let deadline = Instant::now() + limit;
    let mut child = question(program).spawn().ok()?;
    let answer = answer(&mut child, about, deadline);
    let ended = ends_well(&mut child, deadline);
    if ended.is_none() {
        end(&mut child);
    }
    answer.filter(|_| ended == Some(true))
}

/// Asks on no terminal and in no window, whatever a helper is used to.
fn question(program: &Program) -> Command {
    let mut command = program.command([
        "-c",
        "credential.interactive=false",
        "-c",
        "credential.guiPrompt=false",
        "credential",
        "fill",
    ]);
    command
        // Empty, they keep git from looking any further for a program that asks.
        .env("GIT_ASKPASS", "")
        .env("SSH_ASKPASS", "")
        .env("SSH_ASKPASS_REQUIRE", "never")
        .env("GCM_INTERACTIVE", "never")
        .stdin(Stdio::piped())
        .stderr(Stdio::null());
    // So that helpers end with it when the time is up; nor can one read from the terminal there.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

/// What is printed up to its end; a process left behind could hold that back for ever.
fn answer(child: &mut Child, about: &str, deadline: Instant) -> Option<Zeroizing<Vec<u8>>> {
    let (mut stdin, stdout) = (child.stdin.take()?, child.stdout.take()?);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        // With room for all that may come: a buffer that grew would leave copies behind.
        let mut all = Zeroizing::new(Vec::with_capacity(SIZE as usize));
        let read = stdout.take(SIZE).read_to_end(&mut all);
        // Nobody may wait for it any more.
        let _ = sender.send(read.ok().map(|_| all));
    });
    // That git does not read it shows in its exit code.
    let _ = stdin.write_all(about.as_bytes());
    drop(stdin);
    receiver
        .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        .ok()?
}

/// Whether it ended with 0; `None` when it has not ended in time.
fn ends_well(child: &mut Child, deadline: Instant) -> Option<bool> {
    loop {
        if let Some(status) = child.try_wait().ok()? {
            return Some(status.success());
        }
        if Instant::now() >= deadline {
            return None;
        }
        thread::sleep(TICK);
    }
}

/// Ends it and its helpers.
fn end(child: &mut Child) {
    // Whatever has ended already need not be ended.
    #[cfg(unix)]
    let _ = rustix::process::kill_process_group(
        rustix::process::Pid::from_child(child),
        rustix::process::Signal::KILL,
    );
    let _ = child.kill();
    let _ = child.wait();
}

/// The password in an answer of lines `key=value`.
fn password_in(answer: &[u8]) -> Option<Secret> {
    let password = Secret::new(value_in(answer, b"password=")?);
    Some(password).filter(|password| !password.is_empty())
}

/// The value of a key, which ends in `=`.
fn value_in<'a>(answer: &'a [u8], key: &[u8]) -> Option<&'a str> {
    let lines = answer.split(|byte| *byte == b'\n');
    std::str::from_utf8(
        lines
            .filter_map(|line| line.strip_prefix(key))
            .next_back()?,
    )
    .ok()
}
