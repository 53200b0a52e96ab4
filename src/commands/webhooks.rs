//! The webhooks' part in `git smp setup`: who is there is asked for those that are missing, and a line says how each
//! channel's posts go out. Nothing is ever sent to one from here: a channel is no place for tries.

use crate::commands::Session;
use crate::commands::checks::Check;
use crate::config::{Channel, Config};
use crate::error::{Report, Stop};
use crate::git::{Repo, secret};
use crate::secret::Secret;
use crate::text::{Line, Tone};
use crate::webhook;

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
        .filter_map(|channel| check(repo, channel).transpose())
        .collect()
}

fn check(repo: &Repo, channel: &Channel) -> Result<Option<Check>, Stop> {
    let (name, Some(chat)) = (&channel.name, webhook::chat(channel.kind)) else {
        return Ok(None);
    };
    Ok(Some(match webhook::find(repo, channel) {
        Ok(None) => {
            let check = Check::note(
                name,
                format!("no webhook here, so posts to {chat} cannot be sent from this clone"),
            );
            check.because(format!(
                "set {}, or keep one in this clone: git smp setup",
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
            doubt.into_iter().fold(check, Check::because)
        }
        Err(Stop::Misused(report)) => {
            let Report {
                error,
                mut because,
                hint,
            } = report;
            because.push(format!("forget it: {}", webhook::forgets(repo, channel)));
            Check::bad(name, error, because, hint)
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
            && let Some(secret) = asked(session, channel, chat)
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

fn asked(session: &Session<'_>, channel: &Channel, chat: &str) -> Option<Secret> {
    let question = format!(
        "Webhook of {}, for {chat} (not shown; Enter for later): ",
        channel.name
    );
    for _ in 0..TRIES {
        let secret = session.ui.ask_secret(&question)?;
        match webhook::check(channel.kind, secret.expose()) {
            // What is odd about it is said by its check.
            Ok(_) => return Some(secret),
            Err(report) => refuse(session, &report),
        }
    }
    None
}

fn refuse(session: &Session<'_>, report: &Report) {
    session.ui.warn(&report.error);
    let cause = |text: &String| Line::default().and(Tone::Faint, format!("  {text}"));
    session
        .ui
        .insist(&report.because.iter().map(cause).collect::<Vec<_>>());
}
