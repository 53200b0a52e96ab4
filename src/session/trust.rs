//! Whether `smp.toml` may be believed: it is, once `setup` has shown it, until what matters in it changes.

use crate::core::address;
use crate::core::config::{self, Config, Environment};
use crate::core::refusal::{Report, Stop};
use crate::core::text::shell_word;
use crate::git::{Repo, remote};
use crate::notes::Notes;

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
    let Some(agreed) = repo.config()?.get(KEY) else {
        return Ok(Trust::New);
    };
    if agreed == digest {
        return Ok(Trust::Same);
    }
    // Where what was agreed to is not known any more, only the fact of the change is told.
    Ok(Trust::Changed(
        kept(repo)?
            .map(|kept| config::changes(&kept, &values))
            .unwrap_or_default(),
    ))
}

/// The values that were agreed to in this clone. Those whose digest is not the agreed one prove nothing.
fn kept(repo: &Repo) -> Result<Option<Vec<(String, String)>>, Stop> {
    let kept = Notes::of(&repo.layout().common_dir).agreed();
    Ok(repo
        .config()?
        .get(KEY)
        .is_some_and(|agreed| agreed == config::digest(&kept))
        .then_some(kept))
}

/// What was agreed to in this clone, as far as it tells which pushes are to be stopped.
///
/// # Errors
/// When git's configuration cannot be read.
pub fn agreed(repo: &Repo) -> Result<Option<Config>, Stop> {
    let path = Notes::of(&repo.layout().common_dir).path("trusted");
    Ok(kept(repo)?.and_then(|values| config::agreed(&path, &values)))
}

/// Keeps the values as agreed to.
///
/// # Errors
/// When the clone cannot be written.
pub fn keep(repo: &Repo, config: &Config) -> Result<(), Stop> {
    let values = config.trust();
    let digest = config::digest(&values);
    Notes::of(&repo.layout().common_dir).keep_agreed(values)?;
    remote::set_config(repo, KEY, &digest)
}

/// Refuses to use the network on the word of a file that nobody agreed to.
///
/// # Errors
/// Exit 2: nothing agreed yet, changed since (with every change), or a remote that is not the one of the file.
pub fn require(repo: &Repo, config: &Config, environments: &[&Environment]) -> Result<(), Stop> {
    require_agreed(repo, config)?;
    require_main(repo, config)?;
    environments
        .iter()
        .try_for_each(|environment| check_deploy_remote(repo, environment))
}

/// The same for what only looks: it does not count where a push to the main repository would go.
///
/// # Errors
/// As [`require`].
pub fn require_to_look(
    repo: &Repo,
    config: &Config,
    environments: &[&Environment],
) -> Result<(), Stop> {
    require_agreed(repo, config)?;
    let main = &config.repository;
    check_remote(repo, &main.remote, &main.url, Rule::ReadOnly)?;
    environments
        .iter()
        .try_for_each(|environment| check_deploy_remote(repo, environment))
}

fn require_agreed(repo: &Repo, config: &Config) -> Result<(), Stop> {
    let file = config
        .path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    match look(repo, config)? {
        Trust::Same => Ok(()),
        Trust::New => {
            let report = Report::new(format!("{file} was not agreed to in this clone yet"))
                .because(
                    "it names places to read from and to push to, and anyone may have written it",
                );
            Err(Stop::Misused(
                report.hint("look at it and agree: git smp setup"),
            ))
        }
        Trust::Changed(changes) => {
            let report = Report::new(format!(
                "{file} changed since it was agreed to in this clone"
            ));
            let report = changes.iter().map(describe).fold(report, Report::because);
            Err(Stop::Misused(
                report.hint("look at it and agree: git smp setup"),
            ))
        }
    }
}

/// Refuses where the main repository's remote is not the one that was agreed to.
///
/// # Errors
/// Exit 2.
pub fn require_main(repo: &Repo, config: &Config) -> Result<(), Stop> {
    let main = &config.repository;
    check_remote(repo, &main.remote, &main.url, Rule::of_main(config))
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
    /// What of it counts.
    pub rule: Rule,
}

/// What must be right about a remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The very same address, for reading and for pushing.
    Deploy,
    /// The same place, however it is reached, for reading and for pushing: the record is written there.
    Main,
    /// The same place for reading. Nothing is pushed there, so it does not count where a push would go: people who are not
    /// to push there by accident set an address that leads nowhere.
    ReadOnly,
}

impl Rule {
    /// That of the main repository.
    pub fn of_main(config: &Config) -> Self {
        if config.record.is_some() {
            Self::Main
        } else {
            Self::ReadOnly
        }
    }

    /// Whether an address is the one of `smp.toml`.
    fn takes(self, found: &str, url: &str) -> bool {
        found == url || self != Self::Deploy && address::same_place(found, url)
    }
}

/// Every remote that `smp.toml` names, the main repository's first.
///
/// # Errors
/// When git's configuration cannot be read.
pub fn places<'c>(repo: &Repo, config: &'c Config) -> Result<Vec<Place<'c>>, Stop> {
    let main = &config.repository;
    let rule = Rule::of_main(config);
    let state = remote_state(repo, &main.remote, &main.url, rule)?;
    let mut places = vec![Place {
        remote: &main.remote,
        url: &main.url,
        environment: None,
        state,
        rule,
    }];
    for environment in &config.environments {
        let (remote, url) = (&environment.remote, &environment.url);
        let (rule, environment) = (Rule::Deploy, Some(environment));
        let state = remote_state(repo, remote, url, rule)?;
        places.push(Place {
            remote,
            url,
            environment,
            state,
            rule,
        });
    }
    Ok(places)
}

/// Compares a remote in the clone's configuration with the address it should have: as it is written there or, where that
/// is an alias, as git's own `insteadOf` expands it.
///
/// # Errors
/// When git's configuration cannot be read.
pub fn remote_state(repo: &Repo, name: &str, url: &str, rule: Rule) -> Result<RemoteState, Stop> {
    let git = repo.config()?;
    let urls = git.all(&format!("remote.{name}.url"));
    let push_urls = git.all(&format!("remote.{name}.pushurl"));
    if urls.is_empty() && push_urls.is_empty() {
        return Ok(RemoteState::Missing);
    }
    if urls.is_empty() {
        return Ok(RemoteState::Other("no address to read from".to_owned()));
    }
    let counts = if rule == Rule::ReadOnly {
        &[][..]
    } else {
        &push_urls[..]
    };
    let good = |found: &str| rule.takes(found, url);
    let single = urls.len() == 1 && counts.len() < 2;
    if single && urls.iter().chain(counts).all(|found| good(found)) {
        return Ok(RemoteState::Same);
    }
    let aliased = if single {
        remote::expanded(repo, name)?
    } else {
        None
    };
    if let Some((read, pushed)) = &aliased
        && good(read)
        && (rule == Rule::ReadOnly || matches!(pushed.as_slice(), [one] if good(one)))
    {
        return Ok(RemoteState::Same);
    }
    let others = urls.iter().chain(counts).filter(|found| !good(found));
    let mut shown: Vec<String> = others.map(|found| shown(found, url)).collect();
    let leads = aliased
        .into_iter()
        .flat_map(|(read, pushed)| std::iter::once(read).chain(pushed));
    let leads = leads.take(if rule == Rule::ReadOnly { 1 } else { 2 });
    for leads in leads.map(|leads| address::display_url(&leads)) {
        if !shown.iter().any(|text| text.contains(&leads)) && !good(&leads) {
            shown.push(format!("{leads} by git's insteadOf"));
        }
    }
    Ok(RemoteState::Other(if shown.is_empty() {
        "several addresses".to_owned()
    } else {
        shown.join(" and ")
    }))
}

/// The command that makes a remote the one of `smp.toml`.
///
/// # Errors
/// When git's configuration cannot be read.
pub fn remedy(repo: &Repo, name: &str, url: &str, rule: Rule) -> Result<String, Stop> {
    let git = repo.config()?;
    let pushes = rule != Rule::ReadOnly && !git.all(&format!("remote.{name}.pushurl")).is_empty();
    Ok(if pushes {
        format!("git config --unset-all remote.{name}.pushurl")
    } else if git.all(&format!("remote.{name}.url")).len() > 1 {
        format!(
            "git config --replace-all remote.{name}.url {}",
            shell_word(url)
        )
    } else {
        format!("git remote set-url {name} {}", shell_word(url))
    })
}

/// An address without its password; one that differs in nothing else would look the same, so that is said.
fn shown(found: &str, url: &str) -> String {
    let plain = address::display_url(found);
    if plain == url {
        format!("{plain} with a user or password in it")
    } else {
        plain
    }
}

fn check_remote(repo: &Repo, name: &str, url: &str, rule: Rule) -> Result<(), Stop> {
    match remote_state(repo, name, url, rule)? {
        RemoteState::Same => Ok(()),
        RemoteState::Missing => {
            let report = Report::new(format!("the remote {name} is missing in this clone"));
            Err(Stop::Misused(report.hint("add it: git smp setup")))
        }
        RemoteState::Other(found) => {
            let report = Report::new(format!("the remote {name} is not the one of smp.toml"))
                .because(format!("smp.toml says {url}"))
                .because(format!("this clone has {found}"));
            Err(Stop::Misused(report.hint(format!(
                "make them agree: {}",
                remedy(repo, name, url, rule)?
            ))))
        }
    }
}

fn check_deploy_remote(repo: &Repo, environment: &Environment) -> Result<(), Stop> {
    check_remote(repo, &environment.remote, &environment.url, Rule::Deploy)
}

/// The one address a push to this environment really goes to, the user's `insteadOf` applied.
///
/// # Errors
/// Exit 2 when there are several: a push would go to all of them.
pub fn push_address(repo: &Repo, environment: &Environment) -> Result<String, Stop> {
    let urls = remote::push_urls(repo, &environment.remote)?;
    match urls.as_slice() {
        [one] => Ok(address::display_url(one)),
        several => {
            let report = Report::new(format!(
                "a push to {} would go to {} places",
                environment.remote,
                several.len()
            ));
            let report = several.iter().fold(report, |report, url| {
                report.because(address::display_url(url))
            });
            let hint = format!(
                "leave one address: git config --unset-all remote.{}.pushurl",
                environment.remote
            );
            Err(Stop::Misused(report.hint(hint)))
        }
    }
}
