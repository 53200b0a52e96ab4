//! `--first`: what is said where it changes nothing, and the command that is missing where nobody gave it.

use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::words::{Branch, Observed};
use crate::terminal::Ui;

/// Says of `--first` that it changes nothing where no app is to be made; that is no reason to stop.
pub fn note(ui: &Ui, first: bool, seen: &[&Observed]) {
    let has_app = |seen: &&&Observed| {
        matches!(
            seen.branch,
            Some(Ok(Branch::At(_) | Branch::Missing(_) | Branch::Empty))
        )
    };
    if first && seen.iter().all(|seen| has_app(&seen)) {
        let names: Vec<&str> = seen.iter().map(|seen| seen.environment.as_str()).collect();
        let verb = if names.len() == 1 {
            "has its app"
        } else {
            "have their apps"
        };
        ui.note(format!(
            "{} {verb} already, so --first changes nothing",
            names.join(" and ")
        ));
    }
}

/// The refusal of a push that would make an app, with the whole command that makes it; any other as it is.
pub fn to_make_it(refusal: Refusal, first: bool, command: &str) -> Refusal {
    if first || refusal.code != RefusalCode::NoApp {
        return refusal;
    }
    Refusal {
        report: refusal
            .report
            .hint(format!("if it is to be made: {command} --first")),
        ..refusal
    }
}
