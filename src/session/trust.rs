//! Whether `smp.toml` is trusted: it is after `setup` has shown it, until a value that matters changes.

use crate::core::address;
use crate::core::config::{self, Config, Environment};
use crate::core::refusal::{Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::SMP_TOML;
use crate::git::{Repo, record, remote};
use crate::notes::Notes;
use crate::session::answers::{self, WantedRemote};

/// The key in the clone's configuration that holds the digest of the agreed values.
const KEY: &str = "smp.trusted";

/// The relation of `smp.toml` to what the user agreed to.
pub enum Trust {
    Same,
    New,
    /// It has changed since. The list is empty if the old values are no longer known.
    Changed(Vec<config::Change>),
}

pub fn look(repo: &Repo, config: &Config) -> Result<Trust, Stop> {
    let values = config.trust();
    Ok(match repo.config()?.get(KEY) {
        None => Trust::New,
        Some(agreed) if agreed == config::digest(&values) => Trust::Same,
        Some(agreed) => Trust::Changed(match kept(repo, agreed) {
            Some(kept) => config::changes(&kept, &values),
            None => Vec::new(),
        }),
    })
}

/// Returns the values that were agreed to in this clone; `None` if their digest is not the agreed one.
fn kept(repo: &Repo, agreed: &str) -> Option<Vec<(String, String)>> {
    let kept = notes(repo).agreed();
    (config::digest(&kept) == agreed).then_some(kept)
}

/// Returns what was agreed to in this clone, as far as it decides which pushes to stop.
pub fn agreed(repo: &Repo) -> Result<Option<Config>, Stop> {
    let path = notes(repo).path("trusted");
    let agreed = repo.config()?.get(KEY);
    let kept = agreed.and_then(|agreed| kept(repo, agreed));
    Ok(kept.and_then(|values| config::agreed(&path, &values)))
}

fn notes(repo: &Repo) -> Notes {
    Notes::of(&repo.layout().common_dir)
}

/// Stores that the user agreed to this file. If its record has another ref, what was seen on the old one is put aside.
pub fn keep(repo: &Repo, config: &Config) -> Result<(), Stop> {
    if let Some(before) = agreed(repo)? {
        let [old, new] = [&before, config].map(|one| one.record.as_ref());
        let [old, new] = [old, new].map(|record| record.map(|one| one.reference.as_str()));
        record::turn(repo, old, new)?;
    }
    let values = config.trust();
    let digest = config::digest(&values);
    notes(repo).keep_agreed(values)?;
    remote::set_config(repo, KEY, &digest)
}

/// Refuses with exit 2 a file whose values do not have the pinned digest.
pub fn is_pinned(config: &Config, pinned: &str) -> Result<(), Stop> {
    let digest = config::digest(&config.trust());
    if pinned == digest {
        return Ok(());
    }
    let report = Report::new(format!("{SMP_TOML} does not match the digest of --trust"))
        .because(format!("its digest is {digest}"))
        .because("it changed since somebody agreed to it, or it is not your team's file")
        .run(
            "review it in your own clone and agree to it",
            Typed::smp("setup"),
        )
        .run(
            "then print its digest, and give it to --trust",
            Typed::other(format!("git config {KEY}")),
        );
    Err(Stop::Misused(report))
}

/// Refuses with exit 2 a file that is not agreed to or has changed, and a remote that is not the file's.
pub fn require(repo: &Repo, config: &Config, all: &[&Environment]) -> Result<(), Stop> {
    require_all(repo, config, all, Rule::of_main(config))
}

/// Checks like [`require`], for commands that only read: the push address of the main repository does not count.
pub fn require_to_look(repo: &Repo, config: &Config, all: &[&Environment]) -> Result<(), Stop> {
    require_all(repo, config, all, Rule::ReadOnly)
}

fn require_all(repo: &Repo, config: &Config, all: &[&Environment], rule: Rule) -> Result<(), Stop> {
    require_agreed(repo, config)?;
    let main = &config.repository;
    check_remote(repo, &main.remote, &main.url, rule)?;
    let signed = config.record.as_ref().is_some_and(|record| record.signed);
    let is_strict = signed || config.policy.four_eyes;
    if is_strict {
        check_leads_there(repo, config)?;
    }
    let mut all = all.iter().filter(|one| !one.is_branch);
    all.try_for_each(|one| {
        check_remote(repo, &one.remote, &one.url, Rule::Deploy)?;
        match is_strict {
            true => check_deploys_there(repo, one),
            false => Ok(()),
        }
    })
}

fn require_agreed(repo: &Repo, config: &Config) -> Result<(), Stop> {
    let report = match look(repo, config)? {
        Trust::Same => return Ok(()),
        Trust::New => {
            let why =
                "it names the addresses to read from and push to, and anybody may have written it";
            Report::new(format!("{SMP_TOML} was not agreed to in this clone yet")).because(why)
        }
        Trust::Changed(changes) => {
            let what = format!("{SMP_TOML} changed since it was agreed to in this clone");
            (changes.iter().map(describe)).fold(Report::new(what), Report::because)
        }
    };
    Err(Stop::Misused(
        report.run("review it and agree to it", Typed::smp("setup")),
    ))
}

/// Refuses with exit 2 if the main repository's remote is not the agreed one.
pub fn require_main(repo: &Repo, config: &Config) -> Result<(), Stop> {
    let main = &config.repository;
    check_remote(repo, &main.remote, &main.url, Rule::of_main(config))
}

pub fn describe(config::Change { key, old, new }: &config::Change) -> String {
    match (old, new) {
        (Some(old), Some(new)) => format!("{key} was {old} and is {new}"),
        (Some(old), None) => format!("{key} was removed; it was {old}"),
        (None, Some(new)) => format!("{key} is new: {new}"),
        (None, None) => key.clone(),
    }
}

/// The relation of a remote in the clone to the one that `smp.toml` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoteState {
    Same,
    Missing,
    Other(String),
}

/// A remote that `smp.toml` names, and its state in this clone.
#[derive(Clone)]
pub struct Place<'c> {
    pub remote: &'c str,
    pub url: &'c str,
    /// The environment of this remote; `None` for the main repository.
    pub environment: Option<&'c Environment>,
    pub state: RemoteState,
    pub rule: Rule,
}

/// The requirement for a remote's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The identical address, for reading and for pushing.
    Deploy,
    /// The same place, by any protocol: the record is written there, or its branches are deployed.
    Main,
    /// The same place for reading. Nothing is pushed there, so the push address does not count: some people set one
    /// that leads nowhere, to prevent pushes by accident.
    ReadOnly,
}

impl Rule {
    pub fn of_main(config: &Config) -> Self {
        let mut all = config.environments.iter();
        match config.record.is_some() || all.any(|one| one.is_branch) {
            true => Self::Main,
            false => Self::ReadOnly,
        }
    }

    fn takes(self, found: &str, url: &str) -> bool {
        found == url || self != Self::Deploy && address::same_place(found, url)
    }

    fn pushes<'r>(self, repo: &'r Repo, name: &str) -> Result<Vec<&'r str>, Stop> {
        Ok(match self {
            Self::ReadOnly => Vec::new(),
            _ => repo.config()?.all(&format!("remote.{name}.pushurl")),
        })
    }
}

/// Returns every remote that `smp.toml` names, the main repository's first. Its branches have no remote of their own.
pub fn places<'c>(repo: &Repo, config: &'c Config) -> Result<Vec<Place<'c>>, Stop> {
    let (main, rule) = (&config.repository, Rule::of_main(config));
    let deploys = (config.environments.iter()).filter(|one| !one.is_branch);
    let deploys = deploys.map(|one| (&one.remote, &one.url, Some(one), Rule::Deploy));
    let all = std::iter::once((&main.remote, &main.url, None, rule)).chain(deploys);
    let places = all.map(|(remote, url, environment, rule)| {
        Ok(Place {
            remote,
            url,
            environment,
            state: remote_state(repo, remote, url, rule)?,
            rule,
        })
    });
    places.collect()
}

/// Compares a remote in the clone's configuration with the address it should have: as written there, or else as git's
/// own `insteadOf` expands it.
pub fn remote_state(repo: &Repo, name: &str, url: &str, rule: Rule) -> Result<RemoteState, Stop> {
    let git = repo.config()?;
    let urls = git.all(&format!("remote.{name}.url"));
    if urls.is_empty() {
        return Ok(match git.get(&format!("remote.{name}.pushurl")) {
            Some(_) => RemoteState::Other("no address to read from".to_owned()),
            None => RemoteState::Missing,
        });
    }
    let pushes = rule.pushes(repo, name)?;
    let all = urls.iter().chain(&pushes);
    let others = all.filter(|found| !rule.takes(found, url));
    let mut others: Vec<String> = others.map(|found| shown(found, url)).collect();
    let is_one = urls.len() == 1 && pushes.len() < 2;
    if is_one && others.is_empty() {
        return Ok(RemoteState::Same);
    }
    if is_one && let Some((read, mut pushed)) = remote::expanded(repo, name)? {
        if rule == Rule::ReadOnly {
            pushed = vec![read.clone()];
        }
        if rule.takes(&read, url) && matches!(&pushed[..], [one] if rule.takes(one, url)) {
            return Ok(RemoteState::Same);
        }
        for leads in std::iter::once(&read).chain(&pushed).take(2) {
            let leads = address::display_url(leads);
            if !rule.takes(&leads, url) && !others.iter().any(|text| text.contains(&leads)) {
                others.push(format!("{leads} (through git's insteadOf)"));
            }
        }
    }
    Ok(RemoteState::Other(match others.is_empty() {
        true => "several addresses".to_owned(),
        false => others.join(" and "),
    }))
}

/// Returns the command that sets a remote to the address in `smp.toml`.
pub fn remedy(repo: &Repo, name: &str, url: &str, rule: Rule) -> Result<Typed, Stop> {
    if !rule.pushes(repo, name)?.is_empty() {
        return Ok(push_to_one(name));
    }
    let command = match repo.config()?.all(&format!("remote.{name}.url")).len() {
        0 | 1 => format!("git remote set-url {name}"),
        _ => format!("git config --replace-all remote.{name}.url"),
    };
    Ok(Typed::other(command).arg(url))
}

fn push_to_one(name: &str) -> Typed {
    Typed::other(format!("git config --unset-all remote.{name}.pushurl"))
}

/// Returns an address without its password. Says so if the address differs in nothing else.
fn shown(found: &str, url: &str) -> String {
    let plain = address::display_url(found);
    match plain == url {
        true => format!("{plain} with a user or password in it"),
        false => plain,
    }
}

fn check_remote(repo: &Repo, name: &str, url: &str, rule: Rule) -> Result<(), Stop> {
    Err(Stop::Misused(match remote_state(repo, name, url, rule)? {
        RemoteState::Same => return Ok(()),
        RemoteState::Missing => Report::new(format!("the remote {name} is missing in this clone"))
            .run("add it", Typed::smp("setup")),
        RemoteState::Other(found) => {
            Report::new(format!("the remote {name} is not the one in {SMP_TOML}"))
                .because(format!("{SMP_TOML} says {url}"))
                .because(format!("this clone has {found}"))
                .run("correct the remote", remedy(repo, name, url, rule)?)
        }
    }))
}

/// Refuses with exit 2 if git's `insteadOf` leads away from the place that says whose signatures count.
pub fn check_leads_there(repo: &Repo, config: &Config) -> Result<(), Stop> {
    let main = &config.repository;
    let Some((read, pushed)) = remote::expanded(repo, &main.remote)? else {
        return Ok(());
    };
    let why = "the signers file decides whose events count, so it must come from the address in";
    let named = WantedRemote {
        remote: &main.remote,
        url: &main.url,
        why: &format!("{why} {SMP_TOML}"),
    };
    let all: Vec<String> = [read].into_iter().chain(pushed).collect();
    answers::itself(repo, named, &all)?;
    leads_to(&all, named)
}

/// Checks this for an environment's address, because its recorded deploys must happen there.
fn check_deploys_there(repo: &Repo, environment: &Environment) -> Result<(), Stop> {
    let Some((read, pushed)) = remote::expanded(repo, &environment.remote)? else {
        return Ok(());
    };
    let why = "with record.signed or policy.four_eyes, a deploy must go to the address in";
    let named = WantedRemote {
        remote: &environment.remote,
        url: &environment.url,
        why: &format!("{why} {SMP_TOML}"),
    };
    let all: Vec<String> = [read].into_iter().chain(pushed).collect();
    answers::itself(repo, named, &all)?;
    leads_to(&all, named)
}

fn leads_to(all: &[String], named: WantedRemote<'_>) -> Result<(), Stop> {
    let WantedRemote {
        remote: name,
        url,
        why,
    } = named;
    let other = all.iter().find(|leads| !address::same_place(leads, url));
    let Some(other) = other else {
        return Ok(());
    };
    let other = address::display_url(other);
    let report = Report::new(format!("the remote {name} is not the one in {SMP_TOML}"))
        .because(format!("{SMP_TOML} says {url}"))
        .because(format!("git's insteadOf leads this clone to {other}"))
        .because(why);
    let list = Typed::other("git config --show-origin --get-regexp '^url\\.'");
    Err(Stop::Misused(report.run("find where it is set", list)))
}

/// Returns the one address that a push goes to, after `insteadOf`. Several are an error: git would push to all.
pub fn push_address(repo: &Repo, environment: &Environment) -> Result<String, Stop> {
    let remote = &environment.remote;
    let urls = remote::push_urls(repo, remote)?;
    if let [one] = urls.as_slice() {
        return Ok(address::display_url(one));
    }
    let what = format!("a push to {remote} would go to {} addresses", urls.len());
    let report = (urls.iter().map(|url| address::display_url(url)))
        .fold(Report::new(what), Report::because)
        .run("keep one address", push_to_one(remote));
    Err(Stop::Misused(report))
}
