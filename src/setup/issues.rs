//! Checks whether proposals can open issues from this clone.

use crate::core::config::Config;
use crate::forge::issue::{NOBODY, Tracker};
use crate::session::Session;
use crate::setup::check::Check;

const ISSUES: &str = "issues";

/// Asks the forge if `smp.toml` has `ask`. A clone without a token can do everything else.
pub fn check(session: &Session<'_>, config: &Config) -> Option<Check> {
    config.record.as_ref()?.ask?;
    let tracker = match Tracker::find(session, config) {
        Ok(tracker) => tracker,
        Err(why) => {
            let words = format!(
                "{}; proposals cannot open an issue from this clone",
                why.error
            );
            let hints = why.hint_lines().into_iter();
            return Some(hints.fold(Check::note(ISSUES, words), Check::because));
        }
    };
    let checked = session.ui.during("looking for issues", || tracker.check());
    Some(match checked {
        Ok(words) if config.policy.four_eyes && tracker.person().is_none() => {
            Check::note(ISSUES, words).because(NOBODY.to_owned())
        }
        Ok(words) => Check::good(ISSUES, words),
        Err(why) => Check::bad(ISSUES, why),
    })
}
