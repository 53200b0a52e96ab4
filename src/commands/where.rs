//! `git smp where`: in which environments a commit or a pull request runs, and since when.

use std::cell::RefCell;
use std::collections::HashMap;

use clap::Args;

use crate::core::config::{Config, Environment};
use crate::core::record::arrivals::{add, arrivals, carrier, since};
use crate::core::record::{Reading, RecordView};
use crate::core::refusal::{Report, Stop};
use crate::core::show::r#where::{Stand, heading, places};
use crate::core::show::{self, json};
use crate::core::typed::{Hint, Typed};
use crate::core::words::{Arrival, Branch, CommitId, is_hash};
use crate::forge::pull_request;
use crate::git::fetch;
use crate::look::{self, Main};
use crate::notes::Arrived;
use crate::session::{Session, trust};
use crate::sources::{Also, Look};
use crate::team::recorder::Recorder;

mod remembered;

#[derive(Debug, Args)]
#[command(after_help = "Example: git smp where '#42'")]
pub struct Where {
    /// The commit, or '#N' (in quotes) for the merge of pull request N
    pub rev: String,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Exit 1 when the commit does not run in the last environment, such as production
    #[arg(long)]
    pub exit_code: bool,
    /// Use no network: answer from what this clone knows
    #[arg(long)]
    pub offline: bool,
}

/// What is known about the commit that an environment runs.
#[derive(Clone)]
enum Sighted {
    /// The commit that runs; `None` if nothing was ever deployed.
    Runs(Option<CommitId>),
    /// The commit of this clone's tracking branch. What was deployed since is unknown.
    Followed(CommitId),
    NotKnown(String),
}

struct Sight {
    /// `None` if no environment was asked, so that the record has to tell.
    environments: Option<Vec<Sighted>>,
    record: Option<Reading>,
}

/// Whether one commit contains another, for the pairs that were asked about.
type KnownRelations = RefCell<HashMap<(CommitId, CommitId), bool>>;

/// How many events are read first. If they do not tell since when, all are read.
const FIRST_EVENTS: u32 = 500;

pub fn run(session: &Session<'_>, args: &Where) -> Result<(), Stop> {
    let config = session.config()?;
    let main = &config.repository;
    let tracked = session.repo.tracked(&main.remote, &main.branch);
    // A clone that git alone did not fetch may have the branch from an earlier run.
    let main =
        tracked.or_else(|| fetch::main_before(&session.repo, &main.remote, &main.branch).pop());
    let commit = match named(session, &args.rev, main.as_ref()) {
        Err(_) if !args.offline && may_be_new(&args.rev) => new(session, &config, &args.rev)?,
        named => named?,
    };
    let sight = match args.offline {
        true => remembered::record(session, &config),
        false => looked(session, &config)?,
    };
    let told = session.repo.commits(std::slice::from_ref(&commit))?;
    let made = told.first().map_or(0, |one| one.committed);
    let all = stands(session, &config, &sight, (&commit, made))?;
    let number = pull_request::number(&args.rev);
    let number = number.or_else(|| told.first()?.pull_request());
    if args.json {
        (session.ui).data(json::located(&commit, number, &all).as_bytes())?;
    } else {
        let mut lines: Vec<_> = told.first().map(heading).into_iter().collect();
        lines.extend(places(&all, &session.when()));
        session.ui.answer(&lines)?;
    }
    let is_there = |one: &Environment| all.iter().any(|place| place.is(&one.name) == Some(true));
    match args.exit_code && !ends(&config).all(is_there) {
        true => Err(Stop::Answer),
        false => Ok(()),
    }
}

/// Returns the last environments of the chain: those that nothing is promoted from.
fn ends(config: &Config) -> impl Iterator<Item = &Environment> {
    let is_source = |one: &Environment| {
        let mut all = config.environments.iter();
        all.any(|other| other.promotes.as_ref() == Some(&one.name))
    };
    config
        .environments
        .iter()
        .filter(move |one| !is_source(one))
}

fn recorder<'a>(session: &'a Session<'_>, config: &'a Config) -> Option<Recorder<'a>> {
    Recorder::of(&session.repo, config, session.ui.is_interactive())
}

/// Asks every environment, the main branch and the record.
fn looked(session: &Session<'_>, config: &Config) -> Result<Sight, Stop> {
    let all: Vec<&Environment> = config.environments.iter().collect();
    trust::require_to_look(&session.repo, config, &all)?;
    let look = Look::of(session, config);
    let wanted = (Also::Nothing, Main::BranchOrCopy);
    let asking = "asking every environment";
    let found = (session.ui).during(asking, || look::see(session, &look, &all, wanted))?;
    look::remember(session, config, &found.environments, found.began);
    let record = found.record.reading().cloned();
    if let RecordView::Unreadable(refusal) = &found.record {
        let error = &refusal.report.error;
        (session.ui).warn(format!("{error}, so this does not say since when"));
        (refusal.report.hint.iter()).for_each(|hint| session.ui.advise(hint.clone()));
    }
    if let Some(copy) = record.as_ref().and_then(|reading| reading.copy.as_ref()) {
        session.ui.warn(show::stale(copy));
    }
    let seen = found.environments.into_iter();
    let seen = seen.map(|one| match one.running {
        Ok(runs) => Sighted::Runs(runs),
        Err(refusal) => Sighted::NotKnown(refusal.report.error),
    });
    Ok(Sight {
        environments: Some(seen.collect()),
        record,
    })
}

/// Returns for each environment whether it runs the commit. Reads no more of the record than needed.
fn stands(
    session: &Session<'_>,
    config: &Config,
    sight: &Sight,
    (commit, made): (&CommitId, i64),
) -> Result<Vec<Stand>, Stop> {
    let (known, mut latest) = (KnownRelations::default(), FIRST_EVENTS);
    loop {
        let told = told(session, config, sight.record.as_ref(), latest)?;
        // If the commit is older than all events read, earlier events may have deployed it.
        if !told.is_all && told.oldest.is_none_or(|oldest| oldest > made) {
            latest = u32::MAX;
            continue;
        }
        let environments = config.environments.iter();
        let arrived = environments.map(|place| {
            let all = told.all.iter().filter(|one| one.environment == place.name);
            all.cloned().collect()
        });
        let arrived: Vec<Vec<Arrival>> = arrived.collect();
        let mut carriers = Vec::new();
        for arrived in &arrived {
            let carrier = carrier(arrived, made, |to| contains(session, to, commit, &known))?;
            carriers.extend(carrier.cloned());
        }
        let (mut all, mut is_settled) = (Vec::new(), true);
        for (place, (environment, arrived)) in config.environments.iter().zip(&arrived).enumerate()
        {
            let (seen, age) = match &sight.environments {
                Some(all) => (all.get(place).cloned().unwrap_or_else(unasked), None),
                None => {
                    let record = (sight.record.as_ref(), arrived.last());
                    remembered::environment(session, environment, record)
                }
            };
            let mut stand = stand(session, (environment, &seen), (commit, &carriers), &known)?;
            stand.seen = age;
            let is_last = arrived.last().map(|one| &one.to) == stand.running.as_ref();
            if stand.runs == Some(true) && is_last {
                let wanted = stand.copy.as_ref().unwrap_or(commit);
                stand.since = since(arrived, made, |to| contains(session, to, wanted, &known))?;
            }
            // What the oldest deploy read so far brought may have run there before.
            let oldest = arrived.first().map(|one| one.at);
            is_settled &= oldest.is_some() && (stand.runs != Some(true) || stand.since > oldest);
            all.push(stand);
        }
        if is_settled || told.is_all {
            if told.unread > 0 {
                session.ui.warn(show::unreadable(told.unread));
            }
            return Ok(all);
        }
        latest = u32::MAX;
    }
}

fn unasked() -> Sighted {
    Sighted::NotKnown("git smp did not ask it".into())
}

/// The deploys that the record tells of.
struct ReadDeploys {
    all: Vec<Arrival>,
    /// The time of the oldest event that was read.
    oldest: Option<i64>,
    is_all: bool,
    /// The number of events that cannot be read.
    unread: usize,
}

/// Returns the deploys in the latest events. A whole record is read only once, unless it is signed.
fn told(
    session: &Session<'_>,
    config: &Config,
    record: Option<&Reading>,
    latest: u32,
) -> Result<ReadDeploys, Stop> {
    let tip = record.filter(|reading| reading.signed.is_none());
    let tip = tip.and_then(|reading| reading.tip.as_ref());
    if let Some(noted) = noted(session, config, record)? {
        return Ok(noted);
    }
    let (events, unread) = match (recorder(session, config), record) {
        (Some(recorder), Some(reading)) => recorder.latest_events(reading, latest)?,
        _ => (Vec::new(), 0),
    };
    let told = ReadDeploys {
        all: arrivals(&events),
        oldest: events.first().map(|oldest| oldest.at),
        is_all: events.len() + unread < latest as usize,
        unread,
    };
    if let Some(tip) = tip.filter(|_| latest == u32::MAX) {
        session.notes().keep_arrived(&Arrived {
            tip: tip.clone(),
            all: told.all.clone(),
            unread,
        });
    }
    Ok(told)
}

/// Returns the deploys that this clone kept, with those in later events.
fn noted(
    session: &Session<'_>,
    config: &Config,
    record: Option<&Reading>,
) -> Result<Option<ReadDeploys>, Stop> {
    let (Some(recorder), Some(reading)) = (recorder(session, config), record) else {
        return Ok(None);
    };
    let tip = reading.tip.clone().filter(|_| reading.signed.is_none());
    let Some((tip, mut kept)) = tip.zip(session.notes().arrived()) else {
        return Ok(None);
    };
    if kept.tip != tip {
        let Some((events, unread)) = recorder.events_since(reading, &kept.tip, FIRST_EVENTS)?
        else {
            return Ok(None);
        };
        add(&mut kept.all, &events);
        (kept.tip, kept.unread) = (tip, kept.unread + unread);
        session.notes().keep_arrived(&kept);
    }
    Ok(Some(ReadDeploys {
        all: kept.all,
        oldest: None,
        is_all: true,
        unread: kept.unread,
    }))
}

/// Returns whether a missing commit may be new on the main branch: a hash or a pull request.
fn may_be_new(rev: &str) -> bool {
    is_hash(rev, 7) || pull_request::number(rev).is_some()
}

/// Returns the commit that a person named, after a look at the main branch only.
fn new(session: &Session<'_>, config: &Config, rev: &str) -> Result<CommitId, Stop> {
    trust::require_to_look(&session.repo, config, &[])?;
    let look = Look::of(session, config);
    let wanted = (Also::Nothing, Main::Branch);
    let asking = "asking the main repository";
    let found = (session.ui).during(asking, || look::see(session, &look, &[], wanted))?;
    let main = found.main.transpose().map_err(|mut refusal| {
        let why = format!("{rev:?} is not in this clone, but may be on the main branch by now");
        refusal.report = refusal.report.because(why);
        refusal
    })?;
    named(session, rev, main.as_ref().and_then(Branch::commit))
}

fn named(session: &Session<'_>, rev: &str, main: Option<&CommitId>) -> Result<CommitId, Stop> {
    if let Some(number) = pull_request::number(rev) {
        let tip = main.ok_or_else(|| {
            let report = Report::new(
                "this clone does not know the main branch, so it finds no pull request",
            );
            let again = Typed::instead_of(rev, "'...'");
            Stop::Failed(report.hint(Hint::by_hash("git log --oneline --all", again)))
        })?;
        return pull_request::merged_long_ago(session, tip, number);
    }
    (session.repo.resolve(rev)).map_err(|stop| or_number(stop, rev))
}

/// Adds to an error about a number without `#`, or with `!` as in GitLab, what was probably meant.
fn or_number(stop: Stop, rev: &str) -> Stop {
    let digits = rev.trim_start_matches(['#', '!']);
    let number = format!("#{digits}");
    match stop {
        Stop::Misused(report) if pull_request::number(&number).is_some() => {
            let meant = Typed::smp("where").arg(&number);
            Stop::Misused(report.run("or, for a pull request", meant))
        }
        other => other,
    }
}

/// Returns whether an environment runs the commit, a descendant of it or a copy of it.
fn stand(
    session: &Session<'_>,
    (environment, seen): (&Environment, &Sighted),
    (commit, carriers): (&CommitId, &[CommitId]),
    known: &KnownRelations,
) -> Result<Stand, Stop> {
    let mut place = Stand::unknown(&environment.name);
    let runs = match seen {
        Sighted::NotKnown(why) => {
            place.why = Some(why.clone());
            return Ok(place);
        }
        Sighted::Runs(None) => {
            place.runs = Some(false);
            return Ok(place);
        }
        Sighted::Runs(Some(runs)) | Sighted::Followed(runs) => runs,
    };
    let repo = &session.repo;
    place.running = Some(runs.clone());
    if carriers
        .iter()
        .any(|one| contains(session, runs, one, known) == Ok(true))
    {
        let answered = (runs.clone(), commit.clone());
        known.borrow_mut().insert(answered, true);
    }
    if !repo.has_commit(runs)? {
        place.why = Some(format!("{} is not in this clone", runs.short()));
    } else if contains(session, runs, commit, known)? {
        place.runs = Some(true);
    } else if repo.layout().shallow {
        place.why = Some("this clone is shallow".to_owned());
    } else if contains(session, commit, runs, known)? {
        // All that runs there is older than the commit.
        place.runs = Some(false);
    } else {
        place.copy = repo.copy_in(runs, commit)?;
        place.runs = Some(place.copy.is_some());
    }
    if matches!(seen, Sighted::Followed(_)) && place.runs == Some(false) {
        let at = runs.short();
        place.why = Some(format!(
            "at the last fetch its branch was at {at}, which does not contain the commit"
        ));
        place.runs = None;
    }
    Ok(place)
}

/// Returns whether `to` is here and contains the commit.
fn contains(
    session: &Session<'_>,
    to: &CommitId,
    commit: &CommitId,
    known: &KnownRelations,
) -> Result<bool, Stop> {
    let asked = (to.clone(), commit.clone());
    if let Some(found) = known.borrow().get(&asked) {
        return Ok(*found);
    }
    let found = session.repo.has_commit(to)? && session.repo.is_ancestor(commit, to)?;
    known.borrow_mut().insert(asked, found);
    Ok(found)
}
