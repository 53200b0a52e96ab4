//! `git smp history`: the past deploys of the team's record, and figures of them.

use crate::cli::History;
use crate::core::config::Config;
use crate::core::record::history::{self, DeployKind, PastDeploy};
use crate::core::record::stats::{self, Figures, Shipped};
use crate::core::refusal::{Report, Stop};
use crate::core::show::{self, json};
use crate::core::text::Line;
use crate::core::typed::Typed;
use crate::core::words::{Changes, CommitId};
use crate::session::Session;
use crate::session::trust;
use crate::team::recorder::Recorder;

/// Runs it.
pub fn run(session: &Session<'_>, args: &History) -> Result<(), Stop> {
    let (ui, config) = (session.ui, session.config()?);
    let recorder =
        Recorder::of(&session.repo, &config, ui.is_interactive()).ok_or_else(no_record)?;
    trust::require_to_look(&session.repo, &config, &[])?;
    let reading = ui.during("reading the record", || recorder.read())??;
    if let Some(copy) = &reading.copy {
        ui.warn(show::stale(copy));
    }
    let (events, unread) = recorder.events(&reading)?;
    if unread > 0 {
        ui.warn(show::unreadable(unread));
    }
    let mut deploys = history::deploys(&events);
    if deploys.is_empty() && unread == 0 {
        ui.note("no promotion is on record yet");
    }
    let begun = events.first().filter(|_| unread == 0).map(|event| event.at);
    let figures = if args.stats || args.json {
        figures(session, &config, &deploys, begun)
    } else {
        Vec::new()
    };
    let count = args.count.unwrap_or(usize::MAX);
    if args.json {
        let latest: Vec<&PastDeploy> = deploys.iter().rev().take(count).collect();
        return ui.data(json::history(&latest, &figures).as_bytes());
    }
    let mut latest: Vec<&mut PastDeploy> = deploys.iter_mut().rev().take(count).collect();
    latest
        .iter_mut()
        .for_each(|deploy| authors(session, deploy));
    let latest: Vec<&PastDeploy> = latest.into_iter().map(|deploy| &*deploy).collect();
    let (when, width) = (session.when(), ui.shows_pictures().then(|| ui.width()));
    let mut lines = show::history(&latest, &when, width);
    for one in figures.iter().filter(|_| !deploys.is_empty()) {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.extend(show::figures(one, &when, width));
    }
    ui.answer(&lines)
}

/// What to do to have a history at all.
fn no_record() -> Stop {
    let report = Report::new("the team keeps no record, so there is no history")
        .because("smp.toml has no table [record], which turns it on");
    Stop::Misused(report.run(
        "add a line [record] to smp.toml and commit it, then",
        Typed::smp("setup"),
    ))
}

/// The figures, those of the targets first: they are what counts as production.
fn figures(
    session: &Session<'_>,
    config: &Config,
    deploys: &[PastDeploy],
    begun: Option<i64>,
) -> Vec<Figures> {
    if session.repo.layout().shallow {
        session.ui.warn("this clone is shallow, so lead times are unknown; fetch the rest: git fetch --unshallow");
    }
    let look = || {
        deploys
            .iter()
            .map(|deploy| shipped(session, deploy))
            .collect()
    };
    let shipped: Vec<Shipped> = session
        .ui
        .during("looking at what every promotion shipped", look);
    let targets = config.targets();
    let targets: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
    stats::figures(&targets, deploys, &shipped, begun, &session.when())
}

/// What a deploy changed, as far as this clone knows.
fn changes(session: &Session<'_>, deploy: &PastDeploy) -> Option<Changes> {
    let (repo, from) = (&session.repo, deploy.from.as_ref()?);
    let here = |id: &CommitId| matches!(repo.has_commit(id), Ok(true));
    if repo.layout().shallow || !here(from) || !here(&deploy.to) {
        return None;
    }
    repo.changes(Some(from), &deploy.to).ok()
}

/// Counts what those who signed a deploy off wrote of it.
fn authors(session: &Session<'_>, deploy: &mut PastDeploy) {
    if deploy.signed_off_by.is_empty() {
        return;
    }
    if let Some(changes) = changes(session, deploy) {
        let authors: Vec<&str> = changes
            .ships
            .iter()
            .map(|one| one.author.as_str())
            .collect();
        let signers = deploy.signed_off_by.iter_mut();
        signers.for_each(|signer| signer.count(&authors));
    }
}

/// What a promotion shipped. A first deploy brought all of history, which tells nothing.
fn shipped(session: &Session<'_>, deploy: &PastDeploy) -> Shipped {
    if deploy.from.is_none() || deploy.kind != DeployKind::Promote {
        return Shipped::default();
    }
    let Some(changes) = changes(session, deploy) else {
        return Shipped {
            committed: Vec::new(),
            unknown: deploy.commits.unwrap_or(0),
        };
    };
    Shipped {
        committed: changes.ships.iter().map(|one| one.committed).collect(),
        unknown: 0,
    }
}
