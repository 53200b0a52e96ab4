//! The deploys that the shared record allows: only the candidate, only after a sign-off, one push at a time.

mod course;

use crate::core::config::Environment;
use crate::core::decide::Target;
use crate::core::decide::answer::four_eyes;
use crate::core::decide::finding::WAIT;
use crate::core::decide::next::{ONLY, by_others, if_tested, promote, propose_again, unread};
use crate::core::record::{Candidate, Deploying, FORMAT, Kind, Person, Standing, State, Verdict};
use crate::core::refusal::{Refusal, RefusalCode, Report};
use crate::core::text::{ago, counted};
use crate::core::typed::Typed;
use crate::core::words::{CommitId, EventId, Observed, SMP_TOML, short};
use course::Course;

#[derive(Clone, Copy, Debug)]
pub struct Recorded<'a> {
    pub state: &'a State,
    pub signoff: bool,
    /// The last announcement of this clone.
    pub mine: Option<&'a EventId>,
    /// True if a push or a release of this clone for that announcement may still be in progress.
    pub sent: bool,
    /// The observed environments of the open announcement.
    pub announced: &'a [Observed],
    /// `--take-over`: the announcement of somebody else that this run may replace.
    pub take_over: Option<&'a str>,
    pub now: i64,
}

/// The planned deploy: its kind, environment and commit. `None` if nothing is deployed.
type OwnDeploy<'w> = Option<(Kind, &'w str, &'w CommitId)>;

fn landed(name: &str, to: &str) -> String {
    format!("it has reached the branch of {name}, but {name} does not report {to} yet")
}

/// The hint for an unreadable event that no newer version wrote.
pub const BY_HAND: &str = "if nobody has a newer version, somebody wrote an event by hand that no version can read; \
    to start an empty record, set another `ref` in [record] of smp.toml on the main branch";

impl<'a> Recorded<'a> {
    /// Returns the announced deploy, by anybody, that has no recorded end.
    pub fn open(&self) -> Option<&'a Deploying> {
        self.state.deploying.as_ref()
    }

    /// Returns the announced deploy of this commit there, if its end is not recorded.
    pub fn open_for(&self, name: &str, commit: &CommitId) -> Option<&'a Deploying> {
        self.state.unended_to(name, commit)
    }

    /// Returns whether this push can be resumed: this clone announced it, or the branch has its commit.
    pub fn resumes(&self, name: &str, commit: &CommitId, reference: Option<&CommitId>) -> bool {
        self.open_for(name, commit).is_some_and(|open| {
            let is_ours = self.is_mine(open) && open.from(name) == reference;
            is_ours || reference == Some(commit)
        })
    }

    fn is_mine(&self, open: &Deploying) -> bool {
        self.mine == Some(&open.id)
    }

    /// Refuses while another deploy may be in progress: two pushes with the same lease would both build. `wanted` is
    /// the planned deploy. `command` can take over the other deploy; `None` if only the same kind of deploy can.
    pub fn nobody_else(
        &self,
        wanted: OwnDeploy<'_>,
        command: Option<Typed>,
    ) -> Result<(), Refusal> {
        if self.state.format > FORMAT {
            let error = "the record was written by a newer git-smp";
            return Err(Refusal::new(RefusalCode::RecordNewer, error)
                .because(BY_HAND)
                .run(
                    "install the newest version",
                    Typed::other("cargo install --locked git-smp"),
                ));
        }
        let Some(open) = self.open().filter(|open| !self.is_named(open)) else {
            return Ok(());
        };
        let here = wanted.filter(|(_, name, _)| open.reaches(name));
        let is_this = here.is_some_and(|(_, _, commit)| *commit == open.to);
        let takes_back = here.is_some_and(|(kind, ..)| kind == Kind::Rollback);
        match self.course(open) {
            Course::Arrived | Course::Passed | Course::Dead => Ok(()),
            // Its lease can no longer hold. A deploy over a rollback would still undo it before it was seen to run.
            Course::Landed if open.kind != Kind::Rollback || is_this || takes_back => Ok(()),
            Course::Going if self.is_mine(open) && is_this => Ok(()),
            course => Err(self.deploying(open, course, command)),
        }
    }

    /// Refuses to report success for a running commit while another commit is being deployed there.
    pub fn nothing_on_its_way(
        &self,
        observed: &Observed,
        commit: &CommitId,
    ) -> Result<(), Refusal> {
        let open = self
            .open()
            .filter(|open| !self.is_named(open) && open.to != *commit);
        let name = &observed.environment;
        let open = open.filter(|open| open.reaches(name));
        match open.map(|open| (open, self.course_at(open, name))) {
            Some((open, course @ (Course::Landed | Course::Going))) => {
                Err(self.deploying(open, course, None))
            }
            _ => Ok(()),
        }
    }

    /// Returns what is so about an announced deploy there that has no recorded end: it runs, or has reached the branch.
    pub fn story_of(&self, open: &Deploying, name: &str) -> Option<[String; 2]> {
        let short = open.to.short();
        let is_so = match self.course_at(open, name) {
            Course::Landed => landed(name, short),
            Course::Arrived => format!("{name} runs {short}, and the next deploy records that"),
            _ => return None,
        };
        Some([open.story(self.now), is_so])
    }

    /// Returns the same about an earlier promotion of the commit with these digits.
    pub fn begun(&self, digits: &str) -> Option<[String; 2]> {
        let digits = digits.to_ascii_lowercase();
        let mut all = self.state.unended();
        all.find_map(|open| {
            let is_it = open.kind == Kind::Promote && open.to.as_str().starts_with(&digits);
            let mut names = open.places().filter(|_| is_it).map(|(name, _)| name);
            names.find_map(|name| self.story_of(open, name))
        })
    }

    fn is_named(&self, open: &Deploying) -> bool {
        self.take_over
            .is_some_and(|id| id.len() >= 4 && open.id.as_str().starts_with(id))
    }

    fn deploying(&self, open: &Deploying, course: Course, command: Option<Typed>) -> Refusal {
        let (name, to, id) = (open.names(), open.to.short(), open.id.as_str());
        let is_mine = self.is_mine(open);
        let landed = landed(&name, to);
        let why = match course {
            Course::Landed => landed.as_str(),
            _ if is_mine => "this clone began it, and its result is unknown",
            _ => "two pushes at once would both build, and the slower one would win",
        };
        let mut refusal = Refusal::new(RefusalCode::Deploying, open.story(self.now)).because(why);
        if let Some(named) = self.take_over {
            let other = format!("the deploy in progress has the ID {id}, not {named}");
            refusal = refusal.because(other);
        }
        let (own, successor) = (open.command(), self.state.successor_of(open));
        let Some(command) = command.filter(|_| own.is_some()).or(successor) else {
            let why = format!(
                "this clone's configuration has no environment {name}; it may be out of date"
            );
            return refusal
                .because(why)
                .because(format!("its ID, for --take-over, is {id}"))
                .run(
                    "get the team's current configuration, then",
                    Typed::smp("setup"),
                );
        };
        refusal = refusal.run(WAIT, Typed::smp("status"));
        if let Some(own) = own.filter(|_| course == Course::Landed || is_mine) {
            refusal = refusal.run("continue it", own);
        }
        refusal.run(ONLY, command.option("--take-over", id))
    }

    /// Refuses a commit whose checks have not passed yet in an environment with checks.
    pub fn checked(&self, source: &Environment, commit: &CommitId) -> Result<(), Refusal> {
        let (name, short) = (&source.name, commit.short());
        let open = self.open_for(name, commit);
        let Some(open) = open.filter(|_| !source.check.is_empty()) else {
            return Ok(());
        };
        let again = match open.kind {
            Kind::Fix => Typed::smp("stage --fix").arg(short),
            Kind::Promote | Kind::Rollback => promote(name),
            Kind::Stage => Typed::smp("stage").arg(short),
        };
        let (error, why) = match &open.failed {
            Some(why) => (
                format!("{name} runs {short}, but its checks did not pass"),
                why.clone(),
            ),
            None => (
                format!("it is unknown whether the checks of {name} passed with {short}"),
                open.story(self.now),
            ),
        };
        Err(Refusal::new(RefusalCode::CheckFailed, error)
            .because(why)
            .run("check again", again)
            .run("or correct the problem, then", Typed::smp("stage")))
    }

    /// Refuses a commit that is not the candidate or not signed off. A promotion without a candidate is only possible
    /// if the team requires no sign-off.
    pub fn signed_off(&self, source: &str, commit: &CommitId, target: &str) -> Result<(), Refusal> {
        let Some(candidate) = &self.state.candidate else {
            return self.without_candidate(commit, target);
        };
        let (proposed, short) = (self.proposed(candidate), candidate.commit.short());
        if candidate.commit != *commit {
            let error = format!("{source} does not run the candidate");
            let (bring, command) = match source == candidate.environment {
                true => ("deploy the candidate again", Typed::smp("stage").arg(short)),
                false => ("deploy it there first", promote(source)),
            };
            return Err(Refusal::new(RefusalCode::CandidateMoved, error)
                .because(format!("the candidate is {short}, {proposed}"))
                .because(format!("{source} runs {}", commit.short()))
                .run(bring, command)
                .run("or close the candidate", Typed::smp("postpone")));
        }
        candidate.in_turn(source, target)?;
        match candidate.standing() {
            Standing::Waiting if self.signoff && !candidate.verdicts.is_empty() => {
                Err(self.same_person(candidate))
            }
            Standing::Waiting if self.signoff => {
                let error = format!("nobody has signed off {short}");
                let refusal = Refusal::new(RefusalCode::NotSignedOff, error)
                    .because(format!("it is the candidate, {proposed}"));
                Err(match candidate.four_eyes {
                    true => refusal.hint(by_others(candidate)),
                    false => refusal.hint(if_tested(candidate)),
                })
            }
            Standing::SignedOff | Standing::Waiting => Ok(()),
            Standing::Blocked => {
                let refusal = Refusal::new(RefusalCode::Blocked, format!("{short} is blocked"));
                let blocks = candidate.who_said(Verdict::Block).map(|one| {
                    let (by, when) = (&one.by, ago(self.now, one.at));
                    let why = one.note.as_deref().unwrap_or("without a reason");
                    let place = one.in_comment();
                    format!("{by} blocked it {when}{place}: {why}")
                });
                let (refusal, close) = (
                    blocks.fold(refusal, Refusal::because),
                    Typed::smp("postpone"),
                );
                let fix = Typed::smp("stage --fix");
                // A fix must take over the same announcement.
                let fix = match self.take_over {
                    Some(id) => fix.option("--take-over", id),
                    None => fix,
                };
                Err(match self.state.shipped() {
                    None => refusal
                        .run("deploy a fix", fix)
                        .run("or close the candidate", close),
                    Some(_) => refusal.run("close the candidate", close),
                })
            }
        }
    }

    /// Refuses if every sign-off is from a person who proposed the candidate or deployed a fix of it.
    fn same_person(&self, candidate: &Candidate) -> Refusal {
        let have = match candidate.fixers.is_empty() {
            true => "has",
            false => "have",
        };
        if candidate.unread {
            return unread(candidate);
        }
        let error = format!("only {} {have} signed it off", candidate.own_people());
        let proposed = self.proposed(candidate) + &with_key(&candidate.by);
        let refusal = Refusal::new(RefusalCode::SamePerson, error).because(proposed);
        let fixes = (candidate.fixers.iter())
            .map(|fixer| format!("{} deployed a fix{}", fixer.by.name, with_key(&fixer.by)));
        let yeses = candidate.verdicts.iter().map(|one| {
            let (by, when) = (&one.by, ago(self.now, one.at));
            let how = match &one.comment {
                Some(_) => ", in a comment".to_owned(),
                None => with_key(&one.recorded_by),
            };
            format!("signed off as {by} {when}{how}")
        });
        let refusal = fixes.chain(yeses).fold(refusal, Refusal::because);
        let refusal = refusal.because(four_eyes()).hint(by_others(candidate));
        match candidate.fixers.is_empty() {
            true => refusal,
            false => refusal
                .run("or close the candidate", Typed::smp("postpone"))
                .run("then propose it again", Typed::smp("propose")),
        }
    }

    fn without_candidate(&self, commit: &CommitId, target: &str) -> Result<(), Refusal> {
        if !self.signoff {
            return Ok(());
        }
        let (short, deploy) = (commit.short(), self.state.deploys.get(target));
        if let Some(deploy) = deploy.filter(|one| one.commit == *commit && one.seen_since.is_none())
        {
            // The proposal was fulfilled, maybe a moment ago, so no candidate is left to sign off.
            let (by, when) = (&deploy.by.name, ago(self.now, deploy.at));
            let error =
                format!("{short} is no longer the candidate: {by} promoted it to {target} {when}");
            return Err(Refusal::new(RefusalCode::TargetMoved, error)
                .because("the promotion closed its proposal")
                .run("to ship it again, propose it again", Typed::smp("propose")));
        }
        let error = format!("{short} was not proposed, so it cannot be promoted");
        Err(Refusal::new(RefusalCode::NotProposed, error)
            .because(format!(
                "record.signoff in {SMP_TOML} requires a sign-off of every candidate"
            ))
            .run("propose it", Typed::smp("propose")))
    }

    pub fn target_unmoved(&self, target: &Target<'_>) -> Result<(), Refusal> {
        let Some(candidate) = &self.state.candidate else {
            return Ok(());
        };
        let (name, runs) = (&target.environment.name, target.observed.runs());
        let code = RefusalCode::TargetMoved;
        let (commit, proposed) = (candidate.commit.short(), self.proposed(candidate));
        let Some(goal) = candidate.goal(name) else {
            let error = format!("{name} was not part of the proposal");
            return Err(Refusal::new(code, error)
                .because(format!("{commit} was {proposed}"))
                .hint(propose_again()));
        };
        if runs == goal.from.as_ref() {
            return Ok(());
        }
        let (then, now) = (short(goal.from.as_ref()), short(runs));
        let (by, when) = (&candidate.by.name, ago(self.now, candidate.at));
        let why = format!("it ran {then} when {by} proposed {commit} {when}, and runs {now} now");
        let error = format!("{name} changed since the proposal");
        let begun = runs.and_then(|runs| self.begun(runs.as_str()));
        let report = Report::new(error).because(why);
        let report = report.causes(begun.into_iter().flatten());
        let refusal = report.refused(code);
        let lost = target.changes.as_ref().map(|changes| &changes.disappears);
        let merge = format!("merge the commits of {name} into the main branch, then");
        Err(match lost.filter(|lost| !lost.is_empty()) {
            Some(lost) => refusal
                .because(format!(
                    "{} of {name} would disappear",
                    counted(lost.len(), "commit")
                ))
                .run(merge, Typed::smp("postpone")),
            None => refusal.hint(propose_again()),
        })
    }

    /// Returns "proposed by Ada Example 2 hours ago".
    pub fn proposed(&self, candidate: &Candidate) -> String {
        let (by, when) = (&candidate.by.name, ago(self.now, candidate.at));
        format!("proposed by {by} {when}")
    }

    /// Returns whether a deploy of the commit must still be recorded: an unreached target of the candidate, or an
    /// announced deploy.
    pub fn is_due(&self, environment: &str, commit: &CommitId) -> bool {
        let goal = self
            .state
            .candidate_of(commit)
            .and_then(|one| one.goal(environment));
        self.open_for(environment, commit).is_some() || goal.is_some_and(|goal| !goal.reached)
    }

    /// Returns whether the candidate of `source` has not reached `target` yet.
    pub fn waits(&self, source: &str, target: &str) -> bool {
        let candidate = self.state.frozen(source);
        let goal = candidate.and_then(|candidate| candidate.goal(target));
        goal.is_some_and(|goal| !goal.reached)
    }

    /// Returns the environment whose freeze ends once these run the commit too; `None` if other targets are left.
    pub fn lifts(&self, commit: &CommitId, reached: &[&str]) -> Option<String> {
        let candidate = self.state.candidate_of(commit)?;
        let mut goals = candidate.targets.iter();
        let all = goals.all(|goal| goal.reached || reached.contains(&goal.environment.as_str()));
        all.then(|| candidate.environment.clone())
    }
}

/// Returns ", with the key of ada@example.com" if the person signed.
fn with_key(person: &Person) -> String {
    let key = person.principal.as_ref();
    key.map_or(String::new(), |key| format!(", with the key of {key}"))
}
