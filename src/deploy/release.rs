//! Lets a platform release once more what it has built before.

use std::thread;
use std::time::Duration;

use crate::core::decide::{Step, Target, finding};
use crate::core::refusal::{RefusalCode, Report, Stop};
use crate::core::words::{CommitId, Control, Release};
use crate::deploy::Deploy;
use crate::deploy::push::LOOK_PAUSES;
use crate::deploy::pushed::again;
use crate::deploy::screen::Progress;
use crate::http::Trouble;
use crate::sources::platform;

/// How often the platform is asked whether it heard us.
const LOOKS: u32 = 5;

impl Deploy<'_> {
    pub(super) fn release(&self, target: &Target<'_>, step: &Step) -> Result<(), Stop> {
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
        self.nothing_newer(target, *newest)?;
        if self.watch(Progress::Pushing(step)) == Control::Leave {
            return Err(Stop::Declined("nothing was released".to_owned()));
        }
        let name = &target.environment.name;
        let Some(platform) = platform::of(self.look.repo, target.environment) else {
            return Ok(());
        };
        let platform = platform?;
        let marker = self.note(name, commit, None, Some(*newest))?;
        let released = match platform.release(former, *back) {
            Ok(()) => Ok(()),
            // It may be worked on still; asked for again, it would be made twice.
            Err(Trouble::Unclear(report)) => self.was_heard(target, commit, report),
            Err(Trouble::NotSent(report)) => {
                marker.ended();
                return Err(Stop::Failed(report));
            }
        };
        released.inspect(|()| marker.landed())
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
            self.command_to(name)
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
        Err(Stop::Incomplete(report.hint(again(&self.command_to(name)))))
    }
}
