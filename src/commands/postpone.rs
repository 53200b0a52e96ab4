//! `git smp postpone`: close the candidate with a reason, and lift the freeze.

use crate::cli::Postpone;
use crate::core::config::Config;
use crate::core::decide::named::check_text;
use crate::core::record::{Candidate, News, Postponed, State, What};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::typed::Typed;
use crate::core::words::EventId;
use crate::deploy::flow;
use crate::git::record::identity;
use crate::session::Session;
use crate::session::trust;
use crate::team::channel::{self, TECHNICAL};
use crate::team::delivery::Delivery;
use crate::team::posting::{self, Pending};
use crate::team::recorder::{Recorder, new_id};

/// Runs it.
pub fn run(session: &Session<'_>, args: &Postpone) -> Result<(), Stop> {
    check_text("postpone", "--reason", args.reason.as_deref())?;
    let (config, ui) = (session.config()?, session.ui);
    let recorder = Recorder::of(&session.repo, &config, ui.is_interactive());
    let recorder = flow::recorder_of(recorder, "postpone")?;
    trust::require(&session.repo, &config, &[])?;
    let reading = ui.during("reading the record", || recorder.read_now())??;
    let Some(candidate) = &reading.state.candidate else {
        ui.note("there is no candidate: nothing to postpone");
        return pay(session, &config, Pending::from(&reading.state));
    };
    let (short, by) = (candidate.commit.short(), &candidate.by.name);
    let when = session.when().moment(candidate.at);
    ui.note(format!("the candidate is {short}, proposed by {by} {when}"));
    let intent = open_intent(session, args, &reading.state)?;
    let reason = reason(session, args)?;
    ask(session, args, candidate, &reason)?;
    let id = new_id();
    let (_, pending) = ui.during("writing the record", || {
        posting::append((session, &config), &recorder, &mut |state, nth| {
            if nth > 0 {
                return Ok(None);
            }
            let (now, open) = (state.candidate.as_ref(), state.deploying.as_ref());
            let is_it =
                now.is_some_and(|now| (&now.id, &now.commit) == (&candidate.id, &candidate.commit));
            if !is_it || open.map(|open| &open.id) != intent.as_ref() {
                return Err(moved());
            }
            let postponed = What::Postponed(Postponed {
                candidate: candidate.id.clone(),
                commit: candidate.commit.clone(),
                intent: intent.clone(),
                reason: reason.clone(),
                channels: channel::to_tell(&config, TECHNICAL),
            });
            Ok(Some((id.clone(), postponed)))
        })
    })?;
    let place = &candidate.environment;
    ui.note(format!(
        "{short} is postponed; {place} is not frozen any more"
    ));
    if channel::configured(&config, TECHNICAL).is_none() {
        let by = identity(&session.repo)?.0;
        let news = News::Postponed { by, reason };
        return posts(session, &config).print(&channel::of_candidate(candidate, news));
    }
    pay(session, &config, pending)
}

/// Tells the team that the freeze is over, unless it was told.
fn pay(session: &Session<'_>, config: &Config, pending: Pending) -> Result<(), Stop> {
    posts(session, config).deliver(pending, |owed| matches!(owed.news, News::Postponed { .. }))
}

fn posts<'a>(session: &'a Session<'a>, config: &'a Config) -> Delivery<'a> {
    Delivery::of(session, config, "postponed", Typed::smp("postpone"))
}

/// Whether nobody is there, or wants to be, who could be asked.
fn is_unasked(session: &Session<'_>, args: &Postpone) -> bool {
    args.yes || !session.ui.is_interactive()
}

/// The announcement that would be given up with the candidate, which a person must have seen.
fn open_intent(
    session: &Session<'_>,
    args: &Postpone,
    state: &State,
) -> Result<Option<EventId>, Stop> {
    let Some(open) = &state.deploying else {
        return Ok(None);
    };
    let story = open.story(session.when().now);
    if is_unasked(session, args) {
        let postpone = Typed::smp("postpone");
        return Err(Refusal::new(RefusalCode::Deploying, story)
            .because("that was not seen to end, and postponing would not stop it")
            .run("look at where it stands", Typed::smp("status"))
            .run("then, in a terminal and without --yes", postpone)
            .into());
    }
    session.ui.warn(format!(
        "{story}, and was not seen to end; postponing gives that up on the record and stops nothing"
    ));
    Ok(Some(open.id.clone()))
}

fn reason(session: &Session<'_>, args: &Postpone) -> Result<String, Stop> {
    if let Some(reason) = &args.reason {
        return Ok(reason.trim().to_owned());
    }
    if is_unasked(session, args) {
        let report =
            Report::new("a postponement needs a reason").because("the team reads it on the record");
        let command = Typed::smp("postpone").option("--reason", "login is broken");
        return Err(Stop::Misused(report.run("", command)));
    }
    session.ui.catch_interrupts()?;
    let given = session.ui.ask_text("Why", "");
    let given = given.filter(|text| !text.is_empty());
    check_text("postpone", "--reason", given.as_deref())?;
    given.ok_or_else(declined)
}

fn ask(
    session: &Session<'_>,
    args: &Postpone,
    candidate: &Candidate,
    reason: &str,
) -> Result<(), Stop> {
    if args.yes {
        return Ok(());
    }
    if !session.ui.is_interactive() {
        let error = "there is no terminal to ask on";
        let command = Typed::smp("postpone --yes").option("--reason", reason);
        return Err(Refusal::new(RefusalCode::NeedsTerminal, error)
            .because("postponing lifts the freeze for everyone")
            .run("if the answer is yes", command)
            .into());
    }
    session.ui.catch_interrupts()?;
    let (short, place) = (candidate.commit.short(), &candidate.environment);
    let question = format!("Postpone {short} and lift the freeze on {place}?");
    match session.ui.ask_yes(&question) {
        true => Ok(()),
        false => Err(declined()),
    }
}

fn declined() -> Stop {
    Stop::Declined("not postponed; nothing was changed".to_owned())
}

fn moved() -> Stop {
    let error = "the record changed meanwhile; nothing was postponed";
    Refusal::new(RefusalCode::CandidateMoved, error)
        .because("the candidate, or the deploy of it, is not the one that was shown")
        .run("look again", Typed::smp("status"))
        .into()
}
