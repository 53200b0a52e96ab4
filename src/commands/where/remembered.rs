//! The answer of `git smp where --offline`, which asks nobody.

use super::{Sight, Sighted, recorder};
use crate::core::config::{Config, Environment};
use crate::core::record::Reading;
use crate::core::show::r#where::asked;
use crate::core::text::ago;
use crate::core::words::{Arrival, CommitId};
use crate::notes::LastSeen;
use crate::session::Session;
use crate::team::recorder::Recorder;

/// A deploy whose result this clone does not know.
struct Uncertain {
    to: CommitId,
    at: i64,
    story: String,
}

/// Returns what this clone last saw of the record.
pub(super) fn record(session: &Session<'_>, config: &Config) -> Sight {
    let recorder = recorder(session, config);
    let record = recorder.as_ref().and_then(Recorder::known);
    let age = recorder.and_then(|_| session.notes().heard_ago());
    session.ui.note(asked(age.filter(|_| record.is_some())));
    Sight {
        environments: None,
        record,
    }
}

/// Returns what an environment runs and when it was seen, from the record or a later look of this clone, otherwise from
/// its tracking branch. If a deploy may have changed that, the answer is unknown.
pub(super) fn environment(
    session: &Session<'_>,
    environment: &Environment,
    (record, last): (Option<&Reading>, Option<&Arrival>),
) -> (Sighted, Option<i64>) {
    let (name, url) = (&environment.name, &environment.url);
    let given = last.map(|last| LastSeen {
        environment: name.clone(),
        url: url.clone(),
        commit: last.to.clone(),
        at: last.at,
    });
    let looked = session.notes().last_seen(name, url);
    let looked = looked.filter(|seen| given.as_ref().is_none_or(|given| given.at < seen.at));
    let age = looked.as_ref().map(|seen| seen.at);
    let seen = looked.or(given);
    let mut begun = uncertain(session, name, record).into_iter();
    if let Some(begun) = begun.find(|one| {
        let told = seen.as_ref().map(|seen| seen.tells_of(&one.to, one.at));
        told != Some(true)
    }) {
        let why = format!("{}; its result is unknown", begun.story);
        return (Sighted::NotKnown(why), None);
    }
    let tracked = (session.repo).tracked(&environment.remote, &environment.branch);
    let sighted = match (seen, tracked) {
        (Some(seen), _) => Sighted::Runs(Some(seen.commit)),
        (None, Some(commit)) => Sighted::Followed(commit),
        (None, None) => Sighted::NotKnown(
            "this clone saw no deploy there, and has no tracking branch for it".into(),
        ),
    };
    (sighted, age)
}

/// Returns the deploy that is open on the record, and the one that this clone sent.
fn uncertain(session: &Session<'_>, name: &str, record: Option<&Reading>) -> Vec<Uncertain> {
    let now = session.when().now;
    let open = record.and_then(|reading| reading.state.deploying.as_ref());
    let open = open
        .filter(|open| open.reaches(name))
        .map(|open| Uncertain {
            to: open.to.clone(),
            at: open.at,
            story: open.story(now),
        });
    let sent = session.notes().unconfirmed(name).map(|(to, at)| {
        let (short, when) = (to.short(), ago(now, at));
        let story = format!("a deploy of {short} began {when} from this clone");
        Uncertain { to, at, story }
    });
    open.into_iter().chain(sent).collect()
}
