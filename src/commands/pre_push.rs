//! `git smp pre-push`: what git asks before a plain push, by the hook that `setup --hook` installs.
//!
//! Exit code 1 stops the push. What cannot be found out never does: a guard that locks people out is taken away.

use crate::cli::PrePush;
use crate::core::address;
use crate::core::config::{Config, Environment};
use crate::core::record::{self, Candidate, Copied, State};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::text::ago;
use crate::core::words::CommitId;
use crate::git::Repo;
use crate::git::record as objects;
use crate::session::Session;
use crate::session::trust::{self, Trust};
use crate::team::recorder::Recorder;
use crate::terminal::Ui;

/// How a person passes the guard.
const PAST: &str = "whoever knows better passes this guard with git push --no-verify";

/// What becomes of a push.
enum Verdict {
    /// It goes on.
    Go,
    /// It goes on, although this could not be found out.
    GoUnknown(String),
    /// It is stopped.
    Stop(Stop),
}

/// Runs it.
///
/// # Errors
/// When the push is to be stopped.
pub fn run(session: &Session<'_>, args: &PrePush) -> Result<(), Stop> {
    let mut updates = Vec::new();
    let heard = session
        .ui
        .hears(&mut |line| updates.extend(Update::read(line)));
    // git says nothing where there is nothing to push.
    if !heard {
        return Ok(());
    }
    match judge(session, args, &updates) {
        Ok(Verdict::Go) => {}
        Ok(Verdict::GoUnknown(what)) => session.ui.warn(format!("{what}; the push goes on")),
        Ok(Verdict::Stop(stop)) => return Err(stop),
        Err(stop) => pass(session.ui, &stop),
    }
    Ok(())
}

/// Says that a push goes on because nobody could look at it.
pub fn pass(ui: &Ui, stop: &Stop) {
    let hint = stop.report().and_then(|report| report.hint.as_ref());
    let hint = hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
    ui.warn(format!(
        "{stop}, so nobody looked whether this push may go; it goes on{hint}"
    ));
}

/// One ref that the push would set.
struct Update {
    reference: String,
    /// What it would be set to; `None`: it would be deleted.
    to: Option<CommitId>,
}

impl Update {
    /// Reads git's line: local ref, local object, remote ref, remote object.
    fn read(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace().skip(1);
        let (to, reference) = (CommitId::parse(words.next()?), words.next()?.to_owned());
        Some(Self {
            reference,
            to: to.filter(|id| id.as_str().bytes().any(|digit| digit != b'0')),
        })
    }
}

/// Goes by the file; where that is missing, cannot be used or is not what was agreed to in this clone, by what was: an old
/// branch, or a conflict in the file, is when people push past the tool.
fn judge(session: &Session<'_>, args: &PrePush, updates: &[Update]) -> Result<Verdict, Stop> {
    let file = session.config();
    let why = match &file {
        Ok(config) => match trust::look(&session.repo, config)? {
            Trust::Same | Trust::New => return judge_by(session, config, args, updates, false),
            Trust::Changed(_) => "smp.toml changed since it was agreed to in this clone".to_owned(),
        },
        Err(stop) => stop.to_string(),
    };
    let by_agreement = match trust::agreed(&session.repo)? {
        Some(agreed) => Some(judge_by(session, &agreed, args, updates, true)?),
        None => None,
    };
    match (by_agreement, file) {
        (Some(Verdict::Stop(stop)), _) => Ok(Verdict::Stop(by_what_was_agreed(stop, &why))),
        // It may name more places than those that were agreed to.
        (_, Ok(config)) => judge_by(session, &config, args, updates, false),
        (Some(verdict), Err(_)) => Ok(verdict),
        (None, Err(stop)) => Err(stop),
    }
}

/// Says why the file is not what this went by, and that its commands want one that can be used.
fn by_what_was_agreed(stop: Stop, why: &str) -> Stop {
    let told = |report: Report| {
        let hint = report
            .hint
            .clone()
            .map(|hint| format!("where smp.toml can be used: {hint}").into());
        let report = report.because(format!("{why}, so this goes by what was agreed to here"));
        Report { hint, ..report }
    };
    match stop {
        Stop::Failed(report) => Stop::Failed(told(report)),
        Stop::Refused(Refusal { code, report }) => told(report).refused(code).into(),
        other => other,
    }
}

fn judge_by(
    session: &Session<'_>,
    config: &Config,
    args: &PrePush,
    updates: &[Update],
    is_agreed: bool,
) -> Result<Verdict, Stop> {
    if let Some(stop) = of_the_record(session, config, args, updates)? {
        return Ok(Verdict::Stop(stop));
    }
    let mut meant = Vec::new();
    for environment in &config.environments {
        if is_meant(&session.repo, environment, args)? {
            meant.push(environment);
        }
    }
    // No trust is needed to stop a push, and no network: a file that lies stops one that can be made all the same.
    if let Some(production) = meant
        .iter()
        .find(|environment| environment.promotes.is_some())
    {
        return Ok(Verdict::Stop(not_by_hand(config, production)));
    }
    let Some(environment) = meant.first() else {
        return Ok(Verdict::Go);
    };
    if config.record.is_some() {
        if is_agreed {
            trust::require_main(&session.repo, config)?
        } else {
            trust::require(&session.repo, config, &[])?
        }
    }
    look_for_a_freeze(session, config, environment)
}

/// The record is written by `git smp` alone. `git push --mirror` would delete it, from any clone; and with it go the freeze
/// and every verdict. What this clone saw of it may be put back.
fn of_the_record(
    session: &Session<'_>,
    config: &Config,
    args: &PrePush,
    updates: &[Update],
) -> Result<Option<Stop>, Stop> {
    let (Some(record), main) = (&config.record, &config.repository) else {
        return Ok(None);
    };
    let (remote, url) = (args.remote.to_string_lossy(), args.url.to_string_lossy());
    let is_main = remote == main.remote || address::same_place(&url, &main.url);
    // git does not tell what `--mirror` deletes; but nothing else takes along what this clone saw of the record.
    let is_mirror = |update: &Update| update.reference == objects::SEEN;
    let is_meant =
        |update: &&Update| is_main && (update.reference == record.reference || is_mirror(update));
    let Some(update) = updates.iter().find(is_meant) else {
        return Ok(None);
    };
    if !is_mirror(update) && update.to.is_some() && update.to == objects::seen_id(&session.repo)? {
        return Ok(None);
    }
    let what = if update.to.is_none() || is_mirror(update) {
        "deletes"
    } else {
        "writes over"
    };
    let report = Report::new(format!(
        "this push {what} the record of the team, so it is stopped"
    ))
    .because(format!(
        "{} holds the freeze, every verdict and every deploy",
        record.reference
    ))
    .because(PAST);
    Ok(Some(Stop::Failed(report.hint(
        "push what you mean by its name: git push REMOTE BRANCH",
    ))))
}

/// Whether a push goes to this environment: by the name of its remote, by its address, or by what the user's `insteadOf`
/// makes of that. Other spellings of an address count as well, for a guard had better stop one too many.
fn is_meant(repo: &Repo, environment: &Environment, args: &PrePush) -> Result<bool, Stop> {
    let (remote, url) = (args.remote.to_string_lossy(), args.url.to_string_lossy());
    let is =
        |address: &str| address::same_place(&remote, address) || address::same_place(&url, address);
    if remote == environment.remote || is(&environment.url) {
        return Ok(true);
    }
    // The address of a remote that is not the environment's says nothing of the environment.
    let state = trust::remote_state(
        repo,
        &environment.remote,
        &environment.url,
        trust::Rule::Deploy,
    )?;
    if state != trust::RemoteState::Same {
        return Ok(false);
    }
    // Where a push to the remote goes to several places, none of them is the environment.
    Ok(trust::push_address(repo, environment)
        .is_ok_and(|address| address::display_url(&url) == address || is(&address)))
}

fn not_by_hand(config: &Config, production: &Environment) -> Stop {
    let name = &production.name;
    let source = production.promotes.as_deref().unwrap_or_default();
    let report = Report::new(format!("a plain push to {name} is stopped"))
        .because(format!(
            "{name} is given what {source} runs, and that is looked at before and after"
        ))
        .because(PAST);
    Stop::Failed(report.hint(match config.targets().len() {
        1 => "git smp promote".to_owned(),
        _ => format!("git smp promote {name}"),
    }))
}

/// What is known of the record, and what makes that doubtful.
struct Known {
    state: State,
    doubt: Option<String>,
}

fn look_for_a_freeze(
    session: &Session<'_>,
    config: &Config,
    environment: &Environment,
) -> Result<Verdict, Stop> {
    // The push itself may be asking for a password on the same terminal, so this asks for none.
    let Some(recorder) = Recorder::of(&session.repo, config, false) else {
        return Ok(Verdict::Go);
    };
    let name = &environment.name;
    let known = match session
        .ui
        .during("asking whether this is frozen", || recorder.read())?
    {
        Ok(reading) => Known {
            state: reading.state,
            doubt: reading.copy.map(|copied| aged(&copied)),
        },
        Err(refusal) => match last_seen(&session.repo)? {
            Some(state) => Known {
                state,
                doubt: Some(format!(
                    "{}; this clone read it before that",
                    said(&refusal)
                )),
            },
            None => {
                return Ok(Verdict::GoUnknown(format!(
                    "{}: nobody knows whether {name} is frozen",
                    said(&refusal)
                )));
            }
        },
    };
    Ok(match (known.state.frozen(name), known.doubt) {
        (Some(candidate), doubt) => Verdict::Stop(frozen(session, name, candidate, doubt)),
        (None, Some(doubt)) => {
            Verdict::GoUnknown(format!("{doubt}, and {name} was not frozen then"))
        }
        (None, None) => Verdict::Go,
    })
}

/// What this clone saw of a record that cannot be read any more.
fn last_seen(repo: &Repo) -> Result<Option<State>, Stop> {
    Ok(objects::seen(repo)?.and_then(|(_, text)| record::read_state(&text).ok()))
}

fn said(refusal: &Refusal) -> &str {
    &refusal.report.error
}

fn aged(copied: &Copied) -> String {
    let age = copied
        .age
        .map(|age| ago(i64::try_from(age.as_secs()).unwrap_or(i64::MAX), 0));
    let heard = match age {
        Some(age) => format!("this clone heard of the record last {age}"),
        None => "nobody knows when this clone heard of the record last".to_owned(),
    };
    format!("{}; {heard}", said(&copied.why))
}

fn frozen(session: &Session<'_>, name: &str, candidate: &Candidate, doubt: Option<String>) -> Stop {
    let (who, commit) = (&candidate.by.name, candidate.commit.short());
    let since = session.when().moment(candidate.at);
    let report = Report::new(format!(
        "{name} is frozen: {who} put {commit} forward {since}"
    ))
    .because("what is tested there should stay what it is until it is promoted or postponed");
    let report = doubt
        .into_iter()
        .fold(report, Report::because)
        .because(PAST);
    let hint = "see where it stands: git smp status; a fix of it goes there by: git smp stage --fix; or, to give it up: git smp postpone";
    report.hint(hint).refused(RefusalCode::Frozen).into()
}
