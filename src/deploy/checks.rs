//! Asks the pages that must answer well after a deploy, in parallel, before anybody is told of the deploy.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::core::config::PageCheck;
use crate::core::decide::Target;
use crate::core::decide::streak::{PAUSE, Streak, Streaked};
use crate::core::record::{CheckFailed, Kind, Telling, What};
use crate::core::refusal::{Report, Stop, Unhealthy};
use crate::core::typed::Typed;
use crate::core::words::{CommitId, Control};
use crate::deploy::Deploy;
use crate::deploy::pushed::AGAIN;
use crate::deploy::recorder::moved;
use crate::deploy::screen::Progress;
use crate::sources::Look;
use crate::team::channel::TECHNICAL;
use crate::team::posting;

/// The pause between two checks whether the person wants to leave.
const TICK: Duration = Duration::from_millis(100);

impl Deploy<'_> {
    /// Asks every page of an environment that runs the commit, until each has passed or failed.
    ///
    /// # Errors
    /// [`Stop::Unhealthy`] if one failed. Then the failure is recorded, and nobody is told of the deploy. After a
    /// rollback it is only a warning: an older commit may not have the page, and nothing must delay a rollback.
    pub(super) fn check(&self, name: &str, commit: &CommitId) -> Result<(), Stop> {
        let target = self.target(name)?;
        let checks = target.environment.check.as_slice();
        if checks.is_empty() {
            return Ok(());
        }
        let Some(failed) = self.failures(name, checks) else {
            let report = Report::new(format!("interrupted before the checks of {name} passed"));
            let report = report.because(format!("it runs {}", commit.short()));
            return Err(Stop::Incomplete(report.run(AGAIN, self.command_named())));
        };
        if !failed.is_empty() && self.kind() != Kind::Rollback {
            return Err(self.failed(target, commit, failed));
        }
        self.notes().confirmed(name, commit);
        self.watch(Progress::Live(name, commit));
        for why in failed {
            self.watch(Progress::Warned(format!("a check of {name} failed: {why}")));
        }
        Ok(())
    }

    /// Returns the reasons of the failed checks; `None` if the person left before all had ended.
    pub(super) fn failures(&self, name: &str, checks: &[PageCheck]) -> Option<Vec<String>> {
        let (look, left, began) = (self.look, &AtomicBool::new(false), Instant::now());
        thread::scope(|scope| {
            let (ended, ends) = mpsc::channel();
            for (nth, check) in checks.iter().enumerate() {
                let ended = ended.clone();
                scope.spawn(move || follow(&look, (nth, check), left, &ended));
            }
            drop(ended);
            let (mut failed, mut passed) = (Vec::new(), 0);
            loop {
                match ends.recv_timeout(TICK) {
                    Ok((_, None)) => passed += 1,
                    Ok((nth, Some(why))) => failed.push((nth, why)),
                    Err(RecvTimeoutError::Disconnected) => break,
                    Err(RecvTimeoutError::Timeout) => {}
                }
                let of = (passed, checks.len());
                if self.watch(Progress::Checking(name, began.elapsed(), of)) == Control::Leave {
                    left.store(true, Ordering::Relaxed);
                    return None;
                }
            }
            failed.sort();
            Some(failed.into_iter().map(|(_, why)| why).collect())
        })
    }

    /// Records the failure, and says what can be done.
    fn failed(&self, target: &Target<'_>, commit: &CommitId, failed: Vec<String>) -> Stop {
        let (environment, short) = (target.environment, commit.short());
        let name = &environment.name;
        let why = failed.first().cloned().unwrap_or_default();
        let recorded = self.record_failure(target, commit, &why);
        let before = self.came_from(self.seen.state(), target, commit);
        let report = Report::new(format!("{name} runs {short}, but its checks did not pass"));
        let report = report.causes(failed).causes(
            recorded
                .err()
                .map(|trouble| format!("the record could not be updated: {trouble}")),
        );
        let is_promoted = environment.promotes.is_some();
        let report = match is_promoted {
            true => {
                let back = Typed::smp("rollback").arg(name);
                let back = match &before {
                    Some(before) => back.option("--to", before.short()),
                    None => back,
                };
                report.run("roll back to what ran before", back)
            }
            false => report.hint(self.correction(target)),
        };
        Stop::Unhealthy(Box::new(Unhealthy {
            report: report.run(
                "or, if the site works by now, check again",
                self.command_named(),
            ),
            why,
            rollback: is_promoted.then(|| (name.clone(), before)),
        }))
    }

    fn record_failure(
        &self,
        target: &Target<'_>,
        commit: &CommitId,
        why: &str,
    ) -> Result<(), Stop> {
        let (kind, name) = (self.kind(), &target.environment.name);
        let Some((recorder, _)) = self.recorder()? else {
            return Ok(());
        };
        let of = (self.session, self.look.config);
        let (_, pending) = posting::append_one(of, (&recorder, true), &mut |state| {
            let open = state.deploying.as_ref();
            // If somebody else began a deploy meanwhile, this failure does not belong to it.
            if open.is_some_and(|open| !open.is(kind, name, commit)) {
                return Ok(None);
            }
            let from = self.came_from(Some(state), target, commit);
            let changes = self.look.repo.changes(from.as_ref(), commit)?;
            Ok(Some(What::CheckFailed(CheckFailed {
                intent: open.map(|open| open.id.clone()),
                kind,
                environment: name.clone(),
                from,
                to: commit.clone(),
                commits: moved(kind, &changes),
                why: why.to_owned(),
                tells: self.told_of_override(),
                overrides: self.overridden(open).filter(|_| kind == Kind::Promote),
            })))
        })?;
        self.screen.borrow_mut().owed = Some(pending);
        Ok(())
    }

    /// Returns who is told of a promotion before the right time, whether its checks pass or not.
    fn told_of_override(&self) -> Option<Telling> {
        self.overridden.as_ref()?;
        let (_, mut tells) = self.tells.clone()?;
        tells.channels.retain(|channel| channel == TECHNICAL);
        let text = None;
        Some(Telling { text, ..tells })
    }
}

/// Asks one page until it has passed or failed. Sends its number and, if it failed, why.
fn follow(
    look: &Look<'_>,
    (nth, check): (usize, &PageCheck),
    left: &AtomicBool,
    ended: &Sender<(usize, Option<String>)>,
) {
    let (mut streak, mut last) = (Streak::of(check.times), String::new());
    let end = loop {
        if left.load(Ordering::Relaxed) {
            return;
        }
        let answer = look.check(check);
        let taken = streak.take(answer.is_ok());
        if let Err(why) = answer {
            last = why;
        }
        match taken {
            Streaked::Passed => break None,
            Streaked::Failed => {
                let times = match check.times {
                    1 => String::new(),
                    times => format!(", {times} times in a row"),
                };
                break Some(format!("{} {last}{times}", check.page));
            }
            Streaked::Unsteady(bad, all) => {
                break Some(format!(
                    "{} {last}; {bad} of {all} answers were bad, and it never passed {} times in a row",
                    check.page, check.times
                ));
            }
            Streaked::GoOn => wait(left),
        }
    };
    // After the person left, nobody receives this.
    let _ = ended.send((nth, end));
}

/// Waits until the next request, unless the person leaves.
fn wait(left: &AtomicBool) {
    let until = Instant::now() + PAUSE;
    while Instant::now() < until && !left.load(Ordering::Relaxed) {
        thread::sleep(TICK.min(until.saturating_duration_since(Instant::now())));
    }
}
