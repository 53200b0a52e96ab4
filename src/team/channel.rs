//! The channels to notify, and how this clone sends a post to each.

use std::sync::Arc;

use crate::core::config::{Channel, Config};
use crate::core::decide::Step;
use crate::core::record::{Candidate, ISSUE, News, Notice, Telling};
use crate::core::refusal::Report;
use crate::core::tell::{ChannelKind, Chat};
use crate::core::words::CommitId;
use crate::forge::issue::{NOBODY, Tracker};
use crate::session::Session;
use crate::team::recorder::new_id;
use crate::team::webhook::{self, Webhook};

pub use crate::core::config::TECHNICAL;
/// The channel for releases to production.
pub const PRODUCT: &str = "product";

pub enum Route {
    /// A person pastes the printed post.
    Print,
    /// A chat without a webhook in this clone.
    NoWebhook,
    /// The forge, which this clone cannot reach, for this reason.
    NoToken(Report),
    /// A chat with an invalid webhook.
    Unusable(Report),
    Send(Receiver),
}

pub enum Receiver {
    Chat(Chat, Webhook),
    Issue(Arc<Tracker>),
}

pub fn route(session: &Session<'_>, config: &Config, name: &str) -> Route {
    if name == ISSUE {
        return match Tracker::find(session, config) {
            Ok(tracker) => Route::Send(Receiver::Issue(Arc::new(tracker))),
            Err(why) => Route::NoToken(why),
        };
    }
    let (repo, channel) = (&session.repo, configured(config, name));
    let Some((channel, chat)) = channel.and_then(|one| Some((one, one.kind.chat()?))) else {
        return Route::Print;
    };
    match webhook::find(repo, channel) {
        Ok(Some(webhook)) => Route::Send(Receiver::Chat(chat, webhook)),
        Ok(None) => Route::NoWebhook,
        Err(stop) => Route::Unusable(stop.into()),
    }
}

pub fn configured<'c>(config: &'c Config, name: &str) -> Option<&'c Channel> {
    config.channels.iter().find(|channel| channel.name == name)
}

/// Returns whether this clone cannot send to a channel, because it lacks the webhook or the token.
pub fn lacks_webhook(session: &Session<'_>, config: &Config, name: &str) -> bool {
    matches!(
        route(session, config, name),
        Route::NoWebhook | Route::NoToken(_)
    )
}

pub fn asks(config: &Config) -> bool {
    config
        .record
        .as_ref()
        .is_some_and(|record| record.ask.is_some())
}

/// Returns the person of this clone's token, if the team asks in issues and the forge tells.
pub fn person(session: &Session<'_>, config: &Config) -> Option<String> {
    let tracker = asks(config).then(|| Tracker::find(session, config).ok())??;
    tracker.person()
}

/// Returns the warning that no comment can count as a second person's yes, because this clone's person is unknown.
pub fn nobody(config: &Config, person: Option<&String>) -> Option<String> {
    let is_needed = asks(config) && config.policy.four_eyes;
    (is_needed && person.is_none()).then(|| NOBODY.to_owned())
}

pub fn step(session: &Session<'_>, config: &Config, name: &str) -> Step {
    step_of(session, config, name, String::new())
}

/// Returns the step of a post. `of` says which one it is if there are several.
pub fn step_of(session: &Session<'_>, config: &Config, name: &str, of: String) -> Step {
    Step::Post {
        channel: name.to_owned(),
        of,
        is_printed: configured(config, name)
            .is_none_or(|channel| channel.kind == ChannelKind::Print),
        from_here: !lacks_webhook(session, config, name),
    }
}

/// Returns the channels for an event to notify. Without a configured one the text is only printed once.
pub fn to_tell(config: &Config, name: &str) -> Vec<String> {
    configured(config, name)
        .map(|channel| channel.name.clone())
        .into_iter()
        .collect()
}

/// Builds a notification about a candidate, to show it before or without a record.
pub fn of_candidate(candidate: &Candidate, news: News) -> Notice {
    Notice::of(candidate, new_id(), TECHNICAL, news)
}

/// Builds a notification about a deploy for the same purpose.
pub fn of_deploy(name: &str, tells: &Telling, place: (&str, &CommitId), news: News) -> Notice {
    Notice::of_deploy(new_id(), name, tells, place, news)
}
