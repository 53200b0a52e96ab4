//! `git smp status`: what runs where, from which source, and what comes next.

mod next;

use std::cell::RefCell;
use std::collections::HashMap;

use crate::cli::Status;
use crate::core::config::{Config, Environment};
use crate::core::decide::finding::{self, Finding};
use crate::core::record::unrecorded::{PastTool, Unrecorded};
use crate::core::record::{Candidate, Held, RecordView, Standing, State};
use crate::core::refusal::{Refusal, Stop};
use crate::core::show::{self, Here, Mark, json};
use crate::core::text::{Line, Tone};
use crate::core::words::{Branch, Changes, CommitId, Observed, Relation};
use crate::deploy::observed;
use crate::look::{self, Main};
use crate::session::Session;
use crate::session::trust;
use crate::sources::{Also, Look};
use crate::team::posts;

/// How long production may be behind when `smp.toml` does not say.
const CADENCE_DAYS: u32 = 7;

/// Runs it.
///
/// # Errors
/// When the configuration is wrong or not agreed to, or with `--exit-code` the answer. What an environment does not
/// tell is no error here: it is shown as unknown.
pub fn run(session: &Session<'_>, args: &Status) -> Result<(), Stop> {
    let config = session.config()?;
    let all: Vec<&Environment> = config.environments.iter().collect();
    trust::require_to_look(&session.repo, &config, &all)?;
    let look = Look::of(session, &config);
    let looked = session.ui.during("asking every environment", || {
        let wanted = (Also::Branches, Main::BranchOrCopy);
        look::see(session, &look, &all, wanted)
    })?;
    let (seen, record) = (looked.environments, &looked.record);
    if session.repo.layout().shallow {
        session.ui.warn("this clone is shallow, so nothing can be compared; fetch the rest: git fetch --unshallow");
    }
    // A copy does not tell what happened since.
    let now = record.reading().filter(|reading| reading.copy.is_none());
    let unrecorded = observed::found(&look, now.map(|reading| &reading.state), &seen)?;
    let known = RefCell::default();
    let view = View {
        session,
        config: &config,
        seen: &seen,
        main: looked.main.as_ref(),
        record,
        unrecorded: &unrecorded,
        known,
    };
    let behind = view.first_target_is_behind()?;
    if args.json {
        let (held, past_tool) = (
            |one: &Environment| view.held(one),
            |one: &Observed| view.past_tool(one),
        );
        session.ui.data(
            json::status(&config, &seen, &held, &past_tool, behind.as_ref(), record).as_bytes(),
        )?;
    } else {
        session.ui.answer(&view.lines()?)?;
    }
    if args.exit_code
        && behind.is_some_and(|changes| is_late(&config, &changes, session.when().now))
    {
        return Err(Stop::Answer);
    }
    Ok(())
}

fn is_late(config: &Config, changes: &Changes, now: i64) -> bool {
    let days = config
        .record
        .as_ref()
        .map_or(CADENCE_DAYS, |record| record.cadence_days);
    changes
        .oldest_waiting()
        .is_some_and(|oldest| now.saturating_sub(oldest) > i64::from(days) * 86_400)
}

struct View<'a> {
    session: &'a Session<'a>,
    config: &'a Config,
    seen: &'a [Observed],
    main: Option<&'a Result<Branch, Refusal>>,
    record: &'a RecordView,
    /// The deploys past the tool that are not on record.
    unrecorded: &'a [Unrecorded],
    /// What was compared already: every line asks about the same few pairs.
    known: RefCell<HashMap<(CommitId, CommitId), Changes>>,
}

impl<'a> View<'a> {
    fn observed(&self, environment: &Environment) -> Option<&Observed> {
        self.seen
            .iter()
            .find(|seen| seen.environment == environment.name)
    }

    /// What lies between two running commits; `None` where that cannot be known.
    fn between(
        &self,
        from: Option<&CommitId>,
        to: Option<&CommitId>,
    ) -> Result<Option<Changes>, Stop> {
        let (Some(from), Some(to)) = (from, to) else {
            return Ok(None);
        };
        if self.session.repo.layout().shallow {
            return Ok(None);
        }
        let pair = (from.clone(), to.clone());
        if let Some(changes) = self.known.borrow().get(&pair) {
            return Ok(Some(changes.clone()));
        }
        let changes = self.session.repo.changes(Some(from), to)?;
        self.known.borrow_mut().insert(pair, changes.clone());
        Ok(Some(changes))
    }

    /// The next command about what is the matter with an environment.
    fn advice(&self, seen: &Observed) -> String {
        let environment = self
            .config
            .environments
            .iter()
            .find(|one| one.name == seen.environment);
        let advice =
            environment.and_then(|one| Finding::of(seen).map(|found| found.advice(seen, one)));
        advice.unwrap_or_else(|| "git smp setup --check".to_owned())
    }

    fn of_target(&self, target: &Environment) -> Result<Option<Changes>, Stop> {
        let source = self
            .config
            .source_of(target)
            .and_then(|source| self.observed(source));
        self.between(
            self.observed(target).and_then(Observed::runs),
            source.and_then(Observed::runs),
        )
    }

    fn first_target_is_behind(&self) -> Result<Option<Changes>, Stop> {
        self.config
            .targets()
            .first()
            .map_or(Ok(None), |target| self.of_target(target))
    }

    fn lines(&self) -> Result<Vec<Line>, Stop> {
        let mut lines = self.picture()?;
        let width = self
            .config
            .environments
            .iter()
            .map(|one| one.name.chars().count())
            .max()
            .unwrap_or(0);
        let when = self.session.when();
        let lacks_webhook =
            |channel: &str| posts::lacks_webhook(&self.session.repo, self.config, channel);
        let typed = |text: &str| self.session.ui.typed(text);
        let brought = self.brought()?;
        let authors: Vec<&str> = brought
            .iter()
            .flat_map(|one| &one.ships)
            .map(|one| one.author.as_str())
            .collect();
        let here = Here {
            lacks_webhook: &lacks_webhook,
            typed: &typed,
            tested: self.tested(),
            authors: &authors,
        };
        for environment in self.targets_first() {
            let Some(seen) = self.observed(environment) else {
                continue;
            };
            let changes = self.of_target(environment)?;
            let source = environment.promotes.as_deref().unwrap_or_default();
            // Where its host said otherwise, nobody knows that it runs the same.
            let told = changes
                .filter(|changes| seen.doubt.is_none() || changes.relation != Relation::Identical);
            let rest = told
                .map(|changes| show::standing(source, &changes, &when))
                .unwrap_or_default();
            let late = self.lateness(environment)?;
            let frozen = self
                .candidate()
                .filter(|candidate| candidate.environment == environment.name);
            let frozen = frozen
                .map(|candidate| show::frozen(candidate, &when))
                .unwrap_or_default();
            let line = show::environment(seen, width, &rest)
                .and(Tone::Bad, late)
                .and(Tone::Strong, frozen);
            let past_tool = self.past_tool(seen);
            lines.push(match past_tool {
                Some(PastTool::Recorded(deploy)) => {
                    line.and(Tone::Bad, show::past_tool(deploy, &when))
                }
                _ => line,
            });
            if !self.is_told_below(seen) {
                lines.extend(show::finding(seen, environment, &here, width));
            }
            lines.extend(self.is_untested(seen).then(|| show::untested(width)));
            if let Some(PastTool::Unrecorded(found)) = past_tool {
                lines.push(show::unrecorded(found, width, &when));
            }
        }
        lines.extend(self.unknown_main());
        let width = width.max("candidate".len());
        lines.extend(show::record(self.record, &here, width, &when));
        for target in self.config.targets() {
            lines.extend(show::held(&target.name, &self.held(target), width, &when));
        }
        let mut next = self.session.ui.typed(&self.next()?);
        let notes = next.split_off(next.len().min(1));
        let said = |name: &str, text: String| {
            Line::default()
                .and(Tone::Strong, name)
                .and(Tone::Plain, text)
        };
        lines.extend(notes.into_iter().map(|note| said("note: ", note)));
        lines.extend(next.into_iter().map(|command| said("next: ", command)));
        Ok(lines)
    }

    /// Whether what is remarkable about it is nothing but the deploy on its way, of which the record's line tells.
    fn is_told_below(&self, seen: &Observed) -> bool {
        let open = self.state().and_then(|state| state.deploying.as_ref());
        let is_it = open.is_some_and(|open| {
            open.environment == seen.environment && seen.reference() == Some(&open.to)
        });
        is_it && finding::may_be_on_its_way(seen)
    }

    /// Whether it runs the candidate although nobody signed that off, and nobody is deploying it.
    fn is_untested(&self, seen: &Observed) -> bool {
        let asks = (self.config.record.as_ref()).is_some_and(|record| record.signoff);
        let is_goal = |candidate: &&Candidate| {
            candidate.standing() != Standing::SignedOff
                && seen.runs() == Some(&candidate.commit)
                && (candidate.goal(&seen.environment)).is_some_and(|goal| !goal.reached)
        };
        asks && !self.is_deploying() && self.candidate().filter(is_goal).is_some()
    }

    /// What the candidate brings to its first goal.
    fn brought(&self) -> Result<Option<Changes>, Stop> {
        let Some(candidate) = self.candidate() else {
            return Ok(None);
        };
        let from = candidate
            .targets
            .first()
            .and_then(|goal| goal.from.as_ref());
        let here = |commit: Option<&CommitId>| {
            commit.is_some_and(|one| self.session.repo.has_commit(one) == Ok(true))
        };
        if !here(from) || !here(Some(&candidate.commit)) {
            return Ok(None);
        }
        self.between(from, Some(&candidate.commit))
    }

    /// What runs where the candidate is tested.
    fn tested(&self) -> Option<&CommitId> {
        let place = &self.candidate()?.environment;
        self.seen
            .iter()
            .find(|seen| seen.environment == *place)
            .and_then(Observed::runs)
    }

    /// That nobody knows where the main branch is, where that is so: then nobody knows what is still to be staged, either.
    fn unknown_main(&self) -> Option<Line> {
        let Some(Err(refusal)) = self.main else {
            return None;
        };
        let main = &self.config.repository;
        let name = format!("  {}/{}  ", main.remote, main.branch);
        Some(
            Line::plain(name)
                .and(Tone::Bad, "unknown")
                .and(Tone::Plain, format!(": {}", refusal.report.error)),
        )
    }

    /// What an environment was rolled back from, as the record has it.
    fn held(&self, target: &Environment) -> Vec<Held> {
        self.state()
            .map(|state| state.held(&target.name))
            .unwrap_or_default()
    }

    /// The deploy past the tool that an environment still runs, on record or not.
    fn past_tool(&self, seen: &Observed) -> Option<PastTool<'a>> {
        if let Some(found) = self
            .unrecorded
            .iter()
            .find(|found| found.environment == seen.environment)
        {
            return Some(PastTool::Unrecorded(found));
        }
        let deploy = self.record.state()?.deploys.get(&seen.environment)?;
        let runs = deploy.seen_since.is_some() && seen.runs() == Some(&deploy.commit);
        runs.then_some(PastTool::Recorded(deploy))
    }

    fn candidate(&self) -> Option<&Candidate> {
        self.state()?.candidate.as_ref()
    }

    fn state(&self) -> Option<&State> {
        self.record.state()
    }

    /// For how long a target may lack what its source has, where that is over.
    fn lateness(&self, target: &Environment) -> Result<String, Stop> {
        let Some(record) = &self.config.record else {
            return Ok(String::new());
        };
        let changes = self
            .of_target(target)?
            .filter(|changes| is_late(self.config, changes, self.session.when().now));
        let days = record.cadence_days;
        let unit = if days == 1 { "day" } else { "days" };
        Ok(changes
            .map(|_| format!(", past the {days} {unit} of cadence_days"))
            .unwrap_or_default())
    }

    /// What runs and what is merged, on one axis of commits that begins at the first target. What does not lie on it is
    /// left out: the lines below tell.
    fn picture(&self) -> Result<Vec<Line>, Stop> {
        let targets = self.config.targets();
        let start = targets
            .first()
            .and_then(|target| self.observed(target))
            .and_then(Observed::runs);
        let (Some(start), true) = (start, self.session.ui.shows_pictures()) else {
            return Ok(Vec::new());
        };
        let main = &self.config.repository;
        let tip = self
            .tip()
            .map(|tip| (format!("{}/{}", main.remote, main.branch), tip));
        let environments = self.targets_first().into_iter();
        let places = environments
            .filter_map(|one| Some((one.name.clone(), self.observed(one)?.runs()?)))
            .chain(tip);
        let mut marks: Vec<Mark> = Vec::new();
        for (name, commit) in places {
            let Some(changes) = self.between(Some(start), Some(commit))? else {
                continue;
            };
            if matches!(changes.relation, Relation::Ahead | Relation::Identical) {
                marks.push(Mark {
                    name,
                    commit: commit.clone(),
                    ahead: changes.ships.len(),
                });
            }
        }
        marks.sort_by_key(|mark| mark.ahead);
        Ok(show::picture(&marks, self.session.ui.width()))
    }

    /// The environments as people look for them: the targets, in their order, then what feeds them.
    fn targets_first(&self) -> Vec<&Environment> {
        let (mut targets, others): (Vec<_>, Vec<_>) = self
            .config
            .environments
            .iter()
            .partition(|environment| environment.promotes.is_some());
        targets.extend(others);
        targets
    }
}
