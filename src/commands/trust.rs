//! Whether `smp.toml` may be believed: it is, once `setup` has shown it, until what matters in it changes.

use std::fs;

use crate::config::{self, Config, Environment};
use crate::error::{Report, Stop};
use crate::git::{Repo, remote};
use crate::text::shell_word;

/// Where the digest of the agreed values is kept, in the clone's configuration.
const KEY: &str = "smp.trusted";

/// How `smp.toml` stands to what the user agreed to.
pub enum Trust {
    /// It is what was agreed to.
    Same,
    /// Nothing was agreed to yet.
    New,
    /// It changed since; what exactly, where that is still known.
    Changed(Vec<config::Change>),
}

/// Compares the file with what was agreed to.
///
/// # Errors
/// When git's configuration cannot be read.
pub fn look(repo: &Repo, config: &Config) -> Result<Trust, Stop> {
    let values = config.trust();
    let digest = config::digest(&values);
    let Some(agreed) = repo.config()?.get(KEY) else { return Ok(Trust::New) };
    if agreed == digest {
        return Ok(Trust::Same);
    }
    let kept = fs::read_to_string(place(repo)).map(|text| config::read_trusted(&text)).unwrap_or_default();
    // Values whose digest is not the agreed one prove nothing; then only the fact of the change is told.
    let known = config::digest(&kept) == agreed;
    Ok(Trust::Changed(if known { config::changes(&kept, &values) } else { Vec::new() }))
}

/// Keeps the values as agreed to.
///
/// # Errors
/// When the clone cannot be written.
pub fn keep(repo: &Repo, config: &Config) -> Result<(), Stop> {
    let values = config.trust();
    let path = place(repo);
    let written = fs::create_dir_all(repo.layout().common_dir.join("smp"))
        .and_then(|()| fs::write(&path, config::write_trusted(&values)));
    written.map_err(|error| {
        Stop::Failed(Report::new("the clone cannot be written").because(format!("{}: {error}", path.display())))
    })?;
    remote::set_config(repo, KEY, &config::digest(&values))
}

fn place(repo: &Repo) -> std::path::PathBuf {
    repo.layout().common_dir.join("smp").join("trusted")
}

/// Refuses to use the network on the word of a file that nobody agreed to.
///
/// # Errors
/// Exit 2: nothing agreed yet, changed since (with every change), or a remote that is not the one of the file.
pub fn require(repo: &Repo, config: &Config, environments: &[&Environment]) -> Result<(), Stop> {
    let file = config.path.file_name().unwrap_or_default().to_string_lossy();
    match look(repo, config)? {
        Trust::Same => {}
        Trust::New => {
            let report = Report::new(format!("{file} was not agreed to in this clone yet"))
                .because("it names places to read from and to push to, and anyone may have written it");
            return Err(Stop::Misused(report.hint("look at it and agree: git smp setup")));
        }
        Trust::Changed(changes) => {
            let report = Report::new(format!("{file} changed since it was agreed to in this clone"));
            let report = changes.iter().map(describe).fold(report, Report::because);
            return Err(Stop::Misused(report.hint("look at it and agree: git smp setup")));
        }
    }
    let main = &config.repository;
    check_remote(repo, &main.remote, &main.url, config::same_place)?;
    environments.iter().try_for_each(|environment| check_deploy_remote(repo, environment))
}

/// One change, in words.
pub fn describe(change: &config::Change) -> String {
    match (&change.old, &change.new) {
        (Some(old), Some(new)) => format!("{} was {old} and is {new}", change.key),
        (Some(old), None) => format!("{} was {old} and is gone", change.key),
        (None, Some(new)) => format!("{} is new: {new}", change.key),
        (None, None) => change.key.clone(),
    }
}

/// How a remote of the clone stands to the one that `smp.toml` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoteState {
    /// It is there, with that address.
    Same,
    /// There is none of that name.
    Missing,
    /// It has another address, or several.
    Other(String),
}

/// A remote that `smp.toml` names, and how it stands in this clone.
pub struct Place<'c> {
    /// The remote's name.
    pub remote: &'c str,
    /// The address it should have.
    pub url: &'c str,
    /// Whose it is; none: it is the main repository's.
    pub environment: Option<&'c Environment>,
    /// What it is in this clone.
    pub state: RemoteState,
}

/// Every remote that `smp.toml` names, the main repository's first.
///
/// # Errors
/// When git's configuration cannot be read.
pub fn places<'c>(repo: &Repo, config: &'c Config) -> Result<Vec<Place<'c>>, Stop> {
    let main = &config.repository;
    let state = remote_state(repo, &main.remote, &main.url, config::same_place)?;
    let mut places = vec![Place { remote: &main.remote, url: &main.url, environment: None, state }];
    for environment in &config.environments {
        let (remote, url) = (&environment.remote, &environment.url);
        let state = remote_state(repo, remote, url, exactly)?;
        places.push(Place { remote, url, environment: Some(environment), state });
    }
    Ok(places)
}

/// Compares a remote in the clone's configuration with the address it should have.
///
/// # Errors
/// When git's configuration cannot be read.
pub fn remote_state(repo: &Repo, name: &str, url: &str, same: fn(&str, &str) -> bool) -> Result<RemoteState, Stop> {
    let git = repo.config()?;
    let urls = git.all(&format!("remote.{name}.url"));
    let push_urls = git.all(&format!("remote.{name}.pushurl"));
    let good = |found: &str| found == url || same(found, url);
    Ok(match (urls.as_slice(), push_urls.as_slice()) {
        ([], []) => RemoteState::Missing,
        ([one], []) if good(one) => RemoteState::Same,
        ([one], [push]) if good(one) && good(push) => RemoteState::Same,
        _ => {
            let others = urls.iter().chain(&push_urls).filter(|found| !good(found));
            let shown: Vec<String> = others.map(|found| shown(found, url)).collect();
            RemoteState::Other(if shown.is_empty() { "several addresses".to_owned() } else { shown.join(" and ") })
        }
    })
}

/// The command that makes a remote the one of `smp.toml`.
///
/// # Errors
/// When git's configuration cannot be read.
pub fn remedy(repo: &Repo, name: &str, url: &str) -> Result<String, Stop> {
    let git = repo.config()?;
    Ok(if !git.all(&format!("remote.{name}.pushurl")).is_empty() {
        format!("git config --unset-all remote.{name}.pushurl")
    } else if git.all(&format!("remote.{name}.url")).len() > 1 {
        format!("git config --replace-all remote.{name}.url {}", shell_word(url))
    } else {
        format!("git remote set-url {name} {}", shell_word(url))
    })
}

/// An address without its password; one that differs in nothing else would look the same, so that is said.
fn shown(found: &str, url: &str) -> String {
    let plain = config::display_url(found);
    if plain == url { format!("{plain} with a user or password in it") } else { plain }
}

/// For deploy remotes nothing but the very same address will do.
pub fn exactly(_: &str, _: &str) -> bool {
    false
}

fn check_remote(repo: &Repo, name: &str, url: &str, same: fn(&str, &str) -> bool) -> Result<(), Stop> {
    match remote_state(repo, name, url, same)? {
        RemoteState::Same => Ok(()),
        RemoteState::Missing => {
            let report = Report::new(format!("the remote {name} is missing in this clone"));
            Err(Stop::Misused(report.hint("add it: git smp setup")))
        }
        RemoteState::Other(found) => {
            let report = Report::new(format!("the remote {name} is not the one of smp.toml"))
                .because(format!("smp.toml says {url}"))
                .because(format!("this clone has {found}"));
            Err(Stop::Misused(report.hint(format!("make them agree: {}", remedy(repo, name, url)?))))
        }
    }
}

fn check_deploy_remote(repo: &Repo, environment: &Environment) -> Result<(), Stop> {
    check_remote(repo, &environment.remote, &environment.url, exactly)
}

/// The one address a push to this environment really goes to, the user's `insteadOf` applied.
///
/// # Errors
/// Exit 2 when there are several: a push would go to all of them.
pub fn push_address(repo: &Repo, environment: &Environment) -> Result<String, Stop> {
    let urls = remote::push_urls(repo, &environment.remote)?;
    match urls.as_slice() {
        [one] => Ok(config::display_url(one)),
        several => {
            let report = Report::new(format!("a push to {} would go to {} places", environment.remote, several.len()));
            let report = several.iter().fold(report, |report, url| report.because(config::display_url(url)));
            let hint = format!("leave one address: git config --unset-all remote.{}.pushurl", environment.remote);
            Err(Stop::Misused(report.hint(hint)))
        }
    }
}
