//! `git smp history`: the past deploys of the team's record, and figures of them.

use crate::cli::History;
use crate::core::config::Config;
use crate::core::record::Copied;
use crate::core::record::past::{self, DeployKind, Past};
use crate::core::record::stats::{self, Figures, Shipped};
use crate::core::refusal::{Report, Stop};
use crate::core::show::{self, json};
use crate::core::text::{Line, ago};
use crate::core::typed::Typed;
use crate::core::words::CommitId;
use crate::session::Session;
use crate::session::trust;
use crate::team::recorder::Recorder;

/// Runs it.
///
/// # Errors
/// When the team keeps no record, the configuration is not agreed to, or there is no record to be read, not even a copy.
pub fn run(session: &Session<'_>, args: &History) -> Result<(), Stop> {
    let config = session.config()?;
    let recorder =
        Recorder::of(&session.repo, &config, session.ui.is_interactive()).ok_or_else(no_record)?;
    trust::require_to_look(&session.repo, &config, &[])?;
    let reading = session
        .ui
        .during("reading the record", || recorder.read())??;
    if let Some(copy) = &reading.copy {
        session.ui.warn(stale(copy));
    }
    let (events, unread) = recorder.events(&reading)?;
    if unread > 0 {
        session.ui.warn(unreadable(unread));
    }
    let mut deploys = past::deploys(&events);
    if deploys.is_empty() && unread == 0 {
        session.ui.note("no promotion is on record yet");
    }
    let figures = if args.stats || args.json {
        figures(
            session,
            &config,
            &deploys,
            events.first().filter(|_| unread == 0).map(|event| event.at),
        )
    } else {
        Vec::new()
    };
    if !args.json {
        deploys
            .iter_mut()
            .rev()
            .take(args.count.unwrap_or(usize::MAX))
            .for_each(|deploy| authors(session, deploy));
    }
    let latest: Vec<&Past> = deploys
        .iter()
        .rev()
        .take(args.count.unwrap_or(usize::MAX))
        .collect();
    if args.json {
        return session.ui.data(json::history(&latest, &figures).as_bytes());
    }
    let figures = if deploys.is_empty() {
        Vec::new()
    } else {
        figures
    };
    session.ui.answer(&lines(session, &latest, &figures))
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

/// That this is only a copy, how old it is, and why.
fn stale(copy: &Copied) -> String {
    let age = copy
        .age
        .map(|age| i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
    let age = age.map_or_else(|| "nobody knows when".to_owned(), |age| ago(age, 0));
    let why = copy
        .why
        .report
        .because
        .first()
        .map(|why| format!(" ({why})"))
        .unwrap_or_default();
    format!(
        "{}{why}; this is the record as this clone last saw it: {age}",
        copy.why.report.error
    )
}

/// That a part of the record is left out.
fn unreadable(count: usize) -> String {
    let events = if count == 1 {
        "1 event of the record".to_owned()
    } else {
        format!("{count} events of the record")
    };
    format!(
        "{events} cannot be read, being damaged or of a newer git-smp, so the list lacks what they tell"
    )
}

/// The figures, those of the targets first: they are what counts as production.
fn figures(
    session: &Session<'_>,
    config: &Config,
    deploys: &[Past],
    begun: Option<i64>,
) -> Vec<Figures> {
    if session.repo.layout().shallow {
        session.ui.warn("this clone is shallow, so lead times are unknown; fetch the rest: git fetch --unshallow");
    }
    let shipped: Vec<Shipped> =
        session
            .ui
            .during("looking at what every promotion shipped", || {
                deploys
                    .iter()
                    .map(|deploy| shipped(session, deploy))
                    .collect()
            });
    let targets: Vec<&str> = config
        .targets()
        .iter()
        .map(|target| target.name.as_str())
        .collect();
    stats::figures(&targets, deploys, &shipped, begun, &session.when())
}

/// Counts what those who signed a deploy off wrote of it, as far as this clone knows.
fn authors(session: &Session<'_>, deploy: &mut Past) {
    let repo = &session.repo;
    let here = |id: &CommitId| matches!(repo.has_commit(id), Ok(true));
    let known = |from: &&CommitId| !repo.layout().shallow && here(from) && here(&deploy.to);
    let Some(from) = deploy
        .from
        .as_ref()
        .filter(|_| !deploy.signed_off_by.is_empty())
        .filter(known)
    else {
        return;
    };
    let Ok(changes) = repo.changes(Some(from), &deploy.to) else {
        return;
    };
    let authors: Vec<&str> = changes
        .ships
        .iter()
        .map(|commit| commit.author.as_str())
        .collect();
    deploy
        .signed_off_by
        .iter_mut()
        .for_each(|signer| signer.count(&authors));
}

/// What a promotion shipped, as far as this clone knows. A first deploy brought all of history, which tells nothing.
fn shipped(session: &Session<'_>, deploy: &Past) -> Shipped {
    let (Some(from), DeployKind::Promote) = (&deploy.from, deploy.kind) else {
        return Shipped::default();
    };
    let repo = &session.repo;
    let here = |id| matches!(repo.has_commit(id), Ok(true));
    let changes = (!repo.layout().shallow && here(from) && here(&deploy.to))
        .then(|| repo.changes(Some(from), &deploy.to));
    match changes {
        Some(Ok(changes)) => Shipped {
            committed: changes
                .ships
                .iter()
                .map(|commit| commit.committed)
                .collect(),
            unknown: 0,
        },
        // What git cannot tell is not known either.
        Some(Err(_)) | None => Shipped {
            committed: Vec::new(),
            unknown: deploy.commits.unwrap_or(0),
        },
    }
}

/// All that people see.
fn lines(session: &Session<'_>, latest: &[&Past], figures: &[Figures]) -> Vec<Line> {
    let (when, width) = (
        session.when(),
        session.ui.shows_pictures().then(|| session.ui.width()),
    );
    let mut lines = show::history(latest, &when, width);
    for one in figures {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.extend(show::figures(one, &when, width));
    }
    lines
}
