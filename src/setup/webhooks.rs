//! The webhooks' part in `git smp setup`: who is there is asked for those that are missing, and a line says how each
//! channel's posts go out. Nothing is ever sent to one from here: a channel is no place for tries.

use crate::core::config::{Channel, Config};
use crate::core::refusal::{Report, Stop};
use crate::core::secret::Secret;
use crate::git::{Repo, secret};
use crate::session::Session;
use crate::setup::checks::Check;
use crate::team::webhook;

/// How often somebody is asked for a webhook that can be used.
const TRIES: usize = 3;

/// The line of each channel that posts to a chat.
///
/// # Errors
/// When git's configuration cannot be read.
pub fn checks(repo: &Repo, config: &Config) -> Result<Vec<Check>, Stop> {
    config
        .channels
        .iter()
        .filter_map(|channel| check(repo, config, channel).transpose())
        .collect()
}

/// Who needs the webhook of a channel.
fn needs(channel: &Channel) -> &'static str {
    if channel.name == "product" {
        "promote"
    } else {
        "propose, block, postpone, roll back or stage a fix"
    }
}

/// The other channel that has this very webhook.
fn owner<'c>(
    repo: &Repo,
    config: &'c Config,
    channel: &Channel,
    address: &Secret,
) -> Result<Option<&'c str>, Stop> {
    for other in config
        .channels
        .iter()
        .filter(|other| other.name != channel.name)
    {
        // What is wrong with it is told at its own line.
        let found = match webhook::find(repo, other) {
            Err(Stop::Misused(_)) => None,
            found => found?,
        };
        if found.is_some_and(|found| found.address.expose() == address.expose()) {
            return Ok(Some(&other.name));
        }
    }
    Ok(None)
}

fn check(repo: &Repo, config: &Config, channel: &Channel) -> Result<Option<Check>, Stop> {
    let (name, Some(chat)) = (&channel.name, webhook::chat(channel.kind)) else {
        return Ok(None);
    };
    Ok(Some(match webhook::find(repo, channel) {
        Ok(None) => {
            let check = Check::note(
                name,
                format!("no webhook here, so posts to {chat} cannot be sent from this clone"),
            );
            check
                .because(format!("only people who {} need one", needs(channel)))
                .because(format!(
                    "set {}, or type it in at the next: git smp setup",
                    webhook::variable(channel)
                ))
        }
        Ok(Some(found)) => {
            let check = Check::good(
                name,
                format!("posts to {chat}, by the webhook of {}", found.from),
            );
            let doubt = webhook::check(channel.kind, found.address.expose())
                .ok()
                .flatten();
            let same = owner(repo, config, channel, &found.address)?;
            let same = same.map(|other| format!("{other} has the same one, so both post there"));
            doubt.into_iter().chain(same).fold(check, Check::because)
        }
        Err(Stop::Misused(report)) => {
            let Report {
                error,
                mut because,
                hint,
            } = report;
            because.push(format!("forget it: {}", webhook::forgets(repo, channel)));
            Check::bad(name, error, because, hint.map(|hint| hint.to_string()))
        }
        Err(stop) => return Err(stop),
    }))
}

/// Asks for each webhook that is missing or, in git's configuration, of no use; keeps what it is given in the clone.
///
/// # Errors
/// When git's configuration cannot be read or written.
pub fn ask(session: &Session<'_>, config: &Config) -> Result<(), Stop> {
    let chats = config
        .channels
        .iter()
        .filter_map(|channel| Some((channel, webhook::chat(channel.kind)?)));
    for (channel, chat) in chats {
        if is_wanted(session, channel)?
            && let Some(secret) = asked(session, config, channel, chat)?
        {
            secret::keep(&session.repo, &webhook::key(channel), &secret)?;
        }
    }
    Ok(())
}

/// Whether a webhook would be used if it were kept in the clone. Of one that is of no use it is said why.
fn is_wanted(session: &Session<'_>, channel: &Channel) -> Result<bool, Stop> {
    match webhook::find(&session.repo, channel) {
        Ok(found) => Ok(found.is_none()),
        // What a variable holds counts before whatever is kept here.
        Err(Stop::Misused(_)) if webhook::in_environment(&session.repo, channel).is_some() => {
            Ok(false)
        }
        Err(Stop::Misused(report)) => {
            refuse(session, &report);
            Ok(true)
        }
        Err(stop) => Err(stop),
    }
}

fn asked(
    session: &Session<'_>,
    config: &Config,
    channel: &Channel,
    chat: &str,
) -> Result<Option<Secret>, Stop> {
    let name = &channel.name;
    session.ui.explain(&format!(
        "The webhook of {name} is where this clone sends its posts. Only people who {} need one.",
        needs(channel)
    ));
    let question = format!("Webhook of {name}, for {chat} (not shown; Enter for later): ");
    for _ in 0..TRIES {
        let Some(secret) = session.ui.ask_secret(&question) else {
            return Ok(None);
        };
        // What is odd about it is said by its check.
        if let Err(report) = webhook::check(channel.kind, secret.expose()) {
            refuse(session, &report);
            continue;
        }
        // The clone is opened anew for what was kept a moment ago.
        let Some(other) = owner(&Repo::open()?, config, channel, &secret)? else {
            return Ok(Some(secret));
        };
        refuse(
            session,
            &Report::new(format!("this is the webhook of {other} already")).because(format!(
                "if both are to post to one chat, set {}",
                webhook::variable(channel)
            )),
        );
    }
    Ok(None)
}

fn refuse(session: &Session<'_>, report: &Report) {
    session.ui.warn(&report.error);
    report
        .because
        .iter()
        .for_each(|cause| session.ui.explain(cause));
}
