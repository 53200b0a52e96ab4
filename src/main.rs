//! git-smp: promote the exact commit that staging runs to production, by `git push`, and know that it arrived.

mod cli;
mod commands;
mod core;
mod deploy;
mod forge;
mod git;
mod http;
mod look;
mod notes;
mod session;
mod setup;
mod sources;
mod team;
mod terminal;

use std::mem::ManuallyDrop;
use std::process::ExitCode;

use crate::cli::{Cli, Command};
use crate::core::refusal::Stop;
use crate::session::Session;
use crate::terminal::{Talk, Ui};

fn main() -> ExitCode {
    let (cli, given) = match Cli::read() {
        Ok(read) => read,
        Err(error) => return ExitCode::from(cli::usage::usage(error)),
    };
    let talk = match (cli.common.quiet, cli.common.verbose) {
        (true, _) => Talk::Quiet,
        (_, true) => Talk::Verbose,
        _ => Talk::Normal,
    };
    let ui = Ui::new(talk, cli.common.color, given);
    match run(&cli, &ui) {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            if let Stop::Declined(what) = &stop {
                ui.note(what);
            }
            stop.report()
                .into_iter()
                .for_each(|report| ui.report(report));
            ExitCode::from(stop.exit_code())
        }
    }
}

fn run(cli: &Cli, ui: &Ui) -> Result<(), Stop> {
    // The process ends after this, and the kernel lets go of mapped packs faster than we could one by one.
    let session = match (Session::open(&cli.common, ui), &cli.command) {
        (Err(stop), Command::PrePush(_)) => {
            commands::pre_push::pass(ui, &stop);
            return Ok(());
        }
        (session, _) => ManuallyDrop::new(session?),
    };
    let done = dispatch(cli, &session);
    for command in session.repo.hang_up() {
        ui.note(format!("next time without a question: {command}"));
    }
    done
}

fn dispatch(cli: &Cli, session: &Session<'_>) -> Result<(), Stop> {
    match &cli.command {
        Command::Setup(args) => commands::setup::run(session, args),
        Command::Status(args) => commands::status::run(session, args),
        Command::Diff(args) => commands::diff::run(session, args),
        Command::Stage(args) => commands::stage::run(session, args),
        Command::Propose(args) => commands::propose::run(session, args),
        Command::Signoff(args) => commands::signoff::run(session, args),
        Command::Postpone(args) => commands::postpone::run(session, args),
        Command::Promote(args) => commands::promote::run(session, args),
        Command::Rollback(args) => commands::rollback::run(session, args),
        Command::History(args) => commands::history::run(session, args),
        Command::PrePush(args) => commands::pre_push::run(session, args),
    }
}
