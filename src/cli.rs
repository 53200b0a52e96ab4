//! The command line: its arguments, and the answer to a line that no command understands.

pub mod usage;

mod begin;
mod given;

use clap::Parser;

use crate::commands::Command;
use crate::options::Common;

/// Promote the commit running on staging to production with git push, and verify that it is live.
#[derive(Debug, Parser)]
#[command(
    bin_name = "git smp",
    version,
    propagate_version = true,
    disable_version_flag = true,
    arg_required_else_help = true,
    disable_help_flag = true,
    after_help = "Example: git smp status\n\nThe manual is git smp --help, and for one command git smp diff --help. git smp setup installs it."
)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

/// Returns the commands that are not hidden, each with its arguments.
#[cfg(test)]
pub fn commands() -> Vec<clap::Command> {
    let mut cli = <Cli as clap::CommandFactory>::command();
    cli.build();
    let all = cli.get_subcommands().filter(|one| !one.is_hide_set());
    all.filter(|one| one.get_name() != "help")
        .cloned()
        .collect()
}
