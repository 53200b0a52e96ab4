//! The input of git for one check: the keys that count, and the commits, each from bytes that match its name. In the
//! clone's own folders, git could find other content under that name.

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::core::refusal::{Report, Stop};
use crate::git::signed::Signed;
use crate::git::signed::keys::Keys;

/// The largest block without compression in zlib's format, in bytes.
const BLOCK: usize = 0xffff;

/// A folder of its own, for as long as git needs it. A killed run leaves it behind.
pub(super) struct LaidOut {
    folder: PathBuf,
}

impl LaidOut {
    pub fn new(common_dir: &Path, keys: &Keys, commits: &[Signed<'_>]) -> Result<Self, Stop> {
        let own = common_dir.join("smp");
        let written = fs::create_dir_all(&own).and_then(|()| Self::below(&own, keys, commits));
        // The signatures of a read-only clone can be checked, too.
        let written = written.or_else(|_| Self::below(&std::env::temp_dir(), keys, commits));
        written.map_err(|error| {
            let report = Report::new("the signers cannot be written to a file for git");
            Stop::Failed(report.because(error.to_string()))
        })
    }

    fn below(folder: &Path, keys: &Keys, commits: &[Signed<'_>]) -> io::Result<Self> {
        let number = RandomState::new().hash_one((SystemTime::now(), std::process::id()));
        let folder = folder.join(format!("check-{number:016x}.new"));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        let laid_out = Self { folder };
        fs::write(laid_out.signers(), &keys.ssh)?;
        let objects = laid_out.objects();
        fs::create_dir(&objects)?;
        for one in commits {
            let (start, rest) = one.id.as_str().split_at(2);
            let folder = objects.join(start);
            fs::create_dir_all(&folder)?;
            fs::write(folder.join(rest), stored(one.raw))?;
        }
        Ok(laid_out)
    }

    pub fn signers(&self) -> PathBuf {
        self.folder.join("signers")
    }

    pub fn objects(&self) -> PathBuf {
        self.folder.join("objects")
    }
}

impl Drop for LaidOut {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Returns a commit as git stores it in a file, in zlib's format without compression.
fn stored(raw: &[u8]) -> Vec<u8> {
    let head = format!("commit {}\0", raw.len());
    let object = [head.as_bytes(), raw].concat();
    let mut file = vec![0x78, 0x01];
    let blocks = object.len().div_ceil(BLOCK);
    for (nth, block) in object.chunks(BLOCK).enumerate() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        file.push(u8::from(nth + 1 == blocks));
        file.extend(length.to_le_bytes());
        file.extend((!length).to_le_bytes());
        file.extend(block);
    }
    let (mut low, mut high) = (1_u32, 0_u32);
    for byte in object {
        low = (low + u32::from(byte)) % 65_521;
        high = (high + low) % 65_521;
    }
    file.extend(((high << 16) | low).to_be_bytes());
    file
}
