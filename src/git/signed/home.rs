//! A gpg home for one check. In the user's own home, a file of options could let a program forge gpg's words.

use std::fs;
use std::path::PathBuf;

use crate::core::refusal::{Report, Stop};
use crate::git::program::Program;
use crate::git::ssh::private_folder;

/// Options that ignore the file of options, and ask nobody.
const PLAIN: [&str; 3] = ["--no-options", "--batch", "--no-tty"];

/// A home with the keys that the signers file names, as far as the user's key ring has them, and nothing else.
pub(super) struct GpgHome {
    pub folder: PathBuf,
}

impl GpgHome {
    pub fn with(program: &Program, fingerprints: &[&str]) -> Result<Self, Stop> {
        let folder = private_folder();
        let folder = folder.ok_or_else(|| {
            let report = Report::new("no folder can be made for the keys of openpgp");
            Stop::Failed(
                report.hint("set TMPDIR to a folder with a short path that you may write to"),
            )
        })?;
        let home = Self { folder };
        let keys = home.folder.join("keys");
        if let Some(mut export) = program.other("gpg").filter(|_| !fingerprints.is_empty()) {
            let export = export.args(PLAIN).arg("--output").arg(&keys);
            let export = export.args(["--export-options", "no-export-attributes", "--export"]);
            // A key that the ring lacks cannot be checked, which shows later.
            let _ = export.args(fingerprints).output();
        }
        // Here gpg computes the fingerprints itself, whatever a key ring claims.
        if let Some(mut import) = program.other("gpg").filter(|_| keys.exists()) {
            let import = import.env("GNUPGHOME", &home.folder).args(PLAIN);
            let import = import.args(["--no-autostart", "--no-auto-check-trustdb", "--import"]);
            let _ = import.arg(&keys).output();
        }
        Ok(home)
    }
}

impl Drop for GpgHome {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
