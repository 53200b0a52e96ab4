//! What brings a commit from the main branch to the first environment, and from there to the next.

use crate::core::config::{Config, Environment};
use crate::core::decide::named::beginning;
use crate::core::decide::next::about::own;
use crate::core::decide::next::{Situation, run, smp};
use crate::core::refusal::Stop;
use crate::core::typed::{Hint, Typed};
use crate::core::words::{Branch, CommitId, Observed, Relation};

impl Situation<'_> {
    /// Where a target lacks what its source runs: what was rolled back does not ship again by itself.
    pub(super) fn forward(&self, target: &Environment, source: &Observed) -> Result<Hint, Stop> {
        let Some(runs) = source.runs().filter(|_| self.candidate().is_none()) else {
            return Ok(run(self.promote(target)));
        };
        let Some(held) = (self.again)(target, runs)? else {
            return Ok(run(self.promote(target)));
        };
        let newer_mends = match self.tip() {
            Some(tip) => (self.again)(target, tip)?.is_none(),
            None => false,
        };
        let was = format!("{} was rolled back", held.short());
        Ok(if newer_mends || held == *runs {
            let verb = if self.is_merged(target) {
                "merge"
            } else {
                "stage"
            };
            self.stage(target)
                .and(format!("{was}; {verb} a commit that corrects it"))
        } else {
            run(self.promote(target)).and(format!("{was}; promote if later commits correct it"))
        })
    }

    /// Whether a merge deploys what a target promotes.
    fn is_merged(&self, target: &Environment) -> bool {
        let source = self.config.source_of(target);
        source.is_some_and(|source| source.by_merge)
    }

    /// How a newer commit of the main branch comes to what a target promotes.
    pub(super) fn stage(&self, target: &Environment) -> Hint {
        if matches!(self.main, Some(Ok(Branch::Empty))) {
            return Hint::run("push the first commit", first_commit(self.config));
        }
        match self.is_merged(target) {
            true => Hint::run("once the main branch is deployed", Typed::smp("status")),
            false => smp("stage"),
        }
    }

    /// What a target runs and its source lacks has to come to the main branch before anything else can ship.
    pub(super) fn to_merge(&self, target: &Environment, seen: &Observed) -> Result<Hint, Stop> {
        let (name, branch) = (&target.name, &self.config.repository.branch);
        let missing = (self.between)(self.tip(), seen.runs())?;
        Ok(match (missing, seen.runs()) {
            (Some(Relation::Identical | Relation::Behind), _) => self.stage(target),
            (Some(_), Some(runs)) => way_to_main(self.config, runs)
                .and(format!("{name} runs commits that {branch} lacks")),
            _ => run(Typed::smp("diff").arg(name)),
        })
    }

    /// What to do where the main branch has commits that the first environment on their way lacks.
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
            // A fix that was made for a candidate alone, or a branch that somebody is trying out.
            Some(Relation::Diverged) => Some(way_to_main(self.config, runs)),
            Some(Relation::Identical | Relation::Behind) | None => None,
        })
    }
}

/// What begins an empty main repository.
pub fn first_commit(config: &Config) -> Typed {
    let main = &config.repository;
    Typed::other("git push").arg(&main.remote).arg(&main.branch)
}

/// The command that pushes a commit which runs to a branch of the main repository, where it can be merged.
pub fn push_to_main(config: &Config, commit: &CommitId) -> String {
    let (remote, short) = (&config.repository.remote, commit.short());
    format!("git push {remote} {commit}:refs/heads/fix-{short}")
}

/// How a commit that runs comes to the main branch, so that the next deploy has it.
fn way_to_main(config: &Config, commit: &CommitId) -> Hint {
    let (branch, short) = (&config.repository.branch, commit.short());
    run(Typed::other(push_to_main(config, commit))).and(format!(
        "then merge the branch fix-{short} into {branch} (no squash, no rebase), and stage it"
    ))
}
