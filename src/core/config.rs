//! `smp.toml`: what a team says about its environments. TOML text in, [`Config`] out, or one sentence that names file,
//! line, column and key, and never a value.
//!
//! The file is committed, and whoever can open a pull request can write to it; so nothing in it can name a command or
//! hold a secret, and what it says counts only after `git smp setup` has shown it (see [`Config::trust`]).

mod agreed;
mod file;
mod links;
mod names;
mod reader;
mod rules;
mod secret;
mod sections;
mod sentence;
mod sweep;
mod trust;

use std::path::{Path, PathBuf};

use regex::Regex;

use crate::core::address::{check_page, check_url};
pub use crate::core::words::ChannelKind;
pub use agreed::agreed;
pub use file::read;
pub use names::{check_branch, check_remote_name};
pub use trust::{Change, changes, digest};

use crate::core::refusal::{Report, Stop};

/// The most bytes that the file may have. The parser needs some 3 KiB for each KiB of it, so this is checked first.
const LARGEST: usize = 64 * 1024;

/// All that `smp.toml` says, with its defaults filled in.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it was read.
    pub path: PathBuf,
    /// The team's own repository.
    pub repository: MainRepository,
    /// The environments, in the order of the file.
    pub environments: Vec<Environment>,
    /// The shared record, if the team keeps one.
    pub record: Option<Record>,
    /// What a promotion asks for beyond the rules that always hold.
    pub policy: Policy,
    /// Where posts go.
    pub channels: Vec<Channel>,
}

/// The team's own repository, where reviewed work is merged; never a fork.
#[derive(Clone, Debug)]
pub struct MainRepository {
    /// The name of its remote.
    pub remote: String,
    /// Its address.
    pub url: String,
    /// Its branch of merged work.
    pub branch: String,
    /// The address of its pages, if it does not follow from `url`.
    pub web: Option<String>,
}

/// A place where the software runs, reached by a remote whose push deploys it.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The name that people type.
    pub name: String,
    /// The address of its remote.
    pub url: String,
    /// The name of its remote.
    pub remote: String,
    /// The branch that a push deploys.
    pub branch: String,
    /// The address that people are shown.
    pub site: Option<String>,
    /// The environment whose commit it is given.
    pub promotes: Option<String>,
    /// How to find out what it runs.
    pub running: Running,
    /// For how many seconds the answers must agree before a deploy is called live; 0: one answer is enough.
    pub confirm_seconds: u32,
}

/// How to find out what an environment runs.
#[derive(Clone, Debug)]
pub enum Running {
    /// What its branch points to is taken for what runs.
    Ref,
    /// A page says it.
    Page(Page),
    /// The API of its platform says it.
    Platform {
        /// Which one that is.
        kind: PlatformKind,
        /// The app to ask about.
        app: String,
        /// A page that is to agree, if there is one.
        page: Option<Page>,
    },
}

/// A platform whose API can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlatformKind {
    /// heroku.com
    Heroku,
}

impl PlatformKind {
    /// The key in `smp.toml` that names an app there.
    pub fn key(self) -> &'static str {
        match self {
            Self::Heroku => "heroku",
        }
    }
}

impl Running {
    /// For how many seconds the answers must agree where the file does not say so. Behind a load balancer old and new
    /// instances answer a page in turn; a platform's API and a branch have one answer at a time.
    pub fn usual_confirm_seconds(&self) -> u32 {
        match self {
            Self::Page(_) | Self::Platform { page: Some(_), .. } => 10,
            Self::Platform { page: None, .. } | Self::Ref => 0,
        }
    }

    /// Its platform and the app there, where that is to be asked.
    pub fn platform(&self) -> Option<(PlatformKind, &str)> {
        match self {
            Self::Platform { kind, app, .. } => Some((*kind, app)),
            Self::Page(_) | Self::Ref => None,
        }
    }

    /// The page that says, or is to agree on, what an environment runs.
    pub fn page(&self) -> Option<&Page> {
        match self {
            Self::Page(page) => Some(page),
            Self::Platform { page, .. } => page.as_ref(),
            Self::Ref => None,
        }
    }
}

/// A page that says which commit runs.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its address.
    pub url: String,
    /// Where in it the commit stands.
    pub find: Find,
}

/// Where in a page the commit stands.
#[derive(Clone, Debug)]
pub enum Find {
    /// In the one group of a regular expression.
    Pattern(Regex),
    /// At a JSON pointer.
    Json(String),
    /// In a header.
    Header(String),
    /// The whole body is the commit.
    Body,
}

/// The history that the team shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its ref on the main repository.
    pub reference: String,
    /// Whether a promotion needs a sign-off of its commit.
    pub signoff: bool,
    /// For how many days production may be behind staging.
    pub cadence_days: u32,
}

/// What a promotion asks for beyond the rules that always hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Patterns of files that plans and posts name.
    pub watch: Vec<String>,
    /// Whether every commit needs a pull request that someone else approved.
    pub reviewed: bool,
    /// Whether every check of the commit must have succeeded.
    pub green: bool,
}

/// A chat channel that is told what happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its name here: `technical` or `product`.
    pub name: String,
    /// What it speaks.
    pub kind: ChannelKind,
    /// Who is called.
    pub mentions: Vec<Mention>,
}

/// Someone who is called by a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mention {
    /// Plain text after an `@`.
    Plain(String),
    /// A person whom the chat notifies.
    Person {
        /// The name that is shown.
        name: String,
        /// The chat's own id for the person.
        id: String,
    },
}

/// Reads the text of a configuration. Touches no file: `path` is only for sentences.
///
/// # Errors
///
/// The first thing that is wrong: where, which key, why, and what to do. Never a value.
pub fn parse(path: &Path, text: &str) -> Result<Config, Report> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = file::document(path, text)?;
    let source = sentence::Source::new(path, text);
    let root = reader::Table::root(&source, document.get_ref());
    sweep::sweep(&root)?;
    sections::config(path, &root)
}

impl Config {
    /// The environment of this name, as a person typed it.
    ///
    /// # Errors
    ///
    /// `Misused` for a name that the file does not have, with those that it has.
    pub fn environment(&self, name: &str) -> Result<&Environment, Stop> {
        if let Some(found) = self.find(name) {
            return Ok(found);
        }
        let file = sentence::file_name(&self.path);
        let names: Vec<&str> = self
            .environments
            .iter()
            .map(|environment| environment.name.as_str())
            .collect();
        let report = Report::new(format!(
            "{file} has no environment `{}`",
            sentence::shown_key(name)
        ))
        .because(format!("its environments are {}", names.join(", ")));
        Err(Stop::Misused(match sentence::nearest(name, names) {
            Some(meant) => report.hint(format!("did you mean {meant}? type that in its place")),
            None => report.hint("type one of them"),
        }))
    }

    /// The environments that are given another's commit, in the order of the file.
    pub fn targets(&self) -> Vec<&Environment> {
        self.environments
            .iter()
            .filter(|environment| environment.promotes.is_some())
            .collect()
    }

    /// The environment whose commit `target` is given.
    pub fn source_of(&self, target: &Environment) -> Option<&Environment> {
        self.find(target.promotes.as_deref()?)
    }

    fn find(&self, name: &str) -> Option<&Environment> {
        self.environments
            .iter()
            .find(|environment| environment.name == name)
    }
}

#[cfg(test)]
mod tests;
