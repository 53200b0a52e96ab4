//! `git smp propose`: proposes staging's commit for production, freezes staging, and tells the technical channel.

use std::iter;

use clap::Args;

use crate::core::arguments::check_text;
use crate::core::config::{Config, Environment};
use crate::core::decide::named::beginning;
use crate::core::decide::{self, Proposal, Recorded, Step, merged, next};
use crate::core::record::{ISSUE, News, Notice, Proposed, State, Telling, What};
use crate::core::refusal::{RefusalCode, Stop};
use crate::core::show;
use crate::core::typed::Typed;
use crate::core::words::{EventId, Observed};
use crate::deploy::ends::is_due;
use crate::deploy::{self, Deploy, Options, forward, observed};
use crate::forge::reviews;
use crate::git::record::identity;
use crate::look::not_seen;
use crate::options::Asking;
use crate::session::{Session, trust};
use crate::sources::Also;
use crate::team::agreed;
use crate::team::channel::{self, TECHNICAL};
use crate::team::delivery::Delivery;
use crate::team::posting::{self, Pending};
use crate::team::recorder::{Recorder, new_id};

#[derive(Debug, Args)]
#[command(after_help = "Example: git smp propose --note 'Please look at the login page'")]
pub struct Propose {
    /// Add this text to the list of commits in the post
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub note: Option<String>,
    #[command(flatten)]
    pub asking: Asking,
}

pub fn run(session: &Session<'_>, args: &Propose) -> Result<(), Stop> {
    check_text("--note", args.note.as_deref())?;
    let (config, ui) = (session.config()?, session.ui);
    let place = beginning(&config)?;
    let recorder = Recorder::required(session, &config, "propose")?;
    let targets = config.targets();
    let concerned = [&[place], targets.as_slice()].concat();
    trust::require(&session.repo, &config, &concerned)?;
    session.whole_history()?;
    let options = Options {
        yes: args.asking.yes,
        dry_run: args.asking.dry_run,
        first: true, // The promotion may create what is missing.
        ..Options::default()
    };
    let deploy = forward::look(session, &config, (place, &targets), options)?;
    agreed::by_all(&session.repo, &config)?;
    let work = Work {
        session,
        args,
        config: &config,
        place,
        source: deploy.observed().next().ok_or_else(not_seen)?,
        before: deploy.seen.record.known()?.ok_or_else(not_seen)?,
        deploy: &deploy,
    };
    let mut proposal = work.decide(work.before)?;
    if proposal.open || proposal.targets.is_empty() {
        return work.nothing(&proposal);
    }
    reviews::warn(session, &config, &deploy.targets, &mut proposal);
    let login = channel::person(session, &config);
    let nobody = channel::nobody(&config, login.as_ref());
    proposal.plan.warnings.extend(nobody);
    work.show(&proposal);
    if args.asking.dry_run {
        return work.preview(&proposal);
    }
    work.ask(&proposal)?;
    work.unmoved()?;
    deploy.record_observed(false);
    let id = new_id();
    let (state, pending) = ui.during("writing the record", || {
        work.record(&recorder, (&id, login))
    })?;
    if state.candidate.as_ref().is_some_and(|open| open.id != id) {
        return work.others(&state, pending);
    }
    let (short, name) = (proposal.plan.commit.short(), &place.name);
    ui.note(match place.by_merge {
        true => format!("{short} is the candidate; merges still deploy to {name}, because that branch cannot be frozen"),
        false => format!("{short} is the candidate; {name} is frozen until the candidate is promoted or postponed"),
    });
    work.pay(pending)?;
    // Meanwhile the record may say that an issue asks for comments.
    let state = recorder.known().map_or(state, |now| now.state);
    session.say_next(&config, &state, lead(&state));
    Ok(())
}

/// Returns the words before the next command: nobody can test a candidate before its issue asks them.
fn lead(state: &State) -> &'static str {
    let open = state.candidate.as_ref();
    let open = open.filter(|open| open.inquiry.is_some() && open.issue().is_none());
    match open.is_some_and(|open| open.four_eyes || !open.counts_typed()) {
        true => "next",
        false => "next, after testing",
    }
}

struct Work<'a> {
    session: &'a Session<'a>,
    args: &'a Propose,
    config: &'a Config,
    place: &'a Environment,
    source: &'a Observed,
    before: &'a State,
    deploy: &'a Deploy<'a>,
}

impl Work<'_> {
    fn recorded<'s>(&'s self, state: &'s State) -> Result<Recorded<'s>, Stop> {
        let now = self.session.when().now;
        let recorded = self.deploy.seen.recorded(self.config, None, now)?;
        Ok(Recorded {
            state,
            signoff: true,
            ..recorded.ok_or_else(not_seen)?
        })
    }

    fn decide(&self, state: &State) -> Result<Proposal, Stop> {
        let recorded = self.recorded(state)?;
        let proposal = decide::proposal(self.place, self.source, &self.deploy.targets, &recorded);
        let mut proposal = proposal.map_err(|refusal| merged::refusal(self.config, refusal))?;
        self.deploy.source_is_settled()?;
        proposal
            .plan
            .warnings
            .splice(0..0, self.deploy.warnings.clone());
        let past_tool = observed::warnings(Some(state), self.deploy.observed());
        proposal.plan.warnings.extend(past_tool);
        proposal.plan.warnings.extend(self.deploy.ignored());
        proposal.plan.watched.clone_from(&self.deploy.watched);
        Ok(proposal)
    }

    /// Says that there is nothing to propose, or that this is the candidate already, and sends the pending posts.
    fn nothing(&self, proposal: &Proposal) -> Result<(), Stop> {
        let dry_run = self.args.asking.dry_run;
        if !proposal.open {
            let short = proposal.plan.commit.short();
            let text = format!("nothing to propose: every environment already runs {short}");
            self.session.ui.note(text);
        }
        self.deploy.record_observed(dry_run);
        if proposal.open {
            self.say_who(self.before);
            self.warn_if_lost()?;
        }
        match proposal.open && !dry_run {
            true => self.pay(self.before.into()),
            false => Ok(()),
        }
    }

    /// Ends a run whose candidate somebody else proposed first. Their run makes the post, and `status` shows it while
    /// it is pending. If it was an earlier, interrupted run of the same person, this run makes the post.
    fn others(&self, state: &State, pending: Pending) -> Result<(), Stop> {
        self.say_who(state);
        let (name, email) = identity(&self.session.repo)?;
        let open = state.candidate.as_ref();
        match open.is_some_and(|open| open.by.is_called(&name, &email)) {
            true => self.pay(pending),
            false => Ok(()),
        }
    }

    fn say_who(&self, state: &State) {
        let (ui, note) = (self.session.ui, self.note());
        let Some(candidate) = &state.candidate else {
            return;
        };
        let (short, by) = (candidate.commit.short(), &candidate.by.name);
        let when = self.session.when().moment(candidate.at);
        ui.note(format!(
            "{short} is already the candidate, proposed by {by} {when}"
        ));
        if note.is_some() && candidate.note != note {
            ui.warn("the proposal is unchanged: this note is not added to it");
        }
    }

    /// Warns that the candidate can no longer ship, in the words of `status`.
    fn warn_if_lost(&self) -> Result<(), Stop> {
        let Session { repo, ui, .. } = self.session;
        let seen: Vec<Observed> = self.deploy.observed().cloned().collect();
        let lost = next::lost(self.config, &seen, self.before, &|from, to| {
            let changes = to.map(|to| repo.changes(from, to)).transpose()?;
            Ok(changes.map(|changes| changes.relation))
        })?;
        if let Some((next, why)) = lost {
            ui.warn(why);
            for (place, line) in ui.typed(next).into_iter().enumerate() {
                let label = if place == 0 { "next: " } else { "" };
                ui.note(format!("{label}{line}"));
            }
        }
        Ok(())
    }

    fn note(&self) -> Option<String> {
        self.args.note.as_ref().map(|note| note.trim().to_owned())
    }

    fn show(&self, proposal: &Proposal) {
        let (config, when, targets) = (self.config, self.session.when(), &self.deploy.targets);
        let posts = self.channels().into_iter();
        let posts: Vec<Step> = posts
            .map(|name| channel::step(self.session, config, &name))
            .collect();
        let lines = show::proposal(config, self.source, targets, proposal, &when, &posts);
        self.deploy.show(&lines);
    }

    fn ask(&self, proposal: &Proposal) -> Result<(), Stop> {
        let (ui, yes) = (self.session.ui, self.args.asking.yes);
        if !proposal.plan.consents.is_empty() && (yes || !ui.is_interactive()) {
            // Only a person who looks can confirm this.
            decide::confirmed(self.source)?;
        }
        deploy::consent(
            self.session,
            &proposal.plan.consents,
            "not proposed; nothing was changed",
        )?;
        if yes {
            return Ok(());
        }
        let (name, short) = (&self.place.name, proposal.plan.commit.short());
        let (question, why) = match self.place.by_merge {
            true => (
                format!("Propose {short}?"),
                "a proposal affects everyone".to_owned(),
            ),
            false => (
                format!("Propose {short} and freeze {name}?"),
                format!("it freezes {name} for everyone"),
            ),
        };
        ui.need_yes(
            &question,
            why,
            Typed::smp("propose --yes"),
            "not proposed; nothing was changed",
        )
    }

    /// Looks again after the question: what is proposed must still be what was shown.
    fn unmoved(&self) -> Result<(), Stop> {
        let targets = self.deploy.targets.iter().map(|target| target.environment);
        let wanted: Vec<_> = iter::once(self.place).chain(targets).collect();
        let now = self.session.ui.during("looking again", || {
            self.deploy.look.environments(&wanted, Also::Nothing)
        })?;
        let (code, again) = (RefusalCode::CandidateMoved, Typed::smp("propose"));
        for (before, now) in self.deploy.observed().zip(&now) {
            decide::unmoved(before, now, code, &again)?;
        }
        Ok(())
    }

    fn record(
        &self,
        recorder: &Recorder<'_>,
        (id, login): (&EventId, Option<String>),
    ) -> Result<(State, Pending), Stop> {
        let ends = self.deploy.ends(&self.recorded(self.before)?, None)?;
        let of = (self.session, self.config);
        posting::append(of, recorder, &mut |state, _| {
            if let Some(end) = ends.iter().find(|(_, what)| is_due(what, state)) {
                return Ok(Some(end.clone()));
            }
            let proposal = self.decide(state)?;
            let proposed = What::Proposed(Proposed {
                commit: proposal.plan.commit,
                environment: self.place.name.clone(),
                targets: proposal.targets,
                note: self.note(),
                date: self.date(),
                channels: self.channels(),
                login: login.clone(),
                over: proposal.over,
            });
            Ok((!proposal.open).then(|| (id.clone(), proposed)))
        })
    }

    /// Returns the channels to tell, with the issue if one asks for verdicts.
    fn channels(&self) -> Vec<String> {
        let mut channels = vec![TECHNICAL.to_owned()];
        channels.extend(channel::asks(self.config).then(|| ISSUE.to_owned()));
        channels
    }

    /// Sends the pending posts about the candidate.
    fn pay(&self, pending: Pending) -> Result<(), Stop> {
        self.posts().deliver(pending, |owed| {
            owed.is_of_the_way() || owed.is_of_a_rollback()
        })
    }

    fn posts(&self) -> Delivery<'_> {
        Delivery::of(self.session, self.config, "proposed", Typed::smp("propose"))
    }

    fn preview(&self, proposal: &Proposal) -> Result<(), Stop> {
        let posts = self.posts();
        let mut all = self.channels().into_iter();
        all.try_for_each(|channel| posts.print(&self.post(proposal, &channel)))
    }

    fn post(&self, proposal: &Proposal, channel: &str) -> Notice {
        let tells = Telling {
            channels: Vec::new(),
            date: self.date(),
            targets: proposal.targets.clone(),
            text: None,
        };
        let place = (self.place.name.as_str(), &proposal.plan.commit);
        let news = News::Proposed { note: self.note() };
        channel::of_deploy(channel, &tells, place, news)
    }

    /// Returns today's date at the proposer: the date of every post about this candidate.
    fn date(&self) -> String {
        let when = self.session.when();
        when.date(when.now)
    }
}
