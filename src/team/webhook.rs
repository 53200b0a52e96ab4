//! A channel's webhook: the secret address for its posts, and where it is found. It never belongs in `smp.toml`, which
//! is committed, but in an environment variable or in git's configuration.

mod known;

use reqwest::Url;

use crate::core::config::Channel;
use crate::core::refusal::{Report, Stop};
use crate::core::secret::Secret;
use crate::core::tell::ChannelKind;
use crate::core::typed::{Hint, Typed};
use crate::git::Repo;

const LONGEST: usize = 8192;

#[derive(Clone, Debug)]
pub struct Webhook {
    pub address: Secret,
    /// The place: `SMP_TECHNICAL_WEBHOOK`, or `smp.technical.webhook in git's configuration`.
    pub from: String,
}

impl Webhook {
    /// Returns what to do with an invalid one; `git smp setup` only asks for a new one if there is none.
    pub fn renewal(&self) -> Hint {
        match self.from.split_once(' ') {
            Some((key, _)) => Hint::run(
                "make a new one, then",
                Typed::smp("setup").behind(format_args!("git config --unset-all {key} &&")),
            ),
            None => format!("make a new webhook, and set it as {}", self.from).into(),
        }
    }
}

pub fn variable(channel: &Channel) -> String {
    format!(
        "SMP_{}_WEBHOOK",
        channel.name.to_ascii_uppercase().replace(['-', '.'], "_")
    )
}

pub fn key(channel: &Channel) -> String {
    format!("smp.{}.webhook", channel.name)
}

/// Finds a channel's webhook: in the environment, then in git's configuration. An empty one does not count.
///
/// # Errors
/// Exit 2 for an invalid one, with the place and never the value. A failure if git cannot read its configuration.
pub fn find(repo: &Repo, channel: &Channel) -> Result<Option<Webhook>, Stop> {
    if channel.kind.chat().is_none() {
        return Ok(None);
    }
    let (variable, name) = (variable(channel), &channel.name);
    let (found, from) = match in_environment(repo, channel) {
        Some(address) => (Some(address), variable.clone()),
        None => {
            let value = repo.config()?.get(&key(channel)).map(Secret::new);
            (value, format!("{} in git's configuration", key(channel)))
        }
    };
    let Some(address) = found.filter(|secret| !secret.is_empty()) else {
        return Ok(None);
    };
    let Err(report) = check(channel.kind, address.expose()) else {
        return Ok(Some(Webhook { address, from }));
    };
    let forgets = forgets(repo, channel);
    let say = match from == variable {
        true => format!("set {from} to the webhook of {name}, or remove it"),
        false => "get the right webhook, then".to_owned(),
    };
    let setup = Typed::smp("setup").behind(format_args!("{forgets} &&"));
    let error = format!("{from}: {}", report.error);
    Err(Stop::Misused(Report { error, ..report }.run(say, setup)))
}

pub fn forgets(repo: &Repo, channel: &Channel) -> String {
    if in_environment(repo, channel).is_some() {
        return format!("unset {}", variable(channel));
    }
    let key = key(channel);
    let pattern = format!("^{}$", key.replace('.', "\\."));
    // Only names are requested, so the value is never in memory.
    let is_in = |place: &&str| {
        let args = ["config", place, "--name-only", "--get-regexp", &pattern];
        let output = repo.program().run(args);
        output.is_ok_and(|output| output.status.success())
    };
    match ["--local", "--global", "--system"].into_iter().find(is_in) {
        Some("--local") | None => format!("git config --unset-all {key}"),
        Some(place) => format!("git config {place} --unset-all {key}"),
    }
}

/// Returns the webhook from the channel's variable. Invalid text is replaced; the check refuses it.
pub fn in_environment(repo: &Repo, channel: &Channel) -> Option<Secret> {
    let value = repo.program().variable(&variable(channel))?;
    Some(Secret::new(value.to_string_lossy())).filter(|secret| !secret.is_empty())
}

/// Checks whether an address may be a webhook of this kind. Returns a warning about an unusual one, because other hosts
/// may accept posts too.
///
/// # Errors
/// If it cannot be used. The error contains no part of it.
pub fn check(kind: ChannelKind, address: &str) -> Result<Option<String>, Report> {
    let url = read(address).map_err(Report::new)?;
    known::check(kind, &url)
}

fn read(address: &str) -> Result<Url, &'static str> {
    if !address.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("the webhook contains spaces, or characters that no address has");
    }
    let small = address.to_ascii_lowercase();
    if ["&amp;", "\\u0026", "&#38;", "&#x26;"]
        .iter()
        .any(|and| small.contains(and))
    {
        return Err("the webhook was copied from a page's HTML source, where & has another form");
    }
    let web = small.starts_with("https://") || small.starts_with("http://");
    let url = Url::parse(address).ok();
    let Some(url) = url.filter(|_| web && address.len() <= LONGEST) else {
        return Err("the webhook is not an address; it must begin with https:// and a host");
    };
    let is_loopback = matches!(host(&url).as_str(), "127.0.0.1" | "[::1]" | "localhost");
    if url.scheme() == "http" && !is_loopback {
        return Err("the webhook must begin with https://, because others could read it over http");
    }
    Ok(url)
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    host.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
