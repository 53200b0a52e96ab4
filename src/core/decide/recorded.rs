//! What the shared record allows: the candidate and nothing else, signed off, one push at a time.

use crate::core::config::Environment;
use crate::core::decide::Target;
use crate::core::decide::answer::FOUR_EYES;
use crate::core::decide::finding::{WAIT, is_cached, pending};
use crate::core::decide::next::{ONLY, by_others, if_tested, promote, propose_again, unread};
use crate::core::record::{Candidate, Deploying, FORMAT, Kind, Person, Standing, State, Verdict};
use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::text::{ago, counted};
use crate::core::typed::Typed;
use crate::core::words::{CommitId, EventId, Observed, Source, short};

#[derive(Clone, Copy, Debug)]
pub struct Recorded<'a> {
    pub state: &'a State,
    pub signoff: bool,
    /// The announcement that this clone made last.
    pub mine: Option<&'a EventId>,
    /// Whether a push or a release of this clone for that announcement may still be on its way.
    pub sent: bool,
    /// The environments of the open announcement, as they were seen.
    pub announced: &'a [Observed],
    /// `--take-over`: somebody else's announcement that may be put aside.
    pub take_over: Option<&'a str>,
    pub now: i64,
}

/// The deploy that is planned: why, where and what. `None`: nothing is deployed.
type OwnDeploy<'w> = Option<(Kind, &'w str, &'w CommitId)>;

/// How far it is: of several places, the one that is behind the others counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Course {
    /// It may be on its way.
    Going,
    /// The branch has it, and the environment does not run it yet.
    Landed,
    /// It was cut off before it began.
    Dead,
    /// Somebody moved the branch on.
    Passed,
    Arrived,
}

/// The way out where no program wrote what this version cannot read.
pub const BY_HAND: &str = "if nobody has a newer version, somebody wrote an event by hand that no version can read; \
    to start an empty record, set another `ref` in [record] of smp.toml on the main branch";

impl<'a> Recorded<'a> {
    /// The push that is on its way according to the record; anybody may have begun it.
    pub fn open(&self) -> Option<&'a Deploying> {
        self.state.deploying.as_ref()
    }

    /// The same, if it brings this commit there.
    pub fn open_for(&self, name: &str, commit: &CommitId) -> Option<&'a Deploying> {
        self.state.deploying_to(name, commit)
    }

    /// Whether exactly this push is announced and can simply be gone on with: it is ours, or has landed.
    pub fn resumes(&self, name: &str, commit: &CommitId, reference: Option<&CommitId>) -> bool {
        self.open_for(name, commit).is_some_and(|open| {
            let is_ours = self.is_mine(open) && open.from(name) == reference;
            is_ours || reference == Some(commit)
        })
    }

    fn is_mine(&self, open: &Deploying) -> bool {
        self.mine == Some(&open.id)
    }

    /// How the announced deploy stands, as far as its environments tell.
    fn course(&self, open: &Deploying) -> Course {
        let all = open.places().map(|(name, _)| self.course_at(open, name));
        all.min().unwrap_or(Course::Going)
    }

    fn course_at(&self, open: &Deploying, name: &str) -> Course {
        let mut seen = self.announced.iter().filter(|one| one.environment == name);
        let Some(one) = seen.next().filter(|one| pending(one).is_none()) else {
            return Course::Going;
        };
        let at = matches!(&one.branch, Some(Ok(_))).then(|| one.reference());
        let moved = at.is_some_and(|at| at != open.from(name));
        // An announcement is made while something else runs. The exception is a rollback of what had not arrived: the
        // branch shows its end, unless the platform makes it.
        let shows = moved || open.kind != Kind::Rollback || one.source == Source::Api;
        if one.runs() == Some(&open.to) && shows && !is_cached(one) {
            Course::Arrived
        } else if at == Some(Some(&open.to)) && !one.by_pipeline {
            // Where the branch had it before, nothing was pushed that could be on its way.
            Course::Landed
        } else if moved {
            Course::Passed
        } else if self.is_mine(open) && !self.sent {
            // What this clone announced and has no push of in the air was cut off before it began.
            Course::Dead
        } else {
            Course::Going
        }
    }

    /// A rollback that was announced and has ended, and whose end nobody recorded. The next deploy records it.
    pub fn unwritten_rollback(&self) -> Option<&'a Deploying> {
        let open = self.open().filter(|open| open.kind == Kind::Rollback)?;
        (self.course(open) == Course::Arrived).then_some(open)
    }

    /// Refuses while another deploy may be on its way: two pushes with the same lease would both build. `wanted` is the
    /// deploy that is planned, `command` the one that could take the other's place; none: only one of its own kind could.
    pub fn nobody_else(
        &self,
        wanted: OwnDeploy<'_>,
        command: Option<Typed>,
    ) -> Result<(), Refusal> {
        if self.state.format > FORMAT {
            let error = "the record was written by a newer git-smp";
            return Err(Refusal::new(RefusalCode::RecordNewer, error)
                .because(BY_HAND)
                .run("install the newest", Typed::other("cargo install git-smp")));
        }
        let Some(open) = self.open().filter(|open| !self.is_named(open)) else {
            return Ok(());
        };
        let here = wanted.filter(|(_, name, _)| open.reaches(name));
        let is_this = here.is_some_and(|(_, _, commit)| *commit == open.to);
        let takes_back = here.is_some_and(|(kind, ..)| kind == Kind::Rollback);
        match self.course(open) {
            Course::Arrived | Course::Passed | Course::Dead => Ok(()),
            // Its lease cannot hold any more. A deploy over a rollback would still undo it before it was seen to run.
            Course::Landed if open.kind != Kind::Rollback || is_this || takes_back => Ok(()),
            Course::Going if self.is_mine(open) && is_this => Ok(()),
            course => Err(self.deploying(open, course, command)),
        }
    }

    /// Refuses to call it done that an environment runs this commit while another is on its way there.
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

    fn is_named(&self, open: &Deploying) -> bool {
        self.take_over
            .is_some_and(|id| id.len() >= 4 && open.id.as_str().starts_with(id))
    }

    fn deploying(&self, open: &Deploying, course: Course, command: Option<Typed>) -> Refusal {
        let (name, to, id) = (open.names(), open.to.short(), open.id.as_str());
        let is_mine = self.is_mine(open);
        let landed =
            format!("it has reached the branch of {name}, but {name} does not report {to} yet");
        let why = match course {
            Course::Landed => landed.as_str(),
            _ if is_mine => "this clone began it, and its result is unknown",
            _ => "two pushes at once would both build, and the slower one would win",
        };
        let mut refusal = Refusal::new(RefusalCode::Deploying, open.story(self.now)).because(why);
        if let Some(named) = self.take_over {
            let other = format!("the deploy in progress has the id {id}, not {named}");
            refusal = refusal.because(other);
        }
        let (own, successor) = (open.command(), self.state.successor_of(open));
        let Some(command) = command.filter(|_| own.is_some()).or(successor) else {
            let why = format!("this smp.toml has no environment {name}: it may be out of date");
            return refusal
                .because(why)
                .because(format!("its id, for --take-over, is {id}"))
                .run("get the team's current smp.toml, then", Typed::smp("setup"));
        };
        refusal = refusal.run(WAIT, Typed::smp("status"));
        if let Some(own) = own.filter(|_| course == Course::Landed || is_mine) {
            refusal = refusal.run("continue it", own);
        }
        refusal.run(ONLY, command.option("--take-over", id))
    }

    /// Refuses what was deployed to an environment with checks that nobody saw pass yet.
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

    /// Refuses what is not the candidate, or not signed off. Without a candidate only a team that signs nothing off
    /// may promote.
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
                // The announcement that is in the way is in the way of a fix, too.
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

    /// Everybody who said yes may be one who proposed it or deployed a fix of it.
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
        let refusal = refusal.because(FOUR_EYES).hint(by_others(candidate));
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
            // Its proposal was fulfilled, maybe a moment ago, so that there is nothing left that could be signed off.
            let (by, when) = (&deploy.by.name, ago(self.now, deploy.at));
            let error =
                format!("{short} is no longer the candidate: {by} promoted it to {target} {when}");
            return Err(Refusal::new(RefusalCode::TargetMoved, error)
                .because("the promotion closed its proposal")
                .run("to ship it again, propose it again", Typed::smp("propose")));
        }
        let error = format!("{short} was not proposed, so it cannot be promoted");
        Err(Refusal::new(RefusalCode::NotProposed, error)
            .because("record.signoff in smp.toml requires a sign-off of every candidate")
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
        let refusal = Refusal::new(code, error).because(why);
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

    /// "proposed by Ada Example 2 hours ago".
    pub fn proposed(&self, candidate: &Candidate) -> String {
        let (by, when) = (&candidate.by.name, ago(self.now, candidate.at));
        format!("proposed by {by} {when}")
    }

    /// Whether an environment is still to be recorded as running the commit: the candidate's goal, or a push that was
    /// announced.
    pub fn is_due(&self, environment: &str, commit: &CommitId) -> bool {
        let goal = self
            .state
            .candidate_of(commit)
            .and_then(|one| one.goal(environment));
        self.open_for(environment, commit).is_some() || goal.is_some_and(|goal| !goal.reached)
    }

    /// Whether what was put forward in the first is still to come to the second.
    pub fn waits(&self, source: &str, target: &str) -> bool {
        let candidate = self.state.frozen(source);
        let goal = candidate.and_then(|candidate| candidate.goal(target));
        goal.is_some_and(|goal| !goal.reached)
    }

    /// Where the freeze is lifted when these environments run the commit, too; `None`: others are still to come.
    pub fn lifts(&self, commit: &CommitId, reached: &[&str]) -> Option<String> {
        let candidate = self.state.candidate_of(commit)?;
        let mut goals = candidate.targets.iter();
        let all = goals.all(|goal| goal.reached || reached.contains(&goal.environment.as_str()));
        all.then(|| candidate.environment.clone())
    }
}

/// ", with the key of ada@example.com", where somebody signed.
fn with_key(person: &Person) -> String {
    let key = person.principal.as_ref();
    key.map_or(String::new(), |key| format!(", with the key of {key}"))
}
