//! Lets a platform release once more what it has built before.

use std::thread;
use std::time::Duration;

use crate::core::decide::{Step, Target, finding};
use crate::core::refusal::{RefusalCode, Report, Stop};
use crate::core::words::Control;
use crate::core::words::EventId;
use crate::core::words::{CommitId, Release};
use crate::deploy::pushed::again;
use crate::deploy::{Execution, LOOK_PAUSES, Progress, Watcher};
use crate::git::push::Push;
use crate::http::Trouble;
use crate::sources::platform;

/// How often the platform is asked whether it heard us.
const LOOKS: u32 = 5;

impl Execution<'_> {
    /// Releases what was announced before, where a record is kept; an announcement that came to nothing is taken back.
    pub(super) fn release(
        &self,
        name: &str,
        step: &Step,
        watch: &mut Watcher<'_>,
    ) -> Result<(), Stop> {
        let Step::Release { commit, .. } = step else {
            return Ok(());
        };
        let target = self.target(name)?;
        let Some(recorder) = &self.recorder else {
            return self.release_announced(target, step, None, watch);
        };
        watch(Progress::Recording);
        let announced = Push {
            remote: target.environment.remote.clone(),
            branch: target.environment.branch.clone(),
            commit: commit.clone(),
            expected: target.observed.reference().cloned(),
        };
        let intent = recorder.announce(self.look.repo, target, &announced)?;
        self.release_announced(target, step, Some(&intent), watch)
            .map_err(|stop| recorder.take_back(&intent, stop, &self.command.to(name)))
    }

    fn release_announced(
        &self,
        target: &Target<'_>,
        step: &Step,
        intent: Option<&EventId>,
        watch: &mut Watcher<'_>,
    ) -> Result<(), Stop> {
        let Step::Release {
            commit,
            former,
            back,
            newest,
            ..
        } = step
        else {
            return Ok(());
        };
        self.look_again(target, intent)?;
        self.nothing_newer(target, *newest)?;
        if watch(Progress::Pushing(step)) == Control::Leave {
            return Err(Stop::Declined("nothing was released".to_owned()));
        }
        let name = &target.environment.name;
        let Some(platform) = platform::of(self.look.repo, target.environment) else {
            return Ok(());
        };
        let platform = platform?;
        let marker = self.note_release(name, commit, *newest)?;
        let released = match platform.release(former, *back) {
            Ok(()) => Ok(()),
            Err(Trouble::NotSent(report)) => Err(Stop::Failed(report)),
            Err(Trouble::Unclear(report)) => {
                // It may be worked on still; asked for again, it would be made twice.
                let heard = self.was_heard(target, commit, report);
                return heard.inspect(|()| marker.landed());
            }
        };
        if released.is_ok() {
            marker.landed()
        } else {
            marker.ended()
        }
        released
    }

    /// Whether the platform's newest release is still the one that the plan was made with: neither the branch nor what
    /// runs would show another that began meanwhile.
    fn nothing_newer(&self, target: &Target<'_>, newest: u64) -> Result<(), Stop> {
        let name = &target.environment.name;
        let mut now = self.look.now(target.environment)?.newest;
        for pause in LOOK_PAUSES {
            if now.is_none() {
                thread::sleep(pause);
                now = self.look.now(target.environment)?.newest;
            }
        }
        let report = match now {
            Some(release) if release.version == newest => return Ok(()),
            Some(release) => Report::new(format!(
                "{name} has a newer release, v{}; nothing was released",
                release.version
            ))
            .because("it began after the plan was shown"),
            None => Report::new(format!(
                "{name} does not tell its releases any more; nothing was released"
            )),
        };
        let hint = format!(
            "see what it came to: git smp status; then: {}",
            self.command.to(name)
        );
        Err(report.hint(hint).refused(RefusalCode::TargetMoved).into())
    }

    /// The platform may have heard us all the same: then it has a newer release of the commit.
    fn was_heard(&self, target: &Target<'_>, commit: &CommitId, why: Report) -> Result<(), Stop> {
        let before = finding::newest(&target.observed).map_or(0, |release| release.version);
        let is_ours =
            |newest: &Release| newest.version > before && newest.commit.as_ref() == Some(commit);
        for _ in 0..LOOKS {
            if self
                .look
                .now(target.environment)?
                .newest
                .as_ref()
                .is_some_and(is_ours)
            {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(500));
        }
        let name = &target.environment.name;
        let text = format!("cannot tell whether {name} releases {}", commit.short());
        let report = Report::new(text).because(why.error);
        let report = why.because.into_iter().fold(report, Report::because);
        Err(Stop::Incomplete(report.hint(again(&self.command.to(name)))))
    }
}
