//! Waits until an environment itself reports what it was given; what stands in its way is said as soon as it is known.

use std::thread;
use std::time::{Duration, Instant};

use crate::core::config::Running;
use crate::core::decide::Target;
use crate::core::decide::finding::{FORGET, newest, witness_hint};
use crate::core::refusal::{Report, Stop};
use crate::core::words::Control;
use crate::core::words::{Branch, CommitId, Release, ReleaseStatus};
use crate::deploy::doubt::Doubt;
use crate::deploy::pushed::again;
use crate::deploy::span::{Agreement, Answer};
use crate::deploy::unreported::{is_unknown, not_everywhere, nowhere, reported, unknown};
use crate::deploy::verdict::with_cause;
use crate::deploy::{Execution, Progress, Watcher};
use crate::git::remote;
use crate::sources::Now;

/// The longest pause between two looks at an environment that is not there yet.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// How long it is waited for a deploy that the host says it does not make.
const HARDLY: Duration = Duration::from_secs(5);

/// What was done before the wait.
pub struct Begun {
    /// That it was pushed, or released.
    pub word: &'static str,
    /// When it began.
    pub since: Instant,
    /// What the host said against it.
    pub doubt: Option<Doubt>,
    /// Whether the host took it without a word.
    pub is_silent: bool,
}

impl Execution<'_> {
    /// Waits until the environment itself reports the commit, and has done so in every answer for its span.
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
            self.notes().forget_doubt(name);
        }
        if let (Some(doubt), Running::Ref) = (doubt, &target.environment.running) {
            // The next run must not take the branch for what runs either.
            let kept = self.notes().keep_doubt(name, commit, doubt.words());
            // Nor must a colleague's.
            let told = self.recorder.as_ref().map_or(Ok(()), |recorder| {
                recorder.doubted(name, commit, doubt.words())
            });
            let stop = self.not_confirmed(name, commit, doubt);
            return Err(match kept.and(told) {
                Ok(()) => stop,
                Err(trouble) => with_cause(
                    stop,
                    format!("the next run may not know of that: {trouble}"),
                ),
            });
        }
        if begun.is_some_and(|begun| begun.is_silent)
            && matches!(target.environment.running, Running::Ref)
        {
            watch(Progress::Warned(&format!(
                "the host of {name} took the push without a word, and only its branch says that it runs {}: a hook that \
                 does not run looks the same",
                commit.short()
            )));
        }
        let hopeless = doubt.is_some_and(Doubt::is_the_end);
        let patience = if hopeless {
            self.timeout.min(HARDLY)
        } else {
            self.timeout
        };
        let (began, mut pause) = (Instant::now(), Duration::from_millis(250));
        let span = Duration::from_secs(u64::from(target.environment.confirm_seconds));
        let mut agreement = Agreement::over(span);
        let since = self.since(name, commit, begun);
        loop {
            let now = self.look.now(target.environment)?;
            if agreement.take(answer(&now, commit, since), began.elapsed()) {
                self.notes().confirmed(name, commit);
                return Ok(());
            }
            if let Some(failed) = failed(target, commit, &now) {
                return Err(self.release_failed(target, commit, failed, begun));
            }
            let left = agreement.left(began.elapsed());
            if left.is_none() && began.elapsed() >= patience {
                return Err(self.never_reported(target, commit, &now, begun, &agreement, patience));
            }
            let reports = reported(&now);
            let wish = match left {
                Some(left) => watch(Progress::Confirming(name, commit, left)),
                None => watch(Progress::Waiting {
                    environment: name,
                    elapsed: began.elapsed(),
                    reports: &reports,
                }),
            };
            if wish == Control::Leave {
                return Err(self.left(
                    name,
                    commit,
                    left.map(|left| (span - left, span)),
                    &reports,
                ));
            }
            let next = agreement.pause().unwrap_or(pause);
            let patience = if left.is_some() {
                next
            } else {
                patience.saturating_sub(began.elapsed())
            };
            thread::sleep(next.min(patience.max(Duration::from_millis(10))));
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
    }

    /// When the deploy of the commit began that is waited for: by this run, by an earlier one of this clone, or by whoever
    /// announced it.
    fn since(&self, name: &str, commit: &CommitId, begun: Option<&Begun>) -> Option<Instant> {
        let announced = || {
            let recorded = &self.recorder.as_ref()?.recorded;
            let open = recorded
                .open()
                .filter(|open| open.environment == name && open.to == *commit)?;
            Some(Duration::from_secs(
                u64::try_from(recorded.now.saturating_sub(open.at)).unwrap_or(0),
            ))
        };
        let noted = || self.notes().sent_ago(name, commit);
        let ago = |age: Duration| Instant::now().checked_sub(age);
        begun
            .map(|begun| begun.since)
            .or_else(|| noted().or_else(announced).and_then(ago))
    }

    /// Somebody left before it was certain. `seen`: for how long it has reported the commit, and for how long it must.
    fn left(
        &self,
        name: &str,
        commit: &CommitId,
        seen: Option<(Duration, Duration)>,
        reports: &str,
    ) -> Stop {
        let short = commit.short();
        let report = match seen {
            Some((seen, span)) => Report::new(format!(
                "left before it was confirmed that {name} runs {short}"
            ))
            .because(format!(
                "it has reported {short} for {} s of {} s",
                seen.as_secs(),
                span.as_secs()
            ))
            .because("old instances may still answer in turn with new ones"),
            None => Report::new(format!("left before {name} reported {short}"))
                .because(format!("it reports {reports}")),
        };
        Stop::Incomplete(report.hint(again(&self.command.to(name))))
    }

    /// Nothing but the branch could tell, and the host says that the branch does not.
    fn not_confirmed(&self, name: &str, commit: &CommitId, doubt: &Doubt) -> Stop {
        let short = commit.short();
        let report = match doubt {
            Doubt::NotDeployed(_) => Report::new(format!(
                "pushed, but not deployed: {name} put {short} aside"
            )),
            Doubt::Failed(_) => Report::new(format!(
                "pushed, but not live: the deploy of {short} on {name} failed"
            )),
            Doubt::Hook(_) => Report::new(format!(
                "pushed, but not deployed: a hook on the host of {name} did not run, or not to its end"
            )),
            Doubt::NotConfirmed(_) => Report::new(format!(
                "pushed, but not confirmed: whether {name} runs {short} is not known"
            )),
        };
        let report = report.because(format!("its host says: {}", doubt.words()));
        Stop::Incomplete(match self.hint_after(name, doubt) {
            Some(hint) => report.hint(hint),
            None => report
                .because("a branch does not tell what runs")
                .hint(witness_hint(name)),
        })
    }

    /// What to do where nothing more is to come of a push.
    fn hint_after(&self, name: &str, doubt: &Doubt) -> Option<String> {
        match doubt {
            Doubt::NotDeployed(_) => Some(format!(
                "set environments.{name}.branch in smp.toml to the branch that deploys, then: git smp setup"
            )),
            Doubt::Hook(_) => Some(
                "make the hook run on its host, deploy there by hand, then: git smp status"
                    .to_owned(),
            ),
            // The branch has the commit, so the same push would do nothing.
            Doubt::Failed(_) if self.goes_back(name) => {
                Some("release it again on the platform, then: git smp status".to_owned())
            }
            Doubt::Failed(_) if self.candidate_is_open() => {
                Some("mend it, then: git smp stage --fix".to_owned())
            }
            Doubt::Failed(_) => Some("mend it, then: git smp stage".to_owned()),
            Doubt::NotConfirmed(_) => None,
        }
    }

    fn release_failed(
        &self,
        target: &Target<'_>,
        commit: &CommitId,
        failed: &Release,
        begun: Option<&Begun>,
    ) -> Stop {
        let name = &target.environment.name;
        let (version, short) = (failed.version, commit.short());
        let word = begun.map_or("up to date", |begun| begun.word);
        let report = Report::new(format!(
            "{word}, but not live: the release v{version} of {short} on {name} failed"
        ))
        .because("its release phase came to a bad end, so what ran before runs on");
        let hint = format!(
            "see why: {}; then mend it, or {}",
            failed.output,
            again(&self.command.to(name))
        );
        Stop::Incomplete(report.hint(hint))
    }

    /// Where its branch is by now, in words.
    fn branch_now(
        &self,
        target: &Target<'_>,
        commit: &CommitId,
        begun: Option<&Begun>,
        at: Option<&CommitId>,
    ) -> String {
        match at {
            Some(id) if id == commit => format!("its branch is at {}", commit.short()),
            Some(id) if begun.is_some_and(|begun| begun.word == "released") => {
                format!(
                    "its branch is at {}, which a release leaves as it is",
                    id.short()
                )
            }
            Some(id) if begun.is_none() && target.observed.reference() == Some(id) => {
                format!("its branch is still at {}", id.short())
            }
            Some(id) if self.look.repo.is_ancestor(commit, id).unwrap_or(false) => {
                let (tip, short) = (id.short(), commit.short());
                format!(
                    "its branch was moved to {tip} meanwhile, by its host or by somebody else; that contains {short}"
                )
            }
            Some(id) => format!(
                "its branch was moved to {} meanwhile, by somebody else",
                id.short()
            ),
            None => "its branch cannot be read now".to_owned(),
        }
    }

    fn never_reported(
        &self,
        target: &Target<'_>,
        commit: &CommitId,
        now: &Now,
        begun: Option<&Begun>,
        agreement: &Agreement,
        patience: Duration,
    ) -> Stop {
        let environment = target.environment;
        let name = &environment.name;
        let doubt = begun.and_then(|begun| begun.doubt.as_ref());
        let in_turn = agreement.in_turn();
        let report = match in_turn {
            Some(in_turn) => not_everywhere(environment, commit, begun, in_turn),
            None if is_unknown(now) => unknown(environment, commit, begun),
            None => nowhere(environment, commit, begun, patience),
        };
        let said = doubt.map(|doubt| format!("its host says: {}", doubt.words()));
        let report = said
            .into_iter()
            .fold(report, Report::because)
            .because(format!("it reports {}", reported(now)));
        let branch = remote::branch(
            self.look.repo,
            &environment.remote,
            &environment.branch,
            false,
        );
        let at = branch.as_ref().ok().and_then(Branch::commit);
        let report = report.because(self.branch_now(target, commit, begun, at));
        if let Some(hint) = doubt.and_then(|doubt| self.hint_after(name, doubt)) {
            return Stop::Incomplete(report.hint(hint));
        }
        if now.cached.is_some() {
            let why = if from_before(now, self.since(name, commit, begun)) {
                "that answer is older than this deploy"
            } else {
                "a cache answers in its place, so what it runs now is not seen"
            };
            return Stop::Incomplete(
                report
                    .because(why)
                    .hint(format!("{FORGET}: {}", self.command.to(name))),
            );
        }
        if is_unknown(now) {
            let hint = format!("when it answers again: {}", self.command.to(name));
            return Stop::Incomplete(report.hint(hint));
        }
        // What the platform itself says of its release stands above.
        let report = report.because(if in_turn.is_some() {
            "the release may still be going on, or an instance was left behind: the platform's log tells"
        } else if at == Some(commit) && begun.is_none() && now.newest.is_none() {
            "a push changes nothing there; the last release failed, was rolled back, or is still going on"
        } else {
            "the release may still be going on, or may have failed: the platform's log tells"
        });
        Stop::Incomplete(report.hint(again(&self.command.to(name))))
    }
}

/// What an answer says of the commit.
fn answer(now: &Now, commit: &CommitId, since: Option<Instant>) -> Answer {
    match &now.running {
        // It may name a commit that ran there once.
        _ if from_before(now, since) => Answer::Unreadable,
        Ok(Some(id)) if id == commit => Answer::New,
        Ok(_) => Answer::Other,
        // A page that does not agree with its platform is that of an old instance, or of a platform that is not there yet.
        Err(_) if now.page.is_some() => Answer::Other,
        Err(_) => Answer::Unreadable,
    }
}

/// The release of the commit that came to a bad end since the plan was made.
fn failed<'n>(target: &Target<'_>, commit: &CommitId, now: &'n Now) -> Option<&'n Release> {
    let before =
        newest(&target.observed).filter(|release| release.status != ReleaseStatus::Pending);
    let pending =
        newest(&target.observed).filter(|release| release.status == ReleaseStatus::Pending);
    let since = before
        .map(|release| release.version + 1)
        .or(pending.map(|release| release.version))
        .unwrap_or(0);
    let newest = now.newest.as_ref()?;
    let ours = newest.version >= since && newest.commit.as_ref() == Some(commit);
    (ours && newest.status == ReleaseStatus::Failed).then_some(newest)
}

/// Whether what a page says was kept by a cache since before the deploy.
fn from_before(now: &Now, since: Option<Instant>) -> bool {
    since.is_some_and(|since| {
        now.cached
            .is_some_and(|cached| cached.is_older_than(since.elapsed()))
    })
}
