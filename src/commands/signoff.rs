//! `git smp signoff`: record QA's verdict on the candidate.

use crate::cli::Signoff;
use crate::core::config::Config;
use crate::core::decide::named::{beginning, check_hash, check_name, check_text};
use crate::core::record::{Candidate, Judged, News, State, Verdict, What};
use crate::core::refusal::{Refusal, RefusalCode, Stop};
use crate::core::typed::{Hint, Typed};
use crate::core::words::{CommitId, short};
use crate::deploy::{flow, observed};
use crate::git::record::identity;
use crate::session::Session;
use crate::session::trust;
use crate::sources::{Also, Look};
use crate::team::channel::{self, TECHNICAL};
use crate::team::delivery::Delivery;
use crate::team::posting::{self, Pending};
use crate::team::recorder::{Recorder, new_id};

/// Runs it. A verdict is a person's word, so nothing is asked back; it is bound to the very commit.
pub fn run(session: &Session<'_>, args: &Signoff) -> Result<(), Stop> {
    check_text("signoff", "--block", args.block.as_deref())?;
    check_text("signoff", "--note", args.note.as_deref())?;
    check_name(args.by.as_deref())?;
    let (named, config) = (args.commit.as_deref(), session.config()?);
    check_hash("--commit", named, 4, "status --json")?;
    let may_ask = session.ui.is_interactive();
    let recorder = Recorder::of(&session.repo, &config, may_ask);
    let recorder = flow::recorder_of(recorder, "signoff")?;
    trust::require(&session.repo, &config, &[beginning(&config)?])?;
    let by = match &args.by {
        Some(name) => name.trim().to_owned(),
        None => identity(&session.repo)?.0,
    };
    let reading = session
        .ui
        .during("reading the record", || recorder.read_now())??;
    let candidate = candidate(&reading.state)?;
    check_commit(named, candidate)?;
    let note = args.block.as_ref().or(args.note.as_ref());
    let judgement = Judgement {
        session,
        config: &config,
        by,
        verdict: match args.block {
            Some(_) => Verdict::Block,
            None => Verdict::Pass,
        },
        note: note.map(|text| text.trim().to_owned()),
    };
    if judgement.verdict == Verdict::Pass {
        let look = Look::of(session, &config);
        is_tested(session, &look, candidate, &reading.state)?;
    }
    let (state, pending, known) = judgement.record(&recorder, &candidate.commit)?;
    judgement.tell(&state, pending, known)
}

/// What somebody says of the candidate.
struct Judgement<'a> {
    session: &'a Session<'a>,
    config: &'a Config,
    by: String,
    verdict: Verdict,
    note: Option<String>,
}

impl Judgement<'_> {
    /// Puts it on record, unless it is there already.
    fn record(
        &self,
        recorder: &Recorder<'_>,
        commit: &CommitId,
    ) -> Result<(State, Pending, bool), Stop> {
        let (by, verdict, note) = (&self.by, self.verdict, &self.note);
        let channels = match verdict {
            Verdict::Block => channel::to_tell(self.config, TECHNICAL),
            Verdict::Pass => Vec::new(),
        };
        let (mut known, id) = (false, new_id());
        let of = (self.session, self.config);
        let (state, pending) = self.session.ui.during("writing the record", || {
            posting::append(of, recorder, &mut |state, nth| {
                if nth > 0 {
                    return Ok(None);
                }
                let now = candidate(state)?;
                if now.commit != *commit {
                    return Err(moved(commit, now));
                }
                let last = now.verdicts.iter().find(|one| one.by == *by);
                known = last.is_some_and(|last| last.verdict == verdict && last.note == *note);
                let judged = What::Judged(Judged {
                    commit: commit.clone(),
                    of: by.clone(),
                    verdict,
                    note: note.clone(),
                    channels: channels.clone(),
                });
                Ok((!known).then(|| (id.clone(), judged)))
            })
        })?;
        Ok((state, pending, known))
    }

    fn tell(&self, state: &State, pending: Pending, known: bool) -> Result<(), Stop> {
        let (session, config, by) = (self.session, self.config, &self.by);
        let (ui, candidate) = (session.ui, state.candidate.as_ref());
        let again = Typed::smp("signoff").option("--by", by);
        let (did, again) = match (self.verdict, &self.note) {
            (Verdict::Block, Some(reason)) => ("blocked", again.option("--block", reason)),
            _ => ("signed off", again),
        };
        let already = if known { " already" } else { "" };
        let commit = short(candidate.map(|candidate| &candidate.commit));
        ui.note(format!("{by} has{already} {did} {commit}, the candidate"));
        // One yes does not take back another's no.
        let verdicts = candidate.iter().flat_map(|one| &one.verdicts);
        for other in verdicts.filter(|one| one.verdict == Verdict::Block && one.by != *by) {
            let other = &other.by;
            ui.note(format!("{other} has blocked it, and that still stands"));
        }
        let posts = Delivery::of(session, config, did, again);
        let is_printed = self.verdict == Verdict::Block
            && channel::configured(config, TECHNICAL).is_none()
            && !known;
        let told = match candidate.filter(|_| is_printed) {
            Some(candidate) => {
                let (by, reason) = (by.clone(), self.note.clone());
                let news = News::Blocked { by, reason };
                posts.print(&channel::of_candidate(candidate, news))
            }
            None => posts.deliver(
                pending,
                |owed| matches!(&owed.news, News::Blocked { by: who, .. } if who == by),
            ),
        };
        flow::say_next(session, config, state, "next");
        told
    }
}

fn candidate(state: &State) -> Result<&Candidate, Stop> {
    state.candidate.as_ref().ok_or_else(|| {
        let error = "there is no candidate that could be signed off";
        Refusal::new(RefusalCode::NotProposed, error)
            .because("a verdict is on exactly one commit, the one that was put forward")
            .run("put it forward", Typed::smp("propose"))
            .into()
    })
}

fn check_commit(named: Option<&str>, candidate: &Candidate) -> Result<(), Stop> {
    let commit = &candidate.commit;
    match named {
        Some(hash) if !commit.as_str().starts_with(&hash.to_ascii_lowercase()) => {
            let error = format!("the candidate is {}, not {hash}", commit.short());
            Err(Refusal::new(RefusalCode::CandidateMoved, error)
                .because("--commit names the only commit that the verdict is on")
                .run("look at what is put forward now", Typed::smp("status"))
                .into())
        }
        _ => Ok(()),
    }
}

fn moved(before: &CommitId, now: &Candidate) -> Stop {
    let (was, is) = (before.short(), now.commit.short());
    let error = "the candidate changed meanwhile; nothing was recorded";
    Refusal::new(RefusalCode::CandidateMoved, error)
        .because(format!("it was {was} and is {is}"))
        .run("look at what is put forward now", Typed::smp("status"))
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
    let (name, tested) = (&environment.name, candidate.commit.short());
    match &seen.running {
        Ok(Some(runs)) if *runs == candidate.commit => {
            observed::record(session, look, Some(state), [seen].into_iter(), false);
            Ok(())
        }
        Err(refusal) => {
            let why = &refusal.report.error;
            session
                .ui
                .warn(format!("whether {name} runs {tested} is unknown: {why}"));
            Ok(())
        }
        Ok(other) => {
            let runs = short(other.as_ref());
            let error = format!("{name} does not run the candidate {tested}");
            let back = Typed::smp("stage").arg(tested);
            Err(Refusal::new(RefusalCode::CandidateMoved, error)
                .because(format!("it runs {runs}, so that may be what was tested"))
                .hint(Hint::run("put the candidate back", back).and("then test it"))
                .into())
        }
    }
}
