//! The webhooks in `git smp setup`: it asks a person for missing ones, and prints a line per channel. It never sends a
//! test post.

use crate::core::config::{Channel, Config};
use crate::core::refusal::{Report, Stop};
use crate::core::secret::Secret;
use crate::git::{Repo, secret};
use crate::session::Session;
use crate::setup::check::Check;
use crate::team::webhook;

/// The number of attempts to enter a usable webhook.
const TRIES: usize = 3;

/// Returns the line of each channel that posts to a chat.
pub fn checks(repo: &Repo, config: &Config) -> Vec<Check> {
    let chats = chats(config);
    chats
        .map(|(channel, chat)| check(repo, config, channel, chat))
        .collect()
}

fn check(repo: &Repo, config: &Config, channel: &Channel, chat: &str) -> Check {
    let name = &channel.name;
    match webhook::find(repo, channel) {
        Ok(None) => {
            let words = format!("this clone has no webhook, so it cannot send posts to {chat}");
            Check::note(name, words)
                .because(format!("only people who {} need one", needs(channel)))
                .because(format!(
                    "set {}, or enter it with: git smp setup",
                    webhook::variable(channel)
                ))
        }
        Ok(Some(found)) => {
            let words = format!("posts to {chat} (webhook: {})", found.from);
            let odd = webhook::check(channel.kind, found.address.expose());
            let same = owner(repo, config, channel, &found.address);
            let same = same
                .map(|one| format!("the {one} channel has the same webhook, so both post there"));
            let remarks = odd.ok().flatten().into_iter().chain(same);
            remarks.fold(Check::good(name, words), Check::because)
        }
        Err(stop) => Check::bad(name, stop.into())
            .because(format!("remove it: {}", webhook::forgets(repo, channel))),
    }
}

fn chats(config: &Config) -> impl Iterator<Item = (&Channel, &'static str)> {
    let channels = config.channels.iter();
    channels.filter_map(|channel| Some((channel, channel.kind.chat()?.name)))
}

fn needs(channel: &Channel) -> &'static str {
    match channel.name.as_str() {
        "product" => "promote",
        _ => "propose, block, postpone, roll back, stage a fix or promote with --override",
    }
}

/// Returns the other channel with the same webhook. Its own faults are shown in its own line.
fn owner<'c>(
    repo: &Repo,
    config: &'c Config,
    channel: &Channel,
    address: &Secret,
) -> Option<&'c str> {
    let mut others = config.channels.iter();
    let other = others.find(|one| {
        let found = webhook::find(repo, one).ok().flatten();
        one.name != channel.name
            && found.is_some_and(|found| found.address.expose() == address.expose())
    });
    other.map(|other| other.name.as_str())
}

/// Asks for each webhook that is missing or unusable in git's configuration, and stores it in the clone.
pub fn ask(session: &Session<'_>, config: &Config) -> Result<(), Stop> {
    let repo = &session.repo;
    for (channel, chat) in chats(config) {
        match webhook::find(repo, channel) {
            Ok(Some(_)) => continue,
            // A variable takes precedence over a stored value.
            Err(_) if webhook::in_environment(repo, channel).is_some() => continue,
            Ok(None) => {}
            Err(stop) => session.ui.refuse(&stop.into()),
        }
        if let Some(secret) = asked(session, config, channel, chat)? {
            secret::keep(repo, &webhook::key(channel), &secret)?;
        }
    }
    Ok(())
}

fn asked(
    session: &Session<'_>,
    config: &Config,
    channel: &Channel,
    chat: &str,
) -> Result<Option<Secret>, Stop> {
    let name = &channel.name;
    session.ui.explain(&format!(
        "This clone sends the posts of the {name} channel to a webhook. Only people who {} need one.",
        needs(channel)
    ));
    let question = format!("Webhook of the {name} channel in {chat} (hidden; Enter skips): ");
    for _ in 0..TRIES {
        let Some(secret) = session.ui.ask_secret(&question) else {
            return Ok(None);
        };
        // Its check reports a warning about an unusual address.
        if let Err(report) = webhook::check(channel.kind, secret.expose()) {
            session.ui.refuse(&report);
            continue;
        }
        // A webhook may have been stored a moment ago, so the clone is opened again.
        let Some(other) = owner(&Repo::open()?, config, channel, &secret) else {
            return Ok(Some(secret));
        };
        let report = Report::new(format!(
            "this is already the webhook of the {other} channel"
        ));
        let variable = webhook::variable(channel);
        let cause = format!("to post to the same chat from both channels, set {variable}");
        session.ui.refuse(&report.because(cause));
    }
    Ok(None)
}
