//! Promotes a build in the pipeline of its platform, and follows it to its end for each target.

use std::thread;
use std::time::{Duration, Instant};

use crate::core::decide::{Build, PromotedTo, Step};
use crate::core::refusal::{Report, Stop};
use crate::core::text::and;
use crate::core::typed::Typed;
use crate::core::words::{Control, EventId};
use crate::deploy::Deploy;
use crate::deploy::pushed::AGAIN;
use crate::deploy::recorder::Bound;
use crate::deploy::screen::Progress;
use crate::http::Trouble;
use crate::look::not_seen;
use crate::notes::InFlight;
use crate::sources::platform::{self, Promotion};

/// The pause between two looks at a promotion.
const PAUSE: Duration = Duration::from_millis(500);

/// The notes that were written for each target before the request.
type NotesInFlight<'b> = Vec<(&'b PromotedTo, InFlight)>;

impl Deploy<'_> {
    /// Announces the promotion, if a record is kept, and makes it. One announcement covers all targets: it stays open,
    /// and blocks other deploys, until each target is recorded or has failed.
    pub(super) fn promote_build(&self, step: &Step, build: &Build) -> Result<(), Stop> {
        let mut places = Vec::new();
        for to in &build.targets {
            let at = self.target(&to.environment)?.observed.reference();
            places.push((to.environment.clone(), at.cloned()));
        }
        let commit = build.commit.clone();
        let intent = self.announce(&Bound { commit, places })?;
        let promoted = self.promote_announced(step, build, intent.as_ref());
        promoted.map_err(|stop| self.take_back(intent.as_ref(), stop))
    }

    fn promote_announced(
        &self,
        step: &Step,
        build: &Build,
        intent: Option<&EventId>,
    ) -> Result<(), Stop> {
        for to in &build.targets {
            let target = self.target(&to.environment)?;
            self.look_again(target, intent)?;
            self.nothing_newer(target, to.newest)?;
        }
        if self.watch(Progress::Pushing(step, &build.commit)) == Control::Leave {
            let names = build.targets.iter().map(|to| to.environment.as_str());
            let names = and(&names.collect::<Vec<_>>());
            return Err(Stop::Declined(format!("nothing was promoted to {names}")));
        }
        let source = self.look.config.environment(&build.source)?;
        let app = platform::pipelines(self.look.repo, source).ok_or_else(not_seen)??;
        let notes = self.note_all(build)?;
        match app.promote(build) {
            Ok(id) => self.follow((build, intent), notes, || app.promotion(&id)),
            // The platform may still work on it. A second request would make a second release.
            Err(Trouble::Unclear(report)) => {
                for (to, note) in notes {
                    let target = self.target(&to.environment)?;
                    self.was_heard(target, &build.commit, report.clone())?;
                    note.landed();
                }
                Ok(())
            }
            Err(Trouble::NotSent(report)) => {
                notes.iter().for_each(|(_, note)| note.ended());
                Err(Stop::Failed(report))
            }
        }
    }

    fn note_all<'b>(&self, build: &'b Build) -> Result<NotesInFlight<'b>, Stop> {
        let mut notes = NotesInFlight::new();
        for to in &build.targets {
            match self.note(
                &to.environment,
                (&build.commit, None),
                Some(to.newest),
                false,
            ) {
                Ok(note) => notes.push((to, note)),
                Err(stop) => {
                    notes.iter().for_each(|(_, note)| note.ended());
                    return Err(stop);
                }
            }
        }
        Ok(notes)
    }

    /// Watches a promotion until each target has ended, its release phase included.
    fn follow(
        &self,
        (build, intent): (&Build, Option<&EventId>),
        notes: NotesInFlight<'_>,
        look: impl Fn() -> Result<Promotion, crate::core::refusal::Refusal>,
    ) -> Result<(), Stop> {
        let (begun, timeout) = (Instant::now(), self.timeout());
        let names: Vec<&str> = (build.targets.iter())
            .map(|to| to.environment.as_str())
            .collect();
        let names = names.join(" and ");
        loop {
            let reports = match look() {
                Ok(promotion) if is_over(&promotion, build) => {
                    return self.ended((build, intent), notes, &promotion);
                }
                Ok(_) => "that the promotion is in progress".to_owned(),
                Err(refusal) => format!("nothing about it ({})", refusal.report.error),
            };
            let (called, command) = (&build.release.called, self.command());
            let more = |error: String| {
                let report = Report::new(error)
                    .because(format!("the platform says {reports}"))
                    .because("the promotion continues there, and is not started a second time");
                Err(Stop::Incomplete(report.run(AGAIN, command.clone())))
            };
            if begun.elapsed() >= timeout {
                let seconds = timeout.as_secs();
                return more(format!(
                    "the promotion of the build {called} to {names} did not finish in {seconds} s"
                ));
            }
            let waiting = Progress::Waiting(&names, begun.elapsed(), &reports);
            if self.watch(waiting) == Control::Leave {
                return more(format!(
                    "interrupted while the build {called} was being promoted to {names}"
                ));
            }
            thread::sleep(PAUSE.min(timeout.saturating_sub(begun.elapsed())));
        }
    }

    /// Evaluates a promotion that ended. The targets that succeeded still have to be seen running.
    fn ended(
        &self,
        (build, intent): (&Build, Option<&EventId>),
        notes: NotesInFlight<'_>,
        promotion: &Promotion,
    ) -> Result<(), Stop> {
        let (mut failed, mut done) = (Vec::new(), Vec::new());
        for (to, note) in notes {
            match came_to(promotion, to) {
                Some(Err(words)) => {
                    note.ended();
                    failed.push((to, words));
                }
                _ => {
                    note.landed();
                    done.push(to.environment.as_str());
                }
            }
        }
        if failed.is_empty() {
            return Ok(());
        }
        let report = self.not_live(build, &failed, &done)?;
        self.close(build, intent, (&failed, &report))?;
        Err(Stop::Incomplete(report))
    }

    /// Reports that some or all targets did not start to run the build, in the platform's own words.
    fn not_live(
        &self,
        build: &Build,
        failed: &[(&PromotedTo, &String)],
        done: &[&str],
    ) -> Result<Report, Stop> {
        let names = failed.iter().map(|(to, _)| to.environment.as_str());
        let names = names.collect::<Vec<_>>().join(" and ");
        let called = &build.release.called;
        let report = Report::new(format!(
            "promoted, but not live: {names} did not start to run the build {called}"
        ));
        let told = failed
            .iter()
            .map(|(to, words)| format!("its platform says of {}: {words}", to.environment));
        let report = report.causes(told).because(match done {
            [] => "the previous release still runs".to_owned(),
            _ => format!(
                "the build was released to {}; the same command continues with the rest",
                done.join(" and ")
            ),
        });
        let (first, _) = failed.first().ok_or_else(not_seen)?;
        let target = self.target(&first.environment)?;
        let newest = self.look.now(target.environment)?.newest;
        let report = match newest.filter(|newest| newest.version > first.newest) {
            Some(newest) => report.run("see why", newest.output),
            None => report.run("see the current state", Typed::smp("status")),
        };
        let say = "then correct the problem and try again";
        Ok(report.run(say, self.command()))
    }

    /// Closes the announcement of a promotion that the platform has ended, because an open one blocks everybody else.
    /// Records what was released, and takes the rest back.
    fn close(
        &self,
        build: &Build,
        intent: Option<&EventId>,
        (failed, report): (&[(&PromotedTo, &String)], &Report),
    ) -> Result<(), Stop> {
        let Some(intent) = intent else { return Ok(()) };
        let commit = &build.commit;
        for to in &build.targets {
            let (name, target) = (&to.environment, self.target(&to.environment)?);
            if !failed.iter().any(|(one, _)| *one == to) {
                self.await_promoted(name, commit)?;
                self.deployed(target, commit, None)?;
            } else if self.look.now(target.environment)?.running?.as_ref() == Some(commit) {
                // The target runs the build all the same. The next run records it.
                return Ok(());
            }
        }
        let words = failed.iter().map(|(_, words)| words.as_str());
        let why = words.collect::<Vec<_>>().join("; ");
        self.withdraw(intent, &format!("{}: {why}", report.error))
    }
}

/// Returns the result of a target; `None` if it still runs.
fn came_to<'p>(promotion: &'p Promotion, to: &PromotedTo) -> Option<&'p Result<(), String>> {
    let mut told = promotion.targets.iter();
    told.find(|one| one.app == to.app)?.came_to.as_ref()
}

fn is_over(promotion: &Promotion, build: &Build) -> bool {
    let mut all = build.targets.iter();
    promotion.is_over && all.all(|to| came_to(promotion, to).is_some())
}
