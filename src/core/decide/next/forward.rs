//! Decides how a commit gets from the main branch to the first environment, and from there to the next.

use crate::core::config::{Config, DeployBy, Environment};
use crate::core::decide::finding;
use crate::core::decide::merged::after_freeze;
use crate::core::decide::named::beginning;
use crate::core::decide::next::about::{deploy, own};
use crate::core::decide::next::{Situation, promote, run, smp};
use crate::core::decide::pipeline::tested_build;
use crate::core::decide::some_of;
use crate::core::decide::timing::{Tested, Timing};
use crate::core::record::Candidate;
use crate::core::refusal::{Refusal, Stop};
use crate::core::typed::{Hint, Typed};
use crate::core::words::{Branch, CommitId, Observed, Relation, SMP_TOML};

impl Situation<'_> {
    /// Returns the hint for a target that lacks its source's commit. A commit outside the main branch is reported
    /// before it ships: the target only moves forward, so the main branch would need it too.
    pub(super) fn forward(&self, target: &Environment, source: &Observed) -> Result<Hint, Stop> {
        let Some(runs) = source.runs() else {
            return Ok(self.promote(target));
        };
        let stands = (self.between)(self.tip(), Some(runs))?;
        if !matches!(stands, Some(Relation::Ahead | Relation::Diverged)) {
            return self.unless_held(target, runs);
        }
        let main = &self.config.repository;
        let lost = format!(
            "{} is not on {}/{}: it was not merged, or the branch was rewritten",
            runs.short(),
            main.remote,
            main.branch
        );
        let is_free = self.candidate().is_none() && !self.is_merged(target);
        Ok(match is_free && (self.copied)(runs)? {
            true => self.stage(target).and(lost).and(self.has_copies()),
            false => self.unless_held(target, runs)?.and(lost),
        })
    }

    fn has_copies(&self) -> String {
        let main = &self.config.repository.branch;
        format!("{main} has the same changes in other commits")
    }

    /// Asks for confirmation before a rolled-back commit ships again.
    fn unless_held(&self, target: &Environment, runs: &CommitId) -> Result<Hint, Stop> {
        if let Some(candidate) = self.candidate() {
            return self.to_ship(target, candidate);
        }
        let Some(held) = (self.again)(target, runs)? else {
            return Ok(self.promote(target));
        };
        let newer_mends = match self.tip() {
            Some(tip) => (self.again)(target, tip)?.is_none(),
            None => false,
        };
        let was = format!("{} was rolled back", held.short());
        let is_newest = self.tip().is_none_or(|tip| tip == runs);
        Ok(match newer_mends || held == *runs {
            true if is_newest => self
                .merged("merge a correction into the main branch")
                .and(was),
            true => {
                let verb = if self.is_merged(target) {
                    "merge"
                } else {
                    "stage"
                };
                self.stage(target)
                    .and(format!("{was}; {verb} a commit that corrects it"))
            }
            false => self
                .promote(target)
                .and(format!("{was}; first check that later commits correct it")),
        })
    }

    /// Returns the hint for a candidate. A promotion refuses one that was rolled back after its proposal.
    fn to_ship(&self, target: &Environment, candidate: &Candidate) -> Result<Hint, Stop> {
        let since = candidate.fixed_at.unwrap_or(candidate.at);
        let held = self.state().map(|state| state.held(&target.name));
        let late = held.is_some_and(|held| held.iter().any(|one| one.at > since));
        Ok(match (self.again)(target, &candidate.commit)? {
            Some(held) if late => {
                let was = format!("{} was rolled back", held.short());
                let then = "close the candidate, then propose what corrects it";
                smp("postpone").and(format!("{was}: {then}"))
            }
            Some(held) => self.promote(target).and(format!(
                "{} was rolled back; the promotion asks whether to ship it again",
                held.short()
            )),
            None => self.promote(target),
        })
    }

    /// Returns what to do about a missing branch. The first deploy creates one of the main repository.
    pub(super) fn without_branch(
        &self,
        place: &Environment,
        seen: &Observed,
        others: &[String],
    ) -> Hint {
        let is_first = place.is_branch && seen.runs().or(seen.last.as_ref()).is_none();
        if !is_first {
            return smp("setup --check");
        }
        let (Environment { remote, branch, .. }, has) = (place, some_of(others));
        let key = format!("environments.{}.branch", place.name);
        let why = format!(
            "{remote} has no branch {branch} (it has {has}); if it is misspelled, set {key} in {SMP_TOML}"
        );
        let create = deploy(place).plain("--first");
        let next = match place.promotes {
            Some(_) => self.shipping(place, create),
            None => run(create),
        };
        next.and(why)
    }

    /// Returns the command that ships the source's commit. It names the target if there are several, because the
    /// others may not be ready.
    pub(super) fn promote(&self, target: &Environment) -> Hint {
        self.shipping(
            target,
            match self.config.targets().len() {
                1 => Typed::smp("promote"),
                _ => promote(&target.name),
            },
        )
    }

    fn shipping(&self, target: &Environment, command: Typed) -> Hint {
        match self.signoff() && self.candidate().is_none() {
            true => smp("propose"),
            false => self.begin(target, command),
        }
    }

    /// Returns a promotion, and from when it may begin if that is later.
    pub(super) fn begin(&self, target: &Environment, command: Typed) -> Hint {
        if let Err(refusal) = self.can_be_promoted(target) {
            return own(Some(&refusal)).and(refusal.report.error);
        }
        let timing = Timing::of(&self.config.policy, self.now);
        let source = self.config.source_of(target);
        let tested = source.and_then(|source| {
            let candidate = self.candidate().map(|candidate| &candidate.commit);
            let runs = self.runs(&source.name).or(candidate);
            Tested::of(source, self.state(), runs)
        });
        let command = command.plain(self.first_push(target));
        match tested.and_then(|tested| timing.opens(&tested)) {
            None => run(command),
            Some(Ok(opens)) => run(command).and(format!("no promotion may begin before {opens}")),
            Some(Err(first)) => first,
        }
    }

    /// Refuses a promotion without a new build if the tested build is not what the source runs.
    fn can_be_promoted(&self, target: &Environment) -> Result<(), Refusal> {
        let from = self.config.source_of(target);
        let from = from.filter(|_| target.deploy == DeployBy::Pipeline);
        let source = from.and_then(|from| Some((from, self.seen(&from.name)?)));
        let Some(((from, source), seen)) = source.zip(self.seen(&target.name)) else {
            return Ok(());
        };
        match source.runs() {
            // Otherwise the promotion only waits, or records.
            Some(runs) if finding::pending(seen).is_none() && seen.runs() != Some(runs) => {
                let build = tested_build((source, runs), self.state(), self.now);
                let refused = build.map_err(|it| after_freeze(from, self.state(), it));
                refused.map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Returns whether merges deploy the source of a target.
    fn is_merged(&self, target: &Environment) -> bool {
        let source = self.config.source_of(target);
        source.is_some_and(|source| source.by_merge)
    }

    /// Returns how a newer commit of the main branch gets to the source of a target.
    pub(super) fn stage(&self, target: &Environment) -> Hint {
        if matches!(self.main, Some(Ok(Branch::Empty))) {
            return Hint::run("push the first commit", first_commit(self.config));
        }
        match self.is_merged(target) {
            true => Hint::run("once the main branch is deployed", Typed::smp("status")),
            false => {
                let source = self.config.source_of(target);
                let first = source.map_or("", |source| self.first_push(source));
                run(Typed::smp("stage").plain(first))
            }
        }
    }

    /// Returns the option for an environment whose app the first push creates.
    fn first_push(&self, environment: &Environment) -> &'static str {
        match self.seen(&environment.name).map(|seen| &seen.branch) {
            Some(Some(Ok(Branch::NoApp(_)))) => "--first",
            _ => "",
        }
    }

    /// Returns how a target's commit that its source lacks gets to the main branch; nothing else can ship before.
    pub(super) fn to_merge(&self, target: &Environment, seen: &Observed) -> Result<Hint, Stop> {
        let name = &target.name;
        let missing = (self.between)(self.tip(), seen.runs())?;
        Ok(match (missing, seen.runs()) {
            (Some(Relation::Identical | Relation::Behind), _) => self.stage(target),
            (Some(_), Some(runs)) => self.way_to_main(name, runs)?,
            _ => run(Typed::smp("diff").arg(name)),
        })
    }

    /// Returns how a running commit gets to the main branch, so that the next deploy contains it.
    fn way_to_main(&self, environment: &str, runs: &CommitId) -> Result<Hint, Stop> {
        let (main, fix) = (&self.config.repository.branch, fix_branch(runs));
        let push = Typed::other(push_to_main(self.config, runs));
        let merge = format!("merge the branch {fix} into {main} (no squash, no rebase)");
        let lacks = match (self.copied)(runs)? {
            true => format!(
                "{}, but a promotion can only add commits to what {environment} runs",
                self.has_copies()
            ),
            false => format!("{environment} runs commits that {main} lacks"),
        };
        Ok(match (self.pushed)(runs) {
            Some(true) => self
                .merged(&merge)
                .and(lacks)
                .and(Hint::run("if that branch is gone, push it again", push)),
            Some(false) | None => run(push).and(lacks).and(format!("push them, then {merge}")),
        })
    }

    /// Returns what follows a merge that a person has to make first.
    fn merged(&self, merge: &str) -> Hint {
        match self.config.environments.iter().any(|one| one.by_merge) {
            true => Hint::run(
                format!("{merge}; once it is deployed"),
                Typed::smp("status"),
            ),
            false => Hint::run(format!("{merge}, then"), Typed::smp("stage")),
        }
    }

    /// Returns the hint for commits of the main branch that the first environment lacks.
    pub(super) fn to_stage(&self) -> Result<Option<Hint>, Stop> {
        let Ok(first) = beginning(self.config) else {
            return Ok(None);
        };
        let frozen = self.state().and_then(|state| state.frozen(&first.name));
        let (Some(runs), None, false) = (self.runs(&first.name), frozen, first.by_merge) else {
            return Ok(None);
        };
        if let Some(Err(refusal)) = self.main {
            return Ok(Some(own(Some(refusal))));
        }
        Ok(match (self.between)(Some(runs), self.tip())? {
            Some(Relation::Ahead) => Some(smp("stage")),
            // A fix that was made only for a candidate, or a branch that somebody is trying out.
            Some(Relation::Diverged) => Some(self.way_to_main(&first.name, runs)?),
            Some(Relation::Identical | Relation::Behind) | None => None,
        })
    }
}

/// Returns the command that pushes the first commit of an empty main repository.
pub fn first_commit(config: &Config) -> Typed {
    let main = &config.repository;
    Typed::other("git push").arg(&main.remote).arg(&main.branch)
}

/// Returns the name of the branch that brings a running commit to the main branch.
pub fn fix_branch(commit: &CommitId) -> String {
    format!("fix-{}", commit.short())
}

/// Returns the command that pushes a running commit to a branch of the main repository for merging.
pub fn push_to_main(config: &Config, commit: &CommitId) -> String {
    let (remote, branch) = (&config.repository.remote, fix_branch(commit));
    format!("git push {remote} {commit}:refs/heads/{branch}")
}
