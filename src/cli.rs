//! The command line: the clap types and nothing else. The tree is the help text.

pub mod usage;

mod given;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add the missing remotes and check everything that a deploy needs
    Setup(Setup),
    /// Show what runs where, and what comes next
    Status(Status),
    /// List the commits that would ship, oneline
    Diff(Diff),
    /// Deploy a commit of the main repository to staging
    Stage(Stage),
    /// Put staging's commit forward for production, and freeze staging
    Propose(Propose),
    /// Record QA's verdict on the candidate
    Signoff(Signoff),
    /// Close the candidate and lift the freeze
    Postpone(Postpone),
    /// Push the exact staging commit to production and check that it runs
    Promote(Promote),
    /// Put production back to what it ran before
    Rollback(Rollback),
    /// List past deploys, with figures if you like
    History(History),
    /// Stop a plain push that should not be; the hook that setup installs runs it
    #[command(hide = true)]
    PrePush(PrePush),
}

#[derive(Debug, Args)]
pub struct Setup {
    /// Change nothing; exit 1 if something is missing or wrong
    #[arg(long, conflicts_with = "yes")]
    pub check: bool,
    /// Answer yes to every question
    #[arg(short, long)]
    pub yes: bool,
    /// Install a pre-push hook that stops plain pushes to production, and to what is frozen
    #[arg(long)]
    pub hook: bool,
    /// Take that hook away, put a former one back, and do nothing else
    #[arg(long, conflicts_with_all = ["hook", "check"])]
    pub no_hook: bool,
}

/// `git smp pre-push`, as git calls such a hook
#[derive(Debug, Args)]
pub struct PrePush {
    /// The remote's name, or its address where it has none
    pub remote: OsString,
    /// Where the push goes
    pub url: OsString,
}

#[derive(Debug, Args)]
pub struct Status {
    /// One JSON object on stdout
    #[arg(long)]
    pub json: bool,
    /// Exit 1 when production is behind for longer than the cadence
    #[arg(long)]
    pub exit_code: bool,
}

#[derive(Debug, Args)]
pub struct Diff {
    /// The target environment; default: the only one that is promoted
    pub environment: Option<String>,
    /// Start here, in place of what the target runs
    #[arg(long, value_name = "REV")]
    pub from: Option<String>,
    /// End here, in place of what its source runs (with --from: no network at all)
    #[arg(long, value_name = "REV")]
    pub to: Option<String>,
    /// One JSON object on stdout
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
    /// A Markdown list on stdout, for pasting
    #[arg(long)]
    pub markdown: bool,
    /// Exit 1 when there are differences, as git diff does
    #[arg(long)]
    pub exit_code: bool,
}

/// Options of every command that deploys.
#[derive(Clone, Debug, Args)]
pub struct DeployOptions {
    /// How long to wait for the environment to report the commit
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..))]
    pub timeout: u64,
    /// Put aside somebody's announcement whose run is dead
    #[arg(long, value_name = "ID")]
    pub take_over: Option<String>,
}

#[derive(Debug, Args)]
pub struct Stage {
    /// The commit, or '#N' (in quotes) for the merge of pull request N; default: the tip of the main repository's branch
    pub rev: Option<String>,
    /// It is a fix of the candidate: allowed while staging is frozen, and the candidate from then on
    #[arg(long)]
    pub fix: bool,
    /// With --fix: only a copy of this commit, or of pull request '#N', on top of the candidate (may be given several times)
    #[arg(long, value_name = "COMMIT", requires = "fix", conflicts_with = "rev")]
    pub pick: Vec<String>,
    /// The host makes the app with this push
    #[arg(long)]
    pub first: bool,
    /// Show the plan and change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    pub deploying: DeployOptions,
}

#[derive(Debug, Args)]
pub struct Propose {
    /// What the post says beside the list of commits
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub note: Option<String>,
    /// Show the plan and the post, and change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct Signoff {
    /// Whose verdict it is; default: git's user.name
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// It must not ship, and why
    #[arg(long, value_name = "REASON", conflicts_with = "note")]
    #[arg(allow_hyphen_values = true)]
    pub block: Option<String>,
    /// What is worth knowing beside the yes
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub note: Option<String>,
    /// Refuse unless this is the candidate (full or abbreviated hash)
    #[arg(long, value_name = "HASH")]
    pub commit: Option<String>,
}

#[derive(Debug, Args)]
pub struct Postpone {
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub reason: Option<String>,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct Promote {
    /// The target environments; default: every one that is promoted
    #[arg(value_name = "ENVIRONMENT")]
    pub environments: Vec<String>,
    /// Show the plan and change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Do not ask; without a terminal this needs --commit too
    #[arg(short, long)]
    pub yes: bool,
    /// Refuse unless this is what would ship (full or abbreviated hash)
    #[arg(long, value_name = "HASH")]
    pub commit: Option<String>,
    /// What the product post says; default: your editor is asked. An empty text means no post
    #[arg(long, value_name = "TEXT", conflicts_with = "file")]
    #[arg(allow_hyphen_values = true)]
    pub summary: Option<String>,
    /// What the product post says, from a file; - is standard input
    #[arg(short = 'F', long)]
    pub file: Option<OsString>,
    /// The host makes the app with this push
    #[arg(long)]
    pub first: bool,
    /// Ship what was rolled back before once more
    #[arg(long)]
    pub again: bool,
    #[command(flatten)]
    pub deploying: DeployOptions,
    /// With --dry-run: the plan as one JSON object on stdout
    #[arg(long, requires = "dry_run")]
    pub json: bool,
}

#[derive(Clone, Debug, Args)]
pub struct Rollback {
    /// The environment; default: the only one that is promoted
    pub environment: Option<String>,
    /// What to put it back to (full or abbreviated hash); default: the deploy before
    #[arg(long, value_name = "HASH")]
    pub to: Option<String>,
    /// Why; the record and the technical channel are told
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub reason: Option<String>,
    /// Show the plan and change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Do not ask; without a terminal this needs --to too
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    pub deploying: DeployOptions,
}

#[derive(Debug, Args)]
pub struct History {
    /// One JSON object on stdout
    #[arg(long)]
    pub json: bool,
    /// How often, how fast and how well: figures of all deploys
    #[arg(long)]
    pub stats: bool,
    /// List no more than the latest COUNT; the figures are of all
    #[arg(short = 'n', value_name = "COUNT")]
    pub count: Option<usize>,
}
