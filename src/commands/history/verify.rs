//! `git smp history --verify`: checks every event of a signed record against its signature and the rules.

use crate::commands::history::reading;
use crate::core::config::Config;
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
    let (checked, unread) = check(session, recorder);
    let rules = Rules {
        signoff: record.signoff,
        four_eyes: config.policy.four_eyes,
    };
    let events = checked.as_ref().map_or(&[][..], |checked| &checked.events);
    let audited = audit(events, rules);
    let signers = checked
        .as_ref()
        .map(|checked| (&checked.main, checked.signers.blob.as_deref()));
    let keys = signers.map(|(main, _)| {
        let (path, branch) = (&record.signers, &config.repository.branch);
        format!("{path} of {branch} at {}", main.short())
    });
    let keys = keys.unwrap_or_default();
    let refusal = unread.or_else(|| failed(&audited, events.len(), &keys));
    match as_json {
        true => {
            let signers = (record.signers.as_str(), signers);
            let refusal = refusal.as_ref();
            let json = json::verified(ui.given(), signers, &audited, refusal);
            ui.data(json.as_bytes())?;
        }
        false => ui.answer(&show::audited(&audited, &session.when()))?,
    }
    if let Some(refusal) = refusal {
        return Err(refusal.into());
    }
    match checked {
        Some(_) => say(session, &keys, &audited),
        None => ui.note("no event is on record yet"),
    }
    Ok(())
}

/// Returns every event with its check, and why the record as a whole is not valid, if it is not. Its events then still
/// show where it fails.
fn check(session: &Session<'_>, recorder: &Recorder<'_>) -> (Option<Checking>, Option<Refusal>) {
    let (tip, unread) = match reading(session, recorder) {
        Ok(reading) => (reading.tip, None),
        Err(stop) => {
            let is_there =
                !matches!(&stop, Stop::Refused(why) if why.code == RefusalCode::Unreachable);
            let tip = is_there.then(|| recorder.tip_here()).flatten();
            (tip, Some(refused(stop)))
        }
    };
    let checked = (session.ui).during("checking every signature", || {
        recorder.check_all(tip.as_ref())
    });
    match checked {
        Ok(checked) => (checked, unread),
        Err(stop) => (None, unread.or_else(|| Some(refused(stop)))),
    }
}

fn refused(stop: Stop) -> Refusal {
    match stop {
        Stop::Refused(refusal) => refusal,
        other => Report::from(other).refused(RefusalCode::NotVerified),
    }
}

/// Returns the refusal if the last event that was checked is not valid.
fn failed(audited: &[Audited], count: usize, keys: &str) -> Option<Refusal> {
    let failed = audited.last()?;
    let why = failed.fault.as_ref()?;
    let error = format!("the event {} could not be verified", failed.commit.short());
    let mut refusal = Refusal::new(RefusalCode::NotVerified, error).because(why);
    let rest = count - audited.len();
    if rest > 0 {
        refusal = refusal.because(format!(
            "{} after it {} not checked",
            counted(rest, "event"),
            if rest == 1 { "was" } else { "were" }
        ));
    }
    let show = Typed::other("git show --show-signature").arg(failed.commit.as_str());
    let refusal = refusal.because(format!("checked with {keys}"));
    Some(refusal.run("look at the event", show))
}

fn say(session: &Session<'_>, keys: &str, audited: &[Audited]) {
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
}

/// Warns of what cannot be verified in a clone alone.
fn warn_of_unproven(session: &Session<'_>, audited: &[Audited]) {
    let all = audited.iter().filter(|one| !one.unproven.is_empty());
    let count = all.count();
    if count > 0 {
        let promotions = counted(count, "promotion");
        session.ui.warn(format!(
            "the only proof of the sign-off of {promotions} is a comment that the key of the proposer or of a person who deployed a fix recorded: read that comment"
        ));
    }
}

fn not_signed() -> Stop {
    let report = Report::new("the team's record is not signed, so there is nothing to verify")
        .because(format!("{SMP_TOML} has no signed = true in [record]"));
    Stop::Misused(report.run("add signed = true and commit it, then", Typed::smp("setup")))
}
