//! git's configuration, read by the `git` program: the library does not know `git -c` and similar settings.

use std::sync::{Arc, OnceLock};
use std::thread;

use crate::core::refusal::Stop;
use crate::git::object::is_utf8;
use crate::git::program::Program;

/// An empty configuration, used if git cannot read its own: git reports the error itself with its next command.
pub static UNREADABLE: GitConfig = GitConfig {
    entries: Vec::new(),
};

// Not `Debug`: a webhook may be among the entries.
#[derive(Clone, Default)]
pub struct GitConfig {
    pub(super) entries: Vec<(String, String)>,
}

impl GitConfig {
    pub(super) fn parse(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        let entries = text.split('\0').filter(|entry| !entry.is_empty());
        // A key without a value means true.
        let entries = entries.map(|entry| entry.split_once('\n').unwrap_or((entry, "true")));
        let entries = entries.map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self {
            entries: entries.collect(),
        }
    }

    #[cfg(test)]
    pub fn of(entries: &[(&str, &str)]) -> Self {
        Self {
            entries: entries
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }

    /// Returns the value that wins. In the key, section and name are lower case, and a subsection is as written.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.all(key).pop()
    }

    /// Returns whether git prints messages in another encoding than UTF-8.
    pub fn prints_foreign(&self) -> bool {
        let encoding = self.get("i18n.logoutputencoding");
        let encoding = encoding.or_else(|| self.get("i18n.commitencoding"));
        encoding.is_some_and(|encoding| !is_utf8(encoding))
    }

    pub fn all(&self, key: &str) -> Vec<&str> {
        let own = self.entries.iter().filter(|(own, _)| own == key);
        own.map(|(_, value)| value.as_str()).collect()
    }

    /// Returns whether a wanted key has a value that is not empty.
    pub fn any(&self, wanted: impl Fn(&str) -> bool) -> bool {
        self.entries
            .iter()
            .any(|(key, value)| wanted(key) && !value.is_empty())
    }

    /// Returns what is between this beginning and this end of each key, with the value.
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

    /// Returns whether a key has one of git's values for false.
    pub fn denies(&self, key: &str) -> bool {
        let value = self.get(key).map(str::to_ascii_lowercase);
        value.is_some_and(|value| {
            matches!(value.as_str(), "" | "no" | "off" | "false") || value.parse() == Ok(0)
        })
    }
}

/// The configuration, read when it is needed or earlier.
pub struct PendingConfig {
    program: Program,
    answer: Arc<OnceLock<Result<GitConfig, Stop>>>,
}

impl PendingConfig {
    pub fn new(program: &Program) -> Self {
        let (program, answer) = (program.clone(), Arc::default());
        Self { program, answer }
    }

    /// Starts `git config -z --list` in a thread: a program takes as long to start as a repository takes to open.
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
