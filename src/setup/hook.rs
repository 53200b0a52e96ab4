//! The guard's part in `git smp setup`: it is installed, looked at or taken away, and a line says so.

use crate::cli::Setup;
use crate::core::config::Config;
use crate::core::refusal::{Report, Stop};
use crate::git::Repo;
use crate::session::Session;
use crate::setup::checks::{Check, show};
use crate::setup::guard::{Guard, Installed, Removed, Standing};

/// What the line of the list is about.
const NAME: &str = "hook";
/// Installs the guard if that was asked for; gives the line that says how it stands, if there is anything to say.
///
/// # Errors
/// When git's configuration cannot be read. That it cannot be installed is a failed check.
pub fn check(
    session: &Session<'_>,
    repo: &Repo,
    config: &Config,
    args: &Setup,
) -> Result<Option<Check>, Stop> {
    let guard = Guard::of(repo)?;
    let installs = args.hook && !args.check;
    if !installs {
        return Ok(
            (args.hook || guard.standing() != Standing::Missing).then(|| standing(&guard, config))
        );
    }
    Ok(Some(
        match guard.install(session.common.config().as_deref()) {
            Ok(Installed::Already) => standing(&guard, config),
            Ok(Installed::Now) => Check::good(NAME, format!("installed: {}", stops(config))),
            Ok(Installed::InFront) => Check::good(
                NAME,
                format!(
                    "installed: {}; the hook that was there runs after it",
                    stops(config)
                ),
            ),
            Err(report) => Check::bad(
                NAME,
                report.error,
                report.because,
                report.hint.map(|hint| hint.to_string()),
            ),
        },
    ))
}

fn standing(guard: &Guard, config: &Config) -> Check {
    match guard.standing() {
        Standing::Installed => Check::good(NAME, format!("is installed: {}", stops(config))),
        Standing::Called(file) => {
            Check::good(NAME, format!("is called by {file}: {}", stops(config)))
        }
        Standing::Idle(why) => Check::note(NAME, format!("is there and does nothing: {why}")),
        Standing::Missing => {
            Check::note(NAME, "is not installed; git smp setup --hook installs it")
        }
    }
}

/// What a guard is for.
fn stops(config: &Config) -> String {
    let targets = config.targets();
    let frozen = config.record.as_ref().map(|_| "what is frozen");
    let all: Vec<&str> = targets
        .iter()
        .map(|target| target.name.as_str())
        .chain(frozen)
        .collect();
    format!(
        "it stops plain pushes to {}",
        if all.is_empty() {
            "nothing yet".to_owned()
        } else {
            all.join(" and ")
        }
    )
}

/// Takes the guard away. It needs neither `smp.toml` nor the network: whoever gave up both can still be rid of it.
///
/// # Errors
/// When it cannot be taken away without losing something.
pub fn remove(session: &Session<'_>) -> Result<(), Stop> {
    let guard = Guard::of(&session.repo)?;
    let removed = guard.remove().map_err(|report| {
        let error = format!("the {NAME} {}", report.error);
        Stop::Failed(Report { error, ..report })
    })?;
    let words = match removed {
        Removed::Already => "is not installed",
        Removed::NotOurs => {
            "is not installed; the pre-push hook that is there is not ours, and stays"
        }
        Removed::Now => "is taken away",
        Removed::Restored => "is taken away, and the one that was there before is back",
    };
    let mut checks = vec![Check::good(NAME, words)];
    if let Some(file) = guard.is_called_by() {
        let words = format!("is still called by {file}; take that line out");
        checks.push(Check::note(NAME, words));
    }
    show(session, &checks)
}
