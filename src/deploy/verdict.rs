//! What became of a push: read from the branch and, where that says nothing or says no, from whoever reports what runs.

use std::thread;
use std::time::{Duration, Instant};

use crate::core::config::{Environment, Running};
use crate::core::decide::Target;
use crate::core::refusal::{Refusal, Stop};
use crate::core::words::Control;
use crate::core::words::{CommitId, Relation};
use crate::deploy::pushed::{Ending, Pushed};
use crate::deploy::{Execution, Progress, Watcher};
use crate::git::fetch::{Wanted, fetch};
use crate::git::push::{Ended, Push};
use crate::git::remote;
use crate::sources::platform;

/// The pause between two looks at a branch that can be read.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest pause between two looks at a branch that cannot be read: hosts that limit connections shut out those who
/// come back too soon.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// So long a copy that a host answers from may lag behind what it took.
const LAGS: Duration = Duration::from_secs(15);

/// What became of a push.
pub enum Verdict {
    /// Its commit is there.
    Arrived,
    /// The push was not taken, or its branch did not move, and yet the environment runs its commit.
    RunsAllTheSame(Stop),
    /// Its commit is not there, or nobody can tell.
    Not(Stop),
}

impl Execution<'_> {
    /// Reads the branch after a push and says what happened. A look that fails is repeated within the timeout; meanwhile
    /// the environment's own word counts, where it has one.
    pub(super) fn verdict(
        &self,
        target: &Target<'_>,
        push: &Push,
        ending: Ending<'_>,
        watch: &mut Watcher<'_>,
    ) -> Verdict {
        let (ended, environment) = (ending.ended, target.environment);
        let name = environment.name.as_str();
        let (command, mended) = (self.command.to(name), self.mended(name));
        let pushed = Pushed {
            name,
            repo: self.look.repo,
            push,
            ended,
            ending,
            command: &command,
            mended: &mended,
        };
        if ended == Ended::Left {
            return Verdict::Not(pushed.left());
        }
        let (begun, mut pause) = (Instant::now(), PAUSE);
        loop {
            let now = remote::branch(self.look.repo, &push.remote, &push.branch, false);
            let is_late = begun.elapsed() >= self.timeout;
            let reports = match &now {
                Ok(branch) if branch.commit() == Some(&push.commit) => return Verdict::Arrived,
                Ok(branch) => {
                    let at = branch.commit();
                    if begun.elapsed() >= self.patience(push, ended, at) {
                        return self.not_ours(target, &pushed, at, watch);
                    }
                    pause = PAUSE;
                    match ended {
                        Ended::Unclear => self.building(environment),
                        _ => {
                            format!(
                                "nothing new; its branch still reads as {}",
                                at.map_or("nothing", CommitId::short)
                            )
                        }
                    }
                }
                Err(refusal) if matches!(ended, Ended::NothingSent | Ended::Refused(_)) => {
                    return Verdict::Not(pushed.unreadable(refusal));
                }
                Err(refusal) => {
                    if self.runs_now(environment, &push.commit) == Ok(true) {
                        return self.seen_to_run(target, &pushed, refusal, watch);
                    }
                    // A password that is asked for does not come by waiting.
                    if is_late || remote::wants_credentials(refusal) {
                        return Verdict::Not(pushed.unreadable(refusal));
                    }
                    format!(
                        "nothing; its branch cannot be read: {}",
                        refusal.report.error
                    )
                }
            };
            let left = self.timeout.saturating_sub(begun.elapsed());
            let mut wish = |elapsed| {
                watch(Progress::Waiting {
                    environment: name,
                    elapsed,
                    reports: &reports,
                })
            };
            if waits(pause.min(left), begun, &mut wish) == Control::Leave {
                return Verdict::Not(pushed.left());
            }
            if now.is_err() {
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    /// For how long a branch is looked at that does not have what was pushed. Where the connection broke the host may
    /// still build; where git says that the branch moved, what is read now may be the answer of a copy that lags behind.
    fn patience(&self, push: &Push, ended: Ended, at: Option<&CommitId>) -> Duration {
        let is_unmoved = at == push.expected.as_ref();
        let is_older = || {
            let Some(at) = at else { return true };
            // One that this clone does not know is newer.
            let is_before = |new: &CommitId| self.look.repo.is_ancestor(at, new).unwrap_or(false);
            is_unmoved || is_before(&push.commit) || push.expected.as_ref().is_some_and(is_before)
        };
        match ended {
            Ended::Unclear if is_unmoved => self.timeout,
            Ended::Accepted | Ended::Unclear if is_older() => LAGS.min(self.timeout),
            Ended::Stale if is_unmoved => LAGS.min(self.timeout),
            _ => Duration::ZERO,
        }
    }

    /// The branch is at something else than what was pushed. A host's no, and a branch that stayed where it was, are
    /// compared once with what runs there. What contains what was pushed is no loss of it.
    fn not_ours(
        &self,
        target: &Target<'_>,
        pushed: &Pushed<'_>,
        at: Option<&CommitId>,
        watch: &mut Watcher<'_>,
    ) -> Verdict {
        if let Some(tip) = at.filter(|tip| self.is_on_top(pushed, tip)) {
            return match target.environment.running {
                Running::Ref => Verdict::Not(pushed.added_to(tip)),
                Running::Page(_) | Running::Platform { .. } => {
                    watch(Progress::Warned(&pushed.is_contained(tip)));
                    Verdict::Arrived
                }
            };
        }
        let is_unmoved = at == pushed.push.expected.as_ref();
        let asks = match pushed.ended {
            Ended::Declined | Ended::Stale | Ended::Refused(_) => true,
            Ended::Accepted | Ended::UpToDate | Ended::Unclear => is_unmoved,
            Ended::NothingSent | Ended::Left => false,
        };
        let runs = if asks {
            self.runs_now(target.environment, &pushed.push.commit)
        } else {
            Ok(false)
        };
        match runs {
            Ok(true) => {
                Verdict::RunsAllTheSame(pushed.runs_all_the_same(Ok(at), self.way_back(target)))
            }
            Ok(false) => Verdict::Not(pushed.not_ours(at)),
            Err(refusal) => {
                let (short, why) = (pushed.push.commit.short(), &refusal.report.error);
                let cause = format!("whether it runs {short} all the same is not known: {why}");
                Verdict::Not(with_cause(pushed.not_ours(at), cause))
            }
        }
    }

    /// Whether the branch has what was pushed, and more on top of it. What was pushed to go back is in all that came after.
    fn is_on_top(&self, pushed: &Pushed<'_>, tip: &CommitId) -> bool {
        let (repo, push) = (self.look.repo, pushed.push);
        let may_be_taken = matches!(pushed.ended, Ended::Accepted | Ended::Unclear);
        if !may_be_taken || push.expected.as_ref() == Some(tip) || self.goes_back(pushed.name) {
            return false;
        }
        let is_here = repo.has_commit(tip).unwrap_or(false)
            || fetch(repo, &push.remote, &Wanted::Commit(tip.clone())).is_ok();
        is_here && repo.is_ancestor(&push.commit, tip).unwrap_or(false)
    }

    /// The branch cannot be read, and the environment says that it runs the commit.
    fn seen_to_run(
        &self,
        target: &Target<'_>,
        pushed: &Pushed<'_>,
        refusal: &Refusal,
        watch: &mut Watcher<'_>,
    ) -> Verdict {
        if matches!(
            pushed.ended,
            Ended::Declined | Ended::Stale | Ended::Refused(_)
        ) {
            return Verdict::RunsAllTheSame(
                pushed.runs_all_the_same(Err(refusal), self.way_back(target)),
            );
        }
        let (name, error) = (pushed.name, &refusal.report.error);
        watch(Progress::Warned(&format!(
            "the branch of {name} cannot be read now, so what it reports decides: {error}"
        )));
        Verdict::Arrived
    }

    /// Whether the environment itself, and not its branch, says that it runs the commit.
    ///
    /// # Errors
    /// Why it does not say what it runs.
    fn runs_now(&self, environment: &Environment, commit: &CommitId) -> Result<bool, Refusal> {
        if matches!(environment.running, Running::Ref) {
            return Ok(false);
        }
        let Ok(now) = self.look.now(environment) else {
            return Ok(false);
        };
        Ok(now.running?.as_ref() == Some(commit))
    }

    /// The command that takes back what a promotion brought.
    fn way_back(&self, target: &Target<'_>) -> Option<String> {
        let name = &target.environment.name;
        target
            .environment
            .promotes
            .as_ref()
            .filter(|_| !self.goes_back(name))?;
        let before = target
            .observed
            .runs()
            .or_else(|| target.observed.reference())?;
        Some(format!("git smp rollback {name} --to {}", before.short()))
    }

    /// How a build goes that can no more be watched.
    fn building(&self, environment: &Environment) -> String {
        let asked = || {
            platform::of(self.look.repo, environment)?
                .ok()?
                .newest_build()
        };
        match asked() {
            Some(word) => {
                format!("nothing; the connection broke, and the newest build there is {word}")
            }
            None => "nothing; the connection broke, and the host may still be building".to_owned(),
        }
    }

    /// What to do about a failed build: while a candidate is open nothing but a fix of it may be staged.
    fn mended(&self, name: &str) -> String {
        if self.goes_back(name) {
            return format!("mend it, then: {}", self.command.to(name));
        }
        if !self.candidate_is_open() {
            return "mend it, then deploy that: git smp stage".to_owned();
        }
        format!(
            "mend it, then: {}; if the code is to blame: git smp stage --fix",
            self.command.to(name)
        )
    }

    /// Whether a candidate is on its way, so that nothing but a fix of it may be staged.
    pub(super) fn candidate_is_open(&self) -> bool {
        self.recorder
            .as_ref()
            .is_some_and(|recorder| recorder.recorded.state.candidate.is_some())
    }

    /// Whether what is deployed lies behind what runs.
    pub(super) fn goes_back(&self, name: &str) -> bool {
        let changes = self
            .target(name)
            .ok()
            .and_then(|target| target.changes.as_ref());
        changes.is_some_and(|changes| changes.relation == Relation::Behind)
    }
}

/// The same end with one more cause.
pub(super) fn with_cause(stop: Stop, cause: String) -> Stop {
    match stop {
        Stop::Failed(report) => Stop::Failed(report.because(cause)),
        Stop::Incomplete(report) => Stop::Incomplete(report.because(cause)),
        Stop::Refused(Refusal { code, report }) => report.because(cause).refused(code).into(),
        other => other,
    }
}

/// Waits for so long, unless somebody wants to leave.
fn waits(pause: Duration, begun: Instant, wish: &mut dyn FnMut(Duration) -> Control) -> Control {
    let until = Instant::now() + pause;
    loop {
        if wish(begun.elapsed()) == Control::Leave {
            return Control::Leave;
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Control::GoOn;
        }
        thread::sleep(left.min(PAUSE));
    }
}
