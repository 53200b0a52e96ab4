//! The file that a push writes its words to, and what was read of it.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::core::refusal::{Report, Stop};
use crate::git::Repo;
#[cfg(unix)]
use crate::git::secret::is_shared;

/// The size at which the log of a push starts again from nothing, in bytes.
const LIMIT: u64 = 2 << 20;
/// How much of it is read at once, in bytes.
const PIECE: u64 = 1 << 20;
/// The longest line of a remote's output that is passed on, in bytes.
const LINE_LIMIT: usize = 4096;
/// Logs of pushes that were left behind are kept this long.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// A new log: its path, the end to write to, and the one to read from.
pub fn create(repo: &Repo) -> Result<(PathBuf, File, Tail), Stop> {
    let dir = repo.layout().common_dir.join("smp");
    remove_old(&dir);
    let path = dir.join(format!("push-{}.log", std::process::id()));
    let made = fs::create_dir_all(&dir).and_then(|()| private(&path));
    let made = made.and_then(|file| Ok((File::options().append(true).open(&path)?, file)));
    let (writer, file) = made.map_err(|error| {
        let report = Report::new("nothing was pushed: the push's log cannot be written");
        Stop::Failed(report.unwritten(&path, &error))
    })?;
    #[cfg(unix)]
    if !is_shared(repo.config()?) {
        // Another user's folder stays as it is; the file is ours.
        let _ = fs::set_permissions(&dir, std::os::unix::fs::PermissionsExt::from_mode(0o700));
    }
    let tail = Tail {
        file,
        position: 0,
        rest: Vec::new(),
        is_behind: false,
    };
    Ok((path, writer, tail))
}

/// A new and empty file that only its owner reads: a host's words may hold secrets.
fn private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // One that is there already keeps its mode.
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

/// Takes away what pushes that were left behind wrote long ago. What cannot be taken away now is taken away another time.
fn remove_old(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let written = entry.metadata().and_then(|data| data.modified());
        let written = written.unwrap_or_else(|_| SystemTime::now());
        let is_old = written.elapsed().is_ok_and(|age| age > KEPT);
        if is_old && name.starts_with("push-") && name.ends_with(".log") {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Reads what was added to a growing file, line by line; `\r` ends a line too.
pub struct Tail {
    file: File,
    position: u64,
    rest: Vec<u8>,
    /// Whether there is more to read at once.
    pub is_behind: bool,
}

impl Tail {
    /// Lines that came since. `to_the_end`: nobody writes any more, so what is left is a line as well.
    pub fn lines(&mut self, to_the_end: bool) -> Vec<String> {
        // Bounded, so that a remote that never stops talking fills neither our memory nor the disk.
        let before = self.rest.len();
        let from = self.file.seek(SeekFrom::Start(self.position));
        let piece = from.map(|_| self.file.by_ref().take(PIECE));
        // What could be read counts.
        let _ = piece.and_then(|mut piece| piece.read_to_end(&mut self.rest));
        let read = (self.rest.len() - before) as u64;
        self.position += read;
        self.is_behind = read == PIECE;
        // Never what was not read yet: the last line tells how it ended.
        if !self.is_behind && self.position > LIMIT && self.file.set_len(0).is_ok() {
            self.position = 0;
        }
        let end = self.rest.iter().rposition(|byte| is_end(*byte));
        let left = self.rest.split_off(end.map_or(0, |end| end + 1));
        let mut ended = std::mem::replace(&mut self.rest, left);
        if (to_the_end && !self.is_behind) || self.rest.len() > LINE_LIMIT {
            ended.append(&mut self.rest);
        }
        let lines = ended.split(|byte| is_end(*byte));
        let lines = lines.map(|line| line.get(..LINE_LIMIT).unwrap_or(line));
        let lines = lines.map(|line| String::from_utf8_lossy(line).trim_end().to_owned());
        lines.filter(|line| !line.is_empty()).collect()
    }
}

fn is_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}
