//! Promotes a build in the pipeline of its platform, and follows it to its end for each target.

use std::time::{Duration, Instant};
use std::{mem, thread};

use crate::core::decide::{Build, PromotedTo, Step};
use crate::core::record::Deploying;
use crate::core::refusal::{Report, Stop};
use crate::core::text::and;
use crate::core::typed::Typed;
use crate::core::words::{CommitId, Control, EventId, ReleaseStatus};
use crate::deploy::Deploy;
use crate::deploy::pushed::AGAIN;
use crate::deploy::recorder::Bound;
use crate::deploy::screen::Progress;
use crate::http::Trouble;
use crate::look::not_seen;
use crate::notes::InFlight;
use crate::sources::Now;
use crate::sources::platform::{self, Promotion};
use crate::team::recorder::Recorder;

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
        promoted.map_err(
            |stop| match self.others(build, intent.as_ref()).as_slice() {
                [] => self.take_back(intent.as_ref(), stop),
                _ => stop,
            },
        )
    }

    fn promote_announced(
        &self,
        step: &Step,
        build: &Build,
        intent: Option<&EventId>,
    ) -> Result<(), Stop> {
        self.hear_again(intent)?;
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
        loop {
            let looked = look();
            let told = Sorted::of(looked.as_ref().ok(), build);
            let reports = match &looked {
                Ok(promotion) if promotion.is_over && told.waits.is_empty() => {
                    return self.ended((build, intent), notes, &told);
                }
                Ok(_) => "that the promotion is in progress".to_owned(),
                Err(refusal) => format!("nothing about it ({})", refusal.report.error),
            };
            let names = match told.waits.as_slice() {
                [] => self.names(),
                waits => waits.join(" and "),
            };
            let (called, command) = (&build.release.called, self.command());
            let more = |error: String| {
                let report = Report::new(error)
                    .causes(told.of_failures())
                    .causes(told.of_releases())
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
        told: &Sorted<'_>,
    ) -> Result<(), Stop> {
        for (to, note) in notes {
            match told.failed.iter().any(|(failed, _)| *failed == to) {
                true => note.ended(),
                false => note.landed(),
            }
        }
        if told.failed.is_empty() {
            return Ok(());
        }
        let report = self.not_live(build, told)?;
        let left = self.close(build, intent, (told, &report))?;
        let report = report.causes(left.iter().map(|name| {
            format!(
                "the earlier promotion to {name} is not finished; the same command waits for it"
            )
        }));
        Err(Stop::Incomplete(report))
    }

    /// Reports that some or all targets did not start to run the build, in the platform's own words.
    fn not_live(&self, build: &Build, told: &Sorted<'_>) -> Result<Report, Stop> {
        let names = told.failed.iter().map(|(to, _)| to.environment.as_str());
        let names = names.collect::<Vec<_>>().join(" and ");
        let called = &build.release.called;
        let report = Report::new(format!(
            "promoted, but not live: {names} did not start to run the build {called}"
        ));
        let report = report
            .causes(told.of_failures())
            .because(match told.of_releases() {
                None => "the previous release still runs".to_owned(),
                Some(done) => format!("{done}; the same command continues with the rest"),
            });
        let (first, _) = told.failed.first().ok_or_else(not_seen)?;
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
    /// Records what was released, and takes the rest back. The run that records the last target makes the posts.
    /// Returns the targets of an earlier promotion that are not finished: the announcement then stays open.
    fn close(
        &self,
        build: &Build,
        intent: Option<&EventId>,
        (told, report): (&Sorted<'_>, &Report),
    ) -> Result<Vec<String>, Stop> {
        let (Some(intent), commit) = (intent, &build.commit) else {
            return Ok(Vec::new());
        };
        for name in &told.done {
            self.record_released(name, commit)?;
        }
        for (to, _) in &told.failed {
            if runs(
                &self.look.now(self.target(&to.environment)?.environment)?,
                commit,
            ) {
                // The target runs the build all the same. The next run records it.
                return Ok(Vec::new());
            }
        }
        let mut left = self.others(build, Some(intent));
        for name in mem::take(&mut left) {
            let now = self.look.now(self.look.config.environment(&name)?)?;
            let newest = now.newest.as_ref().map(|newest| newest.status);
            match (self.target(&name), newest) {
                (Ok(_), _) if runs(&now, commit) => self.record_released(&name, commit)?,
                (Ok(_), Some(ReleaseStatus::Failed)) if now.running.is_ok() => {}
                _ => left.push(name),
            }
        }
        if left.is_empty() {
            let words = told.failed.iter().map(|(_, words)| *words);
            let why = words.collect::<Vec<_>>().join("; ");
            self.withdraw(intent, &format!("{}: {why}", report.error))?;
        }
        Ok(left)
    }

    /// Sees a target run the build, and records that.
    fn record_released(&self, name: &str, commit: &CommitId) -> Result<(), Stop> {
        self.await_promoted(name, commit)?;
        self.deployed(self.target(name)?, commit, (None, None, false))
    }

    /// Records the targets that an earlier, interrupted promotion brought the build, if the result of others is unknown.
    pub(super) fn record_promoted(&self) -> Result<(), Stop> {
        let (Some(commit), Some(state)) = (self.candidate(), self.seen.state()) else {
            return Ok(());
        };
        let mut targets = self.targets.iter().filter(|target| {
            let is_open = state.unended_to(&target.environment.name, commit).is_some();
            target.observed.by_pipeline && is_open && target.observed.runs() == Some(commit)
        });
        targets.try_for_each(|target| self.record_released(&target.environment.name, commit))
    }

    /// Returns the announced targets without a recorded end that an earlier promotion of this clone brought the build.
    fn others(&self, build: &Build, intent: Option<&EventId>) -> Vec<String> {
        let recorder = Recorder::of(self.look.repo, self.look.config, false);
        let known = recorder.and_then(|recorder| recorder.known());
        let open = known
            .as_ref()
            .and_then(|known| known.state.announced_as(intent?));
        let names = open.into_iter().flat_map(Deploying::places);
        let others =
            names.filter(|(name, _)| build.targets.iter().all(|to| to.environment != *name));
        others.map(|(name, _)| name.to_owned()).collect()
    }
}

fn runs(now: &Now, commit: &CommitId) -> bool {
    now.running.as_ref().ok().and_then(Option::as_ref) == Some(commit)
}

/// The targets of a promotion, by what the platform says of them.
#[derive(Default)]
struct Sorted<'b> {
    done: Vec<&'b str>,
    failed: Vec<(&'b PromotedTo, &'b str)>,
    waits: Vec<&'b str>,
}

impl<'b> Sorted<'b> {
    fn of(promotion: Option<&'b Promotion>, build: &'b Build) -> Self {
        let mut all = Self::default();
        let Some(promotion) = promotion else {
            return all;
        };
        for to in &build.targets {
            let mut told = promotion.targets.iter();
            let told = told.find(|one| one.app == to.app);
            match told.and_then(|one| one.came_to.as_ref()) {
                Some(Ok(())) => all.done.push(&to.environment),
                Some(Err(words)) => all.failed.push((to, words)),
                None => all.waits.push(&to.environment),
            }
        }
        all
    }

    fn of_failures(&self) -> impl Iterator<Item = String> {
        let failed = self.failed.iter();
        failed.map(|(to, words)| format!("its platform says of {}: {words}", to.environment))
    }

    fn of_releases(&self) -> Option<String> {
        let done = self.done.join(" and ");
        (!done.is_empty()).then(|| format!("the build was released to {done}"))
    }
}
