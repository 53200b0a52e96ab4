//! `git smp signoff`: record QA's verdict on the candidate.

use crate::cli::Signoff;
use crate::core::config::Config;
use crate::core::decide::named::beginning;
use crate::core::decide::named::check_hash;
use crate::core::decide::named::check_text;
use crate::core::record::{Candidate, Goal, News, Owed, Standing, State, Verdict, What};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::text::{acts, shell_word};
use crate::core::words::CommitId;
use crate::deploy::flow;
use crate::deploy::observed;
use crate::git::record::identity;
use crate::session::Session;
use crate::session::trust;
use crate::sources::{Also, Look};
use crate::team::posts::{self, Posts, TECHNICAL};
use crate::team::recorder::{Recorder, new_id};

/// The most characters of a name.
const LONGEST_NAME: usize = 100;

/// Runs it. A verdict is a person's word, so nothing is asked back; it is bound to the very commit.
///
/// # Errors
/// When there is no candidate, or another than was meant, or the record cannot be written.
pub fn run(session: &Session<'_>, args: &Signoff) -> Result<(), Stop> {
    check_text("signoff", "--block", args.block.as_deref())?;
    check_text("signoff", "--note", args.note.as_deref())?;
    check_name(args.by.as_deref())?;
    check_hash("--commit", args.commit.as_deref(), 4, "status --json")?;
    let config = session.config()?;
    let may_ask = session.ui.is_interactive();
    let recorder = flow::recorder_of(
        Recorder::of(&session.repo, &config, may_ask),
        "git smp signoff",
    )?;
    trust::require(&session.repo, &config, &[beginning(&config)?])?;
    let by = match &args.by {
        Some(name) => name.trim().to_owned(),
        None => identity(&session.repo)?.0,
    };
    let look = Look {
        repo: &session.repo,
        config: &config,
        may_ask,
    };
    let reading = session
        .ui
        .during("reading the record", || recorder.read_now())??;
    let candidate = candidate(&reading.state)?;
    check_commit(args.commit.as_deref(), candidate)?;
    let verdict = if args.block.is_some() {
        Verdict::Block
    } else {
        Verdict::Pass
    };
    if verdict == Verdict::Pass {
        is_tested(session, &look, candidate, &reading.state)?;
    }
    let note = args
        .block
        .as_ref()
        .or(args.note.as_ref())
        .map(|text| text.trim().to_owned());
    let commit = candidate.commit.clone();
    let mut known = false;
    let state = session.ui.during("writing the record", || {
        recorder.append(&new_id(), &mut |state| {
            let now = self::candidate(state)?;
            if now.commit != commit {
                return Err(moved(&commit, now));
            }
            let last = now.verdicts.iter().find(|one| one.by == by);
            known = last.is_some_and(|last| last.verdict == verdict && last.note == note);
            let blocked = verdict == Verdict::Block;
            let channels = if blocked {
                posts::owing(&config, TECHNICAL)
            } else {
                Vec::new()
            };
            let (commit, of, note) = (commit.clone(), by.clone(), note.clone());
            Ok((!known).then_some(What::Judged {
                commit,
                of,
                verdict,
                note,
                channels,
            }))
        })
    })?;
    let did = if verdict == Verdict::Pass {
        "signed off"
    } else {
        "blocked"
    };
    let already = if known { " already" } else { "" };
    session.ui.note(format!(
        "{by} has{already} {did} {}, the candidate",
        commit.short()
    ));
    let again = again(args, &by);
    other_blocks(session, &state, &by);
    let posts = Posts::of(session, &config, did, &again);
    let told = |owed: &Owed| matches!(&owed.news, News::Blocked { by: who, .. } if *who == by);
    let paid = match &state.candidate {
        Some(candidate)
            if verdict == Verdict::Block
                && posts::configured(&config, TECHNICAL).is_none()
                && !known =>
        {
            posts.say(&posts::of_candidate(
                candidate,
                News::Blocked {
                    by: by.clone(),
                    reason: note.clone(),
                },
            ))
        }
        _ => posts.pay(&state.owed, told),
    };
    session
        .ui
        .advise(format!("next: {}", next(&config, &state)));
    paid
}

/// Says who else has blocked it: one yes does not take back another's no.
fn other_blocks(session: &Session<'_>, state: &State, by: &str) {
    let blocks = (state.candidate.iter())
        .flat_map(|candidate| candidate.who_said(Verdict::Block))
        .filter(|one| one.by != by);
    for one in blocks {
        session
            .ui
            .note(format!("{} has blocked it, and that still stands", one.by));
    }
}

fn check_name(name: Option<&str>) -> Result<(), Stop> {
    let wrong = |name: &str| {
        name.trim().is_empty()
            || name.chars().count() > LONGEST_NAME
            || name.chars().any(|c| acts(c) || c == '\t')
    };
    if name.is_some_and(wrong) {
        let report = Report::new(
            "--by takes a name of one line, without control characters, of at most 100 characters",
        );
        return Err(Stop::Misused(report.hint("git smp signoff --by NAME")));
    }
    Ok(())
}

fn candidate(state: &State) -> Result<&Candidate, Stop> {
    state.candidate.as_ref().ok_or_else(|| {
        Refusal::new(
            RefusalCode::NotProposed,
            "there is no candidate that could be signed off",
        )
        .because("a verdict is on exactly one commit, the one that was put forward")
        .hint("put it forward: git smp propose")
        .into()
    })
}

fn check_commit(named: Option<&str>, candidate: &Candidate) -> Result<(), Stop> {
    let Some(hash) = named else { return Ok(()) };
    if candidate
        .commit
        .as_str()
        .starts_with(&hash.to_ascii_lowercase())
    {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::CandidateMoved,
        format!("the candidate is {}, not {hash}", candidate.commit.short()),
    )
    .because("--commit names the only commit that the verdict is on")
    .hint("look at what is put forward now: git smp status")
    .into())
}

fn moved(before: &CommitId, now: &Candidate) -> Stop {
    Refusal::new(
        RefusalCode::CandidateMoved,
        "the candidate changed meanwhile; nothing was recorded",
    )
    .because(format!(
        "it was {} and is {}",
        before.short(),
        now.commit.short()
    ))
    .hint("look at what is put forward now: git smp status")
    .into()
}

/// A yes is to what was tested: where something else runs by now, it would be to something nobody looked at.
fn is_tested(
    session: &Session<'_>,
    look: &Look<'_>,
    candidate: &Candidate,
    state: &State,
) -> Result<(), Stop> {
    let environment = look.config.environment(&candidate.environment)?;
    let seen = session.ui.during("asking where it is tested", || {
        look.environments(&[environment], Also::Nothing)
    })?;
    let Some(seen) = seen.first() else {
        return Ok(());
    };
    let (name, short) = (&environment.name, candidate.commit.short());
    match &seen.running {
        Ok(Some(runs)) if *runs == candidate.commit => {
            observed::record(session, look, Some(state), &[seen], false);
            Ok(())
        }
        Err(refusal) => {
            session.ui.warn(format!(
                "whether {name} runs {short} is unknown: {}",
                refusal.report.error
            ));
            Ok(())
        }
        Ok(other) => {
            let runs = other.as_ref().map_or("nothing", CommitId::short);
            Err(Refusal::new(
                RefusalCode::CandidateMoved,
                format!("{name} does not run the candidate {short}"),
            )
            .because(format!("it runs {runs}, so that may be what was tested"))
            .hint(format!(
                "put the candidate back: git smp stage {short}; then test it"
            ))
            .into())
        }
    }
}

/// The command that does the same again.
fn again(args: &Signoff, by: &str) -> String {
    let block = args
        .block
        .as_ref()
        .map(|reason| format!(" --block {}", shell_word(reason.trim())))
        .unwrap_or_default();
    format!("git smp signoff --by {}{block}", shell_word(by))
}

fn next(config: &Config, state: &State) -> String {
    let status = "git smp status".to_owned();
    let Some(candidate) = state
        .candidate
        .as_ref()
        .filter(|_| state.deploying.is_none())
    else {
        return status;
    };
    let is_left = |goal: &&Goal| !goal.reached && config.environment(&goal.environment).is_ok();
    let mut left = candidate.targets.iter().filter(is_left);
    match (candidate.standing(), left.next(), candidate.targets.len()) {
        (Standing::Blocked, ..) => {
            "git smp stage --fix\nor give it up: git smp postpone".to_owned()
        }
        (Standing::SignedOff, Some(_), 1) => "git smp promote".to_owned(),
        (Standing::SignedOff, Some(goal), _) => {
            format!("git smp promote {}", shell_word(&goal.environment))
        }
        (Standing::Waiting, ..) | (Standing::SignedOff, None, _) => status,
    }
}
