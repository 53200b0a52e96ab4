//! `git smp propose`: put staging's commit forward for production, freeze staging, and tell the technical channel.

use crate::cli::Propose;
use crate::core::config::{Config, Environment};
use crate::core::decide::named::{beginning, check_text};
use crate::core::decide::{self, Proposal, Recorded, Target};
use crate::core::record::{News, Owed, Person, State, What};
use crate::core::refusal::{RefusalCode, Report, Stop};
use crate::core::show;
use crate::core::words::EventId;
use crate::core::words::Observed;
use crate::deploy::engine::{self, not_seen};
use crate::deploy::observed;
use crate::deploy::{RollbackEnd, flow, held};
use crate::forge::reviews;
use crate::git::record::identity;
use crate::look::OnRecord;
use crate::look::{Seen, see};
use crate::session::Session;
use crate::session::trust;
use crate::sources::{Also, Look};
use crate::team::posts::{self, Posts, TECHNICAL};
use crate::team::recorder::{Recorder, new_id};
use crate::team::watched;

/// Runs it: look, plan, show, ask, do.
///
/// # Errors
/// When it cannot be put forward, the question is declined, or the record cannot be written.
pub fn run(session: &Session<'_>, args: &Propose) -> Result<(), Stop> {
    check_text("propose", "--note", args.note.as_deref())?;
    let config = session.config()?;
    let source = beginning(&config)?;
    let look = Look {
        repo: &session.repo,
        config: &config,
        may_ask: session.ui.is_interactive(),
    };
    let recorder = flow::recorder_of(
        Recorder::of(&session.repo, &config, look.may_ask),
        "git smp propose",
    )?;
    let targets = config.targets();
    let mut concerned = vec![source];
    concerned.extend(&targets);
    trust::require(&session.repo, &config, &concerned)?;
    session.whole_history()?;
    let facts = session.ui.during("asking every environment", || {
        gather(session, &look, source, &targets)
    })?;
    let mut proposal = planned(session, &config, source, &facts, facts.state()?)?;
    if proposal.targets.is_empty() && !proposal.open {
        session.ui.note(format!(
            "everything runs {} already: nothing to propose",
            proposal.commit.short()
        ));
        observed::record(
            session,
            &look,
            facts.record.state(),
            &facts.seen(),
            args.dry_run,
        );
        return Ok(());
    }
    let work = Work {
        session,
        config: &config,
        args,
        recorder,
        source,
        facts: &facts,
    };
    if proposal.open {
        observed::record(
            session,
            &look,
            facts.record.state(),
            &facts.seen(),
            args.dry_run,
        );
        return work.again();
    }
    reviews::warn(session, &config, &facts.targets, &mut proposal);
    work.show(&proposal)?;
    if args.dry_run {
        return work.preview(&proposal);
    }
    work.ask(&proposal)?;
    work.unmoved(&look)?;
    observed::record(session, &look, facts.record.state(), &facts.seen(), false);
    let id = new_id();
    let state = work.record(&id)?;
    if let Some(candidate) = state
        .candidate
        .as_ref()
        .filter(|candidate| candidate.id != id)
    {
        work.say_who(&state);
        let (name, email) = identity(&session.repo)?;
        // Somebody else was quicker: the post is theirs to make, and should it stay owed, status says so. Where it was
        // we ourselves, in a run that was cut off, nobody else makes it.
        return if candidate.by == (Person { name, email }) {
            work.pay(&state)
        } else {
            Ok(())
        };
    }
    let short = proposal.commit.short();
    session.ui.note(format!(
        "{short} is the candidate; {} is frozen until it is promoted or postponed",
        source.name
    ));
    work.pay(&state)?;
    flow::say_next(session, &config, &state, "next, when it was tested");
    Ok(())
}

/// Everything that was found out.
struct Facts<'a> {
    source: Observed,
    targets: Vec<Target<'a>>,
    warnings: Vec<String>,
    watched: Vec<String>,
    record: OnRecord,
}

impl Facts<'_> {
    fn state(&self) -> Result<&State, Stop> {
        let reading = self.record.reading.as_ref().ok_or_else(not_seen)?;
        Ok(&reading.as_ref().map_err(Clone::clone)?.state)
    }

    fn recorded<'a>(
        &'a self,
        config: &Config,
        state: &'a State,
        now: i64,
    ) -> Result<Recorded<'a>, Stop> {
        let recorded = self
            .record
            .recorded(config, None, now)?
            .ok_or_else(not_seen)?;
        Ok(Recorded {
            state,
            signoff: true,
            ..recorded
        })
    }

    /// Everything that was looked at, the source first.
    fn seen(&self) -> Vec<&Observed> {
        std::iter::once(&self.source)
            .chain(self.targets.iter().map(|target| &target.observed))
            .collect()
    }
}

fn gather<'c>(
    session: &Session<'_>,
    look: &Look<'_>,
    source: &'c Environment,
    targets: &[&'c Environment],
) -> Result<Facts<'c>, Stop> {
    let mut concerned = vec![source];
    concerned.extend(targets);
    let Seen {
        environments: mut seen,
        main,
        record,
    } = see(session, look, &concerned)?;
    let source = seen.next().ok_or_else(not_seen)?;
    let warnings = match source.runs() {
        Some(commit) => engine::not_on_main(session, look.config, commit, main)?
            .into_iter()
            .collect(),
        None => Vec::new(),
    };
    let targets = targets
        .iter()
        .zip(seen)
        .map(|(environment, observed)| {
            let held = record
                .state()
                .map(|state| state.held(&environment.name))
                .unwrap_or_default();
            let held = held::weigh(session, observed.runs(), source.runs(), held)?;
            Ok(Target {
                held,
                ..engine::target(session, environment, observed, source.runs())?
            })
        })
        .collect::<Result<Vec<_>, Stop>>()?;
    let watched = watched::in_targets(session, look.config, &targets, source.runs())?;
    Ok(Facts {
        source,
        targets,
        warnings,
        watched,
        record,
    })
}

fn planned(
    session: &Session<'_>,
    config: &Config,
    source: &Environment,
    facts: &Facts<'_>,
    state: &State,
) -> Result<Proposal, Stop> {
    let recorded = facts.recorded(config, state, session.when().now)?;
    let mut proposal = decide::proposal(source, &facts.source, &facts.targets, &recorded)?;
    proposal
        .warnings
        .splice(0..0, facts.warnings.iter().cloned());
    proposal
        .warnings
        .extend(observed::warnings(Some(state), facts.seen()));
    proposal.watched.clone_from(&facts.watched);
    Ok(proposal)
}

/// A proposal on its way.
struct Work<'a> {
    session: &'a Session<'a>,
    config: &'a Config,
    args: &'a Propose,
    recorder: Recorder<'a>,
    source: &'a Environment,
    facts: &'a Facts<'a>,
}

impl Work<'_> {
    /// The same commit once more: nothing new, only what is still owed.
    fn again(&self) -> Result<(), Stop> {
        let state = self.facts.state()?;
        self.say_who(state);
        if self.args.dry_run {
            Ok(())
        } else {
            self.pay(state)
        }
    }

    fn say_who(&self, state: &State) {
        if let Some(candidate) = &state.candidate {
            let (short, when) = (
                candidate.commit.short(),
                self.session.when().moment(candidate.at),
            );
            self.session.ui.note(format!(
                "{short} is the candidate already, proposed by {} {when}",
                candidate.by.name
            ));
            if self
                .args
                .note
                .as_ref()
                .is_some_and(|note| candidate.note.as_deref() != Some(note.trim()))
            {
                self.session
                    .ui
                    .warn("the proposal stays as it was made: this note is not added to it");
            }
        }
    }

    fn show(&self, proposal: &Proposal) -> Result<(), Stop> {
        let ui = self.session.ui;
        let post = posts::step(self.session, self.config, TECHNICAL);
        let lines = show::proposal(
            self.config,
            &self.facts.source,
            &self.facts.targets,
            proposal,
            &self.session.when(),
            &post,
        );
        if self.args.yes {
            ui.say(&lines)
        } else {
            ui.insist(&lines)
        }
        Ok(())
    }

    fn ask(&self, proposal: &Proposal) -> Result<(), Stop> {
        let ui = self.session.ui;
        if !proposal.consents.is_empty() && (self.args.yes || !ui.is_interactive()) {
            // Only a person who looks can have seen it.
            decide::confirmed(&self.facts.source)?;
        }
        engine::consent(self.session, &proposal.consents, "not proposed")?;
        if self.args.yes {
            return Ok(());
        }
        if !ui.is_interactive() {
            let report = Report::new("there is no terminal to ask on")
                .because(format!("it freezes {} for everyone", self.source.name));
            let report = report.hint("if the answer is yes: git smp propose --yes");
            return Err(report.refused(RefusalCode::NeedsTerminal).into());
        }
        ui.catch_interrupts()?;
        let question = format!(
            "Propose {} and freeze {}?",
            proposal.commit.short(),
            self.source.name
        );
        if ui.ask_yes(&question) {
            Ok(())
        } else {
            Err(Stop::Declined(
                "not proposed; nothing was changed".to_owned(),
            ))
        }
    }

    /// The look after the question: what is put forward must still be what was shown.
    fn unmoved(&self, look: &Look<'_>) -> Result<(), Stop> {
        let mut wanted = vec![self.source];
        wanted.extend(self.facts.targets.iter().map(|target| target.environment));
        let before = std::iter::once(&self.facts.source)
            .chain(self.facts.targets.iter().map(|one| &one.observed));
        let now = self.session.ui.during("looking once more", || {
            look.environments(&wanted, Also::Nothing)
        })?;
        for (before, now) in before.zip(&now) {
            decide::unmoved(before, now, RefusalCode::CandidateMoved, "git smp propose")?;
        }
        Ok(())
    }

    fn record(&self, id: &EventId) -> Result<State, Stop> {
        self.session.ui.during("writing the record", || {
            let (facts, now) = (self.facts, self.session.when().now);
            let recorded = facts.recorded(self.config, facts.state()?, now)?;
            let end = RollbackEnd::of(&self.session.repo, &recorded)?;
            self.recorder.append_all(&mut |state, _| {
                if let Some(end) = end.as_ref().and_then(|end| end.due(state)) {
                    return Ok(Some(end));
                }
                let proposal = planned(self.session, self.config, self.source, self.facts, state)?;
                let is_open = proposal.open;
                let proposed = What::Proposed {
                    commit: proposal.commit,
                    environment: self.source.name.clone(),
                    targets: proposal.targets,
                    note: self.args.note.as_ref().map(|note| note.trim().to_owned()),
                    date: self.date(),
                    channels: vec![TECHNICAL.to_owned()],
                    over: proposal.over,
                };
                Ok((!is_open).then(|| (id.clone(), proposed)))
            })
        })
    }

    /// Makes the posts about the candidate that are owed.
    fn pay(&self, state: &State) -> Result<(), Stop> {
        self.posts().pay(&state.owed, |owed| {
            owed.is_of_the_way() || owed.is_of_a_rollback()
        })
    }

    fn posts(&self) -> Posts<'_> {
        Posts::of(self.session, self.config, "proposed", "git smp propose")
    }

    /// The post as it would go out.
    fn preview(&self, proposal: &Proposal) -> Result<(), Stop> {
        let note = self.args.note.as_ref().map(|note| note.trim().to_owned());
        let owed = Owed {
            targets: proposal.targets.clone(),
            ..posts::to_be_told(
                TECHNICAL,
                (&self.date(), &proposal.commit),
                &self.source.name,
                News::Proposed { note },
            )
        };
        self.posts().say(&owed)
    }

    /// Today, where the proposer is: the date of every post about this candidate.
    fn date(&self) -> String {
        let when = self.session.when();
        when.date(when.now)
    }
}
