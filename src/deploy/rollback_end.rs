//! The end of a rollback that nobody wrote down.

use crate::core::decide::Recorded;
use crate::core::record::{Deployed, Kind, State, What};
use crate::core::refusal::Stop;
use crate::core::words::EventId;
use crate::deploy::recorder::moved;
use crate::git::Repo;
use crate::notes::Notes;
use crate::team::recorder::new_id;

/// The end of a rollback that was announced and has arrived, where nobody wrote it down: whoever deploys next closes its
/// announcement, and then it would be on no record and told to nobody.
pub struct RollbackEnd {
    /// The announcement.
    intent: EventId,
    /// Its end, and the name of that.
    event: (EventId, What),
}

impl RollbackEnd {
    /// The one that is open on the record, if there is one.
    ///
    /// # Errors
    /// When this clone cannot be read.
    pub fn of(repo: &Repo, recorded: &Recorded<'_>) -> Result<Option<Self>, Stop> {
        let Some(open) = recorded.unwritten_rollback() else {
            return Ok(None);
        };
        let from = open
            .takes_away()
            .or(open.from.as_ref())
            .filter(|from| **from != open.to)
            .cloned();
        let changes = repo.changes(from.as_ref(), &open.to)?;
        let is_ours = Notes::of(&repo.layout().common_dir).has_announced(&open.id);
        let what = What::Deployed(Deployed {
            intent: Some(open.id.clone()),
            kind: Kind::Rollback,
            environment: open.environment.clone(),
            from,
            to: open.to.clone(),
            commits: u64::try_from(moved(Kind::Rollback, &changes)).unwrap_or(u64::MAX),
            signed_off_by: Vec::new(),
            unsigned: false,
            announced_by: (!is_ours).then(|| open.by.name.clone()),
            tells: open.tells.clone(),
            holds: Vec::new(),
        });
        Ok(Some(Self {
            intent: open.id.clone(),
            event: (new_id(), what),
        }))
    }

    /// The event that comes before any other, unless somebody wrote it down meanwhile.
    pub fn due(&self, state: &State) -> Option<(EventId, What)> {
        let is_open = state
            .deploying
            .as_ref()
            .is_some_and(|open| open.id == self.intent);
        is_open.then(|| self.event.clone())
    }
}
