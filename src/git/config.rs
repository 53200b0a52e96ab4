//! git's configuration, asked of the `git` program: the library knows nothing of `git -c` and its like.

use std::sync::{Arc, OnceLock};
use std::thread;

use crate::core::refusal::Stop;
use crate::git::program::Program;

/// The configuration of nobody, where git cannot read it: git says so itself as soon as it is asked anything.
pub static UNREADABLE: GitConfig = GitConfig {
    entries: Vec::new(),
};

// Not `Debug`: a webhook may be among the entries.
#[derive(Clone, Default)]
pub struct GitConfig {
    entries: Vec<(String, String)>,
}

impl GitConfig {
    pub(super) fn parse(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        let entries = text.split('\0').filter(|entry| !entry.is_empty());
        // A key without a value is how a boolean says yes.
        let entries = entries.map(|entry| entry.split_once('\n').unwrap_or((entry, "true")));
        let entries = entries.map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self {
            entries: entries.collect(),
        }
    }

    pub(super) fn new(entries: Vec<(String, String)>) -> Self {
        Self { entries }
    }

    /// A configuration of these.
    #[cfg(test)]
    pub fn of(entries: &[(&str, &str)]) -> Self {
        Self {
            entries: entries
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }

    /// The value that wins. Section and name of the key are lower case, a subsection is as written.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.all(key).pop()
    }

    pub fn all(&self, key: &str) -> Vec<&str> {
        let own = self.entries.iter().filter(|(own, _)| own == key);
        own.map(|(_, value)| value.as_str()).collect()
    }

    /// Whether one of these keys is set to anything.
    pub fn any(&self, wanted: impl Fn(&str) -> bool) -> bool {
        self.entries
            .iter()
            .any(|(key, value)| wanted(key) && !value.is_empty())
    }

    /// What stands between this beginning and this end of a key, with each value.
    pub fn under<'a>(
        &'a self,
        start: &'a str,
        end: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let entries = self.entries.iter();
        entries.filter_map(move |(key, value)| {
            Some((key.strip_prefix(start)?.strip_suffix(end)?, value.as_str()))
        })
    }

    /// Whether a key holds one of git's words for no.
    pub fn denies(&self, key: &str) -> bool {
        let value = self.get(key).map(str::to_ascii_lowercase);
        value.is_some_and(|value| {
            matches!(value.as_str(), "" | "no" | "off" | "false") || value.parse() == Ok(0)
        })
    }
}

/// The configuration, asked for when it is needed or before.
pub struct PendingConfig {
    program: Program,
    answer: Arc<OnceLock<Result<GitConfig, Stop>>>,
}

impl PendingConfig {
    pub fn new(program: &Program) -> Self {
        let (program, answer) = (program.clone(), Arc::default());
        Self { program, answer }
    }

    /// Starts `git config -z --list` in a thread: starting a program takes as long as opening a repository.
    pub fn start(&self) {
        let ahead = Self {
            program: self.program.clone(),
            answer: Arc::clone(&self.answer),
        };
        thread::spawn(move || ahead.get().is_ok());
    }

    pub fn get(&self) -> Result<&GitConfig, Stop> {
        let answer = self.answer.get_or_init(|| {
            let listed = self.program.read_config(&[])?;
            Ok(GitConfig::parse(&listed))
        });
        answer.as_ref().map_err(Clone::clone)
    }
}
