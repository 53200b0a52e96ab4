//! The ends of announced deploys that no record has, because their run was cut off after its push. What closes such an
//! announcement records first that its environments run the commit.

use std::thread;
use std::time::{Duration, Instant};

use crate::core::config::Environment;
use crate::core::decide::before::ran_before;
use crate::core::decide::{Recorded, Target};
use crate::core::record::{Deployed, Deploying, Kind, State, What};
use crate::core::refusal::Stop;
use crate::core::words::{CommitId, Control, EventId, Observed};
use crate::deploy::screen::Progress;
use crate::deploy::span::{Agreement, Answer};
use crate::deploy::wait::Wait;
use crate::deploy::{Deploy, forward};
use crate::team::recorder::{Recorder, new_id};

pub type EndEvent = (EventId, What);

/// Returns whether the end of a deploy still has to be written, because its announcement is still open.
pub fn is_due(end: &What, state: &State) -> bool {
    let What::Deployed(end) = end else {
        return false;
    };
    let open = state.unended_at(&end.environment);
    open.is_some_and(|open| end.intent.as_ref() == Some(&open.id))
}

impl Deploy<'_> {
    /// Returns an event for each environment of the open announcement that runs its commit: for as long as a deploy
    /// must, and with passed checks. `commit` is what this run deploys. Its own targets are recorded by its own steps.
    pub fn ends(
        &self,
        recorded: &Recorded<'_>,
        commit: Option<&CommitId>,
    ) -> Result<Vec<EndEvent>, Stop> {
        let mut ends = Vec::new();
        for (open, seen) in self.ends_of_others(recorded, commit) {
            let name = &seen.environment;
            if !self.is_still_open(open, name) {
                continue;
            }
            let environment = self.look.config.environment(name)?;
            let target = forward::target(self.session, environment, seen.clone(), None)?;
            if self.runs_steadily(&target, open)? {
                ends.push((open, self.end(recorded.state, &target, open)?));
                let of_it = ends.iter().filter(|(one, _)| one.id == open.id);
                let is_last = of_it.count() == open.places().count();
                if let Some((_, end)) = ends.last_mut().filter(|_| is_last) {
                    end.tells = open.tells.clone();
                }
            }
        }
        let ends = ends.into_iter();
        Ok(ends
            .map(|(_, end)| (new_id(), What::Deployed(end)))
            .collect())
    }

    /// Returns the environments that run the announced commit without a record of it, except this run's own targets.
    pub(super) fn ends_of_others<'r>(
        &self,
        recorded: &Recorded<'r>,
        commit: Option<&CommitId>,
    ) -> Vec<(&'r Deploying, &'r Observed)> {
        let ends = recorded.unwritten().into_iter();
        let others = ends.filter(|(open, seen)| {
            let name = &seen.environment;
            let is_it = commit.is_some_and(|commit| open.is(self.kind(), name, commit));
            !(is_it && self.target(name).is_ok())
        });
        others.collect()
    }

    /// Returns whether this run has not recorded the end yet. The copy of the record has this run's own events.
    fn is_still_open(&self, open: &Deploying, name: &str) -> bool {
        let recorder = Recorder::of(self.look.repo, self.look.config, false);
        let known = recorder.and_then(|recorder| recorder.known());
        known.is_none_or(|known| {
            let still = known.state.unended_at(name);
            still.is_some_and(|still| still.id == open.id)
        })
    }

    fn end(&self, state: &State, target: &Target<'_>, open: &Deploying) -> Result<Deployed, Stop> {
        let from = match open.kind {
            Kind::Rollback => open.takes_away().or(open.from.as_ref()),
            Kind::Stage | Kind::Fix | Kind::Promote => ran_before(target, &open.to, Some(state)),
        };
        let from = from.filter(|from| **from != open.to).cloned();
        let name = &target.environment.name;
        let end = self.end_of((state, Some(open)), (open.kind, name), (from, &open.to))?;
        Ok(Deployed {
            overrides: open.overrides.clone(),
            ..end
        })
    }

    /// Confirms an announced deploy like one of this run. The first other answer or failed check ends that.
    fn runs_steadily(&self, target: &Target<'_>, open: &Deploying) -> Result<bool, Stop> {
        let Environment {
            name,
            running,
            check,
            ..
        } = target.environment;
        let is_sure = running.confirm_seconds == 0 && target.observed.cached.is_none();
        let mut why =
            (!is_sure && !self.agrees(target, &open.to)?).then_some("not every answer names it");
        if why.is_none() && open.kind != Kind::Rollback && !check.is_empty() {
            let failed = self.failures(name, check).ok_or_else(|| self.declined())?;
            why = (!failed.is_empty()).then_some("a check failed");
        }
        if let Some(why) = why {
            let short = open.to.short();
            self.watch(Progress::Warned(format!(
                "the earlier deploy of {short} to {name} is not recorded: {why}"
            )));
        }
        Ok(why.is_none())
    }

    fn agrees(&self, target: &Target<'_>, commit: &CommitId) -> Result<bool, Stop> {
        let (name, seconds) = (
            target.environment.name.as_str(),
            target.environment.running.confirm_seconds,
        );
        let wait = Wait {
            deploy: self,
            target,
            commit,
            begun: None,
        };
        let (began, since) = (Instant::now(), wait.since());
        let mut agreement = Agreement::over(Duration::from_secs(u64::from(seconds)));
        loop {
            let now = self.look.now(target.environment)?;
            let answer = wait.answer(&now, since);
            if agreement.take(answer, began.elapsed()) || answer != Answer::New {
                return Ok(answer == Answer::New);
            }
            let left = agreement.left(began.elapsed()).unwrap_or_default();
            if self.watch(Progress::Confirming(name, commit, left)) == Control::Leave {
                return Err(self.declined());
            }
            thread::sleep(agreement.pause().unwrap_or_default());
        }
    }
}
