//! `git smp history`: the past deploys on the team's record, and figures about them.

mod shipped;
mod verify;

use clap::Args;

use crate::core::config::Config;
use crate::core::record::history::{self, PastDeploy};
use crate::core::record::stats::{self, Figures};
use crate::core::record::{Event, Reading, counted};
use crate::core::refusal::{Report, Stop};
use crate::core::show::{self, json};
use crate::core::text::Line;
use crate::core::typed::Typed;
use crate::core::words::{Changes, SMP_TOML};
use crate::session::{Session, trust};
use crate::team::recorder::Recorder;

/// How many events are read first if a count limits the list. If that is not enough, it is multiplied by 8, repeatedly.
const FIRST_EVENTS: u32 = 500;

#[derive(Debug, Args)]
#[command(after_help = "Example: git smp history --stats -n 10")]
pub struct History {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Print figures of all deploys: frequency, lead time, failure rate
    #[arg(long)]
    pub stats: bool,
    /// List only the latest COUNT; the figures cover all
    #[arg(short = 'n', value_name = "COUNT", value_parser = crate::options::count)]
    pub count: Option<usize>,
    /// Check the signature of every event and the sign-off behind every promotion; exit 1 at the first that fails
    #[arg(long, conflicts_with_all = ["stats", "count"])]
    pub verify: bool,
}

pub fn run(session: &Session<'_>, args: &History) -> Result<(), Stop> {
    let (ui, config) = (session.ui, session.config()?);
    let recorder =
        Recorder::of(&session.repo, &config, ui.is_interactive()).ok_or_else(no_record)?;
    trust::require_to_look(&session.repo, &config, &[])?;
    if args.verify {
        return verify::run(session, &config, &recorder, args.json);
    }
    let reading = reading(session, &recorder)?;
    let latest = args.count.filter(|_| !args.stats && !args.json);
    let (events, unread) = read(&recorder, &reading, latest)?;
    for line in counted::told(&reading) {
        ui.warn(line);
    }
    if unread > 0 {
        ui.warn(show::unreadable(unread));
    }
    let mut deploys = history::deploys(&events);
    if deploys.is_empty() && unread == 0 {
        ui.note("no promotion is on record yet");
    }
    let begun = events.first().filter(|_| unread == 0).map(|event| event.at);
    let figures = match args.stats || args.json {
        true => figures(session, &config, &deploys, begun),
        false => Vec::new(),
    };
    let count = args.count.unwrap_or(usize::MAX);
    let skipped = deploys.len().saturating_sub(count);
    if args.json {
        let latest: Vec<&PastDeploy> = deploys.iter().skip(skipped).rev().collect();
        return ui.data(json::history(&latest, &figures).as_bytes());
    }
    for deploy in deploys.iter_mut().skip(skipped) {
        count_authors(session, deploy);
    }
    let latest: Vec<&PastDeploy> = deploys.iter().skip(skipped).rev().collect();
    let (when, width) = (session.when(), ui.picture_width());
    let merged = config.environments.iter().find(|one| one.by_merge);
    let merged = merged.map(|one| one.name.as_str());
    let mut lines = show::history(&latest, &when, width, merged);
    for one in figures.iter().filter(|_| !deploys.is_empty()) {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.extend(show::figures(one, &when, width));
    }
    ui.answer(&lines)
}

/// Reads the record, and warns if only a copy could be read.
fn reading(session: &Session<'_>, recorder: &Recorder<'_>) -> Result<Reading, Stop> {
    let reading = (session.ui).during("reading the record", || recorder.read())??;
    if let Some(copy) = &reading.copy {
        session.ui.warn(show::stale(copy));
    }
    Ok(reading)
}

/// Returns all events, or those of the latest `count` deploys, back to the start of their candidates.
fn read(
    recorder: &Recorder<'_>,
    reading: &Reading,
    count: Option<usize>,
) -> Result<(Vec<Event>, usize), Stop> {
    let Some(count) = count else {
        return recorder.events(reading);
    };
    let mut latest = FIRST_EVENTS;
    loop {
        let (mut events, unread) = recorder.latest_events(reading, latest)?;
        if events.len() + unread < latest as usize {
            return Ok((events, unread));
        }
        // With a count of 0, the answer still says whether there is a deploy.
        if let Some(known) = history::enough(&events, count.max(1)) {
            events.drain(..events.len() - known);
            return Ok((events, unread));
        }
        latest = latest.saturating_mul(8);
    }
}

fn no_record() -> Stop {
    let report = Report::new("the team keeps no record, so there is no history")
        .because(format!("{SMP_TOML} has no table [record]"));
    Stop::Misused(report.run(
        format!("add the line [record] to {SMP_TOML} and commit it, then"),
        Typed::smp("setup"),
    ))
}

/// Returns the figures. Those of the targets come first, because they count as production.
fn figures(
    session: &Session<'_>,
    config: &Config,
    deploys: &[PastDeploy],
    begun: Option<i64>,
) -> Vec<Figures> {
    if session.repo.layout().shallow {
        session.ui.warn("this clone is shallow, so lead times are unknown; fetch the rest: git fetch --unshallow");
    }
    let deploys = stats::arrived(deploys.to_vec());
    let shipped = (session.ui).during("listing what every deploy shipped", || {
        shipped::shipped(&session.repo, &deploys)
    });
    let targets = config.targets();
    let targets: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
    stats::figures(&targets, &deploys, &shipped, begun, &session.when())
}

fn changes(session: &Session<'_>, deploy: &PastDeploy) -> Option<Changes> {
    let (repo, from) = (&session.repo, deploy.from.as_ref()?);
    let is_here = repo.has_commit(from).ok()? && repo.has_commit(&deploy.to).ok()?;
    if repo.layout().shallow || !is_here {
        return None;
    }
    repo.changes(Some(from), &deploy.to).ok()
}

/// Counts the commits of a deploy that were written by those who signed it off.
fn count_authors(session: &Session<'_>, deploy: &mut PastDeploy) {
    let is_signed = !deploy.signed_off_by.is_empty();
    if let Some(changes) = is_signed.then(|| changes(session, deploy)).flatten() {
        let authors = changes.ships.iter().map(|one| one.author.as_str());
        let authors: Vec<&str> = authors.collect();
        let signers = deploy.signed_off_by.iter_mut();
        signers.for_each(|signer| signer.count(&authors));
    }
}
