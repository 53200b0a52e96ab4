//! Waits until an environment reports the deployed commit. Reports an obstacle as soon as it is known.

use std::thread;
use std::time::{Duration, Instant};

use crate::core::decide::Target;
use crate::core::decide::finding::newest;
use crate::core::refusal::Stop;
use crate::core::words::{CommitId, Control, Release, ReleaseStatus};
use crate::deploy::Deploy;
use crate::deploy::doubt::Doubt;
use crate::deploy::screen::Progress;
use crate::deploy::span::{Agreement, Answer};
use crate::sources::Now;

/// The longest pause between two looks at an environment that is not there yet.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// The first and the longest pause between two looks at the record, which may have a later deploy by now.
const RECORD_PAUSES: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(30)];
/// How long to wait for a deploy that the host says it does not make.
const HARDLY: Duration = Duration::from_secs(5);

pub struct Begun {
    /// The word for what was done: pushed, released or promoted.
    pub word: &'static str,
    pub since: Instant,
    pub doubt: Option<Doubt>,
    /// True if the host accepted the push without any output.
    pub is_silent: bool,
    pub said: Option<Now>,
}

impl Begun {
    /// Returns the start of a build's promotion, which was followed to its end.
    pub fn promoted() -> Self {
        Self {
            word: "promoted",
            since: Instant::now(),
            doubt: None,
            is_silent: false,
            said: None,
        }
    }
}

pub struct Wait<'a> {
    pub deploy: &'a Deploy<'a>,
    pub target: &'a Target<'a>,
    pub commit: &'a CommitId,
    pub begun: Option<&'a Begun>,
}

impl Wait<'_> {
    /// Waits until every answer in its span reports the commit. `said` is the first answer, if it is there already.
    pub(super) fn run(&self, mut said: Option<Now>) -> Result<(), Stop> {
        self.heed_the_host()?;
        let (name, environment) = (self.name(), self.target.environment);
        let timeout = self.deploy.timeout();
        let patience = match self.doubt().is_some_and(Doubt::is_the_end) {
            true => timeout.min(HARDLY),
            false => timeout,
        };
        let (began, mut pause) = (Instant::now(), Duration::from_millis(250));
        let mut looked = (began, RECORD_PAUSES[0]);
        let span = Duration::from_secs(u64::from(environment.running.confirm_seconds));
        let (mut agreement, since) = (Agreement::over(span), self.since());
        loop {
            let now = match said.take() {
                Some(now) => now,
                None => self.deploy.look.now(environment)?,
            };
            if agreement.take(self.answer(&now, since), began.elapsed()) {
                self.deploy.saw(self.target, self.commit);
                return Ok(());
            }
            if let Some(failed) = self.failed(&now) {
                return Err(self.release_failed(failed));
            }
            if let Some(later) = self.replaced_by(&now) {
                return Err(self.replaced(later));
            }
            let left = agreement.left(began.elapsed());
            let is_late = left.is_none() && began.elapsed() >= patience;
            if is_late || left.is_none() && looked.0.elapsed() >= looked.1 {
                looked = (Instant::now(), (looked.1 * 2).min(RECORD_PAUSES[1]));
                self.deploy
                    .overtaken(name, self.commit)?
                    .map_or(Ok(()), Err)?;
            }
            if is_late {
                return Err(self.never_reported(&now, &agreement, patience));
            }
            let reports = reported(&now);
            let control = self.deploy.watch(match left {
                Some(left) => Progress::Confirming(name, self.commit, left),
                None => Progress::Waiting(name, began.elapsed(), &reports),
            });
            if control == Control::Leave {
                return Err(self.left(left.map(|left| (span - left, span)), &reports));
            }
            let next = agreement.pause().unwrap_or(pause);
            let most = match left {
                Some(_) => next,
                None => patience.saturating_sub(began.elapsed()),
            };
            thread::sleep(next.min(most.max(Duration::from_millis(10))));
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.target.environment.name
    }

    pub(super) fn doubt(&self) -> Option<&Doubt> {
        self.begun.and_then(|begun| begun.doubt.as_ref())
    }

    /// Stops if the host contradicts the deploy and only the branch could tell otherwise. Warns of a silent host.
    fn heed_the_host(&self) -> Result<(), Stop> {
        let (Some(begun), name) = (self.begun, self.name()) else {
            return Ok(());
        };
        let (notes, is_ref) = (
            self.deploy.notes(),
            self.target.environment.running.is_ref(),
        );
        let Some(doubt) = &begun.doubt else {
            notes.forget_doubt(name);
            if begun.is_silent && is_ref {
                let short = self.commit.short();
                let so = match self.target.environment.is_branch {
                    true => {
                        "its platform builds after the push, and only a page can show whether the build succeeded"
                    }
                    false => "it would look the same if a hook there did not run",
                };
                self.deploy.watch(Progress::Warned(format!(
                    "the host of {name} accepted the push without any output, so only its branch shows {short}: {so}"
                )));
            }
            return Ok(());
        };
        if !is_ref {
            return Ok(());
        }
        // Neither the next run nor a colleague's run may take the branch for what runs.
        let kept = notes.keep_doubt(name, self.commit, &doubt.words);
        let told = self.deploy.doubted(name, self.commit, &doubt.words);
        let stop = self.not_confirmed(doubt);
        Err(match kept.and(told) {
            Ok(()) => stop,
            Err(trouble) => {
                let cause = format!(
                    "the host's answer could not be saved, so the next run may not know it: {trouble}"
                );
                stop.retold(|report| report.because(cause))
            }
        })
    }

    /// Returns when the deploy began: by this run, by an earlier run of this clone, or by its announcement.
    pub(super) fn since(&self) -> Option<Instant> {
        if let Some(begun) = self.begun {
            return Some(begun.since);
        }
        let name = self.name();
        let state = self.deploy.seen.state();
        let open = state.and_then(|state| state.deploying_to(name, self.commit));
        let announced = open.map(|open| {
            let age = self.deploy.session.when().now.saturating_sub(open.at);
            Duration::from_secs(u64::try_from(age).unwrap_or(0))
        });
        let noted = self.deploy.notes().sent_ago(name, self.commit);
        noted
            .or(announced)
            .and_then(|age| Instant::now().checked_sub(age))
    }

    pub(super) fn answer(&self, now: &Now, since: Option<Instant>) -> Answer {
        match &now.running {
            // This answer may name a commit from before the deploy.
            _ if from_before(now, since) => Answer::Unreadable,
            Ok(Some(id)) if id == self.commit => Answer::New,
            Ok(_) => Answer::Other,
            // A page that contradicts its platform is served by an old instance, or the platform is not ready yet.
            Err(_) if now.page.is_some() => Answer::Other,
            Err(_) => Answer::Unreadable,
        }
    }

    /// Returns the commit's release that has failed since the plan was made.
    fn failed<'n>(&self, now: &'n Now) -> Option<&'n Release> {
        let since = newest(&self.target.observed).map_or(0, |before| match before.status {
            status if status.goes_on() => before.version,
            _ => before.version + 1,
        });
        let newest = now.newest.as_ref()?;
        let ours = newest.version >= since && newest.commit.as_ref() == Some(self.commit);
        (ours && newest.status == ReleaseStatus::Failed).then_some(newest)
    }
}

/// Returns whether a page's answer was in a cache since before the deploy.
pub(super) fn from_before(now: &Now, since: Option<Instant>) -> bool {
    since.is_some_and(|since| {
        now.cached
            .is_some_and(|cached| cached.is_older_than(since.elapsed()))
    })
}

/// Describes what an environment says that it runs.
pub(super) fn reported(now: &Now) -> String {
    let mut reports = match &now.running {
        Ok(Some(id)) => id.short().to_owned(),
        Ok(None) => "nothing".to_owned(),
        Err(refusal) => format!("no usable commit ({})", refusal.report.error),
    };
    if let Some(cached) = now.cached {
        reports = format!("{reports} in {cached}");
    }
    match &now.newest {
        Some(release) if release.status.goes_on() => {
            format!("{reports}; its release {} is in progress", release.called)
        }
        _ => reports,
    }
}
