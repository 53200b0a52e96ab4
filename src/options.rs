//! The options that several commands take.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args};

use crate::terminal::Color;

/// The heading of the options of every command.
pub const COMMON: &str = "Options of every command";

/// What every command understands.
#[derive(Debug, Args)]
#[command(next_help_heading = COMMON)]
pub struct Common {
    /// Read this configuration instead of smp.toml at the top of the work tree
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "GIT_SMP_CONFIG",
        hide_env_values = true
    )]
    config: Option<OsString>,
    /// When to use colours; by default NO_COLOR, CLICOLOR_FORCE and git's color.ui decide
    #[arg(long, global = true, value_name = "WHEN")]
    pub color: Option<Color>,
    /// Print more: which page and which ref was asked
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Print only the requested output and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print this help
    #[arg(short, global = true, action = ArgAction::HelpShort)]
    help: Option<bool>,
    /// Open the manual
    #[arg(long = "help", global = true, action = ArgAction::HelpLong)]
    manual: Option<bool>,
    /// Print the version
    #[arg(short = 'V', long, global = true, action = ArgAction::Version)]
    version: Option<bool>,
}

impl Common {
    /// Returns the path of the named configuration. An empty name counts as none, as for git's own variables.
    pub fn config(&self) -> Option<PathBuf> {
        let named = self.config.as_ref().filter(|name| !name.is_empty());
        named.map(PathBuf::from)
    }
}

// Below, a `///` on a struct would become the description of the command itself.

// Whether a command asks before it carries out its plan.
#[derive(Clone, Copy, Debug, Args)]
pub struct Asking {
    /// Show the plan and change nothing outside this clone
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Answer yes to the question
    #[arg(short, long)]
    pub yes: bool,
}

// Options of every command that deploys.
#[derive(Debug, Args)]
pub struct DeployOptions {
    #[command(flatten)]
    pub asking: Asking,
    /// Wait this long for the environment to report the commit
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = seconds)]
    pub timeout: u64,
    /// Take over a deploy whose run died
    #[arg(long, value_name = "ID")]
    pub take_over: Option<String>,
}

impl DeployOptions {
    /// Returns the options of a deploy that asks first.
    pub fn asking(timeout: u64) -> Self {
        Self {
            asking: Asking {
                dry_run: false,
                yes: false,
            },
            timeout,
            take_over: None,
        }
    }
}

// What a command does in a shallow clone.
#[derive(Clone, Copy, Debug, Args)]
pub struct Deepening {
    /// Fetch the history that a shallow clone lacks; automatic where CI is set
    #[arg(long)]
    pub deepen: bool,
}

// The text of the product post, if it is given.
#[derive(Debug, Args)]
pub struct PostText {
    /// The text of the product post; default: your editor opens. An empty text means no post
    #[arg(long, value_name = "TEXT", conflicts_with = "file")]
    #[arg(allow_hyphen_values = true)]
    pub summary: Option<String>,
    /// Read the text of the product post from a file; - is standard input
    #[arg(short = 'F', long)]
    pub file: Option<OsString>,
}

fn seconds(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("type a whole number of seconds, 1 or more".to_owned()),
        Ok(seconds) => Ok(seconds),
    }
}

pub fn count(text: &str) -> Result<usize, String> {
    let count = text.parse();
    count.map_err(|_| "type a whole number, 0 or more".to_owned())
}
