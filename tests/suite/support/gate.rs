//! A gate in a hook: the hook reports its arrival and waits until the test opens the gate.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::capture::PATIENCE;
use super::sandbox::World;

/// Two FIFOs. This side keeps both open, so that a hook never waits in `open`; when the gate is dropped, by the end or
/// the failure of a test, every waiting hook continues.
pub struct Gate {
    paths: [PathBuf; 2],
    come: File,
    go: File,
}

impl Gate {
    /// Makes a closed gate with this name.
    #[track_caller]
    pub fn new(world: &World, name: &str) -> Gate {
        let paths = ["come", "go"].map(|end| world.path(format!("{name}.{end}")));
        for path in &paths {
            world
                .runner()
                .program("mkfifo", &[path.to_str().unwrap()])
                .ok();
        }
        let [come, go] = paths.each_ref().map(|path| {
            OpenOptions::new()
                .read(true)
                .write(true)
                .open(path)
                .unwrap()
        });
        Gate { paths, come, go }
    }

    /// Returns the shell line for the hook: it arrives at the gate and waits.
    pub fn line(&self) -> String {
        let [come, go] = self.paths.each_ref().map(|path| path.display());
        format!("[ ! -p '{come}' ] || {{ echo >'{come}'; read -r _ <'{go}'; }}")
    }

    /// Waits until a hook has arrived; each call waits for another one.
    #[track_caller]
    pub fn reached(&self) {
        assert!(
            self.is_reached_within(PATIENCE),
            "nobody comes to the gate {}",
            self.paths[0].display()
        );
    }

    /// Returns whether a hook arrives within this time.
    pub fn is_reached_within(&self, patience: Duration) -> bool {
        let limit = Timespec::try_from(patience).unwrap();
        let ready = poll(&mut [PollFd::new(&self.come, PollFlags::IN)], Some(&limit)).unwrap() > 0;
        ready && (&self.come).read_exact(&mut [0]).is_ok()
    }

    /// Lets one hook pass: the waiting one, or the next.
    pub fn open(&self) {
        (&self.go).write_all(b"\n").unwrap();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        for path in &self.paths {
            let _ = std::fs::remove_file(path);
        }
    }
}
