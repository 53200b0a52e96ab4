//! What comes next, as `git smp status` says it: a command, and in lines after it what there is to know about it.

use crate::commands::status::View;
use crate::core::config::Environment;
use crate::core::decide::Ships;
use crate::core::decide::finding::{self, Finding};
use crate::core::decide::named::beginning;
use crate::core::record::{FORMAT, Goal, Standing};
use crate::core::refusal::{Refusal, Stop};
use crate::core::words::{Branch, CommitId, Observed, Relation};
use crate::deploy::{flow, held};

impl View<'_> {
    /// What the record says comes next; `None`: what the environments say decides.
    fn next_on_record(&self) -> Option<String> {
        let state = match self.reading? {
            Ok(reading) => &reading.state,
            Err(refusal) => {
                return Some(
                    refusal
                        .report
                        .hint
                        .as_ref()
                        .map(ToString::to_string)
                        .unwrap_or_else(|| "git smp history".to_owned()),
                );
            }
        };
        if state.format > FORMAT {
            return Some("cargo install git-smp\na newer git-smp writes this record".to_owned());
        }
        if let Some(open) = &state.deploying {
            let at = self
                .seen
                .iter()
                .find(|seen| seen.environment == open.environment)
                .and_then(Observed::reference);
            let ours = self.session.notes().has_announced(&open.id);
            let landed = at.is_some() && at != open.from.as_ref();
            return Some(match open.command() {
                Some(command) if ours || landed => command,
                Some(command) => format!(
                    "git smp status\nthat deploy has to come to its end first\n\
                     only if that run is dead: {command} --take-over {}",
                    open.id.as_str()
                ),
                None => {
                    "git smp setup\nthat deploy goes on with the smp.toml of those who deploy there"
                        .to_owned()
                }
            });
        }
        let candidate = state.candidate.as_ref()?;
        let blocked = candidate.standing() == Standing::Blocked;
        if self.tested().is_some_and(|runs| *runs != candidate.commit) {
            return Some(match blocked {
                true => "git smp postpone".to_owned(),
                false => format!("git smp stage {}", candidate.commit.short()),
            });
        }
        let signoff = self
            .config
            .record
            .as_ref()
            .is_some_and(|record| record.signoff);
        match candidate.standing() {
            Standing::Blocked => Some(
                "git smp stage --fix\nthe fix has to be merged into the main branch first"
                    .to_owned(),
            ),
            Standing::Waiting if signoff => Some("git smp signoff".to_owned()),
            Standing::Waiting | Standing::SignedOff => None,
        }
    }

    /// Whether nothing can be promoted before it was put forward.
    fn needs_proposal(&self) -> bool {
        self.config
            .record
            .as_ref()
            .is_some_and(|record| record.signoff)
            && self.candidate().is_none()
    }

    /// The next command to type, and in lines after it what there is to know about it.
    pub(super) fn next(&self) -> Result<String, Stop> {
        let targets = self.config.targets();
        if let Some(seen) = self.not_confirmed() {
            return Ok(self.advice(seen));
        }
        if let Some(next) = self.next_of_lost()? {
            return Ok(next);
        }
        if let Some(next) = self.next_on_record().or_else(|| self.on_its_way()) {
            return Ok(next);
        }
        // One of several is promoted by its name, for the others may not be ready.
        let promote = |target: &Environment| match targets.len() {
            _ if self.needs_proposal() => "git smp propose".to_owned(),
            1 => "git smp promote".to_owned(),
            _ => format!("git smp promote {}", target.name),
        };
        if let Some(goal) = self.reached_unrecorded() {
            return Ok(format!("git smp promote {goal}"));
        }
        for target in &targets {
            if let Some(next) = self.next_of_target(target, promote(target))? {
                return Ok(next);
            }
        }
        // A post that is owed is a remark: its own line has the command.
        Ok(self
            .next_to_stage()?
            .unwrap_or_else(|| "nothing to do".to_owned()))
    }

    /// What comes next for one target; `None`: it runs what its source runs, and nothing is the matter.
    fn next_of_target(
        &self,
        target: &Environment,
        promote: String,
    ) -> Result<Option<String>, Stop> {
        let source = self
            .config
            .source_of(target)
            .and_then(|source| self.observed(source));
        let (Some(seen), Some(source)) = (self.observed(target), source) else {
            return Ok(None);
        };
        if let Some(next) = self.next_of_findings(target, source, seen) {
            return Ok(Some(next));
        }
        let next = match self.of_target(target)?.map(|changes| changes.relation) {
            Some(Relation::Ahead) => self.next_forward(target, source, promote)?,
            Some(Relation::Diverged | Relation::Behind) => {
                self.next_to_merge(target, seen.runs())?
            }
            Some(Relation::Identical) => return Ok(None),
            None if source.runs().is_none() => "git smp stage".to_owned(),
            None if seen.runs().is_none() => promote,
            // Both are known, so that only history can be missing.
            None => "git fetch --unshallow".to_owned(),
        };
        Ok(Some(next))
    }

    /// What is to be done about what the witnesses of a target and of its source say, before anything can ship.
    fn next_of_findings(
        &self,
        target: &Environment,
        source: &Observed,
        seen: &Observed,
    ) -> Option<String> {
        let check = || "git smp setup --check".to_owned();
        let is_missing = |seen: &&Observed| matches!(seen.branch, Some(Ok(Branch::Missing(_))));
        if [seen, source].iter().any(is_missing) {
            return Some(check());
        }
        if let Some(refusal) = [seen, source].iter().find_map(|seen| trouble(seen)) {
            let hint = refusal.report.hint_text();
            return Some(hint.unwrap_or_else(check));
        }
        let (name, is_shipped) = (&target.name, seen.reference() == source.runs());
        match (Finding::of(source), Finding::of(seen)) {
            (Some(Finding::StalePage | Finding::CachedPage), _) => Some(self.advice(source)),
            (Some(_), _) if source.agrees() == Some(false) && !finding::is_emptied(source) => {
                Some(format!(
                    "wait for {} or deploy it again, then: git smp status",
                    source.environment
                ))
            }
            (
                _,
                Some(found @ (Finding::StalePage | Finding::CachedPage | Finding::ReleasePending)),
            ) => Some(found.advice(seen, target)),
            (_, Some(Finding::ReleaseFailed)) if is_shipped => Some(format!(
                "git smp promote {name}\nthat releases it again; see first why it failed"
            )),
            (_, Some(_)) if seen.agrees() == Some(false) && is_shipped => {
                Some(if finding::is_certain(seen) {
                    format!(
                        "git smp promote {name}\nthat asks whether what was rolled back is to ship again"
                    )
                } else {
                    format!(
                        "git smp promote {name}\nthat waits for it; if its release failed, release it again there"
                    )
                })
            }
            _ => None,
        }
    }

    /// That the candidate cannot ship any more, because a goal has commits by now that it lacks: to test it would be for
    /// nothing.
    fn next_of_lost(&self) -> Result<Option<String>, Stop> {
        let Some(candidate) = self.candidate().filter(|_| !self.is_deploying()) else {
            return Ok(None);
        };
        for goal in candidate.targets.iter().filter(|goal| !goal.reached) {
            let runs = (self.seen.iter())
                .find(|seen| seen.environment == goal.environment)
                .and_then(Observed::runs)
                .filter(|runs| goal.from.as_ref() != Some(runs));
            let changes = self.between(runs, Some(&candidate.commit))?;
            if let Some((runs, changes)) = runs.zip(changes)
                && matches!(changes.relation, Relation::Behind | Relation::Diverged)
            {
                return Ok(Some(format!(
                    "git smp postpone\n{} runs {} by now, which has commits that the candidate lacks",
                    goal.environment,
                    runs.short()
                )));
            }
        }
        Ok(None)
    }

    /// What a target runs and its source lacks has to come to the main branch before anything else can ship.
    fn next_to_merge(&self, target: &Environment, runs: Option<&CommitId>) -> Result<String, Stop> {
        let missing = self
            .between(self.tip(), runs)?
            .map(|changes| changes.relation);
        Ok(match (missing, runs) {
            (Some(Relation::Identical | Relation::Behind), _) => "git smp stage".to_owned(),
            (Some(Relation::Ahead | Relation::Diverged), Some(runs)) => format!(
                "{}\n{} runs commits that {} lacks",
                flow::way_to_main(self.config, runs),
                target.name,
                self.config.repository.branch
            ),
            _ => format!("git smp diff {}", target.name),
        })
    }

    /// Whether a deploy was announced and its end is not on record yet.
    pub(super) fn is_deploying(&self) -> bool {
        self.state().is_some_and(|state| state.deploying.is_some())
    }

    /// The next command where a target lacks what its source runs: what was rolled back does not ship again by itself.
    fn next_forward(
        &self,
        target: &Environment,
        source: &Observed,
        promote: String,
    ) -> Result<String, Stop> {
        let Some(held) = self
            .given_again(target, source.runs())?
            .filter(|_| self.candidate().is_none())
        else {
            return Ok(promote);
        };
        let newer = self
            .tip()
            .filter(|tip| self.session.repo.has_commit(tip).is_ok_and(|here| here));
        let newer_mends = newer.is_some() && self.given_again(target, newer)?.is_none();
        Ok(if newer_mends || Some(&held) == source.runs() {
            format!(
                "git smp stage\n{} was rolled back; stage what corrects it",
                held.short()
            )
        } else {
            format!(
                "{promote}\n{} was rolled back; go on if what came since corrects it",
                held.short()
            )
        })
    }

    /// What a target was rolled back from and would be given again with this commit.
    fn given_again(
        &self,
        target: &Environment,
        commit: Option<&CommitId>,
    ) -> Result<Option<CommitId>, Stop> {
        let runs = self.observed(target).and_then(Observed::runs);
        let weighed = held::weigh(self.session, runs, commit, self.held(target))?;
        Ok(weighed
            .into_iter()
            .find(|one| one.ships == Ships::Again)
            .map(|one| one.held.commit))
    }

    /// That a push of this clone may still build, where no record tells of it: then nothing else comes next.
    fn on_its_way(&self) -> Option<String> {
        let notes = self.session.notes();
        self.seen
            .iter()
            .filter(|_| self.config.record.is_none())
            .find_map(|seen| {
                let (commit, _) = notes.pushing(&seen.environment, seen.reference())?;
                let (short, name) = (commit.short(), &seen.environment);
                Some(format!(
                    "git smp status, until the push of {short} to {name} has come to its end"
                ))
            })
    }

    /// An environment that no promotion can go on with before somebody can tell what it runs.
    fn not_confirmed(&self) -> Option<&Observed> {
        self.config.targets().into_iter().find_map(|target| {
            let source = self
                .config
                .source_of(target)
                .and_then(|source| self.observed(source))?;
            let stuck = |seen: &&Observed| seen.doubt.is_some() && seen.runs() == source.runs();
            Some(source)
                .filter(stuck)
                .or_else(|| self.observed(target).filter(stuck))
        })
    }

    /// A goal that runs the candidate, though nobody wrote that down: to promote it is to record it.
    fn reached_unrecorded(&self) -> Option<&str> {
        let candidate = self.candidate()?;
        let runs = |name: &str| {
            self.seen
                .iter()
                .find(|seen| seen.environment == name)
                .and_then(Observed::runs)
        };
        let there =
            |goal: &&Goal| !goal.reached && runs(&goal.environment) == Some(&candidate.commit);
        candidate
            .targets
            .iter()
            .find(there)
            .map(|goal| goal.environment.as_str())
    }

    /// The main branch, where that is known.
    pub(super) fn tip(&self) -> Option<&CommitId> {
        self.main?.as_ref().ok()?.commit()
    }

    /// What to do where the main branch has commits that the first environment on their way lacks.
    fn next_to_stage(&self) -> Result<Option<String>, Stop> {
        let Ok(first) = beginning(self.config) else {
            return Ok(None);
        };
        let frozen = self
            .candidate()
            .is_some_and(|candidate| candidate.environment == first.name);
        let runs = self.observed(first).and_then(Observed::runs);
        let (Some(commit), false) = (runs, frozen) else {
            return Ok(None);
        };
        if let Some(Err(refusal)) = self.main {
            let hint = refusal.report.hint_text();
            return Ok(Some(
                hint.unwrap_or_else(|| "git smp setup --check".to_owned()),
            ));
        }
        let changes = self.between(runs, self.tip())?;
        Ok(match changes.map(|changes| changes.relation) {
            Some(Relation::Ahead) => Some("git smp stage".to_owned()),
            // A fix that was made for a candidate alone, or a branch that somebody is trying out.
            Some(Relation::Diverged) => Some(flow::way_to_main(self.config, commit)),
            Some(Relation::Identical | Relation::Behind) | None => None,
        })
    }
}

fn trouble(seen: &Observed) -> Option<&Refusal> {
    seen.running.as_ref().err().or_else(|| {
        seen.branch
            .as_ref()
            .and_then(|branch| branch.as_ref().err())
    })
}
