//! Decides the next command: the same answer for `status`, for other commands and for each finding. Pure.

mod about;
mod announced;
mod forward;
mod others;

pub use about::{about, confirm, deploy};
pub use announced::after_failure;
pub use forward::{first_commit, fix_branch, push_to_main};
pub use others::{by_others, if_tested, unread};

use crate::core::config::{Config, Environment};
use crate::core::decide::finding::{self, Aspect, Finding, Risk, unknown};
use crate::core::decide::merged::{Between, has_left, is_replaced};
use crate::core::decide::named::no_target;
use crate::core::decide::next::about::own;
use crate::core::decide::next::others::{first, sign_off};
use crate::core::record::{Candidate, FORMAT, Kind, Standing, State};
use crate::core::refusal::{Refusal, Stop};
use crate::core::typed::{Hint, NOTHING, Typed};
use crate::core::words::{Branch, CommitId, Observed, Relation, short};

/// Finds the commit that an environment was rolled back from and that would ship again with this commit.
pub type ShipsAgain<'a> = dyn Fn(&Environment, &CommitId) -> Result<Option<CommitId>, Stop> + 'a;

/// Everything that was observed. `seen` is empty for a command that only reads the record.
pub struct Situation<'a> {
    pub config: &'a Config,
    pub seen: &'a [Observed],
    pub main: Option<&'a Result<Branch, Refusal>>,
    pub record: Option<Result<&'a State, &'a Refusal>>,
    /// True if this clone announced the open deploy.
    pub is_ours: bool,
    /// The reader's mail address, from git's configuration.
    pub me: &'a str,
    /// In seconds since 1970.
    pub now: i64,
    /// The environment and the commit of a push of this clone that may still be building.
    pub pushing: Option<(&'a str, CommitId)>,
    pub between: &'a Between<'a>,
    pub again: &'a ShipsAgain<'a>,
    /// Returns whether the main repository has the branch that brings a commit to the main branch; `None` if unknown.
    pub pushed: &'a dyn Fn(&CommitId) -> Option<bool>,
    /// Returns whether the main branch has copies of all changes of a commit that it lacks.
    pub copied: &'a dyn Fn(&CommitId) -> Result<bool, Stop>,
}

/// Returns the next command, followed by lines of explanation.
pub fn next(all: &Situation<'_>) -> Result<Hint, Stop> {
    let mut next = all.unreachable().or_else(|| all.not_confirmed());
    if next.is_none() {
        next = all.lost()?.map(|(next, why)| next.and(why));
    }
    if next.is_none() {
        next = all.on_record()?;
    }
    next = next.or_else(|| all.on_its_way());
    for target in all.config.in_order() {
        if next.is_none() {
            next = all.of_target(target)?;
        }
    }
    if next.is_none() {
        next = match all.config.targets().as_slice() {
            [] => no_target(all.config).hint,
            _ => all.to_stage()?,
        };
    }
    // A pending notification never decides: its own line in the output has the command.
    Ok(next.unwrap_or_else(|| NOTHING.into()))
}

/// Returns the next command after a command that only reads the record.
pub fn on_record(config: &Config, state: &State, me: &str, now: i64) -> Hint {
    let known = recorded(config, &[], state, &|_, _| Ok(None));
    next(&Situation { me, now, ..known }).unwrap_or_else(|_| smp("status"))
}

/// Returns what to do, and why, if the candidate can no longer ship.
pub fn lost(
    config: &Config,
    seen: &[Observed],
    state: &State,
    between: &Between<'_>,
) -> Result<Option<(Hint, String)>, Stop> {
    recorded(config, seen, state, between).lost()
}

fn recorded<'a>(
    config: &'a Config,
    seen: &'a [Observed],
    state: &'a State,
    between: &'a Between<'a>,
) -> Situation<'a> {
    Situation {
        config,
        seen,
        main: None,
        record: Some(Ok(state)),
        is_ours: false,
        me: "",
        now: 0,
        pushing: None,
        between,
        again: &|_, _| Ok(None),
        pushed: &|_| None,
        copied: &|_| Ok(false),
    }
}

fn run(command: Typed) -> Hint {
    Hint::run("", command)
}

fn smp(words: &str) -> Hint {
    run(Typed::smp(words))
}

/// The condition for a command that takes over an announced deploy.
pub const ONLY: &str = "only if that run ended without a result";

pub fn promote(name: &str) -> Typed {
    Typed::smp("promote").arg(name)
}

/// Closes a candidate that can no longer ship, and proposes the running commit.
pub fn propose_again() -> Hint {
    let then = Hint::run("then", Typed::smp("propose"));
    Hint::run("close the candidate", Typed::smp("postpone")).and(then)
}

/// The steps of [`propose_again`] as one sentence, after a reason.
const AGAIN: &str = "close the candidate, then propose what runs now";

impl<'a> Situation<'a> {
    fn seen(&self, environment: &str) -> Option<&'a Observed> {
        Observed::among(self.seen, environment)
    }

    fn runs(&self, environment: &str) -> Option<&'a CommitId> {
        self.seen(environment).and_then(Observed::runs)
    }

    fn state(&self) -> Option<&'a State> {
        self.record.as_ref()?.ok()
    }

    fn candidate(&self) -> Option<&'a Candidate> {
        self.state()?.candidate.as_ref()
    }

    fn signoff(&self) -> bool {
        let record = self.config.record.as_ref();
        record.is_some_and(|record| record.signoff)
    }

    fn tip(&self) -> Option<&'a CommitId> {
        self.main?.as_ref().ok()?.commit()
    }

    /// Returns the hint for a main repository that does not answer. Without the record every command refuses.
    fn unreachable(&self) -> Option<Hint> {
        self.record.as_ref()?;
        let refusal = self.main?.as_ref().err()?;
        Some(own(Some(refusal)))
    }

    /// Returns the hint for an environment that blocks promotions until a person confirms its running commit.
    fn not_confirmed(&self) -> Option<Hint> {
        self.config.in_order().into_iter().find_map(|target| {
            let from = self.config.source_of(target)?;
            let source = self.seen(&from.name)?;
            [from, target].into_iter().find_map(|one| {
                let seen = self.seen(&one.name)?;
                let is_stuck = seen.doubt.is_some() && seen.runs() == source.runs();
                is_stuck.then(|| about(Finding::NotConfirmed, seen, one))
            })
        })
    }

    /// Returns what to do, and why, if the candidate can no longer ship because a target changed since the proposal:
    /// testing it is useless.
    fn lost(&self) -> Result<Option<(Hint, String)>, Stop> {
        let both = self
            .state()
            .and_then(|it| Some((it, it.candidate.as_ref()?)));
        let Some((state, candidate)) = both.filter(|(state, candidate)| {
            let open = state.deploying.as_ref();
            // Nothing resumes a promotion of another commit.
            open.is_none_or(|open| open.kind == Kind::Promote && open.to != candidate.commit)
        }) else {
            return Ok(None);
        };
        for goal in candidate.targets.iter().filter(|goal| !goal.reached) {
            let (name, seen) = (&goal.environment, self.seen(&goal.environment));
            let since = state.deploys.get(name);
            let since = since.filter(|last| seen.is_none() && last.at >= candidate.at);
            let runs = seen.map_or(since.map(|last| &last.commit), Observed::runs);
            let moved =
                |runs: &&CommitId| goal.from.as_ref() != Some(runs) && candidate.commit != **runs;
            let Some(runs) = runs.filter(moved) else {
                continue;
            };
            let (is_sure, short) = (seen.is_none_or(finding::is_sure), runs.short());
            match (self.between)(Some(runs), Some(&candidate.commit))? {
                Some(Relation::Behind | Relation::Diverged) => {
                    let why = "which has commits that the candidate lacks";
                    let why = format!("{name} now runs {short}, {why}");
                    return Ok(Some((smp("postpone"), why)));
                }
                Some(Relation::Ahead) | None if is_sure => {
                    let was =
                        "not what it ran at the proposal: close the candidate, then propose again";
                    let why = format!("{name} now runs {short}, {was}");
                    return Ok(Some((smp("postpone"), why)));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// Returns what the record says comes next; `None` leaves it to the environments.
    fn on_record(&self) -> Result<Option<Hint>, Stop> {
        let state = match self.record {
            Some(Ok(state)) => state,
            Some(Err(refusal)) => {
                let hint = refusal.report.hint.clone();
                return Ok(Some(hint.unwrap_or_else(|| smp("history"))));
            }
            None => return Ok(None),
        };
        if state.format > FORMAT {
            let install = Typed::other("cargo install --locked git-smp");
            let newer = "this record was written by a newer git-smp";
            return Ok(Some(run(install).and(newer)));
        }
        if let Some(open) = &state.deploying {
            return Ok(Some(self.of_deploying(open)));
        }
        let candidate = state.candidate.as_ref();
        candidate.map_or(Ok(None), |candidate| self.of_candidate(candidate))
    }

    fn of_candidate(&self, candidate: &Candidate) -> Result<Option<Hint>, Stop> {
        let (commit, nobody_looked) = (&candidate.commit, self.seen.is_empty());
        let place = self.config.environment(&candidate.environment).ok();
        let goes_on = place.is_some_and(|place| place.by_merge);
        let moved = match place.zip(self.seen(&candidate.environment)) {
            Some((place, seen)) => has_left(place, seen, commit, self.between)?,
            None => false,
        };
        let mut left = candidate.targets.iter().filter(|goal| !goal.reached);
        let seen = place.zip(self.seen(&candidate.environment));
        let replaced = seen.filter(|(place, seen)| is_replaced(place, seen, commit));
        Ok(match (candidate.standing(), replaced) {
            _ if moved && goes_on => Some(smp("postpone")),
            (Standing::Blocked, _) if moved => Some(smp("postpone")),
            _ if moved => Some(run(Typed::smp("stage").arg(commit.short()))),
            (Standing::Blocked, _) if goes_on => {
                Some(smp("postpone").and("merge the fix, then propose it"))
            }
            // A fix is too late once a target has the candidate.
            (Standing::Blocked, _) if self.state().is_some_and(|it| it.shipped().is_some()) => {
                Some(smp("postpone"))
            }
            (Standing::Blocked, _) if nobody_looked => {
                let give_up = Hint::run("or close the candidate", Typed::smp("postpone"));
                Some(smp("stage --fix").and(give_up))
            }
            (Standing::Blocked, _) => {
                Some(smp("stage --fix").and("merge the fix into the main branch first"))
            }
            (Standing::Waiting, Some((place, seen))) if self.signoff() => {
                let (place, runs) = (&place.name, short(seen.runs()));
                let instead = format!("{place} now runs {runs}, not the candidate: {AGAIN}");
                Some(smp("postpone").and(instead))
            }
            (Standing::Waiting, None) if self.signoff() => Some(sign_off(candidate, self.me)),
            // Without observations only the record tells the target.
            _ if nobody_looked => {
                let mut goals = self.config.in_order().into_iter();
                let goal = goals.find(|one| left.clone().any(|goal| goal.environment == one.name));
                Some(goal.map_or(smp("status"), |goal| {
                    let command = match candidate.targets.len() {
                        1 => Typed::smp("promote"),
                        _ => promote(&goal.name),
                    };
                    self.begin(goal, command.plain(first(candidate, goal)))
                }))
            }
            // A target runs the candidate without a record of it: `promote` records it.
            _ => left
                .find(|goal| self.runs(&goal.environment) == Some(commit))
                .map(|goal| run(promote(&goal.environment))),
        })
    }

    /// Returns the hint for a push of this clone that may still be building, if no record mentions it.
    fn on_its_way(&self) -> Option<Hint> {
        let (name, commit) = self.pushing.as_ref()?;
        let short = commit.short();
        let first = format!("the push of {short} to {name} must finish first");
        Some(smp("status").and(first))
    }

    /// Returns what comes next for one target; `None` if it runs its source's commit without a finding.
    fn of_target(&self, target: &Environment) -> Result<Option<Hint>, Stop> {
        let source = self.config.source_of(target);
        let source = source.and_then(|source| self.seen(&source.name));
        let (Some(seen), Some(source)) = (self.seen(&target.name), source) else {
            return Ok(None);
        };
        let ships = self.ships_what_it_runs(source)?;
        if let Some(next) = self.of_findings(target, (source, ships), seen) {
            return Ok(Some(next));
        }
        Ok(match (self.between)(seen.runs(), source.runs())? {
            Some(Relation::Ahead) => Some(self.forward(target, source)?),
            Some(Relation::Diverged | Relation::Behind) => Some(self.to_merge(target, seen)?),
            Some(Relation::Identical) => None,
            None if source.runs().is_none() => Some(self.stage(target)),
            None if seen.runs().is_none() => Some(self.promote(target)),
            // Both commits are known, so only history can be missing.
            None => Some(run(Typed::other("git fetch --unshallow"))),
        })
    }

    /// Returns whether a merge moved the source's branch on from its candidate, and the running commit is the candidate
    /// or contains it: then the candidate ships, although the merge is not deployed yet.
    fn ships_what_it_runs(&self, source: &Observed) -> Result<bool, Stop> {
        let candidate = self
            .state()
            .and_then(|state| state.frozen(&source.environment));
        let Some(candidate) = candidate.filter(|_| source.by_merge) else {
            return Ok(false);
        };
        for at in [source.runs(), source.reference()] {
            let stands = (self.between)(Some(&candidate.commit), at)?;
            if !matches!(stands, Some(Relation::Identical | Relation::Ahead)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns what to do about the findings of a target and its source before anything can ship.
    fn of_findings(
        &self,
        target: &Environment,
        (source, ships): (&Observed, bool),
        seen: &Observed,
    ) -> Option<Hint> {
        let from = self.config.source_of(target)?;
        for (place, one) in [(from, source), (target, seen)] {
            if let Some(Ok(Branch::Missing(others))) = &one.branch {
                return Some(self.without_branch(place, one, others));
            }
        }
        if let Some(refusal) = unknown(seen).or(unknown(source)) {
            return Some(own(Some(refusal)));
        }
        let shipped = seen.agrees() == Some(false) && seen.reference() == source.runs();
        let note = match (Finding::of(source), Finding::of(seen)) {
            (Some(found), _) if found.is(Aspect::OfItsPage) => {
                return Some(about(found, source, from));
            }
            (Some(_), _)
                if source.agrees() == Some(false) && !ships && !finding::is_emptied(source) =>
            {
                let again = match from.by_merge {
                    true => "build it again on its platform",
                    false => "repeat it",
                };
                let wait = format!("wait for the deploy on {}, or {again}, then", from.name);
                return Some(Hint::run(wait, Typed::smp("status")));
            }
            (_, Some(found)) if found.is(Aspect::OfItsPage) || found.risk() == Risk::Race => {
                return Some(about(found, seen, target));
            }
            (_, Some(Finding::ReleaseFailed)) if seen.reference() == source.runs() => {
                "the promotion releases the commit again; first find out why the release failed"
            }
            (_, Some(_)) if shipped && finding::is_certain(seen) => {
                "the promotion asks whether to ship the rolled-back commit again"
            }
            (_, Some(_)) if shipped => {
                "the promotion waits for the release; if the release failed, repeat it on the platform"
            }
            _ => return None,
        };
        if self.signoff() && self.candidate().is_none() {
            return Some(smp("propose").and("a commit that ships again needs a new proposal"));
        }
        Some(self.begin(target, promote(&target.name)).and(note))
    }
}

#[cfg(test)]
mod tests;
