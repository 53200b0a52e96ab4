//! git's configuration, asked of the `git` program: the library knows nothing of `git -c` and its like.
#![expect(clippy::disallowed_types, reason = "this is the door to git")]

use std::process::Child;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::program::{self, Program};
use crate::error::Stop;

/// The configuration that holds here.
#[derive(Clone, Debug, Default)]
pub struct GitConfig {
    entries: Vec<(String, String)>,
}

impl GitConfig {
    /// Reads what `git config -z --list` prints.
    fn parse(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        let entries = text.split('\0').filter(|entry| !entry.is_empty()).map(|entry| {
            // A key without a value is how a boolean says yes.
            let (key, value) = entry.split_once('\n').unwrap_or((entry, "true"));
            (key.to_owned(), value.to_owned())
        });
        Self { entries: entries.collect() }
    }

    /// The value that wins. Section and name of the key are lower case, a subsection is as written.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries.iter().rev().find(|(own, _)| own == key).map(|(_, value)| value.as_str())
    }

    /// Every value, in order.
    pub fn all(&self, key: &str) -> Vec<&str> {
        self.entries.iter().filter(|(own, _)| own == key).map(|(_, value)| value.as_str()).collect()
    }

    /// Whether a key holds one of git's words for no.
    pub fn denies(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| {
            matches!(value.to_ascii_lowercase().as_str(), "" | "no" | "off" | "false") || value.parse() == Ok(0)
        })
    }
}

/// The configuration while git still reads it.
pub struct PendingConfig {
    child: Mutex<Option<Child>>,
    answer: OnceLock<Result<GitConfig, Stop>>,
}

impl PendingConfig {
    /// Starts `git config -z --list`, which runs beside whatever else there is to do.
    ///
    /// # Errors
    /// When git cannot be started.
    pub fn start(program: &Program) -> Result<Self, Stop> {
        let child = program.start_config()?;
        Ok(Self { child: Mutex::new(Some(child)), answer: OnceLock::new() })
    }

    /// Waits for the answer.
    ///
    /// # Errors
    /// When git cannot read its configuration, in git's own words.
    pub fn get(&self) -> Result<&GitConfig, Stop> {
        self.answer.get_or_init(|| self.wait()).as_ref().map_err(Clone::clone)
    }

    fn wait(&self) -> Result<GitConfig, Stop> {
        const WHAT: &str = "git's configuration cannot be read";
        let child = self.child.lock().unwrap_or_else(PoisonError::into_inner).take();
        let output = child.map(Child::wait_with_output);
        match output {
            Some(Ok(output)) if output.status.success() => Ok(GitConfig::parse(&output.stdout)),
            Some(Ok(output)) => Err(Stop::Failed(program::failed(WHAT, &output.stderr))),
            Some(Err(error)) => Err(Stop::Failed(program::failed(WHAT, error.to_string().as_bytes()))),
            None => Err(Stop::Failed(program::failed(WHAT, b""))),
        }
    }
}
