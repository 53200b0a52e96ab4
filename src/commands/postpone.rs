//! `git smp postpone`: close the candidate with a reason, and lift the freeze.

use crate::cli::Postpone;
use crate::core::decide::named::check_text;
use crate::team::posts::{self, Posts, TECHNICAL};

use crate::core::config::Config;
use crate::core::decide::Recorded;
use crate::core::record::{Candidate, News, Postponed, State, What};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::text::shell_word;
use crate::core::words::EventId;
use crate::deploy::flow;
use crate::git::record::identity;
use crate::session::Session;
use crate::session::trust;
use crate::team::recorder::{Recorder, new_id};

/// Runs it.
///
/// # Errors
/// When the question is declined, the candidate changed meanwhile, or the record cannot be written.
pub fn run(session: &Session<'_>, args: &Postpone) -> Result<(), Stop> {
    check_text("postpone", "--reason", args.reason.as_deref())?;
    let (config, ui) = (session.config()?, session.ui);
    let recorder = flow::recorder_of(
        Recorder::of(&session.repo, &config, ui.is_interactive()),
        "git smp postpone",
    )?;
    trust::require(&session.repo, &config, &[])?;
    let reading = ui.during("reading the record", || recorder.read_now())??;
    let Some(candidate) = &reading.state.candidate else {
        ui.note("there is no candidate: nothing to postpone");
        return pay(session, &config, &reading.state);
    };
    show(session, candidate);
    let intent = open_intent(session, args, &reading.state)?;
    let reason = reason(session, args)?;
    ask(session, args, candidate, &reason)?;
    let shown = (candidate.id.clone(), candidate.commit.clone());
    let state = ui.during("writing the record", || {
        recorder.append(&new_id(), &mut |state| {
            let now = state.candidate.as_ref().map(|now| (&now.id, &now.commit));
            if now != Some((&shown.0, &shown.1))
                || state.deploying.as_ref().map(|open| &open.id) != intent.as_ref()
            {
                return Err(moved());
            }
            let (candidate, commit) = shown.clone();
            let (intent, reason, channels) = (
                intent.clone(),
                reason.clone(),
                posts::owing(&config, TECHNICAL),
            );
            Ok(Some(What::Postponed(Postponed {
                candidate,
                commit,
                intent,
                reason,
                channels,
            })))
        })
    })?;
    ui.note(format!(
        "{} is postponed; {} is not frozen any more",
        shown.1.short(),
        candidate.environment
    ));
    if posts::configured(&config, TECHNICAL).is_none() {
        let by = identity(&session.repo)?.0;
        let news = News::Postponed { by, reason };
        return posts(session, &config).say(&posts::of_candidate(candidate, news));
    }
    pay(session, &config, &state)
}

/// Tells the team that the freeze is over, unless it was told.
fn pay(session: &Session<'_>, config: &Config, state: &State) -> Result<(), Stop> {
    posts(session, config).pay(&state.pending, |owed| {
        matches!(owed.news, News::Postponed { .. })
    })
}

fn posts<'a>(session: &'a Session<'a>, config: &'a Config) -> Posts<'a> {
    Posts::of(session, config, "postponed", "git smp postpone")
}

fn show(session: &Session<'_>, candidate: &Candidate) {
    let when = session.when().moment(candidate.at);
    let short = candidate.commit.short();
    session.ui.note(format!(
        "the candidate is {short}, proposed by {} {when}",
        candidate.by.name
    ));
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
    let recorded = Recorded {
        state,
        signoff: true,
        mine: None,
        sent: false,
        announced: None,
        take_over: None,
        now: session.when().now,
    };
    let story = recorded.story(open);
    if args.yes || !session.ui.is_interactive() {
        return Err(Refusal::new(RefusalCode::Deploying, story)
            .because("that was not seen to end, and postponing would not stop it")
            .hint("look at where it stands: git smp status; then, in a terminal and without --yes: git smp postpone")
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
    if args.yes || !session.ui.is_interactive() {
        let report =
            Report::new("a postponement needs a reason").because("the team reads it on the record");
        return Err(Stop::Misused(
            report.hint("git smp postpone --reason 'login is broken'"),
        ));
    }
    session.ui.catch_interrupts()?;
    let given = session
        .ui
        .ask_text("Why", "")
        .filter(|text| !text.is_empty());
    check_text("postpone", "--reason", given.as_deref())?;
    given.ok_or_else(|| Stop::Declined("not postponed; nothing was changed".to_owned()))
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
        let report = Report::new("there is no terminal to ask on")
            .because("postponing lifts the freeze for everyone");
        let hint = format!(
            "if the answer is yes: git smp postpone --yes --reason {}",
            shell_word(reason)
        );
        let report = report.hint(hint);
        return Err(report.refused(RefusalCode::NeedsTerminal).into());
    }
    session.ui.catch_interrupts()?;
    let question = format!(
        "Postpone {} and lift the freeze on {}?",
        candidate.commit.short(),
        candidate.environment
    );
    if session.ui.ask_yes(&question) {
        Ok(())
    } else {
        Err(Stop::Declined(
            "not postponed; nothing was changed".to_owned(),
        ))
    }
}

fn moved() -> Stop {
    Refusal::new(
        RefusalCode::CandidateMoved,
        "the record changed meanwhile; nothing was postponed",
    )
    .because("the candidate, or the deploy of it, is not the one that was shown")
    .hint("look again: git smp status")
    .into()
}
