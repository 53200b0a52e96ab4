//! `git smp signoff`: records QA's verdict on the candidate.

use clap::Args;

use crate::core::arguments::{check_hash, check_name, check_text};
use crate::core::config::Config;
use crate::core::decide::named::beginning;
use crate::core::decide::next;
use crate::core::record::{Candidate, Judged, News, RecordView, State, Verdict, What, counted};
use crate::core::refusal::{Refusal, RefusalCode, Stop};
use crate::core::typed::{Hint, Typed};
use crate::core::words::{EventId, SMP_TOML, short};
use crate::deploy::observed;
use crate::git::record::identity;
use crate::session::{Session, trust};
use crate::sources::{Also, Look};
use crate::team::agreed;
use crate::team::channel::{self, TECHNICAL};
use crate::team::delivery::Delivery;
use crate::team::hearing;
use crate::team::posting::{self, Pending};
use crate::team::recorder::Recorder;

#[derive(Debug, Args)]
#[command(after_help = "Example: git smp signoff --note 'Tested on two phones'")]
pub struct Signoff {
    /// The person whose verdict it is; default: git's user.name
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Block the candidate, for this reason
    #[arg(long, value_name = "REASON", conflicts_with = "note")]
    #[arg(allow_hyphen_values = true)]
    pub block: Option<String>,
    /// Add a remark to the sign-off
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub note: Option<String>,
    /// Refuse unless this is the candidate (full or abbreviated hash)
    #[arg(long, value_name = "HASH")]
    pub commit: Option<String>,
}

/// Records the verdict for exactly this commit. Asks nothing: the command itself is the person's word.
pub fn run(session: &Session<'_>, args: &Signoff) -> Result<(), Stop> {
    check_text("--block", args.block.as_deref())?;
    check_text("--note", args.note.as_deref())?;
    check_name(args.by.as_deref())?;
    let listed = Typed::smp("status --json");
    check_hash("--commit", args.commit.as_deref(), 4, listed)?;
    let (config, ui) = (session.config()?, session.ui);
    let recorder = Recorder::required(session, &config, "signoff")?;
    trust::require(&session.repo, &config, &[beginning(&config)?])?;
    let by = match &args.by {
        Some(name) => name.trim().to_owned(),
        None => identity(&session.repo)?.0,
    };
    let before = ui.during("reading the record", || recorder.read_now())?;
    agreed::by_all(&session.repo, &config)?;
    let mut before = RecordView::from(before);
    hearing::hear(session, &config, &mut before, false);
    let ignored = before.reading().map_or_else(Vec::new, counted::told);
    let before = before.known()?.cloned().unwrap_or_default();
    let candidate = candidate(&before)
        .map_err(|refusal| ignored.into_iter().fold(refusal, Refusal::because))?;
    check_commit(args.commit.as_deref(), candidate)?;
    if args.block.is_none() {
        counts(candidate)?;
    }
    if args.block.is_none() {
        is_tested(session, &Look::of(session, &config), candidate, &before)?;
    }
    let judged = judged(args, &config, candidate, by);
    // The key matters only if the same name has given a verdict before.
    let repeats = candidate.verdicts.iter().any(|one| one.by == judged.of);
    let me = match repeats {
        true => recorder.try_key()?,
        false => None,
    };
    let key = me.and_then(|me| me.principal);
    let (of, said) = ((session, &config), (&judged, &candidate.id, key.as_deref()));
    let (state, pending, known) =
        ui.during("writing the record", || record(of, &recorder, said))?;
    tell(of, (&state, pending), judged, known)?;
    hearing::tell_blocks(session, &config, &before, Typed::smp("propose"))
}

/// Refuses a yes that cannot count: with four eyes, only a comment shows whose it is.
fn counts(candidate: &Candidate) -> Result<(), Refusal> {
    if candidate.counts_typed() {
        return Ok(());
    }
    let error = "a typed sign-off does not count here, because it does not show who says yes";
    let why = format!(
        "policy.four_eyes in {SMP_TOML} requires a yes from somebody other than the proposer"
    );
    let refusal = Refusal::new(RefusalCode::SamePerson, error).because(why);
    Err(refusal.hint(next::by_others(candidate)))
}

fn judged(args: &Signoff, config: &Config, candidate: &Candidate, of: String) -> Judged {
    let note = args.block.as_ref().or(args.note.as_ref());
    let (verdict, channels) = match args.block {
        Some(_) => (Verdict::Block, channel::to_tell(config, TECHNICAL)),
        None => (Verdict::Pass, Vec::new()),
    };
    Judged {
        commit: candidate.commit.clone(),
        of,
        verdict,
        note: note.map(|text| text.trim().to_owned()),
        channels,
        comment: None,
    }
}

/// Records the verdict, unless it is on record already. The last value says whether it was.
fn record(
    of: (&Session<'_>, &Config),
    recorder: &Recorder<'_>,
    (judged, id, key): (&Judged, &EventId, Option<&str>),
) -> Result<(State, Pending, bool), Stop> {
    let mut known = false;
    let (state, pending) = posting::append_one(of, (recorder, true), &mut |state| {
        let now = candidate(state)?;
        if now.commit != judged.commit || now.id != *id {
            let (was, is) = (judged.commit.short(), now.commit.short());
            let error = "the candidate changed meanwhile; nothing was recorded";
            return Err(moved(
                error.to_owned(),
                match was == is {
                    true => format!("{} proposed it again", now.by.name),
                    false => format!("it was {was} and is {is}"),
                },
            ));
        }
        known = now
            .verdicts
            .iter()
            .any(|one| one.is_repeated_by(judged, key));
        Ok((!known).then(|| What::Judged(judged.clone())))
    })?;
    Ok((state, pending, known))
}

fn tell(
    (session, config): (&Session<'_>, &Config),
    (state, pending): (&State, Pending),
    judged: Judged,
    known: bool,
) -> Result<(), Stop> {
    let (ui, by, candidate) = (session.ui, judged.of, state.candidate.as_ref());
    let again = Typed::smp("signoff").option("--by", &by);
    let (did, again) = match (judged.verdict, &judged.note) {
        (Verdict::Block, Some(reason)) => ("blocked", again.option("--block", reason)),
        _ => ("signed off", again),
    };
    let already = if known { " already" } else { "" };
    let commit = short(candidate.map(|candidate| &candidate.commit));
    let goals = candidate.filter(|_| config.targets().len() > 1);
    let goals = goals.map_or_else(String::new, Candidate::destination);
    ui.note(format!(
        "{by} has{already} {did} {commit}, the candidate{goals}"
    ));
    // A yes does not lift somebody else's block.
    let verdicts = candidate.iter().flat_map(|one| &one.verdicts);
    let verdicts = verdicts.filter(|one| one.verdict == Verdict::Block);
    for other in verdicts.filter(|one| one.by != by || judged.verdict == Verdict::Pass) {
        let (other, place) = (&other.by, other.in_comment());
        ui.note(format!(
            "{other} has blocked it{place}, and the block still stands"
        ));
    }
    let is_news = judged.verdict == Verdict::Block && !known;
    let post = candidate.filter(|_| is_news).map(|candidate| {
        let (by, reason) = (by.clone(), judged.note);
        channel::of_candidate(candidate, News::Blocked { by, reason })
    });
    let told = Delivery::of(session, config, did, again).tell(
        post,
        pending,
        |owed| matches!(&owed.news, News::Blocked { by: who, .. } if *who == by),
    );
    session.say_next(config, state, "next");
    told
}

fn candidate(state: &State) -> Result<&Candidate, Refusal> {
    state.candidate.as_ref().ok_or_else(|| {
        let error = "there is no candidate to sign off";
        Refusal::new(RefusalCode::NotProposed, error)
            .because("a verdict applies to exactly one commit, the proposed one")
            .run("propose it", Typed::smp("propose"))
    })
}

fn check_commit(named: Option<&str>, candidate: &Candidate) -> Result<(), Stop> {
    let commit = &candidate.commit;
    match named {
        Some(hash) if !commit.as_str().starts_with(&hash.to_ascii_lowercase()) => Err(moved(
            format!("the candidate is {}, not {hash}", commit.short()),
            "--commit names the only commit that the verdict may apply to".to_owned(),
        )),
        _ => Ok(()),
    }
}

fn moved(error: String, why: String) -> Stop {
    Refusal::new(RefusalCode::CandidateMoved, error)
        .because(why)
        .run("see the current candidate", Typed::smp("status"))
        .into()
}

/// Refuses a yes if the tested environment runs another commit now, which may be what was tested.
fn is_tested(
    session: &Session<'_>,
    look: &Look<'_>,
    candidate: &Candidate,
    state: &State,
) -> Result<(), Stop> {
    let environment = look.config.environment(&candidate.environment)?;
    let seen = session.ui.during("asking the tested environment", || {
        look.environments(&[environment], Also::Nothing)
    })?;
    let Some(seen) = seen.first() else {
        return Ok(());
    };
    let (name, tested) = (&environment.name, candidate.commit.short());
    match &seen.running {
        Ok(Some(runs)) if *runs == candidate.commit => {
            observed::record(session, look, Some(state), [seen].into_iter(), false);
        }
        Err(refusal) => session.ui.warn(format!(
            "it is unknown whether {name} runs {tested}: {}",
            refusal.report.error
        )),
        Ok(other) => {
            let runs = short(other.as_ref());
            let error = format!("{name} does not run the candidate {tested}");
            let hint = match environment.by_merge {
                true => next::propose_again(),
                false => Hint::run(
                    "deploy the candidate again",
                    Typed::smp("stage").arg(tested),
                )
                .and("then test it"),
            };
            return Err(Refusal::new(RefusalCode::CandidateMoved, error)
                .because(format!(
                    "{name} runs {runs}; perhaps that commit was tested"
                ))
                .hint(hint)
                .into());
        }
    }
    Ok(())
}
