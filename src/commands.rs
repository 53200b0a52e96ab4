//! The commands, one file each: look, decide, show, ask, do. The doc comments of the enum are the help text.

pub mod complete;
pub mod diff;
pub mod history;
pub mod postpone;
pub mod pre_push;
pub mod promote;
pub mod propose;
pub mod rollback;
pub mod setup;
pub mod signoff;
pub mod stage;
pub mod status;
pub mod r#where;

use clap::Subcommand;

use crate::core::refusal::{Report, Stop, Unhealthy};
use crate::core::typed::Typed;
use crate::session::Session;
use crate::terminal::Ui;

// `defer` builds the arguments of a command only if that command is typed.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Add the missing remotes and check everything a deploy needs
    Setup(setup::Setup),
    /// Show what runs where, and what comes next
    Status(status::Status),
    /// List the commits that would ship, one line each
    Diff(diff::Diff),
    /// Deploy a commit of the main repository to staging
    Stage(stage::Stage),
    /// Propose staging's commit for production, and freeze staging
    Propose(propose::Propose),
    /// Record QA's verdict on the candidate
    Signoff(signoff::Signoff),
    /// Close the candidate and lift the freeze
    Postpone(postpone::Postpone),
    /// Push the commit running on staging to production, and verify that it is live
    Promote(promote::Promote),
    /// Return production to the commit that it ran before
    Rollback(rollback::Rollback),
    /// List past deploys, with figures on request
    History(history::History),
    /// Show in which environments a commit or pull request runs, and since when
    Where(r#where::Where),
    /// Stop a plain git push to production or to a frozen environment; the pre-push hook runs this
    #[command(hide = true)]
    PrePush(pre_push::PrePush),
    /// Print what may be typed next; the shells' completions run it
    #[command(hide = true)]
    Complete(complete::Complete),
}

impl Command {
    /// Runs a command that needs no clone. Returns `None` for the others. `cli` builds the whole command line.
    pub fn run_anywhere(&self, ui: &Ui, cli: fn() -> clap::Command) -> Option<Result<(), Stop>> {
        match self {
            Self::Complete(args) => Some(complete::run(ui, args, cli())),
            Self::Setup(args) => args
                .completions
                .map(|shell| ui.data(shell.script().as_bytes())),
            _ => None,
        }
    }

    pub fn run(&self, session: &Session<'_>) -> Result<(), Stop> {
        match self {
            Self::Setup(args) => setup::run(session, args),
            Self::Status(args) => status::run(session, args),
            Self::Diff(args) => diff::run(session, args),
            Self::Stage(args) => stage::run(session, args),
            Self::Propose(args) => propose::run(session, args),
            Self::Signoff(args) => signoff::run(session, args),
            Self::Postpone(args) => postpone::run(session, args),
            Self::Promote(args) => roll_back_if_wanted(session, args, promote::run(session, args)),
            Self::Rollback(args) => rollback::run(session, args),
            Self::History(args) => history::run(session, args),
            Self::Where(args) => r#where::run(session, args),
            Self::PrePush(args) => pre_push::run(session, args),
            // `run_anywhere` runs it.
            Self::Complete(_) => Ok(()),
        }
    }
}

/// Asks at the terminal for a rollback after a promotion whose checks failed.
fn roll_back_if_wanted(
    session: &Session<'_>,
    args: &promote::Promote,
    result: Result<(), Stop>,
) -> Result<(), Stop> {
    let asks = session.ui.is_interactive() && !args.deploying.asking.yes;
    let Err(Stop::Unhealthy(it)) = &result else {
        return result;
    };
    let Unhealthy {
        report,
        why,
        rollback: Some((name, before)),
    } = it.as_ref()
    else {
        return result;
    };
    if !asks {
        return result;
    }
    session.ui.report(report);
    let to = before.as_ref().map(|before| before.as_str().to_owned());
    let back = rollback::Rollback::after(name, to, why, args.deploying.timeout);
    match rollback::run(session, &back) {
        Ok(()) => Err(Stop::Failed(
            Report::new(format!(
                "{name} was rolled back, because its checks did not pass"
            ))
            .hint("correct the problem on the main branch")
            .run("then see what is next", Typed::smp("status")),
        )),
        Err(Stop::Declined(_)) => Err(Stop::Incomplete(Report {
            error: format!("{name} was not rolled back, and its checks did not pass"),
            because: Vec::new(),
            ..report.clone()
        })),
        Err(other) => Err(other),
    }
}
