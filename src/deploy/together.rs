//! The announcement and the push of a branch of the main repository in one: both arrive, or neither does.
//!
//! Of remotes of their own, the record is written first, and somebody could come between that and the push. Here nobody
//! can: the push carries the lease of the record that was read directly before it.

use crate::core::decide::{Recorded, Step, Target};
use crate::core::record::State;
use crate::core::refusal::{Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::EventId;
use crate::deploy::Deploy;
use crate::deploy::doubt::Heard;
use crate::deploy::pushed::AGAIN;
use crate::deploy::recorder::{Bound, rollback_end};
use crate::deploy::said::Said;
use crate::deploy::screen::Progress;
use crate::git::push::{Beside, Ended, Push, PushOutcome};
use crate::look::not_seen;
use crate::sources::Now;
use crate::team::recorder::beside::{Draft, KeptBack};
use crate::team::recorder::{Recorder, is_by_hook, new_id};

/// What the environment said directly after the push, and what the host said meanwhile.
type SeenArrival = (Heard, Option<Now>);

enum Both {
    Arrived(Box<SeenArrival>),
    /// The host moves each ref by itself.
    NotAtomic,
    /// The record moved, so the decision is made again.
    Again,
}

impl Deploy<'_> {
    /// Pushes both. `None`: there is no record, this run goes on with an announcement that is on record, or the host moves
    /// each ref by itself; then the announcement comes first.
    pub(super) fn push_with_announcement(
        &self,
        target: &Target<'_>,
        push: &Push,
        step: &Step,
    ) -> Result<Option<SeenArrival>, Stop> {
        let Some((recorder, recorded)) = self.recorder()? else {
            return Ok(None);
        };
        let bound = Bound::of(target, push);
        if !target.environment.is_branch || self.own_announcement(&bound, &recorded).is_some() {
            return Ok(None);
        }
        let (end, id) = (rollback_end(self.look.repo, &recorded)?, new_id());
        self.notes().remember_announced(&id)?;
        let mut kept_back = KeptBack::default();
        loop {
            let reading = self.look_again(target, None)?.ok_or_else(not_seen)?;
            self.arrived_before(target, push, &reading.state, recorded)?;
            let draft = recorder.draft(&reading, &mut |state, nth| {
                let recorded = Recorded { state, ..recorded };
                self.next_event(&bound, (recorded, nth), (&id, end.as_ref()))
            })?;
            let draft = draft.ok_or_else(not_seen)?;
            match self.push_both(target, push, step, (&recorder, draft, &id), &mut kept_back)? {
                Both::Arrived(arrived) => return Ok(Some(*arrived)),
                Both::NotAtomic => return Ok(None),
                Both::Again => {}
            }
        }
    }

    fn push_both(
        &self,
        target: &Target<'_>,
        push: &Push,
        step: &Step,
        (recorder, draft, id): (&Recorder<'_>, Draft, &EventId),
        kept_back: &mut KeptBack,
    ) -> Result<Both, Stop> {
        let name = &target.environment.name;
        let both = Push {
            with: Some(draft.step.clone()),
            ..push.clone()
        };
        let sent = self.send(target, &both, step)?;
        let (outcome, words) = (sent.outcome.clone(), sent.words());
        let is_taken = match outcome.beside {
            Some(Beside::NotAtomic) => {
                sent.came_to_nothing();
                return Ok(Both::NotAtomic);
            }
            _ if is_about_the_record(&outcome, &words, &both) => {
                sent.came_to_nothing();
                kept_back.again(recorder, &draft, (outcome.ended, &words))?;
                return Ok(Both::Again);
            }
            beside => beside == Some(Beside::Taken),
        };
        self.watch(Progress::Pushing(step, &push.commit));
        let settled = self.settle(target, &both, sent);
        // The server's word of that very step is believed; all else is read.
        let is_there = |settled: &Result<SeenArrival, Stop>| match settled {
            _ if is_taken => Ok(true),
            Err(Stop::Incomplete(_) | Stop::Declined(_)) => Ok(false),
            _ => recorder.has(&draft),
        };
        match (is_there(&settled), settled) {
            (Ok(true), Ok(arrived)) => {
                recorder.took(draft);
                Ok(Both::Arrived(Box::new(arrived)))
            }
            (Ok(true), Err(stop)) => Err(self.take_back(Some(id), stop)),
            // Of two that lost a race a server does not always say which one did.
            (Ok(false), Err(Stop::Failed(_)))
                if outcome.ended == Ended::Declined && recorder.moved_since(&draft) =>
            {
                kept_back.again(recorder, &draft, (outcome.ended, &words))?;
                Ok(Both::Again)
            }
            // Another push brought it there, with its announcement or without one: what is left is to see it run.
            (Ok(false), Ok(arrived)) => {
                self.not_overtaken(name, push, recorder)?;
                Ok(Both::Arrived(Box::new(arrived)))
            }
            (Ok(false), Err(stop)) => Err(stop),
            (Err(_), Err(stop)) => Err(stop),
            (Err(trouble), Ok(_)) => Err(self.not_known(name, push, &trouble)),
        }
    }

    /// An earlier push of this clone, which was cut off from it, arrived with its announcement.
    fn arrived_before(
        &self,
        target: &Target<'_>,
        push: &Push,
        state: &State,
        recorded: Recorded<'_>,
    ) -> Result<(), Stop> {
        let open = state.deploying.as_ref().map(|open| &open.id);
        let mine = open.filter(|id| self.notes().has_announced(id));
        let now = Recorded {
            state,
            mine,
            ..recorded
        };
        match self.own_announcement(&Bound::of(target, push), &now) {
            Some(_) => Err(self.by_an_earlier_push(&target.environment.name, &push.commit)),
            None => Ok(()),
        }
    }

    /// Refuses to take it for arrived where the record tells of a later deploy there.
    fn not_overtaken(&self, name: &str, push: &Push, recorder: &Recorder<'_>) -> Result<(), Stop> {
        let now = recorder.read_now().and_then(|read| Ok(read?));
        let state = now
            .map_err(|trouble| self.not_known(name, push, &trouble))?
            .state;
        let open = state.deploying.as_ref();
        let Some(later) = open.filter(|open| open.reaches(name) && open.to != push.commit) else {
            return Ok(());
        };
        let short = push.commit.short();
        let report = Report::new(format!(
            "another deploy to {name} began after {short} arrived"
        ));
        let report = report.because(later.story(self.session.when().now));
        Err(Stop::Incomplete(report.run(
            "wait until that deploy has ended, then look",
            Typed::smp("status"),
        )))
    }

    /// The push arrived, and nobody can say whether its announcement did.
    fn not_known(&self, name: &str, push: &Push, trouble: &Stop) -> Stop {
        let short = push.commit.short();
        let report = Report::new(format!(
            "cannot tell whether the push of {short} to {name} is on record"
        ));
        let report = report.because(trouble.to_string());
        Stop::Incomplete(report.run(AGAIN, self.command_to(name)))
    }
}

/// Whether it was kept back for the record's sake. Where a hook declines a whole push, as `pre-receive` does, git gives
/// each ref the same reason: then the last ref of both that the host's words name is the one.
fn is_about_the_record(outcome: &PushOutcome, words: &str, push: &Push) -> bool {
    let is_refused = outcome.beside == Some(Beside::Refused);
    let is_declined = outcome.ended == Ended::Declined && is_by_hook(words);
    let Some(record) = push.with.as_ref().filter(|_| is_declined) else {
        return is_refused;
    };
    let branch = format!("refs/heads/{}", push.branch);
    let said = words.lines().filter_map(Said::by_remote);
    let mut named = said.filter_map(|said| {
        let line = said.words();
        [record.reference.as_str(), branch.as_str()]
            .into_iter()
            .filter_map(|name| Some((line.rfind(name)?, name)))
            .max()
    });
    is_refused || (named.next_back()).is_some_and(|(_, name)| name == record.reference)
}
