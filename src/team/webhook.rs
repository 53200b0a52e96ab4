//! A channel's webhook: the secret address that takes its posts, and where that is looked up. It never stands in
//! `smp.toml`, which is committed: it is in a variable of the environment or in git's own configuration.

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
    /// Where it was found: `SMP_TECHNICAL_WEBHOOK`, or `smp.technical.webhook in git's configuration`.
    pub from: String,
}

impl Webhook {
    /// What to do with one that is worth nothing any more; `git smp setup` asks for a new one only where none is.
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

/// Looks a channel's webhook up: in the environment, then in git's configuration. An empty one is none.
///
/// # Errors
/// Exit 2 for one that cannot be used: it names the place, never the value. A failure when git cannot read its
/// configuration.
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
    // Only names are asked for: nothing of it is to stand in anybody's memory.
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

/// What the channel's variable holds. A value that is no text is kept as far as it is one: the check refuses it.
pub fn in_environment(repo: &Repo, channel: &Channel) -> Option<Secret> {
    let value = repo.program().variable(&variable(channel))?;
    Some(Secret::new(value.to_string_lossy())).filter(|secret| !secret.is_empty())
}

/// Whether an address may be a webhook of such a channel. Gives what is odd about it, if anything is: which hosts take
/// posts is not for us to say.
///
/// # Errors
/// Why it cannot be used, without any of it.
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
