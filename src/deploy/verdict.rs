//! The result of a push, read from the branch. If the branch cannot tell or says no, the environment is asked.

use std::thread;
use std::time::{Duration, Instant};

use crate::core::refusal::{Refusal, Stop};
use crate::core::words::{Branch, CommitId, Control};
use crate::deploy::pushed::Pushed;
use crate::deploy::screen::Progress;
use crate::git::fetch::{FetchTarget, fetch};
use crate::git::push::Ended;
use crate::git::remote;
use crate::sources::{Now, platform};

/// The pause between two reads of a branch that can be read.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest pause while a branch cannot be read: hosts lock out clients that return too soon.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long a replica that answers for a host may lag behind what the host took.
const LAGS: Duration = Duration::from_secs(15);

pub enum Outcome {
    /// The commit is on the branch. The environment's own answer, if it was asked at the same time.
    Arrived(Option<Box<Now>>),
    /// The push was rejected, or the branch did not move, and yet the environment runs the commit.
    RunsAllTheSame(Stop),
    /// The commit is not on the branch, or that is unknown.
    Not(Stop),
}

impl Pushed<'_> {
    /// Reads the branch after a push and returns what happened. Repeats a failed read until the timeout. Meanwhile the
    /// environment's own answer counts, if it has one.
    pub(super) fn verdict(&self) -> Outcome {
        if self.ended == Ended::Left {
            return Outcome::Not(self.left());
        }
        let (repo, push) = (self.deploy.look.repo, self.push);
        let (begun, timeout, mut pause) = (Instant::now(), self.deploy.timeout(), PAUSE);
        let (mut now, mut said) = self.branch_and_page();
        loop {
            let reports = match self.judged(&now, begun.elapsed()) {
                Ok(Outcome::Arrived(_)) => return Outcome::Arrived(said.map(Box::new)),
                Ok(verdict) => return verdict,
                Err(reports) => reports,
            };
            if now.is_ok() {
                pause = PAUSE;
            }
            let left = timeout.saturating_sub(begun.elapsed());
            if self.waits(pause.min(left), begun, &reports) == Control::Leave {
                return Outcome::Not(self.left());
            }
            if now.is_err() {
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            (now, said) = (
                remote::branch(repo, &push.remote, &push.branch, false),
                None,
            );
        }
    }

    /// Reads the branch and, if the push was accepted, the environment's own answer, in parallel.
    fn branch_and_page(&self) -> (Result<Branch, Refusal>, Option<Now>) {
        let (look, push, environment) = (self.deploy.look, self.push, self.target.environment);
        let asks = self.ended == Ended::Accepted && !environment.running.is_ref();
        thread::scope(|scope| {
            let said = asks.then(|| scope.spawn(move || look.now(environment)));
            // The push listed all refs as well, so this read may do so once. Repeated reads ask for less.
            let read = match environment.is_branch {
                true => remote::branch,
                false => remote::branch_in_full_list,
            };
            let now = read(look.repo, &push.remote, &push.branch, false);
            // A cached answer is only as old as it is now, so it is asked again later.
            let said = said.and_then(|said| said.join().ok()?.ok());
            (now, said.filter(|said| said.cached.is_none()))
        })
    }

    /// Returns what a read of the branch means after this time. The error says what to wait for.
    fn judged(&self, now: &Result<Branch, Refusal>, elapsed: Duration) -> Result<Outcome, String> {
        match now {
            Ok(branch) if branch.commit() == Some(&self.push.commit) => Ok(Outcome::Arrived(None)),
            Ok(branch) if elapsed >= self.patience(branch.commit()) => {
                Ok(self.elsewhere(branch.commit()))
            }
            Ok(_) if self.ended == Ended::Unclear => Err(self.building()),
            Ok(branch) => {
                let still = branch
                    .commit()
                    .map(|at| format!("is still at {}", at.short()));
                let still = still.unwrap_or_else(|| "does not exist yet".to_owned());
                Err(format!("nothing new; its branch {still}"))
            }
            Err(refusal) => {
                let is_over = matches!(self.ended, Ended::NothingSent | Ended::Refused(_));
                if !is_over && self.runs_now() == Ok(true) {
                    return Ok(self.seen_to_run(refusal));
                }
                // Waiting does not bring the password that the remote asks for.
                let is_late = elapsed >= self.deploy.timeout();
                if is_over || is_late || remote::wants_credentials(refusal) {
                    return Ok(Outcome::Not(self.unreadable(refusal)));
                }
                let why = &refusal.report.error;
                Err(format!("nothing; its branch cannot be read: {why}"))
            }
        }
    }

    /// Returns how long to watch a branch without the pushed commit. If the connection broke, the host may still build.
    /// If git says that the branch has moved, this answer may come from a replica that lags behind.
    fn patience(&self, at: Option<&CommitId>) -> Duration {
        let (repo, push, timeout) = (self.deploy.look.repo, self.push, self.deploy.timeout());
        let is_unmoved = at == push.expected.as_ref();
        // A commit that this clone does not know counts as newer.
        let is_before = |at, new: &CommitId| repo.is_ancestor(at, new).unwrap_or(false);
        let is_older = || {
            let Some(at) = at else { return true };
            let expected = push.expected.as_ref();
            is_unmoved
                || is_before(at, &push.commit)
                || expected.is_some_and(|new| is_before(at, new))
        };
        match self.ended {
            Ended::Unclear if is_unmoved => timeout,
            Ended::Accepted | Ended::Unclear if is_older() => LAGS.min(timeout),
            Ended::Stale if is_unmoved => LAGS.min(timeout),
            _ => Duration::ZERO,
        }
    }

    /// Judges a branch that points to something else. If the host declined, or the branch did not move, the environment
    /// is asked once what it runs. A descendant of the pushed commit does not lose it.
    fn elsewhere(&self, at: Option<&CommitId>) -> Outcome {
        if let Some(tip) = at.filter(|tip| self.is_on_top(tip)) {
            if self.target.environment.running.is_ref() {
                return Outcome::Not(self.added_to(tip));
            }
            self.deploy.watch(Progress::Warned(self.is_contained(tip)));
            return Outcome::Arrived(None);
        }
        let asks = match self.ended {
            Ended::Declined | Ended::Stale | Ended::Refused(_) => true,
            Ended::Accepted | Ended::UpToDate | Ended::Unclear => at == self.push.expected.as_ref(),
            Ended::NothingSent | Ended::Left => false,
        };
        match if asks { self.runs_now() } else { Ok(false) } {
            Ok(true) => Outcome::RunsAllTheSame(self.runs_all_the_same(Ok(at))),
            Ok(false) => Outcome::Not(self.not_ours(at)),
            Err(refusal) => {
                let (short, why) = (self.push.commit.short(), &refusal.report.error);
                let cause = format!(
                    "it is unknown whether {} runs {short} anyway: {why}",
                    self.name()
                );
                Outcome::Not(self.not_ours(at).retold(|report| report.because(cause)))
            }
        }
    }

    /// Returns whether the branch contains the pushed commit and more. For a push back, this proves nothing.
    fn is_on_top(&self, tip: &CommitId) -> bool {
        let (repo, push) = (self.deploy.look.repo, self.push);
        let may_be_taken = matches!(self.ended, Ended::Accepted | Ended::Unclear);
        let goes_back = self.deploy.goes_back(self.target);
        if !may_be_taken || push.expected.as_ref() == Some(tip) || goes_back {
            return false;
        }
        let is_here = repo.has_commit(tip).unwrap_or(false)
            || fetch(repo, &push.remote, &FetchTarget::Commit(tip.clone())).is_ok();
        is_here && repo.is_ancestor(&push.commit, tip).unwrap_or(false)
    }

    /// Returns the result if the branch cannot be read, but the environment says that it runs the commit.
    fn seen_to_run(&self, refusal: &Refusal) -> Outcome {
        if matches!(self.ended, Ended::Declined | Ended::Stale) {
            return Outcome::RunsAllTheSame(self.runs_all_the_same(Err(refusal)));
        }
        let (name, error) = (self.name(), &refusal.report.error);
        self.deploy.watch(Progress::Warned(format!(
            "the branch of {name} cannot be read now, so only what {name} reports counts: {error}"
        )));
        Outcome::Arrived(None)
    }

    /// Returns whether the environment itself, not its branch, says that it runs the commit.
    fn runs_now(&self) -> Result<bool, Refusal> {
        let environment = self.target.environment;
        if environment.running.is_ref() {
            return Ok(false);
        }
        let Ok(now) = self.deploy.look.now(environment) else {
            return Ok(false);
        };
        Ok(now.running?.as_ref() == Some(&self.push.commit))
    }

    /// Describes a build that can no longer be watched.
    fn building(&self) -> String {
        let repo = self.deploy.look.repo;
        let platform = platform::of(repo, self.target.environment, false);
        let build = platform.and_then(|platform| platform.ok()?.newest_build());
        let tells = build.map(|word| format!("its newest build is {word}"));
        let tells = tells.unwrap_or_else(|| "the host may still be building".to_owned());
        format!("nothing; the connection broke, and {tells}")
    }

    /// Waits for this pause, unless the person wants to leave.
    fn waits(&self, pause: Duration, begun: Instant, reports: &str) -> Control {
        let until = Instant::now() + pause;
        loop {
            let waiting = Progress::Waiting(self.name(), begun.elapsed(), reports);
            if self.deploy.watch(waiting) == Control::Leave {
                return Control::Leave;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Control::GoOn;
            }
            thread::sleep(left.min(PAUSE));
        }
    }
}
