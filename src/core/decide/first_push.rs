//! The push that makes an app: never unasked, for an address that is misspelled would make one as well.

use crate::core::config::Environment;
use crate::core::decide::{Asked, Consent, Plan, Target};
use crate::core::refusal::{Refusal, RefusalCode, Report};
use crate::core::words::Branch;

/// What a person is asked before it.
pub const QUESTION: &str = "Make the app?";

/// Lets a push make the app where somebody said so.
///
/// # Errors
/// `no-app` where nobody did, and where something runs there that has another address.
pub fn first_push(
    plan: &mut Plan,
    target: &Target<'_>,
    branch: &Branch,
    asked: &Asked<'_>,
) -> Result<(), Refusal> {
    let Branch::NoApp(words) = branch else {
        return Ok(());
    };
    let (environment, name) = (target.environment, &target.environment.name);
    if !asked.first {
        return Err(no_app(environment, words));
    }
    if let Some(runs) = target.observed.runs() {
        let report = Report::new(format!(
            "{name} runs {}, and its host has no such app",
            runs.short()
        ))
        .because(format!("its host says: {words}"))
        .because("so the app that runs has another address");
        let hint = format!("correct environments.{name}.url in smp.toml, then: git smp setup");
        return Err(report.hint(hint).refused(RefusalCode::NoApp));
    }
    let story =
        format!("the host of {name} has no such app ({words}), so it makes one with this push");
    if asked.somebody_looks {
        plan.consents.push(Consent {
            story,
            question: QUESTION,
            confirms: None,
        });
    } else {
        plan.warnings.push(story);
    }
    Ok(())
}

/// The refusal of a push that would make an app.
pub fn no_app(environment: &Environment, words: &str) -> Refusal {
    let name = &environment.name;
    let report =
        Report::new(format!("the host of {name} has no such app")).because(format!("it says: {words}")).because(
            format!("Dokku, Piku and the like make it with the first push; or environments.{name}.url is misspelled"),
        );
    let hint = match environment.promotes {
        Some(_) => format!("if it is to be made: git smp promote {name} --first"),
        None => "if it is to be made: git smp stage --first".to_owned(),
    };
    report.hint(hint).refused(RefusalCode::NoApp)
}
