//! How it is said that an environment never reported the commit. Pure.

use std::time::Duration;

use crate::core::config::Environment;
use crate::core::refusal::{Refusal, RefusalCode, Report};
use crate::core::words::{CommitId, ReleaseStatus};
use crate::deploy::doubt::Doubt;
use crate::deploy::span::InTurn;
use crate::deploy::wait::Begun;
use crate::sources::Now;

/// Whether nobody could be asked what runs.
pub(super) fn is_unknown(now: &Now) -> bool {
    let is_out_of_reach = |refusal: &Refusal| refusal.code == RefusalCode::Unreachable;
    now.running.as_ref().is_err_and(is_out_of_reach) && now.page.is_none()
}

/// The beginning of what is said of an environment that could not be asked: it may run the commit.
pub(super) fn unknown(
    environment: &Environment,
    commit: &CommitId,
    begun: Option<&Begun>,
) -> Report {
    let (name, short) = (&environment.name, commit.short());
    let word = begun.map_or("up to date", |begun| begun.word);
    Report::new(format!(
        "{word}, but not confirmed: whether {name} runs {short} is not known"
    ))
}

/// The beginning of what is said of an environment that never reported the commit.
pub(super) fn nowhere(
    environment: &Environment,
    commit: &CommitId,
    begun: Option<&Begun>,
    patience: Duration,
) -> Report {
    let (name, short, seconds) = (&environment.name, commit.short(), patience.as_secs());
    match begun {
        Some(Begun {
            doubt: Some(Doubt::NotDeployed(_)),
            ..
        }) => Report::new(format!(
            "pushed, but not deployed: {name} does not report {short}"
        )),
        Some(Begun { word, .. }) => Report::new(format!(
            "{word}, but not live: {name} does not report {short} after {seconds} s"
        )),
        None => Report::new(format!(
            "up to date, but not running: {name} does not report {short} after {seconds} s"
        )),
    }
}

/// The same of one that reports it, but not in every answer.
pub(super) fn not_everywhere(
    environment: &Environment,
    commit: &CommitId,
    begun: Option<&Begun>,
    in_turn: InTurn,
) -> Report {
    let (name, short) = (&environment.name, commit.short());
    let InTurn { new, all, others } = in_turn;
    let word = begun.map_or("deployed", |begun| begun.word);
    let report = Report::new(match others {
        true => {
            format!("{word}, but not live: old and new instances of {name} still answer in turn")
        }
        false => format!("{word}, but not live: {name} reports {short} only now and then"),
    });
    let seconds = environment.confirm_seconds;
    report.because(format!(
        "{new} of its last {all} answers named {short}; all must do so for {seconds} s"
    ))
}

/// What an environment says that it runs, for people.
pub(super) fn reported(now: &Now) -> String {
    let reports = match &now.running {
        Ok(Some(id)) => id.short().to_owned(),
        Ok(None) => "nothing".to_owned(),
        Err(refusal) => format!("nothing usable ({})", refusal.report.error),
    };
    let reports = match now.cached {
        Some(cached) => format!("{reports} in {cached}"),
        None => reports,
    };
    match &now.newest {
        Some(release) if release.status == ReleaseStatus::Pending => {
            format!("{reports}; its release v{} is going on", release.version)
        }
        _ => reports,
    }
}
