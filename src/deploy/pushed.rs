//! What is said of a push that did not bring its commit, by what the branch is at afterwards.

use crate::core::decide::Target;
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::CommitId;
use crate::deploy::Deploy;
use crate::git::advice::{self, Shut};
use crate::git::push::{Ended, Push};

/// A push that ended, or that was left.
pub struct Pushed<'a> {
    pub deploy: &'a Deploy<'a>,
    pub target: &'a Target<'a>,
    pub push: &'a Push,
    /// How git ended.
    pub ended: Ended,
    /// Why the branch was not taken, in the server's or git's words.
    pub reason: Option<&'a str>,
    /// The last lines that git and the remote said.
    pub said: &'a [String],
    /// The host's words that it is busy, if those were its last.
    pub busy: Option<&'a str>,
}

/// The hint of whatever can be gone on with.
pub fn again(command: &str) -> String {
    format!("run it again to go on: {command}")
}

impl Pushed<'_> {
    pub(super) fn name(&self) -> &str {
        &self.target.environment.name
    }

    pub(super) fn short(&self) -> &str {
        self.push.commit.short()
    }

    /// The command that goes on.
    pub(super) fn command(&self) -> String {
        self.deploy.command_to(self.name())
    }

    /// Somebody left while it was running.
    pub fn left(&self) -> Stop {
        let (name, short) = (self.name(), self.short());
        let report = Report::new(format!("left while {short} was being pushed to {name}"));
        let report = report.because(
            "the push goes on, and the host may still be deploying: leaving does not stop that",
        );
        let command = self.command();
        Stop::Incomplete(report.hint(format!(
            "see what came of it: git smp status; then: {command}"
        )))
    }

    /// The branch cannot be read afterwards.
    pub fn unreadable(&self, refusal: &Refusal) -> Stop {
        match self.ended {
            Ended::NothingSent => return Stop::Failed(self.not_sent()),
            Ended::Refused(_) => {
                let still = format!("its branch cannot be read now: {}", refusal.report.error);
                return Stop::Failed(self.turned_down(&still));
            }
            _ => {}
        }
        let (name, short) = (self.name(), self.short());
        let report = Report::new(format!("cannot tell whether {short} arrived on {name}"));
        let report = report.because(&refusal.report.error);
        let report = (refusal.report.because.iter()).fold(report, Report::because);
        Stop::Incomplete(report.hint(again(&self.command())))
    }

    /// The branch is at something else than what was pushed.
    pub fn not_ours(&self, at: Option<&CommitId>) -> Stop {
        if at == self.push.expected.as_ref() {
            self.unmoved()
        } else {
            self.somebody_elses(at)
        }
    }

    /// The host said no, or left its branch where it was, and deployed the commit all the same.
    pub fn runs_all_the_same(&self, at: Result<Option<&CommitId>, &Refusal>) -> Stop {
        let (name, short) = (self.name(), self.short());
        let report = match self.ended {
            Ended::Declined | Ended::Stale | Ended::Refused(_) => {
                Report::new(format!("{name} declined the push of {short}, yet it runs it"))
                    .because("its host deployed before it said no, as with a hook or a lock there that failed late")
            }
            Ended::Accepted | Ended::UpToDate | Ended::Unclear | Ended::NothingSent | Ended::Left => {
                Report::new(format!("the branch of {name} does not have {short}, yet {name} runs it"))
                    .because("its host deployed the push and did not keep it")
            }
        };
        let report = report.because(match at {
            Ok(at) if at == self.push.expected.as_ref() => {
                format!("its branch is still {}; its own words are above", place(at))
            }
            Ok(at) => format!("its branch is {}", place(at)),
            Err(refusal) => format!("its branch cannot be read now: {}", refusal.report.error),
        });
        let back = self.way_back();
        let back = back.map(|back| format!("; or take it back: {back}"));
        let again = again(&self.command());
        Stop::Incomplete(report.hint(again + &back.unwrap_or_default()))
    }

    /// The command that takes back what a promotion brought.
    fn way_back(&self) -> Option<String> {
        let Target {
            environment,
            observed,
            ..
        } = self.target;
        if environment.promotes.is_none() || self.deploy.goes_back(self.target) {
            return None;
        }
        let before = observed.runs().or_else(|| observed.reference())?.short();
        Some(format!("git smp rollback {} --to {before}", self.name()))
    }

    fn unmoved(&self) -> Stop {
        let (name, short, command) = (self.name(), self.short(), self.command());
        let is_at = place(self.push.expected.as_ref());
        let still = format!("its branch is still {is_at}");
        let found = match self.push.expected {
            Some(_) => format!("elsewhere than {is_at}"),
            None => "where it saw none".to_owned(),
        };
        match self.ended {
            Ended::NothingSent if self.busy.is_some() => Stop::Failed(self.turned_down(&still)),
            Ended::NothingSent => Stop::Failed(self.not_sent()),
            Ended::Accepted | Ended::UpToDate => Stop::Incomplete(
                Report::new(format!("{name} took {short}, but its branch is still {is_at}"))
                    .because("the host may have put the push aside (its own words are above), or a copy of it answers that lags")
                    .hint(again(&command)),
            ),
            Ended::Unclear | Ended::Left => Stop::Incomplete(
                Report::new(format!("cannot tell what became of the push to {name}"))
                    .because(format!("the connection broke; its branch is still {is_at}"))
                    .because("the host may still be building")
                    .hint(format!("wait a little, see git smp status, then: {command}")),
            ),
            Ended::Stale => self.reason.map(|reason| format!("git says: {reason}")).into_iter().fold(
                    Report::new(format!("nothing was pushed to {name}: git found its branch {found}")),
                    Report::because,
                )
                    .because(format!("it is {is_at} now: it moved and came back, or a copy of it answers that lags"))
                    .hint(format!("look at what would ship now: {command}")).refused(RefusalCode::TargetMoved).into(),
            Ended::Declined | Ended::Refused(_) => Stop::Failed(self.turned_down(&still)),
        }
    }

    /// That the branch has more than what was pushed.
    pub fn is_contained(&self, tip: &CommitId) -> String {
        let (name, tip, short) = (self.name(), tip.short(), self.short());
        format!(
            "{name} was moved to {tip} meanwhile, by its host or by somebody else; that contains {short}"
        )
    }

    /// The same, where nothing but the branch tells what runs.
    pub fn added_to(&self, tip: &CommitId) -> Stop {
        let report = Report::new(self.is_contained(tip))
            .because("only its branch tells what runs there, and that is more");
        Stop::Incomplete(report.hint("find out who added what, then: git smp status"))
    }

    fn somebody_elses(&self, at: Option<&CommitId>) -> Stop {
        let (name, short, command) = (self.name(), self.short(), self.command());
        let what = match at {
            None => format!("the branch of {name} was deleted"),
            Some(id) => format!("{name} was moved to {}", id.short()),
        };
        let report = Report::new(format!("{what} by somebody else meanwhile"))
            .because(format!("{short} is not what its branch has now"));
        match self.ended {
            Ended::Stale | Ended::Declined | Ended::Refused(_) | Ended::NothingSent => {
                let report = report.because("nothing of ours was taken");
                let hint = format!("look at what would ship now: {command}");
                report.hint(hint).refused(RefusalCode::TargetMoved).into()
            }
            Ended::Accepted | Ended::UpToDate | Ended::Unclear | Ended::Left => {
                let report = report.because("our push was taken before, or may have been");
                Stop::Incomplete(report.hint("find out who deployed, then: git smp status"))
            }
        }
    }

    fn not_sent(&self) -> Report {
        let (said, key) = (self.said.join("\n"), self.key());
        let next = Typed::smp(self.command().trim_start_matches("git smp "));
        let place = (self.push.remote.as_str(), key.as_str());
        let Shut { because, hint } = advice::shut(self.deploy.look.repo, place, &said, &next);
        let report = Report::new(format!("nothing was sent to {}", self.name()));
        because.into_iter().fold(report, Report::because).hint(hint)
    }

    /// Where its address stands in `smp.toml`.
    pub(super) fn key(&self) -> String {
        format!("environments.{}.url", self.name())
    }
}

/// Where a branch is, as what follows on `is`.
fn place(at: Option<&CommitId>) -> String {
    at.map_or_else(|| "not there".to_owned(), |id| format!("at {}", id.short()))
}
