//! The folders of tests.

#[cfg(target_os = "linux")]
use std::path::Path;
use std::path::PathBuf;

use tempfile::TempDir;

/// The configuration of git in unit tests. Nothing runs in the background.
pub const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/git/tests/gitconfig");

/// Makes a folder that is removed at the end of the test.
pub fn folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("git-smp-")
        .tempdir_in(room())
        .unwrap()
}

/// Returns the folder for these: in memory, if there is enough of it and programs may run there, because tests mostly
/// write small files. Your own `TMPDIR` takes precedence.
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

/// More memory than all parallel tests need, in bytes.
#[cfg(target_os = "linux")]
const ENOUGH: u64 = 4 << 30;
