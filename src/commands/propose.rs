//! `git smp propose`: put staging's commit forward for production, freeze staging, and tell the technical channel.

use std::{iter, mem};

use crate::cli::Propose;
use crate::core::config::{Config, Environment};
use crate::core::decide::named::{beginning, check_text};
use crate::core::decide::{self, Proposal, Recorded, Target};
use crate::core::record::{News, Notice, Person, Proposed, State, What};
use crate::core::refusal::{RefusalCode, Report, Stop};
use crate::core::show;
use crate::core::words::{EventId, Observed};
use crate::deploy::recorder::{is_due, rollback_end};
use crate::deploy::{self, flow, observed};
use crate::forge::reviews;
use crate::git::record::identity;
use crate::look::{Main, Seen, not_seen, see};
use crate::session::{Session, trust};
use crate::sources::{Also, Look};
use crate::team::posts::{self, Posts, TECHNICAL};
use crate::team::recorder::{Recorder, new_id};
use crate::team::watched;

/// Runs it: look, decide, show, ask, do.
///
/// # Errors
/// When it cannot be put forward, the question is declined, or the record cannot be written.
pub fn run(session: &Session<'_>, args: &Propose) -> Result<(), Stop> {
    check_text("propose", "--note", args.note.as_deref())?;
    let (config, ui) = (session.config()?, session.ui);
    let source = beginning(&config)?;
    let look = Look::of(session, &config);
    let recorder = Recorder::of(&session.repo, &config, look.may_ask);
    let recorder = flow::recorder_of(recorder, "git smp propose")?;
    let work = Work::of(session, args, look, source)?;
    let mut proposal = work.decide(work.state()?)?;
    let short = proposal.commit.short().to_owned();
    if proposal.open || proposal.targets.is_empty() {
        if !proposal.open {
            ui.note(format!(
                "everything runs {short} already: nothing to propose"
            ));
        }
        work.record_observed(args.dry_run);
        return if proposal.open { work.again() } else { Ok(()) };
    }
    reviews::warn(session, &config, &work.targets, &mut proposal);
    work.show(&proposal);
    if args.dry_run {
        return work.posts().say(&work.post(&proposal));
    }
    work.ask(&proposal)?;
    work.unmoved()?;
    work.record_observed(false);
    let id = new_id();
    let state = ui.during("writing the record", || work.record(&recorder, &id))?;
    let others = (state.candidate.as_ref()).filter(|candidate| candidate.id != id);
    if let Some(candidate) = others {
        work.say_who(&state);
        let (name, email) = identity(&session.repo)?;
        // Somebody else was quicker: the post is theirs to make, and should it stay owed, status says so. Where it was
        // we ourselves, in a run that was cut off, nobody else makes it.
        return match candidate.by == (Person { name, email }) {
            true => work.pay(&state),
            false => Ok(()),
        };
    }
    let name = &source.name;
    ui.note(format!(
        "{short} is the candidate; {name} is frozen until it is promoted or postponed"
    ));
    work.pay(&state)?;
    flow::say_next(session, &config, &state, "next, when it was tested");
    Ok(())
}

/// A proposal on its way, and everything that was found out for it.
struct Work<'a> {
    session: &'a Session<'a>,
    args: &'a Propose,
    look: Look<'a>,
    place: &'a Environment,
    source: Observed,
    targets: Vec<Target<'a>>,
    warning: Option<String>,
    watched: Vec<String>,
    seen: Seen,
}

impl<'a> Work<'a> {
    fn of(
        session: &'a Session<'a>,
        args: &'a Propose,
        look: Look<'a>,
        place: &'a Environment,
    ) -> Result<Self, Stop> {
        let config: &'a Config = look.config;
        let targets = config.targets();
        let concerned = [&[place], targets.as_slice()].concat();
        trust::require(&session.repo, config, &concerned)?;
        session.whole_history()?;
        let mut seen = session.ui.during("asking every environment", || {
            see(session, &look, &concerned, (Also::Branches, Main::Branch))
        })?;
        let mut observed = mem::take(&mut seen.environments).into_iter();
        let source = observed.next().ok_or_else(not_seen)?;
        let runs = source.runs();
        let warning = match runs {
            Some(commit) => deploy::not_on_main(&look, commit, &seen)?,
            None => None,
        };
        let targets = deploy::targets(session, &targets, observed, (runs, seen.state()))?;
        let watched = watched::in_targets(session, config, &targets, runs)?;
        Ok(Self {
            session,
            args,
            look,
            place,
            source,
            targets,
            warning,
            watched,
            seen,
        })
    }

    fn state(&self) -> Result<&State, Stop> {
        Ok(self.seen.record.known()?.ok_or_else(not_seen)?)
    }

    fn recorded<'s>(&'s self, state: &'s State) -> Result<Recorded<'s>, Stop> {
        let now = self.session.when().now;
        let recorded = self.seen.recorded(self.look.config, None, now)?;
        Ok(Recorded {
            state,
            signoff: true,
            ..recorded.ok_or_else(not_seen)?
        })
    }

    /// Everything that was looked at, the source first.
    fn observed(&self) -> impl Iterator<Item = &Observed> {
        iter::once(&self.source).chain(self.targets.iter().map(|target| &target.observed))
    }

    fn record_observed(&self, dry_run: bool) {
        let state = self.seen.state();
        observed::record(self.session, &self.look, state, self.observed(), dry_run);
    }

    fn decide(&self, state: &State) -> Result<Proposal, Stop> {
        let recorded = self.recorded(state)?;
        let mut proposal = decide::proposal(self.place, &self.source, &self.targets, &recorded)?;
        proposal.warnings.splice(0..0, self.warning.clone());
        let past_tool = observed::warnings(Some(state), self.observed());
        proposal.warnings.extend(past_tool);
        proposal.watched.clone_from(&self.watched);
        Ok(proposal)
    }

    /// The same commit once more: nothing new, only what is still owed.
    fn again(&self) -> Result<(), Stop> {
        let state = self.state()?;
        self.say_who(state);
        if self.args.dry_run {
            return Ok(());
        }
        self.pay(state)
    }

    fn say_who(&self, state: &State) {
        let (ui, note) = (self.session.ui, self.note());
        let Some(candidate) = &state.candidate else {
            return;
        };
        let (short, by) = (candidate.commit.short(), &candidate.by.name);
        let when = self.session.when().moment(candidate.at);
        ui.note(format!(
            "{short} is the candidate already, proposed by {by} {when}"
        ));
        if note.is_some() && candidate.note != note {
            ui.warn("the proposal stays as it was made: this note is not added to it");
        }
    }

    fn note(&self) -> Option<String> {
        self.args.note.as_ref().map(|note| note.trim().to_owned())
    }

    fn show(&self, proposal: &Proposal) {
        let (ui, config, when) = (self.session.ui, self.look.config, self.session.when());
        let post = posts::step(self.session, config, TECHNICAL);
        let lines = show::proposal(config, &self.source, &self.targets, proposal, &when, &post);
        if self.args.yes {
            ui.say(&lines);
        } else {
            ui.insist(&lines);
        }
    }

    fn ask(&self, proposal: &Proposal) -> Result<(), Stop> {
        let (ui, name, short) = (self.session.ui, &self.place.name, proposal.commit.short());
        if !proposal.consents.is_empty() && (self.args.yes || !ui.is_interactive()) {
            // Only a person who looks can have seen it.
            decide::confirmed(&self.source)?;
        }
        deploy::consent(self.session, &proposal.consents, "not proposed")?;
        if self.args.yes {
            return Ok(());
        }
        if !ui.is_interactive() {
            let report = Report::new("there is no terminal to ask on")
                .because(format!("it freezes {name} for everyone"))
                .hint("if the answer is yes: git smp propose --yes");
            return Err(report.refused(RefusalCode::NeedsTerminal).into());
        }
        ui.catch_interrupts()?;
        match ui.ask_yes(&format!("Propose {short} and freeze {name}?")) {
            true => Ok(()),
            false => Err(Stop::Declined(
                "not proposed; nothing was changed".to_owned(),
            )),
        }
    }

    /// The look after the question: what is put forward must still be what was shown.
    fn unmoved(&self) -> Result<(), Stop> {
        let targets = self.targets.iter().map(|target| target.environment);
        let wanted: Vec<_> = iter::once(self.place).chain(targets).collect();
        let now = self.session.ui.during("looking once more", || {
            self.look.environments(&wanted, Also::Nothing)
        })?;
        for (before, now) in self.observed().zip(&now) {
            decide::unmoved(before, now, RefusalCode::CandidateMoved, "git smp propose")?;
        }
        Ok(())
    }

    fn record(&self, recorder: &Recorder<'_>, id: &EventId) -> Result<State, Stop> {
        let end = rollback_end(self.look.repo, &self.recorded(self.state()?)?)?;
        recorder.append_all(&mut |state, _| {
            if let Some(end) = end.as_ref().filter(|(_, what)| is_due(what, state)) {
                return Ok(Some(end.clone()));
            }
            let proposal = self.decide(state)?;
            let proposed = What::Proposed(Proposed {
                commit: proposal.commit,
                environment: self.place.name.clone(),
                targets: proposal.targets,
                note: self.note(),
                date: self.date(),
                channels: vec![TECHNICAL.to_owned()],
                over: proposal.over,
            });
            Ok((!proposal.open).then(|| (id.clone(), proposed)))
        })
    }

    /// Makes the posts about the candidate that are owed.
    fn pay(&self, state: &State) -> Result<(), Stop> {
        self.posts().pay(&state.pending, |owed| {
            owed.is_of_the_way() || owed.is_of_a_rollback()
        })
    }

    fn posts(&self) -> Posts<'_> {
        let config = self.look.config;
        Posts::of(self.session, config, "proposed", "git smp propose")
    }

    /// The post as it would go out.
    fn post(&self, proposal: &Proposal) -> Notice {
        let (date, news) = (self.date(), News::Proposed { note: self.note() });
        let about = (date.as_str(), &proposal.commit);
        Notice {
            targets: proposal.targets.clone(),
            ..posts::to_be_told(TECHNICAL, about, &self.place.name, news)
        }
    }

    /// Today, where the proposer is: the date of every post about this candidate.
    fn date(&self) -> String {
        let when = self.session.when();
        when.date(when.now)
    }
}
