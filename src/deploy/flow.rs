//! The way of a candidate: the environment where it is tested, and those that it goes to from there.

use crate::core::config::Config;
use crate::core::refusal::{Report, Stop};
use crate::core::words::CommitId;
use crate::team::recorder::Recorder;

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
