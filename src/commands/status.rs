//! `git smp status`: what runs where, which source says so, and what comes next.

mod view;

use std::cell::RefCell;

use clap::Args;

use crate::core::config::Environment;
use crate::core::refusal::Stop;
use crate::core::show::json;
use crate::core::typed::{Hint, Typed};
use crate::deploy::observed;
use crate::look::{self, Main};
use crate::session::Session;
use crate::session::trust;
use crate::setup::{completions, manual};
use crate::sources::{Also, Look};
use crate::team::{agreed, hearing};
use view::View;

#[derive(Debug, Args)]
#[command(after_help = "Example: git smp status --exit-code")]
pub struct Status {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Exit 1 when production is behind for longer than cadence_days
    #[arg(long)]
    pub exit_code: bool,
}

/// Shows the state. An environment that does not answer is no error here: it is shown as unknown.
pub fn run(session: &Session<'_>, args: &Status) -> Result<(), Stop> {
    let config = session.config()?;
    let all: Vec<&Environment> = config.environments.iter().collect();
    trust::require_to_look(&session.repo, &config, &all)?;
    let look = Look::of(session, &config);
    let mut found = session.ui.during("asking every environment", || {
        look::see(session, &look, &all, (Also::Branches, Main::BranchOrCopy))
    })?;
    let void = hearing::hear(session, &config, &mut found.record, false);
    if let Ok(Some(gap)) = agreed::gap(&session.repo, &config) {
        session.ui.warn(&gap[0]);
        gap[1..].iter().for_each(|way| session.ui.note(way));
    }
    found.show_replaced(&config, session.when().now);
    let (seen, record) = (found.environments, &found.record);
    look::remember(session, &config, &seen, found.began);
    if session.repo.layout().shallow {
        session.ui.warn("this clone is shallow, so nothing can be compared; fetch the rest: git fetch --unshallow");
    }
    // A copy does not tell what happened since.
    let now = record.reading().filter(|reading| reading.copy.is_none());
    let unrecorded = observed::found(&look, now.map(|reading| &reading.state), &seen)?;
    let view = View {
        session,
        config: &config,
        seen: &seen,
        main: found.main.as_ref(),
        record,
        unrecorded: &unrecorded,
        known: RefCell::default(),
    };
    let targets = config.targets();
    let behind = targets.first().map(|target| view.of_target(target));
    let behind = behind.transpose()?.flatten();
    if args.json {
        let (held, past_tool) = (&|one: &_| view.held(one), &|one: &_| view.past_tool(one));
        let text = json::status(
            &config,
            &seen,
            (held, past_tool),
            behind.as_ref(),
            (record, &void),
        );
        session.ui.data(text.as_bytes())?;
    } else {
        if manual::are_outdated() || completions::are_outdated() {
            let say =
                "the installed man pages or completions are from another version; update them";
            session.ui.advise(Hint::run(say, Typed::smp("setup")));
        }
        session.ui.answer(&view.lines()?)?;
    }
    match behind {
        Some(changes) if args.exit_code && view.is_late(&changes) => Err(Stop::Answer),
        _ => Ok(()),
    }
}
