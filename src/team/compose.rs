//! Turns a notification into the post for its channel.

use crate::core::config::Config;
use crate::core::record::{News, Notice};
use crate::core::refusal::Stop;
use crate::core::tell::post::{About, Post};
use crate::session::Session;
use crate::team::channel::configured;
use crate::team::watched;

pub fn compose(session: &Session<'_>, config: &Config, one: &Notice) -> Result<Post, Stop> {
    let (commit, environment) = (&one.commit, one.environment.as_str());
    let when = session.when();
    let today = when.date(when.now);
    let about = About {
        config,
        mentions: configured(config, &one.channel).map_or(&[], |channel| &channel.mentions),
        date: Some(one.date.as_str())
            .filter(|date| !date.is_empty())
            .unwrap_or(&today),
        targets: &one.targets,
    };
    let watched = |running: &[_]| watched::between(session, config, running, commit);
    Ok(match &one.news {
        News::Proposed { note } => {
            let running: Vec<_> = one.targets.iter().map(|(_, from)| from.as_ref()).collect();
            let from = running.iter().find_map(|from| *from);
            let changes = session.repo.changes(from, commit)?;
            Post {
                watched: watched(&running)?,
                ..about.proposal(commit, environment, &changes, note.as_deref())
            }
        }
        News::Fixed { before } => {
            let added = session.repo.changes(Some(before), commit)?.ships;
            Post {
                watched: watched(&[Some(before)])?,
                ..about.fix(before, commit, environment, &added)
            }
        }
        News::Blocked { by, reason } => about.blocked(commit, by, reason.as_deref()),
        News::Postponed { by, reason } => about.postponed(commit, environment, by, reason),
        News::Promoted { by } => about.promoted(commit, environment, by),
        News::Released {
            overridden: Some(it),
            ..
        } => about.overridden(commit, &it.by, &it.reason),
        News::Released { summary, .. } => about.product(commit, summary.as_deref()),
        News::RolledBack { from, by, reason } => {
            about.rolled_back(from.as_ref(), commit, by, reason.as_deref())
        }
    })
}
