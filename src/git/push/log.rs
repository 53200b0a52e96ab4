//! The file that a push writes its output to, and the reader of this file.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::core::refusal::{Report, Stop};
use crate::git::Repo;
#[cfg(unix)]
use crate::git::secret::is_shared;

/// The size at which the log of a push is emptied, in bytes.
const LIMIT: u64 = 2 << 20;
/// How much of it is read at once, in bytes.
const PIECE: u64 = 1 << 20;
/// The number of unread bytes from which a host is taken to flood the log.
const FLOOD: u64 = 8 << 20;
/// The longest line of a remote's output that is passed on, in bytes.
const LINE_LIMIT: usize = 4096;
/// How long the logs of pushes that were left are kept.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// Creates a log. Returns its path, the file to write to, and the reader.
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
        // A folder of another user stays as it is. The file is ours.
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

/// Creates an empty file that only its owner can read: a host's words may hold secrets.
fn private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // A file that exists already keeps its mode.
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

/// Removes old logs of pushes that were left. What cannot be removed now is removed another time.
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

/// Reads what was added to a growing file, line by line. `\r` ends a line, too.
pub struct Tail {
    file: File,
    position: u64,
    rest: Vec<u8>,
    /// True if there is more to read right away.
    pub is_behind: bool,
}

impl Tail {
    /// Skips what a flooding host wrote, up to the last words, so that the log can start again.
    fn skip(&mut self) {
        let size = self.file.metadata().map_or(0, |data| data.len());
        if size.saturating_sub(self.position) > FLOOD {
            self.position = size - PIECE / 2;
            self.rest.clear();
        }
    }

    /// Returns the new lines. `to_the_end`: nobody writes any more, so an unfinished line counts as well.
    pub fn lines(&mut self, to_the_end: bool) -> Vec<String> {
        // Limited, so that a remote that prints for ever fills neither memory nor disk.
        self.skip();
        let before = self.rest.len();
        let from = self.file.seek(SeekFrom::Start(self.position));
        let piece = from.map(|_| self.file.by_ref().take(PIECE));
        // Whatever could be read counts.
        let _ = piece.and_then(|mut piece| piece.read_to_end(&mut self.rest));
        let read = (self.rest.len() - before) as u64;
        self.position += read;
        self.is_behind = read == PIECE;
        // A log with unread lines is never emptied: the last line tells how the push ended.
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_flood_leaves_a_short_log_and_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut tail = Tail {
            file: private(&path).unwrap(),
            position: 0,
            rest: Vec::new(),
            is_behind: false,
        };
        let mut writer = File::options().append(true).open(&path).unwrap();
        let flood = "remote: \n".repeat(2 << 20);
        writer.write_all(flood.as_bytes()).unwrap();
        writer.write_all(b"remote: done\n").unwrap();
        let lines = tail.lines(false);
        assert_eq!(lines.last().unwrap(), "remote: done");
        assert_eq!(fs::metadata(&path).unwrap().len(), 0);
    }
}
