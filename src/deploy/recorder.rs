//! What the shared record is told of a deploy: that a push begins, that it came to nothing, that it runs.

use crate::core::decide::{Recorded, Target};
use crate::core::record::{
    Deploy, Deploying, Held, Intent, Kind, Standing, State, Telling, Verdict, What,
};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::words::EventId;
use crate::core::words::{Changes, CommitId};
use crate::deploy::rollback_end::RollbackEnd;
use crate::git::Repo;
use crate::git::push::Push;
use crate::notes::Notes;
use crate::team::recorder::{Recorder, new_id};

/// The record's part in a deploy.
pub struct DeployRecorder<'a> {
    /// Who reads and writes it.
    pub recorder: Recorder<'a>,
    /// Why something is deployed.
    pub kind: Kind,
    /// The record as the plan saw it.
    pub recorded: Recorded<'a>,
    /// Whom the end of this deploy is told, with the last environment that it reaches.
    pub tells: Option<(&'a str, Telling)>,
    /// Makes the plan anew from another state of the record: what was allowed then may not be any more.
    pub replan: &'a (dyn Fn(&Recorded<'_>) -> Result<(), Refusal> + Sync),
}

impl DeployRecorder<'_> {
    /// Announces a push, so that nobody else's begins; or goes on with the announcement that this clone made before.
    ///
    /// # Errors
    /// When the record does not allow it any more, or cannot be written; then nothing must be pushed.
    pub fn announce(&self, repo: &Repo, target: &Target<'_>, push: &Push) -> Result<EventId, Stop> {
        let name = &target.environment.name;
        let ours = |open: &&Deploying| {
            open.kind == self.kind
                && open.environment == *name
                && open.to == push.commit
                // Of what is true now: the lease of an older one cannot hold, and others take it for one that is over.
                && open.from == push.expected
                && self.recorded.mine == Some(&open.id)
        };
        if let Some(open) = self.recorded.open().filter(ours) {
            return Ok(open.id.clone());
        }
        let end = RollbackEnd::of(repo, &self.recorded)?;
        let id = new_id();
        notes(repo).remember_announced(&id)?;
        self.recorder.append_all(&mut |state, nth| {
            if nth == 0 {
                self.nobody_was_quicker(self.recorded.state, state, name)?;
            }
            if let Some(end) = end.as_ref().and_then(|end| end.due(state)) {
                return Ok(Some(end));
            }
            if state.deploying.as_ref().is_some_and(|open| open.id == id) {
                return Ok(None);
            }
            self.allows(state, self.recorded.mine)?;
            let candidate = state.candidate.as_ref();
            let announced = What::Deploying(Intent {
                kind: self.kind,
                environment: name.clone(),
                from: push.expected.clone(),
                to: push.commit.clone(),
                base: candidate
                    .filter(|_| self.kind == Kind::Fix)
                    .map(|candidate| candidate.commit.clone()),
                unsigned: self.kind == Kind::Promote && is_unsigned(state, &push.commit),
                over: state.deploying.as_ref().map(|open| open.id.clone()),
                tells: self
                    .tells
                    .as_ref()
                    .filter(|_| self.kind == Kind::Rollback)
                    .map(|(_, tells)| tells.clone()),
            });
            Ok(Some((id.clone(), announced)))
        })?;
        Ok(id)
    }

    /// Announces a rollback that needs no push of ours, for the branch is there already: what is open of another deploy,
    /// as of one that the host declined and made all the same, ends with it.
    ///
    /// # Errors
    /// As for [`DeployRecorder::announce`].
    pub fn announce_return(
        &self,
        repo: &Repo,
        target: &Target<'_>,
        commit: &CommitId,
    ) -> Result<(), Stop> {
        let environment = target.environment;
        let is_this = |open: &Deploying| {
            open.kind == Kind::Rollback
                && open.environment == environment.name
                && open.to == *commit
        };
        if self.kind != Kind::Rollback || self.recorded.open().is_some_and(is_this) {
            return Ok(());
        }
        let (remote, branch) = (environment.remote.clone(), environment.branch.clone());
        let expected = target.observed.reference().cloned();
        self.announce(
            repo,
            target,
            &Push {
                remote,
                branch,
                commit: commit.clone(),
                expected,
            },
        )
        .map(drop)
    }

    /// Looks at the record directly before the push: the announcement must still stand, and the candidate, too.
    ///
    /// # Errors
    /// What changed.
    pub fn still_allows(&self, intent: &EventId) -> Result<(), Stop> {
        let now = self.recorder.read_now()??;
        let ours = |open: &&Deploying| open.id == *intent;
        // What is announced is this very push, which is in nobody's way.
        let deploying = now.state.deploying.clone().filter(|open| !ours(&open));
        self.allows(
            &State {
                deploying,
                ..now.state.clone()
            },
            None,
        )?;
        match &now.state.deploying {
            Some(open) if ours(&open) => Ok(()),
            other => {
                let report = Report::new(
                    "the announcement of this deploy was put aside; nothing was pushed",
                );
                let recorded = Recorded {
                    state: &now.state,
                    ..self.recorded
                };
                let report = match other {
                    Some(open) => report.because(open.story(recorded.now)),
                    None => report.because("somebody gave it up on the record"),
                };
                Err(report
                    .hint("see where things stand: git smp status")
                    .refused(RefusalCode::Deploying)
                    .into())
            }
        }
    }

    /// Refuses where somebody has deployed there since the plan was shown.
    fn nobody_was_quicker(&self, known: &State, state: &State, name: &str) -> Result<(), Refusal> {
        // What was only seen there is no deploy of a colleague's; whether it moved is looked at before the push.
        let is_new = |deploy: &&Deploy| {
            known.deploys.get(name) != Some(*deploy) && deploy.seen_since.is_none()
        };
        let Some(deploy) = state.deploys.get(name).filter(is_new) else {
            return Ok(());
        };
        let (by, short) = (&deploy.by.name, deploy.commit.short());
        Err(Refusal::new(
            RefusalCode::TargetMoved,
            format!("{by} deployed {short} to {name} meanwhile; nothing of ours was pushed"),
        )
        .because("it went on record after the plan was shown")
        .hint("see what runs now: git smp status"))
    }

    fn allows(&self, state: &State, mine: Option<&EventId>) -> Result<(), Refusal> {
        (self.replan)(&Recorded {
            state,
            mine,
            ..self.recorded
        })
    }

    /// Puts on record what the host said against the push that is announced. Its announcement stays open.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn doubted(&self, environment: &str, commit: &CommitId, words: &str) -> Result<(), Stop> {
        let words = words.to_owned();
        let is_this = |open: &&Deploying| open.environment == environment && open.to == *commit;
        let appended = self.recorder.append(&new_id(), &mut |state| {
            let intent = state
                .deploying
                .as_ref()
                .filter(is_this)
                .map(|open| open.id.clone());
            Ok(intent.map(|intent| What::Doubted {
                intent,
                words: words.clone(),
            }))
        });
        appended.map(drop)
    }

    /// Takes an announcement back whose push came to nothing. What may have changed something outside stays announced.
    pub fn take_back(&self, intent: &EventId, stop: Stop, again: &str) -> Stop {
        let why = match &stop {
            Stop::Failed(report) => report.error.clone(),
            Stop::Refused(refusal) => refusal.report.error.clone(),
            Stop::Declined(what) => what.clone(),
            Stop::Answer | Stop::Misused(_) | Stop::Incomplete(_) | Stop::PipeClosed => {
                return stop;
            }
        };
        let ended = self.recorder.append(&new_id(), &mut |state| {
            let open = state.deploying.as_ref().filter(|open| open.id == *intent);
            Ok(open.map(|open| What::Ended {
                intent: open.id.clone(),
                why: why.clone(),
            }))
        });
        let Err(trouble) = ended else { return stop };
        let report = match &stop {
            Stop::Declined(what) => Report::new(what.clone()),
            other => other.report().cloned().unwrap_or_else(|| Report::new(why)),
        };
        let trouble = trouble
            .report()
            .map_or("it cannot be written", |report| &report.error)
            .to_owned();
        let report = report.because(format!(
            "the record still says that the deploy is going on: {trouble}"
        ));
        Stop::Incomplete(report.hint(format!("run it again to go on: {again}")))
    }

    /// What ran before a rollback that was cut off: its branch, which was announced, may be at something else.
    fn ran_before(&self, name: &str) -> Option<CommitId> {
        let (_, telling) = self
            .tells
            .as_ref()
            .filter(|_| self.kind == Kind::Rollback)?;
        telling
            .targets
            .iter()
            .find(|(target, _)| target == name)?
            .1
            .clone()
    }

    /// Puts it on record that an environment runs the commit, unless somebody did so meanwhile. Says whether the
    /// candidate has reached all its goals with that, so that nothing is frozen any more, and gives the record after it.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn deployed(
        &self,
        repo: &Repo,
        target: &Target<'_>,
        commit: &CommitId,
    ) -> Result<(bool, State), Stop> {
        let name = &target.environment.name;
        let seen_before = target.observed.runs().filter(|runs| *runs != commit);
        let mut unfrozen = false;
        let state = self.recorder.append(&new_id(), &mut |state| {
            let open = state.deploying.as_ref().filter(|open| {
                open.environment == *name && open.to == *commit && open.kind == self.kind
            });
            let candidate = state
                .candidate
                .as_ref()
                .filter(|candidate| candidate.commit == *commit);
            let goal = candidate.and_then(|candidate| candidate.goal(name));
            let due = open.is_some()
                || (self.kind == Kind::Promote && goal.is_some_and(|goal| !goal.reached));
            if !due
                && state
                    .deploys
                    .get(name)
                    .is_some_and(|deploy| deploy.commit == *commit)
            {
                return Ok(None);
            }
            unfrozen = self.kind == Kind::Promote && candidate.is_some();
            let from = seen_before.cloned();
            let from = from.or_else(|| goal.and_then(|goal| goal.from.clone()));
            let from = from.or_else(|| self.ran_before(name));
            let from = from
                .or_else(|| open.and_then(|open| open.from.clone()))
                .filter(|from| from != commit);
            let changes = repo.changes(from.as_ref(), commit)?;
            let held = if self.kind == Kind::Promote {
                state.held(name)
            } else {
                Vec::new()
            };
            let still = no_part_of(repo, held, commit)?;
            let passes = candidate
                .into_iter()
                .flat_map(|candidate| candidate.who_said(Verdict::Pass));
            let others = open.filter(|open| !notes(repo).has_announced(&open.id));
            Ok(Some(What::Deployed {
                intent: open.map(|open| open.id.clone()),
                kind: self.kind,
                environment: name.clone(),
                from,
                to: commit.clone(),
                commits: u64::try_from(moved(self.kind, &changes)).unwrap_or(u64::MAX),
                signed_off_by: passes.map(|one| one.by.clone()).collect(),
                unsigned: self.kind == Kind::Promote && is_unsigned(state, commit),
                announced_by: others.map(|open| open.by.name.clone()),
                tells: self
                    .tells
                    .as_ref()
                    .filter(|(last, _)| last == name)
                    .map(|(_, tells)| tells.clone()),
                holds: still.into_iter().map(|held| held.commit).collect(),
            }))
        })?;
        Ok((unfrozen && state.candidate.is_none(), state))
    }
}

fn notes(repo: &Repo) -> Notes {
    Notes::of(&repo.layout().common_dir)
}

/// What was rolled back and is no part of what ships now: it stays held.
fn no_part_of(repo: &Repo, held: Vec<Held>, commit: &CommitId) -> Result<Vec<Held>, Stop> {
    let mut still = Vec::new();
    for held in held {
        // All of what ships is here, so what is not here is no part of it.
        let bad = &held.commit;
        if bad != commit && !(repo.has_commit(bad)? && repo.is_ancestor(bad, commit)?) {
            still.push(held);
        }
    }
    Ok(still)
}

/// How many commits a deploy brought or, where it went back, took away.
pub(super) fn moved(kind: Kind, changes: &Changes) -> usize {
    match kind {
        Kind::Rollback => changes.disappears.len() + changes.disappears_merges,
        Kind::Stage | Kind::Fix | Kind::Promote => changes.ships.len() + changes.ships_merges,
    }
}

/// Whether nobody's yes stands on record for this very commit.
fn is_unsigned(state: &State, commit: &CommitId) -> bool {
    let candidate = state
        .candidate
        .as_ref()
        .filter(|candidate| candidate.commit == *commit);
    candidate.is_none_or(|candidate| candidate.standing() != Standing::SignedOff)
}
