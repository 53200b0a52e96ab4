//! Reports about a push that did not bring its commit, by what the branch points to afterwards.

use crate::core::decide::Target;
use crate::core::decide::finding::UNLOCK;
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::CommitId;
use crate::deploy::Deploy;
use crate::deploy::said::Said;
use crate::git::advice::{self, Shut};
use crate::git::push::{Ended, Push};

pub struct Pushed<'a> {
    pub deploy: &'a Deploy<'a>,
    pub target: &'a Target<'a>,
    pub push: &'a Push,
    pub ended: Ended,
    /// Why the branch was rejected, in the words of the server or of git.
    pub reason: Option<&'a str>,
    /// The last lines of git and the remote.
    pub said: &'a [String],
    /// The host's words that it is busy, if these count.
    pub busy: Option<&'a str>,
}

/// A way back with a push that goes forward.
pub const REVERT: &str = "or revert what came after it on the main branch, then";
pub const AGAIN: &str = "to continue";

impl Pushed<'_> {
    pub(super) fn name(&self) -> &str {
        &self.target.environment.name
    }

    pub(super) fn short(&self) -> &str {
        self.push.commit.short()
    }

    pub(super) fn command(&self) -> Typed {
        self.deploy.command_named()
    }

    /// Reports that the person left while the push was running.
    pub fn left(&self) -> Stop {
        let (name, short) = (self.name(), self.short());
        let report = Report::new(format!(
            "interrupted while {short} was being pushed to {name}"
        ));
        let report = report.because(
            "the push continues, and the host may still deploy it: interrupting does not stop that",
        );
        let report = report.run("see the result", Typed::smp("status"));
        Stop::Incomplete(report.run("then", self.command()))
    }

    /// Reports that the branch cannot be read after the push.
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
        let report = Report::new(format!("it is unknown whether {short} arrived on {name}"));
        let report = report.because(&refusal.report.error);
        let report = report.causes(&refusal.report.because);
        Stop::Incomplete(report.run(AGAIN, self.command()))
    }

    /// Reports that the branch points to something other than the pushed commit.
    pub fn not_ours(&self, at: Option<&CommitId>) -> Stop {
        if at == self.push.expected.as_ref() {
            self.unmoved()
        } else {
            self.somebody_elses(at)
        }
    }

    /// Reports that the host declined the push, or left its branch where it was, and deployed the commit all the same.
    pub fn runs_all_the_same(&self, at: Result<Option<&CommitId>, &Refusal>) -> Stop {
        let (name, short) = (self.name(), self.short());
        let report = match self.ended {
            Ended::Declined | Ended::Stale | Ended::Refused(_) => {
                Report::new(format!("{name} declined the push of {short}, but runs it"))
                    .because("its host deployed it before it declined the push, for example because a later hook failed")
            }
            Ended::Accepted | Ended::UpToDate | Ended::Unclear | Ended::NothingSent | Ended::Left => {
                Report::new(format!("the branch of {name} does not have {short}, but {name} runs it"))
                    .because("its host deployed the push, but did not keep the commit on its branch")
            }
        };
        let report = report.because(match at {
            Ok(at) if at == self.push.expected.as_ref() => {
                format!(
                    "its branch is still {}; the host's output is above",
                    place(at)
                )
            }
            Ok(at) => format!("its branch is {}", place(at)),
            Err(refusal) => format!("its branch cannot be read now: {}", refusal.report.error),
        });
        let report = report.run(AGAIN, self.command());
        Stop::Incomplete(match self.way_back() {
            Some(back) => report.run("or roll it back", back),
            None => report,
        })
    }

    /// Returns the command that takes back what a promotion brought.
    fn way_back(&self) -> Option<Typed> {
        let Target {
            environment,
            observed,
            ..
        } = self.target;
        if environment.promotes.is_none() || self.deploy.goes_back(self.target) {
            return None;
        }
        let before = observed.runs().or_else(|| observed.reference())?.short();
        let back = Typed::smp("rollback").arg(self.name());
        Some(back.option("--to", before))
    }

    fn unmoved(&self) -> Stop {
        let (name, short, command) = (self.name(), self.short(), self.command());
        let is_at = place(self.push.expected.as_ref());
        let still = format!("the branch of {name} is still {is_at}");
        let found = match self.push.expected {
            Some(_) => format!("its branch was not {is_at} when git pushed"),
            None => "its branch existed when git pushed".to_owned(),
        };
        match self.ended {
            Ended::NothingSent if self.busy.is_some() => Stop::Failed(self.turned_down(&still)),
            Ended::NothingSent => Stop::Failed(self.not_sent()),
            Ended::Accepted | Ended::UpToDate => Stop::Incomplete(
                Report::new(format!("{name} accepted {short}, but its branch is still {is_at}"))
                    .because("the host may have ignored the push (the host's output is above), or a server with older data answered")
                    .run(AGAIN, command),
            ),
            Ended::Unclear | Ended::Left => Stop::Incomplete(
                Report::new(format!("the result of the push to {name} is unknown"))
                    .because(format!("the connection broke; its branch is still {is_at}"))
                    .because("the host may still be building")
                    .run("wait a moment, then look", Typed::smp("status"))
                    .run("then", command),
            ),
            Ended::Stale => Report::new(format!("nothing was pushed to {name}: {found}"))
                    .causes(self.reason.map(|reason| format!("git says: {reason}")))
                    .because(format!("the branch is {is_at} now: it moved and came back, or a server with older data answered"))
                    .run("see the new plan", command).refused(RefusalCode::TargetMoved).into(),
            Ended::Declined | Ended::Refused(_) => Stop::Failed(self.turned_down(&still)),
        }
    }

    /// Says that the branch contains the pushed commit and more.
    pub fn is_contained(&self, tip: &CommitId) -> String {
        let (name, tip, short) = (self.name(), tip.short(), self.short());
        format!(
            "meanwhile {name} was moved to {tip}, which contains {short}, by its host or by somebody else"
        )
    }

    /// Reports a branch that contains the pushed commit and more, if only the branch tells what runs.
    pub fn added_to(&self, tip: &CommitId) -> Stop {
        let report = Report::new(self.is_contained(tip))
            .because("only its branch shows what runs there, and the branch has more commits");
        Stop::Incomplete(report.run("find out who moved the branch, then", Typed::smp("status")))
    }

    fn somebody_elses(&self, at: Option<&CommitId>) -> Stop {
        let (name, short, command) = (self.name(), self.short(), self.command());
        let what = match at {
            None => format!("the branch of {name} was deleted"),
            Some(id) if self.push.expected.is_none() => {
                format!("the branch of {name} was created at {}", id.short())
            }
            Some(id) => format!("{name} was moved to {}", id.short()),
        };
        let report = Report::new(format!("{what} by somebody else meanwhile"))
            .because(format!("its branch does not have {short} now"));
        match self.ended {
            Ended::Stale | Ended::Declined | Ended::Refused(_) | Ended::NothingSent => {
                let report = report.because("the host accepted no part of this push");
                let report = report.run("see the new plan", command);
                report.refused(RefusalCode::TargetMoved).into()
            }
            Ended::Accepted | Ended::UpToDate | Ended::Unclear | Ended::Left => {
                let report = report
                    .because("the host may have accepted this push before the branch changed");
                Stop::Incomplete(report.run(
                    "find out who changed the branch, then",
                    Typed::smp("status"),
                ))
            }
        }
    }

    fn not_sent(&self) -> Report {
        let (said, key, next) = (self.said.join("\n"), self.key(), self.command());
        let place = (self.push.remote.as_str(), key.as_str());
        let Shut { because, hint } = advice::shut(self.deploy.look.repo, place, &said, &next);
        let report = Report::new(format!("nothing was sent to {}", self.name()));
        report.causes(because).hint(hint)
    }

    /// Returns the key of the address in `smp.toml`.
    pub(super) fn key(&self) -> String {
        match self.target.environment.is_branch {
            true => "repository.url".to_owned(),
            false => format!("environments.{}.url", self.name()),
        }
    }
}

/// Returns where a branch is, as the words after `is`.
fn place(at: Option<&CommitId>) -> String {
    at.map_or_else(|| "not there".to_owned(), |id| format!("at {}", id.short()))
}

/// Reasons that name no cause. Then the host's own last words are shown.
const NO_CAUSE: [&str; 3] = ["failed to update ref", "unpacker error", "failed"];
const LAST_WORDS: usize = 3;

impl Pushed<'_> {
    /// Reports that the host declined the push and nothing was changed. `still` is what is known of the branch.
    pub(super) fn turned_down(&self, still: &str) -> Report {
        let (name, short, command) = (self.name(), self.short(), self.command());
        if let Some(words) = self.busy {
            let report = Report::new(format!(
                "{name} did not accept {short}: its host is busy with something else"
            ));
            let report = report.because(format!("its host says: {words}"));
            let report = report.because(format!("{still}; nothing was changed"));
            let report = report.run("wait until that is done, then", command);
            // A lock may be a forgotten one.
            let platform = self.target.observed.platform.clone();
            let server = platform.filter(|_| words.contains("lock"));
            return match server.and_then(|platform| platform.server) {
                Some(server) => report.run(UNLOCK, server.unlock),
                None => report,
            };
        }
        if let Ended::Refused(status) = self.ended {
            let (repo, key) = (self.deploy.look.repo, self.key());
            let Shut { because, hint } =
                advice::turned_away(repo, (&self.push.remote, &key), status, &command);
            let mut because = because.into_iter();
            let meaning = because.next().unwrap_or_default();
            return Report::new(format!("{name} did not accept {short}: {meaning}"))
                .because(format!("it answered the push with HTTP {status}"))
                .causes(because)
                .because(format!("{still}; nothing was changed"))
                .hint(hint);
        }
        self.declined(still)
    }

    fn declined(&self, still: &str) -> Report {
        let (name, short, command) = (self.name(), self.short(), self.command());
        let said = self.host_said();
        let still = match said.is_empty() {
            true => format!("{still}; its host said nothing else"),
            false => format!("{still}; the host's output is above"),
        };
        if let Some(report) = self.protected(&still) {
            return report;
        }
        let mut words = self.said.iter().map(String::as_str).chain(self.reason);
        if words.any(|text| text.contains("non-fast-forward")) {
            return Report::new(format!(
                "{name} declined {short}: its host accepts no push of an older commit"
            ))
            .because(still)
            .hint("roll back on its platform")
            .run(REVERT, Typed::smp("stage"));
        }
        match self.reason {
            Some(reason) if !NO_CAUSE.contains(&reason) && !reason.ends_with("hook declined") => {
                let who = match self.ended {
                    Ended::Stale => "git",
                    _ => "its host",
                };
                Report::new(format!("{name} declined {short}"))
                    .because(format!("{who} says: {reason}"))
                    .because(still)
                    .run("correct that on the host, then", command)
            }
            Some(reason) if NO_CAUSE.contains(&reason) => {
                let error = format!("{name} declined {short}: its host could not store it");
                Report::new(error)
                    .because(format!("its host says: {reason}"))
                    .causes(last(&causes(said)))
                    .because(still)
                    .run("correct that on the host, then", command)
            }
            _ => {
                let error = "the build failed, or a hook there declined it";
                let report = Report::new(format!("{name} declined {short}: {error}"))
                    .causes(last(&said))
                    .because(still);
                let hint = self.deploy.correction(self.target);
                // If a hook declines both refs, git does not say because of which one.
                let Some(record) = &self.push.with else {
                    return report.hint(hint);
                };
                let reference = &record.reference;
                let allow = format!("if it declined {reference}, allow pushes to it there, then");
                report
                    .because(format!("the same push moves {reference}, the record"))
                    .hint(hint)
                    .run(allow, command)
            }
        }
    }

    /// Returns what the host printed, without what git adds.
    pub(super) fn host_said(&self) -> Vec<Said> {
        let said = self.said.iter();
        said.filter_map(|line| Said::by_remote(line))
            .filter(|said| said.words().contains(char::is_alphanumeric))
            .filter(|said| !said.marked.starts_with("error: hook declined to update "))
            .collect()
    }
}

pub(super) fn last(said: &[Said]) -> Vec<String> {
    let last = said.get(said.len().saturating_sub(LAST_WORDS)..);
    let last = last.unwrap_or_default().iter();
    // Some hosts list the violated rules.
    let words = last.map(|said| said.quoted_words.trim_start_matches("- "));
    words
        .map(|words| format!("its host says: {words}"))
        .collect()
}

/// Returns the lines in which git on the host names the cause, without the advice after them. All if it names none.
fn causes(said: Vec<Said>) -> Vec<Said> {
    if said.iter().any(Said::is_cause) {
        said.into_iter().filter(Said::is_cause).collect()
    } else {
        said
    }
}
