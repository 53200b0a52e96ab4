//! What is pending after an event, and the post about it whose attempt went on record in the same push.

use crate::core::config::Config;
use crate::core::record::{Notice, State, What};
use crate::core::refusal::Stop;
use crate::core::tell::Chat;
use crate::core::tell::post::Post;
use crate::core::words::EventId;
use crate::notes::CloneLock;
use crate::session::Session;
use crate::team::channel::{Route, route};
use crate::team::compose::compose;
use crate::team::recorder::{Decide, Recorder, new_id};
use crate::team::webhook::Webhook;

/// A post whose attempt is on record and which is still to be sent.
pub struct Posting {
    pub attempt: EventId,
    pub post: Post,
    pub to: (Chat, Webhook),
}

/// The posts that the record has pending, oldest first.
#[derive(Default)]
pub struct Pending {
    pub notices: Vec<Notice>,
    /// The one among them that this run began. Until it is sent no other run of the clone posts: it could not tell this
    /// attempt from one that was cut off.
    pub begun: Option<(Posting, CloneLock)>,
}

impl From<&State> for Pending {
    fn from(state: &State) -> Self {
        Self::from(state.pending.clone())
    }
}

impl From<Vec<Notice>> for Pending {
    fn from(notices: Vec<Notice>) -> Self {
        Self {
            notices,
            begun: None,
        }
    }
}

/// Adds events to the record and, with the same push, that the post about the last of them begins, if this clone can send
/// it. `decide` as for [`Recorder::append_all`].
///
/// # Errors
/// As [`Recorder::append_all`].
pub fn append(
    (session, config): (&Session<'_>, &Config),
    recorder: &Recorder<'_>,
    decide: &mut Decide<'_>,
) -> Result<(State, Pending), Stop> {
    let (attempt, mut last, mut begun) = (new_id(), None, None);
    let state = recorder.append_all(&mut |state, nth| {
        if nth == 0 {
            (last, begun) = (None, None);
        }
        if begun.is_some() {
            return Ok(None);
        }
        if let Some((id, what)) = decide(state, nth)? {
            last = Some(id.clone());
            return Ok(Some((id, what)));
        }
        let mut pending = state.pending.iter();
        let told = pending.find(|one| last.as_ref() == Some(&one.about));
        begun = told.and_then(|one| begin(session, config, one, &attempt));
        let begins = told.filter(|_| begun.is_some()).map(|one| What::Posting {
            about: one.about.clone(),
            channel: one.channel.clone(),
            over: None,
        });
        Ok(begins.map(|what| (attempt.clone(), what)))
    })?;
    let notices = state.pending.clone();
    Ok((state, Pending { notices, begun }))
}

/// The same for one event.
///
/// # Errors
/// As [`Recorder::append`].
pub fn append_one(
    of: (&Session<'_>, &Config),
    recorder: &Recorder<'_>,
    decide: &mut dyn FnMut(&State) -> Result<Option<What>, Stop>,
) -> Result<(State, Pending), Stop> {
    let id = new_id();
    append(of, recorder, &mut |state, nth| match nth {
        0 => Ok(decide(state)?.map(|what| (id.clone(), what))),
        _ => Ok(None),
    })
}

/// The post, ready to be sent. What keeps it from that is told when it is delivered.
fn begin(
    session: &Session<'_>,
    config: &Config,
    one: &Notice,
    attempt: &EventId,
) -> Option<(Posting, CloneLock)> {
    let Route::Chat(chat, webhook) = route(&session.repo, config, &one.channel) else {
        return None;
    };
    let posting = Posting {
        attempt: attempt.clone(),
        post: compose(session, config, one).ok()?,
        to: (chat, webhook),
    };
    let lock = session.notes().lock_posts().ok()?;
    session.notes().keep_unsent(attempt).ok()?;
    Some((posting, lock))
}
