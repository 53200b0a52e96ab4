//! `git smp status`: what runs where, from which source, and what comes next.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::announced;
use crate::cli::Status;
use crate::commands::look::main_and_record;
use crate::commands::{Session, deploy, flow, held, observed, posts, trust};
use crate::config::{Config, Environment};
use crate::error::{Refusal, Stop};
use crate::finding::{self, Finding};
use crate::in_flight::InFlight;
use crate::json;
use crate::model::{Branch, Changes, CommitId, Observed, Relation};
use crate::observe::{Also, Look};
use crate::outbox::Notes;
use crate::plan::Ships;
use crate::record::{Candidate, FORMAT, Goal, Held, Owed, Reading, Standing, State};
use crate::recorder::Recorder;
use crate::render::{self, Here, Mark};
use crate::rollbacks::Rollbacks;
use crate::text::{Line, Tone};
use crate::unrecorded::{PastTool, Unrecorded};

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
    trust::require(&session.repo, &config, &all)?;
    let look = Look {
        repo: &session.repo,
        config: &config,
        may_ask: session.ui.is_interactive(),
    };
    let recorder = Recorder::of(&session.repo, &config, look.may_ask);
    let (seen, main) = session.ui.during("asking every environment", || {
        std::thread::scope(|scope| {
            let main = scope.spawn(|| main_and_record(&look, recorder));
            (look.environments(&all, Also::Branches), main.join().ok())
        })
    });
    let mut seen = seen?;
    let (main, reading) = main.transpose()?.unzip();
    let reading = match (recorder, reading.flatten()) {
        (Some(recorder), Some(now)) => Some(recorder.or_copy(now)?),
        (_, now) => now,
    };
    deploy::doubt(&mut seen, deploy::read(reading.as_ref()));
    session.explain(&config, &seen);
    if session.repo.layout().shallow {
        session.ui.warn("this clone is shallow, so nothing can be compared; fetch the rest: git fetch --unshallow");
    }
    let (main, reading) = (main.as_ref(), reading.as_ref());
    // A copy does not tell what happened since.
    let now = reading
        .and_then(|reading| reading.as_ref().ok())
        .filter(|reading| reading.copy.is_none());
    let unrecorded = observed::found(&look, now.map(|reading| &reading.state), &seen)?;
    let known = RefCell::default();
    let view = View {
        session,
        config: &config,
        seen: &seen,
        main,
        reading,
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
            json::status(&config, &seen, &held, &past_tool, behind.as_ref(), reading).as_bytes(),
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
    reading: Option<&'a Result<Reading, Refusal>>,
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
                .map(|changes| render::standing(source, &changes, &when))
                .unwrap_or_default();
            let late = self.lateness(environment)?;
            let frozen = self
                .candidate()
                .filter(|candidate| candidate.environment == environment.name);
            let frozen = frozen
                .map(|candidate| render::frozen(candidate, &when))
                .unwrap_or_default();
            let line = render::environment(seen, width, &rest)
                .and(Tone::Bad, late)
                .and(Tone::Strong, frozen);
            let past_tool = self.past_tool(seen);
            lines.push(match past_tool {
                Some(PastTool::Recorded(deploy)) => {
                    line.and(Tone::Bad, render::past_tool(deploy, &when))
                }
                _ => line,
            });
            lines.extend(render::finding(seen, environment, &here, width));
            if let Some(PastTool::Unrecorded(found)) = past_tool {
                lines.push(render::unrecorded(found, width, &when));
            }
        }
        lines.extend(self.unknown_main());
        let width = width.max("candidate".len());
        lines.extend(
            self.reading
                .into_iter()
                .flat_map(|reading| render::record(reading, &here, width, &when)),
        );
        for target in self.config.targets() {
            lines.extend(render::held(&target.name, &self.held(target), width, &when));
        }
        if self.config.record.is_none() {
            let own = Notes::of(&self.session.repo).owed().unwrap_or_default();
            lines.extend(render::owed(&own, false, &here, width, &when));
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

    /// What an environment was rolled back from: on the record or, where none is kept, as far as this clone knows.
    fn held(&self, target: &Environment) -> Vec<Held> {
        match (self.state(), &self.config.record) {
            (Some(state), _) => state.held(&target.name),
            (None, Some(_)) => Vec::new(),
            // A note that cannot be read is told by whoever needs it.
            (None, None) => Rollbacks::of(&self.session.repo, self.config)
                .held(&target.name)
                .unwrap_or_default(),
        }
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
        let deploy = self
            .reading?
            .as_ref()
            .ok()?
            .state
            .deploys
            .get(&seen.environment)?;
        let runs = deploy.seen_since.is_some() && seen.runs() == Some(&deploy.commit);
        runs.then_some(PastTool::Recorded(deploy))
    }

    fn candidate(&self) -> Option<&Candidate> {
        self.state()?.candidate.as_ref()
    }

    fn state(&self) -> Option<&State> {
        Some(&self.reading?.as_ref().ok()?.state)
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

    /// What the record says comes next; `None`: what the environments say decides.
    fn next_on_record(&self) -> Option<String> {
        let state = match self.reading? {
            Ok(reading) => &reading.state,
            Err(refusal) => {
                return Some(
                    refusal
                        .report
                        .hint
                        .clone()
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
            let ours = announced::is_ours(&self.session.repo.layout().common_dir, &open.id);
            let landed = at.is_some() && at != open.from.as_ref();
            return Some(match open.command() {
                Some(command) if ours || landed => command,
                Some(_) => "git smp status\nthat deploy has to come to its end first".to_owned(),
                None => {
                    "git smp setup\nthat deploy goes on with the smp.toml of those who deploy there"
                        .to_owned()
                }
            });
        }
        let candidate = state.candidate.as_ref()?;
        if self.tested().is_some_and(|runs| *runs != candidate.commit) {
            return Some(format!("git smp stage {}", candidate.commit.short()));
        }
        let signoff = self
            .config
            .record
            .as_ref()
            .is_some_and(|record| record.signoff);
        match candidate.standing() {
            Standing::Blocked => Some("git smp stage --fix".to_owned()),
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
    fn next(&self) -> Result<String, Stop> {
        let targets = self.config.targets();
        if let Some(seen) = self.not_confirmed() {
            return Ok(self.advice(seen));
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
            let source = self
                .config
                .source_of(target)
                .and_then(|source| self.observed(source));
            let (Some(seen), Some(source)) = (self.observed(target), source) else {
                continue;
            };
            if [seen, source]
                .iter()
                .any(|seen| matches!(seen.branch, Some(Ok(Branch::Missing(_)))))
            {
                return Ok("git smp setup --check".to_owned());
            }
            if let Some(refusal) = [seen, source].iter().find_map(|seen| trouble(seen)) {
                return Ok(refusal
                    .report
                    .hint
                    .clone()
                    .unwrap_or_else(|| "git smp setup --check".to_owned()));
            }
            let name = &target.name;
            match (Finding::of(source), Finding::of(seen)) {
                (Some(Finding::StalePage | Finding::CachedPage), _) => {
                    return Ok(self.advice(source));
                }
                (Some(_), _) if source.agrees() == Some(false) && !finding::is_emptied(source) => {
                    return Ok(format!(
                        "wait for {} or deploy it again, then: git smp status",
                        source.environment
                    ));
                }
                (
                    _,
                    Some(
                        found
                        @ (Finding::StalePage | Finding::CachedPage | Finding::ReleasePending),
                    ),
                ) => {
                    return Ok(found.advice(seen, target));
                }
                (_, Some(Finding::ReleaseFailed)) if seen.reference() == source.runs() => {
                    return Ok(format!(
                        "git smp promote {name}\nthat releases it again; see first why it failed"
                    ));
                }
                (_, Some(_))
                    if seen.agrees() == Some(false) && seen.reference() == source.runs() =>
                {
                    return Ok(if finding::is_certain(seen) {
                        format!(
                            "git smp promote {name}\nthat asks whether what was rolled back is to ship again"
                        )
                    } else {
                        format!(
                            "git smp promote {name}\nthat waits for it; if its release failed, release it again there"
                        )
                    });
                }
                _ => {}
            }
            match self.of_target(target)?.map(|changes| changes.relation) {
                Some(Relation::Ahead) => return self.next_forward(target, source, promote(target)),
                Some(Relation::Diverged | Relation::Behind) => {
                    return Ok(format!("git smp diff {}", target.name));
                }
                Some(Relation::Identical) => {}
                None if source.runs().is_none() => return Ok("git smp stage".to_owned()),
                None if seen.runs().is_none() => return Ok(promote(target)),
                // Both are known, so that only history can be missing.
                None => return Ok("git fetch --unshallow".to_owned()),
            }
        }
        let rest = || {
            self.next_post()
                .unwrap_or_else(|| "nothing to do".to_owned())
        };
        Ok(self.next_to_stage()?.unwrap_or_else(rest))
    }

    /// The command that makes a post which is still owed, where it can be sent from here.
    fn next_post(&self) -> Option<String> {
        let own = if self.config.record.is_none() {
            Notes::of(&self.session.repo).owed().ok()
        } else {
            None
        };
        let owed = self.state().map(|state| state.owed.clone()).or(own)?;
        let here =
            |owed: &&Owed| !posts::lacks_webhook(&self.session.repo, self.config, &owed.channel);
        owed.iter()
            .find(here)
            .map(|owed| owed.command(self.candidate().is_some()).to_owned())
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
        let common_dir = &self.session.repo.layout().common_dir;
        self.seen
            .iter()
            .filter(|_| self.config.record.is_none())
            .find_map(|seen| {
                let (commit, _) = InFlight::look(common_dir, &seen.environment, seen.reference())?;
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
    fn tip(&self) -> Option<&CommitId> {
        self.main?.as_ref().ok()?.commit()
    }

    /// What to do where the main branch has commits that the first environment on their way lacks.
    fn next_to_stage(&self) -> Result<Option<String>, Stop> {
        let Ok(beginning) = flow::beginning(self.config) else {
            return Ok(None);
        };
        let frozen = self
            .candidate()
            .is_some_and(|candidate| candidate.environment == beginning.name);
        let runs = self.observed(beginning).and_then(Observed::runs);
        let (Some(commit), false) = (runs, frozen) else {
            return Ok(None);
        };
        if let Some(Err(refusal)) = self.main {
            let hint = refusal.report.hint.clone();
            return Ok(Some(
                hint.unwrap_or_else(|| "git smp setup --check".to_owned()),
            ));
        }
        let changes = self.between(runs, self.tip())?;
        Ok(match changes.map(|changes| changes.relation) {
            Some(Relation::Ahead) => Some("git smp stage".to_owned()),
            // A fix that was made for a candidate alone, or a branch that somebody is trying out.
            Some(Relation::Diverged) => Some(format!(
                "merge {} into {}, then: git smp stage",
                commit.short(),
                self.config.repository.branch
            )),
            Some(Relation::Identical | Relation::Behind) | None => None,
        })
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
        Ok(render::picture(&marks, self.session.ui.width()))
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

fn trouble(seen: &Observed) -> Option<&Refusal> {
    seen.running.as_ref().err().or_else(|| {
        seen.branch
            .as_ref()
            .and_then(|branch| branch.as_ref().err())
    })
}
