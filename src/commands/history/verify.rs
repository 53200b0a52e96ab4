//! `git smp history --verify`: checks every event of a signed record against its signature and the rules.

use crate::commands::history::reading;
use crate::core::config::{Config, Record};
use crate::core::record::audit::{Audited, Rules, audit};
use crate::core::refusal::{Refusal, RefusalCode, Report, Stop};
use crate::core::show::{self, json};
use crate::core::text::counted;
use crate::core::typed::Typed;
use crate::core::words::SMP_TOML;
use crate::session::Session;
use crate::team::recorder::{Checking, Recorder};

/// Prints one line per event, up to the first that fails.
pub fn run(
    session: &Session<'_>,
    config: &Config,
    recorder: &Recorder<'_>,
    as_json: bool,
) -> Result<(), Stop> {
    let ui = session.ui;
    let record = config.record.as_ref().filter(|record| record.signed);
    let record = record.ok_or_else(not_signed)?;
    let reading = reading(session, recorder)?;
    let checked = ui.during("checking every signature", || recorder.check_all(&reading))?;
    let rules = Rules {
        signoff: record.signoff,
        four_eyes: config.policy.four_eyes,
    };
    let events = checked.as_ref().map_or(&[][..], |checked| &checked.events);
    let audited = audit(events, rules);
    let signers = checked
        .as_ref()
        .map(|checked| (&checked.main, checked.signers.blob.as_deref()));
    match as_json {
        true => ui.data(json::verified(&record.signers, signers, &audited).as_bytes())?,
        false => ui.answer(&show::audited(&audited, &session.when()))?,
    }
    say(session, (config, record), checked.as_ref(), &audited)
}

fn say(
    session: &Session<'_>,
    (config, record): (&Config, &Record),
    checked: Option<&Checking>,
    audited: &[Audited],
) -> Result<(), Stop> {
    let Some(checked) = checked else {
        session.ui.note("no event is on record yet");
        return Ok(());
    };
    let (path, branch) = (&record.signers, &config.repository.branch);
    let keys = format!("{path} of {branch} at {}", checked.main.short());
    let failed = audited.last().filter(|one| one.fault.is_some());
    let Some(failed) = failed else {
        let count = counted(audited.len(), "event");
        let past = audited.iter().filter(|one| one.observed).count();
        let past = match past {
            0 => String::new(),
            some => format!("; {} outside git smp", counted(some, "deploy")),
        };
        session
            .ui
            .note(format!("{count} verified with {keys}{past}"));
        warn_of_unproven(session, audited);
        return Ok(());
    };
    let error = format!("the event {} could not be verified", failed.commit.short());
    let rest = checked.events.len() - audited.len();
    let mut refusal = Refusal::new(RefusalCode::NotVerified, error);
    refusal = failed
        .fault
        .iter()
        .fold(refusal, |all, why| all.because(why.clone()));
    if rest > 0 {
        refusal = refusal.because(format!(
            "{} after it {} not checked",
            counted(rest, "event"),
            if rest == 1 { "was" } else { "were" }
        ));
    }
    let show = Typed::other("git show --show-signature").arg(failed.commit.as_str());
    Err(refusal
        .because(format!("checked with {keys}"))
        .run("look at the event", show)
        .into())
}

/// Warns of what cannot be verified in a clone alone.
fn warn_of_unproven(session: &Session<'_>, audited: &[Audited]) {
    let all = audited.iter().filter(|one| !one.unproven.is_empty());
    let count = all.count();
    if count > 0 {
        let promotions = counted(count, "promotion");
        session.ui.warn(format!(
            "the sign-off of {promotions} is only a comment that the proposer's key recorded: read that comment"
        ));
    }
}

fn not_signed() -> Stop {
    let report = Report::new("the team's record is not signed, so there is nothing to verify")
        .because(format!("{SMP_TOML} has no signed = true in [record]"));
    Stop::Misused(report.run("add signed = true and commit it, then", Typed::smp("setup")))
}
