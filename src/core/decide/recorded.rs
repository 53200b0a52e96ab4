//! What the shared record allows: the candidate and nothing else, signed off, one push at a time.

use crate::core::decide::finding::{is_cached, pending};
use crate::core::decide::{Target, commits};
use crate::core::record::{Candidate, Deploying, FORMAT, Kind, Standing, State, Verdict};
use crate::core::refusal::{Refusal, RefusalCode, Report};
use crate::core::text::ago;
use crate::core::words::EventId;
use crate::core::words::{CommitId, Observed, Source};

/// The record as a plan sees it.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'a> {
    /// What its events add up to.
    pub state: &'a State,
    /// Whether a promotion needs a sign-off.
    pub signoff: bool,
    /// The announcement that this clone made last.
    pub mine: Option<&'a EventId>,
    /// Whether a push or a release of this clone for that announcement may still be on its way.
    pub sent: bool,
    /// The environment of the open announcement, as it was seen.
    pub announced: Option<&'a Observed>,
    /// `--take-over`: somebody else's announcement that may be put aside.
    pub take_over: Option<&'a str>,
    /// The present moment, in seconds since 1970.
    pub now: i64,
}

/// The deploy that is planned: why, where and what. `None`: nothing is deployed.
type Wanted<'w> = Option<(Kind, &'w str, &'w CommitId)>;

/// How an announced deploy stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    /// It may be on its way.
    Going,
    /// It was cut off before it began.
    Dead,
    /// The branch has it, and the environment does not run it yet.
    Landed,
    /// Somebody moved the branch on.
    Passed,
    /// The environment runs it.
    Arrived,
}

impl<'a> Recorded<'a> {
    /// The push that is on its way as far as the record goes, whoever began it.
    pub fn open(&self) -> Option<&'a Deploying> {
        self.state.deploying.as_ref()
    }

    /// The announcement of exactly this push, if it can simply be gone on with: ours, or one whose push has landed.
    pub fn resumed(
        &self,
        environment: &str,
        commit: &CommitId,
        reference: Option<&CommitId>,
    ) -> Option<&'a Deploying> {
        let open = self
            .open()
            .filter(|open| open.environment == environment && open.to == *commit)?;
        let is_ours = self.is_mine(open) && open.from.as_ref() == reference;
        (is_ours || reference == Some(commit)).then_some(open)
    }

    fn is_mine(&self, open: &Deploying) -> bool {
        self.mine == Some(&open.id)
    }

    /// How the announced deploy stands, as far as its environment tells.
    fn course(&self, open: &Deploying) -> Course {
        let seen = self
            .announced
            .filter(|one| one.environment == open.environment);
        let Some(one) = seen.filter(|one| pending(one).is_none()) else {
            return Course::Going;
        };
        let at = matches!(&one.branch, Some(Ok(_))).then(|| one.reference());
        let moved = at.is_some_and(|at| at != open.from.as_ref());
        // Whoever announced it saw something else run, but for a rollback of what had not arrived: that one shows on the
        // branch, unless the platform makes it.
        let shows = moved || open.kind != Kind::Rollback || one.source == Source::Api;
        let came = one.runs() == Some(&open.to) && shows && !is_cached(one);
        match at {
            _ if came => Course::Arrived,
            // Where the branch had it before, nothing was pushed that could be on its way.
            Some(at) if at == Some(&open.to) => Course::Landed,
            _ if moved => Course::Passed,
            // What this clone announced and has no push of in the air was cut off before it began.
            _ if self.is_mine(open) && !self.sent => Course::Dead,
            _ => Course::Going,
        }
    }

    /// The rollback that was announced and has come to its end, which nobody wrote down: whoever deploys next does.
    pub fn unwritten_rollback(&self) -> Option<&'a Deploying> {
        let open = self.open().filter(|open| open.kind == Kind::Rollback)?;
        (self.course(open) == Course::Arrived).then_some(open)
    }

    /// Refuses while another deploy may be on its way: two pushes with the same lease would both build. `wanted` is the
    /// deploy that is planned, `command` the one that could take the other's place; none: only one of its own kind could.
    ///
    /// # Errors
    /// `deploying`, with who, what and since when; `record-newer`.
    pub fn nobody_else(&self, wanted: Wanted<'_>, command: Option<&str>) -> Result<(), Refusal> {
        if self.state.format > FORMAT {
            return Err(Refusal::new(
                RefusalCode::RecordNewer,
                "the record was written by a newer git-smp",
            )
            .hint("install the newest: cargo install git-smp"));
        }
        let Some(open) = self.open().filter(|open| !self.is_named(open)) else {
            return Ok(());
        };
        let is_this =
            wanted.is_some_and(|(_, name, commit)| name == open.environment && *commit == open.to);
        let takes_back = wanted
            .is_some_and(|(kind, name, _)| kind == Kind::Rollback && name == open.environment);
        match self.course(open) {
            Course::Arrived | Course::Passed | Course::Dead => Ok(()),
            // Its lease cannot hold any more. But whoever deploys over a rollback would undo it before it was seen to run.
            Course::Landed if open.kind != Kind::Rollback || is_this || takes_back => Ok(()),
            Course::Going if self.is_mine(open) && is_this => Ok(()),
            course => Err(self.deploying(open, course, command)),
        }
    }

    /// Refuses to call it done that an environment runs this commit while another is on its way there.
    ///
    /// # Errors
    /// `deploying`, with who, what and since when.
    pub fn nothing_on_its_way(
        &self,
        observed: &Observed,
        commit: &CommitId,
    ) -> Result<(), Refusal> {
        let here =
            |open: &&Deploying| open.environment == observed.environment && open.to != *commit;
        let Some(open) = self.open().filter(here).filter(|open| !self.is_named(open)) else {
            return Ok(());
        };
        match self.course(open) {
            Course::Arrived | Course::Passed | Course::Dead => Ok(()),
            course @ (Course::Landed | Course::Going) => Err(self.deploying(open, course, None)),
        }
    }

    fn is_named(&self, open: &Deploying) -> bool {
        self.take_over
            .is_some_and(|id| id.len() >= 4 && open.id.as_str().starts_with(id))
    }

    fn deploying(&self, open: &Deploying, course: Course, command: Option<&str>) -> Refusal {
        let (name, to, own) = (&open.environment, open.to.short(), open.command());
        let goes_on = course == Course::Landed || self.is_mine(open);
        let report = Report::new(self.story(open)).because(match course {
            Course::Landed => {
                format!("it has landed on the branch of {name}, which does not report {to} yet")
            }
            _ if self.is_mine(open) => {
                "it was begun from this clone and was not seen to end".to_owned()
            }
            _ => "two pushes at once would both build, and the slower one would be what runs"
                .to_owned(),
        });
        let report = self.take_over.iter().fold(report, |report, id| {
            report.because(format!(
                "--take-over {id} names no deploy that is on its way: this one is {}",
                open.id.as_str()
            ))
        });
        let report = match command.map(str::to_owned).or_else(|| own.clone()) {
            Some(command) => {
                let goes_on = own
                    .filter(|_| goes_on)
                    .map(|own| format!("go on with it: {own}; "))
                    .unwrap_or_default();
                let take_over = format!("{command} --take-over {}", open.id.as_str());
                report.hint(format!(
                    "wait for it: git smp status; {goes_on}only if that run is dead: {take_over}"
                ))
            }
            None => report
                .because(format!(
                    "this smp.toml has no environment {name}: it is the team's, or it is old"
                ))
                .because(format!("the announcement is {}", open.id.as_str()))
                .hint("take the team's smp.toml, then: git smp setup"),
        };
        report.refused(RefusalCode::Deploying)
    }

    /// "Ada Example began to promote 1f13dc69 to production 5 minutes ago".
    pub fn story(&self, open: &Deploying) -> String {
        let what = match open.kind {
            Kind::Stage => "deploy",
            Kind::Fix => "deploy the fix",
            Kind::Promote => "promote",
            Kind::Rollback => "roll back to",
        };
        let place = if open.kind == Kind::Rollback {
            "on"
        } else {
            "to"
        };
        let (by, to, environment) = (&open.by.name, open.to.short(), &open.environment);
        format!(
            "{by} began to {what} {to} {place} {environment} {}",
            ago(self.now, open.at)
        )
    }

    /// Refuses what is not the candidate, or not signed off. Without a candidate only a team that signs nothing off
    /// may promote.
    ///
    /// # Errors
    /// `target-moved`, `not-proposed`, `candidate-moved`, `blocked`, `not-signed-off`.
    pub fn signed_off(&self, source: &str, commit: &CommitId, target: &str) -> Result<(), Refusal> {
        let Some(candidate) = &self.state.candidate else {
            return self.without_candidate(commit, target);
        };
        if candidate.commit != *commit {
            let short = candidate.commit.short();
            return Err(Refusal::new(RefusalCode::CandidateMoved, format!("{source} does not run the candidate"))
                .because(format!("the candidate is {short}, {}", self.proposed(candidate)))
                .because(format!("{source} runs {}", commit.short()))
                .hint(if source == candidate.environment {
                    format!("put it back: git smp stage {short}; or give it up: git smp postpone")
                } else {
                    format!("bring it there first: git smp promote {source}; or give it up: git smp postpone")
                }));
        }
        match candidate.standing() {
            Standing::SignedOff => Ok(()),
            Standing::Waiting if !self.signoff => Ok(()),
            Standing::Waiting => Err(Refusal::new(
                RefusalCode::NotSignedOff,
                format!("nobody has signed {} off", commit.short()),
            )
            .because(format!("it is the candidate, {}", self.proposed(candidate)))
            .hint("when it was tested and is fine: git smp signoff")),
            Standing::Blocked => {
                let report = Report::new(format!("{} is blocked", commit.short()));
                let report = candidate
                    .who_said(Verdict::Block)
                    .fold(report, |report, one| {
                        let why = one.note.as_deref().unwrap_or("without a reason");
                        report.because(format!(
                            "{} blocked it {}: {why}",
                            one.by,
                            ago(self.now, one.at)
                        ))
                    });
                let report =
                    report.hint("ship a fix: git smp stage --fix; or give it up: git smp postpone");
                Err(report.refused(RefusalCode::Blocked))
            }
        }
    }

    fn without_candidate(&self, commit: &CommitId, target: &str) -> Result<(), Refusal> {
        if !self.signoff {
            return Ok(());
        }
        if let Some(deploy) = self
            .state
            .deploys
            .get(target)
            .filter(|one| one.commit == *commit && one.seen_since.is_none())
        {
            // Its proposal was fulfilled, maybe a moment ago, so that there is nothing left that could be signed off.
            let (by, when) = (&deploy.by.name, ago(self.now, deploy.at));
            return Err(Refusal::new(
                RefusalCode::TargetMoved,
                format!("{by} promoted {} to {target} {when}", commit.short()),
            )
            .because(
                "that fulfilled its proposal; to ship it once more it must be proposed once more",
            )
            .hint("look at what runs there now: git smp status"));
        }
        Err(Refusal::new(
            RefusalCode::NotProposed,
            format!(
                "{} was not proposed, so nobody can have signed it off",
                commit.short()
            ),
        )
        .because("record.signoff in smp.toml asks for a sign-off of every candidate")
        .hint("put it forward: git smp propose"))
    }

    /// Refuses a target that is not where the proposal saw it.
    ///
    /// # Errors
    /// `target-moved`, with what changed.
    pub fn target_unmoved(&self, target: &Target<'_>, lost: Option<usize>) -> Result<(), Refusal> {
        let Some(candidate) = &self.state.candidate else {
            return Ok(());
        };
        let name = &target.environment.name;
        let again = "look anew: git smp postpone, then: git smp propose";
        let Some(goal) = candidate.goal(name) else {
            return Err(Refusal::new(
                RefusalCode::TargetMoved,
                format!("{name} was not part of the proposal"),
            )
            .because(format!(
                "{} {}",
                candidate.commit.short(),
                self.proposed(candidate)
            ))
            .hint(again));
        };
        let runs = target.observed.runs();
        if runs == goal.from.as_ref() {
            return Ok(());
        }
        let (then, now) = (
            goal.from.as_ref().map_or("nothing", CommitId::short),
            runs.map_or("nothing", CommitId::short),
        );
        let report =
            Report::new(format!("{name} is not where the proposal saw it")).because(format!(
                "it ran {then} when {}, and runs {now} now",
                self.by_whom(candidate)
            ));
        let lost = lost.filter(|lost| *lost > 0);
        let again = if lost.is_some() {
            format!("merge what {name} has into the main branch, then: git smp postpone")
        } else {
            again.to_owned()
        };
        let lost = lost.map(|lost| format!("{} of it would disappear", commits(lost)));
        let report = lost.into_iter().fold(report, Report::because);
        Err(report.hint(again).refused(RefusalCode::TargetMoved))
    }

    /// "proposed by Ada Example 2 hours ago".
    pub fn proposed(&self, candidate: &Candidate) -> String {
        format!(
            "proposed by {} {}",
            candidate.by.name,
            ago(self.now, candidate.at)
        )
    }

    fn by_whom(&self, candidate: &Candidate) -> String {
        format!(
            "{} proposed {} {}",
            candidate.by.name,
            candidate.commit.short(),
            ago(self.now, candidate.at)
        )
    }

    /// Whether an environment is still to be recorded as running the commit: the candidate's goal, or a push that was
    /// announced.
    pub fn is_due(&self, environment: &str, commit: &CommitId) -> bool {
        let announced = self
            .open()
            .is_some_and(|open| open.environment == environment && open.to == *commit);
        let candidate = self
            .state
            .candidate
            .as_ref()
            .filter(|candidate| candidate.commit == *commit);
        announced
            || candidate
                .and_then(|candidate| candidate.goal(environment))
                .is_some_and(|goal| !goal.reached)
    }

    /// Where the freeze is lifted when these environments run the commit, too; `None`: others are still to come.
    pub fn lifts(&self, commit: &CommitId, reached: &[&str]) -> Option<String> {
        let candidate = self
            .state
            .candidate
            .as_ref()
            .filter(|candidate| candidate.commit == *commit)?;
        let all = candidate
            .targets
            .iter()
            .all(|goal| goal.reached || reached.contains(&goal.environment.as_str()));
        all.then(|| candidate.environment.clone())
    }
}
