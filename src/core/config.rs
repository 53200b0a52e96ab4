//! `smp.toml`: what a team says about its environments. TOML text in, [`Config`] out, or one sentence that names file,
//! line, column and key, and never a value.
//!
//! The file is committed, and whoever can open a pull request can write to it; so nothing in it can name a command or
//! hold a secret, and what it says counts only after `git smp setup` has shown it (see [`Config::trust`]).

mod document;
mod links;
mod names;
mod rules;
mod secret;
mod shown;
mod trust;
mod values;

use std::path::{Path, PathBuf};

use regex::Regex;
use serde::{Deserialize, Serialize, Serializer};

use document::Document;

pub use crate::core::tell::ChannelKind;
pub use document::whole_file;
#[cfg(test)]
pub use names::check_branch;
pub use names::check_remote_name;
pub use trust::{Change, agreed, changes, digest};

use crate::core::nearest::nearest;
use crate::core::refusal::{Report, Stop};
use crate::core::typed::Typed;

/// The most bytes that the file may have. The parser needs some 3 KiB for each KiB of it, so this is checked first.
pub const LARGEST: usize = 64 * 1024;

/// All that `smp.toml` says, with its defaults filled in. A new key is a field here, read by the rule that it names; being
/// a field, it is agreed to (see [`Config::trust`]).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(skip)]
    pub path: PathBuf,
    #[serde(deserialize_with = "values::table")]
    pub repository: MainRepository,
    /// In the order of the file. These and the channels are agreed to each by its name.
    #[serde(skip_serializing, deserialize_with = "values::environments")]
    pub environments: Vec<Environment>,
    #[serde(default, deserialize_with = "values::some_table")]
    pub record: Option<Record>,
    #[serde(default, deserialize_with = "values::table")]
    pub policy: Policy,
    #[serde(default, skip_serializing, deserialize_with = "values::channels")]
    pub channels: Vec<Channel>,
}

/// The team's own repository, where reviewed work is merged; never a fork.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MainRepository {
    #[serde(default, deserialize_with = "values::remote")]
    pub remote: String,
    #[serde(deserialize_with = "values::url")]
    pub url: String,
    #[serde(default, deserialize_with = "values::branch")]
    pub branch: String,
    /// The address of its pages, if it does not follow from `url`.
    #[serde(default, deserialize_with = "values::page")]
    pub web: Option<String>,
}

/// A place where the software runs, reached by a remote whose push deploys it, or by a branch of the main repository.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    #[serde(skip)]
    pub name: String,
    /// Whether it is a branch of the main repository, with the same address and remote: the file has none for it.
    #[serde(skip)]
    pub is_branch: bool,
    #[serde(default, deserialize_with = "values::url")]
    pub url: String,
    #[serde(default, deserialize_with = "values::remote")]
    pub remote: String,
    /// The branch that a push deploys.
    #[serde(default, deserialize_with = "values::branch")]
    pub branch: String,
    /// The address that people are shown.
    #[serde(default, deserialize_with = "values::page")]
    pub site: Option<String>,
    /// The environment whose commit it is given.
    pub promotes: Option<String>,
    #[serde(
        default,
        skip_serializing_if = "DeployBy::is_push",
        deserialize_with = "values::word"
    )]
    pub deploy: DeployBy,
    #[serde(
        default,
        skip_serializing_if = "Running::is_ref",
        deserialize_with = "values::running"
    )]
    pub running: Running,
}

/// How an environment is given a commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeployBy {
    #[default]
    Push,
    /// Its platform promotes the very build that the source runs.
    Pipeline,
}

impl DeployBy {
    fn is_push(&self) -> bool {
        *self == Self::Push
    }
}

/// How to find out what an environment runs: its platform says it, or a page, or both must agree. Without either, what its
/// branch points to is taken for what runs.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Running {
    #[serde(flatten)]
    pub app: Option<PlatformApp>,
    #[serde(flatten)]
    pub page: Option<Page>,
    /// For how many seconds the answers must agree before a deploy is called live; 0: one answer is enough.
    pub confirm_seconds: u32,
}

impl Running {
    pub fn is_ref(&self) -> bool {
        self.app.is_none() && self.page.is_none()
    }
}

/// An app on a platform whose API can be asked, by the key that names it in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PlatformApp {
    Heroku(String),
    Dokku(String),
}

/// A page that says which commit runs.
#[derive(Clone, Debug, Serialize)]
pub struct Page {
    #[serde(rename = "page")]
    pub url: String,
    #[serde(flatten)]
    pub find: Find,
}

/// Where in a page the commit stands.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Find {
    /// In the one group of a regular expression.
    #[serde(serialize_with = "as_text")]
    Pattern(Regex),
    Json(String),
    Header(String),
    /// The whole body is the commit.
    Body,
}

fn as_text<S: Serializer>(pattern: &Regex, into: S) -> Result<S::Ok, S::Error> {
    into.serialize_str(pattern.as_str())
}

/// The history that the team shares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Record {
    #[serde(rename = "ref", deserialize_with = "values::record_ref")]
    pub reference: String,
    /// Whether a promotion needs a sign-off of its commit.
    pub signoff: bool,
    /// For how many days production may be behind staging.
    #[serde(deserialize_with = "values::number::<1, 3650, _, _>")]
    pub cadence_days: u32,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            reference: "refs/smp/record".to_owned(),
            signoff: true,
            cadence_days: 7,
        }
    }
}

/// What a promotion asks for beyond the rules that always hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Patterns of files that plans and posts name.
    #[serde(deserialize_with = "values::globs")]
    pub watch: Vec<String>,
    /// Whether every commit needs a pull request that someone else approved.
    pub reviewed: bool,
    /// Whether every check of the commit must have succeeded.
    pub green: bool,
}

/// A chat channel that is told what happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// `technical` or `product`.
    #[serde(skip)]
    pub name: String,
    #[serde(deserialize_with = "values::word")]
    pub kind: ChannelKind,
    #[serde(default, deserialize_with = "values::list")]
    pub mentions: Vec<Mention>,
}

/// Someone who is called by a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mention {
    /// Plain text after an `@`.
    Plain(String),
    /// A person whom the chat notifies, by its own id for them.
    Person { name: String, id: String },
}

/// Reads a configuration. Touches no file: `path` is only for sentences. The error is the first thing that is wrong: where,
/// which key, why, and what to do. Never a value.
pub fn parse(path: &Path, bytes: impl AsRef<[u8]>) -> Result<Config, Report> {
    let document = Document::parse(path, bytes.as_ref())?;
    document.sweep()?;
    let mut config: Config = document.read()?;
    path.clone_into(&mut config.path);
    let main = &mut config.repository;
    fill(&mut main.remote, "origin");
    fill(&mut main.branch, "main");
    for one in &mut config.environments {
        one.is_branch = one.url.is_empty();
        if one.is_branch {
            // Which branch of the main repository it is, only the file can say.
            fill(&mut one.remote, &main.remote);
            fill(&mut one.url, &main.url);
        } else {
            fill(&mut one.remote, &one.name);
            fill(&mut one.branch, &main.branch);
        }
    }
    (config.environments).sort_by_key(|one| document.place(&["environments", &one.name]));
    rules::check(&config, &document)?;
    Ok(config)
}

/// What is meant where nothing is written; no rule takes an empty text.
fn fill(written: &mut String, meant: &str) {
    if written.is_empty() {
        meant.clone_into(written);
    }
}

impl Config {
    /// The environment of this name; `Misused` for one that the file does not have.
    pub fn environment(&self, name: &str) -> Result<&Environment, Stop> {
        let found = self.find(name);
        found.ok_or_else(|| Stop::Misused(self.unknown(name).hint("type one of them")))
    }

    /// The same of a name that a person typed; their command is given with the name that was probably meant.
    pub fn meant(&self, name: &str) -> Result<&Environment, Stop> {
        match nearest(name, &self.names()) {
            Some(meant) if self.find(name).is_none() => {
                let report = self.unknown(name);
                Err(Stop::Misused(
                    report.run("did you mean", Typed::instead_of(name, meant)),
                ))
            }
            _ => self.environment(name),
        }
    }

    fn unknown(&self, name: &str) -> Report {
        let (file, shown) = (shown::file_name(&self.path), shown::shown_key(name));
        Report::new(format!("{file} has no environment `{shown}`"))
            .because(format!("its environments are {}", self.names().join(", ")))
    }

    /// The environments that are given another's commit, in the order of the file.
    pub fn targets(&self) -> Vec<&Environment> {
        let all = self.environments.iter();
        all.filter(|one| one.promotes.is_some()).collect()
    }

    /// The environment whose commit `target` is given.
    pub fn source_of(&self, target: &Environment) -> Option<&Environment> {
        self.find(target.promotes.as_deref()?)
    }

    /// Whether a merge deploys an environment: it is the very branch that reviewed work is merged into.
    pub fn is_main_branch(&self, one: &Environment) -> bool {
        one.is_branch && one.branch == self.repository.branch
    }

    fn find(&self, name: &str) -> Option<&Environment> {
        self.environments.iter().find(|one| one.name == name)
    }

    fn names(&self) -> Vec<&str> {
        let all = self.environments.iter();
        all.map(|one| one.name.as_str()).collect()
    }
}

#[cfg(test)]
mod tests;
