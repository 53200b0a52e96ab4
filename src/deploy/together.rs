//! Pushes the announcement and a branch of the main repository in one step: both arrive, or neither does.
//!
//! If the environment is a remote of its own, the record is written first, and somebody could act before the push. Here
//! nobody can: the push has a lease on the record that was read just before.

use crate::core::decide::{Recorded, Step, Target};
use crate::core::record::State;
use crate::core::refusal::{Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::EventId;
use crate::deploy::Deploy;
use crate::deploy::doubt::Heard;
use crate::deploy::pushed::AGAIN;
use crate::deploy::recorder::Bound;
use crate::deploy::said::Said;
use crate::deploy::screen::Progress;
use crate::git::push::{Beside, Ended, Push, PushOutcome};
use crate::look::not_seen;
use crate::sources::Now;
use crate::team::recorder::beside::{Draft, KeptBack};
use crate::team::recorder::{Recorder, is_by_hook, new_id};

/// The host's output, and the environment's answer right after the push.
type SeenArrival = (Heard, Option<Now>);

enum Both {
    Arrived(Box<SeenArrival>),
    /// The host cannot move refs together.
    NotAtomic,
    /// The record has moved, so the decision is made again.
    Again,
}

impl Deploy<'_> {
    /// Pushes both. Returns `None` if there is no record, if this run continues a recorded announcement, or if the host
    /// cannot move refs together. Then the announcement comes first.
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
        let (ends, id) = (self.ends(&recorded, Some(&push.commit))?, new_id());
        self.notes().remember_announced(&id)?;
        let mut kept_back = KeptBack::default();
        self.hear_again(None)?;
        loop {
            let reading = self.look_again(target, None)?.ok_or_else(not_seen)?;
            self.arrived_before(target, push, &reading.state, recorded)?;
            let draft = recorder.draft(&reading, &mut |state, nth| {
                let recorded = Recorded { state, ..recorded };
                self.next_event(&bound, (recorded, nth), (&id, &ends))
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
            beside if beside == Some(Beside::NotAtomic) || takes_one_ref(&outcome, &words) => {
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
        // The server's report of exactly this move is trusted. Everything else is read from the remote.
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
            // If one of the two refs lost a race, the server does not always say which one.
            (Ok(false), Err(Stop::Failed(_)))
                if outcome.ended == Ended::Declined && recorder.moved_since(&draft) =>
            {
                kept_back.again(recorder, &draft, (outcome.ended, &words))?;
                Ok(Both::Again)
            }
            // Another push brought the commit, with its announcement or without one. It still has to be seen running.
            (Ok(false), Ok(arrived)) => {
                self.not_overtaken(name, push, recorder)?;
                Ok(Both::Arrived(Box::new(arrived)))
            }
            (Ok(false), Err(stop)) => Err(stop),
            (Err(_), Err(stop)) => Err(stop),
            (Err(trouble), Ok(_)) => Err(self.not_known(name, push, &trouble)),
        }
    }

    /// Stops if an earlier, interrupted push of this clone arrived together with its announcement.
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

    /// Refuses to treat the push as arrived if the record has a later deploy there.
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

    /// Reports that the push arrived, but not whether its announcement did.
    fn not_known(&self, name: &str, push: &Push, trouble: &Stop) -> Stop {
        let short = push.commit.short();
        let report = Report::new(format!(
            "it is unknown whether the push of {short} to {name} is on record"
        ));
        let report = report.because(trouble.to_string());
        Stop::Incomplete(report.run(AGAIN, self.command_named()))
    }
}

/// What hosts say if a rule of theirs, and not git's protocol, declines two refs in one push. The words of the first are
/// GitHub's. To announce first is always safe, so the others may say too much.
const ONE_REF: [&str; 12] = [
    "pushes can not update more than",
    "atomic",
    "one ref",
    "one branch",
    "single ref",
    "single branch",
    "two refs",
    "2 refs",
    "multiple refs",
    "multiple branches",
    "several refs",
    "several branches",
];

/// Returns whether the host says that it takes one ref in a push.
fn takes_one_ref(outcome: &PushOutcome, words: &str) -> bool {
    let said = words.lines().filter_map(Said::by_remote);
    let mut said = said.map(|said| said.words().to_lowercase());
    outcome.ended == Ended::Declined
        && said.any(|line| ONE_REF.iter().any(|words| line.contains(words)))
}

/// Returns whether the push was rejected because of the record. If a hook declines a whole push, as `pre-receive` does,
/// git gives each ref the same reason. Then the ref that the host's words name last is the one.
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
