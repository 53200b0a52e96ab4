//! The progress of an announced deploy, as far as its environments tell.

use crate::core::decide::finding::{Aspect, Finding, is_cached, pending};
use crate::core::decide::recorded::Recorded;
use crate::core::record::{Deploying, Kind};
use crate::core::words::{Observed, Source};

/// The progress of an announced deploy. With several environments the one furthest behind counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Course {
    /// The deploy may be in progress.
    Going,
    /// The branch has the commit, and the environment does not run it yet.
    Landed,
    /// The run ended before its push.
    Dead,
    /// Somebody moved the branch to another commit.
    Passed,
    Arrived,
}

impl<'a> Recorded<'a> {
    /// Returns the progress of the announced deploy, as far as its environments show it.
    pub(super) fn course(&self, open: &Deploying) -> Course {
        let all = open.places().map(|(name, _)| self.course_at(open, name));
        all.min().unwrap_or(Course::Going)
    }

    pub(super) fn course_at(&self, open: &Deploying, name: &str) -> Course {
        let seen = Observed::among(self.announced, name);
        let Some(one) = seen.filter(|one| pending(one).is_none()) else {
            return Course::Going;
        };
        let at = matches!(&one.branch, Some(Ok(_))).then(|| one.reference());
        let moved = at.is_some_and(|at| at != open.from(name));
        // The environment runs another commit at the announcement. The exception is a rollback of a deploy that had not
        // arrived: there the branch shows the end, unless the platform rolls back.
        let shows = moved || open.kind != Kind::Rollback || one.source == Source::Api;
        if one.runs() == Some(&open.to) && shows && !is_cached(one) {
            Course::Arrived
        } else if at == Some(Some(&open.to)) && !one.by_pipeline {
            // If the branch had the commit before, no push can be in progress.
            Course::Landed
        } else if moved {
            Course::Passed
        } else if self.is_mine(open) && !self.sent {
            // This clone announced it and has no push in progress: it was cut off before its push.
            Course::Dead
        } else {
            Course::Going
        }
    }

    /// Returns the environments that run the announced commit, although the record lacks the end of its deploy. The
    /// next deploy or proposal records it. After a failed check, a rollback alone counts as ended.
    pub fn unwritten(&self) -> Vec<(&'a Deploying, &'a Observed)> {
        let open = (self.state.unended())
            .filter(|open| open.failed.is_none() || open.kind == Kind::Rollback);
        let places = open.flat_map(|open| open.places().map(move |(name, _)| (open, name)));
        // What was on record before its announcement is no end of it. A rollback may return there.
        let deploys = &self.state.deploys;
        let places = places.filter(|(open, name)| {
            let before = deploys.get(*name).map(|last| &last.commit);
            let is_awaited = self.state.unended_at(name) == Some(*open);
            is_awaited && (open.kind == Kind::Rollback || before != Some(&open.to))
        });
        let arrived = places.filter(|(open, name)| self.course_at(open, name) == Course::Arrived);
        let seen = arrived.filter_map(|(open, name)| {
            let seen = Observed::among(self.announced, name)?;
            let is_unclear = Finding::of(seen).is_some_and(|found| found.is(Aspect::Unclear));
            (!is_unclear).then_some((open, seen))
        });
        seen.collect()
    }

    /// Returns the announced deploy there that has reached the branch, while the environment runs another commit.
    pub fn landed(&self, name: &str) -> Option<&'a Deploying> {
        let open = self.state.unended_at(name);
        open.filter(|open| self.course_at(open, name) == Course::Landed)
    }

    /// Returns a replaced announcement whose commit runs, or has reached the branch, without a record of its end.
    pub fn replaced(&self) -> Option<&'a Deploying> {
        let arrived = self.unwritten().into_iter().map(|(open, _)| open).next();
        arrived.or_else(|| {
            let mut all = self.state.superseded.iter().filter(|open| !open.given_up);
            all.find(|open| {
                let mut names = open.places().map(|(name, _)| name);
                names.any(|name| self.landed(name) == Some(*open))
            })
        })
    }
}
