//! What becomes of an announced deploy that is to be put aside by `--take-over ID`.

use crate::cli::Deploying;
use crate::core::decide::{Plan, Recorded, Step};
use crate::terminal::Ui;

/// Warns in the plan that the deploy takes the place of another; where nothing is pushed, says that it does not.
pub fn told(ui: &Ui, asked: &Deploying, planned: &mut Plan, recorded: Option<&Recorded<'_>>) {
    let is_push = |step: &Step| matches!(step, Step::Push { .. } | Step::Release { .. });
    let open = recorded.and_then(|one| Some((one, one.open()?, one.open()?.story(one.now))));
    match open {
        Some((one, open, story))
            if one.mine != Some(&open.id) && planned.steps.iter().any(is_push) =>
        {
            planned.warnings.push(format!(
                "{story}, which was not seen to end; this takes its place on the record"
            ));
        }
        Some((.., story)) if asked.take_over.is_some() && planned.steps.is_empty() => ui.note(
            format!("nothing is taken over: {story}, and this deploys nothing in its place"),
        ),
        None if asked.take_over.is_some() => {
            ui.note("nothing is taken over: no deploy is on its way")
        }
        _ => {}
    }
}
