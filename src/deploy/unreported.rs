//! Reports about an environment that never reported the commit.

use std::time::Duration;

use crate::core::config::DeployBy;
use crate::core::decide::Target;
use crate::core::decide::finding::{FORGET, newest, witness_hint};
use crate::core::record::What;
use crate::core::refusal::{RefusalCode, Report, Stop};
use crate::core::typed::{Hint, Typed};
use crate::core::words::{CommitId, PlatformWords, Release, SMP_TOML, ServerCommands, short};
use crate::deploy::Deploy;
use crate::deploy::doubt::Doubt;
use crate::deploy::pushed::AGAIN;
use crate::deploy::span::{Agreement, InTurn};
use crate::deploy::wait::{Wait, from_before, reported};
use crate::git::remote;
use crate::sources::Now;
use crate::sources::words::Meaning;

impl Wait<'_> {
    fn command(&self) -> Typed {
        self.deploy.command_named()
    }

    fn word_or(&self, other: &'static str) -> &'static str {
        self.begun.map_or(other, |begun| begun.word)
    }

    /// Reports that the person left too early. `seen`: how long it has reported the commit, and how long it must.
    pub(super) fn left(&self, seen: Option<(Duration, Duration)>, reports: &str) -> Stop {
        let (name, short) = (self.name(), self.commit.short());
        let report = match seen.map(|(seen, span)| (seen.as_secs(), span.as_secs())) {
            Some((seen, span)) => Report::new(format!(
                "interrupted before it was confirmed that {name} runs {short}"
            ))
            .because(format!("it has reported {short} for {seen} s of {span} s"))
            .because("old and new instances may still answer alternately"),
            None => Report::new(format!("interrupted before {name} reported {short}"))
                .because(format!("it reports {reports}")),
        };
        Stop::Incomplete(report.run(AGAIN, self.command()))
    }

    /// Reports a doubtful deploy where only the branch could tell, and the host contradicts it.
    pub(super) fn not_confirmed(&self, doubt: &Doubt) -> Stop {
        let (name, short) = (self.name(), self.commit.short());
        let report = Report::new(match doubt.meaning {
            Meaning::NotDeployed => {
                format!("pushed, but not deployed: the host of {name} ignored {short}")
            }
            Meaning::Failed => {
                format!("pushed, but not live: the deploy of {short} on {name} failed")
            }
            Meaning::Hook => format!(
                "pushed, but not deployed: a hook on the host of {name} did not run, or did not finish"
            ),
            _ => {
                format!("pushed, but not confirmed: it is unknown whether {name} runs {short}")
            }
        });
        let report = report.because(format!("its host says: {}", &doubt.words));
        Stop::Incomplete(match self.hint_after(doubt) {
            Some(hint) => report.hint(hint),
            None => report
                .because("a branch does not show what runs")
                .hint(witness_hint(&self.target.observed)),
        })
    }

    /// Returns what to do if nothing more will come of a push.
    fn hint_after(&self, doubt: &Doubt) -> Option<Hint> {
        let (say, command) = match doubt.meaning {
            Meaning::NotDeployed if doubt.words.contains("Skipping deployment") => {
                return Some(self.to_deploy_builds());
            }
            Meaning::NotDeployed => return Some(self.to_deploy_the_branch()),
            Meaning::Hook => (
                "make the hook run on its host, deploy there by hand, then",
                "status",
            ),
            // The branch has the commit, so the same push would have no effect.
            Meaning::Failed if self.deploy.goes_back(self.target) => {
                ("release it again on the platform, then", "status")
            }
            Meaning::Failed if self.deploy.candidate_is_open() => {
                ("correct the problem, then", "stage --fix")
            }
            Meaning::Failed => ("correct the problem, then", "stage"),
            _ => return None,
        };
        Some(Hint::run(say, Typed::smp(command)))
    }

    /// Returns what to do if the server builds but does not deploy.
    fn to_deploy_builds(&self) -> Hint {
        let Some((platform, server)) = self.server() else {
            let say = "allow deploys on its host, deploy there by hand, then";
            return Hint::run(say, Typed::smp("status"));
        };
        Hint::run(
            "have its server deploy what it builds",
            server.deploy_builds,
        )
        .and(Hint::run("then", platform.again.clone()))
        .and(Hint::run("then", Typed::smp("status")))
    }

    /// Returns what to do if the server deploys another branch. This one has the commit, so a second push does nothing.
    fn to_deploy_the_branch(&self) -> Hint {
        let key = format!("environments.{}.branch", self.name());
        let set = format!("set {key} in {SMP_TOML} to the branch that deploys, then");
        let Some((platform, server)) = self.server() else {
            return Hint::run(set, Typed::smp("setup"));
        };
        let branch = &self.target.environment.branch;
        Hint::run(
            format!("have its server deploy {branch}"),
            server.deploy_branch,
        )
        .and(Hint::run("then", platform.again.clone()))
        .and(Hint::run(format!("or {set}"), Typed::smp("setup")))
    }

    fn server(&self) -> Option<(&PlatformWords, ServerCommands)> {
        let platform = self.target.observed.platform.as_ref()?;
        Some((platform, platform.server.clone()?))
    }

    pub(super) fn release_failed(&self, failed: &Release) -> Stop {
        let (name, called, short) = (self.name(), &failed.called, self.commit.short());
        let word = self.word_or("nothing to push");
        let report = Report::new(format!(
            "{word}, but not live: the release {called} of {short} on {name} failed"
        ))
        .because("its release phase failed, so the previous release still runs");
        let report = report.run("see why", failed.output.clone());
        let say = "then correct the problem and try again";
        Stop::Incomplete(report.run(say, self.command()))
    }

    /// Says where the branch is now.
    fn branch_now(&self, at: Option<&CommitId>) -> String {
        let Some(id) = at else {
            return "its branch cannot be read now".to_owned();
        };
        let (tip, short) = (id.short(), self.commit.short());
        let repo = self.deploy.look.repo;
        let released = ["released", "promoted"].contains(&self.word_or(""));
        if id == self.commit {
            format!("its branch is at {short}")
        } else if released {
            format!("its branch is at {tip}; a release does not move it")
        } else if self.begun.is_none() && self.target.observed.reference() == at {
            format!("its branch is still at {tip}")
        } else if repo.is_ancestor(self.commit, id) == Ok(true) {
            format!(
                "meanwhile its branch was moved to {tip}, which contains {short}, by its host or by somebody else"
            )
        } else {
            format!("meanwhile somebody else moved its branch to {tip}")
        }
    }

    pub(super) fn never_reported(
        &self,
        now: &Now,
        agreement: &Agreement,
        patience: Duration,
    ) -> Stop {
        let (environment, in_turn) = (self.target.environment, agreement.in_turn());
        let report = self.beginning(now, in_turn, patience);
        let said = self
            .doubt()
            .map(|doubt| format!("its host says: {}", &doubt.words));
        let report = report.causes(said);
        let report = report.because(format!("it reports {}", reported(now)));
        let (mut at, by_pipeline) = (None, environment.deploy == DeployBy::Pipeline);
        let mut report = report;
        // In a pipeline the branch does not move.
        if !by_pipeline {
            let repo = self.deploy.look.repo;
            let branch = remote::branch(repo, &environment.remote, &environment.branch, false);
            at = branch.ok().and_then(|branch| branch.commit().cloned());
            report = report.because(self.branch_now(at.as_ref()));
        }
        if let Some(hint) = self.doubt().and_then(|doubt| self.hint_after(doubt)) {
            return Stop::Incomplete(report.hint(hint));
        }
        let command = self.command();
        Stop::Incomplete(if now.cached.is_some() {
            let why = match from_before(now, self.since()) {
                true => "that answer is older than this deploy",
                false => "a cache answers for it, so the running commit is unknown",
            };
            report.because(why).run(FORGET, command)
        } else if is_unknown(now) {
            report.run("when it answers again", command)
        } else {
            // The platform's own report about its release comes before this.
            let up_to_date = at.as_ref() == Some(self.commit) && self.begun.is_none();
            let why = if in_turn.is_some() {
                "the release may still be in progress, or an old instance still runs: see the platform's log"
            } else if up_to_date && now.newest.is_none() {
                "a push changes nothing there; the last release failed, was rolled back, or is still in progress"
            } else {
                "the release may still be in progress, or may have failed: see the platform's log"
            };
            let goes_on = now.newest.as_ref().is_some_and(|one| one.status.goes_on());
            let report = report.causes((!goes_on).then(|| why.to_owned()));
            report.run(AGAIN, command)
        })
    }

    /// Returns the live release that came after this one, if it is of another commit.
    pub(super) fn replaced_by<'n>(&self, now: &'n Now) -> Option<&'n Release> {
        let before = newest(&self.target.observed).map_or(0, |before| before.version);
        let is_over = ["released", "promoted"].contains(&self.word_or(""));
        let newest = now.newest.as_ref().filter(|_| is_over)?;
        let is_other = newest.commit.as_ref().is_some_and(|id| id != self.commit);
        (newest.version > before + 1 && newest.current && is_other).then_some(newest)
    }

    /// Reports that, and ends the announcement if it has no other target: nothing resumes this deploy.
    pub(super) fn replaced(&self, later: &Release) -> Stop {
        let (name, id) = (self.name(), short(later.commit.as_ref()));
        let report = Report::new(format!(
            "{}, but not live: {name} does not run {}",
            self.word_or(""),
            self.commit.short()
        ));
        let report = report.because(format!(
            "a later release, {} of {id}, replaced it",
            later.called
        ));
        let ended = self.deploy.put_on_record(&mut |state| {
            let open = state.deploying_to(name, self.commit);
            let open = open.filter(|open| open.places().count() == 1);
            Ok(open.map(|open| What::Ended {
                intent: open.id.clone(),
                why: report.error.clone(),
            }))
        });
        let open = ended.err().map(|trouble| {
            format!("the record still says that the deploy is in progress: {trouble}")
        });
        let report = report.clone().causes(open);
        Stop::Incomplete(report.run("see the next command", Typed::smp("status")))
    }

    /// Returns the first sentence: the answer is unknown, or some answers report the commit, or none does.
    fn beginning(&self, now: &Now, in_turn: Option<InTurn>, patience: Duration) -> Report {
        let (name, short, seconds) = (self.name(), self.commit.short(), patience.as_secs());
        if let Some(InTurn { new, all, others }) = in_turn {
            let word = self.word_or("deployed");
            let report = Report::new(match others {
                true => format!(
                    "{word}, but not live: old and new instances of {name} still answer alternately"
                ),
                false => {
                    format!("{word}, but not live: {name} only sometimes reports {short}")
                }
            });
            let span = self.target.environment.running.confirm_seconds;
            return report.because(format!(
                "{new} of its last {all} answers named {short}; all must do so for {span} s"
            ));
        }
        let word = self.word_or("nothing to push");
        Report::new(if is_unknown(now) {
            format!("{word}, but not confirmed: it is unknown whether {name} runs {short}")
        } else if self
            .doubt()
            .is_some_and(|doubt| doubt.meaning == Meaning::NotDeployed)
        {
            format!("pushed, but not deployed: {name} does not report {short}")
        } else {
            let not = match self.begun {
                Some(_) => "live",
                None => "running",
            };
            format!("{word}, but not {not}: {name} does not report {short} after {seconds} s")
        })
    }
}

impl Deploy<'_> {
    /// Returns what to do about a failed build or a host's rule. With an open candidate, only a fix may be staged.
    pub(super) fn correction(&self, target: &Target<'_>) -> Hint {
        let again = Hint::run("correct the problem, then", self.command_named());
        if self.goes_back(target) {
            again
        } else if self.candidate_is_open() {
            let fix = Typed::smp("stage --fix");
            again.and(Hint::run("if the code is to blame", fix))
        } else if target.environment.promotes.is_none() {
            Hint::run(
                "correct the problem, then deploy the correction",
                Typed::smp("stage"),
            )
        } else {
            let merge = "if the code is to blame, merge a correction, then";
            again.and(Hint::run(merge, Typed::smp("stage")))
        }
    }
}

/// Returns whether nobody could be asked what runs.
fn is_unknown(now: &Now) -> bool {
    let refused = now.running.as_ref().err();
    now.page.is_none() && refused.is_some_and(|one| one.code == RefusalCode::Unreachable)
}
