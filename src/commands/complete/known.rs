//! What this clone knows without a question to anybody: environments, the candidate, and past deploys.

use std::ffi::OsString;

use clap::Parser as _;

use crate::core::config::Config;
use crate::core::record::history;
use crate::core::words::CommitId;
use crate::git::Repo;
use crate::options::Common;
use crate::session::Session;
use crate::team::recorder::Recorder;
use crate::terminal::{Talk, Ui};

/// How many commits are offered. People look for those that ran last.
const MOST: usize = 30;

/// What an argument stands for.
#[derive(Clone, Copy)]
pub enum Kinds {
    /// Environments that commits are promoted to.
    Targets,
    /// The candidate, and deployed commits.
    Commits,
    /// A deploy that is open on the record.
    Announcement,
}

/// The options of every command, without a command.
#[derive(clap::Parser)]
#[command(version, disable_help_flag = true, disable_version_flag = true)]
struct Alone {
    #[command(flatten)]
    common: Common,
}

/// The words that were typed before.
pub struct Known {
    words: Vec<String>,
}

/// A word, and what it is.
type Word = (String, String);

impl Known {
    pub fn of(words: &[OsString]) -> Self {
        let words = words.iter();
        let words = words.map(|word| word.to_string_lossy().into_owned());
        Self {
            words: words.collect(),
        }
    }

    /// Returns the possible words; none if they cannot be found out.
    pub fn offer(&self, offer: Kinds) -> Vec<Word> {
        self.looked_up(offer).unwrap_or_default()
    }

    fn looked_up(&self, offer: Kinds) -> Option<Vec<Word>> {
        let common = &self.common()?;
        let ui = Ui::new(Talk::Quiet, None, Default::default());
        let repo = Repo::open().ok()?;
        let session = Session {
            common,
            repo,
            ui: &ui,
        };
        // Without a file, `config` would search every branch for one.
        session.config_path().ok()?.symlink_metadata().ok()?;
        let config = session.config().ok()?;
        Some(match offer {
            Kinds::Targets => self.targets(&config),
            Kinds::Commits => commits(&session.repo, &config),
            Kinds::Announcement => announcement(&session.repo, &config).into_iter().collect(),
        })
    }

    /// Returns the options of every command, as typed or as the environment sets them.
    fn common(&self) -> Option<Common> {
        let mut line = vec!["git-smp".to_owned()];
        let mut words = self.words.iter();
        while let Some(word) = words.next() {
            if word == "--config" {
                line.push(format!("--config={}", words.next()?));
            } else if word.starts_with("--config=") {
                line.push(word.clone());
            }
        }
        let read = Alone::try_parse_from(line).ok()?;
        Some(read.common)
    }

    fn targets(&self, config: &Config) -> Vec<Word> {
        let all = config.targets().into_iter();
        let rest = all.filter(|one| !self.words.contains(&one.name));
        let named = rest.map(|one| {
            let source = one.promotes.as_deref().unwrap_or_default();
            (one.name.clone(), format!("gets its commits from {source}"))
        });
        named.collect()
    }
}

fn announcement(repo: &Repo, config: &Config) -> Option<Word> {
    let reading = Recorder::of(repo, config, false)?.known()?;
    let open = reading.state.deploying?;
    let about = format!("{} to {}", open.to.short(), open.names());
    Some((open.id.as_str().to_owned(), about))
}

/// Returns the candidate and what it replaces, what environments got last, their branches, and earlier deploys.
fn commits(repo: &Repo, config: &Config) -> Vec<Word> {
    let mut all: Vec<(CommitId, String)> = Vec::new();
    let mut add = |commit: &CommitId, about: String| {
        if all.len() < MOST && !all.iter().any(|(known, _)| known == commit) {
            all.push((commit.clone(), about));
        }
    };
    let recorder = Recorder::of(repo, config, false);
    let reading = recorder.and_then(|recorder| recorder.known());
    if let Some(state) = reading.as_ref().map(|reading| &reading.state) {
        if let Some(candidate) = &state.candidate {
            add(&candidate.commit, "the candidate".to_owned());
            for goal in &candidate.targets {
                let ran = goal.from.iter();
                ran.for_each(|from| add(from, format!("what {} ran", goal.environment)));
            }
        }
        let last = state.deploys.iter();
        last.for_each(|(name, one)| add(&one.commit, format!("deployed to {name} last")));
    }
    for one in &config.environments {
        if let Some(commit) = repo.tracked(&one.remote, &one.branch) {
            add(&commit, format!("{}/{}", one.remote, one.branch));
        }
    }
    if let (Some(recorder), Some(reading)) = (recorder, &reading)
        && let Ok((events, _)) = recorder.events(reading)
    {
        for deploy in history::deploys(&events).iter().rev() {
            for commit in std::iter::once(&deploy.to).chain(&deploy.from) {
                add(commit, format!("ran on {}", deploy.environment));
            }
        }
    }
    let words = all.into_iter();
    words
        .map(|(commit, about)| (commit.for_link().to_owned(), about))
        .collect()
}
