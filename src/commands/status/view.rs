//! What `git smp status` compares, and its lines.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::core::config::{Config, Environment};
use crate::core::decide::merged::has_left;
use crate::core::decide::next::{Situation, fix_branch, next};
use crate::core::decide::unrecorded::{PastTool, Unrecorded};
use crate::core::decide::{Ships, finding};
use crate::core::record::{Candidate, Deploying, Held, RecordView, Standing, State};
use crate::core::refusal::{Refusal, Stop};
use crate::core::show::{self, Dot, Here};
use crate::core::text::{Line, Tone, counted};
use crate::core::typed::Hint;
use crate::core::words::{Branch, Changes, CommitId, Observed, Relation};
use crate::deploy::held;
use crate::look;
use crate::session::Session;
use crate::team::channel;

pub(super) struct View<'a> {
    pub(super) session: &'a Session<'a>,
    pub(super) config: &'a Config,
    pub(super) seen: &'a [Observed],
    pub(super) main: Option<&'a Result<Branch, Refusal>>,
    pub(super) record: &'a RecordView,
    /// The deploys past the tool that are not on record.
    pub(super) unrecorded: &'a [Unrecorded],
    /// The comparisons made so far: many lines ask about the same few pairs.
    pub(super) known: RefCell<HashMap<(CommitId, CommitId), Changes>>,
}

impl<'a> View<'a> {
    fn observed(&self, name: &str) -> Option<&'a Observed> {
        Observed::among(self.seen, name)
    }

    fn runs(&self, name: &str) -> Option<&'a CommitId> {
        self.observed(name).and_then(Observed::runs)
    }

    fn state(&self) -> Option<&'a State> {
        self.record.state()
    }

    fn candidate(&self) -> Option<&'a Candidate> {
        self.state()?.candidate.as_ref()
    }

    fn open(&self) -> Option<&'a Deploying> {
        self.state()?.deploying.as_ref()
    }

    /// Compares two running commits; `None` if that is not possible.
    fn between(
        &self,
        from: Option<&CommitId>,
        to: Option<&CommitId>,
    ) -> Result<Option<Changes>, Stop> {
        let repo = &self.session.repo;
        let (Some(from), Some(to), false) = (from, to, repo.layout().shallow) else {
            return Ok(None);
        };
        let pair = (from.clone(), to.clone());
        let known = self.known.borrow().get(&pair).cloned();
        let changes = known.map_or_else(|| repo.changes(Some(from), to), Ok)?;
        self.known.borrow_mut().insert(pair, changes.clone());
        Ok(Some(changes))
    }

    pub(super) fn of_target(&self, target: &Environment) -> Result<Option<Changes>, Stop> {
        let source = target.promotes.as_ref().and_then(|name| self.runs(name));
        self.between(self.runs(&target.name), source)
    }

    pub(super) fn is_late(&self, changes: &Changes) -> bool {
        let record = self.config.record.clone().unwrap_or_default();
        let days = record.cadence_days;
        let due = self.session.when().now - i64::from(days) * 86_400;
        changes.oldest_waiting().is_some_and(|oldest| oldest < due)
    }

    pub(super) fn lines(&self) -> Result<Vec<Line>, Stop> {
        let when = self.session.when();
        let environments = self.config.environments.iter();
        let width = show::widest(environments.map(|one| one.name.as_str()));
        let brought = self.brought()?;
        let ships = brought.iter().flat_map(|one| &one.ships);
        let authors: Vec<&str> = ships.map(|one| one.author.as_str()).collect();
        let here = Here {
            lacks_webhook: &|channel| channel::lacks_webhook(self.session, self.config, channel),
            typed: &|hint| self.session.ui.typed(hint),
            instead: self.instead()?,
            authors: &authors,
        };
        let mut lines = self.picture()?;
        for environment in self.targets_first() {
            if let Some(seen) = self.observed(&environment.name) {
                lines.extend(self.environment(environment, seen, &here, width)?);
            }
        }
        lines.extend(self.unknown_main());
        let width = width.max("candidate".len());
        lines.extend(show::timing(
            self.config,
            self.state(),
            &|name| self.runs(name),
            when.now,
            width,
        ));
        lines.extend(show::record(self.record, &here, width, &when));
        for target in self.config.targets() {
            lines.extend(show::held(&target.name, &self.held(target), width, &when));
        }
        let (next, notes) = self.session.ui.next(self.next()?);
        let notes = notes.into_iter().map(|note| ("note: ", note));
        let last = notes.chain([("next: ", next)]);
        lines.extend(last.map(|(name, text)| Line::of(Tone::Strong, name).and(Tone::Plain, text)));
        Ok(lines)
    }

    fn environment(
        &self,
        environment: &Environment,
        seen: &Observed,
        here: &Here<'_>,
        width: usize,
    ) -> Result<Vec<Line>, Stop> {
        let (name, when) = (&environment.name, self.session.when());
        let changes = self.of_target(environment)?;
        let late = changes.as_ref().filter(|changes| self.is_late(changes));
        let late = late.and(self.config.record.as_ref()).map(|record| {
            let days = counted(record.cadence_days, "day");
            format!(", longer than cadence_days ({days})")
        });
        // If the host doubted the deploy, nobody knows that both run the same commit.
        let rest =
            changes.filter(|one| seen.doubt.is_none() || one.relation != Relation::Identical);
        let source = environment.promotes.as_deref().unwrap_or_default();
        let rest = rest.map(|changes| show::standing(source, &changes, &when));
        let frozen = self.state().and_then(|state| state.frozen(name));
        let frozen = frozen.filter(|_| !environment.by_merge);
        let frozen = frozen.map(|candidate| show::frozen(candidate, &when));
        let (past, unrecorded) = match self.past_tool(seen) {
            Some(PastTool::Recorded(deploy)) => (show::past_tool(deploy, &when), None),
            Some(PastTool::Unrecorded(found)) => {
                (String::new(), Some(show::unrecorded(found, width, &when)))
            }
            None => (String::new(), None),
        };
        let line = show::environment(seen, width, &rest.unwrap_or_default())
            .and(Tone::Bad, late.unwrap_or_default())
            .and(Tone::Strong, frozen.unwrap_or_default())
            .and(Tone::Bad, past);
        let mut lines = vec![line];
        if !self.is_told_below(seen) {
            let is_open = self.open().is_some_and(|open| open.reaches(name));
            lines.extend(show::finding(seen, environment, (here, is_open), width));
        }
        lines.extend(self.is_untested(seen).then(|| show::untested(width)));
        lines.extend(unrecorded);
        Ok(lines)
    }

    /// Returns the commit that runs where the candidate is tested, if the candidate can no longer ship, and why.
    fn instead(&self) -> Result<Option<(&CommitId, &'static str)>, Stop> {
        let Some(candidate) = self.candidate() else {
            return Ok(None);
        };
        let place = self.config.environment(&candidate.environment).ok();
        let Some((place, seen)) = place.zip(self.observed(&candidate.environment)) else {
            return Ok(None);
        };
        let how = match place.by_merge {
            true => "its branch does not contain the candidate any more",
            false => "somebody deployed there despite the freeze",
        };
        let has_left = has_left(place, seen, &candidate.commit, &|from, to| {
            self.stands(from, to)
        })?;
        Ok(seen.runs().filter(|_| has_left).map(|runs| (runs, how)))
    }

    /// Returns the relation of the second commit to the first, if this clone has both.
    fn stands(
        &self,
        from: Option<&CommitId>,
        to: Option<&CommitId>,
    ) -> Result<Option<Relation>, Stop> {
        let changes = self.between(self.here(from), self.here(to))?;
        Ok(changes.map(|changes| changes.relation))
    }

    fn next(&self) -> Result<Hint, Stop> {
        let (notes, repo) = (self.session.notes(), &self.session.repo);
        let remote = &self.config.repository.remote;
        let mut pushing = self.seen.iter().filter_map(|seen| {
            let commit = look::pushing(&notes, self.record.state(), seen)?;
            Some((seen.environment.as_str(), commit))
        });
        next(&Situation {
            config: self.config,
            seen: self.seen,
            main: self.main,
            record: self.record.read(),
            is_ours: self
                .open()
                .is_some_and(|open| notes.has_announced(&open.id)),
            now: self.session.when().now,
            me: (repo.config()?.get("user.email")).unwrap_or_default(),
            pushing: pushing.next(),
            between: &|from, to| self.stands(from, to),
            again: &|target, commit| {
                let (runs, held) = (self.runs(&target.name), self.held(target));
                let weighed = held::weigh(self.session, runs, Some(commit), held)?;
                let mut again = weighed.into_iter().filter(|one| one.ships == Ships::Again);
                Ok(again.next().map(|one| one.held.commit))
            },
            pushed: &|one| repo.is_pushed(remote, &fix_branch(one), one),
            copied: &|one| {
                let tip = self.main.and_then(|main| main.as_ref().ok()?.commit());
                let changes = self.between(self.here(Some(one)), self.here(tip))?;
                changes.map_or(Ok(false), |changes| repo.are_copied(&changes))
            },
        })
    }

    /// Returns whether the open deploy is the only finding about it, which the record's line shows.
    fn is_told_below(&self, seen: &Observed) -> bool {
        (self.open()).is_some_and(|open| finding::is_on_its_way(seen, open))
    }

    /// Returns whether it runs the candidate without a sign-off and without an open deploy.
    fn is_untested(&self, seen: &Observed) -> bool {
        let record = self.config.record.as_ref();
        let asks = record.is_some_and(|record| record.signoff) && self.open().is_none();
        self.candidate().is_some_and(|candidate| {
            let goal = candidate.goal(&seen.environment);
            asks && candidate.standing() != Standing::SignedOff
                && seen.runs() == Some(&candidate.commit)
                && goal.is_some_and(|goal| !goal.reached)
        })
    }

    /// Compares the candidate with what its first goal ran.
    fn brought(&self) -> Result<Option<Changes>, Stop> {
        let Some(candidate) = self.candidate() else {
            return Ok(None);
        };
        let goal = candidate.targets.first();
        let from = self.here(goal.and_then(|goal| goal.from.as_ref()));
        self.between(from, self.here(Some(&candidate.commit)))
    }

    /// Returns the commit, if this clone has it.
    fn here<'c>(&self, commit: Option<&'c CommitId>) -> Option<&'c CommitId> {
        commit.filter(|commit| self.session.repo.has_commit(commit) == Ok(true))
    }

    /// Returns a line if the main branch is unknown: then it is unknown, too, what is still to be staged.
    fn unknown_main(&self) -> Option<Line> {
        let (refusal, main) = (self.main?.as_ref().err()?, &self.config.repository);
        Some(
            Line::plain(format!("  {}/{}  ", main.remote, main.branch))
                .and(Tone::Bad, "unknown")
                .and(Tone::Plain, format!(": {}", refusal.report.error)),
        )
    }

    pub(super) fn held(&self, target: &Environment) -> Vec<Held> {
        let held = self.state().map(|state| state.held(&target.name));
        held.unwrap_or_default()
    }

    /// Returns the deploy past the tool that an environment still runs, recorded or not.
    pub(super) fn past_tool(&self, seen: &Observed) -> Option<PastTool<'a>> {
        let name = &seen.environment;
        if seen.by_merge {
            return None;
        }
        if let Some(found) = self.unrecorded.iter().find(|one| one.environment == *name) {
            return Some(PastTool::Unrecorded(found));
        }
        let deploy = self.state()?.deploys.get(name)?;
        let runs = deploy.seen_since.is_some() && seen.runs() == Some(&deploy.commit);
        runs.then_some(PastTool::Recorded(deploy))
    }

    /// Draws what runs and what is merged on one axis of commits that begins at the first target. Leaves out what is
    /// not on that axis: the lines below show it.
    fn picture(&self) -> Result<Vec<Line>, Stop> {
        let (targets, main) = (self.config.targets(), &self.config.repository);
        let start = targets.first().and_then(|target| self.runs(&target.name));
        let (Some(_), Some(width)) = (start, self.session.ui.picture_width()) else {
            return Ok(Vec::new());
        };
        let environments = self.targets_first().into_iter();
        let places = environments.map(|one| (one.name.clone(), self.runs(&one.name)));
        let tip = self.main.and_then(|main| main.as_ref().ok()?.commit());
        let tip = (format!("{}/{}", main.remote, main.branch), tip);
        let mut marks: Vec<Dot> = Vec::new();
        for (name, commit) in places.chain([tip]) {
            if let (Some(changes), Some(commit)) = (self.between(start, commit)?, commit)
                && matches!(changes.relation, Relation::Ahead | Relation::Identical)
            {
                marks.push(Dot {
                    name,
                    commit: commit.clone(),
                    ahead: changes.ships.len(),
                });
            }
        }
        marks.sort_by_key(|mark| mark.ahead);
        Ok(show::picture(&marks, width))
    }

    /// Returns the environments in the order of interest: the targets, then their sources.
    fn targets_first(&self) -> Vec<&'a Environment> {
        let mut all: Vec<_> = self.config.environments.iter().collect();
        all.sort_by_key(|environment| environment.promotes.is_none());
        all
    }
}
