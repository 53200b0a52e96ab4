//! `--first`: what is said where it changes nothing, and the command that is missing where nobody gave it.

use crate::core::refusal::{Refusal, RefusalCode};
use crate::core::words::{Branch, Observed};
use crate::terminal::Ui;

/// Says of `--first` that it changes nothing where no app is to be made; that is no reason to stop.
pub fn note(ui: &Ui, first: bool, seen: &[&Observed]) {
    let has_app = |seen: &&Observed| {
        let branch = seen.branch.as_ref().and_then(|one| one.as_ref().ok());
        branch.is_some_and(|branch| !matches!(branch, Branch::NoApp(_)))
    };
    if first && seen.iter().all(has_app) {
        let names: Vec<&str> = seen.iter().map(|seen| seen.environment.as_str()).collect();
        let verb = match names.len() {
            1 => "has its app",
            _ => "have their apps",
        };
        let names = names.join(" and ");
        ui.note(format!(
            "{names} {verb} already, so --first changes nothing"
        ));
    }
}

/// The refusal of a push that would make an app, with the whole command that makes it; any other as it is.
pub fn to_make_it(refusal: Refusal, first: bool, command: &str) -> Refusal {
    if first || refusal.code != RefusalCode::NoApp {
        return refusal;
    }
    refusal.hint(format!("if it is to be made: {command} --first"))
}
