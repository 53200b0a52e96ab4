//! The pending notifications after an event, and the post whose attempt was recorded in the same push.

use crate::core::config::Config;
use crate::core::record::{ISSUE, News, Notice, State, What};
use crate::core::refusal::Stop;
use crate::core::tell::post::Post;
use crate::core::words::EventId;
use crate::notes::CloneLock;
use crate::session::Session;
use crate::team::channel::{Receiver, Route, route};
use crate::team::compose::compose;
use crate::team::recorder::{Decide, Recorder, new_id};

/// A post whose attempt is recorded and that must still be sent.
pub struct Posting {
    pub attempt: EventId,
    pub post: Post,
    pub to: Receiver,
}

#[derive(Default)]
pub struct Pending {
    pub notices: Vec<Notice>,
    /// False if this run wanted to record a deploy and somebody else had done so.
    pub recorded: bool,
    /// The attempt that this run began. The lock stops other runs, which would take it for interrupted.
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
            recorded: true,
            begun: None,
        }
    }
}

/// Adds events and, in the same push, the attempt to post about the last one, if this clone can send it.
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
        let pending = state.pending.iter();
        let told = pending.filter(|one| last.as_ref() == Some(&one.about));
        // An earlier post to the same channel goes first.
        let mut told = told.filter(|one| {
            let mut all = state.pending.iter();
            all.find(|other| other.channel == one.channel) == Some(*one)
        });
        Ok(told.find_map(|one| {
            begun = Some(begin(session, config, one, &attempt)?);
            let (about, channel, over) = (one.about.clone(), one.channel.clone(), None);
            let begins = What::Posting {
                about,
                channel,
                over,
            };
            Some((attempt.clone(), begins))
        }))
    })?;
    let pending = Pending {
        notices: state.pending.clone(),
        recorded: last.is_some(),
        begun,
    };
    Ok((state, pending))
}

/// Does the same for one event. Without `begins` no attempt is recorded: the run may fail before it could send the post.
pub fn append_one(
    of: (&Session<'_>, &Config),
    (recorder, begins): (&Recorder<'_>, bool),
    decide: &mut dyn FnMut(&State) -> Result<Option<What>, Stop>,
) -> Result<(State, Pending), Stop> {
    let id = new_id();
    if !begins {
        let state = recorder.append(&id, decide)?;
        let pending = Pending::from(&state);
        return Ok((state, pending));
    }
    append(of, recorder, &mut |state, nth| match nth {
        0 => Ok(decide(state)?.map(|what| (id.clone(), what))),
        _ => Ok(None),
    })
}

/// Prepares the post. An obstacle is reported at its delivery.
fn begin(
    session: &Session<'_>,
    config: &Config,
    one: &Notice,
    attempt: &EventId,
) -> Option<(Posting, CloneLock)> {
    let Route::Send(to) = route(session, config, &one.channel) else {
        return None;
    };
    // A comment waits for its issue.
    if !is_ready(one) {
        return None;
    }
    let posting = Posting {
        attempt: attempt.clone(),
        post: compose(session, config, one).ok()?,
        to,
    };
    let lock = session.notes().lock_posts().ok()?;
    session.notes().keep_unsent(attempt).ok()?;
    Some((posting, lock))
}

/// Returns whether the post has a place: a comment needs an issue.
pub fn is_ready(one: &Notice) -> bool {
    let opens = matches!(one.news, News::Proposed { .. });
    one.channel != ISSUE || opens || one.issue.is_some()
}
