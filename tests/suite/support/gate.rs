//! A gate in a hook: the hook says that it has come, and waits until the test lets it through.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::capture::PATIENCE;
use super::sandbox::World;

/// Two FIFOs. This side holds both open all the time, so that a hook never waits at an `open`; when the gate is
/// dropped, by the end of a test or by its failure, whoever waits goes on.
pub struct Gate {
    paths: [PathBuf; 2],
    come: File,
    go: File,
}

impl Gate {
    /// A closed gate of this name.
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

    /// The shell line for the hook: it comes to the gate and waits there.
    pub fn line(&self) -> String {
        let [come, go] = self.paths.each_ref().map(|path| path.display());
        format!("[ ! -p '{come}' ] || {{ echo >'{come}'; read -r _ <'{go}'; }}")
    }

    /// Waits until somebody has come; each call is for one more.
    #[track_caller]
    pub fn reached(&self) {
        assert!(
            self.is_reached_within(PATIENCE),
            "nobody comes to the gate {}",
            self.paths[0].display()
        );
    }

    /// Whether somebody comes within this time.
    pub fn is_reached_within(&self, patience: Duration) -> bool {
        let limit = Timespec::try_from(patience).unwrap();
        let ready = poll(&mut [PollFd::new(&self.come, PollFlags::IN)], Some(&limit)).unwrap() > 0;
        ready && (&self.come).read_exact(&mut [0]).is_ok()
    }

    /// Lets one through: the one that waits, or the next that comes.
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
