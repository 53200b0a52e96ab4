//! What a plan says in addition to its steps: about this clone's earlier pushes, files, and options without effect.

use std::thread;
use std::time::{Duration, Instant};

use crate::core::address::same_place;
use crate::core::decide::finding::newest;
use crate::core::decide::{Plan, Recorded, Step, Target};
use crate::core::record::{Deploying, Kind};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::text::{ago, and};
use crate::core::typed::{Hint, Typed};
use crate::core::words::{Branch, CommitId};
use crate::deploy::Deploy;
use crate::git::lfs;
use crate::look::Seen;
use crate::session::trust;
use crate::sources::Look;

struct Earlier<'a> {
    name: &'a str,
    commit: CommitId,
    age: Duration,
    is_push: bool,
}

impl Earlier<'_> {
    /// Returns what began, what may become of it, and what a second one would do.
    fn words(&self) -> (String, &'static str, &'static str) {
        let (name, short) = (self.name, self.commit.short());
        let when = ago(i64::try_from(self.age.as_secs()).unwrap_or(0), 0);
        let (began, may_be, second) = if self.is_push {
            (
                format!("a push of {short} to {name} began {when} from this clone"),
                "the host may still be building it",
                "a second push would start a second build",
            )
        } else {
            (
                format!("a release of {short} on {name} was requested {when} from this clone"),
                "the platform may still create it",
                "requesting it again would create a second one",
            )
        };
        let story = format!("{began}; its result is unknown");
        (story, may_be, second)
    }

    /// Reports that the earlier deploy may replace what runs now.
    fn may_replace(&self, runs: &CommitId, command: Typed) -> Report {
        let ((story, may_be, _), short) = (self.words(), runs.short());
        let why = format!("{} runs {short} now, but that may change", self.name);
        let report = Report::new(story).because(may_be).because(why);
        report
            .run("wait for its result, then look", Typed::smp("status"))
            .run("then", command)
    }
}

impl Deploy<'_> {
    /// Returns earlier pushes and releases without a known end. A push also conflicts with a release, and vice versa.
    fn earlier(&self) -> impl Iterator<Item = Earlier<'_>> {
        self.targets
            .iter()
            .flat_map(|target| self.earlier_to(target))
    }

    fn earlier_to<'t>(&self, target: &'t Target<'_>) -> impl Iterator<Item = Earlier<'t>> {
        let (name, notes) = (target.environment.name.as_str(), self.notes());
        let last = self.last_deploy(name);
        let pushed = notes.pushing(name, target.observed.reference(), last.as_ref());
        let newest = newest(&target.observed);
        let released = newest.and_then(|newest| notes.releasing(name, newest.version));
        let found = [(pushed, true), (released, false)].into_iter();
        found.filter_map(move |(found, is_push)| {
            let (commit, age) = found?;
            Some(Earlier {
                name,
                commit,
                age,
                is_push,
            })
        })
    }

    fn last_deploy(&self, name: &str) -> Option<(CommitId, i64)> {
        self.seen.state().and_then(|state| state.last_deploy(name))
    }

    /// Adds what an earlier push means for this plan. A commit on its way is never "nothing to do".
    pub(super) fn warn_of_earlier(&self, plan: &mut Plan) -> Result<(), Refusal> {
        for earlier in self.earlier() {
            let is_same = earlier.commit == plan.commit;
            let begins = plan.steps.iter().any(|step| step.begins(earlier.name));
            if is_same && !begins {
                continue;
            }
            let (story, may_be, second) = earlier.words();
            if begins && self.somebody_looks() {
                plan.warnings
                    .push(format!("{story}: {may_be}, and {second}"));
                continue;
            }
            let command = self.command();
            let report = if begins {
                Report::new(story)
                    .because(format!("{may_be}, and {second}"))
                    .run("wait for its result, then look", Typed::smp("status"))
                    .run(
                        "or confirm a second one in a terminal, without --yes",
                        command,
                    )
            } else {
                earlier.may_replace(&plan.commit, command)
            };
            return Err(report.refused(match is_same {
                true => RefusalCode::PushInFlight,
                false => RefusalCode::Deploying,
            }));
        }
        Ok(())
    }

    /// Refuses to propose a commit that a push of this clone, which is not recorded yet, may replace at any moment.
    pub fn source_is_settled(&self) -> Result<(), Refusal> {
        let Some((source, runs)) = self.source().and_then(|one| Some((one, one.runs()?))) else {
            return Ok(());
        };
        let name = source.environment.as_str();
        let last = self.last_deploy(name);
        let pushing = (self.notes()).pushing(name, source.reference(), last.as_ref());
        let Some((commit, age)) = pushing.filter(|(commit, _)| commit != runs) else {
            return Ok(());
        };
        let earlier = Earlier {
            name,
            commit,
            age,
            is_push: true,
        };
        let report = earlier.may_replace(runs, Typed::smp("propose"));
        Err(report.refused(RefusalCode::Deploying))
    }

    /// Returns whether only an earlier push of this clone to one of these environments prevents the plan.
    fn is_in_flight(&self, planned: &Result<Plan, Refusal>) -> bool {
        planned.as_ref().is_err_and(|refusal| match refusal.code {
            RefusalCode::PushInFlight => true,
            RefusalCode::Deploying => self.earlier().next().is_some(),
            _ => false,
        })
    }

    fn planned(self) -> Result<(Self, Result<Plan, Refusal>), Stop> {
        match self.plan() {
            Ok(plan) => Ok((self, Ok(plan))),
            Err(Stop::Refused(refusal)) => Ok((self, Err(refusal))),
            Err(stop) => Err(stop),
        }
    }
}

/// Looks and plans. With `--yes`, repeats this until an earlier, interrupted push has a result.
pub fn looked<'a>(
    look: impl Fn() -> Result<Deploy<'a>, Stop>,
) -> Result<(Deploy<'a>, Result<Plan, Refusal>), Stop> {
    let (mut deploy, mut planned) = look()?.planned()?;
    let options = deploy.options;
    if !options.yes || options.dry_run || !deploy.is_in_flight(&planned) {
        return Ok((deploy, planned));
    }
    let (begun, ui) = (Instant::now(), deploy.session.ui);
    let progress = ui.progress();
    ui.note("an earlier deploy from this clone has no known result; waiting for it");
    loop {
        thread::sleep(Duration::from_secs(1));
        (deploy, planned) = look()?.planned()?;
        let seconds = begun.elapsed().as_secs();
        match planned {
            Err(refusal) if deploy.is_in_flight(&Err(refusal.clone())) => {
                if seconds >= options.timeout {
                    deploy.record_promoted()?;
                    return Err(Stop::Incomplete(refusal.report));
                }
                progress.show(&format!("waiting for the earlier deploy, {seconds} s"));
            }
            planned => {
                progress.clear();
                return Ok((deploy, planned));
            }
        }
    }
}

/// Returns a warning if what ships was not merged, or if that is unknown.
pub fn not_on_main(
    look: &Look<'_>,
    candidate: &CommitId,
    seen: &Seen,
) -> Result<Option<String>, Stop> {
    let main = &look.config.repository;
    let (name, short) = (
        format!("{}/{}", main.remote, main.branch),
        candidate.short(),
    );
    Ok(match &seen.main {
        None => None,
        Some(Ok(Branch::At(tip))) if look.repo.is_ancestor(candidate, tip)? => None,
        Some(Ok(Branch::At(_))) => Some(format!(
            "{short} is not on {name}: it was not merged, or the branch was rewritten"
        )),
        Some(Ok(_)) => Some(format!(
            "{name} does not exist, so it is unknown whether {short} was merged"
        )),
        Some(Err(refusal)) => Some(format!(
            "it is unknown whether {short} is on {name}: {}",
            refusal.report.error
        )),
    })
}

impl Deploy<'_> {
    /// Says that `--first` changes nothing if the app, or the branch, exists already. That is no reason to stop.
    pub fn note_first(&self) {
        let mut branches = self.targets.iter().map(|target| &target.observed.branch);
        let has_app = branches.all(|branch| match branch {
            Some(Ok(branch)) => !matches!(branch, Branch::NoApp(_) | Branch::Missing(_)),
            Some(Err(_)) | None => false,
        });
        if self.options.first && has_app {
            let all_branches = self.targets.iter().all(|one| one.environment.is_branch);
            let has = match (self.targets.len(), all_branches) {
                (1, true) => "has its branch",
                (1, false) => "has its app",
                (_, true) => "have their branches",
                (_, false) => "have their apps",
            };
            let text = format!("{} already {has}, so --first changes nothing", self.names());
            self.session.ui.note(text);
        }
    }

    /// Adds to the refusal of a push that would create an app the complete command for that. Leaves others unchanged.
    fn to_make_the_app(&self, mut refusal: Refusal) -> Refusal {
        let is_first = self.options.first || self.kind() == Kind::Rollback;
        if refusal.code == RefusalCode::NoApp && !is_first {
            let command = self.command().plain("--first");
            refusal.report.hint = Some(Hint::run("to create it", command));
        }
        let on_remotes = self.targets.iter().any(|one| !one.environment.is_branch);
        if refusal.code == RefusalCode::WrongBranch && self.options.first && on_remotes {
            refusal = refusal.because("--first creates an app, or a branch of the main repository, but no branch on another remote");
        }
        refusal
    }

    pub(super) fn refined(&self, refusal: Refusal) -> Refusal {
        self.with_ignored(self.to_make_the_app(refusal))
    }

    /// Warns of each push that goes elsewhere because of the user's own git settings.
    pub(super) fn warn_of_addresses(&self, plan: &mut Plan) -> Result<(), Stop> {
        for target in &self.targets {
            let address = trust::push_address(&self.session.repo, target.environment)?;
            let is_there = match target.environment.is_branch {
                true => same_place(&address, &target.environment.url),
                false => address == target.environment.url,
            };
            if !is_there {
                plan.warnings.push(format!(
                    "pushes to {} go to {address}, because of your own url.insteadOf",
                    target.environment.remote
                ));
            }
        }
        Ok(())
    }

    /// Warns that a push does not send the contents of files in Git LFS, unless it goes to the main repository.
    pub(super) fn warn_of_lfs(&self, plan: &mut Plan) {
        let commit = &plan.commit;
        for step in &plan.steps {
            let Step::Push {
                environment,
                remote,
                expected,
                ..
            } = step
            else {
                continue;
            };
            if *remote == self.look.config.repository.remote {
                continue;
            }
            // If they cannot be counted, the plan lacks this warning only.
            let files = match lfs::count_new(self.look.repo, expected.as_ref(), commit) {
                Ok(0) | Err(_) => continue,
                Ok(1) => "1 file of this deploy is".to_owned(),
                Ok(count) => format!("{count} files of this deploy are"),
            };
            plan.warnings.push(format!(
                "{files} in Git LFS, and a push does not send their contents to {environment}; unless its build gets them elsewhere, first run: git lfs push --all {remote} {commit}"
            ));
        }
    }

    /// Warns that this deploy replaces another. If it deploys nothing, says that `--take-over` takes over nothing.
    pub(super) fn warn_of_take_over(&self, plan: &mut Plan) -> Result<(), Refusal> {
        let (ui, recorded) = (self.session.ui, self.recorded()?);
        let is_asked = self.options.take_over.is_some();
        let Some(recorded) = recorded else {
            return Ok(());
        };
        if plan.steps.iter().any(Step::begins_one) {
            let all = recorded.state.unended();
            let all = all.filter_map(|open| self.replaced(&recorded, open, plan));
            let all: Vec<String> = all.collect();
            plan.warnings.extend(all);
        }
        match recorded.open() {
            Some(open) if is_asked && plan.steps.is_empty() => ui.note(format!(
                "{}; nothing is taken over, because this run has nothing to deploy",
                open.story(recorded.now)
            )),
            None if is_asked => ui.note("nothing is taken over: no deploy is in progress"),
            _ => {}
        }
        Ok(())
    }

    /// Returns the warning about an announced deploy that this plan replaces.
    fn replaced(&self, recorded: &Recorded<'_>, open: &Deploying, plan: &Plan) -> Option<String> {
        let commit = &plan.commit;
        let is_mine = recorded.mine == Some(&open.id);
        let mut names = self.targets.iter().map(|one| &one.environment.name);
        let goes_on = names.any(|name| open.is(self.kind(), name, commit));
        let ends = self.ends_of_others(recorded, Some(commit)).into_iter();
        let ends = ends.filter(|(one, _)| one.id == open.id);
        let ends: Vec<&str> = ends.map(|(_, seen)| &*seen.environment).collect();
        let (story, short) = (open.story(recorded.now), open.to.short());
        let run = match ends.len() {
            _ if is_mine && goes_on => return None,
            0 if self.contained(recorded.state, plan).contains(&open) => {
                return Some(format!("{story}; this one contains it"));
            }
            // This clone knows that its run was cut off before its push. What was replaced before was told before.
            0 if is_mine || recorded.open() != Some(open) => return None,
            0 => {
                return Some(format!(
                    "{story}; its result is unknown, and this deploy takes its place on the record"
                ));
            }
            1 => "runs",
            _ => "run",
        };
        let names = and(&ends);
        Some(format!(
            "{story}; {names} {run} {short}, and git smp records that deploy before this one"
        ))
    }
}
