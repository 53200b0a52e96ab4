//! `smp.toml`: the team's configuration of its environments. TOML text becomes a [`Config`], or one sentence that names
//! file, line, column and key, and never a value.
//!
//! The file is committed, and everyone who can open a pull request can write to it. So it cannot name a command or hold
//! a secret, and it counts only after `git smp setup` has shown it (see [`Config::trust`]).

mod document;
mod links;
mod names;
mod record;
mod rules;
mod running;
mod secret;
mod shown;
mod trust;
mod values;

use std::iter;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

#[cfg(test)]
use tests::schema;

use document::Document;

pub use crate::core::tell::ChannelKind;
pub use document::whole_file;
#[cfg(test)]
pub use names::check_branch;
pub use names::check_remote_name;
use record::is_no;
pub use record::{AskedForge, Record};
pub use running::{Find, Page, PageCheck, PlatformApp, Running, page_pattern};
pub use trust::{Change, agreed, changes, digest};

use crate::core::nearest::nearest;
use crate::core::refusal::{Report, Stop};
use crate::core::typed::Typed;
use crate::core::window::{Hours, Soak};
use crate::core::words::SMP_TOML;

/// The maximum size of the file in bytes. The parser needs about 3 KiB for each KiB, so this is checked first.
pub const LARGEST: usize = 64 * 1024;

/// The schema for editors. It is made from the types below, and their comments are what an editor shows. The first line
/// of a file names it.
pub const SCHEMA_URL: &str =
    "https://raw.githubusercontent.com/VisualMeaning/git-smp/main/schema/smp.schema.json";

// A new key is a field here with its rule. Every field needs the user's agreement (see `Config::trust`).
/// What `git smp` needs to know about a team's environments. No secrets and no commands belong in this file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "smp.toml"))]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(skip)]
    pub path: PathBuf,
    #[serde(deserialize_with = "values::table")]
    pub repository: MainRepository,
    // In the order of the file. Each environment and channel is agreed to by its name.
    /// The places where the software runs, each with its own name: `[environments.staging]`. The order of the file
    /// is the order in which several environments are promoted.
    #[serde(skip_serializing, deserialize_with = "values::environments")]
    #[cfg_attr(test, schemars(schema_with = "schema::environments"))]
    pub environments: Vec<Environment>,
    #[serde(default, deserialize_with = "values::some_table")]
    pub record: Option<Record>,
    #[serde(default, deserialize_with = "values::table")]
    pub policy: Policy,
    /// The chats that are notified. Each webhook is a secret: `git smp setup` asks for it, and it never belongs in this file.
    #[serde(default, skip_serializing, deserialize_with = "values::channels")]
    #[cfg_attr(test, schemars(with = "values::Channels"))]
    pub channels: Vec<Channel>,
}

/// The team's own repository, where reviewed work is merged. If people work in forks, it is the repository that they fork.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MainRepository {
    /// The name of its remote in each clone.
    #[serde(default, deserialize_with = "values::remote")]
    #[cfg_attr(test, schemars(regex(pattern = schema::REMOTE), extend("default" = "origin")))]
    pub remote: String,
    /// Its address: `https://…`, `ssh://…` or `git@host:path`. It never holds a password.
    #[serde(deserialize_with = "values::url")]
    #[cfg_attr(test, schemars(length(max = 2048), regex(pattern = schema::URL)))]
    pub url: String,
    /// The branch that reviewed work is merged into.
    #[serde(default, deserialize_with = "values::branch")]
    #[cfg_attr(
        test,
        schemars(length(max = 200), regex(pattern = schema::BRANCH), extend("default" = "main"))
    )]
    pub branch: String,
    /// The address of its web pages, for links. Needed only if it does not follow from `url`.
    #[serde(default, deserialize_with = "values::page")]
    #[cfg_attr(test, schemars(length(max = 2048), regex(pattern = schema::PAGE)))]
    pub web: Option<String>,
    /// The software of its host, which is asked for reviews and checks. Needed only if the host's name does not show it.
    #[serde(default, deserialize_with = "values::some_word")]
    #[cfg_attr(test, schemars(with = "ForgeKind"))]
    pub forge: Option<ForgeKind>,
}

/// The software of a host of repositories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ForgeKind {
    GitHub,
    GitLab,
    Forgejo,
    Gitea,
}

/// A place where the software runs. A push to its remote deploys it; without `url` it is a branch of the main repository.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(transform = schema::url_or_branch))]
#[serde(deny_unknown_fields)]
pub struct Environment {
    #[serde(skip)]
    pub name: String,
    /// True for a branch of the main repository, with its address and remote; not in the file.
    #[serde(skip)]
    pub is_branch: bool,
    /// True if a merge deploys it, because it is the main branch. Nothing can freeze such an environment.
    #[serde(skip)]
    pub by_merge: bool,
    /// The address of the remote that deploys: a push to it starts a deploy. It never holds a password. Without it the
    /// environment is a branch of the main repository, and `branch` says which.
    #[serde(default, deserialize_with = "values::url")]
    #[cfg_attr(test, schemars(length(max = 2048), regex(pattern = schema::URL)))]
    pub url: String,
    /// The name of its remote in each clone. Default: the name of the environment.
    #[serde(default, deserialize_with = "values::remote")]
    #[cfg_attr(test, schemars(regex(pattern = schema::REMOTE)))]
    pub remote: String,
    /// The branch that a push deploys. Default: `branch` of `[repository]`; without `url` it is required.
    #[serde(default, deserialize_with = "values::branch")]
    #[cfg_attr(test, schemars(length(max = 200), regex(pattern = schema::BRANCH)))]
    pub branch: String,
    /// The address that people open. It is only shown.
    #[serde(default, deserialize_with = "values::page")]
    #[cfg_attr(test, schemars(length(max = 2048), regex(pattern = schema::PAGE)))]
    pub site: Option<String>,
    /// The name of the environment whose running commit this one gets, for example `promotes = "staging"`.
    #[cfg_attr(test, schemars(regex(pattern = schema::REMOTE)))]
    pub promotes: Option<String>,
    /// How this environment gets a commit: by a push, or by Heroku's pipeline, with the build that its source runs. The pipeline needs
    /// `heroku` under `running` on both sides.
    #[serde(
        default,
        skip_serializing_if = "DeployBy::is_push",
        deserialize_with = "values::word"
    )]
    pub deploy: DeployBy,
    #[serde(
        default,
        skip_serializing_if = "Running::is_ref",
        deserialize_with = "running::running"
    )]
    #[cfg_attr(test, schemars(with = "running::RawRunning"))]
    pub running: Running,
    /// The pages to check after each deploy, before it is recorded and posted.
    #[serde(default, deserialize_with = "values::page_checks")]
    #[cfg_attr(test, schemars(length(max = 20)))]
    pub check: Vec<PageCheck>,
}

/// How it is given a commit: by a push, or by a promotion in the pipeline of its platform, with the very build that its
/// source runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum DeployBy {
    #[default]
    Push,
    Pipeline,
}

impl DeployBy {
    fn is_push(&self) -> bool {
        *self == Self::Push
    }
}

/// What a promotion requires in addition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// When a promotion may begin: days, hours and a time zone, such as `Mon-Thu 09:00-16:00 Europe/London`. The local time
    /// of that zone decides.
    #[serde(deserialize_with = "values::hours")]
    #[cfg_attr(test, schemars(with = "Option<String>", length(max = 100), regex(pattern = schema::HOURS)))]
    pub open: Option<Hours>,
    /// Days on which no promotion may begin, such as `2026-12-24`: in the time zone of `open`, or without it in UTC.
    #[serde(deserialize_with = "values::days")]
    #[cfg_attr(
        test,
        schemars(length(max = 100), inner(regex(pattern = schema::DAY)))
    )]
    pub closed: Vec<String>,
    /// How long a commit must have run on staging before it is promoted: a number and `s`, `m`, `h` or `d`, such as `24h`. It
    /// needs `[record]`.
    #[serde(deserialize_with = "values::soak")]
    #[cfg_attr(test, schemars(with = "Option<String>", length(max = 100), regex(pattern = schema::SOAK)))]
    pub soak: Option<Soak>,
    /// Files to name in plans and posts when they change: git's glob patterns, from the top of the repository.
    #[serde(deserialize_with = "values::globs")]
    #[cfg_attr(
        test,
        schemars(length(max = 100), inner(length(max = 200), regex(pattern = schema::GLOB)))
    )]
    pub watch: Vec<String>,
    /// Whether every commit needs a pull request that somebody other than its author approved. It needs a token for the main
    /// repository's host.
    pub reviewed: bool,
    /// Whether every check of the candidate must have succeeded. It needs a token for the main repository's host.
    pub green: bool,
    /// Whether a sign-off counts only from a person who neither proposed the candidate nor deployed a fix of it. It needs
    /// `signed` or `ask` in `[record]`, because a typed name proves nothing.
    #[serde(skip_serializing_if = "is_no")]
    pub four_eyes: bool,
}

/// The channel for candidates, verdicts and rollbacks.
pub const TECHNICAL: &str = "technical";

/// A chat channel that is notified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Channel {
    // `technical` or `product`.
    #[serde(skip)]
    pub name: String,
    /// With `teams` and `slack`, posts are sent to a webhook. With `print`, they are printed, for any other chat.
    #[serde(deserialize_with = "values::word")]
    pub kind: ChannelKind,
    /// Who is mentioned at the beginning of each post. A text is shown and notifies nobody; a table with `name` and `id`
    /// notifies a person.
    #[serde(default, deserialize_with = "values::list")]
    #[cfg_attr(test, schemars(length(max = 100)))]
    pub mentions: Vec<Mention>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mention {
    /// Plain text after an `@`.
    Plain(String),
    /// A person whom the chat notifies, by its own id for them.
    Person { name: String, id: String },
}

/// The maximum number of environments: all patterns are compiled before anybody agreed to the file.
const MOST: usize = 50;

/// Reads a configuration without file access: `path` only appears in messages. The error is the first fault: place,
/// key, reason and remedy. Never a value.
pub fn parse(path: &Path, bytes: impl AsRef<[u8]>) -> Result<Config, Report> {
    let document = Document::parse(path, bytes.as_ref())?;
    document.sweep()?;
    document.holds_few(&["environments"], MOST)?;
    let mut config: Config = document.read()?;
    path.clone_into(&mut config.path);
    let main = &mut config.repository;
    fill(&mut main.remote, "origin");
    fill(&mut main.branch, "main");
    for one in &mut config.environments {
        one.is_branch = one.url.is_empty();
        if one.is_branch {
            // Only the file says which branch of the main repository it is.
            fill(&mut one.remote, &main.remote);
            fill(&mut one.url, &main.url);
            one.by_merge = one.branch == main.branch;
        } else {
            fill(&mut one.remote, &one.name);
            fill(&mut one.branch, &main.branch);
        }
    }
    (config.environments).sort_by_key(|one| document.place(&["environments", &one.name]));
    rules::check(&config, &document)?;
    Ok(config)
}

/// Reports that a key breaks a rule beyond the file alone: the reason and the remedy.
pub fn wrong(path: &Path, bytes: &[u8], key: &[&str], told: (&str, &str)) -> Report {
    match Document::parse(path, bytes) {
        Ok(document) => document.wrong(key, told.0, told.1),
        Err(report) => report,
    }
}

/// Replaces an empty text by its default; no rule accepts an empty text.
fn fill(written: &mut String, meant: &str) {
    if written.is_empty() {
        meant.clone_into(written);
    }
}

impl Config {
    /// Returns the environment of this name; `Misused` if the file has none.
    pub fn environment(&self, name: &str) -> Result<&Environment, Stop> {
        let found = self.find(name);
        found.ok_or_else(|| Stop::Misused(self.unknown(name)))
    }

    /// Does the same for a typed name; the hint repeats the command with the name that was probably meant, or with each
    /// one that is possible.
    pub fn meant(&self, name: &str) -> Result<&Environment, Stop> {
        if let Some(found) = self.find(name) {
            return Ok(found);
        }
        let again = |meant: &str| Typed::instead_of(name, meant);
        Err(Stop::Misused(match nearest(name, &self.names()) {
            Some(meant) => self.unknown(name).run("did you mean", again(meant)),
            None => (self.targets().iter()).fold(self.unknown(name), |report, one| {
                report.run(format!("for {}", one.name), again(&one.name))
            }),
        }))
    }

    fn unknown(&self, name: &str) -> Report {
        let shown = shown::shown_key(name);
        Report::new(format!("{SMP_TOML} has no environment `{shown}`"))
            .because(format!("its environments are {}", self.names().join(", ")))
    }

    /// Returns the environments that promote another one, in the order of the file.
    pub fn targets(&self) -> Vec<&Environment> {
        let all = self.environments.iter();
        all.filter(|one| one.promotes.is_some()).collect()
    }

    /// Returns the targets ordered by their chains, each after its source.
    pub fn in_order(&self) -> Vec<&Environment> {
        let mut all = self.targets();
        all.sort_by_key(|one| iter::successors(Some(*one), |one| self.source_of(one)).count());
        all
    }

    pub fn source_of(&self, target: &Environment) -> Option<&Environment> {
        self.find(target.promotes.as_deref()?)
    }

    /// Returns whether commits of `from` reach `to`, over any number of promotions.
    pub fn leads(&self, from: &str, to: &str) -> bool {
        let steps = iter::successors(self.find(to), |one| self.source_of(one));
        steps.skip(1).any(|one| one.name == from)
    }

    pub fn find(&self, name: &str) -> Option<&Environment> {
        self.environments.iter().find(|one| one.name == name)
    }

    fn names(&self) -> Vec<&str> {
        let all = self.environments.iter();
        all.map(|one| one.name.as_str()).collect()
    }
}

#[cfg(test)]
mod tests;
