//! The command line, and what several commands take from it.

pub mod usage;

mod given;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser};

use crate::commands::Command;
use crate::terminal::Color;

/// Promote the exact commit that staging runs to production, by git push, and know that it arrived.
#[derive(Debug, Parser)]
#[command(
    bin_name = "git smp",
    version,
    arg_required_else_help = true,
    after_help = "The manual: git smp --help (installed by git smp setup), or man git-smp-diff for one command."
)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command understands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Common {
    /// The configuration, in place of smp.toml at the top of the work tree
    #[arg(long, global = true, value_name = "FILE", env = "GIT_SMP_CONFIG")]
    config: Option<OsString>,
    /// When to use colours; also NO_COLOR, CLICOLOR_FORCE and git's color.ui
    #[arg(long, global = true, value_name = "WHEN")]
    pub color: Option<Color>,
    /// Say more: which page and which ref was asked
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Say only what is asked for, and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
}

impl Common {
    /// The configuration that was named; an empty name is none, as for git's own variables.
    pub fn config(&self) -> Option<PathBuf> {
        let named = self.config.as_ref().filter(|name| !name.is_empty());
        named.map(PathBuf::from)
    }
}

/// How a command that follows a plan is asked.
#[derive(Clone, Copy, Debug, Args)]
pub struct Asking {
    /// Show the plan and change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

/// Options of every command that deploys.
#[derive(Debug, Args)]
pub struct DeployOptions {
    #[command(flatten)]
    pub asking: Asking,
    /// How long to wait for the environment to report the commit
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..))]
    pub timeout: u64,
    /// Put aside somebody's announcement whose run is dead
    #[arg(long, value_name = "ID")]
    pub take_over: Option<String>,
}

/// What is done about a clone whose history is cut off.
#[derive(Clone, Copy, Debug, Args)]
pub struct Deepening {
    /// In a shallow clone, fetch the rest of the history first; where CI is set that is done unasked
    #[arg(long)]
    pub deepen: bool,
}

/// What the product post says, where that is given.
#[derive(Debug, Args)]
pub struct PostText {
    /// What the product post says; default: your editor is asked. An empty text means no post
    #[arg(long, value_name = "TEXT", conflicts_with = "file")]
    #[arg(allow_hyphen_values = true)]
    pub summary: Option<String>,
    /// What the product post says, from a file; - is standard input
    #[arg(short = 'F', long)]
    pub file: Option<OsString>,
}
