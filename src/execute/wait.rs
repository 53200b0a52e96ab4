//! Waits until an environment itself reports what it was given; what stands in its way is said as soon as it is known.

use std::thread;
use std::time::{Duration, Instant};

use super::doubt::Doubt;
use super::pushed::again;
use super::{Execution, Happening, Watcher, Wish};
use crate::config::{Environment, Running};
use crate::doubts;
use crate::error::{Report, Stop};
use crate::finding::{newest, witness_hint};
use crate::git::remote;
use crate::model::{Branch, CommitId, Release, ReleaseStatus};
use crate::observe::{Now, app};
use crate::plan::Target;

/// How many answers in a row must name the new commit: old and new processes may answer side by side for a while.
const CONFIRMATIONS: u32 = 3;
/// The pause between such answers.
const CONFIRM_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause between two looks at an environment that is not there yet.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// How long it is waited for a deploy that the host says it does not make.
const HARDLY: Duration = Duration::from_secs(5);

/// What was done before the wait.
pub struct Begun {
    /// That it was pushed, or released.
    pub word: &'static str,
    /// What the host said against it.
    pub doubt: Option<Doubt>,
}

impl Execution<'_> {
    /// Waits until the environment itself reports the commit, several times in a row.
    pub(super) fn wait(
        &self,
        target: &Target<'_>,
        commit: &CommitId,
        begun: Option<&Begun>,
        watch: &mut Watcher<'_>,
    ) -> Result<(), Stop> {
        let name = target.environment.name.as_str();
        let doubt = begun.and_then(|begun| begun.doubt.as_ref());
        if begun.is_some_and(|begun| begun.doubt.is_none()) {
            doubts::forget(&self.look.repo.layout().common_dir, name);
        }
        if let (Some(doubt), Running::Ref) = (doubt, &target.environment.running) {
            // The next run must not take the branch for what runs either.
            doubts::keep(&self.look.repo.layout().common_dir, name, commit, doubt.words())
                .map_err(|stop| Stop::Incomplete(stop.report().cloned().unwrap_or_else(|| Report::new("not kept"))))?;
            return Err(self.not_confirmed(name, commit, doubt));
        }
        let hopeless = doubt.is_some_and(Doubt::is_the_end);
        let patience = if hopeless { self.timeout.min(HARDLY) } else { self.timeout };
        let began = Instant::now();
        let mut pause = Duration::from_millis(250);
        let mut agreed = 0;
        loop {
            let now = self.look.now(target.environment)?;
            if now.running.as_ref().is_ok_and(|id| id.as_ref() == Some(commit)) {
                agreed += 1;
                if agreed == self.look.confirmations_of(target.environment, CONFIRMATIONS) {
                    return Ok(());
                }
            } else {
                agreed = 0;
            }
            if let Some(failed) = failed(target, commit, &now) {
                return Err(self.release_failed(target, commit, failed, begun));
            }
            if agreed == 0 && began.elapsed() >= patience {
                return Err(self.never_reported(target.environment, commit, &now, begun, patience));
            }
            let reports = reported(&now);
            let happening = Happening::Waiting { environment: name, elapsed: began.elapsed(), reports: &reports };
            // Whoever wants to leave while the answers agree is told the good news in a moment.
            if watch(happening) == Wish::Leave && agreed == 0 {
                let report = Report::new(format!("left before {name} reported {}", commit.short()));
                return Err(Stop::Incomplete(
                    report.because(format!("it reports {reports}")).hint(again(&self.command.to(name))),
                ));
            }
            let left = patience.saturating_sub(began.elapsed());
            let next = if agreed > 0 { CONFIRM_PAUSE } else { pause };
            thread::sleep(next.min(left.max(Duration::from_millis(10))));
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
    }

    /// Nothing but the branch could tell, and the host says that the branch does not.
    fn not_confirmed(&self, name: &str, commit: &CommitId, doubt: &Doubt) -> Stop {
        let short = commit.short();
        let report = match doubt {
            Doubt::NotDeployed(_) => Report::new(format!("pushed, but not deployed: {name} put {short} aside")),
            Doubt::Failed(_) => Report::new(format!("pushed, but not live: the deploy of {short} on {name} failed")),
            Doubt::NotConfirmed(_) => {
                Report::new(format!("pushed, but not confirmed: whether {name} runs {short} is not known"))
            }
        };
        let report = report.because(format!("its host says: {}", doubt.words()));
        Stop::Incomplete(match self.hint_after(name, doubt) {
            Some(hint) => report.hint(hint),
            None => report.because("a branch does not tell what runs").hint(witness_hint(name)),
        })
    }

    /// What to do where nothing more is to come of a push.
    fn hint_after(&self, name: &str, doubt: &Doubt) -> Option<String> {
        match doubt {
            Doubt::NotDeployed(_) => Some(format!(
                "set environments.{name}.branch in smp.toml to the branch that deploys, then: git smp setup"
            )),
            // The branch has the commit, so the same push would do nothing.
            Doubt::Failed(_) if self.goes_back(name) => {
                Some("release it again on the platform, then: git smp status".to_owned())
            }
            Doubt::Failed(_) if self.candidate_is_open() => Some("mend it, then: git smp stage --fix".to_owned()),
            Doubt::Failed(_) => Some("mend it, then: git smp stage".to_owned()),
            Doubt::NotConfirmed(_) => None,
        }
    }

    fn release_failed(&self, target: &Target<'_>, commit: &CommitId, failed: &Release, begun: Option<&Begun>) -> Stop {
        let name = &target.environment.name;
        let (version, short) = (failed.version, commit.short());
        let word = begun.map_or("up to date", |begun| begun.word);
        let report = Report::new(format!("{word}, but not live: the release v{version} of {short} on {name} failed"))
            .because("its release phase came to a bad end, so what ran before runs on");
        let output = app(target.environment).map(|app| format!("heroku releases:output v{version} -a {app}; "));
        let hint = format!("see why: {}then mend it, or {}", output.unwrap_or_default(), again(&self.command.to(name)));
        Stop::Incomplete(report.hint(hint))
    }

    fn never_reported(
        &self,
        environment: &Environment,
        commit: &CommitId,
        now: &Now,
        begun: Option<&Begun>,
        patience: Duration,
    ) -> Stop {
        let name = &environment.name;
        let seconds = patience.as_secs();
        let branch = remote::branch(self.look.repo, &environment.remote, &environment.branch, false);
        let at = branch.as_ref().ok().and_then(Branch::commit);
        let doubt = begun.and_then(|begun| begun.doubt.as_ref());
        let report = match begun {
            Some(Begun { doubt: Some(Doubt::NotDeployed(_)), .. }) => {
                Report::new(format!("pushed, but not deployed: {name} does not report {}", commit.short()))
            }
            Some(Begun { word, .. }) => Report::new(format!(
                "{word}, but not live: {name} does not report {} after {seconds} s",
                commit.short()
            )),
            None => {
                let what = format!("up to date, but not running: {name} does not report {}", commit.short());
                Report::new(format!("{what} after {seconds} s"))
            }
        };
        let said = doubt.map(|doubt| format!("its host says: {}", doubt.words()));
        let report = said.into_iter().fold(report, Report::because).because(format!("it reports {}", reported(now)));
        let report = match at {
            Some(id) if id == commit => report.because(format!("its branch is at {}", commit.short())),
            Some(id) if begun.is_some_and(|begun| begun.word == "released") => {
                report.because(format!("its branch is at {}, which a release leaves as it is", id.short()))
            }
            Some(id) => report.because(format!("its branch was moved to {} meanwhile, by somebody else", id.short())),
            None => report.because("its branch cannot be read now"),
        };
        if let Some(hint) = doubt.and_then(|doubt| self.hint_after(name, doubt)) {
            return Stop::Incomplete(report.hint(hint));
        }
        // What the platform itself says of its release stands above.
        let report = if at == Some(commit) && begun.is_none() && now.newest.is_none() {
            report
                .because("a push changes nothing there; the last release failed, was rolled back, or is still going on")
        } else {
            report.because("the release may still be going on, or may have failed: the platform's log tells")
        };
        Stop::Incomplete(report.hint(again(&self.command.to(name))))
    }
}

/// The release of the commit that came to a bad end since the plan was made.
fn failed<'n>(target: &Target<'_>, commit: &CommitId, now: &'n Now) -> Option<&'n Release> {
    let before = newest(&target.observed).filter(|release| release.status != ReleaseStatus::Pending);
    let pending = newest(&target.observed).filter(|release| release.status == ReleaseStatus::Pending);
    let since = before.map(|release| release.version + 1).or(pending.map(|release| release.version)).unwrap_or(0);
    let newest = now.newest.as_ref()?;
    let ours = newest.version >= since && newest.commit.as_ref() == Some(commit);
    (ours && newest.status == ReleaseStatus::Failed).then_some(newest)
}

fn reported(now: &Now) -> String {
    let reports = match &now.running {
        Ok(Some(id)) => id.short().to_owned(),
        Ok(None) => "nothing".to_owned(),
        Err(refusal) => format!("nothing usable ({})", refusal.report.error),
    };
    match &now.newest {
        Some(release) if release.status == ReleaseStatus::Pending => {
            format!("{reports}; its release v{} is going on", release.version)
        }
        _ => reports,
    }
}
