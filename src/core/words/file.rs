//! The name of the configuration in messages.

use std::fmt;
use std::sync::OnceLock;

/// The configuration that this run reads, as messages call it: `smp.toml`, or the file that the user named. A message
/// about the file on a branch, or about such files in general, says `smp.toml`.
#[derive(Clone, Copy, Debug)]
pub struct ConfigFile;

/// To write in a text: `set {key} in {SMP_TOML}`.
pub const SMP_TOML: ConfigFile = ConfigFile;

static NAMED: OnceLock<String> = OnceLock::new();

impl ConfigFile {
    /// Stores the name from the command line, once, before anything is read.
    pub fn name(self, named: String) {
        NAMED.get_or_init(|| named);
    }
}

impl fmt::Display for ConfigFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMED.get().map_or("smp.toml", String::as_str))
    }
}
