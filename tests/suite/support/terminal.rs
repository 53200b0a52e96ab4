//! A person at a terminal: a pseudo-terminal whose program a test watches and answers.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::capture::{Capture, PATIENCE};
use super::run::{Run, Runner, Running, shown};

/// Makes the program the leader of a session with the terminal, so that Ctrl-C and the end of the terminal reach it as
/// in real life. Only a child can do that for itself; perl comes with git. A suitable `setsid` is preferred, because it
/// starts ten times faster.
const LEADER: &str = r#"
use POSIX ();
delete $ENV{PERL_BADLANG};
POSIX::setsid() > 0 or die "setsid: $!";
open(my $terminal, "+<", shift) or die "terminal: $!";
close($terminal);
exec { $ARGV[0] } @ARGV or die "exec: $!";
"#;

/// `setsid` of util-linux; other systems have none, or one without `--ctty` at another path.
const SETSID: &str = "/usr/bin/setsid";

/// A program on a terminal with 100 columns and 40 rows.
pub struct Terminal {
    keyboard: Option<File>,
    screen: Capture,
    running: Option<Running>,
    closed: Arc<AtomicBool>,
    seen: usize,
    input_only: bool,
}

impl Terminal {
    pub(super) fn start(
        runner: &Runner<'_>,
        program: &OsStr,
        args: &[&str],
        input_only: bool,
    ) -> Terminal {
        let keyboard =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let path = ptsname(&keyboard, Vec::new())
            .unwrap()
            .into_string()
            .unwrap();
        let keyboard = File::from(keyboard);
        let line = File::options().read(true).write(true).open(&path).unwrap();
        size(&line, 100, 40);

        let mut command = if Path::new(SETSID).exists() {
            let mut command = runner.command(SETSID);
            command.arg("--ctty");
            command
        } else {
            let mut command = runner.command("perl");
            command.args(["-e", LEADER, &path]);
            command
        };
        command.arg(program).args(args);
        command
            .env("PERL_BADLANG", "0")
            .env_remove("GIT_TERMINAL_PROMPT");
        if !runner.sets("TERM") {
            command.env("TERM", "xterm-256color");
        }
        let out = || {
            if input_only {
                Stdio::piped()
            } else {
                line.try_clone().unwrap().into()
            }
        };
        command
            .stdin(line.try_clone().unwrap())
            .stdout(out())
            .stderr(out());
        let running = Running::begin(
            command,
            Vec::new(),
            runner.time_limit(),
            shown(program, args),
        );
        let closed = Arc::new(AtomicBool::new(false));
        let glass = Glass {
            terminal: keyboard.try_clone().unwrap(),
            closed: closed.clone(),
        };
        let screen = Capture::of(glass);
        Terminal {
            keyboard: Some(keyboard),
            screen,
            running: Some(running),
            closed,
            seen: 0,
            input_only,
        }
    }

    /// Waits until the screen shows `text`, after the text that was last waited for.
    #[track_caller]
    pub fn sees(&mut self, text: &str) -> &mut Self {
        match self.screen.wait_for(self.seen, text.as_bytes(), PATIENCE) {
            Some(behind) => self.seen = behind,
            None => panic!(
                "the terminal never shows {text:?}, but:\n{}",
                self.screen.text()
            ),
        }
        self
    }

    /// Waits until the piped stderr shows `text`, if only the input is a terminal.
    #[track_caller]
    pub fn hears(&mut self, text: &str) -> &mut Self {
        self.running.as_ref().unwrap().says(text);
        self
    }

    /// Types this text; the Enter key is `\r`.
    pub fn types(&mut self, text: &str) -> &mut Self {
        self.keyboard
            .as_mut()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        self
    }

    /// Types this text and Enter.
    pub fn enters(&mut self, text: &str) -> &mut Self {
        self.types(&format!("{text}\r"))
    }

    /// Presses Ctrl-C.
    pub fn ctrl_c(&mut self) -> &mut Self {
        self.types("\x03")
    }

    /// Presses Ctrl-D, the end of input.
    pub fn ctrl_d(&mut self) -> &mut Self {
        self.types("\x04")
    }

    /// Changes the size of the window.
    pub fn resizes(&mut self, columns: u16, rows: u16) -> &mut Self {
        size(self.keyboard.as_ref().unwrap(), columns, rows);
        self
    }

    /// Sends a signal to the program (to `git`, unless the binary was started directly).
    pub fn signal(&mut self, signal: Signal) -> &mut Self {
        self.running.as_mut().unwrap().signal(signal);
        self
    }

    /// Closes the terminal, as when its window or connection closes: the program gets a SIGHUP.
    pub fn closes(&mut self) -> &mut Self {
        self.closed.store(true, Ordering::SeqCst);
        self.keyboard = None;
        assert!(self.screen.wait_end(PATIENCE), "the terminal stays open");
        self
    }

    /// Returns everything that the screen has shown so far.
    pub fn screen(&self) -> String {
        self.screen.text()
    }

    /// Returns whether the program has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.running.as_mut().unwrap().is_running()
    }

    /// Waits for the end. The result's `stderr` is the screen; if only the input was a terminal, both pipes are
    /// unchanged.
    #[track_caller]
    pub fn ends(mut self) -> Run {
        let running = self.running.take().unwrap();
        let mut run = running.finish();
        if !self.input_only {
            self.screen.wait_end(Duration::from_secs(2));
            run.stderr = self.screen.text();
        }
        // A window closes with its program. A child that asked in it, such as ssh, then gets a SIGHUP if it missed the
        // Ctrl-C: input between its question and its first read is lost.
        self.closed.store(true, Ordering::SeqCst);
        run
    }
}

/// The reader of the screen, which can stop although nothing more comes.
struct Glass {
    terminal: File,
    closed: Arc<AtomicBool>,
}

impl Read for Glass {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let moment = Timespec::try_from(Duration::from_millis(50)).unwrap();
        while poll(
            &mut [PollFd::new(&self.terminal, PollFlags::IN)],
            Some(&moment),
        )? == 0
        {
            if self.closed.load(Ordering::SeqCst) {
                return Ok(0);
            }
        }
        self.terminal.read(into)
    }
}

fn size(terminal: &File, columns: u16, rows: u16) {
    let size = Winsize {
        ws_col: columns,
        ws_row: rows,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(terminal, size).unwrap();
}
