//! A channel's webhook: the secret address that takes its posts, and where that is looked up. It never stands in
//! `smp.toml`, which is committed: it is in a variable of the environment or in git's own configuration.

mod known;

use reqwest::Url;

use crate::core::config::Channel;
use crate::core::refusal::{Report, Stop};
use crate::core::secret::Secret;
use crate::core::words::ChannelKind;
use crate::git::Repo;

/// More than any webhook has.
const LONGEST: usize = 8192;
/// A webhook that can be used, and where it was found.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where posts are sent to.
    pub address: Secret,
    /// Where it was found: `SMP_TECHNICAL_WEBHOOK`, or `smp.technical.webhook in git's configuration`.
    pub from: String,
}

impl Webhook {
    /// What to do with one that is worth nothing any more; `git smp setup` asks for a new one only where none is.
    pub fn renewal(&self) -> String {
        match self.from.split_once(' ') {
            Some((key, _)) => {
                format!("make a new one, then: git config --unset-all {key} && git smp setup")
            }
            None => format!("make a new one, and set {} to it", self.from),
        }
    }
}

/// The variable that may hold a channel's webhook.
pub fn variable(channel: &Channel) -> String {
    format!(
        "SMP_{}_WEBHOOK",
        channel.name.to_ascii_uppercase().replace(['-', '.'], "_")
    )
}

/// The key of git's configuration that may hold it.
pub fn key(channel: &Channel) -> String {
    format!("smp.{}.webhook", channel.name)
}

/// The chat that a channel is in, if posts are sent there at all.
pub fn chat(kind: ChannelKind) -> Option<&'static str> {
    match kind {
        ChannelKind::Teams => Some("Teams"),
        ChannelKind::Slack => Some("Slack"),
        ChannelKind::Print => None,
    }
}

/// Looks a channel's webhook up: in the environment, then in git's configuration. An empty one is none.
///
/// # Errors
/// Exit 2 for one that cannot be used: it names the place, never the value. A failure when git cannot read its
/// configuration.
pub fn find(repo: &Repo, channel: &Channel) -> Result<Option<Webhook>, Stop> {
    if chat(channel.kind).is_none() {
        return Ok(None);
    }
    let Some((webhook, hint)) = looked_up(repo, channel)? else {
        return Ok(None);
    };
    match check(channel.kind, webhook.address.expose()) {
        Ok(_) => Ok(Some(webhook)),
        Err(report) => {
            let error = format!("{}: {}", webhook.from, report.error);
            Err(Stop::Misused(Report {
                error,
                hint: Some(hint.into()),
                ..report
            }))
        }
    }
}

/// The webhook that counts, good or not, and what to do if it is not.
fn looked_up(repo: &Repo, channel: &Channel) -> Result<Option<(Webhook, String)>, Stop> {
    if let Some(address) = in_environment(repo, channel) {
        let from = variable(channel);
        let hint = format!(
            "set {from} to the webhook of {}, or forget it: unset {from} && git smp setup",
            channel.name
        );
        return Ok(Some((Webhook { address, from }, hint)));
    }
    let from = format!("{} in git's configuration", key(channel));
    let webhook = in_configuration(repo, channel)?.map(|address| Webhook { address, from });
    let hint = || {
        format!(
            "have the right one at hand, then: {} && git smp setup",
            forgets(repo, channel)
        )
    };
    Ok(webhook.map(|webhook| (webhook, hint())))
}

/// The command that forgets what counts as a channel's webhook.
pub fn forgets(repo: &Repo, channel: &Channel) -> String {
    if in_environment(repo, channel).is_some() {
        return format!("unset {}", variable(channel));
    }
    let key = key(channel);
    // Only names are asked for: nothing of it is to stand in anybody's memory.
    let is_in = |place: &str| {
        let pattern = format!("^{}$", key.replace('.', "\\."));
        let args = [
            "config",
            place,
            "--name-only",
            "--get-regexp",
            pattern.as_str(),
        ];
        repo.program()
            .run(args)
            .is_ok_and(|output| output.status.success())
    };
    match ["--local", "--global", "--system"]
        .into_iter()
        .find(|place| is_in(place))
    {
        Some("--local") | None => format!("git config --unset-all {key}"),
        Some(place) => format!("git config {place} --unset-all {key}"),
    }
}

/// What the channel's variable holds, if it is set. A value that is no text is kept as far as it is one: the check
/// will refuse it.
pub fn in_environment(repo: &Repo, channel: &Channel) -> Option<Secret> {
    let value = repo.program().variable(&variable(channel))?;
    Some(Secret::new(value.to_string_lossy())).filter(|secret| !secret.is_empty())
}

fn in_configuration(repo: &Repo, channel: &Channel) -> Result<Option<Secret>, Stop> {
    let value = repo.config()?.get(&key(channel)).map(Secret::new);
    Ok(value.filter(|secret| !secret.is_empty()))
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

/// An address that posts may be sent to.
fn read(address: &str) -> Result<Url, &'static str> {
    if !address.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("the webhook holds blanks, or characters that no address has");
    }
    if ["&amp;", "\\u0026", "&#38;", "&#x26;"]
        .iter()
        .any(|and| address.to_ascii_lowercase().contains(and))
    {
        return Err(
            "the webhook was copied from the source of a page: what stands there for & is no part of an address",
        );
    }
    let web = ["https://", "http://"]
        .iter()
        .any(|scheme| begins(address, scheme));
    let url = Url::parse(address)
        .ok()
        .filter(|_| web && address.len() <= LONGEST);
    let Some(url) = url else {
        return Err("the webhook is no address; one begins with https:// and a host");
    };
    if url.scheme() == "http" && !is_loopback(host(&url).as_str()) {
        return Err(
            "the webhook must begin with https://, for http lets everybody on the way read it",
        );
    }
    Ok(url)
}

/// Its host, in small letters.
fn host(url: &Url) -> String {
    url.host_str()
        .unwrap_or_default()
        .trim_end_matches('.')
        .to_ascii_lowercase()
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "127.0.0.1" | "[::1]" | "localhost")
}

fn begins(address: &str, scheme: &str) -> bool {
    address
        .get(..scheme.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

#[cfg(test)]
mod tests;
