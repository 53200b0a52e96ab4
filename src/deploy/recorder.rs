//! What a deploy writes to the shared record: that a push begins, that it had no effect, that the commit runs.

use crate::core::config::Environment;
use crate::core::decide::{Recorded, Target};
use crate::core::record::{
    Deployed, Deploying, Held, Intent, Kind, LastDeploy, Standing, State, Telling, What,
};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::{Changes, CommitId, EventId};
use crate::deploy::Deploy;
use crate::deploy::ends::{EndEvent, is_due};
use crate::deploy::pushed::AGAIN;
use crate::deploy::screen::Progress;
use crate::git::Repo;
use crate::git::push::Push;
use crate::look::not_seen;
use crate::team::posting;
use crate::team::recorder::new_id;

/// What is announced: a commit, its destinations, and the commit of each destination's branch.
pub(super) struct Bound {
    pub commit: CommitId,
    pub places: Vec<(String, Option<CommitId>)>,
}

impl Bound {
    pub(super) fn of(target: &Target<'_>, push: &Push) -> Self {
        Self {
            commit: push.commit.clone(),
            places: vec![(target.environment.name.clone(), push.expected.clone())],
        }
    }
}

impl Deploy<'_> {
    /// Announces a deploy, so that nobody else starts one, or continues this clone's own earlier announcement.
    pub(super) fn announce(&self, bound: &Bound) -> Result<Option<EventId>, Stop> {
        let Some((recorder, recorded)) = self.recorder()? else {
            return Ok(None);
        };
        self.watch(Progress::Recording);
        if let Some(open) = self.own_announcement(bound, &recorded) {
            return Ok(Some(open.id.clone()));
        }
        let (ends, id) = (self.ends(&recorded, Some(&bound.commit))?, new_id());
        self.notes().remember_announced(&id)?;
        recorder.append_all(&mut |state, nth| {
            let recorded = Recorded { state, ..recorded };
            self.next_event(bound, (recorded, nth), (&id, &ends))
        })?;
        Ok(Some(id))
    }

    /// Returns the recorded announcement of exactly this deploy, if this clone made it.
    pub(super) fn own_announcement<'s>(
        &self,
        bound: &Bound,
        recorded: &Recorded<'s>,
    ) -> Option<&'s Deploying> {
        let mine = recorded
            .open()
            .filter(|open| recorded.mine == Some(&open.id));
        mine.filter(|open| {
            bound.places.iter().all(|(name, from)| {
                open.is(self.kind(), name, &bound.commit)
                    // It must match the present branch: an older lease would fail, and others see it as ended.
                    && open.from(name) == from.as_ref()
            })
        })
    }

    /// Returns the next event to record before a deploy, given the state and how many events precede: the ends of
    /// another deploy that are due, and the announcement with this ID.
    pub(super) fn next_event(
        &self,
        bound: &Bound,
        (recorded, nth): (Recorded<'_>, usize),
        (id, ends): (&EventId, &[EndEvent]),
    ) -> Result<Option<(EventId, What)>, Stop> {
        let (kind, state) = (self.kind(), recorded.state);
        if let (0, Some(known)) = (nth, self.seen.state()) {
            let mut places = bound.places.iter();
            places.try_for_each(|(name, _)| nobody_was_quicker(known, state, name))?;
        }
        if let Some(end) = ends.iter().find(|(_, what)| is_due(what, state)) {
            return Ok(Some(end.clone()));
        }
        if state.announced_as(id).is_some() {
            return Ok(None);
        }
        let plan = self.decide(Some(recorded), true, true)?;
        let base = state.candidate.as_ref().map(|open| open.commit.clone());
        // The run that records the end sends the posts.
        let tells = self.tells.as_ref();
        let tells = tells.filter(|(last, _)| bound.places.iter().any(|(name, _)| name == last));
        let ((environment, from), also) = bound.places.split_first().ok_or_else(not_seen)?;
        let announced = Intent {
            kind,
            environment: environment.clone(),
            from: from.clone(),
            to: bound.commit.clone(),
            also: also.to_vec(),
            base: base.filter(|_| kind == Kind::Fix),
            unsigned: kind == Kind::Promote && is_unsigned(state, &bound.commit),
            over: state.deploying.as_ref().map(|open| open.id.clone()),
            tells: tells.map(|(_, tells)| tells.clone()),
            overrides: plan.overrides,
        };
        Ok(Some((id.clone(), What::Deploying(announced))))
    }

    /// Announces a rollback that needs no push, because the branch is already there. An open announcement of another
    /// deploy ends with it, for example of one that the host declined and made all the same.
    pub(super) fn announce_return(
        &self,
        target: &Target<'_>,
        commit: &CommitId,
    ) -> Result<(), Stop> {
        let environment = target.environment;
        let mut open = self.seen.open().into_iter();
        let is_open = open.any(|open| open.is(Kind::Rollback, &environment.name, commit));
        if self.kind() != Kind::Rollback || is_open {
            return Ok(());
        }
        let expected = target.observed.reference();
        let push = push_to(environment, commit, expected);
        self.announce(&Bound::of(target, &push)).map(drop)
    }

    /// Checks the record just before the push: the announcement and the candidate must still stand.
    pub(super) fn still_allows(
        &self,
        now: &State,
        then: Recorded<'_>,
        intent: &EventId,
    ) -> Result<(), Refusal> {
        // The open announcement is for this push, so it does not block it.
        let open = now.deploying.as_ref();
        let others = open.filter(|open| open.id != *intent);
        let state = State {
            deploying: others.cloned(),
            ..now.clone()
        };
        let recorded = Recorded {
            state: &state,
            mine: None,
            ..then
        };
        self.decide(Some(recorded), true, true)?;
        if open.is_some() && others.is_none() {
            return Ok(());
        }
        let report = Report::new("another run took the place of this deploy; nothing was pushed");
        let report = report.because(match others {
            Some(open) => open.story(then.now),
            None => "somebody closed this deploy on the record".to_owned(),
        });
        let report = report.run("see the current state", Typed::smp("status"));
        Err(report.refused(RefusalCode::Deploying))
    }

    /// Records what the host said against the announced push. The announcement stays open.
    pub(super) fn doubted(&self, name: &str, commit: &CommitId, words: &str) -> Result<(), Stop> {
        self.put_on_record(&mut |state| {
            let open = state.deploying_to(name, commit);
            Ok(open.map(|open| What::Doubted {
                intent: open.id.clone(),
                words: words.to_owned(),
            }))
        })
    }

    /// Adds an event, if a record is kept and the event is due.
    pub(super) fn put_on_record(
        &self,
        decide: &mut dyn FnMut(&State) -> Result<Option<What>, Stop>,
    ) -> Result<(), Stop> {
        match self.recorder()? {
            Some((recorder, _)) => recorder.append(&new_id(), decide).map(drop),
            None => Ok(()),
        }
    }

    /// Takes back the announcement of a push without effect. One that may have had an effect stays announced.
    pub(super) fn take_back(&self, intent: Option<&EventId>, stop: Stop) -> Stop {
        let report = match &stop {
            Stop::Failed(report) => report.clone(),
            Stop::Refused(refusal) => refusal.report.clone(),
            Stop::Declined(what) => Report::new(what),
            Stop::Answer
            | Stop::Misused(_)
            | Stop::Incomplete(_)
            | Stop::Unhealthy(_)
            | Stop::PipeClosed => {
                return stop;
            }
        };
        let Some(intent) = intent else { return stop };
        let ended = self.withdraw(intent, &report.error);
        let Err(trouble) = ended else { return stop };
        let report = report.because(format!(
            "the record still says that the deploy is in progress: {trouble}"
        ));
        let report = Report {
            hint: None,
            ..report
        };
        Stop::Incomplete(report.run(AGAIN, self.command()))
    }

    /// Records that an announced deploy had no effect, if the announcement is still open.
    pub(super) fn withdraw(&self, intent: &EventId, why: &str) -> Result<(), Stop> {
        self.put_on_record(&mut |state| {
            Ok(state.announced_as(intent).map(|open| What::Ended {
                intent: open.id.clone(),
                why: why.to_owned(),
            }))
        })
    }

    /// Records that an environment runs the commit, unless somebody did so meanwhile. `lifts` is the environment whose
    /// freeze ends once the candidate has reached all its goals; `tells` is the post that this event makes pending.
    pub(super) fn deployed(
        &self,
        target: &Target<'_>,
        commit: &CommitId,
        (lifts, tells, is_last): (Option<&str>, Option<&Telling>, bool),
    ) -> Result<(), Stop> {
        let Some((recorder, _)) = self.recorder()? else {
            return Ok(());
        };
        self.watch(Progress::Recording);
        let mut was_candidate = false;
        let of = (self.session, self.look.config);
        let (state, pending) = posting::append_one(of, (&recorder, is_last), &mut |state| {
            let event = self.arrival(state, (target, commit), tells)?;
            if event.is_some() {
                let is_candidate = state.candidate_of(commit).is_some();
                was_candidate = is_candidate && self.kind() == Kind::Promote;
            }
            Ok(event)
        })?;
        let is_over = was_candidate && state.candidate.is_none();
        self.watch(Progress::Recorded(lifts.filter(|_| is_over)));
        self.screen.borrow_mut().owed = Some(pending);
        Ok(())
    }

    /// Returns the report that somebody deployed there after this run, if the record shows that by now.
    pub(super) fn overtaken(&self, name: &str, commit: &CommitId) -> Result<Option<Stop>, Stop> {
        let Some((recorder, _)) = self.recorder()? else {
            return Ok(None);
        };
        let now = recorder.read_now()?.ok();
        let both = now.as_ref().zip(self.seen.state());
        let later = both.and_then(|(now, known)| now.state.overtaken(known, name, commit));
        Ok(later.map(|later| is_overtaken(later, name, commit)))
    }

    /// Returns the event that an environment runs the commit, unless the record has it.
    fn arrival(
        &self,
        state: &State,
        (target, commit): (&Target<'_>, &CommitId),
        tells: Option<&Telling>,
    ) -> Result<Option<What>, Stop> {
        let (kind, name) = (self.kind(), &target.environment.name);
        if let Some(known) = self.seen.state()
            && let Some(later) = state.overtaken(known, name, commit)
        {
            return Err(is_overtaken(later, name, commit));
        }
        let open = state.unended_to(name, commit);
        let open = open.filter(|open| open.kind == kind);
        let candidate = state.candidate_of(commit);
        let goal = candidate.and_then(|candidate| candidate.goal(name));
        let is_reached = kind == Kind::Promote && goal.is_some_and(|goal| !goal.reached);
        let deploy = state.deploys.get(name);
        if open.is_none() && !is_reached && deploy.is_some_and(|one| one.commit == *commit) {
            return Ok(None);
        }
        let from = self.came_from(Some(state), target, commit);
        let end = self.end_of((state, open), (kind, name), (from, commit))?;
        Ok(Some(What::Deployed(Deployed {
            tells: tells.cloned(),
            overrides: self.overridden(open).filter(|_| kind == Kind::Promote),
            ..end
        })))
    }

    /// Returns the event that an environment runs a commit, without what is told of it.
    pub(super) fn end_of(
        &self,
        (state, open): (&State, Option<&Deploying>),
        (kind, name): (Kind, &String),
        (from, to): (Option<CommitId>, &CommitId),
    ) -> Result<Deployed, Stop> {
        let repo = self.look.repo;
        let changes = repo.changes(from.as_ref(), to)?;
        let held = match kind {
            Kind::Promote => state.held(name),
            Kind::Stage | Kind::Fix | Kind::Rollback => Vec::new(),
        };
        let others = open.filter(|open| !self.notes().has_announced(&open.id));
        Ok(Deployed {
            intent: open.map(|open| open.id.clone()),
            kind,
            environment: name.clone(),
            from,
            to: to.clone(),
            commits: moved(kind, &changes),
            signed_off_by: state.passes(to, open),
            unsigned: kind == Kind::Promote
                && open.is_none_or(|open| open.unsigned)
                && is_unsigned(state, to),
            announced_by: others.map(|open| open.by.name.clone()),
            tells: None,
            holds: no_part_of(repo, held, to)?,
            overrides: None,
        })
    }

    /// Returns the announced reason for a promotion before the right time, or this run's own.
    pub(super) fn overridden(&self, open: Option<&Deploying>) -> Option<String> {
        let announced = open.and_then(|open| open.overrides.clone());
        announced.or_else(|| self.overridden.clone())
    }
}

/// Refuses if somebody has deployed there since the plan was shown.
fn nobody_was_quicker(known: &State, state: &State, name: &str) -> Result<(), Refusal> {
    let Some(deploy) = state.deploys.get(name) else {
        return Ok(());
    };
    // An observation is not a colleague's deploy. The look before the push checks whether the environment has changed.
    if known.deploys.get(name) == Some(deploy) || deploy.seen_since.is_some() {
        return Ok(());
    }
    let (by, short) = (&deploy.by.name, deploy.commit.short());
    Err(Refusal::new(
        RefusalCode::TargetMoved,
        format!("{by} deployed {short} to {name} meanwhile; this run pushed nothing"),
    )
    .because("it went on record after the plan was shown")
    .run("see what runs now", Typed::smp("status")))
}

/// Somebody has recorded a later deploy there, so this one is no longer what runs. It is not recorded after that one.
fn is_overtaken(later: &LastDeploy, name: &str, commit: &CommitId) -> Stop {
    let (by, now, short) = (&later.by.name, later.commit.short(), commit.short());
    let report = Report::new(format!("{by} deployed {now} to {name} after {short}"));
    let report = report.because("it went on record while this run was waiting");
    Stop::Incomplete(report.run("see what runs now", Typed::smp("status")))
}

/// Returns a push of a commit to an environment whose branch is still where it was seen.
pub(super) fn push_to(
    environment: &Environment,
    commit: &CommitId,
    expected: Option<&CommitId>,
) -> Push {
    Push {
        remote: environment.remote.clone(),
        branch: environment.branch.clone(),
        commit: commit.clone(),
        expected: expected.cloned(),
        untracked: environment.is_branch,
        with: None,
    }
}

/// Returns the rolled-back commits that are no part of what ships now: they stay held.
fn no_part_of(repo: &Repo, held: Vec<Held>, commit: &CommitId) -> Result<Vec<CommitId>, Stop> {
    let mut still = Vec::new();
    for Held { commit: bad, .. } in held {
        // The whole history of what ships is here, so a commit that is missing here is no part of it.
        if bad != *commit && !(repo.has_commit(&bad)? && repo.is_ancestor(&bad, commit)?) {
            still.push(bad);
        }
    }
    Ok(still)
}

/// Returns how many commits a deploy added or, for a rollback, took away.
pub(super) fn moved(kind: Kind, changes: &Changes) -> u64 {
    let count = match kind {
        Kind::Rollback => changes.disappears.len() + changes.disappears_merges,
        Kind::Stage | Kind::Fix | Kind::Promote => changes.ships.len() + changes.ships_merges,
    };
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Returns whether the record lacks a sign-off for exactly this commit.
fn is_unsigned(state: &State, commit: &CommitId) -> bool {
    let candidate = state.candidate_of(commit);
    candidate.is_none_or(|candidate| candidate.standing() != Standing::SignedOff)
}
