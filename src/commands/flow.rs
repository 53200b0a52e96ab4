//! The way of a candidate: the environment where it is tested, and those that it goes to from there.

use crate::commands::diff::no_target;
use crate::config::{Config, Environment};
use crate::error::{Report, Stop};
use crate::model::CommitId;
use crate::recorder::Recorder;

/// The one environment that others promote and that promotes none: what is tested there goes everywhere else.
///
/// # Errors
/// Exit 2 where there is none, or several.
pub fn beginning(config: &Config) -> Result<&Environment, Stop> {
    let feeds = |one: &&Environment| {
        one.promotes.is_none()
            && config
                .targets()
                .iter()
                .any(|target| target.promotes.as_ref() == Some(&one.name))
    };
    let beginnings: Vec<&Environment> = config.environments.iter().filter(feeds).collect();
    match beginnings.as_slice() {
        [one] => Ok(one),
        [] => Err(no_target()),
        several => {
            let names: Vec<&str> = several.iter().map(|one| one.name.as_str()).collect();
            let report =
                Report::new("there are several environments where a candidate could be tested")
                    .because(format!(
                        "others are promoted from {}",
                        names.join(" and from ")
                    ))
                    .because("one candidate at a time is put forward, from one of them");
            Err(Stop::Misused(report.hint(
                "keep one configuration for each: git smp --config FILE status",
            )))
        }
    }
}

/// The command that pushes a commit which runs to a branch of the main repository, where it can be merged.
pub fn push_to_main(config: &Config, commit: &CommitId) -> String {
    let (remote, short) = (&config.repository.remote, commit.short());
    format!("git push {remote} {commit}:refs/heads/fix-{short}")
}

/// How a commit that runs comes to the main branch, so that the next deploy has it: a command, and what follows it.
pub fn way_to_main(config: &Config, commit: &CommitId) -> String {
    let (branch, short) = (&config.repository.branch, commit.short());
    let push = push_to_main(config, commit);
    format!(
        "{push}\n\
         merge the branch fix-{short} into {branch} then (no squash, no rebase), and stage that"
    )
}

/// Refuses what only a shared record makes possible, where the team keeps none.
///
/// # Errors
/// Exit 2, with what to write into `smp.toml`.
pub fn recorder_of<'r>(
    recorder: Option<Recorder<'r>>,
    command: &str,
) -> Result<Recorder<'r>, Stop> {
    recorder.ok_or_else(|| {
        let report = Report::new(format!(
            "{command} needs the shared record, and smp.toml has no [record]"
        ))
        .because(
            "proposals and verdicts are kept there, on the main repository, for the whole team",
        );
        Stop::Misused(report.hint("add a line [record] to smp.toml, then: git smp setup"))
    })
}
