//! `git smp postpone`: closes the candidate, and lifts the freeze.

use clap::Args;

use crate::core::arguments::check_text;
use crate::core::config::Config;
use crate::core::record::{News, Notice, Postponed, State, What};
use crate::core::refusal::{Refusal, RefusalCode, Stop};
use crate::core::typed::Typed;
use crate::core::words::{CommitId, EventId};

use crate::git::record::identity;
use crate::look::{Main, see};
use crate::session::{Session, trust};
use crate::sources::{Also, Look};
use crate::team::channel::{self, TECHNICAL};
use crate::team::delivery::Delivery;
use crate::team::recorder::Recorder;
use crate::team::{agreed, hearing, posting};

const DECLINED: &str = "not postponed; nothing was changed";

#[derive(Debug, Args)]
#[command(after_help = "Example: git smp postpone --reason 'The login page is slow'")]
pub struct Postpone {
    /// The reason; it goes on record and to the technical channel
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub reason: Option<String>,
    /// Answer yes to the question
    #[arg(short, long)]
    pub yes: bool,
}

pub fn run(session: &Session<'_>, args: &Postpone) -> Result<(), Stop> {
    check_text("--reason", args.reason.as_deref())?;
    let (config, ui) = (session.config()?, session.ui);
    let recorder = Recorder::required(session, &config, "postpone")?;
    trust::require(&session.repo, &config, &[])?;
    let before = ui
        .during("reading the record", || recorder.read_now())??
        .state;
    agreed::by_all(&session.repo, &config)?;
    let posts = Delivery::of(session, &config, "postponed", Typed::smp("postpone"));
    let Some(candidate) = &before.candidate else {
        ui.note("there is no candidate: nothing to postpone");
        return posts.deliver(&before, is_of_a_postponement);
    };
    let (short, place) = (candidate.commit.short(), &candidate.environment);
    let (by, when) = (&candidate.by.name, session.when().moment(candidate.at));
    ui.note(format!("the candidate is {short}, proposed by {by} {when}"));
    give_up_deploy(session, &config, args, &before)?;
    let reason = reason(session, args)?;
    // An environment that a merge deploys was never frozen.
    let by_merge = config.environment(place).is_ok_and(|one| one.by_merge);
    if !args.yes {
        let (question, why) = match by_merge {
            true => (format!("Postpone {short}?"), "postponing affects everyone"),
            false => (
                format!("Postpone {short} and lift the freeze on {place}?"),
                "postponing lifts the freeze for everyone",
            ),
        };
        let yes = Typed::smp("postpone --yes");
        ui.need_yes(&question, why.to_owned(), yes, DECLINED)?;
    }
    hearing::settle(session, &config, &before);
    let (_, pending) = ui.during("writing the record", || {
        let of = (session, &config);
        posting::append_one(
            of,
            (&recorder, true),
            &mut |now| match shown(now) == shown(&before) {
                true => Ok(Some(What::Postponed(Postponed {
                    candidate: candidate.id.clone(),
                    commit: candidate.commit.clone(),
                    intent: before.deploying.as_ref().map(|open| open.id.clone()),
                    reason: reason.clone(),
                    channels: channel::to_tell(&config, TECHNICAL),
                }))),
                false => Err(moved()),
            },
        )
    })?;
    ui.note(match by_merge {
        true => format!("{short} is postponed"),
        false => format!("{short} is postponed; {place} is no longer frozen"),
    });
    let by = identity(&session.repo)?.0;
    let post = channel::of_candidate(candidate, News::Postponed { by, reason });
    posts.tell(Some(post), pending, is_of_a_postponement)
}

fn is_of_a_postponement(one: &Notice) -> bool {
    matches!(one.news, News::Postponed { .. })
}

/// Returns what the person saw: the candidate, and the deploy that is given up with it.
fn shown(state: &State) -> (Option<(&EventId, &CommitId)>, Option<&EventId>) {
    let candidate = state.candidate.as_ref();
    (
        candidate.map(|one| (&one.id, &one.commit)),
        state.deploying.as_ref().map(|open| &open.id),
    )
}

fn is_unasked(session: &Session<'_>, args: &Postpone) -> bool {
    args.yes || !session.ui.is_interactive()
}

/// Warns of the open deploy that is given up with the candidate. Refuses if no person can see this.
fn give_up_deploy(
    session: &Session<'_>,
    config: &Config,
    args: &Postpone,
    state: &State,
) -> Result<(), Stop> {
    let Some(open) = &state.deploying else {
        return Ok(());
    };
    let story = open.story(session.when().now);
    if let Some(why) = &open.failed {
        let (name, short) = (&open.environment, open.to.short());
        session
            .ui
            .warn(format!("{name} runs {short}, and a check failed: {why}"));
        return Ok(());
    }
    is_no_end(session, config)?;
    if is_unasked(session, args) {
        let postpone = Typed::smp("postpone");
        return Err(Refusal::new(RefusalCode::Deploying, story)
            .because("its result is unknown, and postponing would not stop it")
            .run("see the current state", Typed::smp("status"))
            .run("then, in a terminal and without --yes", postpone)
            .into());
    }
    session.ui.warn(format!(
        "{story}; its result is unknown; postponing closes it on the record but does not stop it"
    ));
    Ok(())
}

/// Refuses to give up a deploy that has arrived: its end would never go on record.
fn is_no_end(session: &Session<'_>, config: &Config) -> Result<(), Stop> {
    let (look, now) = (Look::of(session, config), session.when().now);
    let seen = session.ui.during("asking whether it arrived", || {
        see(session, &look, &[], (Also::Nothing, Main::Record))
    })?;
    let recorded = seen.recorded(config, None, now)?;
    let ends = recorded.map(|recorded| recorded.unwritten());
    let Some((open, seen)) = ends.unwrap_or_default().first().copied() else {
        return Ok(());
    };
    let (name, short) = (&seen.environment, open.to.short());
    let command = open.command().unwrap_or_else(|| Typed::smp("status"));
    Err(Refusal::new(RefusalCode::Deploying, open.story(now))
        .because(format!("{name} runs {short}, which is not on record yet"))
        .run("record it", command)
        .into())
}

/// Returns the given reason, or asks a person for it. It is empty if nobody is asked.
fn reason(session: &Session<'_>, args: &Postpone) -> Result<String, Stop> {
    if let Some(reason) = &args.reason {
        return Ok(reason.trim().to_owned());
    }
    if is_unasked(session, args) {
        return Ok(String::new());
    }
    session.ui.catch_interrupts()?;
    match session
        .ui
        .ask_text("Reason for the postponement", "")
        .as_deref()
    {
        None | Some("") => Err(Stop::Declined(DECLINED.to_owned())),
        Some(given) => check_text("--reason", Some(given)).map(|()| given.to_owned()),
    }
}

fn moved() -> Stop {
    let error = "the record changed meanwhile; nothing was postponed";
    Refusal::new(RefusalCode::CandidateMoved, error)
        .because("the candidate, or the deploy of it, is not the one that was shown")
        .run("look again", Typed::smp("status"))
        .into()
}
