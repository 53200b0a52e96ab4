//! What the commands for a candidate share: the record that they need, and how they say what comes next.

use crate::core::config::Config;
use crate::core::decide::next;
use crate::core::record::State;
use crate::core::refusal::{Report, Stop};
use crate::core::text::Line;
use crate::core::typed::Typed;
use crate::git::record::identity;
use crate::session::Session;
use crate::team::recorder::Recorder;

/// Returns the recorder. Refuses a command that needs the shared record if the team keeps none.
pub fn recorder_of<'r>(
    session: &'r Session<'_>,
    config: &'r Config,
    command: &str,
) -> Result<Recorder<'r>, Stop> {
    Recorder::of(&session.repo, config, session.ui.is_interactive()).ok_or_else(|| {
        let error =
            format!("git smp {command} needs the shared record, and smp.toml has no [record]");
        let report = Report::new(error).because(
            "proposals and verdicts are kept there, on the main repository, for the whole team",
        );
        let setup = Typed::smp("setup");
        Stop::Misused(report.run("add the line [record] to smp.toml, then", setup))
    })
}

/// Says what comes next, by the record alone.
pub fn say_next(session: &Session<'_>, config: &Config, state: &State, lead: &str) {
    let (_, me) = identity(&session.repo).unwrap_or_default();
    let hint = next::on_record(config, state, &me, session.when().now);
    let (next, notes) = session.ui.next(hint);
    let notes = notes.into_iter().map(|note| format!("note: {note}"));
    let lines = notes.chain([format!("{lead}: {next}")]).map(Line::plain);
    session.ui.say(&lines.collect::<Vec<_>>());
}
