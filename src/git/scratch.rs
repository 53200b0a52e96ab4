//! Where tests make their folders.

#[cfg(target_os = "linux")]
use std::path::Path;
use std::path::PathBuf;

use tempfile::TempDir;

/// What git reads there in place of a user's own configuration: it tidies nothing up in the background.
pub const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/git/tests/gitconfig");

/// A folder that is removed when the test ends.
pub fn folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("git-smp-")
        .tempdir_in(room())
        .unwrap()
}

/// Where there is memory for it and programs may run from there: most of what a test costs is writing small files. A
/// `TMPDIR` of your own counts.
fn room() -> PathBuf {
    #[cfg(target_os = "linux")]
    if std::env::var_os("TMPDIR").is_none() {
        use rustix::fs::StatVfsMountFlags;
        let memory = Path::new("/dev/shm");
        let is_fit = rustix::fs::statvfs(memory).is_ok_and(|found| {
            let free = found.f_bavail.saturating_mul(found.f_frsize);
            free >= ENOUGH && !found.f_flag.contains(StatVfsMountFlags::NOEXEC)
        });
        if is_fit && tempfile::tempfile_in(memory).is_ok() {
            return memory.to_owned();
        }
    }
    std::env::temp_dir()
}

/// As much memory as all folders at once never need, in bytes.
#[cfg(target_os = "linux")]
const ENOUGH: u64 = 4 << 30;
