//! Lets a platform release once more what it has built before.

use std::thread;
use std::time::Duration;

use crate::core::decide::{Step, Target, finding};
use crate::core::refusal::{RefusalCode, Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::{CommitId, Control, Release};
use crate::deploy::Deploy;
use crate::deploy::push::LOOK_PAUSES;
use crate::deploy::pushed::AGAIN;
use crate::deploy::screen::Progress;
use crate::sources::api;
use crate::sources::heroku::{Again, Released};

/// How often the platform is asked whether it heard us.
const LOOKS: u32 = 5;

impl Deploy<'_> {
    pub(super) fn release(&self, target: &Target<'_>, step: &Step) -> Result<(), Stop> {
        let Step::Release {
            app,
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
        let (heroku, name) = (api(self.look.repo)?, &target.environment.name);
        let marker = self.note(name, commit, None, Some(*newest))?;
        let released = match heroku.release(app, &wanted(former, *back)) {
            Ok(_) => Ok(()),
            // It may be worked on still; asked for again, it would be made twice.
            Err(Released::Unclear(report)) => self.was_heard(target, commit, report),
            Err(Released::Not(report)) => {
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
        let report = report.run("see what it came to", Typed::smp("status"));
        let report = report.run("then", self.command_to(name));
        Err(report.refused(RefusalCode::TargetMoved).into())
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
        Err(Stop::Incomplete(report.run(AGAIN, self.command_to(name))))
    }
}

/// Going back takes the config vars of that time along; going forward again does not.
fn wanted(former: &Release, back: bool) -> Again {
    match &former.slug {
        Some(slug) if !back => {
            let description = format!("Release of v{} again", former.version);
            Again::Slug {
                slug: slug.clone(),
                description,
            }
        }
        _ => Again::Back(former.id.clone()),
    }
}
